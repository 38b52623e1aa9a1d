// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// What does a fit of the temperature cost: one pass of Newton's method, and all of it, from 50,000
// x 1,000 logits? What does a single row cost to scale, beside a plain loop?

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "calibra/calibra.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "dump.hpp"
#include "read_speed.hpp"

namespace {

using dump = bench::dump<float>;

const dump& input() {
  return bench::dump_of<float>(50'000, 1'000);
}

/// Mean of log sum_k exp(beta z_k) - beta z_y, plainly in double.
double naive_nll(const dump& d, double beta) {
  double nll = 0;
  for (std::size_t i = 0; i < d.rows; ++i) {
    const float* z = d.logits.data() + i * d.cols;
    const auto most = static_cast<double>(*std::max_element(z, z + d.cols));
    double sum = 0;
    for (std::size_t k = 0; k < d.cols; ++k)
      sum += std::exp(beta * (static_cast<double>(z[k]) - most));
    nll += std::log(sum) - beta * (static_cast<double>(z[d.labels[i]]) - most);
  }
  return nll / static_cast<double>(d.rows);
}

void tempered_pass(benchmark::State& state) {
  const dump& d = input();
  const double speed = bench::read_speed(d.logits.data(), d.bytes());
  const double beta = 0.75;
  static const double expected = naive_nll(d, beta);
  const calibra::options o;
  const calibra::detail::column<std::int64_t> labels(
      calibra::vector_view<const std::int64_t>(d.labels.data(), d.rows));
  const calibra::detail::matrix_rows<float> rows(d.view());
  const calibra::detail::tempered_pass<float, calibra::score_kind::logits> pass("bench", rows,
                                                                                labels, o);
  double nll = 0;
  for (auto _ : state) {
    const calibra::detail::tempered_sums sums = pass.run(beta, false);
    benchmark::DoNotOptimize(nll = sums.nll.value() / sums.weight.value());
  }
  if (!bench::close(nll, expected, d.rows)) state.SkipWithError("wrong result");
  bench::count_bytes(state, d.bytes(), speed);
  state.counters["passes"] = 1;
}

/// Right if the likelihood is worse a hundredth to either side. share_of_read is that of one read
/// of the logits.
void fit(benchmark::State& state) {
  const dump& d = input();
  const double speed = bench::read_speed(d.logits.data(), d.bytes());
  calibra::temperature_scaling found(1.0);
  for (auto _ : state)
    found = calibra::fit<calibra::temperature_scaling>(calibra::logits(d.view()), d.labels);
  static const bool best = [&] {
    const double at = naive_nll(d, found.inverse_temperature());
    return at < naive_nll(d, found.inverse_temperature() * 1.01) &&
           at < naive_nll(d, found.inverse_temperature() / 1.01);
  }();
  if (!best || !found.report().converged) state.SkipWithError("wrong result");
  bench::count_bytes(state, d.bytes(), speed);
  state.counters["passes"] = static_cast<double>(found.report().passes);
}

/// softmax(z / T) as anybody would write it.
void naive_row(const float* z, std::size_t k, double temperature, float* p) {
  const float beta = static_cast<float>(1 / temperature), most = *std::max_element(z, z + k);
  float sum = 0;
  for (std::size_t j = 0; j < k; ++j) sum += p[j] = std::exp(beta * (z[j] - most));
  for (std::size_t j = 0; j < k; ++j) p[j] /= sum;
}

constexpr double row_temperature = 1.7;

/// Times scale(z, k, p) on one row of k classes after the other, each of which comes as if alone.
template<class Scale>
void one_row(benchmark::State& state, Scale scale) {
  const auto k = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t rows = 64;
  const dump& d = bench::dump_of<float>(rows, k);
  std::vector<float> p(k), expected(k);
  double error = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    scale(d.logits.data() + i * k, k, p.data());
    naive_row(d.logits.data() + i * k, k, row_temperature, expected.data());
    for (std::size_t j = 0; j < k; ++j)
      error = std::max(error, std::abs(static_cast<double>(p[j] - expected[j])));
  }
  if (!(error <= 1e-6)) state.SkipWithError("wrong result");
  std::size_t i = 0;
  for (auto _ : state) {
    scale(d.logits.data() + i * k, k, p.data());
    benchmark::DoNotOptimize(p.data());
    benchmark::ClobberMemory();
    i = (i + 1) % rows;
  }
}

void one_row_naive(benchmark::State& state) {
  one_row(state,
          [](const float* z, std::size_t k, float* p) { naive_row(z, k, row_temperature, p); });
}

void one_row_transform(benchmark::State& state) {
  const calibra::temperature_scaling t(row_temperature);
  one_row(state, [&](const float* z, std::size_t k, float* p) {
    t.transform(calibra::logits(z, 1, k), calibra::vector_view<float>(p, k));
  });
}

}  // namespace

BENCHMARK(tempered_pass)->Unit(benchmark::kMillisecond);
BENCHMARK(fit)->Unit(benchmark::kMillisecond);
BENCHMARK(one_row_naive)->Arg(2)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK(one_row_transform)->Arg(2)->Arg(10)->Arg(100)->Arg(1000);
