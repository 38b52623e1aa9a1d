// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "calibra/table/reliability_table.hpp"
#include "calibra/torch/device_stream.hpp"

namespace calibra {

/// A reliability table that fills on the device of the scores, batch by batch, inside a training or
/// an evaluation loop: add() makes no host synchronisation, no copy between devices and no tensor
/// whose shape depends on an element. read() copies B numbers a column once and gives the host's
/// table, of which every binned metric is a function.
///
/// Shapes:  add(): logits or probabilities N x K, or the binary kinds N, with labels N on the same
///          device; K and the device stay the same from batch to batch.
/// Bins:    options::bins, side or edges; equal_mass is an option_error (use device_sample).
/// Equal to the host's table: to 1e-12 for float64 scores; for float32 and 16-bit ones, which are
///          computed in float32, to 1e-6, save that a confidence within that of an edge may fall to
///          its other side.
/// Deterministic: sums are taken over integers (multiples of 2^-41 to 2^-52), so that neither the
///          order of atomic additions nor a permutation of a batch changes a bit of the result.
/// Weights: finite, >= 0; kept, as are their squares, to 2^-41 of the largest of the batch.
/// Bad input: cannot be seen without looking, so it is found on the device and thrown by read(), as
///          value_error with the row, counted from the first batch. Shapes, types and devices are
///          checked by add(), before anything is added.
/// Mergeable: yes, on one device by +=; else merge what read() gives. Memory: 48 B bytes on the
///          device. Cost: O(N K) a batch, one temporary of the size of the scores.
class device_table {
 public:
  explicit device_table(const options& o = {})
      : stream_("device_table", detail::stream_options("device_table", o)),
        bins_(detail::device_bins("device_table", o)) {}
  /// The same for bins that are given. Errors name `where`.
  device_table(const row_options& o, binning bins, std::string_view where = "device_table")
      : stream_(where, detail::stream_options(where, o)),
        bins_(detail::by_edges(where, std::move(bins))) {}

  template<tensor_scores S>
  void add(const S& scores, const optional_column<std::int64_t>& labels,
           const device_batch_options& with = {}) {
    detail::device_rows rows;
    if (!stream_.next(scores, labels, with, {}, rows)) return;
    add_rows(rows);
  }

  /// The table so far: the one host synchronisation. Throws value_error for bad input.
  reliability_table read() const {
    reliability_table table(bins_);
    if (!sums_.defined()) return table;
    const at::Tensor host = stream_.read(sums_);
    const double* s = host.data_ptr<double>();
    const std::size_t n = bins_.size();
    for (std::size_t b = 0; b < n; ++b) table.add_sums(b, detail::sums_at(s, b, n));
    return table;
  }

  /// Samples that nan_policy::count left out, as of the last read().
  std::uint64_t skipped() const { return stream_.skipped(); }
  /// Rows given so far, those left out included.
  std::int64_t rows() const { return stream_.rows(); }

  /// Throws option_error where the bins differ, value_error where the devices do.
  device_table& operator+=(const device_table& other) {
    if (!(bins_ == other.bins_))
      throw option_error(detail::concat("device_table: cannot merge a table of ",
                                        other.bins_.size(), " bins into one of ", bins_.size(),
                                        " bins: their binnings differ"));
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
  void add_rows(const detail::device_rows& rows) {
    const at::NoGradGuard no_grad;
    if (!edges_.defined() || edges_.device() != rows.confidence.device())
      edges_ = detail::inner_edges(bins_, rows.confidence);
    const at::Tensor bin = detail::bin_index(rows.confidence, edges_, bins_.side());
    detail::add_to(sums_, detail::pair_sums(bin, rows.kept, rows.weight, rows.confidence, rows.hit,
                                            static_cast<std::int64_t>(bins_.size())));
  }

  detail::device_stream stream_;
  binning bins_;
  at::Tensor edges_;
  at::Tensor sums_;  // [6, B]: see detail::pair_sums()
};

}  // namespace calibra
