// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "data.hpp"

#include "calibra/error.hpp"

namespace calibra::python {

using calibra::detail::concat;

data::data(arrays given) : given_(std::move(given)) {
  check_scores();
  if (given_.labels) {
    expect_samples(*given_.labels);
    labels_.emplace(*given_.labels, where());
  }
  const auto take = [&](const std::optional<array>& a, auto& column) {
    if (!a) return;
    if (given_.multilabel && (a->rank() != 1 || a->size() != sample_shape_[0]))
      throw shape_error(concat(where(), ": ", a->name(), ": expected shape (", sample_shape_[0],
                               ",), got ", a->shape_text()));
    if (!given_.multilabel) expect_samples(*a);
    column.emplace(*a, where());
  };
  take(given_.weights, weights_);
  take(given_.valid, valid_);
  take(given_.proximity, proximity_);
  take(given_.cluster, cluster_);
  take(given_.stratum, stratum_);
  take(given_.groups, groups_);
}

void data::check_scores() {
  const array& z = given_.scores;
  const std::string name = concat(where(), ": ", z.name());
  if (given_.class_axis && (given_.multilabel || given_.form == score_form::confidences))
    throw option_error(concat(where(), ": class_axis: expected logits or probabilities of one ",
                              "label a sample"));
  if (given_.multilabel && given_.form == score_form::confidences)
    throw option_error(concat(where(), ": multilabel: expected logits or probabilities"));
  if (z.rank() == 0) throw shape_error(concat(name, ": expected an array, got one number"));
  if (z.size() == 0) throw shape_error(concat(name, ": no samples: got shape ", z.shape_text()));
  if (given_.class_axis) {
    const std::size_t axis = calibra::detail::dimension_of(z.rank(), *given_.class_axis);
    sample_shape_ = z.shape();
    sample_shape_.erase(sample_shape_.begin() + static_cast<std::ptrdiff_t>(axis));
    one_number_ = z.shape()[axis] == 1;
    return;
  }
  if (z.rank() > 2)
    throw shape_error(concat(name, ": expected 1 or 2 dimensions, got shape ", z.shape_text(),
                             "; say by class_axis which of them holds the classes"));
  if (given_.multilabel && z.rank() != 2)
    throw shape_error(concat(name, ": expected samples x labels, got shape ", z.shape_text()));
  one_number_ = z.rank() == 1 || z.shape()[1] == 1;
  if (given_.form == score_form::confidences && !one_number_)
    throw shape_error(concat(name, ": expected one number a sample, got shape ", z.shape_text()));
  sample_shape_ = given_.multilabel ? z.shape() : std::vector{z.shape()[0]};
}

void data::expect_samples(const array& a) const {
  if (a.shape() == sample_shape_) return;
  const bool one_column = a.rank() == 2 && a.shape()[1] == 1 && sample_shape_.size() == 1;
  if (one_column && a.shape()[0] == sample_shape_[0]) return;
  const bool one_hot = !given_.multilabel && a.rank() == 2 && a.shape() == given_.scores.shape();
  throw shape_error(concat(
      where(), ": ", a.name(), ": expected shape ", shape_text(sample_shape_),
      " for scores of shape ", given_.scores.shape_text(), ", got ", a.shape_text(),
      one_hot ? "; of one-hot labels give labels.argmax(axis=1), or say multilabel=True" : ""));
}

std::size_t data::classes() const {
  if (given_.form == score_form::confidences) return 0;
  if (given_.multilabel) return sample_shape_[1];
  if (one_number_) return 2;
  const std::size_t rank = given_.scores.rank();
  return given_.scores
      .shape()[given_.class_axis ? calibra::detail::dimension_of(rank, *given_.class_axis) : 1];
}

vector_view<const std::int64_t> data::labels() const {
  if (!labels_) throw option_error(concat(where(), ": expected labels, got none"));
  return labels_->view();
}

optional_column<double> data::proximity() const {
  if (!proximity_) throw option_error(concat(where(), ": proximity: expected a number a sample"));
  return proximity_->view();
}

matrix_view<const std::int64_t> data::targets() const {
  return {labels().data(), sample_shape_[0], sample_shape_[1]};
}

void data::put_columns(options& o) const {
  if (weights_) o.weights = weights_->view();
  if (proximity_) o.proximity = proximity_->view();
  if (valid_) o.valid = valid_->view();
  if (cluster_) o.cluster = cluster_->view();
  if (stratum_) o.stratum = stratum_->view();
}

}  // namespace calibra::python
