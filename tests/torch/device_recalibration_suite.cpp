// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Recalibrators of tensors on a device, against those of the same numbers on the host.
#include <algorithm>
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

double largest_gap(const at::Tensor& there, const at::Tensor& here,
                   at::Device device = stage::device()) {
  REQUIRE(there.device() == device);
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
  options plain = o;
  plain.ignore_label = {};
  with_classes(host, [&](const auto& s) {
    CHECK(largest_gap(got.transform(s, plain), expected.transform(s, plain), at::kCPU) <= 1e-3);
  });
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

namespace {

using numbers = std::vector<double>;

/// The sums over samples, from their definitions.
struct plain_sums {
  std::vector<numbers> x;
  numbers w;
  std::vector<std::size_t> y;

  static numbers softmax(const numbers& v) {
    numbers p(v.size());
    double sum = 0;
    for (std::size_t k = 0; k < v.size(); ++k) sum += p[k] = std::exp(v[k]);
    for (double& one : p) one /= sum;
    return p;
  }
  static numbers scaled(numbers v, double by) {
    for (double& one : v) one *= by;
    return v;
  }
  /// theta as a matrix of K x (K + 1): a column for each number of (x, 1), times (x, 1).
  static numbers mapped(const numbers& theta, const numbers& row) {
    const std::size_t k = row.size();
    numbers v(theta.end() - static_cast<std::ptrdiff_t>(k), theta.end());
    for (std::size_t l = 0; l < k; ++l)
      for (std::size_t j = 0; j < k; ++j) v[j] += theta[l * k + j] * row[l];
    return v;
  }
  static numbers diagonal(const numbers& line) {
    const std::size_t k = line.size() / 2;
    numbers theta(k * (k + 1));
    for (std::size_t j = 0; j < k; ++j) {
      theta[j * k + j] = line[j];
      theta[k * k + j] = line[k + j];
    }
    return theta;
  }

  /// NLL; slopes; sums of h (x, 1); of p (p, 1); of h_j x_j^2; of sum(h) x_l^2.
  numbers matrix(const numbers& theta) const {
    const std::size_t k = x[0].size(), size = k * (k + 1), squares = 1 + 3 * size;
    numbers all(squares + 2 * k);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const numbers p = softmax(mapped(theta, x[i]));
      all[0] -= w[i] * std::log(p[y[i]]);
      for (std::size_t l = 0; l <= k; ++l)
        for (std::size_t j = 0; j < k; ++j) {
          const double one = l < k ? x[i][l] : 1, h = w[i] * p[j] * (1 - p[j]);
          all[1 + l * k + j] += w[i] * (p[j] - (y[i] == j ? 1 : 0)) * one;
          all[1 + size + l * k + j] += h * one;
          all[1 + 2 * size + l * k + j] += w[i] * p[j] * (l < k ? p[l] : 1);
          if (l == j) all[squares + l] += h * one * one;
          if (l < k) all[squares + k + l] += h * one * one;
        }
    }
    return all;
  }
  /// The second derivatives of the NLL along a direction.
  numbers matrix_products(const numbers& theta, const numbers& direction) const {
    const std::size_t k = x[0].size();
    numbers all(k * (k + 1));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const numbers p = softmax(mapped(theta, x[i])), d = mapped(direction, x[i]);
      for (std::size_t l = 0; l <= k; ++l)
        for (std::size_t j = 0; j < k; ++j)
          for (std::size_t m = 0; m < k; ++m)
            all[l * k + j] +=
                w[i] * ((j == m ? p[j] : 0) - p[j] * p[m]) * d[m] * (l < k ? x[i][l] : 1);
    }
    return all;
  }
  /// The numbers of a matrix that are those of lines: slopes in a and b, and so on.
  static void add_lines(numbers& to, const numbers& of, std::size_t from, std::size_t k,
                        bool slopes, bool offsets) {
    for (std::size_t j = 0; slopes && j < k; ++j) to.push_back(of[from + j * k + j]);
    for (std::size_t j = 0; offsets && j < k; ++j) to.push_back(of[from + k * k + j]);
  }

  numbers tempered(double beta) const {
    numbers all(3);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const numbers p = softmax(scaled(x[i], beta));
      double mean = 0, square = 0;
      for (std::size_t k = 0; k < p.size(); ++k) {
        mean += p[k] * x[i][k];
        square += p[k] * x[i][k] * x[i][k];
      }
      all[0] -= w[i] * std::log(p[y[i]]);
      all[1] += w[i] * (mean - x[i][y[i]]);
      all[2] += w[i] * (square - mean * mean);
    }
    return all;
  }
  double brier(double t) const {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const numbers p = softmax(scaled(x[i], 1 / t));
      for (std::size_t k = 0; k < p.size(); ++k) {
        const double gap = p[k] - (y[i] == k ? 1 : 0);
        sum += w[i] * gap * gap;
      }
    }
    return sum;
  }
  numbers mixture(double t) const {
    numbers all(5);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const numbers q = softmax(scaled(x[i], 1 / t)), p = softmax(x[i]);
      for (std::size_t k = 0; k < p.size(); ++k) {
        all[0] += w[i] * q[k] * q[k];
        all[1] += w[i] * q[k] * p[k];
        all[2] += w[i] * p[k] * p[k];
      }
      all[3] += w[i] * q[y[i]];
      all[4] += w[i] * p[y[i]];
    }
    return all;
  }
};

