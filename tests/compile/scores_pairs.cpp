// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Pairs of a call that compiles and its twin that must not. A macro FAULT_... picks the twin;
// without one, the right calls of the file are compiled. tests/compile/CMakeLists.txt has the
// sentences.
#include <array>
#include <complex>
#include <list>
#include <span>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/scores.hpp"

#ifdef FAULT_unknown_array
void unknown(const std::list<std::vector<float>>& z) {
#else
void unknown(const std::vector<std::vector<float>>& z) {
#endif
  calibra::logits(z);
}

#ifdef FAULT_vector_as_logits
void dimensions(const std::vector<float>& z) {
#else
void dimensions(const std::vector<std::array<float, 3>>& z) {
#endif
  calibra::logits(z);
}

#ifdef FAULT_matrix_as_binary
void binary(const std::vector<std::array<float, 3>>& p) {
#else
void binary(std::span<const float> p) {
#endif
  calibra::binary_probabilities(p);
}

#ifdef FAULT_complex_scores
void elements(const std::vector<std::array<std::complex<float>, 3>>& z) {
#else
void elements(const std::vector<std::array<double, 3>>& z) {
#endif
  calibra::probabilities(z);
}

#ifdef FAULT_integer_scores
void integers(const std::vector<std::array<int, 3>>& z) {
#else
void integers(const std::vector<std::array<calibra::half, 3>>& z) {
#endif
  calibra::multilabel_logits(z);
}

#ifdef FAULT_float_hits
void hits(const std::vector<float>& c, const std::vector<float>& hit) {
#else
void hits(const std::vector<float>& c, const std::vector<bool>& hit) {
#endif
  calibra::confidences(c, hit);
}

#ifdef FAULT_unknown_hits
void more_hits(const std::vector<float>& c, const std::list<int>& hit) {
#else
void more_hits(const std::vector<float>& c, const std::vector<int>& hit) {
#endif
  calibra::confidences(c, hit);
}

#ifdef FAULT_matrix_option
void option(const std::vector<std::array<float, 3>>& w) {
#else
void option(const std::vector<float>& w) {
#endif
  calibra::optional_column<double>{w};
}
