// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// No #pragma once: row_kernels.hpp includes this text once for each instruction set, with
// CALIBRA_DETAIL_ISA naming the namespace whose lanes it is compiled with.

namespace calibra::detail::CALIBRA_DETAIL_ISA {

/// The left side of the spine, for lanes V. "rows" walks along contiguous classes, one row at a
/// time; "cols" walks down contiguous samples, one class at a time and a register of samples at
/// once. Both read their data twice: once for the maximum, once (from cache) for the sums.
template<class V>
struct kernels {
  using T = typename V::value;
  using reg = typename V::reg;
  using wide = typename V::wide;
  static constexpr std::size_t W = V::width;
  /// Registers added up in T before they are spilled to double: bounds the rounding of a row's sum.
  static constexpr std::size_t run = 16;
  static constexpr T minus_infinity = -std::numeric_limits<T>::infinity();

  template<std::size_t N>
  static void clear(wide (&sums)[N]) {
    for (wide& s : sums) s = V::zero();
  }

  static T row_max(const T* z, std::size_t k) {
    reg a = V::set(minus_infinity), b = a, c = a, d = a;
    std::size_t j = 0;
    for (; j + 4 * W <= k; j += 4 * W) {
      a = V::max(V::load(z + j), a);
      b = V::max(V::load(z + j + W), b);
      c = V::max(V::load(z + j + 2 * W), c);
      d = V::max(V::load(z + j + 3 * W), d);
    }
    for (; j + W <= k; j += W) a = V::max(V::load(z + j), a);
    if (j < k) b = V::max(V::load_n(z + j, k - j, minus_infinity), b);
    return V::highest(V::max(V::max(a, b), V::max(c, d)));
  }

  /// Calls body(registers of z, lane accumulators) over a row in runs; `next` is read ahead.
  template<std::size_t Sums, class Term>
  static void sum_row(const T* z, std::size_t k, T fill, const T* next, Term term, wide* totals) {
    std::size_t j = 0;
    while (j + W <= k) {
      reg sums[2][Sums];
      for (auto& half_sums : sums)
        for (reg& s : half_sums) s = V::set(T{0});
      const std::size_t stop = k - j < 2 * run * W ? k : j + 2 * run * W;
      for (; j + 2 * W <= stop; j += 2 * W) {
        __builtin_prefetch(next + j);
        if constexpr (2 * W * sizeof(T) > 64) __builtin_prefetch(next + j + W);
        term(V::load(z + j), sums[0]);
        term(V::load(z + j + W), sums[1]);
      }
      if (j + W <= stop) {
        term(V::load(z + j), sums[0]);
        j += W;
      }
      for (std::size_t i = 0; i < Sums; ++i) V::spill(totals[i], V::add(sums[0][i], sums[1][i]));
    }
    if (j < k) {
      reg sums[Sums];
      for (reg& s : sums) s = V::set(T{0});
      term(V::load_n(z + j, k - j, fill), sums);
      for (std::size_t i = 0; i < Sums; ++i) V::spill(totals[i], sums[i]);
    }
  }

  template<bool Squares>
  struct softmax_term {
    reg max;
    void operator()(reg z, reg* sums) const {
      const reg e = V::exp(V::sub(z, max));
      sums[0] = V::add(sums[0], e);
      if constexpr (Squares) sums[1] = V::fma(e, e, sums[1]);
    }
  };

  template<bool Squares>
  static void softmax_rows_as(const T* z, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                              const row_sums<T>& out) {
    for (std::size_t i = 0; i < rows; ++i, z += stride) {
      const T max = row_max(z, k);
      wide totals[Squares ? 2 : 1];
      clear(totals);
      sum_row<Squares ? 2 : 1>(z, k, minus_infinity, z + stride, softmax_term<Squares>{V::set(max)},
                               totals);
      out.max[i] = max;
      out.sum[i] = V::total(totals[0]);
      if (out.inverse != nullptr) out.inverse[i] = 1.0 / out.sum[i];
      if constexpr (Squares) out.second[i] = V::total(totals[1]);
    }
  }
  static void softmax_rows(const T* z, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                           const row_sums<T>& out) {
    if (out.second != nullptr)
      softmax_rows_as<true>(z, stride, rows, k, out);
    else
      softmax_rows_as<false>(z, stride, rows, k, out);
  }

