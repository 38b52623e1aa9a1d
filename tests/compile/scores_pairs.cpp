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
  static_cast<void>(calibra::logits(z));
}

#ifdef FAULT_vector_as_logits
void dimensions(const std::vector<float>& z) {
#else
void dimensions(const std::vector<std::array<float, 3>>& z) {
#endif
  static_cast<void>(calibra::logits(z));
}

#ifdef FAULT_flat_without_classes
void flat(const std::vector<float>& z) {
  static_cast<void>(calibra::logits(z));
#else
void flat(const std::vector<float>& z) {
  static_cast<void>(calibra::logits(z, 3));
#endif
}

#ifdef FAULT_pointer_without_size
void pointer(const float* z) {
  static_cast<void>(calibra::probabilities(z));
#else
void pointer(const float* z) {
  static_cast<void>(calibra::probabilities(z, 5, 3));
#endif
}

#ifdef FAULT_pointer_with_one_size
void pointer_and_classes(const float* z) {
  static_cast<void>(calibra::multilabel_logits(z, 3));
#else
void pointer_and_classes(const float* z) {
  static_cast<void>(calibra::binary_logits(z, 3));
#endif
}

#ifdef FAULT_matrix_with_classes
void matrix_and_classes(const std::vector<std::array<float, 3>>& z) {
#else
void matrix_and_classes(std::span<const float> z) {
#endif
  static_cast<void>(calibra::logits(z, 3));
}

#ifdef FAULT_matrix_as_binary
void binary(const std::vector<std::array<float, 3>>& p) {
#else
void binary(std::span<const float> p) {
#endif
  static_cast<void>(calibra::binary_probabilities(p));
}

#ifdef FAULT_complex_scores
void elements(const std::vector<std::array<std::complex<float>, 3>>& z) {
#else
void elements(const std::vector<std::array<double, 3>>& z) {
#endif
  static_cast<void>(calibra::probabilities(z));
}

#ifdef FAULT_integer_scores
void integers(const std::vector<std::array<int, 3>>& z) {
#else
void integers(const std::vector<std::array<calibra::half, 3>>& z) {
#endif
  static_cast<void>(calibra::multilabel_logits(z));
}

#ifdef FAULT_flat_integers
void flat_integers(const std::vector<long>& z) {
#else
void flat_integers(const std::vector<double>& z) {
#endif
  static_cast<void>(calibra::logits(z, 3));
}

#ifdef FAULT_binary_integers
void binary_integers(const std::vector<unsigned char>& z) {
#else
void binary_integers(const std::vector<double>& z) {
#endif
  static_cast<void>(calibra::binary_probabilities(z));
}

#ifdef FAULT_complex_hits
void hits(const std::vector<float>& c, const std::vector<std::complex<float>>& hit) {
#else
void hits(const std::vector<float>& c, const std::vector<float>& hit) {
#endif
  static_cast<void>(calibra::confidences(c, hit));
}

#ifdef FAULT_unknown_hits
void more_hits(const std::vector<float>& c, const std::list<int>& hit) {
#else
void more_hits(const std::vector<float>& c, const std::vector<int>& hit) {
#endif
  static_cast<void>(calibra::confidences(c, hit));
}

#ifdef FAULT_matrix_option
void option(const std::vector<std::array<float, 3>>& w) {
#else
void option(const std::vector<float>& w) {
#endif
  calibra::optional_column<double>{w};
}
