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

/// The same for eval and fit: what reads the scores and labels is one piece of code. The scores are
/// logits where nothing else is said.
void check_data(const workplace& files, std::string arguments, const std::string& message) {
  if (arguments.find("--from") == std::string::npos) arguments += " --from logits";
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
  check_data(
      files, "cube.npy y.npy",
      "cube.npy: expected 1 or 2 dimensions, got shape (4, 3, 2); say by --class-axis which of "
      "them holds the classes");
  files.write("scalar.npy", image("<f4", "()", 4));
  check_data(files, "scalar.npy y.npy", "scalar.npy: expected 1 to 8 dimensions, got shape ()");
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
  check_data(files, "a.npz:q y.npy", "a.npz: no array or group named 'q'; it holds 'p', 'y'");
  check_data(files, "a.npz y.npy", "a.npz: no array has a name of scores; it holds...");
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
  files.write("square.csv", "1,2\n1,2\n1,2\n1,2\n");
  check_data(files, "p.npy y.npy --weights square.csv",
             "square.csv: values: expected shape (n,) or (n, 1), got shape (4, 2); the file has to "
             "have one column");
  check_fails(files, "eval p.npy y.npy --from confidences",
              "p.npy: values: expected shape (n,) or (n, 1), got shape (4, 3)");

  files.write("none.npy", image("<f8", "(0, 3)", 0));
  files.write("no_labels.npy", image("<i8", "(0,)", 0));
  check_data(files, "none.npy no_labels.npy",
             "none.npy: no samples: expected at least 1 row, got shape (0, 3)");
  files.write("no_classes.npy", image("<f8", "(4, 0)", 0));
  check_data(files, "no_classes.npy y.npy",
             "no_classes.npy: expected at least 1 column, got shape (4, 0)");
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
  files.save("real.npy", std::vector<double>{1, 1, 2.5, 0});
  check_data(files, "p.npy real.npy",
             "real.npy: row 2: label 2.5 is not a whole number; expected class indices from 0");
  const std::string not_names = "; labels are class indices from 0, or names by --class-names";
  files.write("names.npy", image("<U3", "(4,)", 48));
  check_data(files, "p.npy names.npy",
             "names.npy: dtype '<U3' (text) is not supported; expected float16, float32, float64, "
             "bfloat16, int8 to int64, uint8 to uint64 or bool" +
                 not_names);
  files.write("names.csv", "animal\ncat\ndog\ncat\ncat\n");
  check_data(files, "p.npy names.csv", "names.csv:2:1: expected a number, got 'cat'" + not_names);
  files.write("id.csv", "id,label\n7,1\n8,1\n9,2\n10,0\n");
  check_data(files, "p.npy id.csv",
             "id.csv: row 0, column 0: one-hot labels: expected 0 or 1, got 7; name the column of "
             "the labels by --label-column");
  files.write("header.csv", "0\n1\n1\n2\n0\n");
  check_data(files, "p.npy header.csv",
             "header.csv: expected 4 labels for the 4 rows of p.npy, got 5; if the first row is a "
             "header, say --header yes");
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
  check_fails(files, "eval p.npy y.npy --sigmoid --from logits",
              "y.npy: labels: expected samples x labels of shape (4, 3) as in p.npy, got (4,)");
  files.save("t.npy", 4, 3, std::vector<std::int64_t>{1, 0, 0, 0, 0, 2, 0, 0, 1, 1, 0, 0});
  check_fails(files, "eval p.npy t.npy --sigmoid --from logits",
              "t.npy: label 2 at row 1 is not in [0, 2), in column 2");
  files.save("t.npy", 4, 3, std::vector<double>{1, 0, 0, 0, 0, 0.5, 0, 0, 1, 1, 0, 0});
  check_fails(files, "eval p.npy t.npy --sigmoid --from logits",
              "t.npy: target 0.5 at row 1, column 2 is not 0 or 1");
  files.save("t.npy", 4, 3, std::vector<double>{1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0});
  files.save("p2.npy", 4, 3, std::vector<double>{0, 0, 0, 0, quiet_nan, 0, 0, 0, 0, 0, 0, 0});
  check_fails(files, "eval p2.npy t.npy --sigmoid --from logits",
              "p2.npy: score nan at row 1, column 1; expected a finite number");
}

