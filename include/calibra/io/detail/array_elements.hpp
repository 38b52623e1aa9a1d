// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "calibra/array/class_axis.hpp"
#include "calibra/array/scalar.hpp"
#include "calibra/array/unranked_view.hpp"
#include "calibra/array/view.hpp"
#include "calibra/error.hpp"
#include "calibra/io/array_layout.hpp"
#include "calibra/io/detail/as_double.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/dtype.hpp"

namespace calibra::io::detail {

/// What an io::array is made of: elements of a type that is known at run time only, and where they
/// lie.
class array_elements {
 public:
  array_elements(std::string name, const array_layout& layout, std::span<const std::byte> data,
                 std::shared_ptr<const void> owner)
      : name_(std::move(name)),
        type_(layout.type),
        dimensions_(layout.shape.size()),
        swapped_(layout.byte_order != std::endian::native && size_of(layout.type) > 1),
        from_text_(layout.from_text),
        not_scores_(layout.not_scores),
        owner_(std::move(owner)) {
    if (dimensions_ == 0 || dimensions_ > most_dimensions)
      throw io_error(concat(name_, ": expected 1 to ", most_dimensions, " dimensions, got shape ",
                            detail::shape_text(layout.shape)));
    std::copy(layout.shape.begin(), layout.shape.end(), shape_.begin());
    const std::size_t bytes = byte_count(name_, layout);
    if (layout.strides.empty())
      set_dense_strides(layout.fortran_order);
    else
      for (std::size_t d = 0; d < dimensions_; ++d) set_stride(d, layout.strides[d]);
    if (data.size() < bytes)
      throw io_error(concat(name_, ": truncated data: expected ", bytes, " bytes for shape ",
                            detail::shape_text(layout.shape), " of ", name_of(type_), ", got ",
                            data.size()));
    data_ = data.first(bytes);
    if (!swapped_ && reinterpret_cast<std::uintptr_t>(data_.data()) % size_of(type_) != 0) {
      auto copy = std::make_shared<std::pmr::vector<std::uint64_t>>((bytes + 7) / 8);
      if (bytes != 0) std::memcpy(copy->data(), data_.data(), bytes);
      data_ = {reinterpret_cast<const std::byte*>(copy->data()), bytes};
      owner_ = std::move(copy);
    }
  }

  /// The extents: a number a dimension.
  std::span<const std::size_t> shape() const { return {shape_.data(), dimensions_}; }
  /// The extents as in messages: "(3,)", "(3, 4)".
  std::string shape_text() const { return detail::shape_text(shape()); }
  /// The element type in the file.
  io::dtype dtype() const { return type_; }
  /// What the array was loaded from, with the name of the member where the file has members:
  /// "dump.npz:logits". Messages begin with it.
  const std::string& name() const { return name_; }
  /// True for an array out of a text table.
  bool from_text() const { return from_text_; }
  /// The elements as they lie in memory.
  std::span<const std::byte> bytes() const { return data_; }
  /// Which dimension `axis` is, counted from 0, or from the end where it is negative. Throws
  /// shape_error: none, or a single dimension.
  std::size_t dimension(std::ptrdiff_t axis) const {
    const auto n = static_cast<std::ptrdiff_t>(dimensions_);
    if (n < 2)
      throw shape_error(
          concat(name_, ": class axis: expected at least 2 dimensions, got shape ", shape_text()));
    if (axis < -n || axis >= n)
      throw shape_error(concat(name_, ": expected a class axis from ", -n, " to ", n - 1,
                               " for shape ", shape_text(), ", got ", axis));
    return static_cast<std::size_t>(axis < 0 ? axis + n : axis);
  }

 protected:
  /// What becomes of elements of a foreign byte order.
  enum class foreign { kept, copied };
  static constexpr foreign kept = foreign::kept, copied = foreign::copied;

  /// Makes it the elements in one dimension, the last running fastest. No copy where they lie so.
  void flatten() {
    const array_elements before = *this;
    set_dense_strides(false);
    const bool dense = strides_ == before.strides_;
    std::size_t n = 1;
    for (const std::size_t extent : before.shape()) n *= extent;
    shape_ = {n};
    dimensions_ = 1;
    set_dense_strides(false);
    if (dense) return;
    const std::size_t size = size_of(type_);
    auto copy = std::make_shared<std::pmr::vector<std::uint64_t>>((n * size + 7) / 8);  // aligned
    auto* const to = reinterpret_cast<std::byte*>(copy->data());
    for (std::size_t i = 0; i < n; ++i) {
      std::size_t rest = i, from = 0;
      for (std::size_t d = before.dimensions_; d-- > 0; rest /= before.shape_[d])
        from += rest % before.shape_[d] * static_cast<std::size_t>(before.strides_[d]);
      std::memcpy(to + i * size, data_.data() + from * size, size);
    }
    data_ = {to, n * size};
    owner_ = std::move(copy);
  }

