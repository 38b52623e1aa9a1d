// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "clip/weights.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/mapped_file.hpp"
#include "clip/tensor_file.hpp"
#include "clip/torchscript.hpp"

namespace coop {

namespace {

using name_pair = std::pair<std::string_view, std::string_view>;

constexpr const char* visual = "visual.";

// Hugging Face's names and OpenAI's. Those of `transposed` are [out, in] there.
constexpr name_pair whole_names[] = {
    {"logit_scale", "logit_scale"},
    {"text_model.embeddings.token_embedding.weight", "token_embedding.weight"},
    {"text_model.embeddings.position_embedding.weight", "positional_embedding"},
    {"text_model.final_layer_norm.weight", "ln_final.weight"},
    {"text_model.final_layer_norm.bias", "ln_final.bias"},
    {"vision_model.embeddings.class_embedding", "visual.class_embedding"},
    {"vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight"},
    {"vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"},
    {"vision_model.pre_layrnorm.weight", "visual.ln_pre.weight"},  // spelt so
    {"vision_model.pre_layrnorm.bias", "visual.ln_pre.bias"},
    {"vision_model.post_layernorm.weight", "visual.ln_post.weight"},
    {"vision_model.post_layernorm.bias", "visual.ln_post.bias"}};
constexpr name_pair transposed[] = {{"text_projection.weight", "text_projection"},
                                    {"visual_projection.weight", "visual.proj"}};
constexpr name_pair layer_names[] = {{"layer_norm1.", "ln_1."},
                                     {"layer_norm2.", "ln_2."},
                                     {"mlp.fc1.", "mlp.c_fc."},
                                     {"mlp.fc2.", "mlp.c_proj."},
                                     {"self_attn.out_proj.", "attn.out_proj."}};
constexpr name_pair layer_prefixes[] = {
    {"text_model.encoder.layers.", "transformer.resblocks."},
    {"vision_model.encoder.layers.", "visual.transformer.resblocks."}};
// Buffers of older files: 0, 1, 2, ...
constexpr std::string_view counters[] = {"text_model.embeddings.position_ids",
                                         "vision_model.embeddings.position_ids"};

bool is_hugging_face(const parameter_map& parameters) {
  for (const auto& [name, tensor] : parameters)
    if (name.starts_with("text_model.") || name.starts_with("vision_model.")) return true;
  return false;
}

std::optional<std::string_view> find(std::string_view name, const auto& table) {
  for (const auto& [theirs, ours] : table)
    if (name == theirs) return ours;
  return std::nullopt;
}

/// OpenAI's name of a parameter of one layer, or none.
std::optional<std::string> layer_name(std::string_view name) {
  for (const auto& [theirs, ours] : layer_prefixes) {
    if (!name.starts_with(theirs)) continue;
    const std::string_view rest = name.substr(theirs.size());
    const std::size_t dot = rest.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const std::string_view within = rest.substr(dot + 1);
    for (const auto& [their_part, our_part] : layer_names)
      if (within.starts_with(their_part))
        return std::string(ours) + std::string(rest.substr(0, dot + 1)) + std::string(our_part) +
               std::string(within.substr(their_part.size()));
  }
  return std::nullopt;
}

/// Hugging Face's separate queries, keys and values of one layer as OpenAI's one tensor. Where they
/// do not belong together nothing is done, and they are unknown names.
void join_projections(const parameter_map& theirs, const std::string& name, std::string_view kind,
                      parameter_map& out, std::set<std::string>& used) {
  const std::string prefix =
      name.substr(0, name.size() - std::string("q_proj.").size() - kind.size());
  std::vector<at::Tensor> parts;
  std::vector<std::string> names;
  for (const char* part : {"q_proj.", "k_proj.", "v_proj."}) {
    names.push_back(prefix + part + std::string(kind));
    const auto found = theirs.find(names.back());
    if (found == theirs.end()) return;
    parts.push_back(found->second);
    if (parts.back().sizes() != parts.front().sizes() || parts.back().dim() == 0) return;
  }
  for (const auto& [their_prefix, our_prefix] : layer_prefixes) {
    if (!prefix.starts_with(their_prefix)) continue;
    const std::string rest = prefix.substr(their_prefix.size());
    const std::string layer = rest.substr(0, rest.find('.') + 1);
    if (layer + "self_attn." != rest) return;
    out[std::string(our_prefix) + layer + "attn.in_proj_" + std::string(kind)] = at::cat(parts);
    used.insert(names.begin(), names.end());
  }
}

/// The parameters by OpenAI's names; what has no such name keeps its own.
parameter_map from_hugging_face(const parameter_map& theirs) {
  parameter_map out;
  std::set<std::string> used(std::begin(counters), std::end(counters));
  for (const auto& [name, tensor] : theirs)
    for (const std::string_view kind : {"weight", "bias"})
      if (name.ends_with("self_attn.q_proj." + std::string(kind)))
        join_projections(theirs, name, kind, out, used);
  for (const auto& [name, tensor] : theirs) {
    if (used.contains(name)) continue;
    if (const auto whole = find(name, whole_names))
      out[std::string(*whole)] = tensor;
    else if (const auto other = find(name, transposed); other && tensor.dim() == 2)
      out[std::string(*other)] = tensor.t().contiguous();
    else
      out[layer_name(name).value_or(name)] = tensor;
  }
  return out;
}

/// Sizes of a model as the shapes of its parameters tell them.
class sizes {
 public:
  explicit sizes(const parameter_map& parameters) : parameters_(parameters) {}