  /// sum of w, w u and w u^2 with u = z - max <= 0 and w = exp(beta u).
  struct tempered_term {
    reg max, beta, bottom;
    void operator()(reg z, reg* sums) const {
      const reg u = V::max(bottom, V::sub(z, max));  // -inf becomes finite: 0 times it is 0
      const reg w = V::exp(V::mul(u, beta));
      const reg wu = V::mul(w, u);
      sums[0] = V::add(sums[0], w);
      sums[1] = V::add(sums[1], wu);
      sums[2] = V::fma(wu, u, sums[2]);
    }
  };
  static void tempered_rows(const T* z, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                            double beta, const row_sums<T>& out) {
    for (std::size_t i = 0; i < rows; ++i, z += stride) {
      const T max = row_max(z, k);
      wide totals[3];
      clear(totals);
      sum_row<3>(z, k, minus_infinity, z + stride,
                 tempered_term{V::set(max), V::set(static_cast<T>(beta)),
                               V::set(std::numeric_limits<T>::lowest())},
                 totals);
      out.max[i] = max;
      out.sum[i] = V::total(totals[0]);
      out.second[i] = V::total(totals[1]);
      out.third[i] = V::total(totals[2]);
    }
  }

  static T row_min(const T* z, std::size_t k) {
    reg a = V::set(std::numeric_limits<T>::infinity());
    std::size_t j = 0;
    for (; j + W <= k; j += W) a = V::min(V::load(z + j), a);
    if (j < k) a = V::min(V::load_n(z + j, k - j, std::numeric_limits<T>::infinity()), a);
    return V::lowest(a);
  }
  /// Sums and sums of squares of probabilities go straight to double: what is derived from them is
  /// exact to double rounding for float input too.
  static void simplex_row(const T* p, std::size_t k, const T* next, wide* totals) {
    std::size_t j = 0;
    for (; j + W <= k; j += W) {
      __builtin_prefetch(next + j);
      const reg x = V::load(p + j);
      V::spill(totals[0], x);
      V::spill_squares(totals[1], x);
    }
    if (j < k) {
      const reg x = V::load_n(p + j, k - j, T{0});
      V::spill(totals[0], x);
      V::spill_squares(totals[1], x);
    }
  }
  static void simplex_rows(const T* p, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                           const row_sums<T>& out) {
    for (std::size_t i = 0; i < rows; ++i, p += stride) {
      out.max[i] = row_max(p, k);
      out.min[i] = row_min(p, k);
      wide totals[2];
      clear(totals);
      simplex_row(p, k, p + stride, totals);
      out.sum[i] = V::total(totals[0]);
      out.second[i] = V::total(totals[1]);
    }
  }

  // ---- down the columns ----------------------------------------------------------------------

  static reg load_lanes(const T* p, std::size_t n) {
    return n == W ? V::load(p) : V::load_n(p, n, T{0});
  }

  /// The largest class of each lane and its first index.
  static void col_max(const T* z, std::ptrdiff_t stride, std::size_t k, std::size_t n, reg& max,
                      reg& arg_max) {
    max = load_lanes(z, n);
    arg_max = V::set(T{0});
    for (std::size_t j = 1; j < k; ++j) {
      const reg x = load_lanes(z + static_cast<std::ptrdiff_t>(j) * stride, n);
      arg_max = V::if_greater(x, max, V::set(static_cast<T>(j)), arg_max);
      max = V::max(x, max);
    }
  }

  template<std::size_t Sums, class Term>
  static void sum_cols(const T* z, std::ptrdiff_t stride, std::size_t k, std::size_t n, Term term,
                       wide* totals) {
    for (std::size_t j = 0; j < k;) {
      reg sums[Sums];
      for (reg& s : sums) s = V::set(T{0});
      const std::size_t stop = k - j < run ? k : j + run;
      for (; j < stop; ++j) term(load_lanes(z + static_cast<std::ptrdiff_t>(j) * stride, n), sums);
      for (std::size_t i = 0; i < Sums; ++i) V::spill(totals[i], sums[i]);
    }
  }

