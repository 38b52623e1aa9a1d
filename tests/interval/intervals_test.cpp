// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// intervals() as a whole: the same however it is reached, and which metrics have one.
#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "calibra/conventions/all.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/evaluate/accumulator.hpp"
#include "calibra/evaluate/archive.hpp"
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

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}
/// The first thing in which two reports differ by a bit; empty if nothing. `values`: the values and
/// what is made of them as well, not the replicates alone.
std::string difference(const interval_report& a, const interval_report& b, bool values = true) {
  if (a.level != b.level || a.replicates != b.replicates) return "level or replicates";
  if (a.intervals.size() != b.intervals.size()) return "number of intervals";
  for (std::size_t m = 0; m < a.intervals.size(); ++m) {
    const metric_interval &x = a.intervals[m], &y = b.intervals[m];
    if (x.name != y.name) return "name " + x.name;
    if (x.method != y.method) return "method of " + x.name;
    if (x.note != y.note) return "note of " + x.name;
    if (!same_bits(x.standard_error, y.standard_error)) return "standard error of " + x.name;
    const bool of_replicates = x.method == "percentile" || x.method == "analytic";
    if (values || of_replicates) {
      if (!same_bits(x.lower, y.lower)) return "lower limit of " + x.name;
      if (!same_bits(x.upper, y.upper)) return "upper limit of " + x.name;
    }
    if (!values) continue;
    if (!same_bits(x.value, y.value)) return "value of " + x.name;
    if (!same_bits(x.floor, y.floor)) return "floor of " + x.name;
    if (!same_bits(a.values.metrics[m].value, y.value)) return "value twice of " + x.name;
  }
  return {};
}

/// Metrics that go with evidence that is merged: those of classes are kept pairs of all classes.
const metric_list no_classes{
    accuracy, mean_confidence, nll,      brier, brier_top, ece,  overconfidence, mce,
    rmsce,    debiased_l2,     mean_gap, ace,   ks_error,  mmce, piece,          underconfidence};

}  // namespace

TEST_CASE("intervals() is the same for every number of threads", "[intervals]") {
  // Few classes: one thread reads the rows, several draw. Many: several read them, too.
  const drawn<double> few(2000, 4, 71);
  const drawn<float> many(2000, 120, 72);
  const auto check = [](const auto& d, const options& base, const metric_list& list) {
    for (const interval_kind kind : {interval_kind::basic, interval_kind::bca}) {
      const interval_options how{.replicates = 40, .level = 0.9, .seed = 3, .kind = kind};
      options o = base;
      const interval_report one = intervals(logits(d.z), d.labels, list, o, how);
      for (const unsigned threads : {2U, 4U}) {
        INFO("threads " << threads);
        o.threads = {threads};
        CHECK(difference(one, intervals(logits(d.z), d.labels, list, o, how)) == "");
      }
      o.keep_rows = true;
      o.threads = {1};
      const evidence e = evidence_of(logits(d.z), d.labels, list, o);
      for (const unsigned n : {1U, 2U, 4U})
        CHECK(difference(one, intervals(e, list, how, threads{n})) == "");
    }
  };
  check(few, {.proximity = few.proximity}, no_classes);
  check(many, {.weights = many.weights}, {accuracy, nll, ece, rmsce, debiased_l2, ks_error});
}

TEST_CASE("evidence that several threads made has the same replicates", "[intervals]") {
  // Sums of blocks of rows are plain, so that values may differ in a last bit.
  const drawn<float> d(2000, 120, 72);
  const metric_list list{accuracy, nll, brier, ece, rmsce, debiased_l2, ks_error};
  const interval_options how{.replicates = 40, .level = 0.9, .kind = interval_kind::percentile};
  const interval_report one = intervals(logits(d.z), d.labels, list, {}, how);
  for (const unsigned threads : {2U, 3U, 4U}) {
    INFO("threads " << threads);
    const interval_report several = intervals(
        evidence_of(logits(d.z), d.labels, list, {.threads = {threads}, .keep_rows = true}), list,
        how);
    CHECK(difference(one, several, false) == "");
    for (const metric_interval& i : several) {
      CHECK(i.value == Approx(one[i.name].value).epsilon(1e-14));
      CHECK(i.lower == Approx(one[i.name].lower).epsilon(1e-14));
    }
  }
}

