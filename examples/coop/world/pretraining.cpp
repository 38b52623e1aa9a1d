// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "world/pretraining.hpp"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <calibra/error.hpp>
#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "world/adamw.hpp"
#include "world/captions.hpp"
#include "world/drawing.hpp"
#include "world/word_tokenizer.hpp"

namespace coop {

namespace {

void check(const pretraining_options& o) {
  const auto fail = [](const char* what, const auto& expected, const auto& got) {
    throw calibra::option_error(
        calibra::detail::concat("pretrain(): ", what, ": expected ", expected, ", got ", got));
  };
  if (o.steps < 1) fail("steps", "1 or more", o.steps);
  if (o.batch < 2) fail("batch", "2 or more", o.batch);
  for (const std::int64_t channels : o.image.channels)
    if (channels < 1) fail("image.channels", "1 or more", channels);
  if (o.image.hidden < 1) fail("image.hidden", "1 or more", o.image.hidden);
  if (o.image.embed_dim < 1) fail("image.embed_dim", "1 or more", o.image.embed_dim);
  if (o.warm_up < 1) fail("warm_up", "1 or more", o.warm_up);
  if (!(o.learning_rate >= 0)) fail("learning_rate", "0 or more", o.learning_rate);
  if (!(o.weight_decay >= 0)) fail("weight_decay", "0 or more", o.weight_decay);
  if (!(o.curriculum >= 0)) fail("curriculum", "0 or more", o.curriculum);
}

/// Pictures with their captions.
struct pairs {
  at::Tensor pictures;  // [N, 3, 20, 20]
  at::Tensor ids;       // [N, L], padded with 0 behind the end
  at::Tensor ends;      // [N], where each caption ends
};

/// The batch of each step.
class pair_source {
 public:
  explicit pair_source(const pretraining_options& o) : options_(o), words_(o.world), ids_(words_) {}

  const vocabulary& words() const { return words_; }

  pairs draw_batch(std::int64_t step) const {
    constexpr auto pixels = static_cast<std::int64_t>(picture_side);
    const std::int64_t n = options_.batch;
    pairs out{at::empty({n, 3, pixels, pixels}, at::kFloat), {}, at::empty({n}, at::kLong)};
    float* pictures = out.pictures.data_ptr<float>();
    std::int64_t* ends = out.ends.data_ptr<std::int64_t>();
    std::vector<std::vector<std::int64_t>> captions;
    std::size_t longest = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      random_stream random(options_.seed, "pretraining pair",
                           static_cast<std::uint64_t>(step * n + i));
      const scene what = random_scene(options_.world, random);
      captions.push_back(ids_.encode(write_caption(what, words_, random)));
      ends[i] = static_cast<std::int64_t>(captions.back().size()) + 1;
      longest = std::max(longest, captions.back().size() + 2);
      draw(what, web_conditions(level(step), random), random,
           std::span<float, picture_values>(pictures + i * pixels * pixels * 3, picture_values));
    }
    out.ids = at::zeros({n, static_cast<std::int64_t>(longest)}, at::kLong);
    auto* ids = out.ids.data_ptr<std::int64_t>();
    for (const auto& caption : captions) {
      ids[0] = ids_.start();
      *std::copy(caption.begin(), caption.end(), ids + 1) = ids_.end();
      ids += longest;
    }
    return out;
  }

 private:
  /// How poor pictures may be: clean ones alone in the first tenth, then ever poorer ones.
  double level(std::int64_t step) const {
    if (options_.curriculum == 0) return 1;
    const double done = static_cast<double>(step) / static_cast<double>(options_.steps);
    return std::clamp((done - .1) / options_.curriculum, 0., 1.);
  }

  const pretraining_options& options_;
  vocabulary words_;
  word_tokenizer ids_;
};

at::Tensor directions(const at::Tensor& features) {
  return features / features.norm(2, 1, true);
}

/// Enters all parameters of a model; only matrices and kernels decay.
void add_all(const parameter_map& parameters, double weight_decay, adamw& optimizer) {
  for (const auto& [name, tensor] : parameters) {
    tensor.requires_grad_();
    const bool decays = tensor.dim() > 1 && name.find("embedding") == std::string::npos;
    optimizer.add(tensor, decays ? weight_decay : 0);
  }
}

void freeze(const parameter_map& parameters) {
  for (const auto& [name, tensor] : parameters) tensor.requires_grad_(false);
}

}  // namespace

pretraining_options small_pretraining() {
  pretraining_options o;
  o.world = small_world;
  o.image.channels = {16, 32, 64};
  o.steps = 2000;
  return o;
}

small_clip pretrain(const pretraining_options& o,
                    const std::function<void(const pretraining_progress&)>& report) {
  check(o);
  const pair_source source(o);
  random_stream seeds(o.seed, "initial parameters");
  const image_encoder image = image_encoder::random(o.image, seeds.bits());
  text_config config = text_config_for(source.words());
  config.embed_dim = o.image.embed_dim;
  const text_transformer text = text_transformer::random(config, seeds.bits());
  const at::Tensor log_scale = at::full({}, std::log(1 / .07), at::kFloat).requires_grad_();

  adamw optimizer({});
  add_all(image.parameters(), o.weight_decay, optimizer);
  add_all(text.parameters(), o.weight_decay, optimizer);
  optimizer.add(log_scale, 0);

  const at::Tensor own = at::arange(o.batch);
  for (std::int64_t step = 0; step < o.steps; ++step) {
    const pairs batch = source.draw_batch(step);
    const at::Tensor seen = directions(image.encode(batch.pictures));
    const at::Tensor read = directions(text.encode_embedded(text.embed(batch.ids), batch.ends));
    const at::Tensor logits = log_scale.exp() * at::matmul(seen, read.t());
    const at::Tensor loss =
        (at::cross_entropy_loss(logits, own) + at::cross_entropy_loss(logits.t(), own)) / 2;
    loss.backward();
    const double done = static_cast<double>(step);
    const double warm = std::min(1., (done + 1) / static_cast<double>(o.warm_up));
    const double cosine =
        .5 + .5 * std::cos(std::numbers::pi * done / static_cast<double>(o.steps));
    optimizer.step(o.learning_rate * warm * cosine);

    const c10::NoGradGuard no_gradients;
    log_scale.clamp_max_(std::log(100.));
    if (report)
      report({step + 1, loss.item<double>(),
              logits.argmax(1).eq(own).to(at::kDouble).mean().item<double>(),
              log_scale.exp().item<double>()});
  }
  freeze(image.parameters());
  freeze(text.parameters());

  small_clip out;
  out.world = o.world;
  out.image = std::make_shared<const image_encoder>(image);
  out.text = std::make_shared<const text_transformer>(text);
  out.logit_scale = log_scale.detach().exp().item<double>();
  using calibra::detail::concat;
  out.notes = {{"steps", concat(o.steps)},
               {"batch", concat(o.batch)},
               {"learning_rate", concat(o.learning_rate)},
               {"warm_up", concat(o.warm_up)},
               {"weight_decay", concat(o.weight_decay)},
               {"curriculum", concat(o.curriculum)},
               {"seed", concat(o.seed)}};
  return out;
}

}  // namespace coop
