// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/json/object.hpp"
#include "calibra/recalibration/detail/fitted_on.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/methods.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/proximity_methods.hpp"
#include "calibra/recalibration/proximity_recalibrator.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/version.hpp"

/// \file
/// Recalibrators to and from JSON text (needs nlohmann-json, target calibra::json):
///
///     {"calibra": "0.1.0", "kind": "temperature", "temperature": 1.5, "fitted_on": "logits",
///      "fit": {...}}
///
/// Every parameter is a field of its name, a number or a list; "parts" holds the recalibrators that
/// one is made of. Files are read and written by <calibra/io/model.hpp>. Every double comes back
/// with all its bits. Fields that are not known are ignored.

namespace calibra {

namespace detail {

/// A path given for the text that is in the file.
inline bool looks_like_a_path(std::string_view text) noexcept {
  if (text.size() >= 4096 || text.find_first_of("{[\"\n") != std::string_view::npos) return false;
  const bool one_word = text.find(' ') == std::string_view::npos;
  return text.ends_with(".json") || text.find('/') != std::string_view::npos ||
         (one_word && text.find('.') != std::string_view::npos);
}

inline json_object parse_recalibrator(std::string_view text, std::string_view name) {
  constexpr int deepest = 100;
  bool too_deep = false;
  const auto shallow = [&](int depth, nlohmann::json::parse_event_t, const nlohmann::json&) {
    too_deep = too_deep || depth > deepest;
    return !too_deep;
  };
  nlohmann::json value;
  try {
    value = nlohmann::json::parse(text, shallow);
  } catch (const nlohmann::json::exception& e) {
    if (looks_like_a_path(text))
      throw io_error(concat(name, ": expected JSON text, got \"", text,
                            "\", which looks like the name of a file; io::load_temperature(path) "
                            "and io::load_recalibrator<R>(path) of <calibra/io/model.hpp> read "
                            "files"));
    throw io_error(concat(name, ": not a JSON document: ", e.what()));
  }
  // What is read of it is copied, by functions that call themselves a level.
  if (too_deep)
    throw io_error(concat(name, ": expected at most ", deepest, " levels of JSON, got more"));
  json_object document(std::string(name), std::move(value));
  static_cast<void>(document.text("calibra"));
  return document;
}

inline nlohmann::ordered_json write_report(const fit_report& r) {
  return {{"converged", r.converged},
          {"objective_before", json_number(r.objective_before)},
          {"objective_after", json_number(r.objective_after)},
          {"gradient", json_number(r.gradient)},
          {"iterations", r.iterations},
          {"passes", r.passes},
          {"partial_passes", json_number(r.partial_passes)},
          {"note", r.note}};
}

/// The report of a document. "fitted_on" is absent from those of models that were made by hand.
inline fit_report read_report(const json_object& document) {
  const json_object fit = document.object("fit");
  fit_report r;
  r.converged = fit.flag("converged");
  r.objective_before = fit.number("objective_before");
  r.objective_after = fit.number("objective_after");
  r.gradient = fit.number("gradient");
  r.iterations = fit.count("iterations");
  r.passes = fit.count("passes");
  r.partial_passes = fit.number("partial_passes");
  r.note = fit.text("note");
  if (document.has("fitted_on")) {
    const std::string kind = document.text("fitted_on");
    r.fitted_on = score_kind_named(kind);
    if (!r.fitted_on)
      throw io_error(concat(document.name(), ": ", document.place("fitted_on"),
                            ": expected a kind of scores (logits, probabilities, binary_logits, "
                            "...), got \"",
                            kind, "\""));
  }
  return r;
}

/// Of a recalibrator, or one of scores with proximities.
template<class R>
nlohmann::ordered_json recalibrator_document(const R& r) {
  nlohmann::ordered_json document;
  document["kind"] = r.name();
  for (const parameter& p : r.parameters()) {
    const std::string name(p.name);
    if (p.single)
      document[name] = p.values.at(0);
    else
      document[name] = p.values;
  }
  if (const auto parts = r.parts(); !parts.empty()) {
    nlohmann::ordered_json& list = document["parts"] = nlohmann::ordered_json::array();
    for (const recalibrator* part : parts) list.push_back(recalibrator_document(*part));
  }
  if (r.report().fitted_on) document["fitted_on"] = name_of(*r.report().fitted_on);
  document["fit"] = write_report(r.report());
  return document;
}

template<class R>
std::string recalibrator_text(const R& r) {
  nlohmann::ordered_json document;
  document["calibra"] = CALIBRA_VERSION;
  document.update(recalibrator_document(r));
  return json_text(document) + "\n";
}

/// The parameters in a document.
class json_parameters final : public parameter_reader {
 public:
  explicit json_parameters(json_object document) : document_(std::move(document)) {}

