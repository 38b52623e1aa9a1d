// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "words.hpp"

#include "calibra/conventions/all.hpp"

namespace calibra::cli {

std::string_view word(score_form form) {
  switch (form) {
    case score_form::logits:
      return "logits";
    case score_form::probabilities:
      return "probabilities";
    case score_form::confidences:
      break;
  }
  return "confidences";
}

std::string_view word(bin_scheme scheme) {
  return scheme == bin_scheme::equal_mass ? "mass" : "width";
}

std::string_view word(edge_side side) {
  return side == edge_side::left_closed ? "left" : "right";
}

std::string_view word(binary_target target) {
  return target == binary_target::top_label ? "top" : "positive";
}

std::string_view word(nan_policy policy) {
  return policy == nan_policy::count ? "count" : "reject";
}

std::string_view word(report_format format) {
  switch (format) {
    case report_format::table:
      return "table";
    case report_format::json:
      return "json";
    case report_format::csv:
      return "csv";
    case report_format::markdown:
      break;
  }
  return "markdown";
}

std::string_view word(io::header_row header) {
  return header == io::header_row::absent ? "no" : "yes";
}

std::string_view word(io::choice_length length) {
  switch (length) {
    case io::choice_length::characters:
      return "chars";
    case io::choice_length::bytes:
      return "bytes";
    case io::choice_length::none:
      break;
  }
  return "none";
}

std::string_view word(io::missing_answer missing) {
  return missing == io::missing_answer::rest ? "rest" : "impossible";
}

std::string_view word(bool counted) {
  return counted ? "count" : "reject";
}

std::string_view word(interval_kind kind) {
  switch (kind) {
    case interval_kind::percentile:
      return "percentile";
    case interval_kind::bca:
      return "bca";
    case interval_kind::basic:
      break;
  }
  return "basic";
}

std::string_view word(diagram_kind kind) {
  switch (kind) {
    case diagram_kind::classwise:
      return "classwise";
    case diagram_kind::corp:
      return "corp";
    case diagram_kind::smooth:
      return "smooth";
    case diagram_kind::cumulative:
      return "cumulative";
    case diagram_kind::risk_coverage:
      return "risk_coverage";
    case diagram_kind::groups:
      return "groups";
    case diagram_kind::reliability:
      break;
  }
  return "reliability";
}

std::string_view word(bar_limits limits) {
  switch (limits) {
    case bar_limits::none:
      return "none";
    case bar_limits::consistency:
      return "consistency";
    case bar_limits::wilson:
      break;
  }
  return "wilson";
}

edge_side effective_side(const eval_request& request) {
  if (request.side) return *request.side;
  return conventions::find(request.like).side.value_or(edge_side::right_closed);
}

}  // namespace calibra::cli
