// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "clip/block.hpp"

namespace coop {

/// What the shapes of an encoder's parameters do not tell. Empty: the source does not say.
struct encoder_settings {
  std::optional<std::int64_t> heads;
  std::optional<std::int64_t> head_width;  ///< without `heads`: these are width / head_width
  std::optional<activation> nonlinearity;
  std::optional<double> epsilon;      ///< of LayerNorm; 1e-5 where nothing says
  std::optional<std::int64_t> width;  ///< of the model that the source is about

  /// These, and of `others` what these do not say.
  encoder_settings or_else(const encoder_settings& others) const;
};

struct clip_settings {
  encoder_settings text, vision;
  std::string source;  ///< begins the messages about a width that does not fit

  clip_settings or_else(const clip_settings& others) const;
};

/// Those of OpenAI's own checkpoints: heads of 64, QuickGELU.
clip_settings openai_settings();

/// Those in the metadata of a `.safetensors` file: "transformer_heads", "vision_heads" and
/// "activation" (quick_gelu or gelu), none of which has to be there. `where` begins the message of
/// the calibra::value_error for another value.
clip_settings metadata_settings(const std::string& where,
                                const std::map<std::string, std::string>& metadata);

/// Those of Hugging Face's `config.json`: num_attention_heads, hidden_act, layer_norm_eps and
/// hidden_size of text_config and vision_config; a text_config_dict or vision_config_dict, as older
/// files have, is taken whole instead. Defaults of transformers: 8 and 12 heads, quick_gelu, 1e-5,
/// widths 512 and 768. None of the four: the file says nothing. Throws calibra::io_error for a file
/// that is no JSON object; calibra::value_error for a value of another kind and for an activation
/// that is neither quick_gelu nor gelu.
clip_settings hugging_face_settings(const std::string& path);

/// Those of open_clip's `open_clip_config.json`: of model_cfg, or of the whole without it, the
/// text_cfg.heads and width, the vision_cfg.head_width and width, quick_gelu, and norm_kwargs.eps
/// of either. Defaults of open_clip: 8 heads, heads of 64, GELU, 1e-5, widths 512 and 768. Without
/// text_cfg or vision_cfg the file says nothing. Throws as the above, and calibra::value_error that
/// lists every setting that asks for another model than is computed here (pool_type,
/// no_causal_mask, ...).
clip_settings open_clip_settings(const std::string& path);

/// Those of the configuration in the folder of `weights`, empty where there is none. Both kinds may
/// lie there: that which belongs to the names of the parameters is asked first.
clip_settings settings_beside(const std::string& weights, bool hugging_face_names);

}  // namespace coop
