// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "calibra/error.hpp"
#include "calibra/version.hpp"
#include "report.hpp"
#include "words.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;
using json = nlohmann::ordered_json;

json finite(double x) {
  return std::isfinite(x) ? json(x) : json(nullptr);
}

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
  json out;
  out["calibra"] = CALIBRA_VERSION;
  out["samples"] = r.samples;
  if (request.sigmoid) out["entries"] = r.entries;
  out["skipped"] = r.skipped;
  out["classes"] = r.classes == 0 ? json(nullptr) : json(r.classes);
  out["options"] = options_json(request);
  json& metrics = out["metrics"] = json::object();
  for (const metric_value& m : r.metrics) metrics[m.name] = finite(m.value);
  json& bins = out["bins"] = json::array();
  for (std::size_t b = 0; b < r.table.size(); ++b) {
    const reliability_bin bin = r.table[b];
    json row;
    row["lower"] = bin.lower;
    row["upper"] = bin.upper;
    row["count"] = bin.count;
    if (weighted(request)) row["weight"] = bin.weight;
    row["confidence"] = finite(bin.confidence);
    row["accuracy"] = finite(bin.accuracy);
    bins.push_back(std::move(row));
  }
  if (request.classwise) {
    json& ece = out["classwise"]["ece"] = json::array();
    for (const double x : r.ece_per_class) ece.push_back(finite(x));
  }
  return out.dump(2) + '\n';
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
  std::string out = "| metric | value |\n|---|---:|\n";
  for (const metric_value& m : r.metrics)
    out += concat("| ", m.name, " | ", fixed(m.value, 6), " |\n");
  out += "\n| bin | count | confidence | accuracy | gap |\n|---|---:|---:|---:|---:|\n";
  for (std::size_t b = 0; b < r.table.size(); ++b) {
    const reliability_bin bin = r.table[b];
    out +=
        concat("| ", interval(request, bin, 4), " | ", bin.count, " | ", fixed(bin.confidence, 4),
               " | ", fixed(bin.accuracy, 4), " | ", fixed(bin.gap(), 4), " |\n");
  }
  if (request.classwise) {
    out += "\n| class | ece |\n|---:|---:|\n";
    for (std::size_t k = 0; k < r.ece_per_class.size(); ++k)
      out += concat("| ", k, " | ", fixed(r.ece_per_class[k], 6), " |\n");
  }
  return out;
}

}  // namespace calibra::cli
