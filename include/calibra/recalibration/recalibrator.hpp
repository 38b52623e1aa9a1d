// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/options.hpp"
#include "calibra/recalibration/detail/fitted_on.hpp"
#include "calibra/recalibration/detail/mapped_rows.hpp"
#include "calibra/recalibration/detail/output_array.hpp"
#include "calibra/recalibration/detail/row_formula.hpp"
#include "calibra/recalibration/detail/written_rows.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// Which scores a recalibrator takes.
enum class score_domain {
  binary,   ///< one number a sample: binary_logits(), binary_probabilities()
  classes,  ///< N x K: logits(), probabilities()
  any,      ///< both
};

/// What a kind of recalibrator says of itself: of it documents and the program's help are made.
struct recalibrator_info {
  std::string_view name;
  std::string_view map;        ///< what becomes of a score
  std::string_view objective;  ///< what its report counts
  std::string_view keeps;      ///< what does not change
  std::string_view source;
};

/// A fitted recalibrator: an immutable value that makes scores into better ones, row by row. What
/// the kinds do is in their own headers; this is what they share.
///
/// A recalibrator takes the kind of scores that it was fitted on and their number of classes; one
/// that was made from its parameters takes any kind of its domain. It may be used from several
/// threads at once.
class recalibrator : public detail::row_mapping {
 public:
  /// Its name: "isotonic".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  [[nodiscard]] virtual score_domain domain() const noexcept = 0;
  /// Its numbers, of which it can be made again.
  [[nodiscard]] virtual std::vector<parameter> parameters() const = 0;
  /// What map_rows() does, where a few numbers say it all; none: it has to be called.
  [[nodiscard]] virtual std::optional<detail::row_formula> formula() const { return {}; }
  /// The recalibrators that it is made of, one a class for instance; empty for most.
  [[nodiscard]] virtual std::vector<const recalibrator*> parts() const { return {}; }

  /// How the fit went that this came from.
  [[nodiscard]] const fit_report& report() const noexcept { return report_; }
  /// The kind of scores that it takes; none: any of its domain.
  [[nodiscard]] std::optional<score_kind> fitted_on() const noexcept { return report_.fitted_on; }
  /// How many numbers a row has; 0: any number.
  [[nodiscard]] std::size_t classes() const noexcept { return classes_; }

  /// The recalibrated probabilities: a matrix<C> of N x K for logits() and probabilities(), a
  /// std::vector<C> of N for the binary kinds; C is float or double, what the scores are computed
  /// in. Of a tensor it is a tensor of float32 or float64 on its device; there only what has a
  /// formula() is computed, the rest throws value_error. They are probabilities whatever the scores
  /// were:
  /// `ece(probabilities(r.transform(s)), labels)`.
  /// Of the options, `threads`, `nan`, `renormalise` and `progress` count; with nan_policy::count
  /// the row of a sample that holds NaN or +inf is NaN.
  /// Cost: one pass. Throws shape_error for another number of classes, value_error for another kind
  /// of scores than it was fitted on and for scores as everywhere, with the row.
  template<wrapped_scores S>
  [[nodiscard]] auto transform(const S& scores, const row_options& o = {}) const {
    return made(".transform()", scores, o, row_form::probabilities);
  }
  /// The same into a mutable array, N x K or N as above or N * K numbers row after row, of any
  /// floating-point scalar. Its shape is checked before anything is written; after a value_error
  /// its contents are unspecified.
  template<wrapped_scores S, class Out>
  requires(!std::convertible_to<Out, row_options>) void transform(const S& scores, Out&& out,
                                                                  const row_options& o = {}) const {
    written(".transform()", scores, o, row_form::probabilities, std::forward<Out>(out));
  }

  /// Logits whose softmax (sigmoid) transform() gives: the recalibrator's own where it makes
  /// logits, else logarithms of its probabilities, clipped at that of the least normal float.
  template<wrapped_scores S>
  [[nodiscard]] auto transform_logits(const S& scores, const row_options& o = {}) const {
    return made(".transform_logits()", scores, o, row_form::logits);
  }
  template<wrapped_scores S, class Out>
  requires(!std::convertible_to<Out, row_options>) void transform_logits(
      const S& scores, Out&& out, const row_options& o = {}) const {
    written(".transform_logits()", scores, o, row_form::logits, std::forward<Out>(out));
  }

