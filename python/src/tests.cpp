// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <string_view>

#include "calibra/error.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/hypothesis/calibration_test.hpp"
#include "calibra/hypothesis/test_calibration.hpp"
#include "diagnostics.hpp"
#include "without_lock.hpp"

namespace calibra::python {

namespace {

using calibra::detail::concat;

bool is_among(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void expect_known(const std::string& where, const std::vector<std::string>& names) {
  std::vector<std::string> known;
  std::string list;
  for (const test_info& t : calibration_tests()) {
    known.emplace_back(t.name);
    list += concat(list.empty() ? "" : ", ", t.name);
  }
  for (const std::string& name : names)
    if (!is_among(known, name))
      throw option_error(
          concat(where, ": tests: expected names out of ", list, "; got '", name, "'"));
}

}  // namespace

std::vector<test_result> test_calibration(const data& d, const settings& s,
                                          const std::vector<std::string>& names,
                                          std::uint64_t seed) {
  expect_known(d.where(), names);
  if (d.multilabel())
    throw option_error(concat(d.where(), ": multilabel: expected one label a sample"));
  options o = s.as_options(d.form() == score_form::confidences);
  o.like = {};  // tests have no bins
  d.put_columns(o);
  const auto asked = [&](std::string_view name) { return names.empty() || is_among(names, name); };
  std::vector<test_result> results;
  const auto of_pairs = [&](sample pairs, const auto& add_skce) {
    pairs.sort();
    const auto add = [&](const auto& test) {
      if (asked(test.name())) results.push_back(test(pairs));
    };
    add(kuiper_test);
    add(ks_test);
    add(spiegelhalter_test);
    add(hosmer_lemeshow_test);
    add(t_cal_test.with({.seed = seed}));
    if (asked(skce_test.name())) add_skce();
    add(logistic_test);
    add(e_value_test);
  };
  without_lock(d.where(), o, [&] {
    if (d.form() == score_form::confidences)
      d.with_confidences([&](const auto& view) {
        of_pairs(collect(confidences(view, d.labels()), o), [&] {
          results.push_back({.name = "skce", .note = "needs classes, got confidences"});
        });
      });
    else
      d.with_scores([&](const auto& scores) {
        of_pairs(calibra::detail::tested_pairs(scores, d.labels(), o),
                 [&] { results.push_back(skce_test.with({.seed = seed})(scores, d.labels(), o)); });
      });
  });
  return results;
}

}  // namespace calibra::python
