// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// evaluate_by(): next to evaluate() and kuiper_test() of rows that were copied out.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/groups/evaluate_by.hpp"
#include "calibra/groups/predicted_classes.hpp"
#include "calibra/groups/report.hpp"
#include "constants.hpp"
#include "drawn.hpp"

using namespace calibra;
using calibra::test::epsilon;
using calibra::test::infinity;
using calibra::test::not_a_number;

namespace {

using real = long double;

bool near(double got, real expected, double tolerance) {
  if (std::isnan(got) || std::isnan(expected)) return std::isnan(got) && std::isnan(expected);
  return static_cast<real>(got) == expected ||
         std::abs(static_cast<real>(got) - expected) <= tolerance;
}

/// Rows that are given on, with what belongs to them.
template<class T>
struct rows {
  std::vector<T> z = std::vector<T>(1);  // data() of no rows is not null
  std::vector<int> labels;
  std::vector<double> weights, proximity;

  rows() { z.clear(); }
  void add(const drawn<T>& d, std::size_t i) {
    z.insert(z.end(), d.z[i].begin(), d.z[i].end());
    labels.push_back(d.labels[i]);
    weights.push_back(d.weights[i]);
    proximity.push_back(d.proximity[i]);
  }
};
template<class T, class Keep>
rows<T> rows_where(const drawn<T>& d, const Keep& keep) {
  rows<T> r;
  for (std::size_t i = 0; i < d.labels.size(); ++i)
    if (keep(i)) r.add(d, i);
  return r;
}

void check_evaluation(const evaluation& got, const evaluation& expected, double tolerance) {
  CHECK(got.samples == expected.samples);
  CHECK(got.skipped == expected.skipped);
  CHECK(got.classes == expected.classes);
  REQUIRE(got.table.size() == expected.table.size());
  for (std::size_t b = 0; b < got.table.size(); ++b)
    CHECK(near(got.table[b].weight, expected.table[b].weight, tolerance));
  REQUIRE(got.ece_per_class.size() == expected.ece_per_class.size());
  for (std::size_t k = 0; k < got.ece_per_class.size(); ++k)
    CHECK(near(got.ece_per_class[k], expected.ece_per_class[k], tolerance));
  REQUIRE(got.metrics.size() == expected.metrics.size());
  for (std::size_t m = 0; m < got.metrics.size(); ++m) {
    INFO(got.metrics[m].name << ": " << got.metrics[m].value << ", " << expected.metrics[m].value);
    CHECK(got.metrics[m].name == expected.metrics[m].name);
    CHECK(near(got.metrics[m].value, expected.metrics[m].value, tolerance));
    CHECK(near(got.metrics[m].floor, expected.metrics[m].floor, tolerance));
  }
}

/// Kuiper's range, and the standard deviation of the whole sum, both over the weight.
struct walk {
  real range = 0, deviation = 0;
};
walk walk_of(const sample& s) {
  std::map<double, real> steps;
  real variance = 0, weight = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const real c = s.confidence(i), w = s.weight(i);
    steps[s.confidence(i)] += w * ((s.hit(i) ? 1 : 0) - c);
    variance += w * w * c * (1 - c);
    weight += w;
  }
  real sum = 0, low = 0, high = 0;
  for (const auto& [c, step] : steps) {
    sum += step;
    low = std::min(low, sum);
    high = std::max(high, sum);
  }
  return {(high - low) / weight, std::sqrt(variance) / weight};
}

/// Holm by its words: p times how many are not smaller, and no less than any smaller one became.
std::vector<double> naive_holm(const std::vector<double>& p) {
  std::vector<double> adjusted(p.size(), not_a_number);
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (std::isnan(p[i])) continue;
    double most = 0;
    for (const double q : p) {
      if (!(q <= p[i])) continue;
      double not_smaller = 0;
      for (const double r : p) not_smaller += r >= q ? 1 : 0;
      most = std::max(most, q * not_smaller);
    }
    adjusted[i] = std::min(1.0, most);
  }
  return adjusted;
}

