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
  calibra::logits(z);
}

#ifndef FAULT_no_adapter
#ifdef FAULT_float_labels
void labels(const Eigen::VectorXf& c, const Eigen::VectorXf& hit) {
#else
void labels(const Eigen::VectorXf& c, const Eigen::VectorXi& hit) {
#endif
  calibra::confidences(c, hit);
}

#ifdef FAULT_integer_matrix
void elements(const Eigen::MatrixXi& z) {
#else
void elements(const Eigen::Matrix<Eigen::half, 4, 3>& z) {
#endif
  calibra::probabilities(z + z);
}
#endif
