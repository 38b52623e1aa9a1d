// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "tuning.hpp"

#include <torch/autograd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/torch/outliers.hpp"
#include "clip/parameters.hpp"
#include "clip/tensor_file.hpp"
#include "clip/text_transformer.hpp"
#include "fixtures.hpp"

using namespace coop;
using coop::test::distance;
using coop::test::temporary_file;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

/// Three base classes, four pictures each, near features that the phrase gives other names.
task small_task(const language& words) {
  task out;
  out.base = {"dog", "cat", "hen"};
  out.fresh = {"ox", "bee"};
  out.nouns = {"elk", "fox", "yak", "gnu", "ant"};
  out.phrase = "an {}";
  const at::Tensor centres = zero_shot_features(words, "an {}", {"hen", "god", "tac"});
  std::mt19937_64 random(17);
  const auto around = [&](std::int64_t per) {
    const at::Tensor labels = at::arange(3 * per, at::kLong).remainder(3);
    const at::Tensor noise = draw_normal({3 * per, 6}, 0.1, random).to(centres.options());
    return feature_set{normalise(centres.index_select(0, labels) + noise), labels};
  };
  out.train = around(4);
  out.base_test = around(5);
  out.new_test = around(5);
  return out;
}

calibra::outlier_bank<at::Tensor> bank_of(const language& words, const task& what) {
  return {what.nouns, zero_shot_features(words, what.phrase, what.nouns), {}};
}

at::Tensor covariance(const at::Tensor& rows) {
  const at::Tensor centred = rows - rows.mean(0, true);
  return at::matmul(centred.t(), centred) / static_cast<double>(rows.size(0));
}

/// The plain way; 0 for methods that have none.
at::Tensor regulariser_of(tuning_method method, const at::Tensor& classes,
                          const at::Tensor& zero_shot, const at::Tensor& logits,
                          const at::Tensor& pictures) {
  const at::Tensor cosines = at::matmul(classes, classes.t());
  const at::Tensor eye = at::eye(classes.size(0), classes.options());
  switch (method) {
    case tuning_method::coop_dispersion:
      return -(classes - classes.mean(0, true)).square().sum(1).sqrt().mean();
    case tuning_method::coop_orthogonality:
      return (cosines - eye).square().sum();
    case tuning_method::coop_separation:
      return -at::acos(at::amax(cosines - 2 * eye, {1})).mean();
    case tuning_method::coop_moments:
      return (classes.mean(0) - zero_shot.mean(0)).square().sum() +
             (covariance(classes) - covariance(zero_shot)).square().sum();
    case tuning_method::coop_range: {
      const at::Tensor there = 20 * at::matmul(pictures, zero_shot.t());
      const at::Tensor above = (logits - at::amax(there, {1}, true)).clamp_min(0);
      const at::Tensor below = (at::amin(there, {1}, true) - logits).clamp_min(0);
      return (above + below).sum(1).mean();
    }
    default:
      return at::zeros({}, classes.options());
  }
}

tuning_options options_of(tuning_method method) {
  tuning_options out;
  out.method = method;
  out.prompt.context_tokens = 3;
  out.prompt.seed = 4;
  out.epochs = 6;
  out.batch = 5;
  out.rate = 0.05;
  out.outliers = 2;
  out.seed = 7;
  return out;
}

}  // namespace

TEST_CASE("tune: a step size for each epoch") {
  tuning_options options;
  CHECK(rate_of(options, 0) == 1e-5);
  CHECK(rate_of(options, 1) == Approx(0.002));
  CHECK(rate_of(options, 101) == Approx(0.001));
  CHECK(rate_of(options, 199) ==
        Approx(0.001 * (1 + std::cos(std::numbers::pi * 198 / 200))).epsilon(1e-9));
  options.warm_up_epochs = 0;
  CHECK(rate_of(options, 0) == Approx(0.002));
}

