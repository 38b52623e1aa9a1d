// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "calibra/array/class_axis.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/element_checks.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/rows/class_axis_reader.hpp"
#include "calibra/rows/isa.hpp"
#include "calibra/rows/tile.hpp"
#include "calibra/scores.hpp"

namespace calibra::detail {

/// Scores of any kind as samples x classes: the binary kinds are one column wide. A matrix_view, a
/// class_axis_view, or the row_extents of rows that lie nowhere as a matrix.
template<class S>
auto score_view(const S& scores) {
  const auto v = scores.view();
  using V = std::remove_cvref_t<decltype(v)>;
  using E = const typename V::value_type;
  if constexpr (!any_view<V>) {
    return v;
  } else if constexpr (is_class_axis_view<V>) {
    return class_axis_view<E>(v);
  } else if constexpr (view_traits<V>::is_vector) {
    return matrix_view<E>(v.data(), v.size(), 1, v.stride(), 1);
  } else {
    return matrix_view<E>(v);
  }
}

/// Says what is wrong where labels are something else than a column of integers.
template<class L>
constexpr bool usable_labels() {
  static_assert(label_vector<L> || tensor_array<L>,
                "calibra: labels are a one-dimensional array of an integer type (class indices)");
  return label_vector<L> || tensor_array<L>;
}

/// Calls f.template operator()<Kind>() with a kind of one label a sample that is known at run time.
template<class F>
auto with_kind(score_kind kind, const F& f) {
  switch (kind) {
    case score_kind::logits:
      return f.template operator()<score_kind::logits>();
    case score_kind::probabilities:
      return f.template operator()<score_kind::probabilities>();
    case score_kind::binary_logits:
      return f.template operator()<score_kind::binary_logits>();
    case score_kind::binary_probabilities:
      return f.template operator()<score_kind::binary_probabilities>();
    default:
      throw option_error("expected scores of one label a sample");
  }
}

/// Rows of scores, whatever their elements are, as the numbers that they are worked on as: what
/// walks over them is compiled for float and double alone.
template<class C>
class score_rows {
 public:
  using element = C;

  score_rows(const score_rows&) = delete;
  score_rows& operator=(const score_rows&) = delete;
  virtual ~score_rows() = default;

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  /// How far from 1 the probabilities of a row may sum to.
  double sum_tolerance() const { return sum_tolerance_; }

  virtual std::unique_ptr<row_reader<C>> reader(isa set) const = 0;
  /// Whether the scores lie in memory, and are not made as they are read.
  virtual bool in_memory() const { return false; }
  /// Of scores in memory, rows 0, step, 2 step, ...; good while these are. Null of others.
  virtual std::unique_ptr<score_rows> every(std::size_t /*step*/) const { return nullptr; }
  /// `count` classes of a row: where they lie, or copied to `room`.
  virtual const C* classes(std::size_t row, std::size_t first, std::size_t count,
                           C* room) const = 0;

 protected:
  score_rows(std::size_t rows, std::size_t cols, double sum_tolerance)
      : rows_(rows), cols_(cols), sum_tolerance_(sum_tolerance) {}

 private:
  std::size_t rows_, cols_;
  double sum_tolerance_;
};

/// Those of a matrix.
template<class T>
class matrix_rows final : public score_rows<compute_type<T>> {
 public:
  using C = compute_type<T>;

  explicit matrix_rows(matrix_view<const T> scores)
      : score_rows<C>(scores.rows(), scores.cols(), row_sum_tolerance<T>(scores.cols())),
        scores_(scores) {}

  std::unique_ptr<row_reader<C>> reader(isa set) const override {
    return std::make_unique<tile_reader<T>>(scores_, set);
  }
  bool in_memory() const override { return true; }
  std::unique_ptr<score_rows<C>> every(std::size_t step) const override {
    return std::make_unique<matrix_rows>(matrix_view<const T>(
        scores_.data(), (scores_.rows() + step - 1) / step, scores_.cols(),
        scores_.row_stride() * static_cast<std::ptrdiff_t>(step), scores_.col_stride()));
  }
  const C* classes(std::size_t row, std::size_t first, std::size_t count, C* room) const override {
    const T* in = &scores_(row, first);
    if constexpr (std::is_same_v<T, C>) {
      if (scores_.col_stride() == 1) return in;
    }
    load_elements(in, scores_.col_stride(), count, room);
    return room;
  }

 private:
  matrix_view<const T> scores_;
};

/// Those of an array whose classes are any of its dimensions.
template<class T>
class class_axis_rows final : public score_rows<compute_type<T>> {
 public:
  using C = compute_type<T>;

  /// Row i is row i * step of the array.
  explicit class_axis_rows(class_axis_view<const T> scores, std::size_t step = 1)
      : score_rows<C>((scores.rows() + step - 1) / step, scores.cols(),
                      row_sum_tolerance<T>(scores.cols())),
        scores_(scores),
        step_(step) {}

  std::unique_ptr<row_reader<C>> reader(isa set) const override {
    if (step_ == 1 && scores_.extents().size() == 1 && scores_.col_stride() == 1)
      return std::make_unique<tile_reader<T>>(
          matrix_view<const T>(scores_.data(), scores_.rows(), scores_.cols(), scores_.strides()[0],
                               1),
          set);
    return std::make_unique<class_axis_reader<T>>(scores_, step_, set);
  }
  bool in_memory() const override { return true; }
  std::unique_ptr<score_rows<C>> every(std::size_t step) const override {
    return std::make_unique<class_axis_rows>(scores_, step_ * step);
  }
  const C* classes(std::size_t row, std::size_t first, std::size_t count, C* room) const override {
    const T* in = &scores_(row * step_, first);
    if constexpr (std::is_same_v<T, C>) {
      if (scores_.col_stride() == 1) return in;
    }
    load_elements(in, scores_.col_stride(), count, room);
    return room;
  }

 private:
  class_axis_view<const T> scores_;
  std::size_t step_;
};

template<class T>
matrix_rows<T> rows_of_view(const matrix_view<const T>& scores) {
  return matrix_rows<T>(scores);
}
template<class T>
class_axis_rows<T> rows_of_view(const class_axis_view<const T>& scores) {
  return class_axis_rows<T>(scores);
}

/// The shape of rows that lie nowhere as a matrix of C.
template<class C>
class row_extents {
 public:
  using value_type = C;

  row_extents(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols) {}
  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }

 private:
  std::size_t rows_, cols_;
};

/// Scores that are rows of whatever makes them.
template<class C>
class rows_held {
 public:
  explicit rows_held(std::shared_ptr<const score_rows<C>> rows) : rows_(std::move(rows)) {}
  row_extents<C> view() const { return {rows_->rows(), rows_->cols()}; }

  template<class F>
  decltype(auto) with_rows(std::string_view, const row_options&, const F& f) const {
    return f(*rows_);
  }

 private:
  std::shared_ptr<const score_rows<C>> rows_;
};

/// Calls f with the rows of scores in host memory: those of their array, or those that their holder
/// makes.
template<class S, class F>
decltype(auto) with_score_rows(std::string_view where, const S& scores, const row_options& o,
                               const F& f) {
  if constexpr (requires { scores.holder().with_rows(where, o, f); }) {
    return scores.holder().with_rows(where, o, f);
  } else {
    return f(rows_of_view(score_view(scores)));
  }
}

}  // namespace calibra::detail