TEST_CASE("intervals() of unweighted rows is the same for every number of threads, bit for bit",
          "[intervals]") {
  const drawn<float> d(2000, 120, 72);
  const interval_report one = intervals(logits(d.z), d.labels, {nll});
  for (const unsigned threads : {2U, 3U, 4U, 7U})
    CHECK(difference(one, intervals(logits(d.z), d.labels, {nll}, {.threads = {threads}})) == "");
}

TEST_CASE("all metrics at once have the same intervals for every number of threads",
          "[intervals]") {
  const drawn<double> d(2000, 4, 73);
  options o{.proximity = d.proximity};
  const interval_options how{.replicates = 40, .level = 0.9};
  const interval_report one = intervals(logits(d.z), d.labels, all_metrics(), o, how);
  const evaluation e = evaluate(logits(d.z), d.labels, all_metrics(), o);
  REQUIRE(one.intervals.size() == e.metrics.size());
  for (std::size_t m = 0; m < e.metrics.size(); ++m) {
    const metric_interval& i = one.intervals[m];
    INFO(i.name);
    CHECK(i.name == e.metrics[m].name);
    CHECK(same_bits(i.value, e.metrics[m].value));
    CHECK((i.method == "") == std::isnan(i.lower));
    CHECK((i.method == "") == std::isnan(i.upper));
    CHECK((i.method == "") == !i.note.empty());
    if (i.method == "") continue;
    CHECK(i.lower <= i.upper);
    CHECK(i.standard_error > 0);
  }
  for (const unsigned threads : {2U, 4U}) {
    o.threads = {threads};
    CHECK(difference(one, intervals(logits(d.z), d.labels, all_metrics(), o, how)) == "");
  }
}

TEST_CASE("intervals() of evidence merged from halves are those of the whole", "[intervals]") {
  const drawn<double> d(2000, 4, 74);
  const drawn<double> first = d.part(0, 1024), second = d.part(1024, 2000);
  std::vector<std::int64_t> cluster(2000), stratum(2000);
  for (std::size_t i = 0; i < 2000; ++i) {
    stratum[i] = static_cast<std::int64_t>(i % 2);
    cluster[i] = static_cast<std::int64_t>(i % 500);  // in both halves
  }
  const auto part = [](const auto& v, std::size_t from, std::size_t to) {
    return std::remove_cvref_t<decltype(v)>(v.begin() + static_cast<std::ptrdiff_t>(from),
                                            v.begin() + static_cast<std::ptrdiff_t>(to));
  };
  const std::vector<std::int64_t> c1 = part(cluster, 0, 1024), c2 = part(cluster, 1024, 2000),
                                  s1 = part(stratum, 0, 1024), s2 = part(stratum, 1024, 2000);
  for (const bool weighted : {false, true})
    for (const bool together : {false, true})
      for (const interval_kind kind : {interval_kind::percentile, interval_kind::bca}) {
        const auto with = [&](const drawn<double>& x, const std::vector<std::int64_t>& c,
                              const std::vector<std::int64_t>& s) {
          options o{.proximity = x.proximity, .keep_rows = true};
          if (weighted) o.weights = x.weights;
          if (together) {
            o.cluster = c;
            o.stratum = s;
          }
          return evidence_of(logits(x.z), x.labels, no_classes, o);
        };
        const interval_options how{.replicates = 40, .level = 0.9, .kind = kind};
        const evidence whole = with(d, cluster, stratum);
        evidence a = with(first, c1, s1);
        a += with(second, c2, s2);
        CHECK(a.rows->size() == whole.rows->size());
        const interval_report of_whole = intervals(whole, no_classes, how),
                              of_merged = intervals(a, no_classes, how);
        INFO("weighted " << weighted << ", clusters " << together);
        CHECK(difference(of_whole, of_merged) == "");
      }
}

