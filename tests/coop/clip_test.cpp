// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "clip/tensor_file.hpp"
#include "clip/weights.hpp"
#include "fixtures.hpp"

using namespace coop;
using coop::test::distance;
using coop::test::fixture;
using coop::test::load_array;
using coop::test::with_quick_gelu;

namespace {

constexpr double single_tolerance = 1e-5;  // the fixtures' own, for features of size 1 to 5
constexpr double double_tolerance = 1000 * std::numeric_limits<double>::epsilon();

at::Tensor normalised(const at::Tensor& x) {
  return x / x.norm(2, 1, true);
}

void compare(const std::string& weights, const std::string& io, const clip_settings& settings) {
  const auto model_path = fixture(weights);
  const auto io_path = fixture(io);
  if (!model_path || !io_path) return;
  const clip_model model = load_clip(*model_path, settings);
  const at::Tensor ids = load_array(*io_path, "token_ids");
  const at::Tensor images = load_array(*io_path, "images");
  const at::Tensor text = model.text->encode(ids);
  const at::Tensor image = model.vision->encode(images);
  CHECK(distance(text, load_array(*io_path, "text_features")) < single_tolerance);
  CHECK(distance(image, load_array(*io_path, "image_features")) < single_tolerance);
  const at::Tensor logits = at::matmul(normalised(image), normalised(text).t()) * model.logit_scale;
  CHECK(distance(logits, load_array(*io_path, "logits_per_image")) < single_tolerance);

  const text_transformer exact_text = model.text->to(at::kDouble);
  parameter_map vision_parameters;
  for (const auto& [name, tensor] : model.vision->parameters())
    vision_parameters[name] = tensor.to(at::kDouble);
  const vision_transformer exact_vision(model.vision->config(), vision_parameters);
  CHECK(distance(exact_text.encode(ids), load_array(*io_path, "text_features_f64")) <
        double_tolerance);
  CHECK(distance(exact_vision.encode(images.to(at::kDouble)),
                 load_array(*io_path, "image_features_f64")) < double_tolerance);
}

/// The first layer of a model as a whole model.
template<class Config>
parameter_map first_layer(const parameter_map& parameters, Config& config) {
  config.layers = 1;
  parameter_map out;
  for (const auto& [name, tensor] : parameters)
    if (name.find("resblocks.") == std::string::npos ||
        name.find("resblocks.0.") != std::string::npos)
      out[name] = tensor;
  return out;
}

}  // namespace

TEST_CASE("CLIP: features and logits of the published code") {
  compare("clip_tiny_f32.safetensors", "clip_tiny_io.npz", with_quick_gelu());
}

TEST_CASE("CLIP: features and logits from weights partly in float16") {
  compare("clip_small_mixed_f16.safetensors", "clip_small_io.npz", openai_settings());
}

TEST_CASE("CLIP: heads come from the metadata, OpenAI's are width / 64") {
  if (const auto path = fixture("clip_tiny_f32.safetensors")) {
    const clip_model model = load_clip(*path, with_quick_gelu());
    CHECK(model.text->config().heads == 2);
    CHECK(model.vision->config().heads == 1);
    CHECK(model.vision->config().resolution == 32);
    CHECK(model.vision->config().patch == 8);
    tensor_file file = read_tensors(*path);
    CHECK(make_clip("x", file.tensors, openai_settings()).text->config().heads == 1);
    file.metadata.insert_or_assign("transformer_heads", std::string(1, '7'));
    const clip_settings seven = metadata_settings("x", file.metadata).or_else(with_quick_gelu());
    CHECK_THROWS_WITH(make_clip("x", file.tensors, seven),
                      Catch::Contains("text encoder") && Catch::Contains("got 7"));
    file.metadata.insert_or_assign("transformer_heads", std::string("2x"));
    CHECK_THROWS_WITH(metadata_settings("x", file.metadata),
                      Catch::Contains("transformer_heads") && Catch::Contains("'2x'"));
  }
  if (const auto path = fixture("clip_small_mixed_f16.safetensors"))
    CHECK(load_clip(*path, openai_settings()).text->config().heads == 2);
}

TEST_CASE("CLIP: the text encoder's first layers") {
  const auto model_path = fixture("clip_tiny_f32.safetensors");
  const auto io_path = fixture("clip_tiny_io.npz");
  if (!model_path || !io_path) return;
  const clip_model model = load_clip(*model_path, with_quick_gelu());
  const at::Tensor ids = load_array(*io_path, "token_ids");
  const at::Tensor placed =
      model.text->embed(ids) + model.text->parameters().at("positional_embedding");
  CHECK(distance(placed, load_array(*io_path, "text_after_embedding")) < single_tolerance);

  // A model of the first layer alone, read at every place of every prompt.
  text_config config = model.text->config();
  const text_transformer one(config, first_layer(model.text->parameters(), config));
  const auto p = [&](const char* name) { return model.text->parameters().at(name); };
  const at::Tensor expected = at::matmul(layer_norm(load_array(*io_path, "text_after_block0"),
                                                    p("ln_final.weight"), p("ln_final.bias")),
                                         p("text_projection"));
  for (std::int64_t place = 0; place < ids.size(1); ++place) {
    const at::Tensor ends = at::full({ids.size(0)}, place, at::kLong);
    CHECK(distance(one.encode_embedded(model.text->embed(ids), ends), expected.select(1, place)) <
          single_tolerance);
  }
}

TEST_CASE("CLIP: the image encoder's first layers") {
  const auto model_path = fixture("clip_tiny_f32.safetensors");
  const auto io_path = fixture("clip_tiny_io.npz");
  if (!model_path || !io_path) return;
  const clip_model model = load_clip(*model_path, with_quick_gelu());
  const at::Tensor images = load_array(*io_path, "images");
  CHECK(distance(model.vision->patches(images), load_array(*io_path, "vision_after_conv1")) <
        single_tolerance);
  CHECK(distance(model.vision->tokens(images), load_array(*io_path, "vision_after_ln_pre")) <
        single_tolerance);
  vision_config config = model.vision->config();
  const vision_transformer one(config, first_layer(model.vision->parameters(), config));
  const auto p = [&](const char* name) { return model.vision->parameters().at(name); };
  const at::Tensor expected =
      at::matmul(layer_norm(load_array(*io_path, "vision_after_block0").select(1, 0),
                            p("ln_post.weight"), p("ln_post.bias")),
                 p("proj"));
  CHECK(distance(one.encode(images), expected) < single_tolerance);
}
