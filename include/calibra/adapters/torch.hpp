// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

// clang-format off: ATen first, since the logging macros that some builds of it define (CHECK, LOG)
// must be there before those of a test framework replace them.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
// clang-format on

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/torch/detail/device_class_samples.hpp"
#include "calibra/torch/detail/host_tensor.hpp"
#include "calibra/torch/detail/tensor_recalibration.hpp"
#include "calibra/torch/device_classwise_table.hpp"
#include "calibra/torch/device_sample.hpp"
#include "calibra/torch/device_summary.hpp"
#include "calibra/torch/device_table.hpp"

/// \file
/// LibTorch: every function that takes scores and labels takes at::Tensor, `ece(logits(t), y)`.
///
/// Tensors on the CPU are viewed where they lie (any strides; float32, float64, float16, bfloat16;
/// labels, weights and masks of any integer type, bool or number) and go through the same code as
/// every other array. Tensors on another device stay there: confidences, hits and sums are
/// made in ATen operations (calibra/torch/), and each call makes one host synchronisation, when it
/// reads what it found. There labels, weights and masks have to be tensors on the same device.
/// Gradients are not recorded: the losses of calibra/torch/ are for that.

namespace calibra {

/// LibTorch's operations behind every metric: see tensor_backend. On a device each makes one host
/// synchronisation, when it reads what it found.
template<>
struct tensor_backend<at::Tensor> {
  static bool on_host(const at::Tensor& t) { return detail::on_host(t); }
  static calibra::precision precision_of(const at::Tensor& t) {
    return t.scalar_type() == at::kDouble ? precision::float64 : precision::float32;
  }
  static std::size_t rows(const at::Tensor& t) { return static_cast<std::size_t>(t.size(0)); }
  static std::size_t cols(const at::Tensor& t) { return static_cast<std::size_t>(t.size(1)); }
  static at::Tensor column(const at::Tensor& t, std::size_t j) {
    return t.select(1, static_cast<std::int64_t>(j));
  }
  static std::string describe(const at::Tensor& t) { return detail::describe(t); }
  static const at::Tensor& tensor(const at::Tensor& t) { return t; }
  /// The targets of multi-label scores.
  static at::Tensor targets(std::string_view where, const at::Tensor& t) {
    at::Tensor y = detail::plain(where, t);
    if (y.dim() != 2)
      throw shape_error(
          detail::concat(where, ": expected targets, samples x labels, got ", detail::describe(t)));
    if (!detail::is_whole(y))
      throw value_error(detail::concat(where, ": expected targets of an integer type, got ",
                                       detail::describe(t)));
    return y;
  }

  template<score_kind K, class F>
  static decltype(auto) with_host_scores(const at::Tensor& t, F f) {
    return detail::with_host_scores(detail::make_scores<K>(t), f);
  }
  template<class F>
  static decltype(auto) with_host_pairs(const at::Tensor& confidence, const at::Tensor& hit, F f) {
    if (!detail::on_host(hit))
      throw value_error(detail::concat("confidences(): confidences are ",
                                       detail::describe(confidence), ", hits are ",
                                       detail::describe(hit)));
    return detail::visit_real(confidence, [&]<class C>(std::type_identity<C>) {
      return detail::visit_whole(hit, [&]<class H>(std::type_identity<H>) {
        return f(confidences(detail::column_view<C>(confidence), detail::column_view<H>(hit)));
      });
    });
  }

  static std::uint64_t valid_rows(const at::Tensor& scores,
                                  const optional_column<unsigned char>& valid) {
    const at::Tensor mask = detail::on_device("evaluate()", "mask entries", valid, scores);
    return static_cast<std::uint64_t>(mask.ne(0).sum().item<std::int64_t>());
  }
  template<score_kind K>
  static summary means(std::string_view where, const at::Tensor& scores,
                       const optional_column<std::int64_t>& labels, const row_options& o,
                       std::uint64_t& skipped) {
    return read(make<K>(scores), labels, o, skipped, device_summary(rows_only(o), where));
  }
  template<score_kind K>
  static reliability_table table(std::string_view where, const at::Tensor& scores,
                                 const optional_column<std::int64_t>& labels, const row_options& o,
                                 const binning& bins, std::uint64_t& skipped) {
    return read(make<K>(scores), labels, o, skipped, device_table(rows_only(o), bins, where));
  }
  template<score_kind K>
  static sample pairs(std::string_view where, const at::Tensor& scores,
                      const optional_column<std::int64_t>& labels, const row_options& o,
                      std::uint64_t& skipped) {
    device_sample collected(rows_only(o), where);
    add(collected, make<K>(scores), labels, o);
    std::vector<std::size_t> row;
    sample result = collected.read(&row);
    skipped = collected.skipped();
    if (o.proximity) {
      if (o.proximity.size() != rows(scores))
        throw shape_error(detail::concat(where, ": expected ", rows(scores), " proximities, got ",
                                         o.proximity.size()));
      const optional_column<double> proximity = readable(o.proximity);
      for (const std::size_t i : row) result.add_proximity(proximity.get()[i], i);
    }
    return result;
  }
  template<score_kind K>
  static classwise_table classes(std::string_view where, const at::Tensor& scores,
                                 const optional_column<std::int64_t>& labels, const row_options& o,
                                 const binning& bins, std::uint64_t& skipped) {
    return read(make<K>(scores), labels, o, skipped,
                device_classwise_table(rows_only(o), bins, where));
  }
  template<score_kind K, class Visit>
  static void for_each_class(std::string_view where, const at::Tensor& scores,
                             const optional_column<std::int64_t>& labels, const row_options& o,
                             Visit visit, std::uint64_t& skipped) {
    detail::for_each_device_class(where, make<K>(scores), labels, o, precision_of(scores), visit,
                                  skipped);
  }

 private:
  template<score_kind K>
  static auto make(const at::Tensor& t) {
    return detail::make_scores<K>(t);
  }
  /// Proximities where the host can read them: it is there that they meet their pairs.
  static optional_column<double> readable(const optional_column<double>& x) {
    const at::Tensor* t = x.handle<at::Tensor>();
    return t == nullptr || detail::on_host(*t) ? x : optional_column<double>(t->to(at::kCPU));
  }
  static row_options rows_only(row_options o) {
    o.weights = {};
    o.valid = {};
    o.proximity = {};
    return o;
  }
  template<class Accumulator, class S>
  static void add(Accumulator& sums, const S& scores, const optional_column<std::int64_t>& labels,
                  const row_options& o) {
    sums.add(scores, labels, {o.weights, o.valid});
    if (o.progress) o.progress(static_cast<std::uint64_t>(scores.view().size(0)));
  }
  template<class Accumulator, class S>
  static auto read(const S& scores, const optional_column<std::int64_t>& labels,
                   const row_options& o, std::uint64_t& skipped, Accumulator sums) {
    add(sums, scores, labels, o);
    auto result = sums.read();
    skipped = sums.skipped();
    return result;
  }
};

}  // namespace calibra
