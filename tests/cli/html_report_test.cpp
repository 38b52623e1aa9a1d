// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// `calibra report`: one file, with what the library says.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/io/save.hpp"
#include "heated_problem.hpp"
#include "program.hpp"

using namespace cli_test;

namespace {

/// Logits that are `heat` times those of a calibrated model.
struct report_files : workplace, calibra::test::heated_problem {
  explicit report_files(double heat) : heated_problem(heat) {
    calibra::io::save(path("z.npy"), z.view());
    save("y.npy", y);
  }
  std::string page(const std::string& more = "") const {
    const outcome r = run("report z.npy y.npy -o r.html" + more);
    CHECK(r.err == "");
    CHECK(r.out == "");
    CHECK(r.status == 0);
    return read_all(path("r.html"));
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("report: one file that needs nothing else", "[cli]") {
  const report_files files(3);
  const std::string page = files.page(" --title \"a<b\" --by label");
  CHECK(page.starts_with("<!doctype html>"));
  CHECK(has(page, "<title>&quot;a&lt;b&quot;</title>"));
  for (const char* bad : {"http:", "https:", "src=", "href=", "<script", "@import", "url("}) {
    std::string rest = page;
    for (std::size_t at; (at = rest.find("http://www.w3.org/2000/svg")) != std::string::npos;)
      rest.erase(at, 26);
    INFO(bad);
    CHECK(!has(rest, bad));
  }
  const auto e = calibra::evaluate(calibra::logits(files.z), files.y);
  for (const calibra::metric_value& m : e)
    if (!std::isnan(m.value))
      CHECK(has(page,
                "<td>" + m.name + "</td><td>" + calibra::detail::fixed_text(m.value, 6) + "</td>"));
  for (const char* part : {"<h2>Pictures</h2>", "<h2>Tests of calibration</h2>", "kuiper",
                           "<h2>Bins</h2>", "<h2>Groups, by label</h2>", "z.npy", "y.npy",
                           " bytes</td>", "calibra report z.npy y.npy -o r.html"})
    CHECK(has(page, part));
}

TEST_CASE("report: a model, confidences, one number a sample", "[cli]") {
  const report_files files(3);
  REQUIRE(files.run("fit z.npy y.npy -o t.json").status == 0);
  const std::string page = files.page(" --apply t.json --by predicted");
  CHECK(has(page, "<th>with the model</th>"));
  CHECK(has(page, ">with the model</text>"));
  files.save("c.npy", std::vector<double>{0.9, 0.8, 0.7, 0.6});
  files.save("hit.npy", std::vector<std::int64_t>{1, 1, 0, 1});
  CHECK(files.run("report c.npy hit.npy --from confidences -o c.html").status == 0);
  CHECK(files.run("report c.npy hit.npy --from probabilities -o b.html").status == 0);
  CHECK(has(read_all(files.path("b.html")), "<h1>Calibration report</h1>"));
}

TEST_CASE("report: what cannot be reported", "[cli]") {
  const report_files files(1);
  const auto said = [&](const std::string& more) {
    const outcome r = files.run("report " + more);
    CHECK(r.status != 0);
    CHECK(!std::filesystem::exists(files.path("x.html")));
    return r.err;
  };
  CHECK(has(said("z.npy y.npy"), "--output"));
  CHECK(said("z.npy none.npy -o x.html").starts_with("calibra: none.npy: "));
  CHECK(said("z.npy y.npy -o x.html --by none.npy").starts_with("calibra: none.npy: "));
  CHECK(said("z.npy y.npy -o missing/x.html").starts_with("calibra: missing/x.html: "));
  CHECK(said("y.npy y.npy --from confidences --by label -o x.html")
            .starts_with("calibra: --apply and --by: "));
}
