// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "prompt_learner.hpp"
#include "task.hpp"
#include "world/small_clip.hpp"

namespace coop {

/// Writes all that another program needs to repeat the tunings of a task of the drawn world: a
/// `.safetensors` file with the text encoder by CLIP's names, `logit_scale`, the `context` that
/// tuning begins at, and the pictures' `train.features`, `train.labels`, `base_test.features` and
/// so on. Its metadata has the encoder's `heads`, `activation` and `epsilon`, the `phrase`, and
/// lists of words, one a line: `base`, `new`, `nouns` (candidates for outliers) and `words` (the
/// vocabulary, a word's id its place).
/// Throws calibra::io_error.
void save_trainer_file(const std::string& path, const small_clip& model, const task& what,
                       const prompt_options& prompt);

}  // namespace coop
