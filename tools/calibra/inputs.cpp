// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "inputs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/ensemble/ensemble.hpp"
#include "calibra/error.hpp"
#include "calibra/io/class_names.hpp"
#include "calibra/io/csv.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/detail/token_answers.hpp"
#include "calibra/io/file_kind.hpp"
#include "calibra/io/input_file.hpp"
#include "calibra/io/load.hpp"
#include "calibra/io/named_labels.hpp"
#include "records.hpp"
#include "suggest.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

/// Rows that are looked at before the whole is read.
constexpr std::size_t looked_at = 1000;

void expect_columns(const io::array& a) {
  if (a.shape().size() > 2)
    throw shape_error(concat(a.name(), ": expected 1 or 2 dimensions, got shape ", a.shape_text()));
  if (a.shape().size() == 2 && a.shape()[1] == 0)
    throw shape_error(concat(a.name(), ": expected at least 1 column, got shape ", a.shape_text()));
}

void expect_rows(const io::array& a, const char* what, const io::array& scores) {
  expect_columns(a);
  const std::size_t expected = scores.shape()[0];
  const std::size_t got = a.shape()[0];
  if (got == expected) return;
  const bool header = a.from_text() && got == expected + 1;
  const bool other = scores.from_text() && expected == got + 1;
  throw shape_error(
      concat(a.name(), ": expected ", expected, ' ', what, " for the ", expected, " rows of ",
             scores.name(), ", got ", got,
             header  ? "; if the first row is a header, say --header yes"
             : other ? concat("; if the first row of ", scores.name(),
                              " is a header, say --header yes, and give each text table one")
                     : std::string()));
}

/// `a` with an entry a sample, in one dimension where the samples lie in several.
io::array per_sample(io::array a, const char* what, const inputs& in) {
  if (in.shape_words.empty()) {
    expect_rows(a, what, in.scores);
    return a;
  }
  if (!std::equal(a.shape().begin(), a.shape().end(), in.sample_shape.begin(),
                  in.sample_shape.end()))
    throw shape_error(concat(a.name(), ": expected ", what, " of shape ",
                             io::detail::shape_text(in.sample_shape), " for ", in.shape_words,
                             ", got shape ", a.shape_text()));
  return a.flattened();
}

bool one_column(const io::array& a) {
  return a.shape().size() == 1 || a.shape()[1] == 1;
}

