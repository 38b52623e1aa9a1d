// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "calibra/options.hpp"
#include "calibra/recalibration/detail/mapped_rows.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/rows/double_rows.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra {

namespace detail {

/// Logits where the type of the recalibrator says that it makes them.
template<class R>
constexpr row_form form_made() {
  if constexpr (requires { R::output; })
    return R::output;
  else
    return row_form::probabilities;
}

template<class R, score_kind Given>
inline constexpr score_kind recalibrated_kind =
    is_binary_kind<Given>
        ? (form_made<R>() == row_form::logits ? score_kind::binary_logits
                                              : score_kind::binary_probabilities)
        : (form_made<R>() == row_form::logits ? score_kind::logits : score_kind::probabilities);

/// Scores and what is done to them before they are measured.
template<class R, class S>
class recalibrated_held {
 public:
  recalibrated_held(std::shared_ptr<const R> recalibrator, S scores)
      : recalibrator_(std::move(recalibrator)), scores_(std::move(scores)) {}

  /// Calls f with the rows, mapped as they are read.
  template<class F>
  decltype(auto) with_rows(std::string_view where, const row_options& o, const F& f) const {
    return with_double_rows(where, scores_, o, [&](const score_rows<double>& rows) {
      recalibrator_->check_takes(where, S::kind, rows.cols());
      row_options inner = o;
      inner.nan = nan_policy::count;  // NaN comes out, and whoever reads it decides
      return f(recalibrated_rows(where, S::kind, rows, inner, *recalibrator_, form_made<R>()));
    });
  }

 private:
  std::shared_ptr<const R> recalibrator_;
  S scores_;
};

}  // namespace detail

/// Scores as a recalibrator makes them, without making them: metrics, tables and fits map each row
/// as they read it. `evaluate(recalibrated(r, logits(z)), labels)` is
/// `evaluate(probabilities(r.transform(logits(z))), labels)` in double, without a copy of the
/// matrix. A recalibrator given by name is borrowed and must outlive the wrapper; a temporary is
/// kept by it. Throws, where it is read, what transform() throws.
template<class R, wrapped_scores S>
requires std::derived_from<std::remove_cvref_t<R>, recalibrator>
[[nodiscard]] auto recalibrated(R&& r, S scores) {
  static_assert(!tensor_scores<S> && !detail::is_multilabel<S>,
                "calibra: recalibrated() takes arrays of one label a sample");
  using model = std::remove_cvref_t<R>;
  std::shared_ptr<const model> held;
  if constexpr (std::is_lvalue_reference_v<R>)
    held = std::shared_ptr<const model>(std::shared_ptr<const model>(), &r);
  else
    held = std::make_shared<const model>(std::forward<R>(r));
  using holder = detail::recalibrated_held<model, S>;
  return calibra::scores<detail::recalibrated_kind<model, S::kind>, holder>(
      holder(std::move(held), std::move(scores)));
}

}  // namespace calibra
