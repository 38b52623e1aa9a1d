// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <string>

#include "calibra/evaluate/report.hpp"
#include "calibra/groups/report.hpp"
#include "calibra/interval/report.hpp"
#include "report.hpp"
#include "words.hpp"

namespace calibra::cli {

namespace {

std::string table_of_all(const eval_request& request, const report& r, bool utf8) {
  const report_options shown{.ascii = !utf8,
                             .from = request.from_words.empty()
                                         ? std::string(word(request.data.from))
                                         : request.from_words,
                             .convention = request.like,
                             .equal_mass = request.scheme == bin_scheme::equal_mass,
                             .side = effective_side(request)};
  if (!request.interval) return to_text(r, shown);
  interval_report with_intervals{r, r.intervals, request.intervals.level,
                                 request.intervals.replicates};
  return to_text(with_intervals, shown);
}

}  // namespace

std::string table_text(const eval_request& request, const report& r, bool utf8) {
  std::string out = table_of_all(request, r, utf8);
  if (r.groups) out += calibra::detail::concat("\nby ", request.by, '\n', to_text(*r.groups));
  return out;
}

}  // namespace calibra::cli