  void set_stride(std::size_t dimension, std::size_t elements) {
    strides_[dimension] = static_cast<std::ptrdiff_t>(elements);
  }
  void set_dense_strides(bool fortran_order) {
    std::size_t elements = 1;
    for (std::size_t i = 0; i < dimensions_; ++i) {
      const std::size_t d = fortran_order ? i : dimensions_ - 1 - i;
      set_stride(d, elements);
      elements *= shape_[d];
    }
  }

  /// One or two dimensions.
  template<class T>
  matrix_view<const T> in_shape(const T* first) const {
    return {first, shape_[0], dimensions_ == 2 ? shape_[1] : 1, strides_[0],
            dimensions_ == 2 ? strides_[1] : 1};
  }
  template<class T>
  class_axis_view<const T> along_axis(const T* first, std::size_t axis) const {
    return {first, shape(), {strides_.data(), dimensions_}, axis};
  }

  template<class T>
  const T* elements() const {
    return reinterpret_cast<const T*>(data_.data());
  }
  template<class T, foreign Foreign = kept, class F>
  decltype(auto) in_file_order(F& f) const {
    if constexpr (Foreign == copied) {
      if (swapped_) {
        const auto* first = elements<byte_swapped<T>>();
        std::pmr::vector<T> copy(data_.size() / sizeof(T));
        std::transform(first, first + copy.size(), copy.begin(),
                       [](const byte_swapped<T>& x) { return static_cast<T>(x); });
        return f(static_cast<const T*>(copy.data()));
      }
    } else if constexpr (sizeof(T) > 1) {
      if (swapped_) return f(elements<byte_swapped<T>>());
    }
    return f(elements<T>());
  }

  template<foreign Foreign = kept, class F>
  decltype(auto) visit_real(bool convert_integers, const char* expected, F&& f) const {
    switch (type_) {
      case io::dtype::f2:
        return in_file_order<half, Foreign>(f);
      case io::dtype::bf16:
        return in_file_order<bfloat16, Foreign>(f);
      case io::dtype::f4:
        return in_file_order<float, Foreign>(f);
      case io::dtype::f8:
        return in_file_order<double, Foreign>(f);
      default:
        break;
    }
    if (!convert_integers)
      throw io_error(concat(name_, ": expected ", expected, ", got ", name_of(type_)));
    const std::pmr::vector<double> copy = as_doubles();
    return f(copy.data());
  }

  template<class F>
  decltype(auto) visit_integers(F&& f) const {
    switch (type_) {
      case io::dtype::i1:
        return in_file_order<std::int8_t>(f);
      case io::dtype::i2:
        return in_file_order<std::int16_t>(f);
      case io::dtype::i4:
        return in_file_order<std::int32_t>(f);
      case io::dtype::i8:
        return in_file_order<std::int64_t>(f);
      case io::dtype::u1:
      case io::dtype::b1:
        return in_file_order<std::uint8_t>(f);
      case io::dtype::u2:
        return in_file_order<std::uint16_t>(f);
      case io::dtype::u4:
        return in_file_order<std::uint32_t>(f);
      case io::dtype::u8:
        return in_file_order<std::uint64_t>(f);
      default:
        break;
    }
    throw io_error(concat(name_, ": labels: expected integers, got ", name_of(type_), " of shape ",
                          shape_text()));
  }

  /// The elements as they lie.
  std::pmr::vector<double> as_doubles() const {
    std::pmr::vector<double> out(data_.size() / size_of(type_));
    visit_integers([&](const auto* first) {
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = as_double(first[i]);
    });
    if (type_ == io::dtype::b1)
      for (double& x : out) x = x != 0 ? 1 : 0;
    return out;
  }

  /// Why it is not to be taken as scores; empty: it may be.
  const std::string& not_scores() const { return not_scores_; }
  std::size_t dimensions() const { return dimensions_; }

 private:
  std::string name_;
  io::dtype type_;
  std::array<std::size_t, most_dimensions> shape_{};
  std::size_t dimensions_;
  std::array<std::ptrdiff_t, most_dimensions> strides_{};  // in elements
  bool swapped_;
  bool from_text_;
  std::string not_scores_;
  std::span<const std::byte> data_;
  std::shared_ptr<const void> owner_;
};

}  // namespace calibra::io::detail
