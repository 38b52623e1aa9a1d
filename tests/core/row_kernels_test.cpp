// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/rows/row_kernels.hpp"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "kernel_checks.hpp"

using calibra::detail::isa;
using calibra::detail::kernels_for;
using calibra::detail::row_kernels;
using calibra::detail::row_sums;
using calibra::detail::tile;

namespace {

enum class pattern { small, wide, ties, huge, extreme, masked, denormal };
constexpr pattern patterns[] = {pattern::small,   pattern::wide,   pattern::ties,    pattern::huge,
                                pattern::extreme, pattern::masked, pattern::denormal};

template<class T>
T draw(pattern p, std::mt19937& generator) {
  std::normal_distribution<T> normal;
  const T x = normal(generator);
  const auto pick = generator() % 4;
  switch (p) {
    case pattern::small:
      return x;
    case pattern::wide:
      return 30 * x;
    case pattern::ties:
      return static_cast<T>(pick) - 2;
    case pattern::huge:
      return pick == 0 ? T(1e30) : pick == 1 ? T(-1e30) : x;
    case pattern::extreme:
      return pick == 0   ? T(0.9) * limits<T>::max()
             : pick == 1 ? limits<T>::lowest()
             : pick == 2 ? static_cast<T>(3e38)
                         : x;
    case pattern::masked:
      return pick == 0 ? -limits<T>::infinity() : x;
    case pattern::denormal:
      return x * limits<T>::denorm_min() * 100;
  }
  return 0;
}

/// What a row comes to, and how far each sum may be off, in long double.
template<class T>
struct exact_row {
  T max = -limits<T>::infinity();
  T min = limits<T>::infinity();
  std::size_t arg_max = 0;
  long double sum = 0, second = 0, third = 0;
  long double sum_error = 0, second_error = 0, third_error = 0;
};

constexpr long double noise(std::size_t k, long double smallest) {
  return static_cast<long double>(k) * smallest * 1e6L;  // what was below the smallest normal
}

template<class T>
exact_row<T> exact_extremes(const std::vector<T>& z) {
  exact_row<T> r;
  for (std::size_t j = 0; j < z.size(); ++j) {
    r.min = std::min(r.min, z[j]);
    if (z[j] > r.max) {
      r.max = z[j];
      r.arg_max = j;
    }
  }
  return r;
}

template<class T>
exact_row<T> exact_softmax(const std::vector<T>& z) {
  exact_row<T> r = exact_extremes(z);
  const long double eps = limits<T>::epsilon();
  for (const T x : z) {
    const long double u = static_cast<long double>(x) - static_cast<long double>(r.max);
    const long double e = std::exp(u);
    const long double error = e > 0 ? eps * (sum_constant + sum_slope * -u) : 0;
    r.sum += e;
    r.second += e * e;
    r.sum_error += e * error;
    r.second_error += 2 * e * e * error;
  }
  r.sum_error += noise(z.size(), limits<T>::min());
  r.second_error += noise(z.size(), limits<T>::min());
  return r;
}

template<class T>
exact_row<T> exact_tempered(const std::vector<T>& z, double beta) {
  exact_row<T> r = exact_extremes(z);
  const long double eps = limits<T>::epsilon();
  const auto b = static_cast<long double>(static_cast<T>(beta));
  for (const T x : z) {
    const long double u = static_cast<long double>(x) - static_cast<long double>(r.max);
    const long double w = std::exp(b * u);
    if (!(w > 0)) continue;
    const long double error = eps * (sum_constant + sum_slope * b * -u);
    r.sum += w;
    r.second += w * u;
    r.third += w * u * u;
    r.sum_error += w * error;
    r.second_error += w * -u * error;
    r.third_error += w * u * u * error;
  }
  r.sum_error += noise(z.size(), limits<T>::min());
  r.second_error += noise(z.size(), limits<T>::min());
  r.third_error += noise(z.size(), limits<T>::min());
  return r;
}

template<class T>
exact_row<T> exact_simplex(const std::vector<T>& p) {
  exact_row<T> r = exact_extremes(p);
  const long double eps = limits<T>::epsilon();
  for (const T x : p) {
    const auto wide = static_cast<long double>(x);
    r.sum += wide;
    r.second += wide * wide;
    r.sum_error += std::abs(wide) * eps * sum_constant;
    r.second_error += wide * wide * eps * sum_constant;
  }
  r.sum_error += noise(p.size(), limits<T>::denorm_min());
  r.second_error += noise(p.size(), limits<T>::denorm_min());
  return r;
}

/// Rows of a matrix laid out for one of the two forms, as tight at both ends as they can be.
template<class T>
struct laid_out {
  std::vector<T> buffer;
  const T* data;
  std::ptrdiff_t stride;
  tile<T> whole;
};

template<class T>
laid_out<T> lay_out(const std::vector<std::vector<T>>& rows, bool by_rows, std::size_t pad,
                    std::size_t shift, bool backwards = false) {
  const std::size_t n = rows.size(), k = rows[0].size();
  const std::size_t outer = by_rows ? n : k, inner = by_rows ? k : n;
  laid_out<T> m;
  const std::size_t stride = inner + pad;
  m.buffer.assign(shift + (outer - 1) * stride + inner, limits<T>::quiet_NaN());
  T* const origin = m.buffer.data() + shift;
  for (std::size_t o = 0; o < outer; ++o)
    for (std::size_t i = 0; i < inner; ++i)
      origin[(backwards ? outer - 1 - o : o) * stride + i] = by_rows ? rows[o][i] : rows[i][o];
  m.data = backwards ? origin + (outer - 1) * stride : origin;
  m.stride = static_cast<std::ptrdiff_t>(stride) * (backwards ? -1 : 1);
  m.whole = {m.data, m.stride, by_rows, n, k};
  return m;
}

/// Room for the kernels' results, with marks behind each column that must survive.
template<class T>
struct results {
  static constexpr std::size_t marks = 16;
  static constexpr T mark = T(-12345);
  std::size_t n;
  std::vector<T> max, min, arg_max;
  std::vector<double> sum, second, third, confidence;

