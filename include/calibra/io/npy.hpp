// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/view.hpp"
#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/detail/npy_header.hpp"
#include "calibra/io/input_file.hpp"
#include "calibra/io/write_file.hpp"

namespace calibra::io {

namespace detail {

/// The array in the `.npy` image `bytes`, which `owner` keeps alive.
inline array parse_npy(const std::string& name, std::span<const std::byte> bytes,
                       std::shared_ptr<const void> owner) {
  const npy_header header = read_npy_header(name, bytes);
  return {name, header.layout, bytes.subspan(header.data_offset), std::move(owner)};
}

/// What the header of the `.npy` image at `place` says; no type and the reason where it is not to
/// be read.
inline array_entry npy_entry(const std::string& name, const std::string& place,
                             std::span<const std::byte> bytes) {
  try {
    const array_layout layout = read_npy_header(place, bytes).layout;
    return {.name = name,
            .type = layout.type,
            .type_name = std::string(name_of(layout.type)),
            .shape = layout.shape};
  } catch (const io_error& e) {
    return {.name = name, .type_name = e.what()};
  }
}

}  // namespace detail

/// Loads a `.npy` file of version 1.0, 2.0 or 3.0, C or Fortran order, either byte order, with
/// elements f2 f4 f8 i1..i8 u1..u8 b1, or bfloat16 as ml_dtypes has numpy write it ('<V2').
/// The file is mapped, not read: cost O(1), pages come in as they are used. Bytes after the data
/// are ignored, as numpy does.
/// Throws io_error with the file and the place: missing, a directory, empty, not `.npy`, truncated
/// header or data, another element type, not 1 or 2 dimensions, a shape beyond the address space.
/// Source: the NPY format, numpy.lib.format.
inline array load_npy(const std::string& path) {
  const auto file = std::make_shared<const input_file>(path);
  return detail::parse_npy(input_name(path), file->bytes(), file);
}

/// The array of such a file, by its header. Throws io_error as load_npy().
inline array_entry npy_contents(const std::string& path) {
  const input_file file(path);
  const array_layout layout = detail::read_npy_header(input_name(path), file.bytes()).layout;
  return {
      .type = layout.type, .type_name = std::string(name_of(layout.type)), .shape = layout.shape};
}

namespace detail {

template<class T, class... Of>
inline constexpr bool is_one_of = (std::is_same_v<T, Of> || ...);

}  // namespace detail

/// The element types that `save_npy` writes.
template<class T>
concept npy_element = detail::is_one_of < std::remove_cv_t<T>,
float, double, std::int64_t > ;

namespace detail {

template<class T>
constexpr std::string_view npy_code = std::is_same_v<T, float>    ? "f4"
                                      : std::is_same_v<T, double> ? "f8"
                                                                  : "i8";

/// Magic, version 1.0 and header, padded so that the elements begin at a multiple of 64.
inline std::string npy_preamble(std::string_view code, std::span<const std::size_t> shape) {
  const char order = std::endian::native == std::endian::little ? '<' : '>';
  std::string header = concat("{'descr': '", order, code,
                              "', 'fortran_order': False, 'shape': ", shape_text(shape), ", }");
  constexpr std::size_t fixed = 10;
  header.append(63 - (fixed + header.size()) % 64, ' ');
  header += '\n';
  std::string out = "\x93NUMPY";
  out += '\x01';
  out += '\0';
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  return out + header;
}

template<class T>
void save_npy(const std::string& path, std::span<const std::size_t> shape,
              matrix_view<const T> elements) {
  atomic_file file(path);
  file.write(npy_preamble(npy_code<T>, shape));
  std::vector<T> buffer;
  buffer.reserve(std::min<std::size_t>(elements.rows() * elements.cols(), 1 << 15));
  const auto flush = [&] {
    file.write({reinterpret_cast<const char*>(buffer.data()), buffer.size() * sizeof(T)});
    buffer.clear();
  };
  for (std::size_t i = 0; i < elements.rows(); ++i) {
    for (std::size_t j = 0; j < elements.cols(); ++j) {
      if (buffer.size() == buffer.capacity()) flush();
      buffer.push_back(elements(i, j));
    }
  }
  flush();
  file.commit();
}

}  // namespace detail

/// Writes a matrix as a `.npy` file, version 1.0, C order, this machine's byte order; any strides.
/// The file appears whole or not at all (see `atomic_file`).
/// Throws io_error with the path and the reason.
template<npy_element T>
void save_npy(const std::string& path, matrix_view<T> elements) {
  const std::size_t shape[] = {elements.rows(), elements.cols()};
  detail::save_npy<std::remove_cv_t<T>>(path, shape, elements);
}

/// The same for a vector: shape (n,).
template<npy_element T>
void save_npy(const std::string& path, vector_view<T> elements) {
  const std::size_t shape[] = {elements.size()};
  detail::save_npy<std::remove_cv_t<T>>(
      path, shape,
      matrix_view<const std::remove_cv_t<T>>(elements.data(), elements.size(), 1, elements.stride(),
                                             1));
}

}  // namespace calibra::io
