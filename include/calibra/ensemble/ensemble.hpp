// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/form_rows.hpp"
#include "calibra/recalibration/row_form.hpp"
#include "calibra/rows/double_rows.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/rows/tile.hpp"
#include "calibra/scores.hpp"

namespace calibra {

namespace detail {

/// The mean of several models' probabilities, row by row, as it is read.
class mean_rows final : public score_rows<double> {
 public:
  mean_rows(std::string_view where, score_kind kind,
            const std::vector<const score_rows<double>*>& members, const row_options& o)
      : score_rows<double>(members[0]->rows(), members[0]->cols(),
                           row_sum_tolerance<float>(members[0]->cols())),
        kind_(kind),
        members_(members),
        options_(o) {
    for (std::size_t m = 0; m < members.size(); ++m)
      places_.push_back(concat(where, ": member ", m));
  }

  std::unique_ptr<row_reader<double>> reader(isa) const override {
    return std::make_unique<mean_reader>(*this);
  }
  const double* classes(std::size_t row, std::size_t first, std::size_t count,
                        double* room) const override {
    mean_reader all(*this);
    const tile<double> t = all.read(row, 1);
    for (std::size_t j = 0; j < count; ++j) room[j] = t.at(0, first + j);
    return room;
  }

 private:
  class mean_reader final : public row_reader<double> {
   public:
    explicit mean_reader(const mean_rows& from) : classes_(from.cols()) {
      for (std::size_t m = 0; m < from.members_.size(); ++m) {
        readers_.emplace_back(from.places_[m], from.kind_, *from.members_[m], from.options_,
                              row_form::probabilities);
        rows_ = std::min(rows_, readers_.back().block_rows());
      }
      mean_.resize(rows_ * classes_);
      one_ = mean_;
      good_.resize(rows_);
    }
    std::size_t tile_rows() const override { return rows_; }
    tile<double> read(std::size_t first, std::size_t count) override {
      std::fill(mean_.begin(), mean_.end(), 0.0);
      for (form_reader& r : readers_) {
        r.read(first, count, one_.data(), good_.data());  // rows that were left out are NaN
        for (std::size_t j = 0; j < count * classes_; ++j) mean_[j] += one_[j];
      }
      for (double& p : mean_) p /= static_cast<double>(readers_.size());
      return {mean_.data(), static_cast<std::ptrdiff_t>(classes_), true, count, classes_};
    }

   private:
    std::size_t classes_, rows_ = std::numeric_limits<std::size_t>::max();
    std::vector<form_reader> readers_;
    std::vector<double> mean_, one_;
    std::vector<unsigned char> good_;
  };

  std::vector<std::string> places_;  ///< how messages name the members
  score_kind kind_;
  const std::vector<const score_rows<double>*>& members_;
  const row_options& options_;
};

/// Scores of several models, averaged before they are measured.
template<class S>
class ensemble_held {
 public:
  explicit ensemble_held(std::vector<S> members) : members_(std::move(members)) {}

  template<class F>
  decltype(auto) with_rows(std::string_view where, const row_options& o, const F& f) const {
    row_options inner = o;
    inner.nan = nan_policy::count;  // NaN comes out, and whoever reads it decides
    std::vector<const score_rows<double>*> rows;
    return with_member<F>(where, inner, f, rows);
  }

 private:
  template<class F>
  std::invoke_result_t<const F&, const mean_rows&> with_member(
      std::string_view where, const row_options& o, const F& f,
      std::vector<const score_rows<double>*>& rows) const {
    if (rows.size() == members_.size()) return f(mean_rows(where, S::kind, rows, o));
    return with_double_rows(
        where, members_[rows.size()], o,
        [&](const score_rows<double>& next) -> std::invoke_result_t<const F&, const mean_rows&> {
          if (!rows.empty() && (next.rows() != rows[0]->rows() || next.cols() != rows[0]->cols()))
            throw shape_error(concat(where, ": expected members of the same shape, got ",
                                     rows[0]->rows(), " x ", rows[0]->cols(), " and ", next.rows(),
                                     " x ", next.cols()));
          rows.push_back(&next);
          return with_member<F>(where, o, f, rows);
        });
  }

  std::vector<S> members_;
};

}  // namespace detail

/// Several models as one: the mean of their probabilities, row by row, without making the matrix.
/// `evaluate(ensemble(std::vector{logits(a), logits(b)}), labels)`; fits and metrics take it as
/// they take scores. Members are of one kind and type, with the same shape (shape_error where it is
/// read). A row in which a member has NaN is NaN. Of what else is wrong with a row, messages name
/// the member, counted from 0. Throws option_error for no members. Cost: that of reading all
/// members. Ref: Lakshminarayanan, Pritzel and Blundell 2017 (arXiv 1612.01474).
template<wrapped_scores S>
[[nodiscard]] auto ensemble(std::vector<S> members) {
  static_assert(!tensor_scores<S> && !detail::is_multilabel<S>,
                "calibra: ensemble() takes arrays of one label a sample");
  if (members.empty()) throw option_error("ensemble(): expected at least one member, got none");
  constexpr score_kind kind = detail::is_binary_kind<S::kind> ? score_kind::binary_probabilities
                                                              : score_kind::probabilities;
  using holder = detail::ensemble_held<S>;
  return calibra::scores<kind, holder>(holder(std::move(members)));
}

}  // namespace calibra
