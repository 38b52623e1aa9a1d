// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// A program of its own, compiled by -O3 -ffast-math: what users of that flag get.

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>  // before ours, as in a user's program
#endif

#include "calibra/array/view.hpp"
#include "calibra/detail/compensated_sum.hpp"
#include "calibra/evaluate/tabulate.hpp"
#include "calibra/rows/isa.hpp"

#ifndef __FAST_MATH__
#error "this test is about -ffast-math"
#endif

using calibra::detail::compensated_sum;

TEST_CASE("-ffast-math leaves compensated sums alone", "[fast_math]") {
  compensated_sum sum, left, right;
  sum += 1.0;
  for (int i = 0; i < 1000; ++i) sum += 0x1p-60;
  CHECK(sum.value() > 1.0);
  sum += -1.0;
  CHECK(sum.value() == 1000 * 0x1p-60);

  for (int i = 0; i < 100; ++i) {
    left += 0x1p53;
    right += 1.0;
  }
  left += right;
  left += compensated_sum(-100 * 0x1p53);
  CHECK(left.value() == 100.0);

  // What another sum has compensated comes along.
  compensated_sum whole, other;
  whole += 1.0;
  other += 1.0;
  for (int i = 0; i < 1000; ++i) other += 0x1p-60;
  whole += other;
  whole += -2.0;
  CHECK(whole.value() == 1000 * 0x1p-60);
}

TEST_CASE("-ffast-math lets no NaN and no infinity through", "[fast_math]") {
  using calibra::detail::isa;
  for (const isa set : {isa::portable, isa::avx2, isa::avx512}) {
    if (!calibra::detail::machine_has(set)) continue;
    calibra::detail::chosen_isa() = set;
    for (const std::size_t k : {3U, 17U, 100U}) {
      const std::vector<std::int64_t> labels(20, 1);
      for (const float bad :
           {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        std::vector<float> z(20 * k, 0.5F);
        const calibra::matrix_view<const float> view(z.data(), 20, k);
        CAPTURE(static_cast<int>(set), k);
        CHECK(calibra::tabulate(calibra::logits(view), labels).count() == 20);
        z[7 * k + 2] = bad;
        CHECK_THROWS_AS(calibra::tabulate(calibra::logits(view), labels), calibra::value_error);
      }
    }
  }
}
