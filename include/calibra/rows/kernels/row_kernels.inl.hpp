// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// No #pragma once: dispatch.hpp includes this text once for each instruction set, with
// CALIBRA_DETAIL_ISA naming the namespace whose lanes it is compiled with.

namespace calibra::detail::CALIBRA_DETAIL_ISA {

/// Maximum, sums of exponentials and hits of rows, for lanes V. "rows" are contiguous classes,
/// "cols" contiguous samples. A register of samples side by side is worked on a class at a time;
/// longer rows are worked on along their classes, a few rows at once so that what is done once a
/// row is done for all of them together. Both read logits twice: once for the maximum, once (from
/// cache) for the sums.
template<class V>
struct kernels {
  using T = typename V::value;
  using reg = typename V::reg;
  using wide = typename V::wide;
  using D = f64;
  static constexpr std::size_t W = V::width;
  /// Registers added up in T before they are spilled to double: bounds the rounding of a row's sum.
  static constexpr std::size_t run = 16;
  /// Rows of fewer classes are put side by side first.
  static constexpr std::size_t few = most_side_by_side;
  /// Bytes of rows that are worked on at once: they are read twice.
  static constexpr std::size_t cached = 8192;
  /// How near to an edge, in bins, a confidence may be for its bin to be looked up.
  static constexpr double edge_tolerance = 2e-9;
  /// From here to twice as much the next number is one more. Added to 1.5 times it, a number is
  /// rounded to an integer, which is in the low bits.
  static constexpr T counting =
      static_cast<T>(std::uint64_t{1} << (std::numeric_limits<T>::digits - 1));
  static constexpr T rounding = counting + counting / 2;
  static constexpr T minus_infinity = -std::numeric_limits<T>::infinity();

  static const T* at_row(const T* z, std::ptrdiff_t stride, std::size_t i) {
    return z + static_cast<std::ptrdiff_t>(i) * stride;
  }

  // ---- exponentials --------------------------------------------------------------------------

  /// exp(x) for x <= 0: 1 at 0, 0 far below the smallest normal number, NaN for NaN.
  static reg exp(reg x) {
    using P = exp_polynomial<T>;
    const reg log2_e = V::set(P::log2_e);
    if constexpr (V::scales) {
      const reg t = V::mul(x, log2_e), f = V::fraction(t);
      return V::scale(V::fma(horner(P::below, f), f, V::set(T{1})), t);
    } else {
      // The integer is the biased exponent of the power.
      constexpr int bias = std::numeric_limits<T>::max_exponent - 1;
      const reg shift = V::set(rounding + T{bias});
      const reg lowest = V::set(-static_cast<T>(bias * 0.69314718055994531));
      const reg u = V::max(lowest, x);
      const reg n = V::fma(u, log2_e, shift);
      const reg f = V::fma(u, log2_e, V::sub(shift, n));
      const reg power = V::power(n);
      return V::fma(horner(P::nearest, f), V::mul(f, power), power);
    }
  }
  static reg horner(const T (&c)[exp_polynomial<T>::terms], reg f) {
    reg sum = V::set(c[exp_polynomial<T>::terms - 1]);
    for (std::size_t i = exp_polynomial<T>::terms - 1; i-- > 0;) sum = V::fma(sum, f, V::set(c[i]));
    return sum;
  }
  /// The same, but 0 below the smallest normal number.
  static reg exp_or_zero(reg x) {
    const reg e = exp(x);
    return V::if_greater(V::set(std::numeric_limits<T>::min()), e, V::set(T{0}), e);
  }

  // ---- what is summed over the classes -------------------------------------------------------

  /// exp(z - max), and its square.
  template<bool Squares>
  struct softmax_term {
    static constexpr std::size_t sums = Squares ? 2 : 1;
    void operator()(reg z, reg max, reg* sum) const {
      const reg e = exp(V::sub(z, max));
      sum[0] = V::add(sum[0], e);
      if constexpr (Squares) sum[1] = V::fma(e, e, sum[1]);
    }
  };

