// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What intervals keep of a row.
#include <catch2/catch.hpp>
#include <cstddef>
#include <vector>

#include "allocations.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/interval/intervals.hpp"

using namespace calibra;

namespace {

/// The most bytes that intervals of so many rows take beside scores and labels.
std::size_t bytes_of(std::size_t rows, const metric_list& metrics) {
  const matrix<float> z(rows, 3);
  const std::vector<int> labels(rows, 1);
  options o;
  o.threads = {2};
  const std::size_t before = test::live_bytes();
  test::forget_peak();
  const interval_report r = intervals(logits(z), labels, metrics, o, {.replicates = 50});
  REQUIRE(r.replicates == 50);
  return test::peak_bytes() - before;
}

}  // namespace

TEST_CASE("intervals of means and tables keep 16 bytes a row on two threads", "[interval]") {
  const metric_list metrics{accuracy, nll, brier, ece, mce, rmsce, debiased_l2, overconfidence};
  const std::size_t few = 100'000, many = 500'000;
  const std::size_t more = bytes_of(many, metrics) - bytes_of(few, metrics);
  INFO(static_cast<double>(more) / static_cast<double>(many - few) << " bytes a row");
  CHECK(more <= 16 * (many - few) + 4 * 4096);  // arrays are rounded to pages
}
