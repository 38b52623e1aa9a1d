// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/loss/dor_loss.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/array/view.hpp"
#include "calibra/loss/kgcoop_loss.hpp"
#include "calibra/outlier/feature_divergence.hpp"
#include "constants.hpp"
#include "feature_tables.hpp"

using calibra::dor_loss;
using calibra::feature_divergence;
using calibra::kgcoop_loss;
using calibra::matrix;
using calibra::matrix_view;
using Catch::Matchers::Contains;
using feature_tables::gradient_error;
using feature_tables::random_matrix;
using feature_tables::widened;

using namespace calibra::test;

namespace {

long double dot(matrix_view<const double> a, std::size_t i, matrix_view<const double> b,
                std::size_t j) {
  long double sum = 0;
  for (std::size_t k = 0; k < a.cols(); ++k) sum += static_cast<long double>(a(i, k)) * b(j, k);
  return sum;
}

double naive_loss(const matrix<double>& u, const matrix<double>& v) {
  const long double floor = 1e-8L;
  long double sum = 0;
  for (std::size_t b = 0; b < u.rows(); ++b)
    sum += 1 - dot(u.view(), b, v.view(), b) /
                   std::max(std::sqrt(dot(u.view(), b, u.view(), b)), floor) /
                   std::max(std::sqrt(dot(v.view(), b, v.view(), b)), floor);
  return static_cast<double>(sum / static_cast<long double>(u.rows()));
}

double naive_divergence(const matrix<double>& x, std::size_t nearest) {
  long double sum = 0;
  for (std::size_t i = 0; i < x.rows(); ++i) {
    std::vector<long double> distances;
    for (std::size_t j = 0; j < x.rows(); ++j) {
      long double squares = 0;
      for (std::size_t k = 0; k < x.cols(); ++k)
        squares += std::pow(x(i, k) / std::sqrt(dot(x.view(), i, x.view(), i)) -
                                x(j, k) / std::sqrt(dot(x.view(), j, x.view(), j)),
                            2);
      if (j != i) distances.push_back(std::sqrt(squares));
    }
    std::sort(distances.begin(), distances.end());
    distances.resize(std::min(nearest, distances.size()));
    long double mean = 0;
    for (const long double d : distances) mean += d / static_cast<long double>(distances.size());
    sum += mean;
  }
  return static_cast<double>(sum / static_cast<long double>(x.rows()));
}

}  // namespace

TEMPLATE_TEST_CASE("DOR loss equals its definition", "[dor]", float, double) {
  const auto rows = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{32}, std::size_t{301});
  const auto cols = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{512});
  const matrix<TestType> u = random_matrix<TestType>(rows, cols, 1);
  const matrix<TestType> v = random_matrix<TestType>(rows, cols, 2);
  const double expected = naive_loss(widened(u), widened(v));
  // Sums in double, whatever the type of the features.
  const double tolerance = 4 * (std::sqrt(static_cast<double>(cols)) + 4) * epsilon;
  CHECK(dor_loss(u, v) == Approx(expected).margin(tolerance).epsilon(0));
  CHECK(kgcoop_loss(u, v) == dor_loss(u, v));
  matrix<double> gradient(rows, cols);
  CHECK(dor_loss(u, v, gradient) == dor_loss(u, v));
  CHECK(kgcoop_loss(u, v, gradient) == dor_loss(u, v));
}

TEST_CASE("DOR loss of directions", "[dor]") {
  const matrix<double> u = random_matrix<double>(5, 9, 3);
  matrix<double> other = u;
  for (std::size_t b = 0; b < 5; ++b)
    for (std::size_t j = 0; j < 9; ++j) other(b, j) *= 0.5 * static_cast<double>(b + 1);
  CHECK(dor_loss(other, u) == Approx(0).margin(8 * epsilon));
  for (std::size_t b = 0; b < 5; ++b)
    for (std::size_t j = 0; j < 9; ++j) other(b, j) *= -1;
  CHECK(dor_loss(other, u) == Approx(2).margin(8 * epsilon));
  // Orthogonal rows.
  const std::vector<double> x{1, 0, 0, 2};
  const std::vector<double> y{0, 3, 1, 0};
  CHECK(dor_loss(matrix_view<const double>(x.data(), 2, 2),
                 matrix_view<const double>(y.data(), 2, 2)) == 1);
}

