// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "feature_cache.hpp"
#include "task.hpp"

namespace coop {

/// The index as a tensor of int64.
at::Tensor index_tensor(const std::vector<std::int64_t>& index);

/// How far an encoding is.
struct encoding_progress {
  std::size_t done = 0;     ///< encoded now or read from the cache
  std::size_t all = 0;      ///< of how many
  std::size_t encoded = 0;  ///< those encoded now
};

struct encoding_options {
  int threads = 1;
  feature_cache cache;
  std::string model;  ///< checksum of what the features depend on, but for what is encoded
  /// float16 (where the weights are): features are rounded to it, kept on disk or not, so that the
  /// cache never changes a result.
  at::ScalarType stored = at::kFloat;
};

/// Things that are encoded together and kept in one file.
struct encoding_chunk {
  std::string key;         ///< checksum of the things
  std::int64_t count = 0;  ///< of them
  std::int64_t dimension = 0;
  /// Cuts [0, count) into batches. Only asked where the chunk is not in the cache.
  std::function<std::vector<std::vector<std::int64_t>>()> batches;
  /// Features [n, dimension], rows of length 1, of one batch. Called from several threads.
  std::function<at::Tensor(const std::vector<std::int64_t>& batch)> encode;
};

/// Features [count, dimension] of a chunk, float32, rows of length 1: from the cache, or encoded on
/// all threads, batch by batch, and kept. Each batch is computed by one thread, so that the number
/// of threads changes no bit. `encoded` gets how many of the chunk have been encoded and may throw
/// to end it; it is called from any thread, by one at a time. A chunk that cannot be written into
/// the cache is a calibra::io_error.
at::Tensor encode_chunk(const encoding_chunk& chunk, const encoding_options& options,
                        const std::function<void(std::size_t)>& encoded);

/// Zero-shot features [N, D], float32, rows of length 1, of names; see encode_chunk for `encoded`.
using name_encoder = std::function<at::Tensor(const std::vector<std::string>& names,
                                              const std::function<void(std::size_t)>& encoded)>;

/// Encodes the hand-written prompt filled in with each name. What zero_shot_features gives but for
/// rounding: prompts of like length are encoded together, and what all of a batch begin with once.
name_encoder make_name_encoder(language words, std::string phrase, encoding_options options);

}  // namespace coop
