// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "blas.hpp"

#include <dlfcn.h>

#include <filesystem>
#include <system_error>

namespace coop {

std::string blas_library() {
  Dl_info found{};
  void* const product = dlsym(RTLD_DEFAULT, "sgemm_");
  if (product == nullptr || dladdr(product, &found) == 0 || found.dli_fname == nullptr) return {};
  std::error_code failed;
  const std::filesystem::path resolved = std::filesystem::canonical(found.dli_fname, failed);
  return failed ? found.dli_fname : resolved.string();
}

bool is_reference_blas(const std::string& library) {
  const std::filesystem::path path(library);
  return path.filename().string().starts_with("libblas.so") &&
         path.parent_path().filename() == "blas";
}

}  // namespace coop
