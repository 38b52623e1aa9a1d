// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <memory_resource>
#include <utility>
#include <vector>

#include "calibra/version.hpp"

namespace calibra::detail {

/// Sorts `keys` ascending by the bits in `mask` and carries each payload along; stable, so equal
/// masked keys keep their order. Least significant digit first, 11 bits a digit; digits that are
/// the same in every key are skipped. O(n) time, one scratch copy of the keys and payloads.
/// Each payload has as many elements as there are keys (not checked), or none: it is left alone.
/// All of them are of one memory resource (not checked), which the scratch is taken from too.
template<std::unsigned_integral Key>
void radix_sort(std::pmr::vector<Key>& keys, Key mask,
                std::initializer_list<std::pmr::vector<double>*> payloads = {}) {
  constexpr unsigned digit_bits = 11;
  constexpr std::size_t buckets = std::size_t{1} << digit_bits;
  constexpr std::size_t digits = (std::numeric_limits<Key>::digits + digit_bits - 1) / digit_bits;
  const std::size_t n = keys.size();
  if (n < 2) return;
  const auto bucket_of = [mask](Key key, std::size_t digit) {
    return static_cast<std::size_t>((key & mask) >> (digit * digit_bits)) & (buckets - 1);
  };

  std::vector<std::array<std::size_t, buckets>> counts(digits);
  for (const Key key : keys)
    for (std::size_t digit = 0; digit < digits; ++digit) ++counts[digit][bucket_of(key, digit)];

  std::pmr::vector<Key> key_scratch(n, keys.get_allocator());
  std::pmr::vector<double> scratch(keys.get_allocator().resource());
  for (std::size_t digit = 0; digit < digits; ++digit) {
    auto& next = counts[digit];
    if (next[bucket_of(keys[0], digit)] == n) continue;
    std::size_t start = 0;
    for (std::size_t& bucket : next) start += std::exchange(bucket, start);
    for (std::pmr::vector<double>* payload : payloads) {
      if (payload->empty()) continue;
      scratch.resize(n);
      auto place = next;
      for (std::size_t i = 0; i < n; ++i)
        scratch[place[bucket_of(keys[i], digit)]++] = (*payload)[i];
      payload->swap(scratch);
    }
    for (std::size_t i = 0; i < n; ++i) key_scratch[next[bucket_of(keys[i], digit)]++] = keys[i];
    keys.swap(key_scratch);
  }
}

}  // namespace calibra::detail
