// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "calibra/array/class_axis.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "calibra/calibra.hpp"

using calibra::class_axis;
using calibra::class_axis_view;
using calibra::unranked_view;

namespace {

/// Numbers in an array of several dimensions, and the samples x classes that they are, copied a
/// number at a time.
template<class T>
struct dump {
  std::vector<std::size_t> shape;
  std::vector<std::ptrdiff_t> strides;
  std::vector<T> elements;
  std::size_t axis = 0;
  calibra::matrix<T> copy;

  unranked_view<const T> view() const { return {elements.data(), shape, strides}; }
};

std::vector<std::ptrdiff_t> dense_strides(const std::vector<std::size_t>& shape, bool fortran) {
  std::vector<std::ptrdiff_t> strides(shape.size());
  std::ptrdiff_t next = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::size_t d = fortran ? i : shape.size() - 1 - i;
    strides[d] = next;
    next *= static_cast<std::ptrdiff_t>(shape[d]);
  }
  return strides;
}

/// Every place of the array, the last dimension running fastest, with its index in each dimension.
template<class F>
void for_each_place(const std::vector<std::size_t>& shape, const F& f) {
  std::vector<std::size_t> at(shape.size());
  std::size_t total = 1;
  for (const std::size_t n : shape) total *= n;
  for (std::size_t i = 0; i < total; ++i) {
    f(at);
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (++at[d] < shape[d]) break;
      at[d] = 0;
    }
  }
}

/// Rows of probabilities where `sum_to_one`, else logits.
template<class T>
dump<T> random_dump(std::mt19937& draw, const std::vector<std::size_t>& shape, std::size_t axis,
                    bool fortran, bool sum_to_one = false) {
  dump<T> d{shape, dense_strides(shape, fortran), {}, axis, {}};
  std::size_t total = 1;
  for (const std::size_t n : shape) total *= n;
  d.elements.resize(total);
  const std::size_t classes = shape[axis];
  d.copy = calibra::matrix<T>(total / classes, classes);
  std::normal_distribution<double> normal(0, 2);
  for (std::size_t i = 0; i < d.copy.rows(); ++i) {
    std::vector<double> row(classes);
    double sum = 0;
    for (double& x : row) {
      x = normal(draw);
      sum += std::exp(x);
    }
    for (std::size_t k = 0; k < classes; ++k)
      d.copy(i, k) =
          static_cast<T>(static_cast<float>(sum_to_one ? std::exp(row[k]) / sum : row[k]));
  }
  for_each_place(shape, [&](const std::vector<std::size_t>& at) {
    std::size_t row = 0;
    std::ptrdiff_t place = 0;
    for (std::size_t dim = 0; dim < shape.size(); ++dim) {
      if (dim != axis) row = row * shape[dim] + at[dim];
      place += static_cast<std::ptrdiff_t>(at[dim]) * d.strides[dim];
    }
    d.elements[static_cast<std::size_t>(place)] = d.copy(row, at[axis]);
  });
  return d;
}

std::uint64_t bits(double x) {
  return std::bit_cast<std::uint64_t>(x);
}

/// Every number of two evaluations, to the last bit.
void check_same(const calibra::evaluation& got, const calibra::evaluation& expected) {
  REQUIRE(got.samples == expected.samples);
  REQUIRE(got.skipped == expected.skipped);
  REQUIRE(got.metrics.size() == expected.metrics.size());
  for (std::size_t m = 0; m < got.metrics.size(); ++m) {
    INFO(got.metrics[m].name << ' ' << got.metrics[m].value << ' ' << expected.metrics[m].value);
    CHECK(bits(got.metrics[m].value) == bits(expected.metrics[m].value));
  }
  REQUIRE(got.table.size() == expected.table.size());
  for (std::size_t b = 0; b < got.table.size(); ++b) {
    CHECK(got.table[b].count == expected.table[b].count);
    CHECK(bits(got.table[b].confidence) == bits(expected.table[b].confidence));
  }
  REQUIRE(got.ece_per_class.size() == expected.ece_per_class.size());
  for (std::size_t k = 0; k < got.ece_per_class.size(); ++k)
    CHECK(bits(got.ece_per_class[k]) == bits(expected.ece_per_class[k]));
}