void check_all(const numbers& got, const numbers& expected, double eps) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i, got[i], expected[i]);
    CHECK(std::abs(got[i] - expected[i]) <= eps * std::max(1.0, std::abs(expected[i])));
  }
}

numbers with_value(const calibra::detail::sample_sums& s) {
  numbers all = s.sums;
  all.insert(all.begin(), s.value);
  return all;
}

}  // namespace

TEST_CASE("sums over samples on a device are those of their definitions", "[device]") {
  const batch b = random_batch(score_kind::logits, at::kFloat, 3, {50, 3});
  const at::Tensor weights = random_weights(50, 4).to(at::kDouble);
  plain_sums plain;
  for (std::int64_t i = 0; i < 50; ++i) {
    const at::Tensor row = b.scores[i].to(at::kDouble).contiguous();
    plain.x.emplace_back(row.data_ptr<double>(), row.data_ptr<double>() + 3);
    plain.w.push_back(weights[i].item<double>());
    plain.y.push_back(static_cast<std::size_t>(b.labels[i].item<std::int64_t>()));
  }
  const double share = 0.01, beta = 0.8;
  plain_sums mixed = plain;
  for (numbers& row : mixed.x) {
    row = plain_sums::softmax(plain_sums::scaled(row, beta));
    for (double& p : row) p = std::log((1 - share) * p + share / 3);
  }
  const calibra::detail::mixed_temperature first("test", beta, share);
  const numbers line = {1, 0.5, 1.5, 0.1, 0, -0.2}, along = {1, -1, 0.5, 2, 0, 1};
  numbers theta(12), turn(12);
  for (std::size_t i = 0; i < 12; ++i) {
    theta[i] = std::sin(static_cast<double>(i));
    turn[i] = std::cos(static_cast<double>(i));
  }

  const at::Tensor scores = b.scores.to(stage::device()), w = weights.to(stage::device()),
                   labels = b.labels.to(stage::device());
  for (const std::int64_t at_once : {1 << 22, 21})
    for (const bool single : {false, true})
      for (const bool mixes : {false, true}) {
        INFO("at once " << at_once << ", single " << single << ", mixed " << mixes);
        const double eps = single ? 1e-5 : 1e-12;
        const calibra::detail::device_sums sums(scores, w, labels, at_once);
        const plain_sums& of = mixes ? mixed : plain;
        const auto* before = mixes ? &first : nullptr;
        check_all(with_value(sums.matrix(theta, before, single)), of.matrix(theta), eps);
        check_all(sums.matrix_products(theta, turn, before, single),
                  of.matrix_products(theta, turn), eps);
        const numbers whole = of.matrix(plain_sums::diagonal(line));
        numbers lines = {whole[0]};
        plain_sums::add_lines(lines, whole, 1, 3, true, true);
        lines.insert(lines.end(), whole.begin() + 37, whole.begin() + 40);
        plain_sums::add_lines(lines, whole, 13, 3, true, true);
        check_all(with_value(sums.lines(line, before, single)), lines, eps);
        numbers products;
        plain_sums::add_lines(
            products, of.matrix_products(plain_sums::diagonal(line), plain_sums::diagonal(along)),
            0, 3, true, true);
        check_all(sums.line_products(line, along, before, single), products, eps);
        if (mixes) continue;
        check_all(sums.tempered(0.7, single), plain.tempered(0.7), eps);
        if (single) continue;
        numbers brier;
        for (const double t : {0.5, 1.0, 2.0}) {
          constexpr double step = 1e-4;
          const double slope = plain.brier(t * std::exp(step)) - plain.brier(t * std::exp(-step));
          brier.insert(brier.end(), {plain.brier(t), slope / (2 * step)});
        }
        const numbers got = sums.brier({0.5, 1, 2});
        check_all({got[0], got[2], got[4]}, {brier[0], brier[2], brier[4]}, 1e-12);
        check_all({got[1], got[3], got[5]}, {brier[1], brier[3], brier[5]}, 1e-7);
        check_all(sums.mixture(1.3), plain.mixture(1.3), 1e-12);
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
