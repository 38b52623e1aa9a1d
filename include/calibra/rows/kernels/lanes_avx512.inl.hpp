// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Included by dispatch.hpp, once, between target pragmas; see there.

namespace calibra::detail::avx512 {

struct f32 {
  using value = float;
  using turning = avx2::f32;
  static constexpr std::size_t width = 16;
  static constexpr bool scales = true;
  using reg = __m512;
  struct wide {
    __m512d low, high;
  };

  static __mmask16 first(std::size_t n) { return static_cast<__mmask16>((1U << n) - 1U); }
  static wide zero() { return {_mm512_setzero_pd(), _mm512_setzero_pd()}; }
  static reg set(float x) { return _mm512_set1_ps(x); }
  static reg load(const float* p) { return _mm512_loadu_ps(p); }
  static reg load_n(const float* p, std::size_t n, float fill) {
    return _mm512_mask_loadu_ps(set(fill), first(n), p);
  }
  static void store(float* p, reg r) { _mm512_storeu_ps(p, r); }
  static void store_n(float* p, reg r, std::size_t n) { _mm512_mask_storeu_ps(p, first(n), r); }
  static reg add(reg a, reg b) { return a + b; }
  static reg sub(reg a, reg b) { return a - b; }
  static reg mul(reg a, reg b) { return a * b; }
  static reg fma(reg a, reg b, reg c) { return _mm512_fmadd_ps(a, b, c); }
  static reg max(reg a, reg b) { return _mm512_max_ps(a, b); }
  static reg min(reg a, reg b) { return _mm512_min_ps(a, b); }
  static reg if_greater(reg a, reg b, reg x, reg y) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), y, x);
  }
  static reg zip_low(reg a, reg b) {
    return _mm512_permutex2var_ps(
        a, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), b);
  }
  static reg zip_high(reg a, reg b) {
    return _mm512_permutex2var_ps(
        a, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), b);
  }
  static unsigned at_least(reg a, reg b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
  static unsigned equal(reg a, reg b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
  static reg next(reg r) {
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(r), _mm512_set1_epi32(1)));
  }
  /// What is above the integer below x; 0 for infinities.
  static reg fraction(reg x) {
    return _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  }
  /// a 2^n with n the integer below x.
  static reg scale(reg a, reg x) { return _mm512_scalef_ps(a, x); }
  static reg exponent(reg x) { return _mm512_getexp_ps(x); }
  static reg mantissa(reg x) { return _mm512_getmant_ps(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src); }
  static reg div(reg a, reg b) { return _mm512_div_ps(a, b); }
  static float highest(reg r) { return _mm512_reduce_max_ps(r); }
  static float lowest(reg r) { return _mm512_reduce_min_ps(r); }
  static __m512d low_half(reg r) { return _mm512_cvtps_pd(_mm512_castps512_ps256(r)); }
  static __m512d high_half(reg r) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(r, 1)); }
  static void spill(wide& sums, reg r) {
    sums.low = _mm512_add_pd(sums.low, low_half(r));
    sums.high = _mm512_add_pd(sums.high, high_half(r));
  }
  static void spill_squares(wide& sums, reg r) {
    const __m512d low = low_half(r), high = high_half(r);
    sums.low = _mm512_fmadd_pd(low, low, sums.low);
    sums.high = _mm512_fmadd_pd(high, high, sums.high);
  }
  static __m512d folded(const wide& sums) { return _mm512_add_pd(sums.low, sums.high); }
  static double total(const wide& sums) { return _mm512_reduce_add_pd(folded(sums)); }
  static wide inverse(const wide& sums) {
    const __m512d one = _mm512_set1_pd(1.0);
    return {_mm512_div_pd(one, sums.low), _mm512_div_pd(one, sums.high)};
  }
  static void store_wide(double* p, const wide& sums, std::size_t n) {
    const __mmask16 mask = first(n);
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>(mask), sums.low);
    _mm512_mask_storeu_pd(p + 8, static_cast<__mmask8>(mask >> 8), sums.high);
  }
  static void hits(reg arg_max, const std::int64_t* label, std::size_t n, unsigned char* hit) {
    const __mmask16 mask = first(n);
    const __m512i low = _mm512_maskz_loadu_epi64(static_cast<__mmask8>(mask), label);
    const __m512i high = _mm512_maskz_loadu_epi64(static_cast<__mmask8>(mask >> 8), label + 8);
    const __m512i labels = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(low)),
                                              _mm512_cvtepi64_epi32(high), 1);
    const __mmask16 same = _mm512_cmpeq_epi32_mask(labels, _mm512_cvtps_epi32(arg_max));
    _mm_mask_storeu_epi8(hit, mask, _mm_maskz_set1_epi8(same, 1));
  }
  static void add_to(double* p, reg r, std::size_t n) {
    const auto low = static_cast<__mmask8>(first(n));
    const auto high = static_cast<__mmask8>(first(n) >> 8);
    _mm512_mask_storeu_pd(p, low, _mm512_add_pd(_mm512_maskz_loadu_pd(low, p), low_half(r)));
    _mm512_mask_storeu_pd(p + 8, high,
                          _mm512_add_pd(_mm512_maskz_loadu_pd(high, p + 8), high_half(r)));
  }
};

