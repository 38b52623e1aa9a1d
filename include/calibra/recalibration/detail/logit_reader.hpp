// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/options.hpp"
#include "calibra/rows/row_checks.hpp"
#include "calibra/rows/row_kernels.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/rows/tile.hpp"
#include "calibra/scores.hpp"

namespace calibra::detail {

/// Checks row i of a tile of logits, row `row` of the input. `sum` is any sum over the row's
/// softmax. False where the policy has the row left out.
template<class C>
bool check_logits(std::string_view where, const row_options& o, const tile<C>& z, std::size_t i,
                  std::size_t row, double sum) {
  if (!is_nan(sum)) return true;
  check_bad_row(where, score_kind::logits, o.nan, z, i, row);
  return false;
}

/// A tile of logits: the scores themselves, or log p of probabilities. The latter is worked in
/// double whatever the scores are, as the logarithm costs more than the width.
template<class C, score_kind Kind>
class logit_reader {
 public:
  static constexpr bool from_probabilities = Kind == score_kind::probabilities;
  using W = std::conditional_t<from_probabilities, double, C>;

  logit_reader(const score_rows<C>& scores, isa set)
      : reader_(scores.reader(set)),
        kernels_(kernels_for<C>(set)),
        tolerance_(scores.sum_tolerance()) {
    const std::size_t k = std::max<std::size_t>(1, scores.cols());
    rows_ = reader_->tile_rows();
    if constexpr (from_probabilities) {
      constexpr std::size_t cached = 65536;
      rows_ = std::min(rows_, std::max<std::size_t>(16, cached / k));
      logs_.resize(rows_ * k);
      max_.resize(rows_);
      min_.resize(rows_);
      sum_.resize(rows_);
    }
  }

  std::size_t tile_rows() const { return rows_; }

  const tile<W>& read(std::size_t first, std::size_t count) {
    raw_ = reader_->read(first, count);
    if constexpr (from_probabilities)
      take_logs();
    else
      logits_ = raw_;
    return logits_;
  }
  const tile<W>& logits() const { return logits_; }
  /// The scores behind the last tile.
  const tile<C>& scores() const { return raw_; }

  /// For probabilities: sums up the rows, for check_row().
  void sum_rows() {
    if constexpr (from_probabilities) {
      row_sums<C> out;
      out.max = max_.data();
      out.min = min_.data();
      out.sum = sum_.data();
      kernels_.simplex(raw_, out);
    }
  }

  /// Checks row i of the tile, row `row` of the input, after sum_rows(). `sum` is any sum over the
  /// row's softmax. False where the policy has the row left out.
  bool check_row(std::string_view where, const row_options& o, std::size_t i, std::size_t row,
                 double sum) const {
    if constexpr (from_probabilities)
      return check_simplex(where, o, raw_, i, row, min_[i], max_[i], sum_[i], tolerance_);
    else
      return check_logits(where, o, raw_, i, row, sum);
  }

 private:
  void take_logs() {
    const std::size_t k = raw_.classes;
    // Samples stay side by side where they are.
    const std::size_t lines = raw_.by_rows ? raw_.rows : k;
    const std::size_t length = raw_.by_rows ? k : raw_.rows;
    const std::size_t stride = raw_.by_rows ? k : rows_;
    for (std::size_t i = 0; i < lines; ++i) {
      const C* in = raw_.data + static_cast<std::ptrdiff_t>(i) * raw_.stride;
      double* out = logs_.data() + i * stride;
      for (std::size_t j = 0; j < length; ++j) out[j] = std::log(static_cast<double>(in[j]));
    }
    logits_ = {logs_.data(), static_cast<std::ptrdiff_t>(stride), raw_.by_rows, raw_.rows, k};
  }

  std::unique_ptr<row_reader<C>> reader_;
  const row_kernels<C>& kernels_;
  double tolerance_;
  std::size_t rows_;
  tile<C> raw_{};
  tile<W> logits_{};
  std::vector<double> logs_, sum_;
  std::vector<C> max_, min_;
};

/// The logit of a binary score: as it is, or log(p / (1 - p)).
template<score_kind Kind>
double binary_logit(double x) {
  return Kind == score_kind::binary_probabilities ? std::log(x / (1 - x)) : x;
}

}  // namespace calibra::detail
