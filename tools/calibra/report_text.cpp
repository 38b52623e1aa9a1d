// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/hypothesis/detail/p_text.hpp"
#include "calibra/json.hpp"
#include "report.hpp"
#include "words.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;
using calibra::detail::fixed_text;
using calibra::detail::interval_text;
using calibra::detail::number_or_null;
using json = nlohmann::ordered_json;

json optional_text(const std::string& text) {
  return text.empty() ? json(nullptr) : json(text);
}

/// The shortest text that reads back; "" for NaN.
std::string number(double x) {
  return std::isnan(x) ? "" : concat(x);
}

/// A field of a csv: in quotes where it has to be.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}
/// A cell of a table of markdown.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

bool has_names(const group_report& r) {
  return std::any_of(r.begin(), r.end(), [](const group_row& g) { return !g.name.empty(); });
}

bool weighted(const eval_request& request) {
  return !request.data.weights.empty();
}

json options_json(const eval_request& request) {
  const data_request& d = request.data;
  json o;
  o["from"] = request.from_words.empty() ? json(word(d.from)) : json(nullptr);
  o["bins"] = request.bins;
  o["binning"] = word(request.scheme);
  o["edges"] = word(effective_side(request));
  o["like"] = request.like;
  o["target"] = request.target ? json(word(*request.target)) : json(nullptr);
  o["sigmoid"] = request.data.sigmoid;
  o["renormalise"] = d.renormalise;
  o["nan"] = word(d.nan);
  o["ignore_label"] = d.ignore_label ? json(*d.ignore_label) : json(nullptr);
  o["weights"] = optional_text(d.weights);
  o["proximity"] = optional_text(request.proximity);
  return o;
}

json groups_json(const group_report& r) {
  json groups = json::array();
  for (const group_row& g : r) {
    json metrics = json::object(), floors = json::object();
    for (const metric_value& m : g.values) {
      metrics[m.name] = number_or_null(m.value);
      if (!std::isnan(m.floor)) floors[m.name] = m.floor;
    }
    json one;
    one["group"] = g.group;
    if (!g.name.empty()) one["name"] = g.name;
    one["samples"] = g.values.samples;
    one["metrics"] = std::move(metrics);
    one["floors"] = std::move(floors);
    one["kuiper"] = number_or_null(g.kuiper);
    one["p"] = number_or_null(g.p);
    one["p_adjusted"] = number_or_null(g.p_adjusted);
    groups.push_back(std::move(one));
  }
  return groups;
}

}  // namespace

std::string json_text(const eval_request& request, const report& r) {
  json document = json_document(r);
  json out;
  for (auto& [key, value] : document.items()) {
    if (key == "metrics") out["options"] = options_json(request);
    out[key] = std::move(value);
  }
  if (request.interval) {
    out["options"]["level"] = request.intervals.level;
    out["options"]["replicates"] = request.intervals.replicates;
    out["options"]["seed"] = request.intervals.seed;
    json& intervals = out["intervals"] = json::object();
    for (const metric_interval& i : r.intervals)
      intervals[i.name] = {{"lower", number_or_null(i.lower)},
                           {"upper", number_or_null(i.upper)},
                           {"standard_error", number_or_null(i.standard_error)},
                           {"floor", number_or_null(i.floor)},
                           {"method", i.method.empty() ? json(nullptr) : json(i.method)}};
  }
  if (r.groups) {
    out["options"]["by"] = request.by;
    out["groups"] = groups_json(*r.groups);
    const bool any = r.groups->worst < r.groups->groups.size();
    out["worst_group"] = any ? json(r.groups->groups[r.groups->worst].group) : json(nullptr);
    out["multicalibration_error"] = number_or_null(r.groups->multicalibration_error);
    out["detectable_error"] = number_or_null(r.groups->detectable_error);
  }
  if (!weighted(request))  // the counts say it
    for (json& bin : out["bins"]) bin.erase("weight");
  return calibra::detail::json_text(out) + '\n';
}

