// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "calibra/calibra.hpp"
#include "drawn.hpp"

using namespace calibra;

namespace {

struct largest_bin {
  static constexpr metric_info info{.name = "largest_bin"};
  double of(const reliability_table& t) const {
    double most = 0;
    for (const reliability_bin& b : t) most = std::max(most, b.weight / t.total_weight());
    return most;
  }
};
struct median_confidence {
  static constexpr metric_info info{.name = "median_confidence"};
  double of(const sample& ascending) const { return ascending.confidence(ascending.size() / 2); }
};
struct worst_class {
  static constexpr metric_info info{.name = "worst_class"};
  double of(const class_tables& classes) const {
    double most = 0;
    for (std::size_t k = 0; k < classes.size(); ++k) most = std::max(most, ece(classes[k]));
    return most;
  }
};
/// Two bins: below and from one half on.
struct halves {
  std::size_t size() const { return 2; }
  std::ptrdiff_t index(double c) const { return c < 0.5 ? 0 : 1; }
  double lower(std::size_t b) const { return b == 0 ? 0 : 0.5; }
  double upper(std::size_t b) const { return b == 0 ? 0.5 : 1; }
  std::string describe() const { return "halves"; }
};

}  // namespace

TEST_CASE("metrics of one's own are equal members of a list", "[own]") {
  const drawn<float> d(300, 4, 4);
  const evaluation e =
      evaluate(logits(d.z), d.labels, {ece, largest_bin{}, median_confidence{}, worst_class{}},
               {.per_class = true});
  CHECK(e["largest_bin"] == metric(largest_bin{})(tabulate(logits(d.z), d.labels)));
  CHECK(e["median_confidence"] == metric(median_confidence{})(logits(d.z), d.labels));
  CHECK(e["worst_class"] == e.ece_per_class[e.worst_classes(1).at(0)]);
}

namespace {

/// Reads the table and asks for nothing.
struct forgetful {
  static constexpr metric_info info{.name = "forgetful"};
  evidence_needs needs() const { return {}; }
  double of(const evidence_view& e) const { return e.mass_table().total_weight(); }
};

}  // namespace

TEST_CASE("a metric that reads what it did not ask for is an error", "[own]") {
  const drawn<double> d(30, 3, 5);
  CHECK_THROWS_WITH(evaluate(logits(d.z), d.labels, {forgetful{}}),
                    Catch::Contains("mass_table") && Catch::Contains("needs()"));
}

TEST_CASE("a convention does not take the place of a metric with options of its own", "[own]") {
  const drawn<double> d(30, 3, 5);
  const options like{.like = conventions::relplot};
  CHECK_NOTHROW(smooth_ece(logits(d.z), d.labels, like));
  CHECK_THROWS_WITH(smooth_ece.with({.bandwidth = 0.05})(logits(d.z), d.labels, like),
                    Catch::Contains("convention relplot defines smooth_ece"));
  CHECK_NOTHROW(smooth_ece.with({.float_positions = true})(logits(d.z), d.labels, like));
}

TEST_CASE("bins by a rule of one's own", "[own]") {
  const drawn<double> d(300, 4, 4);
  const options by_rule{.binning = halves{}};
  const options by_edges{.side = edge_side::left_closed, .edges = {0, 0.5, 1}};
  for (const char* name : {"ece", "mce", "rmsce", "debiased_l2", "classwise_ece", "pooled_ece"}) {
    INFO(name);
    CHECK(evaluate(logits(d.z), d.labels, by_rule)[name] ==
          Approx(evaluate(logits(d.z), d.labels, by_edges)[name]).margin(1e-12));
  }
  evidence a = evidence_of(logits(d.z), d.labels, {ece}, by_rule);
  const evidence loaded = evidence_from_bytes(to_bytes(a), "memory");
  a += loaded;
  CHECK(evaluate(a, {ece})["ece"] == Approx(ece(logits(d.z), d.labels, by_rule)).margin(1e-12));
  CHECK(!(binning(halves{}) == binning::equal_width(2)));
}