TEST_CASE("descent: momentum and weight decay") {
  at::Tensor x = at::full({2}, 3.0, at::kDouble).requires_grad_();
  descent descend(x, 0.5, 0.1);
  double expected = 3;
  double velocity = 0;
  for (int step = 0; step < 4; ++step) {
    (x * x).sum().backward();
    descend.step(0.1);
    velocity = 0.5 * velocity + 2 * expected + 0.1 * expected;
    expected -= 0.1 * velocity;
    CHECK(distance(x, at::full({2}, expected, at::kDouble)) < 100 * epsilon);
  }
}

TEST_CASE("tune: one step is that of the objective's formula") {
  const language words = test::small_language();
  task what = small_task(words);
  const auto bank = bank_of(words, what);
  for (const tuning_method method : tuning_methods) {
    if (method == tuning_method::zero_shot) continue;
    tuning_options options = options_of(method);
    options.epochs = 1;
    options.batch = 100;   // all twelve pictures
    options.outliers = 5;  // all outliers, in some order
    options.warm_up_rate = 0.01;
    options.gamma = 30;
    options.regulariser_weight = 0.7;
    epoch_report seen;
    const tuning_result result =
        tune(words, what, options, bank, [&](const epoch_report& r) { seen = r; });
    REQUIRE(result.finished);

    const prompt_learner learner(words, what.phrase, options.prompt, 3);
    const auto features = [&](const std::vector<std::string>& names) {
      return normalise(learner.encode(learner.prompts(names)));
    };
    const at::Tensor classes = features(what.base);
    const at::Tensor logits = 20 * at::matmul(what.train.features, classes.t());
    const at::Tensor entropy =
        -at::log_softmax(logits, 1).gather(1, what.train.labels.unsqueeze(1)).mean();
    const at::Tensor kgcoop =
        8 * (1 - (classes * zero_shot_features(words, "an {}", what.base)).sum(1).mean());
    const at::Tensor dor = 8 * (1 - (features(what.nouns) * bank.features).sum(1).mean());
    const at::Tensor zero_shot = zero_shot_features(words, "an {}", what.base);
    const at::Tensor second = covariance(features(what.nouns)) - covariance(bank.features);
    const at::Tensor second_moments = 8 * options.gamma * second.square().sum();
    const at::Tensor regulariser =
        0.7 * regulariser_of(method, classes, zero_shot, logits, what.train.features);
    at::Tensor loss = entropy;
    if (uses_kgcoop(method)) loss = loss + kgcoop;
    if (uses_dor(method)) loss = loss + dor;
    if (method == tuning_method::coop_dor2) loss = loss + second_moments;
    if (uses_regulariser(method)) loss = loss + regulariser;
    const at::Tensor gradient = torch::autograd::grad({loss}, {learner.context()})[0];
    const at::Tensor before = learner.context().detach();
    const at::Tensor after = before - 0.01 * (gradient + 5e-4 * before);

    INFO(name_of(method));
    CHECK(distance(result.context, after) < 10000 * epsilon);
    CHECK(seen.cross_entropy == Approx(entropy.item<double>()).epsilon(1e-9));
    CHECK(seen.kgcoop == Approx(uses_kgcoop(method) ? kgcoop.item<double>() : 0).margin(1e-12));
    const double moments = method == tuning_method::coop_dor2 ? second_moments.item<double>() : 0;
    CHECK(seen.dor == Approx(uses_dor(method) ? dor.item<double>() + moments : 0).margin(1e-12));
    CHECK(seen.regulariser ==
          Approx(uses_regulariser(method) ? regulariser.item<double>() : 0).margin(1e-12));
    CHECK((seen.regulariser != 0) == uses_regulariser(method));
    CHECK(seen.loss == Approx(loss.item<double>()).epsilon(1e-9));
    CHECK(seen.accuracy ==
          Approx(logits.argmax(1).eq(what.train.labels).to(at::kDouble).mean().item<double>()));
  }
}

