// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"

namespace calibra::python {

/// What `got` names. Throws option_error that names the words to choose from.
template<class T>
T chosen(std::string_view where, std::string_view argument, std::string_view got,
         const std::vector<std::pair<std::string_view, T>>& words) {
  std::string known;
  for (const auto& [word, value] : words) {
    if (word == got) return value;
    known += calibra::detail::concat(known.empty() ? "'" : ", '", word, "'");
  }
  throw option_error(calibra::detail::concat(where, ": ", argument, ": expected one of ", known,
                                             "; got '", got, "'"));
}

}  // namespace calibra::python
