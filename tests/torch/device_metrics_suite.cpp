// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
// clang-format off: ATen before Catch, whose CHECK replaces that of ATen's logging
#include "device_suite.hpp"
// clang-format on

#include <calibra/calibra.hpp>

#include <catch2/catch.hpp>

// Every function of scores and labels gives on a device what it gives on the host.

using namespace suite;
using calibra::bin_scheme;
using calibra::binary_target;
using Catch::Contains;

namespace {

constexpr score_kind kinds[] = {score_kind::logits, score_kind::probabilities,
                                score_kind::binary_logits, score_kind::binary_probabilities};
constexpr score_kind label_kinds[] = {score_kind::multilabel_logits,
                                      score_kind::multilabel_probabilities};

/// Metrics that cut at order statistics of float32 confidences may cut beside a tie.
double tolerance_of(at::ScalarType dtype) {
  return dtype == at::kDouble ? 1e-12 : 2e-6;
}

calibra::evaluation evaluated(const batch& b, const calibra::metric_list& metrics,
                              const calibra::options& o) {
  const auto measure = [&](const auto& scores) {
    return calibra::evaluate(scores, b.labels, metrics, b.with(o));
  };
  return is_multilabel(b.kind) ? with_labels(b, measure) : with_scores(b, measure);
}

/// Where two evaluations differ, empty if nowhere. Tables are not compared: cuts at order
/// statistics differ by the rounding of a confidence.
std::string difference(const calibra::evaluation& got, const calibra::evaluation& expected,
                       double tolerance) {
  using calibra::detail::concat;
  if (got.samples != expected.samples) return concat(got.samples, " samples");
  if (got.entries != expected.entries) return concat(got.entries, " entries");
  if (got.skipped != expected.skipped) return concat(got.skipped, " skipped");
  if (got.classes != expected.classes) return concat(got.classes, " classes");
  if (got.metrics.size() != expected.metrics.size()) return concat(got.metrics.size(), " metrics");
  std::string all;
  // Of metrics of the order of confidences alone: near ties that round otherwise change places.
  const std::vector<std::string> of_order{"aurc", "e_aurc", "augrc", "auroc"};
  const auto compare = [&](const std::string& what, double x, double y) {
    const bool order = std::find(of_order.begin(), of_order.end(),
                                 what.substr(what.find('_') == 5 ? 6 : 0)) != of_order.end();
    const double swaps = order ? 0.5 / static_cast<double>(expected.samples) : 0;
    if (!close(x, y, std::max(tolerance, swaps)))
      all += concat(what, " ", x, " instead of ", y, "; ");
  };
  for (std::size_t i = 0; i < got.metrics.size(); ++i) {
    if (got.metrics[i].name != expected.metrics[i].name) return got.metrics[i].name;
    compare(got.metrics[i].name, got.metrics[i].value, expected.metrics[i].value);
  }
  if (got.class_tables.size() != expected.class_tables.size()) return "tables of classes";
  if (got.ece_per_class.size() != expected.ece_per_class.size()) return "ece of classes";
  for (std::size_t k = 0; k < got.ece_per_class.size(); ++k)
    compare(concat("ece of class ", k), got.ece_per_class[k], expected.ece_per_class[k]);
  return all;
}

std::vector<double> proximities(std::int64_t n) {
  std::vector<double> x;
  for (std::int64_t i = 0; i < n; ++i) x.push_back(static_cast<double>(i * 7919 % n));
  return x;
}

// What a user may add: a metric of the table, of the pairs, of the classes and of classes cut by
// mass, and bins by a rule.

struct widest_gap {
  static constexpr calibra::metric_info info{.name = "widest_gap"};
  double of(const calibra::reliability_table& table) const {
    double widest = 0;
    for (std::size_t b = 0; b < table.size(); ++b)
      if (table[b].weight > 0) widest = std::max(widest, table[b].upper - table[b].lower);
    return widest + calibra::ece(table);
  }
};
struct miss_of_order {
  static constexpr calibra::metric_info info{.name = "miss_of_order"};
  double exponent = 3;
  double of(const calibra::sample& pairs) const {
    double sum = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i)
      sum += pairs.weight(i) *
             std::pow(std::abs(pairs.confidence(i) - (pairs.hit(i) ? 1.0 : 0.0)), exponent);
    return sum / pairs.total_weight();
  }
};
struct worst_class {
  static constexpr calibra::metric_info info{.name = "worst_class"};
  double of(const calibra::class_tables& tables) const {
    double worst = tables.size() == 0 ? quiet_nan : 0;
    for (std::size_t k = 0; k < tables.size(); ++k)
      worst = std::max(worst, calibra::ece(tables[k]));
    return worst;
  }
};
struct mass_above {
  static constexpr calibra::metric_info info{.name = "mass_above"};
  double threshold = 0.2;
  calibra::class_cut cut() const { return {.threshold = threshold, .keep_equal = false}; }
  double of(const calibra::class_tables& tables) const { return tables.mean(calibra::ece); }
};
const calibra::metric_list& own_metrics() {
  static const calibra::metric_list list{calibra::ece, widest_gap{}, miss_of_order{}, worst_class{},
                                         mass_above{}};
  return list;
}

