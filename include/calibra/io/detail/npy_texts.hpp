// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "calibra/error.hpp"
#include "calibra/io/detail/npy_header.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io::detail {

/// Appends a code point in UTF-8; false for what is none.
inline bool append_utf8(std::uint32_t c, std::string& out) {
  if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return false;
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xc0 | c >> 6);
    add(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    add(0xe0 | c >> 12);
    add(0x80 | (c >> 6 & 0x3f));
    add(0x80 | (c & 0x3f));
  } else {
    add(0xf0 | c >> 18);
    add(0x80 | (c >> 12 & 0x3f));
    add(0x80 | (c >> 6 & 0x3f));
    add(0x80 | (c & 0x3f));
  }
  return true;
}

/// Calls f with every text of a `.npy` image of texts of shape (n,) or (n, 1), in UTF-8; gives
/// false for an image of numbers. Throws io_error: another shape, truncated data, what is no text.
template<class F>
bool each_npy_text(const std::string& name, std::span<const std::byte> bytes, const F& f) {
  const npy_header header = read_npy_header(name, bytes, true);
  const auto& [units, unit_bytes] = header.text;
  if (units == 0) return false;
  const auto& shape = header.layout.shape;
  if (shape.size() != 1 && (shape.size() != 2 || shape[1] != 1))
    throw io_error(
        concat(name, ": labels: expected shape (n,) or (n, 1), got shape ", shape_text(shape)));
  bytes = bytes.subspan(header.data_offset);
  const std::size_t width = units * unit_bytes;
  if (shape[0] > bytes.size() / width)
    throw io_error(concat(name, ": truncated data: expected ", shape[0], " texts of ", width,
                          " bytes, got ", bytes.size(), " bytes"));
  const bool big = header.layout.byte_order == std::endian::big;
  for (std::size_t i = 0; i < shape[0]; ++i) {
    const std::span<const std::byte> one = bytes.subspan(i * width, width);
    std::string text;
    std::size_t zeros = 0;  // those at the end are no part of the text
    for (std::size_t u = 0; u < units; ++u) {
      std::uint32_t c = 0;
      for (std::size_t b = 0; b < unit_bytes; ++b)
        c = c << 8 |
            std::to_integer<std::uint32_t>(one[u * unit_bytes + (big ? b : unit_bytes - 1 - b)]);
      if (c == 0) {
        ++zeros;
        continue;
      }
      text.append(zeros, '\0');
      zeros = 0;
      if (unit_bytes == 1)
        text += static_cast<char>(c);
      else if (!append_utf8(c, text))
        throw io_error(concat(name, ": row ", i, ": not a text: ", c, " is no code point"));
    }
    f(text);
  }
  return true;
}

}  // namespace calibra::io::detail
