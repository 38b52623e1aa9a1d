// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/detail/joined_report.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// A binary recalibrator for each class against the rest: q_k = B_k(p_k) / sum_j B_j(p_j). A row
/// whose sum is 0 becomes uniform.
///
/// Scores: N x K. B reads P(y = k), or log(p_k / (1 - p_k)) where it reads logits.
/// Certificate: the sum of the objectives over the classes, the largest slope; converged if all
/// are. A class without samples is fitted to misses alone. Options: B's.
/// Cost: K fits of B, on threads; 24 bytes a row and 16 MB a thread's block of classes, no copy of
/// the scores. Keeps: neither order nor prediction.
/// Source: Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability
/// estimates", KDD 2002.
template<class B>
class one_against_rest final : public detail::recalibrator_of<one_against_rest<B>> {
 public:
  static constexpr std::string_view kind = "one_against_rest";
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::probabilities;
  static constexpr row_form output = row_form::probabilities;
  using options = typename B::options;
  static_assert(B::takes == score_domain::binary,
                "calibra: one_against_rest takes a recalibrator of binary scores");

  /// From one recalibrator a class. Throws value_error for none.
  explicit one_against_rest(std::vector<B> of_class, fit_report report = {})
      : detail::recalibrator_of<one_against_rest>(of_class.size(), std::move(report)),
        of_class_(std::move(of_class)) {
    if (of_class_.empty())
      throw value_error("one_against_rest(): expected a recalibrator a class, got none");
  }

  static one_against_rest fit(const class_samples& samples, const options& o) {
    std::vector<std::unique_ptr<B>> fitted(samples.classes());
    samples.for_each_class([&](std::size_t k, const binary_samples& of_class) {
      fitted[k] = std::make_unique<B>(B::fit(of_class, o));
    });
    std::vector<B> of_class;
    detail::joined_report report(samples.kind(), 3);
    for (std::size_t k = 0; k < fitted.size(); ++k) {
      report.add(fitted[k]->report(), 1, "class ", k);
      of_class.push_back(std::move(*fitted[k]));
    }
    return one_against_rest(std::move(of_class), std::move(report).made());
  }

  /// That of class k.
  [[nodiscard]] const B& of_class(std::size_t k) const { return of_class_.at(k); }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    // A class after the other, so that what its map looks up stays in cache.
    for (std::size_t j = 0; j < k; ++j)
      for (std::size_t i = 0; i < n; ++i) {
        double& p = rows[i * k + j];
        if constexpr (B::input == row_form::logits) p = detail::clipped_logit(p);
        of_class_[j].map_rows(&p, 1, 1);
        if constexpr (B::output == row_form::logits) p = detail::sigmoid(p);
      }
    for (std::size_t i = 0; i < n; ++i, rows += k) {
      double sum = 0;
      for (std::size_t j = 0; j < k; ++j) sum += rows[j];
      for (std::size_t j = 0; j < k; ++j)
        rows[j] = sum > 0 ? rows[j] / sum : 1 / static_cast<double>(k);
    }
  }

  [[nodiscard]] std::vector<parameter> parameters() const override { return {}; }
  [[nodiscard]] std::vector<const recalibrator*> parts() const override {
    std::vector<const recalibrator*> all;
    for (const B& b : of_class_) all.push_back(&b);
    return all;
  }
  static one_against_rest from_parameters(const parameter_reader& p) {
    std::vector<B> of_class;
    for (const auto& part : p.parts()) of_class.push_back(detail::read_parameters<B>(*part));
    return one_against_rest(std::move(of_class), p.report());
  }

 private:
  std::vector<B> of_class_;
};

}  // namespace calibra
