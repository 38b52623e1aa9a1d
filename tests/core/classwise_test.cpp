// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "calibra/conventions/detail/reference_bins.hpp"
#include "calibra/conventions/nn_calibration.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/evaluate/detail/class_columns.hpp"
#include "calibra/evaluate/detail/class_rows.hpp"
#include "calibra/rows/row_pass.hpp"
#include "naive.hpp"

using calibra::classwise_ace;
using calibra::classwise_ece;
using calibra::classwise_table;
using calibra::ece;
using calibra::edge_side;
using calibra::options;
using calibra::pooled_ece;
using calibra::tace;
using calibra::detail::isa;

namespace {

/// The pairs of every class, from probabilities.
std::vector<std::vector<naive::pair>> class_pairs(const std::vector<std::vector<double>>& p,
                                                  const std::vector<int>& labels,
                                                  const std::vector<double>& weights) {
  std::vector<std::vector<naive::pair>> pairs(p.empty() ? 0 : p[0].size());
  for (std::size_t i = 0; i < p.size(); ++i)
    for (std::size_t k = 0; k < pairs.size(); ++k)
      pairs[k].push_back({std::min(1.0, p[i][k]), labels[i] == static_cast<int>(k),
                          weights.empty() ? 1.0 : weights[i]});
  return pairs;
}

template<class T>
std::vector<std::vector<double>> rows_of(const naive::matrix<T>& m) {
  std::vector<std::vector<double>> rows;
  for (std::size_t i = 0; i < m.rows(); ++i) rows.push_back(m.row(i));
  return rows;
}

/// What the engine itself makes of logits, in its own rounding, by one row at a time.
template<class T>
std::vector<std::vector<double>> softmax_of(const naive::matrix<T>& z) {
  using C = calibra::compute_type<T>;
  std::vector<std::vector<double>> rows;
  for (std::size_t i = 0; i < z.rows(); ++i) {
    const std::vector<double> wide = z.row(i);
    std::vector<C> row(wide.size()), out(wide.size());
    for (std::size_t k = 0; k < row.size(); ++k) row[k] = static_cast<C>(wide[k]);
    const naive::row exact = naive::of_logits(wide, 0);
    const C max = *std::max_element(row.begin(), row.end());
    C max_out, arg_max;
    double sum;
    calibra::detail::row_sums<C> sums;
    sums.max = &max_out;
    sums.arg_max = &arg_max;
    sums.sum = &sum;
    const auto& kernels = calibra::detail::kernels_for<C>(calibra::detail::best_isa());
    kernels.template softmax<false>({row.data(), 0, true, 1, row.size()}, sums);
    kernels.exp_row(row.data(), row.size(), C{1}, max, static_cast<C>(1.0 / sum), out.data());
    for (std::size_t k = 0; k < out.size(); ++k)  // and that is a softmax
      if (!(std::abs(static_cast<double>(out[k]) - exact.probability[k]) <=
            48 * static_cast<double>(std::numeric_limits<C>::epsilon())))
        FAIL("softmax of row " << i);
    rows.emplace_back(out.begin(), out.end());
  }
  return rows;
}

void check_tables(const classwise_table& got, const std::vector<std::vector<naive::pair>>& pairs,
                  const std::vector<double>& edges, edge_side side, double tolerance = 1e-12) {
  REQUIRE(got.classes() == pairs.size());
  std::vector<naive::pair> all;
  double macro = 0;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const naive::table expected(pairs[k], edges, side);
    CAPTURE(k);
    CHECK(naive::difference(got[k], expected, tolerance) == "");
    all.insert(all.end(), pairs[k].begin(), pairs[k].end());
    macro += expected.ece();
  }
  const naive::table pooled(all, edges, side);
  CHECK(naive::difference(got.micro(), pooled, tolerance) == "");
  if (all.empty() || !(pooled.total() > 0)) return;
  macro /= static_cast<double>(pairs.size());
  CHECK(classwise_ece(got) == Approx(macro).margin(10 * tolerance).epsilon(0));
  CHECK(pooled_ece(got) == Approx(pooled.ece()).margin(10 * tolerance).epsilon(0));
  CHECK(ece_per_class(got)[0] ==
        Approx(naive::table(pairs[0], edges, side).ece()).margin(10 * tolerance).epsilon(0));
}

