// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What evidence keeps of every row.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/interval/debiased_interval.hpp"
#include "calibra/interval/evidence_replicates.hpp"
#include "calibra/interval/interval_options.hpp"
#include "calibra/interval/interval_report.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/interval/metric_interval.hpp"
#include "calibra/interval/wilson.hpp"
#include "calibra/table/noise_floor.hpp"
#include "calibra/table/row_record.hpp"
#include "drawn.hpp"
#include "naive.hpp"

using namespace calibra;

TEST_CASE("row_record gives back what it was given", "[row_record]") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  struct given {
    double confidence;
    bool hit, correct;
    double nll, brier;
  };
  const given rows[] = {{0, false, true, 0, 0},        {0, true, false, inf, 2},
                        {1, true, true, 1e-30, 1e-30}, {1, false, false, 0.5, 1},
                        {0.1, true, false, 3, 0},      {0.7, false, true, 2, 0.25}};
  row_record record(true);
  CHECK(record.has_losses());
  CHECK(record.size() == 0);
  for (const given& r : rows) {
    record.add(r.confidence, r.hit);
    record.add_losses(r.nll, r.brier, r.correct);
  }
  REQUIRE(record.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    INFO(i);
    CHECK(record.confidence(i) == rows[i].confidence);
    CHECK(!std::signbit(record.confidence(i)));
    CHECK(record.hit(i) == rows[i].hit);
    CHECK(record.correct(i) == rows[i].correct);
    CHECK(record.nll(i) == static_cast<float>(rows[i].nll));
    CHECK(record.brier(i) == static_cast<float>(rows[i].brier));
    CHECK(!std::signbit(record.brier(i)));
    CHECK(record.weight(i) == 1);
    CHECK(record.stratum(i) == 0);
  }
  CHECK(!record.weighted());
  CHECK(!record.clustered());
  CHECK(!record.stratified());
  row_record pairs(false);  // without losses the hit is what is right
  pairs.add(0.5, true);
  pairs.add(0.5, false);
  CHECK(!pairs.has_losses());
  CHECK(pairs.correct(0));
  CHECK(!pairs.correct(1));
}

TEST_CASE("rows of a row_record are appended whole", "[row_record]") {
  const auto made = [](std::int64_t first, std::size_t n) {
    row_record r(true);
    r.reserve(n);
    for (std::size_t i = 0; i < n; ++i) {
      const std::int64_t id = first + static_cast<std::int64_t>(i);
      const auto x = static_cast<double>(id);
      r.add(x / 128, id % 2 == 0);
      r.add_losses(x, x / 64, id % 3 == 0);
      r.add_weight(x / 4);
      r.add_cluster(-id);
      r.add_stratum(10 * id);
    }
    return r;
  };
  const auto is = [](const row_record& r, std::size_t i, std::int64_t id) {
    const auto x = static_cast<double>(id);
    CHECK(r.confidence(i) == x / 128);
    CHECK(r.hit(i) == (id % 2 == 0));
    CHECK(r.correct(i) == (id % 3 == 0));
    CHECK(static_cast<double>(r.nll(i)) == x);
    CHECK(static_cast<double>(r.brier(i)) == x / 64);
    CHECK(r.weight(i) == x / 4);
    CHECK(r.cluster(i) == -id);
    CHECK(r.stratum(i) == 10 * id);
  };
  row_record a = made(1, 5);
  for (std::size_t i = 0; i < 5; ++i) is(a, i, 1 + static_cast<std::int64_t>(i));
  a.append(made(20, 3));
  REQUIRE(a.size() == 8);
  for (std::size_t i = 0; i < 3; ++i) is(a, 5 + i, 20 + static_cast<std::int64_t>(i));
  a.append(a);
  REQUIRE(a.size() == 16);
  for (std::size_t i = 0; i < 5; ++i) is(a, 8 + i, 1 + static_cast<std::int64_t>(i));
  row_record none(true);  // of no rows it is not known what they would have
  none.append(a);
  CHECK(none.size() == 16);
  is(none, 15, 22);
  a.append(row_record(true));
  CHECK(a.size() == 16);
}

TEST_CASE("row_records that were not made alike do not merge", "[row_record]") {
  const auto made = [](bool losses, bool weight, bool cluster, bool stratum) {
    row_record r(losses);
    r.add(0.5, true);
    if (losses) r.add_losses(1, 1, true);
    if (weight) r.add_weight(1);
    if (cluster) r.add_cluster(1);
    if (stratum) r.add_stratum(1);
    return r;
  };
  row_record plain = made(true, false, false, false);
  const auto refuses = [&](const row_record& other, const char* what) {
    INFO(what);
    CHECK_THROWS_AS(plain.append(other), option_error);
    CHECK_THROWS_WITH(plain.append(other), Catch::Contains(what));
    CHECK(plain.size() == 1);
  };
  refuses(made(false, false, false, false), "losses");
  refuses(made(true, true, false, false), "weights");
  refuses(made(true, false, true, false), "clusters");
  refuses(made(true, false, false, true), "strata");
  CHECK_NOTHROW(plain.append(made(true, false, false, false)));
}

