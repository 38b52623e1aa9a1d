// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// No #pragma once: dispatch.hpp includes this text once for each instruction set, behind
// row_kernels.inl.hpp.

namespace calibra::detail::CALIBRA_DETAIL_ISA {

/// What fits of recalibrators do to rows that lie one after the other, for lanes V: logarithms,
/// softmax of a line a class, sums over samples, matrix products.
template<class V>
struct fit_lanes {
  using T = typename V::value;
  using reg = typename V::reg;
  using base = kernels<V>;
  static constexpr std::size_t W = V::width;

  static reg load(const T* p, std::size_t n, T fill) {
    return n >= W ? V::load(p) : V::load_n(p, n, fill);
  }
  static void store(T* p, reg r, std::size_t n) {
    if (n >= W)
      V::store(p, r);
    else
      V::store_n(p, r, n);
  }

  /// log(x) of normal x > 0.
  static reg log(reg x) {
    using P = log_polynomial<T>;
    const reg one = V::set(T{1}), half = V::set(static_cast<T>(0.5)), edge = V::set(T{3} / 2);
    const reg m = V::mantissa(x), e = V::exponent(x);
    const reg mantissa = V::if_greater(m, edge, V::mul(m, half), m);
    const reg exponent = V::if_greater(m, edge, V::add(e, one), e);
    const reg s = V::div(V::sub(mantissa, one), V::add(mantissa, one));
    const reg square = V::mul(s, s), twice = V::add(s, s);
    reg sum = V::set(P::c[P::terms - 1]);
    for (std::size_t i = P::terms - 1; i-- > 0;) sum = V::fma(sum, square, V::set(P::c[i]));
    const reg rest = V::fma(exponent, V::set(P::ln2_rest), V::mul(V::mul(twice, square), sum));
    return V::fma(exponent, V::set(P::ln2), V::add(twice, rest));
  }

  /// out[j] = log(scale p[j] + offset), of less than `least` that of `least`
  static void log_row(const T* p, std::size_t n, T scale, T offset, T least, T* out) {
    const reg s = V::set(scale), o = V::set(offset), l = V::set(least);
    for (std::size_t j = 0; j < n; j += W) {
      const reg x = V::max(V::fma(load(p + j, n - j, T{1}), s, o), l);
      store(out + j, log(x), n - j);
    }
  }

  static void widen_row(const T* p, std::size_t n, double* out) {
    for (std::size_t j = 0; j < n; j += W) {
      typename V::wide w = V::zero();
      V::spill(w, load(p + j, n - j, T{0}));
      V::store_wide(out + j, w, n - j < W ? n - j : W);
    }
  }

  static T max_row(const T* z, std::size_t n) { return V::highest(base::lanes_max(z, n)); }
  static T min_row(const T* z, std::size_t n) {
    reg least = V::set(std::numeric_limits<T>::infinity());
    for (std::size_t j = 0; j < n; j += W)
      least = V::min(load(z + j, n - j, std::numeric_limits<T>::infinity()), least);
    return V::lowest(least);
  }

  /// out[j] = exp(beta (z[j] - max)); returns their sum.
  static double exp_sum_row(const T* z, std::size_t n, T beta, T max, T* out) {
    const reg b = V::set(beta), m = V::set(max), bottom = V::set(std::numeric_limits<T>::lowest());
    typename V::wide total = V::zero();
    for (std::size_t j = 0; j < n;) {
      reg part = V::set(T{0});
      const std::size_t stop = n - j < base::run * W ? n : j + base::run * W;
      for (; j + W <= stop; j += W) {
        const reg e = base::exp_or_zero(V::mul(b, V::max(bottom, V::sub(V::load(z + j), m))));
        V::store(out + j, e);
        part = V::add(part, e);
      }
      if (j < stop) {  // lanes beyond the end are -inf and do not count
        const reg x = V::load_n(z + j, n - j, base::minus_infinity);
        const reg e = base::exp_or_zero(V::mul(b, V::max(bottom, V::sub(x, m))));
        V::store_n(out + j, e, n - j);
        part = V::add(part, V::if_greater(x, V::set(base::minus_infinity), e, V::set(T{0})));
        j = n;
      }
      V::spill(total, part);
    }
    return V::total(total);
  }

  /// out[j] = slope[j] x[j] + intercept[j]; returns the largest.
  static T line_row(const T* x, const T* slope, const T* intercept, std::size_t n, T* out) {
    reg most = V::set(base::minus_infinity);
    for (std::size_t j = 0; j < n; j += W) {
      const reg y = V::fma(load(x + j, n - j, T{0}), load(slope + j, n - j, T{0}),
                           load(intercept + j, n - j, base::minus_infinity));
      store(out + j, y, n - j);
      most = V::max(y, most);
    }
    return V::highest(most);
  }

