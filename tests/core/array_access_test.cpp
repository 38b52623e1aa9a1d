// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/array/access.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <complex>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "adapters_suite.hpp"
#include "calibra/recalibration/temperature.hpp"

namespace {

using calibra::matrix_view;
using calibra::vector_view;
using suite::check_labels;
using suite::check_scores;
using suite::cols;
using suite::rows;

template<class T>
std::vector<std::array<T, cols>> score_rows() {
  std::vector<std::array<T, cols>> z(rows);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) z[i][j] = static_cast<T>(suite::score(i, j));
  return z;
}
template<class T>
std::vector<T> labels() {
  std::vector<T> y(rows);
  for (std::size_t i = 0; i < rows; ++i) y[i] = static_cast<T>(suite::label(i));
  return y;
}

}  // namespace

TEMPLATE_TEST_CASE("tables of the standard library", "[array_access]", float, double, long double,
                   calibra::half, calibra::bfloat16) {
  const auto z = score_rows<TestType>();
  check_scores(z, z.front().data());
  check_scores(score_rows<TestType>());

  std::array<std::array<TestType, cols>, rows> fixed;
  std::copy(z.begin(), z.end(), fixed.begin());
  check_scores(fixed, fixed[0].data());
  check_scores(std::as_const(fixed), fixed[0].data());

  std::vector<std::vector<TestType>> nested;
  for (const auto& row : z) nested.emplace_back(row.begin(), row.end());
  check_scores(nested);
  check_scores(std::vector<std::vector<TestType>>(nested));
}

TEST_CASE("views are arrays, in any stride", "[array_access]") {
  const auto z = score_rows<float>();
  const float* const first = z.front().data();
  check_scores(matrix_view<const float>(first, rows, cols), first);
  const matrix_view<const float> named(first, rows, cols, cols, 1);
  check_scores(named, first);

  std::vector<float> memory(rows * cols * 3, -1.0f);
  const matrix_view<float> strided(memory.data() + memory.size() - 1, rows, cols, -3,
                                   -3 * static_cast<std::ptrdiff_t>(rows));
  suite::fill_scores(strided);
  check_scores(strided, strided.data());
}

TEMPLATE_TEST_CASE("columns of the standard library", "[array_access]", int, long, unsigned char,
                   std::int8_t, std::uint64_t) {
  std::vector<TestType> y = labels<TestType>();
  check_labels(y, y.data());
  check_labels(std::as_const(y), y.data());
  check_labels(labels<TestType>());
  check_labels(std::span<const TestType>(y), y.data());
  check_labels(std::span<TestType, rows>(y), y.data());
  check_labels(vector_view<const TestType>(y.data(), y.size()), y.data());

  std::array<TestType, rows> fixed;
  std::copy(y.begin(), y.end(), fixed.begin());
  check_labels(fixed, fixed.data());
  check_labels(std::array<TestType, rows>(fixed));
  TestType plain[rows];
  std::copy(y.begin(), y.end(), plain);
  check_labels(plain, plain);

  std::vector<calibra::byte_swapped<TestType>> swapped(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    std::memcpy(swapped[i].bytes.data(), &y[i], sizeof(TestType));
    std::reverse(swapped[i].bytes.begin(), swapped[i].bytes.end());
  }
  STATIC_REQUIRE(calibra::label_vector<decltype(swapped)>);
  const calibra::detail::column<long> column(calibra::detail::hold(swapped).view());
  for (std::size_t i = 0; i < rows; ++i) CHECK(column[i] == suite::label(i));
}

TEST_CASE("packed bits are copied to bytes", "[array_access]") {
  const std::vector<bool> bits{true, false, true, true};
  STATIC_REQUIRE(calibra::label_vector<std::vector<bool>>);
  const auto held = calibra::detail::hold(bits);
  const auto copy = held;
  for (std::size_t i = 0; i < bits.size(); ++i) CHECK(copy.view()[i] == bits[i]);
}

TEST_CASE("rows of different lengths are refused with the place", "[array_access]") {
  const std::vector<std::vector<float>> ragged{{1, 2}, {3, 4}, {5}};
  CHECK_THROWS_AS(calibra::logits(ragged), calibra::shape_error);
  CHECK_THROWS_WITH(calibra::logits(ragged),
                    "calibra: row 2 of a nested vector: expected 2 elements as in row 0, got 1");
  CHECK(calibra::logits(std::vector<std::vector<float>>{}).view().empty());
  CHECK(calibra::logits(std::vector<std::array<float, 3>>{}).view().cols() == 3);
}

TEST_CASE("borrowed and kept arrays", "[array_access]") {
  using calibra::detail::hold;
  std::vector<float> x{0.25f, 0.5f};
  const auto borrowed = hold(x);
  x[0] = 0.75f;
  CHECK(borrowed.view()[0] == 0.75f);

  // A temporary is kept, whatever becomes of the first holder.
  auto first = std::make_unique<decltype(hold(std::vector<float>(x)))>(hold(std::vector<float>(x)));
  const auto second = *first;
  x[0] = 0.0f;
  first.reset();
  CHECK(second.view()[0] == 0.75f);

  const std::vector<float> constant{1.0f};
  CHECK(hold(std::move(constant)).view()[0] == 1.0f);  // a constant temporary is copied
}