  /// w, w u and w u^2 with u = z - max <= 0 and w = exp(beta u).
  struct tempered_term {
    static constexpr std::size_t sums = 3;
    reg beta, bottom;
    void operator()(reg z, reg max, reg* sum) const {
      const reg u = V::max(bottom, V::sub(z, max));  // -inf becomes finite: 0 times it is 0
      const reg w = exp(V::mul(u, beta));
      const reg wu = V::mul(w, u);
      sum[0] = V::add(sum[0], w);
      sum[1] = V::add(sum[1], wu);
      sum[2] = V::fma(wu, u, sum[2]);
    }
  };

  // ---- along the rows ------------------------------------------------------------------------

  /// The largest classes of a row, lane by lane.
  static reg lanes_max(const T* z, std::size_t k) {
    reg a = V::set(minus_infinity), b = a;
    std::size_t j = 0;
    for (; j + 2 * W <= k; j += 2 * W) {
      a = V::max(V::load(z + j), a);
      b = V::max(V::load(z + j + W), b);
    }
    if (j + W <= k) {
      a = V::max(V::load(z + j), a);
      j += W;
    }
    if (j < k) b = V::max(V::load_n(z + j, k - j, minus_infinity), b);
    return V::max(a, b);
  }

  /// Sums the terms of a few rows, so that none waits for its own last step. What lies `ahead` of
  /// them is read ahead. Sum s of row r is spread over the lanes of sums[s * W + r]. Without the
  /// pragmas GCC keeps the sums in memory.
  template<std::size_t Rows, class Term>
  static void sum_some(const T* z, std::ptrdiff_t stride, std::size_t k, std::ptrdiff_t ahead,
                       const T* max, Term term, typename D::reg* sums) {
    const T* row[Rows];
    reg m[Rows];
    wide totals[Rows][Term::sums];
#pragma GCC unroll 4
    for (std::size_t r = 0; r < Rows; ++r) {
      row[r] = at_row(z, stride, r);
      m[r] = V::set(max[r]);
      for (wide& t : totals[r]) t = V::zero();
    }
    for (std::size_t j = 0; j < k;) {
      reg part[Rows][Term::sums];
#pragma GCC unroll 4
      for (auto& p : part)
#pragma GCC unroll 4
        for (reg& x : p) x = V::set(T{0});
      const std::size_t stop = k - j < (run + 1) * W ? k : j + run * W;
      for (; j + W <= stop; j += W) {
#pragma GCC unroll 4
        for (std::size_t r = 0; r < Rows; ++r) {
          __builtin_prefetch(row[r] + ahead + j);
          term(V::load(row[r] + j), m[r], part[r]);
        }
      }
      if (j < stop) {
#pragma GCC unroll 4
        for (std::size_t r = 0; r < Rows; ++r) {
          __builtin_prefetch(row[r] + ahead + j);
          term(V::load_n(row[r] + j, stop - j, minus_infinity), m[r], part[r]);
        }
        j = stop;
      }
#pragma GCC unroll 4
      for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 4
        for (std::size_t s = 0; s < Term::sums; ++s) V::spill(totals[r][s], part[r][s]);
    }
#pragma GCC unroll 4
    for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 4
      for (std::size_t s = 0; s < Term::sums; ++s) sums[s * W + r] = V::folded(totals[r][s]);
  }

  /// Lane i of the result: the largest lane, or the sum, of r[i].
  static reg max_across(reg (&r)[W]) {
    for (std::size_t half = W / 2; half > 0; half /= 2)
      for (std::size_t i = 0; i < half; ++i)
        r[i] = V::max(V::zip_low(r[i], r[i + half]), V::zip_high(r[i], r[i + half]));
    return r[0];
  }
  static typename D::reg sum_across(typename D::reg* r) {
    for (std::size_t half = D::width / 2; half > 0; half /= 2)
      for (std::size_t i = 0; i < half; ++i)
        r[i] = D::add(D::zip_low(r[i], r[i + half]), D::zip_high(r[i], r[i + half]));
    return r[0];
  }

  static void store_sums(double* p, typename D::reg r, std::size_t n) {
    if (n >= D::width)
      D::store(p, r);
    else
      D::store_n(p, r, n);
  }