TEST_CASE("replicates do not depend on where evidence was cut", "[intervals]") {
  // Not at a boundary of what the walk over rows does at once: values may differ in a last bit, the
  // rows do not.
  const drawn<float> d(700, 3, 75);
  const options o{.keep_rows = true};
  const metric_list list{accuracy, nll, brier, ece, mce, rmsce, debiased_l2, ks_error};
  const interval_options how{.replicates = 40, .level = 0.9, .kind = interval_kind::percentile};
  const interval_report whole = intervals(evidence_of(logits(d.z), d.labels, list, o), list, how);
  for (const std::size_t cut : {0U, 1U, 333U, 699U}) {
    const drawn<float> first = d.part(0, cut), second = d.part(cut, 700);
    evidence a = cut == 0 ? evidence_of(logits(matrix_view<const float>(nullptr, 0, 3)),
                                        std::vector<int>(), list, o)
                          : evidence_of(logits(first.z), first.labels, list, o);
    a += evidence_of(logits(second.z), second.labels, list, o);
    const interval_report merged = intervals(a, list, how);
    INFO("cut at " << cut);
    CHECK(difference(whole, merged, false) == "");
    for (const metric_interval& i : merged)
      CHECK(i.value == Approx(whole[i.name].value).epsilon(1e-14));
  }
}

TEST_CASE("an accumulator keeps the rows of its batches", "[intervals]") {
  const drawn<double> d(300, 3, 76);
  std::vector<std::int64_t> cluster(300);
  for (std::size_t i = 0; i < 300; ++i) cluster[i] = static_cast<std::int64_t>(i * i % 97);
  const metric_list list{accuracy, ece, ks_error};
  const interval_options how{.replicates = 40};
  evidence_accumulator batches(list, {.keep_rows = true});
  for (std::size_t first = 0; first < 300; first += 100) {
    const drawn<double> part = d.part(first, first + 100);
    const std::vector<std::int64_t> ids(cluster.begin() + static_cast<std::ptrdiff_t>(first),
                                        cluster.begin() + static_cast<std::ptrdiff_t>(first + 100));
    batches.add(logits(part.z), part.labels, {.cluster = ids});
  }
  const interval_report whole = intervals(logits(d.z), d.labels, list, {.cluster = cluster}, how);
  const interval_report merged = intervals(batches.so_far(), list, how);
  for (const metric_interval& i : whole) {
    INFO(i.name);
    CHECK(merged[i.name].standard_error == i.standard_error);
    CHECK(merged[i.name].value == Approx(i.value).epsilon(1e-14));
  }
  const drawn<double> more = d.part(0, 10);
  CHECK_THROWS_WITH(batches.add(logits(more.z), more.labels), Catch::Contains("clusters"));
  CHECK_THROWS_AS(evidence_accumulator(list, {.cluster = cluster}), option_error);
  CHECK_THROWS_AS(evidence_accumulator(list, {.stratum = cluster}), option_error);
}

TEST_CASE("evidence merges rows in both or in neither", "[intervals]") {
  const drawn<double> d(20, 3, 77);
  const std::vector<std::int64_t> id(20, 1);
  const auto made = [&](options o) {
    o.keep_rows = true;
    return evidence_of(logits(d.z), d.labels, {accuracy}, o);
  };
  const evidence with = made({}), without = evidence_of(logits(d.z), d.labels, {accuracy});
  evidence a = with, b = without;
  CHECK_THROWS_WITH(a += without, Catch::Contains("rows kept in both or in neither"));
  CHECK_THROWS_WITH(b += with, Catch::Contains("rows kept in both or in neither"));
  const evidence others[] = {made({.weights = d.weights}), made({.cluster = id}),
                             made({.stratum = id})};
  const char* const says[] = {"weights", "clusters", "strata"};
  for (std::size_t k = 0; k < 3; ++k) {
    INFO(says[k]);
    CHECK_THROWS_AS(a += others[k], option_error);
    CHECK_THROWS_WITH(a += others[k], Catch::Contains(says[k]));
    CHECK(a.samples == 20);  // nothing has changed
    CHECK(a.rows->size() == 20);
    CHECK(a.table->count() == 20);
  }
  a += a;
  CHECK(a.rows->size() == 40);
  CHECK(a.rows->confidence(25) == with.rows->confidence(5));
  // Two copies of each row: as sure as twice as many rows are.
  const interval_report twice = intervals(a, {accuracy}), once = intervals(with, {accuracy});
  CHECK(twice["accuracy"].standard_error ==
        Approx(once["accuracy"].standard_error * std::sqrt(19.0 / 39)).epsilon(1e-9));
  CHECK_THROWS_WITH(to_bytes(with), Catch::Contains("rows"));
}

