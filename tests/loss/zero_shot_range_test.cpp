// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/loss/zero_shot_normalised.hpp"
#include "calibra/loss/zero_shot_range_penalty_loss.hpp"
#include "calibra/scores.hpp"
#include "constants.hpp"
#include "feature_tables.hpp"

using calibra::binary_logits;
using calibra::logits;
using calibra::matrix;
using calibra::matrix_view;
using calibra::zero_shot_normalised;
using calibra::zero_shot_normalised_gradient;
using calibra::zero_shot_range_penalty_loss;
using feature_tables::gradient_error;
using feature_tables::random_matrix;
using feature_tables::widened;

using namespace calibra::test;

namespace {

double least(const matrix<double>& m, std::size_t i) {
  return *std::min_element(m.data() + i * m.cols(), m.data() + (i + 1) * m.cols());
}
double largest(const matrix<double>& m, std::size_t i) {
  return *std::max_element(m.data() + i * m.cols(), m.data() + (i + 1) * m.cols());
}

double naive_penalty(const matrix<double>& z, const matrix<double>& s) {
  long double sum = 0;
  for (std::size_t i = 0; i < z.rows(); ++i)
    for (std::size_t k = 0; k < z.cols(); ++k)
      sum += std::max(0.0, z(i, k) - largest(s, i)) + std::max(0.0, least(s, i) - z(i, k));
  return static_cast<double>(sum / static_cast<long double>(z.rows()));
}

matrix<double> naive_normalised(const matrix<double>& z, const matrix<double>& s) {
  matrix<double> out(z.rows(), z.cols());
  for (std::size_t i = 0; i < z.rows(); ++i)
    for (std::size_t k = 0; k < z.cols(); ++k)
      out(i, k) =
          (z(i, k) - least(z, i)) * (largest(s, i) - least(s, i)) / (largest(z, i) - least(z, i)) +
          least(s, i);
  return out;
}

/// Logits twice as far apart as the zero-shot ones.
matrix<double> wide(std::size_t rows, std::size_t cols, unsigned seed) {
  matrix<double> z = random_matrix<double>(rows, cols, seed);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; k < cols; ++k) z(i, k) = 2 * z(i, k) + 0.3;
  return z;
}

template<class Call>
std::string message(const Call& call) {
  try {
    call();
  } catch (const calibra::error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEMPLATE_TEST_CASE("range penalty equals its definition", "[zero_shot_range]", float, double) {
  const auto rows = GENERATE(std::size_t{1}, std::size_t{40});
  const auto cols = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{9});
  const matrix<TestType> z = random_matrix<TestType>(rows, cols, 1);
  const matrix<TestType> s = random_matrix<TestType>(rows, cols, 2);
  matrix<double> gradient(rows, cols);
  const double value = zero_shot_range_penalty_loss(logits(z), logits(s));
  CHECK(value == Approx(naive_penalty(widened(z), widened(s))).epsilon(64 * epsilon));
  CHECK(value > 0);
  CHECK(zero_shot_range_penalty_loss(logits(z), logits(s), gradient) == value);
}

TEST_CASE("range penalty: central differences", "[zero_shot_range]") {
  const matrix<double> z = wide(7, 5, 3), s = random_matrix<double>(7, 5, 4);
  matrix<double> gradient(7, 5);
  zero_shot_range_penalty_loss(logits(z), logits(s), gradient);
  const double step = std::cbrt(epsilon);  // the loss is linear between its kinks
  CHECK(gradient_error(
            [&](const matrix<double>& x) {
              return zero_shot_range_penalty_loss(logits(x), logits(s));
            },
            z, gradient, step) < 4 * step * step);
  const double* const first = gradient.data();
  CHECK(std::count(first, first + 35, 0.0) > 3);
  CHECK(std::count(first, first + 35, 1.0 / 7) > 3);
  CHECK(std::count(first, first + 35, -1.0 / 7) > 3);
}

TEST_CASE("range penalty of known logits, and at the ends of the range", "[zero_shot_range]") {
  const std::vector<std::array<double, 3>> z{{-1, 5, 2}, {0, 1, 2}}, s{{0, 2, 1}, {2, 0, 1}};
  matrix<double> gradient(2, 3);
  CHECK(zero_shot_range_penalty_loss(logits(z), logits(s), gradient) == 2);  // (1 + 3 + 0)/2
  const double expected[2][3] = {{-0.5, 0.5, 0}, {0, 0, 0}};
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t k = 0; k < 3; ++k) CHECK(gradient(i, k) == expected[i][k]);
  CHECK(zero_shot_range_penalty_loss(logits(s), logits(s)) == 0);
}

