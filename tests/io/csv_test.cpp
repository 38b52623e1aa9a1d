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
using calibra::io::header_row;
using calibra::io::load_csv;
using calibra::io::table_options;

namespace {

struct csv {
  scratch files;
  calibra::io::array load(const std::string& text, char separator = ',',
                          const table_options& options = {}) const {
    return load_csv(files.write("a.csv", text), separator, options);
  }
  calibra::io::array load(const std::string& text, const table_options& options) const {
    return load(text, ',', options);
  }
  /// What is wrong with the table as scores.
  std::string scores_message(const std::string& text, const table_options& options = {}) const {
    return files.message([&] { load(text, options).visit_scores([](auto) {}); });
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
        "a,b\n.5,1.\n2,3E-2\n", "0.5,1\r\n2,3e-2\r\n",
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
  CHECK(calibra::io::labels(c.load("1.0\n2.0\n"))[1] == 2);
  CHECK(c.files.message([&] { calibra::io::labels(c.load("1.0\n2.5\n")); }) ==
        "a.csv: row 1: label 2.5 is not a whole number; expected class indices from 0");
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
  CHECK(c.message("1,2\n3,4,\n") == "a.csv:2: expected 2 fields as in line 1, got 3");
  CHECK(c.message("1,2\n3,4x\n") == "a.csv:2:3: expected a number, got '4x'");
  CHECK(c.message("1,2\n3, \"a\x01\"\n") == "a.csv:2:4: expected a number, got 'a?'");
  CHECK(c.message("1,2\n3,\n") == "a.csv:2:3: expected a number, got an empty field");
  CHECK(c.message("1,2\n3,0x10\n") == "a.csv:2:3: expected a number, got '0x10'");
  CHECK(c.message("1,2\n3,+-1\n") == "a.csv:2:3: expected a number, got '+-1'");
  CHECK(c.message("1,2\n3,1e999\n") ==
        "a.csv:2:3: expected a number in the range of double, got '1e999'");
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

TEST_CASE("csv: a header is a row without numbers", "[io][csv]") {
  const csv c;
  const std::string no_header =
      "; this row holds a number, so it is no header unless table_options::header says so";
  CHECK(c.message("1e-400,2\n3,4\n") ==
        "a.csv:1:1: expected a number in the range of double, got '1e-400'");
  CHECK(c.message("a,1e999\n3,4\n") == "a.csv:1:1: expected a number, got 'a'" + no_header);
  CHECK(c.message("1e999\n3\n") ==
        "a.csv:1:1: expected a number in the range of double, got '1e999'");
  CHECK(c.message("0.5,b\n3,4\n") == "a.csv:1:5: expected a number, got 'b'" + no_header);
  CHECK(c.message(",0,1\n0,.5,.5\n") ==
        "a.csv:1:1: expected a number, got an empty field" + no_header);
  CHECK(c.message("nan,b\n1,2\n") == "a.csv:1:5: expected a number, got 'b'" + no_header);

  const table_options present{.header = header_row::present};
  CHECK(elements(c.load("0,1\n.5,.5\n", present)) == doubles{.5, .5});
  CHECK(elements(c.load(",0,1\n0,.5,.5\n", present)) == doubles{0, .5, .5});
  const table_options absent{.header = header_row::absent};
  CHECK(elements(c.load("0,1\n.5,.5\n", absent)) == doubles{0, 1, .5, .5});
  CHECK(c.files.message([&] { c.load("a,b\n1,2\n", absent); }) ==
        "a.csv:1:1: expected a number, got 'a'");
}

TEST_CASE("csv: columns are chosen by name, the rest may hold anything", "[io][csv]") {
  const csv c;
  const std::string text =
      "file,p0,p1,p2,label\n\"a,b.png\",.5,.25,.25,2\nc.png,0.125,0.5,0.375,0\n";
  const auto chosen = [&](std::vector<std::string> columns, std::vector<std::string> without = {}) {
    return c.load(text, {.columns = std::move(columns), .without = std::move(without)});
  };
  CHECK(elements(chosen({"p0", "p1", "p2"})) == doubles{.5, .25, .25, .125, .5, .375});
  CHECK(elements(chosen({"p2", "p0"})) == doubles{.25, .5, .375, .125});
  CHECK(elements(chosen({"p0..p2"})) == doubles{.5, .25, .25, .125, .5, .375});
  CHECK(elements(chosen({}, {"file", "label"})) == elements(chosen({"p0..p2"})));
  const auto label = chosen({"label"});
  CHECK(label.dtype() == dtype::i8);
  CHECK(shape_of(label) == sizes{2});
  CHECK(elements(label) == doubles{2, 0});
  // Without a header the columns are counted.
  CHECK(elements(c.load("1,2,3\n4,5,6\n", {.columns = {"2", "0"}})) == doubles{3, 1, 6, 4});

  const auto message = [&](std::vector<std::string> columns,
                           std::vector<std::string> without = {}) {
    return c.files.message([&] { chosen(std::move(columns), std::move(without)); });
  };
  CHECK(message({"q"}) == "a.csv: no column named 'q'; it holds 'file', 'p0', 'p1', 'p2', 'label'");
  CHECK(message({"p0..q"}).starts_with("a.csv: no column named 'q'; it holds "));
  CHECK(message({"p2..p0"}) == "a.csv: columns 'p2..p0': expected the first before the last");
  CHECK(message({"p0", "p0"}) == "a.csv: column 'p0' is chosen twice");
  CHECK(message({""}) == "a.csv: expected the name of a column, got ''");
  CHECK(message({}, {"file..label"}) == "a.csv: expected columns to read, got none");
  CHECK(message({}) == "a.csv:2:1: expected a number, got 'a,b.png'");
  CHECK(c.files.message([&] { c.load("a,a\n1,2\n", {.columns = {"a"}}); }) ==
        "a.csv: two columns are named 'a'");
}

TEST_CASE("csv: a column that is no score is not taken for one", "[io][csv]") {
  const csv c;
  const std::string hint =
      ", so it is not taken for scores; name the columns to read by table_options::columns";
  for (const std::string name : {"label", "labels", "target", "targets", "y", "class", "index",
                                 "id", "Label", "ID", "Unnamed: 0"}) {
    INFO(name);
    CHECK(c.scores_message("a,b," + name + "\n.5,.5,.5\n") ==
          "a.csv:1:5: column 2 is called '" + name + "'" + hint);
  }
  CHECK(c.scores_message(",a,b\n.5,.5,.5\n") ==
        "a.csv:1:1: column 0 has no name, as an index has none" + hint);
  CHECK(c.scores_message("a,labelled,idx\n.5,.5,.5\n") == "");
  CHECK(c.scores_message("a,b,y\n.5,.5,.5\n", {.columns = {"a", "b", "y"}}) == "");
  CHECK(c.scores_message("a,b,y\n.5,.5,.5\n", {.without = {"y"}}) == "");
  CHECK(c.scores_message("id,a,b,y\n1,.5,.5,.5\n", {.without = {"y"}}) ==
        "a.csv:1:1: column 0 is called 'id'" + hint);

  const std::string whole = " holds whole numbers beside columns of fractions";
  CHECK(c.scores_message(".5,.5,1\n.25,.75,0\n") == "a.csv: column 2" + whole + hint);
  CHECK(c.scores_message("p,q,r\n3,.5,.5\n0,.25,.75\n") == "a.csv: column 0 ('p')" + whole + hint);
  CHECK(c.scores_message(".5,.5,1.0\n.25,.75,3.0\n") == "a.csv: column 2" + whole + hint);
  CHECK(c.scores_message(".5,.5,1\n.25,.75,0\n", {.columns = {"0..2"}}) == "");
  // A class that always has the same probability, written as reals are; masked; all whole.
  CHECK(c.scores_message(".5,.5,0.0\n.25,.75,0.0\n") == "");
  CHECK(c.scores_message(".5,1,-inf\n.25,.75,-inf\n") == "");
  CHECK(c.scores_message("1,0,0\n0,3,0\n") == "");
  CHECK(c.scores_message("2,2\n3,4.5\n") == "a.csv: column 0" + whole + hint);
  CHECK(c.scores_message("1,2.5\n3.5,4\n") == "");
}

TEST_CASE("csv: a first row that counts may be a header", "[io][csv]") {
  const csv c;
  const auto question = [](const std::string& range) {
    return "a.csv:1: the first row counts from " + range +
           ": names of columns or a sample? say which by table_options::header";
  };
  CHECK(c.scores_message("0,1,2\n.5,.25,.25\n") == question("0 to 2"));
  CHECK(c.scores_message("1,2,3\n4,5,6\n") == question("1 to 3"));
  CHECK(c.scores_message("0,1\n.5,.5\n") == question("0 to 1"));
  CHECK(c.scores_message("0,1\n1,0\n") == "");
  CHECK(c.scores_message("1,2,4\n4,5,6\n") == "");
  CHECK(c.scores_message("0.0,1.0,2.0\n4,5,6\n") == "");
  CHECK(c.scores_message("0,1,2\n.5,.25,.25\n", {.header = header_row::present}) == "");
  CHECK(c.scores_message("1,2,3\n4,5,6\n", {.header = header_row::absent}) == "");
  CHECK(elements(c.load("0\n1\n")) == doubles{0, 1});
}