TEST_CASE("what intervals() cannot do without is an error", "[intervals]") {
  const drawn<double> d(50, 3, 78);
  CHECK_THROWS_AS(intervals(evidence_of(logits(d.z), d.labels, {ece}), {ece}), option_error);
  CHECK_THROWS_WITH(intervals(evidence_of(logits(d.z), d.labels, {ece}), {ece}),
                    Catch::Contains("options::keep_rows"));
  const evidence e = evidence_of(logits(d.z), d.labels, {ece}, {.keep_rows = true});
  CHECK_NOTHROW(intervals(e, {ece}));
  CHECK_THROWS_WITH(intervals(e, {ece, ks_error}), Catch::Contains("ks_error"));
  CHECK_THROWS_WITH(intervals(e, {nll}), Catch::Contains("nll"));
  const std::vector<std::int64_t> some(49, 0);
  CHECK_THROWS_AS(intervals(logits(d.z), d.labels, {ece}, {.cluster = some}), shape_error);
  CHECK_THROWS_WITH(intervals(logits(d.z), d.labels, {ece}, {.cluster = some}),
                    Catch::Contains("expected 50 clusters") && Catch::Contains("49"));
  CHECK_THROWS_WITH(intervals(logits(d.z), d.labels, {ece}, {.stratum = some}),
                    Catch::Contains("expected 50 strata") && Catch::Contains("49"));
  std::vector<int> labels = d.labels;
  labels[3] = 9;
  CHECK_THROWS_WITH(intervals(logits(d.z), labels, {ece}),
                    Catch::Contains("intervals()") && Catch::Contains("row 3"));
  const interval_report r = intervals(logits(d.z), d.labels, {ece});
  CHECK_THROWS_AS(r["accuracy"], option_error);
  CHECK(&r["ece"] == &*r.begin());
  // a cluster in two strata, where no replicate is drawn either
  std::vector<std::int64_t> cluster(50, 7), stratum(50, 1);
  stratum[20] = 2;
  for (const metric_list& list : {metric_list{accuracy}, metric_list{ece}})
    CHECK_THROWS_WITH(
        intervals(logits(d.z), d.labels, list, {.cluster = cluster, .stratum = stratum}),
        Catch::Contains("cluster 7") && Catch::Contains("stratum 1") &&
            Catch::Contains("stratum 2"));
}

TEST_CASE("clusters of one row and one stratum change nothing", "[intervals]") {
  const drawn<double> d(200, 3, 79);
  std::vector<std::int64_t> alone(200), same(200, -4);
  for (std::size_t i = 0; i < 200; ++i) alone[i] = static_cast<std::int64_t>(i);
  const metric_list list{accuracy, nll, brier, ece, rmsce, debiased_l2, ks_error};
  const interval_options how{.replicates = 40};
  const interval_report plain = intervals(logits(d.z), d.labels, list, {}, how);
  CHECK(difference(plain, intervals(logits(d.z), d.labels, list, {.cluster = alone}, how)) == "");
  CHECK(difference(plain, intervals(logits(d.z), d.labels, list, {.stratum = same}, how)) == "");
}

TEST_CASE("rows that are left out are in no interval", "[intervals]") {
  drawn<double> d(200, 3, 80);
  std::vector<unsigned char> valid(200, 1);
  std::vector<std::int64_t> cluster(200);
  for (std::size_t i = 0; i < 200; ++i) {
    cluster[i] = static_cast<std::int64_t>(i / 2);
    if (i >= 150) valid[i] = 0;
  }
  d.z[10][0] = std::nan("");
  const drawn<double> kept = d.part(0, 150);
  const std::vector<std::int64_t> ids(cluster.begin(), cluster.begin() + 150);
  const metric_list list{accuracy, brier, ece, debiased_l2, ks_error};
  const interval_options how{.replicates = 40};
  const interval_report all =
      intervals(logits(d.z), d.labels, list,
                {.valid = valid, .cluster = cluster, .nan = nan_policy::count}, how);
  CHECK(all.values.samples == 149);
  CHECK(all.values.skipped == 1);
  CHECK(difference(all, intervals(logits(kept.z), kept.labels, list,
                                  {.cluster = ids, .nan = nan_policy::count}, how)) == "");
}