struct f64 {
  using value = double;
  using turning = avx2::f64;
  static constexpr std::size_t width = 8;
  static constexpr bool scales = true;
  using reg = __m512d;
  struct wide {
    __m512d all;
  };

  static __mmask8 first(std::size_t n) { return static_cast<__mmask8>((1U << n) - 1U); }
  static wide zero() { return {_mm512_setzero_pd()}; }
  static reg set(double x) { return _mm512_set1_pd(x); }
  static reg load(const double* p) { return _mm512_loadu_pd(p); }
  static reg load_n(const double* p, std::size_t n, double fill) {
    return _mm512_mask_loadu_pd(set(fill), first(n), p);
  }
  static void store(double* p, reg r) { _mm512_storeu_pd(p, r); }
  static void store_n(double* p, reg r, std::size_t n) { _mm512_mask_storeu_pd(p, first(n), r); }
  static reg add(reg a, reg b) { return a + b; }
  static reg sub(reg a, reg b) { return a - b; }
  static reg mul(reg a, reg b) { return a * b; }
  static reg fma(reg a, reg b, reg c) { return _mm512_fmadd_pd(a, b, c); }
  static reg max(reg a, reg b) { return _mm512_max_pd(a, b); }
  static reg min(reg a, reg b) { return _mm512_min_pd(a, b); }
  static reg if_greater(reg a, reg b, reg x, reg y) {
    return _mm512_mask_blend_pd(_mm512_cmp_pd_mask(a, b, _CMP_GT_OQ), y, x);
  }
  static reg zip_low(reg a, reg b) {
    return _mm512_permutex2var_pd(a, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), b);
  }
  static reg zip_high(reg a, reg b) {
    return _mm512_permutex2var_pd(a, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), b);
  }
  static unsigned at_least(reg a, reg b) { return _mm512_cmp_pd_mask(a, b, _CMP_GE_OQ); }
  static unsigned equal(reg a, reg b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
  static reg next(reg r) {
    return _mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(r), _mm512_set1_epi64(1)));
  }
  /// What is above the integer below x; 0 for infinities.
  static reg fraction(reg x) {
    return _mm512_reduce_pd(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  }
  /// a 2^n with n the integer below x.
  static reg scale(reg a, reg x) { return _mm512_scalef_pd(a, x); }
  static reg from_bytes(const unsigned char* p) {
    return _mm512_cvtepi32_pd(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
  }
  static reg exponent(reg x) { return _mm512_getexp_pd(x); }
  static reg mantissa(reg x) { return _mm512_getmant_pd(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src); }
  static double highest(reg r) { return _mm512_reduce_max_pd(r); }
  static double lowest(reg r) { return _mm512_reduce_min_pd(r); }
  static void spill(wide& sums, reg r) { sums.all = add(sums.all, r); }
  static void spill_squares(wide& sums, reg r) { sums.all = fma(r, r, sums.all); }
  static reg folded(const wide& sums) { return sums.all; }
  static double total(const wide& sums) { return _mm512_reduce_add_pd(sums.all); }
  static wide inverse(const wide& sums) { return {_mm512_div_pd(set(1.0), sums.all)}; }
  static reg div(reg a, reg b) { return _mm512_div_pd(a, b); }
  static void store_wide(double* p, const wide& sums, std::size_t n) { store_n(p, sums.all, n); }
  static void hits(reg arg_max, const std::int64_t* label, std::size_t n, unsigned char* hit) {
    const __mmask8 mask = first(n);
    const __m512i labels = _mm512_maskz_loadu_epi64(mask, label);
    const __mmask8 same = _mm512_cmpeq_epi64_mask(labels, _mm512_cvtpd_epi64(arg_max));
    _mm_mask_storeu_epi8(hit, mask, _mm_maskz_set1_epi8(same, 1));
  }
  static void add_to(double* p, reg r, std::size_t n) {
    _mm512_mask_storeu_pd(p, first(n), add(_mm512_maskz_loadu_pd(first(n), p), r));
  }
};

inline void widen(const half* in, std::size_t n, float* out) {
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16)
    f32::store(out + i,
               _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i))));
  for (; i < n; ++i) out[i] = static_cast<float>(in[i]);
}
inline void widen(const bfloat16* in, std::size_t n, float* out) {
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512i bits =
        _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i)));
    f32::store(out + i, _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16)));
  }
  for (; i < n; ++i) out[i] = static_cast<float>(in[i]);
}

}  // namespace calibra::detail::avx512
