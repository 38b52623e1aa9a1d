// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// One file of several arrays, or one table, is enough; `calibra look`.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "pt_files.hpp"

using namespace cli_test;
using calibra::detail::concat;
using nlohmann::json;

namespace {

std::string scores_npy() {
  return io_test::npy_image(io_test::npy_dict("<f8", "(4, 3)"), io_test::bytes_of(small_scores));
}
std::string labels_npy() {
  return io_test::npy_image(io_test::npy_dict("<i8", "(4,)"), io_test::bytes_of(small_labels));
}

/// The small data as a .pt file: a dictionary of these names.
std::string small_pt(const std::string& scores, const std::string& labels) {
  return io_test::pt_image(
      io_test::pickle_of(io_test::pickled_dict(
          {{scores, io_test::pickled(io_test::pt_tensor{"DoubleStorage", "0", {4, 3}, {3, 1}})},
           {labels, io_test::pickled(io_test::pt_tensor{"LongStorage", "1", {4}, {1}})}})),
      {{"0", io_test::bytes_of(small_scores)}, {"1", io_test::bytes_of(small_labels)}});
}
std::string small_npz(const std::string& scores, const std::string& labels) {
  return io_test::zip_image({{scores + ".npy", scores_npy()}, {labels + ".npy", labels_npy()}});
}
std::string small_safetensors(const std::string& scores, const std::string& labels) {
  return io_test::safetensors_image(
      "{\"" + scores + R"(":{"dtype":"F64","shape":[4,3],"data_offsets":[0,96]},")" + labels +
          R"(":{"dtype":"I64","shape":[4],"data_offsets":[96,128]}})",
      io_test::bytes_of(small_scores) + io_test::bytes_of(small_labels));
}

/// That the small data were measured, of what the line on standard error says.
void check_taken(const workplace& files, const std::string& arguments, const std::string& taken) {
  INFO(arguments);
  const outcome r = files.run("eval " + arguments + " --bins 2 --format json");
  CHECK(r.err == (taken.empty() ? "" : taken + "\n"));
  REQUIRE(r.status == 0);
  const json found = json::parse(r.out);
  CHECK(found["metrics"]["ece"] == 0.15625);
  CHECK(found["metrics"]["accuracy"] == 0.5);
  CHECK(found["options"]["from"] == "probabilities");
}

}  // namespace

TEST_CASE("one file: scores and labels by their names", "[cli]") {
  const workplace files;
  // A name of probabilities says --from.
  files.write("a.npz", small_npz("probs", "targets"));
  check_taken(files, "a.npz", "a.npz: scores 'probs', labels 'targets'");
  files.write("a.pt", small_pt("probs", "y"));
  check_taken(files, "a.pt", "a.pt: scores 'probs', labels 'y'");
  files.write("a.pth", small_pt("test.softmax", "test.labels"));
  check_taken(files, "a.pth", "a.pth: scores 'test.softmax', labels 'test.labels'");
  files.write("a.safetensors", small_safetensors("probabilities", "label"));
  check_taken(files, "a.safetensors", "a.safetensors: scores 'probabilities', labels 'label'");
  // A '+' in the name of a folder does not stand between two files.
  std::filesystem::create_directory(files.path("a+b"));
  files.write("a+b/a.npz", small_npz("probs", "targets"));
  check_taken(files, "a+b/a.npz", "a+b/a.npz: scores 'probs', labels 'targets'");
  // Names that say nothing; they do not say --from either.
  files.write("b.npz", small_npz("arr_0", "arr_1"));
  check_taken(files, "b.npz --from probabilities", "b.npz: scores 'arr_0', labels 'arr_1'");
  CHECK(error_of(files, "eval b.npz", 2) ==
        "b.npz: scores 'arr_0', labels 'arr_1'\ncalibra: b.npz:arr_0: every row looked at lies in "
        "[0, 1] and sums to 1; say --from probabilities, or --from logits if they are logits\n");
  // What is said goes before what a name says.
  const outcome logits = files.run("eval a.npz --from logits --format json");
  CHECK(json::parse(logits.out)["options"]["from"] == "logits");
}

