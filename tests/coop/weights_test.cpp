// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "clip/weights.hpp"

#include <torch/script.h>
#include <torch/version.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "calibra/error.hpp"
#include "clip/tensor_file.hpp"
#include "fixtures.hpp"

using namespace coop;
using coop::test::distance;
using coop::test::temporary_file;

namespace {

/// A random CLIP of two layers a side, by OpenAI's names.
parameter_map random_clip() {
  text_config text{64, 2, 1, 9, 30, 24};
  vision_config vision{12, 4, 128, 2, 2, 24};
  parameter_shapes shapes = text_transformer::shapes(text);
  for (const auto& [name, shape] : vision_transformer::shapes(vision))
    shapes["visual." + name] = shape;
  shapes["logit_scale"] = {};
  parameter_map out;
  std::mt19937_64 random(3);
  for (const auto& [name, shape] : shapes) out[name] = draw_normal(shape, 0.3, random);
  return out;
}

/// The same by Hugging Face's names.
parameter_map hugging_face(const parameter_map& ours) {
  parameter_map out;
  const auto put = [&](const std::string& theirs, const std::string& name) {
    out[theirs] = ours.at(name);
  };
  const auto put_pair = [&](const std::string& theirs, const std::string& name) {
    put(theirs + ".weight", name + ".weight");
    put(theirs + ".bias", name + ".bias");
  };
  put("logit_scale", "logit_scale");
  put("text_model.embeddings.token_embedding.weight", "token_embedding.weight");
  put("text_model.embeddings.position_embedding.weight", "positional_embedding");
  put_pair("text_model.final_layer_norm", "ln_final");
  put("vision_model.embeddings.class_embedding", "visual.class_embedding");
  put("vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight");
  put("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding");
  put_pair("vision_model.pre_layrnorm", "visual.ln_pre");
  put_pair("vision_model.post_layernorm", "visual.ln_post");
  out["text_projection.weight"] = ours.at("text_projection").t().contiguous();
  out["visual_projection.weight"] = ours.at("visual.proj").t().contiguous();
  out["text_model.embeddings.position_ids"] = at::arange(9).view({1, 9});
  const std::pair<const char*, const char*> sides[] = {{"text_model.", ""},
                                                       {"vision_model.", "visual."}};
  for (const auto& [their_side, our_side] : sides)
    for (const std::string layer : {"0", "1"}) {
      const std::string theirs = their_side + std::string("encoder.layers.") + layer + '.';
      const std::string name = our_side + std::string("transformer.resblocks.") + layer + '.';
      put_pair(theirs + "layer_norm1", name + "ln_1");
      put_pair(theirs + "layer_norm2", name + "ln_2");
      put_pair(theirs + "mlp.fc1", name + "mlp.c_fc");
      put_pair(theirs + "mlp.fc2", name + "mlp.c_proj");
      put_pair(theirs + "self_attn.out_proj", name + "attn.out_proj");
      for (const std::string kind : {"weight", "bias"}) {
        const auto parts = ours.at(name + "attn.in_proj_" + kind).chunk(3);
        const char* letters[] = {"q", "k", "v"};
        for (std::size_t i = 0; i < 3; ++i)
          out[theirs + "self_attn." + letters[i] + "_proj." + kind] = parts[i].clone();
      }
    }
  return out;
}

void check_same(const clip_model& a, const clip_model& b) {
  CHECK(a.logit_scale == b.logit_scale);
  for (const auto& [name, tensor] : a.text->parameters()) {
    INFO(name);
    CHECK(at::equal(tensor, b.text->parameters().at(name)));
  }
  for (const auto& [name, tensor] : a.vision->parameters()) {
    INFO(name);
    CHECK(at::equal(tensor, b.vision->parameters().at(name)));
  }
}

}  // namespace

TEST_CASE("weights: sizes are read off the shapes") {
  const clip_model model = make_clip("x", random_clip(), openai_settings());
  const text_config& text = model.text->config();
  CHECK(text.width == 64);
  CHECK(text.layers == 2);
  CHECK(text.heads == 1);
  CHECK(text.context_length == 9);
  CHECK(text.vocabulary == 30);
  CHECK(text.embed_dim == 24);
  const vision_config& vision = model.vision->config();
  CHECK(vision.resolution == 12);
  CHECK(vision.patch == 4);
  CHECK(vision.width == 128);
  CHECK(vision.heads == 2);
  CHECK(model.logit_scale == Approx(std::exp(random_clip().at("logit_scale").item<double>())));
}

TEST_CASE("weights: Hugging Face's names give the same model") {
  const parameter_map ours = random_clip();
  check_same(make_clip("x", ours, openai_settings()),
             make_clip("x", hugging_face(ours), openai_settings()));
}

