// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "calibra/array/column.hpp"
#include "calibra/array/view.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/row_formula.hpp"
#include "calibra/recalibration/detail/temperature_fit.hpp"
#include "calibra/recalibration/detail/tempered_rows.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/scores.hpp"
#include "calibra/torch/detail/device_fit.hpp"
#include "calibra/torch/detail/device_fit_samples.hpp"
#include "calibra/torch/detail/device_rows.hpp"
#include "calibra/torch/detail/device_sums.hpp"
#include "calibra/torch/detail/host_tensor.hpp"
#include "calibra/torch/device_stream.hpp"

// What fit() and transform() call for tensors.
namespace calibra::detail {

/// Checks scores on a device as a pass does, without labels. The rows that are not left out, [N]
/// bool; undefined where there are none.
template<torch_scores S>
at::Tensor unlabelled_rows(std::string_view where, const S& scores, row_options o) {
  const at::Tensor& x = scores.view();
  o.ignore_label.reset();
  device_stream stream(where, o);
  device_rows rows;
  const at::Tensor no_labels = at::zeros({x.size(0)}, x.options().dtype(at::kLong));
  if (stream.next(scores, no_labels, {}, {}, rows))
    static_cast<void>(stream.read(at::zeros({1}, rows.confidence.options())));
  return rows.kept;
}

/// NaN in the rows that are not kept; undefined: all are.
inline at::Tensor nan_but(const at::Tensor& z, const at::Tensor& kept) {
  if (!kept.defined()) return z;
  return at::where(z.dim() == 2 ? kept.unsqueeze(1) : kept, z,
                   at::full({}, std::numeric_limits<double>::quiet_NaN(), z.options()));
}

/// The type of what is made of scores of a type.
inline at::ScalarType made_type(at::ScalarType of_scores) {
  return of_scores == at::kDouble ? at::kDouble : at::kFloat;
}

/// The temperature fitted to tensors. On a device each pass reads eight numbers back.
template<torch_scores S, class L>
temperature_fit fitted_temperature(std::string_view where, const S& scores, L&& labels,
                                   const row_options& o, std::size_t max_iterations, bool warm) {
  if (on_host(scores.view())) {
    return with_host_scores(scores, [&](const auto& host) {
      return fit_temperature_to(where, host, labels, o, max_iterations, warm);
    });
  }
  const device_tempered_pass pass(where, scores, labels, o);
  return fit_temperature(pass, max_iterations, warm);
}

/// What temperature_scaling makes of tensor scores: a tensor of float32 or float64 on their device.
template<torch_scores S>
at::Tensor tempered(std::string_view where, const S& scores, double temperature,
                    const row_options& o, tempered_output output) {
  const at::NoGradGuard no_grad;
  const at::Tensor& x = scores.view();
  const bool binary = is_binary_kind<S::kind>;
  if (on_host(x)) {
    return with_host_scores(scores, [&](const auto& host) {
      using C = compute_type<typename decltype(score_view(host))::value_type>;
      at::Tensor out = at::empty(x.sizes(), x.options().dtype(c10::CppTypeToScalarType<C>::value));
      const matrix_view<C> target(out.template data_ptr<C>(), static_cast<std::size_t>(x.size(0)),
                                  binary ? 1 : static_cast<std::size_t>(x.size(x.dim() - 1)));
      temper<S::kind>(where, score_view(host), temperature, o, output, target);
      return out;
    });
  }
  const at::Tensor kept = unlabelled_rows(where, scores, o);
  at::Tensor z = nan_but(device_logits(S::kind, x), kept) / temperature;
  if (output == tempered_output::probabilities) z = binary ? at::sigmoid(z) : at::softmax(z, 1);
  return z.to(made_type(x.scalar_type()));
}

/// Calls f with what scores and labels are to a fit. On a device samples x classes stay there; of
/// binary scores a number a sample comes over.
template<torch_scores S, class L, class F>
auto with_tensor_samples(std::string_view where, const S& scores, const L& labels,
                         const row_options& o, const F& f) {
  const auto here = [&](const at::Tensor& x, const auto& y, const row_options& with) {
    return with_host_scores(make_scores<S::kind>(x), [&](const auto& host) {
      return with_samples(where, host, y, with, f);
    });
  };
  const at::Tensor& x = scores.view();
  if (on_host(x)) return here(x, labels, o);
  const optional_column<std::int64_t> column(labels);
  if constexpr (is_binary_kind<S::kind>) {
    row_options moved = o;
    if (o.weights) moved.weights = on_device(where, "weights", o.weights, x).to(at::kCPU);
    if (o.valid) moved.valid = on_device(where, "mask entries", o.valid, x).to(at::kCPU);
    return here(x.to(at::kCPU), on_device(where, "labels", column, x).to(at::kCPU), moved);
  } else {
    const device_fit_samples samples(where, scores, column, o);
    return f(static_cast<const class_samples&>(samples));
  }
}

/// Rows [N, K] as a formula makes them.
inline at::Tensor by_formula(const row_formula& formula, at::Tensor x) {
  if (formula.mixed) {
    const auto& [temperature, w] = *formula.mixed;
    x = x - x.amax(1, /*keepdim=*/true);  // float32 keeps what is near the largest
    return at::softmax(x / temperature, 1) * w[0] + at::softmax(x, 1) * w[1] +
           w[2] / static_cast<double>(x.size(1));
  }
  if (formula.first) x = log_mixed(x, formula.first->beta, formula.first->share);
  const at::Tensor intercepts = numbers_like(formula.intercepts, x.options());
  if (!formula.slopes.empty()) return x * numbers_like(formula.slopes, x.options()) + intercepts;
  const at::Tensor matrix = numbers_like(formula.matrix, x.options());
  return at::addmm(intercepts, x, matrix.view({x.size(1), x.size(1)}).t());
}

/// What a recalibrator makes of tensor scores: a tensor of float32 or float64 on their device.
template<torch_scores S>
at::Tensor recalibrated_tensor(std::string_view where, const S& scores, const recalibrator& r,
                               const row_options& o, row_form wanted) {
  const at::NoGradGuard no_grad;
  const at::Tensor& x = scores.view();
  constexpr bool binary = is_binary_kind<S::kind>;
  if (on_host(x)) {
    return with_host_scores(scores, [&](const auto& host) {
      using C = compute_type<typename decltype(score_view(host))::value_type>;
      at::Tensor out = at::empty(x.sizes(), x.options().dtype(c10::CppTypeToScalarType<C>::value));
      const vector_view<C> target(out.template data_ptr<C>(), static_cast<std::size_t>(out.numel()),
                                  1);
      if (wanted == row_form::probabilities)
        r.transform(host, target, o);
      else
        r.transform_logits(host, target, o);
      return out;
    });
  }
  r.check_takes(where, S::kind, binary ? 1 : static_cast<std::size_t>(x.size(1)));
  if (const auto* t = dynamic_cast<const temperature_scaling*>(&r))
    return tempered(
        where, scores, t->temperature(), o,
        wanted == row_form::logits ? tempered_output::logits : tempered_output::probabilities);
  const std::optional<row_formula> formula = r.formula();
  if constexpr (!binary) {
    if (formula) {
      const at::Tensor kept = unlabelled_rows(where, scores, o);
      at::Tensor z = device_form(S::kind, x, r.reads(), o.renormalise);
      if (r.reads() == row_form::probabilities) z = clipped_log(z);
      z = by_formula(*formula, nan_but(z, kept));
      if (wanted != r.makes())
        z = wanted == row_form::probabilities ? at::softmax(z, 1) : clipped_log(z);
      return z.to(made_type(x.scalar_type()));
    }
  }
  throw value_error(concat(where, ": takes scores in host memory, got ", describe(x),
                           "; copy them there: scores.cpu()"));
}

}  // namespace calibra::detail
