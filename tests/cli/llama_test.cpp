// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Token logits of llama.cpp on the command line.
#include "llama_files.hpp"

#include "program.hpp"

using namespace cli_test;

namespace {

/// A file of token logits, and the same as two arrays.
class token_files : public workplace {
 public:
  token_files() {
    const io_test::token_logits text = io_test::random_tokens(42, 301, 4, 9);
    image = io_test::llama_image(text);
    write("base.kld", image);
    const calibra::matrix<float> rows = io_test::decoded(text);
    calibra::io::save_npy(path("z.npy"), rows.view());
    save("y.npy", io_test::next_tokens(text));
  }
  std::string image;
};

}  // namespace

TEST_CASE("token logits: every command measures what it does of the decoded array", "[cli]") {
  const token_files files;
  const auto same = [&](const std::string& command, const std::string& flags) {
    INFO(command << flags);
    const outcome a = files.run(command + " base.kld" + flags);
    const outcome b = files.run(command + " z.npy y.npy" + flags);
    CHECK(a.err == b.err);
    REQUIRE(a.status == 0);
    CHECK(a.out == b.out);
  };
  same("eval", " --format json");
  same("eval", " --metrics nll,ece --interval --replicates 50 --format json");
  same("eval", " --metrics ece --by label --format csv");
  same("test", " --format json");
  same("fit", " -o a.json");
  same("eval", " --apply a.json --format json");
  same("diagram", " -o a.svg");
  CHECK(files.run("eval base.kld --from logits").status == 0);
  CHECK(files.run("eval - --metrics nll --format csv", {.in = files.path("base.kld")}).out ==
        files.run("eval base.kld --metrics nll --format csv").out);
  files.write("part-1.bin", files.image);
  files.write("part-2.bin", files.image);
  CHECK(files.run("eval part-*.bin --metrics nll").out.find("160 samples, 301 classes") == 0);
}

TEST_CASE("token logits: look says what is in the file", "[cli]") {
  const token_files files;
  CHECK(files.run("look base.kld").out ==
        "base.kld: token logits of llama.cpp\n"
        "  80 samples: the second half of 4 chunks of 42 tokens\n"
        "  301 classes: the vocabulary, log-probabilities of 16 bits\n"
        "  labels: the tokens of the text\n");
}

TEST_CASE("token logits: what does not fit is said", "[cli]") {
  const token_files files;
  const auto said = [&](const std::string& arguments, int status) {
    return error_of(files, arguments, status);
  };
  CHECK(
      said("eval base.kld y.npy", 2) ==
      "calibra: base.kld holds its scores and labels, the tokens of the text; expected no LABELS, "
      "and no names of arrays or columns\n");
  CHECK(said("eval base.kld --from probabilities", 2) ==
        "calibra: base.kld holds log-probabilities, which are read as logits; expected no other "
        "--from\n");
  CHECK(said("eval base.kld --class-axis 1", 2) ==
        "calibra: --class-axis and --sigmoid: not for the token logits of base.kld\n");
  CHECK(said("eval base.kld --sigmoid", 2) ==
        "calibra: --class-axis and --sigmoid: not for the token logits of base.kld\n");
  CHECK(said("compare base.kld z.npy y.npy", 2) ==
        "calibra: compare: takes files of arrays, not of records or token logits\n");
  CHECK(said("eval z.npy base.kld", 1) ==
        "calibra: base.kld: holds token logits of llama.cpp; expected an array\n");
  CHECK(files.run("fit z.npy y.npy -o m.json").status == 0);
  CHECK(said("apply m.json base.kld -o b.npy", 1) ==
        "calibra: base.kld: holds token logits of llama.cpp; expected an array\n");
  files.write("cut.kld", files.image.substr(0, 1000));
  CHECK(
      said("eval cut.kld", 1) ==
      "calibra: cut.kld: truncated data: expected 80 rows of 612 bytes behind the tokens, got 308 "
      "bytes\n");
  std::string none = "_logits_";
  for (const std::int32_t size : {512, 301, 0}) none += io_test::bytes_of(size);
  files.write("none.kld", none);
  CHECK(said("eval none.kld", 1) ==
        "calibra: none.kld: no samples: expected at least 1 token to predict, got 0 chunks of 512 "
        "tokens\n");
  std::string nan = files.image;
  nan.replace(20 + 42 * 4 * 4 + 3 * 612, 4,
              io_test::bytes_of(std::numeric_limits<float>::quiet_NaN()));
  files.write("nan.kld", nan);
  CHECK(said("eval nan.kld", 1) ==
        "calibra: nan.kld: score nan at row 3, column 0; expected a finite number or -inf\n");
  CHECK(files.run("eval nan.kld --nan count --metrics nll").out.find("79 samples") == 0);
}
