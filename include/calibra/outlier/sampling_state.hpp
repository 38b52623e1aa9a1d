// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "calibra/error.hpp"

namespace calibra {

/// Where a stream of outlier batches stands: what a checkpoint keeps of
/// dynamic_outlier_regularization, beside the bank itself. Iteration t draws a batch that is a
/// function of (seed, t, outliers, batch) alone.
struct sampling_state {
  std::uint64_t seed = 0;
  std::uint64_t iteration = 0;    // batches drawn so far
  std::uint64_t batch = 0;        // outliers a batch
  std::uint64_t outliers = 0;     // outliers in the bank
  std::uint64_t fingerprint = 0;  // of their names

  friend bool operator==(const sampling_state&, const sampling_state&) = default;
};

/// One line of text: "calibra-sampling-1", then the five numbers in the order above, in decimal,
/// one space between.
[[nodiscard]] inline std::string to_text(const sampling_state& state) {
  return detail::concat("calibra-sampling-1 ", state.seed, " ", state.iteration, " ", state.batch,
                        " ", state.outliers, " ", state.fingerprint);
}

/// The state that to_text wrote. Throws io_error for any other text.
[[nodiscard]] inline sampling_state parse_sampling_state(std::string_view text) {
  constexpr std::string_view head = "calibra-sampling-1";
  const auto fail = [&](std::string_view problem) {
    throw io_error(detail::concat("parse_sampling_state(): \"", text.substr(0, 120),
                                  "\": ", problem, "; expected \"", head, "\" and five numbers"));
  };
  if (text.substr(0, head.size()) != head) fail("another beginning");
  std::array<std::uint64_t, 5> numbers{};
  const char* at = text.data() + head.size();
  const char* const end = text.data() + text.size();
  for (std::uint64_t& number : numbers) {
    if (at == end || *at != ' ') fail("too few numbers");
    const auto [next, problem] = std::from_chars(at + 1, end, number);
    if (problem != std::errc{}) fail("not a number");
    at = next;
  }
  if (at != end) fail("text behind the numbers");
  return {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]};
}

}  // namespace calibra
