// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The first five lines are options: letters, and the paths of scores, labels, choices and
// `only_at`. Letters: h hits, v halves, c count_bad, l or b lengths in characters or bytes, o
// `only` is "x", s scale 100, d a document instead of lines, a answers, t those of token 1, r the
// rest for a missing one, n names of classes, w a document's records within /w. The rest is the
// file.
#include "calibra/io/json_records.hpp"

#include "fuzz.hpp"

namespace {

bool run_records(std::string_view bytes) {
  const std::string_view letters = fuzz::taken_until(bytes, '\n');
  const auto has = [&](char c) { return letters.find(c) != std::string_view::npos; };
  calibra::io::record_options o;
  o.scores = fuzz::taken_until(bytes, '\n');
  o.labels = fuzz::taken_until(bytes, '\n');
  o.choices = fuzz::taken_until(bytes, '\n');
  o.only_at = fuzz::taken_until(bytes, '\n');
  o.hits = has('h');
  o.halves = has('v');
  o.count_bad = has('c');
  if (has('l')) o.by_length = calibra::io::choice_length::characters;
  if (has('b')) o.by_length = calibra::io::choice_length::bytes;
  if (has('o')) o.only = "x";
  if (has('s')) o.scale = 100;
  if (has('a')) o.answers = {"A", "B"};
  if (has('t')) o.token = 1;
  if (has('r')) o.missing = calibra::io::missing_answer::rest;
  if (has('n')) o.names = calibra::io::class_names({"cat", "dog", "bird"});
  if (has('w')) o.within = "/w";
  const std::string path = fuzz::in_memory(bytes, has('d') ? ".json" : ".jsonl");
  return fuzz::runs([&] {
    const calibra::io::record_dump dump = calibra::io::load_records(path, o);
    fuzz::read_whole(dump.scores);
    fuzz::read_whole(dump.labels);
    fuzz::expect(dump.scores.shape()[0] == dump.labels.shape()[0], "scores without labels");
  });
}

const fuzz::target records("records", run_records);

}  // namespace
