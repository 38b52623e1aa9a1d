// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The C++ of docs/pictures.md.
#include <calibra/calibra.hpp>
#include <calibra/diagram/reliability_diagram.hpp>
#include <calibra/diagram/svg.hpp>
#include <calibra/interval/intervals.hpp>

#include <catch2/catch.hpp>
#include <cstddef>
#include <fstream>
#include <vector>

// clang-format off
TEST_CASE("docs/pictures.md") {
  calibra::matrix<float> z(200, 3);
  std::vector<int> labels;
  for (std::size_t i = 0; i < 200; ++i) {
    labels.push_back(static_cast<int>(i % 3));
    for (std::size_t k = 0; k < 3; ++k) z(i, k) = static_cast<float>((i * 7 + k * 5) % 11) / 4;
  }
  //[ pictures
  #include <calibra/diagram/reliability_diagram.hpp>
  #include <calibra/diagram/svg.hpp>

  const calibra::interval_report report =
      calibra::intervals(calibra::logits(z), labels, {calibra::ece, calibra::accuracy});
  const calibra::picture diagram = calibra::reliability_diagram(report, "validation");
  std::ofstream("reliability.svg") << calibra::to_svg(diagram);
  //]
  CHECK(diagram.panels.size() == 2);
}
// clang-format on
