// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// How fast are rows of logits turned into what metrics need, next to reading them, to plain loops
// and to Eigen's array expressions?

#include <benchmark/benchmark.h>

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>

#include "calibra/calibra.hpp"
#include "dump.hpp"
#include "read_speed.hpp"

namespace {

using bench::dump;

/// The input of a benchmark with Arg(K): 200 MB of K classes.
template<class T>
const dump<T>& input(const benchmark::State& state) {
  const auto cols = static_cast<std::size_t>(state.range(0));
  return bench::dump_of<T>(bench::rows_for<T>(200'000'000, cols), cols);
}

template<class T, class Pass>
void run(benchmark::State& state, Pass pass) {
  const dump<T>& d = input<T>(state);
  if (!pass(d)) {
    state.SkipWithError("wrong result");
    return;
  }
  const double speed = bench::read_speed(d.logits.data(), d.bytes());
  for (auto _ : state) benchmark::DoNotOptimize(pass(d));
  bench::count_bytes(state, d.bytes(), speed);
}

template<class T>
void read(benchmark::State& state) {
  const dump<T>& d = input<T>(state);
  const auto* p = reinterpret_cast<const std::byte*>(d.logits.data());
  const bench::reader reader = bench::best_reader(p, d.bytes());
  const std::uint64_t expected = bench::words_xor(p, d.bytes());
  run<T>(state, [&](const dump<T>&) { return reader(p, d.bytes()) == expected; });
}

/// What ece needs.
template<class T>
void tabulate(benchmark::State& state) {
  run<T>(state, [](const dump<T>& d) {
    const calibra::reliability_table table = calibra::tabulate(calibra::logits(d.view()), d.labels);
    return bench::close(calibra::ece(table), d.expected.ece, d.rows) && table.count() == d.rows;
  });
}

/// What accuracy, negative log-likelihood and Brier score need.
template<class T>
void summarise(benchmark::State& state) {
  run<T>(state, [](const dump<T>& d) {
    const calibra::summary s = calibra::summarise(calibra::logits(d.view()), d.labels);
    return bench::close(s.nll(), d.expected.nll, d.rows) &&
           bench::close(s.brier(), d.expected.brier, d.rows) && s.accuracy() == d.expected.accuracy;
  });
}

/// All of the above in one pass.
template<class T>
void evaluate(benchmark::State& state) {
  const calibra::metric_list all_of_one_pass{calibra::accuracy, calibra::nll, calibra::brier,
                                             calibra::ece};
  run<T>(state, [&](const dump<T>& d) {
    const calibra::evaluation e =
        calibra::evaluate(calibra::logits(d.view()), d.labels, all_of_one_pass);
    return bench::close(e["ece"], d.expected.ece, d.rows) &&
           bench::close(e["nll"], d.expected.nll, d.rows) &&
           bench::close(e["brier"], d.expected.brier, d.rows) &&
           e["accuracy"] == d.expected.accuracy;
  });
}

template<class T>
void naive_ece(benchmark::State& state) {
  run<T>(state, [](const dump<T>& d) {
    const bench::truth t = bench::naive_pass<T>(d.view(), d.labels, false);
    return bench::close(t.ece, d.expected.ece, d.rows) && t.accuracy == d.expected.accuracy;
  });
}

template<class T>
void naive_all(benchmark::State& state) {
  run<T>(state, [](const dump<T>& d) {
    const bench::truth t = bench::naive_pass<T>(d.view(), d.labels, true);
    return bench::close(t.ece, d.expected.ece, d.rows) &&
           bench::close(t.nll, d.expected.nll, d.rows);
  });
}

/// softmax and its maximum by Eigen's expressions over the whole array, then plain bins.
template<class T>
void eigen_ece(benchmark::State& state) {
  run<T>(state, [](const dump<T>& d) {
    using array = Eigen::Array<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Eigen::Map<const array> z(d.logits.data(), static_cast<Eigen::Index>(d.rows),
                                    static_cast<Eigen::Index>(d.cols));
    const Eigen::Array<T, Eigen::Dynamic, 1> most = z.rowwise().maxCoeff();
    const Eigen::Array<T, Eigen::Dynamic, 1> sum = (z.colwise() - most).exp().rowwise().sum();
    bench::plain_bins table;
    for (Eigen::Index i = 0; i < z.rows(); ++i)
      table.add(1.0 / static_cast<double>(sum(i)),
                z(i, d.labels[static_cast<std::size_t>(i)]) == most(i));
    return bench::close(table.ece(), d.expected.ece, d.rows);
  });
}

void classes(benchmark::internal::Benchmark* b) {
  for (const int k : {2, 10, 100, 1000, 32000}) b->Arg(k);
  b->ArgName("K")->Unit(benchmark::kMillisecond);
}
void thousand(benchmark::internal::Benchmark* b) {
  b->Arg(1000)->ArgName("K")->Unit(benchmark::kMillisecond);
}

}  // namespace

BENCHMARK(read<float>)->Apply(classes);
BENCHMARK(read<double>)->Apply(thousand);
BENCHMARK(tabulate<float>)->Apply(classes);
BENCHMARK(tabulate<double>)->Apply(thousand);
BENCHMARK(summarise<float>)->Apply(classes);
BENCHMARK(summarise<double>)->Apply(thousand);
BENCHMARK(evaluate<float>)->Apply(classes);
BENCHMARK(evaluate<double>)->Apply(thousand);
BENCHMARK(naive_ece<float>)->Apply(classes);
BENCHMARK(naive_ece<double>)->Apply(thousand);
BENCHMARK(naive_all<float>)->Apply(classes);
BENCHMARK(naive_all<double>)->Apply(thousand);
BENCHMARK(eigen_ece<float>)->Apply(classes);
BENCHMARK(eigen_ece<double>)->Apply(thousand);
