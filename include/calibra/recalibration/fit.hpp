// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "calibra/array/column.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/detail/host_samples.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/rows/double_rows.hpp"
#include "calibra/rows/row_worker.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra {

namespace detail {

/// Says which recalibrator takes the scores, where this one does not.
template<class R, class S, bool TakesTensors>
constexpr bool can_fit() {
  constexpr bool binary = is_binary_kind<std::remove_cvref_t<S>::kind>;
  static_assert(!is_multilabel<S>,
                "calibra: fit multi-label scores a label at a time: binary_logits() or "
                "binary_probabilities() of each column");
  static_assert(TakesTensors || !tensor_scores<S>,
                "calibra: this recalibrator is fitted on arrays; of a tensor on the CPU, on its "
                "data by logits(pointer, samples, classes)");
  static_assert(!binary || R::takes != score_domain::classes,
                "calibra: this recalibrator takes samples x classes: logits() or probabilities()");
  static_assert(is_multilabel<S> || binary || R::takes != score_domain::binary,
                "calibra: this recalibrator takes one number a sample, binary_logits() or "
                "binary_probabilities(); for samples x classes there is one_against_rest<R>");
  constexpr score_domain other = binary ? score_domain::classes : score_domain::binary;
  return !is_multilabel<S> && (TakesTensors || !tensor_scores<S>)&&R::takes != other;
}

/// Rows of scores in host memory, whatever their elements are, with their labels.
struct labelled_rows {
  std::string_view where;
  const score_rows<double>& rows;
  const score_rows<float>* singles;  ///< the same as floats, where they are no more; else null
  const column<std::int64_t>& labels;
  const row_options& options;

  /// Calls f with what they are to a fit: binary_samples or class_samples.
  template<score_kind Kind, class F>
  auto with_samples(const F& f) const {
    row_options walked = options;
    walked.binary = binary_target::positive_class;
    const row_source<double> source{.where = where,
                                    .kind = Kind,
                                    .map = &map_rows<double, Kind, false>,
                                    .scores = rows,
                                    .labels = labels,
                                    .options = walked};
    if constexpr (is_binary_kind<Kind>) {
      return f(collect_binary(source));
    } else {
      std::optional<row_source<float>> single;
      if (singles != nullptr)
        single.emplace(row_source<float>{.where = where,
                                         .kind = Kind,
                                         .map = &map_rows<float, Kind, false>,
                                         .scores = *singles,
                                         .labels = labels,
                                         .options = walked});
      const host_class_samples samples(source, single);
      return f(static_cast<const class_samples&>(samples));
    }
  }
};

/// Calls f with the rows of scores and their labels.
template<class S, class L, class F>
auto with_labelled_rows(std::string_view where, const S& scores, L&& labels, const row_options& o,
                        const F& f) {
  const optional_column<std::int64_t> column(std::forward<L>(labels));
  return with_rows_of_both(where, scores, o,
                           [&](const score_rows<double>& rows, const score_rows<float>* singles) {
                             return f(labelled_rows{where, rows, singles, column.get(), o});
                           });
}

/// Calls f with what the scores and labels are to a fit: binary_samples or class_samples.
template<class S, class L, class F>
auto with_samples(std::string_view where, const S& scores, L&& labels, const row_options& o,
                  const F& f) {
  return with_labelled_rows(where, scores, std::forward<L>(labels), o,
                            [&](const labelled_rows& rows) {
                              return rows.with_samples<std::remove_cvref_t<S>::kind>(f);
                            });
}

}  // namespace detail

/// Fits a recalibrator, any type that is derived from recalibrator and has a function
/// R::fit(binary_samples, R::options), or of class_samples, by what it takes:
/// `fit<isotonic>(binary_logits(x), y)`, `fit<one_against_rest<beta>>(probabilities(p), y,
/// {.weights = w})`.
///
/// Shapes: scores N x K and labels in [0, K), or N scores and labels 0 and 1.
/// Options that count: `weights`, `ignore_label`, `valid`, `nan`, `renormalise`, `threads` and
/// `progress`; what the method itself can be told is its last argument, R::options.
/// Tensors are fitted to where they lie: on a device "temperature", "vector", "svs", "ets", "sms",
/// "matrix" and "dirichlet" in passes of the device's own, which read their sums back, and those of
/// binary scores on the host, to which a number a sample comes over; others throw value_error.
/// The report of the result says how it went. Threads do not change the result beyond 1e-12. The
/// fits of two data sets cannot be merged. Throws shape_error and value_error as everywhere, with
/// the row, and option_error for what the method says.
template<class R, wrapped_scores S, class L>
[[nodiscard]] R fit(const S& scores, L&& labels, const row_options& o = {},
                    const typename R::options& method = {}) {
  if constexpr (!detail::is_multilabel<S>) static_assert(detail::usable_labels<L>());
  constexpr bool by_itself = requires {
    R::fit(scores, labels, o, method);
  };
  constexpr bool binary = detail::is_binary_kind<S::kind>;
  constexpr bool to_samples =
      requires(const std::conditional_t<binary, binary_samples, class_samples>& samples) {
    R::fit(samples, method);
  };
  constexpr bool takes_tensors = by_itself || to_samples;
  constexpr bool usable = detail::can_fit<R, S, takes_tensors>();
  if constexpr (usable && by_itself) {
    return R::fit(scores, labels, o, method);
  } else if constexpr (usable) {
    const std::string where = detail::concat("fit<", R::kind, ">()");
    const auto fitted = [&](const auto& samples) { return R::fit(samples, method); };
    if constexpr (tensor_scores<S>)
      return with_tensor_samples(where, scores, labels, o, fitted);  // the tensor adapter's
    else
      return detail::with_samples(where, scores, labels, o, fitted);
  }
}

/// Arrays that are not wrapped: does not compile, and says why.
template<class R, class X, class L, class... More>
requires(!wrapped_scores<X>) R fit(const X&, const L&, const More&...) {
  detail::require_wrapped_scores<X>();
}

}  // namespace calibra
