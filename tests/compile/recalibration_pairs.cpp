// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// Which recalibrator takes which scores. Each FAULT_* must not compile; without one, all must.
#include <calibra/recalibration/chain.hpp>
#include <calibra/recalibration/choose.hpp>
#include <calibra/recalibration/choose_options.hpp>
#include <calibra/recalibration/cross_fitted.hpp>
#include <calibra/recalibration/isotonic.hpp>
#include <calibra/recalibration/one_against_one.hpp>
#include <calibra/recalibration/one_against_rest.hpp>
#include <calibra/recalibration/temperature.hpp>
#include <calibra/recalibration/top_label.hpp>
#include <calibra/recalibration/vector_scaling.hpp>

#include <array>
#include <string>
#include <vector>

using table = std::vector<std::array<float, 3>>;

void fits(const table& z, const std::vector<float>& x, const std::vector<int>& y) {
#ifdef FAULT_binary_of_classes
  static_cast<void>(calibra::fit<calibra::isotonic>(calibra::logits(z), y));
#endif
#ifdef FAULT_classes_of_binary
  static_cast<void>(calibra::fit<calibra::vector_scaling>(calibra::binary_logits(x), y));
#endif
#ifdef FAULT_fit_of_labels
  static_cast<void>(calibra::fit<calibra::isotonic>(calibra::multilabel_logits(z), z));
#endif
#ifdef FAULT_name_of_labels
  static_cast<void>(calibra::fit_by_name("ets", calibra::multilabel_logits(z), y));
#endif
#ifdef FAULT_name_of_texts
  const std::vector<std::string> names{"a", "b"};
  static_cast<void>(calibra::fit_by_name("ets", calibra::logits(z), names));
#endif
#ifdef FAULT_choice_of_labels
  static_cast<void>(calibra::choose_method(calibra::multilabel_probabilities(z), y));
#endif
#ifdef FAULT_options_of_labels
  static_cast<void>(calibra::choose_options<calibra::temperature_scaling>(
      calibra::multilabel_logits(z), y, {{}}));
#endif
#ifdef FAULT_chain_of_both
  static_cast<void>(calibra::chain<calibra::vector_scaling, calibra::isotonic>::takes);
#endif
#ifdef FAULT_chain_of_binary
  using binary = calibra::chain<calibra::temperature_scaling, calibra::isotonic>;
  static_cast<void>(calibra::fit<binary>(calibra::logits(z), y));
#endif
#ifdef FAULT_pairs_of_classes
  static_cast<void>(calibra::one_against_one<calibra::vector_scaling>::takes);
#endif
#ifdef FAULT_tops_of_classes
  static_cast<void>(calibra::top_label<calibra::vector_scaling>::takes);
#endif
  using calibra::isotonic;
  using calibra::temperature_scaling;
  using rest = calibra::one_against_rest<isotonic>;
  static_cast<void>(calibra::fit<calibra::chain<temperature_scaling, rest>>(calibra::logits(z), y));
  static_cast<void>(
      calibra::fit<calibra::chain<temperature_scaling, isotonic>>(calibra::binary_logits(x), y));
  static_cast<void>(calibra::fit<calibra::cross_fitted<temperature_scaling>>(
      calibra::logits(z), y, {}, {.folds = 3, .inner = {.warm_start = false}}));
  static_cast<void>(calibra::fit<calibra::one_against_one<isotonic>>(calibra::logits(z), y));
  static_cast<void>(calibra::fit<calibra::top_label<isotonic>>(calibra::logits(z), y));
  static_cast<void>(calibra::fit<calibra::one_against_rest<isotonic>>(calibra::logits(z), y));
  static_cast<void>(calibra::fit<calibra::vector_scaling>(calibra::logits(z), y));
  static_cast<void>(calibra::fit<isotonic>(calibra::binary_logits(x), y));
  static_cast<void>(calibra::fit_by_name("ets", calibra::logits(z), y));
  static_cast<void>(calibra::choose_method(calibra::logits(z), y));
  static_cast<void>(calibra::choose_options<temperature_scaling>(calibra::logits(z), y, {{}}));
}
