// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/scores.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/metrics/accuracy.hpp"
#include "calibra/metrics/nll.hpp"

using calibra::matrix_view;
using calibra::shape_error;
using calibra::value_error;
using calibra::vector_view;

namespace {

const std::vector<float> numbers{1, 0, 2, 0, 3, 1, 2, 2, 5, 0, 1, 0};

template<class View>
void check_rows(const View& v, std::size_t cols) {
  REQUIRE(v.rows() * v.cols() == numbers.size());
  REQUIRE(v.cols() == cols);
  for (std::size_t i = 0; i < v.rows(); ++i)
    for (std::size_t j = 0; j < cols; ++j) CHECK(v(i, j) == numbers[i * cols + j]);
}

}  // namespace

TEST_CASE("a flat buffer with its number of classes is a matrix, without a copy", "[scores]") {
  const std::span<const float> all(numbers);
  std::array<float, 12> fixed{};
  std::copy(numbers.begin(), numbers.end(), fixed.begin());
  for (const std::size_t k : {1U, 2U, 3U, 4U, 6U, 12U}) {
    check_rows(calibra::logits(numbers, k).view(), k);
    check_rows(calibra::probabilities(all, k).view(), k);
    check_rows(calibra::multilabel_logits(fixed, k).view(), k);
    check_rows(calibra::multilabel_probabilities(numbers.data(), 12 / k, k).view(), k);
  }
  CHECK(calibra::logits(numbers, 3).view().data() == numbers.data());
  CHECK(calibra::logits(all, 3).view().data() == numbers.data());
  CHECK(calibra::logits(std::span<const float>(numbers), 3).view().data() == numbers.data());
  CHECK(calibra::logits(numbers.data(), 4, 3).view().data() == numbers.data());
}

TEST_CASE("every kind of score can be given flat", "[scores]") {
  using calibra::score_kind;
  const float* const data = numbers.data();
  STATIC_REQUIRE(decltype(calibra::logits(numbers, 3))::kind == score_kind::logits);
  STATIC_REQUIRE(decltype(calibra::logits(data, 4, 3))::kind == score_kind::logits);
  STATIC_REQUIRE(decltype(calibra::probabilities(numbers, 3))::kind == score_kind::probabilities);
  STATIC_REQUIRE(decltype(calibra::probabilities(data, 4, 3))::kind == score_kind::probabilities);
  STATIC_REQUIRE(decltype(calibra::multilabel_logits(numbers, 3))::kind ==
                 score_kind::multilabel_logits);
  STATIC_REQUIRE(decltype(calibra::multilabel_logits(data, 4, 3))::kind ==
                 score_kind::multilabel_logits);
  STATIC_REQUIRE(decltype(calibra::multilabel_probabilities(numbers, 3))::kind ==
                 score_kind::multilabel_probabilities);
  STATIC_REQUIRE(decltype(calibra::multilabel_probabilities(data, 4, 3))::kind ==
                 score_kind::multilabel_probabilities);
  STATIC_REQUIRE(decltype(calibra::binary_logits(data, 12))::kind == score_kind::binary_logits);
  STATIC_REQUIRE(decltype(calibra::binary_probabilities(data, 12))::kind ==
                 score_kind::binary_probabilities);
  const auto x = calibra::binary_logits(data, 12).view();
  CHECK(x.data() == data);
  CHECK(x.size() == 12);
  CHECK(calibra::binary_probabilities(numbers.data(), 5).view().size() == 5);
}

TEST_CASE("a flat buffer may have a stride, and a temporary one is kept", "[scores]") {
  const vector_view<const float> every_second(numbers.data(), 6, 2);
  const auto v = calibra::logits(every_second, 3).view();
  CHECK(v(1, 0) == numbers[6]);
  CHECK(v(1, 2) == numbers[10]);
  const vector_view<const float> backwards(&numbers.back(), 12, -1);
  CHECK(calibra::logits(backwards, 4).view()(0, 1) == numbers[10]);
  const auto kept = calibra::logits(std::vector<float>(numbers), 3);
  const auto copy = kept;
  check_rows(copy.view(), 3);
}

TEST_CASE("a flat buffer is measured as the matrix is", "[scores]") {
  const std::vector<int> y{2, 1, 0, 1};
  const matrix_view<const float> z(numbers.data(), 4, 3);
  const double expected = calibra::nll(calibra::logits(z), y);
  CHECK(calibra::nll(calibra::logits(numbers, 3), y) == expected);
  CHECK(calibra::nll(calibra::logits(numbers.data(), 4, 3), y) == expected);
}

