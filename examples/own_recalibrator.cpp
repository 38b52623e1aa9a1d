// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// A recalibrator of one's own: fitted, applied and wrapped as the library's are.
#include <calibra/calibra.hpp>
#include <calibra/recalibration/one_against_rest.hpp>
#include <cstdio>
#include <vector>

//[ class
#include <algorithm>
#include <calibra/recalibration/fit.hpp>

// p + share (1/2 - p), the share by least squares: draws every probability towards one half.
class drawn_in final : public calibra::recalibrator {
 public:
  static constexpr std::string_view kind = "drawn_in";
  static constexpr auto takes = calibra::score_domain::binary;
  static constexpr auto input = calibra::row_form::probabilities;   // what map_rows() reads
  static constexpr auto output = calibra::row_form::probabilities;  // and what it makes
  struct options {};

  explicit drawn_in(double share, calibra::fit_report report = {})
      : recalibrator(1, std::move(report)), share_(share) {}  // 1: one number a row

  static drawn_in fit(const calibra::binary_samples& samples, const options&) {
    double weight = 0, ee = 0, em = 0, mm = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double w = samples.pairs.weight(i), p = samples.pairs.confidence(i);
      const double e = p - (samples.pairs.hit(i) ? 1 : 0), m = p - 0.5;
      weight += w;
      ee += w * e * e;
      em += w * e * m;
      mm += w * m * m;
    }
    const double share = mm > 0 ? std::clamp(em / mm, 0.0, 1.0) : 0;
    calibra::fit_report report;
    report.fitted_on = samples.kind;  // it takes no other kind from now on
    report.converged = weight > 0;
    report.note = weight > 0 ? "" : "no samples with a weight";
    report.objective_before = ee / weight;
    report.objective_after = (ee - 2 * share * em + share * share * mm) / weight;
    return drawn_in(share, std::move(report));
  }

  std::string_view name() const noexcept override { return kind; }
  calibra::score_domain domain() const noexcept override { return takes; }
  calibra::row_form reads() const noexcept override { return input; }
  calibra::row_form makes() const noexcept override { return output; }
  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    for (std::size_t i = 0; i < n * k; ++i) rows[i] += share_ * (0.5 - rows[i]);
  }
  std::vector<calibra::parameter> parameters() const override {
    return {{"share", {share_}, true}};  // true: a number, not a list
  }
  static drawn_in from_parameters(const calibra::parameter_reader& p) {
    return drawn_in(p.number("share"), p.report());
  }

 private:
  double share_;
};
//]

int main() {
  const std::vector<double> p = {0.05, 0.1, 0.2, 0.9, 0.95, 0.99, 0.8, 0.9};
  const std::vector<int> y = {0, 1, 0, 1, 1, 0, 1, 1};
  const auto scores = calibra::binary_probabilities(p);
  const auto model = calibra::fit<drawn_in>(scores, y);
  std::printf("share %.4f\n", model.parameters()[0].values[0]);
  std::printf("squared error %.4f, recalibrated %.4f\n", model.report().objective_before,
              model.report().objective_after);
  std::printf("0.05 becomes %.4f\n", model.transform(scores)[0]);

  const std::vector<std::vector<double>> z = {{3, 0, 1}, {1, 4, 0}, {0, 0, 2}, {2, 1, 0}};
  const std::vector<int> labels = {0, 1, 2, 1};
  const auto of_classes =
      calibra::fit<calibra::one_against_rest<drawn_in>>(calibra::logits(z), labels);
  std::printf("of three classes %.4f\n", of_classes.transform(calibra::logits(z))(0, 0));
}

// Output:
// share 0.4598
// squared error 0.2369, recalibrated 0.2024
// 0.05 becomes 0.2569
// of three classes 0.7837