TEST_CASE("options::keep_rows keeps every row that weighs something, in order", "[row_record]") {
  drawn<double> d(100, 3, 91);
  std::vector<std::int64_t> cluster(100), stratum(100);
  for (std::size_t i = 0; i < 100; ++i) {
    cluster[i] = 1000 - static_cast<std::int64_t>(i);
    stratum[i] = static_cast<std::int64_t>(i % 3);
    if (i % 9 == 4) d.labels[i] = -1;
  }
  d.z[50][2] = std::nan("");
  const options o{.weights = d.weights,
                  .ignore_label = -1,
                  .cluster = cluster,
                  .stratum = stratum,
                  .nan = nan_policy::count,
                  .keep_rows = true};
  const evidence e = evidence_of(logits(d.z), d.labels, {nll, ece}, o);
  REQUIRE(e.rows);
  std::size_t n = 0, counted = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    if (i % 9 == 4 || i == 50) continue;
    ++counted;
    if (d.weights[i] == 0) continue;  // no row
    INFO(i);
    const auto label = static_cast<std::size_t>(d.labels[i]);
    const naive::row r = naive::of_logits(d.z[i], label);
    // two roundings of the kernels, and half a one of float32 for the losses
    CHECK(e.rows->confidence(n) == Approx(r.confidence).epsilon(1e-14));
    CHECK(e.rows->hit(n) == (r.prediction == label));
    CHECK(e.rows->correct(n) == (r.prediction == label));
    CHECK(static_cast<double>(e.rows->nll(n)) == Approx(-r.log_likelihood).epsilon(0x1p-23));
    // a difference of numbers up to 2
    CHECK(static_cast<double>(e.rows->brier(n)) == Approx(r.brier).epsilon(0x1p-23).margin(1e-14));
    CHECK(e.rows->weight(n) == d.weights[i]);
    CHECK(e.rows->cluster(n) == cluster[i]);
    CHECK(e.rows->stratum(n) == stratum[i]);
    ++n;
  }
  CHECK(e.rows->size() == n);
  CHECK(e.samples == counted);
  CHECK(counted > n);
  // Without a metric of means there are no losses; without the option there are no rows.
  CHECK(!evidence_of(logits(d.z), d.labels, {ece}, o).rows->has_losses());
  CHECK(!evidence_of(logits(d.z), d.labels, {nll, ece},
                     {.ignore_label = -1, .nan = nan_policy::count})
             .rows);
}

TEST_CASE("confidences of float scores are kept as they were binned", "[row_record]") {
  const std::vector<std::vector<float>> z(2, {1, 1, 1});
  const std::vector<int> y(2, 0);
  const evidence e = evidence_of(logits(z), y, {ece}, {.keep_rows = true});
  CHECK(e.rows->confidence(0) == 1.0 / 3);
}

TEST_CASE("a finite loss stays finite in float32, an infinite one infinite", "[row_record]") {
  row_record r(true);
  for (const double loss : {1e39, 1e300, std::numeric_limits<double>::infinity()}) {
    r.add(0.5, false);
    r.add_losses(loss, 1, false);
  }
  CHECK(r.nll(0) == std::numeric_limits<float>::max());
  CHECK(r.nll(1) == std::numeric_limits<float>::max());
  CHECK(std::isinf(r.nll(2)));
}

TEST_CASE("rows that several threads read lie in the order of the rows", "[row_record]") {
  const drawn<float> d(2000, 120, 93);  // so many classes that several threads are worth it
  const evidence one = evidence_of(logits(d.z), d.labels, {nll}, {.keep_rows = true}),
                 four =
                     evidence_of(logits(d.z), d.labels, {nll}, {.threads = {4}, .keep_rows = true});
  REQUIRE(four.rows->size() == 2000);
  bool same = true;
  for (std::size_t i = 0; i < 2000; ++i)
    same = same && one.rows->confidence(i) == four.rows->confidence(i) &&
           one.rows->hit(i) == four.rows->hit(i) && one.rows->nll(i) == four.rows->nll(i) &&
           one.rows->brier(i) == four.rows->brier(i);
  CHECK(same);
}
