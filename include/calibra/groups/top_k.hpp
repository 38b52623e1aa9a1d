// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <optional>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// (confidence, hit) pairs of answers of k classes: the sum of the k largest probabilities, at most
/// 1, and whether the label is one of those classes. Metrics and tests of pairs then say how well
/// such answers are calibrated: `ece(collect_top_k(logits(z), labels, 5))`.
///
/// Of classes with equal probabilities, those that round to 0 among them, the first are taken.
/// Scores: N x K, k in [1, K] (option_error). k = 1 is collect() in double precision, but for
/// logits that differ and whose probabilities do not. Rows of weight 0 are kept with it.
/// Shapes, options, errors: as fit(). Cost: O(N K). Memory: 8 bytes a row, 8 more with weights.
/// Ref: Gupta et al. 2021 (arXiv 2006.12800), section 3.
template<detail::single_label_scores S, class L>
[[nodiscard]] sample collect_top_k(const S& scores, const L& labels, std::size_t k,
                                   const row_options& o = {}) {
  static_assert(detail::is_multiclass<S> && !tensor_scores<S>,
                "calibra: collect_top_k() takes arrays of samples x classes");
  row_options one = o;
  one.threads = {1};  // in the order of the rows
  return detail::with_samples(
      "collect_top_k()", scores, labels, one, [&](const class_samples& samples) {
        if (k < 1 || k > samples.classes())
          throw option_error(detail::concat("collect_top_k(): expected k in [1, ",
                                            samples.classes(), "], got ", k));
        sample pairs(precision::float64);
        std::vector<double> sorted;
        samples.walk(row_form::probabilities, [&](std::size_t, const class_block& block) {
          for (std::size_t i = 0; i < block.size; ++i) {
            const double* p = block.row(i);
            sorted.assign(p, p + block.classes);
            const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(k);
            std::nth_element(sorted.begin(), end - 1, sorted.end(), std::greater<>());
            const double confidence = std::accumulate(sorted.begin(), end, 0.0);
            const auto label = static_cast<std::size_t>(block.label[i]);
            std::size_t before = 0;
            for (std::size_t j = 0; j < block.classes; ++j)
              if (p[j] > p[label] || (p[j] == p[label] && j < label)) ++before;
            pairs.push_back(std::min(1.0, confidence), before < k,
                            o.weights ? std::optional(block.weight_of(i)) : std::nullopt);
          }
        });
        return pairs;
      });
}

}  // namespace calibra
