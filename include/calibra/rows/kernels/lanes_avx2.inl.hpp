// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Included by dispatch.hpp, once, between target pragmas; see there.

namespace calibra::detail::avx2 {

struct f32 {
  using value = float;
  using turning = f32;
  static constexpr std::size_t width = 8;
  static constexpr bool scales = false;
  using reg = __m256;
  struct wide {
    __m256d low, high;
  };

  static __m256i first(std::size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static wide zero() { return {_mm256_setzero_pd(), _mm256_setzero_pd()}; }
  static reg set(float x) { return _mm256_set1_ps(x); }
  static reg load(const float* p) { return _mm256_loadu_ps(p); }
  static reg load_n(const float* p, std::size_t n, float fill) {
    const __m256i mask = first(n);
    return _mm256_blendv_ps(set(fill), _mm256_maskload_ps(p, mask), _mm256_castsi256_ps(mask));
  }
  static void store(float* p, reg r) { _mm256_storeu_ps(p, r); }
  static void store_n(float* p, reg r, std::size_t n) { _mm256_maskstore_ps(p, first(n), r); }
  static reg add(reg a, reg b) { return a + b; }
  static reg sub(reg a, reg b) { return a - b; }
  static reg mul(reg a, reg b) { return a * b; }
  static reg fma(reg a, reg b, reg c) { return _mm256_fmadd_ps(a, b, c); }
  static reg max(reg a, reg b) { return _mm256_max_ps(a, b); }
  static reg min(reg a, reg b) { return _mm256_min_ps(a, b); }
  static reg if_greater(reg a, reg b, reg x, reg y) {
    return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_GT_OQ));
  }
  static reg zip_low(reg a, reg b) {
    return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x20);
  }
  static reg zip_high(reg a, reg b) {
    return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x31);
  }
  static reg blocks(const float* p, std::ptrdiff_t stride) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + stride),
                                1);
  }
  static reg unpack_low(reg a, reg b) { return _mm256_unpacklo_ps(a, b); }
  static reg unpack_high(reg a, reg b) { return _mm256_unpackhi_ps(a, b); }
  static unsigned at_least(reg a, reg b) {
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ)));
  }
  static unsigned equal(reg a, reg b) {
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_EQ_OQ)));
  }
  static reg next(reg r) {
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(r), _mm256_set1_epi32(1)));
  }
  static reg power(reg r) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(r), 23));
  }
  static reg exponent(reg x) {
    const __m256i counted = _mm256_or_si256(_mm256_srli_epi32(_mm256_castps_si256(x), 23),
                                            _mm256_castps_si256(set(0x1p23F)));
    return _mm256_castsi256_ps(counted) - set(0x1p23F + 127);
  }
  static reg mantissa(reg x) {
    return _mm256_or_ps(_mm256_and_ps(x, _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFF))),
                        set(1.0F));
  }
  static reg div(reg a, reg b) { return _mm256_div_ps(a, b); }
  static float highest(reg r) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(r), _mm256_extractf128_ps(r, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_shuffle_ps(m, m, 1)));
  }
  static float lowest(reg r) {
    __m128 m = _mm_min_ps(_mm256_castps256_ps128(r), _mm256_extractf128_ps(r, 1));
    m = _mm_min_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_min_ss(m, _mm_shuffle_ps(m, m, 1)));
  }
  static __m256d low_half(reg r) { return _mm256_cvtps_pd(_mm256_castps256_ps128(r)); }
  static __m256d high_half(reg r) { return _mm256_cvtps_pd(_mm256_extractf128_ps(r, 1)); }
  static void spill(wide& sums, reg r) {
    sums.low = _mm256_add_pd(sums.low, low_half(r));
    sums.high = _mm256_add_pd(sums.high, high_half(r));
  }
  static void spill_squares(wide& sums, reg r) {
    const __m256d low = low_half(r), high = high_half(r);
    sums.low = _mm256_fmadd_pd(low, low, sums.low);
    sums.high = _mm256_fmadd_pd(high, high, sums.high);
  }
  static __m256d folded(const wide& sums) { return _mm256_add_pd(sums.low, sums.high); }
  static double total(const wide& sums) {
    const __m256d s = folded(sums);
    const __m128d t = _mm_add_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd(s, 1));
    return _mm_cvtsd_f64(_mm_add_sd(t, _mm_unpackhi_pd(t, t)));
  }
  static wide inverse(const wide& sums) {
    const __m256d one = _mm256_set1_pd(1.0);
    return {_mm256_div_pd(one, sums.low), _mm256_div_pd(one, sums.high)};
  }
  static void store_wide(double* p, const wide& sums, std::size_t n) {
    if (n == width) {
      _mm256_storeu_pd(p, sums.low);
      _mm256_storeu_pd(p + 4, sums.high);
      return;
    }
    double all[width];
    _mm256_storeu_pd(all, sums.low);
    _mm256_storeu_pd(all + 4, sums.high);
    for (std::size_t i = 0; i < n; ++i) p[i] = all[i];
  }
  static void hits(reg arg_max, const std::int64_t* label, std::size_t n, unsigned char* hit) {
    if (n < width) {
      float all[width];
      store(all, arg_max);
      for (std::size_t i = 0; i < n; ++i) hit[i] = all[i] == static_cast<float>(label[i]);
      return;
    }
    const __m256 low =
        _mm256_castsi256_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(label)));
    const __m256 high =
        _mm256_castsi256_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(label + 4)));
    // the lower 32 bits of labels 0 1 4 5 2 3 6 7
    const __m256i mixed = _mm256_castps_si256(_mm256_shuffle_ps(low, high, 0x88));
    const __m256i labels = _mm256_permute4x64_epi64(mixed, 0xd8);
    const __m256i same = _mm256_cmpeq_epi32(labels, _mm256_cvtps_epi32(arg_max));
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(same), _mm256_extracti128_si256(same, 1));
    const __m128i bytes = _mm_and_si128(_mm_packs_epi16(words, words), _mm_set1_epi8(1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(hit), bytes);
  }
  static void add_to(double* p, reg r, std::size_t n) {
    if (n == width) {
      _mm256_storeu_pd(p, _mm256_add_pd(_mm256_loadu_pd(p), low_half(r)));
      _mm256_storeu_pd(p + 4, _mm256_add_pd(_mm256_loadu_pd(p + 4), high_half(r)));
      return;
    }
    float all[width];
    store(all, r);
    for (std::size_t i = 0; i < n; ++i) p[i] += static_cast<double>(all[i]);
  }
};

