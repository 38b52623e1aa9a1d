// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include "calibra/array/class_axis.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/detail/logit_reader.hpp"
#include "calibra/recalibration/detail/output_array.hpp"
#include "calibra/recalibration/detail/row_temperer.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/score_rows.hpp"

namespace calibra::detail {

/// Rows of logits or probabilities, a tile at a time.
template<class C, score_kind Kind, class E>
class tempered_writer {
 public:
  using reader_type = logit_reader<C, Kind>;
  using W = typename reader_type::W;

  tempered_writer(std::string_view where, const score_rows<C>& scores, const row_options& o,
                  const row_temperer<W, E>& temperer, isa set)
      : where_(where), options_(o), temperer_(temperer), reader_(scores, set) {
    const std::size_t n = reader_.tile_rows();
    max_.resize(n);
    sum_.resize(n);
    second_.resize(n);
    third_.resize(n);
    in_.resize(scores.cols());
    scratch_.resize(scores.cols());
  }

  void write(std::size_t first, std::size_t last) {
    const std::size_t most = reader_.tile_rows();
    row_sums<W> out;
    out.max = max_.data();
    out.sum = sum_.data();
    out.second = second_.data();
    out.third = third_.data();
    for (; first < last; first += most) {
      const std::size_t n = std::min(most, last - first);
      const tile<W>& z = reader_.read(first, n);
      reader_.sum_rows();
      temperer_.sums(z, out);
      for (std::size_t i = 0; i < n; ++i) {
        if (reader_.check_row(where_, options_, i, first + i, sum_[i]))
          temperer_.write(first + i, row(z, i), max_[i], sum_[i], scratch_.data());
        else
          temperer_.write_nan(first + i);
      }
      if (options_.progress) options_.progress(n);
    }
  }

 private:
  const W* row(const tile<W>& z, std::size_t i) {
    if (z.by_rows) return z.data + static_cast<std::ptrdiff_t>(i) * z.stride;
    for (std::size_t k = 0; k < z.classes; ++k) in_[k] = z.at(i, k);
    return in_.data();
  }

