// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/array/scalar.hpp"
#include "calibra/array/unranked_view.hpp"
#include "calibra/array/view.hpp"
#include "calibra/io/dtype.hpp"

namespace calibra::python {

namespace nb = nanobind;

using io::dtype;

/// An array of Python in host memory, of any strides. Keeps it alive; copies nothing. Only made and
/// destroyed with the interpreter lock held.
class array {
 public:
  /// `name`: what messages call it. `bfloat16`: its elements are the bits of such numbers. Throws
  /// nb::type_error for elements that are no numbers, or memory of a device.
  array(std::string name, nb::ndarray<nb::ro> held, bool bfloat16);

  const std::string& name() const { return name_; }
  dtype type() const { return type_; }
  const std::vector<std::size_t>& shape() const { return shape_; }
  const std::vector<std::ptrdiff_t>& strides() const { return strides_; }
  std::size_t rank() const { return shape_.size(); }
  std::size_t size() const;
  /// "(600, 10)".
  std::string shape_text() const;

  /// Calls f with the first element as a pointer of its type.
  template<class F>
  decltype(auto) visit(const F& f) const {
    switch (type_) {
      case dtype::i1:
        return f(pointer<std::int8_t>());
      case dtype::i2:
        return f(pointer<std::int16_t>());
      case dtype::i4:
        return f(pointer<std::int32_t>());
      case dtype::i8:
        return f(pointer<std::int64_t>());
      case dtype::u2:
        return f(pointer<std::uint16_t>());
      case dtype::u4:
        return f(pointer<std::uint32_t>());
      case dtype::u8:
        return f(pointer<std::uint64_t>());
      case dtype::u1:
      case dtype::b1:
        return f(pointer<std::uint8_t>());
      default:
        return visit_real(f);
    }
  }

  /// The same for scores: floats, doubles and those of 16 bits. Throws nb::type_error for others.
  template<class F>
  decltype(auto) visit_real(const F& f) const {
    switch (type_) {
      case dtype::f2:
        return f(pointer<half>());
      case dtype::bf16:
        return f(pointer<bfloat16>());
      case dtype::f4:
        return f(pointer<float>());
      case dtype::f8:
        return f(pointer<double>());
      default:
        throw nb::type_error("expected an array of floating-point numbers");
    }
  }

 private:
  template<class T>
  const T* pointer() const {
    return static_cast<const T*>(held_.data());
  }

  std::string name_;
  nb::ndarray<nb::ro> held_;
  dtype type_;
  std::vector<std::size_t> shape_;
  std::vector<std::ptrdiff_t> strides_;
};

/// "(600, 10)".
std::string shape_text(const std::vector<std::size_t>& shape);

/// Numbers of an array as To, those of the last dimension one after the other: the elements where
/// they lie, if the array is one column of To; else a copy.
template<class To>
class column_of {
 public:
  /// Throws value_error, which names `where`, for an element that is to be whole and is not.
  column_of(const array& a, std::string_view where);
  /// A view of the copy is good wherever this is moved to.
  vector_view<const To> view() const {
    return copied_ ? vector_view<const To>(copy_.data(), copy_.size()) : there_;
  }

 private:
  bool copied_ = false;
  vector_view<const To> there_;
  std::vector<To> copy_;
};

extern template class column_of<std::int64_t>;
extern template class column_of<double>;
extern template class column_of<unsigned char>;

}  // namespace calibra::python
