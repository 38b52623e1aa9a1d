// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The calls of docs/coming-from-python.md: each compiles and gives a number.
#include <catch2/catch.hpp>

#include <calibra/calibra.hpp>
#include <calibra/recalibration.hpp>

#include <cmath>
#include <random>
#include <span>
#include <vector>

namespace {

// clang-format off
//[ names
namespace like = calibra::conventions;
using calibra::bin_scheme;

std::vector<std::vector<float>> z;   // logits, samples x classes
std::vector<std::vector<double>> p;  // probabilities, samples x classes
std::vector<int> y;                  // labels, one a sample
std::vector<double> q;               // binary: P(y = 1), one a sample
std::vector<int> b;                  // binary: 0 or 1, one a sample
std::vector<double> c;               // confidences
std::vector<int> hit;                // 1 where the prediction was right
std::vector<double> w;               // weights, one a sample
//]
// clang-format on

void make_data() {
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int> label(0, 3);
  for (int i = 0; i < 400; ++i) {
    y.push_back(label(random));
    std::vector<float> row(4);
    for (float& x : row) x = 2 * normal(random);
    row[static_cast<std::size_t>(y.back())] += 2;
    z.push_back(row);
    std::vector<double> e;
    double sum = 0;
    for (const float x : row) sum += e.emplace_back(std::exp(static_cast<double>(x)));
    for (double& x : e) x /= sum;
    p.push_back(e);
    q.push_back(e[0]);
    b.push_back(y.back() == 0 ? 1 : 0);
    const auto most = std::max_element(e.begin(), e.end());
    c.push_back(*most);
    hit.push_back(most - e.begin() == y.back() ? 1 : 0);
    w.push_back(1 + static_cast<double>(i % 3));
  }
}

}  // namespace

