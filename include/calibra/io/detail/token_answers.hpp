// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/detail/json_values.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/record_options.hpp"

namespace calibra::io::detail {

/// What the alternatives of a token say of the answers.
struct answer_scores {
  std::vector<double> log_mass;  ///< of each answer
  bool complete = true;          ///< all answers are among the alternatives
  double rest = 0;               ///< the mass that no alternative has
};

/// Looks for answers among the alternatives of a token. See record_options::answers.
class token_answers {
 public:
  /// Throws option_error: fewer than two answers, one that is empty or comes twice.
  token_answers(const std::vector<std::string>& answers, std::size_t token, missing_answer missing)
      : token_(token), missing_(missing) {
    std::vector<std::string> texts;
    for (const std::string& a : answers) texts.emplace_back(without_blank(a));
    if (texts.size() < 2)
      throw option_error(concat("answers: expected at least 2, got ", texts.size()));
    answers_ = class_names(std::move(texts));
  }

  const class_names& answers() const { return answers_; }

  /// Throws io_error of what is expected and what is there, without the place.
  answer_scores of(const nlohmann::json& tokens) const {
    const std::vector<alternative> found = alternatives(tokens);
    answer_scores out{std::vector<double>(answers_.size(), none)};
    double all = 0;
    for (const auto& [text, log_p] : found) {
      all += std::exp(log_p);
      if (!answers_.holds(text)) continue;
      double& mass = out.log_mass[static_cast<std::size_t>(*answers_.find(text))];
      mass = log_of_sum(mass, log_p);
    }
    out.rest = std::max(0.0, 1 - all);
    const auto missing =
        std::count_if(out.log_mass.begin(), out.log_mass.end(), [](double x) { return x == none; });
    if (missing == static_cast<std::ptrdiff_t>(out.log_mass.size())) fail_without_answer(found);
    out.complete = missing == 0;
    if (missing_ == missing_answer::rest)
      std::replace(out.log_mass.begin(), out.log_mass.end(), none,
                   std::log(out.rest / static_cast<double>(missing)));
    return out;
  }

 private:
  using json = nlohmann::json;
  /// A text without the blank before it, and its log-probability.
  using alternative = std::pair<std::string_view, double>;
  static constexpr double none = -std::numeric_limits<double>::infinity();

  static std::string_view without_blank(std::string_view text) {
    if (text.starts_with(' ') && text.size() > 1) text.remove_prefix(1);
    return text;
  }
  static double log_of_sum(double a, double b) {
    if (a < b) std::swap(a, b);
    return b == none ? a : a + std::log1p(std::exp(b - a));
  }
  [[noreturn]] void fail_without_answer(const std::vector<alternative>& found) const {
    std::vector<std::string> texts;
    for (const auto& [text, log_p] : found)
      if (texts.size() < 5) texts.emplace_back(text);
    throw io_error(concat("expected one of the answers among the alternatives of token ", token_,
                          ", got ", listed(texts), found.size() > texts.size() ? ", ..." : ""));
  }

  std::vector<alternative> alternatives(const json& tokens) const {
    if (!tokens.is_array())
      throw io_error(concat("expected a list of tokens, got ", json_kind(tokens)));
    if (tokens.size() <= token_)
      throw io_error(concat("expected a token ", token_, ", got ", tokens.size(), " tokens"));
    const json& token = tokens[token_];
    std::vector<alternative> out;
    if (const json* list = list_of(token)) {
      for (const json& one : *list) add(one, out);
      const std::string_view own = text_of(token);
      // Some servers leave the blank out of one of the two places: the number tells.
      const bool listed_too = std::any_of(list->begin(), list->end(), [&](const json& one) {
        const std::string_view text = text_of(one);
        return text == own ||
               (without_blank(text) == without_blank(own) && numbers_of(one) == numbers_of(token));
      });
      if (!own.empty() && !listed_too && (token.contains("logprob") || token.contains("prob")))
        add(token, out);
    } else if (token.is_object() && !token.contains("token")) {
      for (const auto& [text, value] : token.items())
        add(without_blank(text), log_probability(value), out);
    }
    if (out.empty())
      throw io_error(concat("expected the alternatives of token ", token_,
                            " with their log-probabilities (top_logprobs), got ",
                            token.is_object() ? "none" : json_kind(token)));
    return out;
  }
  static const json* list_of(const json& token) {
    if (!token.is_object()) return nullptr;
    for (const char* name : {"top_logprobs", "top_probs", "probs"})
      if (const auto at = token.find(name); at != token.end() && at->is_array()) return &*at;
    return nullptr;
  }
  static std::pair<json, json> numbers_of(const json& one) {
    return {one.value("logprob", json()), one.value("prob", json())};
  }
  /// The token that an object stands for; "" for none.
  static std::string_view text_of(const json& one) {
    for (const char* name : {"token", "tok_str"})
      if (const auto at = one.find(name); at != one.end() && at->is_string())
        return at->get_ref<const std::string&>();
    return {};
  }
  static void add(const json& one, std::vector<alternative>& out) {
    if (!one.is_object())
      throw io_error(concat("expected tokens with log-probabilities, got ", json_kind(one)));
    const std::string_view text = without_blank(text_of(one));
    if (const auto at = one.find("logprob"); at != one.end())
      return add(text, log_probability(*at), out);
    const auto at = one.find("prob");
    const auto p = at == one.end() ? std::nullopt : json_number_of(*at);
    if (!p || !(*p >= 0 && *p <= 1 + rounding))
      throw io_error(concat("expected a probability of ", in_quotes(text), ", got ",
                            at == one.end() ? "none" : json_kind(*at)));
    add(text, std::log(*p), out);
  }
  static void add(std::string_view text, double log_p, std::vector<alternative>& out) {
    constexpr double unlisted = -9999;  // what servers write of a token whose probability they keep
    if (log_p > unlisted) out.emplace_back(text, std::min(log_p, 0.0));
  }
  static double log_probability(const json& value) {
    const auto x = json_number_of(value);
    if (!x || !(*x <= rounding))
      throw io_error(concat("expected a log-probability, got ", json_kind(value)));
    return *x;
  }
  static constexpr double rounding = 1e-3;

  class_names answers_;
  std::size_t token_;
  missing_answer missing_;
};

}  // namespace calibra::io::detail
