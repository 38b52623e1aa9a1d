// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/table/binning.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/nn_calibration.hpp"
#include "naive.hpp"

using calibra::binning;
using calibra::edge_side;
using calibra::conventions::detail::find_rule;
using calibra::conventions::detail::one_rule;
using calibra::conventions::detail::reference_bins;
using calibra::conventions::detail::zero_rule;

namespace {

constexpr edge_side sides[] = {edge_side::right_closed, edge_side::left_closed};
constexpr zero_rule zeros[] = {zero_rule::first_bin, zero_rule::no_bin, zero_rule::removed};
constexpr one_rule ones[] = {one_rule::last_bin, one_rule::own_bin, one_rule::no_bin};

/// 0, 1, all edges, their neighbours, the smallest numbers and some between.
std::vector<double> telling_confidences(const std::vector<double>& edges, unsigned seed) {
  std::vector<double> c = {0,
                           1,
                           std::numeric_limits<double>::denorm_min(),
                           std::numeric_limits<double>::min(),
                           1e-18,
                           std::nextafter(1.0, 0.0)};
  for (const double e : edges)
    for (const double x : {std::nextafter(e, -1.0), e, std::nextafter(e, 2.0)})
      if (x >= 0 && x <= 1) c.push_back(x);
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int i = 0; i < 50; ++i) c.push_back(uniform(generator));
  return c;
}

/// Where the rules for 0 and 1 put c, or nothing if they have no say.
std::ptrdiff_t by_zero_and_one(double c, zero_rule zero, one_rule one, std::size_t bins,
                               std::ptrdiff_t otherwise) {
  if (c == 0 && zero == zero_rule::no_bin) return binning::none;
  if (c == 0 && zero == zero_rule::removed) return binning::removed;
  if (c == 1 && one == one_rule::own_bin) return static_cast<std::ptrdiff_t>(bins);
  if (c == 1 && one == one_rule::no_bin) return binning::none;
  return otherwise;
}

template<class Expected>
std::size_t wrong_bins(const binning& b, const std::vector<double>& confidences,
                       Expected expected) {
  std::size_t wrong = 0;
  for (const double c : confidences) {
    const std::ptrdiff_t bin = expected(c);
    wrong += b.index(c) != bin;
    std::vector<std::size_t> seen;
    b.for_each_bin(c, [&](std::size_t k) { seen.push_back(k); });
    wrong += bin < 0 ? !seen.empty() : seen != std::vector{static_cast<std::size_t>(bin)};
  }
  return wrong;
}

/// Bins (1/2, 1], (1/4, 1/2], ..., the last down to 0: a rule of a user's.
struct halves {
  std::size_t bins;
  std::size_t size() const { return bins; }
  double upper(std::size_t b) const { return std::ldexp(1.0, -static_cast<int>(b)); }
  double lower(std::size_t b) const { return b + 1 == bins ? 0 : upper(b + 1); }
  std::ptrdiff_t index(double c) const {
    if (c <= 0) return binning::removed;
    if (c >= 1) return binning::none;
    std::size_t b = 0;
    while (c <= lower(b)) ++b;
    return static_cast<std::ptrdiff_t>(b);
  }
  std::string describe() const { return "halves"; }
};

/// One that forgets that 1 lies in [0, 1].
struct floors {
  static std::size_t size() { return 2; }
  static double upper(std::size_t b) { return b == 0 ? 0.5 : 1; }
  static double lower(std::size_t b) { return b == 0 ? 0 : 0.5; }
  static std::ptrdiff_t index(double c) { return c < 0 ? -3 : static_cast<std::ptrdiff_t>(c * 2); }
  static std::ptrdiff_t second(double c) { return c == 0.25 ? 2 : -1; }
  static std::string describe() { return "floors"; }
};

}  // namespace

TEST_CASE("bins between edges are those of a linear scan", "[binning]") {
  std::mt19937 generator(21);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (std::size_t bins = 1; bins <= 40; ++bins) {
    std::vector<std::vector<double>> all_edges = {naive::equal_edges(bins)};
    std::vector<double> steps = naive::equal_edges(bins), random = steps, tied = steps,
                        wide = steps;
    for (std::size_t k = 1; k < bins; ++k) {
      steps[k] = static_cast<double>(k) * (1.0 / static_cast<double>(bins));
      random[k] = uniform(generator);
      tied[k] = std::floor(4 * uniform(generator)) / 4;
      wide[k] = wide[k] * 1.0 + 0.2 * (uniform(generator) - 0.5) / static_cast<double>(bins);
    }
    std::sort(random.begin(), random.end());
    std::sort(tied.begin(), tied.end());
    wide.front() = -0.5;
    wide.back() = 7;
    for (auto* edges : {&steps, &random, &tied, &wide}) all_edges.push_back(*edges);
    for (const std::vector<double>& edges : all_edges) {
      const std::vector<double> confidences = telling_confidences(edges, 5);
      for (const edge_side side : sides) {
        for (const zero_rule zero : zeros) {
          for (const one_rule one : ones) {
            const binning plain = binning::from_edges(edges, side);
            const bool by_edges = zero == zero_rule::first_bin && one == one_rule::last_bin;
            const binning b =
                by_edges ? plain
                         : binning(reference_bins{.between = plain, .zero = zero, .one = one});
            CHECK(b.by_edges() == by_edges);
            CAPTURE(bins, static_cast<int>(side), static_cast<int>(zero), static_cast<int>(one));
            CHECK(wrong_bins(b, confidences, [&](double c) {
                    return by_zero_and_one(
                        c, zero, one, bins,
                        static_cast<std::ptrdiff_t>(naive::bin_of(c, edges, side)));
                  }) == 0);
            CHECK(b.size() == bins + (one == one_rule::own_bin ? 1 : 0));
            for (std::size_t k = 0; k < bins; ++k) {
              CHECK(b.lower(k) == edges[k]);
              CHECK(b.upper(k) == edges[k + 1]);
            }
            if (one == one_rule::own_bin) {
              CHECK(b.lower(bins) == 1);
              CHECK(b.upper(bins) == 1);
            }
          }
        }
      }
    }
    CHECK(binning::equal_width(bins) == binning::from_edges(naive::equal_edges(bins)));
  }
}

