// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// `calibra eval --interval`, `calibra test` and `calibra compare` against the library's own calls.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/compare/compare.hpp"
#include "calibra/ensemble/ensemble.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/groups/evaluate_by.hpp"
#include "calibra/groups/report.hpp"
#include "calibra/hypothesis/test_calibration.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/interval/report.hpp"
#include "calibra/io/save.hpp"
#include "program.hpp"

using namespace cli_test;
using nlohmann::json;

namespace {

constexpr std::size_t n = 120, k = 3;

struct noisy_files : workplace {
  calibra::matrix<double> a{n, k}, b{n, k};
  std::vector<std::int64_t> y, patient;
  noisy_files() {
    for (std::size_t i = 0; i < n; ++i) {
      y.push_back(static_cast<std::int64_t>(i * 7 % 5 % k));
      patient.push_back(static_cast<std::int64_t>(i / 4));
      for (std::size_t c = 0; c < k; ++c) {
        a(i, c) = std::sin(static_cast<double>(i * k + c)) * 2;
        b(i, c) = a(i, c) + std::cos(static_cast<double>(i * 5 + c)) / 2;
      }
    }
    calibra::io::save(path("a.npy"), a.view());
    calibra::io::save(path("b.npy"), b.view());
    save("y.npy", y);
    save("patient.npy", patient);
  }
};

/// The number, or NaN for null.
double number(const json& x) {
  return x.is_null() ? std::numeric_limits<double>::quiet_NaN() : x.get<double>();
}
bool same(double x, double y) {
  return x == y || (std::isnan(x) && std::isnan(y));
}

}  // namespace

TEST_CASE("eval --interval: the library's intervals", "[cli]") {
  const noisy_files files;
  const calibra::interval_options how = {
      .replicates = 100, .level = 0.9, .seed = 3, .kind = calibra::interval_kind::percentile};
  const std::string flags = " --interval --replicates 100 --level 0.9 --seed 3 --limits percentile";
  for (const bool clustered : {false, true}) {
    calibra::options o;
    if (clustered) o.cluster = files.patient;
    o.like = calibra::conventions::find("calibra");
    const auto expected =
        calibra::intervals(calibra::logits(files.a), files.y, calibra::all_metrics(), o, how);
    const std::string more = clustered ? " --cluster patient.npy" : "";
    const outcome r = files.run("eval a.npy y.npy --format json" + flags + more);
    CHECK(r.err == "");
    REQUIRE(r.status == 0);
    const json document = json::parse(r.out);
    CHECK(document["options"]["replicates"] == 100);
    CHECK(document["intervals"].size() == expected.intervals.size());
    for (const calibra::metric_interval& i : expected) {
      INFO(i.name);
      const json& got = document["intervals"][i.name];
      CHECK(same(number(got["lower"]), i.lower));
      CHECK(same(number(got["upper"]), i.upper));
      CHECK(same(number(got["standard_error"]), i.standard_error));
      CHECK(same(number(got["floor"]), i.floor));
      CHECK(got["method"] == (i.method.empty() ? json(nullptr) : json(i.method)));
    }
    const outcome table = files.run("eval a.npy y.npy --threads 1" + flags + more);
    CHECK(table.out.find("limits of 90.0 % intervals") != std::string::npos);
    CHECK(table.out.find("  noise floor\n") != std::string::npos);
    CHECK(files.run("eval a.npy y.npy --threads 2" + flags + more).out == table.out);
    const outcome csv = files.run("eval a.npy y.npy --format csv" + flags + more);
    CHECK(csv.out.starts_with("metric,value,lower,upper,standard_error,floor\naccuracy,"));
    const outcome markdown = files.run("eval a.npy y.npy --format markdown" + flags + more);
    CHECK(markdown.out.starts_with("| metric | value | lower | upper | noise floor |\n"));
  }
}

TEST_CASE("eval: the noise floor of ece stands in the table", "[cli]") {
  const noisy_files files;
  const outcome r = files.run("eval a.npy y.npy --metrics ece,nll");
  const auto e = calibra::evaluate(calibra::logits(files.a), files.y);
  const std::string floor = calibra::detail::fixed_text(calibra::ece_noise_floor(e.table), 4);
  CHECK(r.out.find("  noise floor " + floor + "\n") != std::string::npos);
}

