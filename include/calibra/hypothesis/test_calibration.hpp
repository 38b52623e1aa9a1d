// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "calibra/evaluate/tabulate.hpp"
#include "calibra/hypothesis/calibration_test.hpp"
#include "calibra/hypothesis/e_value.hpp"
#include "calibra/hypothesis/hosmer_lemeshow.hpp"
#include "calibra/hypothesis/ks.hpp"
#include "calibra/hypothesis/kuiper.hpp"
#include "calibra/hypothesis/logistic.hpp"
#include "calibra/hypothesis/skce.hpp"
#include "calibra/hypothesis/spiegelhalter.hpp"
#include "calibra/hypothesis/t_cal.hpp"
#include "calibra/hypothesis/test_result.hpp"
#include "calibra/options.hpp"
#include "calibra/scores.hpp"

namespace calibra {

/// The tests, in the order in which test_calibration() makes them.
[[nodiscard]] inline std::vector<test_info> calibration_tests() {
  return {hypothesis::kuiper::info,        hypothesis::ks::info,
          hypothesis::spiegelhalter::info, hypothesis::hosmer_lemeshow::info,
          hypothesis::t_cal::info,         skce_test_type::info,
          hypothesis::logistic::info,      hypothesis::e_value::info};
}

/// All tests of calibration of scores and labels. Each has its own p; none is corrected for the
/// others. Shapes and errors as collect(). Cost: most is t_cal's.
template<wrapped_scores S, class L>
[[nodiscard]] std::vector<test_result> test_calibration(const S& scores, const L& labels,
                                                        const options& o = {}) {
  sample pairs = detail::tested_pairs(scores, labels, o);
  pairs.sort();
  return {kuiper_test(pairs),          ks_test(pairs),     spiegelhalter_test(pairs),
          hosmer_lemeshow_test(pairs), t_cal_test(pairs),  skce_test(scores, labels, o),
          logistic_test(pairs),        e_value_test(pairs)};
}
/// Of confidences(c, hit): all but skce, which needs classes.
template<class C, class H>
[[nodiscard]] std::vector<test_result> test_calibration(const confidence_pairs<C, H>& given,
                                                        const options& o = {}) {
  sample pairs = collect(given, o);
  pairs.sort();
  return {kuiper_test(pairs),          ks_test(pairs),    spiegelhalter_test(pairs),
          hosmer_lemeshow_test(pairs), t_cal_test(pairs), logistic_test(pairs),
          e_value_test(pairs)};
}

}  // namespace calibra
