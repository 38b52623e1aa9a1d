// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "clip/text_transformer.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <utility>

#include "calibra/error.hpp"
#include "clip/attention.hpp"

namespace coop {

namespace {

constexpr const char* blocks_prefix = "transformer.";

void check_config(const text_config& c) {
  const std::pair<const char*, std::int64_t> sizes[] = {
      {"width", c.width},           {"layers", c.layers},
      {"heads", c.heads},           {"context_length", c.context_length},
      {"vocabulary", c.vocabulary}, {"embed_dim", c.embed_dim}};
  for (const auto& [name, value] : sizes)
    if (value < 1)
      throw calibra::option_error("text_transformer(): " + std::string(name) +
                                  ": expected 1 or more, got " + std::to_string(value));
  if (c.width % c.heads != 0)
    throw calibra::option_error("text_transformer(): width " + std::to_string(c.width) +
                                " is no multiple of heads " + std::to_string(c.heads));
}

[[noreturn]] void fail_shape(const char* what, const std::string& expected, at::IntArrayRef got) {
  std::ostringstream message;
  message << "text_transformer: " << what << ": expected " << expected << ", got " << got;
  throw calibra::shape_error(message.str());
}

/// -inf where the key lies behind the query, else 0: [1, T, T].
at::Tensor causal_mask(std::int64_t tokens, const at::TensorOptions& options) {
  return at::full({1, tokens, tokens}, -std::numeric_limits<double>::infinity(), options).triu_(1);
}

}  // namespace

text_transformer::text_transformer(const text_config& config, parameter_map parameters)
    : config_(config), parameters_(std::move(parameters)) {
  check_config(config_);
  check_parameters("text_transformer()", parameters_, shapes(config_));
  for (std::int64_t i = 0; i < config_.layers; ++i)
    blocks_.push_back(block::from(parameters_, block_prefix(blocks_prefix, i), config_.nonlinearity,
                                  config_.epsilon));
  token_embedding_ = parameters_.at("token_embedding.weight");
  positional_embedding_ = parameters_.at("positional_embedding");
  ln_final_weight_ = parameters_.at("ln_final.weight");
  ln_final_bias_ = parameters_.at("ln_final.bias");
  projection_ = parameters_.at("text_projection");
}

parameter_shapes text_transformer::shapes(const text_config& c) {
  parameter_shapes out{{"token_embedding.weight", {c.vocabulary, c.width}},
                       {"positional_embedding", {c.context_length, c.width}},
                       {"ln_final.weight", {c.width}},
                       {"ln_final.bias", {c.width}},
                       {"text_projection", {c.width, c.embed_dim}}};
  add_block_shapes(out, blocks_prefix, c.layers, c.width, c.hidden_width());
  return out;
}

text_transformer text_transformer::random(const text_config& c, std::uint64_t seed) {
  check_config(c);
  std::mt19937_64 random(seed);
  parameter_map parameters;
  parameters["token_embedding.weight"] = draw_normal({c.vocabulary, c.width}, 0.02, random);
  parameters["positional_embedding"] = draw_normal({c.context_length, c.width}, 0.01, random);
  add_random_blocks(parameters, blocks_prefix, c.layers, c.width, c.hidden_width(), random);
  parameters["ln_final.weight"] = at::ones({c.width});
  parameters["ln_final.bias"] = at::zeros({c.width});
  const double deviation = 1 / std::sqrt(static_cast<double>(c.width));
  parameters["text_projection"] = draw_normal({c.width, c.embed_dim}, deviation, random);
  return {c, std::move(parameters)};
}

text_transformer text_transformer::to(at::ScalarType dtype, at::Device device) const {
  parameter_map copies;
  for (const auto& [name, tensor] : parameters_)
    copies[name] = tensor.detach().to(device, dtype, /*non_blocking=*/false, /*copy=*/true);
  return {config_, std::move(copies)};
}

at::Tensor text_transformer::embed(const at::Tensor& ids) const {
  return at::embedding(token_embedding_, ids);
}

at::Tensor text_transformer::encode(const at::Tensor& ids) const {
  if (ids.dim() != 2) fail_shape("ids", "[N, L]", ids.sizes());
  return encode_embedded(embed(ids), ids.argmax(1));
}

at::Tensor text_transformer::encode_embedded(const at::Tensor& embeddings,
                                             const at::Tensor& ends) const {
  return encode_embedded({}, embeddings, ends);
}

at::Tensor text_transformer::encode_embedded(const at::Tensor& prefix, const at::Tensor& rest,
                                             const at::Tensor& ends) const {
  const std::int64_t w = config_.width;
  if (rest.dim() != 3 || rest.size(2) != w || rest.size(1) < 1)
    fail_shape("embeddings", "[N, L, " + std::to_string(w) + "] with L >= 1", rest.sizes());
  const bool has_prefix = prefix.defined() && prefix.numel() != 0;
  if (has_prefix && (prefix.dim() != 2 || prefix.size(1) != w))
    fail_shape("prefix", "[P, " + std::to_string(w) + "]", prefix.sizes());
  const std::int64_t n = rest.size(0);
  if (ends.dim() != 1 || ends.size(0) != n || ends.scalar_type() != at::kLong)
    fail_shape("ends", "int64 [" + std::to_string(n) + "]", ends.sizes());
  if (n == 0) return at::empty({0, config_.embed_dim}, projection_.options());
  std::int64_t length = rest.size(1);
  if (ends.device().is_cpu()) {
    const std::int64_t last = ends.max().item<std::int64_t>();
    if (last >= length || ends.min().item<std::int64_t>() < 0)
      throw calibra::value_error("text_transformer: ends: expected positions in [0, " +
                                 std::to_string(length) + "), got " + std::to_string(last));
    length = last + 1;
  }
  const std::int64_t total = length + (has_prefix ? prefix.size(0) : 0);
  if (total > config_.context_length)
    throw calibra::shape_error("text_transformer: expected at most " +
                               std::to_string(config_.context_length) + " tokens, got " +
                               std::to_string(total));
  return run(has_prefix ? prefix : at::Tensor(), rest.narrow(1, 0, length), ends.to(rest.device()));
}

at::Tensor text_transformer::run(const at::Tensor& prefix, const at::Tensor& rest,
                                 const at::Tensor& ends) const {
  const std::int64_t n = rest.size(0);
  const std::int64_t s = rest.size(1);
  const std::int64_t w = config_.width;
  const std::int64_t h = config_.heads;
  const std::int64_t p = prefix.defined() ? prefix.size(0) : 0;
  const at::TensorOptions options = rest.options().requires_grad(false);

  // All tokens, one a row: those of the prefix, then S of each prompt.
  at::Tensor x = (rest + positional_embedding_.narrow(0, p, s)).view({n * s, w});
  if (p > 0) x = at::cat({prefix + positional_embedding_.narrow(0, 0, p), x});

  const at::Tensor mask = causal_mask(s, options);
  const at::Tensor prefix_mask = p > 0 ? causal_mask(p, options) : at::Tensor();
  for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) {
    const auto parts = split_heads(blocks_[i].queries_keys_values(x), 3, h);
    const keys_values all{parts[1], parts[2]};
    const keys_values shared = all.tokens(0, p);
    const keys_values own = all.tokens(p, n * s);
    at::Tensor attended = attend(parts[0].narrow(1, p, n * s), shared, own, mask, n);
    if (p > 0)
      attended =
          at::cat({attend(parts[0].narrow(1, 0, p), {}, shared, prefix_mask, 1), attended}, 1);
    x = blocks_[i].finish(x, join_heads(attended));
  }