  /// e[j] = exp(slope[j] x[j] + intercept[j] - bound), none above the bound; returns their sum.
  static double exp_line_row(const T* x, const T* slope, const T* intercept, T bound, std::size_t n,
                             T* e) {
    const reg shift = V::set(bound), none = V::set(T{0});
    typename V::wide total = V::zero();
    for (std::size_t j = 0; j < n;) {
      reg part = none;
      const std::size_t stop = n - j < base::run * W ? n : j + base::run * W;
      for (; j < stop; j += W) {
        const std::size_t left = n - j;
        const reg y = V::fma(load(x + j, left, T{0}), load(slope + j, left, T{0}),
                             load(intercept + j, left, std::numeric_limits<T>::lowest()));
        const reg power = base::exp_or_zero(V::min(none, V::sub(y, shift)));
        store(e + j, power, left);
        part = V::add(part, power);
      }
      V::spill(total, part);
    }
    return V::total(total);
  }

  static void scale_row(T* p, std::size_t n, T factor) {
    const reg f = V::set(factor);
    for (std::size_t j = 0; j < n; j += W) store(p + j, V::mul(load(p + j, n - j, T{0}), f), n - j);
  }
  static void add_to_row(const T* p, std::size_t n, T* sums) {
    for (std::size_t j = 0; j < n; j += W)
      store(sums + j, V::add(load(sums + j, n - j, T{0}), load(p + j, n - j, T{0})), n - j);
  }

  static double sum_row(const T* p, std::size_t n) {
    reg sum = V::set(T{0});
    for (std::size_t j = 0; j < n; j += W) sum = V::add(load(p + j, n - j, T{0}), sum);
    typename V::wide total = V::zero();
    V::spill(total, sum);
    return V::total(total);
  }

  /// p[j] = scale e[j]: e[j] = weight p[j], h[j] = weight p[j] (1 - p[j])
  static void weigh_row(T* e, T scale, T weight, std::size_t n, T* p, T* h) {
    const reg s = V::set(scale), w = V::set(weight), one = V::set(T{1});
    for (std::size_t j = 0; j < n; j += W) {
      const reg q = V::mul(s, load(e + j, n - j, T{0})), wq = V::mul(w, q);
      store(e + j, wq, n - j);
      store(p + j, q, n - j);
      store(h + j, V::mul(wq, V::sub(one, q)), n - j);
    }
  }
  /// sums[j] += h[j] x[j]^2, sums[n + j] += all x[j]^2
  static void add_squares_row(const T* x, const T* h, T all, std::size_t n, T* sums) {
    const reg a = V::set(all);
    for (std::size_t j = 0; j < n; j += W) {
      const std::size_t left = n - j;
      const reg u = load(x + j, left, T{0});
      const auto add = [&](reg weight, T* to) {
        store(to, V::fma(V::mul(weight, u), u, load(to, left, T{0})), left);
      };
      add(load(h + j, left, T{0}), sums + j);
      add(a, sums + n + j);
    }
  }

  /// The sum of a[j] b[j].
  static double dot_row(const T* a, const T* b, std::size_t n) {
    typename V::wide total = V::zero();
    for (std::size_t j = 0; j < n;) {
      reg part = V::set(T{0});
      const std::size_t stop = n - j < base::run * W ? n : j + base::run * W;
      for (; j < stop; j += W)
        part = V::fma(load(a + j, n - j, T{0}), load(b + j, n - j, T{0}), part);
      V::spill(total, part);
    }
    return V::total(total);
  }

  /// p[j] = weight p[j] (d[j] - mean)
  static void lean_row(T* p, const T* d, std::size_t n, T mean, T weight) {
    const reg m = V::set(mean), w = V::set(weight);
    for (std::size_t j = 0; j < n; j += W) {
      const reg x =
          V::mul(V::mul(w, load(p + j, n - j, T{0})), V::sub(load(d + j, n - j, T{0}), m));
      store(p + j, x, n - j);
    }
  }

  /// The sum of e[j] (slope[j] x[j] + intercept[j]).
  static double line_dot_row(const T* x, const T* e, const T* slope, const T* intercept,
                             std::size_t n) {
    typename V::wide total = V::zero();
    for (std::size_t j = 0; j < n;) {
      reg part = V::set(T{0});
      const std::size_t stop = n - j < base::run * W ? n : j + base::run * W;
      for (; j < stop; j += W) {
        const reg d = V::fma(load(x + j, n - j, T{0}), load(slope + j, n - j, T{0}),
                             load(intercept + j, n - j, T{0}));
        part = V::fma(load(e + j, n - j, T{0}), d, part);
      }
      V::spill(total, part);
    }
    return V::total(total);
  }

