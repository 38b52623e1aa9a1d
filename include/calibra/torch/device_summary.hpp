// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "calibra/table/summary.hpp"
#include "calibra/torch/device_stream.hpp"

namespace calibra {

/// A summary (accuracy, mean confidence, NLL, Brier) that fills on the device of the scores, as
/// device_table does and with the same rules for shapes, bad input and merging. Sums are reductions
/// in float64, which PyTorch takes in a fixed order. Memory: 56 bytes on the device.
class device_summary {
 public:
  /// Errors name `where`.
  explicit device_summary(const row_options& o = {}, std::string_view where = "device_summary")
      : stream_(where, detail::stream_options(where, o)) {}

  template<tensor_scores S>
  void add(const S& scores, const optional_column<std::int64_t>& labels,
           const device_batch_options& with = {}) {
    detail::device_rows rows;
    if (!stream_.next(scores, labels, with, {.proper_scores = true}, rows)) return;
    const at::NoGradGuard no_grad;
    const at::Tensor count = rows.kept.to(at::kDouble);
    const at::Tensor w = rows.weight.defined() ? rows.weight : count;
    const at::Tensor zero = at::zeros({}, w.options());
    const at::Tensor counts = w.gt(0);  // an infinite loss of weight 0 is no loss
    const auto weighted = [&](const at::Tensor& x) { return at::where(counts, w * x, zero).sum(); };
    const at::Tensor miss = rows.confidence - rows.hit.to(at::kDouble);
    detail::add_to(sums_, at::stack({count.sum(), w.sum(), weighted(rows.correct.to(at::kDouble)),
                                     weighted(rows.confidence), weighted(-rows.log_likelihood),
                                     weighted(rows.brier), weighted(miss * miss)}));
  }

  /// The summary so far: the one host synchronisation. Throws value_error for bad input.
  summary read() const {
    summary result;
    if (!sums_.defined()) return result;
    const at::Tensor host = stream_.read(sums_);
    const double* s = host.data_ptr<double>();
    result.add_sums(static_cast<std::uint64_t>(s[0]), {.weight = s[1],
                                                       .correct = s[2],
                                                       .confidence = s[3],
                                                       .nll = s[4],
                                                       .brier = s[5],
                                                       .brier_top = s[6]});
    return result;
  }

  std::uint64_t skipped() const { return stream_.skipped(); }
  std::int64_t rows() const { return stream_.rows(); }

  device_summary& operator+=(const device_summary& other) {
    const at::NoGradGuard no_grad;
    stream_.append(other.stream_);
    if (other.sums_.defined()) detail::add_to(sums_, other.sums_);
    return *this;
  }

  void reset() {
    stream_.reset();
    sums_ = at::Tensor();
  }

 private:
  detail::device_stream stream_;
  at::Tensor sums_;  // [7]
};

}  // namespace calibra
