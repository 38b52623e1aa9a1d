// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/table/binning.hpp"
#include "calibra/table/reliability_table.hpp"

// What calibra computes, written down again in the slowest and plainest way, in long double.
namespace naive {

// ---- rows ------------------------------------------------------------------------------------

struct row {
  double confidence;
  std::size_t prediction;
  std::vector<double> probability;
  double log_likelihood;
  double brier;
};

inline row of_probabilities(const std::vector<long double>& p, std::size_t label) {
  row r{0, 0, {}, static_cast<double>(std::log(p[label])), 0};
  long double brier = 0;
  for (std::size_t k = 0; k < p.size(); ++k) {
    if (p[k] > p[r.prediction]) r.prediction = k;
    const long double miss = p[k] - (k == label ? 1 : 0);
    brier += miss * miss;
    r.probability.push_back(static_cast<double>(p[k]));
  }
  r.brier = static_cast<double>(brier);
  r.confidence = std::min(1.0, r.probability[r.prediction]);
  return r;
}

inline row of_logits(const std::vector<double>& z, std::size_t label) {
  const auto max = static_cast<long double>(*std::max_element(z.begin(), z.end()));
  long double sum = 0;
  for (const double x : z) sum += std::exp(static_cast<long double>(x) - max);
  std::vector<long double> p;
  for (const double x : z) p.push_back(std::exp(static_cast<long double>(x) - max) / sum);
  row r = of_probabilities(p, label);
  r.log_likelihood = static_cast<double>(static_cast<long double>(z[label]) - max - std::log(sum));
  // Of classes that only the rounding of exp makes equal, the larger logit wins.
  r.prediction = static_cast<std::size_t>(std::max_element(z.begin(), z.end()) - z.begin());
  return r;
}

// ---- bins ------------------------------------------------------------------------------------

struct pair {
  double confidence;
  bool hit;
  double weight = 1;
};

struct bin {
  std::size_t count = 0;
  long double weight = 0, squares = 0, confidence = 0, hits = 0;

  void add(const pair& p) {
    const auto w = static_cast<long double>(p.weight);
    ++count;
    weight += w;
    squares += w * w;
    confidence += w * static_cast<long double>(p.confidence);
    hits += p.hit ? w : 0;
  }
  long double gap() const { return (hits - confidence) / weight; }
};

/// Which of the bins between ascending edges holds c, found by asking each in turn. The first bin
/// holds all that is below it, the last all that is above.
inline std::size_t bin_of(double c, const std::vector<double>& edges, calibra::edge_side side) {
  const std::size_t bins = edges.size() - 1;
  for (std::size_t k = 0; k < bins; ++k) {
    const bool below_upper =
        side == calibra::edge_side::right_closed ? c <= edges[k + 1] : c < edges[k + 1];
    if (below_upper) return k;
  }
  return bins - 1;
}

struct table {
  std::vector<bin> bins;
  bin outside;  ///< counts in the total and in no bin

  table() = default;
  table(const std::vector<pair>& pairs, const std::vector<double>& edges,
        calibra::edge_side side = calibra::edge_side::right_closed)
      : bins(edges.size() - 1) {
    for (const pair& p : pairs) bins[bin_of(p.confidence, edges, side)].add(p);
  }

