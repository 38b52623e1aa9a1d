// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The page of docs/pictures.md; a part of the test `report`, which is optimised.
#include <calibra/calibra.hpp>
#include <calibra/report/html.hpp>
#include <calibra/report/report_calibration.hpp>

#include <catch2/catch.hpp>
#include <cstddef>
#include <fstream>
#include <vector>

// clang-format off
TEST_CASE("docs/pictures.md: a page") {
  calibra::matrix<double> z(60, 3);
  std::vector<int> labels;
  for (std::size_t i = 0; i < 60; ++i) {
    labels.push_back(static_cast<int>(i % 3));
    for (std::size_t k = 0; k < 3; ++k) z(i, k) = static_cast<double>((i * 7 + k * 5) % 11) / 4;
  }
  //[ page
  #include <calibra/report/html.hpp>
  #include <calibra/report/report_calibration.hpp>

  const calibra::calibration_report found =
      calibra::report_calibration(calibra::logits(z), labels, {.per_class = true});
  std::ofstream("report.html") << calibra::to_html(found, {.title = "validation"});
  //]
  CHECK(found.pairs.size() == 60);
}
// clang-format on
