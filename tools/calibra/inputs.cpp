// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "inputs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/ensemble/ensemble.hpp"
#include "calibra/error.hpp"
#include "calibra/io/load.hpp"
#include "records.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

/// Rows that are looked at before the whole is read.
constexpr std::size_t looked_at = 1000;

void expect_columns(const io::array& a) {
  if (a.shape().size() == 2 && a.shape()[1] == 0)
    throw shape_error(concat(a.name(), ": expected at least 1 column, got shape ", a.shape_text()));
}

void expect_rows(const io::array& a, const char* what, const io::array& scores) {
  expect_columns(a);
  const std::size_t expected = scores.shape()[0];
  const std::size_t got = a.shape()[0];
  if (got == expected) return;
  const bool header = a.from_text() && got == expected + 1;
  throw shape_error(concat(a.name(), ": expected ", expected, ' ', what, " for the ", expected,
                           " rows of ", scores.name(), ", got ", got,
                           header ? "; if the first row is a header, say --header yes" : ""));
}

bool one_column(const io::array& a) {
  return a.shape().size() == 1 || a.shape()[1] == 1;
}

/// Calls f with the numbers of each of the first rows, one after the other, until it gives false;
/// false where it did.
bool first_rows(const io::array& a, const std::function<bool(const std::vector<double>&)>& f) {
  return a.visit_elements([&](auto view) {
    std::vector<double> row(view.cols());
    for (std::size_t i = 0; i < std::min(view.rows(), looked_at); ++i) {
      for (std::size_t j = 0; j < row.size(); ++j) row[j] = io::detail::as_double(view(i, j));
      if (!f(row)) return false;
    }
    return true;
  });
}

bool whole_numbers(const io::array& a) {
  return !io::is_real(a.dtype()) || first_rows(a, [](const std::vector<double>& row) {
    return std::all_of(row.begin(), row.end(), [](double x) { return x == std::floor(x); });
  });
}

/// One column of whole numbers where scores are expected, scores where labels are.
void expect_order(const inputs& in) {
  const bool scores_are_labels = one_column(in.scores) && whole_numbers(in.scores);
  const bool labels_are_scores = io::is_real(in.labels.dtype()) && !whole_numbers(in.labels);
  if (scores_are_labels && labels_are_scores)
    throw option_error(concat(in.scores.name(), " holds labels and ", in.labels.name(),
                              " scores; expected SCORES before LABELS"));
}

/// True where all first rows lie in [0, 1] and, where `sums`, sum to 1. Rows with a NaN are passed
/// over. The sum is that of rounded numbers, with as few as two digits.
bool like_probabilities(const io::array& scores, bool sums) {
  bool any = false;
  const bool all = first_rows(scores, [&](const std::vector<double>& row) {
    double sum = 0;
    for (const double p : row) {
      if (p < 0 || p > 1) return false;
      sum += p;
    }
    if (std::isnan(sum)) return true;
    any = true;
    return !sums || std::abs(sum - 1) < 0.02;
  });
  return any && all;
}

/// Calls f with the array as whole numbers: nothing where there is none.
void with_whole_column(const std::optional<io::array>& a,
                       const std::function<void(optional_column<std::int64_t>)>& f) {
  if (!a) return f({});
  if (!one_column(*a))
    throw shape_error(
        concat(a->name(), ": expected one whole number a row, got shape ", a->shape_text()));
  const io::label_column numbers = io::labels(*a);
  f(optional_column<std::int64_t>(numbers));
}

io::array load_labels(const std::string& file, const io::table_options& table) {
  try {
    return naming_files({{}, file}, [&] { return io::load(file, table); });
  } catch (const io_error& e) {
    const std::string message = e.what();
    for (const char* text : {": expected a number, got '", "(text) is not supported",
                             "(Python objects) is not supported"})
      if (message.find(text) != std::string::npos)
        throw io_error(message + "; labels are class indices from 0, not names");
    throw;
  }
}

}  // namespace

