// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "calibra/io/json_records.hpp"

namespace calibra::io {

/// The layouts of programs that write records, by name.
struct record_preset {
  std::string_view name;
  std::string_view what;
  record_options options;
  bool confidences;  ///< scores are confidences and labels hits; else logits and class indices
};
inline const std::vector<record_preset>& record_presets() {
  static const std::vector<record_preset> all{
      {"lm-eval",
       "lm-evaluation-harness, samples_*.jsonl of multiple-choice tasks",
       {.scores = "/filtered_resps/*/0",
        .labels = "/target",
        .choices = "/arguments/*/arg_1",
        .halves_at = "/acc_mutual_info",
        .only_at = "/filter"},
       false},
      {"helm",
       "HELM, per_instance_stats.json",
       {.scores = "stats.[name.name=max_prob].mean",
        .labels = "stats.[name.name=exact_match].mean",
        .hits = true},
       true},
      {"hle",
       "Humanity's Last Exam and its kind: judged answers with a confidence in percent",
       {.scores = "judge_response.confidence",
        .labels = "judge_response.correct",
        .hits = true,
        .scale = 100},
       true},
  };
  return all;
}

}  // namespace calibra::io