/// Bins that halve, from 1 down; what is below the last is in none.
struct halving_bins {
  std::size_t n = 4;
  std::size_t size() const { return n; }
  std::ptrdiff_t index(double c) const {
    for (std::size_t b = 0; b < n; ++b)
      if (c > lower(b)) return static_cast<std::ptrdiff_t>(b);
    return calibra::binning::none;
  }
  double lower(std::size_t b) const { return std::ldexp(1.0, -static_cast<int>(b) - 1) + 0.003; }
  double upper(std::size_t b) const { return b == 0 ? 1 : lower(b - 1); }
  std::string describe() const { return "halves"; }
};

struct half_of_ece {
  static constexpr calibra::metric_info info{.name = "ece"};
  double of(const calibra::reliability_table& table) const { return calibra::ece(table) / 2; }
};

/// Its bins and its ece are its own, and the pairs are cut off.
calibra::convention own_convention() {
  calibra::convention c;
  c.name = "own";
  c.bins = [](std::size_t count, bool) {
    return calibra::binning::equal_width(count + 3, calibra::edge_side::left_closed);
  };
  c.prepare = [](const calibra::sample& pairs) {
    calibra::sample kept(pairs.precision());
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (pairs.confidence(i) < 0.3) continue;
      if (pairs.weighted())
        kept.push_back(pairs.confidence(i), pairs.hit(i), pairs.weight(i));
      else
        kept.push_back(pairs.confidence(i), pairs.hit(i));
    }
    return kept;
  };
  c.metrics = [] { return calibra::metric_list{half_of_ece{}}; };
  return c;
}

double temperature(const batch& b, const calibra::options& o = {}) {
  return with_scores(b, [&](const auto& scores) {
    return calibra::fit<calibra::temperature_scaling>(scores, b.labels, o).temperature();
  });
}

double largest_difference(const at::Tensor& device, const at::Tensor& host) {
  REQUIRE(device.device() == stage::device());
  REQUIRE(device.scalar_type() == host.scalar_type());
  REQUIRE(device.sizes() == host.sizes());
  const at::Tensor a = device.to(at::kCPU).to(at::kDouble), b = host.to(at::kDouble);
  // Equal infinities and NaN in the same places differ by nothing.
  const at::Tensor same = a.eq(b).logical_or(a.ne(a).logical_and(b.ne(b)));
  return at::where(same, at::zeros_like(a), (a - b).abs()).max().item<double>();
}

}  // namespace
TEST_CASE("every metric of a device tensor is the host's", "[device]") {
  for (const score_kind kind : kinds)
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16})
      for (const bool weighted : {false, true}) {
        // The classes of 16-bit logits tie often, and hosts and devices order near ties as they
        // round: cuts at order statistics would differ.
        batch host = random_batch(kind, dtype, 11, {.ties = dtype != at::kHalf});
        if (weighted) {
          host.weights = random_weights(400, 12);
          host.valid = at::arange(400).ne(17);
        }
        const std::vector<double> proximity = proximities(400);
        const calibra::options o{.proximity = proximity, .binary = binary_target::top_label};
        INFO(name(kind) << ", " << calibra::detail::dtype_name(dtype)
                        << (weighted ? ", weighted" : ""));
        const calibra::metric_list& all = calibra::all_metrics();
        const calibra::evaluation expected = evaluated(host, all, o);
        REQUIRE(expected.metrics.size() == all.size());
        CHECK(difference(evaluated(host.to(stage::device()), all, o), expected,
                         tolerance_of(dtype)) == "");
      }
}