  template<bool Squares>
  static void softmax_cols_as(const T* z, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                              const row_sums<T>& out) {
    for (std::size_t i = 0; i < rows; i += W) {
      const std::size_t n = rows - i < W ? rows - i : W;
      reg max, arg_max;
      col_max(z + i, stride, k, n, max, arg_max);
      wide totals[Squares ? 2 : 1];
      clear(totals);
      sum_cols<Squares ? 2 : 1>(z + i, stride, k, n, softmax_term<Squares>{max}, totals);
      V::store_n(out.max + i, max, n);
      V::store_n(out.arg_max + i, arg_max, n);
      V::store_wide(out.sum + i, totals[0], n);
      if (out.inverse != nullptr) V::store_wide(out.inverse + i, V::inverse(totals[0]), n);
      if constexpr (Squares) V::store_wide(out.second + i, totals[1], n);
    }
  }
  static void softmax_cols(const T* z, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                           const row_sums<T>& out) {
    if (out.second != nullptr)
      softmax_cols_as<true>(z, stride, rows, k, out);
    else
      softmax_cols_as<false>(z, stride, rows, k, out);
  }

  static void tempered_cols(const T* z, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                            double beta, const row_sums<T>& out) {
    for (std::size_t i = 0; i < rows; i += W) {
      const std::size_t n = rows - i < W ? rows - i : W;
      reg max, arg_max;
      col_max(z + i, stride, k, n, max, arg_max);
      wide totals[3];
      clear(totals);
      sum_cols<3>(z + i, stride, k, n,
                  tempered_term{max, V::set(static_cast<T>(beta)),
                                V::set(std::numeric_limits<T>::lowest())},
                  totals);
      V::store_n(out.max + i, max, n);
      V::store_wide(out.sum + i, totals[0], n);
      V::store_wide(out.second + i, totals[1], n);
      V::store_wide(out.third + i, totals[2], n);
    }
  }

  static void simplex_cols(const T* p, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                           const row_sums<T>& out) {
    for (std::size_t i = 0; i < rows; i += W) {
      const std::size_t n = rows - i < W ? rows - i : W;
      reg max, arg_max;
      col_max(p + i, stride, k, n, max, arg_max);
      reg min = max;
      for (std::size_t j = 0; j < k; ++j)
        min = V::min(load_lanes(p + i + static_cast<std::ptrdiff_t>(j) * stride, n), min);
      wide totals[2];
      clear(totals);
      for (std::size_t j = 0; j < k; ++j) {
        const reg x = load_lanes(p + i + static_cast<std::ptrdiff_t>(j) * stride, n);
        V::spill(totals[0], x);
        V::spill_squares(totals[1], x);
      }
      V::store_n(out.max + i, max, n);
      V::store_n(out.arg_max + i, arg_max, n);
      V::store_n(out.min + i, min, n);
      V::store_wide(out.sum + i, totals[0], n);
      V::store_wide(out.second + i, totals[1], n);
    }
  }

  // ---- from rows to columns ------------------------------------------------------------------

  /// One round of a perfect shuffle: classes that lie in the lanes of Regs registers (a row, or
  /// several interleaved ones, in each) move into the number of the register. After log2(W) rounds
  /// register j holds class j of W rows. Of Classes still in the lanes the first Wanted are kept.
  template<std::size_t Classes, std::size_t Wanted, std::size_t Regs, std::size_t... I>
  [[gnu::always_inline]] static inline void shuffle(const reg (&in)[Regs], reg (&out)[Wanted],
                                                    std::index_sequence<I...>) {
    if constexpr (Classes == 1) {
      ((out[I] = in[I], out[I + Regs / 2] = in[I + Regs / 2]), ...);
    } else if constexpr (Wanted > Classes / 2) {
      reg next[Regs];
      ((next[2 * I] = V::zip_low(in[I], in[I + Regs / 2]),
        next[2 * I + 1] = V::zip_high(in[I], in[I + Regs / 2])),
       ...);
      shuffle<Classes / 2, Wanted>(next, out, std::index_sequence<I...>{});
    } else {
      reg next[Regs / 2] = {V::zip_low(in[I], in[I + Regs / 2])...};
      shuffle<Classes / 2, Wanted>(next, out, std::make_index_sequence<Regs / 4>{});
    }
  }