TEST_CASE("one file: arrays that are said", "[cli]") {
  const workplace files;
  files.write("y.npy", labels_npy());
  files.write("p.npy", scores_npy());
  files.write("a.npz", io_test::zip_image({{"probs.npy", scores_npy()},
                                           {"logits.npy", scores_npy()},
                                           {"y.npy", labels_npy()},
                                           {"target.npy", labels_npy()}}));
  check_taken(files, "a.npz --scores probs --labels y", "a.npz: scores 'probs', labels 'y'");
  CHECK(
      error_of(files, "eval a.npz", 1) ==
      "calibra: a.npz: several arrays could be scores: 'probs', 'logits'; say which are scores by "
      "--scores\n");
  CHECK(error_of(files, "eval a.npz --scores probs", 1) ==
        "calibra: a.npz: several arrays could be labels: 'y', 'target'; say which are labels by "
        "--labels\n");
  const std::string held = "'; it holds 'probs', 'logits', 'y', 'target'";
  CHECK(error_of(files, "eval a.npz --scores prob --labels y", 1) ==
        "calibra: a.npz: no array named 'prob" + held + "; did you mean \"probs\"?\n");
  CHECK(error_of(files, "eval a.npz --scores probs --labels none", 1) ==
        "calibra: a.npz: no array named 'none" + held + "\n");
  CHECK(error_of(files, "eval a.npz:probz", 1) ==
        "calibra: a.npz: no array or group named 'probz" + held + "; did you mean \"probs\"?\n");
  CHECK(error_of(files, "eval a.npz:probs", 2) ==
        "calibra: LABELS is required, or --labels NAME of SCORES\n");
  check_taken(files, "a.npz:probs --labels y --from probabilities", "");
  CHECK(error_of(files, "eval a.npz:probs --labels z", 1) ==
        "calibra: a.npz: no array named 'z" + held + "\n");
  // Ends of names that .npz files have; several files.
  check_taken(files, "a.npz:probs.npy a.npz:y.npy --from probabilities", "");
  check_taken(files, "a.npz --scores probs.npy --labels y.npy --from probabilities",
              "a.npz: scores 'probs.npy', labels 'y.npy'");
  check_taken(files, "a.npz:probs+p.npy y.npy --from probabilities", "");
  // Beside a file of labels, and beside one of several arrays.
  check_taken(files, "a.npz y.npy --scores probs", "a.npz: scores 'probs'");
  files.write("l.npz", small_npz("features", "labels"));
  check_taken(files, "p.npy l.npz --from probabilities", "l.npz: labels 'labels'");
  // With a name behind ':' nothing is looked for.
  check_taken(files, "a.npz:probs a.npz:y --from probabilities", "");
  CHECK(error_of(files, "eval a.npz y.npy --labels y", 2) ==
        "calibra: --labels: names an array of SCORES, so that LABELS is not to be given\n");
  CHECK(
      error_of(files, "eval p.npy y.npy --scores p", 2) ==
      "calibra: --scores: names an array of an .npz, .safetensors, .pt or .h5 file, got 'p.npy'\n");
  CHECK(
      error_of(files, "eval p.npy --labels p", 2) ==
      "calibra: --labels: names an array of an .npz, .safetensors, .pt or .h5 file, got 'p.npy'\n");
}

TEST_CASE("one file: compare", "[cli]") {
  const workplace files;
  files.write("y.npy", labels_npy());
  files.write("p.npy", scores_npy());
  files.write("a.npz", small_npz("probs", "y"));
  files.write("b.pt", small_pt("probs", "y"));
  files.write("z.npz", small_npz("logits", "y"));
  const std::string plain =
      files.run("compare p.npy p.npy y.npy --from probabilities --metrics nll --format json").out;
  for (const auto& [arguments, taken] : std::vector<std::pair<std::string, std::string>>{
           {"a.npz b.pt", "a.npz: scores 'probs', labels 'y'\nb.pt: scores 'probs'\n"},
           {"a.npz a.npz --scores probs --labels y",
            "a.npz: scores 'probs', labels 'y'\na.npz: scores 'probs'\n"},
           {"a.npz p.npy y.npy --from probabilities", "a.npz: scores 'probs'\n"},
           {"p.npy b.pt a.npz --from probabilities",
            "a.npz: labels 'y'\nb.pt: scores 'probs'\n"}}) {
    INFO(arguments);
    const outcome r = files.run("compare " + arguments + " --metrics nll --format json");
    CHECK(r.err == taken);
    CHECK(r.out == plain);
  }
  CHECK(error_of(files, "compare a.npz z.npz", 2)
            .ends_with("calibra: z.npz:logits: logits by its name, but a.npz:probs probabilities; "
                       "say --from\n"));
  CHECK(error_of(files, "compare p.npy p.npy --from probabilities", 2) ==
        "calibra: LABELS is required, or --labels or --label-column of A\n");
  // A name tells what both are; what looks like probabilities is not taken for logits.
  CHECK(files.run("compare a.npz p.npy y.npy --metrics nll --format json").out == plain);
  CHECK(files.run("compare p.npy a.npz y.npy --metrics nll --format json").out == plain);
  for (const char* both : {"z.npz p.npy", "p.npy z.npz y.npy"})
    CHECK(error_of(files, concat("compare ", both), 2).find("p.npy: every row looked at lies in") !=
          std::string::npos);
  files.write("c.npz", small_npz("confidences", "y"));
  CHECK(error_of(files, "compare c.npz c.npz", 2)
            .ends_with("calibra: compare: expected logits or probabilities, got confidences\n"));
  // Tables: labels of A; B may have them too.
  std::string with = "a,b,c,y\n", without = "a,b,c\n";
  for (std::size_t i = 0; i < 4; ++i) {
    std::string row;
    for (std::size_t j = 0; j < 3; ++j)
      row += (j == 0 ? "" : ",") + std::to_string(small_scores[3 * i + j]);
    with += row + "," + std::to_string(small_labels[i]) + "\n";
    without += row + "\n";
  }
  files.write("with.csv", with);
  files.write("without.csv", without);
  for (const char* b : {"with.csv", "without.csv"})
    CHECK(files
              .run(concat("compare with.csv ", b,
                          " --label-column y --from probabilities --metrics nll --format json"))
              .out == plain);
}

