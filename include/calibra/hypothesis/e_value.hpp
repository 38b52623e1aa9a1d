// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/error.hpp"
#include "calibra/hypothesis/calibration_test.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// Evidence against calibration that may be looked at while samples come in: of a calibrated model
/// the e-value ever reaches 1 / alpha with a probability of at most alpha, however often one looks
/// and whenever one stops.
///
/// Formula: E = mean over shifts d in {+-0.1, +-0.25, +-0.5, +-1} of prod_i f(y_i; sigmoid(x_i +
/// d))
///   / f(y_i; c_i), x = log(c / (1 - c)), f the Bernoulli probability. Alternatives: all logits
///   shifted one way. A sample of confidence 0 or 1 whose outcome is certain changes nothing, one
///   whose outcome is impossible makes E infinite. No samples: E = 1. Mergeable: `a += b` gives
///   what one stream of both gives. Cost: O(1) a sample; 8 sums. Ref: Vovk and Wang 2021; Henzi et
///   al. 2024 (safe tests of calibration).
class calibration_monitor {
 public:
  /// Adds a sample. Throws value_error for a confidence outside [0, 1].
  void add(double confidence, bool hit) {
    if (!(confidence >= 0 && confidence <= 1))
      throw value_error(
          detail::concat("calibration_monitor::add(): expected a confidence in [0, "
                         "1], got ",
                         confidence));
    ++count_;
    const double likely = hit ? confidence : 1 - confidence;
    if (likely == 0) impossible_ = true;
    if (likely == 0 || likely == 1) return;
    for (std::size_t s = 0; s < shifts.size(); ++s) {
      // f(hit; sigmoid(x + d)) / f(hit; c) = e^(d hit) / (1 - c + c e^d)
      const double d = shifts[s];
      log_ratio_[s] += (hit ? d : 0) - std::log1p(confidence * std::expm1(d));
    }
  }
  calibration_monitor& operator+=(const calibration_monitor& other) {
    count_ += other.count_;
    impossible_ = impossible_ || other.impossible_;
    for (std::size_t s = 0; s < shifts.size(); ++s) log_ratio_[s] += other.log_ratio_[s];
    return *this;
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// ln E: E itself overflows.
  [[nodiscard]] double log_e_value() const {
    if (impossible_) return std::numeric_limits<double>::infinity();
    double most = -std::numeric_limits<double>::infinity(), sum = 0;
    for (const auto& r : log_ratio_) most = std::max(most, r.value());
    for (const auto& r : log_ratio_) sum += std::exp(r.value() - most);
    return most + std::log(sum / static_cast<double>(shifts.size()));
  }
  [[nodiscard]] double e_value() const { return std::exp(log_e_value()); }
  /// min(1, 1 / E): valid at any stopping time.
  [[nodiscard]] double p() const { return std::min(1.0, std::exp(-log_e_value())); }

 private:
  static constexpr std::array<double, 8> shifts = {-1, -0.5, -0.25, -0.1, 0.1, 0.25, 0.5, 1};
  std::uint64_t count_ = 0;
  bool impossible_ = false;
  std::array<detail::compensated_sum, 8> log_ratio_{};
};

namespace hypothesis {

/// The e-value of all samples: calibration_monitor. Statistic: ln E. Weights: samples of weight 0
/// are left out; of other weights than 1 there is no result.
struct e_value {
  static constexpr test_info info{
      .name = "e_value",
      .statistic = "ln E, E the mean likelihood ratio of shifted logits",
      .law = "p <= 1 / E at any stopping time",
      .blind_to = "errors that are not a shift of all logits one way",
      .source = "Vovk and Wang 2021; Henzi et al. 2024",
  };
  [[nodiscard]] test_result of(const sample& pairs) const {
    test_result r;
    calibration_monitor monitor;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const double w = pairs.weight(i);
      if (w != 0 && w != 1) {
        r.note = "needs samples that weigh the same";
        return r;
      }
      if (w == 1) monitor.add(std::min(1.0, pairs.confidence(i)), pairs.hit(i));
    }
    if (monitor.count() == 0) return r;
    r.statistic = monitor.log_e_value();
    r.p = monitor.p();
    r.note = "valid whenever one stops";
    return r;
  }
};

}  // namespace hypothesis

inline constexpr calibration_test<hypothesis::e_value> e_value_test{};

}  // namespace calibra
