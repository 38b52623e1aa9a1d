// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/loss/angular_separation_loss.hpp"
#include "calibra/loss/dispersion_loss.hpp"
#include "calibra/loss/moment_matching_loss.hpp"
#include "calibra/loss/orthogonality_loss.hpp"
#include "constants.hpp"
#include "feature_tables.hpp"

using calibra::angular_separation_loss;
using calibra::dispersion_loss;
using calibra::matrix;
using calibra::matrix_view;
using calibra::moment_matching_loss;
using calibra::orthogonality_loss;
using feature_tables::gradient_error;
using feature_tables::random_matrix;
using feature_tables::widened;

using namespace calibra::test;

namespace {

// ---- the losses, the plain way -----------------------------------------------------------------

using rows_type = std::vector<std::vector<long double>>;

long double dot(const std::vector<long double>& a, const std::vector<long double>& b) {
  long double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

rows_type units(const matrix<double>& m) {
  rows_type rows(m.rows(), std::vector<long double>(m.cols()));
  for (std::size_t i = 0; i < m.rows(); ++i) {
    for (std::size_t k = 0; k < m.cols(); ++k) rows[i][k] = m(i, k);
    const long double length = std::max(std::sqrt(dot(rows[i], rows[i])), 1e-8L);
    for (long double& x : rows[i]) x /= length;
  }
  return rows;
}

std::vector<long double> mean(const rows_type& rows) {
  std::vector<long double> sum(rows[0].size());
  for (const auto& row : rows)
    for (std::size_t k = 0; k < row.size(); ++k)
      sum[k] += row[k] / static_cast<long double>(rows.size());
  return sum;
}

double naive_dispersion(const matrix<double>& m) {
  const rows_type u = units(m);
  const auto centre = mean(u);
  long double sum = 0;
  for (auto row : u) {
    for (std::size_t k = 0; k < row.size(); ++k) row[k] -= centre[k];
    sum += std::sqrt(dot(row, row));
  }
  return static_cast<double>(-sum / static_cast<long double>(u.size()));
}

double naive_orthogonality(const matrix<double>& m) {
  const rows_type u = units(m);
  long double sum = 0;
  for (std::size_t i = 0; i < u.size(); ++i)
    for (std::size_t j = 0; j < u.size(); ++j)
      sum += std::pow(dot(u[i], u[j]) - (i == j ? 1 : 0), 2);
  return static_cast<double>(sum);
}

double naive_separation(const matrix<double>& m) {
  const rows_type u = units(m);
  const long double most = 1 - 1e-6L;
  long double sum = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    long double least = 4;
    for (std::size_t j = 0; j < u.size(); ++j)
      if (j != i) least = std::min(least, std::acos(std::clamp(dot(u[i], u[j]), -most, most)));
    sum += least;
  }
  return static_cast<double>(-sum / static_cast<long double>(u.size()));
}

/// With the covariances themselves.
double naive_moments(const matrix<double>& tuned, const matrix<double>& zero_shot,
                     long double mean_weight, long double covariance_weight) {
  const rows_type t = units(tuned), z = units(zero_shot);
  const auto mean_t = mean(t), mean_z = mean(z);
  const std::size_t d = mean_t.size();
  long double sum = 0;
  for (std::size_t k = 0; k < d; ++k) sum += mean_weight * std::pow(mean_t[k] - mean_z[k], 2);
  for (std::size_t k = 0; k < d; ++k)
    for (std::size_t l = 0; l < d; ++l) {
      long double apart = 0;
      for (std::size_t i = 0; i < t.size(); ++i)
        apart += (t[i][k] - mean_t[k]) * (t[i][l] - mean_t[l]) -
                 (z[i][k] - mean_z[k]) * (z[i][l] - mean_z[l]);
      sum += covariance_weight * std::pow(apart / static_cast<long double>(t.size()), 2);
    }
  return static_cast<double>(sum);
}

// ---- what the losses have in common ------------------------------------------------------------

/// f(name, loss, naive) for the losses of one table, and moment matching beside a fixed one.
template<class F>
void for_each_loss(F f) {
  f(
      "dispersion", [](auto&&... a) { return dispersion_loss(a...); }, naive_dispersion);
  f(
      "orthogonality", [](auto&&... a) { return orthogonality_loss(a...); }, naive_orthogonality);
  f(
      "separation", [](auto&&... a) { return angular_separation_loss(a...); }, naive_separation);
  const matrix<double> zero_shot = random_matrix<double>(100, 100, 99);
  const auto beside = [&](const auto& features) {
    matrix<double> part(features.rows(), features.cols());
    for (std::size_t i = 0; i < part.rows(); ++i)
      for (std::size_t k = 0; k < part.cols(); ++k) part(i, k) = zero_shot(i, k);
    return part;
  };
  f(
      "moments",
      [&](const auto& features, auto&&... a) {
        return moment_matching_loss(features, beside(features), a...,
                                    calibra::moment_matching_loss_options{2, 3});
      },
      [&](const matrix<double>& m) { return naive_moments(m, beside(m), 2, 3); });
}

double shortest_row(const matrix<double>& m) {
  double shortest = infinity;
  for (std::size_t i = 0; i < m.rows(); ++i) {
    double squares = 0;
    for (std::size_t k = 0; k < m.cols(); ++k) squares += m(i, k) * m(i, k);
    shortest = std::min(shortest, std::sqrt(squares));
  }
  return shortest;
}

bool all_zero(const matrix<double>& m) {
  return std::all_of(m.data(), m.data() + m.rows() * m.cols(), [](double x) { return x == 0; });
}

}  // namespace

