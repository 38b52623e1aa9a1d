// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Files that are wrong: status 1, nothing on standard output, one line that names file and place.
#include <algorithm>
#include <cmath>
#include <limits>

#include "program.hpp"

using namespace cli_test;
using calibra::detail::concat;
using io_test::bytes_of;
using io_test::npy_dict;
using io_test::npy_image;
using io_test::safetensors_image;

namespace {

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

void check_fails(const workplace& files, const std::string& arguments, const std::string& message) {
  INFO(arguments);
  const std::size_t entries = files.entries();
  const outcome r = files.run(arguments);
  CHECK(r.status == 1);
  CHECK(r.out == "");
  if (message.ends_with("..."))
    CHECK(r.err.substr(0, 6 + message.size()) ==
          concat("calibra: ", message.substr(0, message.size() - 3)));
  else
    CHECK(r.err == concat("calibra: ", message, '\n'));
  CHECK(std::count(r.err.begin(), r.err.end(), '\n') == 1);
  CHECK(files.entries() == entries);
}

/// The same for eval and fit: what reads the scores and labels is one piece of code.
void check_data(const workplace& files, const std::string& arguments, const std::string& message) {
  check_fails(files, concat("eval ", arguments), message);
  check_fails(files, concat("eval ", arguments, " --output report"), message);
  check_fails(files, concat("fit ", arguments, " --output model.json"), message);
}

std::string image(const std::string& descr, const std::string& shape, std::size_t bytes) {
  return npy_image(npy_dict(descr, shape), std::string(bytes, '\0'));
}

}  // namespace

TEST_CASE("bad input: files that cannot be read", "[cli]") {
  const small_workplace files;
  check_data(files, "none.npy y.npy", "none.npy: cannot open: No such file or directory");
  check_data(files, "p.npy none.npy", "none.npy: cannot open: No such file or directory");
  check_data(files, "p.npy y.npy --weights none.npy", "none.npy: cannot open: No such file...");
  std::filesystem::create_directory(files.path("d.npy"));
  check_data(files, "d.npy y.npy", "d.npy: expected a file, got a directory");
  files.write("scores.txt", "1 2 3\n");
  check_data(files, "scores.txt y.npy", "scores.txt: unknown extension '.txt'; expected ...");
  for (const char* name : {"e.npy", "e.npz", "e.csv", "e.safetensors"}) {
    files.write(name, "");
    check_data(files, concat(name, " y.npy"), concat(name, ": the file is empty"));
  }
}

TEST_CASE("bad input: .npy files that do not hold what they say", "[cli]") {
  const small_workplace files;
  const std::string good = read_all(files.path("p.npy"));
  for (const std::size_t size : {1U, 6U, 8U, 9U, 10U, 40U, 127U}) {
    files.write("cut.npy", good.substr(0, size));
    check_data(files, "cut.npy y.npy", "cut.npy: ...");
  }
  files.write("cut.npy", good.substr(0, good.size() - 1));
  check_data(files, "cut.npy y.npy",
             "cut.npy: truncated data: expected 96 bytes for shape (4, 3) of float64, got 95");
  files.write("object.npy", image("|O", "(4, 3)", 96));
  check_data(files, "object.npy y.npy", "object.npy: ...");
  files.write("cube.npy", image("<f4", "(4, 3, 2)", 96));
  check_data(files, "cube.npy y.npy", "cube.npy: expected 1 or 2 dimensions, got shape (4, 3, 2)");
  files.write("scalar.npy", image("<f4", "()", 4));
  check_data(files, "scalar.npy y.npy", "scalar.npy: expected 1 or 2 dimensions, got shape ()");
  files.write("text.npy", "not an array");
  check_data(files, "text.npy y.npy",
             "text.npy: not a .npy file: expected it to begin with '\\x93NUMPY'");
  files.write("huge.npy", image("<f4", "(9223372036854775807, 9)", 8));
  check_data(files, "huge.npy y.npy", "huge.npy: ...");
}

