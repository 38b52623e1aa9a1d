// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/conventions/convention.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "calibra/detail/peer_forms.hpp"
#include "calibra/metrics/classwise_ace.hpp"
#include "calibra/metrics/classwise_ece.hpp"
#include "calibra/metrics/debiased_l2.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/metrics/mce.hpp"
#include "calibra/metrics/mean_gap.hpp"
#include "calibra/metrics/rmsce.hpp"
#include "calibra/table/tabulate.hpp"
#include "naive.hpp"

using namespace calibra;

namespace {

// Sixteen samples, four classes: confidences on the edges of ten bins, whose bits decide, and two
// of exactly 1. The expected numbers were printed by the peers' own code.
constexpr std::size_t n = 16;
constexpr double confidence[n] = {.30, .30, .35, .45, .55, .60, .60, .65,
                                  .70, .70, .80, .85, .90, .95, 1,   1};
constexpr int correct[n] = {0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0};

/// The samples as a convention sees them.
template<class C>
sample<C> samples(const convention& like) {
  sample<C> s;
  for (std::size_t i = 0; i < n; ++i)
    s.push_back(
        like.clipped(static_cast<double>(static_cast<C>(confidence[i])), std::is_same_v<C, float>),
        correct[i] != 0);
  return s;
}

template<class C = double>
reliability_table widths(const convention& like) {
  return tabulate(samples<C>(like), like.fixed_bins(10, std::is_same_v<C, float>));
}
double mass_ece(const convention& like, std::size_t bins) {
  const one_rule one = like.one == one_rule::own_bin ? one_rule::own_bin : one_rule::last_bin;
  return ece(equal_mass_table(samples<double>(like), bins, like.mass, like.side, one));
}

struct matrix_of_fixture {
  std::vector<std::vector<double>> p;
  std::vector<int> labels;
  matrix_of_fixture() {
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t predicted = i % 4;
      std::vector<double> row(4, (1 - confidence[i]) / 3);
      row[predicted] = confidence[i];
      p.push_back(row);
      labels.push_back(static_cast<int>(correct[i] != 0 ? predicted : (predicted + 1) % 4));
    }
  }
};

/// Agrees to the 1e-12 that is promised for calculations in double.
Catch::Detail::Approx is(double x) {
  return Approx(x).margin(1e-12).epsilon(0);
}
/// For peers that end in float: to the digits they print.
Catch::Detail::Approx about(double x) {
  return Approx(x).margin(2e-7).epsilon(0);
}

}  // namespace

TEST_CASE("the presets give their namesakes' numbers, equal widths", "[convention]") {
  using namespace conventions;
  CHECK(ece(widths(conventions::calibra)) == is(.25));

  CHECK(ece(widths(netcal)) == is(.225));
  CHECK(mean_gap(widths(netcal)) == is(.2720238095238095));
  CHECK(mce(widths(netcal)) == is(.55));

  CHECK(ece(widths(torchmetrics)) == is(.24375));
  CHECK(rmsce(widths(torchmetrics)) == is(.29747198747669223));
  CHECK(mce(widths(torchmetrics)) == is(.55));

  CHECK(ece(widths(verified)) == is(.25));
  CHECK(ece(widths(relplot)) == is(.24375));

  CHECK(ece(widths(robustness_metrics)) == is(.24375));
  CHECK(rmsce(widths(robustness_metrics)) == is(.29747198747669223));

  CHECK(ece(widths(nn_calibration)) == is(.25));
  CHECK(mce(widths(nn_calibration)) == is(.55));

  CHECK(ece(widths(guo2017)) == is(.26875));

  CHECK(ece(widths(focal)) == is(.25));
  CHECK(mce(widths(focal)) == is(.55));
  CHECK(mean_gap(widths(focal)) == is(.28229166666666666));
  CHECK(rmsce(widths(focal)) == is(.28672903875726763));

  CHECK(ece(widths(tfp)) == is(.2));
  CHECK(ece(widths(sklearn)) == is(.25));
}

TEST_CASE("the presets give their namesakes' numbers for float scores", "[convention]") {
  using namespace conventions;
  CHECK(ece(widths<float>(guo2017)) == about(.25));
  CHECK(ece(widths<float>(torchmetrics)) == about(.21875));
  CHECK(ece(widths<float>(tfp)) == about(.2));
  const auto t = calibra::detail::convention_tables(samples<float>(netcal), netcal,
                                                    bin_scheme::equal_width, 10, true);
  CHECK(t.ece() == about(.18828123838951188));
  CHECK(t.mean_gap() == about(.28402777));
}

TEST_CASE("the presets give their namesakes' numbers, equal mass", "[convention]") {
  using namespace conventions;
  CHECK(mass_ece(netcal, 10) == is(.21875));
  CHECK(mass_ece(netcal, 4) == is(.18125));
  CHECK(mass_ece(verified, 10) == is(.24375));
  CHECK(mass_ece(verified, 4) == is(.18125));
  CHECK(mass_ece(clip_calibration, 10) == is(.19375));
  CHECK(mass_ece(clip_calibration, 4) == is(.18125));
  CHECK(mass_ece(robustness_metrics, 4) == is(.2));
  CHECK(mass_ece(torch_uncertainty, 4) == is(.18125));
  CHECK(mass_ece(sklearn, 4) == is(.18125));
  CHECK(mass_ece(focal, 4) == about(.131249994));

  const auto four = equal_mass_table(samples<double>(verified), 4);
  CHECK(rmsce(four) == is(.19141741038891946));
  CHECK(debiased_l2(four) == 0);
  const auto ranks = equal_mass_table(samples<double>(torch_uncertainty), 4, mass_rule::rank);
  CHECK(mce(ranks) == about(.26250005));
}