TEST_CASE("the seed decides what is drawn", "[intervals]") {
  const drawn<double> d(200, 3, 81);
  const auto of = [&](std::uint64_t seed, std::size_t replicates) {
    return intervals(logits(d.z), d.labels, {ece}, {}, {.replicates = replicates, .seed = seed});
  };
  CHECK(difference(of(1, 60), of(1, 60)) == "");
  CHECK(difference(of(1, 60), of(2, 60)) != "");
  CHECK(difference(of(1, 60), of(1, 61)) != "");
}

TEST_CASE("the interval of a metric does not depend on the others in the list", "[intervals]") {
  const drawn<double> d(200, 3, 82);
  const interval_options how{.replicates = 60};
  const interval_report alone = intervals(logits(d.z), d.labels, {ece}, {}, how),
                        beside = intervals(logits(d.z), d.labels, {ece, ks_error}, {}, how);
  CHECK(alone["ece"].lower == beside["ece"].lower);
  CHECK(alone["ece"].upper == beside["ece"].upper);
  CHECK(alone["ece"].standard_error == beside["ece"].standard_error);
}

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
/// Of the whole view: two parts at once.
struct gap_beside_ece {
  static constexpr metric_info info{.name = "gap_beside_ece", .range = "[-1, 2]"};
  evidence_needs needs() const { return {.means = true, .table = true}; }
  double of(const evidence_view& e) const {
    return ece(e.table()) + e.means().accuracy() - e.means().confidence();
  }
};
struct worst_class {
  static constexpr metric_info info{.name = "worst_class"};
  double of(const class_tables& classes) const {
    double most = 0;
    for (std::size_t k = 0; k < classes.size(); ++k) most = std::max(most, ece(classes[k]));
    return most;
  }
};

}  // namespace

TEST_CASE("metrics of one's own have intervals", "[intervals]") {
  const drawn<double> d(250, 4, 83);
  const metric_list list{largest_bin{}, median_confidence{}, gap_beside_ece{}, worst_class{}};
  const options o{.keep_rows = true};
  const interval_options how{.replicates = 50, .level = 0.9, .kind = interval_kind::percentile};
  const interval_report r = intervals(logits(d.z), d.labels, list, o, how);
  CHECK(r.replicates == 50);
  const evidence_replicates draws(evidence_of(logits(d.z), d.labels, list, o), 0);
  evidence_replicates::workspace room;
  std::vector<double> bins, medians, gaps;
  for (std::uint64_t n = 0; n < 50; ++n) {
    const evidence drawn = draws.draw(n, room);
    double most = 0;
    for (std::size_t b = 0; b < 15; ++b)
      most = std::max(most, static_cast<double>(drawn.table->sums(b).count) / 250);
    bins.push_back(most);
    medians.push_back(drawn.pairs->confidence(125));
    gaps.push_back(ece(*drawn.table) + drawn.means->accuracy() - drawn.means->confidence());
  }
  const auto check = [&](const char* name, std::vector<double> values) {
    INFO(name);
    std::sort(values.begin(), values.end());
    CHECK(r[name].method == "percentile");
    CHECK(r[name].note == "");
    // 0.05 * 51 is 2.55: between the second and the third of 50
    CHECK(r[name].lower == Approx(0.45 * values[1] + 0.55 * values[2]).epsilon(1e-12));
    CHECK(r[name].upper == Approx(0.45 * values[48] + 0.55 * values[47]).epsilon(1e-12));
    CHECK(std::isnan(r[name].floor));
  };
  check("largest_bin", bins);
  check("median_confidence", medians);
  check("gap_beside_ece", gaps);
  CHECK(r["worst_class"].method == "jackknife");
  CHECK(r["worst_class"].lower < r["worst_class"].value);
  CHECK(r["worst_class"].upper > r["worst_class"].value);
}

