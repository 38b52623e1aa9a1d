// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "clip/settings.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "calibra/error.hpp"

namespace coop {

namespace {

using calibra::detail::concat;
using nlohmann::json;

constexpr std::int64_t usual_head_width = 64;
constexpr double usual_epsilon = 1e-5;

json read_object(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw calibra::io_error(path + ": cannot read it");
  json object = json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) throw calibra::io_error(path + ": expected a JSON object");
  return object;
}

/// Values of one object of a file, with their defaults; null is as good as none.
class values {
 public:
  values(std::string where, const json& object) : where_(std::move(where)), object_(object) {
    if (!object.is_object())
      throw calibra::value_error(concat(where_, ": expected an object, got ", object.type_name()));
  }

  const json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  values part(const char* key) const {
    static const json none = json::object();
    const json* const found = find(key);
    return {concat(where_, '.', key), found == nullptr ? none : *found};
  }
  std::int64_t count(const char* key, std::int64_t otherwise) const {
    const json* const found = find(key);
    if (found == nullptr) return otherwise;
    if (!found->is_number_integer() || found->get<std::int64_t>() < 1)
      fail(key, "a whole number above 0", *found);
    return found->get<std::int64_t>();
  }
  double positive(const char* key, double otherwise) const {
    const json* const found = find(key);
    if (found == nullptr) return otherwise;
    if (!found->is_number() || !(found->get<double>() > 0)) fail(key, "a number above 0", *found);
    return found->get<double>();
  }
  bool flag(const char* key, bool otherwise) const {
    const json* const found = find(key);
    if (found == nullptr) return otherwise;
    if (!found->is_boolean()) fail(key, "true or false", *found);
    return found->get<bool>();
  }
  activation nonlinearity(const char* key, activation otherwise) const {
    const json* const found = find(key);
    if (found == nullptr) return otherwise;
    const auto known =
        found->is_string() ? activation_of(found->get<std::string>()) : std::optional<activation>();
    if (!known) fail(key, "quick_gelu or gelu", *found);
    return *known;
  }
  /// Settings of another value than that of the model that is computed here, added to `faults`.
  void require(const std::vector<std::pair<const char*, json>>& expected,
               std::string& faults) const {
    for (const auto& [key, value] : expected)
      if (const json* const found = find(key); found != nullptr && *found != value)
        faults += concat("\n  ", where_, '.', key, ": ", found->dump());
  }

 private:
  [[noreturn]] void fail(const char* key, const char* expected, const json& got) const {
    throw calibra::value_error(
        concat(where_, '.', key, ": expected ", expected, ", got ", got.dump()));
  }

  std::string where_;
  const json& object_;
};

encoder_settings hugging_face_encoder(const std::string& path, const json& whole,
                                      const std::string& name, std::int64_t heads,
                                      std::int64_t width) {
  const std::string old_name = name + "_dict";
  const auto old = whole.find(old_name);
  const bool is_old = old != whole.end() && !old->is_null();
  const json none = json::object();
  const auto found = whole.find(name);
  const values of(concat(path, ": ", is_old ? old_name : name),
                  is_old                                     ? *old
                  : found == whole.end() || found->is_null() ? none
                                                             : *found);
  encoder_settings out;
  out.heads = of.count("num_attention_heads", heads);
  out.nonlinearity = of.nonlinearity("hidden_act", activation::quick_gelu);
  out.epsilon = of.positive("layer_norm_eps", usual_epsilon);
  out.width = of.count("hidden_size", width);
  return out;
}

std::int64_t whole_number(const std::string& where, const std::string& key,
                          const std::string& text) {
  std::int64_t value = 0;
  const char* last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, value);
  if (problem != std::errc{} || end != last || value < 1)
    throw calibra::value_error(
        concat(where, ": metadata: ", key, ": expected a number of heads, got '", text, "'"));
  return value;
}

}  // namespace

encoder_settings encoder_settings::or_else(const encoder_settings& others) const {
  encoder_settings out = *this;
  if (!out.heads && !out.head_width) {
    out.heads = others.heads;
    out.head_width = others.head_width;
  }
  if (!out.nonlinearity) out.nonlinearity = others.nonlinearity;
  if (!out.epsilon) out.epsilon = others.epsilon;
  if (!out.width) out.width = others.width;
  return out;
}