TEST_CASE("bins by arithmetic are those of the formula", "[binning]") {
  for (std::size_t bins = 1; bins <= 40; ++bins) {
    const std::vector<double> edges = naive::equal_edges(bins);
    const std::vector<double> confidences = telling_confidences(edges, 6);
    const auto count = static_cast<double>(bins);
    const auto last = static_cast<std::ptrdiff_t>(bins) - 1;
    // Largest k with k <= x, by asking each.
    const auto at_most = [&](double x) {
      std::ptrdiff_t k = 0;
      while (k < last && static_cast<double>(k + 1) <= x) ++k;
      return k;
    };
    const auto below = [&](double x) {
      std::ptrdiff_t k = 0;
      while (k < last && static_cast<double>(k + 1) < x) ++k;
      return k;
    };
    for (const zero_rule zero : zeros) {
      for (const one_rule one : ones) {
        const auto found_by = [&](find_rule find, bool single = false) {
          return binning(reference_bins{.between = binning::equal_width(bins),
                                        .zero = zero,
                                        .one = one,
                                        .find = find,
                                        .single = single});
        };
        const auto rules = [&](double c, std::ptrdiff_t bin) {
          return by_zero_and_one(c, zero, one, bins, bin);
        };
        CAPTURE(bins, static_cast<int>(zero), static_cast<int>(one));
        CHECK(wrong_bins(found_by(find_rule::floor_multiply), confidences, [&](double c) {
                const volatile double x = count * c;
                return rules(c, at_most(x));
              }) == 0);
        CHECK(wrong_bins(found_by(find_rule::floor_multiply, true), confidences, [&](double c) {
                const volatile float x = static_cast<float>(count) * static_cast<float>(c);
                return rules(c, at_most(static_cast<double>(x)));
              }) == 0);
        CHECK(wrong_bins(found_by(find_rule::floor_divide), confidences, [&](double c) {
                const volatile double x = c / (1 / count);
                return rules(c, at_most(x));
              }) == 0);
        CHECK(wrong_bins(found_by(find_rule::floor_divide, true), confidences, [&](double c) {
                const volatile float x = static_cast<float>(c) / static_cast<float>(1 / count);
                return rules(c, at_most(static_cast<double>(x)));
              }) == 0);
        // ceil(B c) - 1: (a, b]
        CHECK(wrong_bins(found_by(find_rule::ceil_multiply), confidences, [&](double c) {
                const volatile double x = count * c;
                return rules(c, below(x));
              }) == 0);
      }
    }
  }
}

TEST_CASE("intervals are tested one by one", "[binning]") {
  std::mt19937 generator(22);
  for (std::size_t bins = 1; bins <= 40; ++bins) {
    // Upper ends that wander: holes and overlaps, not of an ulp but for all to see.
    const double width = 1.0 / static_cast<double>(bins);
    const double most = std::min(0.02, 0.45 * width);  // no confidence lies in three
    std::uniform_real_distribution<double> uniform(-most, most);
    std::vector<double> upper;
    for (std::size_t k = 1; k <= bins; ++k)
      upper.push_back(static_cast<double>(k) * width + (k < bins ? uniform(generator) : 0));
    std::vector<double> ends = upper;
    for (const double u : upper) ends.push_back(u - width);
    calibra::conventions::detail::of_nn_calibration::arange_bins intervals(bins);
    REQUIRE(intervals.width == width);
    REQUIRE(intervals.size() >= bins);
    intervals.uppers = upper;
    const binning b = intervals;
    std::size_t wrong = 0;
    for (const double c : telling_confidences(ends, 7)) {
      std::vector<std::size_t> expected, seen;
      for (std::size_t k = 0; k < bins; ++k)
        if (c > upper[k] - width && c <= upper[k] && c > 0) expected.push_back(k);
      b.for_each_bin(c, [&](std::size_t k) { seen.push_back(k); });
      wrong += seen != expected;
      wrong += b.index(c) !=
               (expected.empty() ? binning::none : static_cast<std::ptrdiff_t>(expected.front()));
    }
    CHECK(wrong == 0);
    CHECK(b.size() == bins);
    CHECK(b.lower(bins - 1) == upper[bins - 1] - width);
  }
}

