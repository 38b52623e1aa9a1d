// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// A target that breaks its word: the replay of a corpus with it has to fail.
#include <stdexcept>

#include "fuzz.hpp"

namespace {

bool run(std::string_view bytes) {
  if (bytes.size() == 3) throw std::runtime_error("no error of calibra's");
  return true;
}

const fuzz::target must_fail("must_fail", run);

}  // namespace
