// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include "calibra/array/access.hpp"
#include "calibra/array/view.hpp"
#include "calibra/detail/score_arrays.hpp"
#include "calibra/error.hpp"

namespace calibra {

/// What the numbers of a score array mean. It is said by the wrapper at the call, never guessed
/// from the values.
enum class score_kind {
  logits,                    ///< N x K, any real; a softmax over each row gives the probabilities
  probabilities,             ///< N x K, each row non-negative and summing to 1
  binary_logits,             ///< N, any real; a sigmoid gives P(y = 1)
  binary_probabilities,      ///< N, P(y = 1)
  multilabel_logits,         ///< N x L, a sigmoid per label gives P(label present)
  multilabel_probabilities,  ///< N x L, P(label present)
};

/// Scores with their meaning: a thin wrapper around an array. Arrays given as lvalues are borrowed
/// and must outlive the wrapper; temporaries and expressions are kept by it.
template<score_kind Kind, class Holder>
class scores {
 public:
  static constexpr score_kind kind = Kind;

  explicit scores(Holder holder) : holder_(std::move(holder)) {}
  auto view() const { return holder_.view(); }
  const Holder& holder() const { return holder_; }

 private:
  Holder holder_;
};

namespace detail {

/// Whether a sample is one number.
constexpr bool is_one_number(score_kind kind) noexcept {
  return kind == score_kind::binary_logits || kind == score_kind::binary_probabilities;
}
template<score_kind Kind>
inline constexpr bool is_binary_kind = is_one_number(Kind);

template<score_kind Kind>
using score_use = std::conditional_t<is_binary_kind<Kind>, as_vector, as_matrix>;

/// Scores that are a tensor: what `view()` gives is its handle.
template<class Handle>
class tensor_held {
 public:
  explicit tensor_held(Handle handle) : handle_(std::move(handle)) {}
  const Handle& view() const { return handle_; }

