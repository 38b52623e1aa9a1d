// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/safetensors.hpp"

#include "io_files.hpp"

using namespace io_test;
using calibra::io::load_safetensors;

namespace {

std::string entry(const std::string& type, const std::string& shape, std::size_t begin,
                  std::size_t end) {
  return calibra::detail::concat("{\"dtype\":\"", type, "\",\"shape\":", shape,
                                 ",\"data_offsets\":[", begin, ",", end, "]}");
}

std::string small_json() {
  return "{\"x\":" + entry("F32", "[2,3]", 0, 24) + "}";
}

}  // namespace

TEST_CASE("safetensors: every element type, at any address", "[io][safetensors]") {
  const scratch files;
  const auto check = [&](const std::string& type, auto zero, calibra::io::dtype expected) {
    using T = decltype(zero);
    std::vector<T> values;
    for (const float x : {1.0f, 0.0f, 1.0f, 1.0f}) values.push_back(T(x));
    for (std::size_t shift = 0; shift < 9; ++shift) {
      const std::size_t end = shift + 4 * sizeof(T);
      const std::string json =
          "{\"__metadata__\":{\"format\":\"pt\"},\"x\":" + entry(type, "[2,2]", shift, end) +
          ",\"y\":" + entry("U8", calibra::detail::concat("[", shift, "]"), 0, shift) + "}";
      const std::string path = files.write(
          "a.safetensors", safetensors_image(json, std::string(shift, 'y') + bytes_of(values)));
      const auto a = load_safetensors(path, "x");
      CHECK(a.dtype() == expected);
      CHECK(shape_of(a) == sizes{2, 2});
      CHECK(elements(a) == doubles{1, 0, 1, 1});
      CHECK(a.name() == path + ":x");
    }
  };
  using calibra::io::dtype;
  check("F16", calibra::half{}, dtype::f2);
  check("BF16", calibra::bfloat16{}, dtype::bf16);
  check("F32", float{}, dtype::f4);
  check("F64", double{}, dtype::f8);
  check("I8", std::int8_t{}, dtype::i1);
  check("I16", std::int16_t{}, dtype::i2);
  check("I32", std::int32_t{}, dtype::i4);
  check("I64", std::int64_t{}, dtype::i8);
  check("U8", std::uint8_t{}, dtype::u1);
  check("U16", std::uint16_t{}, dtype::u2);
  check("U32", std::uint32_t{}, dtype::u4);
  check("U64", std::uint64_t{}, dtype::u8);
  check("BOOL", std::uint8_t{}, dtype::b1);
}

TEST_CASE("safetensors: choosing a tensor", "[io][safetensors]") {
  const scratch files;
  const std::string one =
      files.write("one.safetensors", safetensors_image(small_json(), small_data()));
  CHECK(elements(load_safetensors(one)) == doubles{0, 1, 2, 3, 4, 5});
  const std::string two = files.write(
      "two.safetensors", safetensors_image("{\"b\":" + entry("F32", "[6]", 0, 24) +
                                               ",\"a\":" + entry("F8_E4M3", "[]", 24, 25) +
                                               ",\"e\":" + entry("F32", "[0]", 25, 25) + "}",
                                           small_data() + "z"));
  CHECK(shape_of(load_safetensors(two, "b")) == sizes{6});
  CHECK(shape_of(load_safetensors(two, "e")) == sizes{0});
  CHECK(files.message([&] { load_safetensors(two); }) ==
        "two.safetensors: expected a tensor name after ':', got none; it holds 'a', 'b', 'e'");
  CHECK(files.message([&] { load_safetensors(two, "c"); }) ==
        "two.safetensors: no tensor named 'c'; it holds 'a', 'b', 'e'");
  CHECK(files.message([&] { load_safetensors(two, "a"); }) ==
        "two.safetensors:a: dtype 'F8_E4M3' is not supported; expected F16, BF16, F32, F64, I8 to "
        "I64, U8 to U64 or BOOL");
  CHECK(files.message([&] {
    load_safetensors(files.write("none.safetensors", safetensors_image("{}", "")));
  }) == "none.safetensors: expected at least one tensor, got none");
}

