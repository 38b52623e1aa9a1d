// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/rows/fit_kernels.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "kernel_checks.hpp"

// What fits do to rows, against sums in long double. Budgets are in epsilons of the scalar.
using calibra::detail::fit_kernels;
using calibra::detail::fit_kernels_for;
using calibra::detail::isa;

namespace {

using real = long double;

std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all;
  for (std::size_t n = 1; n <= 70; ++n) all.push_back(n);
  all.insert(all.end(), {100, 1000});
  return all;
}

/// Numbers drawn for a row, and a row that is written: with marks behind it that must survive.
template<class T>
class rows_of {
 public:
  explicit rows_of(unsigned seed) : generator_(seed) {}

  std::vector<T> normal(std::size_t n) {
    std::vector<T> x(n);
    for (T& e : x) e = static_cast<T>(normal_(generator_));
    return x;
  }
  std::vector<T> positive(std::size_t n) {
    std::vector<T> x = normal(n);
    for (T& e : x) e = std::exp(-3 * std::abs(e));
    return x;
  }

 private:
  std::mt19937 generator_;
  std::normal_distribution<double> normal_;
};

template<class T>
struct marked {
  static constexpr std::size_t marks = 16;
  static constexpr T mark = T(-12345);
  std::vector<T> all;

  explicit marked(std::size_t n) : all(n + marks, mark) {}
  explicit marked(std::vector<T> x) : all(std::move(x)) { all.insert(all.end(), marks, mark); }
  T* data() { return all.data(); }
  T operator[](std::size_t i) const { return all[i]; }
  bool marks_left() const {
    return std::all_of(all.end() - marks, all.end(), [](T x) { return x == mark; });
  }
};

/// Calls check(kernels, n, draw) for every instruction set and size.
template<class T, class Check>
void for_all(const Check& check) {
  for (const isa set : machine_isas()) {
    rows_of<T> draw(7);
    for (const std::size_t n : sizes()) {
      CAPTURE(static_cast<int>(set), n);
      check(fit_kernels_for<T>(set), n, draw);
    }
  }
}

real wide(double x) {
  return x;
}

template<class T>
constexpr real eps = limits<T>::epsilon();

/// The budget of exp(u) where u itself is off by `slack` epsilons.
template<class T>
real exp_budget(real u, real slack) {
  return std::exp(u) * eps<T> * (exp_constant + exp_slope * std::abs(u) + slack) +
         limits<T>::min();  // below it is 0
}

}  // namespace

TEMPLATE_TEST_CASE("fits: log is exact to two epsilons", "[fit_kernels]", float, double) {
  using T = TestType;
  const T least = limits<T>::min();
  std::vector<T> x{1,
                   least,
                   limits<T>::max(),
                   std::nextafter(T{1}, T{0}),
                   std::nextafter(T{1}, T{2}),
                   T{3} / 2,
                   std::nextafter(T{3} / 2, T{2}),
                   T{3} / 4};
  for (int i = 1; i < 40000; ++i) x.push_back(static_cast<T>(i / 20000.0));
  std::mt19937 generator(3);
  std::uniform_real_distribution<double> exponent(limits<T>::min_exponent, limits<T>::max_exponent);
  std::uniform_real_distribution<double> small(-limits<T>::digits, 0);
  for (int i = 0; i < 20000; ++i) {
    x.push_back(std::max(least, static_cast<T>(std::exp2(exponent(generator) - 1))));
    x.push_back(static_cast<T>(1 + std::exp2(small(generator)) * (i % 2 == 0 ? 1 : -0.5)));
  }
  for (const isa set : machine_isas()) {
    std::vector<T> out(x.size());
    fit_kernels_for<T>(set).log_row(x.data(), x.size(), T{1}, T{0}, least, out.data());
    worst_ratio worst;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const real log = std::log(wide(x[i]));
      worst.add(out[i], log, 2 * eps<T> * std::abs(log));
    }
    CAPTURE(static_cast<int>(set));
    CHECK(out[0] == 0);
    CHECK(worst.value <= 1);
  }
}

