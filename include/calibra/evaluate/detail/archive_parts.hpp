// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/evaluate/detail/archive_bytes.hpp"
#include "calibra/evaluate/evidence.hpp"

// How each part of evidence is written and read: see calibra/evaluate/archive.hpp.
namespace calibra::detail {

/// Bins that were read back: their bounds, and what tells them from others. They find no bin.
struct stored_bins {
  std::string description;
  std::vector<double> lowers, uppers;
  edge_side closed = edge_side::right_closed;

  edge_side side() const { return closed; }
  std::size_t size() const { return uppers.size(); }
  double lower(std::size_t b) const { return lowers[b]; }
  double upper(std::size_t b) const { return uppers[b]; }
  std::string describe() const { return description; }
  [[noreturn]] std::ptrdiff_t index(double) const {
    throw option_error(concat("evidence: its bins (", description,
                              ") were read from a file and take no samples; merge it into evidence "
                              "made with the same bins instead"));
  }
};

template<class A>
void archive(A& a, double& x) {
  auto bits = std::bit_cast<std::uint64_t>(x);
  a.number(bits);
  x = std::bit_cast<double>(bits);
}
template<class A, class Integer>
requires(std::is_integral_v<Integer>) void archive(A& a, Integer& x) {
  auto bits = static_cast<std::uint64_t>(x);
  a.number(bits);
  x = static_cast<Integer>(bits);
}
/// One of an enumeration, up to the last.
template<class A, class Enum>
void archive_choice(A& a, Enum& x, Enum last) {
  auto bits = static_cast<std::uint64_t>(x);
  a.number(bits);
  if constexpr (A::reading)
    if (bits > static_cast<std::uint64_t>(last)) a.wrong("a choice that there is not");
  x = static_cast<Enum>(bits);
}
template<class A>
void archive(A& a, std::string& x) {
  a.text(x);
}
template<class A, class T>
void archive(A& a, std::vector<T>& x) {
  auto n = static_cast<std::uint64_t>(x.size());
  if constexpr (A::reading) {
    a.count(n, 8);
    x.clear();
    for (std::uint64_t i = 0; i < n; ++i) {
      T element{};
      archive(a, element);
      x.push_back(std::move(element));
    }
  } else {
    a.number(n);
    for (T& element : x) archive(a, element);
  }
}
template<class A, class T>
void archive_optional(A& a, std::optional<T>& x, T empty) {
  auto there = static_cast<std::uint64_t>(x.has_value());
  a.number(there);
  if (there == 0) return;
  if constexpr (A::reading) x = std::move(empty);
  archive(a, *x);
}

template<class A>
void archive(A& a, compensated_sum& x) {
  double high = x.high(), low = x.low();
  archive(a, high);
  archive(a, low);
  x = compensated_sum(high, low);
}
template<class A>
void archive(A& a, summary& x) {
  auto state = x.state();
  archive(a, state.count);
  for (compensated_sum& s : state.sums) archive(a, s);
  archive(a, state.infinite);
  x = summary(state);
}
template<class A>
void archive(A& a, binning& x) {
  auto by_edges = static_cast<std::uint64_t>(x.by_edges());
  a.number(by_edges);
  if (by_edges != 0) {
    std::vector<double> edges = x.edges();
    edge_side side = x.side();
    archive(a, edges);
    archive_choice(a, side, edge_side::left_closed);
    if constexpr (A::reading) x = binning::from_edges(std::move(edges), side);
    return;
  }
  stored_bins stored;
  stored.description = x.describe();
  for (std::size_t b = 0; b < x.size(); ++b) {
    stored.lowers.push_back(x.lower(b));
    stored.uppers.push_back(x.upper(b));
  }
  stored.closed = x.side();
  archive(a, stored.description);
  archive(a, stored.lowers);
  archive(a, stored.uppers);
  archive_choice(a, stored.closed, edge_side::left_closed);
  if constexpr (A::reading) {
    if (stored.lowers.size() != stored.uppers.size()) a.wrong("bins of unequal numbers of bounds");
    x = stored;
  }
}
template<class A>
void archive(A& a, reliability_table& x) {
  binning bins = x.bins();
  archive(a, bins);
  if constexpr (A::reading) x = reliability_table(std::move(bins));
  x.for_each_sum([&](std::uint64_t& count, compensated_sum& sum) {
    archive(a, count);
    archive(a, sum);
  });
}
template<class A>
void archive(A& a, classwise_table& x) {
  binning bins = x.bins();
  std::size_t classes = x.classes();
  std::uint64_t samples = x.samples();
  archive(a, bins);
  archive(a, classes);
  archive(a, samples);
  if constexpr (A::reading) {
    if (classes > (std::uint64_t{1} << 32)) a.wrong("too many classes");
    x = classwise_table(std::move(bins), 0);
  }
  x.archive_state(classes, samples, [&](auto& v) { archive(a, v); });
}
inline void archive(archive_writer& a, sample& x) {
  const std::size_t n = x.size();
  std::uint64_t single = x.precision() == precision::float32 ? 1 : 0;
  const auto numbers = [&a](std::uint64_t count, const auto& at) {
    a.number(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      double element = at(i);
      archive(a, element);
    }
  };
  a.number(single);
  numbers(n, [&](std::size_t i) { return x.confidence(i); });
  a.text(n, [&](std::size_t i) { return x.hit(i) ? '\1' : '\0'; });
  numbers(x.weighted() ? n : 0, [&](std::size_t i) { return x.weight(i); });
  numbers(x.proximities().size(), [&](std::size_t i) { return x.proximities()[i]; });
}
inline void archive(archive_reader& a, sample& x) {
  std::uint64_t single = 0;
  a.number(single);
  x = sample(single != 0 ? precision::float32 : precision::float64);
  const auto numbers = [&a] {
    std::uint64_t count = 0;
    a.count(count, 8);
    return a.part(8 * count);
  };
  archive_reader confidences = numbers();
  const std::string_view hits = a.text_view();
  archive_reader weights = numbers(), proximities = numbers();
  const bool weighted = !weights.done(), has_proximity = !proximities.done();
  const std::size_t n = hits.size();
  for (const archive_reader* r : {&confidences, &weights, &proximities})
    if (r->left() != 8 * n && (r == &confidences || !r->done()))
      a.wrong("pairs whose parts differ in length");
  x.reserve(n, weighted);
  for (std::size_t i = 0; i < n; ++i) {
    double c = 0, w = 0, p = 0;
    archive(confidences, c);
    if (c > 2) a.wrong("a confidence that no probability is near");
    if (weighted) archive(weights, w);
    x.push_back(c, hits[i] != 0, weighted ? std::optional(w) : std::nullopt);
    if (!has_proximity) continue;
    archive(proximities, p);
    x.add_proximity(p, i);
  }
}
template<class A>
void archive(A& a, row_mean& x) {
  archive(a, x.name);
  archive(a, x.sum);
  archive(a, x.weight);
  archive(a, x.infinite);
}
template<class A>
void archive(A& a, class_masses& x) {
  archive(a, x.cut.threshold);
  archive(a, x.cut.keep_equal);
  auto n = static_cast<std::uint64_t>(x.tables.size());
  if constexpr (A::reading) {
    a.count(n, 8);
    for (std::uint64_t i = 0; i < n; ++i) {  // so that memory grows with what is read
      reliability_table t(binning::equal_width(1));
      archive(a, t);
      x.tables.push_back(std::move(t));
    }
  } else {
    a.number(n);
    for (reliability_table& t : x.tables) archive(a, t);
  }
}
template<class A>
void archive(A& a, bin_options& x) {
  archive(a, x.bins);
  if constexpr (A::reading)
    if (x.bins < 1 || x.bins > 1'000'000) a.wrong("no number of bins that there may be");
  archive_choice(a, x.scheme, bin_scheme::equal_mass);
  archive_choice(a, x.side, edge_side::left_closed);
  archive(a, x.edges);
  archive_optional(a, x.binning, binning::equal_width(1));
}
template<class A>
void archive(A& a, evidence& e) {
  archive_choice(a, e.kind, evidence_kind::labels);
  archive_choice(a, e.precision, precision::float64);
  archive(a, e.classes);
  archive(a, e.bins);
  archive(a, e.samples);
  archive(a, e.skipped);
  archive_optional(a, e.means, summary());
  archive_optional(a, e.table, reliability_table(binning::equal_width(1)));
  archive_optional(a, e.pairs, sample());
  archive_optional(a, e.row_pairs, sample());
  archive(a, e.row_means);
  archive_optional(a, e.class_table, classwise_table(binning::equal_width(1), 0));
  archive(a, e.masses);
  archive(a, e.class_pairs);
}

}  // namespace calibra::detail
