// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

/// The status to end with before any test, or 0. A program that may have nothing to test on has its
/// own.
[[gnu::weak]] int status_without_tests() {
  return 0;
}

int main(int argc, char** argv) {
  if (const int status = status_without_tests(); status != 0) return status;
  return Catch::Session().run(argc, argv);
}