  /// The label's class is the first of the largest ones.
  static bool row_hit(const T* z, std::size_t k, std::int64_t label, T max, bool maybe_tied) {
    if (static_cast<std::uint64_t>(label) >= k) return false;
    const auto y = static_cast<std::size_t>(label);
    const bool largest = z[y] == max;
    if (__builtin_expect(largest & maybe_tied, 0)) return find_row(z, y, max) == y;
    return largest;
  }

  template<class Term>
  static void sum_rows(const T* z, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                       const row_sums<T>& out, Term term) {
    double* const to[3] = {out.sum, out.second, out.third};
    const std::size_t fitting = cached / sizeof(T) / k;
    const std::size_t step = fitting < 1 ? 1 : fitting < W ? fitting : W;
    reg top[W];
    for (reg& r : top) r = V::set(T{0});
    typename D::reg sums[Term::sums * W];
    for (auto& s : sums) s = D::set(0.0);
    const std::ptrdiff_t ahead = stride * static_cast<std::ptrdiff_t>(step);
    for (std::size_t i = 0; i < rows; i += step) {
      const std::size_t n = rows - i < step ? rows - i : step;
      const T* const first = at_row(z, stride, i);
      for (std::size_t r = 0; r < n; ++r) top[r] = lanes_max(at_row(first, stride, r), k);
      T max[W];
      V::store(max, max_across(top));
      for (std::size_t r = 0; r < n; ++r) out.max[i + r] = max[r];
      std::size_t r = 0;
      for (; k < 400 && r + 2 <= n; r += 2)
        sum_some<2>(at_row(first, stride, r), stride, k, ahead, max + r, term, sums + r);
      for (; r < n; ++r)
        sum_some<1>(at_row(first, stride, r), stride, k, ahead, max + r, term, sums + r);
      for (r = 0; r < n; r += D::width) {
        for (std::size_t s = 0; s < Term::sums; ++s) {
          const typename D::reg sum = sum_across(sums + s * W + r);
          store_sums(to[s] + i + r, sum, n - r);
          if (s == 0 && out.confidence != nullptr)
            store_sums(out.confidence + i + r, D::div(D::set(1.0), sum), n - r);
        }
      }
      if (out.hit == nullptr) continue;
      for (r = i; r < i + n; ++r)  // two of the largest make a sum of 2 or more
        out.hit[r] = row_hit(at_row(z, stride, r), k, out.label[r], out.max[r], out.sum[r] >= 1.75);
    }
  }

  /// A row of probabilities, row i of the results. Sums and sums of squares go straight to double:
  /// what is derived from them is exact to double rounding for float input too. What lies at `next`
  /// is read ahead.
  template<bool Squares>
  static void simplex_row(const T* p, std::size_t k, const T* next, const row_sums<T>& out,
                          std::size_t i) {
    constexpr std::size_t chains = 2;
    reg max[chains], min[chains];
    wide sum[chains], second[chains];
    for (std::size_t c = 0; c < chains; ++c) {
      max[c] = V::set(minus_infinity);
      min[c] = V::set(std::numeric_limits<T>::infinity());
      sum[c] = second[c] = V::zero();
    }
    const auto add = [&](reg x, std::size_t c) {
      max[c] = V::max(x, max[c]);
      min[c] = V::min(x, min[c]);
      V::spill(sum[c], x);
      if constexpr (Squares) V::spill_squares(second[c], x);
    };
    std::size_t j = 0;
    for (; j + chains * W <= k; j += chains * W) {
#pragma GCC unroll 2
      for (std::size_t c = 0; c < chains; ++c) {
        __builtin_prefetch(next + j + c * W);
        add(V::load(p + j + c * W), c);
      }
    }
    if (j + W <= k) {
      add(V::load(p + j), 0);
      j += W;
    }
    if (j < k) {
      max[1] = V::max(V::load_n(p + j, k - j, minus_infinity), max[1]);
      min[1] = V::min(V::load_n(p + j, k - j, std::numeric_limits<T>::infinity()), min[1]);
      const reg x = V::load_n(p + j, k - j, T{0});
      V::spill(sum[1], x);
      if constexpr (Squares) V::spill_squares(second[1], x);
    }
    const T largest = V::highest(V::max(max[0], max[1])), least = V::lowest(V::min(min[0], min[1]));
    out.max[i] = largest;
    out.min[i] = least;
    out.sum[i] = V::total(sum[0]) + V::total(sum[1]);
    if constexpr (Squares) out.second[i] = V::total(second[0]) + V::total(second[1]);
    if (out.confidence != nullptr)
      out.confidence[i] = largest < 1 ? static_cast<double>(largest) : 1;
    if (out.hit == nullptr) return;
    // Without negative numbers two that are as large make at most the sum.
    const bool maybe_tied = least < 0 || 2 * static_cast<double>(largest) <= 1.000001 * out.sum[i];
    out.hit[i] = row_hit(p, k, out.label[i], largest, maybe_tied);
  }

