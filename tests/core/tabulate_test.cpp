// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/evaluate/tabulate.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/rows/row_pass.hpp"
#include "calibra/table/summary.hpp"
#include "naive.hpp"

using calibra::options;
using calibra::score_kind;
using calibra::detail::column;
using calibra::detail::isa;

namespace {

template<class T>
constexpr double epsilon =
    static_cast<double>(std::numeric_limits<calibra::compute_type<T>>::epsilon());

std::vector<isa> machine_isas() {
  std::vector<isa> sets;
  for (const isa set : {isa::portable, isa::avx2, isa::avx512})
    if (calibra::detail::machine_has(set)) sets.push_back(set);
  return sets;
}

/// All that a pass says of every sample.
struct observed {
  struct item {
    std::size_t row;
    double confidence;
    bool hit, correct;
    double log_likelihood, brier;
    std::int64_t prediction, label;
    double weight;
  };
  std::vector<item> items;

  observed& operator+=(const observed& other) {
    items.insert(items.end(), other.items.begin(), other.items.end());
    return *this;
  }
  void add(const calibra::detail::row_block& b) {
    for (std::size_t i = 0; i < b.size; ++i)
      items.push_back({b.row_of(i), b.confidence[i], b.hit[i] != 0, b.correct[i] != 0,
                       b.log_likelihood[i], b.brier[i], b.prediction[i], b.label[i],
                       b.weight == nullptr ? 1.0 : b.weight[i]});
  }
  std::vector<naive::pair> pairs() const {
    std::vector<naive::pair> p;
    for (const item& i : items) p.push_back({i.confidence, i.hit, i.weight});
    return p;
  }
};

/// One thread's share of a pass.
struct observer {
  observed seen;
  template<class C>
  void operator()(const calibra::detail::row_worker<C>&, const calibra::detail::row_block& block) {
    seen.add(block);
  }
};

template<class C>
calibra::detail::row_map<C> row_map_of(score_kind kind) {
  switch (kind) {
    case score_kind::logits:
      return &calibra::detail::map_rows<C, score_kind::logits, true>;
    case score_kind::probabilities:
      return &calibra::detail::map_rows<C, score_kind::probabilities, true>;
    default:
      return &calibra::detail::map_rows<C, score_kind::binary_logits, true>;
  }
}

template<class T>
observed observe(score_kind kind, calibra::matrix_view<const T> view,
                 const std::vector<int>& labels, const options& o, isa set = isa::portable,
                 std::size_t* skipped = nullptr) {
  using C = calibra::compute_type<T>;
  const calibra::row_options rows = o;
  const calibra::detail::matrix_rows<T> scores(view);
  const calibra::detail::row_source<C> source{
      .where = "observe()",
      .kind = kind,
      .map = row_map_of<C>(kind),
      .scores = scores,
      .labels = column<std::int64_t>(calibra::vector_view<const int>(labels.data(), labels.size())),
      .options = rows};
  calibra::detail::worker_team team(rows.threads.n);
  const auto observers = calibra::detail::one_each<observer>(calibra::detail::parts_of(source));
  const std::size_t left_out = calibra::detail::walk_rows(
      team, source, {.proper_scores = true, .prediction = true}, observers, set);
  if (skipped != nullptr) *skipped = left_out;
  observed all;
  for (const auto& part : observers) all += part->seen;
  return all;
}

std::vector<int> random_labels(std::size_t n, std::size_t k, std::mt19937& generator) {
  std::vector<int> y(n);
  for (int& label : y) label = static_cast<int>(generator() % k);
  return y;
}

/// Labels that are often what the scores say.
template<class T>
std::vector<int> fitting_labels(const naive::matrix<T>& z, std::mt19937& generator) {
  std::vector<int> y(z.rows());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::vector<double> r = z.row(i);
    y[i] = static_cast<int>(std::max_element(r.begin(), r.end()) - r.begin());
    if (generator() % 3 == 0) y[i] = static_cast<int>(generator() % z.cols());
  }
  return y;
}

std::vector<double> random_weights(std::size_t n, std::mt19937& generator) {
  std::uniform_real_distribution<double> uniform(0, 3);
  std::vector<double> w(n);
  for (double& x : w) x = generator() % 5 == 0 ? 0 : uniform(generator);
  return w;
}

