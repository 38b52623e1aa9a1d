// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "calibra/rows/parallel.hpp"

namespace calibra::detail {

class mixed_temperature;

/// A value and other numbers, added up over samples, times their weights.
struct alignas(interference_size) sample_sums {
  double value = 0;
  std::vector<double> sums;
};

/// The sums that fits need, made where the samples lie: on a device. What they are is said where
/// the host makes them. x are the rows of logits, or what `first` makes of them; `single`: in
/// single precision, for all but the last steps.
class remote_sums {
 public:
  remote_sums(const remote_sums&) = delete;
  remote_sums& operator=(const remote_sums&) = delete;
  virtual ~remote_sums() = default;

  /// NLL of softmax(beta z), its slope and its curvature in beta.
  virtual std::vector<double> tempered(double beta, bool single) const = 0;
  /// Of softmax(a_k x_k + b_k), as class_lines_nll: NLL; slopes in a and b, curvatures in a,
  /// between a and b, and in b, K each.
  virtual sample_sums lines(const std::vector<double>& theta, const mixed_temperature* first,
                            bool single) const = 0;
  /// The curvature there times a direction, 2 K numbers.
  virtual std::vector<double> line_products(const std::vector<double>& theta,
                                            const std::vector<double>& direction,
                                            const mixed_temperature* first, bool single) const = 0;
  /// Of softmax(W x + b), as class_matrix_nll: NLL; K (K + 1) slopes, then the sums that
  /// matrix_curvature takes.
  virtual sample_sums matrix(const std::vector<double>& theta, const mixed_temperature* first,
                             bool single) const = 0;
  /// The curvature there times a direction, K (K + 1) numbers.
  virtual std::vector<double> matrix_products(const std::vector<double>& theta,
                                              const std::vector<double>& direction,
                                              const mixed_temperature* first,
                                              bool single) const = 0;
  /// The Brier score of softmax(z / T) and its slope in log T, for each T: value, slope, ...
  virtual std::vector<double> brier(const std::vector<double>& temperatures) const = 0;
  /// Of q = softmax(z / T) and p = softmax(z): sums of q q, q p, p p, q_y and p_y.
  virtual std::vector<double> mixture(double temperature) const = 0;

 protected:
  remote_sums() = default;
};

}  // namespace calibra::detail
