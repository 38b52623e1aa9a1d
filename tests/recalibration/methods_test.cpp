// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Recalibrators by name, and their options as text.
#include <calibra/json.hpp>
#include <calibra/recalibration/methods.hpp>
#include <calibra/recalibration/mixed_with_uniform.hpp>
#include <calibra/recalibration/proximity_methods.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

template<class F>
std::string message(F f) {
  try {
    static_cast<void>(f());
  } catch (const option_error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

/// 60 probabilities with what came out, and a proximity each.
const struct near_samples {
  std::vector<double> near, p;
  std::vector<int> y;
  near_samples() {
    for (std::size_t i = 0; i < 60; ++i) {
      near.push_back(static_cast<double>(i * 7 % 60) / 60);
      p.push_back(static_cast<double>(i * 11 % 60) / 60);
      y.push_back(i * 13 % 60 < i);
    }
  }
} few_binary;

const problem<double> some = random_problem<double>(60, 3, 1.5, 2, 4);

std::string fitted_text(std::string_view name, const named_options& method) {
  return to_json(*fit_by_name(name, logits(some.z), some.labels, {}, method));
}

}  // namespace

TEST_CASE("fit_by_name: options as text are the options of the type") {
  CHECK(
      fitted_text("histogram_mass", {{"bins", "4"}}) ==
      to_json(fit<one_against_rest<histogram_mass>>(logits(some.z), some.labels, {}, {.bins = 4})));
  CHECK(fitted_text("bbq", {{"prior", "0.5"}}) ==
        to_json(fit<one_against_rest<bbq>>(logits(some.z), some.labels, {}, {.prior = 0.5})));
  CHECK(fitted_text("beta", {{"smooth_targets", "true"}, {"form", "am"}}) ==
        to_json(fit<one_against_rest<beta>>(logits(some.z), some.labels, {},
                                            {.form = beta_form::am, .smooth_targets = true})));
  CHECK(fitted_text("matrix", {{"off_diagonal", "1e-2"}, {"intercept", "0.5"}}) ==
        to_json(fit<matrix_scaling>(logits(some.z), some.labels, {},
                                    {.off_diagonal = 1e-2, .intercept = 0.5})));
  CHECK(fitted_text("temperature", {{"warm_start", "false"}}) ==
        to_json(fit<temperature_scaling>(logits(some.z), some.labels, {}, {.warm_start = false})));
  CHECK_FALSE(fitted_text("svs", {{"max_iterations", "1"}}) == fitted_text("svs", {}));
}

TEST_CASE("recalibrator_options: what is by default changes nothing") {
  std::size_t options = 0;
  for (const recalibrator_info& info : recalibrator_infos()) {
    const named_options method = recalibrator_options(info.name);
    options += method.size();
    if (info.name == dac::kind) continue;
    INFO(info.name);
    CHECK(fitted_text(info.name, method) == fitted_text(info.name, {}));
    std::set<std::string> names;
    for (const auto& option : method) {
      const std::string &name = option.first, &value = option.second;
      names.insert(name);
      CHECK_FALSE(value.empty());
      const std::string said = message([&] { return fitted_text(info.name, {{name, "?"}}); });
      CHECK_THAT(said, Catch::StartsWith("fit<" + std::string(info.name) + ">(): option " + name +
                                         ": expected ") &&
                           Catch::EndsWith(", got \"?\""));
    }
    CHECK(names.size() == method.size());
  }
  CHECK(options == 26);
  CHECK(recalibrator_options("bta").empty());
}

TEST_CASE("fit_by_name: options that there are not are sentences") {
  CHECK(message([] {
          return fitted_text("ets", {{"bins", "3"}});
        }) == "fit<ets>(): takes no options, got \"bins\"");
  CHECK(message([] {
          return fitted_text("scaling_binning", {{"bin", "3"}});
        }) ==
        "fit<scaling_binning>(): expected an option out of bins, smooth_targets; got \"bin\"");
  CHECK(message([] {
          return fitted_text("histogram_width", {{"bins", "3"}, {"bins", "4"}});
        }) == "fit<histogram_width>(): option bins is given twice");
  for (const std::string text : {"", "x", "-1", "3.5", "3 ", "1e3", "99999999999999999999"})
    CHECK(message([&] {
            return fitted_text("histogram_width", {{"bins", text}});
          }) ==
          "fit<histogram_width>(): option bins: expected a whole number >= 0, got \"" + text + '"');
  for (const std::string text : {"", "x", "nan", "inf", "1e999", "1,5"})
    CHECK(message([&] {
            return fitted_text("bbq", {{"prior", text}});
          }) == "fit<bbq>(): option prior: expected a finite number, got \"" + text + '"');
  CHECK(message([] {
          return fitted_text("affine", {{"smooth_targets", "1"}});
        }) == "fit<affine>(): option smooth_targets: expected true or false, got \"1\"");
  CHECK(message([] {
          return fitted_text("beta", {{"form", "bam"}});
        }) == "fit<beta>(): option form: expected one of abm, am, ab, got \"bam\"");
  CHECK(message([] {
          return fitted_text("histogram_width", {{"bins", "0"}});
        }) == "histogram_width::fit(): expected at least 1 bin, got 0");
}

TEST_CASE("fit_proximity_by_name: what the types make, and back from text") {
  const std::vector<double>&near = few_binary.near, &p = few_binary.p;
  const std::vector<int>& y = few_binary.y;
  const auto z = logits(some.z);
  const auto binary = binary_probabilities(p);
  const auto check = [](const auto& r, const auto& expected) {
    CHECK(to_json(r) == to_json(expected));
    CHECK(to_json(*any_proximity_recalibrator_from_json(to_json(r))) == to_json(r));
  };
  check(*fit_proximity_by_name("procal_density_ratio", z, some.labels, near),
        procal_density_ratio::fit(z, some.labels, near));
  check(*fit_proximity_by_name("procal_density_ratio", binary, y, near),
        procal_density_ratio::fit(binary, y, near));
  using of_classes = procal_bin_mean_shift<>;
  using of_one = procal_bin_mean_shift<isotonic>;
  check(*fit_proximity_by_name("procal_bin_mean_shift", z, some.labels, near, {}, {{"bins", "3"}}),
        of_classes::fit(z, some.labels, near, {}, {.bins = 3}));
  check(*fit_proximity_by_name("procal_bin_mean_shift", binary, y, near),
        of_one::fit(binary, y, near));
  // The options of the rows reach the fit.
  std::vector<double> weights(near.size());
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 1 + static_cast<double>(i % 3);
  const row_options weighted{.weights = weights, .ignore_label = 1};
  check(*fit_proximity_by_name("procal_density_ratio", z, some.labels, near, weighted),
        procal_density_ratio::fit(z, some.labels, near, weighted));
  check(*fit_proximity_by_name("procal_bin_mean_shift", z, some.labels, near, weighted),
        of_classes::fit(z, some.labels, near, weighted));
  using tempered = procal_bin_mean_shift<temperature_scaling>;
  const std::string text = to_json(tempered::fit(z, some.labels, near));
  CHECK(to_json(*any_proximity_recalibrator_from_json(text)) == text);
  CHECK_THROWS_WITH(any_proximity_recalibrator_from_json(fitted_text("ets", {})),
                    Catch::Contains("no kind of recalibrator with proximities \"ets\""));
  CHECK(proximity_recalibrator_options("procal_bin_mean_shift") == named_options{{"bins", "5"}});
  CHECK(proximity_recalibrator_options("procal_density_ratio").empty());
  CHECK(message([&] { return fit_proximity_by_name("procal", z, some.labels, near); }) ==
        "fit_proximity_by_name(): expected one of procal_density_ratio, procal_bin_mean_shift; "
        "got \"procal\"");
  CHECK(message([&] {
          return fit_proximity_by_name("procal_density_ratio", z, some.labels, near, {},
                                       {{"bins", "3"}});
        }) == "procal_density_ratio::fit(): takes no options, got \"bins\"");
  CHECK(message([&] {
          return fit_proximity_by_name("procal_bin_mean_shift", z, some.labels, near, {},
                                       {{"bin", "3"}});
        }) == "procal_bin_mean_shift::fit(): expected an option out of bins; got \"bin\"");
}

TEST_CASE("transform_logits() of scores with proximities: logarithms of what transform() gives") {
  const std::vector<double>&near = few_binary.near, &p = few_binary.p;
  const std::vector<int>& y = few_binary.y;
  const auto r = procal_bin_mean_shift<>::fit(logits(some.z), some.labels, near);
  const auto q = r.transform(logits(some.z), near), v = r.transform_logits(logits(some.z), near);
  const double least = std::log(static_cast<double>(std::numeric_limits<float>::min()));
  for (std::size_t i = 0; i < 60; ++i)
    for (std::size_t k = 0; k < 3; ++k) CHECK(v(i, k) == (q(i, k) > 0 ? std::log(q(i, k)) : least));
  const auto one = procal_density_ratio::fit(binary_probabilities(p), y, near);
  const auto u = one.transform(binary_probabilities(p), near),
             x = one.transform_logits(binary_probabilities(p), near);
  for (std::size_t i = 0; i < 60; ++i)
    if (u[i] > 0 && u[i] < 1)
      CHECK(x[i] == Approx(std::log(u[i] / (1 - u[i]))).epsilon(1e-12).margin(1e-12));
}

TEST_CASE("mixed_isotonic: mixed_with_uniform<isotonic> as one map by points") {
  const std::vector<double>& p = few_binary.p;
  const std::vector<int>& y = few_binary.y;
  std::vector<double> w(60);
  for (std::size_t i = 0; i < 60; ++i) w[i] = static_cast<double>(i % 3);
  const row_options weighted = {.weights = w};
  const auto s = binary_probabilities(p);
  const auto r = fit<mixed_isotonic>(s, y, weighted);
  const auto expected = fit<mixed_with_uniform<isotonic>>(s, y, weighted);
  const auto got = r.transform(s), wanted = expected.transform(s);
  double least = 1;
  for (std::size_t i = 0; i < 60; ++i) {
    CHECK(std::abs(got[i] - wanted[i]) <= 4 * std::numeric_limits<double>::epsilon());
    least = std::min(least, got[i]);
  }
  CHECK(least > 0);
  CHECK(r.report().objective_after == expected.report().objective_after);
  CHECK(r.report().converged);
  const auto none = fit<mixed_isotonic>(s, y, {.weights = std::vector<double>(60, 0.0)});
  CHECK(none.transform(s)[7] == 0.5);
  CHECK_FALSE(none.report().converged);
}
