// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "clip/block.hpp"

#include <cmath>

#include "calibra/error.hpp"

namespace coop {

std::string_view name_of(activation which) {
  return which == activation::quick_gelu ? "quick_gelu" : "gelu";
}

std::optional<activation> activation_of(std::string_view name) {
  for (const activation which : {activation::quick_gelu, activation::gelu})
    if (name == name_of(which)) return which;
  return std::nullopt;
}

block block::from(const parameter_map& parameters, const std::string& prefix,
                  activation nonlinearity, double epsilon) {
  const auto tensor = [&](const char* name) { return parameters.at(prefix + name); };
  return {tensor("ln_1.weight"),
          tensor("ln_1.bias"),
          tensor("attn.in_proj_weight"),
          tensor("attn.in_proj_bias"),
          tensor("attn.out_proj.weight"),
          tensor("attn.out_proj.bias"),
          tensor("ln_2.weight"),
          tensor("ln_2.bias"),
          tensor("mlp.c_fc.weight"),
          tensor("mlp.c_fc.bias"),
          tensor("mlp.c_proj.weight"),
          tensor("mlp.c_proj.bias"),
          nonlinearity,
          epsilon};
}

at::Tensor block::queries_keys_values(const at::Tensor& x) const {
  return at::linear(layer_norm(x, ln_1_weight, ln_1_bias, epsilon), in_weight, in_bias);
}

at::Tensor block::finish(const at::Tensor& x, const at::Tensor& attended) const {
  const at::Tensor y = x + at::linear(attended, out_weight, out_bias);
  const at::Tensor hidden =
      at::linear(layer_norm(y, ln_2_weight, ln_2_bias, epsilon), fc_weight, fc_bias);
  const at::Tensor bent = nonlinearity == activation::gelu ? at::gelu(hidden) : quick_gelu(hidden);
  return y + at::linear(bent, proj_weight, proj_bias);
}

std::string block_prefix(const std::string& prefix, std::int64_t i) {
  return calibra::detail::concat(prefix, "resblocks.", i, '.');
}

void add_block_shapes(parameter_shapes& shapes, const std::string& prefix, std::int64_t layers,
                      std::int64_t width, std::int64_t hidden) {
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string name = block_prefix(prefix, i);
    shapes[name + "ln_1.weight"] = shapes[name + "ln_1.bias"] = {width};
    shapes[name + "ln_2.weight"] = shapes[name + "ln_2.bias"] = {width};
    shapes[name + "attn.in_proj_weight"] = {3 * width, width};
    shapes[name + "attn.in_proj_bias"] = {3 * width};
    shapes[name + "attn.out_proj.weight"] = {width, width};
    shapes[name + "attn.out_proj.bias"] = {width};
    shapes[name + "mlp.c_fc.weight"] = {hidden, width};
    shapes[name + "mlp.c_fc.bias"] = {hidden};
    shapes[name + "mlp.c_proj.weight"] = {width, hidden};
    shapes[name + "mlp.c_proj.bias"] = {width};
  }
}

void add_random_blocks(parameter_map& parameters, const std::string& prefix, std::int64_t layers,
                       std::int64_t width, std::int64_t hidden, std::mt19937_64& random) {
  const double w = static_cast<double>(width);
  const double attention = 1 / std::sqrt(w);
  const double projection = attention / std::sqrt(2 * static_cast<double>(layers));
  const double fan_in = 1 / std::sqrt(2 * w);
  const double h = static_cast<double>(hidden);
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string name = block_prefix(prefix, i);
    parameters[name + "ln_1.weight"] = at::ones({width});
    parameters[name + "ln_1.bias"] = at::zeros({width});
    parameters[name + "attn.in_proj_weight"] = draw_normal({3 * width, width}, attention, random);
    parameters[name + "attn.in_proj_bias"] = at::zeros({3 * width});
    parameters[name + "attn.out_proj.weight"] = draw_normal({width, width}, projection, random);
    parameters[name + "attn.out_proj.bias"] = at::zeros({width});
    parameters[name + "ln_2.weight"] = at::ones({width});
    parameters[name + "ln_2.bias"] = at::zeros({width});
    parameters[name + "mlp.c_fc.weight"] = draw_normal({hidden, width}, fan_in, random);
    parameters[name + "mlp.c_fc.bias"] = draw_uniform({hidden}, 1 / std::sqrt(w), random);
    parameters[name + "mlp.c_proj.weight"] = draw_normal({width, hidden}, projection, random);
    parameters[name + "mlp.c_proj.bias"] = draw_uniform({width}, 1 / std::sqrt(h), random);
  }
}

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      double epsilon) {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, epsilon);
}

at::Tensor quick_gelu(const at::Tensor& x) {
  // silu(a x) / a: the same function, of which the derivative is one kernel.
  constexpr double a = 1.702;
  return at::silu(x * a) * (1 / a);
}

}  // namespace coop
