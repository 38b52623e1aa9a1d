// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The examples of docs/options.md: each compiles, and does what the page says.
#include <catch2/catch.hpp>

#include <calibra/calibra.hpp>

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

const std::vector<std::vector<float>> z = {{2, 0, 0}, {0, 3, 0}, {1, 0, 1}, {0, 0, 4}, {0, 1, 0}};
const std::vector<int> y = {0, 1, 255, 2, 2};

}  // namespace

// clang-format off
TEST_CASE("docs/options.md: one call, and options that are kept") {
  const std::vector<double> w = {1.0, 0.5, 1.0, 2.0, 1.0};
  //[ call
  const double error = calibra::ece(calibra::logits(z), y, {.bins = 10, .ignore_label = 255});
  //]
  //[ kept
  calibra::options o{.bins = 10, .weights = w, .ignore_label = 255};
  o.threads = {4};
  const calibra::evaluation e = calibra::evaluate(calibra::logits(z), y, o);
  const calibra::summary sums = calibra::summarise(calibra::logits(z), y, o);  // takes its row_options
  const calibra::bin_options bins = o.for_bins();
  const double of_pairs = calibra::ece(calibra::collect(calibra::logits(z), y, o), bins);
  //]
  CHECK(error > 0);
  CHECK(e["ece"] == Approx(of_pairs));
  CHECK(sums.accuracy() == Approx(e["accuracy"]));
}

TEST_CASE("docs/options.md: bins by a rule") {
  const std::vector<int> labels = {0, 1, 0, 2, 2};
  //[ rule
  struct halves {  // below one half, and from there on
    std::size_t size() const { return 2; }
    std::ptrdiff_t index(double c) const { return c < 0.5 ? 0 : 1; }
    double lower(std::size_t bin) const { return bin == 0 ? 0 : 0.5; }
    double upper(std::size_t bin) const { return bin == 0 ? 0.5 : 1; }
    std::string describe() const { return "halves"; }
  };
  const double error = calibra::ece(calibra::logits(z), labels, {.binning = halves{}});
  //]
  CHECK(error > 0);
}
// clang-format on

TEST_CASE("docs/options.md: the example of each member") {
  using calibra::bin_scheme;
  using calibra::binary_target;
  using calibra::binning;
  using calibra::edge_side;
  using calibra::nan_policy;
  const std::vector<int> labels = {0, 1, 0, 2, 2};
  const std::vector<double> w = {1.0, 0.5, 0.0, 2.0, 1.0};
  const std::vector<bool> mask = {true, true, false, true, true};
  const std::vector<double> d = {0.1, 0.2, 0.3, 0.4, 0.5};
  std::atomic<std::uint64_t> rows = 0;
  const auto count = [&](std::uint64_t n) { rows += n; };
  const auto scores = calibra::logits(z);
  const auto all = [&](const calibra::options& o) { return calibra::evaluate(scores, labels, o); };

  CHECK(all({.bins = 20}).table.size() == 20);
  CHECK(all({.scheme = bin_scheme::equal_mass}).table.size() <= 5);
  CHECK(all({.side = edge_side::left_closed}).table.bins().side() == edge_side::left_closed);
  CHECK(all({.edges = {0, 0.5, 0.9, 1}}).table.size() == 3);
  CHECK(all({.binning = binning::equal_width(7)}).table.size() == 7);
  CHECK(all({.weights = w}).table.total_weight() == 4.5);
  CHECK(calibra::evaluate(scores, y, {.ignore_label = 255}).samples == 4);
  CHECK(all({.valid = mask}).samples == 4);
  CHECK(std::isnan(all({})["piece"]));
  CHECK(!std::isnan(all({.proximity = d})["piece"]));
  const std::vector<int> patient(labels.begin(), labels.end()), site = patient;
  const auto kept = [&](const calibra::options& o) {
    return calibra::evidence_of(scores, labels, calibra::all_metrics(), o);
  };
  CHECK(all({.cluster = patient}).samples == all({.stratum = site}).samples);
  CHECK(kept({.keep_rows = true}).rows->size() == labels.size());
  const std::vector<std::vector<float>> with_nan = {{2, 0, std::nanf("")}, {0, 3, 0}};
  const std::vector<int> two = {0, 1};
  CHECK_THROWS_AS(calibra::evaluate(calibra::logits(with_nan), two), calibra::value_error);
  CHECK(calibra::evaluate(calibra::logits(with_nan), two, {.nan = nan_policy::count}).skipped == 1);
  const std::vector<std::vector<float>> p = {{6, 3, 1}, {1, 2, 1}};
  CHECK_THROWS_AS(calibra::evaluate(calibra::probabilities(p), two), calibra::value_error);
  CHECK(calibra::evaluate(calibra::probabilities(p), two, {.renormalise = true})["confidence"] ==
        Approx(0.55));
  const std::vector<float> q = {0.2F, 0.9F};
  CHECK(
      calibra::tabulate(calibra::binary_probabilities(q), two, {.binary = binary_target::top_label})
          .total_confidence() == Approx(1.7));
  CHECK(all({.threads = {2}})["ece"] == Approx(all({})["ece"]));
  all({.progress = count});
  CHECK(rows >= 5);
  CHECK(all({.like = calibra::conventions::torchmetrics}).table.size() == 16);
  CHECK(all({.per_class = true}).ece_per_class.size() == 3);
}
