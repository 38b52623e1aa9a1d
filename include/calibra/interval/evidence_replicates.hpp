// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "calibra/detail/counter_random.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/interval/detail/replicate_sums.hpp"
#include "calibra/interval/detail/row_units.hpp"
#include "calibra/interval/detail/tagged_confidences.hpp"
#include "calibra/table/binning.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/row_record.hpp"
#include "calibra/table/sample.hpp"
#include "calibra/table/summary.hpp"

namespace calibra {

/// Evidence as other samples of the same size would have left it: the bootstrap. A replicate draws
/// as many units (rows, or clusters of rows) as there are, with repetition, within each stratum by
/// itself; a row counts as often as it was drawn. It is a function of the seed and its number
/// alone. Rows of weight 0 are no rows.
///
/// Takes evidence with `rows` (options::keep_rows). The parts that replicates have are means, the
/// table on fixed bins, and the pairs, as far as the evidence has them; tables of classes and means
/// of terms are not drawn. Cost of a replicate: O(N), some 4 ns a row for means and the table;
/// pairs 10 ns more. Memory: that of the evidence, and 64 KB a thread. With clusters or strata 4
/// bytes a row and one a unit and thread more, and some 50 a cluster while it is made; with pairs
/// those once more, and for each thread that draws; with more than 16,000 bins a byte a row and
/// thread. Which bin a row is in takes the last bits of its confidence, 7 of 53 with 15 bins.
class evidence_replicates {
 public:
  /// Throws option_error for evidence without rows, and where rows of a cluster are in several
  /// strata.
  evidence_replicates(evidence whole, std::uint64_t seed) : seed_(seed) {
    if (!whole.rows)
      throw option_error(
          "evidence_replicates(): expected evidence with the rows kept (options::keep_rows)");
    rows_ = std::move(*whole.rows);
    whole.rows.reset();
    units_ = detail::row_units(rows_);
    if (whole.pairs) {
      sort_pairs(*whole.pairs);
      whole.pairs.emplace(whole.precision);
    }
    if (whole.table) {
      bins_ = whole.table->bins();
      whole.table.emplace(*bins_);
    }
    count_ = rows_.size();
    number_cells();
    if (whole.means) whole.means.emplace();
    whole.row_means.clear();
    whole.class_table.reset();
    whole.masses.clear();
    whole.class_pairs.clear();
    whole.row_pairs.reset();
    whole.samples = 0;
    empty_ = std::move(whole);
  }

  /// Rows that weigh something, and what is drawn: rows or clusters.
  [[nodiscard]] std::size_t rows() const noexcept { return count_; }
  [[nodiscard]] std::size_t units() const noexcept { return units_.size(); }

  /// Room that a thread draws replicates in.
  struct workspace {
    std::vector<std::uint8_t> times;  ///< how often each unit, or each of some, was drawn
    detail::replicate_sums sums;
  };

  /// Replicate number r.
  [[nodiscard]] evidence draw(std::uint64_t r, workspace& w) const {
    const detail::counter_random random(seed_, r);
    if (cells_.empty() || pairs_ || !units_.are_rows()) {
      units_.draw(random, w.times);
      return counted(w);
    }
    w.sums.clear(cell_count());
    units_.draw_in_blocks(random, w.times, [&](std::size_t first, std::size_t last) {
      const std::uint8_t* times = w.times.data();
      w.sums.add(rows_, cells_, first, last, [=](std::size_t i) { return times[i - first]; });
    });
    evidence e = empty_;
    add_cells(e, w);
    return e;
  }
  /// The evidence with every row of unit u `times[u]` times.
  [[nodiscard]] evidence repeated(std::vector<std::uint8_t> times, workspace& w) const {
    w.times = std::move(times);
    w.times.resize(units());
    return counted(w);
  }
  /// To which of so many groups, of as equal size as can be, each unit belongs: at random.
  [[nodiscard]] std::vector<std::uint8_t> groups(std::uint8_t count) const {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> order(units());
    for (std::uint32_t u = 0; u < order.size(); ++u)
      order[u] = {detail::mix(seed_ ^ detail::mix(u + 1)), u};
    std::sort(order.begin(), order.end());
    std::vector<std::uint8_t> group(units());
    for (std::size_t i = 0; i < order.size(); ++i)
      group[order[i].second] = static_cast<std::uint8_t>(i % count);
    return group;
  }