TEMPLATE_TEST_CASE("fits: log_row scales, shifts and clips", "[fit_kernels]", float, double) {
  using T = TestType;
  for_all<T>([](const fit_kernels<T>& kernels, std::size_t n, rows_of<T>& draw) {
    const T scale = T(0.7), offset = T(0.001), least = T(0.01);
    std::vector<T> p = draw.positive(n);
    p[n / 2] = 0;
    p[n - 1] = limits<T>::denorm_min();
    marked<T> clipped(n), plain(n), lowest(n);
    kernels.log_row(p.data(), n, scale, offset, least, clipped.data());
    kernels.log_row(p.data(), n, scale, offset, limits<T>::min(), plain.data());
    kernels.log_row(p.data(), n, T{1}, T{0}, limits<T>::min(), lowest.data());
    worst_ratio worst;
    for (std::size_t j = 0; j < n; ++j) {
      const auto check = [&](const marked<T>& got, real x) {
        worst.add(got[j], std::log(x), eps<T> * (3 * std::abs(std::log(x)) + 1));
      };
      const real x = wide(scale) * wide(p[j]) + wide(offset);
      check(clipped, std::max(x, wide(least)));
      check(plain, x);
      check(lowest, std::max(wide(p[j]), wide(limits<T>::min())));
    }
    CHECK(worst.value <= 1);
    CHECK((clipped.marks_left() && plain.marks_left() && lowest.marks_left()));
  });
}

TEMPLATE_TEST_CASE("fits: exponentials of a row and their sum", "[fit_kernels]", float, double) {
  using T = TestType;
  for_all<T>([](const fit_kernels<T>& kernels, std::size_t n, rows_of<T>& draw) {
    std::vector<T> z = draw.normal(n);
    for (std::size_t j = 0; j < n; ++j) z[j] *= j % 5 == 0 ? T(30) : T(3);
    const T max = *std::max_element(z.begin(), z.end());
    for (const T beta : {T(1), T(0.3), T(40), T(1e-7)}) {
      marked<T> e(n);
      const double sum = kernels.exp_sum_row(z.data(), n, beta, max, e.data());
      worst_ratio worst;
      real exact = 0, budget = 0;
      for (std::size_t j = 0; j < n; ++j) {
        const real u = wide(beta) * (wide(z[j]) - wide(max));
        const real off = exp_budget<T>(u, 2 * std::abs(u));
        worst.add(e[j], std::exp(u), off);
        exact += std::exp(u);
        budget += off + 16 * eps<T> * std::exp(u);
      }
      worst.add(sum, exact, budget);
      CAPTURE(beta);
      CHECK(worst.value <= 1);
      CHECK(e.marks_left());
      // In place.
      std::vector<T> same = z;
      CHECK(kernels.exp_sum_row(same.data(), n, beta, max, same.data()) == sum);
      CHECK(std::equal(same.begin(), same.end(), e.data()));
    }
  });
}

TEMPLATE_TEST_CASE("fits: exponentials far below the largest", "[fit_kernels]", float, double) {
  using T = TestType;
  const T inf = limits<T>::infinity(), least = limits<T>::min(), most = limits<T>::max();
  for_all<T>([&](const fit_kernels<T>& kernels, std::size_t n, rows_of<T>& draw) {
    for (std::size_t at = 0; at < n; at += 1 + n / 20) {
      std::vector<T> z = draw.normal(n);
      z[n - 1 - at] = T(5);
      marked<T> e(n);
      for (const T far : {-inf, -most, T(-1e30), T(-2000)}) {
        z[at] = far;
        const T max = *std::max_element(z.begin(), z.end());
        const double sum = kernels.exp_sum_row(z.data(), n, T{1}, max, e.data());
        if (n > 1 && at != n - 1 - at) CHECK(e[at] == 0);
        real exact = 0;
        for (const T x : z) exact += std::exp(wide(x) - wide(max));
        if (max != far) CHECK(std::abs(sum - exact) <= 64 * eps<T> * exact);
      }
      // So small a beta makes all of them count, at whatever place.
      for (const T beta : {static_cast<T>(1e-39), least / 4}) {
        z[n - 1 - at] = most;
        z[at] = -most;
        const double sum = kernels.exp_sum_row(z.data(), n, beta, most, e.data());
        real added = 0;
        for (std::size_t j = 0; j < n; ++j) added += wide(e[j]);
        CHECK(std::abs(sum - added) <= 16 * eps<T> * added);
      }
    }
  });
}

