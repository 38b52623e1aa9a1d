// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "words.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "calibra/conventions/all.hpp"
#include "calibra/error.hpp"

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

edge_side effective_side(const eval_request& request) {
  if (request.side) return *request.side;
  return conventions::find(request.like).side.value_or(edge_side::right_closed);
}

std::string fixed(double x, int digits) {
  if (std::isnan(x)) return "";
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), std::abs(x) < 1e9 ? "%.*f" : "%.*e", digits, x);
  return text.data();
}

std::string interval(const eval_request& request, const reliability_bin& bin, int digits) {
  const bool point = bin.lower == bin.upper;
  const bool right = effective_side(request) == edge_side::right_closed;
  return calibra::detail::concat(right && !point ? '(' : '[', fixed(bin.lower, digits), ", ",
                                 fixed(bin.upper, digits), right || point ? ']' : ')');
}

}  // namespace calibra::cli
