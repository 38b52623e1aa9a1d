// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Dumps that are too large for memory, or take long: --memory, --resume, and what is said
// meanwhile.
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "../../tools/calibra/progress.hpp"
#include "json_metrics.hpp"

using namespace cli_test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// Float logits of 4 classes, labels and weights in `parts` files each, and whole.
class large_workplace : public workplace {
 public:
  large_workplace(std::size_t parts, std::size_t rows_each) {
    constexpr std::size_t classes = 4;
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    std::vector<float> z, z_part;
    std::vector<double> w, w_part;
    std::vector<std::int64_t> y, y_part;
    for (std::size_t part = 0; part < parts; ++part) {
      z_part.clear();
      y_part.clear();
      w_part.clear();
      for (std::size_t i = 0; i < rows_each * classes; ++i) z_part.push_back(2 * normal(random));
      for (std::size_t i = 0; i < rows_each; ++i) {
        y_part.push_back(static_cast<std::int64_t>(random() % classes));
        w_part.push_back(static_cast<double>(random() % 7));
      }
      const std::string number = std::to_string(part) + ".npy";
      save("z-" + number, rows_each, classes, z_part);
      save("y-" + number, y_part);
      save("w-" + number, w_part);
      z.insert(z.end(), z_part.begin(), z_part.end());
      y.insert(y.end(), y_part.begin(), y_part.end());
      w.insert(w.end(), w_part.begin(), w_part.end());
    }
    save("z.npy", y.size(), classes, z);
    save("y.npy", y);
    save("w.npy", w);
  }
};

std::size_t files_in(const std::string& folder) {
  std::error_code none;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder, none), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("large: with little memory the numbers are the same to the last bit", "[cli]") {
  const large_workplace files(3, 1500000);
  fs::create_directory(files.path("temporary"));
  const std::string metrics = " --metrics ece,ace,ks_error,aurc,auroc,nll,mmce";
  const std::string whole = "eval z.npy y.npy" + metrics;
  const std::string parts = "eval z-*.npy y-*.npy" + metrics;
  const auto files_of = [](const outcome& r) { return json::parse(r.out)["metrics"]; };
  for (const std::string& command : {whole, parts}) {
    const outcome free = files.run(command + " --format json");
    const outcome bound =
        files.run(command + " --format json --memory 64M", {.temporary = "temporary"});
    INFO(bound.err);
    REQUIRE(bound.status == 0);
    CHECK(files_of(bound) == files_of(free));
  }
  CHECK(files_in(files.path("temporary")) == 0);
  // 18 MB of pairs do not fit beside the scratch of their order, so that files were made: where
  // that cannot be done it is said.
  CHECK(files.run(parts + " --memory 64M", {.temporary = "nowhere"})
            .err.ends_with("calibra: nowhere: cannot make a temporary file: No such file or "
                           "directory\n"));
  REQUIRE(files.run(parts + " --save-evidence all.cal -o none.txt").status == 0);
  CHECK(metrics_of(files, "merge all.cal --memory 64M" + metrics) ==
        metrics_of(files, "merge all.cal" + metrics));
}

TEST_CASE("large: --memory is bytes, and not too few", "[cli]") {
  const small_workplace files;
  const std::string command = "eval p.npy y.npy --from probabilities -o none.txt --memory ";
  for (const std::string size : {"64M", "65536K", "67108864", "1G", "1GiB", "100MB"})
    CHECK(files.run(command + size).status == 0);
  for (const std::string size : {"63M", "0", "-1", "1X", "M", "1.5G", "99999999999T"})
    CHECK(error_of(files, command + size, 2) ==
          "calibra: --memory: expected bytes as 512M or 2G, 64M at least; got \"" + size + "\"\n");
}

