// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <memory_resource>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/access.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/io/array.hpp"

namespace calibra::io {

/// Class indices, one a sample, out of an array: an array that calibra reads wherever it takes
/// labels. Cheap to copy; keeps the elements alive.
class label_column {
 public:
  label_column(vector_view<const std::int64_t> view, std::shared_ptr<const void> owner)
      : view_(view), owner_(std::move(owner)) {}

  vector_view<const std::int64_t> view() const { return view_; }
  std::size_t size() const { return view_.size(); }
  std::int64_t operator[](std::size_t i) const { return view_[i]; }

 private:
  vector_view<const std::int64_t> view_;
  std::shared_ptr<const void> owner_;
};

namespace detail {

/// Gives `indices` away as a column.
inline label_column make_labels(std::pmr::vector<std::int64_t> indices) {
  auto owner = std::make_shared<const std::pmr::vector<std::int64_t>>(std::move(indices));
  return {{owner->data(), owner->size()}, owner};
}

template<class T>
std::int64_t as_label(const array& a, std::size_t row, const T& x) {
  if constexpr (calibra::detail::is_swapped_integer<T>::value) {
    return [&]<class I>(const byte_swapped<I>& swapped) {
      return as_label(a, row, static_cast<I>(swapped));
    }(x);
  } else {
    if constexpr (std::is_same_v<T, std::uint64_t>) {
      if (x > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        throw io_error(concat(a.name(), ": row ", row, ": label ", x, " does not fit in int64"));
    }
    return static_cast<std::int64_t>(x);
  }
}

inline label_column one_hot_labels(const array& a) {
  if (a.shape()[1] == 0)
    throw shape_error(concat(a.name(), ": labels: expected at least 1 column, got shape ",
                             shape_text(a.shape())));
  std::pmr::vector<std::int64_t> indices;
  indices.reserve(a.shape()[0]);
  a.visit_elements([&](auto view) {
    for (std::size_t i = 0; i < view.rows(); ++i) {
      std::size_t ones = 0;
      std::size_t index = 0;
      for (std::size_t j = 0; j < view.cols(); ++j) {
        const double x = as_double(view(i, j));
        if (x == 0) continue;
        if (x != 1)
          throw io_error(concat(a.name(), ": row ", i, ", column ", j,
                                ": one-hot labels: expected 0 or 1, got ", x,
                                a.from_text() ? columns_hint : ""));
        ++ones;
        index = j;
      }
      if (ones != 1)
        throw io_error(
            concat(a.name(), ": row ", i, ": one-hot labels: expected one 1, got ", ones));
      indices.push_back(static_cast<std::int64_t>(index));
    }
  });
  return make_labels(std::move(indices));
}

/// Real numbers that are whole ones, one a sample.
inline label_column whole_labels(const array& a) {
  return a.visit_vector([&](auto view) {
    constexpr double limit = 9007199254740992;  // 2^53: beyond it a double has no odd numbers
    std::pmr::vector<std::int64_t> indices(view.size());
    for (std::size_t i = 0; i < view.size(); ++i) {
      const double x = as_double(view[i]);
      if (!calibra::detail::is_finite(x) || std::abs(x) >= limit || x != std::floor(x))
        throw io_error(concat(a.name(), ": row ", i, ": label ", x,
                              " is not a whole number; expected class indices from 0"));
      indices[i] = static_cast<std::int64_t>(x);
    }
    return make_labels(std::move(indices));
  });
}

}  // namespace detail

/// The class indices in `a`.
/// Shapes: (n,) or (n, 1) integers of any width and byte order, or reals that are whole numbers; or
/// (n, k), k > 1, one-hot rows of integers, booleans or reals: one element 1, the rest 0, and the
/// column of the 1 is the index. Values are not checked against a number of classes here. Cost:
/// none for int64 in this machine's byte order, which is viewed in place; else a copy of 8 n bytes.
/// Throws io_error: a fraction or NaN, a row that is not one-hot, a uint64 beyond int64. Throws
/// shape_error: no column.
inline label_column labels(const array& a) {
  if (a.shape().size() == 2 && a.shape()[1] != 1) return detail::one_hot_labels(a);
  if (is_real(a.dtype())) return detail::whole_labels(a);
  return a.visit_labels([&](auto view) -> label_column {
    using element = typename decltype(view)::value_type;
    if constexpr (std::is_same_v<element, std::int64_t>) {
      return {view, std::make_shared<const array>(a)};
    } else {
      std::pmr::vector<std::int64_t> indices(view.size());
      for (std::size_t i = 0; i < view.size(); ++i) indices[i] = detail::as_label(a, i, view[i]);
      if (a.dtype() == dtype::b1)
        for (std::int64_t& index : indices) index = index != 0 ? 1 : 0;
      return detail::make_labels(std::move(indices));
    }
  });
}

}  // namespace calibra::io

namespace calibra {

template<>
struct array_access<io::label_column> {
  static vector_view<const std::int64_t> view(const io::label_column& labels) {
    return labels.view();
  }
};

}  // namespace calibra
