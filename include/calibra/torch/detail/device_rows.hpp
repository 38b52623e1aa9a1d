// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "calibra/options.hpp"
#include "calibra/rows/row_checks.hpp"
#include "calibra/torch/detail/describe.hpp"
#include "calibra/torch/detail/host_tensor.hpp"

// Scores to confidences and hits on a tensor's own device: what rows/row_pass.hpp does on the host,
// in operations that neither read an element back nor have shapes that depend on one.
namespace calibra::detail {

/// Beyond confidence and hit, what a pass over a batch has to give.
struct device_needs {
  bool proper_scores = false;  ///< log-likelihood and Brier term
  bool classes = false;        ///< the probabilities of all classes
};

/// What is known of a batch of N samples. Every tensor is on the device of the scores.
struct device_rows {
  at::Tensor confidence;      ///< [N] float64; 0 where the sample is left out
  at::Tensor hit;             ///< [N] bool; false where it is left out
  at::Tensor correct;         ///< [N] bool: the predicted class is the label
  at::Tensor valid;           ///< [N] bool: what options::valid says
  at::Tensor kept;            ///< [N] bool
  at::Tensor weight;          ///< [N] float64, 0 where left out; undefined where all weigh the same
  at::Tensor log_likelihood;  ///< [N] float64
  at::Tensor brier;           ///< [N] float64, sum over classes
  at::Tensor classes;         ///< [N, K] probabilities in the type they are computed in
  at::Tensor label;           ///< [N] int64, in [0, K)
};

/// The row of no row: beyond all that there can be.
inline constexpr double no_row = 0x1p62;

/// What is wrong with the input, found on the device and told when something is read: the first
/// row of each kind of fault, and how many rows were left out and counted.
class device_faults {
 public:
  static constexpr std::int64_t kinds = 6;

  /// [kinds] float64 on the device: first rows, then the number of skipped ones.
  const at::Tensor& tensor() const { return first_; }
  void reset() { first_ = at::Tensor(); }

  /// `label`, ..., `sum`: [N] bool, undefined where there can be no such fault.
  void note(const std::array<at::Tensor, kinds - 1>& faults, const at::Tensor& skipped,
            const at::Tensor& row) {
    std::array<at::Tensor, kinds> found;
    const auto none = at::full({}, no_row, row.options());
    for (std::size_t f = 0; f < faults.size(); ++f)
      found[f] = faults[f].defined() ? at::where(faults[f], row, none).amin() : none;
    found.back() = skipped.defined() ? skipped.sum(at::kDouble) : at::zeros({}, row.options());
    merge(at::stack(found));
  }
  void merge(const at::Tensor& other) {
    if (!other.defined()) return;
    first_ = first_.defined()
                 ? at::cat({at::minimum(first_, other).narrow(0, 0, kinds - 1),
                            first_.narrow(0, kinds - 1, 1) + other.narrow(0, kinds - 1, 1)})
                 : other;
  }

  /// Throws the fault of the first row that has one. `read` is the tensor's host copy. Returns the
  /// number of samples that were skipped. `columns`: of multi-label scores, whose samples are
  /// single entries.
  static std::uint64_t check(std::string_view where, const double* read, std::int64_t classes,
                             std::int64_t columns = 1) {
    static constexpr std::array<std::string_view, kinds - 1> what = {
        "the label is not in [0, ", "the weight is not in [0, inf)",
        "a score is not finite, or every logit is -inf",
        "a probability is not in [0, 1]; if these are logits, give them as logits",
        "the probabilities do not sum to 1; renormalise them or, if these are logits, give them as "
        "logits"};
    std::size_t first = 0;
    for (std::size_t f = 1; f < what.size(); ++f)
      if (read[f] < read[first]) first = f;
    if (read[first] < no_row) {
      const auto sample = static_cast<std::int64_t>(read[first]);
      const std::string column = columns == 1 ? "" : concat(", column ", sample % columns);
      throw value_error(concat(where, ": ", what[first], first == 0 ? concat(classes, ")") : "",
                               ", at row ", sample / columns, column));
    }
    return static_cast<std::uint64_t>(read[kinds - 1]);
  }

