// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Recalibrators of groups against fits to the rows of each.
#include <calibra/recalibration/affine.hpp>
#include <calibra/recalibration/grouped.hpp>
#include <calibra/recalibration/isotonic.hpp>
#include <calibra/recalibration/one_against_rest.hpp>
#include <calibra/recalibration/temperature.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

constexpr std::size_t rows = 400;

/// Groups -3 of about half the rows, 7 of a third, 11 of the rest.
std::vector<int> made_groups() {
  std::vector<int> groups;
  for (std::size_t i = 0; i < rows; ++i) groups.push_back(i % 2 == 0 ? -3 : i % 3 == 0 ? 11 : 7);
  return groups;
}

}  // namespace

TEMPLATE_TEST_CASE("grouped: each group has the fit of its rows", "", temperature_scaling,
                   one_against_rest<isotonic>) {
  const problem<double> x = random_problem<double>(rows, 3, 1.7, 2, 3);
  const std::vector<int> groups = made_groups();
  std::vector<unsigned char> valid(rows, 1);
  valid[0] = valid[9] = 0;
  const options o{.weights = x.weights, .valid = valid};
  // Group 11 has 67 rows, of which number 9 is left out.
  const auto r = fit_groups<TestType>(logits(x.z), x.labels, groups, o, {.least = 67});
  CHECK(r.groups() == std::vector<std::int64_t>{-3, 7});
  REQUIRE(r.small_groups().size() == 1);
  CHECK(r.small_groups()[0].group == 11);
  CHECK(r.small_groups()[0].samples == 66);
  CHECK(fit_groups<TestType>(logits(x.z), x.labels, groups, o, {.least = 66}).has(11));

  const auto all = fit<TestType>(logits(x.z), x.labels, o);
  const auto fitted = [&](int group) {
    std::vector<std::vector<double>> z;
    std::vector<std::int64_t> y;
    std::vector<double> w;
    for (std::size_t i = 0; i < rows; ++i) {
      if (groups[i] != group || valid[i] == 0) continue;
      z.push_back({x.z(i, 0), x.z(i, 1), x.z(i, 2)});
      y.push_back(x.labels[i]);
      w.push_back(x.weights[i]);
    }
    return fit<TestType>(logits(z), y, {.weights = w});
  };
  const TestType even = fitted(-3), odd = fitted(7);
  const matrix<double> of_all = all.transform(logits(x.z)), of_even = even.transform(logits(x.z)),
                       of_odd = odd.transform(logits(x.z));
  // Rows of a group that was not seen take that of all, as those of the small one do.
  std::vector<int> asked = groups;
  asked[20] = 999;
  const matrix<double> made = r.transform(logits(x.z), asked);
  double most = 0;
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; k < 3; ++k) {
      const matrix<double>& p = asked[i] == -3 ? of_even : asked[i] == 7 ? of_odd : of_all;
      most = std::max(most, std::abs(made(i, k) - p(i, k)));
    }
  CHECK(most <= 1e-12);
  CHECK(r.rows_of_all(asked) ==
        1 + static_cast<std::size_t>(std::count(groups.begin(), groups.end(), 11)));
  CHECK(&r.of_group(999) == &r.of_all());
  CHECK(&r.of_group(7) != &r.of_all());

  matrix<float> narrow(rows, 3);
  r.transform(logits(x.z), asked, narrow, {.threads = {3}});
  for (std::size_t i = 0; i < rows; ++i) CHECK(narrow(i, 1) == static_cast<float>(made(i, 1)));
}

TEST_CASE("grouped: binary scores, and samples without a weight") {
  std::vector<double> s, w;
  std::vector<int> y, groups;
  for (int i = 0; i < 60; ++i) {
    s.push_back(0.1 * i - 3);
    y.push_back(i % 3 == 0 || i > 40 ? 1 : 0);
    groups.push_back(i % 2);
    w.push_back(i % 2 == 0 || i < 30 ? 1 : 0);
  }
  const auto r = fit_groups<affine>(binary_logits(s), y, groups, {.weights = w}, {.least = 16});
  CHECK(r.groups() == std::vector<std::int64_t>{0});
  CHECK(r.small_groups().at(0).samples == 15);
  const std::vector<double> p = r.transform(binary_logits(s), groups);
  CHECK(std::abs(p[2] - r.of_group(0).transform(binary_logits(s))[2]) <= 1e-15);
  CHECK(std::abs(p[3] - r.of_all().transform(binary_logits(s))[3]) <= 1e-15);
  CHECK(p[2] != r.of_all().transform(binary_logits(s))[2]);
  // No sample with a weight: no group, whatever `least` is.
  const std::vector<double> zero(60, 0.0);
  const auto none =
      fit_groups<affine>(binary_logits(s), y, groups, {.weights = zero}, {.least = 0});
  CHECK(none.groups().empty());
  CHECK(none.small_groups().size() == 2);
  CHECK(none.rows_of_all(groups) == 60);
  for (const double q : none.transform(binary_logits(s), groups)) CHECK((q > 0 && q < 1));
}

TEST_CASE("grouped: what is refused") {
  const problem<double> x = random_problem<double>(rows, 3, 1.7, 2, 3);
  std::vector<int> groups = made_groups();
  const auto r = fit_groups<temperature_scaling>(logits(x.z), x.labels, groups);
  const std::vector<int> few(rows - 1);
  CHECK_THROWS_AS(fit_groups<temperature_scaling>(logits(x.z), x.labels, few), shape_error);
  CHECK_THROWS_WITH(r.transform(logits(x.z), few),
                    "group_recalibrator::transform(): expected 400 groups to match 400 rows, got "
                    "399");
  std::vector<double> halves(rows, 1);
  halves[5] = 0.5;
  CHECK_THROWS_WITH(fit_groups<temperature_scaling>(logits(x.z), x.labels, halves),
                    "fit_groups(): the group of row 5 is not a whole number");
  CHECK_THROWS_AS(r.transform(probabilities(x.z), groups), value_error);
  matrix<double> narrow(rows, 2);
  CHECK_THROWS_AS(r.transform(logits(x.z), groups, narrow), shape_error);
  matrix<double> bad = x.z;
  bad(7, 2) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(r.transform(logits(bad), groups), Catch::Contains("row 7"));
  const matrix<double> p = r.transform(logits(bad), groups, {.nan = nan_policy::count});
  CHECK(std::isnan(p(7, 0)));
  CHECK_FALSE(std::isnan(p(8, 0)));
  const auto of = [&](std::size_t classes) {
    const problem<double> some = random_problem<double>(50, classes, 1.7, 2, 3);
    return fit<one_against_rest<isotonic>>(logits(some.z), some.labels);
  };
  CHECK_THROWS_WITH(group_recalibrator<one_against_rest<isotonic>>(of(3), {{4, of(2)}}),
                    "group_recalibrator(): expected recalibrators of 3 classes, got 2 for group 4");
}
