// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// What do the intervals of the metrics on bins and of means cost? 2,000 replicates each.

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "calibra/calibra.hpp"
#include "calibra/interval/intervals.hpp"
#include "dump.hpp"

namespace {

constexpr std::size_t cols = 10;

/// Whether the limits are those of the exact accuracy of so many samples, and hold the exact ece.
bool right(const calibra::interval_report& found, const bench::dump<float>& d) {
  const double share = d.expected.accuracy, n = static_cast<double>(d.rows);
  const double error = 1.959963984540054 * std::sqrt(share * (1 - share) / (n - 1));
  const calibra::metric_interval &accuracy = found["accuracy"], &ece = found["ece"];
  return bench::close(accuracy.lower, share - error, d.rows) &&
         bench::close(accuracy.upper, share + error, d.rows) &&
         bench::close(ece.value, d.expected.ece, d.rows) && ece.lower < ece.value &&
         ece.value < ece.upper && ece.upper - ece.lower < 8 / std::sqrt(n);
}

/// Arguments: rows, threads.
void intervals(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto threads = static_cast<unsigned>(state.range(1));
  const bench::dump<float>& d = bench::dump_of<float>(rows, cols);
  const calibra::metric_list metrics{
      calibra::accuracy,  calibra::mean_confidence,   calibra::nll, calibra::brier,
      calibra::brier_top, calibra::brier_reliability, calibra::ece, calibra::mce,
      calibra::rmsce,     calibra::debiased_l2};
  for (auto _ : state) {
    const calibra::interval_report found =
        calibra::intervals(calibra::logits(d.view()), d.labels, metrics, {.threads = {threads}});
    if (!right(found, d)) {
      state.SkipWithError("wrong result");
      return;
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows));
}

}  // namespace

BENCHMARK(intervals)
    ->ArgNames({"rows", "threads"})
    ->ArgsProduct({{5'000, 50'000}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
