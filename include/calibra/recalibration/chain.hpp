// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/joined_report.hpp"
#include "calibra/recalibration/detail/mapped_rows.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrated.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// One recalibrator after another: q = R2(R1(p)), R2 fitted to what R1 makes of the samples that R1
/// was fitted to. Three are chain<R1, chain<R2, R3>>.
///
/// Scores: those that R1 and R2 both take. R2 is fitted to logits where R1 makes logits, else to
/// probabilities. Certificate: R2's, whose objective before is that of R1's results; converged if
/// both are. Options: `first` and `second`, those of R1 and R2.
/// Cost: R1's and R2's; each pass of R2's maps the rows by R1 again, and where R2 is temperature
/// scaling a copy of N x K doubles. Keeps: what both keep.
template<class R1, class R2>
class chain final : public detail::recalibrator_of<chain<R1, R2>> {
 public:
  static constexpr std::string_view kind = "chain";
  static constexpr score_domain takes = R1::takes == score_domain::any ? R2::takes : R1::takes;
  static constexpr row_form input = R1::input;
  static constexpr row_form output = R2::output;
  struct options {
    typename R1::options first = {};
    typename R2::options second = {};
  };
  static_assert(
      R1::takes == R2::takes || R1::takes == score_domain::any || R2::takes == score_domain::any,
      "calibra: the recalibrators of a chain take the same scores, all of them one number "
      "a sample or all samples x classes; for samples x classes there is "
      "one_against_rest<R>");

  /// Throws value_error where the two take different numbers of classes.
  chain(R1 first, R2 second, fit_report report = {})
      : detail::recalibrator_of<chain>(std::max(first.classes(), second.classes()),
                                       std::move(report)),
        first_(std::move(first)),
        second_(std::move(second)) {
    if (first_.classes() != 0 && second_.classes() != 0 && first_.classes() != second_.classes())
      throw value_error(detail::concat("chain(): expected recalibrators of as many classes, got ",
                                       first_.classes(), " and ", second_.classes()));
  }

  template<wrapped_scores S, class L>
  requires(!tensor_scores<S>) static chain
      fit(const S& scores, const L& labels, const row_options& o, const options& method) {
    R1 first = calibra::fit<R1>(scores, labels, o, method.first);
    R2 second = calibra::fit<R2>(recalibrated(first, scores), labels, o, method.second);
    detail::joined_report report(S::kind, 0);
    report.add_pass(first.report(), 0, "first");
    report.add_pass(second.report(), 1, "second");
    return {std::move(first), std::move(second), std::move(report).made()};
  }

  [[nodiscard]] const R1& first() const noexcept { return first_; }
  [[nodiscard]] const R2& second() const noexcept { return second_; }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    const bool binary = this->is_binary(k);
    first_.map_rows(rows, n, k);
    if constexpr (R1::output == row_form::logits && R2::input == row_form::logits) {
      // As R2 was fitted, and as row_form says.
      for (std::size_t i = 0; i < n && !binary; ++i) {
        double* row = rows + i * k;
        detail::classes_to_form(row, k, score_kind::logits, row_form::logits,
                                *std::max_element(row, row + k), 1);
      }
    } else {
      detail::to_form(rows, n, k, R1::output, R2::input, binary);
    }
    second_.map_rows(rows, n, k);
  }

  [[nodiscard]] std::vector<parameter> parameters() const override { return {}; }
  [[nodiscard]] std::vector<const recalibrator*> parts() const override {
    return {&first_, &second_};
  }
  static chain from_parameters(const parameter_reader& p) {
    const auto parts = p.parts();
    if (parts.size() != 2)
      throw value_error(detail::concat("chain: expected two parts, got ", parts.size()));
    return {detail::read_parameters<R1>(*parts[0]), detail::read_parameters<R2>(*parts[1]),
            p.report()};
  }

 private:
  R1 first_;
  R2 second_;
};

}  // namespace calibra