TEST_CASE("the wrappers say what the numbers are", "[array_access]") {
  using calibra::score_kind;
  const auto z = score_rows<float>();
  const std::vector<double> p{0.5, 0.25};
  const std::vector<bool> hit{true, false};
  STATIC_REQUIRE(decltype(calibra::logits(z))::kind == score_kind::logits);
  STATIC_REQUIRE(decltype(calibra::probabilities(z))::kind == score_kind::probabilities);
  STATIC_REQUIRE(decltype(calibra::binary_logits(p))::kind == score_kind::binary_logits);
  STATIC_REQUIRE(decltype(calibra::binary_probabilities(p))::kind ==
                 score_kind::binary_probabilities);
  STATIC_REQUIRE(decltype(calibra::multilabel_logits(z))::kind == score_kind::multilabel_logits);
  STATIC_REQUIRE(decltype(calibra::multilabel_probabilities(z))::kind ==
                 score_kind::multilabel_probabilities);
  STATIC_REQUIRE(calibra::wrapped_scores<decltype(calibra::logits(z))>);
  STATIC_REQUIRE(!calibra::wrapped_scores<decltype(z)>);
  const auto pairs = calibra::confidences(p, hit);
  CHECK(pairs.confidence().data() == p.data());
  CHECK(pairs.hit()[0] == 1);
  CHECK(pairs.hit()[1] == 0);
}

TEST_CASE("rows of fixed length are written where they lie", "[array_access]") {
  const std::vector<std::vector<double>> z{{0, 1, 2}, {3, 5, 4}};
  std::vector<std::array<double, 3>> rows(2);
  std::array<std::array<double, 3>, 2> fixed{};
  const calibra::temperature_scaling half(0.5);
  half.transform_logits(calibra::logits(z), rows);
  half.transform_logits(calibra::logits(z), fixed);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(rows[i][j] == 2 * z[i][j]);
      CHECK(fixed[i][j] == 2 * z[i][j]);
    }
}

TEST_CASE("what is an array, known to the compiler", "[array_access]") {
  STATIC_REQUIRE(calibra::score_matrix<std::vector<std::vector<double>>>);
  STATIC_REQUIRE(calibra::score_matrix<const std::vector<std::array<float, 3>>&>);
  STATIC_REQUIRE(calibra::score_vector<std::vector<float>>);
  STATIC_REQUIRE(calibra::label_vector<std::span<const int>>);
  STATIC_REQUIRE(!calibra::readable_array<std::string>);
  STATIC_REQUIRE(!calibra::readable_array<int>);
  STATIC_REQUIRE(!calibra::score_matrix<std::vector<float>>);
  STATIC_REQUIRE(!calibra::score_vector<std::vector<int>>);
  STATIC_REQUIRE(!calibra::score_vector<std::vector<std::complex<float>>>);
  STATIC_REQUIRE(calibra::label_vector<std::vector<float>>);
  STATIC_REQUIRE(!calibra::label_vector<std::vector<std::vector<int>>>);
}

TEST_CASE("a column forgets its type and keeps its numbers", "[array_access]") {
  using calibra::detail::column;
  const std::vector<std::uint64_t> huge{1, std::numeric_limits<std::uint64_t>::max()};
  const column<std::int64_t> as_label(vector_view<const std::uint64_t>(huge.data(), huge.size()));
  CHECK(as_label[0] == 1);
  CHECK(as_label[1] == std::numeric_limits<std::int64_t>::max());  // still out of range, not -1

  const std::vector<float> w{0.5f, 1.5f, 2.5f, 3.5f};
  const column<double> backward(vector_view<const float>(w.data() + 3, 2, -2));
  double out[2] = {};
  backward.load(0, 2, out);
  CHECK(out[0] == 3.5);
  CHECK(out[1] == 1.5);
  backward.load(1, 1, out);
  CHECK(out[0] == 1.5);
  CHECK(!column<double>());
  CHECK(static_cast<bool>(backward));
}

TEST_CASE("an optional column borrows, keeps, or is not there", "[array_access]") {
  using calibra::optional_column;
  CHECK(!optional_column<double>());
  CHECK(optional_column<double>().size() == 0);
  const std::vector<float> w{0.5f, 1.5f};
  const optional_column<double> borrowed = w;
  REQUIRE(borrowed);
  CHECK(borrowed.get()[1] == 1.5);
  optional_column<double> kept = std::vector<int>{3, 4};
  const optional_column<double> copy = kept;
  kept = optional_column<double>();
  CHECK(copy.size() == 2);
  CHECK(copy.get()[1] == 4.0);
  CHECK(optional_column<double>(std::vector<bool>{false, true}).get()[1] == 1.0);
}
