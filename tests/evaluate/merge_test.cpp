// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// `a += b` gives what one pass over both gives: every part, under every convention.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "calibra/calibra.hpp"
#include "drawn.hpp"

using namespace calibra;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

bool merged_close(double a, double b) {
  return a == b || std::abs(a - b) <= 1e-12 || (std::isnan(a) && std::isnan(b));
}

/// The evidence of all rows, and that of two parts added up.
struct both {
  evidence whole, sum, second;

  both(const drawn<double>& d, std::size_t cut, const options& o, bool weighted)
      : whole(of(d, o, weighted)),
        sum(of(d.part(0, cut), o, weighted)),
        second(of(d.part(cut, d.z.size()), o, weighted)) {}

 private:
  static evidence of(const drawn<double>& d, options o, bool weighted) {
    if (weighted) o.weights = d.weights;
    o.proximity = d.proximity;
    return evidence_of(logits(d.z), d.labels, all_metrics(), o);
  }
};

void check_same(const evidence& whole, const evidence& sum) {
  CHECK(sum.samples == whole.samples);
  CHECK(sum.skipped == whole.skipped);
  REQUIRE(sum.row_means.size() == whole.row_means.size());
  for (std::size_t i = 0; i < sum.row_means.size(); ++i) {
    INFO(whole.row_means[i].name);
    CHECK(merged_close(sum.row_means[i].value(), whole.row_means[i].value()));
  }
  const evaluation expected = evaluate(whole), got = evaluate(sum);
  for (const metric_value& m : expected) {
    INFO(m.name);
    CHECK(merged_close(got[m.name], m.value));
  }
}

}  // namespace

TEST_CASE("evidence of parts is that of the whole, under every convention", "[merge]") {
  const bool weighted = GENERATE(false, true);
  const drawn<double> d(300, 4, 21);
  std::size_t row_means = 0;
  for (const convention* like : conventions::all()) {
    INFO(like->name);
    both e(d, 130, {.like = *like}, weighted);
    if (like->row_pair != nullptr) {
      CHECK_THROWS_AS(e.sum += e.second, option_error);
      continue;
    }
    e.sum += e.second;
    check_same(e.whole, e.sum);
    // A pass adds up parts too: a sum that is forgotten is missing in both.
    const summary::sums sums = e.whole.means->totals();
    for (const double s :
         {sums.weight, sums.correct, sums.confidence, sums.nll, sums.brier, sums.brier_top})
      CHECK(s > 0);
    row_means += e.sum.row_means.size();
  }
  CHECK(row_means > 0);
}

TEST_CASE("evidence of other conventions does not add up", "[merge]") {
  const drawn<double> d(40, 3, 22);
  const auto of = [&](const options& o) {
    return evidence_of(logits(d.z), d.labels, {accuracy, ece}, o);
  };
  // All but the convention is the same.
  convention renamed = conventions::netcal;
  renamed.name = "renamed";
  const evidence own = of({}), netcal = of({.like = conventions::netcal}),
                 other = of({.like = renamed});
  for (const auto& [a, b] : {std::pair(own, netcal), std::pair(netcal, own),
                             std::pair(netcal, other), std::pair(other, netcal)}) {
    evidence sum = a;
    CHECK_THROWS_WITH(sum += b, "evidence: cannot merge: expected the same convention");
    CHECK(sum.samples == 40);
  }
  evidence sum = netcal;
  sum += netcal;
  CHECK(sum.samples == 80);
}

TEST_CASE("rows that are left out and losses without bound add up", "[merge]") {
  const bool infinite_first = GENERATE(false, true);
  drawn<double> d(200, 3, 22);
  d.z[10][1] = d.z[150][0] = d.z[160][2] = std::numeric_limits<double>::quiet_NaN();
  const std::size_t row = infinite_first ? 20 : 120;
  d.z[row][static_cast<std::size_t>(d.labels[row])] = -inf;
  for (const convention* like : conventions::all()) {
    if (like->row_pair != nullptr) continue;
    INFO(like->name);
    both e(d, 90, {.nan = nan_policy::count, .like = *like}, false);
    CHECK(e.sum.skipped == 1);
    e.sum += e.second;
    CHECK(e.sum.skipped == 3);
    CHECK(e.sum.samples == 197);
    check_same(e.whole, e.sum);
  }
  both e(d, 90, {.nan = nan_policy::count}, false);
  e.sum += e.second;
  CHECK(evaluate(e.sum)["nll"] == inf);
}
