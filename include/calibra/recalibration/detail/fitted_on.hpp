// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "calibra/error.hpp"
#include "calibra/scores.hpp"

// The kind of scores that a recalibrator was fitted on, by name and checked.
namespace calibra::detail {

/// The wrappers' names, in the order of score_kind.
inline constexpr std::array<std::string_view, 6> score_kind_names{"logits",
                                                                  "probabilities",
                                                                  "binary_logits",
                                                                  "binary_probabilities",
                                                                  "multilabel_logits",
                                                                  "multilabel_probabilities"};

constexpr std::string_view name_of(score_kind kind) noexcept {
  return score_kind_names[static_cast<std::size_t>(kind)];
}

constexpr std::optional<score_kind> score_kind_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < score_kind_names.size(); ++i)
    if (score_kind_names[i] == name) return static_cast<score_kind>(i);
  return {};
}

/// Throws value_error for scores of another kind than the recalibrator was fitted on. One that was
/// made by hand takes any.
inline void check_fitted_on(std::string_view where, std::optional<score_kind> fitted_on,
                            score_kind given) {
  if (fitted_on && *fitted_on != given)
    throw value_error(concat(where, ": fitted on ", name_of(*fitted_on), ", got ", name_of(given),
                             "; give it ", name_of(*fitted_on), ", or fit one on ",
                             name_of(given)));
}

}  // namespace calibra::detail
