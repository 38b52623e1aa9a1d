// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What is in a file, and which of its arrays are scores and labels.
#include "calibra/io/dump.hpp"

#include "calibra/io/load.hpp"
#include "pt_files.hpp"

using namespace io_test;
using calibra::io::array_entry;
using calibra::io::contents;
using calibra::io::dtype;
using calibra::io::find_dump;
using calibra::io::named_form;

namespace {

using texts = std::vector<std::string>;

texts described(const std::vector<array_entry>& entries) {
  texts out;
  for (const array_entry& e : entries)
    out.push_back(e.name + "|" + e.type_name + "|" + calibra::io::detail::shape_text(e.shape));
  return out;
}

array_entry reals(const std::string& name) {
  return {name, dtype::f4, "float32", {5, 3}};
}
array_entry whole(const std::string& name) {
  return {name, dtype::i8, "int64", {5}};
}

/// "scores labels", or the message.
std::string found(const std::vector<array_entry>& entries) {
  try {
    const auto f = find_dump("f", entries);
    return f.scores + " " + f.labels;
  } catch (const calibra::io_error& e) {
    return e.what();
  }
}

}  // namespace

TEST_CASE("contents: arrays by their headers", "[io][contents]") {
  const scratch files;
  const std::string y =
      npy_image(npy_dict("<i8", "(2,)"), bytes_of(std::vector<std::int64_t>{1, 0}));
  const std::string cube = npy_image(npy_dict("<f4", "(1, 2, 3)"), small_data());
  CHECK(described(contents(files.write("a.npy", small_npy()))) == texts{"|float32|(2, 3)"});
  CHECK(described(contents(files.write("b.npy", cube))) == texts{"|float32|(1, 2, 3)"});
  for (const bool deflate : {false, true})
    CHECK(described(contents(files.write("a.npz", zip_image({{"z.npy", small_npy(), deflate},
                                                             {"y.npy", y, deflate},
                                                             {"notes.txt", "x"}})))) ==
          texts{"z|float32|(2, 3)", "y|int64|(2,)"});
  CHECK(described(contents(files.write("a.pt", small_pt()))) == texts{"|float32|(2, 3)"});
  CHECK(described(contents(files.write(
            "a.safetensors",
            safetensors_image(R"({"q":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},)"
                              R"("z":{"dtype":"F32","shape":[2,3],"data_offsets":[2,26]}})",
                              "xx" + small_data())))) ==
        texts{"q|F8_E4M3|(2,)", "z|float32|(2, 3)"});
}

TEST_CASE("contents: an array that cannot be read does not hide the others", "[io][contents]") {
  const scratch files;
  const auto entries = contents(files.write(
      "a.npz", zip_image({{"names.npy", npy_image(npy_dict("<U5", "(2,)"), std::string(40, 'x'))},
                          {"z.npy", small_npy()}})));
  REQUIRE(entries.size() == 2);
  CHECK(!entries[0].type);
  CHECK(entries[0].type_name.find("dtype '<U5' (text) is not supported") != std::string::npos);
  CHECK(entries[1].type == dtype::f4);
}

TEST_CASE("contents: only the headers are read", "[io][contents]") {
  const scratch files;
  // Elements that are not there: a header is enough to say what should be.
  CHECK(described(contents(files.write("a.npy", small_npy().substr(0, small_npy().size() - 24)))) ==
        texts{"|float32|(2, 3)"});
}

TEST_CASE("contents: columns of a table, by the first thousand rows", "[io][contents]") {
  const scratch files;
  std::string table = "id,p,n\n";
  for (int i = 0; i < 1000; ++i)
    table += "x" + std::to_string(i) + ",0.5," + std::to_string(i) + "\n";
  CHECK(described(contents(files.write("a.csv", table + "y,0.5,text\n"))) ==
        texts{"id|text|()", "p|float64|()", "n|int64|()"});
  CHECK(described(contents(files.write("a.tsv", "1\t+2\n3\t4.5\n"))) ==
        texts{"0|int64|()", "1|float64|()"});
  CHECK(described(contents(files.write("h.csv", "1,2\n"),
                           {.header = calibra::io::header_row::present})) ==
        texts{"1|int64|()", "2|int64|()"});
  CHECK(files.message([&] { contents(files.write("b.csv", "a,b\n1\n")); }) ==
        "b.csv:2: expected 2 fields as in line 1, got 1");
  CHECK(files.message([&] { contents(files.write("a.dat", "")); }).find("unknown extension") !=
        std::string::npos);
}

TEST_CASE("find_dump: names of scores and labels", "[io][dump]") {
  for (const calibra::io::dump_words& of : calibra::io::score_words())
    for (const std::string_view word : of.words) {
      CHECK(found({whole("labels"), reals(std::string(word))}) == std::string(word) + " labels");
      CHECK(calibra::io::form_of(word) == of.form);
    }
  for (const std::string_view word : calibra::io::label_words())
    CHECK(found({reals("logits"), whole(std::string(word)), reals("features")}) ==
          "logits " + std::string(word));
  // Case, a place and dashes do not matter.
  CHECK(found({reals("test.Logits"), whole("test/Y-True"), whole("id")}) ==
        "test.Logits test/Y-True");
  CHECK(calibra::io::form_of("out.SOFTMAX") == named_form::probabilities);
  CHECK(calibra::io::form_of("features") == named_form::unsaid);
}

TEST_CASE("find_dump: hits go with confidences", "[io][dump]") {
  CHECK(found({whole("confidence"), whole("correct"), whole("labels")}) == "confidence correct");
  CHECK(found({whole("confidence"), whole("labels")}) == "confidence labels");
  CHECK(found({reals("logits"), whole("correct")}) ==
        "f: no array has a name of labels; it holds 'logits', 'correct'; say which are labels");
}

TEST_CASE("find_dump: none or several are listed", "[io][dump]") {
  CHECK(found({reals("logits"), reals("probs"), whole("y")}) ==
        "f: several arrays could be scores: 'logits', 'probs'; say which are scores");
  CHECK(found({reals("logits"), whole("y"), whole("target")}) ==
        "f: several arrays could be labels: 'y', 'target'; say which are labels");
  CHECK(found({reals("a"), whole("b"), whole("c")}) ==
        "f: no array has a name of scores; it holds 'a', 'b', 'c'; say which are scores");
  CHECK(found({}) == "f: no array has a name of scores; it holds none; say which are scores");
}

TEST_CASE("find_dump: two arrays without names, by type and shape", "[io][dump]") {
  CHECK(found({reals("0"), whole("1")}) == "0 1");
  CHECK(found({whole("arr_0"), reals("arr_1")}) == "arr_1 arr_0");
  // Not where a length, a type or a shape leaves a doubt.
  const std::string none = "f: no array has a name of scores; it holds ";
  array_entry shorter = whole("1");
  shorter.shape = {4};
  CHECK(found({reals("0"), shorter}).find(none) == 0);
  array_entry fractions = whole("1");
  fractions.type = dtype::f8;
  CHECK(found({reals("0"), fractions}).find(none) == 0);
  CHECK(found({reals("0"), reals("1")}).find(none) == 0);
  CHECK(found({reals("0"), whole("1"), whole("2")}).find(none) == 0);
  // A name that says something decides.
  CHECK(found({reals("0"), whole("labels")}).find(none) == 0);
}