/// Compares a pass with the oracle, row by row.
template<class T>
void check_rows(const observed& got, score_kind kind, const naive::matrix<T>& z,
                const std::vector<int>& labels, const std::vector<std::size_t>& rows,
                const std::vector<naive::row>& expected) {
  REQUIRE(got.items.size() == rows.size());
  // A sum of K exps in the scalar: see row_kernels_test.cpp. The logarithm of probabilities is not
  // summed up, their Brier score is.
  const double factor = 48 * epsilon<T>;
  std::size_t wrong = 0;
  double worst = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const observed::item& a = got.items[i];
    const naive::row& b = expected[rows[i]];
    const auto label = static_cast<std::size_t>(labels[rows[i]]);
    wrong += a.row != rows[i] || a.label != labels[rows[i]];
    wrong += a.prediction != static_cast<std::int64_t>(b.prediction);
    wrong += a.hit != (b.prediction == label) || a.correct != a.hit;
    wrong += !(a.confidence >= 0 && a.confidence <= 1);
    worst = std::max(worst, std::abs(a.confidence - b.confidence));
    worst = std::max(worst, std::abs(a.brier - b.brier) / 4);
    if (std::isinf(b.log_likelihood)) {
      wrong += a.log_likelihood != b.log_likelihood;
    } else {
      worst = std::max(
          worst, std::abs(a.log_likelihood - b.log_likelihood) / (1 + std::abs(b.log_likelihood)));
    }
  }
  CAPTURE(static_cast<int>(kind), z.rows(), z.cols());
  CHECK(wrong == 0);
  CHECK(worst <= factor);
}

constexpr std::pair<std::size_t, std::size_t> sizes[] = {
    {1, 1},    {3, 1},    {5, 2},    {255, 3},  {256, 10},  {257, 10},
    {513, 31}, {300, 32}, {257, 33}, {70, 100}, {20, 1000}, {3, 4100}};

}  // namespace

TEMPLATE_TEST_CASE("rows of logits and probabilities, in any scalar and layout", "[row_pass]",
                   float, double, calibra::half, calibra::bfloat16, calibra::byte_swapped<float>,
                   calibra::byte_swapped<double>) {
  using T = TestType;
  std::mt19937 generator(11);
  for (const auto& [n, k] : sizes) {
    const auto seed = generator();
    const std::vector<double> weights = random_weights(n, generator);
    std::vector<unsigned char> valid(n);
    for (auto& v : valid) v = generator() % 4 != 0;
    for (const score_kind kind : {score_kind::logits, score_kind::probabilities}) {
      std::vector<int> labels;
      std::vector<naive::row> expected;
      std::vector<std::size_t> all, kept;
      for (const naive::layout how : naive::layouts) {
        naive::matrix<T> z = kind == score_kind::logits
                                 ? naive::random_logits<T>(n, k, how, seed)
                                 : naive::random_probabilities<T>(n, k, how, seed);
        if (kind == score_kind::logits && k > 1)
          for (std::size_t i = 0; i < n; i += 7)
            z.set(i, i % k, -std::numeric_limits<double>::infinity());
        if (expected.empty()) {
          labels = fitting_labels(z, generator);
          for (std::size_t i = 0; i < n; ++i) {
            const std::vector<double> r = z.row(i);
            const auto label = static_cast<std::size_t>(labels[i]);
            expected.push_back(kind == score_kind::logits
                                   ? naive::of_logits(r, label)
                                   : naive::of_probabilities({r.begin(), r.end()}, label));
            all.push_back(i);
            if (valid[i] != 0 && labels[i] != 1) kept.push_back(i);
          }
        }
        for (const isa set : machine_isas()) {
          CAPTURE(static_cast<int>(how), static_cast<int>(set));
          check_rows(observe<T>(kind, z.view(), labels, {}, set), kind, z, labels, all, expected);
          options o;
          o.weights = weights;
          o.valid = valid;
          o.ignore_label = 1;
          const observed some = observe<T>(kind, z.view(), labels, o, set);
          check_rows(some, kind, z, labels, kept, expected);
          std::size_t wrong = 0;
          for (const auto& item : some.items) wrong += item.weight != weights[item.row];
          CHECK(wrong == 0);
        }
      }
    }
  }
}