TEMPLATE_TEST_CASE("fits: the largest, the least, widening, sums", "[fit_kernels]", float, double) {
  using T = TestType;
  for_all<T>([](const fit_kernels<T>& kernels, std::size_t n, rows_of<T>& draw) {
    const std::vector<T> z = draw.normal(n), more = draw.normal(n);
    CHECK(kernels.max_row(z.data(), n) == *std::max_element(z.begin(), z.end()));
    CHECK(kernels.min_row(z.data(), n) == *std::min_element(z.begin(), z.end()));
    // All on one side of 0, and each place the extreme one.
    std::vector<T> flat(n, T(-3));
    std::size_t wrong = 0;
    for (std::size_t j = 0; j < n; ++j) {
      flat[j] = T(-2);
      wrong += kernels.max_row(flat.data(), n) != T(-2);
      flat[j] = T(-4);
      wrong += kernels.min_row(flat.data(), n) != T(-4);
      flat[j] = T(-3);
      for (T& x : flat) x = -x;
      flat[j] = T(2);
      wrong += kernels.min_row(flat.data(), n) != T(2);
      flat[j] = T(3);
      for (T& x : flat) x = -x;
    }

    marked<double> widened(n);
    kernels.widen_row(z.data(), n, widened.data());
    marked<T> scaled(z), sums(z);
    kernels.scale_row(scaled.data(), n, T(0.7));
    kernels.add_to_row(more.data(), n, sums.data());
    real sum = 0, size = 0, dot = 0, dot_size = 0;
    for (std::size_t j = 0; j < n; ++j) {
      wrong += widened[j] != static_cast<double>(z[j]);
      wrong += scaled[j] != T(0.7) * z[j] || sums[j] != z[j] + more[j];
      sum += wide(z[j]);
      size += std::abs(wide(z[j]));
      dot += wide(z[j]) * wide(more[j]);
      dot_size += std::abs(wide(z[j]) * wide(more[j]));
    }
    CHECK(wrong == 0);
    CHECK((widened.marks_left() && scaled.marks_left() && sums.marks_left()));
    CHECK(std::abs(kernels.sum_row(z.data(), n) - sum) <=
          eps<T> * static_cast<real>(n / 2 + 1) * size);
    CHECK(std::abs(kernels.dot_row(z.data(), more.data(), n) - dot) <= 17 * eps<T> * dot_size);
  });
}

TEMPLATE_TEST_CASE("fits: a line a class", "[fit_kernels]", float, double) {
  using T = TestType;
  for_all<T>([](const fit_kernels<T>& kernels, std::size_t n, rows_of<T>& draw) {
    std::vector<T> x = draw.normal(n), slope = draw.positive(n);
    const std::vector<T> intercept = draw.normal(n), e = draw.positive(n);
    for (T& u : x) u = -20 * std::abs(u);
    const auto line = [&](std::size_t j) {
      return wide(slope[j]) * wide(x[j]) + wide(intercept[j]);
    };
    const auto size = [&](std::size_t j) {
      return std::abs(wide(slope[j]) * wide(x[j])) + std::abs(wide(intercept[j]));
    };

    marked<T> y(n);
    const T most = kernels.line_row(x.data(), slope.data(), intercept.data(), n, y.data());
    CHECK(most == *std::max_element(y.data(), y.data() + n));
    worst_ratio worst;
    for (std::size_t j = 0; j < n; ++j) worst.add(y[j], line(j), eps<T> * size(j));

    const T bound = *std::max_element(intercept.begin(), intercept.end());
    marked<T> powers(n);
    const double sum =
        kernels.exp_line_row(x.data(), slope.data(), intercept.data(), bound, n, powers.data());
    real exact = 0, budget = 0;
    for (std::size_t j = 0; j < n; ++j) {
      const real u = line(j) - wide(bound);
      const real off = exp_budget<T>(u, size(j) + std::abs(u));
      worst.add(powers[j], std::exp(u), off);
      exact += std::exp(u);
      budget += off + 16 * eps<T> * std::exp(u);
    }
    worst.add(sum, exact, budget);

    real dot = 0, dot_size = 0;
    for (std::size_t j = 0; j < n; ++j) {
      dot += wide(e[j]) * line(j);
      dot_size += wide(e[j]) * size(j);
    }
    worst.add(kernels.line_dot_row(x.data(), e.data(), slope.data(), intercept.data(), n), dot,
              18 * eps<T> * dot_size);

    const T factor = T(0.3), mean = T(-0.4);
    const std::vector<T> before = draw.normal(2 * n);
    marked<T> sums(before);
    kernels.lean_line_row(x.data(), e.data(), slope.data(), intercept.data(), factor, mean, n,
                          sums.data());
    for (std::size_t j = 0; j < n; ++j) {
      const real r = wide(factor) * wide(e[j]) * (line(j) - wide(mean));
      const real r_size = wide(factor) * wide(e[j]) * (size(j) + std::abs(wide(mean)));
      const real u = wide(x[j]), first = wide(before[j]), second = wide(before[n + j]);
      worst.add(sums[j], first + r * u, 4 * eps<T> * (std::abs(first) + r_size * std::abs(u)));
      worst.add(sums[n + j], second + r, 4 * eps<T> * (std::abs(second) + r_size));
    }
    CHECK(worst.value <= 1);
    CHECK((y.marks_left() && powers.marks_left() && sums.marks_left()));
  });
}