TEST_CASE("every metric of labels on a device is the host's", "[device]") {
  for (const score_kind kind : label_kinds)
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16})
      for (const bool weighted : {false, true}) {
        batch host = random_batch(kind, dtype, 11, {200, 5, /*ties=*/false});
        if (weighted) {
          host.weights = random_weights(200, 12);
          host.valid = at::arange(200).ne(17);
        }
        const std::vector<double> proximity = proximities(200);
        const calibra::options o{.proximity = proximity, .per_class = true};
        INFO(name(kind) << ", " << calibra::detail::dtype_name(dtype)
                        << (weighted ? ", weighted" : ""));
        const calibra::evaluation expected = evaluated(host, calibra::all_metrics(), o);
        CHECK(expected.samples == (weighted ? 199 : 200));
        CHECK(difference(evaluated(host.to(stage::device()), calibra::all_metrics(), o), expected,
                         tolerance_of(dtype)) == "");
      }
}

TEST_CASE("labels on a device: left out entries, schemes, tables", "[device]") {
  batch host = random_batch(score_kind::multilabel_probabilities, at::kDouble, 3, {200, 5, false});
  host.labels[3][2] = 9;
  host.labels[7].fill_(9);
  host.scores[11][1] = quiet_nan;
  const batch there = host.to(stage::device());
  calibra::options o{.ignore_label = 9, .nan = calibra::nan_policy::count};
  for (const bin_scheme scheme : {bin_scheme::equal_width, bin_scheme::equal_mass}) {
    o.scheme = scheme;
    const calibra::evaluation expected = evaluated(host, calibra::all_metrics(), o);
    CHECK(expected.samples == 200);
    CHECK(expected.entries == 1000 - 7);
    CHECK(expected.skipped == 1);
    CHECK(difference(evaluated(there, calibra::all_metrics(), o), expected, 1e-12) == "");
  }
  o.scheme = bin_scheme::equal_width;
  const auto tables = [&](const batch& b) {
    return calibra::tabulate_classes(calibra::multilabel_probabilities(b.scores), b.labels, o);
  };
  CHECK(difference(tables(there), tables(host), 1e-12) == "");
  CHECK_THROWS_AS(tables({there.kind, there.scores, there.labels.narrow(0, 0, 10), {}, {}}),
                  calibra::shape_error);
  CHECK_THROWS_AS(tables({there.kind, there.scores, there.scores, {}, {}}), calibra::value_error);
  batch bad = there.each([](const at::Tensor& t) { return t.clone(); });
  bad.labels[12][4] = 2;
  o.scheme = bin_scheme::equal_mass;
  CHECK_THROWS_AS(tables(there), calibra::option_error);
  o.scheme = bin_scheme::equal_width;
  CHECK_THAT(message([&] { return tables(bad); }), Contains("tabulate_classes(): ") &&
                                                       Contains("not in [0, 2)") &&
                                                       Contains("row 12") && Contains("column 4"));
}

TEST_CASE("every metric on a device, in bins of every kind, together and alone", "[device]") {
  const score_kind kind = GENERATE(score_kind::logits, score_kind::probabilities,
                                   score_kind::binary_logits, score_kind::binary_probabilities);
  const bin_scheme scheme = GENERATE(bin_scheme::equal_width, bin_scheme::equal_mass);
  const bool weighted = GENERATE(false, true);
  batch host = random_batch(kind, at::kDouble, 19, {500, 5, /*ties=*/false});
  for (std::int64_t i = 0; i < 500; i += 50) host.scores[i].fill_(quiet_nan);
  if (weighted) host.weights = random_weights(500, 12);
  const batch there = host.to(stage::device());
  const calibra::metric_list& all = calibra::all_metrics();
  const std::vector<double> proximity = proximities(500);
  calibra::options o{.scheme = scheme,
                     .proximity = proximity,
                     .nan = calibra::nan_policy::count,
                     .per_class = true};
  const calibra::evaluation expected = evaluated(host, all, o), got = evaluated(there, all, o);
  INFO(name(kind));
  CHECK(got.skipped == 10);
  CHECK(difference(got, expected, 1e-12) == "");
  // Cuts at order statistics differ by the rounding of a confidence.
  if (scheme == bin_scheme::equal_width) CHECK(difference(got.table, expected.table, 1e-12) == "");

  o.per_class = false;
  for (const calibra::any_metric& metric : all) {  // each alone, with fewer passes
    const calibra::evaluation alone = evaluated(there, {metric}, o);
    INFO(metric.name() << " alone");
    REQUIRE(alone.metrics.size() == 1);
    CHECK(close(alone[metric.name()], got[metric.name()], 0));
    CHECK(alone.samples == got.samples);
    CHECK(alone.skipped == got.skipped);
  }
  CHECK_THROWS_AS(got["no_such"], calibra::option_error);
  o.proximity = std::vector<double>(3);
  CHECK_THROWS_AS(evaluated(there, all, o), calibra::shape_error);
  o.proximity = at::tensor(proximity, at::kDouble).to(stage::device());
  CHECK(close(evaluated(there, {calibra::piece}, o)["piece"], got["piece"], 0));
}

