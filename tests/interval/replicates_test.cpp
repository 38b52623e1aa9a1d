// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Replicates against evidence_of() the same rows, repeated or weighted as they were drawn.
#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <tuple>
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
#include "drawn.hpp"

using namespace calibra;

namespace {

/// Means, the table and the pairs.
const metric_list three_parts{nll, ece, ks_error};

/// Confidences below 0.3 lie in no bin, those in [0.45, 0.55) do not count at all.
struct patchy {
  std::size_t size() const { return 3; }
  std::ptrdiff_t index(double c) const {
    if (c < 0.3) return binning::none;
    if (c < 0.45) return 0;
    if (c < 0.55) return binning::removed;
    return c < 0.8 ? 1 : 2;
  }
  double lower(std::size_t b) const { return b == 0 ? 0.3 : b == 1 ? 0.55 : 0.8; }
  double upper(std::size_t b) const { return b == 0 ? 0.45 : b == 1 ? 0.8 : 1; }
  std::string describe() const { return "patchy"; }
};

/// [0, 0.6) and [0.4, 1]: what lies between is in both.
struct overlapping {
  std::size_t size() const { return 2; }
  std::ptrdiff_t index(double c) const { return c < 0.6 ? 0 : 1; }
  std::ptrdiff_t second(double c) const { return c >= 0.4 && c < 0.6 ? 1 : binning::none; }
  double lower(std::size_t b) const { return b == 0 ? 0 : 0.4; }
  double upper(std::size_t b) const { return b == 0 ? 0.6 : 1; }
  std::string describe() const { return "overlapping"; }
};

/// Entries of some rows; none of a column that is not there.
template<class V>
V picked(const V& from, const std::vector<std::size_t>& rows) {
  V out;
  if (from.empty()) return out;
  for (const std::size_t i : rows) out.push_back(from[i]);
  return out;
}

/// Rows keep losses in float32, each half a unit of 2^-23 off at most, and so are sums of them,
/// which are of one sign. Sums of up to 3000 terms in double that are added in another order are
/// hardly 1e-13 off.
constexpr double of_losses = 0x1p-24, of_sums = 1e-13;
/// Confidences share their 53 bits with the number of their cell.
double of_confidences(std::size_t bins) {
  const std::size_t cells = 4 * (bins + 2);
  return of_sums +
         (cells > 1U << 16 ? 0 : std::ldexp(static_cast<double>(std::bit_ceil(cells)), -53));
}

/// Of sums of terms of one sign; `scale`: what they are sums of where it is not they.
bool alike(double a, double b, double scale, double tolerance = of_sums) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= tolerance * std::abs(scale);
}
bool alike(double a, double b) {
  return alike(a, b, b);
}

/// The first thing in which sums differ; empty if nothing. `counted`: numbers of rows as well.
std::string difference(const bin_sums& a, const bin_sums& b, bool counted, double rounding) {
  if (counted && a.count != b.count) return "count";
  if (!alike(a.weight, b.weight)) return "weight";
  if (counted && !alike(a.squared_weight, b.squared_weight)) return "squared_weight";
  if (!alike(a.confidence, b.confidence, b.confidence, rounding)) return "confidence";
  if (!alike(a.hits, b.hits)) return "hits";
  // weight - 2 confidence + confidence^2
  if (!alike(a.squared_miss, b.squared_miss, 4 * b.weight, rounding)) return "squared_miss";
  return {};
}
std::string difference(const reliability_table& a, const reliability_table& b, bool counted) {
  if (!(a.bins() == b.bins())) return "bins";
  const double rounding = of_confidences(a.size());
  if (counted && a.count() != b.count()) return "count of the table";
  for (std::size_t k = 0; k < a.size(); ++k) {
    const std::string d = difference(a.sums(k), b.sums(k), counted, rounding);
    if (!d.empty()) return d + " of bin " + std::to_string(k);
  }
  const std::string d = difference(a.outside(), b.outside(), counted, rounding);
  if (!d.empty()) return d + " outside";
  const std::string again = difference(a.repeated(), b.repeated(), counted, rounding);
  return again.empty() ? again : again + " of rows in two bins";
}
std::string difference(const summary& a, const summary& b, bool counted, double rounding) {
  const summary::sums s = a.totals(), t = b.totals();
  if (counted && a.count() != b.count()) return "count of the means";
  if (!alike(s.weight, t.weight)) return "weight of the means";
  if (!alike(s.correct, t.correct)) return "correct";
  if (!alike(s.confidence, t.confidence, t.confidence, rounding)) return "confidence of the means";
  if (!alike(s.nll, t.nll, t.nll, of_losses)) return "nll";
  if (!alike(s.brier, t.brier, t.brier, of_losses)) return "brier";
  if (!alike(s.brier_top, t.brier_top, 4 * t.weight, rounding)) return "brier_top";
  return {};
}

