// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/adapters/xtensor.hpp"

#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xfixed.hpp>
#include <xtensor/misc/xmanipulation.hpp>
#include <xtensor/views/xdynamic_view.hpp>
#include <xtensor/views/xstrided_view.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xdynamic_view.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xview.hpp>
#endif

#include "adapters_suite.hpp"

namespace {

using suite::check_labels;
using suite::check_scores;
using suite::cols;
using suite::rows;

using any_array = xt::xarray<float>;
using col_array = xt::xarray<double, xt::layout_type::column_major>;
using any_layout = xt::xarray<float, xt::layout_type::dynamic>;
using tensor = xt::xtensor<float, 2>;
using col_tensor = xt::xtensor<float, 2, xt::layout_type::column_major>;
using fixed = xt::xtensor_fixed<double, xt::xshape<rows, cols>>;

template<class Z>
Z scores() {
  Z z = xt::zeros<typename Z::value_type>(std::array<std::size_t, 2>{rows, cols});
  suite::fill_scores(z);
  return z;
}
template<class Y>
Y labels() {
  Y y = xt::zeros<typename Y::value_type>(std::array<std::size_t, 1>{rows});
  suite::fill_labels(y);
  return y;
}

}  // namespace

TEMPLATE_TEST_CASE("xtensor containers are viewed where they are", "[adapters][xtensor]", any_array,
                   col_array, any_layout, tensor, col_tensor, fixed) {
  const TestType z = scores<TestType>();
  check_scores(z, z.data());
  TestType mutable_z = z;
  check_scores(mutable_z, mutable_z.data());
  check_scores(TestType(z));
  suite::check_written(mutable_z, mutable_z);
}

TEMPLATE_TEST_CASE("xtensor views are viewed where they are", "[adapters][xtensor]", any_array,
                   tensor, col_tensor) {
  using xt::all;
  using xt::range;
  TestType large = xt::zeros<float>(std::array<std::size_t, 2>{rows * 2 + 3, cols * 2 + 1});
  const TestType& constant = large;

  SECTION("range") {
    auto part = xt::view(large, range(2, rows + 2), range(1, cols + 1));
    suite::fill_scores(part);
    check_scores(part, &large(2, 1));
    check_scores(xt::view(constant, range(2, rows + 2), range(1, cols + 1)), &large(2, 1));
    suite::check_written(part, part);
  }
  SECTION("steps") {
    auto part = xt::view(large, range(1, 2 * rows + 1, 2), range(0, 2 * cols, 2));
    suite::fill_scores(part);
    check_scores(part, &large(1, 0));
  }
  SECTION("backward") {
    auto part = xt::strided_view(large, {range(rows - 1, xt::placeholders::_, -1), range(0, cols)});
    REQUIRE(part.strides()[0] < 0);
    suite::fill_scores(part);
    check_scores(part, &large(rows - 1, 0));
    suite::check_written(part, part);
  }
  SECTION("transpose") {
    const TestType zt = xt::transpose(scores<TestType>());
    check_scores(xt::transpose(zt), zt.data());
    check_scores(xt::transpose(xt::transpose(scores<TestType>())));  // of a temporary
    auto part = xt::view(large, range(0, cols), range(0, rows));
    part = zt;
    check_scores(xt::transpose(part), large.data());
  }
  SECTION("of a temporary") {
    check_scores(xt::view(scores<TestType>(), all(), all()));
    check_scores(xt::strided_view(scores<TestType>(), {xt::ellipsis()}));
  }
  SECTION("of a cube") {
    xt::xarray<float> cube = xt::zeros<float>({std::size_t{3}, rows, cols});
    auto slice = xt::view(cube, 1, all(), all());
    suite::fill_scores(slice);
    check_scores(slice, &cube(1, 0, 0));
  }
  SECTION("without one stride a dimension") {
    auto picked = xt::view(large, range(0, rows), xt::keep(0, 1, 4, 5, 7));
    suite::fill_scores(picked);
    check_scores(picked);
    auto dropped = xt::dynamic_view(large, {range(0, rows), xt::keep(0, 1, 4, 5, 7)});
    check_scores(dropped);
  }
}