  explicit results(std::size_t rows) : n(rows) {
    for (auto* v : {&max, &min, &arg_max}) v->assign(n + marks, mark);
    for (auto* v : {&sum, &second, &third, &confidence})
      v->assign(n + marks, static_cast<double>(mark));
  }
  row_sums<T> out(bool with_second = true) {
    row_sums<T> o;
    o.max = max.data();
    o.min = min.data();
    o.arg_max = arg_max.data();
    o.sum = sum.data();
    o.second = with_second ? second.data() : nullptr;
    o.third = third.data();
    o.confidence = with_second ? confidence.data() : nullptr;
    return o;
  }
  bool marks_left() const {
    bool left = true;
    for (std::size_t i = n; i < n + marks; ++i) {
      for (const auto* v : {&max, &min, &arg_max}) left = left && (*v)[i] == mark;
      for (const auto* v : {&sum, &second, &third, &confidence})
        left = left && (*v)[i] == static_cast<double>(mark);
    }
    return left;
  }
};

/// Every third label is right, every third ties with the largest class if there is a tie.
template<class T>
std::vector<std::int64_t> some_labels(const std::vector<std::vector<T>>& rows,
                                      const std::vector<exact_row<T>>& exact) {
  std::vector<std::int64_t> label(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const auto behind = std::find(row.rbegin(), row.rend(), exact[i].max) - row.rbegin();
    const std::size_t last_largest = row.size() - 1 - static_cast<std::size_t>(behind);
    label[i] = static_cast<std::int64_t>(i % 3 == 0   ? exact[i].arg_max
                                         : i % 3 == 1 ? last_largest
                                                      : (i * 7) % row.size());
  }
  return label;
}

template<class T>
void check_all_forms(const std::vector<std::vector<T>>& rows, std::size_t pad, std::size_t shift,
                     bool backwards) {
  const std::size_t n = rows.size(), k = rows[0].size();
  const double beta = 0.6;
  std::vector<exact_row<T>> softmax, tempered;
  for (const auto& row : rows) {
    softmax.push_back(exact_softmax(row));
    tempered.push_back(exact_tempered(row, beta));
  }
  for (const bool by_rows : {true, false}) {
    const laid_out<T> m = lay_out(rows, by_rows, pad, shift, backwards);
    for (const isa set : machine_isas()) {
      const row_kernels<T>& kernels = kernels_for<T>(set);
      CAPTURE(n, k, pad, shift, backwards, by_rows, static_cast<int>(set));
      worst_ratio worst;
      std::size_t wrong = 0;

      results<T> a(n), b(n), c(n);
      const std::vector<std::int64_t> label = some_labels(rows, softmax);
      row_sums<T> with_hits = b.out(false);
      std::vector<unsigned char> hit(n + results<T>::marks, 77);
      with_hits.label = label.data();
      with_hits.hit = hit.data();
      kernels.template softmax<true>(m.whole, a.out());
      kernels.template softmax<false>(m.whole, with_hits);
      kernels.tempered(m.whole, beta, c.out());
      for (std::size_t i = 0; i < n; ++i) {
        wrong +=
            a.max[i] != softmax[i].max || b.max[i] != softmax[i].max || c.max[i] != softmax[i].max;
        if (!by_rows) wrong += a.arg_max[i] != static_cast<T>(softmax[i].arg_max);
        worst.add(a.sum[i], softmax[i].sum, softmax[i].sum_error);
        worst.add(b.sum[i], softmax[i].sum, softmax[i].sum_error);
        worst.add(a.second[i], softmax[i].second, softmax[i].second_error);
        worst.add(c.sum[i], tempered[i].sum, tempered[i].sum_error);
        worst.add(c.second[i], tempered[i].second, tempered[i].second_error);
        worst.add(c.third[i], tempered[i].third, tempered[i].third_error);
        wrong += a.sum[i] < 1 || a.confidence[i] != 1.0 / a.sum[i];
        wrong += hit[i] != (label[i] == static_cast<std::int64_t>(softmax[i].arg_max) ? 1 : 0);
      }
      for (std::size_t i = n; i < hit.size(); ++i) wrong += hit[i] != 77;
      CHECK(wrong == 0);
      CHECK(worst.value <= 1);
      CHECK((a.marks_left() && b.marks_left() && c.marks_left()));
    }
  }
}

template<class T>
void check_simplex_forms(const std::vector<std::vector<T>>& rows, std::size_t pad,
                         std::size_t shift) {
  const std::size_t n = rows.size(), k = rows[0].size();
  std::vector<exact_row<T>> expected;
  for (const auto& row : rows) expected.push_back(exact_simplex(row));
  for (const bool by_rows : {true, false}) {
    const laid_out<T> m = lay_out(rows, by_rows, pad, shift);
    for (const isa set : machine_isas()) {
      const row_kernels<T>& kernels = kernels_for<T>(set);
      CAPTURE(n, k, by_rows, static_cast<int>(set));
      results<T> a(n), b(n);
      const std::vector<std::int64_t> label = some_labels(rows, expected);
      row_sums<T> with_hits = b.out();
      std::vector<unsigned char> hit(n + results<T>::marks, 77);
      with_hits.label = label.data();
      with_hits.hit = hit.data();
      with_hits.second = nullptr;
      kernels.simplex(m.whole, a.out());
      kernels.simplex(m.whole, with_hits);
      worst_ratio worst;
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < n; ++i) {
        wrong += a.max[i] != expected[i].max || a.min[i] != expected[i].min;
        if (!by_rows) wrong += a.arg_max[i] != static_cast<T>(expected[i].arg_max);
        worst.add(a.sum[i], expected[i].sum, expected[i].sum_error);
        worst.add(a.second[i], expected[i].second, expected[i].second_error);
        wrong += b.max[i] != a.max[i] || b.min[i] != a.min[i] || b.sum[i] != a.sum[i];
        const double confidence = std::min(1.0, static_cast<double>(expected[i].max));
        wrong += a.confidence[i] != confidence || b.confidence[i] != confidence;
        wrong += hit[i] != (label[i] == static_cast<std::int64_t>(expected[i].arg_max) ? 1 : 0);
      }
      for (std::size_t i = n; i < hit.size(); ++i) wrong += hit[i] != 77;
      CHECK(wrong == 0);
      CHECK(worst.value <= 1);
      CHECK((a.marks_left() && b.marks_left()));
    }
  }
}

