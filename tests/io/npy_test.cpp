// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/npy.hpp"

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "calibra/io/labels.hpp"
#include "io_files.hpp"

using namespace io_test;
using calibra::bfloat16;
using calibra::half;
using calibra::io::dtype;
using calibra::io::load_npy;

namespace {

template<class T>
struct element;  // numpy's code, calibra's dtype, and a value of the type made of a small number
#define CALIBRA_TEST_ELEMENT(T, text, name)            \
  template<>                                           \
  struct element<T> {                                  \
    static constexpr const char* code = text;          \
    static constexpr dtype type = dtype::name;         \
    static T make(int x) { return static_cast<T>(x); } \
  };
CALIBRA_TEST_ELEMENT(float, "f4", f4)
CALIBRA_TEST_ELEMENT(double, "f8", f8)
CALIBRA_TEST_ELEMENT(std::int8_t, "i1", i1)
CALIBRA_TEST_ELEMENT(std::int16_t, "i2", i2)
CALIBRA_TEST_ELEMENT(std::int32_t, "i4", i4)
CALIBRA_TEST_ELEMENT(std::int64_t, "i8", i8)
CALIBRA_TEST_ELEMENT(std::uint8_t, "u1", u1)
CALIBRA_TEST_ELEMENT(std::uint16_t, "u2", u2)
CALIBRA_TEST_ELEMENT(std::uint32_t, "u4", u4)
CALIBRA_TEST_ELEMENT(std::uint64_t, "u8", u8)
#undef CALIBRA_TEST_ELEMENT
template<>
struct element<half> {
  static constexpr const char* code = "f2";
  static constexpr dtype type = dtype::f2;
  static half make(int x) { return half(static_cast<float>(x)); }
};

}  // namespace

TEMPLATE_TEST_CASE("npy: every type, version, order and byte order", "[io][npy]", float, double,
                   half, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                   std::uint16_t, std::uint32_t, std::uint64_t) {
  const scratch files;
  std::mt19937 random(7);
  for (int round = 0; round < 40; ++round) {
    const std::size_t rows = random() % 6;
    const std::size_t cols = random() % 5;
    const bool fortran = random() % 2 == 0;
    const bool big = random() % 2 == 0;
    const int version = 1 + static_cast<int>(random() % 3);
    const bool vector = random() % 4 == 0;
    const std::size_t padding = random() % 9;  // elements at odd addresses too
    const std::endian order = big ? std::endian::big : std::endian::little;

    doubles expected;
    for (std::size_t i = 0; i < rows * (vector ? 1 : cols); ++i)
      expected.push_back(static_cast<double>(random() % 120));
    std::string data;
    const std::size_t width = vector ? 1 : cols;
    for (std::size_t k = 0; k < expected.size(); ++k) {
      const std::size_t at = fortran ? k % rows * width + k / rows : k;
      data += bytes_of(element<TestType>::make(static_cast<int>(expected[at])), order);
    }
    const std::string shape = vector ? calibra::detail::concat("(", rows, ",)")
                                     : calibra::detail::concat("(", rows, ", ", cols, ")");
    const std::string header =
        npy_dict(calibra::detail::concat(big ? ">" : "<", element<TestType>::code), shape,
                 fortran) +
        std::string(padding, ' ');
    const auto a = load_npy(files.write("a.npy", npy_image(header, data, version)));

    INFO(header);
    CHECK(a.dtype() == element<TestType>::type);
    CHECK(shape_of(a) == (vector ? sizes{rows} : sizes{rows, cols}));
    CHECK(elements(a) == expected);
    CHECK(a.bytes().size() == data.size());
  }
}

TEST_CASE("npy: bfloat16 is '<V2' and booleans are '|b1'", "[io][npy]") {
  const scratch files;
  const std::vector<std::uint16_t> bits = {0x3f80, 0xc000, 0x3e80};  // 1, -2, 0.25
  const auto a = load_npy(files.write("a.npy", npy_image(npy_dict("<V2", "(3,)"), bytes_of(bits))));
  CHECK(a.dtype() == dtype::bf16);
  CHECK(elements(a) == doubles{1, -2, 0.25});

  const auto b = load_npy(files.write("b.npy", npy_image(npy_dict("|b1", "(2,)"), {"\1\0", 2})));
  CHECK(b.dtype() == dtype::b1);
  CHECK(elements(b) == doubles{1, 0});
}

