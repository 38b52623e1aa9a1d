// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/outlier/dynamic_outlier_regularization.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "calibra/loss/dor_loss.hpp"
#include "calibra/loss/moment_matching_loss.hpp"
#include "feature_tables.hpp"

using calibra::dor_loss;
using calibra::dor_options;
using calibra::dynamic_outlier_regularization;
using calibra::matrix;
using calibra::outlier_bank;
using calibra::sampling_state;
using Catch::Matchers::Contains;
using feature_tables::random_matrix;
using ids = std::vector<std::size_t>;

namespace {

template<class T>
outlier_bank<matrix<T>> random_bank(std::size_t count, std::size_t cols = 6) {
  outlier_bank<matrix<T>> bank{{}, random_matrix<T>(count, cols, 1), {}};
  for (std::size_t i = 0; i < count; ++i) bank.names.push_back("noun " + std::to_string(i));
  return bank;
}

template<class Dor>
ids next(Dor& dor) {
  const auto sample = dor.sample();
  return {sample.begin(), sample.end()};
}

}  // namespace

TEMPLATE_TEST_CASE("DOR gives lambda times the loss of the batch's rows", "[outlier][dor]", float,
                   double) {
  dynamic_outlier_regularization dor(random_bank<TestType>(30), {.batch = 7, .lambda = 2});
  CHECK(dor.options().lambda == 2);
  CHECK(dor.current().empty());
  for (int iteration = 0; iteration < 5; ++iteration) {
    const ids batch = next(dor);
    REQUIRE(batch.size() == 7);
    CHECK(dor.index() == batch);
    CHECK(std::equal(batch.begin(), batch.end(), dor.current().begin(), dor.current().end()));
    matrix<TestType> rows(7, 6);
    for (std::size_t b = 0; b < 7; ++b) {
      CHECK(dor.names()[b] == dor.bank().names[batch[b]]);
      for (std::size_t j = 0; j < 6; ++j) rows(b, j) = dor.bank().features(batch[b], j);
    }
    const matrix<double> tuned = random_matrix<double>(7, 6, 2);
    matrix<double> expected(7, 6);
    matrix<double> gradient(7, 6);
    const double loss = 2 * dor_loss(tuned, rows, expected);
    CHECK(dor(tuned) == loss);
    CHECK(dor(tuned, gradient) == loss);
    for (std::size_t k = 0; k < 42; ++k)
      CHECK(gradient.data()[k] == 2 * expected.data()[k]);  // a power of two changes no rounding
    CHECK(dor(rows) == Approx(0).margin(64 * std::numeric_limits<double>::epsilon()));
  }
}

TEMPLATE_TEST_CASE("DOR with second moments adds the covariances of the batch", "[outlier][dor]",
                   float, double) {
  constexpr double epsilon = std::numeric_limits<double>::epsilon();
  dynamic_outlier_regularization dor(random_bank<TestType>(30),
                                     {.batch = 7, .lambda = 2, .gamma = 3});
  for (int iteration = 0; iteration < 5; ++iteration) {
    dor.sample();
    const matrix<TestType> zero_shot = dor.zero_shot();
    const matrix<TestType> tuned = random_matrix<TestType>(7, 6, 2);
    matrix<double> cosines(7, 6), moments(7, 6), gradient(7, 6);
    const double value =
        2 * dor_loss(tuned, zero_shot, cosines) +
        6 * calibra::moment_matching_loss(tuned, zero_shot, moments, {.mean = 0, .covariance = 1});
    CHECK(dor(tuned) == Approx(value).epsilon(16 * epsilon));
    CHECK(dor(tuned, gradient) == dor(tuned));
    double most = 0;
    for (std::size_t k = 0; k < 42; ++k) {
      CHECK(gradient.data()[k] ==
            Approx(2 * cosines.data()[k] + 6 * moments.data()[k]).margin(64 * epsilon).epsilon(0));
      most = std::max(most, std::abs(moments.data()[k]));
    }
    CHECK(most > 1e-3);
    matrix<TestType> in_place = tuned, expected(7, 6);
    dor(tuned, expected);
    CHECK(dor(in_place, in_place) == dor(tuned));
    CHECK(std::equal(expected.data(), expected.data() + 42, in_place.data()));
    CHECK(dor(zero_shot) == Approx(0).margin(64 * epsilon));
  }
  // One outlier has no spread.
  dynamic_outlier_regularization one(random_bank<TestType>(30), {.batch = 1, .gamma = 3});
  one.sample();
  const matrix<TestType> tuned = random_matrix<TestType>(1, 6, 2);
  CHECK(one(tuned) == Approx(8 * dor_loss(tuned, one.zero_shot())).epsilon(4 * epsilon));
}

TEST_CASE("Batches are sets of the bank, fresh each iteration", "[outlier][dor]") {
  const auto batch = GENERATE(std::size_t{1}, std::size_t{10}, std::size_t{40});
  dynamic_outlier_regularization dor(random_bank<float>(40), {.batch = batch});
  std::set<ids> different;
  std::set<std::size_t> reached;
  for (int iteration = 0; iteration < 200; ++iteration) {
    ids sample = next(dor);
    different.insert(sample);
    std::sort(sample.begin(), sample.end());
    REQUIRE(std::adjacent_find(sample.begin(), sample.end()) == sample.end());
    REQUIRE(sample.back() < 40);
    reached.insert(sample.begin(), sample.end());
  }
  CHECK(different.size() >= (batch == 40 ? 1 : 30));
  CHECK(reached.size() == 40);
}