/// What pairs weigh, whatever their order and however often they come.
std::map<std::tuple<double, bool, double>, double> weighed(const sample& s) {
  std::map<std::tuple<double, bool, double>, double> all;
  for (std::size_t i = 0; i < s.size(); ++i)
    if (s.weight(i) > 0)
      all[{s.confidence(i), s.hit(i), s.proximities().empty() ? 0 : s.proximities()[i]}] +=
          s.weight(i);
  return all;
}
std::string difference(const sample& a, const sample& b) {
  if (a.precision() != b.precision()) return "precision of the pairs";
  if (!a.sorted()) return "order of the pairs";
  const auto x = weighed(a), y = weighed(b);
  if (x.size() != y.size()) return "number of different pairs";
  for (auto i = x.begin(), j = y.begin(); i != x.end(); ++i, ++j) {
    if (i->first != j->first) return "a pair";
    // the same few weights, added in another order
    if (std::abs(i->second - j->second) > 1e-12 * j->second) return "weight of a pair";
  }
  return {};
}
std::string difference(const evidence& a, const evidence& b, bool counted) {
  if (!a.means != !b.means || !a.table != !b.table || !a.pairs != !b.pairs) return "parts";
  std::string d = difference(*a.table, *b.table, counted);
  if (d.empty() && a.means)
    d = difference(*a.means, *b.means, counted, of_confidences(a.table->size()));
  if (d.empty() && a.pairs) d = difference(*a.pairs, *b.pairs);
  if (d.empty() && counted && a.samples != b.samples) d = "samples";
  return d;
}

/// Compares replicates of evidence of rows `kept` with what `make(scores, labels, options)` says of
/// those rows, repeated, and of all rows weighted.
template<class Z, class Make>
void check_draws(const std::vector<Z>& scores, const std::vector<int>& labels, options o,
                 const std::vector<double>& weights, const std::vector<double>& proximity,
                 const std::vector<std::size_t>& kept, const Make& make) {
  const auto set = [](auto& column, const auto& from) {
    if (!from.empty()) column = from;
  };
  set(o.weights, weights);
  set(o.proximity, proximity);
  o.keep_rows = true;
  const evidence whole = make(scores, labels, o);
  std::vector<std::size_t> drawn_from;  // rows of weight 0 are none
  for (const std::size_t i : kept)
    if (weights.empty() || weights[i] > 0) drawn_from.push_back(i);
  REQUIRE(whole.samples == kept.size());
  REQUIRE(whole.rows->size() == drawn_from.size());
  const evidence_replicates draws(whole, 11);
  REQUIRE(draws.rows() == drawn_from.size());
  REQUIRE(draws.units() == drawn_from.size());
  o.keep_rows = false;
  evidence_replicates::workspace room;
  for (const std::uint64_t r : {0U, 1U, 9U}) {
    const evidence drawn = draws.draw(r, room);
    std::vector<std::size_t> repeated;
    std::vector<double> times(scores.size());
    for (std::size_t n = 0; n < drawn_from.size(); ++n) {
      const std::size_t i = drawn_from[n];
      times[i] = room.times[n] * (weights.empty() ? 1.0 : weights[i]);
      repeated.insert(repeated.end(), room.times[n], i);
    }
    REQUIRE(repeated.size() == drawn_from.size());
    options as_repeated = o;
    const std::vector<double> w = picked(weights, repeated), p = picked(proximity, repeated);
    set(as_repeated.weights, w);
    set(as_repeated.proximity, p);
    const evidence other = make(picked(scores, repeated), picked(labels, repeated), as_repeated);
    CHECK(difference(drawn, other, true) == "");
    CHECK(drawn.skipped == whole.skipped);
    // Some rows of weight 0 are in this one, so that it has other counts.
    options as_weighted = o;
    set(as_weighted.weights, times);
    CHECK(difference(drawn, make(scores, labels, as_weighted), false) == "");
  }
}

}  // namespace

