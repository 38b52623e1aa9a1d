// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "clip/torchscript.hpp"

#include <torch/script.h>
#include <torch/version.h>

#include <exception>

#include "calibra/error.hpp"

namespace coop {

parameter_map read_torchscript(const std::string& path) {
  try {
    parameter_map out;
    const torch::jit::Module module = torch::jit::load(path, at::kCPU);
    for (const auto& parameter : module.named_parameters())
      out[parameter.name] = parameter.value.detach();
    return out;
  } catch (const c10::Error& problem) {
    throw calibra::io_error(path +
                            ": not a TorchScript archive, as OpenAI publishes CLIP, nor a "
                            ".safetensors file: " +
                            problem.what_without_backtrace());
  } catch (const std::exception& problem) {  // its program does not compile
    throw calibra::io_error(path +
                            ": a TorchScript archive that LibTorch " TORCH_VERSION
                            " cannot read; where a newer one wrote it, save its weights as "
                            ".safetensors: " +
                            problem.what());
  }
}

}  // namespace coop