TEST_CASE("binnings that are no binnings", "[binning]") {
  using calibra::option_error;
  using Catch::Message;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  CHECK_THROWS_MATCHES(binning::equal_width(0), option_error,
                       Message("binning: expected 1 to 1000000 bins, got 0"));
  CHECK_THROWS_MATCHES(binning::equal_width(1'000'001), option_error,
                       Message("binning: expected 1 to 1000000 bins, got 1000001"));
  CHECK_NOTHROW(binning::equal_width(1'000'000));
  CHECK_THROWS_MATCHES(binning::from_edges({}), option_error,
                       Message("binning: expected at least 2 edges, got 0"));
  CHECK_THROWS_MATCHES(binning::from_edges({1}), option_error,
                       Message("binning: expected at least 2 edges, got 1"));
  CHECK_THROWS_MATCHES(binning::from_edges({0, 0.6, 0.5, 1}), option_error,
                       Message("binning: expected ascending edges, got 0.5 as edge 2"));
  CHECK_THROWS_MATCHES(binning::from_edges({0, nan, 1}), option_error,
                       Message("binning: expected ascending edges, got nan as edge 1"));
  CHECK_THROWS_MATCHES(binning::from_edges({0, inf}), option_error,
                       Message("binning: expected ascending edges, got inf as edge 1"));
  CHECK_THROWS_MATCHES(binning::from_edges({-inf, 1}), option_error,
                       Message("binning: expected ascending edges, got -inf as edge 0"));
  CHECK_THROWS_MATCHES(binning::from_edges({0.1, 1}), option_error,
                       Message("binning: expected edges that cover [0, 1], got [0.1, 1]"));
  CHECK_THROWS_MATCHES(binning::from_edges({0, 0.75}), option_error,
                       Message("binning: expected edges that cover [0, 1], got [0, 0.75]"));
  CHECK_THROWS_MATCHES(binning(halves{.bins = 0}), option_error,
                       Message("binning: expected 1 to 1000000 bins, got 0"));
  CHECK_NOTHROW(binning::from_edges({-1, 2}));
}

TEST_CASE("binnings are equal when every choice is", "[binning]") {
  const binning b = binning::equal_width(10);
  CHECK(b == binning::equal_width(10));
  CHECK(b != binning::equal_width(11));
  CHECK(b != binning::equal_width(10, edge_side::left_closed));
  const reference_bins plain{.between = b};
  const auto changed = [&](auto member, auto value) {
    reference_bins other = plain;
    other.*member = value;
    return binning(other);
  };
  CHECK(binning(plain) == binning(plain));
  CHECK(b != binning(plain));  // by edges and by a rule
  CHECK(binning(plain) != b);
  CHECK(binning(plain) != changed(&reference_bins::zero, zero_rule::no_bin));
  CHECK(binning(plain) != changed(&reference_bins::one, one_rule::own_bin));
  CHECK(binning(plain) != changed(&reference_bins::find, find_rule::floor_divide));
  CHECK(binning(plain) != changed(&reference_bins::single, true));
  CHECK(binning(plain) != changed(&reference_bins::between, binning::equal_width(11)));
  CHECK(binning(plain) !=
        changed(&reference_bins::between, binning::equal_width(10, edge_side::left_closed)));
  CHECK(binning(plain) !=
        changed(&reference_bins::between,
                binning::from_edges({0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.95, 1})));
}

TEST_CASE("bins of one's own rule", "[binning]") {
  const binning b = halves{.bins = 4};
  CHECK_FALSE(b.by_edges());
  CHECK(b.edges().empty());
  CHECK(b.describe() == "halves");
  const binning f = floors{};
  CHECK(f.index(0.9) == 1);
  CHECK_THROWS_WITH(f.index(1),
                    "binning: the rule 'floors' puts 1 into bin 2; expected 0 to 1, binning::none "
                    "or binning::removed");
  CHECK_THROWS_AS(f.index(-1), calibra::option_error);
  CHECK_THROWS_AS(f.for_each_bin(1, [](std::size_t) {}), calibra::option_error);
  CHECK_THROWS_AS(f.for_each_bin(0.25, [](std::size_t) {}),
                  calibra::option_error);  // of the second bin
  CHECK(b.size() == 4);
  CHECK(b.lower(3) == 0);
  CHECK(b.lower(0) == 0.5);
  CHECK(b.upper(1) == 0.5);
  CHECK(b.index(0.75) == 0);
  CHECK(b.index(0.1) == 3);
  CHECK(b.index(0) == binning::removed);
  CHECK(b.index(1) == binning::none);
  const binning copy = b;
  CHECK(copy == b);
  CHECK(b == binning(halves{.bins = 4}));
  CHECK(b != binning(halves{.bins = 5}));
  CHECK(binning::equal_width(4).describe().empty());
}