  // ---- down the columns ----------------------------------------------------------------------

  static reg load_lanes(const T* p, std::size_t n) {
    return __builtin_expect(n == W, 1) ? V::load(p) : V::load_n(p, n, T{0});
  }

  /// The largest class of each lane and its first index.
  static void col_max(const T* z, std::ptrdiff_t stride, std::size_t k, std::size_t n, reg& max,
                      reg& arg_max) {
    const reg zero = V::set(counting);
    reg index = zero;
    max = load_lanes(z, n);
    arg_max = index;
    for (std::size_t j = 1; j < k; ++j) {
      z += stride;
      const reg x = load_lanes(z, n);
      index = V::next(index);
      arg_max = V::if_greater(x, max, index, arg_max);
      max = V::max(x, max);
    }
    arg_max = V::sub(arg_max, zero);
  }

  /// Works on n <= W samples side by side, which are samples i, i + 1, ... of the results. What
  /// lies at `next`, in the same steps, is read ahead.
  template<class Term>
  struct sum_cols {
    const row_sums<T>& out;
    std::size_t k;
    Term term;

    [[gnu::noinline]] void operator()(const T* z, std::ptrdiff_t stride, std::size_t i,
                                      std::size_t n, const T* next) {
      double* const to[3] = {out.sum, out.second, out.third};
      reg max, arg_max;
      col_max(z, stride, k, n, max, arg_max);
      V::store_n(out.max + i, max, n);
      if (out.arg_max != nullptr) V::store_n(out.arg_max + i, arg_max, n);
      wide totals[Term::sums];
      for (wide& t : totals) t = V::zero();
      for (std::size_t j = 0; j < k;) {
        reg sums[Term::sums];
        for (reg& s : sums) s = V::set(T{0});
        const std::size_t stop = k - j < run ? k : j + run;
        for (; j < stop; ++j, z += stride, next += stride) {
          __builtin_prefetch(next);
          term(load_lanes(z, n), max, sums);
        }
        for (std::size_t s = 0; s < Term::sums; ++s) V::spill(totals[s], sums[s]);
      }
      for (std::size_t s = 0; s < Term::sums; ++s) V::store_wide(to[s] + i, totals[s], n);
      if (out.confidence != nullptr) V::store_wide(out.confidence + i, V::inverse(totals[0]), n);
      if (out.hit != nullptr) V::hits(arg_max, out.label + i, n, out.hit + i);
    }
  };

  template<bool Squares>
  struct simplex_cols {
    const row_sums<T>& out;
    std::size_t k;

    [[gnu::noinline]] void operator()(const T* p, std::ptrdiff_t stride, std::size_t i,
                                      std::size_t n, const T* next) {
      reg max, arg_max;
      col_max(p, stride, k, n, max, arg_max);
      reg min = max;
      wide sum = V::zero(), second = V::zero();
      for (std::size_t j = 0; j < k; ++j, next += stride) {
        __builtin_prefetch(next);
        const reg x = load_lanes(at_row(p, stride, j), n);
        min = V::min(x, min);
        V::spill(sum, x);
        if constexpr (Squares) V::spill_squares(second, x);
      }
      V::store_n(out.max + i, max, n);
      if (out.arg_max != nullptr) V::store_n(out.arg_max + i, arg_max, n);
      V::store_n(out.min + i, min, n);
      V::store_wide(out.sum + i, sum, n);
      if constexpr (Squares) V::store_wide(out.second + i, second, n);
      if (out.confidence != nullptr) {
        wide confidence = V::zero();
        V::spill(confidence, V::min(max, V::set(T{1})));
        V::store_wide(out.confidence + i, confidence, n);
      }
      if (out.hit != nullptr) V::hits(arg_max, out.label + i, n, out.hit + i);
    }
  };

