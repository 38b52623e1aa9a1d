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
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/scalar.hpp"
#include "calibra/array/view.hpp"
#include "calibra/error.hpp"
#include "calibra/io/array_layout.hpp"
#include "calibra/io/detail/as_double.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/dtype.hpp"

namespace calibra::io {

/// An immutable array out of a file: one or two dimensions of one element type. Copies are cheap
/// and share the elements, which live in a mapping of the file or in a buffer. Thread-safe to read.
///
/// Elements keep the type, the order (rows or columns first) and the byte order of the file: the
/// `visit_` functions hand them out as views, without a copy except where stated.
class array {
 public:
  /// `data` begins with the elements and stays valid while `owner` lives; bytes after the last
  /// element are ignored. Elements at an address that their type cannot have are copied once to an
  /// aligned buffer. `name` is what messages call the array.
  /// Throws io_error: not 1 or 2 dimensions, a shape beyond the address space, too few bytes.
  array(std::string name, const array_layout& layout, std::span<const std::byte> data,
        std::shared_ptr<const void> owner)
      : name_(std::move(name)),
        type_(layout.type),
        dimensions_(layout.shape.size()),
        swapped_(layout.byte_order != std::endian::native && size_of(layout.type) > 1),
        from_text_(layout.from_text),
        not_scores_(layout.not_scores),
        owner_(std::move(owner)) {
    if (dimensions_ != 1 && dimensions_ != 2)
      throw io_error(detail::concat(name_, ": expected 1 or 2 dimensions, got shape ",
                                    detail::shape_text(layout.shape)));
    std::copy(layout.shape.begin(), layout.shape.end(), shape_.begin());
    row_stride_ = layout.fortran_order ? 1 : cols();
    col_stride_ = layout.fortran_order ? rows() : 1;
    if (!layout.strides.empty()) row_stride_ = layout.strides[0];
    if (layout.strides.size() == 2) col_stride_ = layout.strides[1];
    const std::size_t bytes = detail::byte_count(name_, layout);
    if (data.size() < bytes)
      throw io_error(detail::concat(name_, ": truncated data: expected ", bytes,
                                    " bytes for shape ", detail::shape_text(layout.shape), " of ",
                                    name_of(type_), ", got ", data.size()));
    data_ = data.first(bytes);
    if (!swapped_ && reinterpret_cast<std::uintptr_t>(data_.data()) % size_of(type_) != 0) {
      auto copy = std::make_shared<std::pmr::vector<std::uint64_t>>((bytes + 7) / 8);
      if (bytes != 0) std::memcpy(copy->data(), data_.data(), bytes);
      data_ = {reinterpret_cast<const std::byte*>(copy->data()), bytes};
      owner_ = std::move(copy);
    }
  }

  /// The extents: one or two numbers.
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

  /// Calls `f` with the elements as scores, samples x classes: a `matrix_view<const T>` where T is
  /// half, bfloat16, float, double or `byte_swapped` of one of them; gives what `f` gives, which is
  /// of one type for all T. No copy, except that a table of whole numbers out of a text file is
  /// converted to double; so use the view inside `f` only.
  /// Throws io_error: not 2 dimensions, integers, a text table with a column that is no score.
  /// Throws shape_error: no class.
  template<class F>
  decltype(auto) visit_scores(F&& f) const {
    expect_scores();
    return visit_real(from_text_, "real scores",
                      [&](auto view) -> decltype(auto) { return f(view); });
  }
  /// The same with four types in place of eight: elements of a foreign byte order are copied into
  /// this machine's. For whoever would rather compile half as much.
  template<class F>
  decltype(auto) visit_native_scores(F&& f) const {
    expect_scores();
    return visit_real<copied>(from_text_, "real scores",
                              [&](auto view) -> decltype(auto) { return f(view); });
  }

  /// Calls `f` with the elements as one real number a sample (weights, proximities, confidences,
  /// probabilities of class 1): a `vector_view<const T>`, T as for `visit_scores`. Two dimensions
  /// are accepted where the second is 1. Integers and booleans are converted to double (exactly up
  /// to 2^53), so use the view inside `f` only.
  /// Throws io_error: any other shape.
  template<class F>
  decltype(auto) visit_vector(F&& f) const {
    expect_column("values");
    return visit_real(true, "real values",
                      [&](auto view) -> decltype(auto) { return f(view.col(0)); });
  }
  /// The same with the types of `visit_native_scores`.
  template<class F>
  decltype(auto) visit_native_vector(F&& f) const {
    expect_column("values");
    return visit_real<copied>(true, "real values",
                              [&](auto view) -> decltype(auto) { return f(view.col(0)); });
  }