template<class T>
void compare_with_copies(std::mt19937& draw, std::vector<std::size_t> shape) {
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] < 2) continue;
    for (const bool fortran : {false, true}) {
      INFO("axis " << axis << " of " << shape.size() << ", fortran " << fortran << ", classes "
                   << shape[axis]);
      const bool sum_to_one = draw() % 2 == 0;
      const dump<T> d = random_dump<T>(draw, shape, axis, fortran, sum_to_one);
      const std::size_t n = d.copy.rows();
      std::vector<std::int64_t> labels(n);
      std::vector<double> weights(n);
      std::vector<unsigned char> valid(n);
      for (std::size_t i = 0; i < n; ++i) {
        labels[i] = draw() % 7 == 0 ? 255 : static_cast<std::int64_t>(draw() % shape[axis]);
        weights[i] = 0.25 * static_cast<double>(1 + draw() % 7);
        valid[i] = draw() % 11 != 0;
      }
      calibra::options o{.bins = 10, .ignore_label = 255};
      if (draw() % 2 == 0) o.weights = weights;
      if (draw() % 2 == 0) o.valid = valid;
      o.threads = {static_cast<unsigned>(1 + draw() % 3)};
      o.per_class = shape[axis] < 50;
      const calibra::metric_list list =
          o.weights
              ? calibra::metric_list({calibra::accuracy, calibra::nll, calibra::brier, calibra::ece,
                                      calibra::mce, calibra::classwise_ece, calibra::ks_error})
              : calibra::all_metrics();
      const auto dimension = static_cast<std::ptrdiff_t>(axis) -
                             (draw() % 2 == 0 ? 0 : static_cast<std::ptrdiff_t>(shape.size()));
      const auto view = class_axis(d.view(), dimension);
      REQUIRE(view.rows() == n);
      REQUIRE(view.cols() == shape[axis]);
      if (sum_to_one)
        check_same(calibra::evaluate(calibra::probabilities(view), labels, list, o),
                   calibra::evaluate(calibra::probabilities(d.copy), labels, list, o));
      else
        check_same(calibra::evaluate(calibra::logits(view), labels, list, o),
                   calibra::evaluate(calibra::logits(d.copy), labels, list, o));
    }
  }
}

}  // namespace

TEST_CASE("a class axis gives the samples in the order of their labels", "[class_axis]") {
  std::mt19937 draw(1);
  for (const bool fortran : {false, true}) {
    for (std::size_t axis = 0; axis < 4; ++axis) {
      const auto d = random_dump<double>(draw, {2, 3, 4, 5}, axis, fortran);
      const auto view = class_axis(d.view(), static_cast<std::ptrdiff_t>(axis));
      REQUIRE(view.rows() == d.copy.rows());
      for (std::size_t i = 0; i < view.rows(); ++i)
        for (std::size_t k = 0; k < view.cols(); ++k) CHECK(view(i, k) == d.copy(i, k));
    }
  }
  STATIC_REQUIRE(std::is_trivially_copyable_v<class_axis_view<float>>);
}

TEST_CASE("dimensions that one stride walks through are one", "[class_axis]") {
  const std::vector<float> z(2 * 3 * 4 * 5);
  const auto depth = [&](std::vector<std::size_t> shape, std::ptrdiff_t axis, bool fortran) {
    const auto strides = dense_strides(shape, fortran);
    return class_axis(unranked_view<const float>(z.data(), shape, strides), axis).extents().size();
  };
  CHECK(depth({2, 3, 4, 5}, 1, false) == 2);  // N and H x W
  CHECK(depth({2, 3, 4, 5}, -1, false) == 1);
  CHECK(depth({2, 3, 4, 5}, 0, false) == 1);
  CHECK(depth({1, 3, 4, 5}, 1, false) == 1);
  CHECK(depth({2, 3, 20}, 1, false) == 2);
  CHECK(depth({2, 3, 1, 20}, 1, false) == 2);
  CHECK(depth({2, 3, 4, 5}, 1, true) == 3);
}

TEST_CASE("metrics of a class axis are those of the transposed copy to the last bit",
          "[class_axis]") {
  std::mt19937 draw(20);
  const auto up_to = [&](std::size_t n) { return 1 + draw() % n; };
  for (int round = 0; round < 12; ++round) {
    std::vector<std::size_t> shape(2 + draw() % 4);
    for (std::size_t& extent : shape) extent = up_to(shape.size() > 3 ? 9 : 30);
    compare_with_copies<float>(draw, shape);
    compare_with_copies<double>(draw, shape);
    compare_with_copies<calibra::half>(draw, shape);
  }
  compare_with_copies<float>(draw, {3, 5, 23, 41});  // many tiles, some of two pictures
  compare_with_copies<double>(draw, {2, 7, 40, 30});
  compare_with_copies<calibra::half>(draw, {3, 5, 23, 41});
  compare_with_copies<calibra::bfloat16>(draw, {2, 6, 100});
  compare_with_copies<float>(draw, {3, 200, 6});  // beyond the classes that are side by side
  compare_with_copies<double>(draw, {2, 191, 7});
  compare_with_copies<float>(draw, {2, 192, 7});
}