TEST_CASE("a call of a metric on a device is the host's", "[device]") {
  // One metric of every sort: the calls differ by what is asked of the scores, not by the formula.
  for (const score_kind kind : kinds) {
    const batch host = random_batch(kind, at::kDouble, 13, {300, 4, /*ties=*/false});
    const batch there = host.to(stage::device());
    const calibra::options o{.bins = 10};
    INFO(name(kind));
    const auto same = [&](const auto& metric) {
      const auto of = [&](const batch& b) {
        return with_scores(b, [&](const auto& scores) { return metric(scores, b.labels, o); });
      };
      INFO(metric.name() << " " << of(there) << " instead of " << of(host));
      CHECK(close(of(there), of(host), 1e-12));
    };
    same(calibra::nll);
    same(calibra::ece);
    same(calibra::ace);
    same(calibra::smooth_ece);
    same(calibra::sweep_ece);
    if (is_binary(kind)) continue;
    same(calibra::classwise_ece);
    same(calibra::pooled_ece);
    same(calibra::tace.with({.threshold = 0.05}));
  }
}

TEST_CASE("metrics of a user's own on a device", "[device]") {
  for (const score_kind kind : kinds)
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble})
      for (const bool weighted : {false, true}) {
        batch host = random_batch(kind, dtype, 43, {.ties = false});
        if (weighted) host.weights = random_weights(400, 12);
        INFO(name(kind) << ", " << calibra::detail::dtype_name(dtype)
                        << (weighted ? ", weighted" : ""));
        const auto check = [&](const calibra::options& o) {
          const calibra::evaluation expected = evaluated(host, own_metrics(), o);
          CHECK(std::isnan(expected["worst_class"]) == is_binary(kind));
          CHECK(difference(evaluated(host.to(stage::device()), own_metrics(), o), expected,
                           tolerance_of(dtype)) == "");
        };
        check({});
        check({.scheme = bin_scheme::equal_mass});
        check({.binning = halving_bins{}, .per_class = true});
        check({.like = own_convention(), .per_class = true});
      }
}

TEST_CASE("bins by a rule on a device", "[device]") {
  batch host = random_batch(score_kind::logits, at::kDouble, 47);
  host.weights = random_weights(400, 12);
  const batch there = host.to(stage::device());
  const calibra::options o{.binning = halving_bins{}};
  const auto table = [&](const batch& b) {
    return calibra::tabulate(calibra::logits(b.scores), b.labels, b.with(o));
  };
  const auto classes = [&](const batch& b) {
    return calibra::tabulate_classes(calibra::logits(b.scores), b.labels, b.with(o));
  };
  REQUIRE(classes(host)[0].outside_weight() > 0);
  CHECK(difference(table(there), table(host), 1e-12) == "");
  CHECK(difference(classes(there), classes(host), 1e-12) == "");
  CHECK(close(classes(there)[0].outside_weight(), classes(host)[0].outside_weight(), 1e-12));
}

TEST_CASE("every convention on a device is the host's, or refused by name", "[device]") {
  for (const calibra::convention* like : calibra::conventions::all())
    for (const score_kind kind : kinds)
      for (const bin_scheme scheme : {bin_scheme::equal_width, bin_scheme::equal_mass}) {
        const batch host = random_batch(kind, at::kDouble, 53, {300, 4, /*ties=*/false});
        const batch there = host.to(stage::device());
        const std::vector<double> proximity = proximities(300);
        const calibra::options o{.scheme = scheme, .proximity = proximity, .like = *like};
        INFO(like->name << ", " << name(kind)
                        << (scheme == bin_scheme::equal_mass ? ", equal mass" : ""));
        const calibra::metric_list& all = calibra::all_metrics();
        calibra::evidence_needs needs;
        for (const calibra::any_metric& m : all)
          needs |= calibra::detail::by_convention(m, o.like).needs();
        const bool of_rows = like->row_pair != nullptr || !needs.row_terms.empty();
        if (of_rows && !is_binary(kind) && !stage::device().is_cpu()) {
          CHECK_THROWS_AS(evaluated(there, all, o), calibra::option_error);
          CHECK_THAT(message([&] { return evaluated(there, all, o); }),
                     Contains("evaluate(): convention " + std::string(like->name)) &&
                         Contains("needs the scores in host memory"));
          continue;
        }
        CHECK(difference(evaluated(there, all, o), evaluated(host, all, o), 1e-12) == "");
      }
}

