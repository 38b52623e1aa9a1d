// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"

namespace calibra::cli {

namespace detail {

inline std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// Letters inserted, left out, replaced, or exchanged with their neighbour, to turn `a` into `b`:
/// the optimal string alignment distance.
inline std::size_t letters_apart(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace detail

/// The candidate that `word` most likely stands for, whatever the case of its letters: the one that
/// is the fewest letters away (at most a third of the word's), else the only one that begins with
/// it. Empty where there is none. `Candidates`: any range of what a std::string is made of; the
/// first of equally near ones wins.
template<class Candidates>
std::string closest(std::string_view word, const Candidates& candidates) {
  const std::string wanted = detail::lower_case(word);
  std::string best;
  std::size_t fewest = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  std::string begun;
  std::size_t beginnings = 0;
  for (const auto& candidate : candidates) {
    const std::string name(candidate);
    const std::string lower = detail::lower_case(name);
    const std::size_t apart = detail::letters_apart(wanted, lower);
    if (apart < fewest && apart < lower.size()) {
      fewest = apart;
      best = name;
    }
    if (wanted.size() > 2 && lower.starts_with(wanted)) {
      begun = name;
      ++beginnings;
    }
  }
  return best.empty() && beginnings == 1 ? begun : best;
}

/// The end of a message about `word`: `; did you mean "ece"?`, or nothing.
template<class Candidates>
std::string did_you_mean(std::string_view word, const Candidates& candidates) {
  const std::string found = closest(word, candidates);
  return found.empty() ? "" : "; did you mean \"" + found + "\"?";
}

/// "a, b, c".
inline std::string comma_separated(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    out += calibra::detail::concat(out.empty() ? "" : ", ", name);
  return out;
}

}  // namespace calibra::cli
