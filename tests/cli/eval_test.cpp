// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What `calibra eval` measures: kinds of scores, forms of files, options.
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "calibra/io/load.hpp"
#include "program.hpp"

using namespace cli_test;
using nlohmann::json;

namespace {

json report(const workplace& files, const std::string& arguments) {
  const outcome r = files.run("eval " + arguments + " --format json");
  INFO(arguments);
  CHECK(r.err == "");
  REQUIRE(r.status == 0);
  return json::parse(r.out);
}

/// Metrics of the small workplace's data, whatever they are stored as.
void check_small(const workplace& files, const std::string& arguments) {
  INFO(arguments);
  const json r = report(files, arguments + " --bins 2");
  CHECK(r["samples"] == 4);
  CHECK(r["classes"] == 3);
  CHECK(r["metrics"]["ece"] == 0.15625);
  CHECK(r["metrics"]["accuracy"] == 0.5);
  CHECK(r["metrics"]["confidence"] == 0.65625);
}

template<class T>
std::string encoded(std::endian order = std::endian::little) {
  std::vector<T> x;
  for (const double p : small_scores) {
    if constexpr (std::is_same_v<T, double>)
      x.push_back(p);
    else
      x.push_back(T(static_cast<float>(p)));
  }
  return io_test::bytes_of(x, order);
}

std::string npy(const std::string& descr, const std::string& data, bool fortran = false) {
  return io_test::npy_image(io_test::npy_dict(descr, "(4, 3)", fortran), data);
}

constexpr double few = 16 * std::numeric_limits<double>::epsilon();

}  // namespace

TEST_CASE("eval: every element type, order and container gives the same", "[cli]") {
  const small_workplace files;
  check_small(files, "p.npy y.npy --from probabilities");
  files.write("f8.npy", npy(">f8", encoded<double>(std::endian::big)));
  files.write("f4.npy", npy("<f4", encoded<float>()));
  files.write("f4b.npy", npy(">f4", encoded<float>(std::endian::big)));
  files.write("f2.npy", npy("<f2", encoded<calibra::half>()));
  files.write("f2b.npy", npy(">f2", encoded<calibra::half>(std::endian::big)));
  files.write("bf.npy", npy("<V2", encoded<calibra::bfloat16>()));
  std::vector<double> columns;
  for (std::size_t k = 0; k < 3; ++k)
    for (std::size_t i = 0; i < 4; ++i) columns.push_back(small_scores[3 * i + k]);
  files.write("columns.npy", npy("<f8", io_test::bytes_of(columns), true));
  for (const char* name : {"f8", "f4", "f4b", "f2", "f2b", "bf", "columns"})
    check_small(files, name + std::string(".npy y.npy --from probabilities"));

  const std::string p = read_all(files.path("p.npy")), y = read_all(files.path("y.npy"));
  files.write("dump.npz", io_test::zip_image({{"p.npy", p, true}, {"y.npy", y}}));
  check_small(files, "dump.npz:p dump.npz:y --from probabilities");
  files.write(
      "dump.safetensors",
      io_test::safetensors_image(R"({"p":{"dtype":"F64","shape":[4,3],"data_offsets":[0,96]}})",
                                 io_test::bytes_of(small_scores)));
  check_small(files, "dump.safetensors:p y.npy --from probabilities");
  files.write("p.csv", "a,b,c\n.125,.75,.125\n.5,.25,.25\n.25,.25,.5\n.0625,.0625,.875\n");
  files.write("y.csv", "1\n1\n2\n0\n");
  files.write("one_hot.tsv", "0\t1\t0\n0\t1\t0\n0\t0\t1\n1\t0\t0\n");
  check_small(files, "p.csv y.csv --from probabilities");
  check_small(files, "p.csv one_hot.tsv --from probabilities");
  std::vector<double> logits;
  for (const double x : small_scores) logits.push_back(std::log(x));
  files.save("z.npy", 4, 3, logits);
  const json z = report(files, "z.npy y.npy --bins 2");
  CHECK(z["options"]["from"] == "logits");
  CHECK(z["metrics"]["brier"].get<double>() ==
        Approx(report(files, "p.npy y.npy --from probabilities")["metrics"]["brier"].get<double>())
            .epsilon(few));
}

TEST_CASE("eval: the metrics are those asked for, in the order of the library", "[cli]") {
  const small_workplace files;
  const auto names = [&](const std::string& more) {
    std::vector<std::string> out;
    std::string text = files.run("eval p.npy y.npy --from probabilities --format csv" + more).out;
    text.resize(text.find("\n\n") + 1);
    text.erase(0, text.find('\n') + 1);
    for (std::size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1))
      out.push_back(text.substr(0, text.find(',')));
    return out;
  };
  CHECK(names(" --metrics mce,ece") == std::vector<std::string>{"ece", "mce"});
  CHECK(names("").size() == 33);
  CHECK(names(" --metrics all") == names(""));
}

