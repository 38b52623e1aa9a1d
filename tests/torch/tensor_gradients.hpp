// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "calibra/array/view.hpp"

// Tensors for the tests of losses, and central differences of these.
namespace tensor_gradients {

inline constexpr double epsilon = std::numeric_limits<double>::epsilon();

inline at::Tensor random_tensor(std::int64_t rows, std::int64_t cols, std::uint64_t seed,
                                at::ScalarType dtype = at::kDouble) {
  at::set_num_threads(1);
  at::manual_seed(seed);
  return at::randn({rows, cols}, at::kDouble).to(dtype);
}

inline at::Tensor leaf(const at::Tensor& t) {
  return t.detach().clone().set_requires_grad(true);
}

using host_view = calibra::matrix_view<double>;

/// A tensor of float64 in host memory, to be read and written there.
inline host_view host(const at::Tensor& t) {
  return {t.data_ptr<double>(), static_cast<std::size_t>(t.size(0)),
          static_cast<std::size_t>(t.size(1)), static_cast<std::ptrdiff_t>(t.stride(0)),
          static_cast<std::ptrdiff_t>(t.stride(1))};
}

inline double largest(const at::Tensor& t) {
  return t.detach().abs().max().item<double>();
}

/// The largest difference between autograd's gradient and central differences.
template<class Loss>
double gradient_error(const Loss& loss, const at::Tensor& at) {
  const at::Tensor x = leaf(at);
  loss(x).backward();
  const double step = std::cbrt(epsilon);
  at::Tensor moved = at.detach().clone();
  double error = 0;
  for (std::int64_t i = 0; i < moved.numel(); ++i) {
    double& element = moved.data_ptr<double>()[i];
    const double before = element;
    element = before + step;
    const double above = loss(moved).template item<double>();
    element = before - step;
    const double below = loss(moved).template item<double>();
    element = before;
    error = std::max(error, std::abs((above - below) / (2 * step) -
                                     x.grad().contiguous().data_ptr<double>()[i]));
  }
  return error;
}

}  // namespace tensor_gradients
