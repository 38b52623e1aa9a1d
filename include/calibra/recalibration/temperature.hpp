// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/detail/compiled.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/fitted_on.hpp"
#include "calibra/recalibration/detail/temperature_fit.hpp"
#include "calibra/recalibration/detail/tempered_rows.hpp"
#include "calibra/recalibration/detail/written_rows.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/rows/double_rows.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra {

namespace detail {

/// Made once, for calls that take nanoseconds.
inline const row_options& default_options() {
  static const row_options o;
  return o;
}

/// The temperature fitted to rows in host memory; to those that are made as they are read, of a
/// copy.
template<score_kind Kind, class C>
temperature_fit fit_temperature_to(std::string_view where, const score_rows<C>& rows,
                                   const column<std::int64_t>& labels, const row_options& o,
                                   std::size_t max_iterations, bool warm) {
  if (!rows.in_memory()) {
    const matrix<C> copy = copied_rows(rows);
    return fit_temperature_to<Kind, C>(where, matrix_rows<C>(copy.view()), labels, o,
                                       max_iterations, warm);
  }
  return fit_temperature(tempered_pass<C, Kind>(where, rows, labels, o), max_iterations, warm);
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_TEMPERATURES)

/// The same to scores.
template<class S, class L>
temperature_fit fit_temperature_to(std::string_view where, const S& scores, L&& labels,
                                   const row_options& o, std::size_t max_iterations, bool warm) {
  const optional_column<std::int64_t> held(std::forward<L>(labels));
  return with_score_rows(where, scores, o, [&](const auto& rows) {
    using C = typename std::remove_cvref_t<decltype(rows)>::element;
    return fit_temperature_to<S::kind, C>(where, rows, held.get(), o, max_iterations, warm);
  });
}

}  // namespace detail

/// Temperature scaling: the probabilities softmax(z / T) in place of softmax(z), one T > 0 for all
/// classes. The order of the classes, hence the prediction, stays as it is; T > 1 lowers the
/// confidences, T < 1 raises them, T = 1 changes nothing. Immutable; made by fit(), by
/// io::load_temperature() of <calibra/io/model.hpp>, by temperature_from_json() of
/// <calibra/json.hpp>, or from a number. One that was fitted takes the kind of scores that it was
/// fitted on, one that was made from a number takes any.
///
/// What the kinds of scores mean: logits(z) as above, -inf a masked class that stays at probability
/// 0; probabilities(p) are taken as logits log p, so that q_k is proportional to p_k^(1/T) and
/// p_k = 0 stays 0; binary_logits(x) give sigmoid(x / T); binary_probabilities(p) give the same
/// with x = log(p / (1 - p)), and 0 and 1 stay. Multi-label scores are one binary scaling a label:
/// use a column at a time.
///
/// Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.
class temperature_scaling final : public detail::recalibrator_of<temperature_scaling> {
 public:
  static constexpr recalibrator_info info{
      .name = "temperature",
      .map = "softmax(z / T), one T for all classes",
      .objective = "nll",
      .keeps = "the order of the classes, so the prediction",
      .source = "Guo et al., ICML 2017",
  };
  static constexpr std::string_view kind = info.name;
  static constexpr score_domain takes = score_domain::any;
  static constexpr row_form input = row_form::logits;
  static constexpr row_form output = row_form::logits;
  struct options {
    /// The most evaluations of the objective over all rows; a fit that needs more has not
    /// converged.
    std::size_t max_iterations = 64;
    /// Look for a starting point on a part of the rows first. The result is the same without; it
    /// takes more full passes.
    bool warm_start = true;
    template<class O, class F>
    static void each(O& o, const F& f) {
      f("max_iterations", o.max_iterations);
      f("warm_start", o.warm_start);
    }
  };

  /// Throws value_error unless T and 1 / T are finite and T > 0.
  explicit temperature_scaling(double temperature, fit_report report = {})
      : recalibrator_of(0, std::move(report)), temperature_(temperature) {
    if (!(temperature > 0) || !detail::is_finite(temperature) ||
        !detail::is_finite(1 / temperature))
      throw value_error(detail::concat("temperature_scaling(): temperature ", temperature,
                                       " is not a finite number > 0"));
  }

  /// T.
  [[nodiscard]] double temperature() const noexcept { return temperature_; }
  /// 1 / T.
  [[nodiscard]] double inverse_temperature() const noexcept { return 1 / temperature_; }

  /// The recalibrated probabilities: a matrix<C> of N x K for logits() and probabilities(), a
  /// std::vector<C> of N for the binary kinds; C is float or double, what the scores are computed
  /// in; for a tensor a tensor of that type on the same device. Rows sum to 1 to the rounding of C.
  /// They are probabilities whatever the scores were: `ece(probabilities(t.transform(s)), labels)`.
  /// Of the options, `threads`, `nan` and `renormalise` count; with nan_policy::count the row of a
  /// sample that holds NaN or +inf is NaN.
  /// Cost: one pass, O(N K). Throws shape_error (no class), value_error for another kind of scores
  /// than it was fitted on, and value_error as collect() does for scores, with the row.
  template<wrapped_scores S>
  [[nodiscard]] auto transform(const S& scores, const row_options& o = {}) const {
    return made("temperature_scaling::transform()", scores, o,
                detail::tempered_output::probabilities);
  }

  /// The same into an array that has a mutable array_access, N x K or N as above or N * K numbers
  /// row after row, of any floating-point scalar. The shape is checked before anything is written;
  /// after a value_error the contents of `out` are unspecified. `out` may be the array of the
  /// scores itself. A single row of at most 256 classes costs no allocation: transform(logits(z,
  /// z.size()), p).
  template<wrapped_scores S, class Out>
  requires(!std::convertible_to<Out, row_options>) [[gnu::always_inline]] inline void transform(
      const S& scores, Out&& out, const row_options& o = detail::default_options()) const {
    written("temperature_scaling::transform()", scores, o, detail::tempered_output::probabilities,
            std::forward<Out>(out));
  }

