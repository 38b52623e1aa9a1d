// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include "calibra/array/access.hpp"
#include "calibra/array/view.hpp"
#include "calibra/error.hpp"

// What the wrappers of scores.hpp ask of an array.
namespace calibra::detail {

/// A flat array of samples x classes numbers, row after row, as a matrix.
template<class Holder>
class flat_held {
 public:
  flat_held(std::string_view where, Holder holder, std::size_t classes)
      : holder_(std::move(holder)), classes_(classes) {
    if (classes == 0) throw shape_error(concat(where, ": expected at least 1 class, got 0"));
    const std::size_t size = holder_.view().size();
    if (size % classes != 0)
      throw shape_error(concat(where, ": expected a multiple of ", classes, " numbers, a row of ",
                               classes, " a sample, got ", size));
  }
  auto view() const {
    const auto v = holder_.view();
    using view_type = std::remove_cvref_t<decltype(v)>;
    return matrix_view<typename view_type::element_type>(
        v.data(), v.size() / classes_, classes_, static_cast<std::ptrdiff_t>(classes_) * v.stride(),
        v.stride());
  }

 private:
  Holder holder_;
  std::size_t classes_;
};

template<class X>
inline constexpr bool integer_array = false;
template<readable_array X>
inline constexpr bool integer_array<X> = label_scalar<typename view_type<X>::value_type>;

template<class X>
inline constexpr bool is_pointer = std::is_pointer_v<std::remove_cvref_t<X>>;

/// One sentence for an array that cannot be used, instead of a page of template errors.
template<class X, bool Matrix>
constexpr bool usable_scores() {
  if constexpr (tensor_array<X>) {
    return true;
  } else if constexpr (is_pointer<X>) {
    static_assert(!is_pointer<X>,
                  "calibra: a pointer does not say how many numbers there are; say "
                  "logits(pointer, samples, classes), binary_logits(pointer, samples) and so on");
    return false;
  } else if constexpr (!readable_array<X>) {
    static_assert(readable_array<X>,
                  "calibra: this array type is not known; include <calibra/adapters/eigen.hpp>, "
                  "<calibra/adapters/xtensor.hpp> or <calibra/adapters/torch.hpp>, or specialise "
                  "calibra::array_access for it (docs/adapters.md)");
    return false;
  } else if constexpr (integer_array<X>) {
    static_assert(!integer_array<X>,
                  "calibra: these scores are integers; cast them to float or double");
    return false;
  } else {
    constexpr bool usable = Matrix ? score_matrix<X> : score_vector<X>;
    static_assert(usable,
                  "calibra: these scores need real elements and the right number of dimensions: "
                  "samples x classes, or one number a sample for the binary forms; a flat buffer "
                  "of samples x classes is logits(data, classes)");
    return usable;
  }
}

/// The same for a flat buffer with its number of classes.
template<class X>
constexpr bool usable_flat_scores() {
  if constexpr (is_pointer<X> || (!readable_array<X> && !tensor_array<X>) || integer_array<X>) {
    return usable_scores<X, false>();
  } else {
    constexpr bool usable = score_vector<X>;
    static_assert(usable,
                  "calibra: logits(data, classes) takes a flat buffer of real numbers, row after "
                  "row; a matrix or a tensor knows its classes: logits(z)");
    return usable;
  }
}

}  // namespace calibra::detail