  std::string kind() const override { return document_.text("kind"); }
  double number(std::string_view name) const override {
    return document_.finite(std::string(name).c_str());
  }
  std::vector<double> list(std::string_view name) const override {
    return document_.numbers(std::string(name).c_str());
  }
  fit_report report() const override { return read_report(document_); }
  std::vector<std::unique_ptr<parameter_reader>> parts() const override {
    std::vector<std::unique_ptr<parameter_reader>> all;
    for (json_object& part : document_.objects("parts"))
      all.push_back(std::make_unique<json_parameters>(std::move(part)));
    return all;
  }

 private:
  json_object document_;
};

/// Calls f with the parameters in a document; what f says is wrong is wrong with the document.
template<class F>
auto with_document(const json_object& document, const F& f) {
  try {
    return f(json_parameters(document));
  } catch (const value_error& e) {
    throw io_error(concat(document.name(), ": ", e.what()));
  } catch (const option_error& e) {
    throw io_error(concat(document.name(), ": ", e.what()));
  }
}

}  // namespace detail

/// A recalibrator, or one of scores with proximities, that can be made again from its parameters.
template<class R>
concept json_recalibrator =
    (std::derived_from<R, recalibrator> ||
     std::derived_from<R, proximity_recalibrator>)&&requires(const parameter_reader& p) {
  { R::kind } -> std::convertible_to<std::string_view>;
  { R::from_parameters(p) } -> std::same_as<R>;
};

/// The recalibrator as a JSON document, as shown at the head of this file.
[[nodiscard]] inline std::string to_json(const recalibrator& r) {
  return detail::recalibrator_text(r);
}
[[nodiscard]] inline std::string to_json(const proximity_recalibrator& r) {
  return detail::recalibrator_text(r);
}

/// The "kind" of a document, for a choice of the type at run time. `name` is what messages call
/// the document: its file. Throws io_error where it is not JSON or not a recalibrator.
[[nodiscard]] inline std::string recalibrator_kind(std::string_view text,
                                                   std::string_view name = "JSON text") {
  return detail::parse_recalibrator(text, name).text("kind");
}

/// Reads the text that to_json() gave. Throws io_error with `name` and the field: truncated or
/// other text, another kind, a field that is missing, of another type or out of range.
template<json_recalibrator R>
[[nodiscard]] R recalibrator_from_json(std::string_view text, std::string_view name = "JSON text") {
  return detail::with_document(
      detail::parse_recalibrator(text, name),
      [](const parameter_reader& p) { return detail::read_parameters<R>(p); });
}
/// The same where the kind is not known before. A template, so that only who calls it compiles
/// every kind.
template<class = void>
[[nodiscard]] std::unique_ptr<const recalibrator> any_recalibrator_from_json(
    std::string_view text, std::string_view name = "JSON text") {
  return detail::with_document(detail::parse_recalibrator(text, name),
                               [](const parameter_reader& p) { return read_recalibrator(p); });
}
template<class = void>
[[nodiscard]] std::unique_ptr<const proximity_recalibrator> any_proximity_recalibrator_from_json(
    std::string_view text, std::string_view name = "JSON text") {
  return detail::with_document(
      detail::parse_recalibrator(text, name),
      [](const parameter_reader& p) { return read_proximity_recalibrator(p); });
}

/// recalibrator_from_json<temperature_scaling>().
[[nodiscard]] inline temperature_scaling temperature_from_json(
    std::string_view text, std::string_view name = "JSON text") {
  return recalibrator_from_json<temperature_scaling>(text, name);
}

}  // namespace calibra
