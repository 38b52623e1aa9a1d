// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// What do equal-mass bins of collected pairs cost, next to std::sort?

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "calibra/calibra.hpp"
#include "dump.hpp"

namespace {

struct pairs {
  std::vector<std::pair<float, bool>> plain;
  calibra::sample packed{calibra::precision::float32};
};

/// N pairs whose confidences crowd near 1, as a classifier's do.
const pairs& input(const benchmark::State& state) {
  static std::map<std::size_t, pairs> made;
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto [at, is_new] = made.try_emplace(n);
  if (!is_new) return at->second;
  std::mt19937 random(20260402);
  std::uniform_real_distribution<float> uniform(0.0F, 1.0F);
  for (std::size_t i = 0; i < n; ++i) {
    const float u = uniform(random);
    const float confidence = 1.0F - u * u * u;
    const bool hit = uniform(random) < confidence * confidence;
    at->second.plain.emplace_back(confidence, hit);
    at->second.packed.push_back(static_cast<double>(confidence), hit);
  }
  return at->second;
}

/// Sorted by std::sort, cut half way between the parts; ties go to the lower bin as a whole.
double naive_ace(std::vector<std::pair<float, bool>> x, std::size_t bins) {
  std::sort(x.begin(), x.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const std::size_t n = x.size();
  double sum = 0;
  std::size_t first = 0;
  for (std::size_t k = 1; k <= bins && first < n; ++k) {
    std::size_t last = n;
    if (k < bins) {
      const std::size_t start = n / bins * k + std::min(k, n % bins);
      const double edge =
          (static_cast<double>(x[start - 1].first) + static_cast<double>(x[start].first)) / 2;
      last = first;
      while (last < n && static_cast<double>(x[last].first) <= edge) ++last;
    }
    double gap = 0;
    for (std::size_t i = first; i < last; ++i)
      gap += static_cast<double>(x[i].first) - (x[i].second ? 1 : 0);
    sum += std::abs(gap);
    first = last;
  }
  return sum / static_cast<double>(n);
}

void finish(benchmark::State& state, double value, double expected) {
  constexpr double rounding = 1e3 * std::numeric_limits<double>::epsilon();
  if (!(std::abs(value - expected) <= rounding * static_cast<double>(state.range(0))))
    state.SkipWithError("wrong result");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

double expected(const benchmark::State& state) {
  static std::map<std::int64_t, double> known;
  const auto [at, is_new] = known.try_emplace(state.range(0));
  if (is_new) at->second = naive_ace(input(state).plain, 15);
  return at->second;
}

/// From an unsorted sample: copy, sort, cut, fill.
void ace(benchmark::State& state) {
  const pairs& x = input(state);
  double value = 0;
  for (auto _ : state) benchmark::DoNotOptimize(value = calibra::ace(x.packed));
  finish(state, value, expected(state));
}

void naive(benchmark::State& state) {
  const pairs& x = input(state);
  double value = 0;
  for (auto _ : state) benchmark::DoNotOptimize(value = naive_ace(x.plain, 15));
  finish(state, value, expected(state));
}

/// The copy and the sort alone.
void sort_sample(benchmark::State& state) {
  const pairs& x = input(state);
  calibra::sample sorted;
  for (auto _ : state) {
    sorted = x.packed;
    sorted.sort();
    benchmark::DoNotOptimize(sorted);
  }
  bool ascending = true;
  for (std::size_t i = 1; i < sorted.size(); ++i)
    ascending = ascending && sorted.confidence(i - 1) <= sorted.confidence(i);
  finish(state, ascending ? 0 : 1e9, 0);
}

void sort_std(benchmark::State& state) {
  const pairs& x = input(state);
  std::vector<std::pair<float, bool>> sorted;
  for (auto _ : state) {
    sorted = x.plain;
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    benchmark::DoNotOptimize(sorted.data());
  }
  finish(state, 0, 0);
}

void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(1'000'000)->Arg(10'000'000)->ArgName("N")->Unit(benchmark::kMillisecond);
}

}  // namespace

BENCHMARK(ace)->Apply(sizes);
BENCHMARK(naive)->Apply(sizes);
BENCHMARK(sort_sample)->Apply(sizes);
BENCHMARK(sort_std)->Apply(sizes);
