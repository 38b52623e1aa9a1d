// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// scale PROGRAM FOLDER [GIGABYTES]: what rows cost the calibra program, from ten thousand to a
// hundred million, and a dump of many GB (20) under a limit of memory. Makes its dumps in FOLDER,
// of float32 logits of 10 classes and uint8 labels, and checks every answer: a dump of copies of
// one block of 10,000 rows has the metrics of the block, on 10 bins those of equal mass too. Prints
// a row a run; ends with status 1 where a value is wrong.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr std::size_t classes = 10;
constexpr std::size_t block = 10000;  // rows

std::string npy_head(const std::string& descr, const std::string& shape) {
  std::string dict =
      "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  dict.resize(63 - (10 + dict.size()) % 64 + dict.size(), ' ');
  dict += '\n';
  std::string head = "\x93NUMPY";
  head += {'\1', '\0', static_cast<char>(dict.size() & 0xff), static_cast<char>(dict.size() >> 8)};
  return head + dict;
}

/// scores.npy and labels.npy of `rows` rows: one block again and again.
void write_dump(const fs::path& scores, const fs::path& labels, std::size_t rows) {
  std::mt19937 random(9);
  std::normal_distribution<float> normal;
  std::vector<float> z(block * classes);
  std::vector<std::uint8_t> y(block);
  for (float& x : z) x = normal(random);
  for (std::size_t i = 0; i < block; ++i) {
    y[i] = static_cast<std::uint8_t>(random() % classes);
    z[i * classes + y[i]] += 2;
  }
  std::ofstream z_file(scores, std::ios::binary), y_file(labels, std::ios::binary);
  z_file << npy_head("<f4", std::to_string(rows) + ", " + std::to_string(classes));
  y_file << npy_head("|u1", std::to_string(rows) + ",");
  for (std::size_t i = 0; i < rows; i += block) {
    z_file.write(reinterpret_cast<const char*>(z.data()),
                 static_cast<std::streamsize>(z.size() * sizeof(float)));
    y_file.write(reinterpret_cast<const char*>(y.data()), static_cast<std::streamsize>(y.size()));
  }
  if (!z_file.flush() || !y_file.flush())
    throw std::runtime_error("cannot write " + scores.string());
}

struct outcome {
  double seconds;    ///< wall clock
  double cpu;        ///< of the processor
  std::size_t peak;  ///< bytes resident
  std::string values;
};

outcome run(std::vector<std::string> words, const fs::path& folder) {
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  const std::string out = folder / "out.csv";
  const auto began = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    const int file = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || ::dup2(file, 1) != 1 || ::chdir(folder.c_str()) != 0) ::_exit(126);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  rusage used{};
  if (::wait4(child, &status, 0, &used) != child || status != 0)
    throw std::runtime_error("the program failed");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  std::ostringstream values;
  values << std::ifstream(out).rdbuf();
  return {took.count(), seconds(used.ru_utime) + seconds(used.ru_stime),
          static_cast<std::size_t>(used.ru_maxrss) * 1024, values.str()};
}

/// The numbers of the `metric,value` lines.
std::vector<double> numbers(const std::string& csv) {
  std::vector<double> out;
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && !line.empty())
    out.push_back(std::strtod(line.substr(line.find(',') + 1).c_str(), nullptr));
  return out;
}

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty() || a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - b[i]) <= 1e-10 * std::max(1.0, std::abs(b[i])))) return false;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: scale PROGRAM FOLDER [GIGABYTES]\n", stderr);
    return 2;
  }
  const std::string program = fs::absolute(argv[1]);
  const fs::path folder = fs::absolute(argv[2]);
  const double gigabytes = argc > 3 ? std::strtod(argv[3], nullptr) : 20;
  fs::create_directories(folder);
  const std::string sums = "accuracy,nll,brier,ece,mce,rmsce,classwise_ece";
  const std::string of_pairs = "ace,ks_error,auroc";
  const std::string all = sums + "," + of_pairs;
  bool right = true;

  std::printf("%12s %-28s %10s %12s %12s %10s\n", "rows", "", "seconds", "ns a row", "cpu ns/row",
              "peak MiB");
  std::vector<double> expected_sums, expected_pairs;
  const auto show = [&](const std::string& what, std::size_t rows, const std::string& metrics,
                        std::vector<double>& expected, std::vector<std::string> words) {
    words.insert(words.begin(), {program, "eval"});
    words.insert(words.end(),
                 {"--metrics", metrics, "--bins", "10", "--format", "csv", "--threads", "2"});
    // The least of five for what is over at once, of one for what takes long.
    outcome best = run(words, folder);
    for (int again = 0; again < 4 && best.seconds < 5; ++again) {
      outcome next = run(words, folder);
      if (next.seconds < best.seconds) best = std::move(next);
    }
    const std::vector<double> found = numbers(best.values);
    if (expected.empty()) expected = found;
    const bool good = same(found, expected);
    right = right && good;
    const double n = static_cast<double>(rows);
    std::printf("%12zu %-28s %10.3f %12.2f %12.2f %10.0f%s\n", rows, what.c_str(), best.seconds,
                1e9 * best.seconds / n, 1e9 * best.cpu / n,
                static_cast<double>(best.peak) / 1048576, good ? "" : "  WRONG VALUES");
    std::fflush(stdout);
  };

  for (std::size_t rows = block; rows <= 100000000; rows *= 10) {
    write_dump(folder / "z.npy", folder / "y.npy", rows);
    show("tables and means", rows, sums, expected_sums, {"z.npy", "y.npy"});
    show("and pairs", rows, all, expected_pairs, {"z.npy", "y.npy"});
  }
  // Many files: links to one.
  const std::size_t each = 50000000;
  const auto files = static_cast<std::size_t>(
      std::max(1.0, std::round(gigabytes * 1e9 / static_cast<double>(each * (4 * classes + 1)))));
  write_dump(folder / "z.npy", folder / "y.npy", each);
  for (std::size_t f = 0; f < files; ++f)
    for (const std::string name : {"z", "y"}) {
      const fs::path link = folder / (name + "-" + std::to_string(f) + ".npy");
      fs::remove(link);
      fs::create_hard_link(folder / (name + ".npy"), link);
    }
  const std::vector<std::string> shards{"z-*.npy", "y-*.npy"};
  const auto with = [&](const std::string& memory) {
    std::vector<std::string> words = shards;
    words.insert(words.end(), {"--memory", memory});
    return words;
  };
  show("tables and means", files * each, sums, expected_sums, shards);
  show("tables and means, 256M", files * each, sums, expected_sums, with("256M"));
  show("and pairs, 512M", files * each, all, expected_pairs, with("512M"));
  for (const fs::directory_entry& e : fs::directory_iterator(folder))
    if (e.path().extension() == ".npy") fs::remove(e.path());
  return right ? 0 : 1;
}
