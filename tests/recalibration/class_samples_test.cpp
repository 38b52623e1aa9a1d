// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Passes over samples of N x K scores: those that trust what an earlier pass has checked, those in
// single precision, and the fits that walk them.
#include <calibra/evaluate.hpp>
#include <calibra/recalibration/dirichlet.hpp>
#include <calibra/recalibration/ets.hpp>
#include <calibra/recalibration/fit.hpp>
#include <calibra/recalibration/matrix_scaling.hpp>
#include <calibra/recalibration/samples.hpp>
#include <calibra/recalibration/sms.hpp>
#include <calibra/recalibration/svs.hpp>
#include <calibra/recalibration/temperature.hpp>
#include <calibra/recalibration/vector_scaling.hpp>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "naive.hpp"
#include "temperature_oracle.hpp"

using namespace calibra;
using namespace calibra::test;

namespace {

/// Samples with a count of the passes, which may refuse single precision.
class counted_samples final : public class_samples {
 public:
  counted_samples(const class_samples& samples, bool single)
      : class_samples(samples.classes(), samples.kind()), samples_(samples), single_(single) {
    weight_ = samples.weight();
  }
  std::size_t parts() const override { return samples_.parts(); }
  void walk(row_form form,
            const std::function<void(std::size_t, const class_block&)>& visit) const override {
    ++exact;
    samples_.walk(form, visit);
  }
  void walk_single(
      row_form form,
      const std::function<void(std::size_t, const class_block_of<float>&)>& visit) const override {
    ++rough;
    samples_.walk_single(form, visit);
  }
  bool single_will_do(std::size_t work) const override {
    return single_ && samples_.single_will_do(work);
  }
  void for_each_class(
      const std::function<void(std::size_t, const binary_samples&)>& visit) const override {
    samples_.for_each_class(visit);
  }
  void run(std::size_t jobs, const std::function<void(std::size_t)>& work) const override {
    samples_.run(jobs, work);
  }

  mutable std::size_t exact = 0, rough = 0;

 private:
  const class_samples& samples_;
  bool single_;
};

/// All that a pass gives, in the order of the rows.
struct walked {
  std::vector<double> rows, weights;
  std::vector<std::int64_t> labels;