 private:
  Handle handle_;
};

template<score_kind Kind, class X>
auto make_scores(X&& x) {
  if constexpr (tensor_array<X>) {
    using access = tensor_access<std::remove_cvref_t<X>>;
    using holder = tensor_held<typename access::handle>;
    return scores<Kind, holder>(holder(access::template hold_scores<Kind>(x)));
  } else {
    auto holder = hold<score_use<Kind>>(std::forward<X>(x));
    return scores<Kind, decltype(holder)>(std::move(holder));
  }
}

template<class T>
struct is_scores : std::false_type {};
template<score_kind Kind, class Holder>
struct is_scores<scores<Kind, Holder>> : std::true_type {};

template<class T>
struct is_tensor_scores : std::false_type {};
template<score_kind Kind, class Handle>
struct is_tensor_scores<scores<Kind, tensor_held<Handle>>> : std::true_type {};

template<score_kind Kind, class X>
auto make_flat_scores(std::string_view where, X&& x, std::size_t classes) {
  auto flat = hold<as_vector>(std::forward<X>(x));
  flat_held<decltype(flat)> holder(where, std::move(flat), classes);
  return scores<Kind, decltype(holder)>(std::move(holder));
}

template<score_kind Kind, class T>
auto make_pointer_scores(std::string_view where, const T* data, std::size_t samples,
                         std::size_t classes) {
  if (classes == 0) throw shape_error(concat(where, ": expected at least 1 class, got 0"));
  return make_scores<Kind>(matrix_view<const T>(data, samples, classes));
}

}  // namespace detail

/// A wrapper made by one of the functions below.
template<class T>
concept wrapped_scores = detail::is_scores<std::remove_cvref_t<T>>::value;

namespace detail {

/// Arrays whose kind of score was not said.
template<class T>
concept bare_scores = !wrapped_scores<T> && (readable_array<T> || tensor_array<T>);

/// One sentence for scores that do not say what they are.
template<class X>
constexpr void require_wrapped_scores() {
  static_assert(wrapped_scores<X>,
                "calibra: say what the scores are: logits(z) or probabilities(p) of samples x "
                "classes, logits(z, classes) of a flat array or a single row, binary_logits(x) or "
                "binary_probabilities(p) of one number a sample");
}

}  // namespace detail

/// Of these, those around a tensor (tensor_access): they have functions of their own.
template<class T>
concept tensor_scores =
    wrapped_scores<T> && detail::is_tensor_scores<std::remove_cvref_t<T>>::value;

namespace detail {

template<class S>
inline constexpr bool is_multilabel =
    std::remove_cvref_t<S>::kind == score_kind::multilabel_logits ||
    std::remove_cvref_t<S>::kind == score_kind::multilabel_probabilities;
template<class S>
inline constexpr bool is_multiclass = std::remove_cvref_t<S>::kind == score_kind::logits ||
                                      std::remove_cvref_t<S>::kind == score_kind::probabilities;

template<class S>
concept multilabel_scores = wrapped_scores<S> && is_multilabel<S>;
template<class S>
concept single_label_scores = wrapped_scores<S> && !is_multilabel<S>;

}  // namespace detail

/// Logits, samples x classes: any finite real; -inf masks a class (not a whole row).
template<class X>
[[nodiscard]] auto logits(X&& x) {
  if constexpr (detail::usable_scores<X, true>())
    return detail::make_scores<score_kind::logits>(std::forward<X>(x));
}
/// The same of a flat buffer, row after row: a vector, a span or any one-dimensional array. Throws
/// shape_error unless its size is a multiple of `classes`. A single row: logits(z, z.size()).
template<class X>
[[nodiscard]] auto logits(X&& x, std::size_t classes) {
  if constexpr (detail::usable_flat_scores<X>())
    return detail::make_flat_scores<score_kind::logits>("logits()", std::forward<X>(x), classes);
}
/// The same of samples x classes numbers from `data` on, row after row.
template<real_scalar T>
[[nodiscard]] auto logits(const T* data, std::size_t samples, std::size_t classes) {
  return detail::make_pointer_scores<score_kind::logits>("logits()", data, samples, classes);
}

/// Probabilities, samples x classes: in [0, 1], rows summing to 1 within the scalar's tolerance.
template<class X>
[[nodiscard]] auto probabilities(X&& x) {
  if constexpr (detail::usable_scores<X, true>())
    return detail::make_scores<score_kind::probabilities>(std::forward<X>(x));
}
/// The same of a flat buffer, row after row: a vector, a span or any one-dimensional array. Throws
/// shape_error unless its size is a multiple of `classes`. A single row:
/// `probabilities(z, z.size())`.
template<class X>
[[nodiscard]] auto probabilities(X&& x, std::size_t classes) {
  if constexpr (detail::usable_flat_scores<X>())
    return detail::make_flat_scores<score_kind::probabilities>("probabilities()",
                                                               std::forward<X>(x), classes);
}
/// The same of samples x classes numbers from `data` on, row after row.
template<real_scalar T>
[[nodiscard]] auto probabilities(const T* data, std::size_t samples, std::size_t classes) {
  return detail::make_pointer_scores<score_kind::probabilities>("probabilities()", data, samples,
                                                                classes);
}

/// Binary logits, one a sample: sigmoid(x) is the probability of class 1. Labels are 0 or 1.
template<class X>
[[nodiscard]] auto binary_logits(X&& x) {
  if constexpr (detail::usable_scores<X, false>())
    return detail::make_scores<score_kind::binary_logits>(std::forward<X>(x));
}
/// The same of `samples` numbers from `data` on.
template<real_scalar T>
[[nodiscard]] auto binary_logits(const T* data, std::size_t samples) {
  return detail::make_scores<score_kind::binary_logits>(vector_view<const T>(data, samples));
}

/// Binary probabilities of class 1, one a sample. Labels are 0 or 1.
template<class X>
[[nodiscard]] auto binary_probabilities(X&& x) {
  if constexpr (detail::usable_scores<X, false>())
    return detail::make_scores<score_kind::binary_probabilities>(std::forward<X>(x));
}
/// The same of `samples` numbers from `data` on.
template<real_scalar T>
[[nodiscard]] auto binary_probabilities(const T* data, std::size_t samples) {
  return detail::make_scores<score_kind::binary_probabilities>(vector_view<const T>(data, samples));
}

/// Multi-label logits, samples x labels: a sigmoid per label. Targets are samples x labels of 0
/// or 1.
template<class X>
[[nodiscard]] auto multilabel_logits(X&& x) {
  if constexpr (detail::usable_scores<X, true>())
    return detail::make_scores<score_kind::multilabel_logits>(std::forward<X>(x));
}
/// The same of a flat buffer, row after row: a vector, a span or any one-dimensional array. Throws
/// shape_error unless its size is a multiple of `labels`. A single row: multilabel_logits(z,
/// z.size()).
template<class X>
[[nodiscard]] auto multilabel_logits(X&& x, std::size_t labels) {
  if constexpr (detail::usable_flat_scores<X>())
    return detail::make_flat_scores<score_kind::multilabel_logits>("multilabel_logits()",
                                                                   std::forward<X>(x), labels);
}
/// The same of samples x labels numbers from `data` on, row after row.
template<real_scalar T>
[[nodiscard]] auto multilabel_logits(const T* data, std::size_t samples, std::size_t labels) {
  return detail::make_pointer_scores<score_kind::multilabel_logits>("multilabel_logits()", data,
                                                                    samples, labels);
}

/// Multi-label probabilities, samples x labels. Targets are samples x labels of 0 or 1.
template<class X>
[[nodiscard]] auto multilabel_probabilities(X&& x) {
  if constexpr (detail::usable_scores<X, true>())
    return detail::make_scores<score_kind::multilabel_probabilities>(std::forward<X>(x));
}
/// The same of a flat buffer, row after row: a vector, a span or any one-dimensional array. Throws
/// shape_error unless its size is a multiple of `labels`. A single row: multilabel_probabilities(z,
/// z.size()).
template<class X>
[[nodiscard]] auto multilabel_probabilities(X&& x, std::size_t labels) {
  if constexpr (detail::usable_flat_scores<X>())
    return detail::make_flat_scores<score_kind::multilabel_probabilities>(
        "multilabel_probabilities()", std::forward<X>(x), labels);
}
/// The same of samples x labels numbers from `data` on, row after row.
template<real_scalar T>
[[nodiscard]] auto multilabel_probabilities(const T* data, std::size_t samples,
                                            std::size_t labels) {
  return detail::make_pointer_scores<score_kind::multilabel_probabilities>(
      "multilabel_probabilities()", data, samples, labels);
}

/// Confidences with their hits: what is left when the scores themselves were not kept.
/// `confidence` in [0, 1], one a sample; `hit` 1 where the prediction was right, else 0, of any
/// integer or floating-point type.
template<class Confidence, class Hit>
class confidence_pairs {
 public:
  confidence_pairs(Confidence confidence, Hit hit)
      : confidence_(std::move(confidence)), hit_(std::move(hit)) {}
  auto confidence() const { return confidence_.view(); }
  auto hit() const { return hit_.view(); }

 private:
  Confidence confidence_;
  Hit hit_;
};

template<class C, class H>
[[nodiscard]] auto confidences(C&& confidence, H&& hit) {
  if constexpr (tensor_array<C> && tensor_array<H>) {
    using confidence_access = tensor_access<std::remove_cvref_t<C>>;
    using hit_access = tensor_access<std::remove_cvref_t<H>>;
    return confidence_pairs(detail::tensor_held(confidence_access::hold_confidences(confidence)),
                            detail::tensor_held(hit_access::hold(hit)));
  } else if constexpr (tensor_array<C> || tensor_array<H>) {
    static_assert(tensor_array<C> && tensor_array<H>,
                  "calibra: confidences and hits have to be both tensors or both other arrays");
  } else if constexpr (detail::usable_scores<C, false>()) {
    static_assert(label_vector<H>, "calibra: hits are a one-dimensional array of 0 and 1");
    if constexpr (label_vector<H>) {
      auto c = detail::hold<detail::as_vector>(std::forward<C>(confidence));
      auto h = detail::hold<detail::as_vector>(std::forward<H>(hit));
      return confidence_pairs<decltype(c), decltype(h)>(std::move(c), std::move(h));
    }
  }
}

}  // namespace calibra
