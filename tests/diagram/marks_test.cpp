// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What stands in pictures is what was measured.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "drawn_pictures.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

template<class M>
std::vector<M> marks_of(const picture_panel& panel) {
  std::vector<M> found;
  for (const mark& m : panel.marks)
    if (const M* one = std::get_if<M>(&m)) found.push_back(*one);
  return found;
}

std::string caption_of(const picture& p) {
  std::string all;
  for (const std::string& line : p.caption) all += (all.empty() ? "" : " ") + line;
  return all;
}

/// The highest of the bars over a place.
double top_over(const picture_panel& panel, double x, tone of) {
  double top = 0;
  for (const bar_mark& b : marks_of<bar_mark>(panel))
    if (b.fill == of && b.low.x < x && x < b.high.x) top = std::max(top, b.high.y);
  return top;
}

}  // namespace

TEST_CASE("a reliability diagram has the table's bins", "[diagram]") {
  const scored s = random_scores(500, 4, 3);
  for (const bool mass : {false, true}) {
    const evaluation e =
        evaluate(logits(s.z), s.labels, {ece},
                 {.bins = 9, .scheme = mass ? bin_scheme::equal_mass : bin_scheme::equal_width});
    const picture p = reliability_diagram(e, "A");
    REQUIRE(p.panels.size() == 2);
    CHECK(p.panels[0].title == "A");
    std::size_t filled = 0;
    for (std::size_t b = 0; b < e.table.size(); ++b) {
      const reliability_bin bin = e.table[b];
      if (bin.count == 0) continue;
      ++filled;
      const double x = (bin.lower + bin.upper) / 2;
      INFO("bin " << b << ", mass " << mass);
      CHECK(top_over(p.panels[0], x, tone::model) == std::min(bin.accuracy, bin.confidence));
      const tone off = bin.confidence > bin.accuracy ? tone::over : tone::under;
      if (bin.confidence != bin.accuracy)
        CHECK(top_over(p.panels[0], x, off) == std::max(bin.accuracy, bin.confidence));
      CHECK(top_over(p.panels[1], x, tone::faint) ==
            Approx(static_cast<double>(bin.count) / 500).epsilon(1e-15));
    }
    const auto limits = marks_of<limits_mark>(p.panels[0]);
    REQUIRE(limits.size() == filled);
    std::size_t at = 0;
    for (std::size_t b = 0; b < e.table.size(); ++b) {
      if (e.table[b].count == 0) continue;
      const interval_limits expected = bin_interval(e.table, b, 0.95);
      CHECK(limits[at].low.y == expected.lower);
      CHECK(limits[at++].high.y == expected.upper);
    }
    const auto lines = marks_of<line_mark>(p.panels[0]);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].points == std::vector<point>{{0, 0}, {1, 1}});
    CHECK(caption_of(p).find("500 samples. ECE " + detail::fixed_text(e["ece"], 4) +
                             ", noise floor " + detail::fixed_text(ece_noise_floor(e.table), 4)) ==
          0);
  }
}

TEST_CASE("the caption has the interval that was measured", "[diagram]") {
  const scored s = random_scores(300, 3, 5);
  const interval_report r = intervals(logits(s.z), s.labels, {ece}, {}, {.replicates = 60});
  const std::string said = caption_of(reliability_diagram(r));
  CHECK(said.find("[" + detail::fixed_text(r["ece"].lower, 4) + ", " +
                  detail::fixed_text(r["ece"].upper, 4) + "]") != std::string::npos);
}

TEST_CASE("consistency bars are about the confidence", "[diagram]") {
  const scored s = random_scores(300, 3, 6);
  const evaluation e = evaluate(logits(s.z), s.labels, {ece});
  const picture p = reliability_diagram(e, "", {.limits = bar_limits::consistency, .level = 0.9});
  std::size_t at = 0;
  const auto limits = marks_of<limits_mark>(p.panels[0]);
  for (std::size_t b = 0; b < e.table.size(); ++b) {
    const reliability_bin bin = e.table[b];
    if (bin.count == 0) continue;
    const double c = bin.confidence,
                 reach =
                     1.6448536269514722 * std::sqrt(c * (1 - c) / static_cast<double>(bin.count));
    REQUIRE(at < limits.size());
    CHECK(limits[at].low.y == Approx(std::max(0.0, c - reach)).margin(1e-12));
    CHECK(limits[at++].high.y == Approx(std::min(1.0, c + reach)).margin(1e-12));
  }
  CHECK(at == limits.size());
}

