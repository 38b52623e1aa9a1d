// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/scalar.hpp"
#include "calibra/array/unranked_view.hpp"
#include "calibra/array/view.hpp"
#include "calibra/error.hpp"

namespace calibra {

/// How calibra reads an array of type T. A specialisation for `T` has
///
///     static auto view(const T& x);   // a vector_view<const S> or a matrix_view<const S>
///
/// or an unranked_view<const S> where the number of dimensions is known at run time only, or,
/// where the elements have to be computed first (expressions, nested vectors), a holder: any
/// copyable object with a member `view()` that gives such a view of what it owns. An array that
/// calibra may also write to takes `T&` in a second overload and gives a view of mutable elements.
/// See docs/adapters.md; `calibra/adapters/` has the ones for Eigen and xtensor.
template<class T>
struct array_access;  // left undefined: calibra does not know this array type

/// How calibra reads tensors whose scalar type, number of dimensions or device are known at run
/// time only. A specialisation for `T` has
///
///     using handle = ...;                                  // copyable; keeps the tensor alive
///     static handle hold(const T& x);
///     static std::size_t size(const handle& h);            // of its first dimension
///     template<class To>
///     static detail::column<To> column(const handle& h);   // empty where the host cannot read it
///
/// with a `tensor_backend<handle>` (calibra/evaluate/tensor_evidence.hpp) that makes evidence of
/// it, and two functions found by argument-dependent lookup: `hold_scores<Kind>(x)` and
/// `hold_confidences(x)`. See calibra/adapters/torch.hpp.
template<class T>
struct tensor_access;  // left undefined: not such a tensor

/// A type with a tensor_access.
template<class X>
concept tensor_array = requires {
  typename tensor_access<std::remove_cvref_t<X>>::handle;
};

namespace detail {

template<class V>
struct view_traits {
  static constexpr bool is_vector = false;
  static constexpr bool is_matrix = false;
};
template<class S>
struct view_traits<vector_view<S>> {
  static constexpr bool is_vector = true;
  static constexpr bool is_matrix = false;
};
template<class S>
struct view_traits<matrix_view<S>> {
  static constexpr bool is_vector = false;
  static constexpr bool is_matrix = true;
};

/// May be used as either; the number of dimensions is checked then.
template<class S>
struct view_traits<unranked_view<S>> {
  static constexpr bool is_vector = true;
  static constexpr bool is_matrix = true;
};

template<class V>
concept any_view = view_traits<V>::is_vector || view_traits<V>::is_matrix;

template<class V>
concept unranked = view_traits<V>::is_vector && view_traits<V>::is_matrix;

/// What array_access gives, made uniform: views are their own view.
template<any_view V>
constexpr V view_of(const V& v) {
  return v;
}
template<class H>
requires(!any_view<H>) constexpr auto view_of(const H& holder) {
  return holder.view();
}

template<class X>
using access_result = decltype(array_access<std::remove_cvref_t<X>>::view(
    std::declval<std::remove_reference_t<X>&>()));

template<class X>
using view_type = decltype(view_of(std::declval<const access_result<X>&>()));

}  // namespace detail

/// An array that calibra can read: it has an `array_access`.
template<class X>
concept readable_array = requires {
  typename detail::view_type<X>;
};

/// A one-dimensional array of labels: integers, or real numbers each of which is whole.
template<class X>
concept label_vector = readable_array<X> && detail::view_traits<detail::view_type<X>>::is_vector &&
    (label_scalar<typename detail::view_type<X>::value_type> ||
     real_scalar<typename detail::view_type<X>::value_type>);

/// A one-dimensional array of real numbers.
template<class X>
concept score_vector = readable_array<X> && detail::view_traits<detail::view_type<X>>::is_vector &&
    real_scalar<typename detail::view_type<X>::value_type>;

/// A two-dimensional array of real numbers: a row a sample, a column a class.
template<class X>
concept score_matrix = readable_array<X> && detail::view_traits<detail::view_type<X>>::is_matrix &&
    real_scalar<typename detail::view_type<X>::value_type>;

namespace detail {

/// What an array is used as. Only an unranked_view leaves a choice: as given, integers are taken
/// for a vector (labels) and everything else for a matrix (scores).
struct as_given {
  template<any_view V>
  static constexpr auto of(const V& v) {
    if constexpr (!unranked<V>) {
      return v;
    } else if constexpr (label_scalar<typename V::value_type>) {
      return v.vector();
    } else {
      return v.matrix();
    }
  }
};
struct as_vector {
  template<any_view V>
  static constexpr auto of(const V& v) {
    if constexpr (unranked<V>) {
      return v.vector();
    } else {
      return v;
    }
  }
};
struct as_matrix {
  template<any_view V>
  static constexpr auto of(const V& v) {
    if constexpr (unranked<V>) {
      return v.matrix();
    } else {
      return v;
    }
  }
};

/// Keeps whatever has to live for a view to stay valid: nothing for a dense lvalue, the evaluated
/// elements for an expression. Throws shape_error for a wrong number of dimensions.
template<class Access, class As>
class held {
 public:
  explicit held(Access access) : access_(std::move(access)) { static_cast<void>(view()); }
  auto view() const { return As::of(view_of(access_)); }

 private:
  Access access_;
};

/// Keeps the array itself where the caller handed over a temporary.
template<class X, class As>
class held_temporary {
 public:
  explicit held_temporary(X&& x) : array_(std::make_shared<const X>(std::move(x))) {
    static_cast<void>(view());
  }
  auto view() const { return As::of(array_access<X>::view(*array_)); }

