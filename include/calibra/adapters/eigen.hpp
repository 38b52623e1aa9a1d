// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "calibra/array/access.hpp"

namespace calibra {

/// Eigen's 16-bit scalars are numbers; their rows are computed in float.
template<>
struct scalar_traits<Eigen::half> {
  using compute_type = float;
  static float load(Eigen::half x) { return static_cast<float>(x); }
};
template<>
struct scalar_traits<Eigen::bfloat16> {
  using compute_type = float;
  static float load(Eigen::bfloat16 x) { return static_cast<float>(x); }
};

namespace detail {

template<class Derived>
void accept_eigen_dense(const Eigen::DenseBase<Derived>&);

/// Any dense Eigen object: Matrix, Array, Map, Ref, Block, Transpose, expressions of them.
template<class X>
concept eigen_dense = requires(const X& x) {
  accept_eigen_dense(x);
};

/// Elements that lie in memory, at an inner and an outer stride.
template<class X>
inline constexpr bool eigen_in_memory = (int{X::Flags} & int{Eigen::DirectAccessBit}) != 0;

/// A `Ref<const T>` may own a copy of its elements, and its copies do not share it.
template<class X>
inline constexpr bool is_eigen_const_ref = false;
template<class Plain, int Options, class Stride>
inline constexpr bool is_eigen_const_ref<Eigen::Ref<const Plain, Options, Stride>> = true;

/// View of the elements of an Eigen object that lie in memory, constant where Eigen's are.
template<class X>
auto eigen_view(X& x) {
  using element = std::remove_pointer_t<decltype(x.data())>;
  if constexpr (int{X::IsVectorAtCompileTime} != 0) {
    return vector_view<element>(x.data(), static_cast<std::size_t>(x.size()), x.innerStride());
  } else {
    return matrix_view<element>(x.data(), static_cast<std::size_t>(x.rows()),
                                static_cast<std::size_t>(x.cols()), x.rowStride(), x.colStride());
  }
}

/// The elements of an expression, evaluated once.
template<class Plain>
class eigen_evaluated {
 public:
  template<class X>
  explicit eigen_evaluated(const X& x) : elements_(std::make_shared<const Plain>(x)) {}
  auto view() const { return eigen_view(*elements_); }

 private:
  std::shared_ptr<const Plain> elements_;
};

}  // namespace detail

/// Eigen's dense types. A type that is a row or a column vector at compile time is a vector, any
/// other is a matrix: a row a sample. What lies in memory is viewed where it is, in any storage
/// order and at any stride; anything else is evaluated once into memory that the holder owns.
template<class X>
requires detail::eigen_dense<X>
struct array_access<X> {
  static auto view(const X& x) {
    if constexpr (detail::eigen_in_memory<X>) {
      return detail::eigen_view(x);
    } else {
      return detail::eigen_evaluated<typename X::PlainObject>(x);
    }
  }

  /// The elements may be written where Eigen lets them be written.
  static auto view(X& x) requires detail::eigen_in_memory<X> { return detail::eigen_view(x); }

  /// A temporary that cannot be moved with its elements gives a copy of them.
  static auto view(const X&& x) requires detail::is_eigen_const_ref<X> {
    return detail::eigen_evaluated<typename X::PlainObject>(x);
  }
};

}  // namespace calibra
