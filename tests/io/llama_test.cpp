// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "calibra/io/llama.hpp"

#include <bit>
#include <limits>

#include "calibra/calibra.hpp"
#include "calibra/io/load.hpp"
#include "calibra/io/npy.hpp"
#include "llama_files.hpp"

using calibra::io::llama_dump;
using calibra::io::load_llama;

namespace {

void check_same(const calibra::evaluation& got, const calibra::evaluation& expected) {
  REQUIRE(got.samples == expected.samples);
  REQUIRE(got.metrics.size() == expected.metrics.size());
  for (std::size_t m = 0; m < got.metrics.size(); ++m) {
    INFO(got.metrics[m].name << ' ' << got.metrics[m].value << ' ' << expected.metrics[m].value);
    CHECK(std::bit_cast<std::uint64_t>(got.metrics[m].value) ==
          std::bit_cast<std::uint64_t>(expected.metrics[m].value));
  }
}

llama_dump dump_of(const std::string& bytes) {
  const auto owner = std::make_shared<const std::string>(bytes);
  return {"a.kld", std::as_bytes(std::span(*owner)), owner};
}
std::string said(const std::string& bytes) {
  const io_test::scratch files;
  return files.message([&] { dump_of(bytes); });
}
std::string with(std::string image, std::size_t at, std::int32_t size) {
  return image.replace(at, 4, io_test::bytes_of(size));
}

}  // namespace

TEST_CASE("token logits: metrics at the size of a vocabulary are those of the decoded matrix",
          "[llama]") {
  const io_test::scratch files;
  io_test::token_logits text = io_test::random_tokens(202, 32000, 3, 1);
  for (std::size_t i = 0; i < text.logits.size(); i += 2)  // some words that are right, and sure
    text.logits[i][static_cast<std::size_t>(io_test::next_tokens(text)[i])] =
        static_cast<float>(14 + i % 9);
  const llama_dump dump = load_llama(files.write("base.kld", io_test::llama_image(text)));
  CHECK(dump.size() == 300);
  CHECK(dump.classes() == 32000);
  CHECK(dump.chunks() == 3);
  CHECK(dump.chunk_tokens() == 202);
  const calibra::matrix<float> rows = io_test::decoded(text);
  calibra::io::save_npy(files.path("rows.npy"), rows.view());
  const calibra::metric_list list({calibra::accuracy, calibra::nll, calibra::brier, calibra::ece,
                                   calibra::mce, calibra::ace, calibra::ks_error,
                                   calibra::classwise_ece, calibra::mean_confidence});
  const std::vector<std::int64_t> labels = io_test::next_tokens(text);
  for (const unsigned threads : {1U, 2U}) {
    const calibra::options o{.threads = {threads}};
    const calibra::evaluation expected =
        calibra::io::load(files.path("rows.npy")).visit_scores([&](const auto& z) {
          return calibra::evaluate(calibra::logits(z), labels, list, o);
        });
    CHECK(expected.metrics[0].value > 0.2);
    check_same(calibra::evaluate(dump.scores(), dump.labels(), list, o), expected);
  }
}

TEST_CASE("token logits: vocabularies and chunks of every small size", "[llama]") {
  for (const std::int32_t words : {1, 2, 3, 4, 5, 8, 11})
    for (const std::int32_t chunk_tokens : {1, 2, 3, 4, 5, 8})
      for (const std::int32_t chunks : {0, 1, 3}) {
        INFO(words << " words, " << chunks << " chunks of " << chunk_tokens);
        const auto text = io_test::random_tokens(chunk_tokens, words, chunks, 7);
        const llama_dump dump = dump_of(io_test::llama_image(text));
        REQUIRE(dump.size() == text.logits.size());
        const calibra::io::label_column labels = dump.labels();
        const std::vector<std::int64_t> expected = io_test::next_tokens(text);
        REQUIRE(labels.size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) CHECK(labels[i] == expected[i]);
        const calibra::io::array bits = dump.quantised();
        CHECK(io_test::shape_of(bits) == io_test::sizes{dump.size(), dump.classes()});
        const std::vector<double> q = io_test::elements(bits);
        for (std::size_t i = 0; i < dump.size(); ++i)
          for (std::size_t k = 0; k < dump.classes(); ++k)
            CHECK(q[i * dump.classes() + k] == io_test::packed(text.logits[i]).q[k]);
        if (dump.size() == 0) continue;
        check_same(calibra::evaluate(dump.scores(), labels),
                   calibra::evaluate(calibra::logits(io_test::decoded(text)), labels));
      }
}

TEST_CASE("token logits: scores outlive the dump, and are fitted to as a matrix is", "[llama]") {
  const auto text = io_test::random_tokens(4002, 7, 1, 3);
  const auto scores = dump_of(io_test::llama_image(text)).scores();
  const calibra::matrix<float> rows = io_test::decoded(text);
  const std::vector<std::int64_t> labels = io_test::next_tokens(text);
  const auto fitted = calibra::fit<calibra::temperature_scaling>(scores, labels);
  const auto expected = calibra::fit<calibra::temperature_scaling>(calibra::logits(rows), labels);
  CHECK(fitted.temperature() == expected.temperature());
  check_same(calibra::evaluate(calibra::recalibrated(fitted, scores), labels),
             calibra::evaluate(calibra::recalibrated(expected, calibra::logits(rows)), labels));
}

