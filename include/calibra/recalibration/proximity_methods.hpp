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
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/isotonic.hpp"
#include "calibra/recalibration/named_options.hpp"
#include "calibra/recalibration/one_against_rest.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/procal_bin_mean_shift.hpp"
#include "calibra/recalibration/procal_density_ratio.hpp"
#include "calibra/recalibration/proximity_recalibrator.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/scores.hpp"

namespace calibra {

namespace detail {

/// procal_bin_mean_shift of these has its bins mapped by isotonic regression.
template<wrapped_scores S>
using isotonic_of =
    std::conditional_t<is_one_number(S::kind), isotonic, one_against_rest<isotonic>>;

}  // namespace detail

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

/// Fits the one of a name that is known at run time, to scores, labels and proximities;
/// procal_bin_mean_shift with isotonic regression in each bin. `method`: those of its own options
/// that are not as they are by default, `{{"bins", "10"}}`. Throws option_error for another name or
/// option, with those that there are, and what the fit of that type throws.
template<wrapped_scores S, class L>
[[nodiscard]] std::unique_ptr<const proximity_recalibrator> fit_proximity_by_name(
    std::string_view name, const S& scores, const L& labels,
    const optional_column<double>& proximity, const row_options& o = {},
    const named_options& method = {}) {
  using ratio = procal_density_ratio;
  using bins = procal_bin_mean_shift<detail::isotonic_of<S>>;
  const std::string where = detail::concat(name, "::fit()");
  if (name == ratio::kind) {
    static_cast<void>(detail::options_of<ratio::options>(where, method));
    return std::make_unique<const ratio>(ratio::fit(scores, labels, proximity, o));
  }
  if (name == bins::kind) {
    const auto own = detail::options_of<typename bins::options>(where, method);
    return std::make_unique<const bins>(bins::fit(scores, labels, proximity, o, own));
  }
  throw option_error(detail::concat("fit_proximity_by_name(): expected one of ", ratio::kind, ", ",
                                    bins::kind, "; got \"", name, '"'));
}

/// The one whose parameters these are: procal_density_ratio, or procal_bin_mean_shift of isotonic,
/// one_against_rest<isotonic> or temperature_scaling. Throws value_error for another kind; those
/// are read where their type is named.
template<class = void>
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

}  // namespace calibra
