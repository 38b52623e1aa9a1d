// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/metrics/sweep_ece.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "random_sample.hpp"

using calibra::bin_scheme;
using calibra::precision;
using calibra::sample;
using calibra::sweep_ece;
using sweep_ece_options = calibra::metrics::sweep_ece;
using calibra::sweep_norm;
using namespace calibra::test;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

struct bin {
  double count = 0, hits = 0, confidence = 0;
  double least = 1, most = 0;
};

/// Every sample into its bin, for one number of bins; empty bins do not appear.
inline std::map<double, bin> fill(const sample& sorted, std::size_t bins, bin_scheme binning) {
  std::map<double, bin> filled;
  const auto n = static_cast<double>(sorted.size()), b = static_cast<double>(bins);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double c = sorted.confidence(i);
    const double part = binning == bin_scheme::equal_mass ? static_cast<double>(i) / n : c;
    bin& in = filled[std::min(std::floor(part * b), b - 1)];
    in.count += 1;
    in.hits += sorted.hit(i);
    in.least = std::min(in.least, c);
    in.most = std::max(in.most, c);
  }
  return filled;
}

bool monotonic(const std::map<double, bin>& bins) {
  double before = 0;
  for (const auto& [index, b] : bins) {
    if (b.hits / b.count < before) return false;
    before = b.hits / b.count;
  }
  return true;
}

inline calibra::sweep_ece_result naive_sweep(sample s, const sweep_ece_options& options) {
  s.sort();
  std::size_t bins = 1;
  while (bins + 1 < s.size() && monotonic(fill(s, bins + 1, options.binning))) ++bins;
  std::vector<double> edges;
  const bin* before = nullptr;
  const auto filled = fill(s, bins, options.binning);
  for (const auto& [index, b] : filled) {
    if (before != nullptr) edges.push_back(0.5 * b.least + 0.5 * before->most);
    before = &b;
  }
  if (options.own_bin_for_largest) edges.push_back(before->most);
  std::vector<bin> result(edges.size() + 1);
  for (std::size_t i = 0; i < s.size(); ++i) {
    std::size_t k = 0;
    while (k < edges.size() && s.confidence(i) >= edges[k]) ++k;
    result[k].count += 1;
    result[k].hits += s.hit(i);
    result[k].confidence += s.confidence(i);
  }
  double sum = 0;
  for (const bin& b : result) {
    if (b.count == 0) continue;
    const double gap = (b.hits - b.confidence) / b.count;
    sum += b.count * (options.norm == sweep_norm::l1 ? std::abs(gap) : gap * gap);
  }
  sum /= static_cast<double>(s.size());
  return {options.norm == sweep_norm::l1 ? sum : std::sqrt(sum), bins};
}

inline void check_against_naive(const sample& s) {
  for (const auto norm : {sweep_norm::l1, sweep_norm::l2})
    for (const auto binning : {bin_scheme::equal_mass, bin_scheme::equal_width})
      for (const bool own : {false, true}) {
        const sweep_ece_options options{norm, binning, own};
        const auto expected = naive_sweep(s, options);
        const auto found = sweep_ece.with(options).details(s);
        CAPTURE(s.size(), norm == sweep_norm::l1, binning == bin_scheme::equal_mass, own);
        CHECK(found.bins == expected.bins);
        CHECK(found.value == Approx(expected.value).epsilon(1e4 * epsilon).margin(100 * epsilon));
        CHECK(sweep_ece.with(options)(s) == found.value);
      }
}

}  // namespace

TEMPLATE_TEST_CASE("sweep ECE equals its definition", "[sweep_ece]", float, double) {
  const auto n = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7},
                          std::size_t{60}, std::size_t{1000});
  const auto levels = GENERATE(0, 1, 9);
  const auto seed = GENERATE(1u, 2u, 3u);
  check_against_naive(random_sample<TestType>(n, seed, levels));
}

