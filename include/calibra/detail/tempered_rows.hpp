// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include "calibra/detail/logit_reader.hpp"
#include "calibra/detail/parallel.hpp"
#include "calibra/options.hpp"

namespace calibra::detail {

/// A scalar that results can be written as.
template<class E>
concept writable_scalar =
    !std::is_const_v<E> && (std::floating_point<E> || std::constructible_from<E, float>);

template<class E>
E to_scalar(double x) {
  if constexpr (std::floating_point<E>)
    return static_cast<E>(x);
  else
    return E(static_cast<float>(x));
}

/// An output as a matrix: that of the binary kinds is one column wide.
template<class E>
matrix_view<E> as_columns(vector_view<E> v) {
  return {v.data(), v.size(), 1, v.stride(), 1};
}
template<class E>
matrix_view<E> as_columns(matrix_view<E> m) {
  return m;
}

/// What transform() makes of a row.
enum class tempered_output { probabilities, logits };

/// Writes softmax(z / T), or z / T, of rows of logits or log-probabilities, a tile at a time.
template<class T, score_kind Kind, class E>
class tempered_writer {
 public:
  using reader_type = logit_reader<T, Kind>;
  using W = typename reader_type::W;

  tempered_writer(std::string_view where, matrix_view<const T> scores, double temperature,
                  const options& o, tempered_output output, matrix_view<E> out, isa set)
      : where_(where),
        temperature_(temperature),
        options_(o),
        output_(output),
        out_(out),
        kernels_(kernels_for<W>(set)),
        reader_(scores, set) {
    const std::size_t n = reader_.tile_rows();
    max_.resize(n);
    sum_.resize(n);
    second_.resize(n);
    third_.resize(n);
    in_.resize(scores.cols());
    result_.resize(scores.cols());
  }

  void write(std::size_t first, std::size_t last) {
    const std::size_t most = reader_.tile_rows();
    for (; first < last; first += most) {
      const std::size_t n = std::min(most, last - first);
      const tile<W>& z = reader_.read(first, n);
      reader_.sum_rows();
      if (output_ == tempered_output::probabilities) sums(z);
      for (std::size_t i = 0; i < n; ++i) {
        const double sum = output_ == tempered_output::probabilities ? sum_[i] : row_state(z, i);
        if (!reader_.check_row(where_, options_, i, first + i, sum))
          fill_nan(first + i);
        else if (output_ == tempered_output::probabilities)
          write_probabilities(z, i, first + i);
        else
          write_logits(z, i, first + i);
      }
      if (options_.progress) options_.progress(n);
    }
  }

 private:
  void sums(const tile<W>& z) {
    row_sums<W> out;
    out.max = max_.data();
    out.sum = sum_.data();
    out.second = second_.data();
    out.third = third_.data();
    kernels_.tempered(z, 1 / temperature_, out);
  }

  /// NaN for a row that has no softmax: NaN or +inf in it, or nothing but -inf.
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

  void write_probabilities(const tile<W>& z, std::size_t i, std::size_t row) {
    const W* in = in_.data();
    if (z.by_rows)
      in = z.data + static_cast<std::ptrdiff_t>(i) * z.stride;
    else
      for (std::size_t k = 0; k < z.classes; ++k) in_[k] = z.at(i, k);
    const W beta = static_cast<W>(1 / temperature_), scale = static_cast<W>(1 / sum_[i]);
    if constexpr (std::is_same_v<E, W>) {
      if (out_.col_stride() == 1) {
        kernels_.exp_row(in, z.classes, beta, max_[i], scale, &out_(row, 0));
        return;
      }
    }
    kernels_.exp_row(in, z.classes, beta, max_[i], scale, result_.data());
    for (std::size_t k = 0; k < z.classes; ++k)
      out_(row, k) = to_scalar<E>(static_cast<double>(result_[k]));
  }

  void write_logits(const tile<W>& z, std::size_t i, std::size_t row) {
    for (std::size_t k = 0; k < z.classes; ++k)
      out_(row, k) = to_scalar<E>(static_cast<double>(z.at(i, k)) / temperature_);
  }

  void fill_nan(std::size_t row) {
    for (std::size_t k = 0; k < out_.cols(); ++k)
      out_(row, k) = to_scalar<E>(std::numeric_limits<double>::quiet_NaN());
  }

  std::string_view where_;
  double temperature_;
  const options& options_;
  tempered_output output_;
  matrix_view<E> out_;
  const row_kernels<W>& kernels_;
  reader_type reader_;
  std::vector<W> max_, in_, result_;
  std::vector<double> sum_, second_, third_;
};

/// The same for binary scores: sigmoid(x / T), or x / T.
template<class T, score_kind Kind, class E>
void write_binary(std::string_view where, matrix_view<const T> scores, double temperature,
                  const options& o, tempered_output output, matrix_view<E> out, std::size_t first,
                  std::size_t last) {
  for (std::size_t row = first; row < last; ++row) {
    const auto given = scalar_traits<T>::load(scores(row, 0));
    const tile<compute_type<T>> one{&given, 1, true, 1, 1};
    double y = std::numeric_limits<double>::quiet_NaN();
    if (check_binary<Kind>(where, o.nan, one, 0, row)) {
      y = binary_logit<Kind>(static_cast<double>(given)) / temperature;
      if (output == tempered_output::probabilities) {
        const double e = std::exp(-std::abs(y));
        y = y >= 0 ? 1 / (1 + e) : e / (1 + e);
      }
    }
    out(row, 0) = to_scalar<E>(y);
  }
  if (o.progress) o.progress(last - first);
}

/// All rows. Nothing is written before the shapes are known to agree.
template<score_kind Kind, class T, class E>
void temper(std::string_view where, matrix_view<const T> scores, double temperature,
            const options& o, tempered_output output, matrix_view<E> out, isa set = best_isa()) {
  if (out.rows() != scores.rows() || out.cols() != scores.cols())
    throw shape_error(concat(where, ": expected an output of ", scores.rows(), " x ", scores.cols(),
                             " to match the scores, got ", out.rows(), " x ", out.cols()));
  if (scores.empty()) return;
  constexpr std::size_t worth_a_thread = 65536;
  const std::size_t parts =
      part_count(scores.rows(), o.threads.n, worth_a_thread / scores.cols() + 1);
  for_each_part(scores.rows(), parts, [&](std::size_t, std::size_t first, std::size_t last) {
    if constexpr (is_binary_kind<Kind>)
      write_binary<T, Kind, E>(where, scores, temperature, o, output, out, first, last);
    else
      tempered_writer<T, Kind, E>(where, scores, temperature, o, output, out, set)
          .write(first, last);
  });
}

}  // namespace calibra::detail
