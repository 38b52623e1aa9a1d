// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/group_column.hpp"
#include "calibra/recalibration/detail/mapped_rows.hpp"
#include "calibra/recalibration/detail/output_array.hpp"
#include "calibra/recalibration/detail/written_rows.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// A group that was too small for a recalibrator of its own.
struct small_group {
  std::int64_t group = 0;
  std::size_t samples = 0;  ///< of positive weight
};

/// A recalibrator for each group of samples: languages, sites, question types. Immutable; made by
/// fit_groups(), or from recalibrators. It is none itself, since a row alone does not tell its
/// group; to keep one in files write of_all() and each of_group().
template<class R>
class group_recalibrator {
 public:
  struct options {
    /// Groups of fewer samples of positive weight take the recalibrator of all.
    std::size_t least = 100;
    typename R::options inner = {};
  };

  /// Throws value_error where they take different numbers of classes.
  explicit group_recalibrator(R of_all, std::map<std::int64_t, R> of_group = {},
                              std::vector<small_group> small_groups = {})
      : of_all_(std::move(of_all)),
        of_group_(std::move(of_group)),
        small_(std::move(small_groups)) {
    for (const auto& [group, r] : of_group_)
      if (r.classes() != of_all_.classes())
        throw value_error(detail::concat("group_recalibrator(): expected recalibrators of ",
                                         of_all_.classes(), " classes, got ", r.classes(),
                                         " for group ", group));
  }

  /// That of all samples, whatever their groups.
  [[nodiscard]] const R& of_all() const noexcept { return of_all_; }
  /// That of a group; of_all() where the group has none of its own.
  [[nodiscard]] const R& of_group(std::int64_t group) const {
    const auto at = of_group_.find(group);
    return at == of_group_.end() ? of_all_ : at->second;
  }
  /// Whether a group has one of its own.
  [[nodiscard]] bool has(std::int64_t group) const { return of_group_.count(group) != 0; }
  /// The groups that have one of their own, ascending.
  [[nodiscard]] std::vector<std::int64_t> groups() const {
    std::vector<std::int64_t> all;
    for (const auto& [group, r] : of_group_) all.push_back(group);
    return all;
  }
  /// The groups that were seen in fitting and have none of their own, ascending.
  [[nodiscard]] const std::vector<small_group>& small_groups() const noexcept { return small_; }
  /// How many of these rows take the recalibrator of all.
  template<class G>
  [[nodiscard]] std::size_t rows_of_all(const G& groups) const {
    const detail::group_column column("group_recalibrator::rows_of_all()", groups);
    std::size_t rows = 0;
    for (std::size_t i = 0; i < column.size(); ++i)
      if (!has(column[i])) ++rows;
    return rows;
  }

  /// The recalibrated probabilities, each row as recalibrated() makes it of the recalibrator of its
  /// group: shapes, options and errors as recalibrator::transform(), and a whole number a row, or
  /// shape_error and value_error. Cost: one pass; O(log groups) a row more.
  template<wrapped_scores S, class G>
  [[nodiscard]] auto transform(const S& scores, const G& groups, const row_options& o = {}) const {
    auto out = detail::output_for(scores);
    transform(scores, groups, out, o);
    return out;
  }
  /// The same into a mutable array, as recalibrator::transform().
  template<wrapped_scores S, class G, class Out>
  requires(!std::convertible_to<Out, row_options>) void transform(const S& scores, const G& groups,
                                                                  Out&& out,
                                                                  const row_options& o = {}) const {
    static_assert(!detail::is_multilabel<S> && !tensor_scores<S>,
                  "calibra: groups are recalibrated in arrays of one label a sample");
    if constexpr (!detail::is_multilabel<S> && !tensor_scores<S> &&
                  detail::usable_output<S::kind, Out>()) {
      constexpr std::string_view where = "group_recalibrator::transform()";
      detail::write_rows(
          where, scores, o, std::forward<Out>(out),
          [&](std::size_t, std::size_t cols) { of_all_.check_takes(where, S::kind, cols); },
          [&](const detail::score_rows<double>& rows, const detail::row_writer& write) {
            const std::size_t k = rows.cols();
            const detail::group_column column(where, groups, rows.rows());
            detail::map_rows_by_index(
                where, S::kind, rows, o, R::input, detail::row_parts(rows.rows(), k, o.threads.n),
                [&](std::size_t row, double* numbers) {
                  of_group(column[row]).map_rows(numbers, 1, k);
                  detail::to_form(numbers, 1, k, R::output, row_form::probabilities,
                                  detail::is_one_number(S::kind));
                },
                write);
          });
    }
  }

 private:
  R of_all_;
  std::map<std::int64_t, R> of_group_;
  std::vector<small_group> small_;
};

/// Fits R to all samples, and to those of each group that has at least `least` samples of positive
/// weight; samples of other groups, and of groups that were not seen, take the R of all:
/// `fit_groups<temperature_scaling>(logits(z), labels, language, {}, {.least = 200})`.
///
/// Shapes, options, errors: as fit(); `groups` is a column of integers, one a row: shape_error for
/// another number, value_error for one that is not whole. The reports of of_all() and of_group()
/// say how each fit went, small_groups() which groups have none.
/// Cost: the fit of all, and for each group a fit that reads all rows and skips those of the
/// others; 11 bytes a row.
template<class R, wrapped_scores S, class L, class G>
requires(!tensor_scores<S>) [[nodiscard]] group_recalibrator<R> fit_groups(
    const S& scores, const L& labels, const G& groups, const row_options& o = {},
    const typename group_recalibrator<R>::options& method = {}) {
  constexpr std::string_view where = "fit_groups()";
  R of_all = fit<R>(scores, labels, o, method.inner);
  const optional_column<std::int64_t> column(labels);
  const detail::group_column of_row(where, groups, column.size());
  const std::vector<unsigned char> counts = detail::rows_with_weight(where, scores, column, o);
  std::map<std::int64_t, std::size_t> size;
  for (std::size_t i = 0; i < counts.size(); ++i) size[of_row[i]] += counts[i];
  std::vector<unsigned char> inside(counts.size());
  row_options masked = o;
  masked.valid = inside;
  std::map<std::int64_t, R> of_group;
  std::vector<small_group> without;
  for (const auto& [group, samples] : size) {
    if (samples == 0 || samples < method.least) {
      without.push_back({group, samples});
      continue;
    }
    for (std::size_t i = 0; i < counts.size(); ++i)
      inside[i] = counts[i] != 0 && of_row[i] == group;
    of_group.emplace(group, fit<R>(scores, labels, masked, method.inner));
  }
  return group_recalibrator<R>(std::move(of_all), std::move(of_group), std::move(without));
}

}  // namespace calibra
