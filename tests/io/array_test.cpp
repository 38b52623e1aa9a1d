// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/array.hpp"

#include <cmath>
#include <functional>
#include <tuple>

#include "calibra/io/labels.hpp"
#include "calibra/io/npy.hpp"
#include "calibra/scores.hpp"
#include "io_files.hpp"

using namespace io_test;
using calibra::io::array;
using calibra::io::labels;

namespace {

array npy(const std::string& descr, const std::string& shape, const std::string& data,
          bool fortran_order = false) {
  auto image =
      std::make_shared<std::string>(npy_image(npy_dict(descr, shape, fortran_order), data));
  return calibra::io::detail::parse_npy("a.npy", std::as_bytes(std::span(*image)), image);
}

/// The name of the type that a visitor was given.
template<class T>
std::string type_name() {
  if constexpr (std::is_same_v<T, calibra::half>) return "half";
  if constexpr (std::is_same_v<T, calibra::bfloat16>) return "bfloat16";
  if constexpr (std::is_same_v<T, float>) return "float";
  if constexpr (std::is_same_v<T, double>) return "double";
  if constexpr (std::is_same_v<T, calibra::byte_swapped<calibra::half>>) return "swapped half";
  if constexpr (std::is_same_v<T, calibra::byte_swapped<float>>) return "swapped float";
  if constexpr (std::is_same_v<T, calibra::byte_swapped<double>>) return "swapped double";
  return "other";
}

const auto scores_type = [](auto view) { return type_name<typename decltype(view)::value_type>(); };

std::vector<std::int64_t> indices(const array& a) {
  const auto column = labels(a);
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < column.size(); ++i) out.push_back(column[i]);
  return out;
}
using ints = std::vector<std::int64_t>;

std::string message(const std::function<void()>& f) {
  return scratch().message(f);
}

}  // namespace

TEST_CASE("array: scores keep the type and the byte order of the file", "[io][array]") {
  const std::string zeros(64, '\0');
  CHECK(npy("<f2", "(2, 2)", zeros).visit_scores(scores_type) == "half");
  CHECK(npy("<V2", "(2, 2)", zeros).visit_scores(scores_type) == "bfloat16");
  CHECK(npy("<f4", "(2, 2)", zeros).visit_scores(scores_type) == "float");
  CHECK(npy("<f8", "(2, 2)", zeros).visit_scores(scores_type) == "double");
  CHECK(npy(">f2", "(2, 2)", zeros).visit_scores(scores_type) == "swapped half");
  CHECK(npy(">f4", "(2, 2)", zeros).visit_scores(scores_type) == "swapped float");
  CHECK(npy(">f8", "(2, 2)", zeros).visit_scores(scores_type) == "swapped double");
}

TEST_CASE("array: native scores are in the byte order of the machine", "[io][array]") {
  // 1, 2, ... as big-endian float and half, three columns
  const std::string f4("\x3f\x80\0\0\x40\0\0\0\x40\x40\0\0\x40\x80\0\0\x40\xa0\0\0\x40\xc0\0\0",
                       24);
  const std::string f2("\x3c\0\x40\0\x42\0\x44\0\x45\0\x46\0", 12);
  const auto at_1_0 = [](auto view) { return calibra::io::detail::as_double(view(1, 0)); };
  const auto at_3 = [](auto view) { return calibra::io::detail::as_double(view[3]); };
  for (const auto& [descr, data, type] :
       {std::tuple{">f4", f4, "float"}, std::tuple{">f2", f2, "half"}}) {
    CHECK(npy(descr, "(2, 3)", data).visit_native_scores(scores_type) == type);
    CHECK(npy(descr, "(2, 3)", data).visit_native_scores(at_1_0) == 4);
    CHECK(npy(descr, "(2, 3)", data, true).visit_native_scores(at_1_0) == 2);
    CHECK(npy(descr, "(6,)", data).visit_native_vector(at_3) == 4);
  }
  CHECK(npy("<f8", "(1, 1)", std::string(8, '\0')).visit_native_scores(scores_type) == "double");
  CHECK(message([&] { npy(">f4", "(3,)", f4).visit_native_scores(scores_type); }) ==
        message([&] { npy(">f4", "(3,)", f4).visit_scores(scores_type); }));
}

TEST_CASE("array: scores come with the strides of their order", "[io][array]") {
  const std::string data = bytes_of(std::vector<float>{0, 1, 2, 3, 4, 5});
  const auto at_1_2 = [](auto view) { return calibra::io::detail::as_double(view(1, 2)); };
  CHECK(npy("<f4", "(2, 3)", data).visit_scores(at_1_2) == 5);
  CHECK(npy("<f4", "(2, 3)", data, true).visit_scores(at_1_2) == 5);
  const auto at_0_1 = [](auto view) { return calibra::io::detail::as_double(view(0, 1)); };
  CHECK(npy("<f4", "(2, 3)", data).visit_scores(at_0_1) == 1);
  CHECK(npy("<f4", "(2, 3)", data, true).visit_scores(at_0_1) == 2);
}

