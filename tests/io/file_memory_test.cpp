// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/file_memory.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <memory_resource>
#include <numeric>
#include <random>
#include <vector>

#include "calibra/calibra.hpp"
#include "calibra/detail/hinted_memory.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/io/npy.hpp"
#include "calibra/io/resident_limit.hpp"
#include "calibra/io/save.hpp"
#include "io_files.hpp"

using calibra::io::file_memory;
using calibra::io::resident_limit;
using io_test::scratch;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// The default resource while it lives.
class used_by_default {
 public:
  explicit used_by_default(std::pmr::memory_resource& memory)
      : before_(std::pmr::set_default_resource(&memory)) {}
  used_by_default(const used_by_default&) = delete;
  used_by_default& operator=(const used_by_default&) = delete;
  ~used_by_default() { std::pmr::set_default_resource(before_); }

 private:
  std::pmr::memory_resource* before_;
};

/// Confidences with many ties, weights and proximities; the same for the same seed.
calibra::sample drawn(std::size_t n, calibra::precision p, bool weighted, unsigned seed) {
  std::mt19937_64 random(seed);
  calibra::sample s(p);
  std::vector<double> near;
  for (std::size_t i = 0; i < n; ++i) {
    const double c = static_cast<double>(random() % 50021) / 50021;
    const bool hit = static_cast<double>(random() % 1000) < 900 * c;
    if (weighted)
      s.push_back(c, hit, static_cast<double>(random() % 5));
    else
      s.push_back(c, hit);
    near.push_back(static_cast<double>(random() % 997));
  }
  s.set_proximities(near);
  return s;
}

std::vector<double> pair_numbers(const calibra::sample& s) {
  std::vector<double> all;
  for (std::size_t i = 0; i < s.size(); ++i) {
    all.push_back(s.confidence(i));
    all.push_back(s.hit(i) ? 1 : 0);
    all.push_back(s.weight(i));
    all.push_back(s.proximities()[i]);
  }
  return all;
}

}  // namespace

TEST_CASE("file memory: large blocks beyond the budget lie in files without a name", "[io]") {
  const scratch folder;
  file_memory memory(4 * mebibyte, folder.path(""));
  CHECK(memory.folder() == folder.path(""));
  void* const small = memory.allocate(1000);
  void* const fits = memory.allocate(3 * mebibyte);
  CHECK(memory.in_memory() == 3 * mebibyte + 1000);
  CHECK(memory.in_files() == 0);
  auto* const beyond = static_cast<unsigned char*>(memory.allocate(2 * mebibyte));
  void* const little = memory.allocate(mebibyte - 1);  // always in memory
  CHECK(memory.in_files() == 2 * mebibyte);
  CHECK(folder.entries() == 0);
  for (std::size_t i = 0; i < 2 * mebibyte; ++i) beyond[i] = static_cast<unsigned char>(i * 7);
  // What is given back to the system comes back as it was.
  calibra::io::detail::mapped_ranges.release();
  bool same = true;
  for (std::size_t i = 0; i < 2 * mebibyte; ++i)
    same = same && beyond[i] == static_cast<unsigned char>(i * 7);
  CHECK(same);
  memory.deallocate(beyond, 2 * mebibyte);
  memory.deallocate(little, mebibyte - 1);
  memory.deallocate(fits, 3 * mebibyte);
  memory.deallocate(small, 1000);
  CHECK(memory.in_memory() == 0);
  CHECK(memory.in_files() == 0);
  CHECK(memory.is_equal(memory));
  CHECK_FALSE(memory.is_equal(*std::pmr::new_delete_resource()));
}

TEST_CASE("file memory: a folder that is none, and a file that is too large, are errors", "[io]") {
  const scratch folder;
  const auto message = [&](const std::string& where, std::size_t bytes) {
    return folder.message([&] {
      file_memory memory(0, where);
      memory.deallocate(memory.allocate(bytes), bytes);
    });
  };
  CHECK(message(folder.path("none"), 2 * mebibyte) ==
        "none: cannot make a temporary file: No such file or directory");
  CHECK(message(folder.path(""), std::size_t{1} << 60)
            .find(": cannot reserve 1152921504606846976 bytes: ") != std::string::npos);
  CHECK(folder.entries() == 0);
}