/// What holds of every report, given the pairs of each group and of all rows.
void check_report(const group_report& got, const std::map<std::int64_t, sample>& pairs,
                  const sample& all) {
  REQUIRE(got.groups.size() == pairs.size());
  const double tolerance = 4 * epsilon * static_cast<double>(all.size() + 4);
  std::vector<double> p;
  real worst = -1;
  std::size_t g = 0, at = pairs.size();
  for (const auto& [group, s] : pairs) {
    const group_row& row = got.groups[g];
    INFO("group " << group << " of " << s.size());
    CHECK(row.group == group);
    const test_result kuiper = kuiper_test(s);
    CHECK(near(row.kuiper, kuiper.statistic, tolerance * 20));
    CHECK(near(row.p, kuiper.p, tolerance * 20));
    if (s.total_weight() > 0) {
      const walk w = walk_of(s);
      const real statistic = w.range / w.deviation;
      CHECK(near(row.kuiper, statistic,
                 tolerance * static_cast<double>(std::max<real>(1, statistic))));
      if (statistic > worst) {
        worst = statistic;
        at = g;
      }
    } else {
      CHECK(std::isnan(row.kuiper));
      CHECK(std::isnan(row.p));
    }
    p.push_back(row.p);
    ++g;
  }
  const std::vector<double> adjusted = naive_holm(p);
  for (std::size_t k = 0; k < p.size(); ++k)
    CHECK(near(got.groups[k].p_adjusted, adjusted[k], 4 * epsilon));
  CHECK(got.worst == at);
  const real deviation = all.total_weight() > 0 ? walk_of(all).deviation : not_a_number;
  CHECK(near(got.detectable_error, 5 * deviation, tolerance));
  if (worst < 0) {
    CHECK(std::isnan(got.multicalibration_error));
  } else {
    const real error = worst * deviation;
    CHECK(near(got.multicalibration_error, error,
               tolerance * static_cast<double>(std::max<real>(1, error))));
  }
  std::size_t seen = 0;
  for (const group_row& row : got) seen += row.group == got.groups[seen].group ? 1 : 0;
  CHECK(seen == got.groups.size());
}

}  // namespace

TEMPLATE_TEST_CASE("groups are measured as if they were alone", "[evaluate_by]", float, double) {
  unsigned seed = 0;
  for (const std::size_t n : std::initializer_list<std::size_t>{0, 1, 2, 50, 700})
    for (const bool some : {false, true}) {
      const drawn<TestType> d(n, 4, ++seed);
      std::vector<std::int16_t> groups;
      std::vector<unsigned char> valid;
      for (std::size_t i = 0; i < n; ++i) {
        groups.push_back(static_cast<std::int16_t>(i == 1 ? 99 : (i * i + i / 3) % 6 * 7 - 14));
        valid.push_back(i % 5 != 2);
      }
      const auto counts = [&](std::size_t i) { return !some || (valid[i] != 0); };
      options o{.bins = 10, .proximity = d.proximity};
      if (some) {
        o.weights = d.weights;
        o.ignore_label = 2;
        o.valid = valid;
      }
      const rows<TestType> given = rows_where(d, [](std::size_t) { return true; });
      const auto scores = logits(given.z.data(), n, 4);
      const group_report got = evaluate_by(scores, d.labels, groups, all_metrics(), o);
      INFO(n << " rows, some " << some);
      std::map<std::int64_t, sample> pairs;
      std::set<std::int64_t> names;
      for (std::size_t i = 0; i < n; ++i)
        if (counts(i)) names.insert(groups[i]);
      REQUIRE(got.groups.size() == names.size());
      const double tolerance =
          4 * static_cast<double>(n + 4) * std::numeric_limits<TestType>::epsilon();
      std::size_t g = 0;
      for (const std::int64_t name : names) {
        const rows<TestType> own =
            rows_where(d, [&](std::size_t i) { return counts(i) && groups[i] == name; });
        const auto own_scores = logits(own.z.data(), own.labels.size(), 4);
        options by{.bins = 10, .proximity = own.proximity};
        if (some) {
          by.weights = own.weights;
          by.ignore_label = 2;
        }
        INFO("group " << name << " of " << own.labels.size());
        check_evaluation(got.groups[g].values, evaluate(own_scores, own.labels, by), tolerance);
        pairs.emplace(name, collect(own_scores, own.labels, by));
        ++g;
      }
      check_evaluation(got.all, evaluate(scores, d.labels, o), tolerance);
      check_report(got, pairs, collect(scores, d.labels, o));
    }
}