TEST_CASE("large: a run goes on where it was", "[cli]") {
  const large_workplace files(6, 500);
  const std::string command = "eval z-*.npy y-*.npy --weights w-*.npy";
  const json expected = metrics_of(files, command);
  check_same(expected, metrics_of(files, "eval z.npy y.npy --weights w.npy"));
  const std::string bad = read_all(files.path("y-4.npy"));
  files.save("y-4.npy", std::vector<std::int64_t>{0, 1});
  const outcome ended = files.run(command + " --resume kept");
  CHECK(ended.status == 1);
  CHECK(ended.err.find("y-4.npy: expected 500 labels") != std::string::npos);
  CHECK(files_in(files.path("kept")) == 4);
  files.write("y-4.npy", bad);
  CHECK(metrics_of(files, command + " --resume kept") == expected);
  CHECK(files_in(files.path("kept")) == 6);
  // What is there is not read again: other bytes under the same size and time make no difference.
  const std::string scores = files.path("z-2.npy");
  const auto time = fs::last_write_time(scores);
  std::string bytes = read_all(scores);
  std::fill(bytes.end() - 4000, bytes.end(), '\0');
  files.write("z-2.npy", bytes);
  fs::last_write_time(scores, time);
  CHECK(metrics_of(files, command + " --resume kept") == expected);
  // A file that has changed is read, and so is all under other options.
  fs::last_write_time(scores, time + std::chrono::seconds(1));
  const json changed = metrics_of(files, command + " --resume kept");
  CHECK(changed != expected);
  CHECK(changed == metrics_of(files, command));
  CHECK(files_in(files.path("kept")) == 7);
  const std::string weights = files.path("w-1.npy");
  fs::last_write_time(weights, fs::last_write_time(weights) + std::chrono::seconds(1));
  CHECK(metrics_of(files, command + " --resume kept") == changed);
  CHECK(files_in(files.path("kept")) == 8);
  for (const std::string option : {" --bins 7", " --like netcal", " --metrics ece,nll"})
    CHECK(metrics_of(files, command + option + " --resume kept") ==
          metrics_of(files, command + option));
  CHECK(files_in(files.path("kept")) == 8 + 3 * 6);
}

