// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/io/array_layout.hpp"
#include "calibra/io/detail/array_elements.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/dtype.hpp"

namespace calibra::io {

/// An immutable array out of a file: 1 to most_dimensions dimensions of one element type. Copies
/// are cheap and share the elements, which live in a mapping of the file or in a buffer.
/// Thread-safe to read.
///
/// Elements keep the type, the order (rows or columns first) and the byte order of the file: the
/// `visit_` functions hand them out as views, without a copy except where stated.
class array : private detail::array_elements {
 public:
  /// `data` begins with the elements and stays valid while `owner` lives; bytes after the last
  /// element are ignored. Elements at an address that their type cannot have are copied once to an
  /// aligned buffer. `name` is what messages call the array.
  /// Throws io_error: another number of dimensions, a shape beyond the address space, too few
  /// bytes.
  array(std::string name, const array_layout& layout, std::span<const std::byte> data,
        std::shared_ptr<const void> owner)
      : array_elements(std::move(name), layout, data, std::move(owner)) {}

  /// The extents: a number a dimension.
  using array_elements::shape;
  /// The extents as in messages: "(3,)", "(3, 4)".
  using array_elements::shape_text;
  /// The element type in the file.
  using array_elements::dtype;
  /// What the array was loaded from, with the name of the member where the file has members:
  /// "dump.npz:logits". Messages begin with it.
  using array_elements::name;
  /// True for an array out of a text table.
  using array_elements::from_text;
  /// The elements as they lie in memory.
  using array_elements::bytes;
  /// dimension(axis): which dimension `axis` is, counted from 0, or from the end where it is
  /// negative. Throws shape_error: none, or a single dimension.
  using array_elements::dimension;
  /// The elements in one dimension, the last of the array's running fastest: labels, weights and
  /// masks of samples that lie in several dimensions. No copy where they lie so.
  array flattened() const {
    array flat = *this;
    flat.flatten();
    return flat;
  }

  /// Calls `f` with the elements as scores, samples x classes: a `matrix_view<const T>` where T is
  /// half, bfloat16, float, double or `byte_swapped` of one of them; gives what `f` gives, which is
  /// of one type for all T. No copy, except that a table of whole numbers out of a text file is
  /// converted to double; so use the view inside `f` only.
  /// Throws io_error: not 2 dimensions, integers, a text table with a column that is no score.
  /// Throws shape_error: no class.
  template<class F>
  decltype(auto) visit_scores(F&& f) const {
    expect_scores();
    return visit_real(from_text(), "real scores",
                      [&](const auto* first) -> decltype(auto) { return f(in_shape(first)); });
  }
  /// The same with four types in place of eight: elements of a foreign byte order are copied into
  /// this machine's. For whoever would rather compile half as much.
  template<class F>
  decltype(auto) visit_native_scores(F&& f) const {
    expect_scores();
    return visit_real<copied>(from_text(), "real scores", [&](const auto* first) -> decltype(auto) {
      return f(in_shape(first));
    });
  }

  /// Calls `f` with the elements as scores whose classes are dimension `axis` of two or more, as
  /// class_axis() has it: a `class_axis_view<const T>`, T as for `visit_scores`. No copy. Labels of
  /// the other dimensions are `labels(a.flattened())`.
  /// Throws io_error: elements that are no reals, a text. Throws shape_error: no such dimension, no
  /// class.
  template<class F>
  decltype(auto) visit_scores(std::ptrdiff_t axis, F&& f) const {
    const std::size_t d = expect_class_axis(axis);
    return visit_real(false, "real scores",
                      [&](const auto* first) -> decltype(auto) { return f(along_axis(first, d)); });
  }
  /// The same with the types of `visit_native_scores`.
  template<class F>
  decltype(auto) visit_native_scores(std::ptrdiff_t axis, F&& f) const {
    const std::size_t d = expect_class_axis(axis);
    return visit_real<copied>(false, "real scores", [&](const auto* first) -> decltype(auto) {
      return f(along_axis(first, d));
    });
  }

  /// Calls `f` with the elements as one real number a sample (weights, proximities, confidences,
  /// probabilities of class 1): a `vector_view<const T>`, T as for `visit_scores`. Two dimensions
  /// are accepted where the second is 1. Integers and booleans are converted to double (exactly up
  /// to 2^53), so use the view inside `f` only.
  /// Throws io_error: any other shape.
  template<class F>
  decltype(auto) visit_vector(F&& f) const {
    expect_column("values");
    return visit_real(true, "real values", [&](const auto* first) -> decltype(auto) {
      return f(in_shape(first).col(0));
    });
  }
  /// The same with the types of `visit_native_scores`.
  template<class F>
  decltype(auto) visit_native_vector(F&& f) const {
    expect_column("values");
    return visit_real<copied>(true, "real values", [&](const auto* first) -> decltype(auto) {
      return f(in_shape(first).col(0));
    });
  }

  /// Calls `f` with the elements as one integer a sample: a `vector_view<const I>`, I any integer
  /// of the file (booleans as std::uint8_t) or its `byte_swapped`. Never a copy. Two dimensions are
  /// accepted where the second is 1. See `labels` for one type whatever the file holds.
  /// Throws io_error: any other shape, real elements.
  template<class F>
  decltype(auto) visit_labels(F&& f) const {
    expect_column("labels");
    return visit_integers(
        [&](const auto* first) -> decltype(auto) { return f(in_shape(first).col(0)); });
  }

  /// Calls `f` with the elements whatever they are: a `matrix_view<const T>`, T as for
  /// `visit_scores` or `visit_labels`; one dimension is one column. Never a copy.
  /// Throws io_error: more than 2 dimensions.
  template<class F>
  decltype(auto) visit_elements(F&& f) const {
    if (dimensions() > 2)
      throw io_error(
          detail::concat(name(), ": expected 1 or 2 dimensions, got shape ", shape_text()));
    const auto shaped = [&](const auto* first) -> decltype(auto) { return f(in_shape(first)); };
    if (is_real(dtype())) return visit_real(false, "", shaped);
    return visit_integers(shaped);
  }

 private:
  void expect_scores() const {
    if (dimensions() != 2)
      throw io_error(detail::concat(
          name(), ": expected 2 dimensions (samples x classes), got shape ", shape_text(),
          dimensions() > 2 ? "; visit_scores(axis, f) is told which of them the classes are" : ""));
    if (shape()[1] == 0)
      throw shape_error(
          detail::concat(name(), ": expected at least 1 class, got shape ", shape_text()));
    if (!not_scores().empty()) throw io_error(name() + not_scores());
  }
  std::size_t expect_class_axis(std::ptrdiff_t axis) const {
    if (from_text())
      throw io_error(detail::concat(name(), ": a text has no class axis; its columns are classes"));
    const std::size_t d = dimension(axis);
    if (shape()[d] == 0)
      throw shape_error(
          detail::concat(name(), ": expected at least 1 class, got shape ", shape_text()));
    return d;
  }
  void expect_column(const char* what) const {
    if (dimensions() > 2 || (dimensions() == 2 && shape()[1] != 1))
      throw io_error(detail::concat(name(), ": ", what,
                                    ": expected shape (n,) or (n, 1), got shape ", shape_text(),
                                    from_text() ? detail::columns_hint : ""));
  }
};

}  // namespace calibra::io
