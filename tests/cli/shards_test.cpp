// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Several files measured as one, and evidence that is kept and merged.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "json_metrics.hpp"

using namespace cli_test;
using nlohmann::json;

namespace {

constexpr std::size_t classes = 4;

/// Logits and labels of `rows` samples in whole.npy and labels.npy, and in parts of uneven length
/// under names whose numbers have to be read as numbers.
class parted_workplace : public workplace {
 public:
  explicit parted_workplace(std::size_t rows = 500) {
    std::mt19937 random(3);
    std::normal_distribution<double> normal;
    for (std::size_t i = 0; i < rows * classes; ++i) z_.push_back(2 * normal(random));
    for (std::size_t i = 0; i < rows; ++i)
      y_.push_back(static_cast<std::int64_t>(random() % classes));
    save("whole.npy", rows, classes, z_);
    save("labels.npy", y_);
    std::size_t begin = 0;
    for (int part = 8; begin < rows; ++part) {
      const std::size_t count =
          std::min(rows - begin, static_cast<std::size_t>(40 + 30 * (part % 3)));
      const std::string number = std::to_string(part);
      save("part-" + number + ".npy", count, classes, slice(z_, begin * classes, count * classes));
      save("y-" + number + ".npy", slice(y_, begin, count));
      begin += count;
      ++parts_;
    }
  }
  std::size_t parts() const { return parts_; }

 private:
  template<class T>
  static std::vector<T> slice(const std::vector<T>& from, std::size_t begin, std::size_t count) {
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(begin);
    return {first, first + static_cast<std::ptrdiff_t>(count)};
  }
  std::vector<double> z_;
  std::vector<std::int64_t> y_;
  std::size_t parts_ = 0;
};

/// The same without what is said of the files before.
std::string shard_error(const workplace& files, const std::string& arguments, int status) {
  const std::string err = error_of(files, arguments, status);
  return err.substr(err.find("calibra: "));
}

}  // namespace

TEST_CASE("shards: several files are measured as one", "[cli]") {
  const parted_workplace files;
  const json whole = metrics_of(files, "eval whole.npy labels.npy");
  check_same(metrics_of(files, "eval part-*.npy y-*.npy"), whole);
  CHECK(files.run("eval part-*.npy y-*.npy").err ==
        "part-*.npy: " + std::to_string(files.parts()) + " files\n");
  for (const std::string options :
       {"--binning mass", "--bins 7 --edges left", "--like torchmetrics", "--threads 2"})
    check_same(metrics_of(files, "eval part-*.npy y-*.npy " + options),
               metrics_of(files, "eval whole.npy labels.npy " + options));
  // Intervals of the same rows, in the same order.
  const std::string interval =
      " --interval --replicates 200 --metrics accuracy,nll,ece --format json";
  const json parts = json::parse(files.run("eval part-*.npy y-*.npy" + interval).out)["intervals"];
  const json all = json::parse(files.run("eval whole.npy labels.npy" + interval).out)["intervals"];
  for (const char* name : {"accuracy", "nll", "ece"})
    for (const char* limit : {"lower", "upper", "standard_error"})
      CHECK(std::abs(parts[name][limit].get<double>() - all[name][limit].get<double>()) < 1e-12);
}

TEST_CASE("shards: one file of several arrays each", "[cli]") {
  const small_workplace files;
  const auto npz = [&](const std::string& scores) {
    return io_test::zip_image({{scores + ".npy", read_all(files.path("p.npy"))},
                               {"y.npy", read_all(files.path("y.npy"))}});
  };
  files.write("d1.npz", npz("probs"));
  files.write("d2.npz", npz("probs"));
  const outcome r = files.run("eval d?.npz --format json --bins 2");
  CHECK(r.err == "d?.npz: 2 files; d1.npz: scores 'probs', labels 'y'\n");
  CHECK(json::parse(r.out)["samples"] == 8);
  CHECK(json::parse(r.out)["metrics"]["ece"] == 0.15625);
  CHECK(json::parse(r.out)["options"]["from"] == "probabilities");
  files.write("r1.jsonl", "{\"c\":0.75,\"h\":1}\n{\"c\":0.5,\"h\":0}\n");
  files.write("r2.jsonl", "{\"c\":0.5,\"h\":1}\n{\"c\":0.875,\"h\":0}\n");
  const outcome records =
      files.run("eval r*.jsonl --confidence c --correct h --bins 2 --format json");
  CHECK(json::parse(records.out)["metrics"]["ece"] == 0.15625);
}