TEST_CASE("large, small and masked logits", "[row_pass]") {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<std::vector<double>> rows = {{1e30, -1e30, 0},     {-1e30, -1e30, -1e30},
                                                 {1e30, 1e30, -inf},   {-inf, 5, -inf},
                                                 {3e38, -3e38, 0},     {0, 0, 0},
                                                 {1e-40, 2e-40, -inf}, {-1e4, -1e4 - 1, -1e4 - 2}};
  const auto check = [&](auto scalar) {
    using T = decltype(scalar);
    naive::matrix<T> z(rows.size(), 3, naive::layout::rows);
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t k = 0; k < 3; ++k) z.set(i, k, rows[i][k]);
    for (int label = 0; label < 3; ++label) {
      const std::vector<int> labels(rows.size(), label);
      std::vector<naive::row> expected;
      std::vector<std::size_t> all;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        expected.push_back(naive::of_logits(z.row(i), static_cast<std::size_t>(label)));
        all.push_back(i);
      }
      for (const isa set : machine_isas())
        check_rows(observe<T>(score_kind::logits, z.view(), labels, {}, set), score_kind::logits, z,
                   labels, all, expected);
    }
  };
  check(float{});
  check(double{});
}

TEMPLATE_TEST_CASE("binary scores, both targets", "[row_pass]", float, double, calibra::half) {
  using T = TestType;
  std::mt19937 generator(12);
  std::normal_distribution<double> normal(0, 3);
  const std::size_t n = 600;
  naive::matrix<T> z(n, 1, naive::layout::padded_rows), p(n, 1, naive::layout::rows_upwards);
  for (std::size_t i = 0; i < n; ++i) {
    z.set(i, 0, normal(generator));
    p.set(i, 0, static_cast<double>(generator() % 101) / 100);
  }
  z.set(0, 0, 0);
  z.set(1, 0, 200);
  z.set(2, 0, -200);
  p.set(0, 0, 0.5);
  const std::vector<int> labels = random_labels(n, 2, generator);
  for (const auto target :
       {calibra::binary_target::positive_class, calibra::binary_target::top_label}) {
    options o;
    o.binary = target;
    const observed of_z = observe<T>(score_kind::binary_logits, z.view(), labels, o);
    const observed of_p = observe<T>(score_kind::binary_probabilities, p.view(), labels, o);
    REQUIRE(of_z.items.size() == n);
    REQUIRE(of_p.items.size() == n);
    double worst = 0;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto compare = [&](const observed::item& item, long double p1, long double p0) {
        const bool label = labels[i] == 1;
        const bool predicted = p1 > p0;
        const bool top = target == calibra::binary_target::top_label;
        const long double c = top ? std::max(p1, p0) : p1;
        wrong += item.hit != (top ? predicted == label : label);
        wrong += item.correct != (predicted == label);
        wrong += item.prediction != (predicted ? 1 : 0);
        const long double at_label = label ? p1 : p0;
        worst = std::max(
            worst, static_cast<double>(std::abs(static_cast<long double>(item.confidence) - c)));
        const long double miss = 1 - at_label;
        worst = std::max(worst, std::abs(item.brier - static_cast<double>(2 * miss * miss)));
        const auto log = static_cast<double>(std::log(at_label));
        if (std::isinf(log))
          wrong += item.log_likelihood != log;
        else
          worst = std::max(worst, std::abs(item.log_likelihood - log) / (1 + std::abs(log)));
      };
      const auto x = static_cast<long double>(z.get(i, 0));
      compare(of_z.items[i], 1 / (1 + std::exp(-x)), 1 / (1 + std::exp(x)));
      const auto q = static_cast<long double>(p.get(i, 0));
      compare(of_p.items[i], q, 1 - q);
    }
    CHECK(wrong == 0);
    CHECK(worst <= 8 * std::numeric_limits<double>::epsilon());  // all of it is done in double
  }
}

