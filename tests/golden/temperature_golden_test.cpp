// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/evaluate.hpp>
#include <calibra/io/labels.hpp>
#include <calibra/io/npy.hpp>
#include <calibra/metrics/nll.hpp>
#include <calibra/recalibration/temperature.hpp>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "golden_dir.hpp"

using namespace calibra;

namespace {

struct oracle_fit {
  double temperature = 0;
  double held_out_nll = 0;
};

oracle_fit read_oracle(const std::string& path) {
  std::ifstream file(path);
  for (const nlohmann::json& entry : nlohmann::json::parse(file))
    if (entry["peer"] == "oracle" && entry["function"] == "temperature")
      return {entry["params"]["T"], entry["value"]["nll"]};
  FAIL("no oracle entry for temperature in " << path);
  return {};
}

}  // namespace

TEST_CASE("temperatures of published dumps agree with an independent root finder") {
  const std::string name = GENERATE("lenet-5-cifar-10", "wideresnet-16-4-cifar-100");
  const std::string base = golden_dir() + "/" + name;
  if (golden_dir().empty() || !std::filesystem::exists(base + ".posthoc.json")) {
    WARN("skipped: no " << base << ".posthoc.json; set CALIBRA_GOLDEN_DIR to the golden folder");
    return;
  }
  INFO(name);
  const oracle_fit oracle = read_oracle(base + ".posthoc.json");
  const io::array dump = io::load_npy(base + ".probs.npy");
  const io::label_column labels = io::labels(io::load_npy(base + ".labels.npy"));
  const vector_view<const std::int64_t> y = labels.view();
  constexpr std::size_t fitted_rows = 5000;
  REQUIRE(y.size() == 2 * fitted_rows);

  matrix<float> p(y.size(), dump.shape()[1]);
  matrix<double> z(p.rows(), p.cols());
  dump.visit_scores([&](auto view) {
    using T = typename decltype(view)::value_type;
    for (std::size_t i = 0; i < p.rows(); ++i)
      for (std::size_t j = 0; j < p.cols(); ++j) {
        p(i, j) = static_cast<float>(scalar_traits<T>::load(view(i, j)));
        z(i, j) = std::log(static_cast<double>(p(i, j)));
      }
  });
  const vector_view<const std::int64_t> fit_labels(y.data(), fitted_rows, y.stride());
  const vector_view<const std::int64_t> test_labels(&y[fitted_rows], fitted_rows, y.stride());
  const auto check = [&](const temperature_scaling& fitted) {
    CHECK(fitted.report().converged);
    CHECK(fitted.report().passes <= 6);
    CHECK(std::abs(fitted.temperature() / oracle.temperature - 1) <= 1e-12);
    // One that was fitted on probabilities takes no logits; its temperature does.
    const temperature_scaling any_kind(fitted.temperature());
    const matrix<double> scaled =
        any_kind.transform_logits(logits(z.view().rows(fitted_rows, fitted_rows)));
    CHECK(std::abs(nll(logits(scaled), test_labels) - oracle.held_out_nll) <= 1e-9);
  };
  check(fit<temperature_scaling>(logits(z.view().rows(0, fitted_rows)), fit_labels));
  check(fit<temperature_scaling>(logits(z.view().rows(0, fitted_rows)), fit_labels,
                                 {.threads = {2}}));
  // Float probabilities are taken to logarithms in double: the same digits.
  check(fit<temperature_scaling>(probabilities(p.view().rows(0, fitted_rows)), fit_labels));

  // Logits rounded to float give T to the rounding of float.
  matrix<float> z32(fitted_rows, p.cols());
  for (std::size_t i = 0; i < fitted_rows; ++i)
    for (std::size_t j = 0; j < p.cols(); ++j) z32(i, j) = static_cast<float>(z(i, j));
  const temperature_scaling rounded = fit<temperature_scaling>(logits(z32), fit_labels);
  CHECK(std::abs(rounded.temperature() / oracle.temperature - 1) <= 1e-7);
}
