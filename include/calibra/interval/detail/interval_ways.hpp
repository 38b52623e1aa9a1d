// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

#include "calibra/detail/float_bits.hpp"
#include "calibra/evaluate/detail/measure.hpp"
#include "calibra/evaluate/detail/plan.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/evaluate/evidence_view.hpp"
#include "calibra/interval/metric_interval.hpp"
#include "calibra/interval/wilson.hpp"
#include "calibra/metrics/classwise_debiased_l2.hpp"
#include "calibra/metrics/debiased_l2.hpp"
#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/metric_list.hpp"

namespace calibra::detail {

/// How a metric's interval is made.
enum class interval_way { means, squared_table, replicates, groups, none };

struct metric_way {
  interval_way way = interval_way::none;
  std::string note = {};
};

/// The least and the greatest value that the range of a metric allows; a value outside says that
/// the range is not to be trusted.
inline interval_limits bounds_of(const metric_info& info, double value) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  interval_limits bounds{-infinity, infinity};
  std::string_view text = info.range;
  if (!text.starts_with('[')) return bounds;
  text.remove_prefix(1);
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), bounds.lower);
  if (status != std::errc{}) return {-infinity, infinity};
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  if (text.starts_with(", ")) {
    text.remove_prefix(2);
    std::from_chars(text.data(), text.data() + text.size(), bounds.upper);
  }
  if (!(value >= bounds.lower && value <= bounds.upper)) return {-infinity, infinity};
  return bounds;
}

/// Whether a metric takes off a bias that it knows for rows that are independent.
inline bool debiases_rows(const any_metric& m) {
  return m.as<metrics::debiased_l2>() != nullptr ||
         m.as<metrics::classwise_debiased_l2>() != nullptr;
}

inline metric_way way_of(const any_metric& m, const wanted& wanted, evidence_kind kind,
                         double value) {
  if (is_nan(value)) return {interval_way::none, "the metric is not defined here"};
  if (!is_finite(value)) return {interval_way::none, "the value is infinite"};
  const evidence_needs needs = m.needs();
  const evidence_plan plan = plan_for("intervals()", needs, wanted.settings(), kind, false);
  if (plan.class_table || !plan.cuts.empty() || plan.row_pairs || !plan.row_terms.empty())
    return {interval_way::groups, "what is made of whole rows is not drawn again"};
  if (plan.means && !plan.table && !plan.pairs) return {interval_way::means, {}};
  if (const auto* squared = m.as<metrics::debiased_l2>(); squared != nullptr) {
    if (plan.table && squared->lone == lone_sample::left_out)
      return {interval_way::squared_table, {}};
    return {interval_way::groups,
            "its interval is known on fixed bins alone: drawing rows again brings back the bias "
            "that it takes off"};
  }
  return {interval_way::replicates, {}};
}

}  // namespace calibra::detail