  /// Calls `f` with the elements as one integer a sample: a `vector_view<const I>`, I any integer
  /// of the file (booleans as std::uint8_t) or its `byte_swapped`. Never a copy. Two dimensions are
  /// accepted where the second is 1. See `labels` for one type whatever the file holds.
  /// Throws io_error: any other shape, real elements.
  template<class F>
  decltype(auto) visit_labels(F&& f) const {
    expect_column("labels");
    return visit_integers([&](auto view) -> decltype(auto) { return f(view.col(0)); });
  }

  /// Calls `f` with the elements whatever they are: a `matrix_view<const T>`, T as for
  /// `visit_scores` or `visit_labels`; one dimension is one column. Never a copy.
  template<class F>
  decltype(auto) visit_elements(F&& f) const {
    if (is_real(type_)) return visit_real(false, "", f);
    return visit_integers(f);
  }

 private:
  /// What becomes of elements of a foreign byte order.
  enum class foreign { kept, copied };
  static constexpr foreign kept = foreign::kept, copied = foreign::copied;

  void expect_scores() const {
    if (dimensions_ != 2)
      throw io_error(detail::concat(
          name_, ": expected 2 dimensions (samples x classes), got shape ", shape_text()));
    if (shape_[1] == 0)
      throw shape_error(
          detail::concat(name_, ": expected at least 1 class, got shape ", shape_text()));
    if (!not_scores_.empty()) throw io_error(name_ + not_scores_);
  }
  void expect_column(const char* what) const {
    if (dimensions_ == 2 && shape_[1] != 1)
      throw io_error(detail::concat(name_, ": ", what,
                                    ": expected shape (n,) or (n, 1), got shape ", shape_text(),
                                    from_text_ ? detail::columns_hint : ""));
  }

  std::size_t rows() const { return shape_[0]; }
  std::size_t cols() const { return dimensions_ == 2 ? shape_[1] : 1; }

  template<class T>
  matrix_view<const T> elements() const {
    return in_shape(reinterpret_cast<const T*>(data_.data()));
  }
  template<class T>
  matrix_view<const T> in_shape(const T* first) const {
    return {first, rows(), cols(), static_cast<std::ptrdiff_t>(row_stride_),
            static_cast<std::ptrdiff_t>(col_stride_)};
  }

  template<class T, foreign Foreign = kept, class F>
  decltype(auto) in_file_order(F& f) const {
    if constexpr (Foreign == copied) {
      if (swapped_) {
        const auto* first = reinterpret_cast<const byte_swapped<T>*>(data_.data());
        std::pmr::vector<T> copy(data_.size() / sizeof(T));
        std::transform(first, first + copy.size(), copy.begin(),
                       [](const byte_swapped<T>& x) { return static_cast<T>(x); });
        return f(in_shape<T>(copy.data()));
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
      throw io_error(detail::concat(name_, ": expected ", expected, ", got ", name_of(type_)));
    const std::pmr::vector<double> copy = as_doubles();
    return f(matrix_view<const double>(copy.data(), rows(), cols()));
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
    throw io_error(detail::concat(name_, ": labels: expected integers, got ", name_of(type_),
                                  " of shape ", shape_text()));
  }

  std::pmr::vector<double> as_doubles() const {
    std::pmr::vector<double> out;
    out.reserve(rows() * cols());
    visit_integers([&](auto view) {
      for (std::size_t i = 0; i < view.rows(); ++i)
        for (std::size_t j = 0; j < view.cols(); ++j) out.push_back(detail::as_double(view(i, j)));
    });
    if (type_ == io::dtype::b1)
      for (double& x : out) x = x != 0 ? 1 : 0;
    return out;
  }

  std::string name_;
  io::dtype type_;
  std::array<std::size_t, 2> shape_{};
  std::size_t dimensions_;
  std::size_t row_stride_ = 0, col_stride_ = 0;  // in elements
  bool swapped_;
  bool from_text_;
  std::string not_scores_;
  std::span<const std::byte> data_;
  std::shared_ptr<const void> owner_;
};

}  // namespace calibra::io
