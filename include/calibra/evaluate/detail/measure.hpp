// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "calibra/detail/compiled.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/evaluate/detail/plan.hpp"
#include "calibra/evaluate/evaluation.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/evaluate/evidence_view.hpp"
#include "calibra/metrics/classwise_ece.hpp"
#include "calibra/metrics/metric.hpp"
#include "calibra/metrics/metric_list.hpp"

namespace calibra::detail {

/// The metric that a convention has for the name, or the metric itself. Throws option_error for a
/// metric that was told otherwise than the convention has it.
inline any_metric by_convention(const any_metric& m, const convention_option& like) {
  if (!like || like->metrics == nullptr) return m;
  const metric_list own = like->metrics();
  const any_metric* other = own.find(m.name());
  if (other == nullptr || *other == m) return m;
  if (!m.by_default())
    throw option_error(concat("convention ", like->name, " defines ", m.name(),
                              " itself; options of the metric go with calibra's"));
  return *other;
}

/// The metrics of an evaluation, as its convention defines them, and what they need.
class wanted {
 public:
  wanted(const metric_list& metrics, const options& o) : options_(o), metrics_({}) {
    for (const any_metric& m : metrics) {
      const any_metric as_like = by_convention(m, o.like);
      metrics_.push_back(as_like);
      needs_ |= as_like.needs();
    }
    needs_.table = true;  // shown beside every result
    needs_.classes = needs_.classes || o.per_class;
    needs_.record = o.keep_rows;
  }

  evidence_plan plan(std::string_view where, evidence_kind kind, bool mergeable = false) const {
    return plan_for(where, needs_, options_, kind, mergeable);
  }
  const metric_list& metrics() const { return metrics_; }
  const evidence_needs& needs() const { return needs_; }
  bool per_class() const { return options_.per_class; }
  const options& settings() const { return options_; }

 private:
  options options_;
  metric_list metrics_;
  evidence_needs needs_;
};

/// The options that evidence was made by, as far as it tells.
inline options options_of(const evidence& e) {
  options o;
  o.like = e.like;
  o.bins = e.bins.bins;
  o.scheme = e.bins.scheme;
  o.side = e.bins.side;
  o.edges = e.bins.edges;
  o.binning = e.bins.binning;
  return o;
}

/// One metric of a direct call.
class wanted_one {
 public:
  template<class F>
  wanted_one(const F& f, const options& o)
      : options_(o),
        metric_(by_convention(any_metric(f), o.like)),
        where_(concat(metric_.name(), "()")) {
    metric_.check();
    if (options_.weights && !unweighted_sentence(f).empty())
      throw option_error(concat(where_, ": ", unweighted_sentence(f)));
  }
  std::string_view where() const { return where_; }
  evidence_plan plan(evidence_kind kind) const {
    return plan_for(where_, metric_.needs(), options_, kind, false);
  }
  double value(evidence e) const {
    return metric_.of(evidence_view(std::move(e), metric_.needs()));
  }

 private:
  template<class F>
  static std::string unweighted_sentence(const F& f) {
    sample weighted;
    weighted.push_back(0, false, 1);
    weighted.set_proximities({0});
    if constexpr (of_sample<F>) return undefined_on(f, weighted);
    static_cast<void>(f);
    return {};
  }

  options options_;
  any_metric metric_;
  std::string where_;
};

/// Measures evidence that has all that is wanted.
CALIBRA_DETAIL_ONCE
evaluation measured(const evidence_view& view, const wanted& wanted) {
  evaluation result;
  const evidence& e = view.source();
  result.samples = result.entries = e.samples;
  result.skipped = e.skipped;
  result.classes = e.classes;
  result.table = view.table();
  for (const any_metric& m : wanted.metrics())
    result.metrics.push_back({std::string(m.name()), m.of(view), m.noise_floor(result.table)});
  if (wanted.per_class()) {
    const class_tables tables = view.class_tables();
    for (std::size_t k = 0; k < tables.size(); ++k) {
      result.class_tables.push_back(tables[k]);
      result.ece_per_class.push_back(ece(result.class_tables.back()));
    }
  }
  return result;
}

inline evaluation measured(evidence e, const wanted& wanted) {
  return measured(evidence_view(std::move(e), wanted.needs()), wanted);
}

/// Whether evidence has the parts that a metric needs.
inline bool has_parts(const evidence& e, const any_metric& m, const options& o) {
  const evidence_plan p = plan_for("evaluate()", m.needs(), o, e.kind, false);
  const bool multiclass = e.kind == evidence_kind::classes;
  const bool terms = !p.row_terms.empty() && multiclass && e.row_means.empty();
  bool cuts = false;
  for (const class_cut& cut : p.cuts) {
    bool found = !e.class_pairs.empty();
    for (const class_masses& made : e.masses) found = found || made.cut == cut;
    cuts = cuts || !found;
  }
  return !((p.means && !e.means) || (p.pairs && !e.pairs) || (p.table && !e.table) ||
           (p.row_pairs && !e.row_pairs) || (p.class_table && !e.class_table) || terms || cuts);
}
/// Throws option_error where evidence lacks its bins, or a part that a metric needs.
CALIBRA_DETAIL_ONCE
void check_parts(const evidence& e, const wanted& wanted) {
  if (!evidence_view::has_bins(e))
    throw option_error(
        "evaluate(): expected evidence with a table of bins, or pairs to make one of, got neither");
  for (const any_metric& m : wanted.metrics())
    if (!has_parts(e, m, wanted.settings()))
      throw option_error(concat("evaluate(): the evidence was not collected for the metric \"",
                                m.name(), "\"; name it where the evidence is made"));
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_MEASURE)

}  // namespace calibra::detail