TEST_CASE("eval --by: the library's groups", "[cli]") {
  const noisy_files files;
  const auto expected = calibra::evaluate_by(calibra::logits(files.a), files.y, files.patient,
                                             {calibra::accuracy, calibra::ece, calibra::nll});
  const outcome r = files.run(
      "eval a.npy y.npy --by patient.npy --metrics nll --format json --interval "
      "--replicates 40");
  CHECK(r.err == "");
  REQUIRE(r.status == 0);
  const json document = json::parse(r.out);
  REQUIRE(document["groups"].size() == expected.groups.size());
  CHECK(document["options"]["by"] == "patient.npy");
  CHECK(document["worst_group"] == expected.groups[expected.worst].group);
  CHECK(same(number(document["multicalibration_error"]), expected.multicalibration_error));
  CHECK(same(number(document["detectable_error"]), expected.detectable_error));
  CHECK(document["metrics"].size() == 1);
  for (std::size_t g = 0; g < expected.groups.size(); ++g) {
    const json& got = document["groups"][g];
    const calibra::group_row& row = expected.groups[g];
    CHECK(got["group"] == row.group);
    CHECK(got["samples"] == row.values.samples);
    CHECK(same(number(got["kuiper"]), row.kuiper));
    CHECK(same(number(got["p_adjusted"]), row.p_adjusted));
    for (const calibra::metric_value& m : row.values)
      CHECK(same(number(got["metrics"][m.name]), m.value));
  }
  // As text; by classes.
  const outcome table = files.run("eval a.npy y.npy --by patient.npy");
  CHECK(table.out.find("\nby patient.npy\n" + to_text(expected).substr(0, 200)) !=
        std::string::npos);
  const json by_label = json::parse(files.run("eval a.npy y.npy --by label --format json").out);
  CHECK(by_label["groups"].size() == k);
  const json predicted =
      json::parse(files.run("eval a.npy y.npy --by predicted --format json").out);
  CHECK(predicted["groups"].size() == k);
  const outcome csv = files.run("eval a.npy y.npy --by label --metrics nll --format csv");
  CHECK(csv.out.find("\ngroup,samples,kuiper,p,p_adjusted,accuracy,ece,nll\n0,") !=
        std::string::npos);
  const outcome markdown = files.run("eval a.npy y.npy --by label --metrics nll --format markdown");
  CHECK(markdown.out.find("\n| group | samples | kuiper | p_adjusted | accuracy | ece | nll |\n") !=
        std::string::npos);
}

TEST_CASE("eval: several files are one model", "[cli]") {
  const noisy_files files;
  using S = decltype(calibra::logits(files.a));
  const auto both =
      calibra::ensemble(std::vector<S>{calibra::logits(files.a), calibra::logits(files.b)});
  const auto value = [&](const std::string& scores, const std::string& more) {
    const outcome r = files.run("eval " + scores + " y.npy --metrics nll --format json" + more);
    CHECK(r.err == "");
    return number(json::parse(r.out)["metrics"]["nll"]);
  };
  CHECK(value("a.npy+b.npy", "") == Approx(calibra::nll(both, files.y)).epsilon(1e-12));
  CHECK(value("a.npy+a.npy+a.npy", "") ==
        Approx(calibra::nll(calibra::logits(files.a), files.y)).epsilon(1e-12));
  // A '+' in a name, of a folder too, is part of it where no file ends before it.
  std::filesystem::create_directory(files.path("a+b"));
  std::filesystem::copy_file(files.path("a.npy"), files.path("a+b/a+.npy"));
  std::filesystem::copy_file(files.path("b.npy"), files.path("a+b/+b.npy"));
  CHECK(value("a+b/a+.npy", "") == value("a.npy", ""));
  CHECK(value("a+b/a+.npy+a+b/+b.npy", "") == value("a.npy+b.npy", ""));
  CHECK(error_of(files, "eval no.npy+a.npy y.npy", 1).find("calibra: no.npy: ") == 0);
  CHECK(error_of(files, "eval a.npy+no.npy y.npy", 1).find("calibra: no.npy: ") == 0);
  // Probabilities; one number a sample.
  files.save("p.npy", std::vector<double>(n, 0.25));
  files.save("q.npy", std::vector<double>(n, 0.75));
  std::vector<std::int64_t> bits;
  for (const std::int64_t label : files.y) bits.push_back(label % 2);
  files.save("bits.npy", bits);
  const json half = json::parse(
      files.run("eval p.npy+q.npy bits.npy --from probabilities --metrics nll --format json").out);
  CHECK(number(half["metrics"]["nll"]) == Approx(std::log(2.0)).epsilon(1e-12));
  const json middle =
      json::parse(files
                      .run("eval p.npy+q.npy bits.npy --from logits --metrics nll --format json "
                           "--target positive")
                      .out);
  CHECK(number(middle["metrics"]["nll"]) > 0);
  // A file of that name is that file.
  calibra::io::save(files.path("x+y.npy"), files.b.view());
  CHECK(value("x+y.npy", "") ==
        Approx(calibra::nll(calibra::logits(files.b), files.y)).epsilon(1e-12));
  const auto said = [&](const std::string& more) { return files.run("eval " + more).err; };
  CHECK(said("a.npy+p.npy y.npy") ==
        "calibra: p.npy: expected scores of shape (120, 3) as in a.npy, got (120,)\n");
  CHECK(said("a.npy+none.npy y.npy").starts_with("calibra: none.npy: "));
  CHECK(said("p.npy+q.npy bits.npy --from confidences")
            .starts_with("calibra: p.npy+q.npy: several files are averaged as logits or"));
}

