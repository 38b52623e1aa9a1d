// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "calibra/evaluate/evidence.hpp"
#include "calibra/options.hpp"
#include "requests.hpp"

namespace calibra::cli {

/// A folder of what each file of several came to, so that a run that was ended goes on where it
/// was: --resume. A file of the folder is named by all that its evidence depends on: the input's
/// path, size and time of change, and the options; what does not fit any more is not found.
class kept_shards {
 public:
  /// Makes the folder where there is none. Throws io_error where that fails.
  kept_shards(std::string folder, const eval_request& request);

  /// What was kept of a file; nothing where it has to be read. Throws io_error for a damaged file.
  std::optional<evidence> find(const data_request& shard, const convention_option& like) const;
  /// Keeps it, whole or not at all.
  void keep(const data_request& shard, const evidence& e) const;

 private:
  std::string file_of(const data_request& shard) const;

  std::string folder_;
  std::string options_;
};

}  // namespace calibra::cli