TEST_CASE("DOR gradient equals central differences", "[dor]") {
  const auto rows = GENERATE(std::size_t{1}, std::size_t{6});
  const auto cols = GENERATE(std::size_t{2}, std::size_t{7});
  const matrix<double> u = random_matrix<double>(rows, cols, 4);
  const matrix<double> v = random_matrix<double>(rows, cols, 5);
  matrix<double> gradient(rows, cols);
  dor_loss(u, v, gradient);
  const double step = std::cbrt(epsilon);
  double shortest = infinity;
  for (std::size_t b = 0; b < rows; ++b)
    shortest = std::min(shortest, std::sqrt(static_cast<double>(dot(u.view(), b, u.view(), b))));
  // The truncation error is step^2 times a third derivative, which goes with 1/|u|^3.
  const double tolerance = 4 * step * step * (1 + std::pow(shortest, -3));
  CHECK(gradient_error([&](const matrix<double>& x) { return dor_loss(x, v); }, u, gradient, step) <
        tolerance);
  for (std::size_t b = 0; b < rows; ++b)  // the loss does not depend on the length of a row
    CHECK(static_cast<double>(dot(u.view(), b, gradient.view(), b)) ==
          Approx(0).margin(32 * epsilon));
}

TEST_CASE("DOR loss and gradient below the norm's floor", "[dor]") {
  matrix<double> u(3, 2);
  u(1, 0) = 3e-9;
  u(1, 1) = 4e-9;  // half the floor
  u(2, 0) = 1;
  matrix<double> v(3, 2);
  v(0, 0) = v(1, 0) = v(2, 1) = 5;
  matrix<double> gradient(3, 2);
  const double value = dor_loss(u, v, gradient);
  CHECK(value == Approx(1 - 0.3 / 3).epsilon(8 * epsilon));  // cosines 0, 0.5 * 0.6, 0
  CHECK(gradient(0, 0) == Approx(-1e8 / 3).epsilon(8 * epsilon));
  CHECK(gradient(0, 1) == 0);
  CHECK(gradient(1, 0) == Approx(-1e8 / 3).epsilon(8 * epsilon));
  CHECK(gradient(1, 1) == 0);
  CHECK(gradient(2, 0) == 0);
  CHECK(gradient(2, 1) == Approx(-1.0 / 3).epsilon(8 * epsilon));
  const double step = 1e-10;  // stays below the floor, where the loss is linear
  CHECK(gradient_error([&](const matrix<double>& x) { return dor_loss(x, v); }, u, gradient, step) <
        16 * epsilon / step);
}

TEMPLATE_TEST_CASE("DOR loss of any strides, and a gradient in place", "[dor]", float, double) {
  const std::size_t rows = 9;
  const std::size_t cols = 6;
  const matrix<TestType> u = random_matrix<TestType>(rows, cols, 6);
  const matrix<TestType> v = random_matrix<TestType>(rows, cols, 7);
  matrix<TestType> expected(rows, cols);
  const double loss = dor_loss(u, v, expected);
  std::vector<TestType> transposed(rows * cols);
  const matrix_view<TestType> columns(transposed.data(), rows, cols, 1, rows);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) columns(i, j) = u(i, j);
  std::vector<TestType> reversed(rows * cols * 2, TestType(-7));
  const matrix_view<TestType> gradient(reversed.data() + rows * cols * 2 - 1, rows, cols,
                                       -2 * static_cast<std::ptrdiff_t>(cols), -2);
  CHECK(dor_loss(columns, v, gradient) == loss);
  bool same = true;
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) same = same && gradient(i, j) == expected(i, j);
  CHECK(same);
  bool untouched = true;
  for (std::size_t k = 0; k < reversed.size(); k += 2) untouched = untouched && reversed[k] == -7;
  CHECK(untouched);
  matrix<TestType> in_place = u;
  CHECK(dor_loss(in_place, v, in_place) == loss);
  CHECK(std::equal(expected.data(), expected.data() + rows * cols, in_place.data()));
}

TEST_CASE("DOR loss of a mixture of types", "[dor]") {
  const std::vector<std::vector<float>> u{{1, 2}, {3, 4}};
  const std::vector<std::array<double, 2>> v{{2, 1}, {-3, 4}};
  CHECK(dor_loss(u, v) == Approx(1 - (0.8 + 7.0 / 25) / 2).epsilon(4 * epsilon));
  const std::vector<std::array<calibra::half, 2>> h{{calibra::half(2), calibra::half(1)},
                                                    {calibra::half(-3), calibra::half(4)}};
  CHECK(dor_loss(u, h) == dor_loss(u, v));
}

TEST_CASE("DOR loss of image features is the same function", "[dor]") {
  const matrix<float> zero_shot_image_features = random_matrix<float>(4, 8, 11);
  const matrix<float> tuned_image_features = random_matrix<float>(4, 8, 12);
  matrix<float> gradient(4, 8);
  //[ image_features
  // Prompts in the image branch: features of outlier images, tuned and zero-shot.
  const double loss = calibra::dor_loss(tuned_image_features, zero_shot_image_features, gradient);
  //]
  CHECK(loss ==
        Approx(naive_loss(widened(tuned_image_features), widened(zero_shot_image_features))));
}