TEMPLATE_TEST_CASE("NaN and +inf are rejected, or left out and counted", "[row_pass]", float,
                   double, calibra::half) {
  using T = TestType;
  for (const std::size_t k : {std::size_t{1}, std::size_t{3}, std::size_t{40}}) {
    naive::matrix<T> z = naive::random_logits<T>(300, k, naive::layout::rows, 5);
    naive::matrix<T> p = naive::random_probabilities<T>(300, k, naive::layout::rows, 6);
    const std::vector<int> labels(300, 0);
    const observed whole_z = observe<T>(score_kind::logits, z.view(), labels, {});
    const observed whole_p = observe<T>(score_kind::probabilities, p.view(), labels, {});
    for (const std::size_t i :
         {std::size_t{0}, std::size_t{255}, std::size_t{256}, std::size_t{299}}) {
      const double bad = i % 2 == 0 ? std::nan("") : std::numeric_limits<double>::infinity();
      z.set(i, i % k, bad);
      p.set(i, i % k, bad);
    }
    options o;
    CHECK_THROWS_AS(observe<T>(score_kind::logits, z.view(), labels, o), calibra::value_error);
    CHECK_THROWS_AS(observe<T>(score_kind::probabilities, p.view(), labels, o),
                    calibra::value_error);
    o.nan = calibra::nan_policy::count;
    for (const isa set : machine_isas()) {
      std::size_t skipped = 0;
      const auto compare = [&](const observed& got, const observed& whole) {
        REQUIRE(got.items.size() == 296);
        CHECK(skipped == 4);
        std::size_t wrong = 0;
        for (const auto& item : got.items) {
          wrong += item.row == 0 || item.row == 255 || item.row == 256 || item.row == 299;
          wrong += std::abs(item.confidence - whole.items[item.row].confidence) > 48 * epsilon<T>;
        }
        CHECK(wrong == 0);
      };
      compare(observe<T>(score_kind::logits, z.view(), labels, o, set, &skipped), whole_z);
      compare(observe<T>(score_kind::probabilities, p.view(), labels, o, set, &skipped), whole_p);
    }
  }
}

TEST_CASE("renormalised rows are what they are divided by their sum", "[row_pass]") {
  std::mt19937 generator(13);
  for (const std::size_t k : {std::size_t{2}, std::size_t{5}, std::size_t{50}}) {
    naive::matrix<double> p = naive::random_probabilities<double>(300, k, naive::layout::rows, 7);
    std::vector<int> labels = random_labels(300, k, generator);
    std::vector<naive::row> expected;
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < 300; ++i) {
      const double scale = std::exp2(static_cast<double>(generator() % 20) - 10) * 1.1;
      long double sum = 0;
      for (std::size_t j = 0; j < k; ++j) {
        p.set(i, j, p.get(i, j) * scale);
        sum += static_cast<long double>(p.get(i, j));
      }
      std::vector<long double> q;
      for (std::size_t j = 0; j < k; ++j) q.push_back(static_cast<long double>(p.get(i, j)) / sum);
      expected.push_back(naive::of_probabilities(q, static_cast<std::size_t>(labels[i])));
      all.push_back(i);
    }
    options o;
    CHECK_THROWS_AS(observe<double>(score_kind::probabilities, p.view(), labels, o),
                    calibra::value_error);
    o.renormalise = true;
    for (const isa set : machine_isas())
      check_rows(observe<double>(score_kind::probabilities, p.view(), labels, o, set),
                 score_kind::probabilities, p, labels, all, expected);
  }
}

TEST_CASE("what becomes of a row does not depend on the rows beside it", "[row_pass]") {
  // Sums within the tolerance of 16 bits, and one far out, which has to be divided.
  calibra::matrix<calibra::bfloat16> p(40, 2);
  const std::vector<int> labels(40, 0);
  for (std::size_t i = 0; i < 40; ++i) {
    p(i, 0) = calibra::bfloat16(0.9375F);
    p(i, 1) = calibra::bfloat16(i % 2 == 0 ? 0.125F : 0.0625F);
  }
  options o;
  const auto plain = observe<calibra::bfloat16>(score_kind::probabilities, p.view(), labels, o);
  for (const auto& item : plain.items) CHECK(item.confidence == 0.9375);
  o.renormalise = true;
  const auto divided = observe<calibra::bfloat16>(score_kind::probabilities, p.view(), labels, o);
  p(39, 0) = calibra::bfloat16(3.0F);
  const auto beside = observe<calibra::bfloat16>(score_kind::probabilities, p.view(), labels, o);
  for (std::size_t i = 0; i < 39; ++i) {
    CHECK(divided.items[i].confidence == 0.9375 / (i % 2 == 0 ? 1.0625 : 1.0));
    CHECK(beside.items[i].confidence == divided.items[i].confidence);
  }
}