TEST_CASE("weights: safetensors and TorchScript give the same model") {
  const parameter_map ours = random_clip();
  const temporary_file tensors(".safetensors");
  write_tensors(tensors.path(), {ours, {}});
  check_same(make_clip("x", ours, openai_settings()), load_clip(tensors.path(), openai_settings()));

  // Modules within modules, as the published archive has them.
  torch::jit::Module root("clip");
  std::map<std::string, torch::jit::Module> modules;
  const std::function<torch::jit::Module&(const std::string&)> module_of =
      [&](const std::string& path) -> torch::jit::Module& {
    if (path.empty()) return root;
    const auto found = modules.find(path);
    if (found != modules.end()) return found->second;
    const std::size_t dot = path.rfind('.');
    torch::jit::Module& parent = module_of(dot == path.npos ? "" : path.substr(0, dot));
    torch::jit::Module child("m" + std::to_string(modules.size()));
    parent.register_module(dot == path.npos ? path : path.substr(dot + 1), child);
    return modules.emplace(path, child).first->second;
  };
  for (const auto& [name, tensor] : ours) {
    const std::size_t dot = name.rfind('.');
    module_of(dot == name.npos ? "" : name.substr(0, dot))
        .register_parameter(dot == name.npos ? name : name.substr(dot + 1), tensor, false);
  }
  const temporary_file archive(".pt");
  root.save(archive.path());
  check_same(make_clip("x", ours, openai_settings()), load_clip(archive.path()));
}

TEST_CASE("weights: float16 is computed with as float32") {
  parameter_map ours = random_clip();
  for (auto& [name, tensor] : ours)
    if (tensor.dim() == 2) tensor = tensor.to(at::kHalf);
  const temporary_file file(".safetensors");
  write_tensors(file.path(), {ours, {}});
  const clip_model model = load_clip(file.path(), openai_settings());
  CHECK(model.stored == at::kHalf);
  CHECK(make_clip("x", random_clip(), openai_settings()).stored == at::kFloat);
  for (const auto& [name, tensor] : model.text->parameters()) {
    CHECK(tensor.scalar_type() == at::kFloat);
    CHECK(at::equal(tensor, ours.at(name).to(at::kFloat)));
  }
}

TEST_CASE("weights: all that is wrong is told at once") {
  parameter_map ours = random_clip();
  ours.erase("visual.ln_pre.bias");
  ours.erase("transformer.resblocks.1.mlp.c_fc.weight");
  ours["text_projection"] = at::zeros({63, 24});
  ours["extra.weight"] = at::zeros({2});
  CHECK_THROWS_WITH(
      make_clip("model.pt", ours, openai_settings()),
      Catch::StartsWith("model.pt: ") && Catch::Contains("missing: visual.ln_pre.bias [128]") &&
          Catch::Contains("missing: transformer.resblocks.1.mlp.c_fc.weight [256, 64]") &&
          Catch::Contains("text_projection: expected [64, 24], got [63, 24]") &&
          Catch::Contains("unknown: extra.weight [2]"));

  parameter_map theirs = hugging_face(random_clip());
  theirs.erase("text_model.encoder.layers.0.self_attn.k_proj.bias");
  CHECK_THROWS_WITH(
      make_clip("x", theirs, openai_settings()),
      Catch::Contains("missing: transformer.resblocks.0.attn.in_proj_bias") &&
          Catch::Contains("unknown: text_model.encoder.layers.0.self_attn.q_proj.bias"));

  parameter_map resnet = random_clip();
  resnet["visual.layer1.0.conv1.weight"] = at::zeros({1});
  CHECK_THROWS_WITH(make_clip("x", resnet, openai_settings()), Catch::Contains("ResNet"));
  CHECK_THROWS_AS(make_clip("x", {}, openai_settings()), calibra::value_error);
}

TEST_CASE("weights: a file of another kind is told") {
  const temporary_file text(".pt", "this is no model, and not short either");
  CHECK_THROWS_WITH(load_clip(text.path()),
                    Catch::StartsWith(text.path()) && Catch::Contains("safetensors"));
  const temporary_file zip(".pt", std::string("PK\x03\x04") + "no archive");
  CHECK_THROWS_WITH(load_clip(zip.path()),
                    Catch::StartsWith(zip.path()) && Catch::Contains("TorchScript"));
  CHECK_THROWS_AS(load_clip("/nowhere/clip.pt"), calibra::io_error);
  const std::string newer = CALIBRA_COOP_TEST_DATA "/newer.pt";
  CHECK_THROWS_WITH(load_clip(newer), Catch::StartsWith(newer));
  if (TORCH_VERSION_MAJOR < 2) {
    CHECK_THROWS_AS(load_clip(newer), calibra::io_error);
    CHECK_THROWS_WITH(load_clip(newer), Catch::Contains("save its weights as .safetensors"));
  }
}

TEST_CASE("tensor files: what is written is read") {
  tensor_file content;
  content.tensors["a"] = at::arange(24, at::kLong).view({2, 3, 4}).transpose(0, 2);
  content.tensors["b"] = at::full({}, 2.5, at::kDouble);
  content.tensors["c"] = at::zeros({0, 3}, at::kHalf);
  content.metadata["key \"1\""] = "two\nlines";
  const temporary_file file(".safetensors");
  write_tensors(file.path(), content);
  const tensor_file read = read_tensors(file.path());
  CHECK(read.metadata == content.metadata);
  REQUIRE(read.tensors.size() == 3);
  for (const auto& [name, tensor] : content.tensors) {
    CHECK(read.tensors.at(name).scalar_type() == tensor.scalar_type());
    CHECK(at::equal(read.tensors.at(name), tensor));
  }
  CHECK_THROWS_AS(write_tensors("/nowhere/x.safetensors", content), calibra::io_error);
}
