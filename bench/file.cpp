// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// From a .npy file to metrics: mapped, next to read into memory first. "cold" drops the file from
// the page cache before every pass, as far as the system lets a process do so. Times are
// wall-clock.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "calibra/calibra.hpp"
#include "calibra/io/npy.hpp"
#include "dump.hpp"

namespace {

using dump = bench::dump<float>;

/// 50,000 x 1,000 logits in a file of the temporary folder, gone at the end.
class logit_file {
 public:
  logit_file() : dump_(bench::dump_of<float>(50'000, 1'000)) {
    std::string name = std::filesystem::temp_directory_path() / "calibra_bench_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    calibra::io::save_npy(path(), dump_.view());
  }
  logit_file(const logit_file&) = delete;
  logit_file& operator=(const logit_file&) = delete;
  ~logit_file() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string path() const { return folder_ / "logits.npy"; }
  const dump& truth() const { return dump_; }

  void drop_from_cache() const {
    const int file = open(path().c_str(), O_RDONLY);
    if (file < 0 || fsync(file) != 0 || posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0)
      std::abort();
    close(file);
  }

 private:
  const dump& dump_;
  std::filesystem::path folder_;
};

const logit_file& input() {
  static const logit_file file;
  return file;
}

/// accuracy, nll, brier and the table metrics of one pass.
bool measure(calibra::matrix_view<const float> z, const dump& d) {
  const calibra::evaluation e = calibra::evaluate(calibra::logits(z), d.labels,
                                                  {calibra::accuracy, calibra::nll, calibra::brier,
                                                   calibra::ece, calibra::mce, calibra::rmsce});
  return bench::close(e["ece"], d.expected.ece, d.rows) &&
         bench::close(e["nll"], d.expected.nll, d.rows);
}

bool mapped(const logit_file& file) {
  return calibra::io::load_npy(file.path()).visit_scores([&](auto view) {
    if constexpr (std::is_same_v<typename decltype(view)::value_type, float>)
      return measure(view, file.truth());
    else
      return false;
  });
}

/// The elements are the end of the file.
bool copied(const logit_file& file) {
  std::ifstream in(file.path(), std::ios::binary);
  const dump& d = file.truth();
  std::vector<float> z(d.logits.size());
  in.seekg(-static_cast<std::streamoff>(d.bytes()), std::ios::end);
  in.read(reinterpret_cast<char*>(z.data()), static_cast<std::streamsize>(d.bytes()));
  return in && measure({z.data(), d.rows, d.cols}, d);
}

void run(benchmark::State& state, bool (*pass)(const logit_file&), bool cold) {
  const logit_file& file = input();
  for (auto _ : state) {
    if (cold) file.drop_from_cache();
    const auto start = std::chrono::steady_clock::now();
    if (!pass(file)) {
      state.SkipWithError("wrong result");
      return;
    }
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(file.truth().bytes()));
}

void in_memory(benchmark::State& state) {
  run(
      state, [](const logit_file& f) { return measure(f.truth().view(), f.truth()); }, false);
}
void warm_mapped(benchmark::State& state) {
  run(state, mapped, false);
}
void warm_ifstream(benchmark::State& state) {
  run(state, copied, false);
}
void cold_mapped(benchmark::State& state) {
  run(state, mapped, true);
}
void cold_ifstream(benchmark::State& state) {
  run(state, copied, true);
}

void timed(benchmark::internal::Benchmark* b) {
  b->UseManualTime()->Unit(benchmark::kMillisecond);
}

}  // namespace

BENCHMARK(in_memory)->Apply(timed);
BENCHMARK(warm_mapped)->Apply(timed);
BENCHMARK(warm_ifstream)->Apply(timed);
BENCHMARK(cold_mapped)->Apply(timed);
BENCHMARK(cold_ifstream)->Apply(timed);
