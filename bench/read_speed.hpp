// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bench {

/// The exclusive or of all 8-byte words, by the widest loads of the machine: nothing but reading.
/// Streams: how many places of the buffer are read in turn.
using reader = std::uint64_t (*)(const std::byte*, std::size_t);

inline std::uint64_t words_xor(const std::byte* p, std::size_t bytes) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, p + i, 8);
    all ^= word;
  }
  return all;
}

inline std::uint64_t read_plain(const std::byte* p, std::size_t bytes) {
  std::array<std::uint64_t, 8> sums{};
  std::size_t i = 0;
  for (; i + 64 <= bytes; i += 64) {
    for (std::size_t j = 0; j < 8; ++j) {
      std::uint64_t word;
      std::memcpy(&word, p + i + 8 * j, 8);
      sums[j] ^= word;
    }
  }
  std::uint64_t all = words_xor(p + i, bytes - i);
  for (const std::uint64_t s : sums) all ^= s;
  return all;
}

#if defined(__x86_64__)
template<std::size_t Streams>
__attribute__((target("avx2"))) std::uint64_t read_avx2(const std::byte* p, std::size_t bytes) {
  const std::size_t part = bytes / Streams / 128 * 128;
  __m256i sums[4] = {};
  for (std::size_t i = 0; i < part; i += 128)
    for (std::size_t s = 0; s < Streams; ++s)
      for (std::size_t j = 0; j < 4; ++j)
        sums[j] = _mm256_xor_si256(
            sums[j],
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + s * part + i + 32 * j)));
  const std::size_t done = part * Streams;
  return words_xor(p + done, bytes - done) ^
         words_xor(reinterpret_cast<const std::byte*>(sums), sizeof sums);
}

template<std::size_t Streams>
__attribute__((target("avx512f"))) std::uint64_t read_avx512(const std::byte* p,
                                                             std::size_t bytes) {
  const std::size_t part = bytes / Streams / 256 * 256;
  __m512i sums[4] = {};
  for (std::size_t i = 0; i < part; i += 256)
    for (std::size_t s = 0; s < Streams; ++s)
      for (std::size_t j = 0; j < 4; ++j)
        sums[j] = _mm512_xor_si512(sums[j], _mm512_loadu_si512(p + s * part + i + 64 * j));
  const std::size_t done = part * Streams;
  return words_xor(p + done, bytes - done) ^
         words_xor(reinterpret_cast<const std::byte*>(sums), sizeof sums);
}
#endif

/// Seconds of this thread's processor time that f() takes: what other processes do to the machine
/// meanwhile is not in it, as it is not in the cpu_time of Google Benchmark.
template<class F>
double seconds(F f) {
  const auto now = [] {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  };
  const double start = now();
  f();
  return now() - start;
}

inline double median_read(reader read, const std::byte* p, std::size_t bytes) {
  std::array<double, 5> times;
  for (double& t : times) t = seconds([&] { benchmark::DoNotOptimize(read(p, bytes)); });
  std::sort(times.begin(), times.end());
  return static_cast<double>(bytes) / times[times.size() / 2];
}

/// The reader that is fastest on the first buffer it is asked for.
inline reader best_reader(const std::byte* p, std::size_t bytes) {
  static const reader best = [&] {
    reader found = read_plain;
    double speed = median_read(found, p, bytes);
    const auto consider = [&](reader candidate) {
      const double s = median_read(candidate, p, bytes);
      if (s > speed) {
        speed = s;
        found = candidate;
      }
    };
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
      consider(read_avx2<1>);
      consider(read_avx2<4>);
    }
    if (__builtin_cpu_supports("avx512f")) {
      consider(read_avx512<1>);
      consider(read_avx512<2>);
      consider(read_avx512<4>);
      consider(read_avx512<8>);
    }
#endif
    return found;
  }();
  return best;
}

/// Bytes a second at which one thread can read this buffer, measured now.
inline double read_speed(const void* data, std::size_t bytes) {
  const auto* p = static_cast<const std::byte*>(data);
  return median_read(best_reader(p, bytes), p, bytes);
}

/// Reports bytes a second, and as the counter share_of_read what part that is of `speed`.
inline void count_bytes(benchmark::State& state, std::size_t bytes, double speed) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  state.counters["share_of_read"] = benchmark::Counter(
      static_cast<double>(bytes) / speed, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace bench
