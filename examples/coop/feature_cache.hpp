// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coop {

/// 64 bits that tell one sequence of byte strings from another, by accident: no defence against a
/// forger. Eight bytes at a time, so that a file of weights takes a moment.
class checksum {
 public:
  /// Takes the bytes and their number in.
  checksum& add(std::string_view bytes);
  /// Takes a file's bytes in. Throws calibra::io_error.
  checksum& add_file(const std::string& path);
  /// 16 hexadecimal digits.
  std::string text() const;

 private:
  std::uint64_t state_ = 0x243f6a8885a308d3u;
};

/// Features on disk, chunk by chunk: a file a chunk, by the name of its key. A key is a checksum of
/// all that the features depend on, so a file is never out of date; nothing is ever removed.
/// Several programs may use one folder at the same time.
class feature_cache {
 public:
  /// Keeps nothing and finds nothing.
  feature_cache() = default;
  /// Makes the folder. Throws calibra::io_error with the path and the reason.
  explicit feature_cache(std::string folder);

  bool is_on() const { return !folder_.empty(); }
  /// The features of a key, of that shape and type. None where there is no such file, and where it
  /// is damaged: its bytes are compared with the checksum that was written with them.
  std::optional<at::Tensor> find(const std::string& key, at::IntArrayRef shape,
                                 at::ScalarType type) const;
  /// Writes them, whole or not at all. Throws calibra::io_error.
  void keep(const std::string& key, const at::Tensor& features) const;

 private:
  std::string path_of(const std::string& key) const;

  std::string folder_;
};

/// $XDG_CACHE_HOME/calibra-coop, else $HOME/.cache/calibra-coop; empty where neither is set.
std::string default_cache_folder();

}  // namespace coop
