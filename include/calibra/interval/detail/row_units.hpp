// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "calibra/detail/counter_random.hpp"
#include "calibra/error.hpp"
#include "calibra/table/row_record.hpp"

namespace calibra::detail {

/// What is drawn together: rows, or clusters of rows; units of one stratum lie side by side.
class row_units {
 public:
  row_units() = default;
  explicit row_units(const row_record& rows) : size_(rows.size()) {
    if (size_ > std::size_t{1} << 32)
      throw option_error(concat("replicates: expected at most 2^32 rows, got ", size_));
    if (rows.clustered() || rows.stratified()) number_units(rows);
    if (strata_.empty()) strata_ = {{0, size_}};
  }

  /// How many units there are.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// The unit of a row.
  [[nodiscard]] std::size_t of(std::size_t row) const noexcept {
    return unit_.empty() ? row : unit_[row];
  }
  /// First unit and one behind the last, of each stratum.
  [[nodiscard]] const std::vector<std::pair<std::size_t, std::size_t>>& strata() const noexcept {
    return strata_;
  }

  /// Whether some stratum has two units: else nothing says how they vary.
  [[nodiscard]] bool vary() const noexcept {
    return std::any_of(strata_.begin(), strata_.end(),
                       [](const auto& s) { return s.second - s.first > 1; });
  }

  /// Whether every row is a unit of its own, and of the same number.
  [[nodiscard]] bool are_rows() const noexcept { return unit_.empty(); }

  /// Draws as many units as there are, each stratum by itself: how often each was drawn.
  void draw(counter_random random, std::vector<std::uint8_t>& times) const {
    times.assign(size_, 0);
    for_each_block(random, [&](std::size_t first, std::size_t size, std::size_t count) {
      draw_block(random, count, size, times.data() + first);
    });
  }
  /// The same draws, some units at a time: calls add(first, last) for units [first, last), of which
  /// times[0] and on say how often each was drawn.
  template<class Add>
  void draw_in_blocks(counter_random random, std::vector<std::uint8_t>& times,
                      const Add& add) const {
    for_each_block(random, [&](std::size_t first, std::size_t size, std::size_t count) {
      times.assign(size, 0);
      draw_block(random, count, size, times.data());
      add(first, first + size);
    });
  }

 private:
  static constexpr std::size_t block_units = std::size_t{1}
                                             << 16;  // their times fit a second cache

  /// Calls f(first, size, how many of the stratum's draws fall into it) for every block of units.
  template<class F>
  void for_each_block(counter_random& random, const F& f) const {
    for (const auto& [first, last] : strata_) {
      const std::size_t units = last - first;
      if (units <= block_units) {
        f(first, units, units);
        continue;
      }
      std::vector<std::size_t> count((units - 1) / block_units + 1);
      for (std::size_t i = 0; i < units; ++i) ++count[drawn(random, units) / block_units];
      for (std::size_t b = 0; b < count.size(); ++b) {
        const std::size_t begin = b * block_units;
        f(first + begin, std::min(block_units, units - begin), count[b]);
      }
    }
  }
  /// Draws some ahead of counting them: to count one at an address not known until then holds up
  /// the reading of the next one's.
  static void draw_block(counter_random& random, std::size_t count, std::size_t size,
                         std::uint8_t* times) {
    std::array<std::uint32_t, 64> ahead;
    for (std::size_t done = 0; done < count; done += ahead.size()) {
      const std::size_t some = std::min(ahead.size(), count - done);
      for (std::size_t i = 0; i < some; ++i)
        ahead[i] = static_cast<std::uint32_t>(drawn(random, size));
      for (std::size_t i = 0; i < some; ++i) {
        std::uint8_t& often = times[ahead[i]];
        often = static_cast<std::uint8_t>(often + (often != 255 ? 1 : 0));  // never, in practice
      }
    }
  }
  static std::size_t drawn(counter_random& random, std::size_t size) {
    const double at = random.uniform() * static_cast<double>(size);
    return static_cast<std::size_t>(static_cast<std::int64_t>(at));  // signed: one instruction
  }

  void number_units(const row_record& rows) {
    unit_.reserve(rows.size());
    if (!rows.clustered()) {
      number_rows(rows);
      return;
    }
    std::map<std::pair<std::int64_t, std::int64_t>, std::uint32_t> known;  // by stratum
    std::map<std::int64_t, std::int64_t> stratum_of;
    const auto key = [&](std::size_t i) { return std::pair(rows.stratum(i), rows.cluster(i)); };
    for (std::size_t i = 0; i < rows.size(); ++i) {
      known.emplace(key(i), 0);
      if (!rows.stratified()) continue;
      const auto [seen, fresh] = stratum_of.emplace(rows.cluster(i), rows.stratum(i));
      if (!fresh && seen->second != rows.stratum(i))
        throw option_error(concat("replicates: cluster ", rows.cluster(i), " is in stratum ",
                                  seen->second, " and in stratum ", rows.stratum(i),
                                  "; expected each in one"));
    }
    std::uint32_t next = 0;
    for (auto& [of, unit] : known) {
      if (strata_.empty() || next == 0 || of.first != last_stratum_) {
        strata_.emplace_back(next, next);
        last_stratum_ = of.first;
      }
      unit = next++;
      strata_.back().second = next;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) unit_.push_back(known.at(key(i)));
    size_ = next;
  }
  /// Each row a unit, those of a stratum side by side.
  void number_rows(const row_record& rows) {
    std::map<std::int64_t, std::uint32_t> next;  // unit of a stratum
    for (std::size_t i = 0; i < rows.size(); ++i) ++next[rows.stratum(i)];
    std::uint32_t first = 0;
    for (auto& [stratum, unit] : next) {
      strata_.emplace_back(first, first + unit);
      first += std::exchange(unit, first);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) unit_.push_back(next[rows.stratum(i)]++);
  }

  std::size_t size_ = 0;
  std::vector<std::uint32_t> unit_;  // of each row; empty: a row is its own
  std::vector<std::pair<std::size_t, std::size_t>> strata_;
  std::int64_t last_stratum_ = 0;
};

}  // namespace calibra::detail