TEST_CASE("eval: per class", "[cli]") {
  const small_workplace files;
  const json r = report(files, "p.npy y.npy --from probabilities --bins 2 --classwise");
  const std::vector<double> expected = {0.015625, 0.171875, 0.25};
  const std::vector<double> got = r["classwise"]["ece"];
  REQUIRE(got.size() == 3);
  for (std::size_t k = 0; k < 3; ++k) CHECK(got[k] == Approx(expected[k]).epsilon(few));
  CHECK(r["metrics"]["classwise_ece"].get<double>() == Approx(0.4375 / 3).epsilon(few));
}

TEST_CASE("eval: options reach the library", "[cli]") {
  const small_workplace files;
  const std::string p = "p.npy y.npy --from probabilities --bins 2";
  const auto ece = [&](const std::string& more) -> double {
    return report(files, p + more)["metrics"]["ece"];
  };
  CHECK(ece("") == 0.15625);
  CHECK(ece(" --edges left") == 0.15625);  // all in [0.5, 1): |2 - 2.625| / 4
  CHECK(report(files, p + " --edges left")["bins"][0]["count"] == 0);
  CHECK(ece(" --threads 3") == 0.15625);
  // Half the samples in each bin: {0.5, 0.5} and {0.75, 0.875}.
  const json mass = report(files, p + " --binning mass");
  CHECK(mass["bins"][0]["upper"] == 0.625);
  CHECK(mass["metrics"]["ece"] == 0.15625);
  CHECK(mass["metrics"]["ace"] == 0.15625);

  files.save("w.npy", std::vector<double>{1, 0, 0, 3});
  const json weighted = report(files, p + " --weights w.npy");
  CHECK(weighted["bins"][1]["weight"] == 4);
  CHECK(weighted["bins"][1]["confidence"] == 0.84375);
  CHECK(weighted["metrics"]["accuracy"] == 0.25);
  CHECK(weighted["metrics"]["ece"] == 0.59375);

  const json masked = report(files, p + " --ignore-label 0");
  CHECK(masked["samples"] == 3);
  CHECK(masked["metrics"]["ece"].get<double>() == Approx(0.25 / 3).epsilon(few));

  files.save("x.npy", std::vector<double>{0.5, 1, 2, 3});
  CHECK(report(files, p + " --proximity x.npy")["metrics"]["piece"].is_number());
  CHECK(report(files, p)["metrics"]["piece"].is_null());
}

TEST_CASE("eval: conventions", "[cli]") {
  workplace files;
  files.write("p.csv", "1,0\n0.5,0.5\n");
  files.write("y.csv", "0\n1\n");
  const std::string p = "p.csv y.csv --from probabilities --bins 2";
  const json own = report(files, p);
  CHECK(own["bins"].size() == 2);
  CHECK(own["bins"][0]["count"] == 1);
  const json metrics = report(files, p + " --like torchmetrics");
  CHECK(metrics["options"]["like"] == "torchmetrics");
  CHECK(metrics["options"]["edges"] == "left");
  CHECK(metrics["bins"].size() == 3);  // 1 has a bin of its own
  CHECK(metrics["bins"][2]["count"] == 1);
  CHECK(report(files, p + " --like clip_calibration")["metrics"]["mce"] == 0.25);
}

TEST_CASE("eval: undefined and infinite metrics are null", "[cli]") {
  workplace files;
  files.write("p.csv", "1,0\n1,0\n");
  files.write("y.csv", "0\n1\n");
  const json r = report(files, "p.csv y.csv --from probabilities");
  CHECK(r["metrics"]["nll"].is_null());
  CHECK(r["metrics"]["piece"].is_null());
  CHECK(files.run("eval p.csv y.csv --from probabilities --format csv --metrics nll,piece")
            .out.starts_with("metric,value\nnll,inf\npiece,\n"));
}

TEST_CASE("eval: NaN scores are counted, rows renormalised, where asked", "[cli]") {
  workplace files;
  files.save("z.npy", 3, 2, std::vector<double>{0, 1, std::nan(""), 1, 2, 0});
  files.save("y.npy", std::vector<std::int64_t>{1, 1, 0});
  const json r = report(files, "z.npy y.npy --nan count");
  CHECK(r["samples"] == 2);
  CHECK(r["skipped"] == 1);
  CHECK(r["metrics"]["accuracy"] == 1);

  files.write("p.csv", "1,3\n2,2\n");
  files.write("y.csv", "1\n0\n");
  CHECK(report(files, "p.csv y.csv --from probabilities --renormalise")["metrics"]["confidence"] ==
        0.625);
}

