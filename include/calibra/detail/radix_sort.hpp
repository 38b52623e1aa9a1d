// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory_resource>
#include <utility>
#include <vector>

#include "calibra/detail/hinted_memory.hpp"

namespace calibra::detail {

inline constexpr unsigned radix_bits = 11;
inline constexpr std::size_t radix_buckets = std::size_t{1} << radix_bits;
using radix_places = std::array<std::size_t, radix_buckets>;

/// Writes elements to the next places of their buckets, a page of memory at a time: so each page is
/// touched once. In plain memory that is slower by a third; where files are behind it, many times
/// faster, as the system keeps writing pages that are touched again and again.
template<class T>
class paged_scatter {
 public:
  paged_scatter(T* to, const radix_places& first) : to_(to), next_(first), staged_(size) {
    for (std::size_t b = 0; b < radix_buckets; ++b) {
      const auto address = reinterpret_cast<std::uintptr_t>(to + first[b]);
      room_[b] = static_cast<std::uint32_t>(page - address % (page * sizeof(T)) / sizeof(T));
    }
  }
  void put(std::size_t bucket, T x) {
    staged_[bucket * page + filled_[bucket]++] = x;
    if (filled_[bucket] == room_[bucket]) write(bucket);
  }
  void finish() {
    for (std::size_t b = 0; b < radix_buckets; ++b) write(b);
  }

 private:
  static constexpr std::size_t page = 4096 / sizeof(T);  // elements
  static constexpr std::size_t size = page * radix_buckets;

  void write(std::size_t b) {
    std::copy_n(staged_.data() + b * page, filled_[b], to_ + next_[b]);
    next_[b] += filled_[b];
    filled_[b] = 0;
    room_[b] = page;
  }

  T* to_;
  radix_places next_;
  std::array<std::uint32_t, radix_buckets> filled_{}, room_{};
  std::vector<T> staged_;
};

/// Puts every element of `from` at the next place of its bucket, bucket_of(i). Files may be behind
/// any memory but the usual one.
template<class T, class F>
void scatter(const std::pmr::vector<T>& from, std::pmr::vector<T>& to, radix_places next,
             const F& bucket_of) {
  constexpr std::size_t many = std::size_t{1} << 17;
  if (from.size() < many ||
      to.get_allocator().resource()->is_equal(*std::pmr::new_delete_resource())) {
    const T* const source = from.data();
    T* const target = to.data();
    for (std::size_t i = 0, n = from.size(); i < n; ++i) target[next[bucket_of(i)]++] = source[i];
    return;
  }
  const scattered_writes hint(to);
  paged_scatter<T> pages(to.data(), next);
  for (std::size_t i = 0; i < from.size(); ++i) pages.put(bucket_of(i), from[i]);
  pages.finish();
}

/// Sorts `keys` ascending by the bits in `mask` and carries each payload along; stable, so equal
/// masked keys keep their order. Least significant digit first, 11 bits a digit; digits that are
/// the same in every key are skipped. O(n) time, one scratch copy of the keys and payloads.
/// Each payload has as many elements as there are keys (not checked), or none: it is left alone.
/// All of them are of one memory resource (not checked), which the scratch is taken from too.
template<std::unsigned_integral Key>
void radix_sort(std::pmr::vector<Key>& keys, Key mask,
                std::initializer_list<std::pmr::vector<double>*> payloads = {}) {
  constexpr std::size_t digits = (std::numeric_limits<Key>::digits + radix_bits - 1) / radix_bits;
  const std::size_t n = keys.size();
  if (n < 2) return;
  const auto bucket_of = [mask](Key key, std::size_t digit) {
    return static_cast<std::size_t>((key & mask) >> (digit * radix_bits)) & (radix_buckets - 1);
  };

  std::vector<radix_places> counts(digits);
  for (const Key key : keys)
    for (std::size_t digit = 0; digit < digits; ++digit) ++counts[digit][bucket_of(key, digit)];

  std::pmr::vector<Key> key_scratch(n, keys.get_allocator());
  std::pmr::vector<double> scratch(keys.get_allocator().resource());
  for (std::size_t digit = 0; digit < digits; ++digit) {
    auto& next = counts[digit];
    if (next[bucket_of(keys[0], digit)] == n) continue;
    std::size_t start = 0;
    for (std::size_t& bucket : next) start += std::exchange(bucket, start);
    const auto bucket = [bucket_of, digit, key = keys.data()](std::size_t i) {
      return bucket_of(key[i], digit);
    };
    for (std::pmr::vector<double>* payload : payloads) {
      if (payload->empty()) continue;
      scratch.resize(n);
      scatter(*payload, scratch, next, bucket);
      payload->swap(scratch);
    }
    scatter(keys, key_scratch, next, bucket);
    keys.swap(key_scratch);
  }
}

}  // namespace calibra::detail