 private:
  at::Tensor first_;
};

/// The tensor behind an option, which has to be on the device of the scores.
template<class To>
at::Tensor on_device(std::string_view where, std::string_view what, const optional_column<To>& x,
                     const at::Tensor& scores) {
  const at::Tensor* t = x.template handle<at::Tensor>();
  if (t == nullptr)
    throw value_error(concat(where, ": scores are ", describe(scores), ", ", what,
                             " in host memory; expected a tensor on the same device"));
  if (t->device() != scores.device())
    throw value_error(
        concat(where, ": scores are ", describe(scores), ", ", what, " are ", describe(*t)));
  if (t->size(0) != scores.size(0))
    throw shape_error(concat(where, ": expected ", scores.size(0), " ", what, " to match ",
                             scores.size(0), " rows, got ", t->size(0)));
  return *t;
}

/// The bound of row_sum_tolerance() for the type of a tensor.
inline double sum_tolerance(const at::Tensor& scores) {
  return visit_real(scores, [&]<class T>(std::type_identity<T>) {
    return row_sum_tolerance<T>(static_cast<std::size_t>(scores.size(1)));
  });
}

/// One batch of scores with its labels.
class device_batch {
 public:
  device_batch(std::string_view where, score_kind kind, const at::Tensor& scores,
               const optional_column<std::int64_t>& labels, const row_options& o,
               device_needs needs)
      : kind_(kind), options_(o), needs_(needs), scores_(scores) {
    if (scores.dim() == 2 && scores.size(1) == 0)
      throw shape_error(concat(where, ": expected at least 1 class, got ", describe(scores)));
    const at::Tensor y = on_device(where, "labels", labels, scores);
    x_ = scores.to(scores.scalar_type() == at::kDouble || binary() ? at::kDouble : at::kFloat);
    rows_.label = y.to(at::kLong);
    rows_.valid = o.valid ? on_device(where, "mask entries", o.valid, scores).ne(0)
                          : at::ones_like(rows_.label, at::kBool);
    rows_.kept = rows_.valid;
    if (o.ignore_label) rows_.kept = rows_.kept.logical_and(rows_.label.ne(*o.ignore_label));
    if (o.weights) rows_.weight = on_device(where, "weights", o.weights, scores).to(at::kDouble);
  }

  std::int64_t classes() const { return binary() ? 2 : scores_.size(1); }

  /// The batch's rows; `first` is the number of rows before it. Faults go to `faults`.
  device_rows pass(std::int64_t first, device_faults& faults) {
    check_labels();
    switch (kind_) {
      case score_kind::logits:
        softmax();
        break;
      case score_kind::probabilities:
        simplex();
        break;
      default:
        sigmoid();
    }
    const auto row =
        at::arange(first, first + scores_.size(0), rows_.label.options()).to(at::kDouble);
    at::Tensor skipped;
    if (options_.nan == nan_policy::count) skipped = countable_;
    for (at::Tensor& fault : faults_)
      if (fault.defined()) fault = fault.logical_and(rows_.kept);
    faults.note(faults_, skipped, row);
    finish();
    return rows_;
  }

 private:
  enum fault_kind : std::size_t { bad_label, bad_weight, bad_score, bad_range, bad_sum };

  bool binary() const {
    return kind_ == score_kind::binary_logits || kind_ == score_kind::binary_probabilities;
  }

  void check_labels() {
    faults_[bad_label] = rows_.label.lt(0).logical_or(rows_.label.ge(classes()));
    rows_.label = rows_.label.clamp(0, classes() - 1);
    if (rows_.weight.defined())  // NaN and inf included
      faults_[bad_weight] = rows_.weight.ge(0).logical_and(rows_.weight.lt(infinity)).logical_not();
  }

  /// Rows with NaN or +inf are faults, or are left out and counted. `fatal`: faults in any case.
  void leave_out(const at::Tensor& countable, const at::Tensor& fatal) {
    if (options_.nan == nan_policy::reject) {
      faults_[bad_score] = countable.logical_or(fatal);
      return;
    }
    countable_ = countable.logical_and(rows_.kept);
    rows_.kept = rows_.kept.logical_and(countable.logical_not());
    faults_[bad_score] = fatal;
  }