TEST_CASE("one file: other commands", "[cli]") {
  const workplace files;
  files.write("a.pt", small_pt("probs", "labels"));
  const std::string taken = "a.pt: scores 'probs', labels 'labels'\n";
  CHECK(files.run("test a.pt --tests kuiper").err == taken);
  CHECK(files.run("fit a.pt --method temperature -o m.json").err == taken);
  const outcome applied = files.run("apply m.json a.pt -o q.npy --as probabilities");
  CHECK(applied.err == "a.pt: scores 'probs'\n");
  CHECK(applied.status == 0);
  // The same as of a file of scores alone.
  files.write("p.npy", scores_npy());
  CHECK(files.run("apply m.json p.npy --from probabilities -o r.npy --as probabilities").status ==
        0);
  CHECK(read_all(files.path("q.npy")) == read_all(files.path("r.npy")));
}

TEST_CASE("one file: confidences and hits", "[cli]") {
  const workplace files;
  const std::string confidence =
      io_test::npy_image(io_test::npy_dict("<f8", "(4,)"),
                         io_test::bytes_of(std::vector<double>{0.75, 0.5, 0.5, 0.875}));
  const std::string hits = io_test::npy_image(
      io_test::npy_dict("<i8", "(4,)"), io_test::bytes_of(std::vector<std::int64_t>{1, 0, 1, 0}));
  files.write("a.npz", io_test::zip_image({{"confidence.npy", confidence}, {"correct.npy", hits}}));
  const outcome r = files.run("eval a.npz --bins 2 --metrics ece --format json");
  CHECK(r.err == "a.npz: scores 'confidence', labels 'correct'\n");
  CHECK(json::parse(r.out)["metrics"]["ece"] == 0.15625);
  files.write("a.csv", "file,conf,right\na,0.75,1\nb,0.5,0\nc,0.5,1\nd,0.875,0\n");
  const std::string columns = "eval a.csv --confidence-column conf --label-column right ";
  const outcome table = files.run(columns + "--bins 2 --metrics ece --format json");
  CHECK(table.err == "");
  CHECK(json::parse(table.out)["metrics"]["ece"] == 0.15625);
  CHECK(json::parse(table.out)["options"]["from"] == "confidences");
  CHECK(error_of(files, columns + "--from logits", 2) ==
        "calibra: --from excludes --confidence-column\n");
}

