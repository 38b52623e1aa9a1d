// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "calibra/calibra.hpp"

using namespace calibra;

namespace {

struct table_of_labels {
  std::vector<std::vector<double>> p;
  std::vector<std::vector<int>> y;
};
table_of_labels labels_example() {
  table_of_labels t;
  for (int i = 0; i < 90; ++i) {
    std::vector<double> row;
    std::vector<int> target;
    for (int l = 0; l < 3; ++l) {
      row.push_back(0.01 * ((i * 37 + l * 11) % 101));
      target.push_back((i * i + l) % 3 == 0 ? 1 : 0);
    }
    t.p.push_back(row);
    t.y.push_back(target);
  }
  return t;
}
std::vector<double> column(const table_of_labels& t, std::size_t l) {
  std::vector<double> c;
  for (const auto& row : t.p) c.push_back(row[l]);
  return c;
}
std::vector<int> targets(const table_of_labels& t, std::size_t l) {
  std::vector<int> c;
  for (const auto& row : t.y) c.push_back(row[l]);
  return c;
}

}  // namespace

TEST_CASE("micro is all entries, macro the mean of the labels", "[multilabel]") {
  const table_of_labels t = labels_example();
  const evaluation e = evaluate(multilabel_probabilities(t.p), t.y);
  std::vector<double> all;
  std::vector<int> all_targets;
  for (std::size_t l = 0; l < 3; ++l) {
    const auto c = column(t, l);
    const auto y = targets(t, l);
    all.insert(all.end(), c.begin(), c.end());
    all_targets.insert(all_targets.end(), y.begin(), y.end());
  }
  const evaluation micro = evaluate(binary_probabilities(all), all_targets);
  CHECK(e.samples == 90);
  CHECK(e.entries == 270);
  for (const char* name :
       {"accuracy", "nll", "ece", "mce", "ace", "smooth_ece", "ks_error", "mmce"}) {
    INFO(name);
    CHECK(e[detail::concat("micro_", name)] == Approx(micro[name]).margin(1e-12));
    double mean = 0;
    for (std::size_t l = 0; l < 3; ++l)
      mean += evaluate(binary_probabilities(column(t, l)), targets(t, l))[name] / 3;
    CHECK(e[detail::concat("macro_", name)] == Approx(mean).margin(1e-12));
  }
  const evaluation classes =
      evaluate(multilabel_probabilities(t.p), t.y, {classwise_ece, pooled_ece, classwise_ace});
  CHECK(classes["classwise_ece"] == Approx(e["macro_ece"]).margin(1e-12));
  CHECK(classes["pooled_ece"] == Approx(e["micro_ece"]).margin(1e-12));
  CHECK(classes["classwise_ace"] == Approx(e["macro_ace"]).margin(1e-12));
}

TEST_CASE("multi-label scores heed threads, NaN, weights and ignored entries", "[multilabel]") {
  table_of_labels t = labels_example();
  const evaluation one = evaluate(multilabel_probabilities(t.p), t.y);
  const evaluation three = evaluate(multilabel_probabilities(t.p), t.y, {.threads = {3}});
  for (const metric_value& m : one) CHECK(three[m.name] == Approx(m.value).margin(1e-12));

  t.p[4][1] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(evaluate(multilabel_probabilities(t.p), t.y),
                    Catch::Contains("row 4, column 1"));
  const evaluation counted =
      evaluate(multilabel_probabilities(t.p), t.y, {.nan = nan_policy::count});
  CHECK(counted.skipped == 1);
  CHECK(counted.entries == 269);

  t = labels_example();
  t.y[7][2] = -1;
  const evaluation ignored = evaluate(multilabel_probabilities(t.p), t.y, {.ignore_label = -1});
  CHECK(ignored.entries == 269);
  t.y[7][2] = 2;
  CHECK_THROWS_WITH(evaluate(multilabel_probabilities(t.p), t.y), Catch::Contains("in column 2"));
  const std::vector<std::vector<double>> none(3);
  CHECK_THROWS_AS(evaluate(multilabel_probabilities(none), std::vector<std::vector<int>>(3)),
                  shape_error);
}
