// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "clip/vision_transformer.hpp"

#include <sstream>
#include <string>
#include <utility>

#include "calibra/error.hpp"
#include "clip/attention.hpp"

namespace coop {

namespace {

constexpr const char* blocks_prefix = "transformer.";

void check_config(const vision_config& c) {
  const std::pair<const char*, std::int64_t> sizes[] = {
      {"resolution", c.resolution}, {"patch", c.patch}, {"width", c.width},
      {"layers", c.layers},         {"heads", c.heads}, {"embed_dim", c.embed_dim}};
  for (const auto& [name, value] : sizes)
    if (value < 1)
      throw calibra::option_error("vision_transformer(): " + std::string(name) +
                                  ": expected 1 or more, got " + std::to_string(value));
  if (c.width % c.heads != 0 || c.resolution % c.patch != 0)
    throw calibra::option_error(
        "vision_transformer(): expected heads to divide width and patch to "
        "divide resolution, got " +
        std::to_string(c.heads) + ", " + std::to_string(c.width) + ", " + std::to_string(c.patch) +
        ", " + std::to_string(c.resolution));
}

}  // namespace

vision_transformer::vision_transformer(const vision_config& config, parameter_map parameters)
    : config_(config), parameters_(std::move(parameters)) {
  check_config(config_);
  check_parameters("vision_transformer()", parameters_, shapes(config_));
  for (std::int64_t i = 0; i < config_.layers; ++i)
    blocks_.push_back(block::from(parameters_, block_prefix(blocks_prefix, i), config_.nonlinearity,
                                  config_.epsilon));
}

parameter_shapes vision_transformer::shapes(const vision_config& c) {
  const std::int64_t side = c.resolution / c.patch;
  parameter_shapes out{{"conv1.weight", {c.width, 3, c.patch, c.patch}},
                       {"class_embedding", {c.width}},
                       {"positional_embedding", {side * side + 1, c.width}},
                       {"ln_pre.weight", {c.width}},
                       {"ln_pre.bias", {c.width}},
                       {"ln_post.weight", {c.width}},
                       {"ln_post.bias", {c.width}},
                       {"proj", {c.width, c.embed_dim}}};
  add_block_shapes(out, blocks_prefix, c.layers, c.width, c.hidden_width());
  return out;
}

at::Tensor vision_transformer::patches(const at::Tensor& images) const {
  if (images.dim() != 4 || images.size(1) != 3 || images.size(2) != config_.resolution ||
      images.size(3) != config_.resolution) {
    std::ostringstream message;
    message << "vision_transformer: images: expected [N, 3, " << config_.resolution << ", "
            << config_.resolution << "], got " << images.sizes();
    throw calibra::shape_error(message.str());
  }
  return at::conv2d(images, parameters_.at("conv1.weight"), {}, config_.patch)
      .flatten(2)
      .transpose(1, 2);
}

at::Tensor vision_transformer::tokens(const at::Tensor& images) const {
  const at::Tensor embedded = patches(images);
  const at::Tensor first =
      parameters_.at("class_embedding").expand({embedded.size(0), 1, config_.width});
  const at::Tensor placed = at::cat({first, embedded}, 1) + parameters_.at("positional_embedding");
  return layer_norm(placed, parameters_.at("ln_pre.weight"), parameters_.at("ln_pre.bias"),
                    config_.epsilon);
}

at::Tensor vision_transformer::encode(const at::Tensor& images) const {
  const at::Tensor embedded = tokens(images);
  const std::int64_t n = embedded.size(0);
  const std::int64_t t = embedded.size(1);
  if (n == 0) return at::empty({0, config_.embed_dim}, embedded.options());
  at::Tensor x = embedded.view({n * t, config_.width});  // one token a row
  for (const block& b : blocks_) {
    auto parts = split_heads(b.queries_keys_values(x), 3, config_.heads);
    if (&b == &blocks_.back()) {
      const at::Tensor firsts = at::arange(n, x.options().dtype(at::kLong)) * t;
      parts[0] = parts[0].index_select(1, firsts);
      x = x.index_select(0, firsts);
    }
    x = b.finish(x, join_heads(attend(parts[0], {}, {parts[1], parts[2]}, {}, n)));
  }
  x = layer_norm(x, parameters_.at("ln_post.weight"), parameters_.at("ln_post.bias"),
                 config_.epsilon);
  return at::matmul(x, parameters_.at("proj"));
}

}  // namespace coop
