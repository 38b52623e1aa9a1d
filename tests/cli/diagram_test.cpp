// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// `calibra diagram` against the library's own calls.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/diagram/curve_diagrams.hpp"
#include "calibra/diagram/group_diagram.hpp"
#include "calibra/diagram/reliability_diagram.hpp"
#include "calibra/diagram/svg.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/groups/evaluate_by.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/io/save.hpp"
#include "program.hpp"

using namespace cli_test;

namespace {

struct drawn_files : workplace {
  calibra::matrix<double> z{90, 3};
  std::vector<std::int64_t> y;
  drawn_files() {
    for (std::size_t i = 0; i < 90; ++i) {
      y.push_back(static_cast<std::int64_t>(i * 7 % 5 % 3));
      for (std::size_t c = 0; c < 3; ++c) z(i, c) = std::sin(static_cast<double>(i * 3 + c)) * 2;
    }
    calibra::io::save(path("z.npy"), z.view());
    save("y.npy", y);
  }
  /// What the program drew.
  std::string drawn(const std::string& flags) const {
    const outcome r = run("diagram z.npy y.npy -o out.svg " + flags);
    CHECK(r.err == "");
    CHECK(r.out == "");
    CHECK(r.status == 0);
    return read_all(path("out.svg"));
  }
};

}  // namespace

TEST_CASE("diagram: the library's pictures", "[cli]") {
  const drawn_files files;
  const auto scores = calibra::logits(files.z);
  const calibra::sample pairs = calibra::collect(scores, files.y);
  CHECK(files.drawn("--title T") ==
        to_svg(reliability_diagram(
            calibra::intervals(scores, files.y, {calibra::ece, calibra::accuracy}), "T")));
  CHECK(files.drawn("--bins 5 --binning mass --bars consistency --level 0.9 --dark") ==
        to_svg(reliability_diagram(
                   calibra::intervals(scores, files.y, {calibra::ece, calibra::accuracy},
                                      {.bins = 5, .scheme = calibra::bin_scheme::equal_mass},
                                      {.level = 0.9}),
                   "", {.limits = calibra::bar_limits::consistency, .level = 0.9}),
               calibra::theme::dark));
  CHECK(files.drawn("--kind corp") == to_svg(calibra::corp_diagram(pairs)));
  CHECK(files.drawn("--kind cumulative") == to_svg(calibra::cumulative_diagram(pairs)));
  CHECK(files.drawn("--kind risk_coverage") ==
        to_svg(calibra::risk_coverage_diagram({{"", pairs}})));
  CHECK(files.drawn("--kind classwise") ==
        to_svg(calibra::classwise_diagram(
            calibra::evaluate(scores, files.y, {calibra::ece}, {.per_class = true}), 12)));
  CHECK(files.drawn("--kind groups --by label") ==
        to_svg(calibra::group_diagram(
            calibra::evaluate_by(scores, files.y, files.y, {calibra::accuracy, calibra::ece}))));
  const std::string predicted = files.drawn("--kind groups --by predicted");
  CHECK(predicted.find("<svg") == 0);
  CHECK(files.drawn("--kind groups --by y.npy") == files.drawn("--kind groups --by label"));
}

TEST_CASE("diagram: before and after a model", "[cli]") {
  const drawn_files files;
  REQUIRE(files.run("fit z.npy y.npy -o t.json").status == 0);
  const std::string both = files.drawn("--apply t.json");
  CHECK(both.find(">before</text>") != std::string::npos);
  CHECK(both.find(">after</text>") != std::string::npos);
  CHECK(files.drawn("--apply t.json --kind corp") != files.drawn("--kind corp"));
  CHECK(files.drawn("--apply t.json --kind risk_coverage").find(">after</text>") !=
        std::string::npos);
}

TEST_CASE("diagram: confidences and their hits", "[cli]") {
  const drawn_files files;
  files.save("c.npy", std::vector<double>{0.9, 0.8, 0.7, 0.6});
  files.save("hit.npy", std::vector<std::int64_t>{1, 1, 0, 1});
  for (const std::string kind : {"reliability", "corp", "cumulative", "risk_coverage"}) {
    const outcome r = files.run("diagram c.npy hit.npy --from confidences -o c.svg --kind " + kind);
    INFO(kind << ": " << r.err);
    CHECK(r.status == 0);
    CHECK(read_all(files.path("c.svg")).find("<svg") == 0);
  }
}

TEST_CASE("diagram: files of other kinds", "[cli]") {
  const drawn_files files;
  for (const std::string name : {"a.png", "a.pdf"}) {
    const outcome r = files.run("diagram z.npy y.npy -o " + name);
    if (r.status != 0) {  // built without cairo
      CHECK(r.err.find("expected a name that ends in .svg") != std::string::npos);
      CHECK(!std::filesystem::exists(files.path(name)));
    } else {
      CHECK(read_all(files.path(name)).substr(1, 3) == (name == "a.png" ? "PNG" : "PDF"));
    }
  }
}

TEST_CASE("diagram: what cannot be drawn", "[cli]") {
  const drawn_files files;
  const auto said = [&](const std::string& flags) {
    const outcome r = files.run("diagram z.npy y.npy " + flags);
    CHECK(r.status != 0);
    CHECK(r.out == "");
    CHECK(!std::filesystem::exists(files.path("x.svg")));
    return r.err;
  };
  CHECK(said("-o x.gif").starts_with("calibra: --output: expected a name that ends in .svg"));
  CHECK(said("").find("--output") != std::string::npos);
  CHECK(said("-o x.svg --kind groups").starts_with("calibra: --by: expected with --kind groups"));
  CHECK(said("-o x.svg --by label").starts_with("calibra: --by: expected with --kind groups"));
  CHECK(said("-o x.svg --kind pie").starts_with("calibra: --kind: expected "));
  CHECK(said("-o x.svg --level 1").starts_with("calibra: --level: expected "));
  CHECK(said("-o missing/x.svg").starts_with("calibra: missing/x.svg: "));
  CHECK(said("-o x.svg --apply none.json").starts_with("calibra: none.json: "));
  files.save("short.npy", std::vector<std::int64_t>{1, 2});
  CHECK(files.run("diagram z.npy short.npy -o x.svg").status != 0);
}