TEST_CASE("npy: header keys in any order, spacing and quotes", "[io][npy]") {
  const scratch files;
  for (const std::string header : {
           "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}",
           "  { 'fortran_order' :False , 'descr':'<f4' ,'shape' : ( 2 , 3 , ) , }   \n",
           "{'shape': (2L, 3L), 'descr': '=f4', 'fortran_order': False}",
       }) {
    INFO(header);
    CHECK(elements(load_npy(files.write("a.npy", npy_image(header, small_data())))) ==
          doubles{0, 1, 2, 3, 4, 5});
  }
}

TEST_CASE("npy: bytes after the data are ignored", "[io][npy]") {
  const scratch files;
  const auto a = load_npy(files.write("a.npy", small_npy() + "more"));
  CHECK(elements(a) == doubles{0, 1, 2, 3, 4, 5});
}

TEST_CASE("npy: what cannot be an array is said in one line", "[io][npy]") {
  const scratch files;
  const auto message = [&](const std::string& bytes) {
    return files.message([&] { load_npy(files.write("a.npy", bytes)); });
  };
  const auto dict = [&](const std::string& descr, const std::string& shape) {
    return message(npy_image(npy_dict(descr, shape), small_data()));
  };
  const std::string known =
      "; expected float16, float32, float64, bfloat16, int8 to int64, uint8 to uint64 or bool";

  CHECK(files.message([&] { load_npy(files.path("none.npy")); }) ==
        "none.npy: cannot open: No such file or directory");
  CHECK(files.message([&] { load_npy(files.path("")); }).find("got a directory") !=
        std::string::npos);
  CHECK(message("") == "a.npy: the file is empty");
  CHECK(message("PK\3\4 something else") ==
        "a.npy: not a .npy file: expected it to begin with '\\x93NUMPY'");
  CHECK(message("\x93NUMPY\1") == "a.npy: truncated header: expected at least 10 bytes, got 7");
  CHECK(message(npy_image("{}", "", 4)) == "a.npy: expected .npy version 1.0, 2.0 or 3.0, got 4.0");
  CHECK(message(small_npy().substr(0, 30)) ==
        "a.npy: truncated header: expected 60 bytes after byte 10, got 20");
  CHECK(message(small_npy().substr(0, 10 + 59)) ==
        "a.npy: truncated header: expected 60 bytes after byte 10, got 59");
  CHECK(message(small_npy().substr(0, 10 + 60 + 23)) ==
        "a.npy: truncated data: expected 24 bytes for shape (2, 3) of float32, got 23");

  CHECK(dict("<f4", "(1, 1, 1, 1, 1, 1, 1, 2, 3)") ==
        "a.npy: expected 1 to 8 dimensions, got shape (1, 1, 1, 1, 1, 1, 1, 2, 3)");
  CHECK(dict("<f4", "()") == "a.npy: expected 1 to 8 dimensions, got shape ()");
  CHECK(dict("<f4", "(-1, 3)") ==
        "a.npy: header, character 51: expected extents of 0 or more in the shape, got '-1, 3), "
        "}?'");
  CHECK(dict("<f4", "(4294967296, 4294967296)") ==
        "a.npy: shape (4294967296, 4294967296) of float32 is larger than the address space");
  CHECK(dict("<f8", "(0, 9223372036854775807)") ==
        "a.npy: shape (0, 9223372036854775807) of float64 is larger than the address space");
  CHECK(dict("<f4", "(99999999999999999999,)") ==
        "a.npy: header, character 51: the shape is larger than the address space: "
        "'99999999999999999999'");

  CHECK(dict("|O", "(1,)") == "a.npy: dtype '|O' (Python objects) is not supported" + known);
  CHECK(dict("<U7", "(1,)") == "a.npy: dtype '<U7' (text) is not supported" + known);
  CHECK(dict("<c8", "(1,)") == "a.npy: dtype '<c8' (complex) is not supported" + known);
  CHECK(dict("|V2", "(1,)") == "a.npy: dtype '|V2' (raw bytes) is not supported" + known);
  CHECK(dict(">V2", "(1,)") == "a.npy: dtype '>V2' (raw bytes) is not supported" + known);
  CHECK(dict("<V4", "(1,)") == "a.npy: dtype '<V4' (raw bytes) is not supported" + known);
  CHECK(dict("<f16", "(1,)") == "a.npy: dtype '<f16' is not supported" + known);
  CHECK(dict("", "(1,)") == "a.npy: dtype '' is not supported" + known);
  CHECK(message(npy_image("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
                          "")) == "a.npy: dtype '[('a', '<f4')]' is a structure" + known);

  CHECK(message(npy_image("{'descr': '<f4', 'shape': (6,)}", small_data())) ==
        "a.npy: header, character 31: expected the key 'fortran_order', got none");
  CHECK(message(npy_image("{'descr': '<f4', 'descr': '<f4'}", "")) ==
        "a.npy: header, character 25: the key 'descr' occurs twice");
  CHECK(message(npy_image("{'title': 'x'}", "")) ==
        "a.npy: header, character 9: expected the keys 'descr', 'fortran_order' and 'shape', got "
        "'title'");
  CHECK(message(npy_image("['descr']", "")) ==
        "a.npy: header, character 0: expected '{', got '['descr']'");
}

