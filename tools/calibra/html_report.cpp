// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "html_report.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "calibra/diagram/curve_diagrams.hpp"
#include "calibra/diagram/group_diagram.hpp"
#include "calibra/diagram/reliability_diagram.hpp"
#include "calibra/diagram/svg.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/groups/evaluate_by.hpp"
#include "calibra/hypothesis/test_calibration.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/recalibrated.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "inputs.hpp"
#include "p_text.hpp"
#include "progress.hpp"
#include "recalibrate.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;
using calibra::detail::fixed_text;
using calibra::detail::xml_text;

std::string number(double x, int digits = 4) {
  return std::isnan(x) ? std::string("–") : fixed_text(x, digits);
}

/// A table of HTML, the first column text, the others numbers.
class html_table {
 public:
  explicit html_table(const std::vector<std::string>& heads) {
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
std::string figure(const picture& p) {
  return concat("<figure><div class=\"light\">", to_svg(p), "</div><div class=\"dark\">",
                to_svg(p, theme::dark), "</div></figure>\n");
}

std::string checksum_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<char> part(1 << 16);
  uLong crc = crc32(0, nullptr, 0);
  while (in.read(part.data(), static_cast<std::streamsize>(part.size())) || in.gcount() > 0)
    crc = crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(in.gcount()));
  constexpr std::array<char, 17> digits{"0123456789abcdef"};
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[(crc >> shift) & 15U];
  return "CRC-32 " + text;
}

/// How the files are called on a command line: "dump.npz:logits" is a member of dump.npz.
void file_row(html_table& table, const std::string& what, const std::string& name) {
  if (name.empty()) return;
  std::string file = name;
  std::error_code none;
  if (!std::filesystem::exists(file, none)) file = file.substr(0, file.rfind(':'));
  const auto size = std::filesystem::file_size(file, none);
  table.add({what, name, none ? "" : concat(size, " bytes"), none ? "" : checksum_of(file)});
}

/// What was found out of the scores.
struct findings {
  interval_report values;
  sample pairs{precision::float64};
  std::vector<test_result> tests = {};
  std::optional<double> temperature = {};
  std::optional<evaluation> tempered = {};  ///< by that temperature
  std::optional<evaluation> applied = {};   ///< by the model that was given
  std::optional<group_report> groups = {};
};

double metric_of(const evaluation& e, std::string_view name) {
  const metric_value* m = e.find(name);
  return m == nullptr ? std::nan("") : m->value;
}

