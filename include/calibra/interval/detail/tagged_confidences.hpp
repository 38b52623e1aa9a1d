// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "calibra/version.hpp"

namespace calibra::detail {

/// Confidences, each with a small number in its last bits: where what it adds belongs. 8 bytes a
/// row for both. A confidence is rounded to the bits that tags leave of its 53: by at most 1.5e-14
/// of it for 128 tags.
class tagged_confidences {
 public:
  static constexpr unsigned most_bits = 16;

  tagged_confidences() = default;
  /// tag_of(i, confidence): the tag of number i, below `tags`, which is at most 2^most_bits.
  template<class TagOf>
  tagged_confidences(std::vector<double> confidences, std::size_t tags, const TagOf& tag_of)
      : mask_(std::bit_ceil(static_cast<std::uint64_t>(tags)) - 1),
        tagged_(std::move(confidences)) {
    for (std::size_t i = 0; i < tagged_.size(); ++i) {
      const std::uint64_t tag = tag_of(i, tagged_[i]);
      const auto bits = std::bit_cast<std::uint64_t>(std::abs(tagged_[i])) + (mask_ + 1) / 2;
      tagged_[i] = std::bit_cast<double>((bits & ~mask_) | tag);
    }
  }

  [[nodiscard]] bool empty() const noexcept { return tagged_.empty(); }
  [[nodiscard]] double confidence(std::size_t i) const noexcept {
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(tagged_[i]) & ~mask_);
  }
  [[nodiscard]] std::size_t tag(std::size_t i) const noexcept {
    return static_cast<std::size_t>(std::bit_cast<std::uint64_t>(tagged_[i]) & mask_);
  }

 private:
  std::uint64_t mask_ = 0;
  std::vector<double> tagged_;
};

}  // namespace calibra::detail
