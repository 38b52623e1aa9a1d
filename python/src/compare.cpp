// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "calibra/compare/compare.hpp"

#include <type_traits>

#include "calibra/error.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/groups/evaluate_by.hpp"
#include "calibra/groups/predicted_classes.hpp"
#include "calibra/groups/report.hpp"
#include "diagnostics.hpp"
#include "without_lock.hpp"

namespace calibra::python {

namespace {

using calibra::detail::concat;

void expect_one_label(const data& d) {
  if (d.multilabel() || d.form() == score_form::confidences)
    throw option_error(
        concat(d.where(), ": expected logits or probabilities of one label a sample"));
}

}  // namespace

comparison compare(const data& a, const data& b, const settings& s, const interval_options& how) {
  expect_one_label(a);
  expect_one_label(b);
  if (a.one_number() != b.one_number() || a.classes() != b.classes())
    throw shape_error(concat(a.where(), ": b: expected scores of shape ",
                             a.score_array().shape_text(), " as in a, got ",
                             b.score_array().shape_text()));
  options o = s.as_options(false);
  a.put_columns(o);
  const metric_list list = s.asked_metrics();
  const bool wide = a.wide() || b.wide();
  return without_lock(a.where(), o, [&] {
    return a.with_scores(
        [&](const auto& first) {
          return b.with_scores(
              [&](const auto& second) -> comparison {
                using same = std::is_same<decltype(first), decltype(second)>;
                if constexpr (same::value)
                  return calibra::compare(first, second, a.labels(), list, o, how);
                else
                  throw option_error(
                      concat(a.where(), ": expected a and b to be scores of one kind"));
              },
              wide);
        },
        wide);
  });
}

group_report evaluate_by(const data& d, const settings& s) {
  expect_one_label(d);
  options o = s.as_options(false);
  o.per_class = false;
  d.put_columns(o);
  const metric_list list = group_metrics(s.asked_metrics());
  return without_lock(d.where(), o, [&] {
    return d.with_scores([&](const auto& scores) -> group_report {
      if (d.groups()) return calibra::evaluate_by(scores, d.labels(), d.groups()->view(), list, o);
      if constexpr (calibra::detail::is_one_number(std::remove_cvref_t<decltype(scores)>::kind))
        throw option_error(concat(d.where(), ": by: 'predicted' is for samples x classes"));
      else
        return calibra::evaluate_by(scores, d.labels(), predicted_classes(scores), list, o);
    });
  });
}

void name_groups(group_report& r, const std::vector<std::string>& names) {
  for (group_row& g : r.groups)
    if (g.group >= 0 && static_cast<std::size_t>(g.group) < names.size())
      g.name = names[static_cast<std::size_t>(g.group)];
}

}  // namespace calibra::python
