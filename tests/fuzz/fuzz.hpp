// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/detail/as_double.hpp"
#include "calibra/io/labels.hpp"

// What the fuzz targets share: a target is a function of bytes. It returns where the reader kept
// its word, which is to give arrays that can be read whole or to throw an error of calibra's, and
// throws broken_word where it did not. Other exceptions and crashes say so themselves.
namespace fuzz {

/// What a reader of outside bytes did that it must not.
struct broken_word : std::logic_error {
  using std::logic_error::logic_error;
};
inline void expect(bool holds, const char* what) {
  if (!holds) throw broken_word(what);
}

/// A reader under test. One a source file; they enter themselves into targets().
struct target {
  /// Gives bytes to the reader; whether they were what it reads.
  using function = bool (*)(std::string_view bytes);
  target(std::string_view name, function run);

  std::string_view name;
  function run;
};
inline std::vector<const target*>& targets() {
  static std::vector<const target*> all;
  return all;
}
inline target::target(std::string_view n, function f) : name(n), run(f) {
  targets().push_back(this);
}

/// Puts bytes into a file in memory, where the last ones were; gives a path to it that ends as
/// asked, as ".npy". No array of the file before may be in use.
std::string in_memory(std::string_view bytes, std::string_view ending);

/// Calls f; whether it threw nothing. An error of calibra's has to be one line of text.
template<class F>
bool runs(const F& f) {
  try {
    f();
    return true;
  } catch (const calibra::error& e) {
    const std::string_view message = e.what();
    expect(!message.empty(), "an error without a message");
    for (const char c : message)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
        throw broken_word("an error with a control character in its message: " +
                          std::string(message));
    return false;
  }
}

/// Keeps what is read from being optimised away.
inline volatile double sink = 0;

template<class View>
void touch_vector(const View& view) {
  double sum = 0;
  for (std::size_t i = 0; i < view.size(); ++i) sum += calibra::io::detail::as_double(view[i]);
  sink = sum;
}
template<class View>
void touch_matrix(const View& view) {
  double sum = 0;
  for (std::size_t i = 0; i < view.rows(); ++i)
    for (std::size_t j = 0; j < view.cols(); ++j) sum += calibra::io::detail::as_double(view(i, j));
  sink = sum;
}

/// Reads every element in every way that there is.
inline void read_whole(const calibra::io::array& a) {
  for (const char c : a.shape_text()) sink = c;
  // A shape may have no elements and extents of any size, which nobody should walk along.
  if (!a.bytes().empty() && a.shape().size() > 2) {
    for (std::size_t axis = 0; axis < a.shape().size(); ++axis) {
      const auto classes = static_cast<std::ptrdiff_t>(axis);
      runs([&] { a.visit_scores(classes, [](auto view) { touch_matrix(view); }); });
      runs([&] { a.visit_native_scores(classes, [](auto view) { touch_matrix(view); }); });
    }
    a.flattened().visit_elements([](auto view) { touch_matrix(view); });
  } else if (!a.bytes().empty()) {
    a.visit_elements([](auto view) { touch_matrix(view); });
    runs([&] { a.visit_scores([](auto view) { touch_matrix(view); }); });
    runs([&] { a.visit_native_scores([](auto view) { touch_matrix(view); }); });
    runs([&] { a.visit_vector([](auto view) { touch_vector(view); }); });
    runs([&] { a.visit_native_vector([](auto view) { touch_vector(view); }); });
  }
  const std::size_t elements = a.bytes().size() / size_of(a.dtype());
  std::size_t product = 1;
  for (const std::size_t extent : a.shape())
    expect(!__builtin_mul_overflow(product, extent, &product), "a shape beyond the address space");
  expect(product <= elements, "more elements than bytes for them");
  if (a.shape()[0] <= elements) runs([&] { touch_vector(calibra::io::labels(a).view()); });
  runs([&] { touch_vector(calibra::io::labels(a.flattened()).view()); });
}
/// Loads an array and reads it whole; whether it loaded.
template<class F>
bool reads_whole(const F& load) {
  return runs([&] { read_whole(load()); });
}

/// The text up to a character, which goes with it; all where there is none.
inline std::string_view taken_until(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view first = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return first;
}

}  // namespace fuzz