TEST_CASE("classwise diagrams have the worst classes first", "[diagram]") {
  const scored s = random_scores(400, 6, 7);
  const evaluation e = evaluate(logits(s.z), s.labels, {ece}, {.per_class = true});
  const picture p = classwise_diagram(e, 4);
  REQUIRE(p.panels.size() == 4);
  std::vector<std::size_t> order{0, 1, 2, 3, 4, 5};
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return e.ece_per_class[a] > e.ece_per_class[b]; });
  for (std::size_t k = 0; k < 4; ++k)
    CHECK(p.panels[k].title == "class " + std::to_string(order[k]));
  evaluation named = e;
  named.class_names = {"a", "b", "c", "d", "e"};  // of all but the last
  const picture q = classwise_diagram(named, 6);
  for (std::size_t k = 0; k < 6; ++k)
    CHECK(q.panels[k].title == (order[k] < 5 ? named.class_names[order[k]] : "class 5"));
}

TEST_CASE("the CORP diagram has the isotonic curve and its band", "[diagram]") {
  const scored s = random_scores(200, 3, 8);
  const sample pairs = collect(logits(s.z), s.labels);
  const band_options band{.replicates = 30, .seed = 4, .points = 20};
  const picture p = corp_diagram(pairs, "", band);
  const auto lines = marks_of<line_mark>(p.panels[0]);
  REQUIRE(lines.size() == 2);
  for (const corp_step& step : corp_curve(pairs)) {
    const auto& points = lines[1].points;
    CHECK(std::find(points.begin(), points.end(), point{step.first, step.frequency}) !=
          points.end());
    CHECK(std::find(points.begin(), points.end(), point{step.last, step.frequency}) !=
          points.end());
  }
  const auto areas = marks_of<area_mark>(p.panels[0]);
  REQUIRE(areas.size() == 1);
  const auto expected = corp_bands(pairs, band);
  REQUIRE(areas[0].corners.size() == 2 * expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(areas[0].corners[i] == point{expected[i].confidence, expected[i].lower});
    CHECK(areas[0].corners[2 * expected.size() - 1 - i] ==
          point{expected[i].confidence, expected[i].upper});
  }
}

TEST_CASE("the smoothed curve is that of means with Gaussian weights", "[diagram]") {
  const scored s = random_scores(300, 3, 18);
  std::vector<double> weights;
  for (std::size_t i = 0; i < 300; ++i) weights.push_back(static_cast<double>(i % 4));
  for (const bool weighted : {false, true}) {
    options o;
    if (weighted) o.weights = weights;
    const sample pairs = collect(logits(s.z), s.labels, o);
    const smooth_ece_result found = smooth_ece.details(pairs);
    const std::vector<smooth_point> curve = smooth_curve(pairs, found.bandwidth, 51);
    REQUIRE(curve.size() > 20);
    std::size_t next = 0;
    for (std::size_t p = 0; p < 51; ++p) {
      const double t = static_cast<double>(p) / 50;
      double weight = 0, confidence = 0, hits = 0, variance = 0, nearest = 0;
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        double k = 0;
        for (const double at : {pairs.confidence(i), -pairs.confidence(i), 2 - pairs.confidence(i)})
          k += std::exp(-std::pow((t - at) / found.bandwidth, 2) / 2);
        const double c = pairs.confidence(i), w = pairs.weight(i) * k;
        if (w > 0) nearest = std::max(nearest, k);
        weight += w;
        confidence += w * c;
        hits += pairs.hit(i) ? w : 0;
        variance += w * w * c * (1 - c);
      }
      if (nearest < std::exp(-0.5)) continue;
      INFO("t " << t << ", weighted " << weighted);
      REQUIRE(next < curve.size());
      // Steps of 1/4096 are gathered at their means.
      CHECK(curve[next].confidence == Approx(confidence / weight).epsilon(1e-4));
      CHECK(curve[next].frequency == Approx(hits / weight).margin(1e-4));
      CHECK(curve[next].deviation == Approx(std::sqrt(variance) / weight).epsilon(1e-3));
      ++next;
    }
    CHECK(next == curve.size());
    const picture p = smooth_diagram(pairs);
    const auto lines = marks_of<line_mark>(p.panels[0]);
    REQUIRE(lines.size() == 2);
    CHECK(lines[1].points.size() == smooth_curve(pairs, found.bandwidth).size());
    CHECK(p.description.find("Smooth ECE " + calibra::detail::fixed_text(found.value, 4)) !=
          std::string::npos);
  }
  // Weights count by their ratios; a narrow kernel has points where samples are.
  sample small, whole;
  for (std::size_t i = 0; i < 40; ++i) {
    small.push_back(static_cast<double>(i) / 40, i % 3 == 0, 1.0 / 40);
    whole.push_back(static_cast<double>(i) / 40, i % 3 == 0);
  }
  CHECK(smooth_curve(small, 0.1).size() == smooth_curve(whole, 0.1).size());
  CHECK(smooth_curve(whole, 1e-170).empty());
  CHECK(smooth_curve(sample(), 0.1).empty());
  CHECK(smooth_curve(collect(logits(s.z), s.labels), std::nan("")).empty());
}