TEST_CASE("what holds gaps, runs backwards or repeats is read by its strides", "[class_axis]") {
  std::mt19937 draw(3);
  std::vector<float> memory(5000);
  for (float& x : memory) x = static_cast<float>(draw() % 1000) / 100;
  const std::vector<std::size_t> shape{3, 4, 5, 6};
  const std::vector<std::vector<std::ptrdiff_t>> all{
      {400, 100, 20, 3}, {-360, 1, 40, 5}, {0, 30, 6, 1}, {300, 70, 10, -1}, {1, 4, 600, 20}};
  for (const auto& strides : all) {
    const unranked_view<const float> z(memory.data() + 2000, shape, strides);
    calibra::matrix<float> copy(3 * 5 * 6, 4);
    std::vector<int> labels(copy.rows());
    std::size_t row = 0;
    for (std::ptrdiff_t n = 0; n < 3; ++n)
      for (std::ptrdiff_t h = 0; h < 5; ++h)
        for (std::ptrdiff_t w = 0; w < 6; ++w, ++row) {
          for (std::ptrdiff_t k = 0; k < 4; ++k)
            copy(row, static_cast<std::size_t>(k)) =
                *(z.data() + n * strides[0] + k * strides[1] + h * strides[2] + w * strides[3]);
          labels[row] = static_cast<int>(draw() % 4);
        }
    check_same(calibra::evaluate(calibra::logits(class_axis(z, 1)), labels),
               calibra::evaluate(calibra::logits(copy), labels));
  }
}

TEST_CASE("fits and transforms take a class axis", "[class_axis]") {
  std::mt19937 draw(8);
  const auto d = random_dump<float>(draw, {4, 6, 37, 29}, 1, false);
  std::vector<int> labels(d.copy.rows());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::size_t best = 0;
    for (std::size_t k = 1; k < 6; ++k)
      if (d.copy(i, k) > d.copy(i, best)) best = k;
    labels[i] = static_cast<int>(draw() % 3 == 0 ? draw() % 6 : best);
  }
  const auto z = calibra::logits(class_axis(d.view(), 1));
  const auto fitted = calibra::fit<calibra::temperature_scaling>(z, labels);
  const auto expected = calibra::fit<calibra::temperature_scaling>(calibra::logits(d.copy), labels);
  CHECK(bits(fitted.temperature()) == bits(expected.temperature()));

  const auto p = fitted.transform(z);
  const auto q = expected.transform(calibra::logits(d.copy));
  REQUIRE(p.rows() == q.rows());
  for (std::size_t i = 0; i < p.rows(); ++i)
    for (std::size_t k = 0; k < p.cols(); ++k) REQUIRE(p(i, k) == q(i, k));
  check_same(calibra::evaluate(calibra::recalibrated(fitted, z), labels),
             calibra::evaluate(calibra::recalibrated(expected, calibra::logits(d.copy)), labels));
  check_same(calibra::evaluate(calibra::in_double(z), labels),
             calibra::evaluate(calibra::in_double(calibra::logits(d.copy)), labels));
}

TEST_CASE("a matrix has a class axis too, and messages name the sample", "[class_axis]") {
  std::vector<float> z{1, 5, 2, 0, 1, 3};  // 2 classes x 3 samples
  const std::vector<int> labels{1, 0, 1};
  const calibra::matrix_view<const float> by_class(z.data(), 2, 3);
  CHECK(calibra::accuracy(calibra::logits(class_axis(by_class, 0)), labels) == Approx(2.0 / 3));
  calibra::matrix<float> own(2, 3);
  CHECK(class_axis(own, 0).rows() == 3);

  const std::vector<std::size_t> shape{1, 2, 3};
  z[4] = std::numeric_limits<float>::quiet_NaN();
  const unranked_view<const float> nan(z.data(), shape, dense_strides(shape, false));
  CHECK_THROWS_WITH(calibra::ece(calibra::logits(class_axis(nan, 1)), labels),
                    "ece(): score nan at row 1, column 1; expected a finite number or -inf");
  CHECK_THROWS_WITH(calibra::ece(calibra::logits(class_axis(nan, 2)), labels),
                    "ece(): expected 2 labels to match 2 rows, got 3");
}

TEST_CASE("a class axis that is none is refused", "[class_axis]") {
  const std::vector<double> z(24);
  const auto axis_of = [&](std::vector<std::size_t> shape, std::ptrdiff_t axis) {
    return class_axis(unranked_view<const double>(z.data(), shape, dense_strides(shape, false)),
                      axis);
  };
  CHECK_THROWS_WITH(axis_of({2, 3, 4}, 3), "class_axis(): expected an axis from -3 to 2, got 3");
  CHECK_THROWS_WITH(axis_of({2, 3, 4}, -4), "class_axis(): expected an axis from -3 to 2, got -4");
  CHECK_THROWS_WITH(axis_of({24}, 0),
                    "class_axis(): expected an array of 2 to 8 dimensions, got one of 1");
  CHECK_THROWS_WITH(axis_of({2, 1, 1, 1, 1, 1, 1, 3, 4}, 0),
                    "class_axis(): expected an array of 2 to 8 dimensions, got one of 9");
  const std::vector<int> none;
  CHECK(std::isnan(calibra::ece(calibra::logits(axis_of({2, 3, 0}, 1)), none)));
  CHECK_THROWS_WITH(calibra::ece(calibra::logits(axis_of({2, 0, 4}, 1)), std::vector<int>(8)),
                    "ece(): expected at least 1 class, got scores of 8 x 0");
}
