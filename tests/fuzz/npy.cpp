// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/npy.hpp"

#include "fuzz.hpp"

namespace {

bool run(std::string_view bytes) {
  const std::string path = fuzz::in_memory(bytes, ".npy");
  const bool described = fuzz::runs([&] { calibra::io::npy_contents(path); });
  const bool read = fuzz::reads_whole([&] { return calibra::io::load_npy(path); });
  fuzz::expect(described || !read, "an array that cannot be described");
  return read;
}

const fuzz::target npy("npy", run);

}  // namespace