TEST_CASE("one file: what the scores are decides which labels, and what is refused", "[cli]") {
  const workplace files;
  const auto npy = [](const std::string& type, const auto& x) {
    return io_test::npy_image(io_test::npy_dict(type, "(4,)"), io_test::bytes_of(x));
  };
  const std::string confidence = npy("<f8", std::vector<double>{0.75, 0.5, 0.5, 0.875});
  const std::string hits = npy("<i8", std::vector<std::int64_t>{1, 0, 1, 0});
  const std::string others = npy("<i8", std::vector<std::int64_t>{0, 1, 1, 1});
  files.write("a.npz",
              io_test::zip_image(
                  {{"scores.npy", confidence}, {"labels.npy", others}, {"correct.npy", hits}}));
  const outcome r = files.run("eval a.npz --from confidences --bins 2 --format json");
  CHECK(r.err == "a.npz: scores 'scores', labels 'correct'\n");
  CHECK(json::parse(r.out)["metrics"]["ece"] == 0.15625);
  // No command takes confidences for probabilities.
  files.write("c.npz",
              io_test::zip_image({{"confidences.npy", confidence}, {"correct.npy", hits}}));
  files.save("z.npy", std::vector<double>{1, -1, 2, -2, 0.5});
  files.save("y.npy", std::vector<std::int64_t>{1, 0, 1, 1, 0});
  REQUIRE(files.run("fit z.npy y.npy -o m.json").status == 0);
  CHECK(error_of(files, "apply m.json c.npz -o o.npy", 2)
            .find("calibra: apply: expected logits or probabilities, got confidences\n") !=
        std::string::npos);
  CHECK(error_of(files, "eval none.npz", 1) ==
        "calibra: none.npz: cannot open: No such file or directory\n");
}

TEST_CASE("look: what is in a file", "[cli]") {
  const workplace files;
  files.write("a.pt", small_pt("probs", "labels"));
  CHECK(files.run("look a.pt").out ==
        "a.pt: 2 arrays\n"
        "  probs   float64  (4, 3)  [0.0625, 0.875]: probabilities\n"
        "  labels  int64    (4,)    [0, 2]: labels\n");
  files.save("z.npy", 2, 2, std::vector<double>{-1.5, 2, 0, 4e10});
  CHECK(files.run("look z.npy").out ==
        "z.npy: 1 array\n  float64  (2, 2)  [-1.5, 4e+10]: logits\n");
  files.write("t.csv", "file,p,y\na.png,0.5,1\n");
  CHECK(files.run("look t.csv").out ==
        "t.csv: 3 columns\n  file  text\n  p     float64\n  y     int64\n");
  const auto shape = [&](const std::string& descr, const std::string& text,
                         const std::string& data) {
    files.write(
        "b.npz",
        io_test::zip_image({{"x.npy", io_test::npy_image(io_test::npy_dict(descr, text), data)}}));
    return files.run("look b.npz").out;
  };
  CHECK(shape("<f4", "(1, 2, 3)", io_test::small_data()) ==
        "b.npz: 1 array\n  x  float32  (1, 2, 3)  [0, 5]: whole numbers\n");
  CHECK(shape("<f4", "(0, 3)", "") == "b.npz: 1 array\n  x  float32  (0, 3)  no numbers\n");
  CHECK(shape("<i8", "(2,)", io_test::bytes_of(std::vector<std::int64_t>{-1, 1})) ==
        "b.npz: 1 array\n  x  int64  (2,)  [-1, 1]: labels, some negative\n");
  const std::string named = "\x1b[31m\nfake";
  files.write("e.npz", io_test::zip_image({{named + ".npy", io_test::small_npy()}}));
  const std::string shown = files.run("look e.npz").out;
  CHECK(shown.find('\x1b') == std::string::npos);
  CHECK(std::count(shown.begin(), shown.end(), '\n') == 2);
  // A group, or one of the arrays; texts.
  CHECK(files.run("look a.pt:labels").out ==
        "a.pt: 1 array\n  labels  int64  (4,)  [0, 2]: labels\n");
  CHECK(error_of(files, "look a.pt:label", 1) ==
        "calibra: a.pt: no array or group named 'label'; it holds 'probs', 'labels'; did you mean "
        "\"labels\"?\n");
  const std::string texts =
      io_test::npy_image(io_test::npy_dict("<U1", "(2,)"), std::string("a\0\0\0b\0\0\0", 8));
  files.write("t.npy", texts);
  CHECK(files.run("look t.npy").out ==
        "t.npy: 1 array\n  text    names: labels, with --class-names\n");
  files.write("t.npz", io_test::zip_image({{"y.npy", texts}}));
  CHECK(files.run("look t.npz").out ==
        "t.npz: 1 array\n  y  text    names: labels, with --class-names\n");
  for (const char* spec : {"none.npz", "none.npz:x"})
    CHECK(error_of(files, concat("look ", spec), 1) ==
          "calibra: none.npz: cannot open: No such file or directory\n");
  CHECK(error_of(files, "look a.dat", 1).find("unknown extension '.dat'") != std::string::npos);
}

