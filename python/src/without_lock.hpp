// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "calibra/error.hpp"
#include "calibra/options.hpp"

namespace calibra::python {

namespace detail {

/// Thrown through a pass to end it. The exception of Python is with the calling thread.
struct interrupted {};

/// Asks Python now and then, on the calling thread, whether a signal came in.
class interrupt_check {
 public:
  void operator()() {
    if (stop_) throw interrupted();
    if (std::this_thread::get_id() != caller_) return;
    const clock::time_point now = clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(50);
    const nanobind::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() == 0) return;
    stop_ = true;
    throw interrupted();
  }

 private:
  using clock = std::chrono::steady_clock;
  std::thread::id caller_ = std::this_thread::get_id();
  clock::time_point next_ = clock::now();
  std::atomic<bool> stop_ = false;
};

/// A message that begins with a function of C++, "evidence_of(): ..." or "fit<isotonic>(): ...",
/// beginning with `where`.
inline std::string renamed(std::string_view where, std::string_view message) {
  const std::size_t end = message.find("(): ");
  const std::size_t name = message.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.:<>");
  if (end == std::string_view::npos || end != name) return std::string(message);
  return calibra::detail::concat(where, message.substr(end + 2));
}

}  // namespace detail

/// Calls f with the interpreter lock released, and with a hook in the options that ends the passes
/// over rows when a signal such as Ctrl-C came in. Errors name `where`, the function of Python.
template<class F>
auto without_lock(std::string_view where, options& o, const F& f) {
  const auto check = std::make_shared<detail::interrupt_check>();
  o.progress = [check](std::uint64_t) { (*check)(); };
  try {
    const nanobind::gil_scoped_release released;
    return f();
  } catch (const detail::interrupted&) {
    throw nanobind::python_error();
  } catch (const shape_error& e) {
    throw shape_error(detail::renamed(where, e.what()));
  } catch (const value_error& e) {
    throw value_error(detail::renamed(where, e.what()));
  } catch (const option_error& e) {
    throw option_error(detail::renamed(where, e.what()));
  }
}

}  // namespace calibra::python