TEST_CASE("bad input: other containers", "[cli]") {
  const small_workplace files;
  const std::string p = read_all(files.path("p.npy"));
  files.write("a.npz", io_test::zip_image({{"p.npy", p}, {"y.npy", p}}));
  check_data(files, "a.npz:q y.npy", "a.npz: no member named 'q'; it holds 'p', 'y'");
  check_data(files, "a.npz y.npy",
             "a.npz: expected a member name after ':', got none; it holds...");
  std::string lying = io_test::zip_image({{"p.npy", p}});
  lying.replace(lying.find("PK\x01\x02") + 24, 4, bytes_of(std::uint32_t{0x7fffffff}));
  files.write("lying.npz", lying);
  check_data(files, "lying.npz:p y.npy", "lying.npz: member 'p': declares 2147483647 bytes...");
  std::string far = io_test::zip_image({{"p.npy", p}});
  far.replace(far.find("PK\x01\x02") + 42, 4, bytes_of(std::uint32_t{0x00ffffff}));
  files.write("far.npz", far);
  check_data(files, "far.npz:p y.npy", "far.npz: ...");

  const std::string data = bytes_of(small_scores);
  const auto tensor = [](std::size_t begin, std::size_t end) {
    return concat(R"({"p":{"dtype":"F64","shape":[4,3],"data_offsets":[)", begin, ',', end, "]}}");
  };
  files.write("a.safetensors", safetensors_image(tensor(0, 96), data));
  check_data(files, "a.safetensors:q y.npy", "a.safetensors: ...");
  for (const auto& [begin, end] : {std::pair<std::size_t, std::size_t>{0, 9600},
                                   {96, 0},
                                   {8, 104},
                                   {0, 88},
                                   {static_cast<std::size_t>(-96), 0}}) {
    files.write("lying.safetensors", safetensors_image(tensor(begin, end), data));
    check_data(files, "lying.safetensors:p y.npy", "lying.safetensors...");
  }
  files.write("long.safetensors", bytes_of(std::uint64_t{1} << 60) + tensor(0, 96) + data);
  check_data(files, "long.safetensors:p y.npy", "long.safetensors: ...");

  files.write("ragged.csv", "1,2,3\n1,2\n");
  check_data(files, "ragged.csv y.npy", "ragged.csv:2: expected 3 fields as in line 1, got 2");
  files.write("word.csv", "1,2\n1,two\n");
  check_data(files, "word.csv y.npy", "word.csv:2:3: expected a number, got 'two'");
}

TEST_CASE("bad input: shapes", "[cli]") {
  const small_workplace files;
  files.save("short.npy", std::vector<std::int64_t>{1, 1, 2});
  check_data(files, "p.npy short.npy",
             "short.npy: expected 4 labels for the 4 rows of p.npy, got 3");
  files.save("w.npy", std::vector<double>{1, 1});
  check_data(files, "p.npy y.npy --weights w.npy",
             "w.npy: expected 4 weights for the 4 rows of p.npy, got 2");
  check_fails(files, "eval p.npy y.npy --proximity w.npy",
              "w.npy: expected 4 proximities for the 4 rows of p.npy, got 2");
  files.save("square.npy", 4, 2, std::vector<double>(8));
  check_data(files, "p.npy y.npy --weights square.npy",
             "square.npy: values: expected shape (n,) or (n, 1), got shape (4, 2)");
  check_fails(files, "eval p.npy y.npy --from confidences",
              "p.npy: values: expected shape (n,) or (n, 1), got shape (4, 3)");

  files.write("none.npy", image("<f8", "(0, 3)", 0));
  files.write("no_labels.npy", image("<i8", "(0,)", 0));
  check_data(files, "none.npy no_labels.npy",
             "none.npy: no samples: expected at least 1 row, got shape (0, 3)");
  files.write("no_classes.npy", image("<f8", "(4, 0)", 0));
  check_data(files, "no_classes.npy y.npy",
             "no_classes.npy: expected at least 1 class, got scores of 4 x 0");
  files.save("same.npy", std::vector<std::int64_t>{7, 7, 7, 7});
  check_fails(files, "eval p.npy same.npy --from probabilities --ignore-label 7",
              "p.npy: no samples left of 4: 0 have scores that are not numbers, the rest the label "
              "to ignore");
  check_fails(files, "fit p.npy same.npy --from probabilities --ignore-label 7 --output m.json",
              "p.npy: no samples left of 4 that have a weight");
}

