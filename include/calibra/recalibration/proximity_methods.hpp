// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/detail/compiled.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/pairs_with_proximity.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/isotonic.hpp"
#include "calibra/recalibration/named_options.hpp"
#include "calibra/recalibration/one_against_rest.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/procal_bin_mean_shift.hpp"
#include "calibra/recalibration/procal_density_ratio.hpp"
#include "calibra/recalibration/proximity_recalibrator.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// The library's recalibrators of scores with a proximity a sample.
[[nodiscard]] inline std::vector<recalibrator_info> proximity_recalibrator_infos() {
  return {procal_density_ratio::info, procal_bin_mean_shift<>::info};
}

/// Their options, with their values by default; none for a name that there is not.
[[nodiscard]] inline named_options proximity_recalibrator_options(std::string_view name) {
  if (name == procal_density_ratio::kind)
    return detail::default_options<procal_density_ratio::options>();
  if (name == procal_bin_mean_shift<>::kind)
    return detail::default_options<procal_bin_mean_shift<>::options>();
  return {};
}

namespace detail {

/// Fits the one of that name to rows of one label a sample.
CALIBRA_DETAIL_ONCE
std::unique_ptr<const proximity_recalibrator> fit_proximity_named(
    std::string_view name, score_kind kind, const labelled_rows& given,
    const optional_column<double>& proximity, const named_options& method) {
  using ratio = procal_density_ratio;
  using fitted = std::unique_ptr<const proximity_recalibrator>;
  std::vector<std::int64_t> labels(given.labels.size());
  given.labels.load(0, labels.size(), labels.data());
  return with_kind(kind, [&]<score_kind Kind>() -> fitted {
    using isotonics = std::conditional_t<is_one_number(Kind), isotonic, one_against_rest<isotonic>>;
    using bins = procal_bin_mean_shift<isotonics>;
    using held = rows_held<double>;
    // They are the caller's.
    const scores<Kind, held> rows(held({std::shared_ptr<void>(), &given.rows}));
    if (name == ratio::kind) {
      static_cast<void>(options_of<ratio::options>(given.where, method));
      return std::make_unique<const ratio>(ratio::fit(rows, labels, proximity, given.options));
    }
    const auto own = options_of<typename bins::options>(given.where, method);
    return std::make_unique<const bins>(bins::fit(rows, labels, proximity, given.options, own));
  });
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_PROXIMITY_METHODS)

}  // namespace detail

/// Fits the one of a name that is known at run time, to scores, labels and proximities;
/// procal_bin_mean_shift with isotonic regression in each bin. `method`: those of its own options
/// that are not as they are by default, `{{"bins", "10"}}`. Throws option_error for another name or
/// option, with those that there are, and what the fit of that type throws.
template<wrapped_scores S, class L>
[[nodiscard]] std::unique_ptr<const proximity_recalibrator> fit_proximity_by_name(
    std::string_view name, const S& scores, const L& labels,
    const optional_column<double>& proximity, const row_options& o = {},
    const named_options& method = {}) {
  constexpr bool usable = detail::usable_with_proximity<S, L>();
  if constexpr (usable) {
    if (name != procal_density_ratio::kind && name != procal_bin_mean_shift<>::kind)
      throw option_error(detail::concat("fit_proximity_by_name(): expected one of ",
                                        procal_density_ratio::kind, ", ",
                                        procal_bin_mean_shift<>::kind, "; got \"", name, '"'));
    return detail::with_labelled_rows(detail::concat(name, "::fit()"), scores, labels, o,
                                      [&](const detail::labelled_rows& given) {
                                        return detail::fit_proximity_named(name, S::kind, given,
                                                                           proximity, method);
                                      });
  }
}

/// The one whose parameters these are: procal_density_ratio, or procal_bin_mean_shift of isotonic,
/// one_against_rest<isotonic> or temperature_scaling. Throws value_error for another kind; those
/// are read where their type is named.
CALIBRA_DETAIL_ONCE
[[nodiscard]] std::unique_ptr<const proximity_recalibrator> read_proximity_recalibrator(
    const parameter_reader& p) {
  const std::string kind = p.kind();
  if (kind == procal_density_ratio::kind)
    return std::make_unique<const procal_density_ratio>(procal_density_ratio::from_parameters(p));
  if (kind != procal_bin_mean_shift<>::kind)
    throw value_error(detail::concat("no kind of recalibrator with proximities \"", kind, "\""));
  const auto parts = p.parts();
  const std::string part = parts.empty() ? std::string() : parts[0]->kind();
  const auto made = [&]<class R>(std::type_identity<R>) {
    using bins = procal_bin_mean_shift<R>;
    return std::make_unique<const bins>(bins::from_parameters(p));
  };
  if (part == isotonic::kind) return made(std::type_identity<isotonic>());
  if (part == temperature_scaling::kind) return made(std::type_identity<temperature_scaling>());
  return made(std::type_identity<one_against_rest<isotonic>>());
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_READ_PROXIMITY_METHODS)

}  // namespace calibra
