// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/error.hpp"
#include "calibra/groups/group_report.hpp"
#include "calibra/groups/predicted_classes.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/detail/as_double.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/io/llama.hpp"
#include "calibra/options.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"
#include "problem.hpp"
#include "requests.hpp"

namespace calibra::cli {

/// Whether an array of scores is one number a sample.
inline bool one_number(const io::array& scores) {
  return scores.shape().size() == 1 || scores.shape()[1] == 1;
}

/// What a command reads, with the number of rows of each file checked.
struct inputs {
  io::array scores;
  io::array labels;
  std::optional<io::array> weights = {};
  std::optional<io::array> proximity = {};
  std::optional<io::array> cluster = {};
  std::optional<io::array> stratum = {};
  std::optional<io::array> groups = {};
  /// The dimension of the scores that holds two or more classes, where --class-axis was given; all
  /// else is in one dimension then.
  std::optional<std::size_t> class_axis = {};
  /// What scores and --class-axis ask of the shape of all else; empty without --class-axis.
  std::vector<std::size_t> sample_shape = {};
  std::string shape_words = {};  ///< how messages name it
  /// The scores where they are decoded as they are read; `scores` are their bits then.
  std::optional<io::llama_dump> decoded = {};

  std::size_t rows() const;
  /// One number a sample: P(y = 1), its logit, or a confidence.
  bool binary() const { return !class_axis && !decoded && one_number(scores); }
  input_names names() const {
    return {scores.name(), labels.name(), weights ? weights->name() : std::string(),
            proximity ? proximity->name() : std::string()};
  }
};

/// Loads the files. Throws io_error, shape_error for no samples or files of different lengths, and
/// option_error for files in the wrong order or scores whose kind has to be said.
inputs load_inputs(const data_request& request, const std::string& proximity = {});

/// Takes the names of --class-names, or those of --answers. Throws io_error, and option_error for
/// names that are none.
void load_class_names(data_request& request);

/// Takes the header of the columns of scores as names where labels are texts of a table and there
/// are no other names; says so, else "".
std::string find_class_names(data_request& request);

/// Gives groups that are classes their names.
void name_groups(const data_request& request, const std::string& by, group_report& groups);

/// Loads scores alone. `without`: a column of a text table that is not a score; none: "".
/// Throws io_error, shape_error for no samples or no classes.
io::array load_scores(const score_request& request, const std::string& without = {});

/// The files that SCORES names: one, or those of an ensemble.
std::vector<std::string> files_of_scores(const std::string& scores);

/// Loads a number a row of scores that are samples x classes. Throws io_error, and shape_error for
/// another number of them.
io::array load_proximity(const std::string& file, const io::array& scores, io::header_row header);

/// Throws option_error where --from was not given and the scores look like probabilities, or where
/// another flag asks for probabilities. `class_axis`: of scores of several dimensions.
void expect_form_said(const io::array& scores, const score_request& request,
                      std::optional<std::size_t> class_axis = {});

/// The options of a pass over the rows, save for weights.
options row_options_of(const data_request& request);

/// The labels of single-label scores.
io::label_column labels_of(const inputs& in);

/// Calls f where the options have the columns that were read: weights, proximities, clusters and
/// strata.
void with_columns(const inputs& in, options& o, const std::function<void()>& f);

/// Loads the groups that --by names, where that is a file. Throws io_error, and shape_error unless
/// it has one whole number a row of the scores.
void load_groups(inputs& in, const std::string& by, io::header_row header);

/// Calls f with the groups that --by names: those of the file, the labels, or predicted classes.
template<class S, class L, class F>
auto with_groups(const inputs& in, const std::string& by, const S& scores, const L& labels,
                 const F& f) {
  if (in.groups) return f(io::labels(*in.groups));
  if (by == "label") return f(labels);
  if constexpr (calibra::detail::is_one_number(S::kind))
    throw option_error("--by: predicted is for scores of samples x classes");
  else
    return f(predicted_classes(scores));
}

/// An array as a matrix of float or double; one dimension as a column.
template<class C>
matrix<C> as_matrix(const io::array& a, std::optional<std::size_t> class_axis = {}) {
  const auto copied = [](const auto& view) {
    matrix<C> rows(view.rows(), view.cols());
    for (std::size_t i = 0; i < rows.rows(); ++i)
      for (std::size_t j = 0; j < rows.cols(); ++j)
        rows(i, j) = static_cast<C>(io::detail::as_double(view(i, j)));
    return rows;
  };
  if (class_axis) return a.visit_scores(static_cast<std::ptrdiff_t>(*class_axis), copied);
  return a.visit_elements(copied);
}

/// Calls f with the array as an option's column: nothing where there is none.
void with_column(const std::optional<io::array>& a,
                 const std::function<void(optional_column<double>)>& f);

/// Calls f with an array of scores as it lies.
template<class F>
auto with_array_scores(const io::array& scores, score_form from, F f) {
  const bool logits = from == score_form::logits;
  if (one_number(scores))
    return scores.visit_native_vector(
        [&](auto view) { return logits ? f(binary_logits(view)) : f(binary_probabilities(view)); });
  return scores.visit_native_scores(
      [&](auto view) { return logits ? f(calibra::logits(view)) : f(probabilities(view)); });
}

/// Calls f with rows as scores: of four types for each of float and double, whatever they are read
/// from.
template<class C, class F>
auto with_rows(std::shared_ptr<const calibra::detail::score_rows<C>> made, bool binary,
               score_form from, F& f) {
  using held = calibra::detail::rows_held<C>;
  const held rows(std::move(made));
  const bool logits = from == score_form::logits;
  if (binary)
    return logits ? f(scores<score_kind::binary_logits, held>(rows))
                  : f(scores<score_kind::binary_probabilities, held>(rows));
  return logits ? f(scores<score_kind::logits, held>(rows))
                : f(scores<score_kind::probabilities, held>(rows));
}

/// The same with the scores of an array: samples x classes, or one number a sample.
template<class F>
auto with_scores(const io::array& scores, score_form from, F f) {
  const bool binary = one_number(scores);
  const auto with_view = [&]<class T>(const matrix_view<const T>& view) {
    return with_rows<compute_type<T>>(std::make_shared<const calibra::detail::matrix_rows<T>>(view),
                                      binary, from, f);
  };
  if (!binary) return scores.visit_native_scores(with_view);
  return scores.visit_native_vector([&]<class T>(const vector_view<const T>& view) {
    return with_view(matrix_view<const T>(view.data(), view.size(), 1, view.stride(), 1));
  });
}

/// The same with what was read. Scores with a class axis are read where they lie.
template<class F>
auto with_scores(const inputs& in, score_form from, F f) {
  if (in.decoded) return f(in.decoded->scores());
  if (in.class_axis)
    return in.scores.visit_native_scores(
        static_cast<std::ptrdiff_t>(*in.class_axis),
        [&]<class T>(const class_axis_view<const T>& view) {
          return with_rows<compute_type<T>>(
              std::make_shared<const calibra::detail::class_axis_rows<T>>(view), false, from, f);
        });
  return with_scores(in.scores, from, f);
}

}  // namespace calibra::cli
