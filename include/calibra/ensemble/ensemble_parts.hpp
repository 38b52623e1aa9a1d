// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "calibra/ensemble/ensemble.hpp"
#include "calibra/evaluate/tabulate.hpp"
#include "calibra/options.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/summary.hpp"

namespace calibra {

/// A loss of the ensemble = the mean loss of the members - disagreement.
struct ensemble_loss {
  double members = std::numeric_limits<double>::quiet_NaN();
  double ensemble = std::numeric_limits<double>::quiet_NaN();
  double disagreement = std::numeric_limits<double>::quiet_NaN();
};
struct ensemble_parts {
  ensemble_loss nll = {}, brier = {};
  double members_accuracy = std::numeric_limits<double>::quiet_NaN();  ///< mean
  double accuracy = std::numeric_limits<double>::quiet_NaN();
};

/// What averaging gains: each loss of the ensemble, the mean of its members' and their difference,
/// which is never below 0 (but for rounding) since both losses are convex; of the Brier score it is
/// the mean squared distance of the members from their mean. It grows where members err
/// differently. Shapes, options, errors: as evaluate(); option_error for no members. Where a member
/// is infinite, disagreement is infinite or NaN. Cost: one pass a member, and one over all.
/// Ref: Krogh and Vedelsby 1995; for probabilities: Abe et al. 2022 (arXiv 2202.06985).
template<wrapped_scores S, class L>
[[nodiscard]] ensemble_parts ensemble_parts_of(const std::vector<S>& members, const L& labels,
                                               const row_options& o = {}) {
  const summary all = summarise(ensemble(members), labels, o);
  ensemble_parts out;
  out.nll.members = out.brier.members = out.members_accuracy = 0;
  const auto count = static_cast<double>(members.size());
  for (const S& m : members) {
    const summary one = summarise(m, labels, o);
    out.nll.members += one.nll() / count;
    out.brier.members += one.brier() / count;
    out.members_accuracy += one.accuracy() / count;
  }
  out.nll.ensemble = all.nll();
  out.brier.ensemble = all.brier();
  out.accuracy = all.accuracy();
  for (ensemble_loss* loss : {&out.nll, &out.brier})
    loss->disagreement = loss->members - loss->ensemble;
  return out;
}

}  // namespace calibra
