// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "comparison.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/compare/compare.hpp"
#include "calibra/conventions/all.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/hypothesis/detail/p_text.hpp"
#include "calibra/io/file_kind.hpp"
#include "calibra/io/load.hpp"
#include "calibra/json.hpp"
#include "inputs.hpp"
#include "progress.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;
using calibra::detail::fixed_text;
using json = nlohmann::ordered_json;

std::string table_of(const comparison& c, const compare_request& request) {
  using calibra::detail::left_text;
  using calibra::detail::right_text;
  const auto number = [](double x) { return std::isnan(x) ? std::string("-") : fixed_text(x, 6); };
  std::size_t name = 6, width = 9;
  for (const metric_difference& d : c) {
    name = std::max(name, d.name.size());
    for (const double x : {d.a, d.b, d.difference, d.lower, d.upper})
      width = std::max(width, number(x).size());
  }
  std::string out = concat("a: ", request.data.scores, "\nb: ", request.other.scores, "\n",
                           c.a.samples, " samples\n\n", left_text("metric", name));
  for (const char* head : {"a", "b", "a - b", "lower", "upper"})
    out += concat("  ", right_text(head, width));
  out += "        p\n";
  for (const metric_difference& d : c) {
    out += left_text(d.name, name);
    for (const double x : {d.a, d.b, d.difference, d.lower, d.upper})
      out += concat("  ", right_text(number(x), width));
    out += concat("  ", right_text(calibra::detail::p_text(d.p), 7), '\n');
  }
  return concat(out, "\nlimits of ", fixed_text(100 * c.level, c.level == 0.95 ? 0 : 1),
                " % intervals of the difference; - where there is none\n");
}

std::string json_of(const comparison& c) {
  using calibra::detail::number_or_null;
  json document;
  document["calibra"] = CALIBRA_VERSION;
  document["samples"] = c.a.samples;
  document["level"] = c.level;
  json& differences = document["differences"] = json::object();
  for (const metric_difference& d : c)
    differences[d.name] = {{"a", number_or_null(d.a)},
                           {"b", number_or_null(d.b)},
                           {"difference", number_or_null(d.difference)},
                           {"lower", number_or_null(d.lower)},
                           {"upper", number_or_null(d.upper)},
                           {"p", number_or_null(d.p)}};
  return calibra::detail::json_text(document) + '\n';
}

/// Calls f with both as scores of one kind and of C.
template<class C, class F>
void with_both(const inputs& in, const io::array& other, score_form from, const F& f) {
  const matrix<C> a = as_matrix<C>(in.scores, in.class_axis),
                  b = as_matrix<C>(other, in.class_axis);
  const bool logits = from == score_form::logits;
  if (in.binary()) {
    const std::size_t n = a.rows();
    if (logits)
      f(binary_logits(a.data(), n), binary_logits(b.data(), n));
    else
      f(binary_probabilities(a.data(), n), binary_probabilities(b.data(), n));
  } else if (logits) {
    f(calibra::logits(a), calibra::logits(b));
  } else {
    f(probabilities(a), probabilities(b));
  }
}

/// The column of labels in the second file; "" where it has none.
std::string label_column_of(const compare_request& request) {
  const std::string& name = request.data.label_column;
  if (name.empty() || !io::is_table(io::kind_of(request.other.scores))) return "";
  const auto columns = io::contents(request.other.scores, {.header = request.data.header});
  return std::any_of(columns.begin(), columns.end(), [&](const auto& e) { return e.name == name; })
             ? name
             : "";
}

bool wide(const io::array& a) {
  return io::size_of(a.dtype()) > 4;
}

}  // namespace

std::string compare_files(const compare_request& request) {
  const inputs in = load_inputs(request.data);
  io::array other = load_scores(request.other, label_column_of(request));
  if (request.data.class_axis && !in.class_axis) {  // of one class
    std::vector<std::size_t> shape = in.sample_shape;
    shape.insert(
        shape.begin() + static_cast<std::ptrdiff_t>(other.dimension(*request.data.class_axis)), 1);
    if (!std::equal(shape.begin(), shape.end(), other.shape().begin(), other.shape().end()))
      throw shape_error(concat(other.name(), ": expected scores of shape ",
                               io::detail::shape_text(shape), " as in ", in.scores.name(), ", got ",
                               other.shape_text()));
    other = other.flattened();
  }
  const auto same = [&] {
    return std::equal(other.shape().begin(), other.shape().end(), in.scores.shape().begin(),
                      in.scores.shape().end());
  };
  if (!same() && !(in.binary() && (other.shape().size() == 1 || other.shape()[1] == 1) &&
                   other.shape()[0] == in.rows()))
    throw shape_error(concat(other.name(), ": expected scores of shape ", in.scores.shape_text(),
                             " as in ", in.scores.name(), ", got ", other.shape_text()));
  expect_form_said(other, request.other, in.class_axis);
  options o = row_options_of(request.data);
  o.bins = request.bins;
  o.like = conventions::find(request.like);
  const metric_list list =
      request.metrics.empty() ? all_metrics() : all_metrics().only(request.metrics);
  comparison result;
  input_names names = in.names();
  names.second = other.name();
  naming_files(names, [&] {
    with_columns(in, o, [&] {
      const io::label_column labels = labels_of(in);
      const auto measure = [&](const auto& a, const auto& b) {
        result = compare(a, b, labels, list, o, request.intervals);
      };
      if (wide(in.scores) || wide(other))
        with_both<double>(in, other, request.data.from, measure);
      else
        with_both<float>(in, other, request.data.from, measure);
    });
  });
  return request.format == report_format::json ? json_of(result) : table_of(result, request);
}

}  // namespace calibra::cli
