// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/class_names.hpp"

#include <algorithm>
#include <random>

#include "calibra/error.hpp"
#include "calibra/io/csv.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/io/named_labels.hpp"
#include "io_files.hpp"

using namespace io_test;
using calibra::io::class_names;
using calibra::io::load_class_names;
using calibra::io::load_named_labels;

namespace {

using ints = std::vector<std::int64_t>;
using texts = std::vector<std::string>;

ints labels_of(const calibra::io::array& a) {
  const auto labels = calibra::io::labels(a);
  ints out;
  for (std::size_t i = 0; i < labels.size(); ++i) out.push_back(labels[i]);
  return out;
}

/// Texts as NumPy's types U (code points of four bytes) and S (bytes) have them.
std::string npy_texts(const std::vector<std::u32string>& all, std::size_t units, bool wide,
                      std::endian order = std::endian::little, bool column = false) {
  std::string data;
  for (const std::u32string& text : all)
    for (std::size_t u = 0; u < units; ++u) {
      const auto c = static_cast<std::uint32_t>(u < text.size() ? text[u] : 0);
      data += wide ? bytes_of(c, order) : std::string(1, static_cast<char>(c));
    }
  const std::string descr =
      (wide ? (order == std::endian::little ? "<U" : ">U") : "|S") + std::to_string(units);
  const std::string n = std::to_string(all.size());
  return npy_image(npy_dict(descr, column ? "(" + n + ", 1)" : "(" + n + ",)"), data);
}

const class_names animals({"cat", "dog", "bird"});

}  // namespace

TEST_CASE("class names: by name, else by number", "[io][names]") {
  CHECK(animals.size() == 3);
  CHECK(animals[2] == "bird");
  CHECK(animals.all() == texts{"cat", "dog", "bird"});
  CHECK(animals.find("dog") == 1);
  CHECK(animals.find("2") == 2);
  CHECK(animals.find("2.0") == 2);
  CHECK(animals.find("-100") == -100);
  for (const char* other : {"", "Dog", "dog ", "2.5", "nan", "inf", "1e300", "2 ", "0x1"})
    CHECK_FALSE(animals.find(other));
  CHECK(animals.holds("cat"));
  CHECK_FALSE(animals.holds("0"));
  // Where a name is a number, a number is a name.
  const class_names digits({"1", "2", "3"});
  CHECK(digits.find("1") == 0);
  CHECK_FALSE(digits.find("0"));
  CHECK_FALSE(digits.find("1.0"));
  CHECK(class_names().empty());
  CHECK(class_names().find("1") == 1);
}

TEST_CASE("class names: many are found where a search from the start finds them", "[io][names]") {
  std::mt19937 random(3);
  texts all;
  while (all.size() < 500) {
    std::string name;
    for (std::size_t n = 1 + random() % 6; n > 0; --n)
      name += static_cast<char>('a' + random() % 5);
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
  }
  const class_names names(all);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (std::size_t n = 1 + random() % 6; n > 0; --n)
      text += static_cast<char>('a' + random() % 5);
    const auto at = std::find(all.begin(), all.end(), text);
    if (at == all.end())
      CHECK_FALSE(names.find(text));
    else
      CHECK(names.find(text) == at - all.begin());
  }
}

TEST_CASE("class names: what is not a list of names", "[io][names]") {
  const scratch files;
  const auto message = [&](texts names) { return files.message([&] { class_names{names}; }); };
  CHECK(message({"a", "", "b"}) == "class names: the name of class 1 is empty");
  CHECK(message({"a", "b", "c", "b"}) == "class names: 'b' is the name of class 1 and of class 3");
  CHECK(message({"a", "b\n"}) ==
        "class names: the name of class 1, 'b?', holds a control character");
}