  long double total() const {
    long double t = outside.weight;
    for (const bin& b : bins) t += b.weight;
    return t;
  }
  template<class F>
  double mean(F f) const {
    long double sum = 0;
    for (const bin& b : bins)
      if (b.weight > 0) sum += b.weight / total() * f(b);
    return static_cast<double>(total() > 0 ? sum : std::numeric_limits<long double>::quiet_NaN());
  }
  double ece() const {
    return mean([](const bin& b) { return std::abs(b.gap()); });
  }
  double rmsce() const {
    return std::sqrt(mean([](const bin& b) { return b.gap() * b.gap(); }));
  }
  double mce() const {
    long double most = 0;
    for (const bin& b : bins)
      if (b.weight > 0) most = std::max(most, std::abs(b.gap()));
    return static_cast<double>(most);
  }
  double weighted_mce() const {
    long double most = 0;
    for (const bin& b : bins)
      if (b.weight > 0) most = std::max(most, b.weight / total() * std::abs(b.gap()));
    return static_cast<double>(most);
  }
  double mean_gap() const {
    long double sum = 0, n = 0;
    for (const bin& b : bins) {
      if (!(b.weight > 0)) continue;
      sum += std::abs(b.gap());
      n += 1;
    }
    return static_cast<double>(sum / n);
  }
};

/// A text that says where two tables differ, empty if they agree.
inline std::string difference(const calibra::reliability_table& got, const table& expected,
                              double tolerance = 1e-12) {
  using calibra::detail::concat;
  if (got.size() != expected.bins.size())
    return concat(got.size(), " bins instead of ", expected.bins.size());
  const double slack = tolerance * std::max(1.0, static_cast<double>(expected.total()));
  const auto differ = [&](double a, long double b) {
    return !(std::abs(static_cast<long double>(a) - b) <= static_cast<long double>(slack));
  };
  if (differ(got.total_weight(), expected.total()))
    return concat("total ", got.total_weight(), " instead of ",
                  static_cast<double>(expected.total()));
  for (std::size_t k = 0; k < got.size(); ++k) {
    const calibra::reliability_bin b = got[k];
    const bin& e = expected.bins[k];
    if (b.count != e.count) return concat("bin ", k, ": ", b.count, " instead of ", e.count);
    if (differ(b.weight, e.weight)) return concat("bin ", k, ": weight ", b.weight);
    if (differ(got.squared_weight(k), e.squares)) return concat("bin ", k, ": squares");
    if (e.weight > 0 && differ(b.confidence * b.weight, e.confidence))
      return concat("bin ", k, ": confidence ", b.confidence, " instead of ",
                    static_cast<double>(e.confidence / e.weight));
    if (e.weight > 0 && differ(b.accuracy * b.weight, e.hits))
      return concat("bin ", k, ": accuracy ", b.accuracy, " instead of ",
                    static_cast<double>(e.hits / e.weight));
    if (!(e.weight > 0) && !(std::isnan(b.confidence) && std::isnan(b.accuracy)))
      return concat("bin ", k, ": means of nothing");
  }
  return "";
}

inline std::vector<double> equal_edges(std::size_t bins) {
  std::vector<double> e;
  for (std::size_t k = 0; k <= bins; ++k)
    e.push_back(static_cast<double>(k) / static_cast<double>(bins));
  return e;
}

// ---- data ------------------------------------------------------------------------------------

/// x as the scalar T, rounded to it.
template<class T>
T make(double x) {
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    return static_cast<T>(x);
  } else if constexpr (requires { T(1.0F).bits; }) {
    return T(static_cast<float>(x));
  } else {  // byte_swapped
    using U = std::remove_cvref_t<decltype(calibra::scalar_traits<T>::load(T{}))>;
    const U plain = static_cast<U>(x);
    T swapped;
    std::memcpy(swapped.bytes.data(), &plain, sizeof plain);
    std::reverse(swapped.bytes.begin(), swapped.bytes.end());
    return swapped;
  }
}

enum class layout {
  rows,
  padded_rows,
  columns,
  padded_columns,
  rows_upwards,
  columns_backwards,
  every_other_column
};
inline constexpr layout layouts[] = {layout::rows,
                                     layout::padded_rows,
                                     layout::columns,
                                     layout::padded_columns,
                                     layout::rows_upwards,
                                     layout::columns_backwards,
                                     layout::every_other_column};