 private:
  std::shared_ptr<const X> array_;  // copies of the holder keep the same elements alive
};

/// Arrays that own nothing: the elements live on without them.
template<class X>
inline constexpr bool borrows = any_view<X>;
template<class T, std::size_t N>
inline constexpr bool borrows<std::span<T, N>> = true;

/// `hold(x)`, or `hold<as_vector>(x)` and `hold<as_matrix>(x)` where the use fixes the number of
/// dimensions: an object whose `view()` stays valid as long as it, and `x` if an lvalue, live.
template<class As = as_given, class X>
auto hold(X&& x) {
  using array = std::remove_cvref_t<X>;
  using access = decltype(array_access<array>::view(std::forward<X>(x)));
  if constexpr (std::is_lvalue_reference_v<X> || borrows<array> || !any_view<access>) {
    return held<access, As>(array_access<array>::view(std::forward<X>(x)));
  } else {
    return held_temporary<array, As>(array(std::forward<X>(x)));
  }
}

}  // namespace detail

// ---- views are arrays themselves -------------------------------------------------------------

template<class T>
struct array_access<vector_view<T>> {
  static constexpr vector_view<T> view(const vector_view<T>& v) { return v; }
};
template<class T>
struct array_access<matrix_view<T>> {
  static constexpr matrix_view<T> view(const matrix_view<T>& v) { return v; }
};
template<class T>
struct array_access<unranked_view<T>> {
  static constexpr unranked_view<T> view(const unranked_view<T>& v) { return v; }
};

// ---- the standard library --------------------------------------------------------------------

template<class T, std::size_t N>
struct array_access<std::span<T, N>> {
  static constexpr vector_view<T> view(const std::span<T, N>& s) { return {s.data(), s.size()}; }
};

template<class T, std::size_t N>
struct array_access<std::array<T, N>> {
  static constexpr vector_view<const T> view(const std::array<T, N>& a) { return {a.data(), N}; }
  static constexpr vector_view<T> view(std::array<T, N>& a) { return {a.data(), N}; }
};

template<class T, std::size_t N>
struct array_access<T[N]> {
  static constexpr vector_view<const T> view(const T (&a)[N]) { return {a, N}; }
};

template<class T, class A>
struct array_access<std::vector<T, A>> {
  static constexpr vector_view<const T> view(const std::vector<T, A>& v) {
    return {v.data(), v.size()};
  }
  static constexpr vector_view<T> view(std::vector<T, A>& v) { return {v.data(), v.size()}; }
};

namespace detail {

/// Elements copied into dense rows.
template<class T>
class dense_matrix {
 public:
  dense_matrix(std::size_t rows, std::size_t cols)
      : elements_(std::make_shared<T[]>(rows * cols)), rows_(rows), cols_(cols) {}
  T* row(std::size_t i) { return elements_.get() + i * cols_; }
  matrix_view<const T> view() const { return {elements_.get(), rows_, cols_}; }

 private:
  std::shared_ptr<T[]> elements_;
  std::size_t rows_;
  std::size_t cols_;
};

template<class T>
class dense_vector {
 public:
  explicit dense_vector(std::size_t size) : elements_(std::make_shared<T[]>(size)), size_(size) {}
  T& operator[](std::size_t i) { return elements_.get()[i]; }
  vector_view<const T> view() const { return {elements_.get(), size_}; }

 private:
  std::shared_ptr<T[]> elements_;
  std::size_t size_;
};

template<class Rows>
auto copy_rows(const Rows& rows) {
  using value_type = std::remove_cvref_t<decltype(rows[0][0])>;
  const std::size_t cols = rows.size() == 0 ? 0 : rows[0].size();
  dense_matrix<value_type> copy(rows.size(), cols);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() != cols)
      throw shape_error(concat("calibra: row ", i, " of a nested vector: expected ", cols,
                               " elements as in row 0, got ", rows[i].size()));
    for (std::size_t j = 0; j < cols; ++j) copy.row(i)[j] = rows[i][j];
  }
  return copy;
}

}  // namespace detail

/// Packed bits have no address: they are copied to bytes.
template<class A>
struct array_access<std::vector<bool, A>> {
  static auto view(const std::vector<bool, A>& v) {
    detail::dense_vector<unsigned char> copy(v.size());
    for (std::size_t i = 0; i < v.size(); ++i) copy[i] = v[i];
    return copy;
  }
};

/// Rows that lie apart are copied into one block.
template<class T, class A, class B>
struct array_access<std::vector<std::vector<T, A>, B>> {
  static auto view(const std::vector<std::vector<T, A>, B>& rows) {
    return detail::copy_rows(rows);
  }
};

/// Rows of fixed length lie one after the other: no copy.
template<class T, std::size_t N, class A>
struct array_access<std::vector<std::array<T, N>, A>> {
  static matrix_view<const T> view(const std::vector<std::array<T, N>, A>& rows) {
    return {rows.empty() ? nullptr : rows.front().data(), rows.size(), N};
  }
  static matrix_view<T> view(std::vector<std::array<T, N>, A>& rows) {
    return {rows.empty() ? nullptr : rows.front().data(), rows.size(), N};
  }
};

template<class T, std::size_t N, std::size_t M>
struct array_access<std::array<std::array<T, N>, M>> {
  static matrix_view<const T> view(const std::array<std::array<T, N>, M>& rows) {
    return {M == 0 ? nullptr : rows[0].data(), M, N};
  }
  static matrix_view<T> view(std::array<std::array<T, N>, M>& rows) {
    return {M == 0 ? nullptr : rows[0].data(), M, N};
  }
};

}  // namespace calibra
