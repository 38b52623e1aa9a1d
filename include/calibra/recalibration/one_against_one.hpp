// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/detail/joined_report.hpp"
#include "calibra/recalibration/detail/pair_samples.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"

namespace calibra {

/// A binary recalibrator for every two classes i < j, fitted to the samples of these two labels:
/// r_ij = B_ij(p_i / (p_i + p_j)), r_ji = 1 - r_ij, and q_i = 1 / (sum_{j != i} 1 / r_ij - (K -
/// 2)), divided by the sum over the classes. A row whose sum is 0, which takes an r of exactly 0
/// for every class, becomes uniform.
///
/// Scores: N x K. B reads p_i / (p_i + p_j), or z_i - z_j where it reads logits; of probabilities
/// log p_i - log p_j. Certificate: the sum of the objectives over the pairs that have samples, the
/// largest slope; converged if all are. Two classes without samples: what B makes of none. Options:
/// B's.
/// Cost: K (K - 1) / 2 fits of B, on threads, to (K - 1) N samples in all. They are gathered about
/// 16 MB at a time, 24 bytes a sample, in one pass over the rows each; no copy of the scores.
/// K (K - 1) / 2 numbers a row to map. Keeps: neither order nor prediction.
/// Source: Price, Knerr, Personnaz and Dreyfus, "Pairwise neural network classifiers with
/// probabilistic outputs", NIPS 1994; of Venn-Abers predictors: Manokhin, "Multi-class
/// probabilistic classification using inductive and cross Venn-Abers predictors", COPA 2017.
template<class B>
class one_against_one final : public detail::recalibrator_of<one_against_one<B>> {
 public:
  static constexpr std::string_view kind = "one_against_one";
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::logits;
  static constexpr row_form output = row_form::probabilities;
  using options = typename B::options;
  static_assert(B::takes == score_domain::binary,
                "calibra: one_against_one takes a recalibrator of binary scores");

  /// From one recalibrator for every two classes: (0, 1), (0, 2), ..., (1, 2), ... Throws
  /// value_error for another number of them, and for no class.
  one_against_one(std::size_t classes, std::vector<B> of_pair, fit_report report = {})
      : detail::recalibrator_of<one_against_one>(classes, std::move(report)),
        of_pair_(std::move(of_pair)) {
    if (classes == 0) throw value_error("one_against_one(): expected at least 1 class, got 0");
    if (of_pair_.size() != detail::pair_count(classes))
      throw value_error(detail::concat("one_against_one(): expected ", detail::pair_count(classes),
                                       " recalibrators for the pairs of ", classes,
                                       " classes, got ", of_pair_.size()));
  }

  static one_against_one fit(const class_samples& samples, const options& o) {
    struct fitted_pair {
      std::unique_ptr<B> model;
      std::size_t low = 0, high = 0;
      double weight = 0;
    };
    const std::size_t classes = samples.classes();
    std::vector<fitted_pair> fitted(detail::pair_count(classes));
    const std::size_t passes = detail::for_each_pair(
        samples, B::input == row_form::logits,
        [&](std::size_t low, std::size_t high, const binary_samples& of_pair) {
          fitted[detail::pair_index(low, high, classes)] = {
              std::make_unique<B>(B::fit(of_pair, o)), low, high, of_pair.pairs.total_weight()};
        });
    std::vector<B> models;
    detail::joined_report report(samples.kind(), 1 + passes);
    for (fitted_pair& pair : fitted) {
      report.add(pair.model->report(), pair.weight > 0 ? 1 : 0, "classes ", pair.low, " and ",
                 pair.high);
      models.push_back(std::move(*pair.model));
    }
    return {classes, std::move(models), std::move(report).made()};
  }

  /// That of classes i < j. Throws value_error for others.
  [[nodiscard]] const B& of_pair(std::size_t i, std::size_t j) const {
    if (!(i < j && j < this->classes()))
      throw value_error(detail::concat("one_against_one::of_pair(): expected i < j < ",
                                       this->classes(), ", got ", i, " and ", j));
    return of_pair_[detail::pair_index(i, j, this->classes())];
  }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    // sum_{j != i} 1 / r_ij - (K - 2) is 1 + sum_{j != i} r_ji / r_ij, which cancels nothing. A
    // pair at a time does all rows, since the recalibrators together may be larger than the cache.
    std::vector<double> inverse(n * k, 1.0), x(n);
    const B* of_pair = of_pair_.data();
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = i + 1; j < k; ++j, ++of_pair) {
        for (std::size_t row = 0; row < n; ++row) {
          x[row] = rows[row * k + i] - rows[row * k + j];
          if constexpr (B::input == row_form::probabilities) x[row] = detail::sigmoid(x[row]);
        }
        of_pair->map_rows(x.data(), n, 1);
        for (std::size_t row = 0; row < n; ++row) {
          double &of_i = inverse[row * k + i], &of_j = inverse[row * k + j];
          if constexpr (B::output == row_form::logits) {
            of_i += std::exp(-x[row]);
            of_j += std::exp(x[row]);
          } else {
            of_i += (1 - x[row]) / x[row];
            of_j += x[row] / (1 - x[row]);
          }
        }
      }
    }
    for (std::size_t row = 0; row < n; ++row) {
      double* q = rows + row * k;
      double sum = 0;
      for (std::size_t i = 0; i < k; ++i) sum += q[i] = 1 / inverse[row * k + i];
      for (std::size_t i = 0; i < k; ++i) q[i] = sum > 0 ? q[i] / sum : 1 / static_cast<double>(k);
    }
  }

  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"classes", {static_cast<double>(this->classes())}, true}};
  }
  [[nodiscard]] std::vector<const recalibrator*> parts() const override {
    std::vector<const recalibrator*> all;
    for (const B& b : of_pair_) all.push_back(&b);
    return all;
  }
  static one_against_one from_parameters(const parameter_reader& p) {
    const std::size_t classes = detail::read_count(p, "classes");
    std::vector<B> of_pair;
    if (classes != 1)  // of one class there are no pairs, and no parts
      for (const auto& part : p.parts()) of_pair.push_back(detail::read_parameters<B>(*part));
    return {classes, std::move(of_pair), p.report()};
  }

 private:
  std::vector<B> of_pair_;
};

}  // namespace calibra
