// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Random CLIPs laid out by transformers and by open_clip, and what these two compute with them:
// make_clip_models.py, whose function of a parameter's name is here once more.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "calibra/detail/counter_random.hpp"
#include "calibra/error.hpp"
#include "clip/tensor_file.hpp"
#include "clip/weights.hpp"
#include "fixtures.hpp"
#include "prompt_learner.hpp"

using namespace coop;
using coop::test::distance;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

constexpr double of_published = 1e-4;

at::Tensor values(const std::string& name, const std::vector<std::int64_t>& shape, float scale) {
  at::Tensor out = at::empty(shape, at::kFloat);
  const std::uint64_t first = calibra::detail::fnv1a(name);
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    std::uint64_t x = first + static_cast<std::uint64_t>(i);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    out.data_ptr<float>()[i] = (static_cast<float>(x >> 40) * 0x1p-24F - 0.5F) * scale;
  }
  return out;
}

at::Tensor parameter(const std::string& name, const std::vector<std::int64_t>& shape) {
  const at::Tensor drawn = values(name, shape, 0.5F);
  if (name == "logit_scale") return drawn + 2;
  return shape.size() == 1 && name.ends_with("weight") ? drawn + 1 : drawn;
}

at::Tensor matrix(const json& rows) {
  std::vector<at::Tensor> out;
  for (const json& row : rows) out.push_back(at::tensor(row.get<std::vector<double>>()));
  return at::stack(out).to(at::kFloat);
}

/// A folder of its own with the weights of a model, and its configuration where that is wanted.
class model_folder {
 public:
  explicit model_folder(const std::string& name) : source_(CALIBRA_COOP_TEST_DATA "/" + name) {
    fs::create_directory(marker_.path());
    expected = json::parse(std::ifstream(source_ + "/expected.json"));
    tensor_file file;
    for (const auto& [key, shape] : expected["parameters"].items())
      file.tensors[key] = parameter(key, shape.get<std::vector<std::int64_t>>());
    write_tensors(weights(), file);
  }
  ~model_folder() { fs::remove_all(marker_.path()); }
  model_folder(const model_folder&) = delete;
  model_folder& operator=(const model_folder&) = delete;

  std::string weights() const { return marker_.path() + "/model.safetensors"; }
  std::string path(const std::string& file) const { return marker_.path() + "/" + file; }
  void add_configuration() const {
    for (const char* file : {"config.json", "open_clip_config.json"})
      if (fs::exists(source_ + "/" + file)) fs::copy(source_ + "/" + file, path(file));
  }
  void write(const std::string& file, const json& content) const {
    std::ofstream(path(file)) << content;
  }
  json configuration(const std::string& file) const {
    return json::parse(std::ifstream(source_ + "/" + file));
  }

  json expected;

 private:
  std::string source_;
  test::temporary_file marker_;
};

struct computed {
  at::Tensor text, image, logits;
};

computed compute(const clip_model& model, const json& expected) {
  const auto side = model.vision->config().resolution;
  const at::Tensor text = normalise(model.text->encode(matrix(expected["ids"]).to(at::kLong)));
  const at::Tensor image =
      normalise(model.vision->encode(values("pictures", {3, 3, side, side}, 4)));
  return {text, image, at::matmul(image, text.t()) * model.logit_scale};
}

void check_as_expected(const clip_model& model, const json& expected) {
  const computed got = compute(model, expected);
  CHECK(distance(got.text, matrix(expected["text_features"])) < of_published);
  CHECK(distance(got.image, matrix(expected["image_features"])) < of_published);
  CHECK(distance(got.logits, matrix(expected["logits_per_image"])) < of_published);
}

clip_settings said(std::int64_t text_heads, std::int64_t vision_heads, activation which) {
  clip_settings out;
  out.text.heads = text_heads;
  out.vision.heads = vision_heads;
  out.text.nonlinearity = out.vision.nonlinearity = which;
  return out;
}

}  // namespace

TEST_CASE("CLIP models: logits of transformers and open_clip with the configuration beside") {
  for (const char* name :
       {"hugging_face_gelu", "hugging_face_quick_gelu", "open_clip_gelu", "open_clip_quick_gelu"}) {
    INFO(name);
    const model_folder folder(name);
    folder.add_configuration();
    check_as_expected(load_clip(folder.weights()), folder.expected);
  }
}

TEST_CASE("CLIP models: other heads or another activation give other logits") {
  for (const char* name : {"hugging_face_gelu", "open_clip_gelu"}) {
    const model_folder folder(name);
    const at::Tensor expected = matrix(folder.expected["logits_per_image"]);
    const auto off = [&](const clip_settings& settings) {
      return distance(compute(load_clip(folder.weights(), settings), folder.expected).logits,
                      expected);
    };
    CHECK(off(said(3, 2, activation::gelu)) < of_published);
    CHECK(off(said(3, 2, activation::quick_gelu)) > 100 * of_published);
    CHECK(off(said(1, 2, activation::gelu)) > 100 * of_published);
    CHECK(off(said(3, 5, activation::gelu)) > 100 * of_published);
    clip_settings other = said(3, 2, activation::gelu);
    other.text.epsilon = 1e-2;
    CHECK(off(other) > 10 * of_published);
    // What is asked for goes before the configuration.
    folder.add_configuration();
    CHECK(off(said(3, 2, activation::quick_gelu)) > 100 * of_published);
    clip_settings half;
    half.text.heads = 1;
    CHECK(off(half) > 100 * of_published);
  }
}

