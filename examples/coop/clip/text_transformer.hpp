// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "clip/block.hpp"
#include "clip/parameters.hpp"

namespace coop {

struct text_config {
  std::int64_t width = 512;
  std::int64_t layers = 12;
  std::int64_t heads = 8;
  std::int64_t context_length = 77;
  std::int64_t vocabulary = 49408;
  std::int64_t embed_dim = 512;
  std::int64_t hidden = 0;  ///< of the perceptrons; 0: four times the width
  activation nonlinearity = activation::quick_gelu;
  double epsilon = default_epsilon;  ///< of LayerNorm

  std::int64_t hidden_width() const { return hidden == 0 ? 4 * width : hidden; }
};

/// CLIP's text encoder: a causal pre-norm transformer, read at the end-of-text token and projected.
/// Sizes below: N prompts of L tokens, width W, embedding D. It computes in the dtype and on the
/// device of its parameters. Gradients flow to the embeddings and to those parameters that require
/// them. Source: Radford et al. 2021, section 2.4, and the published model.
///
/// Causal means that a token sees those before it only. Two things are not computed, then, for they
/// change nothing: tokens behind the last end of text, and all but the ends in the last block.
/// Thread-safe to use while nobody changes the parameters.
class text_transformer {
 public:
  /// Parameters by OpenAI's names (see `shapes`). The tensors are shared, not copied.
  /// Throws calibra::value_error that lists all names that are missing, unknown or of wrong shape;
  /// calibra::option_error where a size is below 1 or the heads do not divide the width.
  text_transformer(const text_config& config, parameter_map parameters);
  /// Random parameters, drawn as CLIP draws them before training, in float32 from `seed` alone.
  static text_transformer random(const text_config& config, std::uint64_t seed);
  /// The names and shapes of the parameters: "token_embedding.weight", "positional_embedding",
  /// "transformer.resblocks.0.ln_1.weight", ..., "ln_final.bias", "text_projection".
  static parameter_shapes shapes(const text_config& config);

  const text_config& config() const { return config_; }
  /// The parameters: handles, so that `requires_grad_()` and changes in place reach the model.
  const parameter_map& parameters() const { return parameters_; }
  /// A copy in another dtype or on another device.
  text_transformer to(at::ScalarType dtype, at::Device device = at::kCPU) const;

  /// Token embeddings, without positions: int64 [...] to [..., W].
  at::Tensor embed(const at::Tensor& ids) const;
  /// Unnormalised features [N, D] of embedded prompts [N, L, W], L <= context_length, whose ends of
  /// text are at `ends`, int64 [N], each in [0, L). On the CPU tokens behind the last end are cut
  /// off first; elsewhere that would wait for the device, so cut before the call.
  /// Throws calibra::shape_error, and calibra::value_error for an end outside (on the CPU).
  at::Tensor encode_embedded(const at::Tensor& embeddings, const at::Tensor& ends) const;
  /// The same for prompts that all begin with the P tokens `prefix` [P, W], P >= 0, and go on with
  /// `rest` [N, S, W]; `ends` count from the beginning of `rest`. As the prefix sees nothing of the
  /// rest, it is computed once, not N times: P + N S tokens instead of N (P + S).
  at::Tensor encode_embedded(const at::Tensor& prefix, const at::Tensor& rest,
                             const at::Tensor& ends) const;
  /// Unnormalised features [N, D] of ids, int64 [N, L]; the end of text is the largest id of a row,
  /// the first of equals.
  at::Tensor encode(const at::Tensor& ids) const;

 private:
  at::Tensor run(const at::Tensor& prefix, const at::Tensor& rest, const at::Tensor& ends) const;

  text_config config_;
  parameter_map parameters_;
  std::vector<block> blocks_;
  at::Tensor token_embedding_, positional_embedding_, ln_final_weight_, ln_final_bias_, projection_;
};

}  // namespace coop
