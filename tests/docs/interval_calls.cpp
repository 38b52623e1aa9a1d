// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The C++ of docs/intervals.md and docs/tests.md.
#include <calibra/calibra.hpp>
#include <calibra/compare/compare.hpp>
#include <calibra/hypothesis/test_calibration.hpp>
#include <calibra/interval/intervals.hpp>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace {

struct given {
  calibra::matrix<float> z{200, 3}, w{200, 3};
  std::vector<int> labels;
  given() {
    for (std::size_t i = 0; i < 200; ++i) {
      labels.push_back(static_cast<int>(i % 3));
      for (std::size_t k = 0; k < 3; ++k) {
        z(i, k) = static_cast<float>((i * 7 + k * 5) % 11) / 4;
        w(i, k) = 2 * z(i, k);
      }
      z(i, i % 3) += static_cast<float>(i % 5);
    }
  }
};

}  // namespace

// clang-format off
TEST_CASE("docs/intervals.md") {
  const given all;
  const auto& [z, w, labels] = all;
  //[ intervals
  #include <calibra/compare/compare.hpp>
  #include <calibra/interval/intervals.hpp>

  const calibra::interval_report report =
      calibra::intervals(calibra::logits(z), labels, {calibra::ece, calibra::nll, calibra::debiased_l2});
  for (const calibra::metric_interval& i : report)
    std::printf("%s %.4f [%.4f, %.4f], floor %.4f\n", i.name.c_str(), i.value, i.lower, i.upper, i.floor);

  const calibra::comparison c = calibra::compare(calibra::logits(z), calibra::logits(w), labels, {calibra::nll, calibra::ece});
  std::printf("nll: %.4f, p = %.3g\n", c["nll"].difference, c["nll"].p);
  //]
  CHECK(report["ece"].lower < report["ece"].upper);
  CHECK(c["nll"].p < 1);
}

TEST_CASE("docs/tests.md") {
  const given all;
  const auto& z = all.z;
  const auto& labels = all.labels;
  //[ tests
  #include <calibra/hypothesis/test_calibration.hpp>

  const calibra::test_result kuiper = calibra::kuiper_test(calibra::logits(z), labels);
  std::printf("p = %.3g\n", kuiper.p);
  for (const calibra::test_result& r : calibra::test_calibration(calibra::logits(z), labels))
    std::printf("%s %.3g\n", r.name.c_str(), r.p);
  //]
  CHECK(kuiper.p <= 1);
  const std::vector<double> c = {0.9, 0.8};
  const std::vector<int> hit = {1, 0};
  //[ monitor
  calibra::calibration_monitor monitor;
  for (std::size_t i = 0; i < c.size(); ++i) monitor.add(c[i], hit[i] != 0);
  if (monitor.e_value() >= 20) std::puts("not calibrated");
  //]
  CHECK(monitor.count() == 2);
}
// clang-format on
