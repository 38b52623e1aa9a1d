// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "generated_pages.hpp"

#include <calibra/conventions/all.hpp>
#include <calibra/error.hpp>
#include <calibra/evaluate/all_metrics.hpp>
#include <calibra/recalibration/methods.hpp>
#include <string_view>

namespace {

using calibra::any_metric;
using calibra::convention;
using calibra::evidence_needs;
using calibra::detail::concat;

/// A text that may stand in a cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

/// What a metric is a function of, and what follows from it.
struct need {
  std::string_view of;
  std::string_view mergeable;
  std::string_view cost;
};
need need_of(const any_metric& m) {
  const evidence_needs n = m.needs();
  if (n.means) return {"sums without bins", "yes", "one pass, O(N K)"};
  if (n.table) return {"the table of B bins", "yes", "one pass, O(N K); memory O(B)"};
  if (n.mass_table)
    return {"the table of equal-mass bins", "pairs are appended",
            "one pass, O(N K), and O(N); 4 bytes a pair for float scores, 8 for double"};
  if (n.pairs)
    return {"every (confidence, hit) pair", "pairs are appended",
            "one pass, O(N K), and O(N); 4 bytes a pair for float scores, 8 for double"};
  if (!n.class_cuts.empty())
    return {"a table a class, equal-mass bins of its own", "if the pairs of classes are kept",
            "one pass and a walk down the columns in blocks of 16 MiB, O(N K)"};
  return {"a table a class", "yes", "one pass, O(N K); memory 24 K B bytes (40 if weighted)"};
}

std::string row(std::string_view name, std::string_view text) {
  return concat("| ", name, " | ", cell(text), " |\n");
}

}  // namespace

std::string metric_sections_text() {
  std::string out;
  for (const any_metric& m : calibra::all_metrics()) {
    const calibra::metric_info& info = m.info();
    const need n = need_of(m);
    out += concat("### `", info.name, "`\n\n| | |\n|---|---|\n", row("Formula", info.formula),
                  row("Range, units", info.range), row("A function of", n.of),
                  row("Weights", info.weights), row("Mergeable", n.mergeable), row("Cost", n.cost),
                  row("Source", info.source));
    if (!info.note.empty()) out += row("Mind", info.note);
    out += row("In Python", info.python) + '\n';
  }
  return out;
}

std::string metric_table_text() {
  std::string out = "| name | formula | mergeable | source |\n|---|---|---|---|\n";
  for (const any_metric& m : calibra::all_metrics())
    out += concat("| `", m.name(), "` | ", cell(m.info().formula), " | ", need_of(m).mergeable,
                  " | ", cell(m.info().source), " |\n");
  return out;
}

std::string convention_sections_text() {
  std::string out;
  for (const convention* c : calibra::conventions::all()) {
    out += concat("### `", c->name, "`\n\n", c->implementation);
    if (!c->version.empty()) out += concat(", ", c->version);
    out += ".\n\n";
    if (c->settings.size() > 0) {
      out += "| what | how |\n|---|---|\n";
      for (const calibra::convention_setting& s : c->settings)
        out += concat("| ", cell(s.what), " | ", cell(s.how), " |\n");
      out += '\n';
    }
    for (const calibra::convention_oddity& o : c->oddities)
      out += concat("- ", o.what, o.reproduced ? " Reproduced." : " Not reproduced.", '\n');
    if (c->oddities.size() > 0) out += '\n';
  }
  return out;
}

std::string recalibrator_table_text() {
  std::string out =
      "| name | what becomes of a score | its report counts | keeps | source |\n"
      "|---|---|---|---|---|\n";
  for (const calibra::recalibrator_info& info : calibra::recalibrator_infos())
    out += concat("| `", info.name, "` | ", cell(info.map), " | ", info.objective, " | ",
                  cell(info.keeps), " | ", cell(info.source), " |\n");
  return out;
}
