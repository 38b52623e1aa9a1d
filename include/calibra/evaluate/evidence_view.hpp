// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/compiled.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/metric_list.hpp"
#include "calibra/table/equal_mass.hpp"

namespace calibra {

/// Evidence made ready to be measured, as its convention says: pairs sorted, tables cut. What a
/// metric asked for in its `needs()` is there; the rest need not be.
class evidence_view {
 public:
  /// `needs`: what the metrics ask for. Pairs are sorted in place.
  evidence_view(evidence source, const evidence_needs& needs) : e_(std::move(source)) {
    prepare(needs);
  }

  [[nodiscard]] evidence_kind kind() const noexcept { return e_.kind; }
  [[nodiscard]] std::size_t classes() const noexcept { return e_.classes; }
  [[nodiscard]] calibra::precision precision() const noexcept { return e_.precision; }
  [[nodiscard]] const bin_options& bins() const noexcept { return e_.bins; }
  [[nodiscard]] const calibra::evidence& source() const noexcept { return e_; }

  // Each of these throws option_error where nothing asked for it.
  [[nodiscard]] const summary& means() const { return asked_for(e_.means, "means"); }
  /// The bins of the options.
  [[nodiscard]] const reliability_table& table() const { return asked_for(table_, "table"); }
  /// Equal-mass bins.
  [[nodiscard]] const reliability_table& mass_table() const {
    return asked_for(mass_table_, "mass_table");
  }
  /// Every pair, ascending.
  [[nodiscard]] const sample& pairs() const { return asked_for(e_.pairs, "pairs"); }
  /// The pairs that are binned, ascending: as the convention prepares them.
  [[nodiscard]] const sample& binned_pairs() const {
    return e_.row_pairs ? *e_.row_pairs : prepared_ ? *prepared_ : pairs();
  }
  [[nodiscard]] bool has_row_mean(std::string_view name) const {
    return find_row_mean(name) != nullptr;
  }
  [[nodiscard]] double row_mean(std::string_view name) const {
    const calibra::row_mean* mean = find_row_mean(name);
    if (mean == nullptr) not_asked_for(name);
    return mean->value();
  }
  /// A table a class on the bins of the options; no classes for binary scores and confidences.
  [[nodiscard]] calibra::class_tables class_tables() const {
    return e_.bins.equal_mass() ? class_tables(scheme_cut()) : fixed_class_tables();
  }
  /// A table a class on fixed bins, whatever the scheme.
  [[nodiscard]] calibra::class_tables fixed_class_tables() const {
    return e_.class_table ? calibra::class_tables(*e_.class_table) : calibra::class_tables();
  }
  /// A table a class on equal-mass bins of the pairs that the cut keeps.
  [[nodiscard]] calibra::class_tables class_tables(const class_cut& cut) const {
    for (const class_masses& m : e_.masses)
      if (m.cut == cut) return calibra::class_tables(m.tables);
    return {};
  }

  /// The cut of the tables of classes where bins are of equal mass.
  [[nodiscard]] static class_cut scheme_cut(const convention_option& like) {
    return {.threshold = 0, .keep_equal = !(like && like->positive_probabilities_only)};
  }
  /// Whether tables are made of the pairs and not in the pass.
  [[nodiscard]] static bool tabulates_pairs(const convention_option& like) {
    return like && (like->prepare != nullptr || like->row_pair != nullptr);
  }
  /// Whether evidence has what the table that is shown beside every result is made of.
  [[nodiscard]] static bool has_bins(const evidence& e) {
    return e.bins.equal_mass() || tabulates_pairs(e.like) ? e.pairs.has_value()
                                                          : e.table.has_value();
  }
  /// The pairs of a class that a cut keeps, ascending.
  [[nodiscard]] static sample kept_by(const sample& pairs, const class_cut& wanted) {
    sample kept(pairs.precision());
    std::size_t count = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i)
      count += wanted.keeps(pairs.confidence(i)) ? 1u : 0u;
    kept.reserve(count, pairs.weighted());
    for (std::size_t i = 0; i < pairs.size(); ++i)
      if (wanted.keeps(pairs.confidence(i)))
        kept.push_back(pairs.confidence(i), pairs.hit(i), pairs.weight_if_any(i));
    kept.sort();
    return kept;
  }
  /// The equal-mass table of a sample by the convention.
  [[nodiscard]] static reliability_table cut(const sample& sorted, const bin_options& bins,
                                             const convention_option& like) {
    if (like && like->mass_table != nullptr && !sorted.empty())
      return like->mass_table(sorted, bins.bins);
    return equal_mass_table(sorted, bins.bins, like && like->side ? *like->side : bins.side);
  }
  /// The fixed bins by the convention.
  [[nodiscard]] static binning fixed_bins(const bin_options& bins, const convention_option& like,
                                          calibra::precision precision) {
    if (like && like->bins != nullptr)
      return like->bins(bins.bins, precision == calibra::precision::float32);
    return bins.fixed();
  }
  [[nodiscard]] static binning class_bins(const bin_options& bins, const convention_option& like,
                                          calibra::precision precision) {
    if (like && like->class_bins != nullptr)
      return like->class_bins(bins.bins, precision == calibra::precision::float32);
    return fixed_bins(bins, like, precision);
  }

