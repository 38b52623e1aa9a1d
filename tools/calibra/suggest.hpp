// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/detail/nearest.hpp"

namespace calibra::cli {

/// The candidate that `word` most likely stands for, whatever the case of its letters: the one that
/// is the fewest letters away (at most a third of the word's), else the only one that begins with
/// it. Empty where there is none. `Candidates`: any range of what a std::string is made of; the
/// first of equally near ones wins.
template<class Candidates>
std::string closest(std::string_view word, const Candidates& candidates) {
  const std::string wanted = io::detail::lower_case(word);
  std::string best;
  std::size_t fewest = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  std::string begun;
  std::size_t beginnings = 0;
  for (const auto& candidate : candidates) {
    const std::string name(candidate);
    const std::string lower = io::detail::lower_case(name);
    const std::size_t apart = io::detail::letters_apart(wanted, lower);
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