std::vector<int> random_labels(std::size_t n, std::size_t k, std::mt19937& generator) {
  std::vector<int> y(n);
  for (int& label : y) label = static_cast<int>(generator() % k);
  return y;
}
std::vector<double> random_weights(std::size_t n, std::mt19937& generator) {
  std::vector<double> w(n);
  for (double& x : w) x = static_cast<double>(generator() % 9) / 4;
  return w;
}

}  // namespace

TEMPLATE_TEST_CASE("tables of classes are those of their pairs", "[classwise]", float, double,
                   calibra::half) {
  using T = TestType;
  std::mt19937 generator(61);
  constexpr std::pair<std::size_t, std::size_t> sizes[] = {{1, 1},    {9, 1},   {300, 2}, {257, 3},
                                                           {257, 31}, {90, 33}, {40, 130}};
  for (const auto& [n, k] : sizes) {
    for (const naive::layout how :
         {naive::layout::rows, naive::layout::columns, naive::layout::every_other_column}) {
      const auto z = naive::random_logits<T>(n, k, how, generator());
      const auto p = naive::random_probabilities<T>(n, k, how, generator());
      const std::vector<int> labels = random_labels(n, k, generator);
      const std::vector<double> weights = random_weights(n, generator);
      const auto of_z = softmax_of(z), of_p = rows_of(p);
      for (const bool weighted : {false, true}) {
        options o;
        if (weighted) o.weights = weights;
        const std::vector<double> w = weighted ? weights : std::vector<double>{};
        const auto z_pairs = class_pairs(of_z, labels, w), p_pairs = class_pairs(of_p, labels, w);
        for (const std::size_t bins : {1U, 2U, 15U}) {
          for (const edge_side side : {edge_side::right_closed, edge_side::left_closed}) {
            CAPTURE(n, k, static_cast<int>(how), weighted, bins, static_cast<int>(side));
            o.bins = bins;
            o.side = side;
            // Where rows are side by side the sums of exp run in another order.
            const double tolerance =
                k < 32 || how != naive::layout::rows
                    ? 8 * static_cast<double>(
                              std::numeric_limits<calibra::compute_type<T>>::epsilon())
                    : 1e-12;
            if (tolerance < 1e-12)
              check_tables(tabulate_classes(calibra::logits(z.view()), labels, o), z_pairs,
                           naive::equal_edges(bins), side);
            check_tables(tabulate_classes(calibra::probabilities(p.view()), labels, o), p_pairs,
                         naive::equal_edges(bins), side);
          }
        }
        o.edges = {0, 0.01, 0.01, 0.3, 1};
        for (const edge_side side : {edge_side::right_closed, edge_side::left_closed}) {
          o.side = side;
          check_tables(tabulate_classes(calibra::probabilities(p.view()), labels, o), p_pairs,
                       o.edges, side);
        }
      }
    }
  }
}

