// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/json.hpp"
#include "report.hpp"
#include "words.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;
using calibra::detail::fixed_text;
using calibra::detail::interval_text;
using json = nlohmann::ordered_json;

json optional_text(const std::string& text) {
  return text.empty() ? json(nullptr) : json(text);
}

/// The shortest text that reads back; "" for NaN.
std::string number(double x) {
  return std::isnan(x) ? "" : concat(x);
}

bool weighted(const eval_request& request) {
  return !request.data.weights.empty();
}

json options_json(const eval_request& request) {
  const data_request& d = request.data;
  json o;
  o["from"] = word(d.from);
  o["bins"] = request.bins;
  o["binning"] = word(request.scheme);
  o["edges"] = word(effective_side(request));
  o["like"] = request.like;
  o["target"] = request.target ? json(word(*request.target)) : json(nullptr);
  o["sigmoid"] = request.sigmoid;
  o["renormalise"] = d.renormalise;
  o["nan"] = word(d.nan);
  o["ignore_label"] = d.ignore_label ? json(*d.ignore_label) : json(nullptr);
  o["weights"] = optional_text(d.weights);
  o["proximity"] = optional_text(request.proximity);
  return o;
}

}  // namespace

std::string json_text(const eval_request& request, const report& r) {
  json document = json_document(r);
  json out;
  for (auto& [key, value] : document.items()) {
    if (key == "metrics") out["options"] = options_json(request);
    out[key] = std::move(value);
  }
  if (!weighted(request))  // the counts say it
    for (json& bin : out["bins"]) bin.erase("weight");
  return calibra::detail::json_text(out) + '\n';
}

std::string csv_text(const eval_request& request, const report& r) {
  std::string out = "metric,value\n";
  for (const metric_value& m : r.metrics) out += concat(m.name, ',', number(m.value), '\n');
  out += weighted(request) ? "\nlower,upper,count,weight,confidence,accuracy\n"
                           : "\nlower,upper,count,confidence,accuracy\n";
  for (std::size_t b = 0; b < r.table.size(); ++b) {
    const reliability_bin bin = r.table[b];
    out += concat(bin.lower, ',', bin.upper, ',', bin.count, ',');
    if (weighted(request)) out += concat(bin.weight, ',');
    out += concat(number(bin.confidence), ',', number(bin.accuracy), '\n');
  }
  if (request.classwise) {
    out += "\nclass,ece\n";
    for (std::size_t k = 0; k < r.ece_per_class.size(); ++k)
      out += concat(k, ',', number(r.ece_per_class[k]), '\n');
  }
  return out;
}

std::string markdown_text(const eval_request& request, const report& r) {
  const edge_side side = effective_side(request);
  std::string out = "| metric | value |\n|---|---:|\n";
  for (const metric_value& m : r.metrics)
    out += concat("| ", m.name, " | ", fixed_text(m.value, 6), " |\n");
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
      out += concat("| ", k, " | ", fixed_text(r.ece_per_class[k], 6), " |\n");
  }
  return out;
}

}  // namespace calibra::cli
