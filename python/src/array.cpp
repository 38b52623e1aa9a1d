// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "array.hpp"

#include <type_traits>
#include <utility>

#include "calibra/array/column.hpp"
#include "calibra/error.hpp"

namespace calibra::python {

namespace {

using calibra::detail::concat;

nb::builtin_exception wrong_type(const std::string& name, const std::string& what) {
  return nb::type_error(concat(name, ": ", what).c_str());
}

dtype type_of(const std::string& name, const nb::dlpack::dtype& t, bool bfloat16) {
  using code = nb::dlpack::dtype_code;
  const auto is = [&](code c, int bits) {
    return t.lanes == 1 && t.code == static_cast<std::uint8_t>(c) && t.bits == bits;
  };
  if (bfloat16) {
    if (is(code::UInt, 16)) return dtype::bf16;
    throw wrong_type(name, "expected the bits of bfloat16 as uint16");
  }
  const std::pair<dtype, bool> known[] = {
      {dtype::f2, is(code::Float, 16)}, {dtype::f4, is(code::Float, 32)},
      {dtype::f8, is(code::Float, 64)}, {dtype::i1, is(code::Int, 8)},
      {dtype::i2, is(code::Int, 16)},   {dtype::i4, is(code::Int, 32)},
      {dtype::i8, is(code::Int, 64)},   {dtype::u1, is(code::UInt, 8)},
      {dtype::u2, is(code::UInt, 16)},  {dtype::u4, is(code::UInt, 32)},
      {dtype::u8, is(code::UInt, 64)},  {dtype::b1, is(code::Bool, 8)},
  };
  for (const auto& [type, this_one] : known)
    if (this_one) return type;
  throw wrong_type(name, "expected an array of numbers of up to 64 bits");
}

/// Throws value_error for a number that is not whole.
template<class T>
void expect_whole(std::string_view where, const array& a, vector_view<const T> row,
                  std::size_t first) {
  using traits = scalar_traits<T>;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto x = traits::load(row[i]);
    if (calibra::detail::whole(x) == calibra::detail::not_whole)
      throw value_error(concat(where, ": ", a.name(), ": expected whole numbers, got ", x,
                               " at element ", first + i));
  }
}

}  // namespace

array::array(std::string name, nb::ndarray<nb::ro> held, bool bfloat16)
    : name_(std::move(name)),
      held_(std::move(held)),
      type_(type_of(name_, held_.dtype(), bfloat16)) {
  if (held_.device_type() != nb::device::cpu::value)
    throw wrong_type(name_, "expected an array in host memory");
  for (std::size_t d = 0; d < held_.ndim(); ++d) {
    shape_.push_back(held_.shape(d));
    strides_.push_back(static_cast<std::ptrdiff_t>(held_.stride(d)));
  }
}

std::size_t array::size() const {
  std::size_t n = 1;
  for (const std::size_t extent : shape_) n *= extent;
  return n;
}

std::string array::shape_text() const {
  return python::shape_text(shape_);
}

std::string shape_text(const std::vector<std::size_t>& shape) {
  std::string out = "(";
  for (std::size_t d = 0; d < shape.size(); ++d) out += concat(d == 0 ? "" : ", ", shape[d]);
  return out + (shape.size() == 1 ? ",)" : ")");
}

template<class To>
column_of<To>::column_of(const array& a, std::string_view where) {
  a.visit([&]<class T>(const T* data) {
    if constexpr (std::is_same_v<T, To>) {
      if (a.rank() == 1) {
        there_ = vector_view<const To>(data, a.shape()[0], a.strides()[0]);
        return;
      }
    }
    copied_ = true;
    copy_.resize(a.size());
    if (copy_.empty()) return;
    const std::size_t length = a.rank() == 0 ? 1 : a.shape().back();
    const std::ptrdiff_t stride = a.rank() == 0 ? 1 : a.strides().back();
    for (std::size_t first = 0; first < copy_.size(); first += length) {
      std::ptrdiff_t offset = 0;
      std::size_t row = first / length;
      for (std::size_t d = a.rank(); d-- > 1;) {
        offset += static_cast<std::ptrdiff_t>(row % a.shape()[d - 1]) * a.strides()[d - 1];
        row /= a.shape()[d - 1];
      }
      const vector_view<const T> elements(data + offset, length, stride);
      if constexpr (std::is_same_v<To, std::int64_t> && !std::is_integral_v<T>)
        expect_whole(where, a, elements, first);
      calibra::detail::column<To>(elements).load(0, length, copy_.data() + first);
    }
  });
}

template class column_of<std::int64_t>;
template class column_of<double>;
template class column_of<unsigned char>;

}  // namespace calibra::python
