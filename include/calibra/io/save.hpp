// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "calibra/array/view.hpp"
#include "calibra/error.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/npy.hpp"
#include "calibra/io/write_file.hpp"

namespace calibra::io {

namespace detail {

/// Collects bytes and writes them a piece at a time.
class buffered_writer {
 public:
  explicit buffered_writer(atomic_file& file) : file_(file) {}
  void add(std::string_view bytes) {
    buffer_ += bytes;
    if (buffer_.size() >= piece) flush();
  }
  void flush() {
    file_.write(buffer_);
    buffer_.clear();
  }

 private:
  static constexpr std::size_t piece = 1 << 17;
  atomic_file& file_;
  std::string buffer_;
};

/// The shortest text that reads back as `x`. Reals look like reals: 1 is "1.0".
template<class T>
std::string_view number_text(T x, std::array<char, 64>& buffer) {
  char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size() - 2, x).ptr;
  if constexpr (std::is_floating_point_v<T>) {
    const std::string_view digits(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    if (digits.find_first_not_of("-0123456789") == std::string_view::npos) {
      *end++ = '.';
      *end++ = '0';
    }
  }
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

/// The bytes of `x`, the lowest first.
template<class T>
std::array<char, sizeof(T)> little_endian_bytes(T x) {
  auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(x);
  if constexpr (std::endian::native == std::endian::big) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

/// A vector as a matrix of one column.
template<class T>
matrix_view<const T> as_column(vector_view<const T> v) {
  return {v.data(), v.size(), 1, v.stride(), 1};
}

template<class T>
void save_csv(const std::string& path, matrix_view<const T> elements, char separator) {
  atomic_file file(path);
  buffered_writer out(file);
  std::array<char, 64> buffer{};
  for (std::size_t i = 0; i < elements.rows(); ++i) {
    for (std::size_t j = 0; j < elements.cols(); ++j) {
      if (j != 0) out.add({&separator, 1});
      out.add(number_text(elements(i, j), buffer));
    }
    out.add("\n");
  }
  out.flush();
  file.commit();
}

template<class T>
void save_safetensors(const std::string& path, matrix_view<const T> elements, bool one_dimension,
                      const std::string& tensor) {
  nlohmann::json entry;
  entry["dtype"] = std::is_same_v<T, float> ? "F32" : std::is_same_v<T, double> ? "F64" : "I64";
  entry["shape"] = {elements.rows()};
  if (!one_dimension) entry["shape"].push_back(elements.cols());
  entry["data_offsets"] = {0, elements.rows() * elements.cols() * sizeof(T)};
  std::string header = nlohmann::json{{tensor, entry}}.dump();
  header.append((8 - header.size() % 8) % 8, ' ');  // so that the elements are aligned

  atomic_file file(path);
  buffered_writer out(file);
  const auto add = [&](auto x) {
    const auto bytes = little_endian_bytes(x);
    out.add({bytes.data(), bytes.size()});
  };
  add(static_cast<std::uint64_t>(header.size()));
  out.add(header);
  for (std::size_t i = 0; i < elements.rows(); ++i)
    for (std::size_t j = 0; j < elements.cols(); ++j) add(T(elements(i, j)));
  out.flush();
  file.commit();
}

template<class T>
void save(const std::string& path, matrix_view<const T> elements, bool one_dimension,
          const std::string& tensor) {
  if (path.ends_with(".csv")) return save_csv(path, elements, ',');
  if (path.ends_with(".tsv")) return save_csv(path, elements, '\t');
  if (path.ends_with(".safetensors"))
    return save_safetensors(path, elements, one_dimension, tensor);
  const std::size_t shape[] = {elements.rows(), elements.cols()};
  save_npy<T>(path, std::span(shape, one_dimension ? 1 : 2), elements);
}

}  // namespace detail

/// The endings that `save` knows, as they stand in messages.
inline constexpr std::string_view saved_endings = ".npy, .csv, .tsv or .safetensors";

/// True where `save` knows the ending of `path`.
inline bool can_save(std::string_view path) {
  for (const std::string_view ending : {".npy", ".csv", ".tsv", ".safetensors"})
    if (path.ends_with(ending)) return true;
  return false;
}

/// Throws option_error where `save` does not know the ending of `path`.
inline void expect_saved_ending(const std::string& path) {
  if (!can_save(path))
    throw option_error(
        detail::concat(path, ": unknown extension ",
                       detail::in_quotes(std::filesystem::path(path).extension().string()),
                       "; expected ", saved_endings));
}

/// Writes a matrix as the ending of `path` says: `.npy`, `.csv`, `.tsv` or `.safetensors`, there as
/// the one tensor `tensor`. Any strides. In text every number is the shortest that reads back as
/// the same number of its type; there is no header.
/// The file appears whole or not at all (see `atomic_file`).
/// Throws option_error: another ending. Throws io_error with the path and the reason.
template<npy_element T>
void save(const std::string& path, matrix_view<T> elements, const std::string& tensor = "scores") {
  expect_saved_ending(path);
  detail::save<std::remove_cv_t<T>>(path, elements, false, tensor);
}

/// The same for a vector: one column of a text, shape (n,) elsewhere.
template<npy_element T>
void save(const std::string& path, vector_view<T> elements, const std::string& tensor = "scores") {
  expect_saved_ending(path);
  detail::save<std::remove_cv_t<T>>(
      path,
      detail::as_column<std::remove_cv_t<T>>(vector_view<const std::remove_cv_t<T>>(elements)),
      true, tensor);
}

}  // namespace calibra::io
