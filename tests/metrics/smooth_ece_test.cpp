// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/metrics/smooth_ece.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "random_sample.hpp"

using calibra::precision;
using calibra::sample;
using calibra::smooth_ece;
using calibra::smooth_kernel;
using namespace calibra::test;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

std::vector<double> linspace(std::size_t n) {
  std::vector<double> t(n);
  for (std::size_t i = 0; i < n; ++i) t[i] = static_cast<double>(i) / static_cast<double>(n - 1);
  return t;
}

/// Deposits `amounts` at `positions`, convolves with the whole kernel and interpolates at `at`.
std::vector<double> naive_smooth(const std::vector<double>& positions,
                                 const std::vector<double>& amounts, const std::vector<double>& at,
                                 double sigma, bool reflect) {
  const auto nodes =
      static_cast<std::ptrdiff_t>(std::max(2000.0, std::nearbyint(20 / sigma))) / 2 + 1;
  const auto scale = static_cast<double>(nodes - 1);
  const auto at_node = [](auto& v, std::ptrdiff_t i) -> auto& {
    return v[static_cast<std::size_t>(i)];
  };
  std::vector<double> grid(static_cast<std::size_t>(nodes));
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const double x = positions[i] * scale;
    const auto left = std::min(static_cast<std::ptrdiff_t>(x), nodes - 2);
    at_node(grid, left) += (1 - (x - static_cast<double>(left))) * amounts[i];
    at_node(grid, left + 1) += (x - static_cast<double>(left)) * amounts[i];
  }
  std::vector<double> smoothed(grid.size());
  const std::ptrdiff_t centre = reflect ? nodes / 2 : (nodes - 1) / 2;
  for (std::ptrdiff_t i = 0; i < nodes; ++i) {
    for (std::ptrdiff_t j = 0; j < nodes; ++j) {
      std::ptrdiff_t from = i + centre - j;
      if (!reflect && (from < 0 || from >= nodes)) continue;
      if (from < 0) from = -from;
      if (from >= nodes) from = 2 * (nodes - 1) - from;
      const double x = static_cast<double>(j) / scale - 0.5;
      at_node(smoothed, i) += at_node(grid, from) * std::exp(-x * x / (2 * sigma * sigma)) /
                              (std::sqrt(2 * std::acos(-1.0)) * sigma);
    }
  }
  std::vector<double> result;
  for (const double t : at) {
    const auto left = std::min(static_cast<std::ptrdiff_t>(t * scale), nodes - 2);
    const double share = t * scale - static_cast<double>(left);
    result.push_back(at_node(smoothed, left) * (1 - share) + at_node(smoothed, left + 1) * share);
  }
  return result;
}

inline double naive_smooth_ece(const sample& s, smooth_kernel kernel, double sigma) {
  std::vector<double> positions, residuals, ones(s.size(), 1.0);
  for (std::size_t i = 0; i < s.size(); ++i) {
    positions.push_back(s.confidence(i));
    residuals.push_back(-residual(s, i));
  }
  std::vector<double> at =
      linspace(static_cast<std::size_t>(std::max(200.0, std::nearbyint(10 / sigma))));
  std::vector<double> slope(at.size(), 1.0);
  if (kernel == smooth_kernel::logit) {
    at = std::vector<double>(at.begin() + 1, at.end() - 1);
    slope.clear();
    for (double& t : at) {
      slope.push_back(1 / (t * (1 - t)));
      t = std::log(t / (1 - t));
    }
    slope.front() *= 2;
    slope.back() *= 2;
    for (double& c : positions) {
      c = std::clamp(c, 0.001, 0.999);
      c = std::log(c / (1 - c));
    }
    const double low = std::min(at.front(), *std::min_element(positions.begin(), positions.end()));
    const double high = std::max(at.back(), *std::max_element(positions.begin(), positions.end()));
    for (double& t : at) t = (t - low) / (high - low);
    for (double& c : positions) c = (c - low) / (high - low);
    sigma *= 4 / (high - low);
  }
  const bool reflect = kernel == smooth_kernel::reflected;
  const std::vector<double> r = naive_smooth(positions, residuals, at, sigma, reflect);
  const std::vector<double> d = naive_smooth(positions, ones, at, sigma, reflect);
  double error = 0, mass = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    error += std::abs(r[i]) * slope[i];
    mass += (d[i] + 1e-4) * slope[i];
  }
  return error / mass;
}

}  // namespace

TEMPLATE_TEST_CASE("smooth ECE at a bandwidth equals its definition", "[smooth_ece]", float,
                   double) {
  const auto n = GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{300});
  const auto kernel = GENERATE(smooth_kernel::reflected, smooth_kernel::logit);
  // 0.0096 gives an even number of nodes, where the kernel sits half a node off.
  const auto sigma = GENERATE(1.5, 0.3, 0.04, 0.0096);
  const sample s = random_sample<TestType>(n, 21);
  const double expected = naive_smooth_ece(s, kernel, sigma);
  CHECK(smooth_ece.with({kernel, sigma})(s) == Approx(expected).epsilon(1e5 * epsilon));
  CHECK(smooth_ece.with({kernel, sigma}).details(s).bandwidth == sigma);
}

