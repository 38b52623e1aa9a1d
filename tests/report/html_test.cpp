// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/report/html.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "calibra/conventions/sklearn.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/evaluate/tabulate.hpp"
#include "calibra/groups/evaluate_by.hpp"
#include "calibra/hypothesis/kuiper.hpp"
#include "calibra/hypothesis/test_calibration.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/recalibrated.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/report/report_calibration.hpp"
#include "heated_problem.hpp"

namespace {

/// Logits and labels, and a report of them.
struct problem : calibra::test::heated_problem {
  using heated_problem::heated_problem;
  calibra::calibration_report report(const calibra::recalibrator* model = nullptr) const {
    return calibra::report_calibration(calibra::logits(z), y, {.per_class = true}, model);
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The first tag that is closed out of turn or left open; "" where there is none.
std::string unbalanced(const std::string& page) {
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const std::size_t end = page.find('>', at);
    std::string name = page.substr(at + 1, page.find_first_of(" \n/>", at + 2) - at - 1);
    if (name == "!doctype" || name == "meta" || page[end - 1] == '/') continue;
    if (name[0] != '/') {
      open.push_back(name);
      continue;
    }
    if (open.empty() || open.back() != name.substr(1)) return name;
    open.pop_back();
  }
  return open.empty() ? "" : open.back();
}

}  // namespace

TEST_CASE("a report is what the calls it makes give", "[report]") {
  const problem p(3);
  const auto scores = calibra::logits(p.z);
  const auto t = calibra::fit<calibra::temperature_scaling>(scores, p.y);
  const calibra::calibration_report r = p.report(&t);
  const auto values = calibra::intervals(scores, p.y, calibra::all_metrics(), {.per_class = true});
  REQUIRE(r.values.intervals.size() == values.intervals.size());
  std::size_t wrong = 0;
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  for (std::size_t i = 0; i < values.intervals.size(); ++i) {
    const auto &a = r.values.intervals[i], &b = values.intervals[i];
    wrong += a.name != b.name || !same(a.value, b.value) || !same(a.lower, b.lower) ||
             !same(a.upper, b.upper);
  }
  const auto tests = calibra::test_calibration(scores, p.y);
  REQUIRE(r.tests.size() == tests.size());
  for (std::size_t i = 0; i < tests.size(); ++i) wrong += !same(r.tests[i].p, tests[i].p);
  CHECK(wrong == 0);
  CHECK(r.pairs.size() == problem::samples);
  CHECK(r.temperature == t.temperature());
  const auto tempered = calibra::evaluate(calibra::recalibrated(t, scores), p.y);
  // A report is given a model whatever it is, which divides by T as all recalibrators map rows.
  const calibra::recalibrator& model = t;
  const auto by_model = calibra::evaluate(calibra::recalibrated(model, scores), p.y);
  for (const char* name : {"ece", "nll", "accuracy"}) {
    CHECK((*r.tempered)[name] == tempered[name]);
    CHECK((*r.applied)[name] == by_model[name]);
    CHECK(by_model[name] ==
          Approx(tempered[name]).epsilon(16 * std::numeric_limits<double>::epsilon()));
  }
  CHECK(!r.groups);
}

TEST_CASE("a page says what is in the report", "[report]") {
  const problem p(3);
  calibra::calibration_report r = p.report();
  r.groups = calibra::evaluate_by(calibra::logits(p.z), p.y, p.y);
  calibra::html_options o{.title = "a<b & \"c\"", .by = "label", .command = "x > y"};
  o.sources.push_back({"scores", "z.npy", "12 bytes", "CRC-32 0000abcd"});
  const std::string page = calibra::to_html(r, o);
  CHECK(page.starts_with("<!doctype html>"));
  CHECK(unbalanced(page) == "");
  for (const char* part :
       {"<h1>a&lt;b &amp; &quot;c&quot;</h1>", "<h2>Groups, by label</h2>", "kuiper",
        "<td>scores</td><td>z.npy</td><td>12 bytes</td><td>CRC-32 0000abcd</td>",
        "<code>x &gt; y</code>", "300 samples, 0 left out, 3 classes; 15 bins; calibra "})
    CHECK(has(page, part));
  for (const calibra::metric_interval& i : r.values)
    if (!std::isnan(i.value))
      CHECK(has(page, "<td>" + i.name + "</td><td>" + calibra::detail::fixed_text(i.value, 6)));
  CHECK(has(page, "Most of it lies at confidences from "));
  CHECK(has(page, "One temperature, "));
  CHECK(has(page, "Of the groups, "));
  for (const calibra::test_result& t : r.tests) CHECK(has(page, "<td>" + t.name + "</td><td>"));
  CHECK(has(page, "Limits of 95 % intervals"));
  r.values.level = 0.995;
  CHECK(has(calibra::to_html(r), "Limits of 99.5 % intervals"));
  CHECK(has(calibra::to_html(r), "<h2>Groups</h2>"));
  CHECK(!has(page, "with the model"));
  r.applied = r.values.values;
  CHECK(has(calibra::to_html(r), "<th>with the model</th>"));
  CHECK(has(calibra::to_html(r), "<h1>Calibration report</h1>"));
  CHECK(!has(calibra::to_html(r), "<code>"));
}

TEST_CASE("the verdict", "[report]") {
  // What it is made of, and no more: intervals of all metrics take seconds.
  const auto report = [](double heat) {
    const problem p(heat);
    const auto scores = calibra::logits(p.z);
    return calibra::calibration_report{
        .values = calibra::intervals(
            scores, p.y,
            {calibra::ece, calibra::nll, calibra::overconfidence, calibra::underconfidence}),
        .pairs = calibra::collect(scores, p.y),
        .tests = {calibra::kuiper_test(scores, p.y)}};
  };
  CHECK(has(calibra::to_html(report(3)),
            "The model is overconfident. The difference from a calibrated model is larger than "
            "noise"));
  CHECK(has(calibra::to_html(report(0.2)), "The model is underconfident. "));
  calibra::calibration_report calibrated = report(1);
  REQUIRE(calibrated.tests[0].p > 0.05);
  CHECK(has(calibra::to_html(calibrated),
            "These 300 samples do not tell the model from a calibrated one (Kuiper's test, p = "));
  calibrated.tests.clear();
  CHECK(has(calibra::to_html(calibrated),
            "Whether the difference from a calibrated model is noise was not tested. "));
}

TEST_CASE("a label whose probability is 0 leaves no temperature", "[report]") {
  const std::vector<std::vector<double>> p{{1, 0}, {0.3, 0.7}, {0.6, 0.4}, {0.2, 0.8}};
  const std::vector<int> y{1, 1, 0, 1};
  const calibra::calibration_report r = calibra::report_calibration(calibra::probabilities(p), y);
  CHECK(!r.temperature);
  CHECK(!r.tempered);
  CHECK(unbalanced(calibra::to_html(r)) == "");
  CHECK(!has(calibra::to_html(r), "One temperature"));
  // whose nll is clipped, and finite
  CHECK(!calibra::report_calibration(calibra::probabilities(p), y,
                                     {.like = calibra::conventions::sklearn})
             .temperature);
}

TEST_CASE("a report of confidences has no temperature and no classes", "[report]") {
  const std::vector<double> c{0.9, 0.8, 0.7, 0.6};
  const std::vector<std::int64_t> hit{1, 1, 0, 1};
  const calibra::calibration_report r = calibra::report_calibration(calibra::confidences(c, hit));
  CHECK(!r.temperature);
  const std::string page = calibra::to_html(r);
  CHECK(unbalanced(page) == "");
  CHECK(has(page, "4 samples, 0 left out; 15 bins"));
  CHECK(!has(page, "One temperature"));
}
