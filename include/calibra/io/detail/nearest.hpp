// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/version.hpp"

// Which names a misspelt one is like.
namespace calibra::io::detail {

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

/// The names that are the fewest letters away from a text, whatever the case of its letters: at
/// most `most`, the nearest first. Of long texts the beginnings are compared.
inline std::vector<std::string> nearest_names(std::string_view text,
                                              const std::vector<std::string>& names,
                                              std::size_t most) {
  constexpr std::size_t compared = 60;
  const std::string wanted = lower_case(text.substr(0, compared));
  std::vector<std::pair<std::size_t, std::size_t>> order;
  for (std::size_t k = 0; k < names.size(); ++k)
    order.emplace_back(
        letters_apart(wanted, lower_case(std::string_view(names[k]).substr(0, compared))), k);
  std::sort(order.begin(), order.end());
  std::vector<std::string> out;
  for (const auto& [apart, k] : order)
    if (out.size() < most) out.push_back(names[k]);
  return out;
}

}  // namespace calibra::io::detail