TEST_CASE("classes: every instruction set, zeros, ones and values on the first edge",
          "[classwise]") {
  // Edges that float cannot hold, and probabilities next to them.
  for (const std::size_t bins : {2U, 3U, 7U, 10U, 15U, 20U}) {
    const auto first = static_cast<float>(1.0 / static_cast<double>(bins));
    const std::vector<float> values = {0,
                                       1,
                                       first,
                                       std::nextafter(first, 0.0F),
                                       std::nextafter(first, 1.0F),
                                       std::numeric_limits<float>::denorm_min(),
                                       1e-30F};
    std::vector<std::vector<double>> p;
    std::vector<int> labels;
    for (const float v : values) {
      for (int label : {0, 1}) {
        p.push_back({static_cast<double>(v), static_cast<double>(1 - v)});
        labels.push_back(label);
      }
    }
    const auto pairs = class_pairs(p, labels, {});
    for (const edge_side side : {edge_side::right_closed, edge_side::left_closed}) {
      for (const isa set : {isa::portable, isa::avx2, isa::avx512}) {
        if (!calibra::detail::machine_has(set)) continue;
        calibra::detail::class_filler<float> filler(calibra::binning::equal_width(bins, side), 2,
                                                    false, set);
        for (std::size_t i = 0; i < p.size(); ++i) {
          const float row[2] = {static_cast<float>(p[i][0]), static_cast<float>(p[i][1])};
          filler.add(row, static_cast<std::size_t>(labels[i]), 1);
        }
        CAPTURE(bins, static_cast<int>(side), static_cast<int>(set));
        check_tables(filler.take(), pairs, naive::equal_edges(bins), side);
      }
    }
  }
}

TEST_CASE("errors of classes are averaged as asked for", "[classwise]") {
  const auto p = naive::random_probabilities<double>(400, 5, naive::layout::rows, 11);
  std::mt19937 generator(66);
  const std::vector<int> labels = random_labels(400, 5, generator);
  const auto scores = calibra::probabilities(p.view());
  const classwise_table tables = tabulate_classes(scores, labels);
  double mean = 0, squares = 0;
  for (std::size_t k = 0; k < 5; ++k) {
    const double error = calibra::rmsce(tables[k]);
    mean += error / 5;
    squares += error * error / 5;
  }
  CHECK(calibra::classwise_rmsce(scores, labels) == Approx(mean));
  CHECK(calibra::classwise_rmsce.with({calibra::class_reduction::root_of_mean})(scores, labels) ==
        Approx(std::sqrt(squares)));
}

TEST_CASE("classes: pairs in no bin stay in the total", "[classwise]") {
  const auto p = naive::random_probabilities<double>(300, 4, naive::layout::rows, 10);
  std::mt19937 generator(65);
  const std::vector<int> labels = random_labels(300, 4, generator);
  const std::vector<double> weights = random_weights(300, generator);
  options o;
  o.weights = weights;
  using calibra::binning;
  using calibra::conventions::detail::find_rule;
  using calibra::conventions::detail::one_rule;
  using calibra::conventions::detail::reference_bins;
  using calibra::conventions::detail::zero_rule;
  const binning right = binning::equal_width(10);
  const binning left = binning::equal_width(10, edge_side::left_closed);
  calibra::conventions::detail::of_nn_calibration::arange_bins intervals(5);
  intervals.uppers = {0.25, 0.5, 0.8, 1};
  calibra::conventions::detail::of_nn_calibration::arange_bins overlapping(2);
  overlapping.uppers = {0.5, 0.75, 1};
  const std::vector<binning> binnings = {
      reference_bins{.between = right, .zero = zero_rule::no_bin},
      reference_bins{.between = right, .zero = zero_rule::removed},
      reference_bins{.between = left, .one = one_rule::no_bin},
      reference_bins{.between = left, .one = one_rule::own_bin},
      reference_bins{.between = right, .find = find_rule::ceil_multiply},
      intervals,
      overlapping};
  for (const binning& b : binnings) {
    for (const bool weighted : {false, true}) {
      options binned = weighted ? o : options{};
      binned.binning = b;
      const classwise_table tables =
          tabulate_classes(calibra::probabilities(p.view()), labels, binned);
      const auto pairs =
          class_pairs(rows_of(p), labels, weighted ? weights : std::vector<double>{});
      for (std::size_t k = 0; k < 4; ++k) {
        calibra::reliability_table one_by_one(b);
        naive::table expected;
        expected.bins.resize(b.size());
        for (const naive::pair& pair : pairs[k]) {
          one_by_one.add(pair.confidence, pair.hit, pair.weight);
          b.for_each_bin(pair.confidence, [&](std::size_t bin) { expected.bins[bin].add(pair); });
          if (b.index(pair.confidence) == binning::none) expected.outside.add(pair);
        }
        // What lies in two bins stands twice in the expected table, and so in its total.
        if (one_by_one.repeated().count == 0)
          CHECK(naive::difference(tables[k], expected) == "");
        else
          for (std::size_t bin = 0; bin < b.size(); ++bin) {
            CHECK(tables[k].sums(bin).count == expected.bins[bin].count);
            CHECK(tables[k].sums(bin).weight == Approx(one_by_one.sums(bin).weight));
          }
        CHECK(tables[k].count() == one_by_one.count());
        CHECK(tables[k].total_weight() == Approx(one_by_one.total_weight()).epsilon(1e-13));
        CHECK(tables[k].total_confidence() == Approx(one_by_one.total_confidence()).epsilon(1e-13));
        CHECK(tables[k].total_hits() == Approx(one_by_one.total_hits()).epsilon(1e-13));
        CHECK(tables[k].outside_weight() == Approx(one_by_one.outside_weight()).epsilon(1e-13));
      }
    }
  }
}

