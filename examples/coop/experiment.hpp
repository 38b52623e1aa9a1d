// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "calibra/outlier/selector.hpp"
#include "encoding.hpp"
#include "measure.hpp"
#include "task.hpp"
#include "tuning.hpp"

namespace coop {

enum class split { base, fresh };
/// "base" or "new".
std::string_view name_of(split which);

/// What is done to the logits of a tuned prompt before they are judged. The temperature is fitted
/// to the training pictures of the base classes, the only ones that a few-shot task has besides
/// those that it is judged on; DAC takes the text features of the classes, tuned and zero-shot.
enum class repair { none, temperature, dac };
/// "coop", "coop+temperature", "coop+dac".
std::string name_of(tuning_method method, repair after);

struct experiment_options {
  std::vector<tuning_method> methods{std::begin(usual_methods), std::end(usual_methods)};
  std::uint64_t first_seed = 0;
  std::int64_t seeds = 5;
  tuning_options tuning;         ///< method, seeds and checkpoint are set for each run
  double kgcoop_dor_weight = 2;  ///< lambda beside KgCoOp; beside CoOp it is tuning.dor_weight
  std::size_t outliers = 100;    ///< the bank, K; DOR draws from it
  calibra::outlier_rule rule = calibra::outlier_rule::nearest;
  bool repairs = false;  ///< judge CoOp after each repair too
  int threads = 1;       ///< seeds at a time
  std::string output;    ///< an existing folder for checkpoints and logits; empty for none
  bool resume = false;   ///< go on from the checkpoints there; else they are written anew
};

/// One method on one split with one seed.
struct run {
  tuning_method method;
  split where;
  std::uint64_t seed;
  judged result;
  repair after = repair::none;
};

struct experiment_progress {
  std::int64_t done = 0;   ///< tunings finished
  std::int64_t all = 0;    ///< tunings to do
  tuning_method method{};  ///< the one this is about
  std::uint64_t seed = 0;
  epoch_report epoch;
  encoding_progress nouns;  ///< candidates encoded so far; 0 of 0 where it is about a tuning
};

/// Where a seed's task comes from, and the language it is in. Called from several threads.
struct laboratory {
  language words;
  std::function<task(std::uint64_t seed)> make_task;
  name_encoder encode_nouns{};  ///< by the phrase of the tasks; empty: zero_shot_features
};

/// Outliers for a task: of its nouns, classes of either kind excluded, the `count` that the rule
/// says, chosen by mean cosine similarity to the base classes under the hand-written prompt. Nouns
/// are encoded 2048 at a time. Not thread-safe where `progress` is not.
calibra::outlier_bank<at::Tensor> outliers_for(
    const laboratory& lab, const task& what, std::size_t count, calibra::outlier_rule rule,
    std::uint64_t seed, const std::function<void(const encoding_progress&)>& progress = {});

/// The names of the files that run_experiment() writes into `output`.
std::vector<std::string> output_files(const experiment_options& options);

/// Runs every method with every seed, and judges each on base and new classes (a class-specific
/// context says nothing of new classes: then on base alone). The results, in
/// order of seed, method, split and repair, do not depend on the number of threads. With `output`,
/// each run's logits are written there as <method>-<split>-<seed>.logits.npy and the labels as
/// <split>-<seed>.labels.npy, and each tuning has a checkpoint. When `stop` gives true the tunings
/// end with their checkpoints written, and what was finished is returned. Throws what task, tuning
/// and files throw.
std::vector<run> run_experiment(const laboratory& lab, const experiment_options& options,
                                const std::function<void(const experiment_progress&)>& report = {},
                                const std::function<bool()>& stop = {});

}  // namespace coop