TEST_CASE("CLIP models: where nothing says heads or activation they are asked for") {
  const model_folder folder("open_clip_gelu");
  const auto asks = [&](const clip_settings& settings, const std::string& for_what) {
    CHECK_THROWS_WITH(load_clip(folder.weights(), settings),
                      Catch::StartsWith(folder.weights()) && Catch::Contains(for_what) &&
                          Catch::Contains("--heads TEXT,VISION") &&
                          Catch::Contains("--activation quick_gelu|gelu") &&
                          Catch::Contains("config.json") &&
                          Catch::Contains("open_clip_config.json"));
  };
  asks({}, "how many heads");
  clip_settings heads = said(3, 2, activation::gelu);
  heads.text.nonlinearity = heads.vision.nonlinearity = std::nullopt;
  asks(heads, "says its activation");
  CHECK_THROWS_WITH(load_clip(folder.weights(), said(5, 2, activation::gelu)),
                    Catch::Contains("text encoder") && Catch::Contains("got 5"));
  // A file beside it that is about something else says nothing.
  folder.write("config.json", {{"architectures", {"other"}}});
  asks({}, "how many heads");
  // The file's own metadata.
  tensor_file file = read_tensors(folder.weights());
  file.metadata = {{"transformer_heads", "3"}, {"vision_heads", "2"}, {"activation", "gelu"}};
  write_tensors(folder.weights(), file);
  check_as_expected(load_clip(folder.weights()), folder.expected);
  file.metadata.insert_or_assign("activation", "relu");
  write_tensors(folder.weights(), file);
  CHECK_THROWS_WITH(load_clip(folder.weights()), Catch::Contains("'relu'"));
}

TEST_CASE("CLIP models: an OpenAI archive is of heads of 64 and QuickGELU") {
  const clip_settings own = openai_settings();
  CHECK(own.text.head_width == 64);
  CHECK(own.vision.nonlinearity == activation::quick_gelu);
  // Of width 96 that cannot be.
  const model_folder folder("open_clip_quick_gelu");
  CHECK_THROWS_WITH(make_clip("x", read_tensors(folder.weights()).tensors, own),
                    Catch::Contains("image encoder, of width 96") && Catch::Contains("--heads"));
}

TEST_CASE("CLIP models: Hugging Face's configurations, old and sparse") {
  const model_folder folder("hugging_face_gelu");
  const json whole = folder.configuration("config.json");
  const std::string path = folder.path("config.json");
  // Older files: the `_dict` counts, with transformers' defaults where it is silent.
  json old = whole;
  old["text_config_dict"] = old["text_config"];
  old["text_config"]["num_attention_heads"] = 1;
  old["vision_config"] = nullptr;
  old["vision_config_dict"] = {
      {"hidden_size", 160}, {"num_attention_heads", 2}, {"hidden_act", "gelu"}};
  folder.write("config.json", old);
  check_as_expected(load_clip(folder.weights()), folder.expected);
  folder.write("config.json", {{"text_config", json::object()}, {"vision_config", nullptr}});
  const clip_settings defaults = hugging_face_settings(path);
  CHECK(defaults.text.heads == 8);
  CHECK(defaults.vision.heads == 12);
  CHECK(defaults.text.nonlinearity == activation::quick_gelu);
  CHECK(defaults.vision.epsilon == 1e-5);
  CHECK(defaults.vision.width == 768);

  const auto fails = [&](const json& content, const std::string& words) {
    folder.write("config.json", content);
    CHECK_THROWS_WITH(load_clip(folder.weights()),
                      Catch::Contains(words) && Catch::Contains("config.json"));
  };
  json wrong = whole;
  wrong["text_config"]["hidden_act"] = "relu";
  fails(wrong, "text_config.hidden_act: expected quick_gelu or gelu, got \"relu\"");
  wrong = whole;
  wrong["vision_config"]["num_attention_heads"] = 0;
  fails(wrong, "vision_config.num_attention_heads");
  wrong = whole;
  wrong["text_config"]["hidden_size"] = 512;
  fails(wrong, "is of another model, of width 512");
  fails(json::array(), "expected a JSON object");
}

TEST_CASE("CLIP models: open_clip's configurations") {
  const model_folder folder("open_clip_gelu");
  const json whole = folder.configuration("open_clip_config.json");
  // Without the frame, as open_clip's own list has them.
  folder.write("open_clip_config.json", whole["model_cfg"]);
  check_as_expected(load_clip(folder.weights()), folder.expected);
  // It goes before Hugging Face's for these names, and that serves where it is alone.
  const model_folder other("hugging_face_gelu");
  json theirs = other.configuration("config.json");
  folder.write("config.json", theirs);
  check_as_expected(load_clip(folder.weights()), folder.expected);
  fs::remove(folder.path("open_clip_config.json"));
  check_as_expected(load_clip(folder.weights()), folder.expected);

  json bare = {{"model_cfg", {{"text_cfg", json::object()}, {"vision_cfg", json::object()}}}};
  folder.write("open_clip_config.json", bare);
  const clip_settings defaults = open_clip_settings(folder.path("open_clip_config.json"));
  CHECK(defaults.text.heads == 8);
  CHECK(defaults.vision.head_width == 64);
  CHECK(defaults.vision.nonlinearity == activation::gelu);
  json wrong = whole;
  wrong["model_cfg"]["text_cfg"]["no_causal_mask"] = true;
  wrong["model_cfg"]["vision_cfg"]["pool_type"] = "avg";
  folder.write("open_clip_config.json", wrong);
  CHECK_THROWS_WITH(load_clip(folder.weights()),
                    Catch::Contains("text_cfg.no_causal_mask: true") &&
                        Catch::Contains("vision_cfg.pool_type: \"avg\""));
}
