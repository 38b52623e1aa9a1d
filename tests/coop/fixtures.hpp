// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <optional>
#include <string>

#include "clip/settings.hpp"
#include "clip/text_transformer.hpp"
#include "task.hpp"

namespace coop::test {

/// The path of a file in the fixtures folder, where it is there; else says which test goes without.
std::optional<std::string> fixture(const std::string& name);

/// QuickGELU, as the published code of the fixtures has; the heads are in their metadata.
clip_settings with_quick_gelu();

/// An array of any number of dimensions out of an `.npz` file.
at::Tensor load_array(const std::string& path, const std::string& member);

/// The largest difference of two elements.
double distance(const at::Tensor& a, const at::Tensor& b);

/// A file in the folder for temporary files that is removed again.
class temporary_file {
 public:
  explicit temporary_file(const std::string& ending = "", const std::string& bytes = "");
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Words a, b, c, ... are ids 0, 1, 2, ...; others, each letter by itself.
class letters final : public tokenizer_interface {
 public:
  std::vector<std::int64_t> encode(const std::string& text) const override;
  std::int64_t start() const override { return 26; }
  std::int64_t end() const override { return 27; }
};

/// A random encoder of 28 tokens, width 16, in float64, with every parameter of a size that counts.
std::shared_ptr<const text_transformer> small_encoder(at::ScalarType dtype = at::kDouble,
                                                      std::int64_t layers = 3);
language small_language(at::ScalarType dtype = at::kDouble);

}  // namespace coop::test
