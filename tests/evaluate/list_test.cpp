// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// For every metric of the list: the direct call, evaluate(), merged and loaded evidence agree.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "calibra/calibra.hpp"
#include "drawn.hpp"

using namespace calibra;

namespace {

const auto every_metric =
    std::make_tuple(accuracy, mean_confidence, nll, brier, brier_top, brier_reliability,
                    brier_resolution, brier_uncertainty, ece, overconfidence, underconfidence, mce,
                    weighted_mce, rmsce, debiased_l2, mean_gap, ace, classwise_ece, classwise_mce,
                    classwise_rmsce, classwise_debiased_l2, classwise_ace, tace, pooled_ece,
                    sweep_ece, smooth_ece, ks_error, mmce, piece, aurc, e_aurc, augrc, auroc);

bool same_bits(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}
bool close(double a, double b) {
  return std::abs(a - b) <= 1e-12 || (std::isnan(a) && std::isnan(b));
}

template<class D>
options options_of(const D& d, bool weighted) {
  options o;
  o.proximity = d.proximity;
  if (weighted) o.weights = d.weights;
  return o;
}

template<class T, class Wrap>
void agree(const drawn<T>& d, bool weighted, bin_scheme scheme, Wrap wrap) {
  options o = options_of(d, weighted);
  o.scheme = scheme;
  const auto held = wrap(d);
  const evaluation whole = evaluate(held.scores(), held.labels, o);
  REQUIRE(whole.metrics.size() == all_metrics().size());

  // Direct calls.
  std::apply(
      [&](const auto&... metric) {
        REQUIRE(sizeof...(metric) == all_metrics().size());
        const auto check = [&](const auto& m) {
          INFO(m.name());
          if (weighted && m.name() == sweep_ece.name()) {
            CHECK(std::isnan(whole[m.name()]));
            CHECK_THROWS_AS(m(held.scores(), held.labels, o), option_error);
          } else {
            CHECK(same_bits(m(held.scores(), held.labels, o), whole[m.name()]));
          }
        };
        (check(metric), ...);
      },
      every_metric);

  // Evidence of parts, added up; the same through a file.
  const std::size_t n = d.labels.size();
  std::optional<evidence> sum;
  for (std::size_t first = 0; first < n;) {
    const std::size_t last = std::min(n, first + 1 + (first * 7 + 41) % 97);
    const drawn<T> part = d.part(first, last);
    const auto some = wrap(part);
    options of_part = options_of(part, weighted);
    of_part.scheme = scheme;
    evidence more = evidence_of(some.scores(), some.labels, all_metrics(), of_part);
    const evidence loaded = evidence_from_bytes(to_bytes(more), "memory");
    if (!sum)
      sum = loaded;
    else
      *sum += loaded;
    first = last;
  }
  const evaluation merged = evaluate(*sum);
  const evaluation again = evaluate(evidence_from_bytes(to_bytes(*sum), "memory"));
  options threaded = o;
  threaded.threads = {3};
  const evaluation by_three = evaluate(held.scores(), held.labels, threaded);
  for (const metric_value& m : whole) {
    INFO(m.name);
    CHECK(close(merged[m.name], m.value));
    CHECK(same_bits(again[m.name], merged[m.name]));
    CHECK(close(by_three[m.name], m.value));
  }
  CHECK(merged.samples == whole.samples);
}

template<class T>
struct as_logits {
  const std::vector<std::vector<T>>* z;
  std::vector<int> labels;
  explicit as_logits(const drawn<T>& d) : z(&d.z), labels(d.labels) {}
  auto scores() const { return logits(*z); }
};
template<class T>
struct as_binary {
  std::vector<T> p;
  std::vector<int> labels;
  explicit as_binary(const drawn<T>& d) {
    for (std::size_t i = 0; i < d.z.size(); ++i) {
      p.push_back(d.z[i][0]);
      labels.push_back(d.labels[i] == 0 ? 1 : 0);
    }
  }
  auto scores() const { return binary_logits(p); }
};

}  // namespace

TEMPLATE_TEST_CASE("every metric is the same number by every way", "[evaluate]", float, double) {
  const bool weighted = GENERATE(false, true);
  const bin_scheme scheme = GENERATE(bin_scheme::equal_width, bin_scheme::equal_mass);
  const drawn<TestType> d(700, 5, 3);
  agree(d, weighted, scheme, [](const drawn<TestType>& x) { return as_logits<TestType>(x); });
  agree(d, weighted, scheme, [](const drawn<TestType>& x) { return as_binary<TestType>(x); });
}

TEST_CASE("an accumulator gives what one call gives", "[evaluate]") {
  const drawn<double> d(500, 4, 9);
  evidence_accumulator sum({ece, nll, classwise_ace}, {.bins = 10});
  CHECK_THROWS_AS(sum.result(), option_error);
  for (std::size_t first = 0; first < 500; first += 100) {
    const auto part = d.part(first, first + 100);
    sum.add(logits(part.z), part.labels);
  }
  const evaluation once = evaluate(logits(d.z), d.labels, {ece, nll, classwise_ace}, {.bins = 10});
  for (const metric_value& m : once) CHECK(close(sum.result()[m.name], m.value));
  CHECK_THROWS_AS(evidence_accumulator(all_metrics(), {.weights = d.weights}), option_error);
  // Nothing is added where something is wrong.
  CHECK_THROWS_WITH(sum.add(logits(d.z), std::vector<int>(500, 9)),
                    Catch::Contains("evidence_accumulator::add(): label 9 at row 0"));
  CHECK(sum.result().samples == 500);
}