TEST_CASE("npy: the file is mapped, not copied, and outlives its name", "[io][npy]") {
  const scratch files;
  std::string header = npy_dict("<f8", "(2,)");
  header.insert(header.size() - 1, 128 - 10 - header.size(), ' ');
  const std::string path =
      files.write("a.npy", npy_image(header, bytes_of(std::vector<double>{1, 2})));
  const auto a = load_npy(path);
  const auto copy = a;
  CHECK(copy.bytes().data() == a.bytes().data());
  // Mappings begin at a page, so the elements lie at the file's own offset within theirs.
  CHECK(reinterpret_cast<std::uintptr_t>(a.bytes().data()) % 4096 == 128);
  std::filesystem::remove(path);
  CHECK(elements(copy) == doubles{1, 2});
  CHECK(copy.name() == path);
}

TEMPLATE_TEST_CASE("npy: what is saved loads back, from any strides", "[io][npy]", float, double,
                   std::int64_t) {
  const scratch files;
  std::mt19937 random(11);
  const std::string path = files.path("a.npy");
  for (int round = 0; round < 20; ++round) {
    const std::size_t rows = random() % 300;
    const std::size_t cols = random() % 300;
    std::vector<TestType> values(rows * cols);
    for (TestType& x : values) x = static_cast<TestType>(random() % 1000);
    const calibra::matrix_view<const TestType> dense(values.data(), rows, cols);
    const calibra::matrix_view<TestType> transposed(values.data(), cols, rows, 1,
                                                    static_cast<std::ptrdiff_t>(cols));
    calibra::io::save_npy(path, dense);
    const auto a = load_npy(path);
    CHECK(a.dtype() == element<TestType>::type);
    CHECK(shape_of(a) == sizes{rows, cols});
    CHECK(elements(a) == doubles(values.begin(), values.end()));

    calibra::io::save_npy(path, transposed);
    doubles expected;
    for (std::size_t j = 0; j < cols; ++j)
      for (std::size_t i = 0; i < rows; ++i)
        expected.push_back(static_cast<double>(values[i * cols + j]));
    const auto t = load_npy(path);
    CHECK(shape_of(t) == sizes{cols, rows});
    CHECK(elements(t) == expected);
  }
  const std::vector<TestType> backwards = {1, 2, 3};
  calibra::io::save_npy(path, calibra::vector_view<const TestType>(&backwards[2], 3, -1));
  CHECK(shape_of(load_npy(path)) == sizes{3});
  CHECK(elements(load_npy(path)) == doubles{3, 2, 1});
  CHECK(files.entries() == 1);
}

