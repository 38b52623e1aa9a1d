// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

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

  /// Where what a file comes to is kept: the name is of the file as it is now, so that it has to
  /// be asked for before the file is read. Throws io_error for one that is not there, option_error
  /// for standard input.
  std::string file_of(const data_request& shard) const;

  /// Whether it is there.
  static bool has(const std::string& file);
  /// Throws io_error for a damaged file.
  static evidence load(const std::string& file, const convention_option& like);

 private:
  std::string folder_;
  std::string options_;
};

}  // namespace calibra::cli
