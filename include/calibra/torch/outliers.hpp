// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "calibra/array/matrix.hpp"
#include "calibra/outlier/bank.hpp"
#include "calibra/outlier/features.hpp"
#include "calibra/torch/dor_loss.hpp"
#include "calibra/torch/feature_losses.hpp"

namespace calibra {

/// Outlier features on any device: with this, dynamic_outlier_regularization<at::Tensor> exists.
/// Drawing a batch copies B numbers to the device and selects B rows there; the loss reads nothing
/// back.
template<>
struct outlier_features<at::Tensor> {
  using index_type = at::Tensor;
  using rows_type = at::Tensor;

  static std::size_t rows(const at::Tensor& features) {
    detail::check_features(where, "the bank's features", features);
    return static_cast<std::size_t>(features.size(0));
  }
  static at::Tensor index(const at::Tensor& features, std::span<const std::size_t> ids) {
    at::Tensor index = at::empty({static_cast<std::int64_t>(ids.size())}, at::kLong);
    std::transform(ids.begin(), ids.end(), index.data_ptr<std::int64_t>(),
                   [](std::size_t id) { return static_cast<std::int64_t>(id); });
    return index.to(features.device());
  }
  static at::Tensor take(const at::Tensor& features, const at::Tensor& index) {
    return features.detach().index_select(0, index);
  }
  static at::Tensor loss(const at::Tensor& tuned, const at::Tensor& zero_shot, double lambda,
                         double gamma) {
    const at::Tensor distance = detail::cosine_distance(where, tuned, zero_shot);
    if (gamma == 0) return lambda * distance;
    return lambda * (distance + detail::moment_distance(where, tuned, zero_shot, 0, gamma));
  }

 private:
  static constexpr std::string_view where = "dynamic_outlier_regularization()";
};

/// The bank with its features as a float32 tensor on `device` (one copy).
[[nodiscard]] inline outlier_bank<at::Tensor> to_tensor(const outlier_bank<matrix<float>>& bank,
                                                        at::Device device = at::kCPU) {
  const matrix<float>& features = bank.features;
  at::Tensor tensor = at::empty(
      {static_cast<std::int64_t>(features.rows()), static_cast<std::int64_t>(features.cols())},
      at::kFloat);
  std::copy_n(features.data(), features.rows() * features.cols(), tensor.data_ptr<float>());
  return {bank.names, tensor.to(device), bank.scores};
}

/// The features of a tensor N x D, on any device and of any floating type, as floats in host memory
/// (one copy): what outlier_selector takes. Throws as dor_loss of tensors.
[[nodiscard]] inline matrix<float> to_matrix(const at::Tensor& features) {
  detail::check_features("to_matrix()", "features", features);
  matrix<float> copy(static_cast<std::size_t>(features.size(0)),
                     static_cast<std::size_t>(features.size(1)));
  const at::Tensor dense = features.detach().to(at::kCPU, at::kFloat).contiguous();
  std::copy_n(dense.data_ptr<float>(), copy.rows() * copy.cols(), copy.data());
  return copy;
}

}  // namespace calibra