TEMPLATE_TEST_CASE("fits: probabilities, their curvature and their sums", "[fit_kernels]", float,
                   double) {
  using T = TestType;
  for_all<T>([](const fit_kernels<T>& kernels, std::size_t n, rows_of<T>& draw) {
    const std::vector<T> x = draw.normal(n), e = draw.positive(n), d = draw.normal(n);
    const T scale = T(0.9), weight = T(1.7), mean = T(0.3);
    worst_ratio worst;

    marked<T> first(e), q(n), h(n);
    kernels.weigh_row(first.data(), scale, weight, n, q.data(), h.data());
    const std::vector<T> squares_before = draw.normal(2 * n);
    marked<T> squares(squares_before);
    kernels.add_squares_row(x.data(), e.data(), weight, n, squares.data());
    marked<T> leaned(e);
    kernels.lean_row(leaned.data(), d.data(), n, mean, weight);
    const std::vector<T> before = draw.normal(5 * n);
    marked<T> sums(before);
    kernels.curved_line_row(x.data(), e.data(), scale, weight, n, sums.data());
    for (std::size_t j = 0; j < n; ++j) {
      const real p = wide(scale) * wide(e[j]), u = wide(x[j]), w = wide(weight);
      const real curved = w * p * (1 - p);
      worst.add(first[j], w * p, 2 * eps<T> * w * p);
      worst.add(q[j], p, eps<T> * p);
      worst.add(h[j], curved, 3 * eps<T> * w * p);
      worst.add(leaned[j], w * wide(e[j]) * (wide(d[j]) - wide(mean)),
                2 * eps<T> * w * wide(e[j]) * (std::abs(wide(d[j])) + wide(mean)));
      const real terms[] = {w * p * u, w * p, curved * u * u, curved * u, curved};
      const real most[] = {w * p * std::abs(u), w * p, w * p * u * u, w * p * std::abs(u), w * p};
      for (std::size_t s = 0; s < 5; ++s) {
        const real start = wide(before[s * n + j]);
        worst.add(sums[s * n + j], start + terms[s], 4 * eps<T> * (std::abs(start) + most[s]));
      }
    }
    for (std::size_t j = 0; j < 2 * n; ++j) {
      const real u = wide(x[j % n]), start = wide(squares_before[j]);
      const real term = (j < n ? wide(e[j]) : wide(weight)) * u * u;
      worst.add(squares[j], start + term, 4 * eps<T> * (std::abs(start) + term));
    }
    CHECK(worst.value <= 1);
    CHECK((first.marks_left() && q.marks_left() && h.marks_left()));
    CHECK((leaned.marks_left() && sums.marks_left() && squares.marks_left()));
  });
}

