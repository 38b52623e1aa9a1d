// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/rows/fit_kernels.hpp"
#include "calibra/rows/row_checks.hpp"
#include "calibra/rows/row_kernels.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/rows/tile.hpp"
#include "calibra/scores.hpp"

// Rows of scores of any kind as double in the form that a recalibrator reads.
namespace calibra::detail {

inline double sigmoid(double x) {
  const double e = std::exp(-std::abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}
/// ln p, of p below the least normal float that of the least normal float.
inline double clipped_log(double p) {
  return p > least_probability ? std::log(p) : least_log_probability;
}
/// ln(p / (1 - p)), both logarithms clipped.
inline double clipped_logit(double p) {
  return clipped_log(p) - (1 - p > least_probability ? std::log1p(-p) : least_log_probability);
}

/// The softmax of a row of logits, in place.
template<class T>
void softmax_row(T* row, std::size_t k) {
  const fit_kernels<T>& kernels = fit_kernels_for<T>(best_isa());
  const double sum = kernels.exp_sum_row(row, k, T{1}, kernels.max_row(row, k), row);
  kernels.scale_row(row, k, static_cast<T>(1 / sum));
}

/// Clipped logarithms of a row of probabilities, in place.
template<class T>
void log_of_row(T* row, std::size_t k) {
  fit_kernels_for<T>(best_isa())
      .log_row(row, k, T{1}, T{0}, static_cast<T>(least_probability), row);
}

/// A binary score in a form.
inline double binary_in_form(double x, score_kind kind, row_form form) {
  if (kind == score_kind::binary_logits) return form == row_form::probabilities ? sigmoid(x) : x;
  return form == row_form::probabilities ? x : clipped_logit(x);
}

/// A row of classes in a form, in place. `max`, `sum`: the largest logit and the sum over
/// exp(z - max) of logits; for probabilities `sum` is what they are divided by.
inline void classes_to_form(double* row, std::size_t k, score_kind kind, row_form form, double max,
                            double sum) {
  const fit_kernels<double>& kernels = fit_kernels_for<double>(best_isa());
  if (kind == score_kind::probabilities) {
    if (form != row_form::probabilities)
      kernels.log_row(row, k, 1 / sum, 0.0, least_probability, row);
    else if (sum != 1)
      for (std::size_t j = 0; j < k; ++j) row[j] /= sum;
  } else if (form == row_form::probabilities) {
    kernels_for<double>(best_isa()).exp_row(row, k, 1.0, max, 1 / sum, row);
  } else if (kernels.min_row(row, k) < max - masked_depth) {
    for (std::size_t j = 0; j < k; ++j) row[j] = std::max(row[j], max - masked_depth);
  }
}

/// Copies row i of a tile.
template<class T>
void copy_row(const tile<T>& t, std::size_t i, T* out) {
  if (t.by_rows) {
    std::copy_n(t.data + static_cast<std::ptrdiff_t>(i) * t.stride, t.classes, out);
    return;
  }
  for (std::size_t j = 0; j < t.classes; ++j) out[j] = t.at(i, j);
}

/// Reads rows in a form, checked as everywhere. One object a thread.
class form_reader {
 public:
  form_reader(std::string_view where, score_kind kind, const score_rows<double>& scores,
              const row_options& o, row_form form)
      : where_(where),
        kind_(kind),
        options_(o),
        form_(form),
        classes_(scores.cols()),
        kernels_(kernels_for<double>(best_isa())),
        reader_(scores.reader(best_isa())),
        tolerance_(scores.sum_tolerance()) {
    rows_ = std::min(rows_at_once(classes_), reader_->tile_rows());
    max_.resize(rows_);
    min_.resize(rows_);
    sum_.resize(rows_);
  }

  /// The most rows that read() takes at once.
  std::size_t block_rows() const { return rows_; }

  /// Rows first, ..., first + count - 1, one after the other. `good[i]`: 0 where nan_policy::count
  /// leaves the row out; it is all NaN.
  void read(std::size_t first, std::size_t count, double* out, unsigned char* good) {
    const tile<double> t = reader_->read(first, count);
    if (is_one_number(kind_)) {
      for (std::size_t i = 0; i < count; ++i) {
        good[i] = check_binary(where_, kind_, options_.nan, t, i, first + i);
        out[i] = good[i] ? binary_in_form(t.at(i, 0), kind_, form_)
                         : std::numeric_limits<double>::quiet_NaN();
      }
      return;
    }
    if (kind_ == score_kind::logits && form_ == row_form::logits && read_plainly(t, out)) {
      std::fill_n(good, count, static_cast<unsigned char>(1));
      return;
    }
    row_sums<double> sums;
    sums.max = max_.data();
    sums.min = min_.data();
    sums.sum = sum_.data();
    if (kind_ == score_kind::logits)
      kernels_.softmax<false>(t, sums);
    else
      kernels_.simplex(t, sums);
    for (std::size_t i = 0; i < count; ++i) {
      double* row = out + i * classes_;
      good[i] = check_row(t, i, first + i);
      if (good[i] == 0) {
        std::fill_n(row, classes_, std::numeric_limits<double>::quiet_NaN());
        continue;
      }
      copy_row(t, i, row);
      const bool divide = kind_ == score_kind::logits || options_.renormalise;
      classes_to_form(row, classes_, kind_, form_, max_[i], divide ? sum_[i] : 1.0);
    }
  }

 private:
  /// Logits as logits, without an exponential. False, with nothing said, where a row may be bad.
  bool read_plainly(const tile<double>& t, double* out) const {
    const fit_kernels<double>& kernels = fit_kernels_for<double>(best_isa());
    for (std::size_t i = 0; i < t.rows; ++i, out += classes_) {
      copy_row(t, i, out);
      const double max = kernels.max_row(out, classes_), sum = kernels.sum_row(out, classes_);
      constexpr double inf = std::numeric_limits<double>::infinity();
      if (is_nan(sum) || sum == inf || max == -inf) return false;
      classes_to_form(out, classes_, kind_, form_, max, 1);
    }
    return true;
  }

  bool check_row(const tile<double>& t, std::size_t i, std::size_t row) const {
    if (kind_ == score_kind::probabilities)
      return check_simplex(where_, options_, t, i, row, min_[i], max_[i], sum_[i], tolerance_);
    if (is_finite(sum_[i])) return true;
    check_bad_row(where_, kind_, options_.nan, t, i, row);
    return false;
  }

  std::string_view where_;
  score_kind kind_;
  const row_options& options_;
  row_form form_;
  std::size_t classes_;
  const row_kernels<double>& kernels_;
  std::unique_ptr<row_reader<double>> reader_;
  double tolerance_;
  std::size_t rows_ = 0;
  std::vector<double> max_, min_, sum_;
};

}  // namespace calibra::detail
