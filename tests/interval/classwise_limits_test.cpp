// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Limits of classwise_debiased_l2: as written down by hand, and how often they cover.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/detail/counter_random.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/interval/interval_options.hpp"
#include "calibra/interval/interval_report.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/interval/metric_interval.hpp"
#include "calibra/metrics/class_reduction.hpp"

using namespace calibra;

namespace {

constexpr std::size_t bins = 15;

/// Rows of a model of which the truth is known.
struct made_up {
  matrix<double> logits;
  std::vector<int> labels;
};

/// `heat`: of all logits; `lift`: added to that of class 0.
made_up make_up(std::size_t rows, std::size_t classes, double heat, double lift,
                std::mt19937_64& random) {
  std::normal_distribution<double> normal(0, 1.5);
  std::uniform_real_distribution<double> uniform;
  made_up x{matrix<double>(rows, classes), {}};
  for (std::size_t i = 0; i < rows; ++i) {
    double* z = x.logits.data() + i * classes;
    double sum = 0;
    for (std::size_t k = 0; k < classes; ++k) {
      z[k] = normal(random);
      sum += std::exp(z[k]);
    }
    double left = uniform(random) * sum;
    std::size_t label = 0;
    while (label + 1 < classes && (left -= std::exp(z[label])) >= 0) ++label;
    x.labels.push_back(static_cast<int>(label));
    for (std::size_t k = 0; k < classes; ++k) z[k] *= heat;
    z[0] += lift;
  }
  return x;
}

/// Of one class: squared error without bias, what was taken off, and the two together; and the
/// variance that the gaps show.
struct square {
  double value = 0, off = 0, plain = 0, shown = 0;
  double growth() const { return plain > 0 ? shown / plain : 0; }
  double variance() const { return growth() * (std::max(0.0, value) + off / 2); }
};

/// Of each class, with the rows of which keep(row) is true.
template<class Keep>
std::vector<square> squares_of(const made_up& x, const Keep& keep) {
  const std::size_t classes = x.logits.cols();
  std::vector<square> out;
  for (std::size_t k = 0; k < classes; ++k) {
    std::map<int, std::vector<std::pair<double, double>>> cells;
    double rows = 0;
    for (std::size_t i = 0; i < x.labels.size(); ++i) {
      if (!keep(i)) continue;
      ++rows;
      double sum = 0;
      for (std::size_t j = 0; j < classes; ++j) sum += std::exp(x.logits(i, j));
      const double p = std::exp(x.logits(i, k)) / sum;
      cells[static_cast<int>(std::ceil(p * bins))].emplace_back(
          p, x.labels[i] == static_cast<int>(k) ? 1 : 0);
    }
    square s;
    for (const auto& [bin, pairs] : cells) {
      const auto n = static_cast<double>(pairs.size());
      if (n < 2) continue;
      double gap = 0, hits = 0;
      for (const auto& [p, hit] : pairs) {
        gap += (p - hit) / n;
        hits += hit / n;
      }
      const double noise = hits * (1 - hits) / (n - 1);
      s.value += n / rows * (gap * gap - noise);
      s.plain += n / rows * gap * gap;
      s.off += n / rows * noise;
      s.shown += 4 * (n / rows) * (n / rows) * gap * gap * noise;
    }
    out.push_back(s);
  }
  return out;
}

/// How many standard errors the value lies above t, less its skewness.
double z_of(const square& s, double t, double z) {
  const double at = std::max(0.0, s.value), c = s.growth();
  const double skew = (z * z - 1) / 6 * c * (s.off + 3 * at) / (s.off + 2 * at);
  return (s.value - skew - t) / std::sqrt(c * (t + s.off / 2));
}

}  // namespace