// By an implementation in Python of splitmix64, rejection and Floyd's algorithm.
TEST_CASE("Batches are the same on every platform", "[outlier][dor]") {
  dynamic_outlier_regularization dor(random_bank<float>(5000, 1), {.batch = 4, .seed = 42});
  CHECK(next(dor) == ids{1522, 4117, 4327, 2045});
  CHECK(next(dor) == ids{77, 4080, 3974, 750});
}

TEST_CASE("DOR goes on from a checkpoint with the same batches", "[outlier][dor]") {
  const dor_options options{.batch = 5, .lambda = 8, .seed = 11};
  dynamic_outlier_regularization whole(random_bank<float>(50), options);
  std::vector<ids> stream;
  std::vector<std::string> checkpoints;
  for (int iteration = 0; iteration < 20; ++iteration) {
    checkpoints.push_back(to_text(whole.state()));
    stream.push_back(next(whole));
  }
  for (std::size_t at = 0; at < 20; ++at) {
    // Another process: another seed until the checkpoint is read.
    dynamic_outlier_regularization resumed(random_bank<float>(50), {.batch = 5, .seed = 99});
    next(resumed);
    resumed.restore(calibra::parse_sampling_state(checkpoints[at]));
    CHECK(resumed.current().empty());
    CHECK_THROWS_AS(resumed(random_matrix<float>(5, 6, 3)), calibra::shape_error);
    for (std::size_t t = at; t < 20; ++t) REQUIRE(next(resumed) == stream[t]);
    CHECK(resumed.state() == whole.state());
  }
}

TEST_CASE("Seeds give other batches", "[outlier][dor]") {
  std::set<ids> first;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    dynamic_outlier_regularization dor(random_bank<float>(500), {.batch = 8, .seed = seed});
    first.insert(next(dor));
  }
  CHECK(first.size() == 50);
}

TEST_CASE("A checkpoint of another bank is refused", "[outlier][dor][error]") {
  dynamic_outlier_regularization dor(random_bank<float>(50), {.batch = 5, .seed = 11});
  next(dor);
  const sampling_state before = dor.state();
  sampling_state other = before;
  other.outliers = 51;
  CHECK_THROWS_WITH(dor.restore(other), Contains("a bank of 51 outliers"));
  other = before;
  other.batch = 6;
  CHECK_THROWS_WITH(dor.restore(other), Contains("batches of 6, this object of 5"));
  auto renamed = random_bank<float>(50);
  std::swap(renamed.names[3], renamed.names[4]);
  dynamic_outlier_regularization swapped(renamed, {.batch = 5});
  CHECK_THROWS_AS(dor.restore(swapped.state()), calibra::value_error);
  CHECK(dor.state() == before);
  CHECK(dor.current().size() == 5);
}

TEST_CASE("Fingerprints tell names from one another", "[outlier][dor]") {
  using calibra::fingerprint;
  using names = std::vector<std::string>;
  CHECK(fingerprint(names{"ab", "c"}) != fingerprint(names{"a", "bc"}));
  CHECK(fingerprint(names{"a", "b"}) != fingerprint(names{"b", "a"}));
  CHECK(fingerprint(names{}) != fingerprint(names{""}));
  CHECK(fingerprint(names{"dog"}) == calibra::detail::fnv1a("dog\n"));
}

TEST_CASE("DOR names what is wrong", "[outlier][dor][error]") {
  using dor_type = dynamic_outlier_regularization<matrix<float>>;
  CHECK_THROWS_WITH(dor_type(random_bank<float>(10), {.batch = 11}),
                    "dynamic_outlier_regularization(): expected a batch in [1, 10], the size of "
                    "the bank, got 11");
  CHECK_THROWS_AS(dor_type(random_bank<float>(10), {.batch = 0}), calibra::option_error);
  CHECK_THROWS_AS(dor_type(random_bank<float>(10), {.batch = 2, .lambda = -1}),
                  calibra::option_error);
  CHECK_THROWS_AS(dor_type(random_bank<float>(10),
                           {.batch = 2, .lambda = std::numeric_limits<double>::quiet_NaN()}),
                  calibra::option_error);
  CHECK_THROWS_WITH(dor_type(random_bank<float>(10), {.batch = 2, .gamma = -1}),
                    "dynamic_outlier_regularization(): expected gamma in [0, inf), got -1");
  CHECK_THROWS_WITH(dor_type({}), Contains("the bank has no outlier"));
  auto uneven = random_bank<float>(10);
  uneven.names.pop_back();
  CHECK_THROWS_WITH(dor_type(uneven, {.batch = 2}), Contains("9 names and 10 rows of features"));
  dor_type dor(random_bank<float>(10), {.batch = 2});
  CHECK_THROWS_WITH(dor(random_matrix<float>(2, 6, 1)), Contains("sample() to be called first"));
  dor.sample();
  CHECK_THROWS_WITH(dor(random_matrix<float>(3, 6, 1)),
                    "dynamic_outlier_regularization(): tuned is 3 x 6, zero_shot is 2 x 6; "
                    "expected the same shape");
  CHECK_THROWS_AS(dor(random_matrix<float>(2, 5, 1)), calibra::shape_error);
  dor_type moments(random_bank<float>(10), {.batch = 2, .gamma = 1});
  moments.sample();
  matrix<double> gradient(3, 6);
  CHECK_THROWS_AS(moments(random_matrix<float>(2, 6, 1), gradient), calibra::shape_error);
  CHECK_THROWS_AS(moments(random_matrix<float>(3, 6, 1), gradient), calibra::shape_error);
  auto bad = random_matrix<float>(2, 6, 1);
  bad(1, 3) = std::numeric_limits<float>::quiet_NaN();
  matrix<double> untouched(2, 6);
  CHECK_THROWS_AS(moments(bad, untouched), calibra::value_error);
  CHECK(std::all_of(untouched.data(), untouched.data() + 12, [](double x) { return x == 0; }));
}