template<class T>
std::vector<std::vector<T>> random_rows(std::size_t n, std::size_t k, pattern p,
                                        std::mt19937& generator) {
  std::vector<std::vector<T>> rows(n, std::vector<T>(k));
  for (auto& row : rows) {
    for (T& x : row) x = draw<T>(p, generator);
    if (std::all_of(row.begin(), row.end(), [](T x) { return x == -limits<T>::infinity(); }))
      row[generator() % k] = T{0};
  }
  return rows;
}

const std::size_t class_counts[] = {1,  2,  3,  7,  8,   9,   15,  16,  17,  31,   32,
                                    33, 63, 64, 65, 100, 127, 191, 192, 300, 1000, 4099};
const std::size_t row_counts[] = {1, 3, 15, 16, 17, 255, 256, 257};

}  // namespace

TEMPLATE_TEST_CASE("sums of rows are those of an exact oracle", "[row_kernels]", float, double) {
  using T = TestType;
  std::mt19937 generator(1);
  for (const std::size_t k : class_counts) {
    for (const pattern p : patterns)
      check_all_forms(random_rows<T>(k > 127 ? 2 : 5, k, p, generator), generator() % 4,
                      generator() % 5, generator() % 2 == 0);
  }
  for (const std::size_t n : row_counts) {
    for (const std::size_t k : {std::size_t{3}, std::size_t{10}, std::size_t{33}})
      check_all_forms(random_rows<T>(n, k, patterns[generator() % 7], generator), generator() % 4,
                      generator() % 5, false);
  }
}