  /// k <= Wanted classes of W rows, to out[class * out_stride + row].
  template<std::size_t Wanted, std::size_t... I>
  [[gnu::always_inline]] static inline void turn_block(const T* in, std::ptrdiff_t stride,
                                                       std::size_t k, T* out,
                                                       std::size_t out_stride,
                                                       std::index_sequence<I...>) {
    const reg rows[W] = {V::load_n(in + static_cast<std::ptrdiff_t>(I) * stride, k, T{0})...};
    reg cols[Wanted];
    shuffle<W, Wanted>(rows, cols, std::make_index_sequence<W / 2>{});
    for (std::size_t j = 0; j < k; ++j) V::store(out + j * out_stride, cols[j]);
  }

  /// The same for all rows; as many rows behind them are read ahead.
  template<std::size_t Wanted>
  static void turn_blocks(const T* in, std::ptrdiff_t stride, std::size_t rows, std::size_t k,
                          T* out, std::size_t out_stride) {
    const T* next = in + static_cast<std::ptrdiff_t>(rows) * stride;
    for (std::size_t i = 0; i + W <= rows; i += W) {
      for (std::size_t n = 0; n < W; ++n, next += stride) __builtin_prefetch(next);
      turn_block<Wanted>(in + static_cast<std::ptrdiff_t>(i) * stride, stride, k, out + i,
                         out_stride, std::make_index_sequence<W>{});
    }
  }

  static constexpr std::size_t half = W / 2 < 2 ? 2 : W / 2;
  static constexpr std::size_t quarter = W / 4 < 2 ? 2 : W / 4;

  /// out[class * out_stride + row] = in[row * stride + class]
  static void turn(const T* in, std::ptrdiff_t stride, std::size_t rows, std::size_t k, T* out,
                   std::size_t out_stride) {
    for (std::size_t j = 0; j < k; j += W) {
      const std::size_t n = k - j < W ? k - j : W;
      const auto blocks = n <= 2         ? turn_blocks<2>
                          : n <= quarter ? turn_blocks<quarter>
                          : n <= half    ? turn_blocks<half>
                                         : turn_blocks<W>;
      blocks(in + j, stride, rows, n, out + j * out_stride, out_stride);
    }
    for (std::size_t i = rows / W * W; i < rows; ++i)
      for (std::size_t j = 0; j < k; ++j)
        out[j * out_stride + i] =
            in[static_cast<std::ptrdiff_t>(i) * stride + static_cast<std::ptrdiff_t>(j)];
  }

  // ---- single rows ---------------------------------------------------------------------------

  /// out[j] = scale * exp(beta * (z[j] - max))
  static void exp_row(const T* z, std::size_t k, T beta, T max, T scale, T* out) {
    const reg b = V::set(beta), m = V::set(max), s = V::set(scale);
    const reg bottom = V::set(std::numeric_limits<T>::lowest());
    std::size_t j = 0;
    for (; j + W <= k; j += W) {
      const reg u = V::max(bottom, V::sub(V::load(z + j), m));
      V::store(out + j, V::mul(s, V::exp(V::mul(b, u))));
    }
    if (j < k) {
      const reg u = V::max(bottom, V::sub(V::load_n(z + j, k - j, max), m));
      V::store_n(out + j, V::mul(s, V::exp(V::mul(b, u))), k - j);
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
    for (; j < k; ++j)
      if (p[j] == x) return j;
    return k;
  }

  static constexpr row_kernels<T> table{
      &softmax_rows, &softmax_cols, &simplex_rows, &simplex_cols, &tempered_rows, &tempered_cols,
      &exp_row,      &add_row,      &select_row,   &find_row,     &turn,          &count_below};
};

}  // namespace calibra::detail::CALIBRA_DETAIL_ISA