TEMPLATE_TEST_CASE("losses of text features equal their definitions", "[feature_losses]", float,
                   double) {
  const auto rows = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{60});
  const auto cols = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{96});
  const matrix<TestType> features = random_matrix<TestType>(rows, cols, 1);
  for_each_loss([&](const std::string& name, const auto& loss, const auto& naive) {
    INFO(name << " " << rows << " x " << cols);
    if (name == "separation" && rows == 1) return;
    matrix<double> gradient(rows, cols);
    const double value = loss(features);
    // Sums in double. The slope of the arc cosine is at most 1/sqrt(1 - c^2) = 708.
    const double pairs = static_cast<double>(rows * rows);
    const double slope = name == "separation" ? 708 : name == "orthogonality" ? pairs : 3;
    const double tolerance = 4 * (std::sqrt(static_cast<double>(cols)) + 4) * epsilon * slope;
    CHECK(value == Approx(naive(widened(features))).margin(tolerance).epsilon(0));
    CHECK(loss(features, gradient) == value);
  });
}

TEST_CASE("gradients of losses of text features equal central differences", "[feature_losses]") {
  const auto rows = GENERATE(std::size_t{3}, std::size_t{6});
  const auto cols = GENERATE(std::size_t{4}, std::size_t{9});
  const matrix<double> features = random_matrix<double>(rows, cols, 4);
  const double step = std::cbrt(epsilon);
  for_each_loss([&](const std::string& name, const auto& loss, const auto&) {
    INFO(name << " " << rows << " x " << cols);
    matrix<double> gradient(rows, cols);
    loss(features, gradient);
    // The truncation error is step^2 times a third derivative, which goes with 1/|t|^3. A row is
    // in 2 (rows - 1) terms of the sum over pairs, and in others as good as once.
    const double terms = name == "orthogonality" ? 2 * static_cast<double>(rows - 1) : 1;
    const double tolerance = 4 * step * step * (1 + std::pow(shortest_row(features), -3)) * terms;
    CHECK(gradient_error([&](const matrix<double>& x) { return loss(x); }, features, gradient,
                         step) < tolerance);
    double largest = 0;
    for (std::size_t i = 0; i < rows; ++i) {  // no loss depends on the length of a row
      double along = 0;
      for (std::size_t k = 0; k < cols; ++k) {
        along += features(i, k) * gradient(i, k);
        largest = std::max(largest, std::abs(gradient(i, k)));
      }
      CHECK(along == Approx(0).margin(64 * terms * epsilon));
    }
    CHECK(largest > 1e-3);
  });
}

