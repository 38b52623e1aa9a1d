// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// As scores_pairs.cpp, for what only the Eigen adapter can get wrong.
#include <Eigen/Core>

#ifdef FAULT_no_adapter
#include "calibra/scores.hpp"
#else
#include "calibra/adapters/eigen.hpp"
#include "calibra/scores.hpp"
#endif

void adapter(const Eigen::MatrixXf& z) {
  static_cast<void>(calibra::logits(z));
}

#ifndef FAULT_no_adapter
#ifdef FAULT_complex_labels
void labels(const Eigen::VectorXf& c, const Eigen::VectorXcf& hit) {
#else
void labels(const Eigen::VectorXf& c, const Eigen::VectorXf& hit) {
#endif
  static_cast<void>(calibra::confidences(c, hit));
}

#ifdef FAULT_integer_matrix
void elements(const Eigen::MatrixXi& z) {
#else
void elements(const Eigen::Matrix<Eigen::half, 4, 3>& z) {
#endif
  static_cast<void>(calibra::probabilities(z + z));
}
#endif
