// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "clip/parameters.hpp"

namespace coop {

/// The nonlinearity of the perceptrons: QuickGELU in OpenAI's models, GELU in most others.
enum class activation { quick_gelu, gelu };
/// "quick_gelu" or "gelu".
std::string_view name_of(activation which);
/// The one of that name, or none.
std::optional<activation> activation_of(std::string_view name);

/// Epsilon of LayerNorm in published models.
inline constexpr double default_epsilon = 1e-5;

/// One pre-norm residual block: attention, then a perceptron of one hidden layer. The tensors are
/// handles that share memory with the map they come from.
struct block {
  at::Tensor ln_1_weight, ln_1_bias, in_weight, in_bias, out_weight, out_bias;
  at::Tensor ln_2_weight, ln_2_bias, fc_weight, fc_bias, proj_weight, proj_bias;

  activation nonlinearity = activation::quick_gelu;
  double epsilon = default_epsilon;

  /// The tensors "<prefix>ln_1.weight", "<prefix>attn.in_proj_weight", ...,
  /// "<prefix>mlp.c_proj.bias".
  static block from(const parameter_map& parameters, const std::string& prefix,
                    activation nonlinearity, double epsilon);

  /// x [..., W] to [..., 3 W]: queries, keys and values of the normalised tokens.
  at::Tensor queries_keys_values(const at::Tensor& x) const;
  /// x plus the projected heads, then plus the perceptron: all of the block behind the attention.
  at::Tensor finish(const at::Tensor& x, const at::Tensor& attended) const;
};

/// "<prefix>resblocks.<i>.": what the names of block i begin with.
std::string block_prefix(const std::string& prefix, std::int64_t i);

/// Names and shapes of the `layers` blocks "<prefix>resblocks.<i>." of `width` with perceptrons of
/// `hidden`, added to `shapes`.
void add_block_shapes(parameter_shapes& shapes, const std::string& prefix, std::int64_t layers,
                      std::int64_t width, std::int64_t hidden);
/// Random parameters of the same, as CLIP draws them, added to `parameters`.
void add_random_blocks(parameter_map& parameters, const std::string& prefix, std::int64_t layers,
                       std::int64_t width, std::int64_t hidden, std::mt19937_64& random);

/// LayerNorm over the last dimension.
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      double epsilon = default_epsilon);
/// x * sigmoid(1.702 x).
at::Tensor quick_gelu(const at::Tensor& x);

}  // namespace coop