std::string csv_text(const eval_request& request, const report& r) {
  std::string out = "metric,value";
  out += request.interval ? ",lower,upper,standard_error,floor\n" : "\n";
  for (std::size_t m = 0; m < r.metrics.size(); ++m) {
    out += concat(r.metrics[m].name, ',', number(r.metrics[m].value));
    if (request.interval) {
      const metric_interval& i = r.intervals[m];
      for (const double x : {i.lower, i.upper, i.standard_error, i.floor})
        out += concat(',', number(x));
    }
    out += '\n';
  }
  out += weighted(request) ? "\nlower,upper,count,weight,confidence,accuracy\n"
                           : "\nlower,upper,count,confidence,accuracy\n";
  for (std::size_t b = 0; b < r.table.size(); ++b) {
    const reliability_bin bin = r.table[b];
    out += concat(bin.lower, ',', bin.upper, ',', bin.count, ',');
    if (weighted(request)) out += concat(bin.weight, ',');
    out += concat(number(bin.confidence), ',', number(bin.accuracy), '\n');
  }
  if (request.classwise) {
    const bool named = !r.class_names.empty();
    out += named ? "\nclass,name,ece\n" : "\nclass,ece\n";
    for (std::size_t k = 0; k < r.ece_per_class.size(); ++k)
      out += concat(k, ',', named ? field(r.class_name(k)) + ',' : "", number(r.ece_per_class[k]),
                    '\n');
  }
  if (r.groups) {
    const bool named = has_names(*r.groups);
    out += concat("\ngroup", named ? ",name" : "", ",samples,kuiper,p,p_adjusted");
    for (const metric_value& m : r.groups->all) out += concat(',', m.name);
    out += '\n';
    for (const group_row& g : *r.groups) {
      out += concat(g.group, ',', named ? field(g.name) + ',' : "", g.values.samples, ',',
                    number(g.kuiper), ',', number(g.p), ',', number(g.p_adjusted));
      for (const metric_value& m : g.values) out += concat(',', number(m.value));
      out += '\n';
    }
  }
  return out;
}

std::string markdown_text(const eval_request& request, const report& r) {
  const edge_side side = effective_side(request);
  std::string out = request.interval ? "| metric | value | lower | upper | noise floor |\n"
                                       "|---|---:|---:|---:|---:|\n"
                                     : "| metric | value |\n|---|---:|\n";
  for (std::size_t m = 0; m < r.metrics.size(); ++m) {
    out += concat("| ", r.metrics[m].name, " | ", fixed_text(r.metrics[m].value, 6));
    if (request.interval) {
      const metric_interval& i = r.intervals[m];
      for (const double x : {i.lower, i.upper, i.floor})
        out += concat(" | ", std::isnan(x) ? "" : fixed_text(x, 6));
    }
    out += " |\n";
  }
  out += "\n| bin | count | confidence | accuracy | gap |\n|---|---:|---:|---:|---:|\n";
  for (std::size_t b = 0; b < r.table.size(); ++b) {
    const reliability_bin bin = r.table[b];
    out += concat("| ", interval_text(bin, side, 4), " | ", bin.count, " | ",
                  fixed_text(bin.confidence, 4), " | ", fixed_text(bin.accuracy, 4), " | ",
                  fixed_text(bin.gap(), 4), " |\n");
  }
  if (request.classwise) {
    out += "\n| class | ece |\n|---:|---:|\n";
    for (std::size_t k = 0; k < r.ece_per_class.size(); ++k)
      out += concat("| ", cell(r.class_name(k)), " | ", fixed_text(r.ece_per_class[k], 6), " |\n");
  }
  if (r.groups) {
    const auto shown = [](double x) { return std::isnan(x) ? std::string() : fixed_text(x, 6); };
    out += "\n| group | samples | kuiper | p_adjusted |";
    for (const metric_value& m : r.groups->all) out += concat(' ', m.name, " |");
    out += "\n|---:|---:|---:|---:|";
    for (std::size_t m = 0; m < r.groups->all.metrics.size(); ++m) out += "---:|";
    out += '\n';
    for (const group_row& g : *r.groups) {
      out += concat("| ", cell(g.shown()), " | ", g.values.samples, " | ", shown(g.kuiper), " | ",
                    calibra::detail::p_text(g.p_adjusted), " |");
      for (const metric_value& m : g.values) out += concat(' ', shown(m.value), " |");
      out += '\n';
    }
  }
  return out;
}

}  // namespace calibra::cli