TEST_CASE("bad input: models", "[cli]") {
  const small_workplace files;
  REQUIRE(files.run("fit p.npy y.npy --output model.json --from logits").status == 0);
  const std::string good = read_all(files.path("model.json"));
  const auto check_model = [&](const std::string& text, const std::string& message) {
    files.write("bad.json", text);
    check_fails(files, "apply bad.json p.npy --from logits --output out.npy", message);
  };
  check_fails(files, "apply none.json p.npy --from logits --output out.npy",
              "none.json: cannot open: No such file or directory");
  check_model("", "bad.json: the file is empty");
  check_model(good.substr(0, good.size() / 2), "bad.json: not a JSON document: ...");
  check_model(R"({"calibra": "0.1.0", "kind": "magic"})",
              "bad.json: no kind of recalibrator \"magic\"");
  check_model(R"({"calibra": "0.1.0", "kind": "one_against_rest", "parts": []})",
              "bad.json: one_against_rest: expected parts, got none");
  const std::size_t value = good.find("\"temperature\": ") + 15;
  check_model(good.substr(0, value) + '-' + good.substr(value),
              "bad.json: temperature_scaling(): temperature -...");
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

TEST_CASE("bad input: no columns, however many rows", "[cli]") {
  const small_workplace files;
  REQUIRE(files.run("fit p.npy y.npy --output model.json --from logits").status == 0);
  const std::string shape = "(26666666666666, 0)";
  files.write("none.npy", image("<f8", shape, 0));
  files.write("none_i.npy", image("<i8", shape, 0));
  const std::string message = "none.npy: expected at least 1 column, got shape " + shape;
  check_data(files, "none.npy y.npy", message);
  check_data(files, "none.npy none_i.npy", message);
  check_data(files, "none.npy y.npy --from probabilities", message);
  check_fails(files, "eval none.npy none_i.npy --sigmoid", message);
  check_fails(files, "eval none.npy y.npy --from confidences", message);
  check_fails(files, "apply model.json none.npy --output out.npy", message);
  check_data(files, "p.npy none_i.npy",
             "none_i.npy: expected at least 1 column, got shape " + shape);
  check_data(files, "p.npy y.npy --weights none.npy", message);
}

TEST_CASE("bad input: columns of a table that are no scores", "[cli]") {
  workplace files;
  files.save("y.npy", std::vector<std::int64_t>{0, 1});
  files.write("p.csv", "p0,p1,label\n.75,.25,0\n.5,.5,1\n");
  const std::string choose =
      ", so it is not taken for scores; name the columns of the scores by --score-columns";
  check_data(files, "p.csv y.npy", "p.csv:1:7: column 2 is called 'label'" + choose);
  files.write("i.csv", ",p0,p1\n0,.75,.25\n1,.5,.5\n");
  check_data(files, "i.csv y.npy",
             "i.csv:1:1: column 0 has no name, as an index has none" + choose);
  files.write("w.csv", ".75,.25,0\n.5,.5,1\n");
  check_data(files, "w.csv y.npy",
             "w.csv: column 2 holds whole numbers beside columns of fractions" + choose);
  files.write("c.csv", "0,1,2\n.5,.25,.25\n");
  files.save("c.npy", std::vector<std::int64_t>{0, 1});
  check_data(
      files, "c.csv c.npy",
      "c.csv:1: the first row counts from 0 to 2: names of columns or a sample? say --header "
      "yes or --header no");
  check_data(files, "p.csv y.npy --score-columns p0,q",
             "p.csv: no column named 'q'; it holds 'p0', 'p1', 'label'");
  check_data(files, "y.npy y.npy --score-columns p0",
             "y.npy: columns are chosen by name in .csv and .tsv files only");
  check_data(files, "p.csv y.npy --from probabilities --header no",
             "p.csv:1:1: expected a number, got 'p0'");
  files.write("n.csv", ",0,1\n0,.75,.25\n1,.5,.5\n");
  check_data(files, "n.csv y.npy",
             "n.csv:1:1: expected a number, got an empty field; this row holds a number, so it is "
             "no header unless --header yes says so");
  check_fails(files, "eval p.csv y.npy --from confidences",
              "p.csv: values: expected shape (n,) or (n, 1), got shape (2, 3); name the columns of "
              "the scores by --score-columns");
}

TEST_CASE("bad input: output that cannot be written", "[cli]") {
  const small_workplace files;
  REQUIRE(files.run("fit p.npy y.npy --output model.json --from logits").status == 0);
  std::filesystem::create_directory(files.path("d.npy"));
  std::filesystem::create_symlink("/dev/full", files.path("full.npy"));
  const std::vector<std::pair<std::string, std::string>> targets = {
      {"d.npy", "d.npy: cannot write: it is a directory"},
      {"nowhere/out.npy", "nowhere/out.npy: cannot write: No such file or directory"},
      {"full.npy", "full.npy: cannot write: it is not a regular file"}};
  for (const auto& [path, message] : targets)
    for (const char* command : {"eval p.npy y.npy", "fit p.npy y.npy", "apply model.json p.npy"})
      check_fails(files, concat(command, " --from logits --output ", path), message);
  // A report that does not reach standard output is a failure too, and nothing is written.
  const std::size_t entries = files.entries();
  for (const char* command : {"eval p.npy y.npy", "fit p.npy y.npy --output new.json"}) {
    const outcome r = files.run(concat(command, " --from logits"), {.out = "/dev/full"});
    CHECK(r.status == 1);
    CHECK(r.err == "calibra: standard output: cannot write: No space left on device\n");
    CHECK(files.entries() == entries);
  }
}

TEST_CASE("bad input: a failed run leaves the old output as it was", "[cli]") {
  const small_workplace files;
  files.write("report", "old");
  files.save("short.npy", std::vector<std::int64_t>{1, 1, 2});
  check_fails(files, "eval p.npy short.npy --output report", "short.npy: ...");
  CHECK(read_all(files.path("report")) == "old");
}
