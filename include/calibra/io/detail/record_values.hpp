// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/class_names.hpp"
#include "calibra/io/detail/json_path.hpp"
#include "calibra/io/detail/json_values.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/detail/token_answers.hpp"
#include "calibra/io/record_options.hpp"

namespace calibra::io::detail {

/// What is read of one record.
struct record_row {
  std::vector<double> scores;
  std::int64_t label = 0;
  bool complete = true;  ///< no answer is missing
  double rest = 0;       ///< the mass that no alternative has
};

/// Reads scores and label of a record. Its errors begin with the path.
class record_values {
 public:
  explicit record_values(const record_options& o) : o_(o), labels_(o.labels), names_(o.names) {
    if (!(o.scale > 0 && std::isfinite(o.scale)))
      throw option_error(concat("record_options: scale: expected a number above 0, got ", o.scale));
    if (o.by_length != choice_length::none) choices_.emplace(o.choices);
    if (!o.halves_at.empty()) halves_at_.emplace(o.halves_at);
    scores_.emplace_back(o.scores);
    for (const std::string& path : o.or_scores) scores_.emplace_back(path);
    if (o.answers.empty()) return;
    if (o.hits || o.halves || o.scale != 1 || choices_)
      throw option_error("record_options: answers: not with hits, halves, scale or by_length");
    answers_.emplace(o.answers, o.token, o.missing);
    if (names_.empty()) names_ = answers_->answers();
  }

  /// `hints`: errors about names say which are near.
  record_row of(const nlohmann::json& record, bool hints) const {
    record_row row;
    if (answers_) {
      answer_scores found = masses(record);
      row = {std::move(found.log_mass), 0, found.complete, found.rest};
    } else {
      row.scores = numbers(record);
    }
    row.label = label_of(record, hints);
    const std::size_t classes = row.scores.size();
    if (classes > 1 && row.label >= static_cast<std::int64_t>(classes))
      fail(labels_, concat("expected a class below ", classes, ", got ", row.label));
    return row;
  }

 private:
  using json = nlohmann::json;

  [[noreturn]] static void fail(const json_path& at, const std::string& what) {
    throw io_error(concat(at.text(), ": ", what));
  }

  // Numbers.

  /// The first of the places of scores where something is.
  const json_path& scores_in(const json& record) const {
    for (const json_path& at : scores_) {
      const auto found = at.find(record);
      if (found.size() > 1 || (found.size() == 1 && !found[0]->is_null())) return at;
    }
    return scores_.front();
  }
  answer_scores masses(const json& record) const {
    const json_path& at = scores_in(record);
    const auto found = at.find(record);
    if (found.empty() || found[0]->is_null())
      fail(at, concat("expected a list of tokens, got ", found.empty() ? "nothing" : "null",
                      "; servers give log-probabilities where they are asked for them"));
    if (found.size() > 1) fail(at, "expected one list of tokens, got several");
    try {
      return answers_->of(*found[0]);
    } catch (const io_error& e) {
      fail(at, e.what());
    }
  }
  std::vector<double> numbers(const json& record) const {
    const json_path& at = scores_in(record);
    bool missing = false;
    std::vector<const json*> found = at.find(record, &missing);
    if (found.empty()) fail(at, "expected a number or a list of numbers, got nothing");
    if (missing) fail(at, "expected a number of every element, got nothing of one");
    if (found.size() == 1 && found[0]->is_array()) {
      const json& list = *found[0];
      found.clear();
      for (const json& x : list) found.push_back(&x);
      if (found.empty()) fail(at, "expected numbers, got an empty list");
    }
    std::vector<double> row;
    for (const json* x : found) {
      const auto value = json_number_of(*x);
      if (!value) fail(at, concat("expected a number, got ", json_kind(*x)));
      row.push_back(*value / o_.scale);
    }
    if (o_.halves || (halves_at_ && !halves_at_->find(record).empty())) take_halves(at, row);
    if (choices_) divide_by_lengths(record, row);
    return row;
  }
  void take_halves(const json_path& at, std::vector<double>& row) const {
    if (row.size() % 2 != 0)
      fail(at, concat("expected an even number of numbers for halves, got ", row.size()));
    const std::size_t half = row.size() / 2;
    for (std::size_t k = 0; o_.halves && k < half; ++k) row[k] -= row[half + k];
    row.resize(half);
  }
  void divide_by_lengths(const json& record, std::vector<double>& row) const {
    const auto found = choices_->find(record);
    if (found.size() < row.size())
      fail(*choices_, concat("expected ", row.size(), " texts, got ", found.size()));
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (!found[k]->is_string())
        fail(*choices_, concat("expected a text, got ", json_kind(*found[k])));
      std::string_view text = found[k]->get_ref<const std::string&>();
      if (text.starts_with(' ')) text.remove_prefix(1);
      const auto follows = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; };
      const auto length =
          o_.by_length == choice_length::bytes
              ? static_cast<std::ptrdiff_t>(text.size())
              : std::count_if(text.begin(), text.end(), [&](char c) { return !follows(c); });
      if (length == 0) fail(*choices_, "expected a text to divide by its length, got an empty one");
      row[k] /= static_cast<double>(length);
    }
  }

  // Labels.

  std::int64_t label_of(const json& record, bool hints) const {
    const auto found = labels_.find(record);
    if (found.size() != 1)
      fail(labels_, concat("expected one label, got ", found.empty() ? "nothing" : "several"));
    const bool list_of_one = found[0]->is_array() && found[0]->size() == 1;
    const json& value = list_of_one ? (*found[0])[0] : *found[0];
    if (!names_.empty() && !o_.hits) return named_class(value, hints);
    if (o_.hits && value.is_boolean()) return value.get<bool>() ? 1 : 0;
    if (o_.hits && value.is_string())
      if (const auto said = json_truth(value.get_ref<const std::string&>())) return *said;
    const auto x = json_number_of(value);
    constexpr double limit = 9007199254740992;  // 2^53
    const bool whole = x && *x == std::floor(*x) && std::abs(*x) < limit;
    if (!whole || (o_.hits && *x != 0 && *x != 1))
      fail(labels_, concat(o_.hits ? "expected 0 or 1, true or false, yes or no, got "
                                   : "expected a class index, got ",
                           json_kind(value)));
    return static_cast<std::int64_t>(*x);
  }

  std::int64_t named_class(const json& value, bool hints) const {
    std::string text;
    if (value.is_string()) text = value.get<std::string>();
    if (value.is_number()) text = value.dump();
    text.erase(text.find_last_not_of(' ') + 1);
    text.erase(0, text.find_first_not_of(' '));
    auto k = names_.find(text);
    if (!k && answers_) k = answers_->answers().find(text);
    if (!k)
      fail(labels_,
           concat(!answers_          ? "expected the name of a class, got "
                  : o_.names.empty() ? "expected one of the answers, got "
                                     : "expected one of the answers or the name of a class, got ",
                  json_kind(value), hints ? names_.hint(text) : ""));
    return *k;
  }

  const record_options& o_;
  json_path labels_;
  std::vector<json_path> scores_;  // the first of them that is there
  std::optional<json_path> choices_, halves_at_;
  class_names names_;
  std::optional<token_answers> answers_;
};

}  // namespace calibra::io::detail
