// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/io/detail/json_path.hpp"
#include "calibra/io/record_options.hpp"

namespace calibra::io {

/// The layouts of programs that write records, by name.
struct record_preset {
  std::string_view name;
  std::string_view what;
  record_options options;
  bool confidences;      ///< scores are confidences and labels hits; else logits and class indices
  bool answers = false;  ///< record_options::answers have to be given
};

namespace detail {

/// Places of tokens in what servers of language models send: chat and completions of the OpenAI API
/// and of vLLM, /completion of llama.cpp, /api/chat and /api/generate of Ollama. The record is what
/// was sent, or holds it as `response`, or as the results of OpenAI's batches do.
inline record_options response_options() {
  record_options o;
  for (const char* response : {"", "/response", "/response/body"})
    for (const char* tokens : {"/choices/0/logprobs/content", "/choices/0/logprobs/top_logprobs",
                               "/completion_probabilities", "/logprobs"})
      o.or_scores.push_back(concat(response, tokens));
  o.scores = std::move(o.or_scores.front());
  o.or_scores.erase(o.or_scores.begin());
  return o;
}

}  // namespace detail

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
      {"openai", "answers of one token with log-probabilities: OpenAI, vLLM, llama.cpp, Ollama",
       detail::response_options(), false, true},
      {"inspect",
       "the same in samples of Inspect, as JSON",
       {.scores = "/output/choices/0/logprobs/content", .labels = "/target", .within = "/samples"},
       false,
       true},
  };
  return all;
}

/// Whether a record has something where a preset looks for scores.
inline bool has_scores(const record_preset& preset, const nlohmann::json& record) {
  const auto is_there = [&](const std::string& place) {
    const auto found = detail::json_path(place).find(record);
    return std::any_of(found.begin(), found.end(),
                       [](const nlohmann::json* value) { return !value->is_null(); });
  };
  return is_there(preset.options.scores) ||
         std::any_of(preset.options.or_scores.begin(), preset.options.or_scores.end(), is_there);
}

}  // namespace calibra::io