TEST_CASE("probabilities that rounding made exceed 1 count as 1", "[classwise]") {
  std::vector<std::vector<float>> p(500, {1.000001F, 0, 0});
  p.push_back({0, 1, 0});
  const std::vector<int> labels(501, 0);
  std::vector<std::vector<double>> clamped(500, {1, 0, 0});
  clamped.push_back({0, 1, 0});
  check_tables(tabulate_classes(calibra::probabilities(p), labels),
               class_pairs(clamped, labels, {}), naive::equal_edges(15), edge_side::right_closed);
}

TEST_CASE("classes of renormalised rows", "[classwise]") {
  // 3 / 10 is the edge 0.3 exactly; 3 * (1 / 10.0) is not.
  const std::vector<std::vector<double>> counts = {{3, 7}, {6, 4}, {9, 1}, {7, 3}};
  const std::vector<int> labels = {0, 0, 1, 1};
  std::vector<std::vector<double>> p;
  for (const auto& row : counts) p.push_back({row[0] / 10, row[1] / 10});
  options o;
  o.renormalise = true;
  o.bins = 10;
  check_tables(tabulate_classes(calibra::probabilities(counts), labels, o),
               class_pairs(p, labels, {}), naive::equal_edges(10), edge_side::right_closed);
}

TEST_CASE("tables of classes merge, and threads agree", "[classwise]") {
  const std::size_t n = 40000, k = 9;
  std::mt19937 generator(62);
  const auto z = naive::random_logits<double>(n, k, naive::layout::rows, 9);
  const std::vector<int> labels = random_labels(n, k, generator);
  const std::vector<double> weights = random_weights(n, generator);
  const auto agree = [](const classwise_table& a, const classwise_table& b) {
    REQUIRE(a.samples() == b.samples());
    double worst = 0;
    for (std::size_t c = 0; c < a.classes(); ++c) {
      const auto x = a[c], y = b[c];
      CHECK(x.count() == y.count());
      for (std::size_t i = 0; i < x.size(); ++i) {
        CHECK(x[i].count == y[i].count);
        worst = std::max(worst, std::abs(x[i].weight - y[i].weight) / (1 + y[i].weight));
        worst = std::max(
            worst, std::abs(x.squared_weight(i) - y.squared_weight(i)) / (1 + y.squared_weight(i)));
        if (y[i].weight > 0) {
          worst = std::max(worst, std::abs(x[i].confidence - y[i].confidence));
          worst = std::max(worst, std::abs(x[i].accuracy - y[i].accuracy));
        }
      }
    }
    CHECK(worst <= 1e-12);
    CHECK(std::abs(classwise_ece(a) - classwise_ece(b)) <= 1e-12);
    CHECK(std::abs(pooled_ece(a) - pooled_ece(b)) <= 1e-12);
  };
  const auto scores = calibra::logits(z.view());
  for (const bool weighted : {false, true}) {
    options o;
    if (weighted) o.weights = weights;
    const classwise_table whole = tabulate_classes(scores, labels, o);
    for (unsigned threads = 2; threads <= 5; ++threads) {
      o.threads.n = threads;
      agree(tabulate_classes(scores, labels, o), whole);
      CHECK(classwise_ace(scores, labels, o) ==
            Approx(classwise_ace(scores, labels, options{.weights = o.weights}))
                .margin(1e-12)
                .epsilon(0));
    }
    o.threads.n = 1;
    classwise_table merged(o.fixed_bins(), k);
    for (std::size_t first = 0; first < n; first += 7777) {
      const std::size_t count = std::min<std::size_t>(7777, n - first);
      options part = o;
      if (weighted)
        part.weights = calibra::vector_view<const double>(weights.data() + first, count);
      merged +=
          tabulate_classes(calibra::logits(z.view().rows(first, count)),
                           calibra::vector_view<const int>(labels.data() + first, count), part);
    }
    agree(merged, whole);
  }

  // A batch without weights is one whose weights are 1, whichever comes first.
  std::vector<double> half_ones = weights;
  std::fill(half_ones.begin() + 20000, half_ones.end(), 1.0);
  options o;
  o.weights = half_ones;
  const classwise_table whole = tabulate_classes(scores, labels, o);
  options front;
  front.weights = calibra::vector_view<const double>(weights.data(), 20000);
  const calibra::vector_view<const int> y1(labels.data(), 20000), y2(labels.data() + 20000, 20000);
  const classwise_table a = tabulate_classes(calibra::logits(z.view().rows(0, 20000)), y1, front);
  const classwise_table b = tabulate_classes(calibra::logits(z.view().rows(20000, 20000)), y2);
  classwise_table ab = a, ba = b;
  ab += b;
  ba += a;
  agree(ab, whole);
  agree(ba, whole);

  CHECK_THROWS_MATCHES(
      ab += classwise_table(calibra::binning::equal_width(15), 8), calibra::option_error,
      Catch::Message("classwise_table: cannot merge 8 classes of 15 bins into 9 classes of 15 "
                     "bins"));
  CHECK_THROWS_AS(ab += classwise_table(calibra::binning::equal_width(14), 9),
                  calibra::option_error);
}