TEST_CASE("file memory: scattered writes bring in little more than what they touch", "[io]") {
  const scratch folder;
  file_memory memory(0, folder.path(""));
  std::pmr::vector<std::uint32_t> block(16 * mebibyte, 1U, &memory);
  REQUIRE(memory.in_files() == 64 * mebibyte);
  calibra::io::detail::mapped_ranges.release();
  const std::size_t before = resident_limit::resident_now();
  {
    const calibra::detail::scattered_writes hint(block);
    for (std::size_t i = 0; i < block.size(); i += 16384) block[i] = 2;  // one in 64 KiB
    CHECK(resident_limit::resident_now() < before + 16 * mebibyte);
    std::iota(block.begin(), block.end(), 0U);
  }
  bool same = true;
  for (std::size_t i = 0; i < block.size(); ++i) same = same && block[i] == i;
  CHECK(same);
}

TEST_CASE("file memory: samples come out as they do in memory", "[io]") {
  const scratch folder;
  const auto precision = GENERATE(calibra::precision::float32, calibra::precision::float64);
  const bool weighted = GENERATE(false, true);
  const std::size_t n = 700001;
  calibra::sample expected = drawn(n, precision, weighted, 5);
  calibra::sample tail = drawn(1001, precision, weighted, 6);
  expected.append(tail);
  expected.sort();

  file_memory memory(mebibyte, folder.path(""));
  {
    const used_by_default now(memory);
    const resident_limit limit(1);  // gives pages back whenever it looks
    calibra::sample found = drawn(n, precision, weighted, 5);
    found.append(tail);
    CHECK(memory.in_files() > n * 4);
    found.sort();
    CHECK(pair_numbers(found) == pair_numbers(expected));
    CHECK(calibra::ks_error(found) == calibra::ks_error(expected));
    CHECK(calibra::smooth_ece(found) == calibra::smooth_ece(expected));
    CHECK(calibra::piece(found) == calibra::piece(expected));
    const calibra::sample copy = found;
    CHECK(copy.size() == expected.size());
    CHECK(folder.entries() == 0);
  }
  CHECK(memory.in_files() == 0);
}

TEST_CASE("file memory: every metric of many rows, and labels that are converted", "[io]") {
  const scratch folder;
  const std::size_t rows = 300000, classes = 3;
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> z(rows * classes);
  for (float& x : z) x = 2 * normal(random);
  std::vector<float> y(rows);
  for (float& label : y) label = static_cast<float>(random() % classes);
  const calibra::matrix_view<const float> logits(z.data(), rows, classes);
  calibra::io::save_npy(folder.path("y.npy"), calibra::vector_view<const float>(y.data(), rows));
  const auto measured = [&](unsigned threads, const std::string& like) {
    calibra::options o{.threads = {threads}};
    if (!like.empty()) o.like = calibra::conventions::find(like);
    const auto labels = calibra::io::labels(calibra::io::load_npy(folder.path("y.npy")));
    return calibra::evaluate(calibra::logits(logits), labels, o);
  };
  for (const std::string like : {"", "netcal"})
    for (const unsigned threads : {1U, 3U}) {
      const calibra::evaluation expected = measured(threads, like);
      file_memory memory(0, folder.path(""));
      const used_by_default now(memory);
      const calibra::evaluation found = measured(threads, like);
      REQUIRE(found.metrics.size() == expected.metrics.size());
      for (std::size_t i = 0; i < found.metrics.size(); ++i) {
        INFO(like << ' ' << found.metrics[i].name);
        const double a = found.metrics[i].value, b = expected.metrics[i].value;
        CHECK((a == b || (a != a && b != b)));
      }
    }
}

TEST_CASE("resident limit: tells what is resident, and ends at once", "[io]") {
  std::vector<char> touched(8 * mebibyte, 'x');
  CHECK(resident_limit::resident_now() > touched.size());
  const resident_limit limit(mebibyte);
  CHECK(std::accumulate(touched.begin(), touched.end(), 0L) == 'x' * 8L * 1048576);
}