TEST_CASE("metrics without an interval say why", "[intervals]") {
  const drawn<double> d(250, 4, 84);
  const interval_options how{.replicates = 40};
  const auto none = [](const metric_interval& i, const char* why) {
    INFO(i.name);
    CHECK_THAT(i.note, Catch::Contains(why));
    CHECK(i.method == "");
    CHECK(std::isnan(i.lower));
    CHECK(std::isnan(i.upper));
    CHECK(std::isnan(i.standard_error));
  };
  // Evidence has no rows of scores to leave out.
  const metric_list of_classes{classwise_ece, classwise_mce,         classwise_rmsce,
                               pooled_ece,    classwise_debiased_l2, classwise_ace,
                               tace};
  for (const bin_scheme scheme : {bin_scheme::equal_width, bin_scheme::equal_mass}) {
    const interval_report r = intervals(
        evidence_of(logits(d.z), d.labels, of_classes, {.scheme = scheme, .keep_rows = true}),
        of_classes, how);
    CHECK(r.replicates == 0);
    for (const metric_interval& i : r) {
      CHECK(std::isfinite(i.value));
      none(i, "whole rows");
    }
  }
  const metric_list list{debiased_l2, ece};
  const interval_report mass =
      intervals(evidence_of(logits(d.z), d.labels, list,
                            {.scheme = bin_scheme::equal_mass, .keep_rows = true}),
                list, how);
  none(mass["debiased_l2"], "fixed bins");
  CHECK(std::isfinite(mass["debiased_l2"].value));
  CHECK(mass["ece"].method == "basic");
  // no proximities
  none(intervals(logits(d.z), d.labels, {piece}, {}, how)["piece"], "not defined");
  // no classes
  const std::vector<double> p{.1, .4, .6, .9};
  const std::vector<int> y{0, 0, 1, 1};
  none(intervals(binary_probabilities(p), y, {classwise_ece}, {}, how)["classwise_ece"],
       "not defined");
}

TEST_CASE("metrics of classes have the interval of a jackknife of groups", "[intervals]") {
  const drawn<double> d(230, 4, 86);
  std::vector<std::int64_t> cluster(230);
  std::vector<unsigned char> valid(230, 1);
  for (std::size_t i = 0; i < 230; ++i) {
    cluster[i] = static_cast<std::int64_t>(i * i % 101) - 40;
    valid[i] = i % 23 == 5 ? 0 : 1;
  }
  const metric_list list{classwise_ece, classwise_ace, debiased_l2};
  const interval_options how{.replicates = 40, .level = 0.9, .seed = 12};
  for (const bool clusters : {false, true}) {
    options o{.scheme = bin_scheme::equal_mass, .valid = valid};
    if (clusters) o.cluster = cluster;
    const interval_report r = intervals(logits(d.z), d.labels, list, o, how);
    CHECK(r.replicates == 0);
    // Fifty groups: the hashes of clusters or rows that count, dealt out in ascending order.
    const auto hash = [&](std::size_t i) {
      return detail::mix(12 ^
                         detail::mix((clusters ? static_cast<std::uint64_t>(cluster[i]) : i) + 1));
    };
    std::set<std::uint64_t> hashes;
    for (std::size_t i = 0; i < 230; ++i)
      if (valid[i] != 0) hashes.insert(hash(i));
    std::vector<std::vector<double>> values(3);
    for (std::uint64_t g = 0; g < 50; ++g) {
      std::vector<std::vector<double>> z;
      std::vector<int> y;
      bool any = false;
      for (std::size_t i = 0; i < 230; ++i) {
        const auto rank = std::distance(hashes.begin(), hashes.lower_bound(hash(i)));
        const bool out = static_cast<std::uint64_t>(rank) % 50 == g;
        any = any || (out && valid[i] != 0);
        if (out || valid[i] == 0) continue;
        z.push_back(d.z[i]);
        y.push_back(d.labels[i]);
      }
      if (!any) continue;
      const evaluation e = evaluate(logits(z), y, list, {.scheme = bin_scheme::equal_mass});
      for (std::size_t m = 0; m < 3; ++m) values[m].push_back(e.metrics[m].value);
    }
    for (std::size_t m = 0; m < 3; ++m) {
      const metric_interval& i = r.intervals[m];
      INFO(i.name << ", clusters " << clusters);
      if (clusters && i.name == "debiased_l2") {
        CHECK(i.method == "");
        CHECK(i.note.find("no limits with clusters") == 0);
        CHECK(std::isnan(i.lower));
        continue;
      }
      const auto groups = static_cast<double>(values[m].size());
      CHECK(groups > 30);
      double mean = 0, squares = 0;
      for (const double x : values[m]) mean += x / groups;
      for (const double x : values[m]) squares += (x - mean) * (x - mean);
      const double error = std::sqrt(squares * (groups - 1) / groups);
      CHECK(i.method == "jackknife");
      CHECK(i.note == "");
      CHECK(i.standard_error == Approx(error).epsilon(1e-9));
      // Student's t of 49 degrees of freedom is 1.67655 at 95 %; the two first terms of its series
      // are 2e-4 short of it.
      if (i.value > 2 * error && i.value + 2 * error < 1) {
        CHECK((i.upper - i.value) / error == Approx(1.67655).epsilon(5e-4));
        CHECK((i.value - i.lower) / error == Approx(1.67655).epsilon(5e-4));
      }
    }
  }
}

