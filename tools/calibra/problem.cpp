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
  const std::string* file = &names.scores;
  if (message.starts_with("label") || message.starts_with("target")) file = &names.labels;
  if (message.starts_with("weight")) file = &names.weights;
  if (message.starts_with("proximity")) file = &names.proximity;
  std::string text = detail::concat(*file, ": ", message);
  replace(text, "renormalise them or,", "use --renormalise or,");
  replace(text, "leave the row out by options::valid, or clip", "clip");
  replace(text, "say logits(x)", "use --from logits");
  return text;
}

}  // namespace calibra::cli
