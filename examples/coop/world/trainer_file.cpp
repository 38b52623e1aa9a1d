// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "world/trainer_file.hpp"

#include <calibra/error.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "clip/tensor_file.hpp"
#include "clip/text_transformer.hpp"

namespace coop {

namespace {

std::string lines(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : "\n") + word;
  return text;
}

}  // namespace

void save_trainer_file(const std::string& path, const small_clip& model, const task& what,
                       const prompt_options& prompt) {
  const prompt_learner learner(language_of(model), what.phrase, prompt,
                               static_cast<std::int64_t>(what.base.size()));
  tensor_file file;
  for (const auto& [name, tensor] : model.text->parameters()) file.tensors[name] = tensor.detach();
  file.tensors["logit_scale"] = at::full({}, model.logit_scale, at::kDouble);
  file.tensors["context"] = learner.context().detach();
  const std::pair<const char*, const feature_set*> sets[] = {
      {"train", &what.train}, {"base_test", &what.base_test}, {"new_test", &what.new_test}};
  for (const auto& [name, set] : sets) {
    file.tensors[std::string(name) + ".features"] = set->features;
    file.tensors[std::string(name) + ".labels"] = set->labels;
  }
  const text_config& config = model.text->config();
  file.metadata = {{"format", "calibra-coop-trainer-1"},
                   {"heads", calibra::detail::concat(config.heads)},
                   {"activation", std::string(name_of(config.nonlinearity))},
                   {"epsilon", calibra::detail::concat(config.epsilon)},
                   {"phrase", what.phrase},
                   {"base", lines(what.base)},
                   {"new", lines(what.fresh)},
                   {"nouns", lines(what.nouns)},
                   {"words", lines(vocabulary(model.world).words())}};
  write_tensors(path, file);
}

}  // namespace coop