TEST_CASE("array: scores are real and two-dimensional", "[io][array]") {
  const std::string zeros(64, '\0');
  CHECK(message([&] { npy("<f4", "(3,)", zeros).visit_scores(scores_type); }) ==
        "a.npy: expected 2 dimensions (samples x classes), got shape (3,)");
  CHECK(message([&] { npy("<f4", "(26666666666666, 0)", "").visit_scores(scores_type); }) ==
        "a.npy: expected at least 1 class, got shape (26666666666666, 0)");
  CHECK(message([&] { npy("<i4", "(2, 2)", zeros).visit_scores(scores_type); }) ==
        "a.npy: expected real scores, got int32");
  CHECK(message([&] { npy("|b1", "(2, 2)", zeros).visit_scores(scores_type); }) ==
        "a.npy: expected real scores, got bool");
}

TEST_CASE("array: a dimension of several holds the classes", "[io][array]") {
  std::vector<float> x(2 * 3 * 4 * 5);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  // place (n, c, h, w) of the array in either order, whatever the axis
  const auto check = [&](const array& a, bool fortran, std::ptrdiff_t axis, std::size_t dimension) {
    INFO("axis " << axis << ", fortran " << fortran);
    const std::size_t shape[] = {2, 3, 4, 5};
    CHECK(a.dimension(axis) == dimension);
    a.visit_scores(axis, [&](const auto& view) {
      REQUIRE(view.cols() == shape[dimension]);
      REQUIRE(view.rows() == x.size() / view.cols());
      std::size_t at[4] = {}, row = 0;
      for (at[0] = 0; at[0] < 2; ++at[0])
        for (at[1] = 0; at[1] < 3; ++at[1])
          for (at[2] = 0; at[2] < 4; ++at[2])
            for (at[3] = 0; at[3] < 5; ++at[3]) {
              row = 0;
              for (std::size_t d = 0; d < 4; ++d)
                if (d != dimension) row = row * shape[d] + at[d];
              const std::size_t place = fortran ? at[0] + 2 * (at[1] + 3 * (at[2] + 4 * at[3]))
                                                : ((at[0] * 3 + at[1]) * 4 + at[2]) * 5 + at[3];
              CHECK(calibra::io::detail::as_double(view(row, at[dimension])) == x[place]);
            }
    });
  };
  for (const bool fortran : {false, true})
    for (std::ptrdiff_t axis = -4; axis < 4; ++axis) {
      const auto dimension = static_cast<std::size_t>(axis < 0 ? axis + 4 : axis);
      check(npy("<f4", "(2, 3, 4, 5)", bytes_of(x), fortran), fortran, axis, dimension);
      const array swapped = npy(">f4", "(2, 3, 4, 5)", bytes_of(x, std::endian::big), fortran);
      check(swapped, fortran, axis, dimension);
      CHECK(swapped.visit_native_scores(axis, scores_type) == "float");
    }
}

TEST_CASE("array: samples in several dimensions are flattened in the order of the last",
          "[io][array]") {
  std::vector<std::int16_t> x(24);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::int16_t>(i);
  const array rows = npy("<i2", "(2, 3, 4)", bytes_of(x));
  CHECK(shape_of(rows.flattened()) == sizes{24});
  CHECK(rows.flattened().bytes().data() == rows.bytes().data());  // no copy
  CHECK(indices(rows.flattened()) == ints(x.begin(), x.end()));
  const array big = npy(">i2", "(2, 3, 4)", bytes_of(x, std::endian::big));
  CHECK(indices(big.flattened()) == ints(x.begin(), x.end()));
  const array columns = npy("<i2", "(2, 3, 4)", bytes_of(x), true);
  ints expected;
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 4; ++k)
        expected.push_back(static_cast<std::int64_t>(i + 2 * (j + 3 * k)));
  CHECK(indices(columns.flattened()) == expected);
  CHECK(indices(npy("<i2", "(24,)", bytes_of(x)).flattened()) == ints(x.begin(), x.end()));
  CHECK(shape_of(npy("<f4", "(2, 0, 3)", "").flattened()) == sizes{0});
}