namespace {

/// Whether the file of a specification is there, or may be: standard input.
bool has_file(const std::string& spec) {
  const std::string path = io::detail::split_spec(spec).path;
  std::error_code ignored;
  return io::is_standard_input(path) ||
         (io::detail::is_there(path) && !std::filesystem::is_directory(path, ignored));
}

/// "a.npy+b.npy" taken apart: at a '+' behind the name of a file; at every one where what is
/// between is none.
std::vector<std::string> member_files(const std::string& scores) {
  if (io::detail::is_there(scores)) return {scores};
  std::vector<std::string> parts, files;
  for (std::size_t from = 0; from <= scores.size();) {
    const std::size_t plus = std::min(scores.find('+', from), scores.size());
    parts.push_back(scores.substr(from, plus - from));
    if (files.empty() || has_file(files.back()))
      files.push_back(parts.back());
    else
      files.back() += '+' + parts.back();
    from = plus + 1;
  }
  return has_file(files.back()) ? files : parts;
}

/// The mean of the members' probabilities, in the form that the scores have.
template<class S>
void mean_into(std::vector<double>& out, std::vector<S> members, const score_request& request) {
  row_options o;
  o.nan = nan_policy::count;  // whoever measures decides
  o.renormalise = request.renormalise;
  const auto mean = ensemble(std::move(members));
  mean.holder().with_rows("SCORES", o, [&](const calibra::detail::score_rows<double>& rows) {
    const auto reader = rows.reader(calibra::detail::best_isa());
    for (std::size_t first = 0; first < rows.rows();) {
      const std::size_t count = std::min(reader->tile_rows(), rows.rows() - first);
      const calibra::detail::tile<double> t = reader->read(first, count);
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < rows.cols(); ++j) {
          const double p = t.at(i, j);
          if (request.from == score_form::probabilities)
            out.push_back(p);
          else
            out.push_back(rows.cols() == 1 ? std::log(p / (1 - p)) : std::log(p));
        }
      first += count;
    }
  });
}

io::array mean_of(const std::vector<io::array>& members, const score_request& request) {
  if (request.from == score_form::confidences || request.sigmoid)
    throw option_error(concat(request.scores,
                              ": several files are averaged as logits or probabilities of one "
                              "label a sample"));
  const io::array& first = members[0];
  std::vector<matrix<double>> rows;
  for (const io::array& m : members) {
    if (m.shape_text() != first.shape_text())
      throw shape_error(concat(m.name(), ": expected scores of shape ", first.shape_text(),
                               " as in ", first.name(), ", got ", m.shape_text()));
    expect_form_said(m, request);
    rows.push_back(as_matrix<double>(m));
  }
  const auto all = std::make_shared<std::vector<double>>();
  all->reserve(rows[0].rows() * rows[0].cols());
  const bool logits = request.from == score_form::logits;
  const auto average = [&](const auto& wrap) {
    std::vector<std::decay_t<decltype(wrap(rows[0]))>> wrapped;
    for (const matrix<double>& m : rows) wrapped.push_back(wrap(m));
    mean_into(*all, std::move(wrapped), request);
  };
  if (rows[0].cols() == 1) {
    if (logits)
      average([](const auto& m) { return binary_logits(m.data(), m.rows()); });
    else
      average([](const auto& m) { return binary_probabilities(m.data(), m.rows()); });
  } else if (logits) {
    average([](const auto& m) { return calibra::logits(m); });
  } else {
    average([](const auto& m) { return probabilities(m); });
  }
  io::array_layout layout;
  layout.shape.assign(first.shape().begin(), first.shape().end());
  return {request.scores, layout, std::as_bytes(std::span<const double>(*all)), all};
}

}  // namespace

io::array load_scores(const score_request& request, const std::string& without) {
  const std::vector<std::string> files = member_files(request.scores);
  if (files.size() > 1) {
    std::vector<io::array> members;
    for (const std::string& file : files) {
      score_request one = request;
      one.scores = file;
      members.push_back(load_scores(one, without));
    }
    return mean_of(members, request);
  }
  io::table_options table{.columns = request.score_columns, .header = request.header};
  if (!without.empty()) table.without = {without};
  io::array scores =
      naming_files({request.scores, {}}, [&] { return io::load(request.scores, table); });
  expect_columns(scores);
  if (scores.shape()[0] == 0)
    throw shape_error(concat(scores.name(), ": no samples: expected at least 1 row, got shape ",
                             scores.shape_text()));
  return scores;
}

