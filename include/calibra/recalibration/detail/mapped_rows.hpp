// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "calibra/options.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/rows/parallel.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/rows/tile.hpp"

// Rows that a recalibrator has worked on.
namespace calibra::detail {

/// What a recalibrator does to rows, whatever its parameters are.
class row_mapping {
 public:
  row_mapping() = default;
  virtual ~row_mapping() = default;

  virtual row_form reads() const noexcept = 0;
  /// logits or probabilities.
  virtual row_form makes() const noexcept = 0;
  /// Makes n good rows of k numbers in the form it reads into rows of the form it makes, in place.
  virtual void map_rows(double* rows, std::size_t n, std::size_t k) const = 0;

 protected:
  row_mapping(const row_mapping&) = default;
  row_mapping& operator=(const row_mapping&) = default;
};

/// Rows of logits into probabilities, in place; rows of one number by the sigmoid.
inline void to_probabilities(double* rows, std::size_t n, std::size_t k, bool binary) {
  if (binary) {
    for (std::size_t i = 0; i < n; ++i) rows[i] = sigmoid(rows[i]);
    return;
  }
  for (std::size_t i = 0; i < n; ++i) softmax_row(rows + i * k, k);
}

/// Rows of one form into the other, in place.
inline void to_form(double* rows, std::size_t n, std::size_t k, row_form from, row_form to,
                    bool binary) {
  if (from == to) return;
  if (to == row_form::probabilities) {
    to_probabilities(rows, n, k, binary);
  } else {
    for (std::size_t j = 0; j < n * k; ++j)
      rows[j] = binary ? clipped_logit(rows[j]) : clipped_log(rows[j]);
  }
}

/// Reads rows and maps them. One object a thread.
class mapped_reader {
 public:
  mapped_reader(std::string_view where, score_kind kind, const score_rows<double>& scores,
                const row_options& o, const row_mapping& mapping, row_form wanted)
      : mapping_(mapping),
        wanted_(wanted),
        binary_(is_one_number(kind)),
        classes_(scores.cols()),
        in_(where, kind, scores, o, mapping.reads()),
        rows_(in_.block_rows() * classes_),
        good_(in_.block_rows()) {}

  std::size_t block_rows() const { return in_.block_rows(); }

  /// Good until the next call; rows that were left out are NaN.
  const double* read(std::size_t first, std::size_t count) {
    in_.read(first, count, rows_.data(), good_.data());
    for (std::size_t i = 0; i < count;) {  // runs of good rows
      std::size_t end = i;
      while (end < count && good_[end] != 0) ++end;
      if (end != i) map(rows_.data() + i * classes_, end - i);
      i = end;
      while (i < count && good_[i] == 0) ++i;
    }
    return rows_.data();
  }

 private:
  void map(double* rows, std::size_t n) const {
    mapping_.map_rows(rows, n, classes_);
    to_form(rows, n, classes_, mapping_.makes(), wanted_, binary_);
  }

  const row_mapping& mapping_;
  row_form wanted_;
  bool binary_;
  std::size_t classes_;
  form_reader in_;
  std::vector<double> rows_;
  std::vector<unsigned char> good_;
};

/// Takes a row of numbers, several at a time on threads.
using row_writer = std::function<void(std::size_t row, const double* numbers)>;

/// Calls write(row, numbers) for every row, mapped, on the threads of the options.
inline void map_all_rows(std::string_view where, score_kind kind, const score_rows<double>& scores,
                         const row_options& o, const row_mapping& mapping, row_form wanted,
                         const row_writer& write) {
  worker_team team(o.threads.n);
  for_each_part(team, scores.rows(), row_parts(scores.rows(), scores.cols(), o.threads.n),
                [&](std::size_t, std::size_t first, std::size_t last) {
                  mapped_reader reader(where, kind, scores, o, mapping, wanted);
                  while (first < last) {
                    const std::size_t n = std::min(reader.block_rows(), last - first);
                    const double* rows = reader.read(first, n);
                    for (std::size_t i = 0; i < n; ++i) write(first + i, rows + i * scores.cols());
                    first += n;
                    if (o.progress) o.progress(n);
                  }
                });
}

/// Calls map(row, numbers), which makes a good row of the form `reads` into what is wanted, in
/// place, and write(row, numbers) for every row, in `parts` parts on the threads of the options:
/// for maps that depend on the row.
inline void map_rows_by_index(std::string_view where, score_kind kind,
                              const score_rows<double>& scores, const row_options& o,
                              row_form reads, std::size_t parts,
                              const std::function<void(std::size_t row, double* numbers)>& map,
                              const row_writer& write) {
  const std::size_t k = scores.cols();
  worker_team team(o.threads.n);
  for_each_part(team, scores.rows(), parts, [&](std::size_t, std::size_t first, std::size_t last) {
    form_reader reader(where, kind, scores, o, reads);
    std::vector<double> rows(reader.block_rows() * k);
    std::vector<unsigned char> good(reader.block_rows());
    while (first < last) {
      const std::size_t n = std::min(reader.block_rows(), last - first);
      reader.read(first, n, rows.data(), good.data());
      for (std::size_t i = 0; i < n; ++i) {
        double* numbers = rows.data() + i * k;
        if (good[i] != 0) map(first + i, numbers);
        write(first + i, numbers);
      }
      first += n;
      if (o.progress) o.progress(n);
    }
  });
}

/// Rows of scores as a recalibrator makes them, mapped as they are read: what recalibrated() is to
/// the engine.
class recalibrated_rows final : public score_rows<double> {
 public:
  recalibrated_rows(std::string_view where, score_kind kind, const score_rows<double>& scores,
                    const row_options& o, const row_mapping& mapping, row_form wanted)
      : score_rows<double>(scores.rows(), scores.cols(), row_sum_tolerance<float>(scores.cols())),
        where_(where),
        kind_(kind),
        scores_(scores),
        options_(o),
        mapping_(mapping),
        wanted_(wanted) {}

  std::unique_ptr<row_reader<double>> reader(isa) const override {
    return std::make_unique<tile_of_mapped>(*this);
  }
  const double* classes(std::size_t row, std::size_t first, std::size_t count,
                        double* room) const override {
    mapped_reader reader(where_, kind_, scores_, options_, mapping_, wanted_);
    std::copy_n(reader.read(row, 1) + first, count, room);
    return room;
  }

 private:
  class tile_of_mapped final : public row_reader<double> {
   public:
    explicit tile_of_mapped(const recalibrated_rows& from)
        : classes_(from.cols()),
          reader_(from.where_, from.kind_, from.scores_, from.options_, from.mapping_,
                  from.wanted_) {}
    std::size_t tile_rows() const override { return reader_.block_rows(); }
    tile<double> read(std::size_t first, std::size_t count) override {
      return {reader_.read(first, count), static_cast<std::ptrdiff_t>(classes_), true, count,
              classes_};
    }

   private:
    std::size_t classes_;
    mapped_reader reader_;
  };

  std::string_view where_;
  score_kind kind_;
  const score_rows<double>& scores_;
  const row_options& options_;
  const row_mapping& mapping_;
  row_form wanted_;
};

}  // namespace calibra::detail
