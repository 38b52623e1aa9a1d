// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "calibra/detail/element_checks.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/detail/single_passes.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/torch/detail/device_sums.hpp"
#include "calibra/torch/device_stream.hpp"

namespace calibra::detail {

/// Scores of N x K on a device as rows in a form.
inline at::Tensor device_form(score_kind kind, const at::Tensor& scores, row_form form,
                              bool renormalise) {
  const bool wide = scores.scalar_type() == at::kDouble;
  if (kind == score_kind::logits) {
    const at::Tensor z = scores.to(wide ? at::kDouble : at::kFloat);
    return form == row_form::logits ? bounded_logits(z) : at::softmax(z, 1);
  }
  at::Tensor p = scores.to(at::kDouble);
  if (renormalise) p = p / p.sum(1, true);
  return form == row_form::logits ? clipped_log(p) : p;
}

/// The samples of a fit on a device. They cannot be walked: what has to throws value_error.
class device_fit_samples final : public class_samples {
 public:
  template<tensor_scores S>
  device_fit_samples(std::string_view where, const S& scores,
                     const optional_column<std::int64_t>& labels, const row_options& o)
      : class_samples(static_cast<std::size_t>(scores.view().size(1)), S::kind),
        where_(where),
        device_(scores.view().device().str()) {
    const at::NoGradGuard no_grad;
    device_stream stream(where, o);
    device_rows rows;
    if (!stream.next(scores, labels, {o.weights, o.valid}, {}, rows)) return;
    const at::Tensor weight = rows.weight.defined() ? rows.weight : rows.kept.to(at::kDouble);
    const at::Tensor z = device_form(S::kind, scores.view(), row_form::logits, o.renormalise);
    const at::Tensor x = at::where(weight.gt(0).unsqueeze(1), z, at::zeros({}, z.options()));
    // A weight that is told by its row.
    const at::Tensor number = at::arange(weight.size(0), weight.options());
    const at::Tensor bad = weight.gt(1e100).logical_or(weight.gt(0).logical_and(weight.lt(1e-100)));
    const at::Tensor found = stream.read(
        at::stack({weight.sum(), weight.amax(), x.abs().amax().to(at::kDouble),
                   at::where(bad, number, at::full({}, no_row, number.options())).amin()}));
    const double* s = found.data_ptr<double>();
    if (s[3] < no_row) {
      const auto row = static_cast<std::int64_t>(s[3]);
      check_weight(where, weight[row].item<double>(), static_cast<std::size_t>(row));
    }
    weight_ = s[0];
    single_loses_little_ = x.scalar_type() == at::kFloat && single_loses_little(s[2], s[1]);
    numbers_ = static_cast<double>(x.numel());
    sums_.emplace(x, weight, rows.label);
  }

  [[nodiscard]] std::size_t parts() const override { return 1; }
  [[nodiscard]] bool single_will_do(std::size_t work) const override {
    return single_loses_little_ && worth_single(numbers_ * static_cast<double>(work));
  }
  [[nodiscard]] const remote_sums* remote() const override { return sums_ ? &*sums_ : nullptr; }

  void walk(row_form, const std::function<void(std::size_t, const class_block&)>&) const override {
    refuse();
  }
  void for_each_class(
      const std::function<void(std::size_t, const binary_samples&)>&) const override {
    refuse();
  }
  void run(std::size_t jobs, const std::function<void(std::size_t)>& work) const override {
    for (std::size_t job = 0; job < jobs; ++job) work(job);
  }

 private:
  [[noreturn]] void refuse() const {
    throw value_error(concat(where_, ": is fitted in host memory, got scores on ", device_,
                             "; copy them there: scores.cpu()"));
  }

  std::string where_, device_;
  bool single_loses_little_ = false;
  double numbers_ = 0;
  std::optional<device_sums> sums_;
};

}  // namespace calibra::detail