/// The confidences between which most of the gap lies: of the bin that weighs most.
std::string worst_place(const reliability_table& table) {
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

std::string verdict(const findings& f) {
  const evaluation& e = f.values.values;
  const double over = metric_of(e, overconfidence.name()),
               under = metric_of(e, underconfidence.name());
  const double p = f.tests.empty() ? std::nan("") : f.tests[0].p;
  const double error = metric_of(e, ece.name());
  std::string out;
  if (!(p < 0.05)) {
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
  if (f.temperature && f.tempered) {
    const double after = metric_of(*f.tempered, ece.name());
    out += concat("One temperature, ", fixed_text(*f.temperature, 3),
                  " (fitted to these samples), takes the error to ", number(after),
                  " and the log loss from ", number(metric_of(e, nll.name())), " to ",
                  number(metric_of(*f.tempered, nll.name())), ". ");
  }
  if (f.groups && f.groups->worst < f.groups->groups.size()) {
    const group_row& worst = f.groups->groups[f.groups->worst];
    out +=
        concat("Of the groups, ", worst.shown(), " is furthest off (p = ", p_text(worst.p_adjusted),
               " after correction for ", f.groups->groups.size(), " groups). ");
  }
  return out;
}

template<class... Given>
findings found(const html_request& request, const inputs& in, const options& o,
               const Given&... given) {
  findings f{intervals(given..., all_metrics(), o)};
  f.pairs = collect(given..., o);
  f.tests = test_calibration(given..., o);
  const auto of_labels = [&](const auto& scores, const auto& labels) {
    options again = o;
    again.progress = {};
    again.per_class = false;
    const auto t = fit<temperature_scaling>(scores, labels, again);
    f.temperature = t.temperature();
    f.tempered = evaluate(recalibrated(t, scores), labels, {ece, nll, accuracy}, again);
    if (!request.apply.empty()) {
      const saved_model model = load_model(request.apply, false);
      if (!model.alone) throw option_error("--apply: expected a model that takes scores alone");
      f.applied = evaluate(recalibrated(*model.alone, scores), labels, all_metrics(), again);
    }
    if (request.by.empty()) return;
    const metric_list list{accuracy, ece};
    f.groups = with_groups(in, request.by, scores, labels, [&](const auto& groups) {
      return evaluate_by(scores, labels, groups, list, again);
    });
  };
  if constexpr (sizeof...(Given) == 2) of_labels(given...);
  return f;
}

findings measured(const html_request& request, const inputs& in, const options& o) {
  const io::label_column labels = labels_of(in);
  if (request.data.from == score_form::confidences) {
    if (!request.apply.empty() || !request.by.empty())
      throw option_error("--apply and --by: expected logits or probabilities, got confidences");
    return in.scores.visit_native_vector(
        [&](auto view) { return found(request, in, o, calibra::confidences(view, labels)); });
  }
  return with_scores(in, request.data.from,
                     [&](const auto& scores) { return found(request, in, o, scores, labels); });
}

std::string metrics_table(const findings& f) {
  std::vector<std::string> heads{"metric", "value", "lower", "upper", "noise floor"};
  if (f.applied) heads.emplace_back("with the model");
  html_table table(heads);
  for (const metric_interval& i : f.values) {
    if (std::isnan(i.value)) continue;
    std::vector<std::string> row{i.name, number(i.value, 6), number(i.lower, 6), number(i.upper, 6),
                                 std::isnan(i.floor) ? "" : number(i.floor, 6)};
    if (f.applied) row.push_back(number(metric_of(*f.applied, i.name), 6));
    table.add(row);
  }
  return table.text();
}

std::string bins_table(const reliability_table& t) {
  html_table table({"confidence", "samples", "mean confidence", "accuracy", "gap", "from", "to"});
  for (std::size_t b = 0; b < t.size(); ++b) {
    const reliability_bin bin = t[b];
    if (!(bin.weight > 0)) continue;
    const interval_limits i = bin_interval(t, b);
    table.add({concat(fixed_text(bin.lower, 3), " to ", fixed_text(bin.upper, 3)),
               concat(bin.count), number(bin.confidence), number(bin.accuracy), number(bin.gap()),
               number(i.lower), number(i.upper)});
  }
  return table.text();
}

std::string tests_table(const std::vector<test_result>& tests) {
  html_table table({"test", "statistic", "p", "note"});
  for (const test_result& t : tests) table.add({t.name, number(t.statistic), p_text(t.p), t.note});
  return table.text();
}

std::string groups_table(const group_report& r) {
  html_table table({"group", "samples", "accuracy", "ece", "noise floor", "kuiper", "p"});
  for (const group_row& g : r)
    table.add(
        {g.shown(), concat(g.values.samples), calibra::detail::group_value(g, accuracy.name()),
         calibra::detail::group_value(g, ece.name()), calibra::detail::group_floor(g, ece.name()),
         number(g.kuiper, 2), p_text(g.p_adjusted)});
  return table.text();
}

constexpr std::string_view style = R"(
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

}  // namespace

std::string html_report(const html_request& request) {
  inputs in = load_inputs(request.data);
  load_groups(in, request.by, request.data.header);
  options o = row_options_of(request.data);
  o.bins = request.bins;
  o.per_class = !in.binary() && request.data.from != score_form::confidences;
  progress_line progress(in.rows());
  o.progress = progress.hook();
  std::optional<findings> all;
  naming_files(in.names(), [&] { with_columns(in, o, [&] { all = measured(request, in, o); }); });
  all->values.values.class_names = request.data.names.all();
  if (all->groups) name_groups(request.data, request.by, *all->groups);
  const findings& f = *all;
  const evaluation& e = f.values.values;

  const std::string title = request.title.empty() ? "Calibration report" : request.title;
  std::string out = concat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      xml_text(title), "</title>\n<style>", style, "</style>\n</head>\n<body>\n<h1>",
      xml_text(title), "</h1>\n<p class=\"verdict\">", xml_text(verdict(f)), "</p>\n");
  out += "<h2>Pictures</h2>\n<div class=\"pictures\">\n";
  out += figure(f.applied ? reliability_diagrams(
                                {{"as it is", e.table}, {"with the model", f.applied->table}})
                          : reliability_diagram(f.values));
  out += figure(corp_diagram(f.pairs)) + figure(cumulative_diagram(f.pairs)) +
         figure(risk_coverage_diagram({{"", f.pairs}}));
  if (f.groups) out += figure(group_diagram(*f.groups));
  if (e.class_tables.size() > 2) out += figure(classwise_diagram(e, 6));
  out += "</div>\n";
  out += concat("<h2>Metrics</h2>\n<div class=\"scroll\">", metrics_table(f),
                "</div>\n<p class=\"small\">Limits of 95 % intervals. The noise floor is what a "
                "calibrated model of this size shows on average.</p>\n");
  out += concat("<h2>Tests of calibration</h2>\n<div class=\"scroll\">", tests_table(f.tests),
                "</div>\n<p class=\"small\">p: how often a calibrated model would look as bad; not "
                "corrected for the number of tests.</p>\n");
  out += concat("<h2>Bins</h2>\n<div class=\"scroll\">", bins_table(e.table), "</div>\n");
  if (f.groups)
    out += concat("<h2>Groups, by ", xml_text(request.by), "</h2>\n<div class=\"scroll\">",
                  groups_table(*f.groups), "</div>\n");
  html_table files({"", "file", "size", "checksum"});
  file_row(files, "scores", request.data.scores);
  file_row(files, "labels", request.data.labels);
  file_row(files, "weights", request.data.weights);
  file_row(files, "model", request.apply);
  out += concat("<h2>What was measured</h2>\n<p class=\"small\">", e.samples, " samples, ",
                e.skipped, " left out, ", e.classes, " classes; ", request.bins,
                " bins of equal width; calibra ", CALIBRA_VERSION, "</p>\n<div class=\"scroll\">",
                files.text(), "</div>\n<p class=\"small\">Command: <code>",
                xml_text(request.command), "</code></p>\n");
  return out + "</body>\n</html>\n";
}

}  // namespace calibra::cli