TEST_CASE("DOR loss of an empty batch is undefined", "[dor]") {
  matrix<double> none(0, 4);
  CHECK(std::isnan(dor_loss(none, none)));
  CHECK(std::isnan(dor_loss(none, none, none)));
}

TEST_CASE("DOR loss names what is wrong and writes nothing", "[dor][error]") {
  const matrix<double> good = random_matrix<double>(3, 4, 8);
  matrix<double> gradient(3, 4);
  const auto message = [&](const matrix<double>& u, const matrix<double>& v) {
    try {
      dor_loss(u, v, gradient);
    } catch (const calibra::error& e) {
      CHECK(std::all_of(gradient.data(), gradient.data() + 12, [](double x) { return x == 0; }));
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(message(good, matrix<double>(3, 5)) ==
        "dor_loss(): tuned is 3 x 4, zero_shot is 3 x 5; expected the same shape");
  CHECK(message(good, matrix<double>(2, 4)) ==
        "dor_loss(): tuned is 3 x 4, zero_shot is 2 x 4; expected the same shape");
  CHECK(message(matrix<double>(3, 0), matrix<double>(3, 0)) ==
        "dor_loss(): tuned is 3 x 0; expected at least one column");
  matrix<double> bad = good;
  bad(2, 1) = not_a_number;
  CHECK(message(bad, good) ==
        "dor_loss(): row 2, column 1 of tuned is nan; expected finite features");
  CHECK_THROWS_AS(dor_loss(bad, good), calibra::value_error);
  bad(2, 1) = -infinity;
  CHECK(message(good, bad) ==
        "dor_loss(): row 2, column 1 of zero_shot is -inf; expected finite features");
  bad(2, 1) = 1e200;
  CHECK(message(bad, good) == "dor_loss(): the norm of row 2 of tuned overflows");
  bad = good;
  for (std::size_t j = 0; j < 4; ++j) bad(1, j) = 0;
  CHECK(message(good, bad) ==
        "dor_loss(): row 1 of zero_shot has norm 0; expected a feature that has a direction");
  CHECK_NOTHROW(dor_loss(bad, good));
  matrix<double> small(2, 4);
  CHECK_THROWS_WITH(dor_loss(good, good, small),
                    "dor_loss(): gradient is 2 x 4, tuned is 3 x 4; expected the same shape");
  CHECK_THROWS_WITH(kgcoop_loss(bad, matrix<double>(1, 1)), Contains("kgcoop_loss(): tuned is"));
}

TEMPLATE_TEST_CASE("Feature divergence equals its definition", "[feature_divergence]", float,
                   double) {
  const auto rows = GENERATE(std::size_t{2}, std::size_t{3}, std::size_t{40});
  const auto cols = GENERATE(std::size_t{1}, std::size_t{6}, std::size_t{33});
  const auto nearest = GENERATE(std::size_t{1}, std::size_t{5}, std::size_t{100});
  const matrix<TestType> x = random_matrix<TestType>(rows, cols, 9);
  CHECK(feature_divergence(x, nearest) ==
        Approx(naive_divergence(widened(x), nearest)).margin(64 * epsilon).epsilon(0));
}

TEST_CASE("Feature divergence of known features", "[feature_divergence]") {
  const std::vector<std::array<double, 2>> square{{1, 0}, {0, 2}, {-3, 0}, {0, -4}};
  CHECK(feature_divergence(square, 1) == Approx(std::sqrt(2.0)).epsilon(4 * epsilon));
  CHECK(feature_divergence(square, 2) == Approx(std::sqrt(2.0)).epsilon(4 * epsilon));
  CHECK(feature_divergence(square) ==
        Approx((2 * std::sqrt(2.0) + 2) / 3).epsilon(4 * epsilon));  // M = 5 is cut to 3
  const std::vector<std::array<double, 2>> same{{1, 1}, {2, 2}, {1, 1}};
  CHECK(feature_divergence(same) == Approx(0).margin(4 * epsilon));
  const std::vector<std::array<double, 2>> one{{1, 1}};
  CHECK(std::isnan(feature_divergence(one)));
  CHECK(std::isnan(feature_divergence(matrix<float>(0, 3))));
}

TEST_CASE("Feature divergence names what is wrong", "[feature_divergence][error]") {
  matrix<float> x = random_matrix<float>(4, 3, 10);
  CHECK_THROWS_AS(feature_divergence(x, 0), calibra::option_error);
  CHECK_THROWS_AS(feature_divergence(matrix<float>(4, 0)), calibra::shape_error);
  for (std::size_t j = 0; j < 3; ++j) x(3, j) = 0;
  CHECK_THROWS_WITH(feature_divergence(x), Contains("row 3 of features has norm 0"));
  x(2, 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(feature_divergence(x), Contains("row 2, column 2 of features is nan"));
}
