// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Evidence is read, merged with itself, measured and written again; the bytes as they are, and once
// more with the checksum put right, which bytes at random would hardly have.
#include <utility>

#include "calibra/calibra.hpp"
#include "calibra/conventions/all.hpp"
#include "fuzz.hpp"

namespace {

bool reads(std::string_view bytes) {
  return fuzz::runs([&] {
    const std::string like = calibra::archived_convention(bytes, "a.evidence");
    const calibra::evidence e = calibra::evidence_from_bytes(
        bytes, "a.evidence",
        like.empty() ? calibra::convention_option{}
                     : calibra::convention_option{calibra::conventions::find(like)});
    const std::string again = calibra::to_bytes(e);
    fuzz::expect(calibra::to_bytes(calibra::evidence_from_bytes(again, "again", e.like)) == again,
                 "evidence that does not come back");
    fuzz::runs([&] {
      calibra::evidence sum = e;
      sum += e;
    });
    const calibra::metric_list list = calibra::measurable(e);
    fuzz::runs([&] {
      for (const calibra::metric_value& m : calibra::evaluate(e, list)) fuzz::sink = m.value;
    });
  });
}

bool run_evidence(std::string_view bytes) {
  const bool read = reads(bytes);
  if (read || bytes.size() < 8) return read;
  std::string body(bytes.substr(0, bytes.size() - 8));
  const std::uint64_t sum = calibra::detail::checksum(body);
  for (unsigned byte = 0; byte < 8; ++byte) body += static_cast<char>(sum >> 8 * byte & 0xff);
  return reads(body);
}

const fuzz::target evidence("evidence", run_evidence);

}  // namespace