TEST_CASE("losses of text features below the norm's floor", "[feature_losses]") {
  matrix<double> features = random_matrix<double>(4, 3, 5);
  for (std::size_t k = 0; k < 3; ++k) {
    features(0, k) = 0;
    features(2, k) *= 2e-9;
  }
  const matrix<double> start = features;
  REQUIRE(shortest_row(features) == 0);
  for_each_loss([&](const std::string& name, const auto& loss, const auto& naive) {
    INFO(name);
    matrix<double> gradient(4, 3);
    CHECK(loss(features, gradient) == Approx(naive(features)).epsilon(64 * epsilon));
    // Below the floor a step of the row is one of 1e-8 times the unit row's.
    const double step = 1e-8 * std::cbrt(epsilon);
    for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) {
      // A row of zeros is equally far from every other: the loss of angles has a kink there.
      if (i == 0 && name == "separation") continue;
      for (std::size_t k = 0; k < 3; ++k) {
        const double x = start(i, k);
        features(i, k) = x + step;
        const double above = loss(features);
        features(i, k) = x - step;
        const double below = loss(features);
        features(i, k) = x;
        const double tolerance = 64 * std::pow(std::cbrt(epsilon), 2) * 1e8;
        CHECK(gradient(i, k) == Approx((above - below) / (2 * step)).margin(tolerance).epsilon(0));
      }
    }
  });
}

TEMPLATE_TEST_CASE("losses of text features of any strides, and a gradient in place",
                   "[feature_losses]", float, double) {
  const std::size_t rows = 9, cols = 6;
  const matrix<TestType> features = random_matrix<TestType>(rows, cols, 6);
  for_each_loss([&](const std::string& name, const auto& loss, const auto&) {
    INFO(name);
    matrix<TestType> expected(rows, cols);
    const double value = loss(features, expected);
    std::vector<TestType> transposed(rows * cols);
    const matrix_view<TestType> columns(transposed.data(), rows, cols, 1, rows);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t k = 0; k < cols; ++k) columns(i, k) = features(i, k);
    std::vector<TestType> reversed(rows * cols * 2, TestType(-7));
    const matrix_view<TestType> gradient(reversed.data() + rows * cols * 2 - 1, rows, cols,
                                         -2 * static_cast<std::ptrdiff_t>(cols), -2);
    CHECK(loss(columns, gradient) == value);
    bool same = true;
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t k = 0; k < cols; ++k) same = same && gradient(i, k) == expected(i, k);
    CHECK(same);
    bool untouched = true;
    for (std::size_t k = 0; k < reversed.size(); k += 2) untouched = untouched && reversed[k] == -7;
    CHECK(untouched);
    CHECK(loss(columns, columns) == value);
    same = true;
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t k = 0; k < cols; ++k) same = same && columns(i, k) == expected(i, k);
    CHECK(same);
  });
}

TEST_CASE("losses of text features: no class, and what is wrong", "[feature_losses][error]") {
  for_each_loss([&](const std::string& name, const auto& loss, const auto&) {
    INFO(name);
    matrix<double> none(0, 4);
    CHECK(std::isnan(loss(none)));
    CHECK(std::isnan(loss(none, none)));
    matrix<double> gradient(3, 4);
    const auto message = [&](const matrix<double>& x) {
      try {
        static_cast<void>(loss(x, gradient));
      } catch (const calibra::error& e) {
        CHECK(all_zero(gradient));
        return std::string(e.what());
      }
      return std::string();
    };
    const std::string table = name == "moments" ? "tuned" : "features";
    matrix<double> bad = random_matrix<double>(3, 4, 8);
    CHECK(message(matrix<double>(2, 4))
              .find("_loss(): gradient is 3 x 4, " + table +
                    " is 2 x 4; expected the same shape") != std::string::npos);
    CHECK_THROWS_AS(loss(matrix<double>(3, 0)), calibra::shape_error);
    bad(2, 1) = not_a_number;
    CHECK(message(bad).find("_loss(): row 2, column 1 of " + table +
                            " is nan; expected finite features") != std::string::npos);
    CHECK_THROWS_AS(loss(bad), calibra::value_error);
    bad(2, 1) = 1e200;
    CHECK(message(bad).find("the norm of row 2 of " + table + " overflows") != std::string::npos);
  });
}

TEST_CASE("dispersion of known features", "[feature_losses]") {
  const std::vector<std::array<double, 2>> square{{1, 0}, {0, 2}, {-3, 0}, {0, -4}};
  CHECK(dispersion_loss(square) == Approx(-1).epsilon(4 * epsilon));
  const std::vector<std::array<double, 2>> pair{{2, 0}, {0, 1}};
  CHECK(dispersion_loss(pair) == Approx(-std::sqrt(0.5)).epsilon(4 * epsilon));
}

