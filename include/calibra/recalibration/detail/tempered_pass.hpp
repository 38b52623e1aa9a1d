// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/bracketed_newton.hpp"
#include "calibra/recalibration/detail/logit_reader.hpp"
#include "calibra/rows/kernels/polynomial.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/row_checks.hpp"
#include "calibra/rows/row_kernels.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/rows/tile.hpp"
#include "calibra/scores.hpp"

namespace calibra::detail {

/// What one pass at beta = 1 / T adds up: NLL and its first two derivatives in beta, as sums of
/// w_i [log sum_k exp(beta z_ik) - beta z_iy] and so on, each a Sum.
template<class Sum>
struct tempered_sums_of {
  Sum nll{}, gradient{}, curvature{}, weight{};
  double magnitude = 0;  ///< sum of the sizes of the gradient's terms
  bool beaten = false;   ///< some label's score is not the largest of its row
  std::uint64_t rows = 0;

  void add(double w, double row_nll, double mean, double at_label, double variance) {
    nll += w * row_nll;
    gradient += w * (mean - at_label);
    curvature += w * variance;
    weight += w;
    magnitude += w * (std::abs(mean) + std::abs(at_label));
    beaten = beaten || at_label < 0;
  }
  template<class Other>
  tempered_sums_of& operator+=(const tempered_sums_of<Other>& other) {
    nll += other.nll;
    gradient += other.gradient;
    curvature += other.curvature;
    weight += other.weight;
    magnitude += other.magnitude;
    beaten = beaten || other.beaten;
    rows += other.rows;
    return *this;
  }
};
/// Over all rows. Threads give the same sums: every tile is added with its rounding error kept.
using tempered_sums = tempered_sums_of<compensated_sum>;
/// Over the rows of a tile, tens of thousands at most.
using tempered_tile_sums = tempered_sums_of<double>;

/// The sums as means over the samples, evaluated at `at`: NaN where there is no weight. `epsilon`:
/// the rounding of a term.
inline slope tempered_means(std::string_view where, double at, const tempered_sums& s,
                            double epsilon) {
  const double n = s.weight.value();
  if (!(is_finite(n) && is_finite(s.nll.value()) && is_finite(s.gradient.value()) &&
        is_finite(s.curvature.value())))
    throw value_error(concat(where,
                             ": the sums over the rows are beyond the range of double; scale "
                             "the weights or the scores down"));
  return {at, s.nll.value() / n, s.gradient.value() / n, s.curvature.value() / n,
          epsilon * s.magnitude / n};
}

/// z_iy is -inf: the loss is infinite at every temperature.
[[noreturn]] inline void throw_impossible(std::string_view where, std::int64_t label,
                                          std::size_t row) {
  throw value_error(concat(where, ": label ", label, " at row ", row,
                           " has probability 0 at every temperature; leave the row out by "
                           "options::valid, or clip its scores"));
}

/// The samples of a fit, for passes at any beta over all rows or every `step`-th. A pass is long:
/// the search is compiled once, and not for every type of scores.
class fit_passes {
 public:
  fit_passes(const fit_passes&) = delete;
  fit_passes& operator=(const fit_passes&) = delete;
  virtual ~fit_passes() = default;

  virtual std::size_t rows() const = 0;
  /// The rounding of a term.
  virtual double epsilon() const = 0;
  /// One pass. Only a pass with `check` throws value_error; run one before any other.
  virtual tempered_sums run(double beta, bool check, std::size_t step = 1) const = 0;
  /// The sums at beta as means over the samples: NaN where there is no weight.
  virtual slope means(double beta, const tempered_sums& s) const = 0;
  /// The mean NLL around beta, of rows that were checked before.
  virtual slope at(double beta, std::size_t step = 1) const = 0;

 protected:
  fit_passes() = default;
};

/// The labels and weights of rows first, first + step, ..., and which of the rows count.
inline void load_samples(const column<std::int64_t>& labels, const row_options& o,
                         std::size_t first, std::size_t n, std::size_t step, std::int64_t* label,
                         double* weight, unsigned char* kept) {
  if (step == 1) {
    labels.load(first, n, label);
    if (o.weights) o.weights.get().load(first, n, weight);
    if (o.valid) o.valid.get().load(first, n, kept);
  } else {
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t row = (first + i) * step;
      labels.load(row, 1, label + i);
      if (o.weights) o.weights.get().load(row, 1, weight + i);
      if (o.valid) o.valid.get().load(row, 1, kept + i);
    }
  }
  for (std::size_t i = 0; i < n; ++i)
    kept[i] = (!o.valid || kept[i] != 0) && !(o.ignore_label && label[i] == *o.ignore_label);
}

/// Those of scores in host memory; passes over a part need score_rows::in_memory().
template<class C, score_kind Kind>
class tempered_pass final : public fit_passes {
 public:
  using W = typename logit_reader<C, Kind>::W;
  /// Binary scores are worked in double.
  using P = std::conditional_t<is_binary_kind<Kind>, double, W>;
  double epsilon() const override { return static_cast<double>(std::numeric_limits<P>::epsilon()); }

  tempered_pass(std::string_view where, const score_rows<C>& scores,
                const column<std::int64_t>& labels, const row_options& o, isa set = best_isa())
      : where_(where),
        scores_(scores),
        labels_(labels),
        options_(o),
        isa_(set),
        team_(o.threads.n) {
    check_shapes(where, scores.rows(), scores.cols(), labels.size(), o);
  }

  std::size_t rows() const override { return scores_.rows(); }

