// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "calibra/io/dtype.hpp"

// What the pickle of a file of torch.save() may name.
namespace calibra::io::detail {

/// A type of elements by the name of its storage, "" for one without, and its own.
struct pt_type {
  std::string_view storage, name;
  dtype type;
};
inline constexpr std::array pt_types{
    pt_type{"HalfStorage", "float16", dtype::f2},
    pt_type{"BFloat16Storage", "bfloat16", dtype::bf16},
    pt_type{"FloatStorage", "float32", dtype::f4},
    pt_type{"DoubleStorage", "float64", dtype::f8},
    pt_type{"CharStorage", "int8", dtype::i1},
    pt_type{"ShortStorage", "int16", dtype::i2},
    pt_type{"IntStorage", "int32", dtype::i4},
    pt_type{"LongStorage", "int64", dtype::i8},
    pt_type{"ByteStorage", "uint8", dtype::u1},
    pt_type{"", "uint16", dtype::u2},
    pt_type{"", "uint32", dtype::u4},
    pt_type{"", "uint64", dtype::u8},
    pt_type{"BoolStorage", "bool", dtype::b1},
};
inline bool is_pt_name(std::string_view name) {
  constexpr std::string_view calls[] = {"torch._utils _rebuild_tensor",
                                        "torch._utils _rebuild_tensor_v2",
                                        "torch._utils _rebuild_tensor_v3",
                                        "torch._utils _rebuild_parameter",
                                        "collections OrderedDict",
                                        "torch Size",
                                        "torch device",
                                        "torch.storage UntypedStorage",
                                        "torch.storage TypedStorage"};
  if (std::find(std::begin(calls), std::end(calls), name) != std::end(calls)) return true;
  if (!name.starts_with("torch ")) return false;
  name.remove_prefix(6);
  constexpr std::string_view others[] = {"complex32", "complex64", "complex128"};
  return name.ends_with("Storage") || name.starts_with("float8_") ||
         std::find(std::begin(others), std::end(others), name) != std::end(others) ||
         std::any_of(pt_types.begin(), pt_types.end(),
                     [&](const pt_type& t) { return t.name == name; });
}

}  // namespace calibra::io::detail