  template<class Group>
  static void by_cols(const T* z, std::ptrdiff_t stride, std::size_t rows, Group group) {
    for (std::size_t i = 0; i < rows; i += W)
      group(z + i, stride, i, rows - i < W ? rows - i : W, z + i + W);
  }

  // ---- from rows to columns ------------------------------------------------------------------

  /// As many classes as 16 bytes hold, of a register of rows: out[class * W + row]
  static void turn_chunk(const T* in, std::ptrdiff_t stride, T* out) {
    using N = typename V::turning;
    using few_rows = typename N::reg;
    if constexpr (sizeof(T) == 4) {
      const few_rows a = N::blocks(in, 4 * stride), b = N::blocks(in + stride, 4 * stride),
                     c = N::blocks(in + 2 * stride, 4 * stride),
                     d = N::blocks(in + 3 * stride, 4 * stride);
      const few_rows ac = N::unpack_low(a, c), bd = N::unpack_low(b, d);
      N::store(out, N::unpack_low(ac, bd));
      N::store(out + W, N::unpack_high(ac, bd));
      const few_rows ac2 = N::unpack_high(a, c), bd2 = N::unpack_high(b, d);
      N::store(out + 2 * W, N::unpack_low(ac2, bd2));
      N::store(out + 3 * W, N::unpack_high(ac2, bd2));
    } else {
      const few_rows a = N::blocks(in, 2 * stride), b = N::blocks(in + stride, 2 * stride);
      N::store(out, N::unpack_low(a, b));
      N::store(out + W, N::unpack_high(a, b));
    }
  }

  /// out[class * W + row] = in[row * stride + class] for n <= W rows of k classes
  static void turn(const T* in, std::ptrdiff_t stride, std::size_t n, std::size_t k, T* out) {
    constexpr std::size_t chunk = 16 / sizeof(T), step = V::turning::width;
    if (n == W && k >= chunk) {
      for (std::size_t i = 0; i < W; i += step) {
        const T* const rows = at_row(in, stride, i);
        for (std::size_t j = 0; j + chunk < k; j += chunk)
          turn_chunk(rows + j, stride, out + j * W + i);
        turn_chunk(rows + (k - chunk), stride, out + (k - chunk) * W + i);
      }
      return;
    }
    for (std::size_t j = 0; j < k; ++j)
      for (std::size_t i = 0; i < W; ++i) out[j * W + i] = i < n ? at_row(in, stride, i)[j] : T{0};
  }

  /// Puts short rows side by side, W at a time. What comes later is read ahead evenly: in bursts it
  /// would be waited for.
  template<class Group>
  static void by_short_rows(const T* z, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                            Group group) {
    const std::size_t ahead = W * k < 2048 / sizeof(T) ? 2048 / sizeof(T) : W * k;
    const bool dense = stride == static_cast<std::ptrdiff_t>(k);
    alignas(64) T side_by_side[few * W];
    for (std::size_t i = 0; i < rows; i += W) {
      const std::size_t n = rows - i < W ? rows - i : W;
      const T* const in = at_row(z, stride, i);
      turn(in, stride, n, k, side_by_side);
      group(side_by_side, static_cast<std::ptrdiff_t>(W), i, n, dense ? in + ahead : side_by_side);
    }
  }

  // ---- the entries ---------------------------------------------------------------------------

  template<class Term>
  static void sums(const tile<T>& z, const row_sums<T>& out, Term term) {
    if (!z.by_rows)
      by_cols(z.data, z.stride, z.rows, sum_cols<Term>{out, z.classes, term});
    else if (z.classes < few)
      by_short_rows(z.data, z.stride, z.rows, z.classes, sum_cols<Term>{out, z.classes, term});
    else
      sum_rows(z.data, z.stride, z.rows, z.classes, out, term);
  }

  template<bool Squares>
  static void softmax(const tile<T>& z, const row_sums<T>& out) {
    sums(z, out, softmax_term<Squares>{});
  }