TEST_CASE("confidences with hits on a device", "[device]") {
  const batch b = random_batch(score_kind::binary_probabilities, at::kDouble, 5, {400, 1, false});
  const at::Tensor c = b.scores.to(stage::device()), hit = b.labels.to(stage::device());
  const auto pairs = calibra::confidences(c, hit), host = calibra::confidences(b.scores, b.labels);
  for (const calibra::options& o :
       {calibra::options{}, calibra::options{.scheme = bin_scheme::equal_mass},
        calibra::options{.binning = halving_bins{}}, calibra::options{.like = own_convention()}})
    CHECK(difference(calibra::evaluate(pairs, o), calibra::evaluate(host, o), 1e-12) == "");
  CHECK(close(calibra::ece(pairs), calibra::ece(host), 1e-12));
  CHECK(close(calibra::ace(pairs), calibra::ace(host), 1e-12));
  CHECK(close(calibra::mce(pairs), calibra::mce(host), 1e-12));
  CHECK(close(calibra::accuracy(pairs), calibra::accuracy(host), 1e-12));
  CHECK(std::isnan(calibra::nll(pairs)));
  CHECK(difference(calibra::collect(calibra::confidences(c, hit.to(at::kBool))),
                   calibra::collect(host), 1e-15) == "");
  if (!stage::device().is_cpu()) {
    CHECK_THROWS_AS(calibra::ece(calibra::confidences(b.scores, hit)), calibra::value_error);
    CHECK_THROWS_AS(calibra::ece(calibra::confidences(c, b.labels)), calibra::value_error);
  }
}

TEST_CASE("what is wrong on a device is told by who was called", "[device]") {
  batch b = random_batch(score_kind::logits, at::kFloat, 5).to(stage::device());
  b.labels[23] = 7;
  const auto told = [&](const auto& call) {
    return message([&] { return call(calibra::logits(b.scores), b.labels); });
  };
  CHECK_THAT(told(calibra::ece), Contains("ece(): ") && Contains("row 23"));
  CHECK_THAT(told(calibra::nll), Contains("nll(): ") && Contains("row 23"));
  CHECK_THAT(told(calibra::ks_error), Contains("ks_error(): ") && Contains("row 23"));
  CHECK_THAT(told(calibra::pooled_ece), Contains("pooled_ece(): ") && Contains("row 23"));
  CHECK_THAT(told(calibra::tace), Contains("tace(): ") && Contains("row 23"));
}

TEST_CASE("evidence of two devices' batches adds up to that of one", "[device]") {
  batch host = random_batch(score_kind::logits, at::kDouble, 5, {400, 5, /*ties=*/false});
  host.weights = random_weights(400, 12);
  const batch there = host.to(stage::device());
  const auto of = [&](const batch& b) {
    return calibra::evidence_of(calibra::logits(b.scores), b.labels, calibra::all_metrics(),
                                b.with({}));
  };
  calibra::evidence both = of(there.rows(0, 150));
  both += of(there.rows(150, 250));
  CHECK(difference(calibra::evaluate(both), evaluated(host, calibra::all_metrics(), {}), 1e-12) ==
        "");
}

TEST_CASE("no rows on a device", "[device]") {
  const batch host = random_batch(score_kind::logits, at::kFloat, 5).rows(0, 0);
  const batch there = host.to(stage::device());
  CHECK(difference(evaluated(there, calibra::all_metrics(), {.per_class = true}),
                   evaluated(host, calibra::all_metrics(), {.per_class = true}), 0) == "");
  CHECK(calibra::collect(calibra::logits(there.scores), there.labels).precision() ==
        calibra::precision::float32);
}