TEST_CASE("xtensor adaptors are viewed where they are", "[adapters][xtensor]") {
  const tensor z = scores<tensor>();
  std::vector<float> memory(z.begin(), z.end());
  const std::vector<float>& constant = memory;
  const std::vector<std::size_t> shape{rows, cols};
  const std::array<std::size_t, 2> ranked{rows, cols};

  check_scores(xt::adapt(memory, shape), memory.data());
  check_scores(xt::adapt(memory, ranked), memory.data());
  check_scores(xt::adapt(constant, ranked), memory.data());
  check_scores(xt::adapt(memory.data(), memory.size(), xt::no_ownership(), ranked), memory.data());
  check_scores(xt::adapt(constant.data(), constant.size(), xt::no_ownership(), shape),
               memory.data());
  check_scores(xt::adapt(std::vector<float>(memory), shape));  // owns the temporary
  auto written = xt::adapt(memory, ranked);
  suite::check_written(written, written);

  const std::vector<int> y = [] {
    const auto made = labels<xt::xtensor<int, 1>>();
    return std::vector<int>(made.begin(), made.end());
  }();
  check_labels(xt::adapt(y, std::array<std::size_t, 1>{rows}), y.data());
  check_labels(xt::adapt(y, std::vector<std::size_t>{rows}), y.data());
}

TEMPLATE_TEST_CASE("xtensor expressions are evaluated once and kept", "[adapters][xtensor]",
                   any_array, tensor, col_tensor) {
  const TestType z = scores<TestType>();
  const TestType a = z + 3.0f;
  const TestType b = xt::zeros<float>(std::array<std::size_t, 2>{rows, cols}) - 3.0f;
  check_scores(a + b);
  auto s = calibra::logits(a + b);
  suite::check_elements(s.view(), suite::score);
  const auto lazy = a + b;
  check_scores(lazy);
  check_scores((z - 1.0f) + TestType(b + 4.0f));  // a part of the expression is a temporary
  check_scores(xt::transpose(xt::transpose(a)) + b);
  const TestType row = xt::zeros<float>(std::array<std::size_t, 2>{1, cols});
  check_scores(z + row);  // broadcast
  check_scores(xt::cast<double>(z));
  const auto hits = calibra::detail::hold(xt::equal(labels<xt::xtensor<int, 1>>(), 1));
  CHECK(hits.view()[0] == true);
}

TEMPLATE_TEST_CASE("one-dimensional xtensor arrays are labels", "[adapters][xtensor]",
                   xt::xarray<int>, xt::xarray<unsigned char>, (xt::xtensor<long, 1>),
                   (xt::xtensor_fixed<short, xt::xshape<rows>>)) {
  TestType y = labels<TestType>();
  check_labels(y, y.data());
  check_labels(std::as_const(y), y.data());
  check_labels(TestType(y));
  check_labels(y + 0);
  check_labels(xt::view(y, xt::all()), y.data());
  xt::xarray<int> table = xt::zeros<int>({rows, cols});
  auto column = xt::view(table, xt::all(), 2);
  suite::fill_labels(column);
  check_labels(column, &table(0, 2));
}

TEST_CASE("a dimension of length 1 has stride 0 in xtensor", "[adapters][xtensor]") {
  const any_array one_row = xt::view(scores<any_array>(), xt::range(2, 3), xt::all());
  REQUIRE(one_row.strides()[0] == 0);
  const auto row = calibra::logits(one_row).view();
  REQUIRE(row.rows() == 1);
  REQUIRE(row.cols() == cols);
  for (std::size_t j = 0; j < cols; ++j) CHECK(row(0, j) == suite::score(2, j));

  const tensor one_col = xt::view(scores<tensor>(), xt::all(), xt::range(2, 3));
  REQUIRE(one_col.strides()[1] == 0);
  const auto col = calibra::logits(one_col).view();
  REQUIRE(col.cols() == 1);
  REQUIRE(col.rows() == rows);
  for (std::size_t i = 0; i < rows; ++i) CHECK(col(i, 0) == suite::score(i, 2));

  const xt::xarray<int> one_label{3};
  CHECK(calibra::detail::hold(one_label).view()[0] == 3);
}