TEST_CASE("sweep ECE where hits and misses are nearly separated", "[sweep_ece]") {
  // Hits from position `cut` on, but for a swap of two neighbours: many bins stay monotonic.
  const auto cut = GENERATE(0, 1, 40, 79, 80);
  const auto swap = GENERATE(-1, 5, 39, 78);
  std::vector<char> hits(80);
  std::fill(hits.begin() + cut, hits.end(), 1);
  if (swap >= 0) {
    hits[static_cast<std::size_t>(swap)] = 1;
    hits[static_cast<std::size_t>(swap) + 1] = 0;
  }
  sample s;
  for (std::size_t i = 0; i < hits.size(); ++i)
    s.push_back(0.2 + 0.01 * static_cast<double>(i), hits[i] != 0);
  check_against_naive(s);
  if (swap < 0) CHECK(sweep_ece.details(s).bins == 79);
}

TEST_CASE("the bins of a sweep end where the next begins", "[sweep_ece]") {
  for (std::size_t n = 1; n < 70; ++n) {
    sample s = random_sample<double>(n, static_cast<unsigned>(n), n % 2 == 0 ? 0 : 12);
    s.sort();
    for (const auto binning : {bin_scheme::equal_mass, bin_scheme::equal_width}) {
      const calibra::detail::monotonic_sweep sweep(s, binning);
      std::size_t wrong = 0;
      for (std::size_t bins = 1; bins <= n; ++bins)
        for (std::size_t b = 0; b < bins; ++b) {
          std::size_t end = 0;
          while (end < n && sweep.bin_of(end, bins) <= b) ++end;
          wrong += sweep.end_of_bin(b, bins) != end;
        }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("sweep ECE of robustness_metrics", "[sweep_ece]") {
  sample s;
  const double confidences[]{0.31, 0.42, 0.47, 0.53, 0.58, 0.66, 0.71, 0.79, 0.84, 0.91, 0.97};
  const bool hits[]{false, true, false, false, true, false, true, true, false, true, true};
  for (std::size_t i = 0; i < 11; ++i) s.push_back(confidences[i], hits[i]);
  const auto value = [&s](sweep_norm norm, bin_scheme binning) {
    return sweep_ece.with({norm, binning, true})(s);
  };
  const double tolerance = 100 * epsilon;
  CHECK(value(sweep_norm::l1, bin_scheme::equal_mass) ==
        Approx(0.11363636363636366).epsilon(tolerance));
  CHECK(value(sweep_norm::l2, bin_scheme::equal_mass) ==
        Approx(0.12553220038433704).epsilon(tolerance));
  CHECK(value(sweep_norm::l1, bin_scheme::equal_width) ==
        Approx(0.11363636363636366).epsilon(tolerance));
  CHECK(value(sweep_norm::l2, bin_scheme::equal_width) ==
        Approx(0.18751565591203637).epsilon(tolerance));
}

TEST_CASE("sweep ECE by hand", "[sweep_ece]") {
  sample s;
  s.push_back(0.875, true);
  s.push_back(0.125, false);
  s.push_back(0.625, false);
  s.push_back(0.375, true);
  // Two bins: accuracies 1/2, 1/2. Three bins hold ranks {0, 1}, {2}, {3}: 1/2 falls to 0.
  const auto found = sweep_ece.details(s);
  CHECK(found.bins == 2);
  CHECK(found.value == 0.25);
  // The largest confidence apart: gaps 0.5 of two, -0.625 of one, 0.125 of one.
  CHECK(sweep_ece.with({sweep_norm::l1, bin_scheme::equal_mass, true})(s) == 0.3125);
}

TEST_CASE("sweep ECE never parts equal confidences", "[sweep_ece]") {
  sample s;
  for (int i = 0; i < 30; ++i) s.push_back(0.5, i % 2 == 0);
  for (const auto norm : {sweep_norm::l1, sweep_norm::l2})
    CHECK(sweep_ece.with({.norm = norm})(s) == 0);
}

TEST_CASE("sweep ECE does not depend on the order of distinct confidences", "[sweep_ece]") {
  sample s = random_sample<double>(2000, 17);
  const auto found = sweep_ece.details(s);
  CHECK(sweep_ece(reversed(s)) == found.value);
  s.sort();
  CHECK(sweep_ece(s) == found.value);
  CHECK(found.bins > 2);
}

TEST_CASE("sweep ECE without data is NaN, and with weights an error", "[sweep_ece]") {
  const auto found = sweep_ece.details(sample(precision::float32));
  CHECK(std::isnan(found.value));
  CHECK(found.bins == 0);
  sample weighted;
  weighted.push_back(0.5, true, 1);
  CHECK_THROWS_AS(sweep_ece(weighted), calibra::option_error);
}