TEST_CASE("a replicate is the evidence of rows that are repeated", "[replicates]") {
  const drawn<float> f(3000, 4, 1);
  const drawn<double> d(3000, 4, 2);
  std::vector<std::size_t> all(3000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  const auto check = [&](const auto& from, const options& o, bool weighted, bool proximities) {
    const std::vector<double> none;
    check_draws(from.z, from.labels, o, weighted ? from.weights : none,
                proximities ? from.proximity : none, all,
                [](const auto& z, const std::vector<int>& y, const options& how) {
                  return evidence_of(logits(z), y, three_parts, how);
                });
  };
  for (const edge_side side : {edge_side::right_closed, edge_side::left_closed}) {
    const options bins[] = {
        {.side = side},
        {.side = side, .edges = {0, 0.4, 0.41, 0.9, 1}},  // more than 1024 rows in one
        {.binning = patchy{}},
        {.bins = 200, .side = side},
        {.bins = 20000, .side = side},  // too many to keep sums of each apart
    };
    for (const options& o : bins)
      for (const bool weighted : {false, true}) {
        INFO("bins " << o.fixed_bins().size() << ", weighted " << weighted);
        check(f, o, weighted, false);
        check(d, o, weighted, true);
      }
  }
}

TEST_CASE("what is drawn in blocks of rows is what is drawn at once", "[replicates]") {
  const drawn<float> d(150'000, 3, 10);
  options o{.keep_rows = true};
  for (const bool weighted : {false, true}) {
    if (weighted) o.weights = d.weights;
    const evidence e = evidence_of(logits(d.z), d.labels, metric_list{nll, ece}, o);
    const evidence_replicates in_blocks(e, 5);
    std::vector<std::int64_t> own(d.labels.size());  // clusters of one row: drawn at once
    for (std::size_t i = 0; i < own.size(); ++i) own[i] = static_cast<std::int64_t>(i);
    o.cluster = own;
    const evidence_replicates at_once(evidence_of(logits(d.z), d.labels, metric_list{nll, ece}, o),
                                      5);
    o.cluster = {};
    evidence_replicates::workspace a, b;
    for (const std::uint64_t r : {0U, 3U}) {
      const evidence drawn = in_blocks.draw(r, a);
      CHECK(difference(drawn, at_once.draw(r, b), true) == "");
      CHECK(drawn.samples == in_blocks.rows());
      CHECK(a.times.size() < b.times.size());
      std::size_t total = 0;
      for (const std::uint8_t times : b.times) total += times;
      CHECK(total == at_once.rows());
    }
  }
}

TEST_CASE("rows that are left out are in no replicate", "[replicates]") {
  drawn<double> d(700, 3, 3);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < 700; ++i) {
    if (i % 7 == 0)
      d.labels[i] = 255;
    else if (i % 11 == 0)
      d.z[i][1] = std::numeric_limits<double>::quiet_NaN();
    else
      kept.push_back(i);
  }
  for (const bool weighted : {false, true})
    check_draws(d.z, d.labels, {.ignore_label = 255, .nan = nan_policy::count},
                weighted ? d.weights : std::vector<double>(), {}, kept,
                [](const auto& z, const std::vector<int>& y, const options& how) {
                  return evidence_of(logits(z), y, three_parts, how);
                });
}

namespace {

/// One number a row, many of them 0, 1 and ties, and what came true.
template<class T>
struct drawn_events {
  std::vector<T> p;
  std::vector<int> event;
  std::vector<double> weights;
  explicit drawn_events(std::size_t rows, unsigned seed) {
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> uniform;
    for (std::size_t i = 0; i < rows; ++i) {
      const double x = uniform(random);
      p.push_back(static_cast<T>(i % 10 == 0 ? 0 : i % 10 == 1 ? 1 : i % 3 == 0 ? 0.25 : x));
      const bool certain = p.back() == 0 || p.back() == 1;
      event.push_back(certain ? p.back() == 1 : uniform(random) < static_cast<double>(p.back()));
      weights.push_back(static_cast<double>(random() % 4) / 3);
    }
  }
};

}  // namespace

TEST_CASE("replicates of binary scores know correct from hit", "[replicates]") {
  const drawn_events<float> f(900, 4);
  const drawn_events<double> d(900, 5);
  std::vector<std::size_t> all(900);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  const auto check = [&](const auto& from, const options& o) {
    for (const bool weighted : {false, true})
      check_draws(from.p, from.event, o, weighted ? from.weights : std::vector<double>(), {}, all,
                  [](const auto& p, const std::vector<int>& y, const options& how) {
                    return evidence_of(binary_probabilities(p), y, three_parts, how);
                  });
  };
  for (const binary_target target : {binary_target::positive_class, binary_target::top_label})
    for (const options& o :
         {options{.binary = target}, options{.side = edge_side::left_closed, .binary = target},
          options{.binning = patchy{}, .binary = target}}) {
      check(f, o);
      check(d, o);
    }
}

TEST_CASE("replicates of confidences have no losses", "[replicates]") {
  const drawn_events<float> f(900, 6);
  const drawn_events<double> d(900, 7);
  std::vector<std::size_t> all(900);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  const auto check = [&](const auto& from) {
    for (const bool weighted : {false, true})
      for (const options& o : {options{}, options{.binning = patchy{}}})
        check_draws(from.p, from.event, o, weighted ? from.weights : std::vector<double>(), {}, all,
                    [](const auto& p, const std::vector<int>& y, const options& how) {
                      return evidence_of(confidences(p, y), three_parts, how);
                    });
  };
  check(f);
  check(d);
}

TEST_CASE("an infinite loss is in the replicates that drew it", "[replicates]") {
  std::vector<std::vector<double>> p(40, {0.75, 0.25});
  p[7] = {1, 0};
  for (const std::size_t i : {8U, 9U, 20U}) p[i] = {0.97, 0.03};  // of its bin, and as wrong
  std::vector<int> y(40, 0);
  for (const std::size_t i : {7U, 8U, 9U, 20U}) y[i] = 1;
  options o{.keep_rows = true};
  const evidence_replicates draws(evidence_of(probabilities(p), y, three_parts, o), 3);
  evidence_replicates::workspace room;
  int with = 0;
  for (std::uint64_t r = 0; r < 40; ++r) {
    const evidence drawn = draws.draw(r, room);
    CHECK(std::isinf(drawn.means->nll()) == (room.times[7] > 0));
    CHECK(std::isfinite(drawn.means->nll()) == (room.times[7] == 0));
    CHECK(std::isfinite(drawn.means->brier()));
    with += room.times[7] > 0 ? 1 : 0;
  }
  CHECK(with > 10);  // some 63 % of 40: 6 standard errors below are 7
  CHECK(with < 40);
}

TEST_CASE("rows in two bins count as often as they were drawn", "[replicates]") {
  const drawn<double> d(300, 3, 8);
  std::vector<std::size_t> all(300);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  for (const bool weighted : {false, true})
    check_draws(d.z, d.labels, {.binning = overlapping{}},
                weighted ? d.weights : std::vector<double>(), {}, all,
                [](const auto& z, const std::vector<int>& y, const options& how) {
                  return evidence_of(logits(z), y, three_parts, how);
                });
}

TEST_CASE("a confidence on an edge is drawn into the bin that it was found in", "[replicates]") {
  // Three classes alike: 1/3 is the edge 5/15 in double, and lies above it once it is a float.
  const std::vector<std::vector<float>> z(30, {1, 1, 1});
  const std::vector<int> y(30, 0);
  const evidence whole = evidence_of(logits(z), y, three_parts, {.keep_rows = true});
  REQUIRE(whole.table->sums(4).count == 30);
  evidence_replicates::workspace room;
  const evidence drawn = evidence_replicates(whole, 1).draw(0, room);
  CHECK(drawn.table->sums(4).count == 30);
}

namespace {

/// Evidence of n rows whose confidences are all different, so that pairs tell rows apart.
evidence numbered_rows(std::size_t n, const options& o, bool with_pairs = true,
                       bool descending = false) {
  std::vector<double> c(n);
  std::vector<int> hit(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t number = descending ? n - i : i + 1;
    c[i] = static_cast<double>(number) / static_cast<double>(n + 1);
    hit[i] = i % 3 == 0 ? 1 : 0;
  }
  return evidence_of(confidences(c, hit),
                     with_pairs ? metric_list{ece, ks_error} : metric_list{ece}, o);
}
/// How often each of these rows is in a replicate.
std::vector<int> times_of(const evidence& drawn, std::size_t n) {
  std::vector<int> times(n);
  for (std::size_t i = 0; i < drawn.pairs->size(); ++i)
    ++times[static_cast<std::size_t>(
        std::lround(drawn.pairs->confidence(i) * static_cast<double>(n + 1)) - 1)];
  return times;
}

}  // namespace

TEST_CASE("units are drawn as often as any other", "[replicates]") {
  constexpr std::size_t n = 20;
  constexpr double replicates = 4000;
  for (const bool with_pairs : {false, true}) {
    const evidence_replicates draws(numbered_rows(n, {.keep_rows = true}, with_pairs), 5);
    CHECK(draws.rows() == n);
    CHECK(draws.units() == n);
    evidence_replicates::workspace room;
    std::vector<double> sum(n), squares(n);
    double neighbours = 0;
    for (std::uint64_t r = 0; r < 4000; ++r) {
      static_cast<void>(draws.draw(r, room));
      REQUIRE(room.times.size() == n);
      int all = 0;
      for (std::size_t u = 0; u < n; ++u) {
        const double t = room.times[u];
        all += room.times[u];
        sum[u] += t;
        squares[u] += (t - 1) * (t - 1);
        neighbours += (t - 1) * (room.times[(u + 1) % n] - 1.0);
      }
      REQUIRE(all == n);
    }
    // Binomial of n and 1/n: variance v = 1 - 1/n, fourth central moment 3 v^2 + v (1 - 6 v / n).
    const double v = 1 - 1.0 / n, fourth = 3 * v * v + v * (1 - 6 * v / n);
    for (std::size_t u = 0; u < n; ++u) {
      CHECK(std::abs(sum[u] / replicates - 1) < 6 * std::sqrt(v / replicates));
      CHECK(std::abs(squares[u] / replicates - v) < 6 * std::sqrt((fourth - v * v) / replicates));
    }
    // Two units are drawn in one another's place: covariance -1/n. The variance of a product is
    // about v^2, and there are n of them a replicate.
    CHECK(std::abs(neighbours / (replicates * n) + 1.0 / n) < 6 * v / std::sqrt(replicates * n));
  }
}

TEST_CASE("a replicate is a function of the seed and its number", "[replicates]") {
  const evidence whole = numbered_rows(60, {.keep_rows = true});
  const evidence_replicates draws(whole, 5), again(whole, 5), other(whole, 6);
  evidence_replicates::workspace room, fresh;
  const auto third = times_of(draws.draw(3, room), 60);
  CHECK(times_of(draws.draw(4, room), 60) != third);
  CHECK(times_of(other.draw(3, room), 60) != third);
  CHECK(times_of(again.draw(3, room), 60) == third);
  CHECK(times_of(draws.draw(3, fresh), 60) == third);
  const evidence a = draws.draw(7, room), b = again.draw(7, fresh);
  for (std::size_t k = 0; k < a.table->size(); ++k) {
    CHECK(a.table->sums(k).count == b.table->sums(k).count);
    CHECK(a.table->sums(k).confidence == b.table->sums(k).confidence);
  }
}

TEST_CASE("a replicate's table does not depend on what else was asked for", "[replicates]") {
  const evidence_replicates with(numbered_rows(60, {.keep_rows = true}, true, true), 5),
      without(numbered_rows(60, {.keep_rows = true}, false, true), 5);
  evidence_replicates::workspace room;
  const evidence a = with.draw(0, room), b = without.draw(0, room);
  for (std::size_t k = 0; k < a.table->size(); ++k)
    CHECK(a.table->sums(k).count == b.table->sums(k).count);
}

TEST_CASE("rows of a cluster are drawn together", "[replicates]") {
  constexpr std::size_t n = 90;
  std::vector<std::int64_t> cluster(n);  // 30 of 1 to 5 rows, apart from one another
  for (std::size_t i = 0; i < n; ++i)
    cluster[i] = -7 + 1'000'000'007 * static_cast<std::int64_t>((i * i + i / 3) % 30);
  std::map<std::int64_t, std::size_t> first;
  for (std::size_t i = 0; i < n; ++i) first.emplace(cluster[i], i);
  for (const bool with_losses : {false, true}) {
    evidence whole = numbered_rows(n, {.cluster = cluster, .keep_rows = true});
    if (with_losses) {
      const drawn<double> d(n, 3, 9);
      whole =
          evidence_of(logits(d.z), d.labels, three_parts, {.cluster = cluster, .keep_rows = true});
    }
    const evidence_replicates draws(whole, 2);
    REQUIRE(draws.units() == first.size());
    CHECK(draws.rows() == n);
    evidence_replicates::workspace room;
    for (std::uint64_t r = 0; r < 20; ++r) {
      const evidence drawn = draws.draw(r, room);
      REQUIRE(room.times.size() == first.size());
      std::uint64_t clusters = 0;
      for (const std::uint8_t t : room.times) clusters += t;
      CHECK(clusters == first.size());
      if (with_losses) {
        CHECK(drawn.means->count() == drawn.pairs->size());
        CHECK(drawn.table->count() == drawn.pairs->size());
        continue;
      }
      const std::vector<int> times = times_of(drawn, n);
      std::size_t drawn_clusters = 0, rows = 0;
      for (std::size_t i = 0; i < n; ++i) {
        CHECK(times[i] == times[first[cluster[i]]]);
        rows += static_cast<std::size_t>(times[i]);
        if (first[cluster[i]] == i) drawn_clusters += static_cast<std::size_t>(times[i]);
      }
      CHECK(drawn_clusters == first.size());
      CHECK(drawn.samples == rows);
      CHECK(drawn.table->count() == rows);
    }
  }
}

TEST_CASE("a stratum is drawn as often as it is large", "[replicates]") {
  constexpr std::size_t n = 100;
  std::vector<std::int64_t> stratum(n), cluster(n);
  for (std::size_t i = 0; i < n; ++i) {
    stratum[i] = i % 10 == 0 ? -1 : i % 3 == 0 ? 5 : 2;
    // of two or three rows, with the same numbers in no two strata
    cluster[i] = 10 * static_cast<std::int64_t>(i / 10) + stratum[i];
  }
  std::map<std::int64_t, int> rows_of;
  std::map<std::int64_t, std::map<std::int64_t, std::size_t>> clusters_of;
  for (std::size_t i = 0; i < n; ++i) {
    ++rows_of[stratum[i]];
    clusters_of[stratum[i]].emplace(cluster[i], i);
  }
  REQUIRE(rows_of.size() == 3);
  evidence_replicates::workspace room;
  const evidence_replicates rows(numbered_rows(n, {.stratum = stratum, .keep_rows = true}), 4);
  const evidence_replicates clusters(
      numbered_rows(n, {.cluster = cluster, .stratum = stratum, .keep_rows = true}), 4);
  CHECK(rows.units() == n);
  bool differ = false;
  std::vector<int> before;
  for (std::uint64_t r = 0; r < 20; ++r) {
    const std::vector<int> times = times_of(rows.draw(r, room), n);
    std::map<std::int64_t, int> drawn;
    for (std::size_t i = 0; i < n; ++i) drawn[stratum[i]] += times[i];
    CHECK(drawn == rows_of);
    differ = differ || (!before.empty() && times != before);
    before = times;
    const std::vector<int> together = times_of(clusters.draw(r, room), n);
    for (const auto& [s, members] : clusters_of) {
      std::size_t all = 0;
      for (const auto& [id, row] : members) all += static_cast<std::size_t>(together[row]);
      CHECK(all == members.size());
    }
    for (std::size_t i = 0; i < n; ++i)
      CHECK(together[i] == together[clusters_of[stratum[i]][cluster[i]]]);
  }
  CHECK(differ);
}

TEST_CASE("a cluster in two strata is an error that names both", "[replicates]") {
  std::vector<std::int64_t> cluster(30), stratum(30);
  for (std::size_t i = 0; i < 30; ++i) cluster[i] = static_cast<std::int64_t>(i) / 3;
  stratum[13] = 77;
  const evidence whole =
      numbered_rows(30, {.cluster = cluster, .stratum = stratum, .keep_rows = true});
  CHECK_THROWS_AS(evidence_replicates(whole, 1), option_error);
  CHECK_THROWS_WITH(evidence_replicates(whole, 1), Catch::Contains("cluster 4") &&
                                                       Catch::Contains("stratum 0") &&
                                                       Catch::Contains("stratum 77"));
}

TEST_CASE("units are repeated as often as one asks", "[replicates]") {
  constexpr std::size_t n = 40;
  std::vector<std::int64_t> cluster(n);
  for (std::size_t i = 0; i < n; ++i) cluster[i] = static_cast<std::int64_t>(i % 13);
  evidence_replicates::workspace room;
  const evidence_replicates rows(numbered_rows(n, {.keep_rows = true}), 1),
      clusters(numbered_rows(n, {.cluster = cluster, .keep_rows = true}), 1);
  std::vector<std::uint8_t> times(n);
  for (std::size_t i = 0; i < n; ++i) times[i] = static_cast<std::uint8_t>(i * i % 4);
  std::vector<int> expected(times.begin(), times.end());
  CHECK(times_of(rows.repeated(times, room), n) == expected);
  times.resize(13);
  for (std::size_t i = 0; i < n; ++i) expected[i] = times[i % 13];
  CHECK(times_of(clusters.repeated(times, room), n) == expected);
}

TEST_CASE("replicates of two models draw the same rows", "[replicates]") {
  // Other confidences, other hits, other bins, other parts.
  const drawn<double> a(80, 3, 14), b(80, 3, 15);
  const options o{.keep_rows = true}, fewer{.bins = 4, .keep_rows = true};
  const evidence_replicates first(evidence_of(logits(a.z), a.labels, {ece, accuracy}, o), 6),
      second(evidence_of(logits(b.z), b.labels, {ece}, fewer), 6),
      with_pairs(evidence_of(logits(a.z), a.labels, {ece, ks_error}, o), 6);
  evidence_replicates::workspace one, two, three;
  for (std::uint64_t r = 0; r < 5; ++r) {
    const evidence drawn = first.draw(r, one);
    static_cast<void>(second.draw(r, two));
    static_cast<void>(with_pairs.draw(r, three));
    CHECK(one.times == two.times);
    CHECK(one.times == three.times);
    // Times are of the rows as they were given.
    std::vector<std::size_t> repeated;
    for (std::size_t i = 0; i < 80; ++i) repeated.insert(repeated.end(), one.times[i], i);
    const evidence other =
        evidence_of(logits(picked(a.z, repeated)), picked(a.labels, repeated), {ece, accuracy});
    CHECK(difference(*drawn.table, *other.table, true) == "");
    CHECK(difference(*drawn.means, *other.means, true, of_sums) == "");
  }
}

TEST_CASE("units are in groups of one size, at random", "[replicates]") {
  constexpr std::size_t n = 130, clusters = 43;
  std::vector<std::int64_t> cluster(n);
  for (std::size_t i = 0; i < n; ++i) cluster[i] = static_cast<std::int64_t>(i % clusters);
  const evidence rows = numbered_rows(n, {.keep_rows = true}),
                 together = numbered_rows(n, {.cluster = cluster, .keep_rows = true});
  const auto check = [](const evidence& whole, std::size_t units, std::uint8_t count) {
    const std::vector<std::uint8_t> group = evidence_replicates(whole, 8).groups(count);
    REQUIRE(group.size() == units);
    std::vector<std::size_t> size(count);
    for (const std::uint8_t g : group) {
      REQUIRE(g < count);
      ++size[g];
    }
    const auto [least, most] = std::minmax_element(size.begin(), size.end());
    CHECK(*most - *least <= 1);
    CHECK(evidence_replicates(whole, 8).groups(count) == group);
    if (count == 1 || count == units) return;
    CHECK(evidence_replicates(whole, 9).groups(count) != group);
    CHECK(!std::is_sorted(group.begin(), group.end()));
  };
  for (const std::uint8_t count : {std::uint8_t{1}, std::uint8_t{7}, std::uint8_t{130}})
    check(rows, n, count);
  check(together, clusters, 10);
}

TEST_CASE("replicates need the rows", "[replicates]") {
  const evidence whole = numbered_rows(30, {});
  CHECK_THROWS_AS(evidence_replicates(whole, 1), option_error);
  CHECK_THROWS_WITH(evidence_replicates(whole, 1), Catch::Contains("options::keep_rows"));
}

TEST_CASE("replicates of no rows are empty", "[replicates]") {
  const evidence_replicates draws(evidence_of(logits(matrix_view<const double>(nullptr, 0, 3)),
                                              std::vector<int>(), three_parts, {.keep_rows = true}),
                                  1);
  CHECK(draws.rows() == 0);
  CHECK(draws.units() == 0);
  evidence_replicates::workspace room;
  const evidence drawn = draws.draw(0, room);
  CHECK(drawn.samples == 0);
  CHECK(drawn.pairs->empty());
  CHECK(std::isnan(ece(*drawn.table)));
}

TEST_CASE("a replicate has no parts that it does not draw", "[replicates]") {
  const drawn<double> d(50, 3, 10);
  const evidence_replicates draws(
      evidence_of(logits(d.z), d.labels, {ece, classwise_ece, classwise_ace}, {.keep_rows = true}),
      1);
  evidence_replicates::workspace room;
  const evidence drawn = draws.draw(0, room);
  CHECK(drawn.table->count() == 50);
  CHECK(!drawn.means);
  CHECK(!drawn.pairs);
  CHECK(!drawn.rows);
  CHECK(!drawn.class_table);
  CHECK(drawn.class_pairs.empty());
  CHECK(drawn.masses.empty());
}
