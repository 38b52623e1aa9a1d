// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "calibra/array/access.hpp"
#include "calibra/array/column.hpp"
#include "calibra/error.hpp"
#include "calibra/scores.hpp"
#include "calibra/torch/detail/describe.hpp"

// Tensors whose elements the host can read: views of them, in the type that they turn out to have.
namespace calibra::detail {

/// Whether the elements lie in host memory.
inline bool on_host(const at::Tensor& t) {
  return t.device().is_cpu();
}

inline bool is_real(const at::Tensor& t) {
  const at::ScalarType type = t.scalar_type();
  return type == at::kFloat || type == at::kDouble || type == at::kHalf || type == at::kBFloat16;
}

inline bool is_whole(const at::Tensor& t) {
  return at::isIntegralType(t.scalar_type(), /*includeBool=*/true);
}

/// A strided tensor whose elements mean what they say: throws shape_error for others.
inline at::Tensor plain(std::string_view where, const at::Tensor& t) {
  if (!t.defined()) throw shape_error(concat(where, ": the tensor is undefined"));
  if (t.layout() != at::kStrided)
    throw shape_error(concat(where, ": expected a dense tensor, got a sparse one, ", describe(t)));
  return t.is_neg() ? t.resolve_neg() : t;
}

template<class T>
vector_view<const T> column_view(const at::Tensor& t) {
  return {static_cast<const T*>(t.data_ptr()), static_cast<std::size_t>(t.size(0)), t.stride(0)};
}

template<class T>
matrix_view<const T> table_view(const at::Tensor& t) {
  return {static_cast<const T*>(t.data_ptr()), static_cast<std::size_t>(t.size(0)),
          static_cast<std::size_t>(t.size(1)), t.stride(0), t.stride(1)};
}

/// f(type tag) for the type of floating-point elements. PyTorch's 16-bit types are read as
/// calibra's: two bytes of the same meaning.
template<class F>
decltype(auto) visit_real(const at::Tensor& t, F f) {
  switch (t.scalar_type()) {
    case at::kFloat:
      return f(std::type_identity<float>{});
    case at::kDouble:
      return f(std::type_identity<double>{});
    case at::kHalf:
      return f(std::type_identity<half>{});
    case at::kBFloat16:
      return f(std::type_identity<bfloat16>{});
    default:
      throw value_error(concat("calibra: expected floating-point elements, got ", describe(t)));
  }
}

/// f(type tag) for the type of integer elements, bool included.
template<class F>
decltype(auto) visit_whole(const at::Tensor& t, F f) {
  switch (t.scalar_type()) {
    case at::kLong:
      return f(std::type_identity<std::int64_t>{});
    case at::kInt:
      return f(std::type_identity<std::int32_t>{});
    case at::kShort:
      return f(std::type_identity<std::int16_t>{});
    case at::kChar:
      return f(std::type_identity<std::int8_t>{});
    case at::kByte:
      return f(std::type_identity<std::uint8_t>{});
    case at::kBool:
      return f(std::type_identity<bool>{});
    default:
      throw value_error(concat("calibra: expected integer elements, got ", describe(t)));
  }
}

/// Scores that are LibTorch's tensors.
template<class S>
concept torch_scores = tensor_scores<S> &&
    std::same_as<std::remove_cvref_t<decltype(std::declval<const S&>().view())>, at::Tensor>;

/// f(scores in host memory) for tensor scores in host memory: nothing is copied.
template<torch_scores S, class F>
decltype(auto) with_host_scores(const S& scores, F f) {
  const at::Tensor& t = scores.view();
  return visit_real(t, [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_same_v<score_use<S::kind>, as_vector>) {
      return f(make_scores<S::kind>(column_view<T>(t)));
    } else {
      return f(make_scores<S::kind>(table_view<T>(t)));
    }
  });
}

}  // namespace calibra::detail

namespace calibra {

/// LibTorch's tensors: dense, on any device; scores of float32, float64, float16 or bfloat16,
/// labels and masks of any integer type or bool. On the CPU they are viewed where they lie, at any
/// strides; on another device the work is done there (calibra/torch/).
template<>
struct tensor_access<at::Tensor> {
  using handle = at::Tensor;

  static at::Tensor hold(const at::Tensor& t) {
    at::Tensor held = detail::plain("calibra: labels or an option", t);
    if (held.dim() != 1)
      throw shape_error(detail::concat("calibra: expected labels or an option of 1 dimension, got ",
                                       detail::describe(t)));
    return held;
  }

  template<score_kind Kind>
  static at::Tensor hold_scores(const at::Tensor& t) {
    constexpr std::string_view where = name(Kind);
    constexpr int dims =
        Kind == score_kind::binary_logits || Kind == score_kind::binary_probabilities ? 1 : 2;
    return checked(where, t, dims);
  }
  static at::Tensor hold_confidences(const at::Tensor& t) { return checked("confidences()", t, 1); }

  static std::size_t size(const at::Tensor& t) { return static_cast<std::size_t>(t.size(0)); }

  /// Labels (To = std::int64_t) have to be integers; options may be any number.
  template<class To>
  static detail::column<To> column(const at::Tensor& t) {
    if (std::is_same_v<To, std::int64_t> && !detail::is_whole(t))
      throw value_error(detail::concat("calibra: expected labels of an integer type, got ",
                                       detail::describe(t), "; cast them: labels.to(at::kLong)"));
    if (!detail::on_host(t)) return {};
    const auto typed = [&]<class T>(std::type_identity<T>) {
      return detail::column<To>(detail::column_view<T>(t));
    };
    return detail::is_real(t) ? detail::visit_real(t, typed) : detail::visit_whole(t, typed);
  }

 private:
  static constexpr std::string_view name(score_kind kind) {
    switch (kind) {
      case score_kind::logits:
        return "logits()";
      case score_kind::probabilities:
        return "probabilities()";
      case score_kind::binary_logits:
        return "binary_logits()";
      case score_kind::binary_probabilities:
        return "binary_probabilities()";
      case score_kind::multilabel_logits:
        return "multilabel_logits()";
      default:
        return "multilabel_probabilities()";
    }
  }
  static at::Tensor checked(std::string_view where, const at::Tensor& t, int dims) {
    at::Tensor held = detail::plain(where, t);
    if (held.dim() != dims)
      throw shape_error(detail::concat(where, ": expected a tensor of ", dims,
                                       dims == 1 ? " dimension, got " : " dimensions, got ",
                                       detail::describe(t)));
    if (!detail::is_real(held))
      throw value_error(
          detail::concat(where, ": expected floating-point elements, got ", detail::describe(t)));
    return held;
  }
};

}  // namespace calibra
