// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Calls with tensors that compile; with FAULT_<name>, the twin that must not.
#include <calibra/adapters/torch.hpp>
#include <calibra/recalibration/cross_fitted.hpp>
#include <calibra/recalibration/svs.hpp>
#include <vector>

void tensor_confidences(const at::Tensor& c, const at::Tensor& hit, const std::vector<int>& other) {
#ifdef FAULT_mixed_pairs
  static_cast<void>(calibra::confidences(c, other));
#else
  static_cast<void>(other);
  static_cast<void>(calibra::tabulate(calibra::confidences(c, hit)));
#endif
}

void multilabel(const at::Tensor& p, const at::Tensor& targets) {
#ifdef FAULT_multilabel_sample
  calibra::device_sample pairs;
  pairs.add(calibra::multilabel_probabilities(p), targets);
#else
  calibra::device_classwise_table tables;
  tables.add(calibra::multilabel_probabilities(p), targets);
#endif
}

void scaled(const calibra::temperature_scaling& t, const at::Tensor& z, at::Tensor& out) {
#ifdef FAULT_tensor_output
  t.transform(calibra::logits(z), out);
#else
  out = t.transform(calibra::logits(z));
#endif
}

void recalibrated_into(const calibra::svs& r, const at::Tensor& z, at::Tensor& out) {
#ifdef FAULT_recalibrated_output
  r.transform(calibra::logits(z), out);
#else
  out = r.transform(calibra::logits(z));
#endif
}

void fitted(const at::Tensor& z, const at::Tensor& y) {
#ifdef FAULT_tensor_folds
  static_cast<void>(calibra::fit<calibra::cross_fitted<calibra::svs>>(calibra::logits(z), y));
#else
  static_cast<void>(calibra::fit<calibra::svs>(calibra::logits(z), y));
#endif
}
