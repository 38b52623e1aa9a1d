// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "operator_spy.hpp"
#include "stage.hpp"

// LibTorch's own watch over synchronisations, where its CUDA part is installed to compile against.
#if defined(CALIBRA_TEST_CUDA_SYNC) && __has_include(<cuda_runtime_api.h>)
#include <c10/cuda/CUDAFunctions.h>
#define CALIBRA_TEST_SYNC_MODE 1
#endif

#include <cstdio>
#include <optional>

namespace stage {
namespace {

std::optional<operator_spy> spy;

/// Whether a synchronisation throws.
void throw_on_sync([[maybe_unused]] bool on) {
#ifdef CALIBRA_TEST_SYNC_MODE
  c10::cuda::warning_state().set_sync_debug_mode(on ? c10::cuda::SyncDebugMode::L_ERROR
                                                    : c10::cuda::SyncDebugMode::L_DISABLED);
#endif
}

}  // namespace

at::Device device() {
  return at::Device(at::kCUDA, 0);
}
void start(bool reading) {
  spy.emplace();
  throw_on_sync(!reading);
}
seen stop() {
  throw_on_sync(false);
  seen result;
  result.forbidden = static_cast<int>(spy->synchronising().size());
  for (const std::string& name : spy->synchronising()) result.text += name + " ";
  spy.reset();
  return result;
}
int copies_of_a_read() {
  return 0;
}

}  // namespace stage

int status_without_tests() {
  if (at::hasCUDA() && at::getNumGPUs() > 0) return 0;
  std::puts("no CUDA device: the CUDA tests were not run");
  return 77;
}
