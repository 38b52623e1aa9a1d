// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/table/sample.hpp"
#include "calibra/torch/device_stream.hpp"

namespace calibra {

/// The (confidence, hit) pairs of every sample, kept on the device of the scores until they are
/// read: for metrics that need the whole sample (equal-mass bins, smooth ECE, KS, MMCE). Rules for
/// shapes, bad input and merging as device_table. Memory: 16 bytes a sample on the device (24 if
/// weighted). read() copies them to the host, in the order of the rows.
class device_sample {
 public:
  /// Errors name `where`.
  explicit device_sample(const row_options& o = {}, std::string_view where = "device_sample")
      : stream_(where, detail::stream_options(where, o)) {}

  template<tensor_scores S>
  void add(const S& scores, const optional_column<std::int64_t>& labels,
           const device_batch_options& with = {}) {
    check_weights(static_cast<bool>(with.weights));
    detail::device_rows rows;
    const bool some = stream_.next(scores, labels, with, {}, rows);
    if (batches_.empty()) single_ = scores.view().scalar_type() != at::kDouble;
    if (!some) return;
    const at::NoGradGuard no_grad;
    // What a row is, in one number: 0 left out, 1 a miss, 2 a hit.
    std::vector<at::Tensor> columns = {rows.confidence,
                                       rows.kept.to(at::kDouble) + rows.hit.to(at::kDouble)};
    if (rows.weight.defined()) columns.push_back(rows.weight);
    batches_.push_back(at::stack(columns));
  }

  /// The pairs so far: the one host synchronisation. `row`, if given, gets the number of the row
  /// of every pair. Throws value_error for bad input.
  sample read(std::vector<std::size_t>* row = nullptr) const {
    sample result(single_ ? precision::float32 : precision::float64);
    if (batches_.empty()) return result;
    const at::Tensor host = stream_.read(at::cat(batches_, 1));
    const bool weighted = host.size(0) == 3;
    const auto n = static_cast<std::size_t>(host.size(1));
    const double* confidence = host.data_ptr<double>();
    const double* kind = confidence + n;
    const double* weight = weighted ? kind + n : nullptr;
    result.reserve(n, weighted);
    for (std::size_t i = 0; i < n; ++i) {
      if (kind[i] == 0) continue;
      result.push_back(confidence[i], kind[i] == 2, detail::weight_if_any(weight, i));
      if (row != nullptr) row->push_back(i);
    }
    return result;
  }

  std::uint64_t skipped() const { return stream_.skipped(); }
  std::int64_t rows() const { return stream_.rows(); }

  device_sample& operator+=(const device_sample& other) {
    const at::NoGradGuard no_grad;
    if (!other.batches_.empty()) check_weights(other.weighted());
    stream_.append(other.stream_);
    if (batches_.empty() && other.stream_.classes() != 0) single_ = other.single_;
    const std::vector<at::Tensor> more = other.batches_;  // it may be this sample
    batches_.insert(batches_.end(), more.begin(), more.end());
    return *this;
  }

  void reset() {
    stream_.reset();
    batches_.clear();
  }

 private:
  bool weighted() const { return batches_.front().size(0) == 3; }
  void check_weights(bool weights) const {
    if (!batches_.empty() && weighted() != weights)
      throw shape_error("device_sample: some batches have weights and some have none");
  }

  detail::device_stream stream_;
  bool single_ = false;              // the scores are of float32 or shorter
  std::vector<at::Tensor> batches_;  // [2, N], or [3, N] with weights
};

}  // namespace calibra
