// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/rows/row_kernels.hpp"

namespace calibra::detail {

/// The most rows of a tile.
inline constexpr std::size_t most_tile_rows = 512;

/// The rows of a tile of so many classes that lies in memory, or is copied as one that does: the
/// same, so that sums over the rows of a tile are.
inline std::size_t tile_rows_of(std::size_t classes) {
  constexpr std::size_t most_numbers = std::size_t{1} << 22;
  return std::clamp<std::size_t>(most_numbers / std::max<std::size_t>(1, classes) / 16 * 16, 16,
                                 most_tile_rows);
}

/// How many rows of so many numbers are worked on at once: they stay in the second cache.
inline std::size_t rows_at_once(std::size_t classes) {
  constexpr std::size_t cached = 32768;
  return std::max<std::size_t>(1, cached / std::max<std::size_t>(1, classes));
}

/// `count` elements, `stride` apart, as the numbers that they are worked on as.
template<class T>
void load_elements(const T* in, std::ptrdiff_t stride, std::size_t count, compute_type<T>* out) {
  for (std::size_t j = 0; j < count; ++j, in += stride) out[j] = scalar_traits<T>::load(*in);
}

/// Gives rows a tile at a time.
template<class C>
class row_reader {
 public:
  row_reader() = default;
  row_reader(const row_reader&) = delete;
  row_reader& operator=(const row_reader&) = delete;
  virtual ~row_reader() = default;

  /// The most rows that read() gives at once.
  virtual std::size_t tile_rows() const = 0;
  /// Good until the next call.
  virtual tile<C> read(std::size_t first, std::size_t count) = 0;
};

/// Cuts a matrix of any scalar and stride into tiles. Dense float and double matrices are used
/// where they lie; everything else is copied, a tile at a time.
template<class T>
class tile_reader final : public row_reader<compute_type<T>> {
 public:
  using C = compute_type<T>;

  tile_reader(matrix_view<const T> scores, isa set) : scores_(scores), isa_(set) {
    const std::size_t k = std::max<std::size_t>(1, scores.cols());
    // Kernels that walk down columns count classes in the scores' type.
    const bool columns = scores.row_stride() == 1 && k < (std::size_t{1} << 23);
    if constexpr (std::is_same_v<T, C>) {
      how_ = columns                    ? access::direct_cols
             : scores.col_stride() == 1 ? access::direct_rows
                                        : access::packed_rows;
    } else {
      how_ = is_16_bit && columns ? access::packed_cols : access::packed_rows;
    }
    // A packed tile, and one read down the columns, is read twice: it should stay in cache.
    constexpr std::size_t cached = 65536;
    rows_ = how_ == access::direct_rows
                ? tile_rows_of(k)
                : std::clamp<std::size_t>(cached / k / 16 * 16, 16, most_tile_rows);
    if (how_ == access::packed_cols || how_ == access::packed_rows) buffer_.resize(rows_ * k);
  }

  std::size_t tile_rows() const override { return rows_; }

  tile<C> read(std::size_t first, std::size_t count) override {
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
    if constexpr (is_16_bit)
      for (std::size_t j = 0; j < part.cols(); ++j)
        widen(isa_, &part(0, j), part.rows(), buffer_.data() + j * rows_);
  }

  void pack_rows(matrix_view<const T> part) {
    const std::size_t k = part.cols();
    if constexpr (is_16_bit) {
      if (part.col_stride() == 1 && part.row_stride() == static_cast<std::ptrdiff_t>(k)) {
        widen(isa_, part.data(), part.rows() * k, buffer_.data());
        return;
      }
    }
    for (std::size_t i = 0; i < part.rows(); ++i) {
      const T* in = &part(i, 0);
      C* out = buffer_.data() + i * k;
      if constexpr (is_16_bit) {
        if (part.col_stride() == 1) {
          widen(isa_, in, k, out);
          continue;
        }
      }
      load_elements(in, part.col_stride(), k, out);
    }
  }

  matrix_view<const T> scores_;
  isa isa_;
  access how_ = access::packed_rows;
  std::size_t rows_ = 0;
  std::vector<C> buffer_;
};

}  // namespace calibra::detail