 private:
  CALIBRA_DETAIL_ONCE
  void prepare(const evidence_needs& needs);

  [[noreturn]] static void not_asked_for(std::string_view what) {
    throw option_error(detail::concat("evidence_view: a metric reads ", what,
                                      " and did not ask for it in needs()"));
  }
  template<class Part>
  static const Part& asked_for(const std::optional<Part>& part, std::string_view what) {
    if (!part) not_asked_for(what);
    return *part;
  }

  [[nodiscard]] class_cut scheme_cut() const { return scheme_cut(e_.like); }
  [[nodiscard]] reliability_table cut_table() const {
    return cut(binned_pairs(), e_.bins, e_.like);
  }
  [[nodiscard]] reliability_table fixed_table() const {
    if (!tabulates_pairs(e_.like)) return asked_for(e_.table, "table");
    const sample& pairs = binned_pairs();
    return tabulate(pairs, fixed_bins(e_.bins, e_.like, pairs.precision()));
  }
  void make_masses(const class_cut& wanted) {
    for (const class_masses& m : e_.masses)
      if (m.cut == wanted) return;
    if (e_.class_pairs.empty()) return;
    class_masses made{wanted, {}};
    for (const sample& pairs : e_.class_pairs)
      made.tables.push_back(cut(kept_by(pairs, wanted), e_.bins, e_.like));
    e_.masses.push_back(std::move(made));
  }
  [[nodiscard]] const calibra::row_mean* find_row_mean(std::string_view name) const {
    for (const calibra::row_mean& m : e_.row_means)
      if (m.name == name) return &m;
    return nullptr;
  }

  evidence e_;
  std::optional<reliability_table> table_, mass_table_;
  std::optional<sample> prepared_;
};

template<class>
void evidence_view::prepare(const evidence_needs& needs) {
  if (e_.pairs) e_.pairs->sort();
  if (e_.row_pairs) e_.row_pairs->sort();
  if (e_.pairs && e_.like && e_.like->prepare != nullptr) {
    prepared_ = e_.like->prepare(*e_.pairs);
    prepared_->sort();
  }
  const bool mass = e_.bins.equal_mass();
  if (needs.table || (needs.mass_table && mass)) table_ = mass ? cut_table() : fixed_table();
  if (needs.mass_table) mass_table_ = mass ? *table_ : cut_table();
  for (const class_cut& cut : needs.class_cuts) make_masses(cut);
  if (needs.classes && mass) make_masses(scheme_cut());
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_VIEW)

template<class F>
double any_metric::of_as(const void* f, const evidence_view& e) {
  const F& metric = *static_cast<const F*>(f);
  if constexpr (detail::of_view<F>) {
    return metric.of(e);
  } else if constexpr (detail::of_summary<F>) {
    return metric.of(e.means());
  } else if constexpr (detail::of_table<F>) {
    return metric.of(detail::on_equal_mass<F>() ? e.mass_table() : e.table());
  } else if constexpr (detail::of_sample<F>) {
    if (!detail::undefined_on(metric, e.pairs()).empty())
      return std::numeric_limits<double>::quiet_NaN();
    return detail::value_of_sample(metric, e.pairs(), e.bins());
  } else if constexpr (requires { metric.cut(); }) {
    return metric.of(e.class_tables(metric.cut()));
  } else if constexpr (requires { F::pooled; }) {
    return metric.of(e.fixed_class_tables());
  } else {
    return metric.of(e.class_tables());
  }
}

}  // namespace calibra