TEST_CASE("tune: the loss falls, and the same options give the same context") {
  const language words = test::small_language();
  const task what = small_task(words);
  tuning_options options = options_of(tuning_method::coop);
  options.epochs = 20;
  std::vector<double> losses;
  const auto run = [&] {
    losses.clear();
    return tune(words, what, options, {}, [&](const epoch_report& r) { losses.push_back(r.loss); })
        .context;
  };
  const at::Tensor first = run();
  REQUIRE(losses.size() == 20);
  CHECK(losses.back() < 0.8 * losses.front());
  CHECK(at::equal(first, run()));
  options.seed += 1;
  CHECK_FALSE(at::equal(first, run()));
}

TEST_CASE("tune: stopped anywhere and taken up again, the context is the same to the bit") {
  const language words = test::small_language(at::kFloat);
  const task what = small_task(words);
  const auto bank = bank_of(words, what);
  for (const tuning_method method :
       {tuning_method::coop, tuning_method::kgcoop_dor, tuning_method::coop_moments}) {
    tuning_options options = options_of(method);
    options.batch = 2;  // six iterations an epoch, 36 in all
    std::vector<epoch_report> expected;
    const auto keep = [](std::vector<epoch_report>& reports) {
      return [&](const epoch_report& r) { reports.push_back(r); };
    };
    const at::Tensor whole = tune(words, what, options, bank, keep(expected)).context;

    const temporary_file file(".safetensors");
    options.checkpoint = file.path();
    options.checkpoint_every = 100;
    std::vector<epoch_report> got;
    tuning_result part;
    int runs = 0;
    while (!part.finished) {
      REQUIRE(++runs < 10);
      int asked = 0;
      part = tune(words, what, options, bank, keep(got), [&] { return asked++ == 8; });
    }
    CHECK(runs == 5);
    CHECK(part.epochs == 6);
    CHECK(at::equal(part.context, whole));
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      CHECK(got[i].epoch == expected[i].epoch);
      CHECK(got[i].loss == expected[i].loss);
      CHECK(got[i].accuracy == expected[i].accuracy);
    }
    // Finished: another call only reads.
    CHECK(at::equal(tune(words, what, options, bank).context, whole));
  }
}

TEST_CASE("tune: checkpoints are written every few epochs, without a stop too") {
  const language words = test::small_language(at::kFloat);
  const task what = small_task(words);
  tuning_options options = options_of(tuning_method::coop);
  const at::Tensor whole = tune(words, what, options).context;
  const temporary_file file(".safetensors");
  options.checkpoint = file.path();
  options.checkpoint_every = 2;
  struct interruption {};
  const auto fail_at = [](std::int64_t epoch) {
    return [=](const epoch_report& r) {
      if (r.epoch == epoch) throw interruption();
    };
  };
  CHECK_THROWS_AS(tune(words, what, options, {}, fail_at(4)), interruption);
  CHECK(read_tensors(file.path()).metadata.at("epoch") == "4");
  CHECK(at::equal(tune(words, what, options).context, whole));
}

TEST_CASE("tune: a checkpoint of other options or data, or no checkpoint, is refused") {
  const language words = test::small_language();
  task what = small_task(words);
  const auto bank = bank_of(words, what);
  const temporary_file file(".safetensors");
  tuning_options options = options_of(tuning_method::coop_dor);
  options.checkpoint = file.path();
  tune(words, what, options, bank);
  tuning_options other = options;
  other.rate = 0.06;
  other.seed = 8;
  CHECK_THROWS_WITH(tune(words, what, other, bank),
                    Catch::StartsWith(file.path()) &&
                        Catch::Contains("rate: here 0.06, in the checkpoint 0.05") &&
                        Catch::Contains("seed: here 8, in the checkpoint 7"));
  auto other_bank = bank;
  other_bank.names[0] = "eel";
  CHECK_THROWS_AS(tune(words, what, options, other_bank), calibra::value_error);
  task changed = what;
  changed.train.features = normalise(changed.train.features + 0.01);
  CHECK_THROWS_WITH(tune(words, changed, options, bank), Catch::Contains("features"));

  const temporary_file text(".safetensors", "not a checkpoint at all");
  options.checkpoint = text.path();
  CHECK_THROWS_AS(tune(words, what, options, bank), calibra::io_error);
  const temporary_file tensors(".safetensors");
  write_tensors(tensors.path(), {});
  options.checkpoint = tensors.path();
  CHECK_THROWS_WITH(tune(words, what, options, bank), Catch::Contains("not a checkpoint"));
}

