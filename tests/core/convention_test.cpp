// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/evaluate/convention.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "calibra/conventions/all.hpp"
#include "calibra/evaluate.hpp"
#include "naive.hpp"

using namespace calibra;

namespace {

// Sixteen samples, four classes: confidences on the edges of ten bins, whose bits decide, and two
// of exactly 1. The expected numbers were printed by the peers' own code.
constexpr std::size_t n = 16;
constexpr double confidence[n] = {.30, .30, .35, .45, .55, .60, .60, .65,
                                  .70, .70, .80, .85, .90, .95, 1,   1};
constexpr int correct[n] = {0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0};

/// A metric of the samples by a convention, from confidences of the type C.
template<class C = double, class F>
double widths(const metric<F>& m, const convention& like, options o = {.bins = 10}) {
  const std::vector<C> c(std::begin(confidence), std::end(confidence));
  o.like = like;
  return m(confidences(c, std::vector<int>(std::begin(correct), std::end(correct))), o);
}
template<class F>
double mass(const metric<F>& m, const convention& like, std::size_t bins) {
  return widths(m, like, {.bins = bins, .scheme = bin_scheme::equal_mass});
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

TEST_CASE("a convention's side wins over that of the options", "[convention]") {
  const std::vector<double> c{0.5};
  const std::vector<int> hit{1};
  for (const edge_side side : {edge_side::left_closed, edge_side::right_closed}) {
    convention like{.name = "mine"};
    like.side = side;
    for (const edge_side asked : {edge_side::left_closed, edge_side::right_closed}) {
      const reliability_table table =
          evaluate(confidences(c, hit), {ece}, {.bins = 2, .side = asked, .like = like}).table;
      CHECK(table[side == edge_side::left_closed ? 1 : 0].count == 1);
    }
  }
}

TEST_CASE("netcal clips confidences to what lies between 0 and 1", "[convention]") {
  const std::vector<int> hit{0, 1};
  const auto check = [&](auto one) {
    using T = decltype(one);
    const std::vector<T> c{0, one};
    const reliability_table table =
        evaluate(confidences(c, hit), {ece}, {.bins = 10, .like = conventions::netcal}).table;
    const auto eps = static_cast<double>(std::numeric_limits<T>::epsilon());
    CHECK(table[0].confidence == eps);
    CHECK(table[9].confidence == 1 - eps);
  };
  check(1.0);
  check(1.0F);
}

TEST_CASE("the presets give their namesakes' numbers, equal widths", "[convention]") {
  using namespace conventions;
  CHECK(widths(ece, conventions::calibra) == is(.25));

  CHECK(widths(ece, netcal) == is(.225));
  CHECK(widths(mean_gap, netcal) == is(.2720238095238095));
  CHECK(widths(mce, netcal) == is(.55));

  CHECK(widths(ece, torchmetrics) == is(.24375));
  CHECK(widths(rmsce, torchmetrics) == is(.29747198747669223));
  CHECK(widths(mce, torchmetrics) == is(.55));

  CHECK(widths(ece, verified) == is(.25));
  CHECK(widths(ece, relplot) == is(.24375));

  CHECK(widths(ece, robustness_metrics) == is(.24375));
  CHECK(widths(rmsce, robustness_metrics) == is(.29747198747669223));

  CHECK(widths(ece, nn_calibration) == is(.25));
  CHECK(widths(mce, nn_calibration) == is(.55));

  CHECK(widths(ece, guo2017) == is(.26875));

  CHECK(widths(ece, focal) == is(.25));
  CHECK(widths(mce, focal) == is(.55));
  CHECK(widths(mean_gap, focal) == is(.28229166666666666));
  CHECK(widths(rmsce, focal) == is(.28672903875726763));

  CHECK(widths(ece, tfp) == is(.2));
  CHECK(widths(ece, sklearn) == is(.25));
}

TEST_CASE("the presets give their namesakes' numbers for float scores", "[convention]") {
  using namespace conventions;
  CHECK(widths<float>(ece, guo2017) == about(.25));
  CHECK(widths<float>(ece, torchmetrics) == about(.21875));
  CHECK(widths<float>(ece, tfp) == about(.2));
  CHECK(widths<float>(ece, netcal) == about(.18828123838951188));
  CHECK(widths<float>(mean_gap, netcal) == about(.28402777));
}

TEST_CASE("the presets give their namesakes' numbers, equal mass", "[convention]") {
  using namespace conventions;
  CHECK(mass(ece, netcal, 10) == is(.21875));
  CHECK(mass(ece, netcal, 4) == is(.18125));
  CHECK(mass(ece, verified, 10) == is(.24375));
  CHECK(mass(ece, verified, 4) == is(.18125));
  CHECK(mass(ece, clip_calibration, 10) == is(.19375));
  CHECK(mass(ece, clip_calibration, 4) == is(.18125));
  CHECK(mass(ece, robustness_metrics, 4) == is(.2));
  CHECK(mass(ece, torch_uncertainty, 4) == is(.18125));
  CHECK(mass(ece, sklearn, 4) == is(.18125));
  CHECK(mass(ece, focal, 4) == about(.131249994));

  CHECK(mass(rmsce, verified, 4) == is(.19141741038891946));
  CHECK(mass(debiased_l2, verified, 4) == 0);
  CHECK(mass(mce, torch_uncertainty, 4) == about(.26250005));
}

TEST_CASE("a confidence of 1 that only weighs, and the weighted maximum", "[convention]") {
  const convention& like = conventions::clip_calibration;
  CHECK(widths(ece, like) == is(.190625));
  CHECK(widths(weighted_mce, like) == is(.053125));
  CHECK(widths(mce, like) == is(.053125));  // that is what it calls so
}

TEST_CASE("the presets give their namesakes' numbers, class by class", "[convention]") {
  const matrix_of_fixture f;
  const auto scores = probabilities(f.p);
  const options rm{.bins = 10, .like = conventions::robustness_metrics};
  CHECK(classwise_ece(scores, f.labels, rm) == is(.20059523809523808));
  CHECK(pooled_ece(scores, f.labels, rm) == is(.07931034482758617));
  CHECK(classwise_ece(scores, f.labels, {.bins = 10, .like = conventions::guo2017}) ==
        about(.20260417));

  const options four{.bins = 4, .like = conventions::robustness_metrics};
  CHECK(classwise_ace(scores, f.labels, four) == is(.13242063492063494));
  CHECK(ace(scores, f.labels, four) == is(.13242063492063494));  // that is what it calls so
  CHECK(classwise_debiased_l2(
            scores, f.labels,
            {.bins = 4, .scheme = bin_scheme::equal_mass, .like = conventions::verified}) ==
        is(.08949567739923615));
}

TEST_CASE("the edge generators differ where published code does", "[convention]") {
  using conventions::detail::linspace_edges;
  using conventions::detail::torch_linspace_edges;
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
    CHECK(conventions::detail::of_nn_calibration::arange_bins(bins).size() >= bins);
  }
}

TEST_CASE("presets by name", "[convention]") {
  const std::vector<double> c = {0.5};
  const std::vector<int> hit = {1};
  std::set<std::string_view> names;
  for (const convention* like : conventions::all()) {
    CAPTURE(like->name);
    CHECK(&conventions::find(like->name) == like);
    CHECK(names.insert(like->name).second);
    CHECK_FALSE(like->implementation.empty());
    CHECK_NOTHROW(tabulate(confidences(c, hit), {.like = *like}));
    CHECK_NOTHROW(tabulate(confidences(std::vector<float>{0.5F}, hit), {.like = *like}));
    CHECK_THROWS_MATCHES(tabulate(confidences(c, hit), {.bins = 0, .like = *like}), option_error,
                         Catch::Predicate<option_error>([](const option_error& e) {
                           const std::string what = e.what();
                           return what == "convention: expected at least 1 bin, got 0" ||
                                  what == "binning: expected 1 to 1000000 bins, got 0";
                         }));
  }
  CHECK(conventions::all().front() == &conventions::calibra);
  CHECK(tabulate(confidences(c, hit), {.like = conventions::calibra}).bins() ==
        binning::equal_width(15));
  CHECK(&conventions::find("NetCal") == &conventions::netcal);
  CHECK(&conventions::find("GUO2017") == &conventions::guo2017);
  std::string known;
  for (const convention* like : conventions::all())
    known += calibra::detail::concat(known.empty() ? "" : ", ", like->name);
  CHECK(known.rfind("calibra, guo2017, torchmetrics, netcal, ", 0) == 0);
  CHECK_THROWS_MATCHES(conventions::find("Guo"), option_error,
                       Catch::Message(calibra::detail::concat("convention: expected one of ", known,
                                                              "; got \"Guo\"")));
}

TEST_CASE("what a convention defines otherwise has a metric's name", "[convention]") {
  for (const convention* like : conventions::all()) {
    if (like->metrics == nullptr) continue;
    for (const calibra::any_metric& m : like->metrics()) {
      INFO(like->name << ": " << m.name());
      CHECK(calibra::all_metrics().find(m.name()) != nullptr);
    }
  }
}

TEST_CASE("conventions are values", "[convention]") {
  for (const convention* a : conventions::all())
    for (const convention* b : conventions::all()) CHECK((*a == *b) == (a == b));
  convention own = conventions::netcal;
  CHECK(own == conventions::netcal);
  own.prepare = nullptr;
  CHECK(own != conventions::netcal);
  own = conventions::netcal;
  own.metrics = [] { return metric_list{ece}; };
  CHECK(own != conventions::netcal);

  // A copy with a metric of its own: the option keeps it as a copy.
  own = conventions::calibra;
  own.metrics = [] { return metric_list{metrics::tace{.threshold = 0.3}}; };
  const matrix_of_fixture f;
  const options o{.bins = 4, .like = own};
  own.metrics = nullptr;
  CHECK(tace(probabilities(f.p), f.labels, o) ==
        tace.with({.threshold = 0.3})(probabilities(f.p), f.labels, {.bins = 4}));
  CHECK(tace(probabilities(f.p), f.labels, o) != tace(probabilities(f.p), f.labels, {.bins = 4}));
}

TEST_CASE("settings in words are calibra's save for a convention's own", "[convention]") {
  const auto how = [](const convention& c, std::string_view what) {
    std::string found;
    for (const convention_setting& s : conventions::settings_of(c))
      if (s.what == what) found += s.how;
    return found;
  };
  CHECK(conventions::settings_of(conventions::calibra).size() ==
        conventions::calibra.settings.size());
  CHECK(how(conventions::calibra, "a bin holds") == "(lo, hi]");
  CHECK(how(conventions::netcal, "a bin holds") == "[lo, hi)");
  CHECK(how(conventions::netcal, "confidence 0") == how(conventions::calibra, "confidence 0"));
  CHECK(how(conventions::netcal, "mmce") != "");
  CHECK(how(conventions::calibra, "mmce") == "");
}

TEST_CASE("conventions make no tables of nothing", "[convention]") {
  for (const convention* like : conventions::all()) {
    CAPTURE(like->name);
    const reliability_table t = evidence_view::cut(sample(), {.bins = 15}, *like);
    CHECK(t.count() == 0);
    CHECK(std::isnan(ece(t)));
  }
}

TEST_CASE("conventions that make their own edges take no others", "[convention]") {
  const std::vector<double> c = {0.5};
  const std::vector<int> hit = {1};
  CHECK_THROWS_MATCHES(
      ece(confidences(c, hit), {.edges = {0, 0.5, 1}, .like = conventions::netcal}), option_error,
      Catch::Message("ece(): convention netcal makes its own edges; explicit edges go with "
                     "calibra's"));
  CHECK(ece(confidences(c, hit), {.edges = {0, 0.5, 1}, .like = conventions::calibra}) == 0.5);
}

TEST_CASE("on generic data the conventions of equal width agree", "[convention]") {
  // No confidence lies on an edge: then nothing of what the presets differ in matters.
  std::mt19937 generator(50);
  std::uniform_real_distribution<double> uniform(0.05, 0.95);
  sample s;
  for (int i = 0; i < 5000; ++i) {
    const double c = uniform(generator);
    s.push_back(c, uniform(generator) < c * c);
  }
  const double expected = ece(tabulate(s, binning::equal_width(15)));
  const std::set<std::string_view> in_float = {"guo2017", "probmetrics", "torch_uncertainty"};
  for (const convention* c : conventions::all()) {
    CAPTURE(c->name);
    const binning bins = evidence_view::fixed_bins({.bins = 15}, *c, precision::float64);
    CHECK(ece(tabulate(s, bins)) ==
          Approx(expected).margin(in_float.count(c->name) != 0 ? 2e-8 : 1e-14));
  }
}
