// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "calibra/array/access.hpp"
#include "calibra/array/class_axis.hpp"
#include "calibra/array/column.hpp"
#include "calibra/array/matrix.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/detail/gradient_view.hpp"
#include "calibra/error.hpp"
#include "calibra/loss/detail/probability_rows.hpp"
#include "calibra/scores.hpp"

// What the losses of a batch of scores and labels have in common.
//
// A loss is a `Form`: the function's name `where`, whether it is defined on logits alone
// `needs_logits`, `check(options)` that throws option_error, `check_classes(K)` that throws
// shape_error, and `compute(rows, options, gradient)`: the value of a batch of at least one row,
// its gradient by the scores added to *gradient unless that is null.
namespace calibra::detail {

/// What most forms are: defined on every kind of score and any number of classes.
struct loss_form {
  static constexpr bool needs_logits = false;
  static void check_classes(std::size_t) {}
};

/// For a loss that has no options.
struct no_options {};

/// -1, 0 or 1: the derivative of |x|, with 0 at 0.
constexpr double sign(double x) noexcept {
  return static_cast<double>(x > 0) - static_cast<double>(x < 0);
}

/// Throws option_error unless `value` is `good` and finite; `expected` says what it has to be.
inline void check_option(std::string_view where, std::string_view name, double value, bool good,
                         std::string_view expected) {
  if (good && is_finite(value)) return;
  throw option_error(concat(where, ": ", name, " is ", value, "; expected ", expected));
}

/// The loss `Form` of tensors: a specialisation for the tensor's handle, or for a template of it,
/// has `static Handle value(scores, labels, options)`. See calibra/torch/calibration_losses.hpp.
template<class Form, class Handle>
struct tensor_loss;  // left undefined: not a tensor that has losses

template<class Form, class Handle>
concept has_tensor_loss = requires {
  sizeof(tensor_loss<Form, Handle>);
};

/// One sentence for scores and labels that a loss cannot take.
template<class Form, class Scores, class Labels>
constexpr bool usable_in_loss() {
  static_assert(wrapped_scores<Scores>,
                "calibra: a loss is told what its scores are: logits(z), probabilities(p), "
                "binary_logits(x) or binary_probabilities(p) instead of the bare array");
  if constexpr (wrapped_scores<Scores>) {
    constexpr score_kind kind = Scores::kind;
    constexpr bool multilabel =
        kind == score_kind::multilabel_logits || kind == score_kind::multilabel_probabilities;
    static_assert(!multilabel,
                  "calibra: a loss takes one label a sample; give it the scores of one label at a "
                  "time, as binary_logits(column) or binary_probabilities(column)");
    constexpr bool in_rows =
        !is_class_axis_view<std::remove_cvref_t<decltype(std::declval<const Scores&>().view())>>;
    static_assert(in_rows, "calibra: a loss takes samples x classes, not class_axis()");
    constexpr bool defined = multilabel || !Form::needs_logits || are_logits<kind>;
    static_assert(defined,
                  "calibra: this loss is a function of logits and not of probabilities; call it "
                  "with logits(z) or binary_logits(x)");
    constexpr bool labelled = tensor_scores<Scores> ? tensor_array<Labels> : label_vector<Labels>;
    static_assert(labelled,
                  "calibra: labels are a one-dimensional array of integers, or a tensor where the "
                  "scores are one");
    return !multilabel && in_rows && defined && labelled;
  }
  return false;
}

/// What such a call gives, so that the sentence is the only error: it goes wherever a loss goes.
struct no_loss {
  template<class T>
  operator T() const;  // NOLINT(google-explicit-constructor): nothing calls it
};

/// Binary scores as a matrix of one column, others as they are.
template<class T>
constexpr matrix_view<T> score_columns(vector_view<T> v) noexcept {
  return {v.data(), v.size(), 1, v.stride(), 1};
}
template<class T>
constexpr matrix_view<T> score_columns(matrix_view<T> m) noexcept {
  return m;
}

/// The value; a tensor without dimensions for tensors.
template<class Form, class Scores, class Labels, class Options>
auto batch_loss(const Scores& scores, const Labels& labels, const Options& options) {
  if constexpr (!usable_in_loss<Form, Scores, Labels>()) {
    return no_loss{};
  } else if constexpr (tensor_scores<Scores>) {
    using handle = std::remove_cvref_t<decltype(scores.view())>;
    static_assert(has_tensor_loss<Form, handle>,
                  "calibra: losses of tensors are in <calibra/torch/calibration_losses.hpp>");
    if constexpr (has_tensor_loss<Form, handle>)
      return tensor_loss<Form, handle>::value(scores, labels, options);
    else
      return no_loss{};
  } else {
    Form::check(options);
    const optional_column<std::int64_t> column(labels);
    const probability_rows rows(std::integral_constant<score_kind, Scores::kind>{}, Form::where,
                                score_columns(scores.view()), column.get());
    Form::check_classes(rows.classes());
    if (rows.rows() == 0) return std::numeric_limits<double>::quiet_NaN();
    return Form::compute(rows, options, nullptr);
  }
}

/// The value, and the gradient by the scores, which is written after everything else.
template<class Form, class Scores, class Labels, class Options, class Gradient>
double batch_loss(const Scores& scores, const Labels& labels, const Options& options,
                  Gradient& gradient) {
  static_assert(!tensor_scores<Scores>,
                "calibra: a loss of tensors has no gradient argument: backward() of its value "
                "gives the gradient");
  if constexpr (!tensor_scores<Scores> && usable_in_loss<Form, Scores, Labels>()) {
    constexpr score_kind kind = Scores::kind;
    Form::check(options);
    const auto view = score_columns(scores.view());
    const auto out = score_columns(gradient_view<score_use<kind>>(gradient));
    if (out.rows() != view.rows() || out.cols() != view.cols())
      throw shape_error(concat(Form::where, ": gradient is ", out.rows(), " x ", out.cols(),
                               ", scores are ", view.rows(), " x ", view.cols(),
                               "; expected the same shape"));
    const optional_column<std::int64_t> column(labels);
    const probability_rows rows(std::integral_constant<score_kind, kind>{}, Form::where, view,
                                column.get());
    Form::check_classes(rows.classes());
    if (rows.rows() == 0) return std::numeric_limits<double>::quiet_NaN();
    matrix<double> sums(rows.rows(), rows.classes());
    const double value = Form::compute(rows, options, &sums);
    using element = typename std::remove_cvref_t<decltype(out)>::value_type;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      if constexpr (kind == score_kind::binary_logits) {
        out(i, 0) = static_cast<element>(sums(i, 1));
      } else if constexpr (kind == score_kind::binary_probabilities) {
        out(i, 0) = static_cast<element>(sums(i, 1) - sums(i, 0));
      } else {
        for (std::size_t k = 0; k < rows.classes(); ++k)
          out(i, k) = static_cast<element>(sums(i, k));
      }
    }
    return value;
  }
  return 0;
}

}  // namespace calibra::detail
