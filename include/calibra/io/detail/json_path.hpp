// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/detail/natural_order.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io::detail {

/// Where something is in a JSON document: a JSON pointer (RFC 6901), "/a/0/b", or names with points
/// between, "a.0.b". Beyond those, '*' is every element of a list, or
/// of an object in the order of its names, digits as numbers, and "[x.y=text]" every element
/// that has this text, number or truth value at x.y.
class json_path {
 public:
  /// Throws option_error: empty, or a bracket that is not closed.
  explicit json_path(std::string text) : text_(std::move(text)) {
    if (text_.empty()) throw option_error("path: expected a place in a JSON document, got ''");
    const bool pointer = text_[0] == '/';
    std::string step;
    for (std::size_t i = pointer ? 1 : 0; i <= text_.size(); ++i) {
      if (i < text_.size() && text_[i] == '[' && step.empty()) {
        const std::size_t end = text_.find(']', i);
        if (end == std::string::npos)
          throw option_error(concat("path ", in_quotes(text_), ": expected ']', got the end"));
        step += text_.substr(i, end - i);
        i = end;
      } else if (i == text_.size() || text_[i] == (pointer ? '/' : '.')) {
        steps_.push_back(pointer ? unescaped(step) : step);
        step.clear();
      } else {
        step += text_[i];
      }
    }
  }

  const std::string& text() const { return text_; }
  /// All that it leads to, in the order of lists and of names. `missing`, where given: whether an
  /// element on the way lacks what the path asks of it.
  std::vector<const nlohmann::json*> find(const nlohmann::json& document,
                                          bool* missing = nullptr) const {
    std::vector<const nlohmann::json*> found{&document};
    for (const std::string& step : steps_) {
      std::vector<const nlohmann::json*> next;
      for (const nlohmann::json* at : found) {
        const std::size_t before = next.size();
        take(*at, step, next);
        if (missing != nullptr && next.size() == before && !step.starts_with('[')) *missing = true;
      }
      found = std::move(next);
    }
    return found;
  }

 private:
  static std::string unescaped(std::string_view step) {
    std::string out;
    for (std::size_t i = 0; i < step.size(); ++i) {
      const bool escape =
          step[i] == '~' && i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1');
      out += escape ? (step[++i] == '0' ? '~' : '/') : step[i];
    }
    return out;
  }
  static void take(const nlohmann::json& at, const std::string& step,
                   std::vector<const nlohmann::json*>& out) {
    if (step == "*" && at.is_object()) {
      std::vector<std::string_view> names;
      for (const auto& [name, value] : at.items()) names.push_back(name);
      std::sort(names.begin(), names.end(), natural_before);
      for (const std::string_view name : names) out.push_back(&at[std::string(name)]);
    } else if (step == "*") {
      if (!at.is_array()) return;
      for (const nlohmann::json& element : at) out.push_back(&element);
    } else if (step.starts_with('[')) {
      for (const nlohmann::json& element : at)
        if (selects(step, element)) out.push_back(&element);
    } else if (at.is_object()) {
      if (const auto found = at.find(step); found != at.end()) out.push_back(&*found);
    } else if (at.is_array()) {
      std::size_t index = 0;
      const auto [stop, status] = std::from_chars(step.data(), step.data() + step.size(), index);
      if (status == std::errc{} && stop == step.data() + step.size() && index < at.size())
        out.push_back(&at[index]);
    }
  }
  static bool selects(std::string_view step, const nlohmann::json& element) {
    const std::size_t equals = step.find('=');
    if (equals == std::string_view::npos || equals < 2) return false;
    const auto found = json_path(std::string(step.substr(1, equals - 1))).find(element);
    const std::string wanted(step.substr(equals + 1));
    return std::any_of(found.begin(), found.end(), [&](const nlohmann::json* value) {
      return value->is_string() ? *value == wanted
                                : value->is_primitive() && value->dump() == wanted;
    });
  }

  std::string text_;
  std::vector<std::string> steps_;
};

}  // namespace calibra::io::detail
