// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "calibra/detail/counter_random.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/detail/normal.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/detail/measure.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/evaluate/evidence_view.hpp"
#include "calibra/interval/detail/classwise_roots.hpp"
#include "calibra/interval/interval_report.hpp"
#include "calibra/interval/wilson.hpp"
#include "calibra/metrics/classwise_debiased_l2.hpp"
#include "calibra/metrics/metric_list.hpp"
#include "calibra/options.hpp"

namespace calibra::detail {

/// In how many groups rows are left out in turn.
inline constexpr std::size_t jackknife_groups = 50;

/// The group of each row that counts: units (clusters, else rows) in an order by chance, every
/// so-manyth in one group.
inline std::vector<std::size_t> jackknife_groups_of(const std::vector<unsigned char>& valid,
                                                    const optional_column<std::int64_t>& cluster,
                                                    std::uint64_t seed) {
  const auto unit = [&](std::size_t i) {
    return cluster ? static_cast<std::uint64_t>(cluster.get()[i]) : static_cast<std::uint64_t>(i);
  };
  std::vector<std::uint64_t> order;  // a bijection of the units
  for (std::size_t i = 0; i < valid.size(); ++i)
    if (valid[i] != 0) order.push_back(mix(seed ^ mix(unit(i) + 1)));
  std::sort(order.begin(), order.end());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  std::vector<std::size_t> group(valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto at = std::lower_bound(order.begin(), order.end(), mix(seed ^ mix(unit(i) + 1)));
    group[i] = static_cast<std::size_t>(at - order.begin()) % jackknife_groups;
  }
  return group;
}

/// Makes evidence of scores by other options.
using evidence_maker = std::function<evidence(const options&, const wanted&)>;

/// Values of each metric without one of the groups of rows, whole clusters, in turn. Strata do not
/// count.
inline std::vector<std::vector<double>> values_without_groups(const metric_list& metrics,
                                                              const options& o, std::size_t rows,
                                                              std::uint64_t seed,
                                                              const evidence_maker& make) {
  std::vector<unsigned char> valid(rows, 1), kept(rows);
  if (o.valid) o.valid.get().load(0, rows, valid.data());
  const std::vector<std::size_t> group = jackknife_groups_of(valid, o.cluster, seed);
  options without = o;
  without.keep_rows = without.per_class = false;
  const wanted only(metrics, without);
  std::vector<std::vector<double>> values(metrics.size());
  for (std::size_t g = 0; g < jackknife_groups; ++g) {
    bool any = false;
    for (std::size_t i = 0; i < rows; ++i) {
      kept[i] = valid[i] != 0 && group[i] != g ? 1 : 0;
      any = any || (valid[i] != 0 && group[i] == g);
    }
    if (!any) continue;
    without.valid = kept;
    const evaluation e = measured(make(without, only), only);
    for (std::size_t m = 0; m < values.size(); ++m) values[m].push_back(e.metrics[m].value);
  }
  return values;
}

/// The standard error that values without groups tell, NaN where it is not known; and by how many
/// of it limits lie away: Student's t, by Cornish and Fisher's first terms.
struct jackknife_error {
  double standard_error = std::numeric_limits<double>::quiet_NaN();
  double t = 0;
  double freedom = 0;

  jackknife_error(const std::vector<double>& values, double z) {
    const auto groups = static_cast<double>(values.size());
    if (values.size() < 2) return;
    double mean = 0, squares = 0;
    for (const double x : values) mean += x / groups;
    for (const double x : values) squares += (x - mean) * (x - mean);
    const double error = std::sqrt(squares * (groups - 1) / groups);
    if (!is_finite(error)) return;
    standard_error = error;
    freedom = groups - 1;
    const double n = freedom, zz = z * z;
    t = z + z * (zz + 1) / (4 * n) + z * (5 * zz * zz + 16 * zz + 3) / (96 * n * n);
  }
  /// P of a value as far from 0, by Wallace's form of the t distribution.
  [[nodiscard]] double p(double value) const {
    if (!(standard_error > 0)) return value == 0 && standard_error == 0 ? 1 : standard_error;
    const double s = value / standard_error, n = freedom;
    return 2 * normal_cdf(-(8 * n + 1) / (8 * n + 3) * std::sqrt(n * std::log1p(s * s / n)));
  }
};

/// Sets the limits of the metrics at `place` in the report: value +- t standard errors; those of
/// classwise_debiased_l2 by its squares.
inline void set_jackknife_limits(interval_report& report, const metric_list& metrics,
                                 const std::vector<std::size_t>& place, const options& o,
                                 std::size_t rows, std::uint64_t seed,
                                 const std::vector<interval_limits>& bounds,
                                 const evidence_maker& make) {
  metric_list with_squares = metrics;
  std::optional<classwise_roots> roots;
  for (const any_metric& m : metrics)
    if (const auto* classwise = m.as<metrics::classwise_debiased_l2>()) {
      options whole = o;
      whole.keep_rows = whole.per_class = false;
      const wanted only({m}, whole);
      const evidence_view view(make(whole, only), only.needs());
      roots.emplace(*classwise, view.class_tables());
      with_squares.push_back(roots->means());
      with_squares.push_back(roots->squares());
    }
  const auto values = values_without_groups(with_squares, o, rows, seed, make);
  const double z = two_sided("intervals()", report.level);
  for (std::size_t m = 0; m < place.size(); ++m) {
    metric_interval& i = report.intervals[place[m]];
    const jackknife_error error(values[m], z);
    if (is_nan(error.standard_error)) {
      i.note = "not defined without some of the rows";
      continue;
    }
    i.method = "jackknife";
    i.standard_error = error.standard_error;
    i.lower = std::max(bounds[m].lower, i.value - error.t * error.standard_error);
    i.upper = std::min(bounds[m].upper, i.value + error.t * error.standard_error);
    const any_metric& metric = *(metrics.begin() + static_cast<std::ptrdiff_t>(m));
    if (metric.as<metrics::classwise_debiased_l2>() == nullptr) continue;
    const auto variance = [&](const std::vector<double>& of) {
      const double known = jackknife_error(of, z).standard_error;
      return known * known;
    };
    const interval_limits by_squares = roots->limits(variance(values[metrics.size()]),
                                                     variance(values[metrics.size() + 1]), error.t);
    i.lower = std::min(i.value, by_squares.lower);
    i.upper = std::min(bounds[m].upper, std::max(i.value, by_squares.upper));
    if (i.lower == 0)
      i.note = "from 0: the squared errors of the classes together are not above 0 beyond noise";
  }
}

}  // namespace calibra::detail