TEST_CASE("bad input: labels", "[cli]") {
  const small_workplace files;
  files.save("high.npy", std::vector<std::int64_t>{1, 1, 3, 0});
  check_data(files, "p.npy high.npy", "high.npy: label 3 at row 2 is not in [0, 3)");
  files.save("low.npy", std::vector<std::int64_t>{1, -1, 2, 0});
  check_data(files, "p.npy low.npy", "low.npy: label -1 at row 1 is not in [0, 3)");
  files.save("real.npy", std::vector<double>{1, 1, 2, 0});
  check_data(files, "p.npy real.npy",
             "real.npy: labels: expected integers, got float64 of shape (4,)");
  files.save("two_hot.npy", 4, 3, std::vector<std::int64_t>{1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0});
  check_data(files, "p.npy two_hot.npy",
             "two_hot.npy: row 1: one-hot labels: expected one 1, got 2");
  files.save("binary.npy", std::vector<double>{0.5, 0.5, 0.5, 0.5});
  check_data(files, "binary.npy y.npy", "y.npy: label 2 at row 2 is not in [0, 2)");
  check_fails(files, "eval binary.npy y.npy --from confidences",
              "y.npy: label 2 at row 2 is not in [0, 2)");
  check_data(files, "p.npy y.npy --from probabilities --weights low.npy",
             "low.npy: weight -1 at row 1 is not in [0, inf)");
}

TEST_CASE("bad input: scores", "[cli]") {
  small_workplace files;
  const auto with = [](std::size_t at, double x) {
    std::vector<double> s = small_scores;
    s[at] = x;
    return s;
  };
  files.save("bad.npy", 4, 3, with(7, quiet_nan));
  check_data(files, "bad.npy y.npy",
             "bad.npy: score nan at row 2, column 1; expected a finite number or -inf");
  check_data(files, "bad.npy y.npy --from probabilities",
             "bad.npy: score nan at row 2, column 1; expected a finite number");
  files.save("bad.npy", 4, 3, with(3, inf));
  check_data(files, "bad.npy y.npy",
             "bad.npy: score inf at row 1, column 0; expected a finite number or -inf");
  files.save("bad.npy", 4, 3, with(3, 1.5));
  check_data(files, "bad.npy y.npy --from probabilities",
             "bad.npy: probability 1.5 at row 1, column 0 is not in [0, 1]; if these are logits, "
             "use --from logits");
  files.save("bad.npy", 4, 3, with(3, -0.5));
  check_data(files, "bad.npy y.npy --from probabilities",
             "bad.npy: probability -0.5 at row 1, column 0 is not in [0, 1]; if these are logits, "
             "use --from logits");
  files.save("bad.npy", 4, 3, with(3, 0.75));
  check_data(files, "bad.npy y.npy --from probabilities",
             "bad.npy: the probabilities of row 1 sum to 1.25, expected 1 within ...");
  CHECK(files.run("eval bad.npy y.npy --from probabilities").err.find("; use --renormalise or") !=
        std::string::npos);
  files.save("masked.npy", 1, 2, std::vector<double>{-inf, -inf});
  files.save("zero.npy", std::vector<std::int64_t>{0});
  check_data(files, "masked.npy zero.npy", "masked.npy: every logit is -inf at row 0");
  files.save("whole.npy", 2, 2, std::vector<std::int64_t>{1, 0, 0, 1});
  files.save("two.npy", std::vector<std::int64_t>{0, 1});
  check_data(files, "whole.npy two.npy", "whole.npy: expected real scores, got int64");
  files.save("binary.npy", std::vector<double>{0.5, 2});
  check_data(files, "binary.npy two.npy --from probabilities", "binary.npy: probability 2 ...");
  check_fails(files, "eval p.npy y.npy --from probabilities --proximity masked.npy",
              "masked.npy: expected 4 proximities for the 4 rows of p.npy, got 1");
  files.save("far.npy", std::vector<double>{0, 1, inf, 2});
  check_fails(files, "eval p.npy y.npy --from probabilities --proximity far.npy",
              "far.npy: proximity inf at row 2 is not finite");
}

