// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <torch/autograd.h>

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "calibra/torch/dor_loss.hpp"
#include "clip/tokenizer.hpp"
#include "clip/weights.hpp"
#include "fixtures.hpp"
#include "prompt_learner.hpp"
#include "tuning.hpp"

using namespace coop;
using coop::test::distance;
using coop::test::fixture;
using coop::test::load_array;

namespace {

/// The ids of the names in prompts of four X, a name and a full stop.
std::vector<std::vector<std::int64_t>> names_of(const at::Tensor& prompts, std::int64_t end) {
  constexpr std::int64_t before = 5;
  std::vector<std::vector<std::int64_t>> out;
  for (std::int64_t i = 0; i < prompts.size(0); ++i) {
    const auto* row = prompts[i].data_ptr<std::int64_t>() + before;
    std::size_t length = 0;
    while (row[length + 1] != end) ++length;
    out.emplace_back(row, row + length);
  }
  return out;
}

/// The published run of CoOp + DOR: CE + 2 DOR, five steps.
void compare(at::ScalarType dtype, const std::string& suffix, double tolerance) {
  const auto model_path = fixture("clip_tiny_f32.safetensors");
  const auto io_path = fixture("clip_tiny_io.npz");
  const auto run_path = fixture("clip_tiny_coop.npz");
  const auto merges = fixture("mini_bpe.txt");
  if (!model_path || !io_path || !run_path || !merges) return;
  const auto expected = [&](const std::string& name) {
    return load_array(*run_path, name + suffix);
  };

  const clip_model model = load_clip(*model_path, coop::test::with_quick_gelu());
  const auto words = std::make_shared<const tokenizer>(*merges);
  const language speech{std::make_shared<const text_transformer>(model.text->to(dtype)), words,
                        model.logit_scale};
  prompt_options options;
  options.context_tokens = 4;
  prompt_learner learner(speech, "a photo of a {}.", options, 5);
  learner.set_context(load_array(*run_path, "coop_ctx0"));

  const std::vector<std::vector<std::int64_t>> stop(11, words->encode("."));
  const auto ids = [&](const char* name) {
    return names_of(load_array(*run_path, name), words->end());
  };
  const auto base = ids("coop_prompt_ids");
  const auto nouns = ids("coop_outlier_ids");
  const prompt_rows prompts =
      learner.prompts(base, {stop.begin(), stop.begin() + 5})
          .followed_by(learner.prompts(nouns, {stop.begin(), stop.begin() + 6}));

  // "a photo of a NOUN." by ids.
  token_rows hand{at::zeros({6, 24}, at::kLong), at::zeros({6}, at::kLong)};
  const auto phrase = words->encode("a photo of a");
  for (std::int64_t i = 0; i < 6; ++i) {
    std::vector<std::int64_t> row{words->start()};
    row.insert(row.end(), phrase.begin(), phrase.end());
    row.insert(row.end(), nouns[static_cast<std::size_t>(i)].begin(),
               nouns[static_cast<std::size_t>(i)].end());
    row.insert(row.end(), stop[0].begin(), stop[0].end());
    row.push_back(words->end());
    std::copy(row.begin(), row.end(), hand.ids[i].data_ptr<std::int64_t>());
  }
  const at::Tensor zero_shot = speech.encoder->encode(hand.ids);
  CHECK(distance(zero_shot, expected("coop_zero_shot_outlier")) < 10 * tolerance);  // of size 4

  const at::Tensor features =
      normalise(suffix.empty() ? load_array(*io_path, "image_features")
                               : load_array(*io_path, "image_features_f64"));
  const at::Tensor labels = load_array(*run_path, "coop_labels");
  const at::Tensor entropies = expected("coop_ce");
  const at::Tensor outlier_losses = expected("coop_dor");
  const double lambda = load_array(*run_path, "coop_lambda").item<double>();

  descent descend(learner.context(), 0.9, 5e-4);
  for (std::int64_t step = 0; step < 5; ++step) {
    const at::Tensor encoded = normalise(learner.encode(prompts));
    const at::Tensor logits =
        at::matmul(features, encoded.narrow(0, 0, 5).t()) * speech.logit_scale;
    const at::Tensor entropy = at::cross_entropy_loss(logits, labels);
    const at::Tensor dor = calibra::dor_loss(encoded.narrow(0, 5, 6), zero_shot);
    CHECK(std::abs(entropy.item<double>() - entropies[step].item<double>()) < tolerance);
    CHECK(std::abs(dor.item<double>() - outlier_losses[step].item<double>()) < tolerance);
    if (step == 0) {
      CHECK(distance(logits, expected("coop_logits0")) < 10 * tolerance);  // of size 2
      const auto gradient = [&](const at::Tensor& loss) {
        return torch::autograd::grad({loss}, {learner.context()}, {}, true)[0];
      };
      CHECK(distance(gradient(entropy), expected("coop_grad_ce0")) < tolerance);
      CHECK(distance(gradient(dor), expected("coop_grad_dor0")) < tolerance);
    }
    (entropy + lambda * dor).backward();
    descend.step(0.02);
  }
  CHECK(distance(learner.context(), expected("coop_ctx5")) < tolerance);
  CHECK(distance(learner.context(), load_array(*run_path, "coop_ctx0")) > 1e-3);
}

}  // namespace

TEST_CASE("CoOp + DOR: the published run in float32") {
  compare(at::kFloat, "", 20 * std::numeric_limits<float>::epsilon());
}

TEST_CASE("CoOp + DOR: the published run in float64") {
  compare(at::kDouble, "_f64", 100 * std::numeric_limits<double>::epsilon());
}