TEST_CASE("eval: binary scores", "[cli]") {
  workplace files;
  files.save("p.npy", std::vector<double>{0.25, 0.75, 0.125, 1});
  files.save("column.npy", 4, 1, std::vector<double>{0.25, 0.75, 0.125, 1});
  files.save("y.npy", std::vector<std::int64_t>{0, 1, 1, 1});
  for (const char* scores : {"p.npy", "column.npy"}) {
    const json r = report(files, scores + std::string(" y.npy --from probabilities --bins 2"));
    CHECK(r["classes"] == 2);
    CHECK(r["metrics"]["ece"] == 0.21875);  // |1 - 0.375| / 4 + |2 - 1.75| / 4
    CHECK(r["metrics"]["accuracy"] == 0.75);
    CHECK(r["metrics"]["classwise_ece"].is_null());
  }
  const json top = report(files, "p.npy y.npy --from probabilities --bins 2 --target top");
  CHECK(top["bins"][0]["count"] == 0);
  CHECK(top["metrics"]["ece"] == 0.09375);  // |3 - 3.375| / 4
  CHECK(report(files, "p.npy y.npy --from logits")["options"]["from"] == "logits");
}

TEST_CASE("eval: confidences and hits", "[cli]") {
  workplace files;
  files.save("c.npy", std::vector<double>{0.25, 0.75, 0.125, 1, 0});
  files.save("hit.npy", std::vector<std::int64_t>{0, 1, 1, 1, 0});
  for (const char* more : {"", " --like robustness_metrics", " --like torch_uncertainty"}) {
    const json r = report(files, "c.npy hit.npy --from confidences --bins 2" + std::string(more));
    CHECK(r["classes"].is_null());
    CHECK(r["metrics"]["accuracy"].get<double>() == Approx(0.6).epsilon(few));
    CHECK(r["metrics"]["confidence"].get<double>() == Approx(0.425).epsilon(few));
    CHECK(r["metrics"]["nll"].is_null());
    CHECK(r["metrics"]["brier"].is_null());
    CHECK(r["metrics"]["classwise_ece"].is_null());
    CHECK(r["metrics"]["brier_top"].get<double>() == Approx((2 / 16. + 49 / 64.) / 5).epsilon(few));
  }
  const json r = report(files, "c.npy hit.npy --from confidences --bins 2");
  CHECK(r["metrics"]["ece"].get<double>() == Approx((0.625 + 0.25) / 5).epsilon(few));
  CHECK(r["bins"][0]["count"] == 3);
  // Taken as they are where the convention would take the likelier class of a binary score.
  const json as_is = report(
      files, "c.npy hit.npy --from confidences --bins 2 --like torch_uncertainty --binning mass");
  CHECK(as_is["bins"][0]["confidence"].get<double>() == Approx(0.125).epsilon(few));
}