TEST_CASE("eval --by: bad groups", "[cli]") {
  const noisy_files files;
  const auto said = [&](const std::string& more) { return files.run("eval " + more).err; };
  files.save("short.npy", std::vector<std::int64_t>{1, 2, 3});
  CHECK(said("a.npy y.npy --by short.npy") ==
        "calibra: short.npy: expected 120 groups for the 120 rows of a.npy, got 3\n");
  CHECK(said("a.npy y.npy --by a.npy") ==
        "calibra: a.npy: expected one whole number a row, got shape (120, 3)\n");
  files.save("c.npy", std::vector<double>(n, 0.75));
  CHECK(said("c.npy y.npy --from confidences --by y.npy")
            .starts_with("calibra: --by: expected logits or probabilities"));
  std::vector<std::int64_t> bits;
  for (const std::int64_t label : files.y) bits.push_back(label % 2);
  files.save("bits.npy", bits);
  CHECK(said("c.npy bits.npy --from probabilities --by predicted")
            .starts_with("calibra: --by: predicted is for scores of samples x classes"));
  CHECK(said("a.npy y.npy --by missing.npy").starts_with("calibra: missing.npy: "));
}

TEST_CASE("test: the library's tests", "[cli]") {
  const noisy_files files;
  const auto expected = calibra::test_calibration(calibra::logits(files.a), files.y);
  const outcome r = files.run("test a.npy y.npy --format json");
  CHECK(r.err == "");
  REQUIRE(r.status == 0);
  const json document = json::parse(r.out);
  CHECK(document["tests"].size() == expected.size());
  for (const calibra::test_result& t : expected) {
    INFO(t.name);
    const json& got = document["tests"][t.name];
    CHECK(same(number(got["statistic"]), t.statistic));
    CHECK(same(number(got["p"]), t.p));
    CHECK(got["note"] == t.note);
  }
  const outcome some = files.run("test a.npy y.npy --tests kuiper,logistic");
  CHECK(some.out.starts_with("test       statistic        p  note\nkuiper  "));
  CHECK(some.out.find("\nlogistic  ") != std::string::npos);
  CHECK(some.out.find("\nks ") == std::string::npos);

  files.save("c.npy", std::vector<double>{0.9, 0.8, 0.7, 0.6});
  files.save("hit.npy", std::vector<std::int64_t>{1, 0, 1, 0});
  const outcome confidences = files.run("test c.npy hit.npy --from confidences");
  CHECK(confidences.status == 0);
  CHECK(confidences.out.find("needs classes, got confidences") != std::string::npos);
  const outcome wrong = files.run("test a.npy y.npy --tests kuper");
  CHECK(wrong.status == 2);
  CHECK(wrong.err.find("did you mean \"kuiper\"?") != std::string::npos);
}

