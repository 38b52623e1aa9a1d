// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "calibra/array/view.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/recalibration/detail/output_array.hpp"
#include "calibra/rows/row_kernels.hpp"
#include "calibra/rows/tile.hpp"

namespace calibra::detail {

/// What transform() makes of a row.
enum class tempered_output { probabilities, logits };

/// Makes rows of logits into rows of softmax(z / T), or of z / T.
template<class W, class E>
class row_temperer {
 public:
  row_temperer(double temperature, tempered_output output, matrix_view<E> out, isa set)
      : temperature_(temperature),
        beta_(1 / temperature),
        makes_probabilities_(output == tempered_output::probabilities),
        out_(out),
        kernels_(kernels_for<W>(set)),
        // What is stored under a mask of 512 bits is slow to be read back.
        short_kernels_(kernels_for<W>(set == isa::avx512 ? isa::avx2 : set)) {
    // The kernels multiply by 1 / T as a W, and a masked class is the lowest W to them.
    constexpr auto most = static_cast<double>(std::numeric_limits<W>::max());
    kernels_take_it_ = beta_ >= 1e4 / most && beta_ <= most / 1e4;
  }

  /// For each row of the tile the largest logit and a sum over the softmax, NaN for a row that has
  /// none: NaN or +inf in it, or nothing but -inf.
  void sums(const tile<W>& z, const row_sums<W>& out) const {
    if (makes_probabilities_) {
      const double beta = kernels_take_it_ ? beta_ : 1;
      kernels_.tempered(z, beta, out);
    } else {
      for (std::size_t i = 0; i < z.rows; ++i) out.sum[i] = row_state(z, i);
    }
  }

  /// Writes row `row` of the output. `z`: the row's logits; `scratch`: room for as many.
  void write(std::size_t row, const W* z, W max, double sum, W* scratch) const {
    if (!makes_probabilities_) {
      for (std::size_t k = 0; k < out_.cols(); ++k)
        out_(row, k) = to_scalar<E>(static_cast<double>(z[k]) / temperature_);
    } else if (!kernels_take_it_) {
      write_plainly(row, z, static_cast<double>(max));
    } else {
      const W beta = static_cast<W>(beta_), scale = static_cast<W>(1 / sum);
      if constexpr (std::is_same_v<E, W>) {
        if (out_.col_stride() == 1) {
          kernels_.exp_row(z, out_.cols(), beta, max, scale, &out_(row, 0));
          return;
        }
      }
      kernels_.exp_row(z, out_.cols(), beta, max, scale, scratch);
      for (std::size_t k = 0; k < out_.cols(); ++k)
        out_(row, k) = to_scalar<E>(static_cast<double>(scratch[k]));
    }
  }

  /// Whether short_sum() and write_short() can do a row of k classes.
  bool takes_short(std::size_t k) const {
    return makes_probabilities_ && kernels_take_it_ && k <= 32;
  }

  /// The exponentials of a row of few classes, and their sum, as sums() gives it.
  double short_sum(const W* z, std::size_t k, W* exponentials) const {
    W even = z[0], odd = z[0];
    for (std::size_t j = 1; j + 1 < k; j += 2) {
      even = z[j] > even ? z[j] : even;
      odd = z[j + 1] > odd ? z[j + 1] : odd;
    }
    if (k % 2 == 0) even = z[k - 1] > even ? z[k - 1] : even;
    short_kernels_.exp_row(z, k, static_cast<W>(beta_), even > odd ? even : odd, W{1},
                           exponentials);
    double sums[2] = {0, 0};
    std::size_t j = 0;
    for (; j + 2 <= k; j += 2) {
      sums[0] += static_cast<double>(exponentials[j]);
      sums[1] += static_cast<double>(exponentials[j + 1]);
    }
    if (j < k) sums[0] += static_cast<double>(exponentials[j]);
    return sums[0] + sums[1];
  }
  void write_short(std::size_t row, const W* exponentials, double sum) const {
    const double scale = 1 / sum;
    for (std::size_t k = 0; k < out_.cols(); ++k)
      out_(row, k) = to_scalar<E>(static_cast<double>(exponentials[k]) * scale);
  }

  void write_nan(std::size_t row) const {
    for (std::size_t k = 0; k < out_.cols(); ++k)
      out_(row, k) = to_scalar<E>(std::numeric_limits<double>::quiet_NaN());
  }

 private:
  static double row_state(const tile<W>& z, std::size_t i) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    double state = nan;
    for (std::size_t k = 0; k < z.classes; ++k) {
      const auto x = static_cast<double>(z.at(i, k));
      if (is_nan(x) || x == infinity) return nan;
      if (x != -infinity) state = 0;
    }
    return state;
  }

  /// In double. Neither form of the exponent is infinite minus infinite, or 0 times infinite.
  double exponent(double z, double max) const {
    return temperature_ < 1 ? (z - max) / temperature_ : z / temperature_ - max / temperature_;
  }
  void write_plainly(std::size_t row, const W* z, double max) const {
    double sum = 0;
    for (std::size_t k = 0; k < out_.cols(); ++k)
      sum += std::exp(exponent(static_cast<double>(z[k]), max));
    for (std::size_t k = 0; k < out_.cols(); ++k)
      out_(row, k) = to_scalar<E>(std::exp(exponent(static_cast<double>(z[k]), max)) / sum);
  }

  double temperature_;
  double beta_;
  bool makes_probabilities_;
  bool kernels_take_it_;
  matrix_view<E> out_;
  const row_kernels<W>& kernels_;
  const row_kernels<W>& short_kernels_;
};

}  // namespace calibra::detail