TEST_CASE("large: a run that is killed goes on where it was", "[cli]") {
  const large_workplace files(40, 2000);
  const std::string command = "eval z-*.npy y-*.npy --threads 1";
  const json expected = metrics_of(files, command);
  const std::string kept = files.path("kept");
  const pid_t child = files.start(command + " --resume kept");
  int status = 0;
  while (files_in(kept) < 3 && ::waitpid(child, &status, WNOHANG) == 0) {
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  CHECK(files_in(kept) >= 3);
  CHECK(metrics_of(files, command + " --resume kept") == expected);
}

TEST_CASE("large: what --resume does not take", "[cli]") {
  const large_workplace files(2, 10);
  files.write("file", "x");
  CHECK(error_of(files, "eval z.npy y.npy --resume file", 1)
            .starts_with("calibra: --resume: file: cannot make the folder"));
  CHECK(error_of(files, "eval z.npy y.npy --resume kept --interval", 2) ==
        "calibra: --resume: not with --interval, which keeps every row\n");
  REQUIRE(files.run("eval z.npy y.npy --resume kept").status == 0);
  for (const auto& entry : fs::directory_iterator(files.path("kept")))
    files.write("kept/" + entry.path().filename().string(), "calibra evidence 1\nwrong bytes");
  CHECK(error_of(files, "eval z.npy y.npy --resume kept", 1).find("its checksum differs") !=
        std::string::npos);
}

TEST_CASE("large: what is kept is of the files behind a name", "[cli]") {
  const large_workplace files(2, 50);
  const std::string first = read_all(files.path("z-0.npy"));
  const std::string second = read_all(files.path("z-1.npy"));
  const auto both = [&](const std::string& bytes) {
    files.write("run:1.npy", bytes);
    files.write("m.npy", bytes);
  };
  for (const std::string name : {"run:1.npy", "m.npy+z-1.npy"}) {
    both(first);
    const json before = metrics_of(files, "eval " + name + " y-0.npy --resume kept");
    both(second);
    for (const char* file : {"run:1.npy", "m.npy"})  // their sizes are the same
      fs::last_write_time(files.path(file),
                          fs::last_write_time(files.path(file)) + std::chrono::seconds(2));
    const json after = metrics_of(files, "eval " + name + " y-0.npy --resume kept");
    CHECK(after == metrics_of(files, "eval " + name + " y-0.npy"));
    CHECK(after != before);
  }
  const outcome piped = files.run("eval - y-0.npy --resume kept", {.in = files.path("z-0.npy")});
  CHECK(piped.status == 2);
  CHECK(piped.err == "calibra: --resume: standard input is there once; expected files\n");
  const std::string longest(240, 'n');
  files.write(longest + ".npy", first);
  CHECK(files.run("eval " + longest + ".npy y-0.npy --resume kept").status == 0);
}

TEST_CASE("large: files in a folder, or in a list", "[cli]") {
  const large_workplace files(11, 20);
  const json expected = metrics_of(files, "eval z-*.npy y-*.npy");
  std::string z_list, y_list;
  fs::create_directory(files.path("z"));
  fs::create_directory(files.path("y"));
  for (int i = 0; i < 11; ++i) {
    const std::string number = std::to_string(i) + ".npy";
    z_list += "z-" + number + "\n";
    y_list += "y-" + number + (i < 10 ? "\r\n\n" : "");
    fs::copy(files.path("z-" + number), files.path("z/" + number));
    fs::copy(files.path("y-" + number), files.path("y/" + number));
  }
  files.write("z.txt", z_list);
  files.write("y.txt", y_list);
  files.write("z/.hidden", "x");
  CHECK(metrics_of(files, "eval @z.txt @y.txt") == expected);
  CHECK(metrics_of(files, "eval z y") == expected);
  files.write("twice.txt", z_list + "./z-3.npy\n");
  CHECK(error_of(files, "eval @twice.txt @y.txt", 1) ==
        "calibra: ./z-3.npy: named twice by @twice.txt\n");
  files.write("empty.txt", "\n");
  CHECK(error_of(files, "eval @empty.txt @y.txt", 1) ==
        "calibra: empty.txt: expected a name of a file a line\n");
  fs::create_directory(files.path("none"));
  CHECK(error_of(files, "eval none y", 1) == "calibra: none: the folder has no files\n");
  // One file is found by a pattern, and goes with one.
  CHECK(metrics_of(files, "eval z.np? y.npy --weights w.npy") ==
        metrics_of(files, "eval z.npy y.npy --weights w.npy"));
  CHECK(error_of(files, "eval z.npy y.npy --weights w-*.npy", 1) ==
        "calibra: w-*.npy: several files of weights are for several of scores, got z.npy\n");
}

TEST_CASE("large: what is said of a run that takes long", "[cli]") {
  using namespace calibra::cli;
  CHECK(duration_text(0) == "0 s");
  CHECK(duration_text(99.4) == "99 s");
  CHECK(duration_text(100) == "2 min");
  CHECK(duration_text(5999) == "100 min");
  CHECK(duration_text(6000) == "1 h 40 min");
  CHECK(duration_text(3 * 3600 + 5 * 60) == "3 h 05 min");
  CHECK(rate_text(0.5) == "0.50");
  CHECK(rate_text(830) == "830");
  CHECK(rate_text(12345) == "12.3 k");
  CHECK(rate_text(999600) == "1.00 M");
  CHECK(rate_text(4.56e9) == "4.56 G");
  CHECK(progress_state{.rows = 1000, .done = 250, .seconds = 2}.line() ==
        "pass 1 [#####...............] 25 %, 125 rows/s, 6 s left");
  // How many passes there will be is not known.
  CHECK(progress_state{.rows = 1000, .done = 1500, .seconds = 3}.line() ==
        "pass 2 [##########..........] 50 %, 500 rows/s");
  CHECK(progress_state{.rows = 100, .done = 50, .file = 3, .files = 5, .before = 200, .seconds = 10}
            .line() == "file 3 of 5 [##########..........] 50 %, 25.0 rows/s, 10 s left");
  CHECK(
      progress_state{.rows = 100, .done = 150, .file = 3, .files = 5, .before = 200, .seconds = 10}
          .line()
          .starts_with("file 3 of 5 [############........] 60 %"));
  CHECK(progress_state{.rows = 1u << 30, .done = 1u << 30, .seconds = 1e-3}.line().size() < 70);
}
