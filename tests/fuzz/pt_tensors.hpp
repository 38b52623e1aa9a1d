// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "calibra/io/pt.hpp"
#include "fuzz.hpp"

namespace fuzz {

/// Reads the tensors of a .pt file; whether there was one.
inline bool reads_tensors(std::string_view bytes) {
  const std::string path = in_memory(bytes, ".pt");
  std::vector<calibra::io::array_entry> entries;
  if (!runs([&] { entries = calibra::io::pt_contents(path); })) return false;
  reads_whole([&] { return calibra::io::load_pt(path); });
  bool any = false;
  entries.resize(std::min<std::size_t>(entries.size(), 8));
  for (const auto& e : entries)
    any = reads_whole([&] { return calibra::io::load_pt(path, e.name); }) || any;
  return any;
}

}  // namespace fuzz