  /// What a pass at `beta` really works with: exp() takes log2(e) as a rounded number, which moves
  /// every term the same way.
  static double effective(double beta) {
    return beta * (static_cast<double>(exp_polynomial<P>::log2_e) / exp_polynomial<double>::log2_e);
  }

  tempered_sums run(double beta, bool check, std::size_t step = 1) const override {
    const std::unique_ptr<score_rows<C>> some = step == 1 ? nullptr : scores_.every(step);
    const score_rows<C>& part = some ? *some : scores_;
    const std::size_t n = part.rows();
    const std::size_t parts = row_parts(n, part.cols(), options_.threads.n);
    // Parts are whole tiles, so that what is added up does not depend on their number.
    const std::size_t rows =
        parts == 1 ? std::max<std::size_t>(1, n) : logit_reader<C, Kind>(part, isa_).tile_rows();
    std::vector<tempered_sums> sums(parts);
    for_each_part(team_, (n + rows - 1) / rows, parts,
                  [&](std::size_t p, std::size_t first, std::size_t last) {
                    sums[p] = work(part, beta, check, step, first * rows, std::min(n, last * rows));
                  });
    for (std::size_t p = 1; p < parts; ++p) sums[0] += sums[p];
    return sums[0];
  }

  slope means(double beta, const tempered_sums& s) const override {
    return tempered_means(where_, effective(beta), s, epsilon());
  }

  slope at(double beta, std::size_t step = 1) const override {
    const double used = static_cast<double>(static_cast<P>(beta));
    return means(used, run(used, false, step));
  }

 private:
  tempered_sums work(const score_rows<C>& part, double beta, bool check, std::size_t step,
                     std::size_t first, std::size_t last) const {
    tempered_sums sums;  // not the caller's: those of other threads lie beside it
    logit_reader<C, Kind> reader(part, isa_);
    const std::size_t most = reader.tile_rows();
    std::vector<W> max(most);
    std::vector<double> sum(most), second(most), third(most), weight(most, 1.0);
    std::vector<std::int64_t> label(most);
    std::vector<unsigned char> kept(most);
    row_sums<W> out;
    out.max = max.data();
    out.sum = sum.data();
    out.second = second.data();
    out.third = third.data();
    const auto& kernels = kernels_for<W>(isa_);
    for (; first < last; first += most) {
      const std::size_t n = std::min(most, last - first);
      load_samples(labels_, options_, first, n, step, label.data(), weight.data(), kept.data());
      const tile<W>& z = reader.read(first, n);
      if (check) reader.sum_rows();
      if constexpr (!is_binary_kind<Kind>) kernels.tempered(z, beta, out);
      tempered_tile_sums tile_sums;
      for (std::size_t i = 0; i < n; ++i) {
        if (kept[i] == 0) continue;
        const std::size_t row = (first + i) * step;
        if (check) {
          check_label(where_, label[i], row, is_binary_kind<Kind> ? 2 : z.classes);
          if (options_.weights) check_weight(where_, weight[i], row);
        }
        if constexpr (is_binary_kind<Kind>) {
          binary(reader.scores(), i, row, beta, check, label[i], weight[i], tile_sums);
        } else {
          if (check && !reader.check_row(where_, options_, i, row, sum[i])) continue;
          if (is_nan(sum[i])) continue;
          ++tile_sums.rows;
          if (weight[i] == 0) continue;  // an infinite loss of weight 0 is no loss
          const auto at_label = static_cast<double>(z.at(i, static_cast<std::size_t>(label[i])));
          if (check && at_label == -std::numeric_limits<double>::infinity())
            throw_impossible(where_, label[i], row);
          const double u = at_label - static_cast<double>(max[i]);
          const double mean = second[i] / sum[i];
          tile_sums.add(weight[i], std::log(sum[i]) - beta * u, mean, u,
                        std::max(0.0, third[i] / sum[i] - mean * mean));
        }
      }
      sums += tile_sums;
      if (options_.progress) options_.progress(n);
    }
    return sums;
  }

  /// A sigmoid is a softmax over (0, x): the loss is log(1 + exp(-beta m)), m = x for label 1 and
  /// -x for label 0.
  void binary(const tile<C>& scores, std::size_t i, std::size_t row, double beta, bool check,
              std::int64_t label, double weight, tempered_tile_sums& sums) const {
    const auto given = static_cast<double>(scores.at(i, 0));
    if (check && !check_binary(where_, Kind, options_.nan, scores, i, row)) return;
    const double x = binary_logit<Kind>(given);
    if (is_nan(x) || (Kind == score_kind::binary_logits && !is_finite(x))) return;
    ++sums.rows;
    if (weight == 0) return;
    const double margin = label == 1 ? x : -x;
    if (check && margin == -std::numeric_limits<double>::infinity())
      throw_impossible(where_, label, row);
    const double bounded = std::min(margin, std::numeric_limits<double>::max());
    const double e = std::exp(-beta * std::abs(bounded));
    const double wrong = bounded >= 0 ? e / (1 + e) : 1 / (1 + e);
    const double nll = std::max(0.0, -beta * bounded) + std::log1p(e);
    // exp(-beta m) underflows long before m overflows: 0 times m squared stays 0
    const double slope = bounded * wrong;
    sums.add(weight, nll, bounded < 0 ? bounded * (1 - wrong) : -slope, std::min(0.0, bounded),
             slope * (bounded * (1 - wrong)));
  }

  std::string_view where_;
  const score_rows<C>& scores_;
  const column<std::int64_t>& labels_;
  const row_options& options_;
  isa isa_;
  mutable worker_team team_;  // starts its threads with the first pass that has parts
};

}  // namespace calibra::detail
