// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/column.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/check_proximity.hpp"
#include "calibra/recalibration/detail/double_rows.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/detail/output_array.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// A fitted recalibrator of scores with a proximity a sample (calibra/metrics/proximities.hpp):
/// what procal_density_ratio and procal_bin_mean_shift share. An immutable value, as a recalibrator
/// of scores alone; it takes the kind of scores that it was fitted on, and may be used from several
/// threads at once.
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
    const auto in = detail::score_view(scores);
    using C = compute_type<typename decltype(in)::value_type>;
    if constexpr (detail::is_binary_kind<S::kind>) {
      std::vector<C> out(in.rows());
      transform(scores, proximity, out, o);
      return out;
    } else {
      matrix<C> out(in.rows(), in.cols());
      transform(scores, proximity, out, o);
      return out;
    }
  }
  /// The same into a mutable array, as recalibrator::transform(scores, out).
  template<wrapped_scores S, class Out>
  requires(!std::convertible_to<Out, row_options>) void transform(
      const S& scores, const optional_column<double>& proximity, Out&& out,
      const row_options& o = {}) const {
    static_assert(!detail::is_multilabel<S> && !tensor_scores<S>,
                  "calibra: this recalibrator takes arrays of one label a sample; of a tensor on "
                  "the CPU, its data by logits(pointer, samples, classes)");
    if constexpr (!detail::is_multilabel<S> && !tensor_scores<S> &&
                  detail::usable_output<S::kind, Out>()) {
      const std::string where = detail::concat(name(), ".transform()");
      const auto held = detail::hold<detail::score_use<S::kind>>(std::forward<Out>(out));
      const auto in = detail::score_view(scores);
      check_takes(where, S::kind, in.cols());
      detail::check_proximities(where, proximity, in.rows());
      const auto target = detail::output_rows<S::kind>(where, held.view(), in.rows(), in.cols());
      detail::check_output_shape(where, in.rows(), in.cols(), target.rows(), target.cols());
      using E = typename std::remove_cvref_t<decltype(target)>::element_type;
      detail::with_double_rows(where, scores, o, [&](const detail::score_rows<double>& rows) {
        map_all(where, S::kind, rows, proximity, o, [&](std::size_t row, const double* numbers) {
          for (std::size_t k = 0; k < target.cols(); ++k)
            target(row, k) = detail::to_scalar<E>(numbers[k]);
        });
      });
    }
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
  /// Calls write(row, numbers) for every row, mapped, on the threads of the options.
  template<class Write>
  void map_all(std::string_view where, score_kind kind, const detail::score_rows<double>& rows,
               const optional_column<double>& proximity, const row_options& o,
               const Write& write) const {
    constexpr std::size_t worth_a_thread = 256;
    const std::size_t k = rows.cols();
    detail::worker_team team(o.threads.n);
    detail::for_each_part(team, rows.rows(),
                          detail::part_count(rows.rows(), o.threads.n, worth_a_thread),
                          [&](std::size_t, std::size_t first, std::size_t last) {
                            detail::form_reader reader(where, kind, rows, o, reads());
                            std::vector<double> buffer(reader.block_rows() * k);
                            std::vector<unsigned char> good(reader.block_rows());
                            while (first < last) {
                              const std::size_t n = std::min(reader.block_rows(), last - first);
                              reader.read(first, n, buffer.data(), good.data());
                              for (std::size_t i = 0; i < n; ++i) {
                                double* const row = buffer.data() + i * k;
                                if (good[i] != 0) {
                                  const double d = proximity.get()[first + i];
                                  detail::check_proximity(where, d, first + i);
                                  map_row(row, k, detail::is_one_number(kind), d);
                                }
                                write(first + i, row);
                              }
                              first += n;
                              if (o.progress) o.progress(n);
                            }
                          });
  }

  fit_report report_;
};

}  // namespace calibra
