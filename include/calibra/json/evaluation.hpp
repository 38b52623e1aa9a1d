// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "calibra/detail/float_bits.hpp"
#include "calibra/evaluate/evaluation.hpp"
#include "calibra/json/object.hpp"
#include "calibra/version.hpp"

namespace calibra {

namespace detail {

/// JSON has no NaN and no infinities.
inline nlohmann::ordered_json number_or_null(double x) {
  return is_finite(x) ? nlohmann::ordered_json(x) : nlohmann::ordered_json(nullptr);
}

}  // namespace detail

/// What evaluate() found, as a JSON object to add fields to: samples, skipped, classes (null where
/// there are none), their names if they have any, metrics, bins, with options::per_class the ece of
/// each class, and of multi-label scores the entries that counted. Every number reads back exactly;
/// NaN and infinities are null.
[[nodiscard]] inline nlohmann::ordered_json json_document(const evaluation& e) {
  using detail::number_or_null;
  nlohmann::ordered_json document;
  document["calibra"] = CALIBRA_VERSION;
  document["samples"] = e.samples;
  if (e.multilabel || e.entries != e.samples) document["entries"] = e.entries;
  document["skipped"] = e.skipped;
  document["classes"] =
      e.classes == 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(e.classes);
  if (!e.class_names.empty()) document["class_names"] = e.class_names;
  nlohmann::ordered_json& metrics = document["metrics"] = nlohmann::ordered_json::object();
  for (const metric_value& m : e) metrics[m.name] = number_or_null(m.value);
  nlohmann::ordered_json& bins = document["bins"] = nlohmann::ordered_json::array();
  for (const reliability_bin& bin : e.table)
    bins.push_back({{"lower", bin.lower},
                    {"upper", bin.upper},
                    {"count", bin.count},
                    {"weight", bin.weight},
                    {"confidence", number_or_null(bin.confidence)},
                    {"accuracy", number_or_null(bin.accuracy)}});
  if (!e.ece_per_class.empty()) {
    nlohmann::ordered_json& of_classes = document["classwise"]["ece"] =
        nlohmann::ordered_json::array();
    for (const double x : e.ece_per_class) of_classes.push_back(number_or_null(x));
  }
  return document;
}

/// json_document() as text.
[[nodiscard]] inline std::string to_json(const evaluation& e) {
  return detail::json_text(json_document(e)) + "\n";
}

}  // namespace calibra