TEMPLATE_TEST_CASE("the largest class may be at any place of a row", "[row_kernels]", float,
                   double) {
  using T = TestType;
  std::mt19937 generator(12);
  std::uniform_real_distribution<T> uniform(-2, 2);
  for (const std::size_t k : {std::size_t{193}, std::size_t{206}, std::size_t{223}}) {
    std::vector<std::vector<T>> rows(k, std::vector<T>(k));
    for (std::size_t i = 0; i < k; ++i) {
      for (T& x : rows[i]) x = uniform(generator);
      rows[i][i] = 5;
    }
    check_all_forms(rows, 0, 0, false);
  }
}

TEMPLATE_TEST_CASE("sums of probabilities are those of an exact oracle", "[row_kernels]", float,
                   double) {
  using T = TestType;
  std::mt19937 generator(2);
  std::uniform_real_distribution<T> uniform(0, 1);
  const auto fill = [&](std::size_t n, std::size_t k, bool negative) {
    std::vector<std::vector<T>> rows(n, std::vector<T>(k));
    for (auto& row : rows) {
      for (T& p : row) p = uniform(generator) / static_cast<T>(k);
      if (generator() % 3 == 0)  // a tie of the largest, half of the times of all there is
        row[generator() % k] = row[generator() % k] = generator() % 2 == 0 ? T(1.5) : T(0.5);
      if (generator() % 3 == 0) row[generator() % k] = limits<T>::denorm_min();
      if (negative) row[generator() % k] = T(-0.25);
    }
    return rows;
  };
  for (const std::size_t k : class_counts)
    check_simplex_forms(fill(k > 127 ? 2 : 5, k, generator() % 2 == 0), generator() % 4,
                        generator() % 5);
  for (const std::size_t n : row_counts) check_simplex_forms(fill(n, 10, false), 1, 1);
}

TEMPLATE_TEST_CASE("NaN, +inf and rows of -inf come out as a NaN sum", "[row_kernels]", float,
                   double) {
  using T = TestType;
  const T nan = limits<T>::quiet_NaN(), inf = limits<T>::infinity();
  for (const std::size_t k : class_counts) {
    if (k > 192) continue;
    for (const isa set : machine_isas()) {
      const row_kernels<T>& kernels = kernels_for<T>(set);
      std::size_t missed = 0, spoiled = 0;
      for (std::size_t at = 0; at <= k; ++at) {
        for (const T bad : {nan, inf, -inf}) {
          // Three rows: the bad one must not spoil its neighbours. at == k: the whole row is bad.
          std::vector<std::vector<T>> rows(3, std::vector<T>(k, T{1}));
          if (at < k)
            rows[1][at] = bad;
          else
            rows[1].assign(k, bad);
          const bool is_bad = bad != -inf || at == k || k == 1;
          for (const bool by_rows : {true, false}) {
            const laid_out<T> m = lay_out(rows, by_rows, 0, 0);
            results<T> a(3), b(3), c(3), d(3);
            kernels.template softmax<true>(m.whole, a.out());
            kernels.template softmax<false>(m.whole, b.out(false));
            kernels.tempered(m.whole, 1.0, c.out());
            kernels.simplex(m.whole, d.out());
            for (const results<T>* r : {&a, &b, &c}) {
              missed += std::isnan(r->sum[1]) != is_bad;
              spoiled += !(std::abs(r->sum[0] - static_cast<double>(k)) < 1e-3) ||
                         !(std::abs(r->sum[2] - static_cast<double>(k)) < 1e-3);
            }
            // Probabilities: anything but a finite sum.
            missed += std::isfinite(d.sum[1]);
            spoiled += d.sum[0] != static_cast<double>(k) || d.sum[2] != static_cast<double>(k);
          }
        }
      }
      CAPTURE(k, static_cast<int>(set));
      CHECK(missed == 0);
      CHECK(spoiled == 0);
    }
  }
}