namespace {

/// Everything a one-pass call gives, as numbers.
std::vector<double> numbers(const calibra::reliability_table& t) {
  std::vector<double> all = {static_cast<double>(t.count()), t.total_weight(), t.total_hits(),
                             t.total_confidence()};
  for (std::size_t b = 0; b < t.size(); ++b) {
    const auto bin = t[b];
    all.insert(all.end(), {static_cast<double>(bin.count), bin.weight, t.squared_weight(b)});
    if (bin.weight > 0) all.insert(all.end(), {bin.confidence, bin.accuracy});
  }
  return all;
}
std::vector<double> numbers(const calibra::summary& s) {
  return {static_cast<double>(s.count()),
          s.total_weight(),
          s.accuracy(),
          s.confidence(),
          s.nll(),
          s.brier(),
          s.brier_top()};
}
void check_same(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i]) worst = std::max(worst, std::abs(a[i] - b[i]) / (1 + std::abs(b[i])));
  CHECK(worst <= 1e-12);
}

}  // namespace

TEST_CASE("tables and summaries are those of the pairs", "[tabulate]") {
  std::mt19937 generator(14);
  for (const auto& [n, k] : sizes) {
    const auto z = naive::random_logits<float>(n, k, naive::layout::rows, generator());
    const std::vector<int> labels = fitting_labels(z, generator);
    const std::vector<double> weights = random_weights(n, generator);
    for (const bool weighted : {false, true}) {
      options o;
      if (weighted) o.weights = weights;
      const observed rows =
          observe<float>(score_kind::logits, z.view(), labels, o, calibra::detail::best_isa());
      const auto scores = calibra::logits(z.view());
      for (const std::size_t bins : {1U, 2U, 15U, 33U, 34U, 100U}) {
        for (const auto side :
             {calibra::edge_side::right_closed, calibra::edge_side::left_closed}) {
          o.bins = bins;
          o.side = side;
          CHECK(naive::difference(tabulate(scores, labels, o),
                                  naive::table(rows.pairs(), naive::equal_edges(bins), side)) ==
                "");
          o.edges = {0, 0.2, 0.2, 0.55, 0.9, 1};
          CHECK(naive::difference(tabulate(scores, labels, o),
                                  naive::table(rows.pairs(), o.edges, side)) == "");
          o.edges.clear();
        }
      }
      // The sample holds the same pairs, rounded to the scalar of the scores.
      const calibra::sample sample = collect(scores, labels, o);
      REQUIRE(sample.size() == n);
      CHECK(sample.precision() == calibra::precision::float32);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < n; ++i) {
        wrong += sample.confidence(i) !=
                     static_cast<double>(static_cast<float>(rows.items[i].confidence)) ||
                 sample.hit(i) != rows.items[i].hit || sample.weight(i) != rows.items[i].weight;
      }
      CHECK(wrong == 0);

      long double weight = 0, correct = 0, confidence = 0, nll = 0, brier = 0, top = 0;
      for (const auto& item : rows.items) {
        const auto w = static_cast<long double>(item.weight);
        const auto c = static_cast<long double>(item.confidence);
        const long double miss = c - (item.hit ? 1 : 0);
        weight += w;
        correct += item.correct ? w : 0;
        confidence += w * c;
        nll -= w * static_cast<long double>(item.log_likelihood);
        brier += w * static_cast<long double>(item.brier);
        top += w * miss * miss;
      }
      if (!(weight > 0)) continue;
      const auto mean = [&](long double x) { return static_cast<double>(x / weight); };
      check_same(numbers(summarise(scores, labels, o)),
                 {static_cast<double>(n), static_cast<double>(weight), mean(correct),
                  mean(confidence), mean(nll), mean(brier), mean(top)});
    }
  }
}

