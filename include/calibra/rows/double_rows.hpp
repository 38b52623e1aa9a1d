// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/options.hpp"
#include "calibra/rows/fit_kernels.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/rows/tile.hpp"
#include "calibra/scores.hpp"

// Rows in double whatever the scores are: for recalibrators, so that a fit and what is made with it
// see the same numbers, and where the distance of a confidence from 1 counts.
namespace calibra::detail {

/// Rows of another scalar as double.
template<class T>
class double_rows final : public score_rows<double> {
 public:
  explicit double_rows(matrix_view<const T> scores)
      : score_rows<double>(scores.rows(), scores.cols(), row_sum_tolerance<T>(scores.cols())),
        scores_(scores) {}

  std::unique_ptr<row_reader<double>> reader(isa) const override {
    return std::make_unique<widening_reader>(scores_);
  }
  const double* classes(std::size_t row, std::size_t first, std::size_t count,
                        double* room) const override {
    for (std::size_t j = 0; j < count; ++j)
      room[j] = static_cast<double>(scalar_traits<T>::load(scores_(row, first + j)));
    return room;
  }

 private:
  class widening_reader final : public row_reader<double> {
   public:
    explicit widening_reader(matrix_view<const T> scores) : scores_(scores) {
      const std::size_t k = std::max<std::size_t>(1, scores.cols());
      rows_ = std::min(rows_at_once(k), most_tile_rows);
      buffer_.resize(rows_ * k);
    }
    std::size_t tile_rows() const override { return rows_; }
    tile<double> read(std::size_t first, std::size_t count) override {
      const std::size_t k = scores_.cols();
      double* out = buffer_.data();
      for (std::size_t i = first; i < first + count; ++i) {
        const T* in = scores_.data() + static_cast<std::ptrdiff_t>(i) * scores_.row_stride();
        if constexpr (std::is_same_v<T, float>) {
          if (scores_.col_stride() == 1) {
            fit_kernels_for<float>(best_isa()).widen_row(in, k, out);
            out += k;
            continue;
          }
        }
        for (std::size_t j = 0; j < k; ++j, in += scores_.col_stride())
          *out++ = static_cast<double>(scalar_traits<T>::load(*in));
      }
      return {buffer_.data(), static_cast<std::ptrdiff_t>(k), true, count, k};
    }

   private:
    matrix_view<const T> scores_;
    std::size_t rows_;
    std::vector<double> buffer_;
  };

  matrix_view<const T> scores_;
};

/// Rows of floats as double, whoever gives them.
class widened_rows final : public score_rows<double> {
 public:
  explicit widened_rows(const score_rows<float>& rows)
      : score_rows<double>(rows.rows(), rows.cols(), rows.sum_tolerance()), rows_(rows) {}

  std::unique_ptr<row_reader<double>> reader(isa set) const override {
    return std::make_unique<widening_reader>(rows_, set);
  }
  const double* classes(std::size_t row, std::size_t first, std::size_t count,
                        double* room) const override {
    std::vector<float> copy(count);
    std::copy_n(rows_.classes(row, first, count, copy.data()), count, room);
    return room;
  }

 private:
  class widening_reader final : public row_reader<double> {
   public:
    widening_reader(const score_rows<float>& rows, isa set) : in_(rows.reader(set)) {
      const std::size_t k = std::max<std::size_t>(1, rows.cols());
      rows_ = std::min({rows_at_once(k), most_tile_rows, in_->tile_rows()});
      buffer_.resize(rows_ * k);
    }
    std::size_t tile_rows() const override { return rows_; }
    tile<double> read(std::size_t first, std::size_t count) override {
      const tile<float> z = in_->read(first, count);
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < z.classes; ++j)
          buffer_[i * z.classes + j] = static_cast<double>(z.at(i, j));
      return {buffer_.data(), static_cast<std::ptrdiff_t>(z.classes), true, count, z.classes};
    }

   private:
    std::unique_ptr<row_reader<float>> in_;
    std::size_t rows_;
    std::vector<double> buffer_;
  };

  const score_rows<float>& rows_;
};

struct ignored_rows {
  template<class C>
  void operator()(const score_rows<C>&) const {}
};

/// Calls f with the rows of scores in host memory as double and, where they are floats or less, a
/// pointer to the rows as floats. Rows that a holder makes are double.
template<class S, class F>
decltype(auto) with_rows_of_both(std::string_view where, const S& scores, const row_options& o,
                                 const F& f) {
  constexpr const score_rows<float>* none = nullptr;
  const auto with_both = [&]<class C>(const score_rows<C>& rows) -> decltype(auto) {
    if constexpr (std::is_same_v<C, double>)
      return f(rows, none);
    else
      return f(widened_rows(rows), &rows);
  };
  if constexpr (requires { scores.holder().with_rows(where, o, ignored_rows()); }) {
    return scores.holder().with_rows(where, o, with_both);
  } else {
    const auto view = score_view(scores);
    using T = typename decltype(view)::value_type;
    const auto rows = rows_of_view(view);
    if constexpr (is_class_axis_view<std::remove_cvref_t<decltype(view)>>)
      return with_both(static_cast<const score_rows<compute_type<T>>&>(rows));
    else if constexpr (std::is_same_v<compute_type<T>, double>)
      return f(rows, none);
    else
      return f(double_rows(view), static_cast<const score_rows<float>*>(&rows));
  }
}

/// Calls f with the rows of scores in host memory as double.
template<class S, class F>
decltype(auto) with_double_rows(std::string_view where, const S& scores, const row_options& o,
                                const F& f) {
  return with_rows_of_both(where, scores, o,
                           [&](const score_rows<double>& rows,
                               const score_rows<float>*) -> decltype(auto) { return f(rows); });
}

/// The rows as a matrix, for what walks over matrices alone.
template<class C>
matrix<C> copied_rows(const score_rows<C>& rows) {
  matrix<C> copy(rows.rows(), rows.cols());
  const auto reader = rows.reader(best_isa());
  for (std::size_t first = 0; first < rows.rows();) {
    const std::size_t count = std::min(reader->tile_rows(), rows.rows() - first);
    const tile<C> t = reader->read(first, count);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t j = 0; j < rows.cols(); ++j) copy(first + i, j) = t.at(i, j);
    first += count;
  }
  return copy;
}

}  // namespace calibra::detail

namespace calibra {

namespace detail {

/// Scores that are read as double.
template<class S>
class double_held {
 public:
  explicit double_held(S scores) : scores_(std::move(scores)) {}

  template<class F>
  decltype(auto) with_rows(std::string_view where, const row_options& o, const F& f) const {
    return with_double_rows(where, scores_, o, f);
  }

 private:
  S scores_;
};

}  // namespace detail

/// The same scores, of float or less, worked on in double: for what needs 1 - confidence where
/// confidences are near 1, which float32 rounds to 0 below 6e-8. No copy of the matrix; a pass
/// takes about twice as long.
template<wrapped_scores S>
[[nodiscard]] auto in_double(S scores) {
  static_assert(!tensor_scores<S>, "calibra: in_double() takes arrays in host memory");
  static_assert(!detail::multilabel_scores<S>,
                "calibra: in_double() takes scores of one label a sample");
  using holder = detail::double_held<S>;
  return calibra::scores<S::kind, holder>(holder(std::move(scores)));
}

}  // namespace calibra
