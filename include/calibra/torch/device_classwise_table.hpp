// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "calibra/table/classwise_table.hpp"
#include "calibra/torch/device_stream.hpp"

namespace calibra {

/// A classwise_table that fills on the device of the scores, as device_table does and with the same
/// rules. logits() and probabilities() with labels N, or the multi-label kinds with targets N x L
/// of 0 and 1 on the same device. Memory: 48 K B bytes on the device; temporaries of a few times
/// the size of the scores, a million elements at a time.
class device_classwise_table {
 public:
  explicit device_classwise_table(const options& o = {})
      : stream_("device_classwise_table", detail::stream_options("device_classwise_table", o)),
        bins_(detail::device_bins("device_classwise_table", o)) {}
  /// The same for bins that are given. Errors name `where`.
  device_classwise_table(const row_options& o, binning bins,
                         std::string_view where = "device_classwise_table")
      : stream_(where, detail::stream_options(where, o)),
        bins_(detail::by_edges(where, std::move(bins))) {}

  template<tensor_scores S>
  requires(S::kind == score_kind::logits || S::kind == score_kind::probabilities) void add(
      const S& scores, const optional_column<std::int64_t>& labels,
      const device_batch_options& with = {}) {
    detail::device_rows rows;
    if (!stream_.next(scores, labels, with, {.classes = true}, rows)) return;
    const at::NoGradGuard no_grad;
    const auto k = stream_.classes();
    for_each_part(rows.classes, [&](std::int64_t first, std::int64_t n) {
      const at::Tensor p = rows.classes.narrow(0, first, n).to(at::kDouble);
      const at::Tensor of_class = at::arange(k, rows.label.options()).unsqueeze(0);
      const at::Tensor hit = rows.label.narrow(0, first, n).unsqueeze(1).eq(of_class);
      const at::Tensor kept = rows.kept.narrow(0, first, n).unsqueeze(1);
      at::Tensor weight;
      if (rows.weight.defined()) weight = rows.weight.narrow(0, first, n).unsqueeze(1);
      add_pairs(p, hit.logical_and(kept), kept, weight);
    });
    detail::add_to(samples_, rows.kept.sum(at::kDouble));
  }

  template<tensor_scores S>
  requires(
      S::kind == score_kind::multilabel_logits ||
      S::kind ==
          score_kind::multilabel_probabilities) void add(const S& scores, const at::Tensor& targets,
                                                         const device_batch_options& with = {}) {
    const at::NoGradGuard no_grad;
    const at::Tensor& x = scores.view();
    if (!targets.defined() || targets.sizes() != x.sizes() || !detail::is_whole(targets))
      throw shape_error(detail::concat("device_classwise_table: scores are ", detail::describe(x),
                                       ", targets are ", detail::describe(targets),
                                       "; expected integers of the same shape"));
    if (targets.device() != x.device())
      throw value_error(detail::concat("device_classwise_table: scores are ", detail::describe(x),
                                       ", targets are ", detail::describe(targets)));
    // Every entry is a binary sample of its own; rows of weights and masks are repeated.
    const auto flat = [&](const at::Tensor& column) {
      return column.unsqueeze(1).expand(x.sizes()).reshape({-1});
    };
    device_batch_options entries;
    if (with.weights)
      entries.weights =
          flat(detail::on_device("device_classwise_table", "weights", with.weights, x));
    if (with.valid)
      entries.valid =
          flat(detail::on_device("device_classwise_table", "mask entries", with.valid, x));
    constexpr score_kind binary = S::kind == score_kind::multilabel_logits
                                      ? score_kind::binary_logits
                                      : score_kind::binary_probabilities;
    stream_.of_entries(x.size(1));
    detail::device_rows rows;
    if (!stream_.next(detail::make_scores<binary>(x.reshape({-1})), targets.reshape({-1}), entries,
                      {}, rows))
      return;
    const auto shaped = [&](const at::Tensor& t) { return t.defined() ? t.reshape(x.sizes()) : t; };
    add_pairs(shaped(rows.confidence), shaped(rows.hit), shaped(rows.kept), shaped(rows.weight));
    detail::add_to(samples_, with.valid ? shaped(rows.valid).select(1, 0).sum(at::kDouble)
                                        : at::full({}, static_cast<double>(x.size(0)),
                                                   rows.confidence.options()));
  }

  /// The tables so far: the one host synchronisation. Throws value_error for bad input.
  classwise_table read() const {
    const auto k =
        static_cast<std::size_t>(stream_.is_of_entries() ? stream_.columns() : stream_.classes());
    classwise_table tables(bins_, k);
    if (!sums_.defined()) return tables;
    const at::Tensor host = stream_.read(at::cat({sums_.reshape({-1}), samples_.reshape({1})}));
    const double* s = host.data_ptr<double>();
    const std::size_t b = bins_.size(), n = k * b;
    for (std::size_t j = 0; j < k; ++j)
      for (std::size_t i = 0; i < b; ++i) {
        tables.add_sums(j, i, detail::sums_at(s, j * b + i, n));
      }
    tables.add_samples(static_cast<std::uint64_t>(s[6 * n]));
    return tables;
  }

  std::uint64_t skipped() const { return stream_.skipped(); }
  std::int64_t rows() const { return stream_.rows(); }

  device_classwise_table& operator+=(const device_classwise_table& other) {
    if (!(bins_ == other.bins_))
      throw option_error("device_classwise_table: cannot merge tables of different binnings");
    const at::NoGradGuard no_grad;
    stream_.append(other.stream_);
    if (other.sums_.defined()) {
      detail::add_to(sums_, other.sums_);
      detail::add_to(samples_, other.samples_);
    }
    return *this;
  }

  void reset() {
    stream_.reset();
    sums_ = samples_ = at::Tensor();
  }

 private:
  /// f(first row, rows) for parts of about a million elements.
  template<class F>
  static void for_each_part(const at::Tensor& matrix, F f) {
    const std::int64_t n = matrix.size(0);
    const std::int64_t most = std::max<std::int64_t>(1, (std::int64_t{1} << 20) / matrix.size(1));
    for (std::int64_t first = 0; first < n; first += most) f(first, std::min(most, n - first));
  }

  /// Pairs [N, K]; `kept` and `weight` [N, K] or [N, 1].
  void add_pairs(const at::Tensor& p, const at::Tensor& hit, const at::Tensor& kept,
                 const at::Tensor& weight) {
    if (!edges_.defined() || edges_.device() != p.device()) edges_ = detail::inner_edges(bins_, p);
    const auto bins = static_cast<std::int64_t>(bins_.size());
    const at::Tensor slot =
        at::arange(p.size(1), hit.options().dtype(at::kLong)).unsqueeze(0) * bins;
    const at::Tensor bin = detail::bin_index(p.contiguous(), edges_, bins_.side()) + slot;
    const auto flat = [&](const at::Tensor& t) {
      return t.defined() ? t.expand(p.sizes()).reshape({-1}) : t;
    };
    detail::add_to(sums_, detail::pair_sums(flat(bin), flat(kept), flat(weight), flat(p), flat(hit),
                                            p.size(1) * bins));
  }

  detail::device_stream stream_;
  binning bins_;
  at::Tensor edges_;
  at::Tensor sums_;     // [6, K B]
  at::Tensor samples_;  // []
};

}  // namespace calibra