TEST_CASE("class names: the nearest are said", "[io][names]") {
  CHECK(animals.hint("dgo") == "; the nearest names are 'dog', 'cat', 'bird'");
  CHECK(animals.hint("BRID") == "; the nearest names are 'bird', 'cat', 'dog'");
  CHECK(class_names({"x"}).hint("y") == "; the only name is 'x'");
  const class_names many({"tench", "goldfish", "great white shark", "tiger shark", "hammerhead"});
  CHECK(
      many.hint("great white shrak").starts_with("; the nearest names are 'great white shark', "));
  CHECK(many.hint(std::string(1000000, 'x')).size() < 200);
}

TEST_CASE("class names: out of files", "[io][names]") {
  const scratch files;
  const auto names = [&](const std::string& name, const std::string& text) {
    return load_class_names(files.write(name, text)).all();
  };
  CHECK(names("a.txt", "cat\ndog\nbird\n") == texts{"cat", "dog", "bird"});
  CHECK(names("a", "\xef\xbb\xbf great white shark \r\n\ttench\r\n\r\n\n") ==
        texts{"great white shark", "tench"});
  CHECK(names("a.json", "[\"cat\", \"a, b\"]") == texts{"cat", "a, b"});
  const auto message = [&](const std::string& name, const std::string& text) {
    return files.message([&] { load_class_names(files.write(name, text)); });
  };
  CHECK(message("a.txt", "a\n\nb\n") == "a.txt: class names: the name of class 1 is empty");
  CHECK(message("a.txt", "a\nb\na") ==
        "a.txt: class names: 'a' is the name of class 0 and of class 2");
  CHECK(message("a.txt", "\n \n") == "a.txt: expected names of classes, got none");
  CHECK(message("a.json", "[]") == "a.json: expected names of classes, got none");
  CHECK(message("a.json", "[\"a\", 2]") == "a.json: expected the name of class 1, a text, got 2");
  CHECK(message("a.json", "{\"0\": \"a\"}") == "a.json: expected a list of names, got object");
  CHECK(message("a.json", "[") == "a.json: expected a list of names, got text that is not JSON");
  CHECK(message("none.txt", "") != "");
}

TEST_CASE("named labels: columns of text tables", "[io][names]") {
  const scratch files;
  const auto labels = [&](const std::string& text, const calibra::io::table_options& o = {}) {
    return labels_of(load_named_labels(files.write("a.csv", text), animals, o));
  };
  CHECK(labels("cat\nbird\ndog\n") == ints{0, 2, 1});
  CHECK(labels("label\ncat\n2\n\"dog\"\n -100 \n1.0\n") == ints{0, 2, 1, -100, 1});
  CHECK(labels("a,y,b\n0.5,dog,x\n0.5,cat,y\n", {.columns = {"y"}}) == ints{1, 0});
  CHECK(labels("0.5,dog\n0.5,cat\n", {.columns = {"1"}}) == ints{1, 0});
  // Rows of several columns are one-hot, as without names.
  CHECK(labels("cat,dog,bird\n0,0,1\n1,0,0\n") == ints{2, 0});
  const auto message = [&](const std::string& text, const calibra::io::table_options& o = {}) {
    return files.message([&] { load_named_labels(files.write("a.csv", text), animals, o); });
  };
  CHECK(
      message("label\ncat\nhorse\n") ==
      "a.csv:3:1: expected the name of a class, got 'horse'; the nearest names are 'dog', 'bird', "
      "'cat'");
  CHECK(message("p,y\n0.5,brd\n", {.columns = {"y"}}) ==
        "a.csv:2:5: expected the name of a class, got 'brd'; the nearest names are 'bird', 'cat', "
        "'dog'");
  CHECK(message("label\ncat\n0.5\n")
            .starts_with("a.csv:3:1: expected the name of a class, got '0.5'"));
  CHECK(labels_of(load_named_labels(files.write("b.tsv", "y\tz\n\"say \"\"a\"\"\"\t1\n"),
                                    class_names({"b", "say \"a\""}), {.columns = {"y"}})) ==
        ints{1});
  // Without names texts are no labels.
  CHECK(files.message([&] { load_named_labels(files.path("a.csv"), {}); }) ==
        "a.csv:2:1: expected a number, got 'cat'");
}