TEMPLATE_TEST_CASE("exp is exact to a stated number of epsilons", "[row_kernels]", float, double) {
  using T = TestType;
  const double lowest = std::log(static_cast<double>(limits<T>::min()));
  std::vector<T> x;
  for (int i = 0; i <= 100000; ++i) x.push_back(static_cast<T>(lowest * i / 100000.0 * 0.99999));
  std::mt19937 generator(3);
  std::uniform_real_distribution<double> exponent(-50, 3);
  for (int i = 0; i < 20000; ++i) x.push_back(static_cast<T>(-std::exp2(exponent(generator))));
  for (const isa set : machine_isas()) {
    std::vector<T> out(x.size());
    kernels_for<T>(set).exp_row(x.data(), x.size(), T{1}, T{0}, T{1}, out.data());
    double worst = 0, near_zero = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const long double e = std::exp(static_cast<long double>(x[i]));
      const auto error = static_cast<double>(std::abs(static_cast<long double>(out[i]) - e) / e) /
                         static_cast<double>(limits<T>::epsilon());
      const double size = std::abs(static_cast<double>(x[i]));
      worst = std::max(worst, error / (exp_constant + exp_slope * size));
      if (size < 0.3) near_zero = std::max(near_zero, error);
    }
    CAPTURE(static_cast<int>(set));
    CHECK(worst <= 1);
    CHECK(near_zero <= exp_constant);
  }
}

TEMPLATE_TEST_CASE("exp at the ends of its range", "[row_kernels]", float, double) {
  using T = TestType;
  const T inf = limits<T>::infinity();
  const T tiny = static_cast<T>(std::log(static_cast<double>(limits<T>::min())));
  const std::vector<T> x = {0,
                            T(-0.0),
                            -inf,
                            limits<T>::lowest(),
                            tiny * T(1.001),
                            -1e5,
                            -limits<T>::min(),
                            -inf,
                            T(-1e30),
                            limits<T>::quiet_NaN()};
  for (const isa set : machine_isas()) {
    // Every element at every place of a register and of the tail.
    for (std::size_t shift = 0; shift < 20; ++shift) {
      std::vector<T> padded(shift, T(-1));
      padded.insert(padded.end(), x.begin(), x.end());
      std::vector<T> out(padded.size());
      kernels_for<T>(set).exp_row(padded.data(), padded.size(), T{1}, T{0}, T{1}, out.data());
      CAPTURE(static_cast<int>(set), shift);
      const T* e = out.data() + shift;
      CHECK(e[0] == 1);
      CHECK(e[1] == 1);
      for (const std::size_t i : {2U, 3U, 4U, 5U, 7U, 8U}) CHECK(e[i] == 0);
      CHECK(e[6] == 1);
      CHECK(std::isnan(e[9]));
    }
  }
}

TEMPLATE_TEST_CASE("exp of a NaN is NaN, whatever its bits", "[row_kernels]", float, double) {
  using T = TestType;
  using word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const auto quiet = std::bit_cast<word>(limits<T>::quiet_NaN());
  const word sign = word{1} << (sizeof(T) * 8 - 1);
  std::mt19937_64 generator(5);
  std::vector<T> x, out(4096);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const word payload = i < 1024 ? static_cast<word>(i) : static_cast<word>(generator());
    x.push_back(std::bit_cast<T>(quiet | (payload & (quiet - 1)) | (i % 2 == 0 ? sign : 0)));
  }
  for (const isa set : machine_isas()) {
    kernels_for<T>(set).exp_row(x.data(), x.size(), T{1}, T{0}, T{1}, out.data());
    CAPTURE(static_cast<int>(set));
    CHECK(std::count_if(out.begin(), out.end(), [](T e) { return !std::isnan(e); }) == 0);
  }
}

