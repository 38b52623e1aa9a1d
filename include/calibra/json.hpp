// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/evaluation.hpp"
#include "calibra/recalibration/detail/fitted_on.hpp"
#include "calibra/recalibration/fit_report.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/version.hpp"

/// \file
/// Recalibrators to and from JSON text, evaluations to it (needs nlohmann-json, target
/// calibra::json):
///
///     {"calibra": "0.1.0", "kind": "temperature", "temperature": 1.5, "fitted_on": "logits",
///      "fit": {...}}
///
/// Files are read and written by <calibra/io/model.hpp>. Every double comes back with all its bits.
/// NaN and infinities, which JSON lacks, are null and the strings "inf" and "-inf"; in evaluations
/// all three are null. Fields that are not known are ignored.

namespace calibra {

namespace detail {

/// One object of a document, read with checks. Errors name the document and the field.
class json_object {
 public:
  json_object(std::string name, nlohmann::json value, std::string path = "")
      : name_(std::move(name)), value_(std::move(value)), path_(std::move(path)) {
    if (!value_.is_object())
      throw io_error(concat(name_, ": ", path_.empty() ? "the document" : path_,
                            ": expected a JSON object, got ", value_.type_name()));
  }

  /// A finite number.
  double finite(const char* field) const {
    const nlohmann::json& v = at(field);
    if (!v.is_number()) wrong(field, "a number", v);
    const auto x = v.get<double>();
    if (!is_finite(x)) throw io_error(concat(name_, ": ", place(field), ": not a finite number"));
    return x;
  }
  /// Any double, as json_number() writes it.
  double number(const char* field) const {
    const nlohmann::json& v = at(field);
    if (v.is_null()) return std::numeric_limits<double>::quiet_NaN();
    if (v == "inf") return std::numeric_limits<double>::infinity();
    if (v == "-inf") return -std::numeric_limits<double>::infinity();
    return finite(field);
  }
  std::size_t count(const char* field) const {
    const nlohmann::json& v = at(field);
    if (!v.is_number_unsigned()) wrong(field, "a whole number >= 0", v);
    return v.get<std::size_t>();
  }
  bool flag(const char* field) const {
    const nlohmann::json& v = at(field);
    if (!v.is_boolean()) wrong(field, "true or false", v);
    return v.get<bool>();
  }
  std::string text(const char* field) const {
    const nlohmann::json& v = at(field);
    if (!v.is_string()) wrong(field, "a string", v);
    return v.get<std::string>();
  }
  bool has(const char* field) const {
    const auto found = value_.find(field);
    return found != value_.end() && !found->is_null();
  }
  json_object object(const char* field) const { return {name_, at(field), place(field)}; }

  /// What messages call a field.
  std::string place(const char* field) const {
    return path_.empty() ? concat("\"", field, "\"") : concat(path_, ".\"", field, "\"");
  }
  const std::string& name() const { return name_; }

 private:
  const nlohmann::json& at(const char* field) const {
    const auto found = value_.find(field);
    if (found == value_.end()) throw io_error(concat(name_, ": no field ", place(field)));
    return *found;
  }
  [[noreturn]] void wrong(const char* field, const char* expected, const nlohmann::json& v) const {
    throw io_error(
        concat(name_, ": ", place(field), ": expected ", expected, ", got ", v.type_name()));
  }

