// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "clip/block.hpp"
#include "clip/parameters.hpp"

namespace coop {

struct vision_config {
  std::int64_t resolution = 224;  ///< pixels a side, a multiple of patch
  std::int64_t patch = 16;
  std::int64_t width = 768;
  std::int64_t layers = 12;
  std::int64_t heads = 12;
  std::int64_t embed_dim = 512;
  std::int64_t hidden = 0;  ///< of the perceptrons; 0: four times the width
  activation nonlinearity = activation::quick_gelu;
  double epsilon = default_epsilon;  ///< of LayerNorm

  std::int64_t hidden_width() const { return hidden == 0 ? 4 * width : hidden; }
};

/// CLIP's image encoder in its ViT form. Sizes: N pictures, P patches, width W, embedding D.
/// Source: Dosovitskiy et al. 2021; Radford et al. 2021, section 2.4, and the published model.
/// The last block computes the class token only, as nothing else is read.
class vision_transformer {
 public:
  /// Parameters by OpenAI's names without "visual." (see `shapes`), shared, not copied.
  /// Throws calibra::value_error that lists all names that are missing, unknown or of wrong shape;
  /// calibra::option_error where sizes are below 1 or do not divide one another.
  vision_transformer(const vision_config& config, parameter_map parameters);
  /// "conv1.weight", "class_embedding", ..., "transformer.resblocks.0.ln_1.weight", ..., "proj".
  static parameter_shapes shapes(const vision_config& config);

  const vision_config& config() const { return config_; }
  const parameter_map& parameters() const { return parameters_; }

  /// Embedded patches [N, P, W] of pictures [N, 3, resolution, resolution], already normalised by
  /// the mean and deviation of CLIP's training pictures. Throws calibra::shape_error.
  at::Tensor patches(const at::Tensor& images) const;
  /// Class token, patches, positions, behind the first LayerNorm: [N, 1 + P, W].
  at::Tensor tokens(const at::Tensor& images) const;
  /// Unnormalised features [N, D].
  at::Tensor encode(const at::Tensor& images) const;

 private:
  vision_config config_;
  parameter_map parameters_;
  std::vector<block> blocks_;
};

}  // namespace coop