TEST_CASE("limits of classwise_debiased_l2 are those of its squares", "[classwise_limits]") {
  constexpr std::size_t rows = 600, classes = 3;
  constexpr double z = 1.959963984540054;
  // Student's t of 49 degrees of freedom, by its first terms.
  const double t =
      z + z * (z * z + 1) / (4 * 49) + z * (5 * std::pow(z, 4) + 16 * z * z + 3) / (96 * 49 * 49);
  std::mt19937_64 random(52);
  int alike = 0, apart = 0, from_zero = 0;
  for (const class_reduction reduction : {class_reduction::mean, class_reduction::root_of_mean})
    for (const auto& [heat, lift] : std::vector<std::pair<double, double>>{
             {1, 0}, {1.3, 0}, {1.3, 0.3}, {1.6, 0}, {2.5, 0}, {1, 1}, {1, 1.5}, {1, 2}}) {
      INFO("heat " << heat << ", lift " << lift);
      const made_up x = make_up(rows, classes, heat, lift, random);
      const metric_interval i =
          intervals(logits(x.logits), x.labels, {classwise_debiased_l2.with({reduction})}, {},
                    {.seed = 3})["classwise_debiased_l2"];

      const std::vector<square> all = squares_of(x, [](std::size_t) { return true; });
      double mean = 0, noise = 0, spread = 0, value = 0;
      for (const square& s : all) {
        mean += s.value / classes;
        noise += s.variance() / classes;
        const double root = std::sqrt(std::max(0.0, s.value));
        value += (reduction == class_reduction::mean ? root : root * root) / classes;
      }
      if (reduction == class_reduction::root_of_mean) value = std::sqrt(value);
      for (const square& s : all) spread += (s.value - mean) * (s.value - mean) / (classes - 1);
      std::vector<double> shares(classes, 1);
      if (mean > 0 && spread > noise && reduction == class_reduction::mean) {
        const double follow = 1 - std::sqrt(noise / spread);
        double sum = 0;
        for (std::size_t k = 0; k < classes; ++k) {
          shares[k] = std::sqrt(std::max(follow * std::sqrt(all[k].variance()),
                                         mean + follow * (all[k].value - mean)));
          sum += shares[k] / classes;
        }
        for (double& s : shares) s /= sum;
        ++apart;
      } else {
        ++alike;
      }

      // Fifty groups of rows, by their hashes in ascending order.
      const auto hash = [](std::size_t r) { return detail::mix(3 ^ detail::mix(r + 1)); };
      std::vector<std::uint64_t> order;
      for (std::size_t r = 0; r < rows; ++r) order.push_back(hash(r));
      std::sort(order.begin(), order.end());
      std::vector<std::size_t> group;
      for (std::size_t r = 0; r < rows; ++r)
        group.push_back(static_cast<std::size_t>(
                            std::lower_bound(order.begin(), order.end(), hash(r)) - order.begin()) %
                        50);
      std::vector<std::vector<square>> without;
      for (std::size_t g = 0; g < 50; ++g)
        without.push_back(squares_of(x, [&](std::size_t r) { return group[r] != g; }));
      const auto together = [&](const std::vector<double>& by) {
        square out;
        for (std::size_t k = 0; k < classes; ++k) {
          out.value += all[k].value / by[k] / classes;
          out.off += all[k].off / by[k] / classes;
          out.plain += all[k].plain / by[k] / classes;
        }
        std::vector<double> left;
        double middle = 0;
        for (const std::vector<square>& some : without) {
          left.push_back(0);
          for (std::size_t k = 0; k < classes; ++k) left.back() += some[k].value / by[k] / classes;
          middle += left.back() / 50;
        }
        for (const double v : left) out.shown += 49.0 / 50 * (v - middle) * (v - middle);
        return out;
      };
      const square equal = together(std::vector<double>(classes, 1)), shared = together(shares);

      CHECK(i.method == "jackknife");
      CHECK(i.value == Approx(value).epsilon(1e-9));
      CHECK(i.upper > i.value);
      CHECK((i.lower == 0) == !i.note.empty());
      const bool surely_above = z_of(equal, 0, t) > t;
      const square& used = surely_above ? shared : equal;
      CHECK(z_of(used, i.upper * i.upper, t) == Approx(-t).epsilon(1e-7));
      if (i.lower > 0) {
        CHECK(surely_above);
        CHECK(z_of(used, i.lower * i.lower, t) == Approx(t).epsilon(1e-7));
      } else {
        CHECK((!surely_above || z_of(shared, 0, t) < t));
        ++from_zero;
      }
    }
  CHECK(alike >= 8);
  CHECK(apart >= 4);
  CHECK(from_zero >= 2);
  CHECK(from_zero <= 8);
}

TEST_CASE("limits of classwise_debiased_l2 cover, of classes that are alike and not",
          "[classwise_limits]") {
  struct world {
    double heat, lift;
  };
  for (const auto& [heat, lift] : {world{1.5, 0}, world{1, 0.7}}) {
    std::mt19937_64 random(53);
    const made_up many = make_up(400000, 4, heat, lift, random);
    const double truth = classwise_debiased_l2(logits(many.logits), many.labels);
    constexpr int problems = 200;
    int below = 0, above = 0;
    for (int p = 0; p < problems; ++p) {
      const made_up x = make_up(300, 4, heat, lift, random);
      const metric_interval i = intervals(logits(x.logits), x.labels, {classwise_debiased_l2}, {},
                                          {.seed = 4})["classwise_debiased_l2"];
      below += truth < i.lower ? 1 : 0;
      above += truth > i.upper ? 1 : 0;
    }
    INFO("heat " << heat << ", lift " << lift << ": " << below << " below, " << above << " above");
    CHECK(below + above <= 19);  // 10 are 5 %, with a standard error of 3
    CHECK(below + above >= 1);
    CHECK(above <= 13);
    CHECK(below <= 13);
  }
}

TEST_CASE("classes without samples count as 0 in limits", "[classwise_limits]") {
  // Class 2 has no probability and no sample: as large an error as without it, times 2 / 3.
  std::mt19937_64 random(54);
  const made_up x = make_up(500, 2, 2.5, 0, random);
  matrix<double> two(500, 2), three(500, 3);
  for (std::size_t i = 0; i < 500; ++i) {
    const double p = 1 / (1 + std::exp(x.logits(i, 1) - x.logits(i, 0)));
    for (matrix<double>* m : {&two, &three}) {
      (*m)(i, 0) = p;
      (*m)(i, 1) = 1 - p;
    }
    three(i, 2) = 0;
  }
  const auto of = [&](const matrix<double>& p) {
    return intervals(probabilities(p), x.labels, {classwise_debiased_l2})["classwise_debiased_l2"];
  };
  const metric_interval a = of(two), b = of(three);
  CHECK(a.lower > 0);
  CHECK(b.value == Approx(a.value * 2 / 3));
  CHECK(std::isfinite(b.upper));
  CHECK(b.lower <= b.value);
  CHECK(b.upper >= b.value);
  CHECK(b.lower > a.lower / 3);
}