TEST_CASE("eval: multi-label scores", "[cli]") {
  workplace files;
  // Label 0: 0.75 yes, 0.25 no. Label 1: 0.5 yes, 0.125 no; one entry is void.
  files.save("p.npy", 3, 2, std::vector<double>{0.75, 0.5, 0.25, 0.125, 0.5, 1});
  files.save("y.npy", 3, 2, std::vector<std::int64_t>{1, 1, 0, 0, -1, 1});
  const std::string arguments = "p.npy y.npy --sigmoid --from probabilities --bins 2";
  const json r = report(files, arguments + " --ignore-label -1 --classwise");
  CHECK(r["samples"] == 3);
  CHECK(r["entries"] == 5);
  CHECK(r["classes"] == 2);
  // Bins of all entries: {0.25 no, 0.5 yes, 0.125 no} and {0.75 yes, 1 yes}.
  CHECK(r["metrics"]["micro_ece"].get<double>() == Approx((0.125 + 0.25) / 5).epsilon(few));
  CHECK(r["metrics"]["micro_accuracy"].get<double>() == Approx(0.8).epsilon(few));
  // Label 0: (0.25 + 0.25) / 2. Label 1: |1 - 0.625| / 3 + 0.
  const std::vector<double> labels = r["classwise"]["ece"];
  REQUIRE(labels.size() == 2);
  CHECK(labels[0] == 0.25);
  CHECK(labels[1] == Approx(0.125).epsilon(few));
  CHECK(r["metrics"]["macro_ece"].get<double>() == Approx(0.1875).epsilon(few));
  CHECK_FALSE(r["metrics"].contains("micro_classwise_ece"));
  CHECK_FALSE(r["metrics"].contains("ece"));

  // Metrics of classes take labels for classes; an entry that is NaN can be counted.
  const json classes =
      report(files, arguments + " --ignore-label -1 --metrics classwise_ece,pooled_ece");
  CHECK(classes["metrics"]["classwise_ece"] == r["metrics"]["macro_ece"]);
  CHECK(classes["metrics"]["pooled_ece"].get<double>() ==
        Approx(r["metrics"]["micro_ece"].get<double>()).epsilon(few));
  files.save(
      "pn.npy", 3, 2,
      std::vector<double>{0.75, 0.5, std::numeric_limits<double>::quiet_NaN(), 0.125, 0.5, 1});
  const json counted =
      report(files, "pn.npy y.npy --sigmoid --from probabilities --ignore-label -1 --nan count");
  CHECK(counted["entries"] == 4);
  CHECK(counted["skipped"] == 1);

  // The same by columns, as reals, and as logits.
  files.write(
      "pc.npy",
      io_test::npy_image(io_test::npy_dict("<f8", "(3, 2)", true),
                         io_test::bytes_of(std::vector<double>{0.75, 0.25, 0.5, 0.5, 0.125, 1})));
  files.write("y.csv", "1.0,1\n0,0\n-1,1\n");
  const std::string more = " --sigmoid --bins 2 --ignore-label -1 --classwise";
  CHECK(report(files, "pc.npy y.csv --from probabilities" + more)["metrics"] == r["metrics"]);
  files.save("z.npy", 2, 2, std::vector<float>{0, 1, -1, 3});
  files.save("yz.npy", 2, 2, std::vector<std::int64_t>{0, 1, 0, 1});
  CHECK(report(files, "z.npy yz.npy --sigmoid")["metrics"]["macro_accuracy"] == 1);

  // A sample's weight is that of its entries.
  files.save("w.npy", std::vector<double>{1, 1, 0});
  const json weighted = report(files, arguments + " --ignore-label -1 --weights w.npy");
  CHECK(weighted["metrics"]["micro_ece"].get<double>() == Approx((0.125 + 0.25) / 4).epsilon(few));
}

TEST_CASE("eval: scores and labels out of one table", "[cli]") {
  const small_workplace files;
  const std::string rows =
      "a.png,.125,.75,.125,1\nb.png,.5,.25,.25,1\nc.png,.25,.25,.5,2\nd.png,.0625,.0625,.875,0\n";
  files.write("d.csv", "file,p0,p1,p2,y\n" + rows);
  const std::string p = " --from probabilities";
  check_small(files, "d.csv d.csv --score-columns p0,p1,p2 --label-column y" + p);
  check_small(files, "d.csv --score-columns p0..p2 --label-column y" + p);
  check_small(files, "d.csv y.npy --score-columns p0..p2" + p);
  check_small(files, "p.npy d.csv --label-column y" + p);
  files.write("n.csv", rows);
  check_small(files, "n.csv --score-columns 1..3 --label-column 4" + p);
  // Without the label column the rest are scores.
  files.write("s.csv",
              "p0,p1,p2,y\n.125,.75,.125,1\n.5,.25,.25,1\n.25,.25,.5,2\n.0625,.0625,"
              ".875,0\n");
  check_small(files, "s.csv --label-column y" + p);
  files.write("h.csv", "0,1,2\n.125,.75,.125\n.5,.25,.25\n.25,.25,.5\n.0625,.0625,.875\n");
  files.write("hy.csv", "0\n1\n1\n2\n0\n");
  check_small(files, "h.csv hy.csv --header yes" + p);
  CHECK(files.run("fit s.csv --label-column y -o m.json" + p).status == 0);
  CHECK(files.run("apply m.json s.csv --score-columns p0..p2 -o o.npy" + p).status == 0);
  CHECK(io_test::shape_of(calibra::io::load(files.path("o.npy"))) == io_test::sizes{4, 3});
}

TEST_CASE("eval: labels that are whole numbers as reals", "[cli]") {
  const small_workplace files;
  files.save("yf.npy", std::vector<float>{1, 1, 2, 0});
  check_small(files, "p.npy yf.npy --from probabilities");
  files.write("yf.csv", "label\n1.0\n1.0\n2.0\n0.0\n");
  check_small(files, "p.npy yf.csv --from probabilities");
}

TEST_CASE("eval: --output writes the whole report to a file and nothing else", "[cli]") {
  const small_workplace files;
  const std::string arguments = "eval p.npy y.npy --from probabilities --format csv";
  const std::string text = files.run(arguments).out;
  const std::size_t before = files.entries();
  const outcome r = files.run(arguments + " --output report.csv");
  CHECK(r.status == 0);
  CHECK(r.out == "");
  CHECK(r.err == "");
  CHECK(read_all(files.path("report.csv")) == text);
  CHECK(files.entries() == before + 1);
}