  // The last block: keys and values of all tokens, all else at the ends only.
  const block& last = blocks_.back();
  const at::Tensor normal = layer_norm(x, last.ln_1_weight, last.ln_1_bias, config_.epsilon);
  const at::Tensor rows = at::arange(n, ends.options()) * s + (ends + p);
  const at::Tensor queries = at::linear(
      normal.index_select(0, rows), last.in_weight.narrow(0, 0, w), last.in_bias.narrow(0, 0, w));
  const auto parts = split_heads(
      at::linear(normal, last.in_weight.narrow(0, w, 2 * w), last.in_bias.narrow(0, w, 2 * w)), 2,
      h);
  const keys_values all{parts[0], parts[1]};
  const at::Tensor behind = at::arange(s, ends.options()).gt(ends.unsqueeze(1));
  const at::Tensor end_mask = at::zeros({n, s}, options)
                                  .masked_fill_(behind, -std::numeric_limits<double>::infinity())
                                  .unsqueeze(1);
  const at::Tensor attended =
      attend(split_heads(queries, 1, h)[0], all.tokens(0, p), all.tokens(p, n * s), end_mask, n);
  const at::Tensor y = last.finish(x.index_select(0, rows), join_heads(attended));
  return at::matmul(layer_norm(y, ln_final_weight_, ln_final_bias_, config_.epsilon), projection_);
}

}  // namespace coop