TEST_CASE("shards: one form for all, and labels for each", "[cli]") {
  const small_workplace files;
  const auto npz = [&](const std::string& scores) {
    return io_test::zip_image({{scores + ".npy", read_all(files.path("p.npy"))},
                               {"y.npy", read_all(files.path("y.npy"))}});
  };
  files.write("m1.npz", npz("logits"));
  files.write("m2.npz", npz("probs"));
  CHECK(shard_error(files, "eval m?.npz", 2) ==
        "calibra: m2.npz:probs: probabilities by its name, but m1.npz:logits logits; say --from\n");
  // A scores' name that says nothing does not hide what the values look like.
  files.write("n1.npz", npz("scores"));
  CHECK(shard_error(files, "eval n?.npz", 2).find("say --from probabilities") != std::string::npos);
  // One file is found by a pattern as several are.
  const outcome one = files.run("eval n*.npz --from probabilities --bins 2 --format json");
  CHECK(one.err == "n*.npz: 1 file; n1.npz: scores 'scores', labels 'y'\n");
  CHECK(json::parse(one.out)["metrics"]["ece"] == 0.15625);
  files.save("one-1.npy", std::vector<double>{0, 1, 1});
  CHECK(shard_error(files, "eval one-*.npy --from probabilities", 2) ==
        "calibra: LABELS is required, or --label-column of SCORES\n");
  // Names of arrays that are said hold for every file, with evidence kept too.
  CHECK(
      files.run("eval n1.npz --scores scores --labels y --from probabilities --save-evidence e.cal")
          .status == 0);
  CHECK(shard_error(files, "test n*.npz", 2) ==
        "calibra: test: only eval takes several files, got \"n*.npz\"\n");
  CHECK(shard_error(files, "eval z.npy y.npy --target top --save-evidence e.cal", 2) ==
        "calibra: --save-evidence: not with --target, which evidence does not keep\n");
}

TEST_CASE("shards: names go together however their folder is written", "[cli]") {
  const small_workplace files;
  std::filesystem::create_directory(files.path("d"));
  for (const char* name : {"d/p[1]-1.npy", "d/p[1]-3.npy"})
    files.write(name, read_all(files.path("p.npy")));
  for (const char* name : {"d/l-1.npy", "d/l-2.npy"})
    files.write(name, read_all(files.path("y.npy")));
  for (const std::string folder : {"d/", "d//", "./d/"})
    CHECK(shard_error(files, "eval " + folder + "p[1]-*.npy " + folder + "l-*.npy", 1)
              .find("l-2.npy: expected the labels of ") != std::string::npos);
  std::filesystem::rename(files.path("d/l-2.npy"), files.path("d/l-3.npy"));
  CHECK(files.run("eval d/p[1]-*.npy d/l-*.npy --from probabilities").status == 0);
}