TEMPLATE_TEST_CASE("groups of other scores", "[evaluate_by]", float, double) {
  const drawn<TestType> d(300, 2, 5);
  std::vector<std::vector<TestType>> q;
  std::vector<TestType> x, p;
  std::vector<int> groups;
  for (std::size_t i = 0; i < 300; ++i) {
    x.push_back(d.z[i][1] - d.z[i][0]);
    p.push_back(static_cast<TestType>(1 / (1 + std::exp(-static_cast<real>(x.back())))));
    q.push_back({1 - p.back(), p.back()});
    groups.push_back(static_cast<int>(i % 4) - 1);
  }
  const auto check = [&](const auto& column, const auto& wrap, const options& o) {
    std::map<std::int64_t, sample> pairs;
    const group_report got = evaluate_by(wrap(column), d.labels, groups, all_metrics(), o);
    REQUIRE(got.groups.size() == 4);
    for (int g = -1; g < 3; ++g) {
      std::remove_cvref_t<decltype(column)> own;
      std::vector<int> labels;
      for (std::size_t i = 0; i < 300; ++i)
        if (groups[i] == g) {
          own.push_back(column[i]);
          labels.push_back(d.labels[i]);
        }
      check_evaluation(got.groups[static_cast<std::size_t>(g + 1)].values,
                       evaluate(wrap(own), labels, o),
                       300 * std::numeric_limits<TestType>::epsilon());
      pairs.emplace(g, collect(wrap(own), labels, o));
    }
    check_report(got, pairs, collect(wrap(column), d.labels, o));
  };
  check(x, [](const auto& v) { return binary_logits(v); }, {});
  check(p, [](const auto& v) { return binary_probabilities(v); }, {});
  check(p, [](const auto& v) { return binary_probabilities(v); },
        {.binary = binary_target::top_label});
  check(q, [](const auto& v) { return probabilities(v); }, {.scheme = bin_scheme::equal_mass});
  check(q, [](const auto& v) { return probabilities(v); }, {.per_class = true});
}

TEST_CASE("groups by predicted and by true class", "[evaluate_by]") {
  const drawn<double> d(400, 3, 7);
  const std::vector<std::int64_t> predicted = predicted_classes(logits(d.z));
  const group_report by_prediction = evaluate_by(logits(d.z), d.labels, predicted, {accuracy, ece});
  const group_report by_label = evaluate_by(logits(d.z), d.labels, d.labels, {accuracy});
  REQUIRE(by_prediction.groups.size() == 3);
  REQUIRE(by_label.groups.size() == 3);
  for (int k = 0; k < 3; ++k) {
    real rows_predicted = 0, rows_labelled = 0, right = 0;
    for (std::size_t i = 0; i < 400; ++i) {
      rows_predicted += predicted[i] == k ? 1 : 0;
      rows_labelled += d.labels[i] == k ? 1 : 0;
      right += predicted[i] == k && d.labels[i] == k ? 1 : 0;
    }
    const auto g = static_cast<std::size_t>(k);
    CHECK(by_prediction.groups[g].group == k);
    CHECK(near(by_prediction.groups[g].values["accuracy"], right / rows_predicted, 2 * epsilon));
    CHECK(near(by_label.groups[g].values["accuracy"], right / rows_labelled, 2 * epsilon));
  }
}

namespace {

/// A metric of one's own, with an option.
struct share_above {
  static constexpr metric_info info{.name = "share_above"};
  double least = 0.5;
  double of(const sample& s) const {
    double above = 0;
    for (std::size_t i = 0; i < s.size(); ++i) above += s.confidence(i) > least ? s.weight(i) : 0;
    return above / s.total_weight();
  }
};

}  // namespace