TEST_CASE("multi-label: micro, macro, weights, masks and ignored entries", "[classwise]") {
  const std::size_t n = 400, l = 6;
  std::mt19937 generator(63);
  std::normal_distribution<double> normal(0, 2);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<std::vector<double>> logits(n, std::vector<double>(l)), p = logits;
  std::vector<std::vector<std::int16_t>> y(n, std::vector<std::int16_t>(l));
  std::vector<unsigned char> valid(n);
  const std::vector<double> weights = random_weights(n, generator);
  for (std::size_t i = 0; i < n; ++i) {
    valid[i] = generator() % 5 != 0;
    for (std::size_t k = 0; k < l; ++k) {
      logits[i][k] = normal(generator);
      p[i][k] = static_cast<double>(1 / (1 + std::exp(-static_cast<long double>(logits[i][k]))));
      y[i][k] = generator() % 7 == 0 ? -1 : uniform(generator) < p[i][k];
    }
  }
  for (const bool weighted : {false, true}) {
    for (const bool masked : {false, true}) {
      std::vector<std::vector<naive::pair>> pairs(l);
      std::size_t samples = 0;
      for (std::size_t i = 0; i < n; ++i) {
        if (masked && valid[i] == 0) continue;
        ++samples;
        for (std::size_t k = 0; k < l; ++k)
          if (y[i][k] != -1)
            pairs[k].push_back({p[i][k], y[i][k] == 1, weighted ? weights[i] : 1.0});
      }
      options o;
      o.ignore_label = -1;
      if (weighted) o.weights = weights;
      if (masked) o.valid = valid;
      for (const edge_side side : {edge_side::right_closed, edge_side::left_closed}) {
        o.side = side;
        const auto a = tabulate_classes(calibra::multilabel_logits(logits), y, o);
        const auto b = tabulate_classes(calibra::multilabel_probabilities(p), y, o);
        CHECK(a.samples() == samples);
        check_tables(a, pairs, naive::equal_edges(15), side);
        check_tables(b, pairs, naive::equal_edges(15), side);
      }
    }
  }
}