TEST_CASE("safetensors: every lie of the header is found", "[io][safetensors]") {
  const scratch files;
  const auto raw = [&](const std::string& image) {
    return files.message([&] { load_safetensors(files.write("a.safetensors", image), "x"); });
  };
  const auto message = [&](const std::string& json) {
    return raw(safetensors_image(json, small_data()));
  };
  const auto x = [&](const std::string& value) { return message("{\"x\":" + value + "}"); };
  const std::string start = "a.safetensors: tensor 'x': ";

  CHECK(message(small_json()) == "");
  CHECK(raw("") == "a.safetensors: the file is empty");
  CHECK(raw("1234567") ==
        "a.safetensors: not a .safetensors file: expected at least 8 bytes, got 7");
  CHECK(raw(bytes_of(std::uint64_t{3}) + "{}") ==
        "a.safetensors: not a .safetensors file, or truncated: the header declares 3 bytes, got 2");
  CHECK(raw(bytes_of(~std::uint64_t{0}) + "{}") ==
        "a.safetensors: not a .safetensors file, or truncated: the header declares "
        "18446744073709551615 bytes, got 2");
  CHECK(message("{\"x\":") ==
        "a.safetensors: header: expected a JSON object, got text that is not JSON");
  CHECK(message("[1]") == "a.safetensors: header: expected a JSON object, got array");
  CHECK(message("{\"\xff\":1}") ==
        "a.safetensors: header: expected a JSON object, got text that is not JSON");
  CHECK(message("{\"x\":" + entry("F32", "[6]", 0, 24) + ",\"x\":" + entry("F32", "[6]", 0, 24) +
                "}") == start + "the name occurs twice");

  CHECK(x("3") == start + "expected a JSON object, got number");
  CHECK(x("{}") == start + "expected the key 'dtype', got none");
  CHECK(x("{\"dtype\":1}") == start + "dtype: expected string, got number");
  CHECK(x("{\"dtype\":\"F32\",\"shape\":6}") == start + "shape: expected array, got number");
  CHECK(x("{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[24]}") ==
        start + "data_offsets: expected 2 numbers, got 1");
  CHECK(x("{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[-4,20]}") ==
        start + "data_offsets: expected integers of 0 or more, got -4");
  CHECK(x("{\"dtype\":\"F32\",\"shape\":[-6],\"data_offsets\":[0,24]}") ==
        start + "shape: expected integers of 0 or more, got -6");
  CHECK(x("{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,24]}") ==
        start + "shape: expected integers of 0 or more, got 1.5");
  CHECK(x("{\"dtype\":\"F32\",\"shape\":[[6]],\"data_offsets\":[0,24]}") ==
        start + "shape: expected integers of 0 or more, got array");
  CHECK(x(entry("F32", "[6]", 0, 25)) ==
        start + "data_offsets: expected a range in [0, 24], got [0, 25]");
  CHECK(x(entry("F32", "[6]", 24, 0)) ==
        start + "data_offsets: expected a range in [0, 24], got [24, 0]");
  CHECK(x(entry("F32", "[5]", 0, 24)) ==
        start + "data_offsets: expected 20 bytes for shape (5,) of F32, got 24");
  CHECK(x(entry("F32", "[5]", 0, 20)) ==
        "a.safetensors: expected 20 bytes of data after the header, got 24");
  CHECK(x(entry("F32", "[5]", 4, 24)) ==
        start + "data_offsets: expected a begin of 0, got 4 (a hole)");
  CHECK(x(entry("F32", "[4611686018427387904,4]", 0, 24)) ==
        "a.safetensors:x: shape (4611686018427387904, 4) of float32 is larger than the address "
        "space");
  CHECK(x(entry("F32", "[1,2,3]", 0, 24)) == "");
  CHECK(x(entry("F32", "[1,1,1,1,1,1,1,2,3]", 0, 24)) ==
        "a.safetensors:x: expected 1 to 8 dimensions, got shape (1, 1, 1, 1, 1, 1, 1, 2, 3)");
  CHECK(message("{\"x\":" + entry("F32", "[4]", 0, 16) + ",\"y\":" + entry("F32", "[4]", 8, 24) +
                "}") ==
        "a.safetensors: tensor 'y': data_offsets: expected a begin of 16, got 8 (tensors overlap)");
}

TEST_CASE("safetensors: deeply nested JSON is no trap", "[io][safetensors]") {
  const scratch files;
  const std::size_t depth = 200000;
  const std::string nested = std::string(depth, '[') + std::string(depth, ']');
  for (const std::string& json :
       {nested, std::string(depth, '['), "{\"x\":" + nested + "}",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[" + nested + "],\"data_offsets\":[0,24]}}"})
    CHECK(files.message([&] {
      load_safetensors(files.write("a.safetensors", safetensors_image(json, small_data())));
    }) != "");
}