  std::string name_;
  nlohmann::json value_;
  std::string path_;
};

inline nlohmann::ordered_json json_number(double x) {
  if (is_nan(x)) return nullptr;
  if (!is_finite(x)) return x > 0 ? "inf" : "-inf";
  return x;
}

/// Bytes that are not UTF-8 cannot stand in JSON: they become the replacement character.
inline std::string json_text(const nlohmann::ordered_json& document) {
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

/// A path given for the text that is in the file.
inline bool looks_like_a_path(std::string_view text) noexcept {
  if (text.size() >= 4096 || text.find_first_of("{[\"\n") != std::string_view::npos) return false;
  const bool one_word = text.find(' ') == std::string_view::npos;
  return text.ends_with(".json") || text.find('/') != std::string_view::npos ||
         (one_word && text.find('.') != std::string_view::npos);
}

inline json_object parse_recalibrator(std::string_view text, std::string_view name) {
  nlohmann::json value;
  try {
    value = nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& e) {
    if (looks_like_a_path(text))
      throw io_error(concat(name, ": expected JSON text, got \"", text,
                            "\", which looks like the name of a file; io::load_temperature(path) "
                            "and io::load_recalibrator<R>(path) of <calibra/io/model.hpp> read "
                            "files"));
    throw io_error(concat(name, ": not a JSON document: ", e.what()));
  }
  json_object document(std::string(name), std::move(value));
  static_cast<void>(document.text("calibra"));
  return document;
}

}  // namespace detail

/// How a recalibrator is written and read: specialise it beside each, with
///
///     static void write(const R& r, nlohmann::ordered_json& document);  // adds its own fields
///     static R read(const detail::json_object& document);               // checked
///
/// `R::kind` is the "kind" of the document, `r.report()` its "fit", the report's `fitted_on` its
/// "fitted_on".
template<class R>
struct json_format;

template<class R>
concept json_recalibrator = requires(const R& r, nlohmann::ordered_json& out,
                                     const detail::json_object& in) {
  { R::kind } -> std::convertible_to<std::string_view>;
  { r.report() } -> std::convertible_to<const fit_report&>;
  json_format<R>::write(r, out);
  { json_format<R>::read(in) } -> std::same_as<R>;
};

namespace detail {

inline nlohmann::ordered_json write_report(const fit_report& r) {
  return {{"converged", r.converged},
          {"iterations", r.iterations},
          {"passes", r.passes},
          {"partial_passes", json_number(r.partial_passes)},
          {"nll_before", json_number(r.nll_before)},
          {"nll_after", json_number(r.nll_after)},
          {"note", r.note}};
}

/// The report of a document. "fitted_on" is absent from those of models that were made by hand.
inline fit_report read_report(const json_object& document) {
  const json_object fit = document.object("fit");
  fit_report r;
  r.converged = fit.flag("converged");
  r.iterations = fit.count("iterations");
  r.passes = fit.count("passes");
  r.partial_passes = fit.number("partial_passes");
  r.nll_before = fit.number("nll_before");
  r.nll_after = fit.number("nll_after");
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

}  // namespace detail

template<>
struct json_format<temperature_scaling> {
  static void write(const temperature_scaling& r, nlohmann::ordered_json& document) {
    document["temperature"] = r.temperature();
  }
  static temperature_scaling read(const detail::json_object& document) {
    const double t = document.finite("temperature");
    if (!(t > 0) || !detail::is_finite(1 / t))
      throw io_error(detail::concat(document.name(), ": ", document.place("temperature"),
                                    ": expected a number > 0, got ", t));
    return temperature_scaling(t, detail::read_report(document));
  }
};

/// The recalibrator as a JSON document, as shown at the head of this file.
template<json_recalibrator R>
[[nodiscard]] std::string to_json(const R& recalibrator) {
  nlohmann::ordered_json document;
  document["calibra"] = CALIBRA_VERSION;
  document["kind"] = R::kind;
  json_format<R>::write(recalibrator, document);
  const fit_report& report = recalibrator.report();
  if (report.fitted_on) document["fitted_on"] = detail::name_of(*report.fitted_on);
  document["fit"] = detail::write_report(report);
  return detail::json_text(document) + "\n";
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
  const detail::json_object document = detail::parse_recalibrator(text, name);
  if (const std::string kind = document.text("kind"); kind != R::kind)
    throw io_error(detail::concat(name, ": expected kind \"", R::kind, "\", got \"", kind, "\""));
  return json_format<R>::read(document);
}

/// recalibrator_from_json<temperature_scaling>().
[[nodiscard]] inline temperature_scaling temperature_from_json(
    std::string_view text, std::string_view name = "JSON text") {
  return recalibrator_from_json<temperature_scaling>(text, name);
}

/// What evaluate() found, as a JSON object to add fields to: samples, skipped, classes (null where
/// there are none), metrics, bins, with options::per_class the ece of each class, and of
/// multi-label scores the entries that counted. Every number reads back exactly; NaN and infinities
/// are null.
[[nodiscard]] inline nlohmann::ordered_json json_document(const evaluation& e) {
  const auto finite = [](double x) {
    return detail::is_finite(x) ? nlohmann::ordered_json(x) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json document;
  document["calibra"] = CALIBRA_VERSION;
  document["samples"] = e.samples;
  if (e.multilabel || e.entries != e.samples) document["entries"] = e.entries;
  document["skipped"] = e.skipped;
  document["classes"] =
      e.classes == 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(e.classes);
  nlohmann::ordered_json& metrics = document["metrics"] = nlohmann::ordered_json::object();
  for (const metric_value& m : e) metrics[m.name] = finite(m.value);
  nlohmann::ordered_json& bins = document["bins"] = nlohmann::ordered_json::array();
  for (const reliability_bin& bin : e.table)
    bins.push_back({{"lower", bin.lower},
                    {"upper", bin.upper},
                    {"count", bin.count},
                    {"weight", bin.weight},
                    {"confidence", finite(bin.confidence)},
                    {"accuracy", finite(bin.accuracy)}});
  if (!e.ece_per_class.empty()) {
    nlohmann::ordered_json& of_classes = document["classwise"]["ece"] =
        nlohmann::ordered_json::array();
    for (const double x : e.ece_per_class) of_classes.push_back(finite(x));
  }
  return document;
}

/// json_document() as text.
[[nodiscard]] inline std::string to_json(const evaluation& e) {
  return detail::json_text(json_document(e)) + "\n";
}

}  // namespace calibra
