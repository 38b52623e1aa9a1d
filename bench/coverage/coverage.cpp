// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// How often 95 % limits cover, and how often tests reject, on made-up problems of which the truth
// is known: the tables of docs/intervals.md and docs/tests.md.
//
//     bench_coverage [problems] [replicates] [coverage|tests|quick] [model|samples...]
//
// quick: the tests that draw nothing. A model is the beginning of its name in the table, samples is
// a number; default: all of them.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/calibra.hpp"
#include "calibra/compare/compare.hpp"
#include "calibra/hypothesis/test_calibration.hpp"
#include "calibra/interval/intervals.hpp"

namespace {

constexpr std::size_t classes = 4;

/// A model whose logits are `heat` times those that labels are drawn by.
struct world {
  std::string_view name;
  double heat;              ///< 1: calibrated
  bool tied = false;        ///< logits are whole numbers
  bool weighted = false;    ///< weights 0.5, 1, 2, at random
  std::size_t cluster = 1;  ///< rows that share their scores and their label
};

struct problem {
  calibra::matrix<double> logits, other;
  std::vector<int> labels;
  std::vector<double> weights;
  std::vector<std::int64_t> clusters;
};

std::array<double, classes> softmax(const double* z, double by) {
  std::array<double, classes> p{};
  double sum = 0;
  for (std::size_t k = 0; k < classes; ++k) sum += p[k] = std::exp(z[k] * by);
  for (double& x : p) x /= sum;
  return p;
}

problem draw(const world& w, std::size_t n, std::mt19937_64& generator) {
  std::normal_distribution<double> normal(0, 1.5);
  std::uniform_real_distribution<double> uniform;
  problem x{calibra::matrix<double>(n, classes), calibra::matrix<double>(n, classes), {}, {}, {}};
  for (std::size_t i = 0; i < n; ++i) {
    double* z = x.logits.data() + i * classes;
    double* other = x.other.data() + i * classes;
    if (i % w.cluster != 0) {
      std::copy_n(z - classes, classes, z);
      std::copy_n(other - classes, classes, other);
      x.labels.push_back(x.labels.back());
    } else {
      std::array<double, classes> truth{};
      for (double& t : truth) {
        t = normal(generator);
        if (w.tied) t = std::round(t);
      }
      const auto p = softmax(truth.data(), 1);
      double left = uniform(generator);
      std::size_t label = 0;
      while (label + 1 < classes && (left -= p[label]) >= 0) ++label;
      x.labels.push_back(static_cast<int>(label));
      for (std::size_t k = 0; k < classes; ++k) {
        z[k] = w.heat * truth[k];
        other[k] = 1.1 * w.heat * truth[k] + 0.2 * normal(generator);
      }
    }
    constexpr std::array<double, 3> some = {0.5, 1, 2};
    x.weights.push_back(w.weighted ? some[generator() % 3] : 1);
    x.clusters.push_back(static_cast<std::int64_t>(i / w.cluster));
  }
  return x;
}

const calibra::metric_list measured = {calibra::accuracy,
                                       calibra::nll,
                                       calibra::brier,
                                       calibra::ece,
                                       calibra::ks_error,
                                       calibra::debiased_l2,
                                       calibra::classwise_debiased_l2};
const calibra::metric_list compared = {calibra::accuracy, calibra::nll, calibra::brier,
                                       calibra::ece};

calibra::options options_of(const world& w, const problem& x) {
  calibra::options o;
  if (w.weighted) o.weights = x.weights;
  if (w.cluster > 1) o.cluster = x.clusters;
  return o;
}

/// What so many samples measure: the truth, near enough.
std::map<std::string, double> truth_of(const world& w) {
  std::mt19937_64 generator(987);
  const problem x = draw({w.name, w.heat, w.tied, w.weighted, 1}, 4000000, generator);
  const calibra::evaluation a = calibra::evaluate(calibra::logits(x.logits), x.labels, measured);
  const calibra::evaluation b = calibra::evaluate(calibra::logits(x.other), x.labels, measured);
  std::map<std::string, double> truth;
  for (const calibra::metric_value& m : a) truth[m.name] = m.value;
  if (w.heat == 1)
    for (const char* error : {"ece", "ks_error", "debiased_l2", "classwise_debiased_l2"})
      truth[error] = 0;
  for (const calibra::any_metric& m : compared) {
    const std::string name(m.name());
    truth["difference of " + name] = a[name] - b[name];
  }
  return truth;
}

void coverage(const std::vector<world>& worlds, const std::vector<std::size_t>& sizes,
              std::size_t problems, std::size_t replicates) {
  std::printf("| samples | model |");
  std::vector<std::string> columns;
  for (const calibra::any_metric& m : measured) columns.emplace_back(m.name());
  for (const calibra::any_metric& m : compared)
    columns.push_back("difference of " + std::string(m.name()));
  for (const std::string& c : columns) std::printf(" %s |", c.c_str());
  std::printf("\n|---:|---|");
  for (std::size_t c = 0; c < columns.size(); ++c) std::printf("---:|");
  std::printf("\n");
  for (const world& w : worlds) {
    const std::map<std::string, double> truth = truth_of(w);
    for (const std::size_t n : sizes) {
      std::map<std::string, std::size_t> covered;
      std::set<std::string> limited;  // those that have limits
      std::mt19937_64 generator(n);
      for (std::size_t i = 0; i < problems; ++i) {
        const problem x = draw(w, n, generator);
        const calibra::options o = options_of(w, x);
        calibra::options two = o;
        two.threads = {2};
        const calibra::interval_options how = {.replicates = replicates, .seed = i};
        const auto z = calibra::logits(x.logits);
        for (const auto& r : calibra::intervals(z, x.labels, measured, two, how)) {
          if (!std::isnan(r.lower)) limited.insert(r.name);
          covered[r.name] += truth.at(r.name) >= r.lower && truth.at(r.name) <= r.upper ? 1U : 0U;
        }
        const auto c = calibra::compare(z, calibra::logits(x.other), x.labels, compared, two, how);
        for (const auto& d : c) {
          if (!std::isnan(d.lower)) limited.insert("difference of " + d.name);
          const double t = truth.at("difference of " + d.name);
          covered["difference of " + d.name] += t >= d.lower && t <= d.upper ? 1U : 0U;
        }
      }
      std::printf("| %zu | %s |", n, std::string(w.name).c_str());
      for (const std::string& c : columns)
        if (limited.contains(c))
          std::printf(" %.1f |",
                      100.0 * static_cast<double>(covered[c]) / static_cast<double>(problems));
        else
          std::printf(" – |");
      std::printf("\n");
      std::fflush(stdout);
    }
  }
}

void rejections(const std::vector<world>& worlds, std::size_t problems, bool quick) {
  std::printf("\n| samples | model | share of p <= |");
  const auto tests = calibra::calibration_tests();
  for (const calibra::test_info& t : tests) std::printf(" %s |", std::string(t.name).c_str());
  std::printf("\n|---:|---|---:|");
  for (std::size_t t = 0; t < tests.size(); ++t) std::printf("---:|");
  std::printf("\n");
  for (const world& w : worlds) {
    for (const std::size_t n : {std::size_t{300}, std::size_t{1000}}) {
      std::map<std::string, std::array<std::size_t, 2>> rejected;
      std::mt19937_64 generator(n);
      for (std::size_t i = 0; i < problems; ++i) {
        const problem x = draw(w, n, generator);
        const auto z = calibra::logits(x.logits);
        calibra::sample pairs = calibra::collect(z, x.labels);
        pairs.sort();
        std::vector<calibra::test_result> results = {
            calibra::kuiper_test(pairs),        calibra::ks_test(pairs),
            calibra::spiegelhalter_test(pairs), calibra::hosmer_lemeshow_test(pairs),
            calibra::logistic_test(pairs),      calibra::e_value_test(pairs)};
        if (!quick) {
          results.push_back(calibra::t_cal_test.with({.draws = 199, .seed = i})(pairs));
          results.push_back(calibra::skce_test.with({.draws = 199, .seed = i})(z, x.labels));
        }
        for (const calibra::test_result& r : results) {
          rejected[r.name][0] += r.p <= 0.05 ? 1U : 0U;
          rejected[r.name][1] += r.p <= 0.01 ? 1U : 0U;
        }
      }
      for (const std::size_t level : {0U, 1U}) {
        std::printf("| %zu | %s | %s |", n, std::string(w.name).c_str(),
                    level == 0 ? "5 %" : "1 %");
        for (const calibra::test_info& t : tests)
          std::printf(" %.1f |", 100.0 * static_cast<double>(rejected[std::string(t.name)][level]) /
                                     static_cast<double>(problems));
        std::printf("\n");
      }
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, std::size_t otherwise) {
    return argc > i ? static_cast<std::size_t>(std::strtoull(argv[i], nullptr, 10)) : otherwise;
  };
  const std::size_t problems = argument(1, 2000), replicates = argument(2, 400);
  const std::string_view part = argc > 3 ? argv[3] : "";
  std::vector<std::string_view> names;
  std::vector<std::size_t> sizes;
  for (int i = 4; i < argc; ++i) {
    if (const std::size_t n = argument(i, 0); n > 0)
      sizes.push_back(n);
    else
      names.emplace_back(argv[i]);
  }
  if (sizes.empty()) sizes = {300, 1000, 10000};
  const auto asked = [&](std::vector<world> worlds) {
    std::erase_if(worlds, [&](const world& w) {
      return !names.empty() && std::none_of(names.begin(), names.end(), [&](std::string_view n) {
        return w.name.starts_with(n);
      });
    });
    return worlds;
  };
  if (part.empty() || part == "coverage")
    coverage(asked({{"calibrated", 1},
                    {"overconfident, heat 1.2", 1.2},
                    {"overconfident, heat 2", 2},
                    {"tied, heat 1.2", 1.2, true},
                    {"weights, heat 1.2", 1.2, false, true},
                    {"clusters of 3, heat 1.2", 1.2, false, false, 3}}),
             sizes, problems, replicates);
  if (part != "coverage")
    rejections(asked({{"calibrated", 1},
                      {"tied, calibrated", 1, true},
                      {"overconfident, heat 1.2", 1.2},
                      {"underconfident, heat 0.85", 0.85},
                      {"overconfident, heat 1.5", 1.5}}),
               problems, part == "quick");
}
