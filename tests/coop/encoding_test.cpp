// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Features of many nouns and pictures: on all threads, kept on disk, gone on with.
#include "encoding.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "calibra/error.hpp"
#include "clip/weights.hpp"
#include "experiment.hpp"
#include "feature_cache.hpp"
#include "fixtures.hpp"
#include "pictures.hpp"
#include "status_line.hpp"

using namespace coop;
using coop::test::distance;

namespace {

namespace fs = std::filesystem;

/// A path for a folder that is removed again.
class temporary_folder {
 public:
  ~temporary_folder() { fs::remove_all(name_.path()); }
  const std::string& path() const { return name_.path(); }
  std::vector<fs::path> files() const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(path())) out.push_back(entry.path());
    return out;
  }

 private:
  test::temporary_file name_;
};

/// Names of one to six letters, each once.
std::vector<std::string> some_names(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name(1 + i % 3, 'a');
    for (std::size_t rest = i; rest > 0; rest /= 26)
      name += static_cast<char>('a' + static_cast<char>(rest % 26));
    out.push_back(name);
  }
  return out;
}

/// Rows of length 1 by the number of the thing alone.
at::Tensor rows_of(const std::vector<std::int64_t>& batch) {
  std::vector<at::Tensor> rows;
  for (const std::int64_t i : batch) {
    const at::Tensor row = at::sin(at::arange(1, 6, at::kFloat) * static_cast<double>(i + 1));
    rows.push_back(row / row.norm());
  }
  return at::stack(rows);
}

encoding_chunk numbers(std::int64_t count) {
  encoding_chunk chunk;
  chunk.key = checksum().add(std::to_string(count)).text();
  chunk.count = count;
  chunk.dimension = 5;
  chunk.batches = [count] {
    std::vector<std::vector<std::int64_t>> batches;
    for (std::int64_t i = count - 1; i >= 0; --i) {  // the last first, three in a batch
      if (batches.empty() || batches.back().size() == 3) batches.emplace_back();
      batches.back().push_back(i);
    }
    return batches;
  };
  chunk.encode = rows_of;
  return chunk;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("checksum: every byte, every length and every cut counts") {
  const auto of = [](const std::vector<std::string>& parts) {
    checksum sum;
    for (const std::string& part : parts) sum.add(part);
    return sum.text();
  };
  std::set<std::string> seen;
  std::size_t all = 0;
  const auto add = [&](const std::vector<std::string>& parts) {
    seen.insert(of(parts));
    ++all;
  };
  const std::string text = "the quick brown fox jumps";
  add({text});
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ '\x80');
    add({other});
    add({text.substr(0, i)});
    if (i > 0) add({text.substr(0, i), text.substr(i)});
  }
  add({text, ""});
  add({text + std::string(1, '\0')});
  CHECK(seen.size() == all);
  CHECK(of({text}) == of({text}));
  const test::temporary_file file("", text);
  CHECK(checksum().add_file(file.path()).text() == of({text}));
  CHECK_THROWS_AS(checksum().add_file("/nowhere/file"), calibra::io_error);
}

TEST_CASE("feature cache: what is kept is found, and nothing else") {
  const temporary_folder folder;
  const feature_cache cache(folder.path());
  const at::Tensor features = rows_of({0, 1, 2});
  CHECK(!cache.find("k", {3, 5}, at::kFloat));
  cache.keep("k", features);
  REQUIRE(cache.find("k", {3, 5}, at::kFloat));
  CHECK(at::equal(*cache.find("k", {3, 5}, at::kFloat), features));
  CHECK(!cache.find("other", {3, 5}, at::kFloat));
  CHECK(!cache.find("k", {5, 3}, at::kFloat));
  CHECK(!cache.find("k", {3, 5}, at::kHalf));
  REQUIRE(folder.files().size() == 1);
  const fs::path file = folder.files()[0];
  const std::string whole = contents(file);

  SECTION("a file of another key") {
    fs::copy(file, file.parent_path() / "other.safetensors");
    CHECK(!cache.find("other", {3, 5}, at::kFloat));
  }
  SECTION("a byte of the features that is another") {
    std::string damaged = whole;
    damaged[whole.size() - 7] = static_cast<char>(damaged[whole.size() - 7] ^ 1);
    std::ofstream(file, std::ios::binary) << damaged;
    CHECK(!cache.find("k", {3, 5}, at::kFloat));
  }
  SECTION("a file that was cut") {
    for (const std::size_t size : {std::size_t{0}, std::size_t{5}, whole.size() - 1}) {
      std::ofstream(file, std::ios::binary) << whole.substr(0, size);
      CHECK(!cache.find("k", {3, 5}, at::kFloat));
    }
  }
  SECTION("no cache") {
    const feature_cache none;
    none.keep("k", features);
    CHECK(!none.find("k", {3, 5}, at::kFloat));
    const test::temporary_file text("", "a file");
    CHECK_THROWS_WITH(feature_cache(text.path() + "/folder"), Catch::Contains(text.path()));
  }
}

