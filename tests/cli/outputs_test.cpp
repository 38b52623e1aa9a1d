// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What is written where: never over a file that is read.
#include <filesystem>

#include "program.hpp"

using namespace cli_test;

namespace {

void check_refused(const workplace& files, const std::string& arguments,
                   const std::string& message) {
  INFO(arguments);
  const std::string scores = read_all(files.path("p.npy")), labels = read_all(files.path("y.npy"));
  const std::size_t entries = files.entries();
  const outcome r = files.run(arguments);
  CHECK(r.status == 2);
  CHECK(r.out == "");
  CHECK(r.err.ends_with("calibra: " + message + "\n"));
  CHECK(files.entries() == entries);
  CHECK(read_all(files.path("p.npy")) == scores);
  CHECK(read_all(files.path("y.npy")) == labels);
}

}  // namespace

TEST_CASE("outputs: a file that is read is not written", "[cli]") {
  const small_workplace files;
  const std::string data = " p.npy y.npy --from probabilities ";
  REQUIRE(files.run("fit" + data + "-o m.json").status == 0);
  REQUIRE(files.run("eval" + data + "--save-evidence e.cal").status == 0);
  std::filesystem::create_symlink("p.npy", files.path("link.npy"));
  std::filesystem::create_directory(files.path("d"));
  files.write("files.txt", "p.npy\n");
  const std::string expected = ": expected a file that is not read, got ";
  for (const std::string file : {"p.npy", "y.npy", "./y.npy", "d/../p.npy", "link.npy"}) {
    check_refused(files, "eval" + data + "-o " + file, "--output" + expected + "'" + file + "'");
    check_refused(files, "fit" + data + "-o " + file, "--output" + expected + "'" + file + "'");
    check_refused(files, "eval" + data + "--save-evidence " + file,
                  "--save-evidence" + expected + "'" + file + "'");
  }
  check_refused(files, "eval p.npy+p.npy y.npy --from probabilities -o p.npy",
                "--output" + expected + "'p.npy'");
  check_refused(files, "eval p.npy y.npy --from probabilities --weights y.npy -o y.npy",
                "--output" + expected + "'y.npy'");
  check_refused(files, "eval p*.npy y.npy --from probabilities -o p.npy",
                "--output" + expected + "'p.npy'");
  check_refused(files, "eval @files.txt y.npy --from probabilities -o files.txt",
                "--output" + expected + "'files.txt'");
  check_refused(files, "apply m.json p.npy --from probabilities -o p.npy",
                "--output" + expected + "'p.npy'");
  check_refused(files, "eval" + data + "--apply m.json -o m.json",
                "--output" + expected + "'m.json'");
  check_refused(files, "merge e.cal e.cal -o e.cal", "--output" + expected + "'e.cal'");
  check_refused(files, "compare p.npy p.npy y.npy --from probabilities -o p.npy",
                "--output" + expected + "'p.npy'");
  check_refused(files, "eval" + data + "--save-evidence -",
                "--save-evidence: expected the name of a file, got '-'");
  // Words, and names that begin as lists do.
  files.write("predicted", "");
  CHECK(files.run("eval" + data + "--by predicted -o predicted").status == 0);
  std::filesystem::copy(files.path("p.npy"), files.path("@p.npy"));
  check_refused(files, "eval @p.npy y.npy --from probabilities -o @p.npy",
                "--output" + expected + "'@p.npy'");
  // Evidence may grow in its own file.
  CHECK(files.run("merge e.cal e.cal --save-evidence e.cal").status == 0);
  CHECK(files.run("merge e.cal").out.find("8 samples") != std::string::npos);
}

TEST_CASE("outputs: two are two files", "[cli]") {
  const small_workplace files;
  std::filesystem::create_directory(files.path("d"));
  std::filesystem::create_symlink(".", files.path("here"));
  for (const std::string file : {"o", "./o", "d/../o", "here/o"})
    check_refused(files, "eval p.npy y.npy --from probabilities --save-evidence o --output " + file,
                  "--save-evidence and --output: expected two files, got '" + file + "' for both");
}

TEST_CASE("outputs: standard output by name", "[cli]") {
  const small_workplace files;
  const std::string eval = "eval p.npy y.npy --from probabilities --metrics nll";
  const outcome plain = files.run(eval);
  REQUIRE(plain.status == 0);
  const std::size_t entries = files.entries();
  for (const char* name : {"-", "/dev/stdout"})
    CHECK(files.run(eval + " -o " + name).out == plain.out);
  CHECK(files.entries() == entries);
  check_refused(files, "fit p.npy y.npy --from probabilities -o -",
                "--output: expected the name of a file, got '-'");
}

TEST_CASE("outputs: a page is called as one", "[cli]") {
  const small_workplace files;
  for (const std::string file : {"r.pdf", "r", "r.html.npy"})
    check_refused(files, "report p.npy y.npy --from probabilities -o " + file,
                  "--output: expected a name that ends in .html, got '" + file + "'");
  const std::string report = "report p.npy y.npy --from probabilities -o ";
  CHECK(files.run(report + "r.htm").status == 0);
  CHECK(files.run(report + "-").out.starts_with("<!doctype html>"));
}
