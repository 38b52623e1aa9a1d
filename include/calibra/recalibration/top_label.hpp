// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
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

/// A binary recalibrator for each predicted class: of a row whose largest probability is p_c, the
/// first of equal ones, q_c = B_c(p_c), and the others share the rest in proportion,
/// q_k = (1 - q_c) p_k / sum_{j != c} p_j; equally where they are all 0. B_c is fitted to the
/// samples whose prediction is c, with p_c and whether the prediction is right. A class that was
/// never predicted with a weight takes B fitted to all samples.
///
/// Scores: N x K. B reads p_c, or log(p_c / (1 - p_c)) where it reads logits. Certificate: the mean
/// of the objectives over the samples, the largest slope; converged if all are that were fitted to
/// a predicted class. Options: B's.
/// Cost: a fit of B to all samples and one for each predicted class, on threads; two passes, 16
/// bytes a sample. Keeps: the order of the classes that are not predicted. The prediction stays c
/// where q_c > p_d / (p_d + s), p_d the largest of the others and s their sum; below that it
/// becomes d, and the largest probability is no longer q_c. Of one class: nothing changes.
/// Source: Gupta and Ramdas, "Top-label calibration and multiclass-to-binary reductions", ICLR
/// 2022, which replaces the confidence alone.
template<class B>
class top_label final : public detail::recalibrator_of<top_label<B>> {
 public:
  static constexpr std::string_view kind = "top_label";
  static constexpr score_domain takes = score_domain::classes;
  static constexpr row_form input = row_form::probabilities;
  static constexpr row_form output = row_form::probabilities;
  using options = typename B::options;
  static_assert(B::takes == score_domain::binary,
                "calibra: top_label takes a recalibrator of binary scores");

  /// From that of all samples, and those of the predicted classes, which are given in ascending
  /// order. Throws value_error for no class, classes that do not ascend below `classes`, and
  /// another number of recalibrators than of predicted classes.
  top_label(std::size_t classes, B of_all, std::vector<std::size_t> predicted,
            std::vector<B> of_predicted, fit_report report = {})
      : detail::recalibrator_of<top_label>(classes, std::move(report)),
        of_all_(std::move(of_all)),
        predicted_(std::move(predicted)),
        of_predicted_(std::move(of_predicted)) {
    if (classes == 0) throw value_error("top_label(): expected at least 1 class, got 0");
    if (of_predicted_.size() != predicted_.size())
      throw value_error(detail::concat("top_label(): expected ", predicted_.size(),
                                       " recalibrators to match the predicted classes, got ",
                                       of_predicted_.size()));
    for (std::size_t i = 0; i < predicted_.size(); ++i)
      if (predicted_[i] >= classes || (i > 0 && predicted_[i - 1] >= predicted_[i]))
        throw value_error(detail::concat("top_label(): predicted class ", predicted_[i],
                                         " at position ", i, " does not ascend below ", classes));
  }

  static top_label fit(const class_samples& samples, const options& o) {
    const std::size_t k = samples.classes();
    // One slot a class, and one for all.
    std::vector<std::vector<binary_samples>> gathered(samples.parts(),
                                                      std::vector<binary_samples>(k + 1));
    samples.walk(row_form::probabilities, [&](std::size_t part, const class_block& block) {
      for (std::size_t i = 0; i < block.size; ++i) {
        const std::size_t top = top_of(block.row(i), k);
        const double p = std::min(1.0, block.row(i)[top]);
        const bool hit = block.label[i] == static_cast<std::int64_t>(top);
        for (const std::size_t slot : {top, k})
          gathered[part][slot].pairs.push_back(p, hit, detail::weight_if_any(block.weight, i));
      }
    });
    std::vector<std::unique_ptr<B>> fitted(k + 1);
    std::vector<double> weight(k + 1);
    samples.run(k + 1, [&](std::size_t slot) {
      binary_samples all = std::move(gathered[0][slot]);
      for (std::size_t part = 1; part < gathered.size(); ++part)
        all.pairs.append(gathered[part][slot].pairs);
      weight[slot] = all.pairs.total_weight();
      if (slot == k || weight[slot] > 0) fitted[slot] = std::make_unique<B>(B::fit(all, o));
    });
    detail::joined_report report(samples.kind(), 2);
    std::vector<std::size_t> predicted;
    std::vector<B> models;
    for (std::size_t c = 0; c < k; ++c) {
      if (!fitted[c]) continue;
      report.add(fitted[c]->report(), weight[c] / weight[k], "prediction ", c);
      predicted.push_back(c);
      models.push_back(std::move(*fitted[c]));
    }
    if (predicted.empty()) report.add(fitted[k]->report(), 1, "all");
    return {k, std::move(*fitted[k]), std::move(predicted), std::move(models),
            std::move(report).made()};
  }

  /// The classes that were predicted in fitting, ascending.
  [[nodiscard]] const std::vector<std::size_t>& predicted() const noexcept { return predicted_; }
  [[nodiscard]] const B& of_all() const noexcept { return of_all_; }
  /// That of a predicted class; of_all() for others.
  [[nodiscard]] const B& of_class(std::size_t c) const {
    const auto at = std::lower_bound(predicted_.begin(), predicted_.end(), c);
    if (at == predicted_.end() || *at != c) return of_all_;
    return of_predicted_[static_cast<std::size_t>(at - predicted_.begin())];
  }

  void map_rows(double* rows, std::size_t n, std::size_t k) const override {
    if (k == 1) return;
    for (std::size_t i = 0; i < n; ++i) {
      double* row = rows + i * k;
      const std::size_t top = top_of(row, k);
      double q = std::min(1.0, row[top]), others = 0;
      if constexpr (B::input == row_form::logits) q = detail::clipped_logit(q);
      of_class(top).map_rows(&q, 1, 1);
      if constexpr (B::output == row_form::logits) q = detail::sigmoid(q);
      for (std::size_t j = 0; j < k; ++j)
        if (j != top) others += row[j];
      for (std::size_t j = 0; j < k; ++j)
        row[j] = (1 - q) * (others > 0 ? row[j] / others : 1 / static_cast<double>(k - 1));
      row[top] = q;
    }
  }

  [[nodiscard]] std::vector<parameter> parameters() const override {
    return {{"classes", {static_cast<double>(this->classes())}, true},
            {"predicted", std::vector<double>(predicted_.begin(), predicted_.end())}};
  }
  [[nodiscard]] std::vector<const recalibrator*> parts() const override {
    std::vector<const recalibrator*> all{&of_all_};
    for (const B& b : of_predicted_) all.push_back(&b);
    return all;
  }
  static top_label from_parameters(const parameter_reader& p) {
    const auto parts = p.parts();
    if (parts.empty()) throw value_error("top_label: expected parts, got none");
    std::vector<std::size_t> predicted;
    for (const double c : p.list("predicted"))
      predicted.push_back(detail::count_in("predicted", c));
    std::vector<B> of_predicted;
    for (std::size_t i = 1; i < parts.size(); ++i)
      of_predicted.push_back(detail::read_parameters<B>(*parts[i]));
    return {detail::read_count(p, "classes"), detail::read_parameters<B>(*parts[0]),
            std::move(predicted), std::move(of_predicted), p.report()};
  }

 private:
  static std::size_t top_of(const double* row, std::size_t k) {
    return static_cast<std::size_t>(std::max_element(row, row + k) - row);
  }

  B of_all_;
  std::vector<std::size_t> predicted_;
  std::vector<B> of_predicted_;
};

}  // namespace calibra