TEST_CASE("range penalty of binary logits is that of rows (0, x)", "[zero_shot_range]") {
  const matrix<double> x = wide(15, 1, 5), y = random_matrix<double>(15, 1, 6);
  std::vector<double> z(15), s(15), slopes(15);
  matrix<double> both(15, 2), both_s(15, 2), by_both(15, 2);
  for (std::size_t i = 0; i < 15; ++i) {
    z[i] = both(i, 1) = x(i, 0);
    s[i] = both_s(i, 1) = y(i, 0);
  }
  const double value = zero_shot_range_penalty_loss(logits(both), logits(both_s), by_both);
  CHECK(value > 0);
  CHECK(zero_shot_range_penalty_loss(binary_logits(z), binary_logits(s)) == value);
  CHECK(zero_shot_range_penalty_loss(binary_logits(z), binary_logits(s), slopes) == value);
  for (std::size_t i = 0; i < 15; ++i) {
    CHECK(slopes[i] == by_both(i, 1));
    CHECK(by_both(i, 0) == 0);
  }
}

TEST_CASE("range penalty and normalised logits of any strides and types, in place",
          "[zero_shot_range]") {
  const matrix<double> z = wide(4, 6, 7), s = random_matrix<double>(4, 6, 8);
  matrix<double> expected(4, 6), in_place = z;
  const double value = zero_shot_range_penalty_loss(logits(z), logits(s), expected);
  std::vector<double> transposed(24);
  const matrix_view<double> columns(transposed.data(), 4, 6, 1, 4);
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t k = 0; k < 6; ++k) columns(i, k) = z(i, k);
  CHECK(zero_shot_range_penalty_loss(logits(columns), logits(s)) == value);
  const matrix<double> normalised = zero_shot_normalised(logits(z), logits(s));
  const matrix<double> again = zero_shot_normalised(logits(columns), logits(s));
  CHECK(std::equal(normalised.data(), normalised.data() + 24, again.data()));
  CHECK(zero_shot_range_penalty_loss(logits(in_place), logits(s), in_place) == value);
  CHECK(std::equal(expected.data(), expected.data() + 24, in_place.data()));
  const std::vector<std::array<calibra::half, 2>> h{{calibra::half(2), calibra::half(-3)}};
  const std::vector<std::array<float, 2>> f{{2, -3}}, other{{0, 1}};
  CHECK(zero_shot_range_penalty_loss(logits(h), logits(other)) ==
        zero_shot_range_penalty_loss(logits(f), logits(other)));
}

TEST_CASE("normalised logits have the zero-shot range", "[zero_shot_range]") {
  const auto rows = GENERATE(std::size_t{1}, std::size_t{30});
  const auto cols = GENERATE(std::size_t{2}, std::size_t{9});
  const matrix<double> z = wide(rows, cols, 9), s = random_matrix<double>(rows, cols, 10);
  const matrix<double> out = zero_shot_normalised(logits(z), logits(s));
  const matrix<double> expected = naive_normalised(z, s);
  for (std::size_t i = 0; i < rows; ++i) {
    CHECK(least(out, i) == least(s, i));
    CHECK(largest(out, i) == Approx(largest(s, i)).margin(8 * epsilon));
    for (std::size_t k = 0; k < cols; ++k)
      CHECK(out(i, k) == Approx(expected(i, k)).margin(32 * epsilon));
  }
  CHECK(zero_shot_range_penalty_loss(logits(out), logits(s)) == Approx(0).margin(32 * epsilon));
}

TEST_CASE("normalised logits: the gradient equals central differences", "[zero_shot_range]") {
  const matrix<double> z = wide(5, 4, 11), s = random_matrix<double>(5, 4, 12);
  const matrix<double> slopes = random_matrix<double>(5, 4, 13);
  const auto loss = [&](const matrix<double>& x) {
    const matrix<double> out = zero_shot_normalised(logits(x), logits(s));
    double sum = 0;
    for (std::size_t i = 0; i < 5; ++i)
      for (std::size_t k = 0; k < 4; ++k) sum += slopes(i, k) * out(i, k);
    return sum;
  };
  matrix<double> gradient(5, 4);
  zero_shot_normalised_gradient(logits(z), logits(s), slopes, gradient);
  double narrowest = infinity, total = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    narrowest = std::min(narrowest, largest(z, i) - least(z, i));
    double row = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      row += gradient(i, k);
      total += std::abs(slopes(i, k) * s(i, k));
    }
    CHECK(row == Approx(0).margin(16 * epsilon));  // a shift of the logits changes nothing
  }
  const double step = std::cbrt(epsilon);
  // Rounding is of the sum over all rows; the truncation goes with 1/range^3.
  CHECK(gradient_error(loss, z, gradient, step) <
        4 * step * step * (total + std::pow(narrowest, -3)));
  matrix<double> in_place = slopes;
  zero_shot_normalised_gradient(logits(z), logits(s), in_place, in_place);
  CHECK(std::equal(gradient.data(), gradient.data() + 20, in_place.data()));
}

