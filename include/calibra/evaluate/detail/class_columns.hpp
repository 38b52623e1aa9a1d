// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "calibra/evaluate/detail/class_rows.hpp"
#include "calibra/metrics/needs.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_pass.hpp"
#include "calibra/table/equal_mass.hpp"

namespace calibra::detail {

/// What is remembered of the rows of a pass, so that the probabilities of single classes can be
/// made again without a second look at the whole row.
template<class C>
struct kept_rows {
  std::vector<std::size_t> row;  ///< where the sample stands in the input
  std::vector<std::uint32_t> label;
  std::vector<C> max;
  std::vector<double> sum;
  std::vector<double> weight;  ///< empty if unweighted

  std::size_t size() const { return row.size(); }
  void add(const row_worker<C>& worker, const row_block& block) {
    for (std::size_t i = 0; i < block.size; ++i) {
      row.push_back(block.row_of(i));
      label.push_back(static_cast<std::uint32_t>(block.label[i]));
      max.push_back(worker.max_of(block.row_of(i)));
      sum.push_back(worker.sum_of(block.row_of(i)));
    }
    if (block.weight != nullptr)
      weight.insert(weight.end(), block.weight, block.weight + block.size);
  }
  void append(const kept_rows& other) {
    row.insert(row.end(), other.row.begin(), other.row.end());
    label.insert(label.end(), other.label.begin(), other.label.end());
    max.insert(max.end(), other.max.begin(), other.max.end());
    sum.insert(sum.end(), other.sum.begin(), other.sum.end());
    weight.insert(weight.end(), other.weight.begin(), other.weight.end());
  }
};

/// Whether that is worth its memory: 24 bytes a row, at most 24 MiB.
constexpr bool remembers_rows(std::size_t rows) {
  return rows <= std::size_t{1} << 20;
}

/// One class: the probabilities of the kept rows, in their order, and which of these rows have it
/// as their label.
template<class C>
struct class_column {
  std::size_t class_index;
  const C* p;
  std::size_t size;
  const std::size_t* hits;  ///< positions, ascending
  std::size_t hit_count;
  const double* weight;  ///< null if unweighted
};

/// Calls visit(class_column) once for every class, several at a time on the threads of the team.
/// The matrix is walked in blocks of classes of about `budget` bytes, so that memory stays bounded
/// whatever N and K.
template<class C, class Visit>
void for_each_class_column(worker_team& team, const row_source<C>& source, const kept_rows<C>& rows,
                           const Visit& visit, std::size_t budget = std::size_t{16} << 20) {
  const std::size_t n = rows.size(), k = source.scores.cols();
  // Which kept rows have which label: positions sorted by label.
  std::vector<std::size_t> start(k + 1), hit(n);
  for (const std::uint32_t y : rows.label) ++start[y + 1];
  for (std::size_t j = 0; j < k; ++j) start[j + 1] += start[j];
  std::vector<std::size_t> next(start.begin(), start.end() - 1);
  for (std::size_t i = 0; i < n; ++i) hit[next[rows.label[i]]++] = i;

  const std::size_t width =
      std::clamp<std::size_t>(budget / std::max<std::size_t>(1, n * sizeof(C)), 1, k);
  std::vector<C> block(width * n);
  for (std::size_t first = 0; first < k; first += width) {
    const std::size_t classes = std::min(width, k - first);
    constexpr std::size_t worth_a_thread = 65536;
    const std::size_t parts = part_count(n, team.size(), worth_a_thread / classes + 1);
    team.run(parts, [&](std::size_t part) {
      constexpr std::size_t tile = 32;
      class_probabilities<C> probabilities(source.kind, source.options.renormalise);
      std::vector<C> raw(classes), tile_of(tile * classes);
      const part_range range = range_of(n, parts, part);
      for (std::size_t at = range.first; at < range.last; at += tile) {
        const std::size_t count = std::min(tile, range.last - at);
        for (std::size_t i = 0; i < count; ++i) {
          const C* from = source.scores.classes(rows.row[at + i], first, classes, raw.data());
          const C* p = probabilities.of(from, classes, rows.max[at + i], rows.sum[at + i]);
          std::copy_n(p, classes, tile_of.data() + i * classes);
        }
        for (std::size_t j = 0; j < classes; ++j)
          for (std::size_t i = 0; i < count; ++i)
            block[j * n + at + i] = std::min(C{1}, tile_of[i * classes + j]);
      }
    });
    team.run(classes, [&](std::size_t j) {
      const std::size_t c = first + j;
      visit(class_column<C>{.class_index = c,
                            .p = block.data() + j * n,
                            .size = n,
                            .hits = hit.data() + start[c],
                            .hit_count = start[c + 1] - start[c],
                            .weight = rows.weight.empty() ? nullptr : rows.weight.data()});
    });
    if (source.options.progress) source.options.progress(source.scores.rows());
  }
}

/// The pairs of a class that a cut keeps.
template<class C>
sample pairs_of(const class_column<C>& column, const class_cut& cut) {
  sample pairs(std::is_same_v<C, float> ? precision::float32 : precision::float64);
  std::size_t h = 0;
  for (std::size_t i = 0; i < column.size; ++i) {
    const bool hit = h < column.hit_count && column.hits[h] == i;
    if (hit) ++h;
    const double p = static_cast<double>(column.p[i]);
    if (!cut.keeps(p)) continue;
    pairs.push_back(p, hit, weight_if_any(column.weight, i));
  }
  return pairs;
}

/// The elements of given ranks of an unsorted array of numbers >= 0, without sorting it: they are
/// counted by their leading bits, and only the buckets that hold a rank are looked into.
template<class C>
class rank_finder {
 public:
  rank_finder(const C* x, std::size_t n) : x_(x), n_(n), start_(buckets + 1) {
    for (std::size_t i = 0; i < n; ++i) ++start_[bucket_of(x[i]) + 1];
    for (std::size_t b = 0; b < buckets; ++b) start_[b + 1] += start_[b];
  }
  /// `ranks` ascending; gives the element of each.
  std::vector<C> find(const std::vector<std::size_t>& ranks) const {
    std::vector<C> found;
    std::vector<std::vector<C>> members;
    std::vector<int> slot(buckets, -1);
    std::vector<std::size_t> bucket;
    std::size_t b = 0;
    for (const std::size_t r : ranks) {
      while (start_[b + 1] <= r) ++b;
      bucket.push_back(b);
      if (slot[b] >= 0) continue;
      slot[b] = static_cast<int>(members.size());
      members.emplace_back();
      members.back().reserve(start_[b + 1] - start_[b]);
    }
    for (std::size_t i = 0; i < n_; ++i)
      if (const int s = slot[bucket_of(x_[i])]; s >= 0)
        members[static_cast<std::size_t>(s)].push_back(x_[i]);
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      auto& m = members[static_cast<std::size_t>(slot[bucket[i]])];
      const auto at = m.begin() + static_cast<std::ptrdiff_t>(ranks[i] - start_[bucket[i]]);
      std::nth_element(m.begin(), at, m.end());
      found.push_back(*at);
    }
    return found;
  }