TEST_CASE("named labels: the header of the columns that are read", "[io][names]") {
  const scratch files;
  using calibra::io::csv_header;
  const std::string path =
      files.write("a.csv", "cat,\"say \"\"a\"\"\",label\n0.5,0.5,cat\n0.25,0.75,cat\n");
  CHECK(csv_header(path) == texts{"cat", "say \"a\"", "label"});
  CHECK(csv_header(path, ',', {.without = {"label"}}) == texts{"cat", "say \"a\""});
  CHECK(csv_header(path, ',', {.columns = {"label", "cat"}}) == texts{"label", "cat"});
  CHECK(csv_header(files.write("b.csv", "1,2\n")).empty());
  CHECK(files.message([&] { csv_header(path, ',', {.columns = {"dog"}}); }) != "");
}

TEST_CASE("named labels: texts of NumPy", "[io][names]") {
  const scratch files;
  const std::vector<std::u32string> all{U"dog", U"bird", U"cat", U"2"};
  const ints expected{1, 2, 0, 2};
  for (const bool wide : {true, false})
    for (const auto order : {std::endian::little, std::endian::big})
      for (const bool column : {true, false})
        for (const std::size_t units : {4U, 9U}) {
          const std::string image = npy_texts(all, units, wide, order, column);
          CHECK(labels_of(load_named_labels(files.write("y.npy", image), animals)) == expected);
          CHECK(labels_of(load_named_labels(
                    files.write("y.npz",
                                zip_image({{"a.npy", small_npy()}, {"y.npy", image, true}})) +
                        ":y",
                    animals)) == expected);
        }
  // Characters of one to four bytes in UTF-8.
  const class_names words({"a", "\xc3\xa9t\xc3\xa9", "\xe9\xb3\xa5", "\xf0\x9f\x90\x95"});
  CHECK(labels_of(load_named_labels(
            files.write("y.npy",
                        npy_texts({U"\u9ce5", U"\U0001F415", U"a", U"\u00e9t\u00e9"}, 3, true)),
            words)) == ints{2, 3, 0, 1});
  // Numbers stay numbers.
  CHECK(
      labels_of(load_named_labels(files.write("y.npy", npy_image(npy_dict("<i4", "(2,)"),
                                                                 bytes_of(std::vector<int>{2, 0}))),
                                  animals)) == ints{2, 0});
  const auto message = [&](const std::string& image) {
    return files.message([&] { load_named_labels(files.write("y.npy", image), animals); });
  };
  CHECK(
      message(npy_texts({U"cat", U"dgo"}, 3, true)) ==
      "y.npy: row 1: expected the name of a class, got 'dgo'; the nearest names are 'dog', 'cat', "
      "'bird'");
  CHECK(message(npy_texts({U"cat", U""}, 3, false)).starts_with("y.npy: row 1: expected the name"));
  CHECK(message(npy_texts({std::u32string(1, 0xd800)}, 1, true)) ==
        "y.npy: row 0: not a text: 55296 is no code point");
  CHECK(message(npy_image(npy_dict("<U3", "(2, 2)"), std::string(48, '\0'))) ==
        "y.npy: labels: expected shape (n,) or (n, 1), got shape (2, 2)");
  const std::string whole = npy_texts({U"cat", U"dog"}, 3, true);
  CHECK(message(whole.substr(0, whole.size() - 1)) ==
        "y.npy: truncated data: expected 2 texts of 12 bytes, got 23 bytes");
  CHECK(message(npy_image(npy_dict("<U3", "(4611686018427387904,)"), "")).find("truncated data") !=
        std::string::npos);
  for (const char* descr : {"<U0", "<U", "<Ux", "<U99999999999999999999", "|O"})
    CHECK(message(npy_image(npy_dict(descr, "(1,)"), std::string(16, '\0')))
              .find("is not supported") != std::string::npos);
  // load() takes numbers alone.
  CHECK(files.message([&] { calibra::io::load(files.write("y.npy", whole)); })
            .starts_with("y.npy: dtype '<U3' (text) is not supported"));
}