TEMPLATE_TEST_CASE("fits: products of matrices", "[fit_kernels]", float, double) {
  using T = TestType;
  rows_of<T> draw(5);
  std::mt19937 generator(6);
  std::vector<std::size_t> odd;
  for (std::size_t n = 1; n <= 40; ++n) odd.push_back(n);
  for (const isa set : machine_isas()) {
    const fit_kernels<T>& kernels = fit_kernels_for<T>(set);
    for (const std::size_t n : odd) {
      for (int trial = 0; trial < 8; ++trial) {
        const std::size_t m = 1 + generator() % 40, k = trial == 0 ? 0 : 1 + generator() % 40;
        const std::vector<T> a = draw.normal(m * k), b = draw.normal(k * n), c = draw.normal(m * n);
        for (const bool turned : {false, true}) {
          const std::size_t a_row = turned ? 1 : k, a_col = turned ? m : 1;
          marked<T> out(c);
          kernels.multiply_add(a.data(), a_row, a_col, b.data(), out.data(), m, k, n);
          worst_ratio worst;
          for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < n; ++j) {
              real sum = wide(c[i * n + j]), size = std::abs(sum);
              for (std::size_t l = 0; l < k; ++l) {
                const real term = wide(a[i * a_row + l * a_col]) * wide(b[l * n + j]);
                sum += term;
                size += std::abs(term);
              }
              worst.add(out[i * n + j], sum, eps<T> * static_cast<real>(k + 1) * size);
            }
          CAPTURE(static_cast<int>(set), m, k, n, turned);
          CHECK(worst.value <= 1);
          CHECK(out.marks_left());
        }
      }
    }
  }
}

#if defined(__linux__)
TEMPLATE_TEST_CASE("fits: kernels touch nothing beyond their data", "[fit_kernels]", float,
                   double) {
  using T = TestType;
  fenced_page pages[4], out;
  for (const isa set : machine_isas()) {
    const fit_kernels<T>& kernels = fit_kernels_for<T>(set);
    for (const bool at_end : {false, true}) {
      for (std::size_t n = 1; n <= 140; ++n) {
        T* in[4];
        for (std::size_t i = 0; i < 4; ++i) {
          in[i] = pages[i].template room<T>(n, at_end);
          std::fill_n(in[i], n, T(0.5));
        }
        const auto room = [&](std::size_t rows) {
          T* const to = out.template room<T>(rows * n, at_end);
          std::fill_n(to, rows * n, T(0.5));
          return to;
        };
        kernels.widen_row(in[0], n, out.template room<double>(n, at_end));
        CHECK(kernels.max_row(in[0], n) == T(0.5));
        CHECK(kernels.min_row(in[0], n) == T(0.5));
        kernels.log_row(in[0], n, T(1), T(0), T(0.1), room(1));
        kernels.exp_sum_row(in[0], n, T(1), T(1), room(1));
        kernels.line_row(in[0], in[1], in[2], n, room(1));
        kernels.exp_line_row(in[0], in[1], in[2], T(1), n, room(1));
        kernels.scale_row(room(1), n, T(2));
        kernels.add_to_row(in[0], n, room(1));
        CHECK(kernels.sum_row(in[0], n) == 0.5 * static_cast<double>(n));
        CHECK(kernels.dot_row(in[0], in[1], n) == 0.25 * static_cast<double>(n));
        kernels.weigh_row(in[3], T(1), T(1), n, in[2], room(1));
        kernels.add_squares_row(in[0], in[1], T(1), n, room(2));
        kernels.lean_row(room(1), in[0], n, T(0), T(1));
        kernels.line_dot_row(in[0], in[3], in[1], in[2], n);
        kernels.lean_line_row(in[0], in[3], in[1], in[2], T(1), T(0), n, room(2));
        kernels.curved_line_row(in[0], in[3], T(1), T(1), n, room(5));
        // 1 x 1 and 1 x n, n x 1 and 1 x 1, 1 x n and n x 1
        kernels.multiply_add(pages[0].template room<T>(1, at_end), 1, 1, in[1], room(1), 1, 1, n);
        kernels.multiply_add(in[0], 1, 1, pages[1].template room<T>(1, at_end), room(1), n, 1, 1);
        kernels.multiply_add(in[0], n, 1, in[1], out.template room<T>(1, at_end), 1, n, 1);
      }
    }
  }
}
#endif