TEST_CASE("one bad label or sum among many is noticed", "[row_kernels]") {
  constexpr double nan = limits<double>::quiet_NaN(), inf = limits<double>::infinity();
  for (const isa set : machine_isas()) {
    const row_kernels<double>& kernels = kernels_for<double>(set);
    for (const std::size_t n : {1U, 3U, 4U, 5U, 8U, 31U, 64U}) {
      std::vector<std::int64_t> label(n);
      std::vector<double> sum(n);
      for (std::size_t i = 0; i < n; ++i) {
        label[i] = static_cast<std::int64_t>(i % 10);
        sum[i] = 1.0 + static_cast<double>(i);
      }
      CAPTURE(static_cast<int>(set), n);
      CHECK(kernels.all_good(label.data(), sum.data(), n, 10));
      std::size_t unnoticed = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const std::int64_t y = label[i];
        for (const std::int64_t bad : {std::int64_t{10}, std::int64_t{-1}, std::int64_t{1} << 32,
                                       std::int64_t{1} << 62, limits<std::int64_t>::min()}) {
          label[i] = bad;
          unnoticed += kernels.all_good(label.data(), sum.data(), n, 10);
        }
        label[i] = y;
        const double s = sum[i];
        for (const double bad : {nan, -nan, inf}) {
          sum[i] = bad;
          unnoticed += kernels.all_good(label.data(), sum.data(), n, 10);
        }
        sum[i] = s;
      }
      CHECK(unnoticed == 0);
    }
  }
}

TEMPLATE_TEST_CASE("one number out of bounds among many is noticed", "[row_kernels]", float,
                   double) {
  using T = TestType;
  for (const isa set : machine_isas()) {
    const row_kernels<T>& kernels = kernels_for<T>(set);
    for (std::size_t n = 1; n <= 70; ++n) {
      std::vector<T> p(n);
      for (std::size_t i = 0; i < n; ++i) p[i] = static_cast<T>(i % 3) / 2;
      CAPTURE(static_cast<int>(set), n);
      CHECK(kernels.all_within(p.data(), n, T{0}, T{1}));
      std::size_t unnoticed = 0;
      for (T& x : p) {
        const T before = x;
        for (const T bad : {-limits<T>::denorm_min(), std::nextafter(T{1}, T{2}),
                            limits<T>::infinity(), -limits<T>::infinity()}) {
          x = bad;
          unnoticed += kernels.all_within(p.data(), n, T{0}, T{1});
        }
        x = before;
      }
      CHECK(unnoticed == 0);
    }
  }
}

TEST_CASE("bins of equal width are certain or said not to be", "[row_kernels]") {
  std::mt19937 generator(6);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (const isa set : machine_isas()) {
    for (const std::size_t bins : {1U, 2U, 3U, 10U, 15U, 100U, 128U}) {
      for (const std::size_t n : {1U, 7U, 8U, 9U, 200U}) {
        std::vector<double> c(n), key(n), miss(n);
        std::vector<unsigned char> hit(n);
        for (std::size_t i = 0; i < n; ++i) {
          const auto kind = generator() % 8;
          c[i] = kind == 0 ? 0 : kind == 1 ? 1 : kind == 2 ? 1e-300 : uniform(generator);
          hit[i] = generator() % 2 == 0;
        }
        const auto keys = [&] {
          return kernels_for<double>(set).equal_width_keys(c.data(), hit.data(), n, bins,
                                                           key.data(), miss.data());
        };
        CAPTURE(static_cast<int>(set), bins, n);
        REQUIRE(keys());
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < n; ++i) {
          const auto bin =
              std::min(bins - 1, static_cast<std::size_t>(c[i] * static_cast<double>(bins)));
          const auto low = static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(key[i]));
          const double missed = c[i] - (hit[i] != 0 ? 1 : 0);
          wrong += low != 2 * bin + hit[i] || miss[i] != missed * missed;
        }
        CHECK(wrong == 0);
        // One confidence beside an edge, at any place.
        std::size_t unsaid = 0;
        for (std::size_t i = 0; bins > 1 && i < n; ++i) {
          const double before = c[i];
          const double edge =
              static_cast<double>(1 + generator() % (bins - 1)) / static_cast<double>(bins);
          for (const double x : {edge, std::nextafter(edge, 0.0), std::nextafter(edge, 1.0)}) {
            c[i] = x;
            unsaid += keys();
          }
          c[i] = before;
        }
        CHECK(unsaid == 0);
      }
    }
  }
}

