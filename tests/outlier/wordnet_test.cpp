// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/outlier/wordnet.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using calibra::read_nouns;
using calibra::read_wordnet_nouns;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

using nouns = std::vector<std::string>;

/// A file that goes away.
class text_file {
 public:
  explicit text_file(std::string_view text)
      : path_(std::filesystem::temp_directory_path() /
              ("calibra-nouns-" + std::to_string(std::random_device()()))) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  text_file(const text_file&) = delete;
  text_file& operator=(const text_file&) = delete;
  ~text_file() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The form of an index file, with made-up offsets.
constexpr std::string_view index_noun =
    "  1 A licence stands here, each line behind two spaces\n"
    "  2 and a number.\n"
    "'hood n 1 2 @ ; 1 0 08641944  \n"
    "dog n 3 5 @ ~ #m #p %p 3 2 00000001 00000002 00000003  \n"
    "Hot_dog n 1 1 @ 1 1 00000004  \n"
    "zebra n 1 0 1 0 00000005\n";

}  // namespace

TEST_CASE("Nouns of an index of WordNet", "[outlier][wordnet]") {
  const text_file file(index_noun);
  CHECK(read_wordnet_nouns(file.path()) == nouns{"'hood", "dog", "hot dog", "zebra"});
  CHECK(read_wordnet_nouns(file.path(), {.single_words = true}) == nouns{"'hood", "dog", "zebra"});
  CHECK(read_wordnet_nouns(file.path(), {.min_tagged_senses = 1}) == nouns{"dog", "hot dog"});
  CHECK(read_wordnet_nouns(file.path(), {.single_words = true, .min_tagged_senses = 2}) ==
        nouns{"dog"});
  CHECK(read_wordnet_nouns(file.path(), {.min_tagged_senses = 3}).empty());
}

TEST_CASE("A file that is no index of nouns", "[outlier][wordnet][error]") {
  const auto line =
      GENERATE(as<std::string>(), "dog", "run v 1 0 1 0 00000001", "dog n", "dog n 1",
               "dog n x 0 1 0 00000001", "dog n 1 0 1 0", "dog n 0 0 0 0", "dog n 2 0 2 0 00000001",
               "dog n 1 0 1 0 00000001 00000002", "dog n 1 9 @ 1 0 00000001",
               "dog n 1 0 2 0 00000001", "dog n 1 0 1 z 00000001", " dog n 1 0 1 0 00000001", "",
               "dog n 1 99999999999999999999 @ 1 0 1", "dog n 99999999999999999999 0 1 0 1");
  const text_file file(std::string(index_noun) + line + "\nend n 1 0 1 0 00000006\n");
  INFO(line);
  CHECK_THROWS_AS(read_wordnet_nouns(file.path()), calibra::io_error);
  CHECK_THROWS_WITH(read_wordnet_nouns(file.path()),
                    Contains(file.path().string() + ", line 7: expected an entry"));
}

TEST_CASE("Files without a noun and without a reader", "[outlier][wordnet][error]") {
  const text_file licence("  1 nothing but a licence\n");
  const text_file blank("\n# comment\n  \n");
  const std::filesystem::path absent = licence.path().string() + ".absent";
  CHECK_THROWS_WITH(read_wordnet_nouns(licence.path()), EndsWith(" has no noun"));
  CHECK_THROWS_WITH(read_nouns(blank.path()), EndsWith(" has no noun"));
  CHECK_THROWS_WITH(read_wordnet_nouns(absent),
                    "read_wordnet_nouns(): cannot open " + absent.string());
  CHECK_THROWS_WITH(read_nouns(absent), "read_nouns(): cannot open " + absent.string());
  const std::string folder = std::filesystem::temp_directory_path();
  CHECK_THROWS_WITH(read_nouns(folder), "read_nouns(): cannot read " + folder);
}

TEST_CASE("One noun a line", "[outlier][wordnet]") {
  const text_file file("# a list\nHot Dog\r\n\n\t zebra \nlast");
  CHECK(read_nouns(file.path()) == nouns{"Hot Dog", "zebra", "last"});
  const text_file binary(std::string_view("dog\nca\0t\n", 9));
  CHECK_THROWS_WITH(read_nouns(binary.path()), Contains("line 2: expected text, got a NUL byte"));
}

TEST_CASE("WordNet 3.0, where it is installed", "[outlier][wordnet]") {
  const char* const path = std::getenv("CALIBRA_INDEX_NOUN");
  if (path == nullptr || !std::filesystem::exists(path)) {
    WARN("skipped: no WordNet index.noun");
    return;
  }
  const nouns all = read_wordnet_nouns(path);
  CHECK(all.size() == 117798);
  CHECK(read_wordnet_nouns(path, {.single_words = true}).size() == 57506);
  CHECK(read_wordnet_nouns(path, {.min_tagged_senses = 1}).size() == 11846);
  CHECK(read_wordnet_nouns(path, {.single_words = true, .min_tagged_senses = 1}).size() == 9453);
  CHECK(std::find(all.begin(), all.end(), "yorkshire terrier") != all.end());
}