 private:
  void sort_pairs(const sample& pairs) {
    std::vector<std::uint32_t> order, unit(pairs.size());
    for (std::size_t i = 0, row = 0; i < pairs.size(); ++i) {
      if (pairs.weight(i) == 0) continue;  // no row
      order.push_back(static_cast<std::uint32_t>(i));
      unit[i] = static_cast<std::uint32_t>(units_.of(row++));
    }
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return pairs.confidence(a) < pairs.confidence(b);
    });
    pairs_.emplace(pairs.precision());
    pairs_->reserve(order.size(), pairs.weighted());
    for (const std::uint32_t i : order) {
      pairs_->push_back(pairs.confidence(i), pairs.hit(i), pairs.weight_if_any(i));
      if (!pairs.proximities().empty()) pairs_->add_proximity(pairs.proximities()[i], i);
      pair_unit_.push_back(unit[i]);
    }
  }

  /// Says of each row which cell its sums go to: 4 bin + 2 hit + correct, bins and behind them what
  /// is in none and what is removed. No cells where a row may be in several bins, or there are very
  /// many: rows are added one by one then.
  void number_cells() {
    if (cell_count() > std::size_t{1} << detail::tagged_confidences::most_bits) return;
    const auto in_one_bin = [&](std::size_t i) {
      std::size_t in = 0;
      bins_->for_each_bin(rows_.confidence(i), [&](std::size_t) { ++in; });
      return in <= 1;
    };
    if (bins_)
      for (std::size_t i = 0; i < count_; ++i)
        if (!in_one_bin(i)) return;
    cells_ = {rows_.release_confidences(), cell_count(), [&](std::size_t i, double signed_by_hit) {
                const bool hit = std::signbit(signed_by_hit);
                const bool correct = rows_.has_losses() ? rows_.correct(i) : hit;
                return 4 * bin_of(std::abs(signed_by_hit)) + (hit ? 2U : 0U) + (correct ? 1U : 0U);
              }};
  }
  [[nodiscard]] std::size_t bin_count() const { return bins_ ? bins_->size() : 1; }
  [[nodiscard]] std::size_t cell_count() const { return 4 * (bin_count() + 2); }
  [[nodiscard]] std::size_t bin_of(double confidence) const {
    const std::ptrdiff_t found = bins_ ? bins_->index(confidence) : 0;
    if (found >= 0) return static_cast<std::size_t>(found);
    return bin_count() + (found == binning::none ? 0 : 1);
  }

  [[nodiscard]] evidence counted(workspace& w) const {
    evidence e = empty_;
    if (cells_.empty()) {
      add_rows(e, w);
    } else {
      w.sums.clear(cell_count());
      w.sums.add(rows_, cells_, 0, count_, [&](std::size_t i) { return w.times[units_.of(i)]; });
      add_cells(e, w);
    }
    if (pairs_) e.pairs = drawn_pairs(w);
    return e;
  }

  void add_cells(evidence& e, const workspace& w) const {
    for (std::size_t k = 0; k < cell_count(); ++k) {
      const auto sums = w.sums.of(k, rows_.weighted());
      if (sums.count > 0) add_cell(e, k / 4, (k & 2U) != 0, (k & 1U) != 0, sums);
    }
    if (e.means) e.means->add_sums(0, {.nll = w.sums.nll(), .brier = w.sums.brier()});
  }
  void add_cell(evidence& e, std::size_t bin, bool hit, bool correct,
                const detail::replicate_sums::cell& s) const {
    const auto count = static_cast<std::uint64_t>(s.count);
    const std::size_t bins = bin_count();
    const double missed = s.weight - 2 * s.confidence + s.squared_confidence;
    const double squared_miss = hit ? std::max(0.0, missed) : s.squared_confidence;
    e.samples += count;
    const bin_sums in_bin{.count = count,
                          .weight = s.weight,
                          .squared_weight = s.squared_weight,
                          .confidence = s.confidence,
                          .hits = hit ? s.weight : 0,
                          .squared_miss = squared_miss};
    if (e.table && bin < bins) e.table->add_sums(bin, in_bin);
    if (e.table && bin == bins) e.table->add_outside_sums(in_bin);
    if (e.means)
      e.means->add_sums(count, {.weight = s.weight,
                                .correct = correct ? s.weight : 0,
                                .confidence = s.confidence,
                                .brier_top = squared_miss});
  }

  /// Where a row may be in several bins, or there are very many.
  void add_rows(evidence& e, const workspace& w) const {
    for (std::size_t i = 0; i < count_; ++i) {
      const double weight = rows_.weight(i), c = rows_.confidence(i);
      const bool hit = rows_.hit(i);
      for (std::size_t t = 0; t < w.times[units_.of(i)]; ++t) {
        ++e.samples;
        if (e.table) e.table->add_unchecked(c, hit, weight);
        if (!e.means) continue;
        const double miss = hit ? 1 - c : c;
        const bool losses = rows_.has_losses();
        e.means->add_sums(1, {.weight = weight,
                              .correct = rows_.correct(i) ? weight : 0,
                              .confidence = weight * c,
                              .nll = losses ? loss_sum(weight, rows_.nll(i)) : 0,
                              .brier = losses ? weight * static_cast<double>(rows_.brier(i)) : 0,
                              .brier_top = weight * miss * miss});
      }
    }
  }
  static double loss_sum(double weight, float loss) {
    return weight == 0 ? 0 : weight * static_cast<double>(loss);  // an infinite loss of weight 0
  }

  [[nodiscard]] sample drawn_pairs(const workspace& w) const {
    sample drawn(pairs_->precision());
    drawn.reserve(pairs_->size() + pairs_->size() / 8, pairs_->weighted());
    const std::span<const double> proximity = pairs_->proximities();
    for (std::size_t i = 0; i < pairs_->size(); ++i) {
      const std::size_t times = w.times[pair_unit_[i]];
      if (times == 0) continue;
      const std::size_t copies = pairs_->weighted() ? 1 : times;
      const double confidence = pairs_->confidence(i);
      const unsigned char hit = pairs_->hit(i) ? 1 : 0;
      const double weight = pairs_->weight(i) * static_cast<double>(times);
      for (std::size_t c = 0; c < copies; ++c) {
        drawn.add_block(&confidence, &hit, pairs_->weighted() ? &weight : nullptr, 1);
        if (!proximity.empty()) drawn.add_proximity(proximity[i], i);
      }
    }
    return drawn;
  }

  std::uint64_t seed_;
  row_record rows_;
  detail::row_units units_;
  std::optional<sample> pairs_;  // ascending
  std::vector<std::uint32_t> pair_unit_;
  std::optional<binning> bins_;
  std::size_t count_ = 0;
  detail::tagged_confidences cells_;  // of rows_, by cell; empty: rows are added one by one
  evidence empty_;                    // with the parts that replicates have
};

}  // namespace calibra
