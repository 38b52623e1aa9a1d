// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// What do the per-class tables of 50,000 x 1,000 logits cost, next to plain loops?

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "calibra/calibra.hpp"
#include "dump.hpp"
#include "read_speed.hpp"

namespace {

constexpr std::size_t rows = 50'000;
constexpr std::size_t classes = 1'000;
constexpr std::size_t bins = 15;

const bench::dump<float>& input() {
  return bench::dump_of<float>(rows, classes);
}

/// softmax of a row in the arithmetic of A, class by class to put(k, p).
template<class A, class Put>
void softmax_row(const float* z, Put put) {
  const A most = static_cast<A>(*std::max_element(z, z + classes));
  A sum = 0;
  for (std::size_t k = 0; k < classes; ++k) sum += std::exp(static_cast<A>(z[k]) - most);
  for (std::size_t k = 0; k < classes; ++k) put(k, std::exp(static_cast<A>(z[k]) - most) / sum);
}

template<class A>
double naive_classwise_ece() {
  const bench::dump<float>& d = input();
  std::vector<bench::plain_bins> tables(classes);
  for (std::size_t i = 0; i < rows; ++i)
    softmax_row<A>(d.logits.data() + i * classes, [&](std::size_t k, A p) {
      tables[k].add(static_cast<double>(p), static_cast<std::size_t>(d.labels[i]) == k);
    });
  double sum = 0;
  for (const bench::plain_bins& t : tables) sum += t.ece();
  return sum / classes;
}

/// A column of probabilities at a time, sorted and cut in equal parts. No two are equal here, so
/// that ties need no rule.
template<class A>
double naive_classwise_ace() {
  const bench::dump<float>& d = input();
  std::vector<std::vector<std::pair<A, bool>>> columns(classes);
  for (auto& c : columns) c.reserve(rows);
  for (std::size_t i = 0; i < rows; ++i)
    softmax_row<A>(d.logits.data() + i * classes, [&](std::size_t k, A p) {
      columns[k].emplace_back(p, static_cast<std::size_t>(d.labels[i]) == k);
    });
  double sum = 0;
  for (auto& c : columns) {
    std::sort(c.begin(), c.end());
    for (std::size_t b = 0; b < bins; ++b) {
      double gap = 0;
      const auto start = [](std::size_t part) {
        return rows / bins * part + std::min(part, rows % bins);
      };
      for (std::size_t i = start(b); i < start(b + 1); ++i)
        gap += static_cast<double>(c[i].first) - (c[i].second ? 1 : 0);
      sum += std::abs(gap);
    }
  }
  return sum / (static_cast<double>(rows) * classes);
}

template<class Metric>
void run(benchmark::State& state, double expected, Metric metric) {
  const bench::dump<float>& d = input();
  const double speed = bench::read_speed(d.logits.data(), d.bytes());
  double value = 0;
  for (auto _ : state) benchmark::DoNotOptimize(value = metric(d));
  // Probabilities are rounded to float, and few may lie in the neighbouring bin.
  constexpr auto rounding = static_cast<double>(std::numeric_limits<float>::epsilon());
  if (!(std::abs(value - expected) <= 64 * rounding + 1.0 / (rows * classes) * 64))
    state.SkipWithError("wrong result");
  bench::count_bytes(state, d.bytes(), speed);
}

double expected_ece() {
  static const double value = naive_classwise_ece<double>();
  return value;
}
double expected_ace() {
  static const double value = naive_classwise_ace<double>();
  return value;
}

void classwise_ece(benchmark::State& state) {
  run(state, expected_ece(), [](const bench::dump<float>& d) {
    return calibra::tabulate_classes(calibra::logits(d.view()), d.labels)
        .macro([](const calibra::reliability_table& t) { return calibra::ece(t); });
  });
}
void classwise_ece_naive(benchmark::State& state) {
  run(state, expected_ece(), [](const auto&) { return naive_classwise_ece<float>(); });
}
void classwise_ace(benchmark::State& state) {
  run(state, expected_ace(), [](const bench::dump<float>& d) {
    return calibra::classwise_ace(calibra::logits(d.view()), d.labels);
  });
}
void classwise_ace_naive(benchmark::State& state) {
  run(state, expected_ace(), [](const auto&) { return naive_classwise_ace<float>(); });
}

}  // namespace

BENCHMARK(classwise_ece)->Unit(benchmark::kMillisecond);
BENCHMARK(classwise_ece_naive)->Unit(benchmark::kMillisecond);
BENCHMARK(classwise_ace)->Unit(benchmark::kMillisecond);
BENCHMARK(classwise_ace_naive)->Unit(benchmark::kMillisecond);