TEST_CASE("compare: the library's comparison", "[cli]") {
  const noisy_files files;
  calibra::options o;
  o.like = calibra::conventions::find("calibra");
  const auto expected =
      calibra::compare(calibra::logits(files.a), calibra::logits(files.b), files.y,
                       calibra::all_metrics(), o, {.replicates = 60, .level = 0.9, .seed = 5});
  const std::string flags = " --replicates 60 --level 0.9 --seed 5";
  const outcome r = files.run("compare a.npy b.npy y.npy --format json" + flags);
  CHECK(r.err == "");
  REQUIRE(r.status == 0);
  const json document = json::parse(r.out);
  CHECK(document["differences"].size() == expected.differences.size());
  for (const calibra::metric_difference& d : expected) {
    INFO(d.name);
    const json& got = document["differences"][d.name];
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, double>>{{"a", d.a},
                                                     {"b", d.b},
                                                     {"difference", d.difference},
                                                     {"lower", d.lower},
                                                     {"upper", d.upper},
                                                     {"p", d.p}})
      CHECK(same(number(got[key]), value));
  }
  const outcome table = files.run("compare a.npy b.npy y.npy --metrics nll,ece" + flags);
  CHECK(table.out.starts_with("a: a.npy\nb: b.npy\n120 samples\n\nmetric  "));
  const outcome alike = files.run("compare a.npy a.npy y.npy --metrics ece" + flags);
  CHECK(alike.out.find(" 0.000000    1.000\n") != std::string::npos);
}

TEST_CASE("eval --interval, test and compare: bad input is a sentence", "[cli]") {
  const noisy_files files;
  files.save("short.npy", std::vector<std::int64_t>{0, 1});
  files.save("half.npy", std::vector<double>(n, 0.5));
  calibra::matrix<double> odd = files.a;
  odd(7, 2) = std::nan("");
  calibra::io::save(files.path("nan.npy"), odd.view());
  files.save("bad.npy", std::vector<std::int64_t>(n, 99));
  calibra::matrix<double> p(n, k);
  for (std::size_t i = 0; i < n; ++i) p(i, 0) = 0.5, p(i, 1) = p(i, 2) = 0.25;
  calibra::io::save(files.path("p.npy"), p.view());
  p(5, 0) = 1;
  calibra::io::save(files.path("q.npy"), p.view());
  calibra::matrix<double> few(n - 1, k);
  calibra::io::save(files.path("few.npy"), few.view());
  for (const auto& [arguments, expected] : std::vector<std::pair<std::string, std::string>>{
           {"eval a.npy y.npy --level 0.9", "--level: only with --interval"},
           {"eval a.npy y.npy --interval --level 1", "--level: expected a number in (0, 1)"},
           {"eval a.npy y.npy --interval --level x", "--level: expected a number in (0, 1)"},
           {"eval a.npy y.npy --interval --replicates 0", "--replicates: expected a whole number"},
           {"eval a.npy y.npy --interval --replicates 39", "expected at least 40 replicates"},
           {"eval a.npy a.npy --interval --sigmoid", "--interval: expected one label a sample"},
           {"eval a.npy y.npy --interval --cluster short.npy", "short.npy: expected 120 clusters"},
           {"eval a.npy y.npy --interval --cluster half.npy",
            "calibra: half.npy: row 0: cluster 0.5 is not a whole number"},
           {"eval a.npy y.npy --by half.npy", "half.npy: row 0: group 0.5 is not a whole number"},
           {"eval a.npy y.npy --by prediction",
            "--by: expected a file that is there, predicted or label, got 'prediction'; did you "
            "mean "
            "\"predicted\"?"},
           {"compare a.npy nan.npy y.npy", "calibra: nan.npy: score nan at row 7, column 2;"},
           {"compare nan.npy a.npy y.npy", "calibra: nan.npy: score nan at row 7, column 2;"},
           {"compare a.npy b.npy bad.npy", "calibra: bad.npy: "},
           {"eval p.npy+q.npy y.npy --from probabilities",
            "calibra: q.npy: the probabilities of row 5 sum to 1.5, expected 1 within"},
           {"eval a.npy y.npy --interval --cluster none.npy", "none.npy"},
           {"compare a.npy few.npy y.npy", "few.npy: expected scores of shape"},
           {"compare a.npy b.npy short.npy", "short.npy: expected 120 labels"},
           {"compare a.npy b.npy", "LABELS is required"},
           {"compare a.npy y.npy y.npy", "expected scores of shape"},
           {"test a.npy short.npy", "short.npy: expected 120 labels"}}) {
    const outcome r = files.run(arguments);
    INFO(arguments << " said " << r.err);
    CHECK(r.status != 0);
    CHECK(r.out == "");
    CHECK(r.err.find(expected) != std::string::npos);
  }
}