TEST_CASE("bad input: multi-label scores", "[cli]") {
  const small_workplace files;
  check_fails(files, "eval p.npy y.npy --sigmoid",
              "y.npy: labels: expected samples x labels of shape (4, 3) as in p.npy, got (4,)");
  files.save("t.npy", 4, 3, std::vector<std::int64_t>{1, 0, 0, 0, 0, 2, 0, 0, 1, 1, 0, 0});
  check_fails(files, "eval p.npy t.npy --sigmoid",
              "t.npy: target 2 at row 1, column 2 is not 0 or 1");
  files.save("t.npy", 4, 3, std::vector<double>{1, 0, 0, 0, 0, 0.5, 0, 0, 1, 1, 0, 0});
  check_fails(files, "eval p.npy t.npy --sigmoid",
              "t.npy: target 0.5 at row 1, column 2 is not 0 or 1");
  files.save("t.npy", 4, 3, std::vector<double>{1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0});
  files.save("p2.npy", 4, 3, std::vector<double>{0, 0, 0, 0, quiet_nan, 0, 0, 0, 0, 0, 0, 0});
  check_fails(files, "eval p2.npy t.npy --sigmoid",
              "p2.npy: logit nan at row 1, column 1 is not finite");
}

TEST_CASE("bad input: models", "[cli]") {
  const small_workplace files;
  REQUIRE(files.run("fit p.npy y.npy --output model.json").status == 0);
  const std::string good = read_all(files.path("model.json"));
  const auto check_model = [&](const std::string& text, const std::string& message) {
    files.write("bad.json", text);
    check_fails(files, "apply bad.json p.npy --output out.npy", message);
  };
  check_fails(files, "apply none.json p.npy --output out.npy",
              "none.json: cannot open: No such file or directory");
  check_model("", "bad.json: the file is empty");
  check_model(good.substr(0, good.size() / 2), "bad.json: not a JSON document: ...");
  check_model(R"({"calibra": "0.1.0", "kind": "isotonic"})",
              "bad.json: expected kind \"temperature\", got \"isotonic\"");
  check_model(R"({"calibra": "0.1.0", "kind": "temperature", "temperature": -1})",
              "bad.json: \"temperature\": expected a number > 0, got -1");
  check_model("[1, 2]", "bad.json: the document: expected a JSON object, got array");
  check_model(read_all(files.path("p.npy")), "bad.json: not a JSON document: ...");

  const std::string apply = "apply model.json ";
  check_fails(files, apply + "none.npy --output out.npy", "none.npy: cannot open: No such file...");
  files.write("none.npy", image("<f8", "(0, 3)", 0));
  check_fails(files, apply + "none.npy --output out.npy",
              "none.npy: no samples: expected at least 1 row, got shape (0, 3)");
  files.save("bad.npy", 2, 2, std::vector<double>{0, 0, 1, quiet_nan});
  check_fails(files, apply + "bad.npy --output out.npy",
              "bad.npy: score nan at row 1, column 1; expected a finite number or -inf");
}

TEST_CASE("bad input: output that cannot be written", "[cli]") {
  const small_workplace files;
  REQUIRE(files.run("fit p.npy y.npy --output model.json").status == 0);
  std::filesystem::create_directory(files.path("d"));
  const std::vector<std::pair<std::string, std::string>> targets = {
      {"d", "d: cannot write: it is a directory"},
      {"nowhere/out", "nowhere/out: cannot write: No such file or directory"},
      {"/dev/full", "/dev/full: cannot write: it is not a regular file"}};
  for (const auto& [path, message] : targets)
    for (const char* command : {"eval p.npy y.npy", "fit p.npy y.npy", "apply model.json p.npy"})
      check_fails(files, concat(command, " --output ", path), message);
  // A report that does not reach standard output is a failure too.
  const outcome r = files.run("eval p.npy y.npy", {.out = "/dev/full"});
  CHECK(r.status == 1);
  CHECK(r.err == "calibra: standard output: cannot write: No space left on device\n");
}

TEST_CASE("bad input: a failed run leaves the old output as it was", "[cli]") {
  const small_workplace files;
  files.write("report", "old");
  files.save("short.npy", std::vector<std::int64_t>{1, 1, 2});
  check_fails(files, "eval p.npy short.npy --output report", "short.npy: ...");
  CHECK(read_all(files.path("report")) == "old");
}