TEST_CASE("the number of dimensions is checked when it is known", "[adapters][xtensor]") {
  STATIC_REQUIRE(calibra::score_matrix<tensor>);
  STATIC_REQUIRE(!calibra::score_vector<tensor>);
  STATIC_REQUIRE(!calibra::score_matrix<xt::xtensor<float, 3>>);
  STATIC_REQUIRE(!calibra::score_matrix<xt::xtensor<float, 1>>);
  STATIC_REQUIRE(calibra::readable_array<xt::xtensor<float, 3>>);
  STATIC_REQUIRE(!calibra::score_matrix<xt::xtensor<int, 2>>);
  STATIC_REQUIRE(calibra::label_vector<xt::xtensor<float, 1>>);
  STATIC_REQUIRE(calibra::score_matrix<any_array>);
  STATIC_REQUIRE(calibra::score_vector<any_array>);
  STATIC_REQUIRE(!calibra::score_matrix<xt::xarray<int>>);
  STATIC_REQUIRE(calibra::label_vector<any_array>);

  const any_array line = xt::zeros<float>({rows});
  const any_array cube = xt::zeros<float>({rows, cols, std::size_t{2}});
  CHECK(calibra::binary_probabilities(line).view().size() == rows);
  CHECK(calibra::confidences(line, labels<xt::xarray<int>>()).confidence().size() == rows);
  CHECK(calibra::optional_column<double>(line).size() == rows);
  CHECK_THROWS_WITH(calibra::logits(line),
                    "calibra: expected an array of 2 dimensions, got one of 1");
  CHECK_THROWS_WITH(calibra::logits(cube),
                    "calibra: expected an array of 2 dimensions, got one of 3");
  CHECK_THROWS_WITH(calibra::logits(cube + cube),
                    "calibra: expected an array of 2 dimensions, got one of 3");
  CHECK_THROWS_WITH(calibra::binary_logits(cube),
                    "calibra: expected an array of 1 dimension, got one of 3");
  CHECK_THROWS_AS(calibra::binary_logits(scores<any_array>()), calibra::shape_error);
  const xt::xarray<int> table = xt::zeros<int>({rows, cols});
  CHECK_THROWS_AS(calibra::detail::hold(table), calibra::shape_error);
  CHECK(calibra::detail::hold<calibra::detail::as_matrix>(table).view().cols() == cols);
}

TEST_CASE("xtensor arrays of more dimensions have a class axis", "[adapters][xtensor]") {
  xt::xtensor<float, 4> z = xt::zeros<float>({2, 3, 4, 5});
  for (std::size_t i = 0; i < z.size(); ++i) z.flat(i) = static_cast<float>(i * 37 % 11);
  const xt::xarray<double, xt::layout_type::column_major> of_columns = z;
  const auto in_place = calibra::class_axis(z, 1);
  const auto by_columns = calibra::class_axis(of_columns, -3);
  REQUIRE(in_place.rows() == 40);
  CHECK(in_place.data() == z.data());
  std::size_t row = 0;
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t h = 0; h < 4; ++h)
      for (std::size_t w = 0; w < 5; ++w, ++row)
        for (std::size_t k = 0; k < 3; ++k) {
          CHECK(in_place(row, k) == z(n, k, h, w));
          CHECK(by_columns(row, k) == static_cast<double>(z(n, k, h, w)));
        }
}

TEST_CASE("xtensor arrays without an element", "[adapters][xtensor]") {
  const any_array none = xt::zeros<float>({std::size_t{0}, cols});
  CHECK(calibra::logits(none).view().rows() == 0);
  CHECK(calibra::logits(none).view().cols() == cols);
  const tensor no_class = xt::zeros<float>(std::array<std::size_t, 2>{rows, 0});
  CHECK(calibra::logits(no_class).view().rows() == rows);
  CHECK(calibra::logits(no_class).view().cols() == 0);
}