TEST_CASE("a flat buffer that is no whole number of rows is a shape_error", "[scores]") {
  CHECK_THROWS_AS(calibra::logits(numbers, 5), shape_error);
  CHECK_THROWS_WITH(calibra::logits(numbers, 5),
                    "logits(): expected a multiple of 5 numbers, a row of 5 a sample, got 12");
  CHECK_THROWS_WITH(calibra::probabilities(numbers, 13),
                    Catch::StartsWith("probabilities(): expected a multiple of 13"));
  CHECK_THROWS_WITH(calibra::multilabel_logits(numbers, 7),
                    Catch::StartsWith("multilabel_logits(): expected a multiple of 7"));
  CHECK_THROWS_WITH(calibra::multilabel_probabilities(numbers, 7),
                    Catch::StartsWith("multilabel_probabilities(): expected a multiple of 7"));
  for (const std::size_t samples : {0U, 12U}) {
    CHECK_THROWS_AS(calibra::logits(numbers.data(), samples, 0), shape_error);
    CHECK_THROWS_WITH(calibra::multilabel_probabilities(numbers.data(), samples, 0),
                      "multilabel_probabilities(): expected at least 1 class, got 0");
  }
  CHECK_THROWS_WITH(calibra::logits(numbers, 0), "logits(): expected at least 1 class, got 0");
  const std::vector<float> none;
  CHECK(calibra::logits(none, 3).view().rows() == 0);
  CHECK(calibra::logits(none, 3).view().cols() == 3);
}

TEMPLATE_TEST_CASE("labels and hits may be whole numbers of a floating-point type", "[scores]",
                   float, double, long double, calibra::half, calibra::bfloat16) {
  const auto as = [](float x) { return static_cast<TestType>(x); };
  const std::vector<int> y{2, 1, 0, 1};
  std::vector<TestType> real{as(2), as(1), as(0), as(1)};
  const auto z = calibra::logits(numbers, 3);
  CHECK(calibra::nll(z, real) == calibra::nll(z, y));
  CHECK(calibra::accuracy(z, real, {.ignore_label = 1}) ==
        calibra::accuracy(z, y, {.ignore_label = 1}));

  const std::vector<float> c{0.9F, 0.6F, 0.7F, 0.2F};
  const std::vector<bool> hit{true, false, true, false};
  const std::vector<TestType> real_hit{as(1), as(0), as(1), as(0)};
  CHECK(calibra::ece(calibra::confidences(c, real_hit)) ==
        calibra::ece(calibra::confidences(c, hit)));
}

TEST_CASE("a mask leaves out what is 0, whatever its type", "[scores]") {
  const auto counted = [](const auto& mask) {
    const calibra::optional_column<unsigned char> column(mask);
    std::vector<unsigned char> out(mask.size());
    column.get().load(0, out.size(), out.data());
    return out;
  };
  const std::vector<unsigned char> expected{0, 1, 1, 1};
  CHECK(counted(std::vector<int>{0, 256, -1, 65536}) == expected);
  CHECK(counted(std::vector<std::uint64_t>{0, 1, 256, std::uint64_t{1} << 40}) == expected);
  CHECK(counted(std::vector<double>{0, 0.5, -0.25, 512}) == expected);
  const auto z = calibra::logits(numbers, 3);
  const std::vector<int> y{2, 1, 0, 1}, mask{256, 0, 512, 0}, same{1, 0, 1, 0};
  CHECK(calibra::nll(z, y, {.valid = mask}) == calibra::nll(z, y, {.valid = same}));
}

TEST_CASE("a label that is not whole is a value_error with the row", "[scores]") {
  const auto z = calibra::logits(numbers, 3);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {0.5, 1.0000001, -1e-300, nan, infinity, -infinity, 1e300, 0x1p63}) {
    const std::vector<double> y{0, 1, bad, 0};
    CHECK_THROWS_AS(calibra::accuracy(z, y), value_error);
    CHECK_THROWS_WITH(calibra::accuracy(z, y),
                      Catch::EndsWith(": the label at row 2 is not a whole number"));
    const std::vector<int> valid{1, 1, 0, 1};
    CHECK(calibra::accuracy(z, y, {.valid = valid}) > 0);
  }
  const std::vector<double> beyond{0, 1, 3, 0};
  CHECK_THROWS_WITH(calibra::accuracy(z, beyond), Catch::Contains("label 3 at row 2 is not in"));
  // Confidences and hits the wrong way round.
  const std::vector<float> c{0.9F, 0.6F}, hit{1, 0};
  CHECK_THROWS_WITH(calibra::ece(calibra::confidences(hit, c)),
                    Catch::EndsWith("the label at row 0 is not a whole number"));
}
