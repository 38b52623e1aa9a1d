// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "calibra/array/class_axis.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/rows/isa.hpp"
#include "calibra/rows/row_kernels.hpp"
#include "calibra/rows/tile.hpp"

// Samples x classes out of arrays of more dimensions.
namespace calibra::detail {

/// Cuts such an array into the tiles that a dense matrix of its rows is cut into, so that sums come
/// out the same. Tiles that one stride walks through are used where they lie, as long as so many
/// places are read faster at once than one after the other; others are copied. Few classes stay
/// side by side, as the kernels work on them; rows of many are put together.
template<class T>
class class_axis_reader final : public row_reader<compute_type<T>> {
 public:
  using C = compute_type<T>;

  /// Row i of what is read is row i * step of the scores.
  class_axis_reader(class_axis_view<const T> scores, std::size_t step, isa set)
      : scores_(scores), step_(step), isa_(set) {
    const std::size_t k = std::max<std::size_t>(1, scores.cols());
    by_rows_ = scores.col_stride() == 1 || k >= most_side_by_side;
    in_place_ = is_native && (scores.col_stride() == 1 || k <= most_in_place);
    constexpr std::size_t cached = 65536;  // as tile_reader has it
    rows_ = is_native ? tile_rows_of(k)
                      : std::clamp<std::size_t>(cached / k / 16 * 16, 16, most_tile_rows);
    stride_ = by_rows_ ? k : rows_ + 16;  // no power of two: a few cache sets would be crowded
  }

  std::size_t tile_rows() const override { return rows_; }

  tile<C> read(std::size_t first, std::size_t count) override {
    const std::size_t k = scores_.cols();
    if constexpr (is_native) {
      const run r = run_at(first);
      if (in_place_ && r.size >= count && (by_rows_ || r.stride == 1))
        return {r.data, by_rows_ ? r.stride : scores_.col_stride(), by_rows_, count, k};
    }
    buffer_.resize(std::max(buffer_.size(), (by_rows_ ? rows_ : k) * stride_));
    for (std::size_t done = 0; done < count;) {
      const run r = run_at(first + done);
      const std::size_t n = std::min(r.size, count - done);
      if (by_rows_)
        copy_rows(r, n, buffer_.data() + done * k);
      else
        copy_columns(r, n, buffer_.data() + done);
      done += n;
    }
    return {buffer_.data(), static_cast<std::ptrdiff_t>(stride_), by_rows_, count, k};
  }

 private:
  static constexpr bool is_native = std::is_same_v<T, C>;
  static constexpr std::size_t most_in_place = 64;
  static constexpr bool is_16_bit = std::is_same_v<T, half> || std::is_same_v<T, bfloat16>;

  /// Rows at one stride from each other.
  struct run {
    const T* data;
    std::size_t size;
    std::ptrdiff_t stride;
  };
  run run_at(std::size_t row) const {
    const T* const data = scores_.data() + scores_.offset(row * step_);
    if (step_ != 1) return {data, 1, 1};
    return {data, scores_.extents().back() - row % scores_.extents().back(),
            scores_.strides().back()};
  }

  void copy(const T* in, std::ptrdiff_t stride, std::size_t count, C* out) const {
    if constexpr (is_16_bit) {
      if (stride == 1) return widen(isa_, in, count, out);
    }
    load_elements(in, stride, count, out);
  }

  void copy_columns(const run& r, std::size_t n, C* out) const {
    const T* in = r.data;
    for (std::size_t j = 0; j < scores_.cols(); ++j, in += scores_.col_stride(), out += stride_)
      copy(in, r.stride, n, out);
  }
  /// A few rows at a time, so that neighbours share what the cache brings in.
  void copy_rows(const run& r, std::size_t n, C* out) const {
    const std::size_t k = scores_.cols();
    constexpr std::size_t together = 16;
    for (std::size_t i = 0; i < n; i += together) {
      const std::size_t some = std::min(together, n - i);
      const T* in = r.data + static_cast<std::ptrdiff_t>(i) * r.stride;
      C* const to = out + i * k;
      if (scores_.col_stride() == 1) {
        for (std::size_t s = 0; s < some; ++s, in += r.stride) copy(in, 1, k, to + s * k);
        continue;
      }
      for (std::size_t j = 0; j < k; ++j, in += scores_.col_stride()) {
        const T* at = in;
        for (std::size_t s = 0; s < some; ++s, at += r.stride)
          to[s * k + j] = scalar_traits<T>::load(*at);
      }
    }
  }

  class_axis_view<const T> scores_;
  std::size_t step_;
  isa isa_;
  bool by_rows_ = false, in_place_ = false;
  std::size_t rows_ = 0, stride_ = 0;
  std::vector<C> buffer_;
};

}  // namespace calibra::detail