TEST_CASE("one file: a group of it is enough", "[cli]") {
  const workplace files;
  files.write("a.safetensors",
              io_test::safetensors_image(
                  R"({"m/probs":{"dtype":"F64","shape":[4,3],"data_offsets":[0,96]},)"
                  R"("m/labels":{"dtype":"I64","shape":[4],"data_offsets":[96,128]},)"
                  R"("n.probs_test":{"dtype":"F64","shape":[4,3],"data_offsets":[128,224]},)"
                  R"("n.labels_test":{"dtype":"I64","shape":[4],"data_offsets":[224,256]}})",
                  io_test::bytes_of(small_scores) + io_test::bytes_of(small_labels) +
                      io_test::bytes_of(small_scores) + io_test::bytes_of(small_labels)));
  check_taken(files, "a.safetensors:m", "a.safetensors: scores 'm/probs', labels 'm/labels'");
  check_taken(files, "a.safetensors:n",
              "a.safetensors: scores 'n.probs_test', labels 'n.labels_test'");
  check_taken(files, "a.safetensors:m a.safetensors:n",
              "a.safetensors: scores 'm/probs'; a.safetensors: labels 'n.labels_test'");
  check_taken(files, "a.safetensors:m --labels n.labels_test",
              "a.safetensors: scores 'm/probs', labels 'n.labels_test'");
  const outcome none = files.run("eval a.safetensors:p a.safetensors:m");
  CHECK(none.status == 1);
  CHECK(none.err.find("no array or group named 'p'; it holds 'm/labels'") != std::string::npos);
  check_taken(files, "a.safetensors:m/", "a.safetensors: scores 'm/probs', labels 'm/labels'");
  CHECK(files.run("look a.safetensors:n").out ==
        "a.safetensors: 2 arrays\n"
        "  n.labels_test  int64    (4,)    [0, 2]: labels\n"
        "  n.probs_test   float64  (4, 3)  [0.0625, 0.875]: probabilities\n");
  CHECK(files.run("eval a.safetensors").err.find("several arrays could be scores") !=
        std::string::npos);
}

TEST_CASE("one file: from standard input", "[cli]") {
  const workplace files;
  files.write("z.npy", scores_npy());
  files.write("y.npy", labels_npy());
  std::string table = "a,b,c,y\n";
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 3; ++j) table += std::to_string(small_scores[3 * i + j]) + ",";
    table += std::to_string(small_labels[i]) + "\n";
  }
  files.write("t.csv", table);
  files.write("r.jsonl", "{\"c\":0.75,\"h\":1}\n{\"c\":0.25,\"h\":0}\n");
  const auto ece = [&](const std::string& arguments, const std::string& in) {
    const outcome r =
        files.run("eval " + arguments + " --format json", {.in = in.empty() ? in : files.path(in)});
    INFO(arguments << ": " << r.err);
    REQUIRE(r.status == 0);
    return json::parse(r.out)["metrics"]["ece"];
  };
  const json expected = ece("z.npy y.npy --from probabilities", "");
  CHECK(ece("- y.npy --from probabilities", "z.npy") == expected);
  CHECK(ece("z.npy - --from probabilities", "y.npy") == expected);
  CHECK(ece("- --label-column y --from probabilities", "t.csv") == expected);
  CHECK(ece("- --confidence c --correct h", "r.jsonl") == 0.25);
  CHECK(files.run("look -", {.in = files.path("t.csv")}).out.find("standard input: 4 columns") ==
        0);
  CHECK(files.run("eval - y.npy").err == "calibra: standard input: nothing came\n");
  files.write("a.npz", small_npz("z", "y"));
  CHECK(files.run("eval - y.npy", {.in = files.path("a.npz")}).err ==
        "calibra: standard input: expected text or .npy, got something else\n");
  CHECK(files.run("eval - -", {.in = files.path("z.npy")}).err.find("standard input is one file") !=
        std::string::npos);
  // A message about a row of it has its name.
  files.write("bad.csv", "1,2,3\n1,x,3\n");
  CHECK(files.run("eval - y.npy", {.in = files.path("bad.csv")}).err.find("standard input:2:3") !=
        std::string::npos);
}

TEST_CASE("one file: a header that a column is asked for in", "[cli]") {
  const workplace files;  // as pandas writes a frame whose columns have no names
  std::string table = "0,1,2,label\n";
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 3; ++j) table += std::to_string(small_scores[3 * i + j]) + ",";
    table += std::to_string(small_labels[i]) + "\n";
  }
  files.write("t.csv", table);
  check_taken(files, "t.csv --label-column label --from probabilities", "");
  CHECK(files.run("eval t.csv --label-column 3").status != 0);  // not a name of it
}
