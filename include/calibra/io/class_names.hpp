// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/detail/nearest.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io {

/// Names of classes, in the order of their indices. Cost: O(K log K) to make, O(log K) to look one
/// up.
class class_names {
 public:
  class_names() = default;  ///< no names
  /// Throws option_error: a name that is empty, that comes twice, or that holds a line feed or
  /// another control character.
  explicit class_names(std::vector<std::string> names)
      : names_(std::move(names)), order_(names_.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(std::string_view(names_[a]), a) < std::pair(std::string_view(names_[b]), b);
    });
    for (std::size_t k = 0; k < names_.size(); ++k) {
      if (names_[k].empty()) fail(detail::concat("the name of class ", k, " is empty"));
      if (std::any_of(names_[k].begin(), names_[k].end(), is_control))
        fail(detail::concat("the name of class ", k, ", ", detail::in_quotes(names_[k]),
                            ", holds a control character"));
      numbers_ = numbers_ || whole_number(names_[k]);
    }
    for (std::size_t i = 1; i < order_.size(); ++i)
      if (names_[order_[i]] == names_[order_[i - 1]])
        fail(detail::concat(detail::in_quotes(names_[order_[i]]), " is the name of class ",
                            order_[i - 1], " and of class ", order_[i]));
  }

  [[nodiscard]] bool empty() const noexcept { return names_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
  [[nodiscard]] const std::string& operator[](std::size_t k) const { return names_[k]; }
  [[nodiscard]] const std::vector<std::string>& all() const noexcept { return names_; }

  /// Whether a text is one of the names.
  [[nodiscard]] bool holds(std::string_view text) const { return place_of(text) < names_.size(); }
  /// The class that a text stands for: that of this name, or, where no name is a number itself, the
  /// whole number that it is ("3", "3.0", "-100"). None for any other text.
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view text) const {
    const std::size_t k = place_of(text);
    if (k < names_.size()) return static_cast<std::int64_t>(k);
    return numbers_ ? std::nullopt : whole_number(text);
  }
  /// What to say of a text that find() does not know: "; the nearest names are 'cat', 'car'", of at
  /// most three. Cost: O(K).
  [[nodiscard]] std::string hint(std::string_view text) const {
    return detail::concat(names_.size() == 1 ? "; the only name is " : "; the nearest names are ",
                          detail::listed(detail::nearest_names(text, names_, 3)));
  }

 private:
  [[noreturn]] static void fail(const std::string& what) {
    throw option_error(detail::concat("class names: ", what));
  }
  static bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
  static std::optional<std::int64_t> whole_number(std::string_view text) {
    constexpr double limit = 9007199254740992;  // 2^53
    double x = 0;
    const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), x);
    if (status != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    if (!(std::abs(x) < limit) || x != std::floor(x)) return std::nullopt;
    return static_cast<std::int64_t>(x);
  }
  /// size() where it is none of the names.
  std::size_t place_of(std::string_view text) const {
    const auto at =
        std::lower_bound(order_.begin(), order_.end(), text,
                         [&](std::size_t k, std::string_view t) { return names_[k] < t; });
    return at != order_.end() && names_[*at] == text ? *at : names_.size();
  }

  std::vector<std::string> names_;
  std::vector<std::size_t> order_;  // of the alphabet
  bool numbers_ = false;            // one of the names is a whole number
};

}  // namespace calibra::io