  at::Tensor at_label(const at::Tensor& values) const {
    return values.gather(1, rows_.label.unsqueeze(1)).squeeze(1).to(at::kDouble);
  }

  void softmax() {
    const auto [largest, arg_max] = x_.max(1);
    const at::Tensor shifted = x_ - largest.unsqueeze(1);
    const at::Tensor e = shifted.exp();
    const at::Tensor sum = e.sum(1, false, at::kDouble);
    const at::Tensor masked = largest.eq(-infinity);
    leave_out(sum.ne(sum).logical_and(masked.logical_not()), masked);
    rows_.confidence = sum.reciprocal();
    rows_.hit = rows_.correct = arg_max.eq(rows_.label);
    if (needs_.proper_scores) {
      const at::Tensor u = at_label(shifted);
      const at::Tensor second = (e * e).sum(1, false, at::kDouble);
      rows_.log_likelihood = u - sum.log();
      rows_.brier = ((second * rows_.confidence - 2 * u.exp()) * rows_.confidence + 1).clamp_min(0);
    }
    if (needs_.classes) rows_.classes = e * rows_.confidence.to(e.scalar_type()).unsqueeze(1);
  }

  void simplex() {
    const auto [largest, arg_max] = x_.max(1);
    const at::Tensor smallest = x_.amin(1);
    const at::Tensor sum = x_.sum(1, false, at::kDouble);
    const at::Tensor countable = sum.ne(sum).logical_or(sum.eq(infinity));
    leave_out(countable, at::zeros_like(countable));
    const double tolerance = sum_tolerance(scores_);
    const at::Tensor bad = smallest.lt(0)
                               .logical_or(largest.to(at::kDouble).gt(1 + tolerance))
                               .logical_or(sum.eq(-infinity));
    const at::Tensor off = (sum - 1).abs().gt(tolerance);
    at::Tensor scale = at::ones_like(sum);
    faults_[bad_range] = bad;
    faults_[bad_sum] = off.logical_and(bad.logical_not());
    if (options_.renormalise) {
      const at::Tensor scalable = smallest.ge(0).logical_and(sum.gt(0));
      scale = at::where(scalable, sum, scale);
      for (const fault_kind f : {bad_range, bad_sum})
        faults_[f] = faults_[f].logical_and(scalable.logical_not());
    }
    rows_.confidence = (largest.to(at::kDouble) / scale).clamp_max(1);
    rows_.hit = rows_.correct = arg_max.eq(rows_.label);
    if (needs_.proper_scores) {
      const at::Tensor p = at_label(x_) / scale;
      const at::Tensor second = (x_ * x_).sum(1, false, at::kDouble);
      rows_.log_likelihood = p.clamp_max(1).log();
      rows_.brier = (second / (scale * scale) - 2 * p + 1).clamp_min(0);
    }
    if (needs_.classes)
      rows_.classes = options_.renormalise ? (x_ / scale.unsqueeze(1)).to(x_.scalar_type()) : x_;
  }

  void sigmoid() {
    const bool is_logit = kind_ == score_kind::binary_logits;
    const at::Tensor countable = x_.ne(x_).logical_or(x_.eq(infinity));
    leave_out(countable, is_logit ? x_.eq(-infinity) : at::zeros_like(countable));
    if (!is_logit) faults_[bad_range] = x_.ge(0).logical_and(x_.le(1)).logical_not();
    const at::Tensor p = is_logit ? at::sigmoid(x_) : x_;
    const at::Tensor label = rows_.label.eq(1);
    const at::Tensor correct = p.gt(0.5).eq(label);
    rows_.correct = correct;
    if (options_.binary == binary_target::positive_class) {
      rows_.confidence = p;
      rows_.hit = label;
    } else {
      rows_.confidence = at::maximum(p, 1 - p);
      rows_.hit = correct;
    }
    if (needs_.proper_scores) {
      rows_.log_likelihood =
          is_logit ? at::where(label, x_, -x_).clamp_max(0) - x_.abs().neg().exp().log1p()
                   : at::where(label, p.log(), p.neg().log1p());
      const at::Tensor miss = at::where(label, 1 - p, p);
      rows_.brier = 2 * miss * miss;
    }
  }

