// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "calibra/array/access.hpp"
#include "calibra/error.hpp"

namespace calibra {

namespace detail {

/// What a real number that is not whole, or is beyond the range, is read as where labels are
/// wanted: no class, so that whoever checks labels says which row it was.
inline constexpr std::int64_t not_whole = std::numeric_limits<std::int64_t>::min();

template<class R>
constexpr std::int64_t whole(R x) {
  constexpr R range = static_cast<R>(0x1p63);
  if (!(x > -range && x < range)) return not_whole;
  const auto n = static_cast<std::int64_t>(x);
  return static_cast<R>(n) == x ? n : not_whole;
}

/// A column of numbers whose type has been forgotten: weights, masks and labels enter the passes
/// over rows as one type each, so that kernels are compiled once per scalar of the scores.
template<class To>
class column {
 public:
  column() = default;

  template<class S>
  explicit column(vector_view<S> v)
      : data_(v.data()), size_(v.size()), stride_(v.stride()), load_(&load_range<S>) {
    if constexpr (std::is_same_v<std::remove_cv_t<S>, To>)
      if (stride_ == 1) contiguous_ = v.data();
  }

  std::size_t size() const { return size_; }
  explicit operator bool() const { return load_ != nullptr; }

  /// Copies elements [first, first + count) to `out`.
  void load(std::size_t first, std::size_t count, To* out) const {
    load_(data_, stride_, first, count, out);
  }
  /// The elements where they lie, if they lie one after another as To; else null.
  const To* contiguous() const { return contiguous_; }
  To operator[](std::size_t i) const {
    To value;
    load(i, 1, &value);
    return value;
  }

 private:
  template<class S>
  static void load_range(const void* data, std::ptrdiff_t stride, std::size_t first,
                         std::size_t count, To* out) {
    const auto* p = static_cast<const S*>(data) + static_cast<std::ptrdiff_t>(first) * stride;
    if constexpr (std::is_same_v<std::remove_cv_t<S>, To>) {
      if (stride == 1) {
        std::copy_n(p, count, out);
        return;
      }
    }
    for (std::size_t i = 0; i < count; ++i, p += stride) out[i] = convert<S>(*p);
  }

  template<class S>
  static To convert(const S& x) {
    using V = std::remove_cv_t<S>;
    const auto value = [&] {
      if constexpr (is_swapped_integer<V>::value) {
        return load_swapped(x);
      } else if constexpr (std::integral<V>) {
        return x;
      } else {
        return scalar_traits<V>::load(x);
      }
    }();
    if constexpr (std::same_as<To, unsigned char>) {
      return value != 0 ? 1 : 0;  // a mask: 256 and 0.5 are not 0
    } else if constexpr (std::integral<std::remove_cv_t<decltype(value)>>) {
      return convert_integer(value);
    } else if constexpr (std::same_as<To, std::int64_t>) {
      return whole(value);
    } else {
      return static_cast<To>(value);
    }
  }
  template<class Integer>
  static Integer load_swapped(const byte_swapped<Integer>& x) {
    return static_cast<Integer>(x);
  }
  template<class Integer>
  static To convert_integer(Integer x) {
    if constexpr (std::integral<To> && std::unsigned_integral<Integer> &&
                  sizeof(Integer) >= sizeof(To)) {
      // An unsigned label beyond the signed range stays out of range instead of wrapping around.
      constexpr Integer top = static_cast<Integer>(~To{0} & ~(To{1} << (sizeof(To) * 8 - 1)));
      return static_cast<To>(x > top ? top : x);
    } else {
      return static_cast<To>(x);
    }
  }

  const void* data_ = nullptr;
  std::size_t size_ = 0;
  std::ptrdiff_t stride_ = 1;
  const To* contiguous_ = nullptr;
  void (*load_)(const void*, std::ptrdiff_t, std::size_t, std::size_t, To*) = nullptr;
};

}  // namespace detail

/// A column of numbers given as labels or as an option (weights, proximities, masks): borrows any
/// one-dimensional array that has an `array_access` and outlives the call, or keeps the handle of
/// a tensor (tensor_access). Empty by default.
template<class To>
class optional_column {
 public:
  optional_column() = default;

  template<class X>
  requires(!std::same_as<std::remove_cvref_t<X>, optional_column> && readable_array<X>)
      optional_column(
          X&& x) {  // NOLINT(google-explicit-constructor): an option takes the array itself
    constexpr bool usable = detail::view_traits<detail::view_type<X>>::is_vector;
    static_assert(usable, "calibra: this option takes a one-dimensional array");
    if constexpr (usable) {
      auto held = detail::hold<detail::as_vector>(std::forward<X>(x));
      auto holder = std::make_shared<decltype(held)>(std::move(held));
      column_ = detail::column<To>(holder->view());
      size_ = column_.size();
      holder_ = std::move(holder);
    }
  }

  template<tensor_array X>
  optional_column(const X& x) {  // NOLINT(google-explicit-constructor): as above
    using access = tensor_access<X>;
    using handle = typename access::handle;
    auto held = std::make_shared<const handle>(access::hold(x));
    column_ = access::template column<To>(*held);
    size_ = access::size(*held);
    handle_type_ = &typeid(handle);
    holder_ = std::move(held);
  }

  explicit operator bool() const { return holder_ != nullptr; }
  std::size_t size() const { return size_; }

  /// The elements. Throws value_error where they are a tensor's that the host cannot read.
  const detail::column<To>& get() const {
    if (!column_ && holder_ != nullptr)
      throw value_error(
          "calibra: labels, weights and masks of scores in host memory have to be there too, got a "
          "tensor on another device");
    return column_;
  }

  /// The tensor handle it was made of, or null if it was made of something else.
  template<class Handle>
  const Handle* handle() const {
    if (handle_type_ == nullptr || *handle_type_ != typeid(Handle)) return nullptr;
    return static_cast<const Handle*>(holder_.get());
  }

 private:
  detail::column<To> column_;
  std::size_t size_ = 0;
  std::shared_ptr<const void> holder_;
  const std::type_info* handle_type_ = nullptr;
};

}  // namespace calibra
