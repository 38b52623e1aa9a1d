// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/npz.hpp"

#include <algorithm>

#include "fuzz.hpp"

namespace {

bool run_npz(std::string_view bytes) {
  const std::string path = fuzz::in_memory(bytes, ".npz");
  std::vector<calibra::io::array_entry> entries;
  fuzz::runs([&] { entries = calibra::io::npz_contents(path); });
  bool all = fuzz::reads_whole([&] { return calibra::io::load_npz(path); }) || entries.size() > 1;
  entries.resize(std::min<std::size_t>(entries.size(), 8));
  for (const auto& e : entries)
    all = fuzz::reads_whole([&] { return calibra::io::load_npz(path, e.name); }) && all;
  return all && !entries.empty();
}

const fuzz::target npz("npz", run_npz);

}  // namespace
