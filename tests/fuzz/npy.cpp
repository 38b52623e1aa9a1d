// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/npy.hpp"

#include "calibra/io/class_names.hpp"
#include "calibra/io/named_labels.hpp"
#include "fuzz.hpp"

namespace {

bool run_npy(std::string_view bytes) {
  const std::string path = fuzz::in_memory(bytes, ".npy");
  const bool described = fuzz::runs([&] { calibra::io::npy_contents(path); });
  const bool read = fuzz::reads_whole([&] { return calibra::io::load_npy(path); });
  fuzz::expect(described || !read, "an array that cannot be described");
  const calibra::io::class_names names({"cat", "dog", "bird"});
  const bool named = fuzz::reads_whole([&] { return calibra::io::load_named_labels(path, names); });
  fuzz::expect(named || !read, "an array that names make unreadable");
  return named;
}

const fuzz::target npy("npy", run_npy);

}  // namespace
