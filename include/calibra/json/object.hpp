// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"

// Objects of JSON documents, read with checks and written.
namespace calibra::detail {

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
  /// A list of finite numbers.
  std::vector<double> numbers(const char* field) const {
    const nlohmann::json& v = at(field);
    if (!v.is_array()) wrong(field, "a list of numbers", v);
    std::vector<double> out;
    out.reserve(v.size());
    for (const nlohmann::json& x : v) {
      if (!x.is_number() || !is_finite(x.get<double>()))
        throw io_error(
            concat(name_, ": ", place(field), ": number ", out.size(), " is not a finite number"));
      out.push_back(x.get<double>());
    }
    return out;
  }
  /// A list of objects.
  std::vector<json_object> objects(const char* field) const {
    const nlohmann::json& v = at(field);
    if (!v.is_array()) wrong(field, "a list of objects", v);
    std::vector<json_object> out;
    for (const nlohmann::json& x : v)
      out.emplace_back(name_, x, concat(place(field), "[", out.size(), "]"));
    return out;
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

}  // namespace calibra::detail