/// A matrix of T in a given layout, in a buffer that ends where the matrix does.
template<class T>
class matrix {
 public:
  matrix(std::size_t rows, std::size_t cols, layout how) : rows_(rows), cols_(cols) {
    const auto n = static_cast<std::ptrdiff_t>(rows), k = static_cast<std::ptrdiff_t>(cols);
    switch (how) {
      case layout::rows:
        row_stride_ = k;
        col_stride_ = 1;
        break;
      case layout::padded_rows:
        row_stride_ = k + 3;
        col_stride_ = 1;
        break;
      case layout::columns:
        row_stride_ = 1;
        col_stride_ = n;
        break;
      case layout::padded_columns:
        row_stride_ = 1;
        col_stride_ = n + 2;
        break;
      case layout::rows_upwards:
        row_stride_ = -k;
        col_stride_ = 1;
        break;
      case layout::columns_backwards:
        row_stride_ = k;
        col_stride_ = -1;
        break;
      case layout::every_other_column:
        row_stride_ = 2 * k;
        col_stride_ = 2;
        break;
    }
    if (rows == 0 || cols == 0) return;
    origin_ = std::max<std::ptrdiff_t>(0, -(n - 1) * row_stride_) +
              std::max<std::ptrdiff_t>(0, -(k - 1) * col_stride_);
    buffer_.assign(static_cast<std::size_t>((n - 1) * std::abs(row_stride_) +
                                            (k - 1) * std::abs(col_stride_) + 1),
                   make<T>(std::numeric_limits<double>::quiet_NaN()));
  }
  void set(std::size_t i, std::size_t k, double x) { buffer_[at(i, k)] = make<T>(x); }
  /// The element as it is stored.
  double get(std::size_t i, std::size_t k) const {
    return static_cast<double>(calibra::scalar_traits<T>::load(buffer_[at(i, k)]));
  }
  std::vector<double> row(std::size_t i) const {
    std::vector<double> r(cols_);
    for (std::size_t k = 0; k < cols_; ++k) r[k] = get(i, k);
    return r;
  }
  calibra::matrix_view<const T> view() const {
    return {buffer_.data() + (buffer_.empty() ? 0 : origin_), rows_, cols_, row_stride_,
            col_stride_};
  }
  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }

 private:
  std::size_t at(std::size_t i, std::size_t k) const {
    return static_cast<std::size_t>(origin_ + static_cast<std::ptrdiff_t>(i) * row_stride_ +
                                    static_cast<std::ptrdiff_t>(k) * col_stride_);
  }
  std::size_t rows_, cols_;
  std::ptrdiff_t row_stride_ = 0, col_stride_ = 0, origin_ = 0;
  std::vector<T> buffer_;
};

/// Logits of varying sharpness; some rows are made of few values, so that there are ties.
template<class T>
matrix<T> random_logits(std::size_t n, std::size_t k, layout how, std::uint_fast32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  matrix<T> z(n, k, how);
  for (std::size_t i = 0; i < n; ++i) {
    const double sharpness = 0.5 + 4 * std::abs(normal(generator));
    const bool ties = generator() % 4 == 0;
    for (std::size_t j = 0; j < k; ++j) {
      const double x = sharpness * normal(generator);
      z.set(i, j, ties ? std::round(x) : x);
    }
  }
  return z;
}

/// Rows that sum to 1 as well as T can; some are certain, some have ties.
template<class T>
matrix<T> random_probabilities(std::size_t n, std::size_t k, layout how, std::uint_fast32_t seed) {
  std::mt19937 generator(seed);
  std::exponential_distribution<double> exponential;
  matrix<T> p(n, k, how);
  std::vector<double> raw(k);
  for (std::size_t i = 0; i < n; ++i) {
    const double power = 1 + static_cast<double>(generator() % 4);
    const auto kind = generator() % 8;
    double sum = 0;
    for (double& x : raw) {
      x = std::pow(exponential(generator), power);
      if (kind == 0) x = 1 + std::floor(x);
      sum += x;
    }
    for (std::size_t j = 0; j < k; ++j) p.set(i, j, raw[j] / sum);
    if (kind == 1) {
      for (std::size_t j = 0; j < k; ++j) p.set(i, j, 0);
      p.set(i, generator() % k, 1);
    }
  }
  return p;
}

}  // namespace naive
