// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/csv.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/io/npy.hpp"
#include "calibra/io/npz.hpp"
#include "calibra/io/pt.hpp"
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

/// Whether a file of this name holds arrays with names.
inline bool has_members(std::string_view path) {
  constexpr std::string_view endings[] = {".npz", ".safetensors", ".pt", ".pth"};
  return std::any_of(std::begin(endings), std::end(endings),
                     [&](std::string_view ending) { return path.ends_with(ending); });
}

/// `path:member`, where the path ends as one of a file with members and no file has the whole name.
inline file_spec split_spec(const std::string& spec) {
  if (is_there(spec)) return {spec, ""};
  file_spec first;
  for (std::size_t colon = spec.find(':'); colon != std::string::npos;
       colon = spec.find(':', colon + 1)) {
    const std::string path = spec.substr(0, colon);
    if (!has_members(path)) continue;
    const file_spec candidate{path, spec.substr(colon + 1)};
    if (is_there(path)) return candidate;
    if (first.path.empty()) first = candidate;
  }
  return first.path.empty() ? file_spec{spec, ""} : first;
}

[[noreturn]] inline void refuse_extension(const std::string& spec, const std::string& path) {
  throw io_error(concat(
      spec, ": unknown extension ", in_quotes(std::filesystem::path(path).extension().string()),
      "; expected .npy, .npz[:member], .csv, .tsv, .safetensors[:tensor] or ", ".pt[:tensor]"));
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
/// | `a.pt`, `a.pth`, `a.pt:tensor` | `load_pt` |
///
/// The part after ':' is a member only behind `.npz`, `.safetensors`, `.pt` and `.pth`; a file that
/// has the whole of `spec` as its name wins. `table` is for text tables: which columns are read.
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
  if (file.path.ends_with(".pt") || file.path.ends_with(".pth"))
    return load_pt(file.path, file.member);
  detail::refuse_extension(spec, file.path);
}

/// What is in a file, described without reading all of it: its arrays by their headers, the columns
/// of a text table by its first rows. `path` is the file alone, without a member.
/// Cost: O(headers). Throws io_error: an unknown extension, a file that is not what its extension
/// says.
inline std::vector<array_entry> contents(const std::string& path, const table_options& table = {}) {
  if (path.ends_with(".csv")) return csv_contents(path, ',', table);
  if (path.ends_with(".tsv")) return csv_contents(path, '\t', table);
  if (path.ends_with(".npy")) return {npy_contents(path)};
  if (path.ends_with(".npz")) return npz_contents(path);
  if (path.ends_with(".safetensors")) return safetensors_contents(path);
  if (path.ends_with(".pt") || path.ends_with(".pth")) return pt_contents(path);
  detail::refuse_extension(path, path);
}

}  // namespace calibra::io