  /// r = factor e[j] (slope[j] x[j] + intercept[j] - mean): sums[j] += r x[j], sums[n + j] += r
  static void lean_line_row(const T* x, const T* e, const T* slope, const T* intercept, T factor,
                            T mean, std::size_t n, T* sums) {
    const reg f = V::set(factor), m = V::set(mean);
    for (std::size_t j = 0; j < n; j += W) {
      const std::size_t left = n - j;
      const reg u = load(x + j, left, T{0});
      const reg d = V::fma(u, load(slope + j, left, T{0}), load(intercept + j, left, T{0}));
      const reg r = V::mul(V::mul(f, load(e + j, left, T{0})), V::sub(d, m));
      store(sums + j, V::fma(r, u, load(sums + j, left, T{0})), left);
      store(sums + n + j, V::add(load(sums + n + j, left, T{0}), r), left);
    }
  }

  /// p = scale e[j], h = weight p (1 - p): sums[j] += weight p x[j], sums[n + j] += weight p, and
  /// in the same way behind them h x^2, h x and h.
  static void curved_line_row(const T* x, const T* e, T scale, T weight, std::size_t n, T* sums) {
    const reg one = V::set(T{1}), s = V::set(scale), w = V::set(weight);
    for (std::size_t j = 0; j < n; j += W) {
      const std::size_t left = n - j;
      const auto add = [&](std::size_t at, reg term) {
        store(sums + at * n + j, V::add(load(sums + at * n + j, left, T{0}), term), left);
      };
      const reg p = V::mul(s, load(e + j, left, T{0})), u = load(x + j, left, T{0});
      const reg wp = V::mul(w, p), h = V::mul(wp, V::sub(one, p)), hx = V::mul(h, u);
      add(0, V::mul(wp, u));
      add(1, wp);
      add(2, V::mul(hx, u));
      add(3, hx);
      add(4, h);
    }
  }

  // ---- matrix products -----------------------------------------------------------------------

  /// C += A B of m x k and k x n. Entry (i, l) of A is a[i a_row + l a_col]; the rows of B and C
  /// lie one after the other.
  static void multiply_add(const T* a, std::size_t a_row, std::size_t a_col, const T* b, T* c,
                           std::size_t m, std::size_t k, std::size_t n) {
    const strided in{a, a_row, a_col};
    std::size_t j = 0;
    for (; j + 2 * W <= n; j += 2 * W) multiply_columns<2>(in, b + j, c + j, m, k, n, W);
    for (; j < n; j += W) multiply_columns<1>(in, b + j, c + j, m, k, n, n - j);
  }

 private:
  struct strided {
    const T* data;
    std::size_t row, col;
  };

  /// Cols registers of columns of C, the last of them with so many that count.
  template<std::size_t Cols>
  static void multiply_columns(strided a, const T* b, T* c, std::size_t m, std::size_t k,
                               std::size_t n, std::size_t last) {
    std::size_t i = 0;
    const auto next = [&](auto rows) {
      multiply_some<decltype(rows)::value, Cols>(a, b, c + i * n, k, n, last);
      i += decltype(rows)::value;
      a.data += decltype(rows)::value * a.row;
    };
    while (i + 6 <= m) next(std::integral_constant<std::size_t, 6>{});
    if (i + 3 <= m) next(std::integral_constant<std::size_t, 3>{});
    while (i < m) next(std::integral_constant<std::size_t, 1>{});
  }

  template<std::size_t Rows, std::size_t Cols>
  static void multiply_some(strided a, const T* b, T* c, std::size_t k, std::size_t n,
                            std::size_t last) {
    reg sum[Rows][Cols];
#pragma GCC unroll 8
    for (auto& row : sum)
#pragma GCC unroll 2
      for (reg& x : row) x = V::set(T{0});
    const auto multiply = [&](auto whole) {
      for (std::size_t l = 0; l < k; ++l, b += n) {
        reg in[Cols];
#pragma GCC unroll 2
        for (std::size_t q = 0; q < Cols; ++q) {
          if constexpr (decltype(whole)::value)
            in[q] = V::load(b + q * W);
          else
            in[q] = V::load_n(b + q * W, last, T{0});
        }
#pragma GCC unroll 8
        for (std::size_t r = 0; r < Rows; ++r) {
          const reg x = V::set(a.data[r * a.row + l * a.col]);
#pragma GCC unroll 2
          for (std::size_t q = 0; q < Cols; ++q) sum[r][q] = V::fma(x, in[q], sum[r][q]);
        }
      }
    };
    if (last >= W)
      multiply(std::true_type{});
    else
      multiply(std::false_type{});
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 2
      for (std::size_t q = 0; q < Cols; ++q) {
        T* out = c + r * n + q * W;
        store(out, V::add(load(out, last, T{0}), sum[r][q]), last);
      }
  }
};

}  // namespace calibra::detail::CALIBRA_DETAIL_ISA
