// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/dtype.hpp"

namespace calibra::io {

/// How the bytes of an array are to be read.
struct array_layout {
  io::dtype type = io::dtype::f8;
  std::vector<std::size_t> shape;
  bool fortran_order = false;  ///< columns lie one after the other, not rows
  /// Elements from one to the next, of each extent; none: rows or columns without gaps.
  std::vector<std::size_t> strides = {};
  std::endian byte_order = std::endian::native;
  bool from_text = false;  ///< the type was read off a text: integers may stand for reals
  /// Why the array is not to be taken as scores, as it follows the name in a message; empty: it may
  /// be.
  std::string not_scores = {};
};

namespace detail {

/// The bytes from the first element to behind the last where they lie in strides. Throws io_error
/// beyond the address space.
inline std::size_t strided_byte_count(const std::string& name, const array_layout& layout) {
  constexpr auto limit = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());
  const std::size_t most = limit / size_of(layout.type);
  if (layout.strides.size() != layout.shape.size())
    throw io_error(concat(name, ": expected a stride for each of ", layout.shape.size(),
                          " dimensions, got ", layout.strides.size()));
  std::size_t last = 0;
  for (std::size_t d = 0; d < layout.shape.size(); ++d) {
    if (layout.shape[d] == 0) return 0;
    const std::size_t steps = layout.shape[d] - 1, stride = layout.strides[d];
    if (stride != 0 && steps > (most - 1 - last) / stride)
      throw io_error(concat(name, ": shape ", shape_text(layout.shape), " with strides ",
                            shape_text(layout.strides), " of ", name_of(layout.type),
                            " is larger than the address space"));
    last += steps * stride;
  }
  std::size_t elements = 1;  // beyond the address space: refused before
  for (const std::size_t extent : layout.shape) elements *= extent;
  if (elements > last + 1)
    throw io_error(concat(name, ": shape ", shape_text(layout.shape), " with strides ",
                          shape_text(layout.strides),
                          " takes elements twice; expected each once (contiguous() makes it so)"));
  return (last + 1) * size_of(layout.type);
}

/// The bytes that the elements take. Throws io_error beyond the address space.
inline std::size_t byte_count(const std::string& name, const array_layout& layout) {
  // Zero extents count as one, so that (0, 2^63) is refused too: its strides do not exist.
  constexpr auto limit = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());
  std::size_t bytes = size_of(layout.type);
  bool empty = false;
  for (const std::size_t extent : layout.shape) {
    const std::size_t factor = std::max<std::size_t>(extent, 1);
    if (factor > limit / bytes)
      throw io_error(concat(name, ": shape ", shape_text(layout.shape), " of ",
                            name_of(layout.type), " is larger than the address space"));
    bytes *= factor;
    empty = empty || extent == 0;
  }
  if (!layout.strides.empty()) return strided_byte_count(name, layout);
  return empty ? 0 : bytes;
}

}  // namespace detail

}  // namespace calibra::io