TEST_CASE("tune: class_features of each method") {
  const language words = test::small_language();
  const task what = small_task(words);
  tuning_options options = options_of(tuning_method::zero_shot);
  const tuning_result none = tune(words, what, options);
  CHECK(none.finished);
  CHECK_FALSE(none.context.defined());
  CHECK(at::equal(class_features(words, what, options, none, what.fresh),
                  zero_shot_features(words, what.phrase, what.fresh)));
  options.method = tuning_method::coop;
  const tuning_result tuned = tune(words, what, options);
  const at::Tensor features = class_features(words, what, options, tuned, what.fresh);
  CHECK(features.sizes() == at::IntArrayRef({2, 6}));
  CHECK(distance(features.norm(2, 1), at::ones({2}, at::kDouble)) < 100 * epsilon);
  CHECK(distance(features, zero_shot_features(words, what.phrase, what.fresh)) > 1e-3);
}

TEST_CASE("tune: what makes no sense is told") {
  const language words = test::small_language();
  task what = small_task(words);
  tuning_options options = options_of(tuning_method::coop_dor);
  CHECK_THROWS_WITH(tune(words, what, options), Catch::Contains("bank"));
  options.prompt.class_specific = true;
  CHECK_THROWS_AS(tune(words, what, options, bank_of(words, what)), calibra::option_error);
  options = options_of(tuning_method::coop);
  options.epochs = 0;
  CHECK_THROWS_AS(tune(words, what, options), calibra::option_error);
  options = options_of(tuning_method::coop);
  options.rate = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(tune(words, what, options), calibra::option_error);
  options = options_of(tuning_method::coop);
  what.train.labels = what.train.labels + 1;
  CHECK_THROWS_WITH(tune(words, what, options), Catch::Contains("labels in [0, 3), got 3"));
  what.train.labels = what.train.labels.narrow(0, 0, 3);
  CHECK_THROWS_AS(tune(words, what, options), calibra::shape_error);

  options = options_of(tuning_method::coop_range);
  options.regulariser_weight = -1;
  CHECK_THROWS_WITH(tune(words, small_task(words), options), Catch::Contains("regulariser_weight"));

  for (const tuning_method method : tuning_methods)
    CHECK(tuning_method_of(name_of(method)) == method);
  CHECK(tuning_method_of("kgcoop+dor") == tuning_method::kgcoop_dor);
  CHECK_THROWS_WITH(tuning_method_of("cocoop"),
                    Catch::Contains("coop+dor") && Catch::Contains("'cocoop'"));
}

TEST_CASE("few_shot: as many of each class, the same for a seed") {
  feature_set all;
  all.labels = at::arange(40, at::kLong).remainder(4);
  all.labels[3] = 2;
  all.features = at::arange(40, at::kDouble).unsqueeze(1);
  const feature_set some = few_shot(all, 3, 1);
  REQUIRE(some.labels.size(0) == 12);
  for (std::int64_t i = 0; i < 12; ++i) {
    CHECK(some.labels[i].item<std::int64_t>() == i / 3);
    const auto from = some.features[i][0].item<std::int64_t>();
    CHECK(all.labels[from].item<std::int64_t>() == i / 3);
  }
  CHECK(std::get<0>(at::sort(some.features.squeeze(1))).diff().ne(0).all().item<bool>());
  CHECK(at::equal(few_shot(all, 3, 1).features, some.features));
  CHECK_FALSE(at::equal(few_shot(all, 3, 2).features, some.features));
  CHECK(few_shot(all, 100, 1).labels.size(0) == 40);
}
