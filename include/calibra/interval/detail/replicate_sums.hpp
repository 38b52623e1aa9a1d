// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "calibra/interval/detail/tagged_confidences.hpp"
#include "calibra/table/row_record.hpp"

namespace calibra::detail {

/// Sums of rows that are there so and so often: those of confidences by cell, those of losses over
/// all.
class replicate_sums {
 public:
  struct cell {
    double count = 0, confidence = 0, squared_confidence = 0;
    double weight = 0, squared_weight = 0;

    cell& operator+=(const cell& other) {
      count += other.count;
      confidence += other.confidence;
      squared_confidence += other.squared_confidence;
      weight += other.weight;
      squared_weight += other.squared_weight;
      return *this;
    }
  };

  /// Begins anew with so many cells.
  void clear(std::size_t cells) {
    cells_.assign(sets * cells, {});
    nll_ = brier_ = 0;
  }
  /// Adds rows [first, last), row i as often as times(i) says, confidence and cell as tagged.
  template<class Times>
  void add(const row_record& rows, const tagged_confidences& tagged, std::size_t first,
           std::size_t last, const Times& times) {
    if (rows.weighted())
      add_to_cells<true>(rows, tagged, first, last, times);
    else
      add_to_cells<false>(rows, tagged, first, last, times);
    if (rows.has_losses()) add_to_losses(rows, first, last, times);
  }

  /// The sums of cell k; without weights each row weighs 1.
  [[nodiscard]] cell of(std::size_t k, bool weighted) const {
    cell sum = cells_[k];
    for (std::size_t s = 1; s < sets; ++s) sum += cells_[s * (cells_.size() / sets) + k];
    if (!weighted) sum.weight = sum.squared_weight = sum.count;
    return sum;
  }
  [[nodiscard]] double nll() const noexcept { return nll_; }
  [[nodiscard]] double brier() const noexcept { return brier_; }

 private:
  // Rows go to sets of cells in turn: one that adds to the cell of the row before would wait for
  // it.
  static constexpr std::size_t sets = 2;

  template<bool Weighted, class Times>
  void add_to_cells(const row_record& rows, const tagged_confidences& tagged, std::size_t first,
                    std::size_t last, const Times& times) {
    std::array<cell*, sets> set;
    for (std::size_t s = 0; s < sets; ++s) set[s] = cells_.data() + s * (cells_.size() / sets);
    for (std::size_t i = first; i < last; ++i) {
      const double often = times(i), c = tagged.confidence(i);
      cell& to = set[i % sets][tagged.tag(i)];
      double weight = often;
      if constexpr (Weighted) {
        const double base = rows.weight(i);
        weight *= base;
        to.weight += weight;
        to.squared_weight += weight * base;
      }
      const double moved = weight * c;
      to.count += often;
      to.confidence += moved;
      to.squared_confidence += moved * c;
    }
  }
  template<class Times>
  void add_to_losses(const row_record& rows, std::size_t first, std::size_t last,
                     const Times& times) {
    double nll_sum = 0, brier_sum = 0;
    for (std::size_t i = first; i < last; ++i) {
      const std::uint64_t drawn = times(i);
      const double weight = static_cast<double>(drawn) * rows.weight(i);
      nll_sum += weight * kept_if(drawn != 0, rows.nll(i));
      brier_sum += weight * kept_if(drawn != 0, rows.brier(i));
    }
    nll_ += nll_sum;
    brier_ += brier_sum;
  }
  /// The loss, or 0 in place of one that may be infinite; without a branch, which would be a guess
  /// for every row.
  static double kept_if(bool kept, double loss) noexcept {
    const std::uint64_t mask = 0 - std::uint64_t{kept};
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(loss) & mask);
  }

  std::vector<cell> cells_;
  double nll_ = 0, brier_ = 0;
};

}  // namespace calibra::detail