TEST_CASE("temperatures fitted on a device are the host's", "[device]") {
  for (const score_kind kind : kinds)
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kHalf}) {
      batch host = random_batch(kind, dtype, 29, {3000, 4});
      host.weights = random_weights(3000, 2);
      if (kind == score_kind::logits) {
        host.scores.slice(0, 0, 3000, 5).select(1, 3).fill_(-infinity);
        host.labels.slice(0, 0, 3000, 5).fill_(1);
      }
      if (kind == score_kind::binary_probabilities)
        host.scores = host.scores.to(at::kDouble).clamp(0.001, 0.99).to(dtype);
      host.scores[7].fill_(quiet_nan);
      // labels that the scores tell something about
      if (!is_binary(kind))
        host.labels.slice(0, 0, 2000).copy_(host.scores.slice(0, 0, 2000).argmax(1));
      else
        host.labels.slice(0, 0, 2000)
            .copy_(host.scores.slice(0, 0, 2000).gt(kind == score_kind::binary_logits ? 0 : 0.5));
      const batch there = host.to(stage::device());
      calibra::options o{.nan = calibra::nan_policy::count};
      INFO(name(kind) << ", " << calibra::detail::dtype_name(dtype));
      const double expected = temperature(host, host.with(o));
      const double got = temperature(there, there.with(o));
      INFO(got << " instead of " << expected);
      const bool single = kind == score_kind::logits && dtype != at::kDouble;
      CHECK(close(got, expected, single ? 1e-5 : 1e-9));
      CHECK(std::abs(expected - 1) > 0.05);
    }
}

TEST_CASE("a label of logit -inf cannot be fitted", "[device]") {
  batch b = random_batch(score_kind::logits, at::kFloat, 29).to(stage::device());
  b.scores[31][2] = -infinity;
  b.labels[31] = 2;
  try {
    temperature(b);
    FAIL("nothing was thrown");
  } catch (const calibra::value_error& e) {
    CHECK_THAT(e.what(), Catch::Contains("row 31") && Catch::Contains("2"));
  }
}

TEST_CASE("what a temperature makes of scores on a device is what it makes on the host",
          "[device]") {
  const calibra::temperature_scaling t(1.7);
  for (const score_kind kind : kinds)
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) {
      batch host = random_batch(kind, dtype, 37);
      if (kind == score_kind::logits) host.scores.slice(0, 0, 400, 3).select(1, 1).fill_(-infinity);
      if (kind == score_kind::binary_probabilities) host.scores.slice(0, 0, 400, 9).fill_(1);
      host.scores[5].fill_(quiet_nan);
      const batch there = host.to(stage::device());
      INFO(name(kind) << ", " << calibra::detail::dtype_name(dtype));
      for (const bool ignoring : {false, true}) {
        calibra::options o{.nan = calibra::nan_policy::count};
        if (ignoring) o.ignore_label = 0;  // there are no labels: it does not count
        const auto both = [&](auto f) {
          return largest_difference(with_scores(there, f), with_scores(host, f));
        };
        CHECK(both([&](const auto& x) { return t.transform(x, o); }) <= tolerance(dtype));
        CHECK(both([&](const auto& x) { return t.transform_logits(x, o); }) <=
              10 * tolerance(dtype));
      }
      CHECK_THROWS_AS(with_scores(there, [&](const auto& x) { return t.transform(x); }),
                      calibra::value_error);
    }
  const at::Tensor p = at::tensor({2.0, 6.0, 1.0, 3.0}, at::kDouble).reshape({2, 2});
  const calibra::options renormalise{.renormalise = true};
  CHECK(largest_difference(t.transform(calibra::probabilities(p.to(stage::device())), renormalise),
                           t.transform(calibra::probabilities(p), renormalise)) <= 1e-15);
  CHECK(largest_difference(
            t.transform_logits(calibra::probabilities(p.to(stage::device())), renormalise),
            t.transform_logits(calibra::probabilities(p), renormalise)) <= 1e-15);
  CHECK(t.transform(calibra::logits(at::empty({0, 3}, p.options().device(stage::device()))))
            .sizes() == at::IntArrayRef({0, 3}));
}
TEST_CASE("a metric of a device tensor makes one copy", "[device]") {
  const batch b = random_batch(score_kind::logits, at::kFloat, 3).to(stage::device());
  stage::start(/*reading=*/true);
  static_cast<void>(calibra::ece(calibra::logits(b.scores), b.labels));
  CHECK(stage::stop().forbidden == stage::copies_of_a_read());
  stage::start(true);
  static_cast<void>(calibra::nll(calibra::logits(b.scores), b.labels));
  CHECK(stage::stop().forbidden == stage::copies_of_a_read());
}