TEST_CASE("array: more than two dimensions are no matrix, and an axis is one of them",
          "[io][array]") {
  const std::string zeros(96, '\0');
  const array cube = npy("<f4", "(2, 3, 4)", zeros);
  const std::string shape = "got shape (2, 3, 4)";
  CHECK(message([&] { cube.visit_scores(scores_type); }) ==
        "a.npy: expected 2 dimensions (samples x classes), " + shape +
            "; visit_scores(axis, f) is told which of them the classes are");
  CHECK(message([&] { cube.visit_vector([](auto) {}); }) ==
        "a.npy: values: expected shape (n,) or (n, 1), " + shape);
  CHECK(message([&] { cube.visit_elements([](auto) {}); }) ==
        "a.npy: expected 1 or 2 dimensions, " + shape);
  CHECK(message([&] { labels(npy("<i4", "(2, 3, 4)", zeros)); }) ==
        "a.npy: labels: expected shape (n,) or (n, 1), " + shape);
  CHECK(message([&] { labels(cube); }) == "a.npy: values: expected shape (n,) or (n, 1), " + shape);
  CHECK(message([&] { cube.visit_scores(3, scores_type); }) ==
        "a.npy: expected a class axis from -3 to 2 for shape (2, 3, 4), got 3");
  CHECK(message([&] { cube.visit_scores(-4, scores_type); }) ==
        "a.npy: expected a class axis from -3 to 2 for shape (2, 3, 4), got -4");
  CHECK(message([&] { npy("<f4", "(24,)", zeros).visit_scores(0, scores_type); }) ==
        "a.npy: class axis: expected at least 2 dimensions, got shape (24,)");
  CHECK(message([&] { npy("<i4", "(2, 3, 4)", zeros).visit_scores(1, scores_type); }) ==
        "a.npy: expected real scores, got int32");
  CHECK(message([&] { npy("<f4", "(2, 0, 4)", "").visit_scores(1, scores_type); }) ==
        "a.npy: expected at least 1 class, got shape (2, 0, 4)");
}

TEST_CASE("array: a vector is (n,) or (n, 1), of any type", "[io][array]") {
  const auto values = [](const array& a) {
    return a.visit_vector([](auto view) {
      doubles out;
      for (std::size_t i = 0; i < view.size(); ++i)
        out.push_back(calibra::io::detail::as_double(view[i]));
      return out;
    });
  };
  const std::string floats = bytes_of(std::vector<float>{0.5, 2});
  CHECK(values(npy("<f4", "(2,)", floats)) == doubles{0.5, 2});
  CHECK(values(npy("<f4", "(2, 1)", floats)) == doubles{0.5, 2});
  CHECK(values(npy("<f4", "(2, 1)", floats, true)) == doubles{0.5, 2});
  const std::string shorts = bytes_of(std::vector<std::int16_t>{-3, 700}, std::endian::big);
  CHECK(values(npy(">i2", "(2,)", shorts)) == doubles{-3, 700});
  CHECK(values(npy("|b1", "(3,)", {"\0\1\2", 3})) == doubles{0, 1, 1});
  CHECK(message([&] { values(npy("<f4", "(1, 2)", floats)); }) ==
        "a.npy: values: expected shape (n,) or (n, 1), got shape (1, 2)");
}

TEST_CASE("array: elements at an odd address are moved to an even one", "[io][array]") {
  for (std::size_t shift = 0; shift < 8; ++shift) {
    const auto bytes = std::make_shared<std::string>(std::string(shift, 'x') +
                                                     bytes_of(std::vector<double>{1, 2, 3, 4}));
    calibra::io::array_layout layout;
    layout.shape = {2, 2};
    layout.byte_order = std::endian::little;
    const array a("a", layout, std::as_bytes(std::span(*bytes)).subspan(shift), bytes);
    CHECK(elements(a) == doubles{1, 2, 3, 4});
    if (std::endian::native == std::endian::little)
      CHECK(reinterpret_cast<std::uintptr_t>(a.bytes().data()) % alignof(double) == 0);
  }
}

TEST_CASE("labels: integers of any width and byte order", "[io][labels]") {
  const auto both = [](auto zero) {
    using I = decltype(zero);
    const std::vector<I> values = {3, 0, 100};
    const std::string code = std::string(std::is_signed_v<I> ? "i" : "u") + char('0' + sizeof(I));
    CHECK(indices(npy("<" + code, "(3,)", bytes_of(values))) == ints{3, 0, 100});
    CHECK(indices(npy(">" + code, "(3, 1)", bytes_of(values, std::endian::big))) ==
          ints{3, 0, 100});
  };
  both(std::int8_t{});
  both(std::int16_t{});
  both(std::int32_t{});
  both(std::int64_t{});
  both(std::uint8_t{});
  both(std::uint16_t{});
  both(std::uint32_t{});
  both(std::uint64_t{});
  CHECK(indices(npy("<i2", "(2,)", bytes_of(std::vector<std::int16_t>{-1, 5}))) == ints{-1, 5});
  CHECK(indices(npy("|b1", "(3,)", {"\0\1\2", 3})) == ints{0, 1, 1});
}

