// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// From what size on do two threads pay? Times are wall-clock.

#include <benchmark/benchmark.h>

#include <cstddef>

#include "calibra/calibra.hpp"
#include "dump.hpp"

namespace {

/// Arguments: K, megabytes, threads.
void tabulate(benchmark::State& state) {
  const auto cols = static_cast<std::size_t>(state.range(0));
  const auto bytes = static_cast<std::size_t>(state.range(1)) * 1'000'000;
  const auto threads = static_cast<unsigned>(state.range(2));
  const bench::dump<float>& d = bench::dump_of<float>(bench::rows_for<float>(bytes, cols), cols);
  for (auto _ : state) {
    const calibra::reliability_table table =
        calibra::tabulate(calibra::logits(d.view()), d.labels, {.threads = {threads}});
    if (!bench::close(calibra::ece(table), d.expected.ece, d.rows)) {
      state.SkipWithError("wrong result");
      return;
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(d.bytes()));
}

}  // namespace

BENCHMARK(tabulate)
    ->ArgNames({"K", "MB", "threads"})
    ->ArgsProduct({{10, 1000}, {5, 50, 200}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
