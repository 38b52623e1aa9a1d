// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Histogram binning and scaling-binning of published packages on the example data:
// tests/golden/digits/README.md.
#include <calibra/array/scalar.hpp>
#include <calibra/io/labels.hpp>
#include <calibra/io/npy.hpp>
#include <calibra/recalibration/fit.hpp>
#include <calibra/recalibration/histogram_mass.hpp>
#include <calibra/recalibration/histogram_width.hpp>
#include <calibra/recalibration/scaling_binning.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using namespace calibra;

namespace {

/// One number a row, and whether the event was that it speaks of.
struct binary_half {
  std::vector<double> p;
  std::vector<int> y;
};

binary_half read_half(const std::string& half, const std::string& problem) {
  const std::string base = std::string(CALIBRA_SOURCE_DIR "/examples/data/digits/") + half;
  const io::array logits = io::load_npy(base + "_logits.npy");
  const io::array labels = io::load_npy(base + "_labels.npy");
  const io::label_column column = io::labels(labels);
  binary_half out;
  logits.visit_native_scores([&](auto z) {
    for (std::size_t i = 0; i < z.rows(); ++i) {
      std::vector<double> e(z.cols());
      double most = -std::numeric_limits<double>::infinity(), sum = 0;
      using scalar = scalar_traits<typename decltype(z)::value_type>;
      for (std::size_t k = 0; k < z.cols(); ++k) {
        e[k] = static_cast<double>(scalar::load(z(i, k)));
        most = std::max(most, e[k]);
      }
      for (double& x : e) {
        x = std::exp(x - most);
        sum += x;
      }
      const bool top = problem == "top label";
      const auto predicted =
          static_cast<std::size_t>(std::max_element(e.begin(), e.end()) - e.begin());
      const std::size_t of = top ? predicted : 3;
      out.p.push_back(e[of] / sum);
      out.y.push_back(column.view()[i] == static_cast<std::int64_t>(of) ? 1 : 0);
    }
  });
  return out;
}

template<class R>
std::vector<double> made_by(const binary_half& fitted, const binary_half& held,
                            const typename R::options& o) {
  const R r = fit<R>(binary_probabilities(fitted.p), fitted.y, {}, o);
  return r.transform(binary_probabilities(held.p));
}

std::vector<double> made_by(const std::string& kind, const binary_half& fitted,
                            const binary_half& held, std::size_t bins) {
  if (kind == "histogram_width") return made_by<histogram_width>(fitted, held, {.bins = bins});
  if (kind == "histogram_mass") return made_by<histogram_mass>(fitted, held, {.bins = bins});
  return made_by<scaling_binning>(fitted, held, {.bins = bins, .smooth_targets = false});
}

}  // namespace

TEST_CASE("histograms and scaling-binning are those of netcal and of verified_calibration") {
  std::ifstream file(CALIBRA_SOURCE_DIR "/tests/golden/digits/recalibrators.json");
  std::map<std::string, int> compared;
  for (const nlohmann::json& entry : nlohmann::json::parse(file)) {
    const std::string problem = entry["problem"], kind = entry["kind"];
    const auto bins = entry["bins"].get<std::size_t>();
    const auto expected = entry["values"].get<std::vector<double>>();
    const binary_half fitted = read_half("validation", problem), held = read_half("test", problem);
    const std::vector<double> made = made_by(kind, fitted, held, bins);
    constexpr std::size_t every = 6;
    // scikit-learn's regression, of which the reference takes its bins, stops at a slope of 1e-4.
    const double tolerance = kind == "scaling_binning" ? 5e-5 : 1e-9;
    REQUIRE(made.size() == every * expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      INFO(kind << ", " << bins << " bins, " << problem << ", row " << i * every);
      CHECK(std::abs(made[i * every] - expected[i]) <= tolerance);
      ++compared[kind];
    }
  }
  CHECK(compared == std::map<std::string, int>{{"histogram_mass", 600},
                                               {"histogram_width", 600},
                                               {"scaling_binning", 600}});
}
