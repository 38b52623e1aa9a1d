// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "array.hpp"
#include "calibra/array/class_axis.hpp"
#include "calibra/array/column.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/options.hpp"
#include "calibra/rows/double_rows.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra::python {

/// What the numbers of the scores are.
enum class score_form { logits, probabilities, confidences };

/// The arrays of a call: scores, labels, and columns that go with the samples.
struct arrays {
  std::string where;  ///< the function, for messages
  score_form form = score_form::logits;
  array scores;
  std::optional<array> labels = {};  ///< or hits; none where scores are recalibrated
  std::optional<array> weights = {};
  std::optional<array> valid = {};
  std::optional<array> proximity = {};
  std::optional<array> cluster = {};
  std::optional<array> stratum = {};
  std::optional<array> groups = {};
  std::optional<std::ptrdiff_t> class_axis = {};
  bool multilabel = false;
};

namespace detail {

/// Rows of floats as double, and what keeps them.
struct widened {
  explicit widened(std::shared_ptr<const calibra::detail::score_rows<float>> floats)
      : in(std::move(floats)), out(*in) {}
  std::shared_ptr<const calibra::detail::score_rows<float>> in;
  calibra::detail::widened_rows out;
};

}  // namespace detail

/// Those arrays with their shapes checked, labels and columns as what calibra takes. Made with the
/// interpreter lock held; read without.
class data {
 public:
  /// Throws shape_error where sizes do not belong together, option_error for what does not go
  /// together, value_error for labels that are not whole.
  explicit data(arrays given);

  const std::string& where() const { return given_.where; }
  score_form form() const { return given_.form; }
  bool multilabel() const { return given_.multilabel; }
  /// Whether they are worked on in double.
  bool wide() const { return given_.scores.type() == dtype::f8; }
  const array& score_array() const { return given_.scores; }
  bool weighted() const { return given_.weights.has_value(); }
  /// One number a sample: P(y = 1), its logit, or a confidence.
  bool one_number() const { return one_number_; }
  /// How many classes or labels there are; 2 for one number a sample, 0 for confidences.
  std::size_t classes() const;
  /// Throws option_error where none were given.
  vector_view<const std::int64_t> labels() const;
  matrix_view<const std::int64_t> targets() const;
  /// A number a sample, for recalibrators that take one. Throws option_error where none was given.
  optional_column<double> proximity() const;
  /// A whole number a sample, where it was given.
  const std::optional<column_of<std::int64_t>>& groups() const { return groups_; }
  /// Sets the options that are columns.
  void put_columns(options& o) const;

  /// Calls f with scores of one label a sample, as the rows that they are: four types for each of
  /// float and double. `wide`: as double, whatever they are.
  template<class F>
  decltype(auto) with_scores(const F& f, bool wide = false) const {
    return given_.scores.visit_real([&]<class T>(const T* elements) {
      using C = compute_type<T>;
      std::shared_ptr<const calibra::detail::score_rows<C>> rows = rows_of(elements);
      if constexpr (std::is_same_v<C, float>) {
        if (wide) {
          const auto owner = std::make_shared<const detail::widened>(std::move(rows));
          return with_kind(
              calibra::detail::rows_held<double>(
                  std::shared_ptr<const calibra::detail::score_rows<double>>(owner, &owner->out)),
              f);
        }
      }
      return with_kind(calibra::detail::rows_held<C>(std::move(rows)), f);
    });
  }
  /// The same with scores in one matrix or column of floats or doubles: those of 16 bits, and those
  /// with a class axis, are copied to one.
  template<class F>
  decltype(auto) with_matrix_scores(const F& f) const {
    return given_.scores.visit_real([&]<class T>(const T* elements) {
      using C = compute_type<T>;
      if constexpr (std::is_same_v<T, C>) {
        if (!given_.class_axis) return with_kind_of(matrix(elements), f);
      }
      const calibra::matrix<C> copy = calibra::detail::copied_rows(*rows_of(elements));
      return with_kind_of(matrix_view<const C>(copy.view()), f);
    });
  }
  /// Calls f with confidences, a column of floats or doubles or of 16 bits.
  template<class F>
  decltype(auto) with_confidences(const F& f) const {
    return given_.scores.visit_real([&]<class T>(const T* elements) {
      const matrix_view<const T> rows = matrix(elements);
      return f(vector_view<const T>(rows.data(), rows.rows(), rows.row_stride()));
    });
  }
  /// Calls f with scores of several labels a sample.
  template<class F>
  decltype(auto) with_multilabel(const F& f) const {
    return given_.scores.visit_real([&]<class T>(const T* elements) {
      const matrix_view<const T> rows = matrix(elements);
      return given_.form == score_form::logits ? f(multilabel_logits(rows))
                                               : f(multilabel_probabilities(rows));
    });
  }

 private:
  template<class T>
  matrix_view<const T> matrix(const T* elements) const {
    const auto& shape = given_.scores.shape();
    const auto& strides = given_.scores.strides();
    return {elements, shape[0], shape.size() == 1 ? 1 : shape[1], strides[0],
            shape.size() == 1 ? 1 : strides[1]};
  }
  template<class T>
  std::shared_ptr<const calibra::detail::score_rows<compute_type<T>>> rows_of(
      const T* elements) const {
    if (given_.class_axis)
      return std::make_shared<const calibra::detail::class_axis_rows<T>>(calibra::class_axis(
          unranked_view<const T>(elements, given_.scores.shape(), given_.scores.strides()),
          *given_.class_axis));
    return std::make_shared<const calibra::detail::matrix_rows<T>>(matrix(elements));
  }
  template<class C, class F>
  decltype(auto) with_kind_of(const matrix_view<const C>& rows, const F& f) const {
    const bool logits = given_.form == score_form::logits;
    if (one_number_) {
      const vector_view<const C> column(rows.data(), rows.rows(), rows.row_stride());
      return logits ? f(binary_logits(column)) : f(binary_probabilities(column));
    }
    return logits ? f(calibra::logits(rows)) : f(probabilities(rows));
  }
  template<class C, class F>
  decltype(auto) with_kind(const calibra::detail::rows_held<C>& rows, const F& f) const {
    using held = calibra::detail::rows_held<C>;
    const bool logits = given_.form == score_form::logits;
    if (one_number_)
      return logits ? f(scores<score_kind::binary_logits, held>(rows))
                    : f(scores<score_kind::binary_probabilities, held>(rows));
    return logits ? f(scores<score_kind::logits, held>(rows))
                  : f(scores<score_kind::probabilities, held>(rows));
  }
  void check_scores();
  void expect_samples(const array& a) const;

  arrays given_;
  bool one_number_ = false;
  std::vector<std::size_t> sample_shape_;
  std::optional<column_of<std::int64_t>> labels_;
  std::optional<column_of<double>> weights_, proximity_;
  std::optional<column_of<unsigned char>> valid_;
  std::optional<column_of<std::int64_t>> cluster_, stratum_, groups_;
};

}  // namespace calibra::python