  /// The extent of the first of the tensors that is there and has that dimension.
  std::int64_t extent(std::initializer_list<std::pair<const char*, std::int64_t>> candidates,
                      std::int64_t otherwise = 1) const {
    for (const auto& [name, dimension] : candidates) {
      const auto found = parameters_.find(name);
      if (found != parameters_.end() && found->second.dim() > dimension &&
          found->second.size(dimension) > 0)
        return found->second.size(dimension);
    }
    return otherwise;
  }

  /// The largest number of a layer "<prefix><number>." and one.
  std::int64_t layers(std::string_view prefix) const {
    constexpr std::int64_t most = 1000;
    std::int64_t count = 1;
    for (const auto& [name, tensor] : parameters_) {
      if (!name.starts_with(prefix)) continue;
      std::int64_t number = 0;
      std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
      if (number < most) count = std::max(count, number + 1);
    }
    return count;
  }

 private:
  const parameter_map& parameters_;
};

constexpr const char* how_to_say =
    "; put the model's config.json (Hugging Face) or open_clip_config.json (open_clip) beside it, "
    "or "
    "give --heads TEXT,VISION and --activation quick_gelu|gelu";

/// What the settings say of one encoder, put into its configuration.
template<class Config>
void apply(const std::string& where, const char* encoder, const encoder_settings& of,
           const std::string& source, Config& config) {
  using calibra::detail::concat;
  const std::string subject = concat(where, ": the ", encoder, " encoder, of width ", config.width);
  if (of.width && *of.width != config.width)
    throw calibra::value_error(
        concat(subject, ": ", source, " is of another model, of width ", *of.width));
  if (!of.heads && !of.head_width)
    throw calibra::value_error(concat(subject, ": nothing says how many heads it has", how_to_say));
  if (!of.nonlinearity)
    throw calibra::value_error(concat(subject, ": nothing says its activation", how_to_say));
  const std::int64_t divisor = of.heads ? *of.heads : *of.head_width;
  if (divisor < 1 || config.width % divisor != 0)
    throw calibra::value_error(concat(subject, ": expected a divisor of the width as ",
                                      of.heads ? "its number of heads" : "the width of its heads",
                                      ", got ", divisor, "; --heads TEXT,VISION says others"));
  config.heads = of.heads ? *of.heads : config.width / *of.head_width;
  config.nonlinearity = *of.nonlinearity;
  config.epsilon = of.epsilon.value_or(default_epsilon);
}

}  // namespace

clip_model make_clip(const std::string& where, const parameter_map& parameters,
                     const clip_settings& settings) {
  if (parameters.contains("visual.layer1.0.conv1.weight"))
    throw calibra::value_error(where + ": its image encoder is a ResNet; expected a ViT");
  parameter_map all = is_hugging_face(parameters) ? from_hugging_face(parameters) : parameters;
  std::map<at::ScalarType, std::int64_t> elements;
  for (auto& [name, tensor] : all) {
    if (!tensor.is_floating_point()) continue;
    elements[tensor.scalar_type()] += tensor.numel();
    tensor = tensor.detach().to(at::kFloat);
  }

  const sizes of(all);
  text_config text;
  text.width = of.extent({{"ln_final.weight", 0},
                          {"token_embedding.weight", 1},
                          {"positional_embedding", 1},
                          {"text_projection", 0}});
  text.layers = of.layers("transformer.resblocks.");
  text.context_length = of.extent({{"positional_embedding", 0}});
  text.vocabulary = of.extent({{"token_embedding.weight", 0}});
  text.embed_dim = of.extent({{"text_projection", 1}, {"visual.proj", 1}});
  text.hidden = of.extent({{"transformer.resblocks.0.mlp.c_fc.weight", 0},
                           {"transformer.resblocks.0.mlp.c_proj.weight", 1}},
                          0);

  vision_config vision;
  vision.width = of.extent({{"visual.class_embedding", 0},
                            {"visual.conv1.weight", 0},
                            {"visual.positional_embedding", 1},
                            {"visual.proj", 0}});
  vision.patch = of.extent({{"visual.conv1.weight", 3}});
  const auto places = static_cast<double>(of.extent({{"visual.positional_embedding", 0}}) - 1);
  vision.resolution = std::max<std::int64_t>(std::llround(std::sqrt(places)), 1) * vision.patch;
  vision.layers = of.layers("visual.transformer.resblocks.");
  vision.embed_dim = text.embed_dim;
  vision.hidden = of.extent({{"visual.transformer.resblocks.0.mlp.c_fc.weight", 0},
                             {"visual.transformer.resblocks.0.mlp.c_proj.weight", 1}},
                            0);

  parameter_shapes expected = text_transformer::shapes(text);
  for (const auto& [name, shape] : vision_transformer::shapes(vision))
    expected[visual + name] = shape;
  expected["logit_scale"] = {};
  check_parameters(where, all, expected);
  apply(where, "text", settings.text, settings.source, text);
  apply(where, "image", settings.vision, settings.source, vision);

  parameter_map text_parameters;
  parameter_map vision_parameters;
  const std::string_view prefix = visual;
  for (const auto& [name, tensor] : all) {
    if (name == "logit_scale") continue;
    if (name.starts_with(prefix))
      vision_parameters[name.substr(prefix.size())] = tensor;
    else
      text_parameters[name] = tensor;
  }
  return {std::make_shared<const text_transformer>(text, std::move(text_parameters)),
          std::make_shared<const vision_transformer>(vision, std::move(vision_parameters)),
          std::exp(all.at("logit_scale").item<double>()),
          std::max_element(elements.begin(), elements.end(), [](const auto& a, const auto& b) {
            return a.second < b.second;
          })->first};
}

clip_model load_clip(const std::string& path, const clip_settings& wanted) {
  const bool is_archive = [&] {
    const calibra::io::mapped_file file(path);
    constexpr std::array<std::byte, 4> zip = {std::byte{'P'}, std::byte{'K'}, std::byte{3},
                                              std::byte{4}};
    const auto bytes = file.bytes();
    return bytes.size() >= zip.size() && std::equal(zip.begin(), zip.end(), bytes.begin());
  }();
  if (is_archive) return make_clip(path, read_torchscript(path), wanted.or_else(openai_settings()));
  const tensor_file file = read_tensors(path);
  return make_clip(path, file.tensors,
                   wanted.or_else(metadata_settings(path, file.metadata))
                       .or_else(settings_beside(path, is_hugging_face(file.tensors))));
}

}  // namespace coop