TEST_CASE("the debiased error of classes has limits from 0 where noise explains it",
          "[intervals]") {
  std::mt19937_64 random(91);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  for (const double heat : {1.0, 3.0}) {
    int from_zero = 0;
    for (int problem = 0; problem < 20; ++problem) {
      std::vector<std::vector<double>> z;
      std::vector<int> y;
      for (std::size_t i = 0; i < 400; ++i) {
        z.push_back({1.5 * normal(random), 1.5 * normal(random), 1.5 * normal(random)});
        double sum = 0;
        for (const double x : z[i]) sum += std::exp(x);
        double left = uniform(random) * sum;
        int label = 0;
        while (label < 2 && (left -= std::exp(z[i][static_cast<std::size_t>(label)])) >= 0) ++label;
        y.push_back(label);
        for (double& x : z[i]) x *= heat;
      }
      const metric_interval i =
          intervals(logits(z), y, {classwise_debiased_l2})["classwise_debiased_l2"];
      CHECK(i.method == "jackknife");
      CHECK(i.upper >= i.value);
      CHECK((i.lower == 0) == !i.note.empty());
      if (problem == 0) {
        std::vector<std::int64_t> cluster(400);
        for (std::size_t r = 0; r < 400; ++r) cluster[r] = static_cast<std::int64_t>(r / 2);
        const metric_interval none = intervals(logits(z), y, {classwise_debiased_l2},
                                               {.cluster = cluster})["classwise_debiased_l2"];
        CHECK(std::isnan(none.upper));
        CHECK(none.note.find("no limits with clusters") == 0);
      }
      from_zero += i.lower == 0 ? 1 : 0;
    }
    CHECK((heat == 1 ? from_zero >= 17 : from_zero == 0));
  }
}

TEST_CASE("no samples have no intervals", "[intervals]") {
  for (const interval_kind kind : {interval_kind::basic, interval_kind::bca}) {
    const interval_report r =
        intervals(logits(matrix_view<const double>(nullptr, 0, 3)), std::vector<int>(),
                  all_metrics(), {}, {.replicates = 40, .kind = kind});
    CHECK(r.values.samples == 0);
    for (const metric_interval& i : r) {
      INFO(i.name);
      CHECK(std::isnan(i.value));
      CHECK(std::isnan(i.lower));
      CHECK(std::isnan(i.upper));
      CHECK(std::isnan(i.standard_error));
      CHECK(i.method == "");
      CHECK(i.note == "the metric is not defined here");
    }
  }
}

