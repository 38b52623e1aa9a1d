// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// First guesses at whole calls that compile; with FAULT_<name>, the twin that must not.
#include <array>
#include <span>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/rows/double_rows.hpp"

using table = std::vector<std::vector<float>>;
// The compiler says what is wrong with a type once, so that each fault has its own.
using other_table = std::vector<std::array<float, 3>>;
using another_table = std::vector<std::array<float, 4>>;

calibra::options named() {
#ifdef FAULT_unknown_option
  return calibra::options{.n_bins = 10};
#else
  return calibra::options{.bins = 10};
#endif
}

double in_call(const table& z, const std::vector<int>& y) {
#ifdef FAULT_unknown_option_in_call
  return calibra::ece(calibra::logits(z), y, {.n_bins = 10});
#else
  return calibra::ece(calibra::logits(z), y, {.bins = 10});
#endif
}

double all(const table& z, const std::vector<int>& y) {
#ifdef FAULT_number_for_options
  return calibra::evaluate(calibra::logits(z), y, 10)["ece"];
#else
  return calibra::evaluate(calibra::logits(z), y, {.bins = 10})["ece"];
#endif
}

double bare(const table& z, const std::vector<int>& y) {
#ifdef FAULT_bare_metric
  return calibra::ece(z, y);
#else
  return calibra::ece(calibra::logits(z), y);
#endif
}

double bare_all(const other_table& z, const std::vector<int>& y) {
#ifdef FAULT_bare_evaluate
  return calibra::evaluate(z, y, {.bins = 10})["ece"];
#else
  return calibra::evaluate(calibra::logits(z), y, {.bins = 10})["ece"];
#endif
}

double of_table(const calibra::reliability_table& t) {
#ifdef FAULT_equal_mass_of_table
  return calibra::ace(t);
#else
  return calibra::ece(t);
#endif
}

double of_tables(const calibra::classwise_table& t) {
#ifdef FAULT_equal_mass_of_classes
  return calibra::tace(t);
#else
  return calibra::classwise_ece(t);
#endif
}

calibra::temperature_scaling fit(const another_table& z, const std::vector<int>& y) {
#ifdef FAULT_bare_fit
  return calibra::fit<calibra::temperature_scaling>(z, y);
#else
  return calibra::fit<calibra::temperature_scaling>(calibra::logits(z), y);
#endif
}

void one_row(const calibra::temperature_scaling& t, const std::vector<float>& z,
             const std::vector<double>& y, std::vector<float>& p) {
#ifdef FAULT_bare_row
  t.transform(z, p);
#endif
#ifdef FAULT_bare_row_logits
  t.transform_logits(y, p);
#endif
#ifdef FAULT_row_without_classes
  t.transform(calibra::logits(z), p);
#endif
  t.transform(calibra::logits(z, z.size()), p);
  t.transform_logits(calibra::logits(y, y.size()), p);
}

void to_pointer(const calibra::temperature_scaling& t, const std::vector<float>& z, float* p) {
#ifdef FAULT_row_to_pointer
  t.transform(calibra::logits(z, z.size()), p);
#else
  t.transform(calibra::logits(z, z.size()), std::span<float>(p, z.size()));
#endif
}

#ifdef FAULT_row_to_integers
void to_numbers(const calibra::temperature_scaling& t, const table& z, std::vector<int>& p) {
#else
void to_numbers(const calibra::temperature_scaling& t, const table& z, std::vector<double>& p) {
#endif
  t.transform(calibra::logits(z), p);
}

// Labels may be whole numbers of a floating-point type.
double labels(const table& z, const std::vector<float>& y) {
#ifdef FAULT_matrix_as_labels
  static_cast<void>(y);
  return calibra::ece(calibra::logits(z), z);
#else
  return calibra::ece(calibra::logits(z), y) + calibra::evaluate(calibra::logits(z), y)["ece"];
#endif
}

double more_bits(const table& z, const std::vector<int>& y) {
#ifdef FAULT_labels_in_double
  static_cast<void>(calibra::in_double(calibra::multilabel_logits(z)));
#endif
  return calibra::ece(calibra::in_double(calibra::logits(z)), y);
}

#ifdef FAULT_one_target_a_sample
double one_target(const table& z, const std::vector<int>& y) {
#else
double one_target(const table& z, const std::vector<std::vector<int>>& y) {
#endif
  return calibra::evaluate(calibra::multilabel_logits(z), y)["macro_ece"];
}

#ifdef FAULT_real_targets
double targets(const table& z, const std::vector<std::vector<float>>& y) {
#else
double targets(const table& z, const std::vector<std::vector<int>>& y) {
#endif
  return calibra::evaluate(calibra::multilabel_logits(z), y)["micro_ece"];
}
