// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Evidence of several processes, joined by c10d's Gloo.
#include <sys/wait.h>
#include <unistd.h>

#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "calibra/torch/distributed.hpp"

#include <algorithm>
#include <calibra/calibra.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace {

constexpr std::size_t rows = 4001, classes = 5;

struct dump {
  calibra::matrix<float> z{rows, classes};
  std::vector<std::int64_t> y;
  dump() {
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t k = 0; k < classes; ++k) z(i, k) = 2 * normal(random);
      y.push_back(static_cast<std::int64_t>(random() % classes));
    }
  }
  /// Evidence of the rows [first, last) for all metrics.
  calibra::evidence part(std::size_t first, std::size_t last,
                         const calibra::options& o = {}) const {
    const calibra::matrix_view<const float> rows_of(z.data() + first * classes, last - first,
                                                    classes);
    return calibra::evidence_of(calibra::logits(rows_of), std::span(y).subspan(first, last - first),
                                calibra::all_metrics(), o);
  }
};

/// What `work(rank, group)` gives in each of `size` processes: the text that it returns, or of an
/// error of calibra's "error: " and what it says; "" of a process that ended otherwise.
std::vector<std::string> in_processes(
    int size, const std::function<std::string(int, c10d::ProcessGroupGloo&)>& work) {
  std::string pattern = (std::filesystem::temp_directory_path() / "calibra-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  const std::filesystem::path folder = pattern;
  std::vector<pid_t> children;
  for (int rank = 0; rank < size; ++rank) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        auto store = c10::make_intrusive<c10d::FileStore>((folder / "store").string(), size);
        auto options = c10d::ProcessGroupGloo::Options::create(std::chrono::seconds(60));
        options->devices = {c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")};
        c10d::ProcessGroupGloo group(store, rank, size, options);
        std::string said;
        try {
          said = work(rank, group);
        } catch (const calibra::error& e) {
          said = std::string("error: ") + e.what();
        }
        std::ofstream(folder / std::to_string(rank), std::ios::binary) << said;
        // No process leaves while another still talks to it.
        std::vector<at::Tensor> last{at::zeros({1})};
        group.allreduce(last)->wait();
      } catch (const std::exception& e) {
        std::fprintf(stderr, "rank %d: %s\n", rank, e.what());
        ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  std::vector<std::string> said(children.size());
  for (std::size_t rank = 0; rank < children.size(); ++rank) {
    int status = 0;
    REQUIRE(::waitpid(children[rank], &status, 0) == children[rank]);
    CHECK(status == 0);
    std::ifstream file(folder / std::to_string(rank), std::ios::binary);
    said[rank].assign(std::istreambuf_iterator<char>(file), {});
  }
  std::filesystem::remove_all(folder);
  return said;
}

}  // namespace

TEST_CASE("all_reduce: every process has what one would have", "[distributed]") {
  const dump d;
  const calibra::evidence whole = d.part(0, rows);
  const auto expected = calibra::evaluate(whole, calibra::all_metrics());
  for (const int size : {1, 2, 4}) {
    INFO(size << " processes");
    const auto bytes = in_processes(size, [&](int rank, c10d::ProcessGroupGloo& group) {
      // Parts of different lengths; the last of four has no row.
      const std::size_t step = size == 4 ? rows / 3 : rows / static_cast<std::size_t>(size);
      const auto at = static_cast<std::size_t>(rank);
      const std::size_t last =
          rank + 1 == size || (size == 4 && rank == 2) ? rows : step * (at + 1);
      const std::size_t first = std::min(step * at, last);
      return calibra::to_bytes(
          calibra::all_reduce(d.part(size == 4 && rank == 3 ? rows : first, last), group));
    });
    for (const std::string& one : bytes) CHECK(one == bytes[0]);
    const auto all = calibra::evidence_from_bytes(bytes[0], "rank 0");
    CHECK(all.samples == rows);
    const auto found = calibra::evaluate(all, calibra::all_metrics());
    REQUIRE(found.metrics.size() == expected.metrics.size());
    for (std::size_t m = 0; m < expected.metrics.size(); ++m) {
      INFO(expected.metrics[m].name);
      const double want = expected.metrics[m].value, got = found.metrics[m].value;
      if (std::isnan(want))
        CHECK(std::isnan(got));
      else
        CHECK(std::abs(got - want) <= 1e-12 * std::max(1.0, std::abs(want)));
    }
  }
}

TEST_CASE("all_reduce: what does not go together is said in every process", "[distributed]") {
  const dump d;
  const auto bins = in_processes(2, [&](int rank, c10d::ProcessGroupGloo& group) {
    return calibra::to_bytes(
        calibra::all_reduce(d.part(0, 100, {.bins = rank == 0 ? 15U : 10U}), group));
  });
  for (const std::string& said : bins)
    CHECK(said == "error: evidence: cannot merge: expected the same bins");
  const auto kept = in_processes(2, [&](int rank, c10d::ProcessGroupGloo& group) {
    return calibra::to_bytes(calibra::all_reduce(d.part(0, 100, {.keep_rows = rank == 1}), group));
  });
  for (const std::string& said : kept)
    CHECK(said ==
          "error: all_reduce(): the evidence of rank 1 keeps its rows, which are not exchanged");
}