TEST_CASE("direct calls and tables are those of evaluate(), under every convention", "[evaluate]") {
  const bin_scheme scheme = GENERATE(bin_scheme::equal_width, bin_scheme::equal_mass);
  const unsigned threads = GENERATE(1U, 3U);
  const drawn<double> d(400, 4, 12);
  for (const convention* like : conventions::all()) {
    const options o{.scheme = scheme, .threads = {threads}, .like = *like};
    const evaluation whole = evaluate(logits(d.z), d.labels, o);
    INFO(like->name);
    std::apply(
        [&](const auto&... metric) {
          const auto check = [&](const auto& m) {
            INFO(m.name());
            if (std::isnan(whole[m.name()])) return;  // as proximities are missing
            CHECK(same_bits(m(logits(d.z), d.labels, o), whole[m.name()]));
          };
          (check(metric), ...);
        },
        every_metric);
    const reliability_table table = tabulate(logits(d.z), d.labels, o);
    REQUIRE(table.size() == whole.table.size());
    CHECK(table.count() == whole.table.count());
    for (std::size_t b = 0; b < table.size(); ++b) {
      CHECK(table[b].count == whole.table[b].count);
      CHECK(same_bits(table[b].confidence, whole.table[b].confidence));
      CHECK(same_bits(table[b].accuracy, whole.table[b].accuracy));
    }
  }
}

// A convention may have classes in what is a metric of the table elsewhere.
struct of_classes_instead {
  static constexpr metric_info info{.name = "ece", .formula = "the worst class's"};
  double of(const class_tables& classes) const { return ece(classes[0]); }
};
metric_list classes_instead() {
  return {of_classes_instead{}};
}

TEST_CASE("what a direct call does not compile is said", "[evaluate]") {
  const drawn<float> d(60, 3, 5);
  convention mine = conventions::calibra;
  mine.name = "mine";
  mine.metrics = &classes_instead;
  CHECK(evaluate(logits(d.z), d.labels, {ece}, {.like = mine})["ece"] >= 0);
  CHECK_THROWS_WITH(ece(logits(d.z), d.labels, {.like = mine}),
                    Catch::Contains("ece(): convention mine measures this by the probabilities"));
}

TEST_CASE("what was not measured is an error that names what was", "[evaluate]") {
  const drawn<float> d(50, 3, 1);
  const evaluation e = evaluate(logits(d.z), d.labels, {ece, mce});
  CHECK_THROWS_WITH(e["brier"],
                    Catch::Contains("\"brier\" was not measured") && Catch::Contains("ece, mce"));
  CHECK_THROWS_WITH(evaluate(evidence_of(logits(d.z), d.labels, {ece}), {nll}),
                    Catch::Contains("not collected for the metric \"nll\""));
  CHECK_THROWS_WITH(all_metrics().only({"ECE"}), Catch::Contains("expected names out of accuracy"));
  CHECK_THROWS_AS((metric_list{ece, ece}), option_error);
  CHECK_THROWS_AS((metric_list{tace.with({.threshold = -3})}), option_error);
  CHECK_THROWS_AS(tace.with({.threshold = -3})(logits(d.z), d.labels), option_error);
}

TEST_CASE("worst bins and classes are at hand", "[evaluate]") {
  const drawn<float> d(400, 4, 2);
  const evaluation e = evaluate(logits(d.z), d.labels, {.per_class = true});
  REQUIRE(e.ece_per_class.size() == 4);
  const auto worst = e.worst_classes(2);
  REQUIRE(worst.size() == 2);
  for (const double x : e.ece_per_class)
    CHECK((x <= e.ece_per_class[worst[1]] || x == e.ece_per_class[worst[0]]));
  const auto share = [&](std::size_t b) {
    return e.table[b].weight * std::abs(e.table[b].gap()) / e.table.total_weight();
  };
  CHECK(share(e.worst_bins(1).at(0)) == Approx(e["weighted_mce"]).margin(1e-12));
}

TEST_CASE("conventions are compared by value", "[evaluate]") {
  CHECK(conventions::netcal == conventions::netcal);
  CHECK(!(conventions::netcal == conventions::torchmetrics));
  convention mine = conventions::calibra;
  mine.bins = conventions::torchmetrics.bins;  // under the name of calibra's own
  CHECK(!(mine == conventions::calibra));
  const std::vector<double> c{1, 1, 0.2}, more{0.9};
  const std::vector<int> hit{1, 0, 0};
  const options plain, like{.like = mine};
  CHECK(tabulate(confidences(c, hit), like).size() == 16);  // a bin for confidences of exactly 1
  CHECK(evaluate(confidences(c, hit), like).table.size() == 16);
  CHECK(evaluate(confidences(c, hit), plain).table.size() == 15);
  CHECK_THROWS_AS(ece(confidences(c, hit), {.edges = {0, 0.5, 1}, .like = mine}), option_error);
}
