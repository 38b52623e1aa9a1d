// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Recalibrators of tensors on a device, against those of the same numbers on the host.
#include <calibra/adapters/torch.hpp>
#include <calibra/recalibration/beta.hpp>
#include <calibra/recalibration/dirichlet.hpp>
#include <calibra/recalibration/ets.hpp>
#include <calibra/recalibration/isotonic.hpp>
#include <calibra/recalibration/matrix_scaling.hpp>
#include <calibra/recalibration/one_against_rest.hpp>
#include <calibra/recalibration/sms.hpp>
#include <calibra/recalibration/svs.hpp>
#include <calibra/recalibration/vector_scaling.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "device_suite.hpp"
#include "stage.hpp"

using namespace suite;
using namespace calibra;

namespace {

template<class F>
decltype(auto) with_classes(const batch& b, F f) {
  return b.kind == score_kind::logits ? f(logits(b.scores)) : f(probabilities(b.scores));
}

/// Labels that the scores tell something about, and not all.
batch telling(batch b) {
  const std::int64_t most = b.scores.size(0) * 2 / 3;
  b.labels.slice(0, 0, most).copy_(b.scores.slice(0, 0, most).argmax(1));
  return b;
}

double largest_gap(const at::Tensor& there, const at::Tensor& here) {
  REQUIRE(there.device() == stage::device());
  REQUIRE(there.scalar_type() == here.scalar_type());
  REQUIRE(there.sizes() == here.sizes());
  const at::Tensor a = there.to(at::kCPU).to(at::kDouble), b = here.to(at::kDouble);
  const at::Tensor both_nan = a.ne(a).logical_and(b.ne(b));
  return at::where(both_nan, at::zeros_like(a), (a - b).abs()).max().item<double>();
}

/// Fits on both and compares what came out, and what it makes of the scores.
template<class R>
void compare(const batch& host, const options& o) {
  const batch there = host.to(stage::device());
  const auto fitted = [](const batch& b, const options& with) {
    return with_classes(b, [&](const auto& s) { return fit<R>(s, b.labels, with); });
  };
  const R expected = fitted(host, host.with(o)), got = fitted(there, there.with(o));
  INFO(R::info.name << " of " << name(host.kind) << ", "
                    << calibra::detail::dtype_name(host.scores.scalar_type()));
  const fit_report &e = expected.report(), &g = got.report();
  INFO(g.objective_after << " instead of " << e.objective_after << ", slope " << g.gradient);
  CHECK(e.converged);
  CHECK(g.converged);
  CHECK(g.fitted_on == e.fitted_on);
  CHECK(close(g.objective_before, e.objective_before, 1e-6));
  CHECK(close(g.objective_after, e.objective_after, 1e-8));
  CHECK(e.objective_after < e.objective_before);
  options alone = o;
  alone.ignore_label = {};
  for (const bool as_logits : {false, true}) {
    const auto made = [&](const batch& b) {
      return with_classes(b, [&](const auto& s) {
        return as_logits ? expected.transform_logits(s, alone) : expected.transform(s, alone);
      });
    };
    CHECK(largest_gap(made(there), made(host)) <=
          (as_logits ? 100 : 1) * 10 * tolerance(host.scores.scalar_type()));
  }
}

template<class F>
void for_each_formula(F f) {
  f.template operator()<vector_scaling>();
  f.template operator()<svs>();
  f.template operator()<ets>();
  f.template operator()<sms>();
  f.template operator()<matrix_scaling>();
  f.template operator()<dirichlet>();
}

template<class F>
std::string message(F f) {
  try {
    static_cast<void>(f());
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("recalibrators fitted on a device are the host's", "[device]") {
  for (const score_kind kind : {score_kind::logits, score_kind::probabilities})
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kHalf}) {
      batch b = telling(random_batch(kind, dtype, 31, {900, 4}));
      for_each_formula([&]<class R> { compare<R>(b, {}); });
      b.weights = random_weights(900, 2);
      if (kind == score_kind::logits) {  // a class that is masked
        b.scores.slice(0, 0, 900, 5).select(1, 3).fill_(-infinity);
        b.labels.slice(0, 0, 900, 5).fill_(1);
      }
      b.scores[7].fill_(quiet_nan);
      b.labels.slice(0, 0, 900, 11).fill_(-1);
      b.valid = at::ones({900}, at::kByte);
      b.valid.slice(0, 0, 900, 13).fill_(0);
      for_each_formula(
          [&]<class R> { compare<R>(b, {.ignore_label = -1, .nan = nan_policy::count}); });
    }
}

TEST_CASE("recalibrators of many numbers on a device take steps in float first", "[device]") {
  const batch b = telling(random_batch(score_kind::logits, at::kFloat, 8, {3000, 20}));
  compare<sms>(b, {});
  const batch wide = telling(random_batch(score_kind::logits, at::kFloat, 9, {21000, 50}));
  compare<svs>(wide, {});
  const batch there = wide.to(stage::device());
  const calibra::detail::device_fit_samples samples("test", logits(there.scores), there.labels, {});
  CHECK(samples.single_will_do(1));
}

TEST_CASE("sums over samples on a device do not depend on how many are taken at once", "[device]") {
  const batch b = random_batch(score_kind::logits, at::kDouble, 3, {50, 3}).to(stage::device());
  const at::Tensor w = random_weights(50, 4).to(stage::device());
  const calibra::detail::device_sums whole(b.scores, w, b.labels), cut(b.scores, w, b.labels, 21);
  const std::vector<double> line = {1, 0.5, 1.5, 0.1, 0, -0.2}, along = {1, -1, 0.5, 2, 0, 1};
  std::vector<double> matrix(12), turn(12);
  for (std::size_t i = 0; i < 12; ++i) {
    matrix[i] = std::sin(static_cast<double>(i));
    turn[i] = std::cos(static_cast<double>(i));
  }
  const calibra::detail::mixed_temperature first("test", 0.8, 0.01);
  const auto all = [&](const calibra::detail::device_sums& s) {
    std::vector<double> numbers;
    const auto add = [&](const std::vector<double>& more) {
      numbers.insert(numbers.end(), more.begin(), more.end());
    };
    for (const auto* x :
         {static_cast<const calibra::detail::mixed_temperature*>(nullptr), &first}) {
      add({s.lines(line, x, false).value, s.matrix(matrix, x, false).value});
      add(s.lines(line, x, false).sums);
      add(s.line_products(line, along, x, false));
      add(s.matrix(matrix, x, false).sums);
      add(s.matrix_products(matrix, turn, x, false));
    }
    add(s.tempered(0.7, false));
    add(s.brier({0.5, 1, 2}));
    add(s.mixture(1.3));
    return numbers;
  };
  const std::vector<double> one = all(whole), several = all(cut);
  REQUIRE(one.size() == several.size());
  REQUIRE(one.size() == 2 * (2 + 15 + 6 + 36 + 12) + 3 + 6 + 5);
  for (std::size_t i = 0; i < one.size(); ++i) {
    CAPTURE(i);
    CHECK(close(several[i], one[i], 1e-12));
  }
}

TEST_CASE("a pass of a fit on a device reads once", "[device]") {
  const batch b = random_batch(score_kind::logits, at::kDouble, 3, {50, 3}).to(stage::device());
  const calibra::detail::device_sums sums(b.scores, random_weights(50, 4).to(stage::device()),
                                          b.labels);
  stage::start(true);
  static_cast<void>(sums.brier({0.5, 1, 2}));
  CHECK(stage::stop().forbidden == stage::copies_of_a_read());
}

TEST_CASE("recalibrators of binary scores on a device", "[device]") {
  for (const score_kind kind : {score_kind::binary_logits, score_kind::binary_probabilities}) {
    batch host = random_batch(kind, at::kFloat, 5);
    host.weights = random_weights(400, 6);
    host.valid = at::ones({400}, at::kByte);
    host.valid.slice(0, 0, 400, 7).fill_(0);
    const batch there = host.to(stage::device());
    const auto numbers = [&]<class R>(const batch& b) {
      return with_scores(b, [&](const auto& s) {
        if constexpr (calibra::detail::is_one_number(std::remove_cvref_t<decltype(s)>::kind))
          return fit<R>(s, b.labels, b.with({})).parameters()[0].values;
        else
          return std::vector<double>{};
      });
    };
    CHECK(numbers.template operator()<beta>(there) == numbers.template operator()<beta>(host));
    CHECK(numbers.template operator()<isotonic>(there) ==
          numbers.template operator()<isotonic>(host));
  }
}

TEST_CASE("what a device cannot do with recalibrators is a sentence", "[device]") {
  const batch host = telling(random_batch(score_kind::logits, at::kFloat, 5));
  const batch there = host.to(stage::device());
  const auto z = logits(there.scores);
  if (!stage::device().is_cpu()) {
    using classwise = one_against_rest<isotonic>;
    CHECK_THAT(
        message([&] { return fit<classwise>(z, there.labels); }),
        Catch::StartsWith("fit<one_against_rest>(): is fitted in host memory, got scores on") &&
            Catch::EndsWith("copy them there: scores.cpu()"));
    const auto fitted = fit<classwise>(logits(host.scores), host.labels);
    CHECK_THAT(
        message([&] { return fitted.transform(z); }),
        Catch::StartsWith("one_against_rest.transform(): takes scores in host memory, got") &&
            Catch::EndsWith("copy them there: scores.cpu()"));
    CHECK_THAT(message([&] { return fit<svs>(z, host.labels); }),
               Catch::Contains("labels are [400] int64 on cpu"));
  }
  const vector_scaling three({1, 1, 1}, {0, 0, 0});
  CHECK_THAT(message([&] { return three.transform(z); }),
             Catch::Contains("fitted on 3 classes, got scores of 7"));
  batch heavy = there;
  heavy.weights = at::ones({400}, at::kDouble).to(stage::device());
  heavy.weights[9].fill_(1e200);
  CHECK_THAT(message([&] { return fit<svs>(z, heavy.labels, heavy.with({})); }),
             Catch::Contains("weight 1e+200 at row 9"));
  batch wrong = there;
  wrong.labels = there.labels.clone();
  wrong.labels[4].fill_(7);
  CHECK_THAT(message([&] { return fit<ets>(z, wrong.labels); }), Catch::Contains("at row 4"));
}

TEST_CASE("no samples on a device change nothing", "[device]") {
  const batch none = random_batch(score_kind::logits, at::kFloat, 5).rows(0, 0).to(stage::device());
  for_each_formula([&]<class R> {
    INFO(R::info.name);
    const R r = fit<R>(logits(none.scores), none.labels);
    CHECK_FALSE(r.report().converged);
    CHECK(r.report().note.find("no samples") != std::string::npos);
    CHECK(r.transform(logits(none.scores)).sizes() == none.scores.sizes());
  });
}