  static void tempered(const tile<T>& z, double beta, const row_sums<T>& out) {
    sums(z, out,
         tempered_term{V::set(static_cast<T>(beta)), V::set(std::numeric_limits<T>::lowest())});
  }

  template<bool Squares>
  static void simplex_sums(const tile<T>& p, const row_sums<T>& out) {
    if (!p.by_rows) {
      by_cols(p.data, p.stride, p.rows, simplex_cols<Squares>{out, p.classes});
    } else if (p.classes < few) {
      by_short_rows(p.data, p.stride, p.rows, p.classes, simplex_cols<Squares>{out, p.classes});
    } else {
      for (std::size_t i = 0; i < p.rows; ++i) {
        const T* const row = at_row(p.data, p.stride, i);
        simplex_row<Squares>(row, p.classes, at_row(row, p.stride, 1), out, i);
      }
    }
  }
  static void simplex(const tile<T>& p, const row_sums<T>& out) {
    if (out.second != nullptr)
      simplex_sums<true>(p, out);
    else
      simplex_sums<false>(p, out);
  }

  // ---- what is known of each row -------------------------------------------------------------

  /// Whether all labels are in [0, classes) and all sums positive and finite. Signs are collected:
  /// of a label too large that of what is left to the last class, of a sum that is not finite that
  /// of its bits with one more exponent.
  static bool all_good(const std::int64_t* label, const double* sum, std::size_t n,
                       std::size_t classes) {
    typedef std::uint64_t words __attribute__((vector_size(32)));
    constexpr std::size_t width = 4;
    constexpr std::uint64_t one_exponent = 0x0010000000000000;
    const std::uint64_t last = classes - 1;
    words signs = {};
    std::size_t i = 0;
    for (; i + width <= n; i += width) {
      words y, bits;
      std::memcpy(&y, label + i, sizeof y);
      std::memcpy(&bits, sum + i, sizeof bits);
      signs |= y | (last - y) | bits | (bits + one_exponent);
    }
    std::uint64_t all = 0;
    for (; i < n; ++i) {
      const auto y = static_cast<std::uint64_t>(label[i]);
      const auto bits = std::bit_cast<std::uint64_t>(sum[i]);
      all |= y | (last - y) | bits | (bits + one_exponent);
    }
    for (i = 0; i < width; ++i) all |= signs[i];
    return all >> 63 == 0;
  }

  static bool all_within(const T* p, std::size_t n, T low, T high) {
    reg least = V::set(high), largest = V::set(low);
    std::size_t j = 0;
    for (; j + W <= n; j += W) {
      const reg x = V::load(p + j);
      least = V::min(x, least);
      largest = V::max(x, largest);
    }
    if (j < n) {
      const reg x = V::load_n(p + j, n - j, low);
      least = V::min(x, least);
      largest = V::max(x, largest);
    }
    return V::lowest(least) >= low && V::highest(largest) <= high;
  }

  /// Finds the bins of confidences among bins of equal width. The low 32 bits of key[i] are 2 bin +
  /// hit; miss[i] is (confidence - hit)^2. False where a confidence is so near an edge between bins
  /// that its bin is not certain.
  static bool equal_width_keys(const double* confidence, const unsigned char* hit, std::size_t n,
                               std::size_t bins, double* key, double* miss) {
    static_assert(sizeof(T) == sizeof(double));
    // Nothing beyond the middle of the first and of the last bin is near an edge.
    constexpr double unsure = 0.5 - edge_tolerance;
    const reg count = V::set(static_cast<double>(bins)), half = V::set(0.5),
              shift = V::set(rounding);
    const reg most = V::set(static_cast<double>(bins) - 1), none = V::set(0.0);
    reg farthest = none;
    double rest[2 * W];
    unsigned char rest_hit[W] = {};
    for (std::size_t i = 0; i < n; i += W) {
      const bool whole = i + W <= n;
      if (!whole) std::memcpy(rest_hit, hit + i, n - i);
      const reg c = whole ? V::load(confidence + i) : V::load_n(confidence + i, n - i, 0.0);
      const reg h = V::from_bytes(whole ? hit + i : rest_hit);
      const reg at = V::max(none, V::min(most, V::sub(V::mul(c, count), half)));
      const reg bin = V::sub(V::add(at, shift), shift), away = V::sub(at, bin);
      farthest = V::max(farthest, V::max(away, V::sub(none, away)));
      const reg keys = V::add(V::add(V::add(bin, bin), h), shift), missed = V::sub(c, h);
      V::store(whole ? key + i : rest, keys);
      V::store(whole ? miss + i : rest + W, V::mul(missed, missed));
      if (whole) continue;
      std::memcpy(key + i, rest, (n - i) * sizeof(double));
      std::memcpy(miss + i, rest + W, (n - i) * sizeof(double));
    }
    return V::at_least(farthest, V::set(unsure)) == 0;
  }