  walked(const class_samples& samples, row_form form, bool single) {
    std::vector<std::vector<double>> r(samples.parts()), w(samples.parts());
    std::vector<std::vector<std::int64_t>> y(samples.parts());
    const auto add = [&](std::size_t part, const auto& block) {
      r[part].insert(r[part].end(), block.rows, block.rows + block.size * block.classes);
      y[part].insert(y[part].end(), block.label, block.label + block.size);
      for (std::size_t i = 0; i < block.size; ++i) w[part].push_back(block.weight_of(i));
    };
    if (single)
      samples.walk_single(form, add);
    else
      samples.walk(form, add);
    for (std::size_t part = 0; part < r.size(); ++part) {
      rows.insert(rows.end(), r[part].begin(), r[part].end());
      weights.insert(weights.end(), w[part].begin(), w[part].end());
      labels.insert(labels.end(), y[part].begin(), y[part].end());
    }
  }
};

/// The largest error of rows that should be these, in units of 1 and of the row's number where that
/// is more.
double largest_error(const walked& got, const std::vector<double>& expected) {
  if (got.rows.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double most = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double off = std::abs(got.rows[i] - expected[i]) / std::max(1.0, std::abs(expected[i]));
    most = std::isnan(off) ? std::numeric_limits<double>::infinity() : std::max(most, off);
  }
  return most;
}

/// A row in a form, in long double.
std::vector<double> naive_row(std::vector<double> row, score_kind kind, row_form form) {
  if (kind == score_kind::probabilities) {
    if (form == row_form::logits)
      for (double& p : row) p = std::log(std::max(p, 0x1p-126));
  } else if (form == row_form::probabilities) {
    return naive::of_logits(row, 0).probability;
  } else {
    const double max = *std::max_element(row.begin(), row.end());
    for (double& z : row) z = std::max(z, max - 700);
  }
  return row;
}

template<score_kind Kind, class View>
auto wrapped(const View& view) {
  if constexpr (Kind == score_kind::logits)
    return logits(view);
  else
    return probabilities(view);
}

template<class S, class L, class F>
void with(const S& scores, const L& labels, const row_options& o, const F& f) {
  detail::with_samples("test()", scores, labels, o, [&](const auto& samples) {
    if constexpr (std::is_same_v<decltype(samples), const class_samples&>) f(samples);
  });
}

/// A fit to the samples, in single precision where they allow it or not at all.
template<class R, class S, class L>
R fit_in(bool single, const S& scores, const L& labels, const row_options& o,
         std::size_t* rough = nullptr) {
  std::optional<R> fitted;
  with(scores, labels, o, [&](const class_samples& samples) {
    const counted_samples counted(samples, single);
    fitted = R::fit(counted, typename R::options{});
    if (rough != nullptr) *rough = counted.rough;
    if (!single) CHECK(counted.rough == 0);
  });
  return *fitted;
}

std::vector<std::int64_t> some_labels(std::size_t n, std::size_t k) {
  std::vector<std::int64_t> labels(n);
  for (std::size_t i = 0; i < n; ++i) labels[i] = static_cast<std::int64_t>((i * 7 + i / 3) % k);
  return labels;
}
std::vector<double> some_weights(std::size_t n) {
  std::vector<double> weights(n);
  for (std::size_t i = 0; i < n; ++i) weights[i] = 0.25 * static_cast<double>(i % 9);
  return weights;
}

template<class T, score_kind Kind>
void check_passes(std::size_t n, std::size_t k) {
  const std::vector<std::int64_t> labels = some_labels(n, k);
  const std::vector<double> weights = some_weights(n);
  const std::vector<unsigned char> all(n, 1);
  const double exact = 1e-13;
  const double rough = 4 * std::numeric_limits<float>::epsilon();
  for (const naive::layout how : naive::layouts) {
    const naive::matrix<T> scores = Kind == score_kind::logits
                                        ? naive::random_logits<T>(n, k, how, 3)
                                        : naive::random_probabilities<T>(n, k, how, 3);
    for (const row_form form : {row_form::logits, row_form::probabilities}) {
      std::vector<double> expected;
      for (std::size_t i = 0; i < n; ++i) {
        const std::vector<double> row = naive_row(scores.row(i), Kind, form);
        expected.insert(expected.end(), row.begin(), row.end());
      }
      for (const unsigned threads : {1U, 3U}) {
        CAPTURE(n, k, static_cast<int>(how), static_cast<int>(form), threads);
        row_options trusted{.weights = weights, .threads = {threads}}, checked = trusted;
        checked.valid = all;
        for (const row_options& o : {trusted, checked})
          with(wrapped<Kind>(scores.view()), labels, o, [&](const class_samples& samples) {
            double total = 0;
            for (const double w : weights) total += w;
            CHECK(std::abs(samples.weight() / total - 1) <= 1e-14);
            for (const bool single : {false, true}) {
              const walked got(samples, form, single);
              CAPTURE(single, static_cast<bool>(o.valid));
              CHECK(largest_error(got, expected) <= (single ? rough : exact));
              CHECK(got.labels == labels);
              CHECK(got.weights == weights);
            }
          });
      }
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("passes give every row in its form, trusted or checked", "", float, double,
                   half) {
  using T = TestType;
  for (const auto& [n, k] : {std::pair<std::size_t, std::size_t>{37, 3}, {3000, 7}, {70, 1000}}) {
    check_passes<T, score_kind::logits>(n, k);
    check_passes<T, score_kind::probabilities>(n, k);
  }
}

TEST_CASE("passes: labels and weights of other types, and apart in memory") {
  const std::size_t n = 3000, k = 7;
  const naive::matrix<float> z = naive::random_logits<float>(n, k, naive::layout::rows, 4);
  const std::vector<std::int64_t> labels = some_labels(n, k);
  const std::vector<double> weights = some_weights(n);
  const std::vector<short> narrow(labels.begin(), labels.end());
  const std::vector<float> light(weights.begin(), weights.end());
  std::vector<std::int64_t> spread(3 * n, -7);
  std::vector<double> thin(2 * n, -1);
  for (std::size_t i = 0; i < n; ++i) {
    spread[3 * i] = labels[i];
    thin[2 * i] = weights[i];
  }
  const auto check = [&](const class_samples& samples) {
    for (const bool single : {false, true}) {
      const walked got(samples, row_form::logits, single);
      CHECK(got.labels == labels);
      CHECK(got.weights == weights);
    }
  };
  with(logits(z.view()), narrow, {.weights = light, .threads = {2}}, check);
  with(logits(z.view()), vector_view<const std::int64_t>(spread.data(), n, 3),
       {.weights = vector_view<const double>(thin.data(), n, 2)}, check);
}

TEST_CASE("passes: rows that are left out, divided or deep are checked every time") {
  const std::size_t n = 50, k = 4;
  const naive::matrix<double> z = naive::random_logits<double>(n, k, naive::layout::rows, 5);
  std::vector<std::int64_t> labels = some_labels(n, k);
  const auto count = [&](const matrix<double>& rows, const row_options& o) {
    std::size_t found = 0;
    with(logits(rows), labels, o, [&](const class_samples& samples) {
      for (const row_form form : {row_form::logits, row_form::probabilities})
        for (const bool single : {false, true}) {
          const walked got(samples, form, single);
          found = got.labels.size();
          CHECK(got.rows.size() == found * k);
          for (const double x : got.rows) CHECK(std::isfinite(x));
          std::vector<double> expected;
          for (std::size_t i = 0; i < n; ++i) {
            std::vector<double> row(&rows(i, 0), &rows(i, 0) + k);
            if (labels[i] < 0 || std::isnan(row[2])) continue;
            if (o.valid && i % 3 == 0) continue;
            row = naive_row(row, score_kind::logits, form);
            expected.insert(expected.end(), row.begin(), row.end());
          }
          CHECK(largest_error(got, expected) <= 1e-6);
        }
    });
    return found;
  };
  matrix<double> rows(n, k);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < k; ++j) rows(i, j) = z.get(i, j);
  CHECK(count(rows, {}) == n);
  SECTION("masked classes") {
    rows(7, 1) = -std::numeric_limits<double>::infinity();
    rows(n - 1, 1) = -1e5;
    CHECK(count(rows, {}) == n);
  }
  SECTION("NaN that is counted") {
    rows(7, 2) = std::numeric_limits<double>::quiet_NaN();
    CHECK(count(rows, {.nan = nan_policy::count}) == n - 1);
    CHECK_THROWS_AS(count(rows, {}), value_error);
  }
  SECTION("labels that are ignored") {
    labels[0] = labels[n - 1] = -1;
    CHECK(count(rows, {.ignore_label = -1}) == n - 2);
  }
  SECTION("a mask") {
    std::vector<unsigned char> valid(n);
    for (std::size_t i = 0; i < n; ++i) valid[i] = i % 3 != 0;
    CHECK(count(rows, {.valid = valid}) == n - (n + 2) / 3);
  }
  SECTION("rows that are divided by their sum") {
    naive::matrix<double> p = naive::random_probabilities<double>(n, k, naive::layout::rows, 5);
    std::vector<double> expected[2];
    for (std::size_t i = 0; i < n; ++i) {
      for (const row_form form : {row_form::logits, row_form::probabilities}) {
        const std::vector<double> row = naive_row(p.row(i), score_kind::probabilities, form);
        std::vector<double>& to = expected[static_cast<int>(form)];
        to.insert(to.end(), row.begin(), row.end());
      }
      for (std::size_t j = 0; j < k; ++j) p.set(i, j, p.get(i, j) * static_cast<double>(1 + i));
    }
    with(probabilities(p.view()), labels, {.renormalise = true}, [&](const class_samples& samples) {
      for (const row_form form : {row_form::logits, row_form::probabilities})
        for (const bool single : {false, true})
          CHECK(largest_error(walked(samples, form, single), expected[static_cast<int>(form)]) <=
                (single ? 1e-6 : 1e-13));
    });
  }
}

TEST_CASE("passes: when single precision will do") {
  const std::size_t n = 1 << 12, k = 16;
  problem<float> x = random_problem<float>(n, k, 1.7, 2, 3);
  const auto work_from = [&](const row_options& o = {}) {
    std::size_t least = 0;
    with(logits(x.z), x.labels, o, [&](const class_samples& samples) {
      for (const std::size_t work : {1U, 15U, 16U, 1000U})
        if (samples.single_will_do(work) && least == 0) least = work;
    });
    return least;
  };
  CHECK(work_from() == 16);
  CHECK(work_from({.weights = x.weights}) == 16);
  // Weights whose products may overflow, or are all lost.
  for (const double scale : {1e-14, 1e14}) {
    const std::vector<double> scaled(n, scale), beyond(n, std::pow(scale, 1.1));
    CHECK(work_from({.weights = scaled}) == 16);
    CHECK(work_from({.weights = beyond}) == 0);
  }
  for (std::size_t j = 0; j < k; ++j) x.z(5, j) = 9999;
  CHECK(work_from() == 16);
  for (std::size_t j = 0; j < k; ++j) x.z(5, j) = -10001;
  CHECK(work_from() == 0);
  for (std::size_t j = 0; j < k; ++j) x.z(5, j) = 0;
  CHECK(work_from() == 16);
  x.z(5, 3) = -701;
  CHECK(work_from() == 0);
  x.z(5, 3) = -std::numeric_limits<float>::infinity();
  CHECK(work_from() == 0);
  x.z(5, 3) = 0;
  const std::vector<unsigned char> all(n, 1);
  CHECK(work_from({.valid = all}) == 0);
}

TEMPLATE_TEST_CASE("fits in single precision first reach the same optimum", "",
                   (std::pair<svs, float>), (std::pair<vector_scaling, float>),
                   (std::pair<sms, float>), (std::pair<matrix_scaling, float>),
                   (std::pair<dirichlet, float>), (std::pair<svs, double>),
                   (std::pair<vector_scaling, double>), (std::pair<sms, double>)) {
  using R = typename TestType::first_type;
  using T = typename TestType::second_type;
  constexpr bool lines = std::is_same_v<R, svs> || std::is_same_v<R, vector_scaling>;
  const std::size_t k = lines ? 40 : 24, n = lines ? 26300 : 1850;
  problem<T> x = random_problem<T>(n, k, 1.7, 2, 11);
  for (std::size_t i = 0; i < n; ++i)  // lines that differ
    for (std::size_t j = 0; j < k; ++j)
      x.z(i, j) += static_cast<T>(0.1 * static_cast<double>(j % 5));
  const auto check = [&](const auto& scores, const row_options& o) {
    std::size_t rough = 0;
    const R fast = fit_in<R>(true, scores, x.labels, o, &rough);
    const R exact = fit_in<R>(false, scores, x.labels, o);
    CHECK(rough > 0);
    const double reached = fast.report().objective_after;
    CHECK(fast.report().converged);
    CHECK(exact.report().converged);
    CHECK(std::abs(reached / exact.report().objective_after - 1) <= 1e-9);
    CHECK(fast.report().gradient <= 1e-8 * reached);
    CHECK(std::abs(fast.report().objective_before / exact.report().objective_before - 1) <= 1e-6);
  };
  check(logits(x.z), {});
  check(logits(x.z), {.weights = x.weights, .threads = {2}});
  const double one = fit<R>(logits(x.z), x.labels).report().objective_after;
  for (const unsigned threads : {2U, 5U}) {
    const R several = fit<R>(logits(x.z), x.labels, {.threads = {threads}});
    CHECK(std::abs(several.report().objective_after / one - 1) <= 1e-12);
  }
  matrix<T> p(n, k);
  temperature_scaling(1).transform(logits(x.z), p);
  check(probabilities(p), {.weights = x.weights});
}

TEMPLATE_TEST_CASE("fits in single precision first: sharp scores", "", svs, vector_scaling, sms) {
  constexpr bool lines = !std::is_same_v<TestType, sms>;
  const std::size_t k = lines ? 40 : 24, n = lines ? 26300 : 1850;
  SECTION("with few errors: the slope is small beside a small objective") {
    const problem<float> x = random_problem<float>(n, k, 1, 30, 15);
    std::size_t rough = 0;
    const fit_report r = fit_in<TestType>(true, logits(x.z), x.labels, {}, &rough).report();
    CHECK(rough > 0);
    CHECK(r.converged);
    CHECK(r.objective_after < 0.2);
    CHECK(r.gradient <= 1e-8 * r.objective_after);
  }
  SECTION("without errors: no step is taken that leads up") {
    problem<float> x = random_problem<float>(n, k, 1.7, 2, 16);
    for (std::size_t i = 0; i < n; ++i) x.z(i, static_cast<std::size_t>(x.labels[i])) += 60;
    const fit_report r = fit<TestType>(logits(x.z), x.labels).report();
    CHECK(r.converged == !std::is_same_v<TestType, vector_scaling>);
    CHECK(r.objective_after < 1e-2);
    CHECK(r.gradient <= 1e-9);
  }
}

TEMPLATE_TEST_CASE("fits: the report counts the passes that progress sees", "", svs, vector_scaling,
                   sms, matrix_scaling, dirichlet, ets) {
  const problem<float> x = random_problem<float>(700, 6, 1.7, 2, 14);
  const std::vector<unsigned char> all(700, 1);
  for (const bool checked : {false, true}) {
    std::atomic<std::uint64_t> rows = 0;
    row_options o{.threads = {2}, .progress = [&](std::uint64_t done) { rows += done; }};
    if (checked) o.valid = all;
    const TestType r = fit<TestType>(logits(x.z), x.labels, o);
    CHECK(rows == r.report().passes * 700);
  }
}

TEMPLATE_TEST_CASE("fits: a unit of weight does not matter", "", vector_scaling, matrix_scaling) {
  const std::size_t k = 24, n = std::is_same_v<TestType, vector_scaling> ? 43700 : 1850;
  const problem<float> x = random_problem<float>(n, k, 1.7, 2, 13);
  const fit_report r = fit<TestType>(logits(x.z), x.labels, {.weights = x.weights}).report();
  for (const double unit : {1e-60, 1e-12, 1e12, 1e60}) {
    std::vector<double> weights = x.weights;
    for (double& w : weights) w *= unit;
    const fit_report scaled = fit<TestType>(logits(x.z), x.labels, {.weights = weights}).report();
    INFO(unit);
    CHECK(scaled.converged);
    CHECK(std::abs(scaled.objective_after / r.objective_after - 1) <= 1e-12);
    CHECK(scaled.gradient <= 1e-8 * scaled.objective_after);
  }
}

TEMPLATE_TEST_CASE("fits: layouts, masks and checks change nothing", "", svs, vector_scaling, sms,
                   matrix_scaling, dirichlet) {
  using R = TestType;
  const std::size_t n = 200, more = 60, k = 5;
  const problem<double> x = random_problem<double>(n + more, k, 1.7, 2, 12);
  matrix<double> of_x(n + more, k);
  temperature_scaling(1).transform(logits(x.z), of_x);

  const auto check = [&](const fit_report& r, double expected) {
    CHECK(r.converged);
    CHECK(std::abs(r.objective_after / expected - 1) <= 1e-12);
  };
  const auto check_kind = [&](const auto wrap, const matrix<double>& all, bool divide) {
    const std::vector<std::int64_t> labels(x.labels.begin(), x.labels.begin() + n);
    const std::vector<double> weights(x.weights.begin(), x.weights.begin() + n);
    const double expected =
        fit<R>(wrap(all.view().rows(0, n)), labels, {.weights = weights}).report().objective_after;
    for (const naive::layout how : naive::layouts) {
      naive::matrix<double> z(n, k, how);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < k; ++j) z.set(i, j, all(i, j));
      CAPTURE(static_cast<int>(how));
      check(fit<R>(wrap(z.view()), labels, {.weights = weights}).report(), expected);
    }
    const std::vector<unsigned char> here(n, 1);
    check(fit<R>(wrap(all.view().rows(0, n)), labels, {.weights = weights, .valid = here}).report(),
          expected);

    // Others among them that do not count.
    matrix<double> mixed(n + more, k);
    std::vector<std::int64_t> y(n + more);
    std::vector<double> w(n + more);
    std::vector<unsigned char> valid(n + more);
    std::size_t next = 0, other = n;
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < n + more; ++i) {
      const bool counts = (i % 4 != 1 || other == n + more) && next < n;
      const std::size_t from = counts ? next++ : other++;
      for (std::size_t j = 0; j < k; ++j) mixed(i, j) = all(from, j);
      y[i] = x.labels[from];
      w[i] = x.weights[from];
      valid[i] = counts;
      if (!counts) others.push_back(i);
    }
    check(fit<R>(wrap(mixed), y, {.weights = w, .valid = valid}).report(), expected);
    std::vector<double> zero = w;
    for (const std::size_t i : others) zero[i] = 0;
    check(fit<R>(wrap(mixed), y, {.weights = zero}).report(), expected);
    std::vector<std::int64_t> ignored = y;
    for (const std::size_t i : others) ignored[i] = 255;
    check(fit<R>(wrap(mixed), ignored, {.weights = w, .ignore_label = 255}).report(), expected);
    matrix<double> bad = mixed;
    for (const std::size_t i : others) bad(i, i % k) = std::numeric_limits<double>::quiet_NaN();
    check(fit<R>(wrap(bad), y, {.weights = w, .nan = nan_policy::count}).report(), expected);
    CHECK_THROWS_WITH(fit<R>(wrap(bad), y, {.weights = w}),
                      Catch::Contains("row " + std::to_string(others[0])));
    if (!divide) return;
    for (std::size_t i = 0; i < n + more; ++i)
      for (std::size_t j = 0; j < k; ++j) mixed(i, j) *= 2 + static_cast<double>(i % 3);
    check(fit<R>(wrap(mixed), y, {.weights = zero, .renormalise = true}).report(), expected);
  };
  SECTION("logits") {
    check_kind([](const auto& z) { return logits(z); }, x.z, false);
  }
  SECTION("probabilities") {
    check_kind([](const auto& p) { return probabilities(p); }, of_x, true);
  }
}