TEST_CASE("labels of any integer type and stride", "[tabulate]") {
  const std::size_t n = 300, k = 2;
  std::mt19937 generator(15);
  const auto z = naive::random_logits<float>(n, k, naive::layout::rows, 3);
  const auto scores = calibra::logits(z.view());
  const std::vector<int> labels = random_labels(n, k, generator);
  const std::vector<double> expected = numbers(tabulate(scores, labels));
  const auto check = [&](auto type) {
    using L = decltype(type);
    std::vector<L> y(n), spread(3 * n), backwards(n);
    for (std::size_t i = 0; i < n; ++i) {
      y[i] = static_cast<L>(labels[i]);
      spread[3 * i] = static_cast<L>(labels[i]);
      backwards[n - 1 - i] = static_cast<L>(labels[i]);
    }
    check_same(numbers(tabulate(scores, y)), expected);
    if constexpr (!std::is_same_v<L, bool>) {
      check_same(numbers(tabulate(scores, calibra::vector_view<const L>(spread.data(), n, 3))),
                 expected);
      check_same(
          numbers(tabulate(scores, calibra::vector_view<const L>(backwards.data() + n - 1, n, -1))),
          expected);
    }
  };
  check(bool{});
  check(char{});
  check(std::int8_t{});
  check(std::uint8_t{});
  check(std::int16_t{});
  check(std::uint16_t{});
  check(std::int32_t{});
  check(std::uint32_t{});
  check(std::int64_t{});
  check(std::uint64_t{});
  check(1LL);
  std::vector<calibra::byte_swapped<std::int32_t>> swapped(n);
  for (std::size_t i = 0; i < n; ++i)
    swapped[i].bytes[3] = static_cast<std::byte>(labels[i]);  // the foreign end of the number
  if constexpr (std::endian::native == std::endian::little)
    check_same(numbers(tabulate(scores, swapped)), expected);

  // Weights and masks come in any type as well.
  std::vector<float> w(2 * n);
  std::vector<double> same(n);
  std::vector<bool> mask(n);
  std::vector<unsigned char> bytes(n);
  for (std::size_t i = 0; i < n; ++i) {
    w[2 * i] = static_cast<float>(generator() % 5) / 4;
    same[i] = static_cast<double>(w[2 * i]);
    mask[i] = generator() % 2 == 0;
    bytes[i] = mask[i] ? 7 : 0;
  }
  options a, b;
  a.weights = calibra::vector_view<const float>(w.data(), n, 2);
  a.valid = mask;
  b.weights = same;
  b.valid = bytes;
  check_same(numbers(tabulate(scores, labels, a)), numbers(tabulate(scores, labels, b)));
  CHECK(tabulate(scores, labels, a).count() ==
        static_cast<std::uint64_t>(std::count(mask.begin(), mask.end(), true)));
}

TEMPLATE_TEST_CASE("batches, merged, and threads give what one pass gives", "[tabulate]", float,
                   double) {
  using T = TestType;
  struct shape {
    std::size_t n, k;
    naive::layout how;
  };
  // Large enough for five threads: a thread takes at least 65536 / K rows.
  for (const shape s :
       {shape{41000, 10, naive::layout::rows}, shape{41000, 10, naive::layout::columns},
        shape{7000, 64, naive::layout::padded_rows}}) {
    std::mt19937 generator(16);
    const auto z = naive::random_logits<T>(s.n, s.k, s.how, 8);
    const std::vector<int> labels = fitting_labels(z, generator);
    const std::vector<double> weights = random_weights(s.n, generator);
    const auto scores = calibra::logits(z.view());
    for (const bool weighted : {false, true}) {
      options o;
      if (weighted) o.weights = weights;
      const auto table = numbers(tabulate(scores, labels, o));
      const auto sums = numbers(summarise(scores, labels, o));
      const auto sample = collect(scores, labels, o);
      for (unsigned threads = 2; threads <= 5; ++threads) {
        o.threads.n = threads;
        check_same(numbers(tabulate(scores, labels, o)), table);
        check_same(numbers(summarise(scores, labels, o)), sums);
        const auto again = collect(scores, labels, o);
        REQUIRE(again.size() == sample.size());
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < s.n; ++i)
          wrong += again.confidence(i) != sample.confidence(i) || again.hit(i) != sample.hit(i) ||
                   again.weight(i) != sample.weight(i);
        CHECK(wrong == 0);
      }
      o.threads.n = 1;
      for (const std::size_t batch : {std::size_t{1000}, std::size_t{257}, s.n - 1}) {
        calibra::reliability_table merged(o.fixed_bins());
        calibra::summary merged_sums;
        for (std::size_t first = 0; first < s.n; first += batch) {
          const std::size_t count = std::min(batch, s.n - first);
          options part = o;
          if (weighted)
            part.weights = calibra::vector_view<const double>(weights.data() + first, count);
          const calibra::vector_view<const int> y(labels.data() + first, count);
          const auto rows = calibra::logits(z.view().rows(first, count));
          merged += tabulate(rows, y, part);
          merged_sums += summarise(rows, y, part);
        }
        check_same(numbers(merged), table);
        check_same(numbers(merged_sums), sums);
      }
    }
  }
}