clip_settings clip_settings::or_else(const clip_settings& others) const {
  return {text.or_else(others.text), vision.or_else(others.vision),
          source.empty() ? others.source : source};
}

clip_settings openai_settings() {
  encoder_settings both;
  both.head_width = usual_head_width;
  both.nonlinearity = activation::quick_gelu;
  return {both, both, {}};
}

clip_settings metadata_settings(const std::string& where,
                                const std::map<std::string, std::string>& metadata) {
  clip_settings out;
  const auto heads = [&](const char* key) -> std::optional<std::int64_t> {
    const auto found = metadata.find(key);
    if (found == metadata.end()) return std::nullopt;
    return whole_number(where, key, found->second);
  };
  out.text.heads = heads("transformer_heads");
  out.vision.heads = heads("vision_heads");
  if (const auto found = metadata.find("activation"); found != metadata.end()) {
    out.text.nonlinearity = out.vision.nonlinearity = activation_of(found->second);
    if (!out.text.nonlinearity)
      throw calibra::value_error(concat(
          where, ": metadata: activation: expected quick_gelu or gelu, got '", found->second, "'"));
  }
  return out;
}

clip_settings hugging_face_settings(const std::string& path) {
  const json whole = read_object(path);
  bool says = false;
  for (const char* name :
       {"text_config", "vision_config", "text_config_dict", "vision_config_dict"})
    says = says || whole.contains(name);
  if (!says) return {};
  return {hugging_face_encoder(path, whole, "text_config", 8, 512),
          hugging_face_encoder(path, whole, "vision_config", 12, 768), path};
}

clip_settings open_clip_settings(const std::string& path) {
  const json whole = read_object(path);
  const auto framed = whole.find("model_cfg");
  const values model(path + ": model_cfg", framed == whole.end() ? whole : *framed);
  if (model.find("text_cfg") == nullptr || model.find("vision_cfg") == nullptr) return {};
  const values text = model.part("text_cfg");
  const values vision = model.part("vision_cfg");
  std::string faults;
  text.require({{"pool_type", "argmax"},
                {"no_causal_mask", false},
                {"embed_cls", false},
                {"proj_type", "linear"},
                {"final_ln_after_pool", false},
                {"act_kwargs", json::object()},
                {"hf_model_name", ""}},
               faults);
  vision.require({{"pool_type", "tok"},
                  {"attentional_pool", false},
                  {"final_ln_after_pool", false},
                  {"pos_embed_type", "learnable"},
                  {"act_kwargs", json::object()},
                  {"timm_model_name", ""}},
                 faults);
  for (const values* of : {&text, &vision})
    of->require({{"block_type", "default"}, {"scaled_cosine_attn", false}}, faults);
  if (!faults.empty())
    throw calibra::value_error(path + ": settings of a model that is not computed here:" + faults);

  const activation nonlinearity =
      model.flag("quick_gelu", false) ? activation::quick_gelu : activation::gelu;
  clip_settings out;
  out.text.heads = text.count("heads", 8);
  out.vision.head_width = vision.count("head_width", usual_head_width);
  out.text.nonlinearity = out.vision.nonlinearity = nonlinearity;
  out.text.epsilon = text.part("norm_kwargs").positive("eps", usual_epsilon);
  out.vision.epsilon = vision.part("norm_kwargs").positive("eps", usual_epsilon);
  out.text.width = text.count("width", 512);
  out.vision.width = vision.count("width", 768);
  out.source = path;
  return out;
}

clip_settings settings_beside(const std::string& weights, bool hugging_face_names) {
  const std::filesystem::path folder = std::filesystem::path(weights).parent_path();
  const std::string theirs = (folder / "config.json").string();
  const std::string open = (folder / "open_clip_config.json").string();
  const auto of = [](const std::string& path, auto read) {
    return std::filesystem::exists(path) ? read(path) : clip_settings();
  };
  if (hugging_face_names) {
    const clip_settings first = of(theirs, hugging_face_settings);
    return first.source.empty() ? of(open, open_clip_settings) : first;
  }
  const clip_settings first = of(open, open_clip_settings);
  return first.source.empty() ? of(theirs, hugging_face_settings) : first;
}

}  // namespace coop