  // ---- single rows ---------------------------------------------------------------------------

  /// out[j] = scale * exp(beta * (z[j] - max))
  static void exp_row(const T* z, std::size_t k, T beta, T max, T scale, T* out) {
    const reg b = V::set(beta), m = V::set(max), s = V::set(scale);
    const reg bottom = V::set(std::numeric_limits<T>::lowest());
    std::size_t j = 0;
    for (; j + W <= k; j += W) {
      const reg u = V::max(bottom, V::sub(V::load(z + j), m));
      V::store(out + j, V::mul(s, exp_or_zero(V::mul(b, u))));
    }
    if (j < k) {
      const reg u = V::max(bottom, V::sub(V::load_n(z + j, k - j, max), m));
      V::store_n(out + j, V::mul(s, exp_or_zero(V::mul(b, u))), k - j);
    }
  }

  /// sums[j] += p[j]
  static void add_row(const T* p, std::size_t k, double* sums) {
    std::size_t j = 0;
    for (; j + W <= k; j += W) V::add_to(sums + j, V::load(p + j), W);
    if (j < k) V::add_to(sums + j, V::load_n(p + j, k - j, T{0}), k - j);
  }

  /// The indices at which p[j] >= bound, ascending; returns how many.
  static std::size_t select_row(const T* p, std::size_t k, T bound, std::uint32_t* index) {
    const reg b = V::set(bound);
    std::size_t count = 0;
    for (std::size_t j = 0; j < k; j += W) {
      const bool whole = j + W <= k;
      unsigned bits =
          V::at_least(whole ? V::load(p + j) : V::load_n(p + j, k - j, minus_infinity), b);
      for (; bits != 0; bits &= bits - 1)
        index[count++] =
            static_cast<std::uint32_t>(j) + static_cast<std::uint32_t>(std::countr_zero(bits));
    }
    return count;
  }

  /// count[j] = how many of `bounds` p[j] is greater than
  static void count_below(const T* p, std::size_t k, const T* bounds, std::size_t n, T* count) {
    const reg zero = V::set(T{0}), one = V::set(T{1});
    for (std::size_t j = 0; j < k; j += W) {
      const bool whole = j + W <= k;
      const reg x = whole ? V::load(p + j) : V::load_n(p + j, k - j, T{0});
      reg sum = zero;
      for (std::size_t i = 0; i < n; ++i)
        sum = V::add(sum, V::if_greater(x, V::set(bounds[i]), one, zero));
      if (whole)
        V::store(count + j, sum);
      else
        V::store_n(count + j, sum, k - j);
    }
  }

  /// The first index at which p[j] == x, or k.
  static std::size_t find_row(const T* p, std::size_t k, T x) {
    const reg v = V::set(x);
    std::size_t j = 0;
    for (; j + W <= k; j += W)
      if (const unsigned bits = V::equal(V::load(p + j), v); bits != 0)
        return j + static_cast<std::size_t>(std::countr_zero(bits));
    if (j == k) return k;
    // Beyond the end there is NaN, which nothing is equal to.
    const reg rest = V::load_n(p + j, k - j, std::numeric_limits<T>::quiet_NaN());
    const unsigned bits = V::equal(rest, v);
    return bits == 0 ? k : j + static_cast<std::size_t>(std::countr_zero(bits));
  }
};

}  // namespace calibra::detail::CALIBRA_DETAIL_ISA
