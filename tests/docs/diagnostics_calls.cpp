// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The C++ of docs/diagnostics.md.
#include <calibra/calibra.hpp>
#include <calibra/decomposition/corp.hpp>
#include <calibra/decomposition/nll_parts.hpp>
#include <calibra/decomposition/variational_error.hpp>
#include <calibra/ensemble/ensemble_parts.hpp>
#include <calibra/groups/evaluate_by.hpp>
#include <calibra/groups/predicted_classes.hpp>
#include <calibra/selective/deferral.hpp>
#include <calibra/selective/risk_coverage.hpp>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <vector>

// clang-format off
TEST_CASE("docs/diagnostics.md") {
  calibra::matrix<float> z(200, 3), w(200, 3);
  std::vector<int> labels, group;
  for (std::size_t i = 0; i < 200; ++i) {
    labels.push_back(static_cast<int>(i % 3));
    group.push_back(static_cast<int>(i % 7) / 3);
    for (std::size_t k = 0; k < 3; ++k) {
      z(i, k) = static_cast<float>((i * 7 + k * 5) % 11) / 4;
      w(i, k) = 2 * z(i, k);
    }
    z(i, i % 3) += static_cast<float>(i % 5);
  }
  {
    //[ groups
    #include <calibra/groups/evaluate_by.hpp>
    #include <calibra/groups/predicted_classes.hpp>

    const calibra::group_report report =
        calibra::evaluate_by(calibra::logits(z), labels, group, {calibra::accuracy, calibra::ece});
    for (const calibra::group_row& g : report)
      std::printf("%d: ece %.3f, p = %.3g\n", int(g.group), g.values["ece"], g.p_adjusted);

    const auto by_class =
        calibra::evaluate_by(calibra::logits(z), labels, calibra::predicted_classes(calibra::logits(z)));
    //]
    CHECK(report.groups.size() == 3);
    CHECK(by_class.groups.size() == 3);
  }
  {
    //[ decompositions
    #include <calibra/decomposition/corp.hpp>
    #include <calibra/decomposition/nll_parts.hpp>
    #include <calibra/decomposition/variational_error.hpp>

    const calibra::nll_parts parts = calibra::nll_parts_of(calibra::logits(z), labels, {}, {.folds = 5});
    std::printf("nll %.3f = %.3f + %.3f\n", parts.nll, parts.refinement, parts.calibration);

    const calibra::corp_parts corp = calibra::corp(calibra::collect(calibra::logits(z), labels));
    const calibra::variational_estimate l1 = calibra::variational_error(calibra::logits(z), labels);
    std::printf("%.3f +- %.3f\n", l1.value, l1.standard_error);
    //]
    CHECK(parts.nll == Approx(parts.refinement + parts.calibration));
    CHECK(corp.miscalibration >= 0);
    CHECK(l1.standard_error > 0);
  }
  {
    //[ selective
    #include <calibra/selective/deferral.hpp>
    #include <calibra/selective/risk_coverage.hpp>

    const auto curve = calibra::risk_coverage(calibra::logits(z), labels);
    const calibra::coverage_point at = calibra::coverage_at_risk(curve, 0.05);
    std::printf("%.0f %% answered from confidence %.3f up\n", 100 * at.coverage, at.threshold);

    const calibra::deferral_curve cascade =
        calibra::deferral(calibra::logits(z), calibra::logits(w), labels);
    std::printf("area %.3f, of at most %.3f\n", cascade.area, cascade.oracle_area);
    //]
    CHECK(at.coverage >= 0);
    CHECK(cascade.area <= cascade.oracle_area);
  }
  {
    //[ ensembles
    #include <calibra/ensemble/ensemble_parts.hpp>

    const std::vector members{calibra::logits(z), calibra::logits(w)};
    const double together = calibra::nll(calibra::ensemble(members), labels);
    const calibra::ensemble_parts gain = calibra::ensemble_parts_of(members, labels);
    std::printf("%.3f = %.3f - %.3f\n", together, gain.nll.members, gain.nll.disagreement);
    //]
    CHECK(together == gain.nll.ensemble);
  }
}
// clang-format on
