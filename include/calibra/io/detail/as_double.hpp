// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <type_traits>

#include "calibra/array/scalar.hpp"

namespace calibra::io::detail {

/// One element as a double: exact, but for integers beyond 2^53 in size.
template<class T>
double as_double(const T& x) {
  if constexpr (std::is_same_v<T, bool> || std::integral<T>) {
    return static_cast<double>(x);
  } else if constexpr (calibra::detail::is_swapped_integer<T>::value) {
    return [&]<class Integer>(const byte_swapped<Integer>& swapped) {
      return static_cast<double>(static_cast<Integer>(swapped));
    }(x);
  } else {
    return static_cast<double>(scalar_traits<T>::load(x));
  }
}

}  // namespace calibra::io::detail