TEST_CASE("the cumulative diagram spans Kuiper's statistic", "[diagram]") {
  const scored s = random_scores(3000, 3, 9);  // more than it keeps points
  const sample pairs = collect(logits(s.z), s.labels);
  const picture p = cumulative_diagram(pairs);
  const auto lines = marks_of<line_mark>(p.panels[0]);
  REQUIRE(lines.size() == 2);
  double low = 0, high = 0, deviation = 0;
  for (const point& q : lines[1].points) {
    low = std::min(low, q.y);
    high = std::max(high, q.y);
  }
  for (std::size_t i = 0; i < pairs.size(); ++i)
    deviation += pairs.confidence(i) * (1 - pairs.confidence(i));
  CHECK((high - low) * 3000 / std::sqrt(deviation) ==
        Approx(kuiper_test(pairs).statistic).epsilon(1e-9));
  CHECK(lines[1].points.size() <= 800);
  CHECK(lines[1].points.front() == point{0, 0});
  CHECK(lines[1].points.back().x == Approx(1).epsilon(1e-12));
}

TEST_CASE("the risk-coverage diagram has the curves", "[diagram]") {
  const scored s = random_scores(150, 3, 10);
  const sample pairs = collect(logits(s.z), s.labels);
  const picture p = risk_coverage_diagram({{"a", pairs}, {"b", pairs}});
  const auto lines = marks_of<line_mark>(p.panels[0]);
  REQUIRE(lines.size() == 2);
  std::vector<point> expected;
  for (const coverage_point& c : risk_coverage(pairs)) expected.push_back({c.coverage, c.risk});
  CHECK(lines[0].points == expected);
  CHECK(lines[1].stroke == tone::second);
  REQUIRE(p.legend.size() == 2);
  CHECK(p.legend[1].text == "b");
}

TEST_CASE("the group diagram has a line a group, the worst first", "[diagram]") {
  const scored s = random_scores(300, 3, 11);
  const group_report r = evaluate_by(logits(s.z), s.labels, s.groups, {ece, accuracy});
  const picture p = group_diagram(r, "", 3);
  const auto dots = marks_of<dot_mark>(p.panels[0]);
  REQUIRE(dots.size() == 3);
  REQUIRE(p.panels[0].y.ticks.size() == 3);
  const group_row& worst = r.groups[r.worst];
  double gap = 0;
  for (std::size_t b = 0; b < worst.values.table.size(); ++b)
    if (worst.values.table[b].count > 0)
      gap += static_cast<double>(worst.values.table[b].count) * worst.values.table[b].gap();
  CHECK(dots[0].at.x == Approx(gap / static_cast<double>(worst.values.samples)).epsilon(1e-12));
  CHECK(p.panels[0].y.ticks[0].text.find(std::to_string(worst.group)) == 0);
  group_report named = r;
  named.groups[r.worst].name = "tea";
  CHECK(group_diagram(named, "", 3).panels[0].y.ticks[0].text.find("tea (n = ") == 0);
  CHECK(marks_of<dot_mark>(group_diagram(named, "", 3).panels[0])[0].note.find("group tea: ") == 0);
}

TEST_CASE("pictures: what cannot be drawn", "[diagram]") {
  const evaluation e;
  CHECK_THROWS_WITH(reliability_diagrams({}),
                    "reliability_diagrams(): expected 1 to 12 tables, got 0");
  CHECK_THROWS_AS(reliability_diagrams(std::vector<named_table>(13, {"", e.table})), option_error);
  CHECK_THROWS_AS(reliability_lines(std::vector<named_table>(5, {"", e.table})), option_error);
  CHECK_THROWS_WITH(classwise_diagram(e),
                    "classwise_diagram(): expected an evaluation with options::per_class");
  CHECK_THROWS_AS(risk_coverage_diagram({}), option_error);
  CHECK_THROWS_WITH(group_diagram({}), "group_diagram(): expected at least one group with samples");
  CHECK_THROWS_AS(reliability_diagram(e, "", {.level = 1}), option_error);
  CHECK_NOTHROW(reliability_diagram(e));
}
