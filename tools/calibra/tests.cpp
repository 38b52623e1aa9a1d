// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "tests.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/hypothesis/calibration_test.hpp"
#include "calibra/hypothesis/detail/p_text.hpp"
#include "calibra/hypothesis/test_calibration.hpp"
#include "calibra/json.hpp"
#include "inputs.hpp"
#include "progress.hpp"
#include "suggest.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;
using calibra::detail::fixed_text;
using json = nlohmann::ordered_json;

std::vector<std::string> known_tests() {
  std::vector<std::string> names;
  for (const test_info& t : calibration_tests()) names.emplace_back(t.name);
  return names;
}

std::vector<test_result> results_of(const inputs& in, const test_request& request,
                                    const options& o) {
  const io::label_column labels = labels_of(in);
  const auto asked = [&](std::string_view name) {
    return request.tests.empty() ||
           std::find(request.tests.begin(), request.tests.end(), name) != request.tests.end();
  };
  std::vector<test_result> results;
  const auto of_pairs = [&](const sample& pairs, const auto& add_skce) {
    const auto add = [&](const auto& test) {
      if (asked(test.name())) results.push_back(test(pairs));
    };
    add(kuiper_test);
    add(ks_test);
    add(spiegelhalter_test);
    add(hosmer_lemeshow_test);
    add(t_cal_test.with({.seed = request.seed}));
    if (asked(skce_test.name())) add_skce();
    add(logistic_test);
    add(e_value_test);
  };
  const auto sorted = [](sample pairs) {
    pairs.sort();
    return pairs;
  };
  if (request.data.from == score_form::confidences) {
    in.scores.visit_native_vector([&](auto view) {
      of_pairs(sorted(collect(calibra::confidences(view, labels), o)), [&] {
        results.push_back({.name = "skce", .note = "needs classes, got confidences"});
      });
    });
    return results;
  }
  with_scores(in, request.data.from, [&](const auto& scores) {
    of_pairs(sorted(calibra::detail::tested_pairs(scores, labels, o)),
             [&] { results.push_back(skce_test.with({.seed = request.seed})(scores, labels, o)); });
  });
  return results;
}

std::string table_of(const std::vector<test_result>& results) {
  using calibra::detail::left_text;
  using calibra::detail::right_text;
  std::size_t width = 4;
  for (const test_result& r : results) width = std::max(width, r.name.size());
  std::string out = concat(left_text("test", width), "   statistic        p  note\n");
  for (const test_result& r : results) {
    std::string line =
        concat(left_text(r.name, width), "  ",
               right_text(std::isnan(r.statistic) ? "-" : fixed_text(r.statistic, 4), 10), "  ",
               right_text(calibra::detail::p_text(r.p), 7), "  ", r.note);
    while (line.ends_with(' ')) line.pop_back();
    out += line + '\n';
  }
  return out;
}

std::string json_of(const std::vector<test_result>& results) {
  using calibra::detail::number_or_null;
  json document;
  document["calibra"] = CALIBRA_VERSION;
  json& tests = document["tests"] = json::object();
  for (const test_result& r : results)
    tests[r.name] = {
        {"statistic", number_or_null(r.statistic)}, {"p", number_or_null(r.p)}, {"note", r.note}};
  return calibra::detail::json_text(document) + '\n';
}

}  // namespace

std::vector<std::string> wanted_tests(const std::vector<std::string>& names) {
  const std::vector<std::string> known = known_tests();
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw option_error(concat("--tests: expected names out of all, ", comma_separated(known),
                                "; got \"", name, '"', did_you_mean(name, known)));
  return names;
}

std::string test_files(const test_request& request) {
  const inputs in = load_inputs(request.data);
  options o = row_options_of(request.data);
  std::vector<test_result> results;
  naming_files(in.names(),
               [&] { with_columns(in, o, [&] { results = results_of(in, request, o); }); });
  return request.format == report_format::json ? json_of(results) : table_of(results);
}

}  // namespace calibra::cli