TEST_CASE("a chunk is encoded once, whatever the threads") {
  const temporary_folder folder;
  encoding_options options;
  options.model = "m";
  encoding_chunk chunk = numbers(20);
  std::atomic<int> calls{0};
  chunk.encode = [&](const std::vector<std::int64_t>& batch) {
    ++calls;
    return rows_of(batch);
  };
  std::vector<std::int64_t> all(20);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  const at::Tensor expected = rows_of(all);
  std::size_t last = 0;
  const auto note = [&](std::size_t done) { last = done; };
  CHECK(at::equal(encode_chunk(chunk, options, note), expected));
  CHECK(calls == 7);
  CHECK(last == 20);
  options.threads = 4;
  options.cache = feature_cache(folder.path());
  CHECK(at::equal(encode_chunk(chunk, options, note), expected));
  CHECK(calls == 14);
  last = 0;
  CHECK(at::equal(encode_chunk(chunk, options, note), expected));
  CHECK(calls == 14);
  CHECK(last == 0);
  options.model = "another";
  encode_chunk(chunk, options, {});
  CHECK(calls == 21);
  chunk.key = "another";
  encode_chunk(chunk, options, {});
  CHECK(calls == 28);
  CHECK(folder.files().size() == 3);
}

TEST_CASE("a chunk that is stopped leaves nothing, and errors of any thread arrive") {
  const temporary_folder folder;
  encoding_options options;
  options.threads = 3;
  options.cache = feature_cache(folder.path());
  CHECK_THROWS_WITH(encode_chunk(numbers(20), options,
                                 [](std::size_t done) {
                                   if (done > 5) throw std::runtime_error("stopped");
                                 }),
                    "stopped");
  CHECK(folder.files().empty());
  encoding_chunk bad = numbers(20);
  bad.encode = [](const std::vector<std::int64_t>& batch) {
    if (batch[0] == 10) throw std::runtime_error("bad batch");
    return rows_of(batch);
  };
  CHECK_THROWS_WITH(encode_chunk(bad, options, {}), "bad batch");
  CHECK(folder.files().empty());
}

TEST_CASE("float16 is kept as such, and the cache changes no bit") {
  const temporary_folder folder;
  encoding_options options;
  options.stored = at::kHalf;
  const at::Tensor without = encode_chunk(numbers(20), options, {});
  options.cache = feature_cache(folder.path());
  const at::Tensor first = encode_chunk(numbers(20), options, {});
  const at::Tensor second = encode_chunk(numbers(20), options, {});
  CHECK(at::equal(without, first));
  CHECK(at::equal(first, second));
  CHECK(first.scalar_type() == at::kFloat);
  CHECK((first.norm(2, 1) - 1).abs().max().item<double>() < 1e-6);
  options = {};
  const double off = distance(first, encode_chunk(numbers(20), options, {}));
  CHECK(off > 1e-6);
  CHECK(off < 1e-3);
  const auto bytes = fs::file_size(folder.files()[0]);
  CHECK(bytes < 20 * 5 * 2 + 300);
}

TEST_CASE("names: the features that zero-shot prompts have") {
  const language words = test::small_language(at::kFloat);
  const std::vector<std::string> names = some_names(150);
  for (const std::string phrase : {"{}", "b c {} d.", "xyz {}"}) {
    INFO(phrase);
    encoding_options options;
    const at::Tensor one = make_name_encoder(words, phrase, options)(names, {});
    CHECK(distance(one, zero_shot_features(words, phrase, names)) < 1e-5);
    options.threads = 3;
    CHECK(at::equal(make_name_encoder(words, phrase, options)(names, {}), one));
  }
  CHECK(make_name_encoder(words, "{}", {})({}, {}).sizes() == at::IntArrayRef{0, 6});
  CHECK_THROWS_AS(make_name_encoder(words, "{}", {})({"abcdefghijklmnopqrs"}, {}),
                  calibra::value_error);
}

