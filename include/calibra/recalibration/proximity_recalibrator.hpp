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

#include "calibra/array/column.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/check_proximity.hpp"
#include "calibra/recalibration/detail/mapped_rows.hpp"
#include "calibra/recalibration/detail/output_array.hpp"
#include "calibra/recalibration/detail/written_rows.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// A fitted recalibrator of scores with a proximity a sample
/// (calibra/recalibration/proximities.hpp): what procal_density_ratio and procal_bin_mean_shift
/// share. An immutable value, as a recalibrator of scores alone; it takes the kind of scores that
/// it was fitted on, and may be used from several threads at once.
class proximity_recalibrator {
 public:
  virtual ~proximity_recalibrator() = default;

  /// Its name: "procal_density_ratio".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Its numbers, of which it can be made again.
  [[nodiscard]] virtual std::vector<parameter> parameters() const = 0;
  /// The recalibrators that it is made of.
  [[nodiscard]] virtual std::vector<const recalibrator*> parts() const { return {}; }

  /// How the fit went that this came from.
  [[nodiscard]] const fit_report& report() const noexcept { return report_; }
  /// The kind of scores that it takes; none: any of its domain.
  [[nodiscard]] std::optional<score_kind> fitted_on() const noexcept { return report_.fitted_on; }

  /// The recalibrated probabilities, N x K or N, of as many proximities; shapes, options and errors
  /// as recalibrator::transform(). Throws shape_error for another number of proximities,
  /// value_error with the row where one is not finite.
  template<wrapped_scores S>
  [[nodiscard]] auto transform(const S& scores, const optional_column<double>& proximity,
                               const row_options& o = {}) const {
    auto out = detail::output_for(scores);
    written(".transform()", scores, proximity, out, o, row_form::probabilities);
    return out;
  }
  /// The same into a mutable array, as recalibrator::transform(scores, out).
  template<wrapped_scores S, class Out>
  requires(!std::convertible_to<Out, row_options>) void transform(
      const S& scores, const optional_column<double>& proximity, Out&& out,
      const row_options& o = {}) const {
    written(".transform()", scores, proximity, std::forward<Out>(out), o, row_form::probabilities);
  }

  /// Logarithms of those probabilities, their logits for the binary kinds, clipped at that of the
  /// least normal float.
  template<wrapped_scores S>
  [[nodiscard]] auto transform_logits(const S& scores, const optional_column<double>& proximity,
                                      const row_options& o = {}) const {
    auto out = detail::output_for(scores);
    written(".transform_logits()", scores, proximity, out, o, row_form::logits);
    return out;
  }

  /// As recalibrator::check_takes().
  virtual void check_takes(std::string_view where, score_kind kind, std::size_t cols) const = 0;

 protected:
  explicit proximity_recalibrator(fit_report report) : report_(std::move(report)) {}
  proximity_recalibrator(const proximity_recalibrator&) = default;
  proximity_recalibrator& operator=(const proximity_recalibrator&) = default;

  /// In which form it reads rows.
  [[nodiscard]] virtual row_form reads() const noexcept = 0;
  /// Makes a good row of k numbers into probabilities, in place; `binary`: the number is of
  /// class 1.
  virtual void map_row(double* row, std::size_t k, bool binary, double proximity) const = 0;

 private:
  template<class S, class Out>
  void written(std::string_view function, const S& scores, const optional_column<double>& proximity,
               Out&& out, const row_options& o, row_form form) const {
    static_assert(!detail::is_multilabel<S> && !tensor_scores<S>,
                  "calibra: this recalibrator takes arrays of one label a sample; of a tensor on "
                  "the CPU, its data by logits(pointer, samples, classes)");
    if constexpr (!detail::is_multilabel<S> && !tensor_scores<S> &&
                  detail::usable_output<S::kind, Out>()) {
      const std::string where = detail::concat(name(), function);
      constexpr bool binary = detail::is_one_number(S::kind);
      detail::write_rows(
          where, scores, o, std::forward<Out>(out),
          [&](std::size_t rows, std::size_t cols) {
            check_takes(where, S::kind, cols);
            detail::check_proximities(where, proximity, rows);
          },
          [&](const detail::score_rows<double>& rows, const detail::row_writer& write) {
            constexpr std::size_t worth_a_thread = 256;
            detail::map_rows_by_index(
                where, S::kind, rows, o, reads(),
                detail::part_count(rows.rows(), o.threads.n, worth_a_thread),
                [&](std::size_t row, double* numbers) {
                  const double d = proximity.get()[row];
                  detail::check_proximity(where, d, row);
                  map_row(numbers, rows.cols(), binary, d);
                  detail::to_form(numbers, 1, rows.cols(), row_form::probabilities, form, binary);
                },
                write);
          });
    }
  }

  fit_report report_;
};

}  // namespace calibra
