// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/decomposition/corp.hpp"
#include "calibra/decomposition/corp_bands.hpp"
#include "calibra/diagram/detail/layout.hpp"
#include "calibra/diagram/detail/reliability_panel.hpp"
#include "calibra/diagram/picture.hpp"
#include "calibra/error.hpp"
#include "calibra/hypothesis/kuiper.hpp"
#include "calibra/metrics/aurc.hpp"
#include "calibra/selective/risk_coverage.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

namespace detail {

inline constexpr double diagram_side = 216;

/// An empty picture with one square frame.
inline picture one_panel(const std::string& title, picture_axis x, picture_axis y) {
  picture p;
  p.width = margin_left + diagram_side + margin_right;
  picture_panel panel{
      .left = margin_left, .top = margin_top, .width = diagram_side, .height = diagram_side};
  panel.title = cut_text(title, diagram_side, title_size);
  panel.x = std::move(x);
  panel.y = std::move(y);
  p.panels.push_back(std::move(panel));
  return p;
}
inline constexpr double under_one_panel = margin_top + diagram_side + margin_bottom;

/// At most so many points of a line, the lowest and the highest of each stretch among them.
inline std::vector<point> thinned(const std::vector<point>& line, std::size_t most = 800) {
  if (line.size() <= most) return line;
  std::vector<point> kept;
  const std::size_t stretches = most / 4;
  for (std::size_t s = 0; s < stretches; ++s) {
    const std::size_t first = line.size() * s / stretches, last = line.size() * (s + 1) / stretches;
    std::size_t low = first, high = first;
    for (std::size_t i = first; i < last; ++i) {
      if (line[i].y < line[low].y) low = i;
      if (line[i].y > line[high].y) high = i;
    }
    std::vector<std::size_t> places{first, low, high, last - 1};
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    for (const std::size_t i : places) kept.push_back(line[i]);
  }
  return kept;
}

/// Frequencies of hits over confidences, and what they are called.
struct named_curve {
  std::string name;
  std::vector<point> points;
};
struct named_band {
  std::string name;
  std::vector<point> low, high;  ///< at the same confidences
};

/// A curve of frequencies with a band behind it, and below how many samples there are. `found`:
/// what the caption says; empty where there are no samples.
inline picture frequency_curve(const sample& pairs, const std::string& title, named_curve curve,
                               named_band band, std::string_view what, const std::string& found) {
  picture p = one_panel(title, even_axis(0, 1, "", 5), even_axis(0, 1, "frequency of hits", 5));
  picture_panel& panel = p.panels[0];
  for (axis_tick& t : panel.x.ticks) t.text.clear();
  if (!band.low.empty()) {
    area_mark around{.corners = std::move(band.low), .fill = tone::band};
    around.corners.insert(around.corners.end(), band.high.rbegin(), band.high.rend());
    panel.marks.push_back(std::move(around));
  }
  panel.marks.push_back(line_mark{{{0, 0}, {1, 1}}, tone::ideal, 1, true, {}});
  panel.marks.push_back(
      line_mark{.points = std::move(curve.points), .stroke = tone::model, .width = 1.8});
  constexpr double strip = 36, between = 10;
  p.panels.push_back(histogram_panel(tabulate(pairs, binning::equal_width(20)), margin_left,
                                     margin_top + diagram_side + between, diagram_side, strip));
  p.legend = {{tone::model, std::move(curve.name), true, false},
              {tone::band, std::move(band.name)},
              {tone::ideal, "calibrated", true, true}};
  const std::string said = found.empty() ? "No samples." : found;
  p.description = concat(what, " of ", pairs.size(), " samples. ", said);
  finish(p, under_one_panel + between + strip, said);
  return p;
}

}  // namespace detail

/// The CORP reliability curve: isotonic regression instead of bins, with a band (corp_bands()), and
/// below how many samples there are. The caption has the parts of the Brier score of the pairs. No
/// samples: an empty frame. Ref: Dimitriadis, Gneiting and Jordan, PNAS 2021.
[[nodiscard]] inline picture corp_diagram(const sample& pairs, const std::string& title = {},
                                          const band_options& band = {}) {
  using namespace detail;
  std::vector<point> low, high, curve;
  for (const band_point& b : corp_bands(pairs, band)) {
    low.push_back({b.confidence, b.lower});
    high.push_back({b.confidence, b.upper});
  }
  for (const corp_step& s : corp_curve(pairs)) {
    curve.push_back({s.first, s.frequency});
    if (s.last != s.first) curve.push_back({s.last, s.frequency});
  }
  const corp_parts parts = corp(pairs);
  return frequency_curve(
      pairs, title, {"isotonic regression", std::move(curve)},
      {concat(percent(band.level),
              band.kind == band_kind::consistency ? " of calibrated models" : " of other samples"),
       std::move(low), std::move(high)},
      "CORP reliability curve",
      pairs.empty() ? ""
                    : concat("Brier score ", fixed_text(parts.score, 4), " = miscalibration ",
                             fixed_text(parts.miscalibration, 4), " - discrimination ",
                             fixed_text(parts.discrimination, 4), " + uncertainty ",
                             fixed_text(parts.uncertainty, 4), "."));
}