TEST_CASE("a metric of one's own is measured in each group", "[evaluate_by]") {
  const drawn<double> d(200, 3, 3);
  std::vector<long> groups;
  for (std::size_t i = 0; i < 200; ++i) groups.push_back(i < 50 ? 5 : -5);
  const group_report got =
      evaluate_by(logits(d.z), d.labels, groups, {share_above{0.8}, mean_confidence});
  REQUIRE(got.groups.size() == 2);
  CHECK(got.groups[0].group == -5);
  for (const group_row& row : got) {
    real above = 0, count = 0, confidence = 0;
    for (std::size_t i = 0; i < 200; ++i) {
      if (groups[i] != row.group) continue;
      real sum = 0;
      for (const double z : d.z[i]) sum += std::exp(static_cast<real>(z));
      const real c =
          std::exp(static_cast<real>(*std::max_element(d.z[i].begin(), d.z[i].end()))) / sum;
      above += c > 0.8L ? 1 : 0;
      confidence += c;
      ++count;
    }
    CHECK(row.values.metrics.size() == 2);
    CHECK(near(row.values["share_above"], above / count, 2 * epsilon));
    CHECK(near(row.values[mean_confidence.name()], confidence / count, 200 * epsilon));
  }
}

TEST_CASE("groups of no rows that count", "[evaluate_by]") {
  drawn<double> d(60, 3, 8);
  std::vector<int> groups;
  std::vector<unsigned char> valid(60, 1);
  for (std::size_t i = 0; i < 60; ++i) {
    groups.push_back(static_cast<int>(i % 5));
    if (groups[i] == 0) valid[i] = 0;              // the mask: no group
    if (groups[i] == 1) d.labels[i] = 2;           // left out by label
    if (groups[i] == 2) d.weights[i] = 0;          // without weight
    if (groups[i] == 3) d.z[i][0] = not_a_number;  // counted as skipped
    if (groups[i] == 4) {
      d.labels[i] = static_cast<int>(i % 2);
      d.weights[i] += 0.5;
    }
  }
  const options o{
      .weights = d.weights, .ignore_label = 2, .valid = valid, .nan = nan_policy::count};
  const group_report got = evaluate_by(logits(d.z), d.labels, groups, all_metrics(), o);
  REQUIRE(got.groups.size() == 4);
  for (std::size_t g = 0; g < 4; ++g) {
    const group_row& row = got.groups[g];
    CHECK(row.group == static_cast<std::int64_t>(g + 1));
    CHECK(std::isnan(row.kuiper) == (g < 3));
    CHECK(std::isnan(row.p) == (g < 3));
    CHECK(std::isnan(row.p_adjusted) == (g < 3));
    CHECK(std::isnan(row.values["ece"]) == (g < 3));
  }
  CHECK(got.groups[0].values.samples == 0);
  CHECK(got.groups[2].values.skipped > 0);
  CHECK(got.worst == 3);
  CHECK(got.groups[3].p_adjusted == got.groups[3].p);  // the only one that counts

  std::vector<unsigned char> none(60, 0);
  const group_report empty =
      evaluate_by(logits(d.z), d.labels, groups, {ece}, {.valid = none, .nan = nan_policy::count});
  CHECK(empty.groups.empty());
  CHECK(empty.worst == 0);
  CHECK(empty.all.samples == 0);
  CHECK(std::isnan(empty.multicalibration_error));
  CHECK(std::isnan(empty.detectable_error));
  const group_report ignored = evaluate_by(logits(d.z), std::vector<int>(60, 2), groups, {ece},
                                           {.ignore_label = 2, .nan = nan_policy::count});
  CHECK(ignored.groups.size() == 5);
  CHECK(ignored.worst == 5);
  CHECK(std::isnan(ignored.multicalibration_error));
}