TEST_CASE("replicates of one unit do not pretend to know", "[intervals]") {
  // A replicate of one row, or of one cluster, is that row or cluster.
  const std::vector<double> one{0.8}, several{0.8, 0.6, 0.3};
  const std::vector<int> hit{1}, hits{1, 0, 0};
  const std::vector<std::int64_t> id{4, 4, 4};
  for (const interval_kind kind : {interval_kind::basic, interval_kind::bca}) {
    const interval_options how{.replicates = 40, .kind = kind};
    for (const interval_report& r :
         {intervals(confidences(one, hit), {ece, ks_error}, {}, how),
          intervals(confidences(several, hits), {ece, ks_error}, {.cluster = id}, how)})
      for (const metric_interval& i : r) {
        INFO(i.name);
        CHECK(i.value > 0.1);
        CHECK(std::isnan(i.lower));
        CHECK(std::isnan(i.upper));
        CHECK(!i.note.empty());
      }
  }
}

namespace {

/// Half of the rows have three equal scores, so a confidence of 1/3, and are hits; half lie a
/// little above and are not. 1/3 is the edge 5/15 in double, and lies above it once it is a float.
template<class T>
interval_report of_ties() {
  std::vector<std::vector<T>> z;
  std::vector<int> y;
  for (int i = 0; i < 200; ++i) {
    z.push_back(i % 2 == 1 ? std::vector<T>{1, 1, 1} : std::vector<T>{T(0.15), 0, 0});
    y.push_back(i % 2 == 1 ? 0 : 1);
  }
  return intervals(logits(z), y, {ece, debiased_l2}, {},
                   {.replicates = 200, .kind = interval_kind::percentile});
}

}  // namespace

TEST_CASE("confidences on an edge are in the same bin for the value and for its interval",
          "[intervals]") {
  const interval_report wide = of_ties<double>(), single = of_ties<float>();
  for (const char* name : {"ece", "debiased_l2"}) {
    INFO(name);
    CHECK(single[name].value == Approx(wide[name].value).epsilon(1e-6));
    CHECK(wide[name].lower < wide[name].value);
    CHECK(wide[name].upper > wide[name].value);
    CHECK(single[name].lower < single[name].value);
    CHECK(single[name].upper > single[name].value);
  }
}

TEST_CASE("debiased_l2 that keeps lone samples lies in its interval, or has none", "[intervals]") {
  std::vector<double> c;
  std::vector<int> hit;
  for (int i = 0; i < 15; ++i) {
    c.push_back((i + 0.5) / 15);
    hit.push_back(i % 2);
  }
  const interval_report r =
      intervals(confidences(c, hit), {debiased_l2.with({.lone = lone_sample::plug_in})});
  const metric_interval& i = r["debiased_l2"];
  CHECK(i.value > 0.5);
  CHECK((std::isnan(i.upper) || i.upper >= i.value));
}

TEST_CASE("intervals() goes with every convention", "[intervals]") {
  const drawn<float> d(200, 4, 85);
  for (const convention* c : conventions::all()) {
    INFO(c->name);
    const options o{.like = *c};
    const interval_options how{.replicates = 40, .kind = interval_kind::percentile};
    const metric_list list{accuracy, ece, mce, rmsce, debiased_l2, mean_gap, ace, classwise_ece};
    const evaluation e = evaluate(logits(d.z), d.labels, list, o);
    const interval_report r = intervals(logits(d.z), d.labels, list, o, how);
    for (const metric_interval& i : r) {
      INFO(i.name);
      CHECK(same_bits(i.value, e[i.name]));
      CHECK((i.method == "") == std::isnan(i.lower));
      CHECK((i.method == "") == !i.note.empty());
      if (i.method == "") continue;
      CHECK(i.lower <= i.upper);
    }
    const metric_interval& l2 = r["debiased_l2"];
    if (l2.method == "analytic") {
      CHECK(l2.lower < l2.value);
      CHECK(l2.upper > l2.value);
    }
    // Not one replicate of 40 is far from the value for want of a part or a bin: the middle of
    // replicates of ece lies above it by its noise, and within a few standard errors.
    const metric_interval& i = r["ece"];
    if (i.method == "percentile") {
      CHECK(i.upper >= i.value);
      CHECK(i.lower < i.value + 4 * i.standard_error);
    }
  }
}
