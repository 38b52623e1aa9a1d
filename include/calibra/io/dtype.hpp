// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "calibra/version.hpp"

namespace calibra::io {

/// The element types that files may hold: reals of 2, 4 and 8 bytes, bfloat16, signed and unsigned
/// integers of 1 to 8 bytes, and booleans of one byte. The letters are numpy's; digits are bytes.
enum class dtype { f2, f4, f8, bf16, i1, i2, i4, i8, u1, u2, u4, u8, b1 };

/// Bytes of one element.
constexpr std::size_t size_of(dtype type) {
  switch (type) {
    case dtype::i1:
    case dtype::u1:
    case dtype::b1:
      return 1;
    case dtype::f2:
    case dtype::bf16:
    case dtype::i2:
    case dtype::u2:
      return 2;
    case dtype::f4:
    case dtype::i4:
    case dtype::u4:
      return 4;
    case dtype::f8:
    case dtype::i8:
    case dtype::u8:
      break;
  }
  return 8;
}

/// The type's usual name, as in messages: "float32", "int64", "bool".
constexpr std::string_view name_of(dtype type) {
  switch (type) {
    case dtype::f2:
      return "float16";
    case dtype::f4:
      return "float32";
    case dtype::f8:
      return "float64";
    case dtype::bf16:
      return "bfloat16";
    case dtype::i1:
      return "int8";
    case dtype::i2:
      return "int16";
    case dtype::i4:
      return "int32";
    case dtype::i8:
      return "int64";
    case dtype::u1:
      return "uint8";
    case dtype::u2:
      return "uint16";
    case dtype::u4:
      return "uint32";
    case dtype::u8:
      return "uint64";
    case dtype::b1:
      break;
  }
  return "bool";
}

/// True for f2, f4, f8 and bf16.
constexpr bool is_real(dtype type) {
  return type == dtype::f2 || type == dtype::f4 || type == dtype::f8 || type == dtype::bf16;
}

}  // namespace calibra::io