namespace {

double naive_class_ace(const std::vector<naive::pair>& pairs, std::size_t bins, double threshold,
                       bool keep_equal, edge_side side) {
  std::vector<naive::pair> kept;
  for (const naive::pair& p : pairs)
    if (p.confidence > threshold || (keep_equal && p.confidence == threshold)) kept.push_back(p);
  if (kept.empty()) return 0;
  std::stable_sort(kept.begin(), kept.end(), [](const naive::pair& a, const naive::pair& b) {
    return a.confidence < b.confidence;
  });
  std::vector<double> edges = {0};
  const std::size_t n = kept.size(), parts = std::min(bins, n);
  for (std::size_t k = 1, start = 0; k < parts; ++k) {
    start += n / parts + (k - 1 < n % parts ? 1 : 0);
    const double cut = (kept[start - 1].confidence + kept[start].confidence) / 2;
    if (edges.size() == 1 || cut != edges.back()) edges.push_back(cut);
  }
  edges.push_back(1);
  const double result = naive::table(kept, edges, side).ece();
  return std::isnan(result) ? 0 : result;
}

/// Keeps of the rows what their columns are made of again.
struct row_keeper {
  calibra::detail::kept_rows<double> rows;
  void operator()(const calibra::detail::row_worker<double>& worker,
                  const calibra::detail::row_block& block) {
    rows.add(worker, block);
  }
};

}  // namespace

TEST_CASE("classwise_ace and tace are those of a sort of every class", "[classwise]") {
  std::mt19937 generator(64);
  for (const auto& [n, k] : {std::pair<std::size_t, std::size_t>{1, 3}, {300, 5}, {200, 40}}) {
    const auto p = naive::random_probabilities<double>(n, k, naive::layout::rows, generator());
    const std::vector<int> labels = random_labels(n, k, generator);
    const std::vector<double> weights = random_weights(n, generator);
    for (const bool weighted : {false, true}) {
      const auto pairs =
          class_pairs(rows_of(p), labels, weighted ? weights : std::vector<double>{});
      options o;
      if (weighted) o.weights = weights;
      for (const std::size_t bins : {1U, 4U, 15U}) {
        for (const edge_side side : {edge_side::right_closed, edge_side::left_closed}) {
          o.bins = bins;
          o.side = side;
          for (const double threshold : {-1.0, 0.0, 0.01, 0.3}) {
            double sum = 0;
            for (const auto& of_class : pairs)
              sum += naive_class_ace(of_class, bins, std::max(0.0, threshold), threshold < 0, side);
            const double got = threshold < 0
                                   ? classwise_ace(calibra::probabilities(p.view()), labels, o)
                                   : tace.with({.threshold = threshold})(
                                         calibra::probabilities(p.view()), labels, o);
            CAPTURE(n, k, weighted, bins, threshold);
            if (weighted && n == 1 && std::isnan(got)) continue;  // all of it may weigh nothing
            CHECK(got == Approx(sum / static_cast<double>(k)).margin(1e-12).epsilon(0));
          }
        }
      }
      // However few classes fit into a block, the result is the same.
      std::vector<double> blocks;
      const std::size_t samples = n;
      const calibra::row_options row_options = o;
      const calibra::detail::matrix_rows<double> scores(p.view());
      const calibra::detail::row_source<double> source{
          .where = "test()",
          .kind = calibra::score_kind::probabilities,
          .map = &calibra::detail::map_rows<double, calibra::score_kind::probabilities, true>,
          .scores = scores,
          .labels = calibra::detail::column<std::int64_t>(
              calibra::vector_view<const int>(labels.data(), n)),
          .options = row_options};
      calibra::detail::worker_team team(1);
      const auto keeper = calibra::detail::one_each<row_keeper>(1);
      static_cast<void>(calibra::detail::walk_rows(team, source, {}, keeper));
      const auto& rows = keeper[0]->rows;
      for (const std::size_t budget : {std::size_t{1}, std::size_t{8000}, std::size_t{1} << 24}) {
        double sum = 0;
        std::size_t expected_class = 0;
        calibra::detail::for_each_class_column(
            team, source, rows,
            [&](const calibra::detail::class_column<double>& column) {
              CHECK(column.class_index == expected_class++);
              CHECK(column.size == samples);
              const double e =
                  ece(mass_table_of(column, {.threshold = 0}, 15, edge_side::right_closed));
              if (!std::isnan(e)) sum += e;
            },
            budget);
        CHECK(expected_class == k);
        blocks.push_back(sum);
      }
      CHECK(blocks[0] == blocks[1]);
      CHECK(blocks[0] == blocks[2]);
    }
  }
}