TEST_CASE("smooth ECE of relplot 1.0.3", "[smooth_ece]") {
  sample s;
  const double confidences[]{0.31, 0.42, 0.47, 0.53, 0.58, 0.66, 0.71, 0.79, 0.84, 0.91, 0.97};
  const bool hits[]{false, true, false, false, true, false, true, true, false, true, true};
  for (std::size_t i = 0; i < 11; ++i) s.push_back(confidences[i], hits[i]);
  const double tolerance = 1000 * epsilon;

  const auto reflected = smooth_ece.details(s);
  CHECK(reflected.value == Approx(0.10804646917187963).epsilon(tolerance));
  CHECK(reflected.bandwidth == 0.1083984375);
  CHECK(smooth_ece.with({smooth_kernel::reflected, 0.01})(s) ==
        Approx(0.39849798157352173).epsilon(tolerance));
  CHECK(smooth_ece.with({smooth_kernel::reflected, 0.2})(s) ==
        Approx(0.10818247478615674).epsilon(tolerance));

  const auto logit = smooth_ece.with({.kernel = smooth_kernel::logit}).details(s);
  CHECK(logit.value == Approx(0.11491262343844862).epsilon(tolerance));
  CHECK(logit.bandwidth == 0.115234375);
  CHECK(smooth_ece.with({smooth_kernel::logit, 0.01})(s) ==
        Approx(0.40035498553094484).epsilon(tolerance));
}

TEST_CASE("one smoother serves one bandwidth after another", "[smooth_ece]") {
  const auto kernel = GENERATE(smooth_kernel::reflected, smooth_kernel::logit);
  const sample s = random_sample<double>(500, 41);
  calibra::detail::residual_smoother error_at(s, kernel, false);
  // 0.06 and 0.047 have as many nodes, but a logit scale of their own.
  for (const double sigma : {0.5, 0.06, 0.047, 0.004, 0.06, 0.06})
    // not of (s), which sorts: sums are rounded in another order
    CHECK(error_at(sigma) == smooth_ece.with({kernel, sigma}).details(s).value);
}

TEST_CASE("the chosen bandwidth is the fixed point to 1/1024", "[smooth_ece]") {
  const auto kernel = GENERATE(smooth_kernel::reflected, smooth_kernel::logit);
  const auto n = GENERATE(std::size_t{40}, std::size_t{5000});
  const sample s = random_sample<double>(n, 31);
  const auto found = smooth_ece.with({.kernel = kernel}).details(s);
  CHECK(found.value == smooth_ece.with({kernel, found.bandwidth}).details(s).value);
  CHECK(found.value <= found.bandwidth);
  const double narrower = found.bandwidth - 0x1p-10;
  CHECK(smooth_ece.with({kernel, narrower})(s) > narrower);
}

TEST_CASE("the bandwidth of a calibrated sample is the finest of the bisection", "[smooth_ece]") {
  sample s;
  s.push_back(0.5, true);
  s.push_back(0.5, false);
  const auto found = smooth_ece.details(s);
  CHECK(found.value < 10 * epsilon);
  CHECK(found.bandwidth == 2 * 0x1p-10);
}

TEST_CASE("smooth ECE of one kind of pair is its gap, up to the floor", "[smooth_ece]") {
  sample s(precision::float32);
  for (int i = 0; i < 1000; ++i) s.push_back(0.75, false);
  // The density at sigma = 0.75 is at least a hundred, a million times the floor.
  CHECK(smooth_ece(s) == Approx(0.75).epsilon(1e-6));
  CHECK(smooth_ece(s) < 0.75);
}

TEST_CASE("smooth ECE: order does not matter and a weight counts copies", "[smooth_ece]") {
  const auto kernel = GENERATE(smooth_kernel::reflected, smooth_kernel::logit);
  sample s = random_sample<double>(400, 13, 30);
  const double value = smooth_ece.with({.kernel = kernel})(s);
  CHECK(smooth_ece.with({.kernel = kernel})(reversed(s)) == Approx(value).epsilon(1e4 * epsilon));
  const weighted_and_copied both(s);
  CHECK(smooth_ece.with({.kernel = kernel})(both.weighted) ==
        Approx(smooth_ece.with({.kernel = kernel})(both.copied)).epsilon(1e4 * epsilon));
  s.sort();
  CHECK(smooth_ece.with({.kernel = kernel})(s) == Approx(value).epsilon(1e4 * epsilon));
}

TEST_CASE("smooth ECE without data is NaN", "[smooth_ece]") {
  const auto kernel = GENERATE(smooth_kernel::reflected, smooth_kernel::logit);
  CHECK(std::isnan(smooth_ece.with({.kernel = kernel})(sample(precision::float32))));
  CHECK(std::isnan(smooth_ece.with({kernel, 0.1}).details(sample(precision::float32)).bandwidth));
  sample weightless;
  weightless.push_back(0.5, true, 0);
  CHECK(std::isnan(smooth_ece.with({.kernel = kernel})(weightless)));
}

TEST_CASE("smooth ECE refuses a bandwidth that is none", "[smooth_ece]") {
  const auto kernel = smooth_kernel::reflected;
  const sample s = random_sample<float>(5, 1);
  for (const double bad : {0.0, -0.1, 9e-6, std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity()})
    CHECK_THROWS_AS(smooth_ece.with({kernel, bad})(s), calibra::option_error);
  CHECK_THROWS_WITH(smooth_ece.with({kernel, 0.0})(s),
                    Catch::Contains("smooth_ece(): bandwidth 0 "));
  CHECK(std::isfinite(smooth_ece.with({kernel, std::numeric_limits<double>::max()})(s)));
  CHECK(std::isfinite(smooth_ece.with({kernel, 1e-5})(s)));
}
