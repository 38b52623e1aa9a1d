// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "calibra/error.hpp"
#include "calibra/io/mapped_file.hpp"
#include "calibra/io/write_file.hpp"
#include "calibra/json.hpp"
#include "calibra/recalibration/temperature.hpp"

/// \file
/// Recalibrators from and to files. What is in them: <calibra/json.hpp>.

namespace calibra::io {

namespace detail {

/// Calls f with the text of a file and its name.
template<class F>
auto with_model_text(const std::filesystem::path& path, const F& f) {
  const std::string name = path.string();
  if (name.find('{') != std::string::npos && name.find('"') != std::string::npos)
    throw io_error(calibra::detail::concat(
        "io::load_recalibrator(): expected a path, got JSON text; recalibrator_from_json<R>(text) "
        "and temperature_from_json(text) read that"));
  return f(mapped_file(name).text(), name);
}

}  // namespace detail

/// Reads a recalibrator that save_recalibrator() or `calibra fit` wrote. Throws io_error with the
/// path and the reason: a file that cannot be read, or what recalibrator_from_json() throws.
template<json_recalibrator R>
[[nodiscard]] R load_recalibrator(const std::filesystem::path& path) {
  return detail::with_model_text(path, [](std::string_view text, const std::string& name) {
    return recalibrator_from_json<R>(text, name);
  });
}
/// The same where the kind is not known before.
template<class = void>
[[nodiscard]] std::unique_ptr<const recalibrator> load_any_recalibrator(
    const std::filesystem::path& path) {
  return detail::with_model_text(path, [](std::string_view text, const std::string& name) {
    return any_recalibrator_from_json(text, name);
  });
}
template<class = void>
[[nodiscard]] std::unique_ptr<const proximity_recalibrator> load_any_proximity_recalibrator(
    const std::filesystem::path& path) {
  return detail::with_model_text(path, [](std::string_view text, const std::string& name) {
    return any_proximity_recalibrator_from_json(text, name);
  });
}
/// The "kind" of the recalibrator in a file, for a choice of the type at run time.
[[nodiscard]] inline std::string recalibrator_kind(const std::filesystem::path& path) {
  return detail::with_model_text(path, [](std::string_view text, const std::string& name) {
    return calibra::recalibrator_kind(text, name);
  });
}

/// load_recalibrator<temperature_scaling>().
[[nodiscard]] inline temperature_scaling load_temperature(const std::filesystem::path& path) {
  return load_recalibrator<temperature_scaling>(path);
}

/// Writes a recalibrator, the whole file or none. Throws io_error with the path and the reason.
inline void save_recalibrator(const std::filesystem::path& path, const recalibrator& r) {
  write_file(path.string(), to_json(r));
}
inline void save_recalibrator(const std::filesystem::path& path, const proximity_recalibrator& r) {
  write_file(path.string(), to_json(r));
}

}  // namespace calibra::io
