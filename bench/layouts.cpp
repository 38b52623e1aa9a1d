// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// What do other layouts and scalars cost next to dense float rows?

#include <benchmark/benchmark.h>

#include <cstddef>
#include <vector>

#include "calibra/calibra.hpp"
#include "dump.hpp"
#include "read_speed.hpp"

namespace {

enum class layout { rows, columns, every_other_row, every_other_column };

/// 25 million scores of type T, laid out so that view() gives those of the dump.
template<class T, layout Layout>
class laid_out {
 public:
  explicit laid_out(std::size_t cols)
      : dump_(bench::dump_of<T>(25'000'000 / cols, cols)),
        elements_(dump_.logits.size() * (Layout >= layout::every_other_row ? 2 : 1)) {
    const calibra::matrix_view<T> out(elements_.data(), dump_.rows, cols, row_stride(),
                                      col_stride());
    for (std::size_t i = 0; i < dump_.rows; ++i)
      for (std::size_t k = 0; k < cols; ++k) out(i, k) = dump_.view()(i, k);
  }
  calibra::matrix_view<const T> view() const {
    return {elements_.data(), dump_.rows, dump_.cols, row_stride(), col_stride()};
  }
  const bench::dump<T>& dump() const { return dump_; }
  /// Bytes that have to be read: for every other column those between them, too.
  std::size_t bytes() const {
    return dump_.bytes() * (Layout == layout::every_other_column ? 2 : 1);
  }
  const T* data() const { return elements_.data(); }

 private:
  std::ptrdiff_t row_stride() const {
    const auto cols = static_cast<std::ptrdiff_t>(dump_.cols);
    return Layout == layout::columns ? 1 : Layout == layout::rows ? cols : 2 * cols;
  }
  std::ptrdiff_t col_stride() const {
    return Layout == layout::columns              ? static_cast<std::ptrdiff_t>(dump_.rows)
           : Layout == layout::every_other_column ? 2
                                                  : 1;
  }

  const bench::dump<T>& dump_;
  std::vector<T> elements_;
};

template<class T, layout Layout>
void tabulate(benchmark::State& state) {
  const laid_out<T, Layout> scores(static_cast<std::size_t>(state.range(0)));
  const bench::dump<T>& d = scores.dump();
  const double speed = bench::read_speed(scores.data(), d.bytes());
  for (auto _ : state) {
    const calibra::reliability_table table =
        calibra::tabulate(calibra::logits(scores.view()), d.labels);
    if (!bench::close(calibra::ece(table), d.expected.ece, d.rows)) {
      state.SkipWithError("wrong result");
      return;
    }
  }
  bench::count_bytes(state, scores.bytes(), speed);
}

void classes(benchmark::internal::Benchmark* b) {
  b->Arg(10)->Arg(1000)->ArgName("K")->Unit(benchmark::kMillisecond);
}

}  // namespace

BENCHMARK(tabulate<float, layout::rows>)->Apply(classes);
BENCHMARK(tabulate<float, layout::columns>)->Apply(classes);
BENCHMARK(tabulate<float, layout::every_other_row>)->Apply(classes);
BENCHMARK(tabulate<float, layout::every_other_column>)->Apply(classes);
BENCHMARK(tabulate<calibra::half, layout::rows>)->Apply(classes);
BENCHMARK(tabulate<calibra::half, layout::columns>)->Apply(classes);
BENCHMARK(tabulate<calibra::bfloat16, layout::rows>)->Apply(classes);
BENCHMARK(tabulate<calibra::bfloat16, layout::columns>)->Apply(classes);
