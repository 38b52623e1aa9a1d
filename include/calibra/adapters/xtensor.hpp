// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

// xtensor 0.26 moved its headers into folders.
#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>

#include "calibra/array/access.hpp"

namespace calibra {
namespace detail {

/// Any xtensor expression: containers, adaptors, views and lazy functions of them.
template<class X>
concept xtensor_expression = xt::is_xexpression<X>::value;

/// Elements that lie in memory, at one stride a dimension from `data() + data_offset()`.
template<class X>
concept xtensor_in_memory = requires(const X& x) {
  x.data() + x.data_offset();
  x.strides().begin();
};

/// ... and may be written. (Asked of `reference`: an adaptor of constant elements has a non-const
/// `data()` all the same, which does not compile.)
template<class X>
concept xtensor_writable =
    xtensor_in_memory<X> && !std::is_const_v<std::remove_reference_t<typename X::reference>>;

/// Number of dimensions, 0 where it is known at run time only.
template<class Shape>
inline constexpr std::size_t xtensor_rank = 0;
template<class Shape>
requires requires {
  std::tuple_size<Shape>::value;
}
inline constexpr std::size_t xtensor_rank<Shape> = std::tuple_size<Shape>::value;
template<std::size_t... N>
inline constexpr std::size_t xtensor_rank<xt::fixed_shape<N...>> = sizeof...(N);

/// An array of other than one or two dimensions: readable, but neither labels nor scores before
/// class_axis() says which dimension the classes are.
template<class T>
class wrong_rank {
 public:
  using value_type = std::remove_cv_t<T>;

  explicit wrong_rank(const unranked_view<T>& all) : all_(all) {}
  wrong_rank view() const { return *this; }
  const unranked_view<T>& all() const { return all_; }

 private:
  unranked_view<T> all_;
};

/// View of the elements of an xtensor object that lie in memory, constant where xtensor's are.
template<class X>
auto xtensor_view(X& x) {
  auto* const data = x.data() + static_cast<std::ptrdiff_t>(x.data_offset());
  using element = std::remove_pointer_t<decltype(x.data())>;
  constexpr std::size_t rank = xtensor_rank<typename X::shape_type>;
  const unranked_view<element> all(data, x.shape(), x.strides());
  if constexpr (rank == 0) {
    return all;
  } else if constexpr (rank == 1) {
    return all.vector();
  } else if constexpr (rank == 2) {
    return all.matrix();
  } else {
    return wrong_rank<element>(all);
  }
}

/// The elements of an expression, evaluated once.
template<class Container>
class xtensor_evaluated {
 public:
  template<class X>
  explicit xtensor_evaluated(const X& x) : elements_(std::make_shared<const Container>(x)) {}
  auto view() const { return xtensor_view(*elements_); }

 private:
  std::shared_ptr<const Container> elements_;
};

}  // namespace detail

/// xtensor's types. Where the number of dimensions is part of the type it is checked by the
/// compiler, else (xarray, dynamic views) when the array is used. What lies in memory is viewed
/// where it is, in any layout and at any stride; anything else is evaluated once into memory that
/// the holder owns.
template<class X>
requires detail::xtensor_expression<X>
struct array_access<X> {
  static auto view(const X& x) {
    if constexpr (detail::xtensor_in_memory<X>) {
      return detail::xtensor_view(x);
    } else {
      using scalar = std::remove_cv_t<typename X::value_type>;
      constexpr std::size_t rank = detail::xtensor_rank<typename X::shape_type>;
      if constexpr (rank == 0) {
        return detail::xtensor_evaluated<xt::xarray<scalar>>(x);
      } else {
        return detail::xtensor_evaluated<xt::xtensor<scalar, rank>>(x);
      }
    }
  }

  /// The elements may be written where xtensor lets them be written.
  static auto view(X& x) requires detail::xtensor_writable<X> { return detail::xtensor_view(x); }
};

}  // namespace calibra
