// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "clip/parameters.hpp"
#include "clip/settings.hpp"
#include "clip/text_transformer.hpp"
#include "clip/vision_transformer.hpp"

namespace coop {

/// A CLIP whose image encoder is a ViT.
struct clip_model {
  std::shared_ptr<const text_transformer> text;
  std::shared_ptr<const vision_transformer> vision;
  double logit_scale = 1;  ///< what cosines are multiplied by: exp of the parameter, about 100
  at::ScalarType stored = at::kFloat;  ///< what most of the weights are in the file
};

/// Reads the weights of a published CLIP: a `.safetensors` file with OpenAI's names (open_clip has
/// them too) or Hugging Face's, or OpenAI's TorchScript archive `.pt`. The kind is told by the
/// bytes, not by the name. Weights of any floating type are computed with as float32.
///
/// Sizes are read off the shapes. Heads, activation and LayerNorm's epsilon are not in them: they
/// are what `wanted` says, else the file's metadata, else the configuration beside it
/// (settings_beside). An archive is OpenAI's own, with heads of 64 and QuickGELU, unless `wanted`
/// says otherwise. Of any other file nothing is guessed: LAION's models have the shapes of OpenAI's
/// and another activation.
/// Throws calibra::io_error for a file of another kind; calibra::value_error that lists every
/// parameter that is missing, unknown or of a wrong shape, and where nothing says the heads or the
/// activation, or the configuration is of another width.
clip_model load_clip(const std::string& path, const clip_settings& wanted = {});

/// The same from parameters at hand; `where` begins the messages.
clip_model make_clip(const std::string& where, const parameter_map& parameters,
                     const clip_settings& settings);

}  // namespace coop
