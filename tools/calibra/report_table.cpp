// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <string>

#include "calibra/evaluate/report.hpp"
#include "report.hpp"
#include "words.hpp"

namespace calibra::cli {

std::string table_text(const eval_request& request, const report& r, bool utf8) {
  return to_text(r, {.ascii = !utf8,
                     .from = std::string(word(request.data.from)),
                     .convention = request.like,
                     .equal_mass = request.scheme == bin_scheme::equal_mass,
                     .side = effective_side(request)});
}

}  // namespace calibra::cli