TEST_CASE("equal features have neither dispersion nor slope", "[feature_losses]") {
  const auto rows = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{7});
  matrix<double> same(rows, 3), gradient(rows, 3);
  for (std::size_t i = 0; i < rows; ++i) {
    same(i, 0) = 0.1;
    same(i, 1) = 0.7;
    same(i, 2) = -0.3;
    gradient(i, 0) = 9;
  }
  CHECK(dispersion_loss(same, gradient) == 0);
  CHECK(all_zero(gradient));
  const double pairs = static_cast<double>(rows * (rows - 1));
  CHECK(orthogonality_loss(same, gradient) == Approx(pairs).margin(64 * epsilon));
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; k < 3; ++k) CHECK(std::abs(gradient(i, k)) < 1024 * epsilon);
  if (rows > 1) {
    gradient(0, 0) = 9;
    CHECK(angular_separation_loss(same, gradient) == Approx(-std::acos(1 - 1e-6)).epsilon(1e-12));
    CHECK(all_zero(gradient));
  }
}

TEST_CASE("orthogonality of known features", "[feature_losses]") {
  const std::vector<std::array<double, 2>> axes{{3, 0}, {0, -2}};
  CHECK(orthogonality_loss(axes) == 0);
  const std::vector<std::array<double, 2>> three{{1, 0}, {0, 1}, {1, 1}};
  CHECK(orthogonality_loss(three) == Approx(2).epsilon(8 * epsilon));  // four times cos^2 = 1/2
  // No better can be had of more rows than columns than C^2/D - C.
  matrix<double> frame(3, 2);
  for (std::size_t i = 0; i < 3; ++i) {
    frame(i, 0) = std::cos(static_cast<double>(i) * 2 * std::numbers::pi / 3);
    frame(i, 1) = std::sin(static_cast<double>(i) * 2 * std::numbers::pi / 3);
  }
  CHECK(orthogonality_loss(frame) == Approx(9.0 / 2 - 3).epsilon(8 * epsilon));
}

TEST_CASE("the nearest of equally near features is the first", "[feature_losses]") {
  matrix<double> axes(3, 3), gradient(3, 3);
  for (std::size_t i = 0; i < 3; ++i) axes(i, i) = 1;
  CHECK(angular_separation_loss(axes, gradient) ==
        Approx(-std::numbers::pi / 2).epsilon(4 * epsilon));
  const double expected[3][3] = {{0, 2, 1}, {2, 0, 0}, {1, 0, 0}};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < 3; ++k)
      CHECK(gradient(i, k) == Approx(expected[i][k] / 3).margin(4 * epsilon));
}

TEST_CASE("angles at the clamp of the cosine", "[feature_losses]") {
  const auto at = [](double angle) {
    matrix<double> two(2, 2);
    two(0, 0) = 1;
    two(1, 0) = std::cos(angle);
    two(1, 1) = std::sin(angle);
    return two;
  };
  const double least = std::acos(1 - 1e-6);
  matrix<double> gradient(2, 2);
  CHECK(angular_separation_loss(at(0.9 * least), gradient) == Approx(-least).epsilon(1e-9));
  CHECK(all_zero(gradient));
  CHECK(angular_separation_loss(at(1.1 * least), gradient) == Approx(-1.1 * least).epsilon(1e-9));
  CHECK(gradient(0, 1) == Approx(1).epsilon(1e-6));  // both rows' angle, halved by their number
  CHECK(angular_separation_loss(at(std::numbers::pi), gradient) ==
        Approx(least - std::numbers::pi).epsilon(1e-9));
  CHECK(all_zero(gradient));
}

TEST_CASE("one class has no angle", "[feature_losses]") {
  const matrix<double> one = random_matrix<double>(1, 3, 9);
  matrix<double> gradient(1, 3);
  CHECK(std::isnan(angular_separation_loss(one)));
  CHECK(std::isnan(angular_separation_loss(one, gradient)));
  CHECK(std::isnan(gradient(0, 2)));
}

