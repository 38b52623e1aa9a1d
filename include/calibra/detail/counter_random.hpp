// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "calibra/version.hpp"

// Random numbers that are a function of a key and a counter: the same on every platform, for every
// number of threads, and reached in one step.
namespace calibra::detail {

/// The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection of 64 bits.
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// The numbers of stream `stream` of seed `seed`.
class counter_random {
 public:
  constexpr counter_random(std::uint64_t seed, std::uint64_t stream) noexcept
      : state_(mix(mix(seed + step) + stream * step)) {}

  constexpr std::uint64_t operator()() noexcept {
    state_ += step;
    return mix(state_);
  }

  /// Uniform in [0, 1): a multiple of 2^-53.
  constexpr double uniform() noexcept { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

  /// Uniform in [0, bound), exactly; bound must not be 0.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    const std::uint64_t rest = (0 - bound) % bound;  // 2^64 mod bound numbers too many
    for (;;) {
      const std::uint64_t x = (*this)();
      if (x >= rest) return x % bound;
    }
  }

 private:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15u;
  std::uint64_t state_;
};

/// `count` of the numbers [0, size), each set of them as likely as any other: Floyd's algorithm
/// (Bentley, CACM 30(9), 1987). `count` must not exceed `size`.
inline std::vector<std::size_t> sample_without_replacement(std::size_t size, std::size_t count,
                                                           counter_random random) {
  std::vector<std::size_t> sample;
  sample.reserve(count);
  std::vector<bool> taken(size);
  for (std::size_t last = size - count; last < size; ++last) {
    const auto drawn = static_cast<std::size_t>(random.below(std::uint64_t{last} + 1));
    sample.push_back(taken[drawn] ? last : drawn);
    taken[sample.back()] = true;
  }
  return sample;
}

/// FNV-1a, 64 bits.
constexpr std::uint64_t fnv1a(std::string_view text,
                              std::uint64_t hash = 0xcbf29ce484222325u) noexcept {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace calibra::detail
