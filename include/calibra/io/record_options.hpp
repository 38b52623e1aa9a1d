// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "calibra/io/array.hpp"
#include "calibra/io/class_names.hpp"

namespace calibra::io {

/// What a score is divided by.
enum class choice_length { none, characters, bytes };

/// What an answer gets that is not among the listed alternatives of a token.
enum class missing_answer {
  impossible,  ///< probability 0
  rest,        ///< its part of the mass that no alternative has, the same for all that are missing
};

/// What is read of each record of a JSON file. Paths: a JSON pointer, or names with points between;
/// "*" is every element of a list, "[x.y=text]" those that have this text at x.y.
struct record_options {
  /// A number, or the numbers of a row: a list, or a path of several places. Texts of numbers count
  /// as numbers, "85%" as 85. With `answers`: a list of tokens.
  std::string scores = {};
  /// A whole number or a text of one; or one of `names`, or of `answers`.
  std::string labels = {};
  /// Labels say whether predictions were right, 0 or 1: truth values and the texts yes, correct,
  /// true and right, no, incorrect, false and wrong count too.
  bool hits = false;
  double scale = 1;  ///< scores are divided by it
  /// What rows of fewer numbers are filled up with: no class where scores are logits.
  double padding = -std::numeric_limits<double>::infinity();
  /// Of this path, texts by whose length scores are divided; a blank at the start does not count.
  std::string choices = {};
  choice_length by_length = choice_length::none;
  bool halves = false;  ///< the second half of the numbers is taken off the first
  /// Records with something at this path have two halves; without `halves` the first is read.
  std::string halves_at = {};
  /// Records to read: those with the text `only` at this path. Without one all, which have to have
  /// the same text there.
  std::string only_at = {}, only = {};
  bool count_bad = false;  ///< leave out and count records that are not as they should be

  /// Where scores may be too: the first of `scores` and these that leads to more than null is read.
  std::vector<std::string> or_scores = {};
  /// Of a document: where in it the records are. All of it where nothing is there.
  std::string within = {};
  /// Names of the classes, which labels may be.
  class_names names = {};

  /// Texts of answers, a class each; none: scores are numbers. A score is then the logarithm of the
  /// mass that an answer has among the alternatives of one token. Each token of the list is an
  /// object of log-probabilities by text, or has a list `top_logprobs` of objects with `token` and
  /// `logprob`, or `top_probs` (`probs`) of such with `token` (`tok_str`) and `prob`, beside which
  /// its own `token` and `logprob` count where they are not in the list. A text is an answer with
  /// or without one blank before it; the masses of all that are the same answer are added. A
  /// log-probability of -9999 or less says that there is none. Labels: answers, or, where no answer
  /// is a number, class indices.
  std::vector<std::string> answers = {};
  std::size_t token = 0;  ///< which of the tokens says the answer
  missing_answer missing = missing_answer::impossible;
};

/// Scores and labels out of records.
struct record_dump {
  array scores;
  array labels;
  std::size_t bad = 0;         ///< records left out
  std::string first_bad = {};  ///< why the first was
  /// Of `answers`: rows that lack one, and the mean over all rows of the mass that no alternative
  /// has.
  std::size_t incomplete = 0;
  double mean_rest = 0;
};

}  // namespace calibra::io
