// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The bytes are read by every preset, as lines and as one document.
#include "calibra/io/record_presets.hpp"

#include "calibra/io/json_records.hpp"
#include "fuzz.hpp"

namespace {

bool run_presets(std::string_view bytes) {
  bool any = false;
  for (const std::string_view ending : {".jsonl", ".json"}) {
    const std::string path = fuzz::in_memory(bytes, ending);
    for (const calibra::io::record_preset& preset : calibra::io::record_presets()) {
      calibra::io::record_options o = preset.options;
      o.count_bad = bytes.size() % 2 == 0;
      if (!o.choices.empty()) o.by_length = calibra::io::choice_length::bytes;
      if (preset.answers) o.answers = {"A", "B"};
      if (o.labels.empty()) o.labels = "/answer";
      if (bytes.size() % 3 == 0) o.missing = calibra::io::missing_answer::rest;
      any = fuzz::runs([&] {
              const calibra::io::record_dump dump = calibra::io::load_records(path, o);
              fuzz::read_whole(dump.scores);
              fuzz::read_whole(dump.labels);
            }) ||
            any;
    }
  }
  return any;
}

const fuzz::target presets("presets", run_presets);

}  // namespace