TEST_CASE("token logits: a file cut at any byte is refused, and one with more", "[llama]") {
  const std::string image = io_test::llama_image(io_test::random_tokens(6, 3, 2, 5));
  for (std::size_t n = 0; n < image.size(); ++n) {
    INFO(n);
    CHECK(said(image.substr(0, n)).starts_with("a.kld: "));
  }
  CHECK(said(image) == "");
  CHECK(said("") == "a.kld: expected it to begin with '_logits_' and three sizes, got 0 bytes");
  CHECK(said(image.substr(0, 40)) ==
        "a.kld: truncated data: expected 12 tokens of 2 chunks, got 20 bytes");
  CHECK(said(image.substr(0, image.size() - 1)) ==
        "a.kld: truncated data: expected 4 rows of 16 bytes behind the tokens, got 63 bytes");
  CHECK(said(image + "x") ==
        "a.kld: too many bytes: expected 4 rows of 16 bytes behind the tokens, got 65 bytes");
  CHECK(said("_LOGITS_" + image.substr(8)) ==
        "a.kld: expected it to begin with '_logits_' and three sizes, got something else");
}

TEST_CASE("token logits: sizes that the file does not have are refused", "[llama]") {
  const std::string image = io_test::llama_image(io_test::random_tokens(6, 3, 2, 5));
  constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
  CHECK(said(with(image, 8, 0)) == "a.kld: expected at least 1 tokens a chunk, got 0");
  CHECK(said(with(image, 8, -6)) == "a.kld: expected at least 1 tokens a chunk, got -6");
  CHECK(said(with(image, 12, 0)) == "a.kld: expected at least 1 words in the vocabulary, got 0");
  CHECK(said(with(image, 16, -1)) == "a.kld: expected at least 0 chunks, got -1");
  CHECK(said(with(with(image, 8, most), 16, most)) ==
        "a.kld: truncated data: expected 4611686014132420609 tokens of 2147483647 chunks, got 112 "
        "bytes");
  CHECK(said(with(image, 12, most)) ==
        "a.kld: truncated data: expected 4 rows of 4294967304 bytes behind the tokens, got 64 "
        "bytes");
  CHECK(said(with(image, 12, 1)) ==
        "a.kld: too many bytes: expected 4 rows of 12 bytes behind the tokens, got 64 bytes");
  CHECK(said(with(image, 16, 1)) ==
        "a.kld: too many bytes: expected 2 rows of 16 bytes behind the tokens, got 88 bytes");
  CHECK(said(with(image, 16, 0)) ==
        "a.kld: too many bytes: expected 0 rows of 16 bytes behind the tokens, got 112 bytes");
}

TEST_CASE("token logits: numbers that are none, and tokens beyond the vocabulary", "[llama]") {
  const auto text = io_test::random_tokens(6, 3, 2, 5);
  const std::string image = io_test::llama_image(text);
  const auto ece_of = [](const std::string& bytes) {
    const llama_dump dump = dump_of(bytes);
    const io_test::scratch files;
    return files.message([&] { static_cast<void>(calibra::ece(dump.scores(), dump.labels())); });
  };
  CHECK(ece_of(image) == "");
  std::string bad = image;
  bad.replace(20 + 12 * 4 + 16, 4, io_test::bytes_of(std::numeric_limits<float>::quiet_NaN()));
  CHECK(ece_of(bad) == "ece(): score nan at row 1, column 0; expected a finite number or -inf");
  bad.replace(20 + 12 * 4 + 16, 8, io_test::bytes_of(std::vector<float>(2, 1e38F)));
  CHECK(ece_of(bad) != "");
  CHECK(ece_of(with(image, 20 + 4 * 4, 3)) == "ece(): label 3 at row 0 is not in [0, 3)");
  CHECK(ece_of(with(image, 20 + 5 * 4, -2)) == "ece(): label -2 at row 1 is not in [0, 3)");
  CHECK(ece_of(with(image, 20, 99)) == "");  // the first half of a chunk is not predicted
}

TEST_CASE("token logits: the kind of a file is seen by how it begins", "[llama]") {
  const io_test::scratch files;
  const std::string image = io_test::llama_image(io_test::random_tokens(6, 3, 2, 5));
  for (const char* name : {"base.kld", "base.bin", "base"}) {
    CHECK(calibra::io::holds_llama(files.write(name, image)));
    CHECK(files.message([&] { static_cast<void>(calibra::io::load(files.path(name))); }) ==
          name + std::string(": holds token logits of llama.cpp; expected an array"));
    CHECK(files.message([&] { static_cast<void>(calibra::io::contents(files.path(name))); }) ==
          name + std::string(": holds token logits of llama.cpp; expected an array"));
  }
  CHECK_FALSE(calibra::io::holds_llama(files.write("base.npy", image)));
  CHECK_FALSE(calibra::io::holds_llama(files.write("short.bin", "_logits")));
  CHECK_FALSE(calibra::io::holds_llama(files.path("")));
  CHECK_FALSE(calibra::io::holds_llama(files.path("nothing.bin")));
  CHECK(calibra::io::detail::kind_by_content(image) == calibra::io::file_kind::llama);
  CHECK(files.message([&] { load_llama(files.path("nothing.bin")); }) ==
        "nothing.bin: cannot open: No such file or directory");
}