TEST_CASE("binary scores and pairs through the public calls", "[tabulate]") {
  std::mt19937 generator(17);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<double> p(700);
  std::vector<int> y(700);
  std::vector<naive::pair> positive, top;
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = i % 50 == 0 ? (i % 100 == 0 ? 0.0 : 1.0) : uniform(generator);
    y[i] = uniform(generator) < p[i];
    positive.push_back({p[i], y[i] == 1});
    top.push_back({std::max(p[i], 1 - p[i]), (p[i] > 0.5) == (y[i] == 1)});
  }
  const auto edges = naive::equal_edges(15);
  options o;
  CHECK(naive::difference(tabulate(calibra::binary_probabilities(p), y, o),
                          naive::table(positive, edges)) == "");
  CHECK(naive::difference(tabulate(calibra::confidences(p, y), o), naive::table(positive, edges)) ==
        "");
  o.binary = calibra::binary_target::top_label;
  CHECK(naive::difference(tabulate(calibra::binary_probabilities(p), y, o),
                          naive::table(top, edges)) == "");
  // Pairs are pairs, whatever the target of binary scores is.
  CHECK(naive::difference(tabulate(calibra::confidences(p, y), o), naive::table(positive, edges)) ==
        "");
  CHECK(collect(calibra::confidences(p, y)).size() == p.size());
}

TEST_CASE("one class, one sample and none", "[tabulate]") {
  const std::vector<std::vector<float>> one_class(5, {3.0F});
  const std::vector<int> zeros(5, 0);
  const auto table = tabulate(calibra::logits(one_class), zeros);
  CHECK(table.count() == 5);
  CHECK(table[14].confidence == 1);
  CHECK(table[14].accuracy == 1);
  CHECK(summarise(calibra::logits(one_class), zeros).nll() == 0);
  CHECK(summarise(calibra::probabilities(std::vector<std::vector<double>>{{1.0}}),
                  std::vector<int>{0})
            .brier() == 0);

  const std::vector<float> none;
  const calibra::matrix_view<const float> empty(none.data(), 0, 4);
  const std::vector<int> no_labels;
  for (const unsigned threads : {1U, 3U}) {
    options o;
    o.threads.n = threads;
    CHECK(tabulate(calibra::logits(empty), no_labels, o).count() == 0);
    CHECK(std::isnan(tabulate(calibra::logits(empty), no_labels, o)[3].accuracy));
    CHECK(collect(calibra::probabilities(empty), no_labels, o).empty());
    const calibra::summary s = summarise(calibra::logits(empty), no_labels, o);
    CHECK(s.count() == 0);
    for (const double x : {s.accuracy(), s.confidence(), s.nll(), s.brier(), s.brier_top()})
      CHECK(std::isnan(x));
    o.scheme = calibra::bin_scheme::equal_mass;
    CHECK(tabulate(calibra::logits(empty), no_labels, o).count() == 0);
  }
  const calibra::reliability_table single =
      tabulate(calibra::logits(std::vector<std::vector<double>>{{0.0, 0.0}}), std::vector<int>{1});
  CHECK(single.count() == 1);
  CHECK(single[7].confidence == 0.5);  // of equal classes the first is predicted
  CHECK(single[7].accuracy == 0);
}

TEST_CASE("a label of probability 0 costs infinity, unless it weighs nothing", "[tabulate]") {
  const std::vector<std::vector<double>> p = {{1, 0}, {0.5, 0.5}};
  const std::vector<int> y = {1, 0};
  options o;
  CHECK(std::isinf(summarise(calibra::probabilities(p), y, o).nll()));
  const std::vector<double> weights = {0, 2};
  o.weights = weights;
  CHECK(summarise(calibra::probabilities(p), y, o).nll() == Approx(std::log(2)).epsilon(1e-15));
  // Rows may exceed 1 by rounding; the loss stays in its range.
  const std::vector<std::vector<float>> above = {{1.0000002F, 0}};
  const calibra::summary s = summarise(calibra::probabilities(above), std::vector<int>{0});
  CHECK(s.nll() >= 0);
  CHECK(s.confidence() == 1);
}