TEMPLATE_TEST_CASE("single rows: exp_row, add_row, select_row, count_below, find_row",
                   "[row_kernels]", float, double) {
  using T = TestType;
  std::mt19937 generator(4);
  for (const std::size_t k : class_counts) {
    for (const std::size_t shift : {0U, 1U, 3U}) {
      std::vector<T> buffer(shift + k);
      for (T& x : buffer) x = draw<T>(pattern::small, generator);
      const T* const z = buffer.data() + shift;
      const T max = *std::max_element(z, z + k);
      const T beta = T(0.7), scale = T(0.25);
      // Bounds that are hit exactly, that nothing and that everything reaches.
      const std::vector<T> bounds = {z[generator() % k], max, std::nextafter(max, T(100)), T(-100)};
      for (const isa set : machine_isas()) {
        const row_kernels<T>& kernels = kernels_for<T>(set);
        CAPTURE(k, shift, static_cast<int>(set));

        std::vector<T> out(k);
        kernels.exp_row(z, k, beta, max, scale, out.data());
        worst_ratio worst;
        for (std::size_t j = 0; j < k; ++j) {
          const long double u = static_cast<long double>(z[j]) - static_cast<long double>(max);
          const long double e =
              static_cast<long double>(scale) * std::exp(static_cast<long double>(beta) * u);
          worst.add(static_cast<double>(out[j]), e,
                    e * limits<T>::epsilon() * (exp_constant + 1 + sum_slope * -u));
        }
        CHECK(worst.value <= 1);

        std::vector<double> sums(k, 0.5);
        kernels.add_row(z, k, sums.data());
        kernels.add_row(z, k, sums.data());
        std::size_t wrong = 0;
        for (std::size_t j = 0; j < k; ++j)
          wrong += sums[j] != 0.5 + static_cast<double>(z[j]) + static_cast<double>(z[j]);
        CHECK(wrong == 0);

        for (const T bound : bounds) {
          std::vector<std::uint32_t> expected, selected(k);
          for (std::size_t j = 0; j < k; ++j)
            if (z[j] >= bound) expected.push_back(static_cast<std::uint32_t>(j));
          selected.resize(kernels.select_row(z, k, bound, selected.data()));
          CHECK(selected == expected);
        }

        std::vector<T> ascending = bounds, count(k);
        std::sort(ascending.begin(), ascending.end());
        for (const std::size_t n : {0U, 1U, 4U}) {
          kernels.count_below(z, k, ascending.data(), n, count.data());
          for (std::size_t j = 0; j < k; ++j)
            wrong += count[j] !=
                     static_cast<T>(std::count_if(
                         ascending.begin(), ascending.begin() + static_cast<std::ptrdiff_t>(n),
                         [&](T bound) { return z[j] > bound; }));
        }
        CHECK(wrong == 0);

        for (std::size_t j = 0; j < k; j += 1 + k / 50) {
          const auto first = static_cast<std::size_t>(std::find(z, z + k, z[j]) - z);
          wrong += kernels.find_row(z, k, z[j]) != first;
        }
        CHECK(wrong == 0);
        CHECK(kernels.find_row(z, k, T(1000)) == k);
        CHECK(kernels.find_row(z, 0, z[0]) == 0);
        const std::vector<T> same(k, T(2));
        CHECK(kernels.find_row(same.data(), k, T(2)) == 0);
      }
    }
  }
}

// Classes of different sizes, so that one in another's place shows; rows as short as they come.
TEMPLATE_TEST_CASE("short rows are put side by side", "[row_kernels]", float, double) {
  using T = TestType;
  std::mt19937 generator(3);
  for (const std::size_t n : {1U, 2U, 4U, 7U, 8U, 9U, 15U, 16U, 17U, 33U}) {
    for (std::size_t k = 1; k <= 66; ++k)
      check_all_forms(random_rows<T>(n, k, pattern::small, generator), k % 3, n % 2, k % 2 == 0);
  }
}

TEST_CASE("an instruction set is chosen by its name", "[row_kernels]") {
  using calibra::detail::best_isa;
  using calibra::detail::use_isa;
  const isa best = machine_isas().back();
  CHECK(best_isa() == best);
  const char* const names[] = {"portable", "avx2", "avx512"};
  for (const isa set : {isa::portable, isa::avx2, isa::avx512}) {
    const char* const name = names[static_cast<int>(set)];
    if (calibra::detail::machine_has(set)) {
      use_isa("here", name);
      CHECK(best_isa() == set);
    } else {
      CHECK_THROWS_AS(use_isa("here", name), calibra::option_error);
    }
  }
  for (const char* const wrong : {"", "AVX2", "avx", "avx5", "avx2 ", "sse"})
    CHECK_THROWS_WITH(use_isa("here", wrong), "here: expected portable, avx2 or avx512, got \"" +
                                                  std::string(wrong) + "\"");
  use_isa("here", names[static_cast<int>(best)]);
  CHECK(best_isa() == best);
}