TEST_CASE("the worst of several groups alike is the first", "[evaluate_by]") {
  const drawn<double> half(40, 3, 2);
  drawn<double> d = half;
  std::vector<int> groups(40, 6);
  for (const int g : {3, 9}) {
    d.z.insert(d.z.end(), half.z.begin(), half.z.end());
    d.labels.insert(d.labels.end(), half.labels.begin(), half.labels.end());
    groups.insert(groups.end(), 40, g);
  }
  const group_report got = evaluate_by(logits(d.z), d.labels, groups, {ece});
  REQUIRE(got.groups.size() == 3);
  CHECK(got.groups[0].kuiper == got.groups[2].kuiper);
  CHECK(got.worst == 0);
  for (const group_row& row : got)
    CHECK(near(row.p_adjusted, std::min(1.0, 3 * row.p), 4 * epsilon));
}

TEST_CASE("a miscalibrated group is found among others", "[evaluate_by]") {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform;
  std::vector<double> p;
  std::vector<int> y, groups;
  for (int i = 0; i < 4000; ++i) {
    const double c = uniform(random);
    p.push_back(c);
    groups.push_back(i % 4);
    y.push_back(uniform(random) < (i % 4 == 2 ? c * c : c) ? 1 : 0);
  }
  const group_report got = evaluate_by(binary_probabilities(p), y, groups, {ece});
  CHECK(got.groups[got.worst].group == 2);
  CHECK(got.multicalibration_error > got.detectable_error);
  CHECK(got.groups[got.worst].p_adjusted < 1e-6);
  for (const group_row& row : got)
    if (row.group != 2) CHECK(row.p_adjusted > 0.001);
}

TEST_CASE("certain and wrong is a group without end", "[evaluate_by]") {
  const std::vector<double> p = {1, 1, 0.5, 0.5};
  const std::vector<int> y = {0, 1, 1, 0}, groups = {1, 1, 2, 2};
  const group_report got = evaluate_by(binary_probabilities(p), y, groups, {ece});
  CHECK(got.groups[0].kuiper == infinity);
  CHECK(got.groups[0].p == 0);
  CHECK(got.worst == 0);
  CHECK(got.multicalibration_error == infinity);
  // Certain and right: nothing is wrong, and nothing varies.
  const group_report right = evaluate_by(binary_probabilities(std::vector<double>{1, 0}),
                                         std::vector<int>{1, 0}, std::vector<int>{1, 2}, {ece});
  CHECK(right.multicalibration_error == 0);
  CHECK(right.detectable_error == 0);
}

TEST_CASE("certain and wrong all over is not without a number", "[evaluate_by]") {
  const std::vector<double> p = {1, 1, 1, 1};
  const group_report got = evaluate_by(binary_probabilities(p), std::vector<int>{0, 1, 1, 0},
                                       std::vector<int>{1, 1, 2, 2}, {ece});
  CHECK(got.groups[0].kuiper == infinity);
  CHECK(!std::isnan(got.multicalibration_error));
}

TEST_CASE("threads do not change the groups", "[evaluate_by]") {
  const drawn<float> d(2000, 4, 11);
  std::vector<int> groups;
  for (std::size_t i = 0; i < 2000; ++i) groups.push_back(static_cast<int>(i % 7));
  const options o{.weights = d.weights, .proximity = d.proximity};
  options several = o;
  several.threads = {3};
  const group_report one = evaluate_by(logits(d.z), d.labels, groups, all_metrics(), o);
  const group_report three = evaluate_by(logits(d.z), d.labels, groups, all_metrics(), several);
  REQUIRE(three.groups.size() == one.groups.size());
  for (std::size_t g = 0; g < one.groups.size(); ++g) {
    check_evaluation(three.groups[g].values, one.groups[g].values, 1e-12);
    CHECK(near(three.groups[g].kuiper, one.groups[g].kuiper, 1e-12));
    CHECK(near(three.groups[g].p_adjusted, one.groups[g].p_adjusted, 1e-12));
  }
  CHECK(three.worst == one.worst);
  CHECK(near(three.multicalibration_error, one.multicalibration_error, 1e-12));
}