struct f64 {
  using value = double;
  using turning = f64;
  static constexpr std::size_t width = 4;
  static constexpr bool scales = false;
  using reg = __m256d;
  struct wide {
    __m256d all;
  };

  static __m256i first(std::size_t n) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<long long>(n)),
                              _mm256_setr_epi64x(0, 1, 2, 3));
  }
  static wide zero() { return {_mm256_setzero_pd()}; }
  static reg set(double x) { return _mm256_set1_pd(x); }
  static reg load(const double* p) { return _mm256_loadu_pd(p); }
  static reg load_n(const double* p, std::size_t n, double fill) {
    const __m256i mask = first(n);
    return _mm256_blendv_pd(set(fill), _mm256_maskload_pd(p, mask), _mm256_castsi256_pd(mask));
  }
  static void store(double* p, reg r) { _mm256_storeu_pd(p, r); }
  static void store_n(double* p, reg r, std::size_t n) { _mm256_maskstore_pd(p, first(n), r); }
  static reg add(reg a, reg b) { return a + b; }
  static reg sub(reg a, reg b) { return a - b; }
  static reg mul(reg a, reg b) { return a * b; }
  static reg fma(reg a, reg b, reg c) { return _mm256_fmadd_pd(a, b, c); }
  static reg max(reg a, reg b) { return _mm256_max_pd(a, b); }
  static reg min(reg a, reg b) { return _mm256_min_pd(a, b); }
  static reg if_greater(reg a, reg b, reg x, reg y) {
    return _mm256_blendv_pd(y, x, _mm256_cmp_pd(a, b, _CMP_GT_OQ));
  }
  static reg zip_low(reg a, reg b) {
    return _mm256_permute2f128_pd(_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b), 0x20);
  }
  static reg zip_high(reg a, reg b) {
    return _mm256_permute2f128_pd(_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b), 0x31);
  }
  static reg blocks(const double* p, std::ptrdiff_t stride) {
    return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p)), _mm_loadu_pd(p + stride),
                                1);
  }
  static reg unpack_low(reg a, reg b) { return _mm256_unpacklo_pd(a, b); }
  static reg unpack_high(reg a, reg b) { return _mm256_unpackhi_pd(a, b); }
  static unsigned at_least(reg a, reg b) {
    return static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(a, b, _CMP_GE_OQ)));
  }
  static unsigned equal(reg a, reg b) {
    return static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(a, b, _CMP_EQ_OQ)));
  }
  static reg next(reg r) {
    return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(r), _mm256_set1_epi64x(1)));
  }
  static reg power(reg r) {
    return _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_castpd_si256(r), 52));
  }
  static reg from_bytes(const unsigned char* p) {
    std::int32_t four;
    std::memcpy(&four, p, sizeof four);
    return _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(four)));
  }
  static reg exponent(reg x) {
    const __m256i counted = _mm256_or_si256(_mm256_srli_epi64(_mm256_castpd_si256(x), 52),
                                            _mm256_castpd_si256(set(0x1p52)));
    return _mm256_castsi256_pd(counted) - set(0x1p52 + 1023);
  }
  static reg mantissa(reg x) {
    return _mm256_or_pd(_mm256_and_pd(x, _mm256_castsi256_pd(_mm256_set1_epi64x(0xFFFFFFFFFFFFF))),
                        set(1.0));
  }
  static double highest(reg r) {
    const __m128d m = _mm_max_pd(_mm256_castpd256_pd128(r), _mm256_extractf128_pd(r, 1));
    return _mm_cvtsd_f64(_mm_max_sd(m, _mm_unpackhi_pd(m, m)));
  }
  static double lowest(reg r) {
    const __m128d m = _mm_min_pd(_mm256_castpd256_pd128(r), _mm256_extractf128_pd(r, 1));
    return _mm_cvtsd_f64(_mm_min_sd(m, _mm_unpackhi_pd(m, m)));
  }
  static void spill(wide& sums, reg r) { sums.all = add(sums.all, r); }
  static void spill_squares(wide& sums, reg r) { sums.all = fma(r, r, sums.all); }
  static reg folded(const wide& sums) { return sums.all; }
  static double total(const wide& sums) {
    const __m128d t =
        _mm_add_pd(_mm256_castpd256_pd128(sums.all), _mm256_extractf128_pd(sums.all, 1));
    return _mm_cvtsd_f64(_mm_add_sd(t, _mm_unpackhi_pd(t, t)));
  }
  static wide inverse(const wide& sums) { return {_mm256_div_pd(set(1.0), sums.all)}; }
  static reg div(reg a, reg b) { return _mm256_div_pd(a, b); }
  static void store_wide(double* p, const wide& sums, std::size_t n) { store_n(p, sums.all, n); }
  static void hits(reg arg_max, const std::int64_t* label, std::size_t n, unsigned char* hit) {
    double all[width];
    store(all, arg_max);
    for (std::size_t i = 0; i < n; ++i) hit[i] = all[i] == static_cast<double>(label[i]);
  }
  static void add_to(double* p, reg r, std::size_t n) {
    const __m256i mask = first(n);
    _mm256_maskstore_pd(p, mask, add(_mm256_maskload_pd(p, mask), r));
  }
};

inline void widen(const half* in, std::size_t n, float* out) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8)
    f32::store(out + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i))));
  for (; i < n; ++i) out[i] = static_cast<float>(in[i]);
}
inline void widen(const bfloat16* in, std::size_t n, float* out) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i bits =
        _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i)));
    f32::store(out + i, _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16)));
  }
  for (; i < n; ++i) out[i] = static_cast<float>(in[i]);
}

}  // namespace calibra::detail::avx2
