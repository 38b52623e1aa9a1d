// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "problem.hpp"

namespace calibra::cli {

namespace {

void replace(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

}  // namespace

std::string at_file(std::string_view message, const input_names& names) {
  const std::size_t function = message.find("(): ");
  if (function != std::string_view::npos) message.remove_prefix(function + 4);
  if (message.starts_with("sample: ")) message.remove_prefix(8);
  const std::string* file = &names.scores;
  if (!names.second.empty() && (message.starts_with("a: ") || message.starts_with("b: "))) {
    if (message[0] == 'b') file = &names.second;
    message.remove_prefix(3);
  }
  if (message.starts_with("label") || message.starts_with("target")) file = &names.labels;
  if (message.starts_with("weight")) file = &names.weights;
  if (message.starts_with("proximity")) file = &names.proximity;
  // Errors of the files say which they are about.
  for (const std::string* name :
       {&names.scores, &names.labels, &names.weights, &names.proximity, &names.second})
    if (!name->empty() && message.starts_with(*name + ":")) return std::string(message);
  std::string text = calibra::detail::concat(*file, ": ", message);
  replace(text, "renormalise them or,", "use --renormalise or,");
  replace(text, "leave the row out by options::valid, or clip", "clip");
  replace(text, "give them as logits", "use --from logits");
  return text;
}

std::string with_flags(std::string message, const input_names& names) {
  const auto about = [&](const std::string& file) {
    return !file.empty() && message.starts_with(file + ":");
  };
  const bool of_labels =
      about(names.labels) &&
      (names.labels != names.scores || message.find(": one-hot labels: ") != std::string::npos);
  constexpr std::string_view hint = "; name the columns to read by table_options::columns";
  if (of_labels)
    replace(message, hint, "; name the column of the labels by --label-column");
  else if (about(names.scores))
    replace(message, hint, "; name the columns of the scores by --score-columns");
  else
    replace(message, hint, "; the file has to have one column");
  replace(message, "unless table_options::header says so", "unless --header yes says so");
  replace(message, "say which by table_options::header", "say --header yes or --header no");
  return message;
}

}  // namespace calibra::cli
