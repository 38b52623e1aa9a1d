// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io {

/// What the name of an array says of the scores in it.
enum class named_form { unsaid, logits, probabilities, confidences };

/// Names that an array of scores or of labels goes by. Case does not matter, nor does what stands
/// before the last '.' or '/'; '-' and '_' are one.
struct dump_words {
  named_form form;
  std::vector<std::string_view> words;
};
inline const std::vector<dump_words>& score_words() {
  static const std::vector<dump_words> all{
      {named_form::logits, {"logits", "logit", "y_logits", "test_logits", "logits_test"}},
      {named_form::probabilities,
       {"probabilities", "probability", "probs", "prob", "probas", "proba", "y_prob", "y_probs",
        "y_proba", "y_probas", "pred_probs", "predict_proba", "softmax", "softmaxes", "test_probs",
        "probs_test", "probas_test"}},
      {named_form::confidences, {"confidences", "confidence", "confs", "conf"}},
      {named_form::unsaid,
       {"scores", "score", "y_score", "y_scores", "outputs", "output", "predictions", "prediction",
        "preds", "pred", "y_pred", "y_hat", "test_scores", "scores_test"}}};
  return all;
}
inline const std::vector<std::string_view>& label_words() {
  static const std::vector<std::string_view> all{
      "labels",  "label",       "targets",    "target",       "y",    "y_true",      "ys",
      "y_test",  "gt",          "truth",      "ground_truth", "true", "true_labels", "gold",
      "classes", "test_labels", "labels_test"};
  return all;
}
/// Names of the labels of confidences: 1 where the prediction was right.
inline const std::vector<std::string_view>& hit_words() {
  static const std::vector<std::string_view> all{
      "correct", "hits", "hit", "is_correct", "right", "correctness", "accuracies", "acc"};
  return all;
}

/// Which arrays of a file are scores and labels.
struct found_dump {
  std::string scores;
  std::string labels;
};

namespace detail {

/// The last part of a name, in small letters, '-' as '_'.
inline std::string plain_name(std::string_view name) {
  const std::size_t cut = name.find_last_of("./");
  std::string out(cut == std::string_view::npos ? name : name.substr(cut + 1));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-' || c == ' ') c = '_';
  }
  return out;
}
inline bool is_word(const std::string& name, const std::vector<std::string_view>& words) {
  return std::find(words.begin(), words.end(), name) != words.end();
}
}  // namespace detail

/// What a name says of the scores in an array; unsaid for one that no array of scores goes by.
inline named_form form_of(std::string_view name) {
  const std::string plain = detail::plain_name(name);
  for (const dump_words& of : score_words())
    if (detail::is_word(plain, of.words)) return of.form;
  return named_form::unsaid;
}

namespace detail {

inline bool is_label_name(std::string_view name) {
  return is_word(plain_name(name), label_words());
}
inline bool is_hit_name(std::string_view name) {
  return is_word(plain_name(name), hit_words());
}
inline bool is_score_name(std::string_view name) {
  const std::string plain = plain_name(name);
  return std::any_of(score_words().begin(), score_words().end(),
                     [&](const dump_words& of) { return is_word(plain, of.words); });
}

template<class Fits>
std::vector<std::string> names_that(std::span<const array_entry> contents, const Fits& fits) {
  std::vector<std::string> names;
  for (const array_entry& e : contents)
    if (fits(e.name)) names.push_back(e.name);
  return names;
}
/// The only one of the names that fit.
inline std::string the_one(const std::string& path, std::span<const array_entry> contents,
                           const std::vector<std::string>& fit, std::string_view what) {
  if (fit.size() == 1) return fit[0];
  const std::vector<std::string> all =
      names_that(contents, [](const std::string&) { return true; });
  throw io_error(fit.empty() ? concat(path, ": no array has a name of ", what, "; it holds ",
                                      all.empty() ? "none" : listed(all), "; say which are ", what)
                             : concat(path, ": several arrays could be ", what, ": ", listed(fit),
                                      "; say which are ", what));
}

/// Of two arrays without telling names, samples x classes of reals and a column of whole numbers.
inline std::optional<found_dump> nameless_pair(std::span<const array_entry> contents) {
  if (contents.size() != 2) return std::nullopt;
  for (const array_entry& e : contents)
    if (is_score_name(e.name) || is_label_name(e.name) || is_hit_name(e.name)) return std::nullopt;
  const auto fit = [](const array_entry& scores, const array_entry& labels) {
    return scores.type && is_real(*scores.type) && scores.shape.size() == 2 && labels.type &&
           !is_real(*labels.type) && labels.shape.size() == 1 && labels.shape[0] == scores.shape[0];
  };
  const array_entry &first = contents[0], &second = contents[1];
  if (fit(first, second)) return found_dump{first.name, second.name};
  if (fit(second, first)) return found_dump{second.name, first.name};
  return std::nullopt;
}

}  // namespace detail

/// The name of the array of scores among what io::contents() gave: the only one that is of
/// score_words(). Throws io_error, and lists them, where there is none or several.
inline std::string find_scores(const std::string& path, std::span<const array_entry> contents) {
  return detail::the_one(path, contents, detail::names_that(contents, detail::is_score_name),
                         "scores");
}
/// The same of labels, by label_words(); of confidences by hit_words() where one is of them.
inline std::string find_labels(const std::string& path, std::span<const array_entry> contents,
                               named_form scores = named_form::unsaid) {
  if (scores == named_form::confidences) {
    const auto hits = detail::names_that(contents, detail::is_hit_name);
    if (!hits.empty()) return detail::the_one(path, contents, hits, "labels");
  }
  return detail::the_one(path, contents, detail::names_that(contents, detail::is_label_name),
                         "labels");
}

/// Finds scores and labels in a file by the names of its arrays. Where there are two arrays, of
/// names that say nothing, samples x classes of reals beside as many whole numbers are taken for
/// scores and labels. `said`: what the scores are, where that is known; else their name says it.
/// Throws io_error as find_scores() and find_labels().
inline found_dump find_dump(const std::string& path, std::span<const array_entry> contents,
                            named_form said = named_form::unsaid) {
  if (const auto pair = detail::nameless_pair(contents)) return *pair;
  const std::string scores = find_scores(path, contents);
  return {scores, find_labels(path, contents, said == named_form::unsaid ? form_of(scores) : said)};
}

}  // namespace calibra::io
