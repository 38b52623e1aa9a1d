// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "multilabel.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "measure.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

/// Metrics of classes and of proximities, which labels do not have.
constexpr std::array<std::string_view, 8> foreign_metrics = {
    "classwise_ece", "classwise_mce", "classwise_rmsce", "classwise_debiased_l2",
    "classwise_ace", "tace",          "pooled_ece",      "piece"};

bool is_foreign(std::string_view name) {
  return std::find(foreign_metrics.begin(), foreign_metrics.end(), name) != foreign_metrics.end();
}

/// Targets of any type as integers that lie as the scores do.
class target_matrix {
 public:
  template<class T>
  target_matrix(const io::array& labels, matrix_view<const T> scores)
      : owner_(std::make_shared<std::vector<std::int64_t>>(scores.rows() * scores.cols())),
        view_(owner_->data(), scores.rows(), scores.cols(), scores.row_stride(),
              scores.col_stride()) {
    labels.visit_elements([&](auto targets) {
      for (std::size_t i = 0; i < targets.rows(); ++i)
        for (std::size_t l = 0; l < targets.cols(); ++l)
          view_(i, l) = whole(i, l, io::detail::as_double(targets(i, l)));
    });
  }

  matrix_view<const std::int64_t> view() const { return view_; }
  io::label_column of(std::size_t label) const { return {view().col(label), owner_}; }
  /// All entries in the order of memory.
  io::label_column all() const { return {{owner_->data(), owner_->size()}, owner_}; }

 private:
  static std::int64_t whole(std::size_t row, std::size_t column, double x) {
    if (!(std::abs(x) < 1e15) || x != std::floor(x))
      throw value_error(
          concat("target ", x, " at row ", row, ", column ", column, " is not 0 or 1"));
    return static_cast<std::int64_t>(x);
  }

  std::shared_ptr<std::vector<std::int64_t>> owner_;
  matrix_view<std::int64_t> view_;
};

/// The weight of its sample for every entry, in the order of memory.
std::vector<double> spread(const optional_column<double>& weights,
                           matrix_view<const std::int64_t> like) {
  std::vector<double> out(like.rows() * like.cols());
  const matrix_view<double> view(out.data(), like.rows(), like.cols(), like.row_stride(),
                                 like.col_stride());
  for (std::size_t i = 0; i < like.rows(); ++i)
    for (std::size_t l = 0; l < like.cols(); ++l) view(i, l) = weights.get()[i];
  return out;
}

/// Means over labels of what is defined for them.
class label_means {
 public:
  void add(const evaluation& e) {
    means_.resize(e.metrics.size());
    for (std::size_t m = 0; m < means_.size(); ++m) {
      means_[m].name = e.metrics[m].name;
      if (std::isnan(e.metrics[m].value)) continue;
      means_[m].sum += e.metrics[m].value;
      ++means_[m].labels;
    }
  }
  double operator[](std::string_view name) const {
    for (const mean& m : means_)
      if (m.name == name && m.labels > 0) return m.sum / m.labels;
    return std::numeric_limits<double>::quiet_NaN();
  }

 private:
  struct mean {
    std::string_view name;
    double sum = 0;
    double labels = 0;
  };
  std::vector<mean> means_;
};

template<class T>
report measured(const inputs& in, score_form from, evaluate_options e,
                matrix_view<const T> scores) {
  const bool logits = from == score_form::logits;
  const score_kind kind = logits ? score_kind::binary_logits : score_kind::binary_probabilities;
  const target_matrix targets(in.labels, scores);
  // A pass of its own for the checks: its errors name row and column.
  label_tables(logits ? score_kind::multilabel_logits : score_kind::multilabel_probabilities,
               scores, targets.view(), e.rows);

  const bool classwise = std::exchange(e.per_class, false);
  std::vector<std::string> names = e.metrics;
  if (names.empty()) {
    names.assign(metric_names.begin(), metric_names.end());
    names.erase(std::remove_if(names.begin(), names.end(), is_foreign), names.end());
  }
  e.metrics = names;
  e.metrics.push_back("ece");  // for the classes

  label_means means;
  std::vector<double> ece_per_class;
  for (std::size_t l = 0; l < scores.cols(); ++l) {
    const evaluation one = measure(kind, scores.col(l), targets.of(l), e);
    means.add(one);
    if (classwise) ece_per_class.push_back(one["ece"]);
  }

  std::vector<double> weights;
  if (e.rows.weights) {
    weights = spread(e.rows.weights, targets.view());
    e.rows.weights = weights;
  }
  const vector_view<const T> entries(scores.data(), scores.rows() * scores.cols());
  evaluation micro = measure(kind, entries, targets.all(), e);
  report r{scores.rows(),          micro.samples,           0, scores.cols(), {},
           std::move(micro.table), std::move(ece_per_class)};
  for (const std::string_view name : metric_names) {
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    r.metrics.push_back({concat("micro_", name), micro[name]});
    r.metrics.push_back({concat("macro_", name), means[name]});
  }
  return r;
}

}  // namespace

void check_multilabel_request(const eval_request& request) {
  if (request.data.from == score_form::confidences)
    throw option_error("--sigmoid: expected --from logits or probabilities, got confidences");
  if (request.data.nan == nan_policy::count)
    throw option_error("--sigmoid: --nan count is for one label a sample");
  if (!request.proximity.empty())
    throw option_error("--sigmoid: --proximity is for one label a sample");
  for (const std::string& name : request.metrics)
    if (is_foreign(name))
      throw option_error(concat("--metrics: ", name, " is not defined for --sigmoid"));
}

report of_multilabel(const inputs& in, score_form from, const evaluate_options& e) {
  if (in.labels.shape().size() != 2 || in.scores.shape().size() != 2 ||
      in.labels.shape()[1] != in.scores.shape()[1])
    throw shape_error(concat("labels: expected samples x labels of shape ",
                             io::detail::shape_text(in.scores.shape()), " as in ", in.scores.name(),
                             ", got ", io::detail::shape_text(in.labels.shape())));
  return in.scores.visit_scores([&](auto view) { return measured(in, from, e, view); });
}

}  // namespace calibra::cli
