// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "calibra/options.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/torch/detail/device_rows.hpp"

namespace calibra {

/// What comes with one batch besides scores and labels. Tensors on the device of the scores.
struct device_batch_options {
  optional_column<double> weights = {};
  optional_column<unsigned char> valid = {};
};

namespace detail {

/// What every accumulator on a device shares: the options, the faults, and how many rows went by.
class device_stream {
 public:
  device_stream(std::string_view where, row_options o) : where_(where), options_(std::move(o)) {
    options_.weights = {};
    options_.valid = {};
  }

  /// From here on samples are the entries of multi-label scores, `columns` a row.
  void of_entries(std::int64_t columns) {
    if (classes_ != 0 && (!entries_ || columns_ != columns))
      throw shape_error(concat(where_, ": scores have ", columns,
                               " labels, the batches before had ", entries_ ? columns_ : classes_,
                               entries_ ? " labels" : " classes"));
    entries_ = true;
    columns_ = columns;
  }
  bool is_of_entries() const { return entries_; }
  std::int64_t columns() const { return columns_; }

  const row_options& settings() const { return options_; }
  std::int64_t rows() const { return rows_ / columns_; }
  std::int64_t classes() const { return classes_; }

  /// Passes over a batch. False where it has no rows.
  template<tensor_scores S>
  bool next(const S& scores, const optional_column<std::int64_t>& labels,
            const device_batch_options& with, device_needs needs, device_rows& rows) {
    static_assert(!is_multilabel<S>,
                  "calibra: multi-label scores give one table a label: device_classwise_table");
    const at::NoGradGuard no_grad;
    const at::Tensor& x = scores.view();
    if (faults_.tensor().defined() && faults_.tensor().device() != x.device())
      throw value_error(concat(where_, ": scores are ", describe(x),
                               ", the batches before were on ", faults_.tensor().device().str()));
    row_options o = options_;
    o.weights = with.weights;
    o.valid = with.valid;
    if (entries_) {
      o.nan = nan_policy::reject;
      o.binary = binary_target::positive_class;
    }
    device_batch batch(where_, S::kind, x, labels, o, needs);
    if (classes_ != 0 && batch.classes() != classes_)
      throw shape_error(concat(where_, ": scores are ", describe(x), ", the batches before had ",
                               classes_, " classes"));
    classes_ = batch.classes();
    if (x.size(0) == 0) return false;
    rows = batch.pass(rows_, faults_);
    rows_ += x.size(0);
    return true;
  }

  /// `sums` on the host, in the one copy of a read; throws where the input had a fault.
  at::Tensor read(const at::Tensor& sums) const {
    const at::NoGradGuard no_grad;
    const at::Tensor all =
        at::cat({faults_.tensor(), sums.reshape({-1})}).to(at::kCPU).contiguous();
    skipped_ = device_faults::check(where_, all.data_ptr<double>(), classes_, columns_);
    return all.narrow(0, device_faults::kinds, all.size(0) - device_faults::kinds)
        .reshape(sums.sizes());
  }
  /// Samples that nan_policy::count left out, as of the last read.
  std::uint64_t skipped() const { return skipped_; }

  /// After the rows of `other`; its row numbers follow these.
  void append(const device_stream& other) {
    if (other.classes_ == 0) return;
    if (classes_ != 0 &&
        (classes_ != other.classes_ || columns_ != other.columns_ || entries_ != other.entries_))
      throw shape_error(concat(where_, ": cannot merge ", other.width(), " into ", width()));
    const at::Tensor& theirs = other.faults_.tensor();
    if (theirs.defined()) {
      if (faults_.tensor().defined() && faults_.tensor().device() != theirs.device())
        throw value_error(concat(where_, ": cannot merge sums on ", theirs.device().str(),
                                 " into sums on ", faults_.tensor().device().str(),
                                 "; read() both and merge what they give"));
      at::Tensor shift =
          at::full({device_faults::kinds}, static_cast<double>(rows_), theirs.options());
      shift.narrow(0, device_faults::kinds - 1, 1).zero_();
      faults_.merge(theirs + shift);
    }
    classes_ = other.classes_;
    columns_ = other.columns_;
    entries_ = other.entries_;
    rows_ += other.rows_;
  }

  void reset() {
    faults_.reset();
    rows_ = 0;
    classes_ = 0;
    columns_ = 1;
    entries_ = false;
    skipped_ = 0;
  }

 private:
  std::string width() const {
    return entries_ ? concat(columns_, " labels") : concat(classes_, " classes");
  }

  std::string where_;
  row_options options_;
  device_faults faults_;
  std::int64_t rows_ = 0;  // of multi-label scores: entries
  std::int64_t classes_ = 0;
  std::int64_t columns_ = 1;
  bool entries_ = false;
  mutable std::uint64_t skipped_ = 0;
};

inline binning by_edges(std::string_view where, binning bins) {
  if (!bins.by_edges())
    throw option_error(
        concat(where, ": expected bins between edges, got a rule; use device_sample"));
  return bins;
}

/// The bins that a device can fill. Throws option_error for equal-mass ones and those by a rule.
inline binning device_bins(std::string_view where, const options& o) {
  if (o.for_bins().equal_mass())
    throw option_error(concat(where, ": equal-mass bins need the whole sample; use device_sample"));
  if (o.like)
    throw option_error(concat(where,
                              ": conventions are for evaluate(); a device table has the bins "
                              "of its options"));
  return by_edges(where, o.fixed_bins());
}
/// What an accumulator keeps of its options. Weights, masks and proximities come with each batch.
inline row_options stream_options(std::string_view where, const row_options& o) {
  if (o.weights || o.valid || o.proximity)
    throw option_error(concat(where,
                              ": weights, masks and proximities come with each batch; give "
                              "them to add()"));
  return o;
}

/// The sums of bin b of `bins` as pair_sums() orders them.
inline bin_sums sums_at(const double* s, std::size_t b, std::size_t bins) {
  return {.count = static_cast<std::uint64_t>(s[b]),
          .weight = s[bins + b],
          .squared_weight = s[2 * bins + b],
          .confidence = s[3 * bins + b],
          .hits = s[4 * bins + b],
          .squared_miss = s[5 * bins + b]};
}

/// Adds `more` to running sums, which it becomes if they are none.
inline void add_to(at::Tensor& sums, const at::Tensor& more) {
  sums = sums.defined() ? sums + more : more;
}

/// [M, bins] sums of count, weight, squared weight, confidence, hits and squared misses, by bin.
/// `factor`: what weights have been divided by, undefined for none.
inline at::Tensor pair_sums(const at::Tensor& bin, const at::Tensor& count,
                            const at::Tensor& weight, const at::Tensor& confidence,
                            const at::Tensor& hit, std::int64_t bins) {
  const at::Tensor one = count.to(at::kDouble);
  const at::Tensor hits = hit.to(at::kDouble);
  const at::Tensor off = confidence - hits;
  const at::Tensor miss = off * off;
  if (!weight.defined()) {
    const at::Tensor s =
        ordered_sums(bin, at::stack({one, confidence * one, hits, miss * one}), bins);
    return at::stack({s[0], s[0], s[0], s[1], s[2], s[3]});
  }
  const auto [part, power] = scaled_weights(weight);
  const at::Tensor s = ordered_sums(
      bin, at::stack({one, part, part * part, part * confidence, part * hits, part * miss}), bins);
  return at::stack(
      {s[0], s[1] * power, s[2] * power * power, s[3] * power, s[4] * power, s[5] * power});
}

}  // namespace detail
}  // namespace calibra