void expect_form_said(const io::array& scores, const score_request& request) {
  if (request.renormalise && request.from != score_form::probabilities)
    throw option_error("--renormalise: only for --from probabilities");
  if (request.from_said) return;
  const bool classes = !one_column(scores) && !request.sigmoid;
  if (!like_probabilities(scores, classes)) return;
  throw option_error(concat(scores.name(), ": every row looked at lies in [0, 1]",
                            classes ? " and sums to 1" : "",
                            "; say --from probabilities, or --from logits if they are logits"));
}

io::array load_proximity(const std::string& file, const io::array& scores, io::header_row header) {
  io::array proximity = io::load(file, {.header = header});
  expect_rows(proximity, "proximities", scores);
  return proximity;
}

void load_groups(inputs& in, const std::string& by, io::header_row header) {
  if (by.empty() || by == "predicted" || by == "label") return;
  io::array groups = io::load(by, {.header = header});
  expect_rows(groups, "groups", in.scores);
  if (!one_column(groups))
    throw shape_error(concat(groups.name(), ": expected one whole number a row, got shape ",
                             groups.shape_text()));
  in.groups = std::move(groups);
}

inputs load_inputs(const data_request& request, const std::string& proximity) {
  const bool one_file = request.labels.empty() || request.labels == request.scores;
  io::table_options table{.header = request.header};
  if (!request.label_column.empty()) table.columns = {request.label_column};
  inputs in = [&]() -> inputs {
    if (io::holds_records(request.scores)) {
      io::record_dump dump = load_request(request);
      return {std::move(dump.scores), std::move(dump.labels)};
    }
    return {load_scores(request, one_file ? request.label_column : ""),
            load_labels(request.labels.empty() ? request.scores : request.labels, table)};
  }();
  expect_columns(in.labels);  // before they are looked at
  table.columns.clear();
  if (!request.weights.empty()) in.weights = io::load(request.weights, table);
  expect_order(in);
  expect_rows(in.labels, "labels", in.scores);
  if (in.weights) expect_rows(*in.weights, "weights", in.scores);
  if (!request.cluster.empty()) in.cluster = io::load(request.cluster, table);
  if (!request.stratum.empty()) in.stratum = io::load(request.stratum, table);
  if (in.cluster) expect_rows(*in.cluster, "clusters", in.scores);
  if (in.stratum) expect_rows(*in.stratum, "strata", in.scores);
  if (!proximity.empty()) in.proximity = load_proximity(proximity, in.scores, request.header);
  expect_form_said(in.scores, request);
  return in;
}

options row_options_of(const data_request& request) {
  options o;
  o.ignore_label = request.ignore_label;
  o.nan = request.nan;
  o.renormalise = request.renormalise;
  o.threads = {request.threads};
  return o;
}

io::label_column labels_of(const inputs& in) {
  return io::labels(in.labels);
}

void with_column(const std::optional<io::array>& a,
                 const std::function<void(optional_column<double>)>& f) {
  if (!a) return f({});
  a->visit_vector([&](auto view) { f(optional_column<double>(view)); });
}

void with_columns(const inputs& in, options& o, const std::function<void()>& f) {
  with_column(in.weights, [&](optional_column<double> weights) {
    o.weights = std::move(weights);
    with_column(in.proximity, [&](optional_column<double> proximity) {
      o.proximity = std::move(proximity);
      with_whole_column(in.cluster, [&](optional_column<std::int64_t> cluster) {
        o.cluster = std::move(cluster);
        with_whole_column(in.stratum, [&](optional_column<std::int64_t> stratum) {
          o.stratum = std::move(stratum);
          f();
        });
      });
    });
  });
}

}  // namespace calibra::cli