TEST_CASE("moments: the weights are those of the two terms", "[feature_losses]") {
  const matrix<double> tuned = random_matrix<double>(6, 4, 10);
  const matrix<double> zero_shot = random_matrix<double>(6, 4, 11);
  matrix<double> means(6, 4), covariances(6, 4), both(6, 4), nothing = tuned;
  const double mean = moment_matching_loss(tuned, zero_shot, means, {1, 0});
  const double covariance = moment_matching_loss(tuned, zero_shot, covariances, {0, 1});
  CHECK(mean == Approx(naive_moments(tuned, zero_shot, 1, 0)).epsilon(64 * epsilon));
  CHECK(covariance == Approx(naive_moments(tuned, zero_shot, 0, 1)).epsilon(64 * epsilon));
  CHECK(moment_matching_loss(tuned, zero_shot) == Approx(mean + covariance).epsilon(8 * epsilon));
  CHECK(moment_matching_loss(tuned, zero_shot, both, {0.5, 4}) ==
        Approx(mean / 2 + 4 * covariance).epsilon(8 * epsilon));
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t k = 0; k < 4; ++k)
      CHECK(both(i, k) ==
            Approx(means(i, k) / 2 + 4 * covariances(i, k)).margin(64 * epsilon).epsilon(0));
  CHECK(moment_matching_loss(tuned, zero_shot, nothing, {0, 0}) == 0);
  CHECK(all_zero(nothing));
}

TEST_CASE("moments that are matched have neither loss nor slope", "[feature_losses]") {
  const auto rows = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{8});
  const matrix<double> zero_shot = random_matrix<double>(rows, 5, 12);
  matrix<double> gradient(rows, 5);
  gradient(0, 0) = 9;
  CHECK(moment_matching_loss(zero_shot, zero_shot, gradient) == 0);
  CHECK(all_zero(gradient));
  // Other features of the same moments: the same set in another order.
  matrix<double> turned(rows, 5);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; k < 5; ++k) turned(i, k) = 3 * zero_shot((i + 1) % rows, k);
  CHECK(moment_matching_loss(turned, zero_shot) == Approx(0).margin(8 * epsilon));
}

TEST_CASE("moments that nearly match lose no digits", "[feature_losses]") {
  const matrix<double> zero_shot = random_matrix<double>(12, 30, 13);
  matrix<double> tuned = zero_shot;
  for (std::size_t i = 0; i < 12; ++i) tuned(i, i) += 1e-7;
  // The plain difference of covariances of order 1 would have no digit of a square of order 1e-16.
  CHECK(moment_matching_loss(tuned, zero_shot, {0, 1}) ==
        Approx(naive_moments(tuned, zero_shot, 0, 1)).epsilon(1e-6));
}

TEST_CASE("moments: one class has a mean only", "[feature_losses]") {
  const std::vector<std::array<double, 2>> tuned{{3, 0}}, zero_shot{{0, 2}};
  CHECK(moment_matching_loss(tuned, zero_shot) == Approx(2).epsilon(8 * epsilon));
  CHECK(moment_matching_loss(tuned, zero_shot, {0, 1}) == 0);
}

TEST_CASE("moments of a mixture of types", "[feature_losses]") {
  const std::vector<std::vector<float>> u{{1, 2}, {3, 4}};
  const std::vector<std::array<double, 2>> v{{2, 1}, {-3, 4}};
  const std::vector<std::array<calibra::half, 2>> h{{calibra::half(2), calibra::half(1)},
                                                    {calibra::half(-3), calibra::half(4)}};
  CHECK(moment_matching_loss(u, h) == moment_matching_loss(u, v));
}

TEST_CASE("moment matching names what is wrong", "[feature_losses][error]") {
  matrix<double> bad = random_matrix<double>(3, 4, 14);
  const matrix<double> good = bad;
  matrix<double> gradient(3, 4);
  CHECK_THROWS_WITH(
      moment_matching_loss(good, matrix<double>(3, 5)),
      "moment_matching_loss(): tuned is 3 x 4, zero_shot is 3 x 5; expected the same shape");
  for (std::size_t k = 0; k < 4; ++k) bad(1, k) = 0;
  CHECK_THROWS_WITH(moment_matching_loss(good, bad, gradient),
                    "moment_matching_loss(): row 1 of zero_shot has norm 0; expected a feature "
                    "that has a direction");
  CHECK(all_zero(gradient));
  CHECK_NOTHROW(moment_matching_loss(bad, good, gradient));
  CHECK_THROWS_WITH(moment_matching_loss(good, good, {-1, 1}),
                    "moment_matching_loss(): mean is -1; expected a finite number >= 0");
  CHECK_THROWS_AS(moment_matching_loss(good, good, {1, infinity}), calibra::option_error);
}
