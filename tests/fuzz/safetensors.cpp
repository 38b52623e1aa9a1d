// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/safetensors.hpp"

#include <algorithm>

#include "fuzz.hpp"

namespace {

bool run_safetensors(std::string_view bytes) {
  const std::string path = fuzz::in_memory(bytes, ".safetensors");
  std::vector<calibra::io::array_entry> entries;
  if (!fuzz::runs([&] { entries = calibra::io::safetensors_contents(path); })) return false;
  fuzz::reads_whole([&] { return calibra::io::load_safetensors(path); });
  bool any = false;
  entries.resize(std::min<std::size_t>(entries.size(), 8));
  for (const auto& e : entries)
    any = fuzz::reads_whole([&] { return calibra::io::load_safetensors(path, e.name); }) || any;
  return any;
}

const fuzz::target safetensors("safetensors", run_safetensors);

}  // namespace