TEST_CASE("labels: reals that are whole numbers", "[io][labels]") {
  const std::vector<float> values = {3, 0, -1, 16777216};
  const ints expected = {3, 0, -1, 16777216};
  CHECK(indices(npy("<f4", "(4,)", bytes_of(values))) == expected);
  CHECK(indices(npy(">f4", "(4, 1)", bytes_of(values, std::endian::big))) == expected);
  CHECK(indices(npy("<f8", "(1,)", bytes_of(std::vector<double>{9007199254740991.}))) ==
        ints{9007199254740991});
}

TEST_CASE("labels: native int64 is viewed in place and stays alive", "[io][labels]") {
  const auto column = [] {
    const array a =
        npy("=i8", "(2,)", bytes_of(std::vector<std::int64_t>{7, 8}, std::endian::native));
    const auto out = labels(a);
    CHECK(static_cast<const void*>(out.view().data()) == a.bytes().data());
    return out;
  }();
  CHECK(column[0] == 7);
  CHECK(column[1] == 8);
}

TEST_CASE("labels: one-hot rows become class indices", "[io][labels]") {
  const std::vector<std::uint8_t> rows = {0, 1, 0, 0, 0, 1, 1, 0, 0};
  const auto hot = [&](auto zero, const std::string& code) {
    using T = decltype(zero);
    std::vector<T> values;
    for (const auto x : rows) values.push_back(T(static_cast<float>(x)));
    CHECK(indices(npy("<" + code, "(3, 3)", bytes_of(values))) == ints{1, 2, 0});
    CHECK(indices(npy(">" + code, "(3, 3)", bytes_of(values, std::endian::big))) == ints{1, 2, 0});
  };
  hot(std::uint8_t{}, "b1");
  hot(std::int32_t{}, "i4");
  hot(float{}, "f4");
  hot(double{}, "f8");
  hot(calibra::half{}, "f2");
  // Columns first: the transposed matrix.
  CHECK(indices(npy("|u1", "(3, 3)", bytes_of(rows), true)) == ints{2, 0, 1});
}

TEST_CASE("labels: what cannot be labels is said with its row", "[io][labels]") {
  const auto bytes = [](std::vector<float> values) { return bytes_of(values); };
  CHECK(message([&] {
          labels(npy("<f4", "(2,)", bytes({0, 0.5F})));
        }) == "a.npy: row 1: label 0.5 is not a whole number; expected class indices from 0");
  CHECK(message([&] {
          labels(npy("<f4", "(2, 1)", bytes({std::stof("nan"), 1})));
        }) == "a.npy: row 0: label nan is not a whole number; expected class indices from 0");
  for (const double x : {9007199254740992., -9007199254740992., HUGE_VAL, -HUGE_VAL})
    CHECK(message([&] {
            labels(npy("<f8", "(1,)", bytes_of(std::vector<double>{x})));
          }).starts_with("a.npy: row 0: label "));
  for (const char* shape : {"(26666666666666, 0)", "(0, 0)"})
    CHECK(message([&] { labels(npy("<i8", shape, "")); }) ==
          std::string("a.npy: labels: expected at least 1 column, got shape ") + shape);
  CHECK(message([&] {
          labels(npy("<f4", "(2, 2)", bytes({0, 1, 1, 1})));
        }) == "a.npy: row 1: one-hot labels: expected one 1, got 2");
  CHECK(message([&] {
          labels(npy("<f4", "(2, 2)", bytes({0, 1, 0, 0})));
        }) == "a.npy: row 1: one-hot labels: expected one 1, got 0");
  CHECK(message([&] {
          labels(npy("<f4", "(2, 2)", bytes({0, 1, 0.25, 0.75})));
        }) == "a.npy: row 1, column 0: one-hot labels: expected 0 or 1, got 0.25");
  CHECK(message([&] {
          labels(npy("<f4", "(1, 2)", bytes({0, std::stof("nan")})));
        }) == "a.npy: row 0, column 1: one-hot labels: expected 0 or 1, got nan");
  CHECK(message([&] {
          labels(npy("<u8", "(2,)", bytes_of(std::vector<std::uint64_t>{1, ~0ull})));
        }) == "a.npy: row 1: label 18446744073709551615 does not fit in int64");
}

TEST_CASE("labels: a column is an array that calibra takes as labels", "[io][labels]") {
  STATIC_REQUIRE(calibra::label_vector<calibra::io::label_column>);
  const auto column = labels(npy("<i4", "(2,)", bytes_of(std::vector<std::int32_t>{1, 0})));
  const auto view = calibra::array_access<calibra::io::label_column>::view(column);
  CHECK(view.size() == 2);
  CHECK(view[0] == 1);
}
