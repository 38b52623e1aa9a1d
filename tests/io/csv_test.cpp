// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/csv.hpp"

#include <charconv>
#include <clocale>
#include <cmath>
#include <limits>

#include "calibra/io/labels.hpp"
#include "io_files.hpp"

using namespace io_test;
using calibra::io::dtype;
using calibra::io::load_csv;

namespace {

struct csv {
  scratch files;
  calibra::io::array load(const std::string& text, char separator = ',') const {
    return load_csv(files.write("a.csv", text), separator);
  }
  std::string message(const std::string& text, char separator = ',') const {
    return files.message([&] { load(text, separator); });
  }
};

}  // namespace

TEST_CASE("csv: reals, with and without a header", "[io][csv]") {
  const csv c;
  for (const std::string text :
       {"0.5,1\n2,3e-2\n", "a,b\n0.5,1\n2,3e-2", "\"a,1\",b\n0.5,1\n2,3e-2\n\n",
        "0,b\n.5,1.\n2,3E-2\n", "0.5,1\r\n2,3e-2\r\n",
        "\xef\xbb\xbf"
        "0.5,1\n2,3e-2",
        "\"0.5\",\"1\"\n 2\t, \"3e-2\" \n", ",b\n+0.5,+1\n2,3e-2\r\n\r\n",
        "\"a \"\"x\"\"\n1\",b\n0.5,1\n2,3e-2"}) {
    INFO(text);
    const auto a = c.load(text);
    CHECK(a.dtype() == dtype::f8);
    CHECK(shape_of(a) == sizes{2, 2});
    CHECK(elements(a) == doubles{0.5, 1, 2, 0.03});
  }
  CHECK(elements(c.load("0.5\t1\n2\t3\n", '\t')) == doubles{0.5, 1, 2, 3});
  CHECK(elements(c.load("a b\tb\n0.5\t1\n", '\t')) == doubles{0.5, 1});
}

TEST_CASE("csv: whole numbers are int64 and may be labels or scores", "[io][csv]") {
  const csv c;
  const auto column = c.load("label\n3\n-1\n9223372036854775807\n");
  CHECK(column.dtype() == dtype::i8);
  CHECK(shape_of(column) == sizes{3});
  const auto labels = calibra::io::labels(column);
  CHECK(labels[0] == 3);
  CHECK(labels[1] == -1);
  CHECK(labels[2] == std::numeric_limits<std::int64_t>::max());

  const auto table = c.load("1,0\n0,1\n0,1\n");
  CHECK(table.dtype() == dtype::i8);
  CHECK(table.visit_scores([](auto view) {
    const auto at = [&](std::size_t i, std::size_t j) {
      return calibra::io::detail::as_double(view(i, j));
    };
    return std::is_same_v<typename decltype(view)::value_type, double> &&
           doubles{at(0, 0), at(0, 1), at(2, 0), at(2, 1)} == doubles{1, 0, 0, 1};
  }));
  CHECK(calibra::io::labels(table)[2] == 1);

  CHECK(c.load("9223372036854775808\n1\n").dtype() == dtype::f8);
  CHECK(elements(c.load("1,2\n3,4.5\n")) == doubles{1, 2, 3, 4.5});
  CHECK(c.files.message([&] { calibra::io::labels(c.load("1.0\n2.0\n")); }) ==
        "a.csv: labels: expected integers, got float64 of shape (2,)");
}

TEST_CASE("csv: nan and infinities", "[io][csv]") {
  const csv c;
  const auto values = elements(c.load("nan,inf\n-inf,NaN\n-nan,+Infinity\n"));
  REQUIRE(values.size() == 6);
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(std::isnan(values[0]));
  CHECK(values[1] == inf);
  CHECK(values[2] == -inf);
  CHECK(std::isnan(values[3]));
  CHECK(std::isnan(values[4]));
  CHECK(values[5] == inf);
}

TEST_CASE("csv: shortest texts of random doubles read back exactly", "[io][csv]") {
  const csv c;
  std::mt19937_64 random(5);
  doubles expected;
  std::string text;
  while (expected.size() < 3000) {
    const double x = std::bit_cast<double>(random());
    if (!std::isfinite(x)) continue;
    char buffer[64];
    text.append(buffer, std::to_chars(buffer, buffer + 64, x).ptr);
    expected.push_back(x);
    text += expected.size() % 3 == 0 ? '\n' : ',';
  }
  CHECK(elements(c.load(text)) == expected);
}

TEST_CASE("csv: the locale changes nothing", "[io][csv]") {
  const csv c;
  const char* const german = std::setlocale(LC_ALL, "de_DE.UTF-8");  // where it is installed
  const auto values = elements(c.load("0.5,1.25\n"));
  if (german != nullptr) std::setlocale(LC_ALL, "C");
  CHECK(values == doubles{0.5, 1.25});
}

TEST_CASE("csv: errors name line and column", "[io][csv]") {
  const csv c;
  CHECK(c.message("1,2\n3\n") == "a.csv:2: expected 2 fields as in line 1, got 1");
  CHECK(c.message("x\n1\n2,3\n") == "a.csv:3: expected 1 field as in line 1, got 2");
  CHECK(c.message("1,2\n3,4,\n") == "a.csv:2:5: expected a number, got an empty field");
  CHECK(c.message("1,2\n3,4x\n") == "a.csv:2:3: expected a number, got '4x'");
  CHECK(c.message("1,2\n3, \"a\x01\"\n") == "a.csv:2:4: expected a number, got 'a?'");
  CHECK(c.message("1,2\n3,\n") == "a.csv:2:3: expected a number, got an empty field");
  CHECK(c.message("1,2\n3,0x10\n") == "a.csv:2:3: expected a number, got '0x10'");
  CHECK(c.message("1,2\n3,+-1\n") == "a.csv:2:3: expected a number, got '+-1'");
  CHECK(c.message("1,2\n3,1e999\n") == "a.csv:2:3: expected a number, got '1e999'");
  CHECK(c.message("1,2\n\n3,4\n") == "a.csv:2: expected a row, got a blank line");
  CHECK(c.message("1\n\n3\n") == "a.csv:2: expected a row, got a blank line");
  CHECK(c.message("\n1\n") == "a.csv:1: expected a row, got a blank line");
  CHECK(c.message("\"a\nb\",c\n1,x\n") == "a.csv:3:3: expected a number, got 'x'");
  CHECK(c.message("1,2\n3,\"4\n5,6\n") ==
        "a.csv:2:3: expected a closing quote, got the end of the file");
  CHECK(c.message("1,2\n\"3\"4,5\n") ==
        "a.csv:2:1: expected the end of the field after its closing quote");
  CHECK(c.message("a,b\n") == "a.csv: expected rows of numbers, got a header only");
  CHECK(c.message("\n\r\n\n") == "a.csv: expected rows of numbers, got none");
  CHECK(c.message("\xef\xbb\xbf") == "a.csv: expected rows of numbers, got none");
  CHECK(c.message("") == "a.csv: the file is empty");
  CHECK(c.message("1;2\n3;4\n5\n") == "a.csv:2:1: expected a number, got '3;4'");
}