TEST_CASE("classes of nothing", "[classwise]") {
  const std::vector<float> none;
  const calibra::matrix_view<const float> empty(none.data(), 0, 4);
  const std::vector<int> no_labels;
  const auto scores = calibra::logits(empty);
  CHECK(tabulate_classes(scores, no_labels).samples() == 0);
  for (const double x : {classwise_ece(scores, no_labels), pooled_ece(scores, no_labels),
                         classwise_ace(scores, no_labels), tace(scores, no_labels)})
    CHECK(std::isnan(x));
  const auto nothing = ece_per_class(tabulate_classes(scores, no_labels));
  REQUIRE(nothing.size() == 4);
  CHECK(std::isnan(nothing[0]));
  const calibra::evaluation e =
      evaluate(scores, no_labels, {calibra::classwise_ece}, {.per_class = true});
  REQUIRE(e.ece_per_class.size() == 4);
  CHECK(std::isnan(e.ece_per_class[0]));

  // Samples that weigh nothing are none; so are labels whose every entry is ignored.
  const std::vector<std::vector<double>> p = {{0.25, 0.75}, {0.5, 0.5}};
  const std::vector<int> y = {0, 1};
  const std::vector<double> zero = {0, 0};
  options o;
  o.weights = zero;
  CHECK(std::isnan(classwise_ece(calibra::probabilities(p), y, o)));
  CHECK(std::isnan(pooled_ece(calibra::probabilities(p), y, o)));
  CHECK(std::isnan(classwise_ace(calibra::probabilities(p), y, o)));
  options ignored;
  ignored.ignore_label = -1;
  const std::vector<std::vector<int>> all_ignored = {{-1, -1}, {-1, -1}};
  CHECK(std::isnan(
      classwise_ece(tabulate_classes(calibra::multilabel_probabilities(p), all_ignored, ignored))));
  // One label without entries counts as 0 in the mean.
  const std::vector<std::vector<int>> half_ignored = {{-1, 1}, {-1, 0}};
  CHECK(classwise_ece(tabulate_classes(calibra::multilabel_probabilities(p), half_ignored,
                                       ignored)) == Approx((0.25 + 0.5) / 2 / 2).epsilon(1e-14));
  // A class that keeps no pair above the threshold, and a weight of 0 among those kept.
  const std::vector<double> first_only = {1, 0};
  options first;
  first.weights = first_only;
  CHECK(tace.with({.threshold = 0.3})(calibra::probabilities(p), y, first) ==
        Approx(0.75 / 2).margin(1e-14).epsilon(0));
}