TEST_CASE("the calls of the page for Python users give numbers") {
  make_data();
  calibra::reliability_table table(calibra::binning::equal_width(15));
  table += calibra::tabulate(calibra::probabilities(p), y);
  const auto pairs = calibra::collect(calibra::probabilities(p), y);
  std::vector<double> nearness(y.size());
  for (std::size_t i = 0; i < nearness.size(); ++i) nearness[i] = p[i][1];
  const std::span<const double> proximity = nearness;
  const calibra::temperature_scaling fitted =
      calibra::fit<calibra::temperature_scaling>(calibra::probabilities(p), y);
  CHECK(fitted.report().converged);
  CHECK(calibra::fit<calibra::temperature_scaling>(calibra::logits(z), y).temperature() ==
        Approx(fitted.temperature()).margin(1e-6));
  CHECK(fitted.transform(calibra::probabilities(p)).rows() == p.size());
  CHECK(fitted.inverse_temperature() * fitted.temperature() == Approx(1));
  CHECK(calibra::collect(calibra::logits(z), y).size() == y.size());
  CHECK(calibra::ece_per_class(calibra::probabilities(p), y).size() == 4);
  CHECK(calibra::tabulate(calibra::binary_probabilities(q), b, {.bins = 5}).size() == 5);
  CHECK(calibra::tabulate(calibra::binary_probabilities(q), b,
                          {.bins = 5, .scheme = bin_scheme::equal_mass})
            .size() == 5);
  CHECK(calibra::tabulate(calibra::confidences(c, hit)).count() == c.size());
  CHECK(calibra::smooth_ece.details(pairs).bandwidth > 0);

  const std::vector<double> numbers = {
      calibra::ece(calibra::probabilities(p), y),
      calibra::ece(calibra::probabilities(p), y, {.bins = 20}),
      calibra::ece(calibra::probabilities(p), y, {.ignore_label = 255}),
      calibra::ece(calibra::probabilities(p), y, {.bins = 10}),
      calibra::ece(calibra::probabilities(p), y, {.scheme = bin_scheme::equal_mass}),
      calibra::ece(calibra::probabilities(p), y, {.weights = w}),
      calibra::ece(calibra::logits(z), y),
      calibra::ece(calibra::binary_probabilities(q), b),
      calibra::ece(calibra::confidences(c, hit), {.bins = 10}),
      calibra::ece(table),
      calibra::rmsce(calibra::probabilities(p), y),
      calibra::mce(calibra::probabilities(p), y),
      calibra::mean_gap(calibra::probabilities(p), y),
      calibra::weighted_mce(calibra::confidences(c, hit), {.bins = 10}),
      calibra::ace(calibra::probabilities(p), y),
      calibra::ace(calibra::confidences(c, hit), {.bins = 10}),
      calibra::accuracy(calibra::probabilities(p), y),
      calibra::classwise_ece(calibra::probabilities(p), y),
      calibra::debiased_l2(calibra::probabilities(p), y, {.scheme = bin_scheme::equal_mass}),
      calibra::brier_top(calibra::probabilities(p), y),
      calibra::brier_top(calibra::binary_probabilities(q), b),
      calibra::brier(calibra::probabilities(p), y),
      calibra::brier(calibra::logits(z), y),
      calibra::nll(calibra::probabilities(p), y),
      calibra::nll(calibra::logits(z), y),
      calibra::mmce(calibra::collect(calibra::probabilities(p), y)),
      calibra::smooth_ece(calibra::collect(calibra::confidences(c, hit))),
      calibra::smooth_ece(calibra::collect(calibra::logits(z), y)),
      calibra::smooth_ece.with({.bandwidth = 0.05})(pairs),
      calibra::smooth_ece.with({.kernel = calibra::smooth_kernel::logit})(pairs),
      calibra::piece(calibra::probabilities(p), y, {.bins = 10, .proximity = proximity}),
      calibra::evaluate(calibra::probabilities(p), y, {.like = like::torchmetrics})["ece"],
      calibra::evaluate(calibra::probabilities(p), y, {.like = like::netcal})["ece"],
      calibra::evaluate(calibra::probabilities(p), y,
                        {.scheme = bin_scheme::equal_mass, .like = like::netcal})["ece"],
      calibra::evaluate(
          calibra::probabilities(p), y,
          {.scheme = bin_scheme::equal_mass, .like = like::verified})["classwise_debiased_l2"],
      calibra::evaluate(calibra::binary_probabilities(q), b,
                        {.bins = 10, .like = like::relplot})["ece"],
      calibra::evaluate(calibra::logits(z), y, {.like = like::probmetrics})["ece"],
      calibra::evaluate(calibra::probabilities(p), y, {.like = like::torch_uncertainty})["ece"],
      calibra::evaluate(calibra::probabilities(p), y, {.like = like::sklearn})["nll"],
      calibra::evaluate(calibra::probabilities(p), y,
                        {.bins = 10, .like = like::clip_calibration})["ece"],
      calibra::evaluate(calibra::logits(z), y, {.like = like::guo2017})["ece"],
  };
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    INFO("number " << i);
    CHECK(numbers[i] > 0);
    CHECK(std::isfinite(numbers[i]));
  }
  // Where the page says that nothing differs from verified_calibration.
  CHECK(calibra::ece(calibra::probabilities(p), y) ==
        Approx(calibra::evaluate(calibra::probabilities(p), y, {.like = like::verified})["ece"])
            .margin(1e-12));
  CHECK(calibra::ace(calibra::probabilities(p), y) ==
        Approx(calibra::evaluate(calibra::probabilities(p), y, {.like = like::verified})["ace"])
            .margin(1e-12));
}

TEST_CASE("a temperature that was fitted on logits takes logits") {
  make_data();
  const auto fitted = calibra::fit<calibra::temperature_scaling>(calibra::logits(z), y);
  CHECK(fitted.transform_logits(calibra::logits(z)).rows() == z.size());
}

TEST_CASE("recalibrators of binary scores and of classes") {
  make_data();
  const auto check = [](const calibra::recalibrator& r) { CHECK(r.report().converged); };
  check(calibra::fit<calibra::affine>(calibra::binary_probabilities(q), b));
  check(calibra::fit<calibra::beta>(calibra::binary_probabilities(q), b));
  check(calibra::fit<calibra::isotonic>(calibra::binary_probabilities(q), b));
  check(calibra::fit<calibra::histogram_width>(calibra::binary_probabilities(q), b));
  check(calibra::fit<calibra::bbq>(calibra::binary_probabilities(q), b));
  check(calibra::fit<calibra::quadratic>(calibra::binary_probabilities(q), b));
  check(calibra::fit<calibra::svs>(calibra::logits(z), y));
  check(calibra::fit<calibra::one_against_rest<calibra::isotonic>>(calibra::logits(z), y));
  check(calibra::fit<calibra::one_against_rest<calibra::venn_abers>>(calibra::logits(z), y));
  check(calibra::fit<calibra::one_against_rest<calibra::spline>>(calibra::logits(z), y));
  check(calibra::fit<calibra::one_against_rest<calibra::scaling_binning>>(calibra::probabilities(p),
                                                                          y));
}