  /// What is left out counts as nothing; what is wrong will be told, and must not poison sums.
  void finish() {
    const at::Tensor zero = at::zeros({}, rows_.confidence.options());
    rows_.confidence = at::where(rows_.kept, rows_.confidence, zero).clamp(0, 1).nan_to_num(0);
    rows_.hit = rows_.hit.logical_and(rows_.kept);
    rows_.correct = rows_.correct.logical_and(rows_.kept);
    if (rows_.weight.defined())
      rows_.weight =
          at::where(rows_.kept.logical_and(faults_[bad_weight].logical_not()), rows_.weight, zero);
    if (rows_.classes.defined()) {
      const at::Tensor nothing = at::zeros({}, rows_.classes.options());
      rows_.classes =
          at::where(rows_.kept.unsqueeze(1), rows_.classes, nothing).clamp(0, 1).nan_to_num(0);
    }
  }

  static constexpr double infinity = std::numeric_limits<double>::infinity();

  score_kind kind_;
  const row_options& options_;
  device_needs needs_;
  at::Tensor scores_, x_, countable_;
  device_rows rows_;
  std::array<at::Tensor, device_faults::kinds - 1> faults_;
};

/// Sums by bin that no order of additions can change: values in [0, 1] are added up as integers,
/// multiples of 2^-52 (2^-41 in parts of 2^20 samples), so that atomics may work in any order.
/// `bin`: [N] int64 in [0, bins). `values`: [M, N] float64. Returns [M, bins] float64.
inline at::Tensor ordered_sums(const at::Tensor& bin, const at::Tensor& values, std::int64_t bins) {
  constexpr std::int64_t most = std::int64_t{1} << 20;
  const std::int64_t n = values.size(1);
  at::Tensor sums = at::zeros({values.size(0), bins}, values.options());
  for (std::int64_t first = 0; first < n; first += most) {
    const std::int64_t count = std::min(most, n - first);
    const int bits = std::min(52, 62 - static_cast<int>(std::ceil(std::log2(count + 1))));
    const at::Tensor whole =
        values.narrow(1, first, count).mul(std::ldexp(1.0, bits)).round().to(at::kLong);
    const at::Tensor index = bin.narrow(0, first, count).unsqueeze(0).expand(whole.sizes());
    const at::Tensor total =
        at::zeros({values.size(0), bins}, whole.options()).scatter_add(1, index, whole);
    sums = sums + total.to(at::kDouble).mul(std::ldexp(1.0, -bits));
  }
  return sums;
}

/// What ordered_sums() takes for weights of any size: the weights as parts of a power of two that
/// is at least the largest, and that power, [] float64.
inline std::tuple<at::Tensor, at::Tensor> scaled_weights(const at::Tensor& weight) {
  const at::Tensor largest = weight.amax();
  const at::Tensor power =
      at::where(largest.gt(0), largest.log2().ceil().exp2(), at::ones({}, largest.options()));
  return {(weight / power).clamp_max(1), power};
}

/// The edges between the bins, on a device: made there, without a copy from the host.
inline at::Tensor inner_edges(const binning& bins, const at::Tensor& like) {
  const auto options = like.options().dtype(at::kDouble).requires_grad(false);
  const auto n = static_cast<std::int64_t>(bins.size());
  if (bins == binning::equal_width(bins.size(), bins.side()))
    return at::arange(1, n, options) / static_cast<double>(n);
  std::vector<at::Tensor> edges;
  for (std::size_t b = 1; b < bins.size(); ++b)
    edges.push_back(at::full({1}, bins.edges()[b], options));
  return edges.empty() ? at::empty({0}, options) : at::cat(edges);
}

inline at::Tensor bin_index(const at::Tensor& confidence, const at::Tensor& edges, edge_side side) {
  return at::bucketize(confidence, edges, /*out_int32=*/false,
                       /*right=*/side == edge_side::left_closed);
}

}  // namespace calibra::detail
