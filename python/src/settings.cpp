// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "settings.hpp"

#include <algorithm>
#include <thread>

#include "calibra/conventions/all.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/all_metrics.hpp"
#include "words.hpp"

namespace calibra::python {

using calibra::detail::concat;

namespace {

edge_side side_of(const settings& s) {
  return chosen<edge_side>(s.where, "side", *s.side,
                           {{"left", edge_side::left_closed}, {"right", edge_side::right_closed}});
}

}  // namespace

options settings::as_options(bool plain) const {
  options o;
  o.bins = bins;
  o.scheme = chosen<bin_scheme>(
      where, "scheme", scheme,
      {{"equal_width", bin_scheme::equal_width}, {"equal_mass", bin_scheme::equal_mass}});
  o.edges = edges;
  o.ignore_label = ignore_label;
  o.nan = chosen<nan_policy>(where, "nan", nan,
                             {{"reject", nan_policy::reject}, {"count", nan_policy::count}});
  o.renormalise = renormalise;
  o.per_class = per_class;
  o.threads = {threads > 0 ? threads : std::clamp(std::thread::hardware_concurrency(), 1U, 1024U)};
  convention followed = named_convention();
  if (side) {
    const edge_side given = side_of(*this);
    if (followed.side)
      throw option_error(concat(where, ": side: the convention ", followed.name, " has its own"));
    o.side = given;
  }
  if (binary) {
    const auto target = chosen<binary_target>(
        where, "binary", *binary,
        {{"positive", binary_target::positive_class}, {"top", binary_target::top_label}});
    if (plain)
      throw option_error(concat(where,
                                ": binary: only for binary scores, not for confidences or "
                                "multilabel"));
    o.binary = target;
    followed = followed.binned_as(target);
  }
  if (plain) followed = followed.binned_as({});
  o.like = followed;
  return o;
}

metric_list settings::asked_metrics() const {
  return metrics ? all_metrics().only(*metrics) : all_metrics();
}

const convention& settings::named_convention() const {
  return conventions::find(like);
}

edge_side settings::effective_side() const {
  if (side) return side_of(*this);
  return named_convention().side.value_or(edge_side::right_closed);
}

}  // namespace calibra::python
