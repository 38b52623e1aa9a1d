// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Calls of losses that compile; with FAULT_<name>, the twin that must not.
#include <array>
#include <vector>

#include "calibra/array/class_axis.hpp"
#include "calibra/loss/margin_smoothing_loss.hpp"
#include "calibra/loss/mmce_loss.hpp"
#include "calibra/loss/zero_shot_normalised.hpp"
#include "calibra/loss/zero_shot_range_penalty_loss.hpp"
#include "calibra/scores.hpp"

using table = std::vector<std::array<float, 3>>;

double bare(const table& z, const std::vector<int>& labels) {
#ifdef FAULT_bare_loss_scores
  return calibra::mmce_loss(z, labels);
#else
  return calibra::mmce_loss(calibra::logits(z), labels);
#endif
}

double bare_gradient(const table& z, const std::vector<int>& labels,
                     calibra::matrix_view<float> gradient) {
#ifdef FAULT_bare_loss_gradient
  return calibra::mmce_loss(z, labels, gradient);
#else
  return calibra::mmce_loss(calibra::logits(z), labels, gradient);
#endif
}

double multilabel(const std::vector<float>& x, const table& all, const std::vector<int>& labels) {
#ifdef FAULT_multilabel_loss
  return calibra::mmce_loss(calibra::multilabel_logits(all), labels);
#else
  static_cast<void>(all);
  return calibra::mmce_loss(calibra::binary_logits(x), labels);
#endif
}

double class_axis(const table& all, const calibra::unranked_view<const float>& z,
                  const std::vector<int>& labels) {
#ifdef FAULT_class_axis_loss
  static_cast<void>(all);
  return calibra::mmce_loss(calibra::logits(calibra::class_axis(z, 1)), labels);
#else
  static_cast<void>(z);
  return calibra::mmce_loss(calibra::logits(all), labels);
#endif
}

double margin(const table& scores, const std::vector<int>& labels) {
#ifdef FAULT_margin_of_probabilities
  return calibra::margin_smoothing_loss(calibra::probabilities(scores), labels);
#else
  return calibra::margin_smoothing_loss(calibra::logits(scores), labels);
#endif
}

double range(const table& z, const table& zero_shot) {
#ifdef FAULT_bare_zero_shot_logits
  return calibra::zero_shot_range_penalty_loss(calibra::logits(z), zero_shot);
#else
  return calibra::zero_shot_range_penalty_loss(calibra::logits(z), calibra::logits(zero_shot));
#endif
}

double range_of_logits(const table& scores, const table& zero_shot) {
#ifdef FAULT_range_of_probabilities
  return calibra::zero_shot_range_penalty_loss(calibra::probabilities(scores),
                                               calibra::probabilities(zero_shot));
#else
  return calibra::zero_shot_range_penalty_loss(calibra::logits(scores), calibra::logits(zero_shot));
#endif
}

double normalised(const table& z, [[maybe_unused]] const std::vector<float>& x) {
#ifdef FAULT_normalised_binary
  return calibra::zero_shot_normalised(calibra::binary_logits(x), calibra::binary_logits(x))(0, 0);
#else
  return calibra::zero_shot_normalised(calibra::logits(z), calibra::logits(z))(0, 0);
#endif
}

double labels(const table& z, const std::vector<int>& y) {
  return calibra::mmce_loss(calibra::logits(z), y);
}

double shape(const std::vector<float>& x, const std::vector<int>& y, std::vector<double>& vector,
             calibra::matrix_view<double> matrix) {
#ifdef FAULT_matrix_as_binary_gradient
  static_cast<void>(vector);
  return calibra::mmce_loss(calibra::binary_logits(x), y, matrix);
#else
  static_cast<void>(matrix);
  return calibra::mmce_loss(calibra::binary_logits(x), y, vector);
#endif
}

// A tensor type with losses, the least of one.
struct tensor {};

template<>
struct calibra::tensor_access<tensor> {
  using handle = tensor;
  static tensor hold(const tensor& t) { return t; }
  template<score_kind Kind>
  static tensor hold_scores(const tensor& t) {
    return t;
  }
};

#ifndef FAULT_tensor_without_losses
template<class Form>
struct calibra::detail::tensor_loss<Form, tensor> {
  template<class Scores, class Options>
  static tensor value(const Scores&, const tensor&, const Options&) {
    return {};
  }
};
#endif

tensor of_tensors(const tensor& t, const tensor& y) {
#ifdef FAULT_bare_tensor_loss
  return calibra::mmce_loss(t, y);
#else
  return calibra::mmce_loss(calibra::logits(t), y);
#endif
}

double by_hand(const tensor& t, const tensor& y, std::vector<double>& gradient) {
#ifdef FAULT_tensor_loss_gradient
  return calibra::mmce_loss(calibra::binary_logits(t), y, gradient);
#else
  static_cast<void>(t);
  static_cast<void>(y);
  return calibra::mmce_loss(calibra::binary_logits(gradient), std::vector<int>{}, gradient);
#endif
}

double range_of_tensors([[maybe_unused]] const tensor& t, const table& z) {
#ifdef FAULT_tensor_range
  static_cast<void>(z);
  return calibra::zero_shot_range_penalty_loss(calibra::logits(t), calibra::logits(t));
#else
  return calibra::zero_shot_range_penalty_loss(calibra::logits(z), calibra::logits(z));
#endif
}