  /// Arrays that are not wrapped: does not compile, and says why.
  template<class X, class... More>
  requires(!wrapped_scores<X>) void transform(const X&, const More&...) const {
    detail::require_wrapped_scores<X>();
  }

  /// z / T instead of the probabilities: logits whose softmax (sigmoid) transform() gives. For
  /// probabilities(p) log(p) / T, for binary_probabilities(p) log(p / (1 - p)) / T; -inf and, for
  /// the last, +inf can come out, as they do where z / T is beyond the range of C. Shapes, options
  /// and errors as transform().
  template<wrapped_scores S>
  [[nodiscard]] auto transform_logits(const S& scores, const row_options& o = {}) const {
    return made("temperature_scaling::transform_logits()", scores, o,
                detail::tempered_output::logits);
  }

  /// The same into an array, as transform(scores, out).
  template<wrapped_scores S, class Out>
  requires(!std::convertible_to<Out, row_options>)
      [[gnu::always_inline]] inline void transform_logits(
          const S& scores, Out&& out, const row_options& o = detail::default_options()) const {
    written("temperature_scaling::transform_logits()", scores, o, detail::tempered_output::logits,
            std::forward<Out>(out));
  }

  /// Arrays that are not wrapped: does not compile, and says why.
  template<class X, class... More>
  requires(!wrapped_scores<X>) void transform_logits(const X&, const More&...) const {
    detail::require_wrapped_scores<X>();
  }

  /// Fits T by maximum likelihood: the T that minimises the mean over the samples of
  /// log sum_k exp(z_k / T) - z_y / T, weighted if the options have weights. See
  /// temperature_scaling for what the kinds of scores mean.
  ///
  /// Shapes: scores N x K (N for the binary kinds), labels N. Labels in [0, K), or 0 and 1.
  /// Options that count: `weights`, `ignore_label`, `valid`, `nan`, `renormalise`, `threads` and
  /// `progress`.
  /// The NLL is convex in 1 / T; the search is Newton's in a bracket, from the optimum of every 3rd
  /// to 31st row (options::warm_start), so that in general three to five full passes are
  /// enough, the first of which checks the input: see report(). Range: T in [1/1024, 1024].
  /// `converged` is false and `note` says why where the likelihood grows towards T = 0 (separable
  /// samples: T = 1/1024), towards infinity (scores that tell nothing, or lie: T = 1024), does not
  /// depend on T (constant rows: T = 1), or there is no weight (T = 1, the NLLs are NaN). Accuracy:
  /// double scores, all probabilities and all binary scores to about 1e-12 relative where the
  /// optimum is sharp; float, half and bfloat16 logits are computed in float with sums in double
  /// and give T to about 1e-7. Threads do not change the result beyond 1e-12. Memory: O(K) a
  /// thread. Not mergeable. Throws shape_error and value_error as collect(), and value_error for a
  /// label whose probability is 0 (logit -inf): its loss is infinite at every T.
  template<wrapped_scores S, class L>
  [[nodiscard]] static temperature_scaling fit(const S& scores, L&& labels, const row_options& o,
                                               const options& method) {
    detail::temperature_fit found;
    if constexpr (tensor_scores<S>)  // the tensor adapter's
      found = fitted_temperature("fit<temperature>()", scores, labels, o, method.max_iterations,
                                 method.warm_start);
    else
      found = detail::fit_temperature_to("fit<temperature>()", scores, labels, o,
                                         method.max_iterations, method.warm_start);
    found.report.fitted_on = S::kind;
    return temperature_scaling(found.temperature, std::move(found.report));
  }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    for (std::size_t i = 0; i < n * k; ++i) rows[i] /= temperature_;
  }
  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"temperature", {temperature_}, true}};
  }
  static temperature_scaling from_parameters(const parameter_reader& p) {
    return temperature_scaling(p.number("temperature"), p.report());
  }

 private:
  template<class S>
  auto made(std::string_view where, const S& scores, const row_options& o,
            detail::tempered_output wanted) const {
    detail::check_fitted_on(where, fitted_on(), S::kind);
    if constexpr (tensor_scores<S>) {
      return tempered(where, scores, temperature_, o, wanted);  // the tensor adapter's
    } else {
      auto out = detail::output_for(scores);
      written(where, scores, o, wanted, out);
      return out;
    }
  }

  /// Inlined, so that a single row costs no copies of its views.
  template<class S, class Out>
  [[gnu::always_inline]] inline void written(std::string_view where, const S& scores,
                                             const row_options& o, detail::tempered_output wanted,
                                             Out&& out) const {
    static_assert(!detail::is_multilabel<S>,
                  "calibra: temperature scaling of multi-label scores is one binary scaling a "
                  "label; use binary_logits() or binary_probabilities() of each column");
    static_assert(!tensor_scores<S>,
                  "calibra: transform(scores) of a tensor gives a tensor; copy_() it where it is "
                  "to go");
    if constexpr (!detail::is_multilabel<S> && !tensor_scores<S>) {
      if constexpr (detail::usable_output<S::kind, Out>()) {
        const auto held = detail::hold<detail::score_use<S::kind>>(std::forward<Out>(out));
        const auto in = detail::score_view(scores);
        detail::check_fitted_on(where, fitted_on(), S::kind);
        detail::temper<S::kind>(
            where, in, temperature_, o, wanted,
            detail::output_rows<S::kind>(where, held.view(), in.rows(), in.cols()));
      }
    }
  }

  double temperature_;
};

}  // namespace calibra
