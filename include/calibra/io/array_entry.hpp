// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "calibra/io/dtype.hpp"

namespace calibra::io {

/// An array in a file, described without its elements.
struct array_entry {
  std::string name = {};                ///< of the member; "" where the file is the array
  std::optional<io::dtype> type = {};   ///< none: one that is not read
  std::string type_name = {};           ///< by `name_of`, or what is there instead
  std::vector<std::size_t> shape = {};  ///< any number of extents
};

}  // namespace calibra::io
