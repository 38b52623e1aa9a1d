// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "calibra/evaluate/tabulate.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/options.hpp"
#include "calibra/rows/double_rows.hpp"
#include "calibra/scores.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

namespace detail {

/// The pairs of scores, in double: tests look at how far confidences are from 1.
template<class S, class L>
sample tested_pairs(const S& scores, const L& labels, const options& o) {
  if constexpr (tensor_scores<S>)
    return collect(scores, labels, o);
  else
    return collect(in_double(scores), labels, o);
}

}  // namespace detail

/// Calls of a test of calibration, the same for all of them. F has `static constexpr test_info
/// info` and `test_result of(const sample& sorted) const`, and its own options as members. What is
/// tested are (confidence, hit) pairs: of N x K scores those of the predicted class, of binary ones
/// what options::binary says. An immutable value; cheap to copy.
template<class F>
class calibration_test : public F {
 public:
  constexpr calibration_test() = default;
  constexpr explicit calibration_test(const F& f) : F(f) {}

  /// The test with other options: `t_cal_test.with({.draws = 500})`.
  [[nodiscard]] constexpr calibration_test with(const F& f) const { return calibration_test(f); }
  [[nodiscard]] static constexpr std::string_view name() noexcept { return F::info.name; }

  /// Of pairs, which are sorted in a copy if they are not.
  [[nodiscard]] test_result operator()(const sample& pairs) const {
    test_result r = detail::with_sorted(pairs, [&](const sample& x) { return F::of(x); });
    r.name = std::string(name());
    return r;
  }
  /// Of scores and labels, worked on in double. Shapes and errors as collect().
  template<wrapped_scores S, class L>
  [[nodiscard]] test_result operator()(const S& scores, const L& labels,
                                       const options& o = {}) const {
    return (*this)(detail::tested_pairs(scores, labels, o));
  }
  /// Of confidences(c, hit).
  template<class C, class H>
  [[nodiscard]] test_result operator()(const confidence_pairs<C, H>& pairs,
                                       const options& o = {}) const {
    return (*this)(collect(pairs, o));
  }
};

}  // namespace calibra