  /// Arrays that are not wrapped: do not compile, and say why.
  template<class X, class... More>
  requires(!wrapped_scores<X>) void transform(const X&, const More&...) const {
    detail::require_wrapped_scores<X>();
  }
  template<class X, class... More>
  requires(!wrapped_scores<X>) void transform_logits(const X&, const More&...) const {
    detail::require_wrapped_scores<X>();
  }

  /// Throws value_error or shape_error unless it takes rows of so many numbers of a kind. `where`
  /// is what the message calls the caller.
  void check_takes(std::string_view where, score_kind kind, std::size_t cols) const {
    if (domain() != score_domain::any &&
        detail::is_one_number(kind) != (domain() == score_domain::binary))
      throw value_error(detail::concat(where, ": takes ",
                                       domain() == score_domain::binary
                                           ? "one number a sample (binary_logits(), "
                                             "binary_probabilities())"
                                           : "samples x classes (logits(), probabilities())",
                                       ", got ", detail::name_of(kind), "()"));
    detail::check_fitted_on(where, fitted_on(), kind);
    if (cols == 0) throw shape_error(detail::concat(where, ": expected at least 1 class, got 0"));
    if (classes_ != 0 && !detail::is_one_number(kind) && cols != classes_)
      throw shape_error(
          detail::concat(where, ": fitted on ", classes_, " classes, got scores of ", cols));
  }

 protected:
  recalibrator(std::size_t classes, fit_report report)
      : classes_(classes), report_(std::move(report)) {}
  recalibrator(const recalibrator&) = default;
  recalibrator& operator=(const recalibrator&) = default;
  /// For fits that need the map to report.
  void set_report(fit_report report) { report_ = std::move(report); }

 private:
  template<class S>
  auto made(const char* function, const S& scores, const row_options& o, row_form wanted) const {
    if constexpr (tensor_scores<S>) {
      return recalibrated_tensor(detail::concat(name(), function), scores, *this, o,
                                 wanted);  // the tensor adapter's
    } else {
      auto out = detail::output_for(scores);
      written(function, scores, o, wanted, out);
      return out;
    }
  }

  template<class S, class Out>
  void written(const char* function, const S& scores, const row_options& o, row_form wanted,
               Out&& out) const {
    static_assert(!detail::is_multilabel<S>,
                  "calibra: recalibrate multi-label scores a label at a time: binary_logits() or "
                  "binary_probabilities() of each column");
    static_assert(!tensor_scores<S>,
                  "calibra: transform(scores) of a tensor gives a tensor; copy_() it where it is "
                  "to go");
    if constexpr (!detail::is_multilabel<S> && !tensor_scores<S> &&
                  detail::usable_output<S::kind, Out>()) {
      const std::string where = detail::concat(name(), function);
      detail::write_rows(
          where, scores, o, std::forward<Out>(out),
          [&](std::size_t, std::size_t cols) { check_takes(where, S::kind, cols); },
          [&](const detail::score_rows<double>& rows, const detail::row_writer& write) {
            detail::map_all_rows(where, S::kind, rows, o, *this, wanted, write);
          });
    }
  }

  std::size_t classes_;
  fit_report report_;
};

namespace detail {

/// A recalibrator whose type says the rest: D::kind, D::takes, D::input and D::output.
template<class D>
class recalibrator_of : public recalibrator {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return D::kind; }
  [[nodiscard]] score_domain domain() const noexcept override { return D::takes; }
  [[nodiscard]] row_form reads() const noexcept override { return D::input; }
  [[nodiscard]] row_form makes() const noexcept override { return D::output; }

 protected:
  using recalibrator::recalibrator;
  /// Whether rows of k numbers are binary scores. Where it takes both and was made by hand, single
  /// numbers are.
  [[nodiscard]] bool is_binary(std::size_t k) const noexcept {
    if (D::takes != score_domain::any) return D::takes == score_domain::binary;
    return k == 1 && (!fitted_on() || is_one_number(*fitted_on()));
  }
};

/// A recalibrator of binary scores that makes each number into another of the same form, by the
/// operator() of D.
template<class D, row_form Form>
class binary_map : public recalibrator_of<D> {
 public:
  static constexpr score_domain takes = score_domain::binary;
  static constexpr row_form input = Form;
  static constexpr row_form output = Form;

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    const D& map = static_cast<const D&>(*this);
    for (std::size_t i = 0; i < n * k; ++i) rows[i] = map(rows[i]);
  }

 protected:
  explicit binary_map(fit_report report) : recalibrator_of<D>(1, std::move(report)) {}
};

}  // namespace detail
}  // namespace calibra
