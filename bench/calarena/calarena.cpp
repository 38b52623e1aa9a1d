// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// What does each recalibrator cost at the sizes of CalArena's sets? Fits on one half of a made-up
// dump, transforms the other, prints processor seconds of one thread (medians of three) and the
// NLL of the other half. With a folder it writes the dumps there as .npy, for probmetrics.py.
//
//   bench_calarena [--write FOLDER] [SET] [METHOD...]

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/calibra.hpp"
#include "calibra/io/npy.hpp"
#include "calibra/recalibration.hpp"

namespace {

struct data_set {
  std::string_view name;
  std::size_t rows;  // of each half
  std::size_t classes;
  std::vector<std::string_view> methods;
};

const std::vector<data_set> sets = {
    {"imagenet",
     25'000,
     1'000,
     {"temperature", "ets", "svs", "vector", "isotonic", "centred_isotonic"}},
    {"cv100",
     5'000,
     100,
     {"temperature", "ets", "svs", "vector", "sms", "matrix", "dirichlet", "irm", "isotonic",
      "centred_isotonic", "venn_abers", "beta", "histogram_mass"}},
    {"cv10",
     5'000,
     10,
     {"temperature", "classwise_temperature", "order_preserving", "ets", "svs", "vector", "sms",
      "matrix", "dirichlet", "irm", "isotonic", "centred_isotonic", "venn_abers", "beta",
      "quadratic", "affine", "histogram_mass"}},
    {"binary",
     5'000,
     1,
     {"temperature", "affine", "quadratic", "beta", "isotonic", "centred_isotonic", "venn_abers",
      "cross_venn_abers", "spline", "bbq", "scaling_binning", "histogram_width",
      "histogram_mass"}}};

struct halves {
  std::vector<float> logits;
  std::vector<std::int64_t> labels;
};

/// Logits of a network that is too sure: classes that are confused with each other, spreads and
/// offsets of their own, and an answer that is more or less clear.
halves make(const data_set& set) {
  std::mt19937_64 random(20);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  const std::size_t k = std::max<std::size_t>(2, set.classes), n = 2 * set.rows;
  constexpr std::size_t rank = 8;
  std::vector<double> kind(k * rank), spread(k), offset(k), mixed(rank);
  for (double& x : kind) x = normal(random);
  for (double& x : spread) x = 0.8 + 0.6 * uniform(random);
  for (double& x : offset) x = 0.5 * normal(random);
  halves out;
  for (std::size_t i = 0; i < n; ++i) {
    const auto label = static_cast<std::size_t>(random() % k);
    for (std::size_t r = 0; r < rank; ++r) mixed[r] = normal(random) + 0.6 * kind[label * rank + r];
    std::vector<double> z(k);
    for (std::size_t j = 0; j < k; ++j) {
      for (std::size_t r = 0; r < rank; ++r) z[j] += 0.35 * mixed[r] * kind[j * rank + r];
      z[j] += normal(random);
    }
    z[label] += std::log(static_cast<double>(k)) * (0.5 + uniform(random));
    for (std::size_t j = 0; j < k; ++j) z[j] = 1.7 * (spread[j] * z[j] + offset[j]);
    out.labels.push_back(static_cast<std::int64_t>(label));
    if (set.classes == 1)
      out.logits.push_back(static_cast<float>(z[1] - z[0]));
    else
      for (const double x : z) out.logits.push_back(static_cast<float>(x));
  }
  return out;
}

double seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
double megabytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

double median(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  return x[x.size() / 2];
}

/// Whether the rows are probabilities.
bool sum_to_one(const calibra::matrix<float>& p) {
  for (std::size_t i = 0; i < p.rows(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < p.cols(); ++j) sum += static_cast<double>(p(i, j));
    if (!(std::abs(sum - 1) <= 1e-4)) return false;
  }
  return true;
}
bool sum_to_one(const std::vector<float>& p) {
  return std::all_of(p.begin(), p.end(), [](float x) { return x >= 0 && x <= 1; });
}

template<class Fit, class Test, class Wrap>
bool run(const data_set& set, std::string_view method, const Fit& fit_scores,
         const Test& test_scores, const std::int64_t* labels, const Wrap& probabilities) {
  const calibra::vector_view<const std::int64_t> fitted(labels, set.rows);
  const calibra::vector_view<const std::int64_t> held(labels + set.rows, set.rows);
  std::vector<double> fit_time, map_time;
  double nll = 0;
  bool good = true;
  std::string note;
  const double before = megabytes();
  double peak = 0;
  for (int repetition = 0; repetition < 3; ++repetition) {
    const double start = seconds();
    const std::unique_ptr<const calibra::recalibrator> model =
        calibra::fit_by_name(method, fit_scores, fitted);
    const double middle = seconds();
    peak = megabytes() - before;
    const auto p = model->transform(test_scores);
    map_time.push_back(seconds() - middle);
    fit_time.push_back(middle - start);
    good = good && sum_to_one(p);
    nll = calibra::nll(probabilities(p), held);
    note = model->report().note;
  }
  std::printf("| %s | %s | %.4f | %.4f | %.0f | %.4f | %s |\n", std::string(set.name).c_str(),
              std::string(method).c_str(), median(fit_time), median(map_time), std::max(0.0, peak),
              nll, note.c_str());
  std::fflush(stdout);
  if (!good) std::fprintf(stderr, "%s: not probabilities\n", std::string(method).c_str());
  return good;
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> wanted(arguments + 1, arguments + count);
  std::string folder;
  if (wanted.size() >= 2 && wanted[0] == "--write") {
    folder = wanted[1];
    wanted.erase(wanted.begin(), wanted.begin() + 2);
  }
  const auto chosen = [&](std::string_view method) {
    return wanted.size() < 2 || std::find(wanted.begin() + 1, wanted.end(), method) != wanted.end();
  };
  std::puts("| set | method | fit s | transform s | fit MB more | held-out NLL | note |");
  std::puts("|---|---|---:|---:|---:|---:|---|");
  bool good = true;
  for (const data_set& set : sets) {
    if (!wanted.empty() && wanted[0] != set.name) continue;
    const halves data = make(set);
    if (!folder.empty()) {
      const std::string base = folder + "/" + std::string(set.name);
      calibra::io::save_npy(
          base + "_logits.npy",
          calibra::matrix_view<const float>(data.logits.data(), 2 * set.rows, set.classes));
      calibra::io::save_npy(base + "_labels.npy", calibra::vector_view<const std::int64_t>(
                                                      data.labels.data(), 2 * set.rows));
    }
    const std::size_t half = set.rows * set.classes;
    for (const std::string_view method : set.methods) {
      if (!chosen(method)) continue;
      const float* z = data.logits.data();
      if (set.classes == 1) {
        const calibra::vector_view<const float> first(z, half), second(z + half, half);
        good &=
            run(set, method, calibra::binary_logits(first), calibra::binary_logits(second),
                data.labels.data(), [](const auto& p) { return calibra::binary_probabilities(p); });
      } else {
        good &= run(set, method, calibra::logits(z, set.rows, set.classes),
                    calibra::logits(z + half, set.rows, set.classes), data.labels.data(),
                    [](const auto& p) { return calibra::probabilities(p); });
      }
    }
  }
  return good ? 0 : 1;
}