  std::string_view where_;
  const row_options& options_;
  const row_temperer<W, E>& temperer_;
  reader_type reader_;
  std::vector<W> max_, in_, scratch_;
  std::vector<double> sum_, second_, third_;
};

/// A single row of at most this many classes is worked on the stack.
inline constexpr std::size_t most_on_stack = 256;

/// The only row of the scores, without an allocation. For whoever scales a sample as it comes.
template<score_kind Kind, class C, class E>
void write_one_row(std::string_view where, const C* scores, std::size_t k, double tolerance,
                   double temperature, const row_options& o, tempered_output output, E* out,
                   std::ptrdiff_t out_stride, isa set) {
  using W = typename logit_reader<C, Kind>::W;
  if (k == 0) return;
  const row_temperer<W, E> temperer(temperature, output, {out, 1, k, 0, out_stride}, set);
  const auto length = static_cast<std::ptrdiff_t>(k);
  W logs[most_on_stack], scratch[most_on_stack];
  const tile<C> raw{scores, length, true, 1, k};

  const W* z = nullptr;
  bool good = true;
  if constexpr (Kind == score_kind::probabilities) {
    C least{}, largest{};
    double total = 0;
    row_sums<C> simplex;
    simplex.max = &largest;
    simplex.min = &least;
    simplex.sum = &total;
    kernels_for<C>(set).simplex(raw, simplex);
    good = check_simplex(where, o, raw, 0, 0, least, largest, total, tolerance);
    for (std::size_t j = 0; j < k; ++j) logs[j] = std::log(static_cast<double>(raw.data[j]));
    z = logs;
  } else {
    z = raw.data;
  }
  const auto is_good = [&](double sum) {
    if constexpr (Kind == score_kind::probabilities)
      return good;
    else
      return check_logits(where, o, raw, 0, 0, sum);
  };
  if (temperer.takes_short(k)) {
    const double sum = temperer.short_sum(z, k, scratch);
    is_good(sum) ? temperer.write_short(0, scratch, sum) : temperer.write_nan(0);
  } else {
    W max{};
    double sum = 0, second = 0, third = 0;
    row_sums<W> sums;
    sums.max = &max;
    sums.sum = &sum;
    sums.second = &second;
    sums.third = &third;
    temperer.sums({z, length, true, 1, k}, sums);
    is_good(sum) ? temperer.write(0, z, max, sum, scratch) : temperer.write_nan(0);
  }
  if (o.progress) o.progress(1);
}

/// The same of scores of any scalar and stride.
template<score_kind Kind, class T, class E>
void write_row_of(std::string_view where, const T* scores, std::ptrdiff_t stride, std::size_t k,
                  double temperature, const row_options& o, tempered_output output, E* out,
                  std::ptrdiff_t out_stride, isa set) {
  using C = compute_type<T>;
  C copied[most_on_stack];
  const C* row = copied;
  if constexpr (std::is_same_v<T, C>) {
    if (stride == 1) row = scores;
  }
  if (row == copied) load_elements(scores, stride, k, copied);
  write_one_row<Kind>(where, row, k, row_sum_tolerance<T>(k), temperature, o, output, out,
                      out_stride, set);
}

/// A tile of binary scores, which begins at row `first`: sigmoid(x / T), or x / T.
template<score_kind Kind, class C, class E>
void write_binary(std::string_view where, const tile<C>& scores, std::size_t first,
                  double temperature, const row_options& o, tempered_output output,
                  matrix_view<E> out) {
  for (std::size_t i = 0; i < scores.rows; ++i) {
    double y = std::numeric_limits<double>::quiet_NaN();
    if (check_binary(where, Kind, o.nan, scores, i, first + i)) {
      y = binary_logit<Kind>(static_cast<double>(scores.at(i, 0))) / temperature;
      if (output == tempered_output::probabilities) y = sigmoid(y);
    }
    out(first + i, 0) = to_scalar<E>(y);
  }
  if (o.progress) o.progress(scores.rows);
}

/// All rows, whose shapes agree.
template<score_kind Kind, class C, class E>
void temper_rows(std::string_view where, const score_rows<C>& scores, double temperature,
                 const row_options& o, tempered_output output, matrix_view<E> out, isa set) {
  const std::size_t parts = row_parts(scores.rows(), scores.cols(), o.threads.n);
  worker_team team(o.threads.n);
  if constexpr (is_binary_kind<Kind>) {
    for_each_part(
        team, scores.rows(), parts, [&](std::size_t, std::size_t first, std::size_t last) {
          const auto reader = scores.reader(set);
          while (first < last) {
            const std::size_t n = std::min(reader->tile_rows(), last - first);
            write_binary<Kind>(where, reader->read(first, n), first, temperature, o, output, out);
            first += n;
          }
        });
  } else {
    using W = typename logit_reader<C, Kind>::W;
    const row_temperer<W, E> temperer(temperature, output, out, set);
    for_each_part(team, scores.rows(), parts,
                  [&](std::size_t, std::size_t first, std::size_t last) {
                    tempered_writer<C, Kind, E>(where, scores, o, temperer, set).write(first, last);
                  });
  }
}

/// Nothing is written before the shapes are known to agree. Inlined, so that a single row costs no
/// copies of its views.
template<score_kind Kind, class T, class E>
[[gnu::always_inline]] inline void temper(std::string_view where,
                                          const matrix_view<const T>& scores, double temperature,
                                          const row_options& o, tempered_output output,
                                          const matrix_view<E>& out, isa set = best_isa()) {
  check_output_shape(where, scores.rows(), scores.cols(), out.rows(), out.cols());
  if (scores.rows() == 0) return;
  using C = compute_type<T>;
  if (scores.rows() == 1 && scores.cols() <= most_on_stack) {
    if constexpr (is_binary_kind<Kind>) {
      const C x = scalar_traits<T>::load(scores(0, 0));
      return write_binary<Kind>(where, tile<C>{&x, 1, true, 1, 1}, 0, temperature, o, output, out);
    } else {
      return write_row_of<Kind>(where, scores.data(), scores.col_stride(), scores.cols(),
                                temperature, o, output, out.data(), out.col_stride(), set);
    }
  }
  const matrix_rows<T> rows(scores);
  temper_rows<Kind, C>(where, rows, temperature, o, output, out, set);
}
template<score_kind Kind, class T, class E>
void temper(std::string_view where, const class_axis_view<const T>& scores, double temperature,
            const row_options& o, tempered_output output, const matrix_view<E>& out,
            isa set = best_isa()) {
  check_output_shape(where, scores.rows(), scores.cols(), out.rows(), out.cols());
  if (scores.rows() == 0) return;
  temper_rows<Kind, compute_type<T>>(where, class_axis_rows<T>(scores), temperature, o, output, out,
                                     set);
}

}  // namespace calibra::detail
