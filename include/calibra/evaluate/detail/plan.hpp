// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/detail/compiled.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/evaluate/evidence_view.hpp"
#include "calibra/metrics/needs.hpp"
#include "calibra/options.hpp"

namespace calibra::detail {

/// What passes over the rows have to fill, whoever makes them: which parts of evidence, and how.
struct evidence_plan {
  bool means = false;
  bool table = false;
  bool pairs = false;
  bool row_pairs = false;
  bool record = false;
  bool class_table = false;
  bool class_pairs = false;  ///< keep the pairs of every class, instead of tables cut from them
  std::vector<class_cut> cuts;
  std::vector<row_term> row_terms;
  row_options rows;
  bin_options bins;
  convention_option like;
};

/// The plan for the needs of metrics. `mergeable`: what is found is to be added up with more.
CALIBRA_DETAIL_ONCE
evidence_plan plan_for(std::string_view where, const evidence_needs& needs, const options& o,
                       evidence_kind kind, bool mergeable) {
  evidence_plan plan;
  plan.rows = o.for_rows();
  plan.bins = o.for_bins();
  plan.like = o.like;
  const bool mass = plan.bins.equal_mass();
  if (plan.like) {
    if (plan.like->bins != nullptr && (!o.edges.empty() || o.binning))
      throw option_error(concat(where, ": convention ", plan.like->name,
                                " makes its own edges; explicit edges go with calibra's"));
    if (plan.like->binary) plan.rows.binary = *plan.like->binary;
    if (mass && plan.like->binary_equal_mass) plan.rows.binary = *plan.like->binary_equal_mass;
    if (plan.like->side) plan.bins.side = *plan.like->side;
  }
  if ((mass || needs.mass_table || !needs.class_cuts.empty()) && plan.bins.bins < 1)
    throw option_error(concat(where, ": expected at least 1 bin, got 0"));
  if (kind == evidence_kind::confidences) {
    plan.rows.binary = binary_target::positive_class;
    plan.rows.ignore_label.reset();
  }
  const bool of_pairs = evidence_view::tabulates_pairs(plan.like);
  plan.means = needs.means;
  plan.pairs = needs.pairs || needs.mass_table || (needs.table && (mass || of_pairs));
  plan.table = needs.table && !mass && !of_pairs;
  plan.record = needs.record;
  if (kind != evidence_kind::classes) return plan;
  plan.row_pairs = plan.like && plan.like->row_pair != nullptr && (needs.table || needs.mass_table);
  plan.class_table = needs.fixed_classes || (needs.classes && !mass);
  plan.cuts = needs.class_cuts;
  if (needs.classes && mass) {
    evidence_needs all;
    all.class_cuts = {evidence_view::scheme_cut(plan.like)};
    all.class_cuts.insert(all.class_cuts.end(), plan.cuts.begin(), plan.cuts.end());
    evidence_needs once;
    once |= all;
    plan.cuts = once.class_cuts;
  }
  plan.class_pairs = mergeable && !plan.cuts.empty();
  plan.row_terms = needs.row_terms;
  return plan;
}

/// Evidence with the parts of a plan, all empty.
CALIBRA_DETAIL_ONCE
evidence empty_evidence(const evidence_plan& plan, evidence_kind kind, precision p,
                        std::size_t classes) {
  evidence e;
  e.kind = kind;
  e.precision = p;
  e.classes = classes;
  e.bins = plan.bins;
  e.like = plan.like;
  if (plan.means) e.means.emplace();
  if (plan.table) e.table.emplace(evidence_view::fixed_bins(plan.bins, plan.like, p));
  if (plan.pairs) e.pairs.emplace(p);
  if (plan.record) e.rows.emplace(plan.means);
  if (plan.row_pairs) e.row_pairs.emplace(precision::float32);
  for (const row_term& term : plan.row_terms)
    e.row_means.push_back({.name = std::string(term.name), .sum = {}, .weight = {}});
  if (plan.class_table)
    e.class_table.emplace(evidence_view::class_bins(plan.bins, plan.like, p), classes);
  if (plan.class_pairs)
    e.class_pairs.assign(classes, sample(p));
  else
    for (const class_cut& cut : plan.cuts)
      e.masses.push_back(
          {cut, std::vector<reliability_table>(
                    classes, reliability_table(binning::equal_width(1, plan.bins.side)))});
  return e;
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_PLAN)

}  // namespace calibra::detail