TEST_CASE("16-bit floats widen exactly, all of them", "[row_kernels]") {
  std::vector<calibra::half> halves;
  std::vector<calibra::bfloat16> brains;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    halves.push_back(calibra::half::from_bits(static_cast<std::uint16_t>(bits)));
    brains.push_back(calibra::bfloat16::from_bits(static_cast<std::uint16_t>(bits)));
  }
  const auto differing = [](const auto& in, isa set, std::size_t first, std::size_t n) {
    const std::vector<std::remove_cvref_t<decltype(in[0])>> part(
        in.begin() + static_cast<std::ptrdiff_t>(first),
        in.begin() + static_cast<std::ptrdiff_t>(first + n));
    std::vector<float> out(n);
    calibra::detail::widen(set, part.data(), n, out.data());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto expected = static_cast<float>(part[i]);
      wrong += std::isnan(expected) ? !std::isnan(out[i])
                                    : std::memcmp(&expected, &out[i], sizeof expected) != 0;
    }
    return wrong;
  };
  for (const isa set : machine_isas()) {
    CHECK(differing(halves, set, 0, 65536) == 0);
    CHECK(differing(brains, set, 0, 65536) == 0);
    for (std::size_t n = 0; n < 40; ++n) {
      CHECK(differing(halves, set, 1000, n) == 0);
      CHECK(differing(brains, set, 16000, n) == 0);
    }
  }
}

#if defined(__linux__)
TEMPLATE_TEST_CASE("kernels touch nothing beyond their data", "[row_kernels]", float, double) {
  using T = TestType;
  fenced_page in, out;
  for (const isa set : machine_isas()) {
    const row_kernels<T>& kernels = kernels_for<T>(set);
    for (const bool at_end : {false, true}) {
      for (std::size_t k = 1; k <= 140; ++k) {
        T* const z = in.room<T>(3 * k, at_end);
        for (std::size_t i = 0; i < 3 * k; ++i) z[i] = static_cast<T>(i % 5) / T(5);
        results<T> r(std::max<std::size_t>(3, k));
        const auto rows = static_cast<std::ptrdiff_t>(k);
        const std::vector<std::int64_t> labels(k + 3, 0);
        std::vector<unsigned char> hit(k + 3);
        row_sums<T> hits = r.out();
        hits.label = labels.data();
        hits.hit = hit.data();
        // k classes of 3 rows by rows, then 3 classes of k rows in both ways
        const std::size_t three = 3;
        for (const tile<T>& t :
             {tile<T>{z, rows, true, three, k}, tile<T>{z, rows, false, k, three},
              tile<T>{z, 3, true, k, three}}) {
          kernels.template softmax<true>(t, hits);
          kernels.simplex(t, hits);
          kernels.tempered(t, 1.0, r.out());
        }
        CHECK(r.marks_left());

        T* const row = in.room<T>(k, at_end);
        kernels.exp_row(row, k, T{1}, T{1}, T{1}, out.room<T>(k, at_end));
        kernels.count_below(row, k, row, 1, out.room<T>(k, at_end));
        kernels.add_row(row, k, out.room<double>(k, at_end));
        CHECK(kernels.select_row(row, k, T{0}, out.room<std::uint32_t>(k, at_end)) == k);
        CHECK(kernels.find_row(row, k, T(77)) == k);
        CHECK(kernels.all_within(row, k, T{0}, T{1}));

        row_sums<T> tight;
        tight.max = out.room<T>(k, at_end);
        tight.arg_max = out.room<T>(k, at_end);
        tight.min = out.room<T>(k, at_end);
        tight.sum = out.room<double>(k, at_end);
        tight.second = tight.third = tight.confidence = tight.sum;
        for (const bool by_rows : {false, true}) {
          const tile<T> t{z, by_rows ? 3 : rows, by_rows, k, 3};
          kernels.template softmax<true>(t, tight);
          kernels.simplex(t, tight);
          kernels.tempered(t, 1.0, tight);
        }
      }
    }
    for (std::size_t n = 1; n < 70; ++n) {
      calibra::half* const h = in.room<calibra::half>(n, true);
      std::fill(h, h + n, calibra::half(1.5F));
      calibra::detail::widen(set, h, n, out.room<float>(n, true));
      CHECK(*out.room<float>(1, true) == 1.5F);
      calibra::bfloat16* const b = in.room<calibra::bfloat16>(n, true);
      std::fill(b, b + n, calibra::bfloat16(2.5F));
      calibra::detail::widen(set, b, n, out.room<float>(n, true));
      CHECK(*out.room<float>(1, true) == 2.5F);
    }
  }
}
#endif