TEST_CASE("evaluate_by(): errors", "[evaluate_by]") {
  drawn<double> d(6, 3, 1);
  const std::vector<int> groups = {0, 0, 1, 1, 2, 2}, five(5, 0);
  CHECK_THROWS_AS(evaluate_by(logits(d.z), d.labels, five), shape_error);
  CHECK_THROWS_WITH(evaluate_by(logits(d.z), d.labels, five),
                    "evaluate_by(): expected 6 groups to match 6 labels, got 5");
  CHECK_THROWS_AS(evaluate_by(logits(d.z), five, five), shape_error);
  const std::vector<unsigned char> mask(7, 1);
  CHECK_THROWS_AS(evaluate_by(logits(d.z), d.labels, groups, {ece}, {.valid = mask}), shape_error);
  CHECK_THROWS_WITH(evaluate_by(logits(d.z), d.labels, groups, {ece}, {.valid = mask}),
                    Catch::StartsWith("evaluate_by(): expected 6 mask entries"));
  CHECK_THROWS_AS(evaluate_by(logits(d.z), d.labels, groups, {ece}, {.bins = 0}), option_error);
  CHECK_THROWS_AS(evaluate_by(logits(d.z), std::vector<int>(6, 3), groups), value_error);
  d.z[4][0] = not_a_number;
  CHECK_THROWS_AS(evaluate_by(logits(d.z), d.labels, groups), value_error);
  CHECK_THROWS_WITH(evaluate_by(logits(d.z), d.labels, groups), Catch::Contains("row 4"));
}

namespace {

group_report made_report(const std::vector<double>& kuiper) {
  group_report r;
  double largest = -1;
  for (std::size_t g = 0; g < kuiper.size(); ++g) {
    group_row row;
    row.group = static_cast<std::int64_t>(g);
    row.kuiper = kuiper[g];
    if (kuiper[g] > largest) {
      largest = kuiper[g];
      r.worst = g;
    }
    r.groups.push_back(row);
  }
  return r;
}
/// The groups of the lines, in their order.
std::vector<int> groups_of(const std::string& text) {
  std::vector<int> groups;
  for (std::size_t at = text.find('\n') + 1; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    CHECK(line.size() <= 80);
    if (line.find_first_not_of(' ') == std::string::npos || line[0] != ' ') break;
    groups.push_back(std::stoi(line));
    at = end + 1;
  }
  return groups;
}

}  // namespace

TEST_CASE("a report of groups shows those that are furthest out", "[evaluate_by]") {
  const group_report r = made_report({1, 4, 2, 5, 3});
  CHECK(groups_of(to_text(r)) == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(groups_of(to_text(r, 5)) == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(groups_of(to_text(r, 2)) == std::vector<int>{3, 1});
  CHECK_THAT(to_text(r, 2), Catch::Contains("... 3 more groups\n"));
  CHECK_THAT(to_text(r), Catch::Contains("worst group 3;"));
  CHECK_THAT(to_text(r), !Catch::Contains("more groups"));
}

TEST_CASE("a report of groups shows their names", "[evaluate_by]") {
  group_report r = made_report({1, 4, 2});
  const std::string numbers = to_text(r);
  r.groups[1].name = "caf\xc3\xa9";
  std::string expected = numbers;
  const std::size_t line = expected.find("         1 ");
  REQUIRE(line != std::string::npos);
  expected.replace(line, 10, "      caf\xc3\xa9");
  const std::size_t worst = expected.find("worst group 1;");
  REQUIRE(worst != std::string::npos);
  expected.replace(worst, 14, "worst group caf\xc3\xa9;");
  CHECK(to_text(r) == expected);
  r.groups[1].name = "great white shark";
  CHECK_THAT(to_text(r), Catch::StartsWith("            group    samples") &&
                             Catch::Contains("\ngreat white shark ") &&
                             Catch::Contains("\n                0 "));
  CHECK(r.groups[1].shown() == "great white shark");
  CHECK(r.groups[0].shown() == "0");
}

TEST_CASE("groups without samples do not hide others from a report", "[evaluate_by]") {
  const group_report r = made_report({1, not_a_number, 5, not_a_number, 3});
  CHECK(groups_of(to_text(r, 2)) == std::vector<int>{2, 4});
  CHECK(groups_of(to_text(r, 3)) == std::vector<int>{2, 4, 0});
}