TEST_CASE("outliers: a run that was stopped goes on, and a second one encodes nothing") {
  const temporary_folder folder;
  encoding_options options;
  options.cache = feature_cache(folder.path());
  const language words = test::small_language(at::kFloat);
  laboratory lab{words, {}, make_name_encoder(words, "{} b", options)};
  task what;
  what.base = {"a", "bc"};
  what.fresh = {"d"};
  what.nouns = some_names(5000);  // three chunks
  what.phrase = "{} b";
  std::size_t encoded = 0;
  const auto outliers = [&](std::size_t most) {
    return outliers_for(lab, what, 40, calibra::outlier_rule::nearest, 0,
                        [&](const encoding_progress& p) {
                          CHECK(p.all == 5000);
                          CHECK(p.encoded <= p.done);
                          encoded = p.encoded;
                          if (p.encoded > most) throw std::runtime_error("stopped");
                        });
  };
  CHECK_THROWS_WITH(outliers(3000), "stopped");
  CHECK(folder.files().size() == 1);
  const auto first = outliers(5000);
  CHECK(encoded == 5000 - 2048);
  const auto second = outliers(5000);
  CHECK(encoded == 0);
  CHECK(first.names == second.names);
  CHECK(at::equal(first.features, second.features));
  lab.encode_nouns = {};
  CHECK(outliers(5000).names == first.names);
  // Another phrase is another matter.
  what.phrase = "{} c";
  lab.encode_nouns = make_name_encoder(words, what.phrase, options);
  outliers(5000);
  CHECK(encoded == 5000);
}

TEST_CASE("pictures: known by class, name, size and time of change") {
  const temporary_folder folder, kept;
  const auto write = [&](const std::string& name, char grey) {
    const fs::path path = fs::path(folder.path()) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << "P5\n20 16\n255\n" << std::string(320, grey);
  };
  for (const char* name : {"cat/1.pgm", "cat/2.pgm", "dog/1.pgm"})
    write(name, name[0] == 'c' ? name[4] : 'z');
  vision_config config{16, 8, 32, 1, 2, 6};
  parameter_map parameters;
  std::mt19937_64 random(4);
  for (const auto& [name, shape] : vision_transformer::shapes(config))
    parameters[name] = draw_normal(shape, 0.3, random);
  const vision_transformer encoder(config, parameters);
  encoding_options options;
  options.cache = feature_cache(kept.path());
  std::size_t encoded = 0;
  const auto encode = [&] {
    return encode_pictures(encoder, folder.path(), options, [&](const encoding_progress& p) {
      CHECK(p.all == 3);
      encoded = p.encoded;
    });
  };
  const labelled_pictures first = encode();
  CHECK(encoded == 3);
  CHECK(first.classes == std::vector<std::string>{"cat", "dog"});
  CHECK(at::equal(encode().all.features, first.all.features));
  CHECK(encoded == 0);
  const auto before = fs::last_write_time(folder.path() + "/cat/2.pgm");
  write("cat/2.pgm", '9');
  fs::last_write_time(folder.path() + "/cat/2.pgm", before + std::chrono::milliseconds(1));
  const at::Tensor changed = encode().all.features;
  CHECK(encoded == 3);
  CHECK(at::equal(changed[0], first.all.features[0]));
  CHECK(!at::equal(changed[1], first.all.features[1]));
  fs::rename(folder.path() + "/cat/2.pgm", folder.path() + "/cat/3.pgm");
  encode();
  CHECK(encoded == 3);
}

TEST_CASE("time left is by the pace of what is encoded, not read") {
  time_left left;
  const auto start = std::chrono::steady_clock::now();
  CHECK(left.text({500, 1000, 0}, start).empty());
  CHECK(left.text({510, 1000, 10}, start).empty());
  CHECK(left.text({520, 1000, 20}, start + std::chrono::seconds(1)) == ", 48 s left");
  CHECK(left.text({530, 1000, 30}, start + std::chrono::seconds(20)) == ", 8 min left");
}