/// Calls f with the numbers of each of the first rows, one after the other, until it gives false;
/// false where it did.
bool first_rows(const io::array& a, const std::function<bool(const std::vector<double>&)>& f,
                std::optional<std::size_t> class_axis = {}) {
  const auto look = [&](const auto& view) {
    std::vector<double> row(view.cols());
    for (std::size_t i = 0; i < std::min(view.rows(), looked_at); ++i) {
      for (std::size_t j = 0; j < row.size(); ++j) row[j] = io::detail::as_double(view(i, j));
      if (!f(row)) return false;
    }
    return true;
  };
  if (class_axis) return a.visit_scores(static_cast<std::ptrdiff_t>(*class_axis), look);
  return a.visit_elements(look);
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
bool like_probabilities(const io::array& scores, bool sums, std::optional<std::size_t> class_axis) {
  bool any = false;
  const auto like = [&](const std::vector<double>& row) {
    double sum = 0;
    for (const double p : row) {
      if (p < 0 || p > 1) return false;
      sum += p;
    }
    if (std::isnan(sum)) return true;
    any = true;
    return !sums || std::abs(sum - 1) < 0.02;
  };
  const bool all = first_rows(scores, like, class_axis);
  return any && all;
}

/// As many names as classes.
void expect_names(const inputs& in, const data_request& request) {
  if (request.names.empty()) return;
  if (request.from == score_form::confidences)
    throw option_error("--class-names: confidences have no classes");
  const std::size_t classes = in.binary() ? 2 : in.scores.shape()[in.class_axis.value_or(1)];
  if (request.names.size() != classes)
    throw shape_error(concat(request.class_names.empty() ? in.scores.name() : request.class_names,
                             ": expected ", classes, " names for the classes of ", in.scores.name(),
                             ", got ", request.names.size()));
}

/// Whether the labels of a text table are texts, as far as its first rows tell.
bool text_labels(const data_request& request) {
  const std::string& file = request.labels.empty() ? request.scores : request.labels;
  if (!io::is_table(io::kind_of(file))) return false;
  io::table_options table{.header = request.header};
  if (!request.label_column.empty()) table.columns = {request.label_column};
  const std::vector<io::array_entry> columns = io::contents(file, table);
  return std::any_of(columns.begin(), columns.end(), [&](const io::array_entry& e) {
    return !e.type && (columns.size() == 1 || e.name == request.label_column);
  });
}

/// Throws shape_error unless there is one number a row, and value_error for reals that are not
/// whole numbers of 64 bits; `what`: what one is called.
void expect_whole(const io::array& a, const char* what) {
  if (!one_column(a))
    throw shape_error(
        concat(a.name(), ": expected one whole number a row, got shape ", a.shape_text()));
  if (!io::is_real(a.dtype())) return;
  a.visit_elements([&](const auto& view) {
    for (std::size_t i = 0; i < view.rows(); ++i) {
      const double x = io::detail::as_double(view(i, 0));
      if (x == std::floor(x) && std::abs(x) < 0x1p63) continue;
      throw value_error(
          concat(a.name(), ": row ", i, ": ", what, ' ', x, " is not a whole number"));
    }
  });
}

/// Calls f with the array as whole numbers: nothing where there is none.
void with_whole_column(const std::optional<io::array>& a,
                       const std::function<void(optional_column<std::int64_t>)>& f) {
  if (!a) return f({});
  const io::label_column numbers = io::labels(*a);
  f(optional_column<std::int64_t>(numbers));
}

io::array load_labels(const std::string& file, const io::class_names& names,
                      const io::table_options& table) {
  try {
    return naming_files({{}, file}, [&] { return io::load_named_labels(file, names, table); });
  } catch (const io_error& e) {
    const std::string message = e.what();
    for (const char* text : {": expected a number, got '", "(text) is not supported",
                             "(Python objects) is not supported"})
      if (message.find(text) != std::string::npos)
        throw io_error(message + "; labels are class indices from 0, or names by --class-names");
    throw;
  }
}

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

/// What mean_into() says of a member, with the name of its file.
std::string of_member(std::string_view message, const std::vector<io::array>& members) {
  for (std::size_t m = 0; m < members.size(); ++m) {
    const std::string place = concat("SCORES: member ", m, ": ");
    if (message.starts_with(place))
      return at_file(message.substr(place.size()), {members[m].name(), {}});
  }
  return std::string(message);
}

io::array mean_of(const std::vector<io::array>& members, score_request request) {
  request.takes_confidences = false;
  if (request.class_axis)
    throw option_error(concat("--class-axis: expected one file of scores, got ", request.scores));
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
    try {
      mean_into(*all, std::move(wrapped), request);
    } catch (const value_error& e) {
      throw value_error(of_member(e.what(), members));
    }
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

std::vector<std::string> files_of_scores(const std::string& scores) {
  std::vector<std::string> files = member_files(scores);
  for (std::string& file : files) file = io::detail::split_spec(file).path;
  return files;
}

void load_class_names(data_request& request) {
  if (!request.class_names.empty()) request.names = io::load_class_names(request.class_names);
  request.layout.names = request.names;
  const io::record_options& o = request.layout;
  if (request.names.empty() && !o.answers.empty())
    request.names = io::detail::token_answers(o.answers, o.token, o.missing).answers();
}

std::string find_class_names(data_request& request) {
  const io::file_kind kind = io::kind_of(request.scores);
  if (!request.names.empty() || request.sigmoid || !io::is_table(kind) ||
      request.from == score_form::confidences)
    return "";
  try {
    if (!text_labels(request)) return "";
    io::table_options table{.columns = request.score_columns, .header = request.header};
    const bool one_file = request.labels.empty() || request.labels == request.scores;
    if (one_file) table.without = {request.label_column};
    std::vector<std::string> header =
        io::csv_header(request.scores, kind == io::file_kind::tsv ? '\t' : ',', table);
    if (header.size() < 2) return "";
    request.names = io::class_names(std::move(header));
  } catch (const error&) {
    return "";  // whoever loads the files says what is wrong with them
  }
  return concat(io::input_name(request.scores),
                ": the header names the classes: ", io::detail::listed(request.names.all()));
}

void name_groups(const data_request& request, const std::string& by, group_report& groups) {
  if (by != "predicted" && by != "label") return;
  for (group_row& g : groups.groups)
    if (g.group >= 0 && static_cast<std::size_t>(g.group) < request.names.size())
      g.name = request.names[static_cast<std::size_t>(g.group)];
}

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
  if (request.class_axis && scores.from_text())
    throw option_error(
        concat("--class-axis: expected an array of 2 or more dimensions, got the text ",
               scores.name(), ", whose columns are the classes"));
  if (!request.class_axis && request.takes_class_axis && scores.shape().size() > 2)
    throw shape_error(concat(scores.name(), ": expected 1 or 2 dimensions, got shape ",
                             scores.shape_text(),
                             "; say by --class-axis which of them holds the classes"));
  if (!request.class_axis) expect_columns(scores);
  const bool none = std::any_of(scores.shape().begin(), scores.shape().end(),
                                [](std::size_t extent) { return extent == 0; });
  if (none)
    throw shape_error(concat(scores.name(), ": no samples: expected at least 1 row, got shape ",
                             scores.shape_text()));
  return scores;
}

void expect_form_said(const io::array& scores, const score_request& request,
                      std::optional<std::size_t> class_axis) {
  if (request.renormalise && request.from != score_form::probabilities)
    throw option_error("--renormalise: only for --from probabilities");
  if (request.from_said) return;
  const bool classes = class_axis || (!one_column(scores) && !request.sigmoid);
  if (!like_probabilities(scores, classes, class_axis)) return;
  const bool hits = !classes && !request.sigmoid && request.takes_confidences;
  throw option_error(concat(scores.name(), ": every row looked at lies in [0, 1]",
                            classes ? " and sums to 1" : "", "; say --from probabilities, ",
                            hits ? "--from confidences if LABELS are hits, " : "",
                            "or --from logits if they are logits"));
}

io::array load_proximity(const std::string& file, const io::array& scores, io::header_row header) {
  io::array proximity = io::load(file, {.header = header});
  expect_rows(proximity, "proximities", scores);
  return proximity;
}

void load_groups(inputs& in, const std::string& by, io::header_row header) {
  if (by.empty() || by == "predicted" || by == "label") return;
  if (!has_file(by) &&
      io::detail::kind_by_name(io::detail::split_spec(by).path) == io::file_kind::unknown) {
    const std::vector<std::string> known = {"predicted", "label"};
    throw option_error(concat("--by: expected a file that is there, predicted or label, got ",
                              io::detail::in_quotes(by), did_you_mean(by, known)));
  }
  io::array groups = per_sample(io::load(by, {.header = header}), "groups", in);
  expect_whole(groups, "group");
  in.groups = std::move(groups);
}

namespace {

/// Scores that are decoded as they are read, with their labels.
inputs load_dump(const std::string& file) {
  io::llama_dump dump = io::load_llama(file);
  if (dump.size() == 0)
    throw shape_error(concat(dump.name(),
                             ": no samples: expected at least 1 token to predict, got ",
                             dump.chunks(), " chunks of ", dump.chunk_tokens(), " tokens"));
  const auto labels = std::make_shared<const io::label_column>(dump.labels());
  const std::span<const std::int64_t> tokens(labels->view().data(), labels->size());
  const io::array_layout layout{.type = io::dtype::i8, .shape = {tokens.size()}};
  return {.scores = dump.quantised(),
          .labels = {dump.name(), layout, std::as_bytes(tokens), labels},
          .decoded = std::move(dump)};
}

/// Takes the scores as having their classes along a dimension; a single class is one number a
/// sample.
void take_class_axis(inputs& in, std::ptrdiff_t axis) {
  const std::size_t d = in.scores.dimension(axis);
  in.shape_words =
      concat(in.scores.name(), " of shape ", in.scores.shape_text(), " with class axis ", axis);
  for (std::size_t i = 0; i < in.scores.shape().size(); ++i)
    if (i != d) in.sample_shape.push_back(in.scores.shape()[i]);
  if (in.scores.shape()[d] == 1)
    in.scores = in.scores.flattened();
  else
    in.class_axis = d;
}

}  // namespace

inputs load_inputs(const data_request& request, const std::string& proximity) {
  if (request.class_axis && (request.sigmoid || request.from == score_form::confidences))
    throw option_error("--class-axis: expected one label a sample and logits or probabilities");
  if ((request.class_axis || request.sigmoid) && io::holds_llama(request.scores))
    throw option_error(concat("--class-axis and --sigmoid: not for the token logits of ",
                              io::input_name(request.scores)));
  if (request.class_axis && io::holds_records(request.scores))
    throw option_error("--class-axis: takes files of arrays, not of records");
  const bool one_file = request.labels.empty() || request.labels == request.scores;
  io::table_options table{.header = request.header};
  if (!request.label_column.empty()) table.columns = {request.label_column};
  inputs in = [&]() -> inputs {
    if (io::holds_llama(request.scores)) return load_dump(request.scores);
    if (io::holds_records(request.scores)) {
      io::record_dump dump = load_request(request);
      return {std::move(dump.scores), std::move(dump.labels)};
    }
    return {load_scores(request, one_file ? request.label_column : ""),
            load_labels(request.labels.empty() ? request.scores : request.labels,
                        request.sigmoid ? io::class_names() : request.names, table)};
  }();
  if (request.class_axis) take_class_axis(in, *request.class_axis);
  if (!request.class_axis) expect_columns(in.labels);  // before they are looked at
  table.columns.clear();
  std::optional<io::array> weights;
  if (!request.weights.empty()) weights = io::load(request.weights, table);
  if (!request.class_axis) expect_order(in);
  in.labels = per_sample(in.labels, "labels", in);
  if (weights) in.weights = per_sample(*weights, "weights", in);
  const auto load_column = [&](const std::string& file, const char* what) {
    return file.empty() ? std::optional<io::array>() : per_sample(io::load(file, table), what, in);
  };
  in.cluster = load_column(request.cluster, "clusters");
  in.stratum = load_column(request.stratum, "strata");
  if (in.cluster) expect_whole(*in.cluster, "cluster");
  if (in.stratum) expect_whole(*in.stratum, "stratum");
  in.proximity = load_column(proximity, "proximities");
  expect_form_said(in.scores, request, in.class_axis);
  expect_names(in, request);
  return in;
}

std::size_t inputs::rows() const {
  if (!class_axis) return scores.shape()[0];
  return std::accumulate(sample_shape.begin(), sample_shape.end(), std::size_t{1},
                         std::multiplies<>());
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
