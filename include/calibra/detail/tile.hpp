// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/row_kernels.hpp"

namespace calibra::detail {

/// A few rows of scores in the shape that a kernel wants: classes side by side ("rows") or samples
/// side by side ("cols").
template<class C>
struct tile {
  const C* data;
  std::ptrdiff_t stride;  ///< from row to row, or from class to class
  bool by_rows;
  std::size_t rows;
  std::size_t classes;

  C at(std::size_t row, std::size_t k) const {
    const auto r = static_cast<std::ptrdiff_t>(row);
    const auto j = static_cast<std::ptrdiff_t>(k);
    return by_rows ? data[r * stride + j] : data[j * stride + r];
  }
};

/// Cuts a matrix of any scalar and stride into tiles. Dense float and double matrices are used
/// where they lie; everything else is copied, a tile at a time.
template<class T>
class tile_reader {
 public:
  using C = compute_type<T>;
  /// Rows of fewer classes than this are too short to be worked on one at a time: they are put side
  /// by side instead.
  static constexpr std::size_t few_classes = 64;
  static constexpr std::size_t most_rows = 256;

  tile_reader(matrix_view<const T> scores, isa set) : scores_(scores), isa_(set) {
    const std::size_t k = std::max<std::size_t>(1, scores.cols());
    const bool few = k < few_classes;
    if constexpr (std::is_same_v<T, C>) {
      if (scores.row_stride() == 1 && scores.cols() < (std::size_t{1} << 24)) {
        how_ = access::direct_cols;
      } else if (scores.col_stride() == 1 && !few) {
        how_ = access::direct_rows;
      } else {
        how_ = few ? access::packed_cols : access::packed_rows;
      }
    } else {
      const bool columns = is_16_bit && scores.row_stride() == 1 && k < (std::size_t{1} << 24);
      how_ = few || columns ? access::packed_cols : access::packed_rows;
    }
    // A packed tile, and one read down the columns, is read twice: it should stay in cache.
    constexpr std::size_t cached = 65536;
    rows_ = how_ == access::direct_rows
                ? most_rows
                : std::clamp<std::size_t>(cached / k / 16 * 16, 16, most_rows);
    if (how_ == access::packed_cols || how_ == access::packed_rows) buffer_.resize(rows_ * k);
    if (how_ == access::packed_cols && is_16_bit) widened_.resize(rows_ * k);
  }

  /// The most rows that read() gives at once.
  std::size_t tile_rows() const { return rows_; }

  tile<C> read(std::size_t first, std::size_t count) {
    const auto part = scores_.rows(first, count);
    const std::size_t k = part.cols();
    if constexpr (std::is_same_v<T, C>) {
      if (how_ == access::direct_rows) return {part.data(), part.row_stride(), true, count, k};
      if (how_ == access::direct_cols) return {part.data(), part.col_stride(), false, count, k};
    }
    if (how_ == access::packed_cols) {
      pack_cols(part);
      return {buffer_.data(), static_cast<std::ptrdiff_t>(rows_), false, count, k};
    }
    pack_rows(part);
    return {buffer_.data(), static_cast<std::ptrdiff_t>(k), true, count, k};
  }

 private:
  static constexpr bool is_16_bit = std::is_same_v<T, half> || std::is_same_v<T, bfloat16>;
  enum class access { direct_rows, direct_cols, packed_rows, packed_cols };

  void pack_cols(matrix_view<const T> part) {
    if (part.col_stride() == 1) {
      if constexpr (std::is_same_v<T, C>) {
        turn(part.data(), part.row_stride(), part.rows());
        return;
      } else if constexpr (is_16_bit) {
        const std::size_t k = part.cols();
        if (part.row_stride() == static_cast<std::ptrdiff_t>(k)) {
          widen(isa_, part.data(), part.rows() * k, widened_.data());
        } else {
          for (std::size_t i = 0; i < part.rows(); ++i)
            widen(isa_, &part(i, 0), k, widened_.data() + i * k);
        }
        turn(widened_.data(), static_cast<std::ptrdiff_t>(k), part.rows());
        return;
      }
    }
    if constexpr (is_16_bit) {
      if (part.row_stride() == 1) {
        for (std::size_t j = 0; j < part.cols(); ++j)
          widen(isa_, &part(0, j), part.rows(), buffer_.data() + j * rows_);
        return;
      }
    }
    for (std::size_t i = 0; i < part.rows(); ++i) {
      const T* in = &part(i, 0);
      C* out = buffer_.data() + i;
      for (std::size_t j = 0; j < part.cols(); ++j, in += part.col_stride(), out += rows_)
        *out = scalar_traits<T>::load(*in);
    }
  }
  void turn(const C* in, std::ptrdiff_t stride, std::size_t rows) {
    kernels_for<C>(isa_).turn(in, stride, rows, scores_.cols(), buffer_.data(), rows_);
  }

  void pack_rows(matrix_view<const T> part) {
    for (std::size_t i = 0; i < part.rows(); ++i) {
      const T* in = &part(i, 0);
      C* out = buffer_.data() + i * part.cols();
      if constexpr (is_16_bit) {
        if (part.col_stride() == 1) {
          widen(isa_, in, part.cols(), out);
          continue;
        }
      }
      for (std::size_t j = 0; j < part.cols(); ++j, in += part.col_stride())
        out[j] = scalar_traits<T>::load(*in);
    }
  }

  matrix_view<const T> scores_;
  isa isa_;
  access how_ = access::packed_rows;
  std::size_t rows_ = 0;
  std::vector<C> buffer_;
  std::vector<C> widened_;  // rows of 16-bit scores on their way to buffer_
};

}  // namespace calibra::detail