TEST_CASE("shards: evidence is kept and merged", "[cli]") {
  const parted_workplace files;
  for (const std::string options :
       {"", " --like netcal", " --binning mass --bins 9", " --metrics nll,ece,brier"}) {
    INFO(options);
    REQUIRE(files.run("eval part-8.npy y-8.npy --save-evidence a.cal" + options).status == 0);
    REQUIRE(files.run("eval part-9.npy y-9.npy --save-evidence b.cal" + options).status == 0);
    REQUIRE(files.run("eval part-1?.npy y-1?.npy --save-evidence c.cal" + options).status == 0);
    const json whole = metrics_of(files, "eval whole.npy labels.npy" + options);
    json merged = metrics_of(files, "merge a.cal b.cal c.cal");
    for (auto it = merged.begin(); it != merged.end();)  // the table gives some that were not asked
      it = whole.contains(it.key()) ? std::next(it) : merged.erase(it);
    check_same(merged, whole);
    // A sum that is kept is evidence itself.
    REQUIRE(files.run("merge a.cal b.cal --save-evidence ab.cal -o none.txt").status == 0);
    CHECK(metrics_of(files, "merge ab.cal c.cal --metrics ece")["ece"] ==
          metrics_of(files, "merge a.cal b.cal c.cal --metrics ece")["ece"]);
  }
  CHECK(files.run("merge a.cal --metrics ece").out.find("from evidence") != std::string::npos);
  REQUIRE(files.run("eval part-8.npy y-8.npy --edges left --save-evidence left.cal").status == 0);
  CHECK(json::parse(files.run("merge left.cal --format json").out)["options"]["edges"] == "left");
  CHECK(shard_error(files, "merge a.cal --metrics ks_error", 2) ==
        "calibra: evaluate(): the evidence was not collected for the metric \"ks_error\"; name it "
        "where the evidence is made\n");
}

TEST_CASE("shards: what does not go together", "[cli]") {
  const parted_workplace files;
  CHECK(shard_error(files, "eval none-*.npy y-*.npy", 1) ==
        "calibra: none-*.npy: no file has such a name\n");
  CHECK(shard_error(files, "eval part-*.npy labels.npy", 1)
            .find("labels.npy: expected a file of labels for each of the ") != std::string::npos);
  CHECK(shard_error(files, "eval whole.npy y-*.npy", 1) ==
        "calibra: y-*.npy: several files of labels are for several of scores, got whole.npy\n");
  CHECK(shard_error(files, "eval part-*.npy y-1?.npy", 1).find("y-1?.npy: expected ") !=
        std::string::npos);
  CHECK(shard_error(files, "eval part-*.npy", 2) ==
        "calibra: LABELS is required, or --label-column of SCORES\n");
  CHECK(shard_error(files, "eval part-*.npy y-*.npy --by label", 2)
            .find("calibra: several files, --save-evidence and --resume: ") == 0);
  CHECK(shard_error(files, "eval part-8.npy y-8.npy --interval --save-evidence a.cal", 2) ==
        "calibra: --save-evidence: not with --interval, which keeps every row\n");
  // Labels of other numbers.
  files.save("l-7.npy", std::vector<std::int64_t>{0});
  for (std::size_t part = 9; part < 8 + files.parts(); ++part)
    files.save("l-" + std::to_string(part) + ".npy", std::vector<std::int64_t>{0});
  CHECK(shard_error(files, "eval part-*.npy l-*.npy", 1) ==
        "calibra: l-7.npy: expected the labels of part-8.npy, whose name it does not have\n");
  // Another number of classes in one of them.
  files.save("part-9.npy", 2, 3, std::vector<double>{1, 2, 3, 4, 5, 6});
  files.save("y-9.npy", std::vector<std::int64_t>{0, 1});
  CHECK(shard_error(files, "eval part-*.npy y-*.npy", 2)
            .find("calibra: part-9.npy: evidence: cannot merge: ") == 0);
  // Evidence that was made otherwise, or is none.
  REQUIRE(files.run("eval part-8.npy y-8.npy --save-evidence a.cal").status == 0);
  REQUIRE(files.run("eval part-8.npy y-8.npy --save-evidence b.cal --bins 9").status == 0);
  REQUIRE(files.run("eval part-8.npy y-8.npy --save-evidence c.cal --like netcal").status == 0);
  CHECK(
      shard_error(files, "merge a.cal b.cal", 2).find("calibra: b.cal: evidence: cannot merge: ") ==
      0);
  CHECK(shard_error(files, "merge a.cal c.cal", 2) ==
        "calibra: c.cal: made like netcal, but a.cal like calibra\n");
  CHECK(shard_error(files, "merge whole.npy", 1) ==
        "calibra: whole.npy: not evidence of calibra, or of another version\n");
  files.write("cut.cal", read_all(files.path("a.cal")).substr(0, 100));
  CHECK(shard_error(files, "merge cut.cal", 1) ==
        "calibra: cut.cal: evidence that is damaged or cut off: its checksum differs\n");
}
