// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/csv.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/io/npy.hpp"
#include "calibra/io/npz.hpp"
#include "calibra/io/safetensors.hpp"

namespace calibra::io {

namespace detail {

/// A specification taken apart: the file, and what to take from it (empty: its only array).
struct file_spec {
  std::string path;
  std::string member;
};

inline bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// `path:member`, where the path ends in `.npz` or `.safetensors` and no file has the whole name.
inline file_spec split_spec(const std::string& spec) {
  if (is_there(spec)) return {spec, ""};
  file_spec first;
  for (std::size_t colon = spec.find(':'); colon != std::string::npos;
       colon = spec.find(':', colon + 1)) {
    const std::string path = spec.substr(0, colon);
    if (!path.ends_with(".npz") && !path.ends_with(".safetensors")) continue;
    const file_spec candidate{path, spec.substr(colon + 1)};
    if (is_there(path)) return candidate;
    if (first.path.empty()) first = candidate;
  }
  return first.path.empty() ? file_spec{spec, ""} : first;
}

}  // namespace detail

/// Loads the array that `spec` names, by the extension of the file:
///
/// | spec | what |
/// |---|---|
/// | `a.npy` | `load_npy` |
/// | `a.npz`, `a.npz:member` | `load_npz` |
/// | `a.csv`, `a.tsv` | `load_csv` with comma or tab |
/// | `a.safetensors`, `a.safetensors:tensor` | `load_safetensors` |
///
/// The part after ':' is a member only behind `.npz` and `.safetensors`; a file that has the whole
/// of `spec` as its name wins. `table` is for text tables: which columns are read.
/// Throws io_error: an unknown extension, columns chosen of another kind of file, and what the
/// loaders throw.
inline array load(const std::string& spec, const table_options& table = {}) {
  const detail::file_spec file = detail::split_spec(spec);
  if (file.path.ends_with(".csv")) return load_csv(file.path, ',', table);
  if (file.path.ends_with(".tsv")) return load_csv(file.path, '\t', table);
  if (!table.columns.empty() || !table.without.empty())
    throw io_error(
        detail::concat(spec, ": columns are chosen by name in .csv and .tsv files only"));
  if (file.path.ends_with(".npy")) return load_npy(file.path);
  if (file.path.ends_with(".npz")) return load_npz(file.path, file.member);
  if (file.path.ends_with(".safetensors")) return load_safetensors(file.path, file.member);
  throw io_error(
      detail::concat(spec, ": unknown extension ",
                     detail::in_quotes(std::filesystem::path(file.path).extension().string()),
                     "; expected .npy, .npz[:member], .csv, .tsv or .safetensors[:tensor]"));
}

}  // namespace calibra::io
