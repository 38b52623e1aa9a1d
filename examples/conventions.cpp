// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// One sample, many published definitions. Sixteen confidences, some of them on the edges of ten
// bins and two of them exactly 1.
#include <calibra/calibra.hpp>
#include <cstdio>
#include <vector>

int main() {
  const std::vector<double> confidence = {0.30, 0.30, 0.35, 0.45, 0.55, 0.60, 0.60, 0.65,
                                          0.70, 0.70, 0.80, 0.85, 0.90, 0.95, 1.00, 1.00};
  const std::vector<int> hit = {0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0};
  std::vector<std::vector<double>> p;
  std::vector<int> labels;
  for (std::size_t i = 0; i < confidence.size(); ++i) {
    const std::size_t predicted = i % 4;
    std::vector<double> row(4, (1 - confidence[i]) / 3);
    row[predicted] = confidence[i];
    p.push_back(row);
    labels.push_back(static_cast<int>(hit[i] == 1 ? predicted : (predicted + 1) % 4));
  }

  std::printf("%-20s %-9s %-9s %s\n", "", "ECE", "MCE", "ACE");
  for (const calibra::convention* like : calibra::conventions::all()) {
    //[ like
    // like: or calibra::conventions::torchmetrics, or find("torchmetrics")
    const calibra::evaluation e =
        calibra::evaluate(calibra::probabilities(p), labels,
                          {calibra::ece, calibra::mce, calibra::ace}, {.bins = 10, .like = *like});
    //]
    std::printf("%-20.*s %-8.6f  %-8.6f  %.6f\n", static_cast<int>(like->name.size()),
                like->name.data(), e["ece"], e["mce"], e["ace"]);
  }

  //[ own
  calibra::convention mine = calibra::conventions::netcal;  // a preset with one choice changed
  mine.name = "mine";
  mine.bins = [](std::size_t count, bool) { return calibra::binning::equal_width(count); };
  //]
  std::printf("%-20s %.6f\n", "mine",
              calibra::ece(calibra::probabilities(p), labels, {.bins = 10, .like = mine}));
}

// Output:
//                      ECE       MCE       ACE
// calibra              0.250000  0.550000  0.243750
// guo2017              0.268750  0.850000  0.243750
// torchmetrics         0.243750  0.550000  0.218750
// netcal               0.225000  0.550000  0.272024
// verified             0.250000  0.550000  0.243750
// relplot              0.243750  0.550000  0.218750
// probmetrics          0.200000  0.550000  0.218750
// torch_uncertainty    0.287500  0.850000  0.200000
// clip_calibration     0.190625  0.053125  0.193750
// robustness_metrics   0.243750  0.550000  0.199127
// tfp                  0.200000  0.550000  0.218750
// nn_calibration       0.250000  0.550000  0.243750
// sklearn              0.250000  0.550000  0.256250
// focal                0.250000  0.550000  0.282292
// hle                  nan       nan       0.243750
// inspect_browsecomp   0.250000  0.550000  0.243750
// helm                 0.250000  0.550000  0.243750
// lm_eval              0.250000  0.550000  0.243750
// mine                 0.250000
