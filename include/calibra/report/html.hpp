// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/diagram/curve_diagrams.hpp"
#include "calibra/diagram/detail/reliability_panel.hpp"
#include "calibra/diagram/group_diagram.hpp"
#include "calibra/diagram/picture.hpp"
#include "calibra/diagram/reliability_diagram.hpp"
#include "calibra/diagram/svg.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/evaluation.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/groups/group_report.hpp"
#include "calibra/groups/report.hpp"
#include "calibra/hypothesis/detail/p_text.hpp"
#include "calibra/hypothesis/kuiper.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/interval/interval_report.hpp"
#include "calibra/interval/metric_interval.hpp"
#include "calibra/interval/wilson.hpp"
#include "calibra/metrics/accuracy.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/nll.hpp"
#include "calibra/metrics/overconfidence.hpp"
#include "calibra/metrics/underconfidence.hpp"
#include "calibra/report/calibration_report.hpp"
#include "calibra/table/noise_floor.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/version.hpp"

namespace calibra {

/// Where numbers of a report came from: a row of its last table.
struct report_source {
  std::string what;           ///< "scores", "labels"
  std::string name;           ///< of a file
  std::string size = {};      ///< "1234 bytes"
  std::string checksum = {};  ///< with its kind, "CRC-32 1c291ca3"
};

/// What a page shows besides a report.
struct html_options {
  std::string title = "Calibration report";
  std::string by = {};  ///< what the groups are, for their heading
  std::vector<report_source> sources = {};
  std::string command = {};  ///< that made the page
};

namespace detail::html {

inline std::string number(double x, int digits = 4) {
  return is_nan(x) ? std::string("–") : fixed_text(x, digits);
}

/// A table of HTML, the first column text, the others numbers.
class table {
 public:
  explicit table(const std::vector<std::string>& heads) {
    text_ = "<table><thead><tr>";
    for (const std::string& h : heads) text_ += concat("<th>", xml_text(h), "</th>");
    text_ += "</tr></thead><tbody>\n";
  }
  void add(const std::vector<std::string>& cells) {
    text_ += "<tr>";
    for (const std::string& c : cells) text_ += concat("<td>", xml_text(c), "</td>");
    text_ += "</tr>\n";
  }
  [[nodiscard]] std::string text() const { return text_ + "</tbody></table>\n"; }