TEST_CASE("rows of equal logits, one class, no sample", "[zero_shot_range]") {
  const std::vector<std::array<double, 3>> z{{4, 4, 4}, {1, 2, 2}}, s{{-1, 3, 0}, {0, 5, 1}};
  const matrix<double> out = zero_shot_normalised(logits(z), logits(s));
  for (std::size_t k = 0; k < 3; ++k) CHECK(out(0, k) == -1);
  const matrix<double> slopes = random_matrix<double>(2, 3, 14);
  matrix<double> gradient(2, 3);
  gradient(0, 1) = 9;
  zero_shot_normalised_gradient(logits(z), logits(s), slopes, gradient);
  for (std::size_t k = 0; k < 3; ++k) CHECK(gradient(0, k) == 0);
  // Both 2s are the largest: the first has its part, 5 (g_1 - g_1 - g_2), the second 5 g_2.
  CHECK(gradient(1, 1) == Approx(-5 * slopes(1, 2)).epsilon(8 * epsilon));
  CHECK(gradient(1, 2) == Approx(5 * slopes(1, 2)).epsilon(8 * epsilon));
  CHECK(gradient(1, 0) == Approx(0).margin(16 * epsilon));
  const std::vector<std::array<double, 1>> one{{7}}, other{{2}};
  CHECK(zero_shot_normalised(logits(one), logits(other))(0, 0) == 2);
  CHECK(zero_shot_range_penalty_loss(logits(one), logits(other)) == 5);
  matrix<double> none(0, 3);
  CHECK(zero_shot_normalised(logits(none), logits(none)).rows() == 0);
  CHECK_NOTHROW(zero_shot_normalised_gradient(logits(none), logits(none), none, none));
  CHECK(std::isnan(zero_shot_range_penalty_loss(logits(none), logits(none))));
  CHECK(std::isnan(zero_shot_range_penalty_loss(logits(none), logits(none), none)));
}

TEST_CASE("zero-shot ranges: what is wrong is named and nothing written",
          "[zero_shot_range][error]") {
  const matrix<double> good = random_matrix<double>(3, 4, 15);
  matrix<double> bad = good, gradient(3, 4), small(2, 4);
  bad(1, 2) = -infinity;
  const auto penalty = [&](const matrix<double>& z, const matrix<double>& s, matrix<double>& g) {
    return message([&] { zero_shot_range_penalty_loss(logits(z), logits(s), g); });
  };
  CHECK(penalty(bad, good, gradient) ==
        "zero_shot_range_penalty_loss(): logits have -inf at row 1, column 2; expected a finite "
        "number");
  CHECK(penalty(good, bad, gradient) ==
        "zero_shot_range_penalty_loss(): zero-shot logits have -inf at row 1, column 2; "
        "expected a "
        "finite number");
  CHECK(penalty(good, small, gradient) ==
        "zero_shot_range_penalty_loss(): logits are 3 x 4, zero-shot logits are 2 x 4; expected "
        "the same shape");
  CHECK(penalty(good, good, small) ==
        "zero_shot_range_penalty_loss(): gradients are 2 x 4, logits are 3 x 4; expected the same "
        "shape");
  CHECK(penalty(matrix<double>(3, 0), matrix<double>(3, 0), gradient).find("gradients are 3 x 4") !=
        std::string::npos);
  const matrix<double> empty(3, 0);
  CHECK(message([&] {
          static_cast<void>(zero_shot_range_penalty_loss(logits(empty), logits(empty)));
        }) == "zero_shot_range_penalty_loss(): expected at least 1 class, got logits of 3 x 0");
  CHECK_THROWS_AS(zero_shot_normalised(logits(good), logits(small)), calibra::shape_error);
  CHECK_THROWS_AS(zero_shot_normalised(logits(bad), logits(good)), calibra::value_error);
  CHECK_THROWS_AS(zero_shot_normalised_gradient(logits(good), logits(bad), good, gradient),
                  calibra::value_error);
  CHECK_THROWS_AS(zero_shot_normalised_gradient(logits(good), logits(good), small, gradient),
                  calibra::shape_error);
  CHECK(std::all_of(gradient.data(), gradient.data() + 12, [](double x) { return x == 0; }));
}