/// The cumulative differences that Kuiper's test looks at: sum of hit - confidence over samples in
/// ascending order of confidence, as a share of all. Its slope is the gap there; where it stays in
/// the band of calibrated models (two standard deviations of each point) noise explains it. No
/// samples: an empty frame. Ref: Arrieta-Ibarra et al., JMLR 2022.
[[nodiscard]] inline picture cumulative_diagram(const sample& pairs,
                                                const std::string& title = {}) {
  using namespace detail;
  std::vector<point> line{{0, 0}}, high{{0, 0}}, low{{0, 0}};
  with_sorted(pairs, [&](const sample& sorted) {
    const double total = sorted.total_weight();
    double sum = 0, weight = 0, variance = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const double c = sorted.confidence(i), w = sorted.weight(i);
      sum += w * ((sorted.hit(i) ? 1.0 : 0.0) - c);
      weight += w;
      variance += w * w * c * (1 - c);
      if (i + 1 < sorted.size() && sorted.confidence(i + 1) == c) continue;
      if (!(total > 0)) continue;
      const double reach = 2 * std::sqrt(std::max(0.0, variance)) / total;
      line.push_back({weight / total, sum / total});
      high.push_back({weight / total, reach});
      low.push_back({weight / total, -reach});
    }
    return 0;
  });
  double lowest = 0, highest = 0;
  for (const std::vector<point>* l : {&line, &high, &low})
    for (const point& q : *l) {
      lowest = std::min(lowest, q.y);
      highest = std::max(highest, q.y);
    }
  if (lowest == highest) highest = lowest + 0.01;
  const double room = 0.05 * (highest - lowest);
  picture p = one_panel(title, even_axis(0, 1, "share of samples, by confidence", 5),
                        even_axis(lowest - room, highest + room, "cumulative difference"));
  picture_panel& panel = p.panels[0];
  area_mark around{.corners = thinned(low), .fill = tone::band};
  const std::vector<point> back = thinned(high);
  around.corners.insert(around.corners.end(), back.rbegin(), back.rend());
  panel.marks.push_back(std::move(around));
  panel.marks.push_back(line_mark{{{0, 0}, {1, 0}}, tone::ideal, 1, true, {}});
  panel.marks.push_back(line_mark{thinned(line), tone::model, 1.5, false, {}});
  p.legend = {{tone::model, "hits less confidence", true, false},
              {tone::band, "two standard deviations of calibrated models"}};
  const test_result kuiper = kuiper_test(pairs);
  const std::string said =
      is_nan(kuiper.p) ? "No samples."
                       : concat("Kuiper's statistic ", fixed_text(kuiper.statistic, 2), ", p ",
                                kuiper.p < 0.0001 ? std::string("< 0.0001")
                                                  : concat("= ", fixed_text(kuiper.p, 4)),
                                ".");
  p.description = concat("Cumulative differences of ", pairs.size(), " samples. ", said);
  finish(p, under_one_panel, said);
  return p;
}

/// A model to be drawn, with its name.
struct named_pairs {
  std::string name;
  sample pairs;
};

/// Risk-coverage curves of one to four models: the error rate among the most confident samples, by
/// the share that is answered. Throws option_error for another number. Ref: El-Yaniv and Wiener
/// 2010.
[[nodiscard]] inline picture risk_coverage_diagram(const std::vector<named_pairs>& models,
                                                   const std::string& title = {}) {
  using namespace detail;
  if (models.empty() || models.size() > 4)
    throw option_error(
        concat("risk_coverage_diagram(): expected 1 to 4 models, got ", models.size()));
  constexpr tone tones[] = {tone::model, tone::second, tone::third, tone::fourth};
  std::vector<line_mark> lines;
  std::vector<legend_entry> legend;
  double most = 0;
  std::string said;
  for (std::size_t m = 0; m < models.size(); ++m) {
    std::vector<point> line;
    for (const coverage_point& c : risk_coverage(models[m].pairs)) {
      line.push_back({c.coverage, c.risk});
      if (c.coverage >= 0.02) most = std::max(most, c.risk);
    }
    lines.push_back({thinned(line), tones[m], 1.5, m % 2 == 1, models[m].name});
    legend.push_back({tones[m], models[m].name, true, m % 2 == 1});
    const double area = aurc(models[m].pairs);
    said += concat(said.empty() ? "" : " ", models[m].name, models[m].name.empty() ? "" : ": ",
                   "AURC ", is_nan(area) ? "-" : fixed_text(area, 4), ".");
  }
  if (!(most > 0)) most = 0.01;
  picture p = one_panel(title, even_axis(0, 1, "coverage", 5),
                        even_axis(0, std::min(1.0, most * 1.1), "error rate"));
  for (line_mark& line : lines) p.panels[0].marks.push_back(std::move(line));
  if (models.size() > 1 || !models[0].name.empty()) p.legend = std::move(legend);
  p.description = concat("Risk-coverage curves. ", said);
  finish(p, under_one_panel, said);
  return p;
}

}  // namespace calibra