TEST_CASE("npy: the saved image, byte for byte", "[io][npy]") {
  const scratch files;
  const std::string path = files.path("a.npy");
  const double values[] = {1.5, std::numeric_limits<double>::infinity()};
  calibra::io::save_npy(path, calibra::vector_view<const double>(values, 2));
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
  header += std::string(128 - 10 - 1 - header.size(), ' ') + "\n";
  if (std::endian::native == std::endian::little)
    CHECK(read_all(path) == npy_image(header, bytes_of(std::vector<double>(values, values + 2))));
}

TEST_CASE("npy: elements beyond 2^31 and bytes beyond 2^32", "[io][npy]") {
  const scratch files;
  constexpr std::size_t beyond = (std::size_t{1} << 31) + 3;
  // A file of zeros that takes no space on the disk, with some elements that are not 0.
  const auto sparse = [&](const std::string& descr, const std::string& shape, bool fortran_order,
                          std::size_t bytes,
                          const std::vector<std::pair<std::size_t, std::string>>& set) {
    std::string dict = npy_dict(descr, shape, fortran_order);
    dict.insert(dict.size() - 1, 63 - (10 + dict.size() - 1) % 64, ' ');
    const std::string head = npy_image(dict, "");
    const std::string path = files.write("a.npy", head);
    std::filesystem::resize_file(path, head.size() + bytes);
    std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
    for (const auto& [at, value] : set) {
      out.seekp(static_cast<std::streamoff>(head.size() + at));
      out.write(value.data(), static_cast<std::streamsize>(value.size()));
    }
    REQUIRE(out.good());
    return load_npy(path);
  };
  using calibra::detail::concat;
  const std::string one = bytes_of(half(1).bits), two = bytes_of(half(2).bits);
  const std::size_t last = 2 * (beyond - 1);  // of a row, in bytes
  const auto at = [](const calibra::io::array& a, std::size_t i, std::size_t j) {
    return a.visit_elements([&](auto view) { return calibra::io::detail::as_double(view(i, j)); });
  };

  const auto column = sparse("<f2", concat("(", beyond, ",)"), false, 2 * beyond,
                             {{std::size_t{1} << 31, one}, {last, two}});
  CHECK(shape_of(column) == sizes{beyond});
  CHECK(at(column, std::size_t{1} << 30, 0) == 1);
  CHECK(at(column, beyond - 1, 0) == 2);
  CHECK(at(column, beyond - 2, 0) == 0);

  const auto rows = sparse("<f2", concat("(3, ", beyond, ")"), false, 6 * beyond,
                           {{2 * beyond + last, one}, {4 * beyond, two}});
  CHECK(at(rows, 1, beyond - 1) == 1);
  CHECK(at(rows, 2, 0) == 2);
  CHECK(at(rows, 0, beyond - 1) == 0);
  const auto cols = sparse("<f2", concat("(", beyond, ", 3)"), true, 6 * beyond,
                           {{2 * beyond + last, one}, {4 * beyond, two}});
  CHECK(at(cols, beyond - 1, 1) == 1);
  CHECK(at(cols, 0, 2) == 2);
  CHECK(at(cols, beyond - 1, 0) == 0);

  const std::string label = bytes_of(std::int64_t{7});
  const auto labels = calibra::io::labels(
      sparse("<i8", concat("(", beyond, ",)"), false, 8 * beyond, {{8 * (beyond - 1), label}}));
  CHECK(labels.size() == beyond);
  CHECK(labels[beyond - 1] == 7);
  CHECK(labels[beyond - 2] == 0);

  // A byte less than the shape tells.
  CHECK(files.message([&] {
    sparse("<f2", concat("(", beyond, ",)"), false, 2 * beyond - 1, {});
  }) == concat("a.npy: truncated data: expected ", 2 * beyond, " bytes for shape (", beyond,
               ",) of float16, got ", 2 * beyond - 1));
}