 private:
  std::string text_;
};

/// The picture twice; the page shows the one that suits it.
inline std::string figure(const picture& p) {
  return concat("<figure><div class=\"light\">", to_svg(p), "</div><div class=\"dark\">",
                to_svg(p, theme::dark), "</div></figure>\n");
}

inline double metric_of(const evaluation& e, std::string_view name) {
  const metric_value* m = e.find(name);
  return m == nullptr ? std::nan("") : m->value;
}

/// The confidences between which most of the gap lies: of the bin that weighs most.
inline std::string worst_place(const reliability_table& table) {
  double most = 0;
  std::string place;
  for (std::size_t b = 0; b < table.size(); ++b) {
    const reliability_bin bin = table[b];
    if (!(bin.weight > 0) || !(bin.weight * std::abs(bin.gap()) > most)) continue;
    most = bin.weight * std::abs(bin.gap());
    place = concat("Most of it lies at confidences from ", fixed_text(bin.lower, 2), " to ",
                   fixed_text(bin.upper, 2), ", where the model is ",
                   fixed_text(100 * bin.confidence, 1), " % sure and right ",
                   fixed_text(100 * bin.accuracy, 1), " % of the time. ");
  }
  return place;
}

inline std::string verdict_of(const calibration_report& r) {
  const evaluation& e = r.values.values;
  const double over = metric_of(e, overconfidence.name()),
               under = metric_of(e, underconfidence.name());
  double p = std::nan("");
  for (const test_result& t : r.tests)
    if (t.name == kuiper_test.name()) p = t.p;
  const double error = metric_of(e, ece.name());
  std::string out;
  if (is_nan(p)) {
    out = "Whether the difference from a calibrated model is noise was not tested. ";
  } else if (p >= 0.05) {
    out = concat("These ", e.samples,
                 " samples do not tell the model from a calibrated one "
                 "(Kuiper's test, p = ",
                 p_text(p), "). ");
  } else {
    out = over > 3 * under   ? "The model is overconfident. "
          : under > 3 * over ? "The model is underconfident. "
                             : "The model is too confident in some places and not enough in "
                               "others. ";
    out +=
        concat("The difference from a calibrated model is larger than noise (Kuiper's test, p = ",
               p_text(p), "). ", worst_place(e.table));
  }
  out += concat("Its expected calibration error is ", number(error),
                "; a calibrated model of this size shows ", number(ece_noise_floor(e.table)),
                " by chance. ");
  if (r.temperature && r.tempered) {
    const double after = metric_of(*r.tempered, ece.name());
    out += concat("One temperature, ", fixed_text(*r.temperature, 3),
                  " (fitted to these samples), takes the error to ", number(after),
                  " and the log loss from ", number(metric_of(e, nll.name())), " to ",
                  number(metric_of(*r.tempered, nll.name())), ". ");
  }
  if (r.groups && r.groups->worst < r.groups->groups.size()) {
    const group_row& worst = r.groups->groups[r.groups->worst];
    out +=
        concat("Of the groups, ", worst.shown(), " is furthest off (p = ", p_text(worst.p_adjusted),
               " after correction for ", r.groups->groups.size(), " groups). ");
  }
  return out;
}

inline std::string metrics_table(const calibration_report& r) {
  std::vector<std::string> heads{"metric", "value", "lower", "upper", "noise floor"};
  if (r.applied) heads.emplace_back("with the model");
  table out(heads);
  for (const metric_interval& i : r.values) {
    if (is_nan(i.value)) continue;
    std::vector<std::string> row{i.name, number(i.value, 6), number(i.lower, 6), number(i.upper, 6),
                                 is_nan(i.floor) ? "" : number(i.floor, 6)};
    if (r.applied) row.push_back(number(metric_of(*r.applied, i.name), 6));
    out.add(row);
  }
  return out.text();
}

inline std::string bins_table(const reliability_table& t) {
  table out({"confidence", "samples", "mean confidence", "accuracy", "gap", "from", "to"});
  for (std::size_t b = 0; b < t.size(); ++b) {
    const reliability_bin bin = t[b];
    if (!(bin.weight > 0)) continue;
    const interval_limits i = bin_interval(t, b);
    out.add({concat(fixed_text(bin.lower, 3), " to ", fixed_text(bin.upper, 3)), concat(bin.count),
             number(bin.confidence), number(bin.accuracy), number(bin.gap()), number(i.lower),
             number(i.upper)});
  }
  return out.text();
}

inline std::string tests_table(const std::vector<test_result>& tests) {
  table out({"test", "statistic", "p", "note"});
  for (const test_result& t : tests) out.add({t.name, number(t.statistic), p_text(t.p), t.note});
  return out.text();
}

inline std::string groups_table(const group_report& r) {
  table out({"group", "samples", "accuracy", "ece", "noise floor", "kuiper", "p"});
  for (const group_row& g : r)
    out.add({g.shown(), concat(g.values.samples), group_value(g, accuracy.name()),
             group_value(g, ece.name()), group_floor(g, ece.name()), number(g.kuiper, 2),
             p_text(g.p_adjusted)});
  return out.text();
}

inline std::string sources_table(const std::vector<report_source>& sources) {
  table out({"", "file", "size", "checksum"});
  for (const report_source& s : sources) out.add({s.what, s.name, s.size, s.checksum});
  return out.text();
}

/// Confidences have no classes.
inline std::string classes_text(const evaluation& e) {
  return e.classes == 0 ? std::string() : concat(", ", e.classes, " classes");
}

inline constexpr std::string_view style = R"(
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 62rem;
  color: #1e1e1e; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verdict { font-size: 1.1rem; border-left: 4px solid #0072b2; padding-left: 1rem; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
figure { margin: 0; max-width: 100%; } figure svg { max-width: 100%; height: auto; }
.dark { display: none; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 0.15rem 0.7rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th { font-weight: 600; } .small { font-size: 0.85rem; }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6e6; background: #16181c; } th, td { border-color: #3a3d44; }
  .light { display: none; } .dark { display: block; }
}
@media print {
  body { max-width: none; font-size: 11px; color: #000; background: #fff; }
  .light { display: block; } .dark { display: none; }
  figure, tr { break-inside: avoid; } h2 { break-after: avoid; }
}
)";

inline std::string page(const calibration_report& r, const html_options& o) {
  const evaluation& e = r.values.values;
  std::string out = concat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      xml_text(o.title), "</title>\n<style>", style, "</style>\n</head>\n<body>\n<h1>",
      xml_text(o.title), "</h1>\n<p class=\"verdict\">", xml_text(verdict_of(r)), "</p>\n");
  out += "<h2>Pictures</h2>\n<div class=\"pictures\">\n";
  out += figure(r.applied ? reliability_diagrams(
                                {{"as it is", e.table}, {"with the model", r.applied->table}})
                          : reliability_diagram(r.values));
  out += figure(corp_diagram(r.pairs)) + figure(cumulative_diagram(r.pairs)) +
         figure(risk_coverage_diagram({{"", r.pairs}}));
  if (r.groups) out += figure(group_diagram(*r.groups));
  if (e.class_tables.size() > 2) out += figure(classwise_diagram(e, 6));
  out += "</div>\n";
  out += concat("<h2>Metrics</h2>\n<div class=\"scroll\">", metrics_table(r),
                "</div>\n<p class=\"small\">Limits of ", percent(r.values.level),
                " intervals. The noise floor is what a calibrated model of this size shows on "
                "average.</p>\n");
  out += concat("<h2>Tests of calibration</h2>\n<div class=\"scroll\">", tests_table(r.tests),
                "</div>\n<p class=\"small\">p: how often a calibrated model would look as bad; not "
                "corrected for the number of tests.</p>\n");
  out += concat("<h2>Bins</h2>\n<div class=\"scroll\">", bins_table(e.table),
                "</div>\n<p class=\"small\">From and to: limits of the accuracy, 95 %, after "
                "Wilson.</p>\n");
  if (r.groups)
    out += concat("<h2>Groups", o.by.empty() ? "" : ", by ", xml_text(o.by),
                  "</h2>\n<div class=\"scroll\">", groups_table(*r.groups), "</div>\n");
  out += concat("<h2>What was measured</h2>\n<p class=\"small\">", e.samples, " samples, ",
                e.skipped, " left out", classes_text(e), "; ", e.table.size(), " bins; calibra ",
                CALIBRA_VERSION, "</p>\n");
  if (!o.sources.empty())
    out += concat("<div class=\"scroll\">", sources_table(o.sources), "</div>\n");
  if (!o.command.empty())
    out += concat("<p class=\"small\">Command: <code>", xml_text(o.command), "</code></p>\n");
  return out + "</body>\n</html>\n";
}

}  // namespace detail::html

/// One HTML page that needs nothing else, no network and no scripts: a verdict in words, pictures,
/// every metric with its interval and noise floor, tests, bins, groups where there are some, and
/// where the numbers came from. Texts are escaped. It follows the reader's light or dark theme, and
/// prints. Throws option_error for groups without a sample. Cost: that of the pictures, O(N log N)
/// in the number of pairs.
[[nodiscard]] inline std::string to_html(const calibration_report& r, const html_options& o = {}) {
  return detail::html::page(r, o);
}

}  // namespace calibra