TEST_CASE("a confidence of 1 that only weighs, and the weighted maximum", "[convention]") {
  const convention& like = conventions::clip_calibration;
  const auto t = calibra::detail::convention_tables(samples<double>(like), like,
                                                    bin_scheme::equal_width, 10, false);
  CHECK(t.ece() == is(.190625));
  CHECK(weighted_mce(t.counts) == is(.053125));
}

TEST_CASE("the presets give their namesakes' numbers, class by class", "[convention]") {
  const matrix_of_fixture f;
  const auto scores = probabilities(f.p);
  const convention& rm = conventions::robustness_metrics;
  const auto of = [&](const convention& like) {
    return calibra::detail::tabulate_classes("test()", scores, f.labels, {},
                                             like.fixed_bins(10, false));
  };
  CHECK(classwise_ece(of(rm)) == is(.20059523809523808));
  CHECK(pooled_ece(of(rm)) == is(.07931034482758617));
  CHECK(classwise_ece(of(conventions::guo2017)) == about(.20260417));

  options four;
  four.bins = 4;
  CHECK(calibra::detail::mean_over_class_masses(
            "test()", scores, f.labels, four, 0.0, false, rm.mass, rm.side, rm.one,
            [](const reliability_table& t) { return ece(t); }) == is(.13242063492063494));

  double squares = 0;
  calibra::detail::for_each_class_sample("test()", scores, f.labels, four, 0.0, true,
                                         [&](std::size_t, const auto& x) {
                                           const double d = debiased_l2(equal_mass_table(x, 4));
                                           squares += d * d;
                                         });
  CHECK(std::sqrt(squares / 4) == is(.08949567739923615));
}

TEST_CASE("the edge generators differ where published code does", "[convention]") {
  using calibra::detail::linspace_edges;
  using calibra::detail::torch_linspace_edges;
  // k * 0.1 against k / 10: three edges are an ulp above their decimal.
  const std::vector<double> divide = calibra::binning::equal_width(10).edges(),
                            numpy = linspace_edges(10);
  for (std::size_t k = 0; k <= 10; ++k) {
    const bool above = k == 3 || k == 6 || k == 7;
    CHECK(divide[k] == static_cast<double>(k) / 10);
    CHECK(numpy[k] == (above ? std::nextafter(divide[k], 2.0) : divide[k]));
  }
  // torch 1.13 on AVX2: ten bins in double are numpy's; twenty are not, at four edges.
  CHECK(torch_linspace_edges<double>(10) == numpy);
  std::vector<std::size_t> differing;
  const std::vector<double> torch20 = torch_linspace_edges<double>(20),
                            numpy20 = linspace_edges(20);
  for (std::size_t k = 0; k <= 20; ++k)
    if (torch20[k] != numpy20[k]) differing.push_back(k);
  CHECK(differing == std::vector<std::size_t>{12, 14, 17, 19});
  differing.clear();
  const std::vector<double> torch15 = torch_linspace_edges<float>(15);
  for (std::size_t k = 0; k <= 15; ++k)
    if (torch15[k] != static_cast<double>(static_cast<float>(static_cast<double>(k) / 15)))
      differing.push_back(k);
  CHECK(differing == std::vector<std::size_t>{3, 6, 7, 8, 9, 10, 12});
  for (std::size_t bins = 1; bins <= 100; ++bins) {
    for (const auto& e : {calibra::binning::equal_width(bins).edges(), linspace_edges(bins),
                          torch_linspace_edges<float>(bins), torch_linspace_edges<double>(bins)}) {
      REQUIRE(e.size() == bins + 1);
      CHECK(e.front() == 0);
      CHECK(e.back() == 1);
      CHECK(std::is_sorted(e.begin(), e.end()));
    }
    CHECK(calibra::detail::arange_uppers(bins).size() >= bins);
  }
}

TEST_CASE("presets by name", "[convention]") {
  for (const convention* c : conventions::all) {
    CHECK(&conventions::find(c->name) == c);
    CHECK_NOTHROW(c->fixed_bins(15, false));
    CHECK_NOTHROW(c->fixed_bins(15, true));
    CHECK_THROWS_MATCHES(c->fixed_bins(0, true), option_error,
                         Catch::Message("convention: expected at least 1 bin, got 0"));
  }
  CHECK(conventions::calibra.fixed_bins(15, false) == binning::equal_width(15));
  CHECK_THROWS_MATCHES(
      conventions::find("Guo"), option_error,
      Catch::Message("convention: expected one of calibra, guo2017, torchmetrics, netcal, "
                     "verified, relplot, probmetrics, torch_uncertainty, clip_calibration, "
                     "robustness_metrics, tfp, nn_calibration, sklearn, focal; got \"Guo\""));
}

TEST_CASE("on generic data the conventions of equal width agree", "[convention]") {
  // No confidence lies on an edge: then nothing of what the presets differ in matters.
  std::mt19937 generator(50);
  std::uniform_real_distribution<double> uniform(0.05, 0.95);
  sample<double> s;
  for (int i = 0; i < 5000; ++i) {
    const double c = uniform(generator);
    s.push_back(c, uniform(generator) < c * c);
  }
  const double expected = ece(tabulate(s, binning::equal_width(15)));
  for (const convention* c : conventions::all) {
    CAPTURE(c->name);
    CHECK(ece(tabulate(s, c->fixed_bins(15, false))) ==
          Approx(expected).margin(c->edges == edge_generator::torch_linspace_f32 ? 2e-8 : 1e-14));
  }
}