 private:
  using bits = std::conditional_t<sizeof(C) == 4, std::uint32_t, std::uint64_t>;
  static constexpr std::size_t buckets = 4096;
  // Numbers >= 0 are ordered as their bits are; those up to 1 have no more than these leading ones.
  static std::size_t bucket_of(C x) {
    return static_cast<std::size_t>(std::bit_cast<bits>(x) >> (sizeof(C) * 8 - 13)) & (buckets - 1);
  }

  const C* x_;
  std::size_t n_;
  std::vector<std::size_t> start_;
};

/// equal_mass_table() of the pairs of a class that a cut keeps, from the column as it lies: nothing
/// is sorted.
template<class C>
reliability_table mass_table_of(const class_column<C>& column, const class_cut& cut,
                                std::size_t bins, edge_side side) {
  std::vector<C> kept;
  std::vector<std::uint32_t> position;
  const C* p = column.p;
  std::size_t n = column.size;
  const bool all = cut.threshold == 0 && cut.keep_equal;
  if (!all) {
    for (std::size_t i = 0; i < column.size; ++i) {
      if (!cut.keeps(static_cast<double>(column.p[i]))) continue;
      kept.push_back(column.p[i]);
      position.push_back(static_cast<std::uint32_t>(i));
    }
    p = kept.data();
    n = kept.size();
  }
  if (n == 0) return reliability_table(binning::equal_width(1, side));
  const std::size_t parts = std::min(bins, n);
  std::vector<std::size_t> ranks;
  for (std::size_t k = 1; k < parts; ++k) {
    const std::size_t first = part_start(n, parts, k);
    if (ranks.empty() || ranks.back() != first - 1) ranks.push_back(first - 1);
    ranks.push_back(first);
  }
  const std::vector<C> at = rank_finder<C>(p, n).find(ranks);
  const auto element = [&](std::size_t rank) {
    return static_cast<double>(at[static_cast<std::size_t>(
        std::lower_bound(ranks.begin(), ranks.end(), rank) - ranks.begin())]);
  };
  std::vector<double> cuts;
  for (std::size_t k = 1; k < parts; ++k) {
    const std::size_t first = part_start(n, parts, k);
    cuts.push_back((element(first - 1) + element(first)) / 2);
  }
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  reliability_table table(between_cuts(cuts, side));

  // Which bin: how many inner edges lie below, in the type of the numbers.
  const std::size_t inner = table.size() - 1;
  std::vector<C> below(inner);
  for (std::size_t b = 0; b < inner; ++b) {
    double edge = table.bins().edges()[b + 1];
    if (side == edge_side::left_closed)
      edge = std::nextafter(edge, -std::numeric_limits<double>::infinity());
    below[b] = static_cast<C>(edge);
    if (static_cast<double>(below[b]) > edge)
      below[b] = std::nextafter(below[b], -std::numeric_limits<C>::infinity());
  }
  std::size_t h = 0;
  constexpr std::size_t chunk = 1024;
  std::array<C, chunk> bin;
  std::vector<bin_sums> sums(table.size());
  for (std::size_t first = 0; first < n; first += chunk) {
    const std::size_t count = std::min(chunk, n - first);
    kernels_for<C>(best_isa()).count_below(p + first, count, below.data(), inner, bin.data());
    std::fill(sums.begin(), sums.end(), bin_sums{});
    for (std::size_t i = 0; i < count; ++i) {
      bin_sums& s = sums[static_cast<std::size_t>(bin[i])];
      const std::size_t sample = all ? first + i : position[first + i];
      const double w = column.weight == nullptr ? 1.0 : column.weight[sample];
      ++s.count;
      s.weight += w;
      s.squared_weight += w * w;
      s.confidence += w * static_cast<double>(p[first + i]);
    }
    for (std::size_t i = first; i < first + count; ++i) {
      const std::size_t sample = all ? i : position[i];
      while (h < column.hit_count && column.hits[h] < sample) ++h;
      if (h == column.hit_count) break;
      if (column.hits[h] == sample)
        sums[static_cast<std::size_t>(bin[i - first])].hits +=
            column.weight == nullptr ? 1.0 : column.weight[sample];
    }
    for (std::size_t b = 0; b < sums.size(); ++b)
      if (sums[b].count != 0) table.add_sums(b, sums[b]);
  }
  return table;
}

}  // namespace calibra::detail
