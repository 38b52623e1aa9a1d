// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/detail/counter_random.hpp"

namespace calibra {

/// The outliers of a training run: names, their frozen zero-shot features (a row an outlier) and
/// the scores by which they were chosen (mean cosine similarity to the base classes; may be empty
/// where the bank was made in another way). `Features` is any array of calibra that owns its
/// elements, such as matrix<float>, or at::Tensor with calibra/torch/outliers.hpp.
template<class Features>
struct outlier_bank {
  std::vector<std::string> names;
  Features features;
  std::vector<double> scores;
};

/// 64 bits that tell one list of names, in this order, from another: FNV-1a over the names, each
/// followed by a line feed. The same on every platform.
[[nodiscard]] inline std::uint64_t fingerprint(const std::vector<std::string>& names) {
  std::uint64_t hash = detail::fnv1a("");
  for (const std::string& name : names) hash = detail::fnv1a("\n", detail::fnv1a(name, hash));
  return hash;
}

}  // namespace calibra
