// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/csv.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/file_kind.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/io/npy.hpp"
#include "calibra/io/npz.hpp"
#include "calibra/io/pt.hpp"
#include "calibra/io/safetensors.hpp"
#ifdef CALIBRA_WITH_HDF5
#include "calibra/io/hdf5.hpp"
#endif

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
  return has_names(kind_by_name(path));
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

/// Throws for a file of no kind that is read.
[[noreturn]] inline void refuse_extension(const std::string& spec, const std::string& path) {
  if (is_standard_input(path))
    throw io_error("standard input: expected text or .npy, got something else");
  const std::string extension = std::filesystem::path(path).extension().string();
  for (const char* columnar : {".parquet", ".arrow", ".feather", ".ipc"})
    if (extension == columnar)
      throw io_error(concat(spec, ": ", extension,
                            " files are not read. Python writes a table that is: pandas.read_",
                            extension == std::string_view(".parquet") ? "parquet" : "feather",
                            "('file", extension, "').to_csv('file.csv', index=False)"));
  throw io_error(
      concat(spec, ": unknown extension ", in_quotes(extension),
             "; expected .npy, .npz[:member], .csv, .tsv, .safetensors[:tensor], .pt[:tensor] or ",
             ".h5[:data set]"));
}
/// Throws for a file that load_llama() reads.
[[noreturn]] inline void refuse_llama(const std::string& path) {
  throw io_error(concat(input_name(path), ": holds token logits of llama.cpp; expected an array"));
}
[[noreturn]] inline void refuse_hdf5(const std::string& path) {
  throw io_error(concat(path, ": this build reads no HDF5; it needs libhdf5 (component hdf5)"));
}

}  // namespace detail

/// Loads the array that `spec` names, by the extension of the file:
///
/// | spec | what |
/// |---|---|
/// | `a.npy` | `load_npy` |
/// | `a.npz`, `a.npz:member` | `load_npz` |
/// | `a.csv`, `a.tsv`; with `.gz` or `.zst` | `load_csv` with comma or tab |
/// | `a.safetensors`, `a.safetensors:tensor` | `load_safetensors` |
/// | `a.pt`, `a.pth`, `a.pt:tensor` | `load_pt` |
/// | `a.h5`, `a.hdf5`, `a.h5:data/set` | `load_hdf5`, where the component `hdf5` is linked |
/// | `-` | standard input: `.npy`, or a table with commas or tabs, by its first bytes |
///
/// The part after ':' is a member only behind the endings of files with names; a file that has the
/// whole of `spec` as its name wins. `table` is for text tables: which columns are read.
/// Throws io_error: an unknown extension, columns chosen of another kind of file, and what the
/// loaders throw.
inline array load(const std::string& spec, const table_options& table = {}) {
  const detail::file_spec file = detail::split_spec(spec);
  const file_kind kind = kind_of(file.path);
  if (!is_table(kind) && (!table.columns.empty() || !table.without.empty()))
    throw io_error(
        detail::concat(spec, ": columns are chosen by name in .csv and .tsv files only"));
  switch (kind) {
    case file_kind::csv:
      return load_csv(file.path, ',', table);
    case file_kind::tsv:
      return load_csv(file.path, '\t', table);
    case file_kind::npy:
      return load_npy(file.path);
    case file_kind::npz:
      return load_npz(file.path, file.member);
    case file_kind::safetensors:
      return load_safetensors(file.path, file.member);
    case file_kind::pt:
      return load_pt(file.path, file.member);
    case file_kind::hdf5:
#ifdef CALIBRA_WITH_HDF5
      return load_hdf5(file.path, file.member);
#else
      detail::refuse_hdf5(file.path);
#endif
    case file_kind::llama:
      detail::refuse_llama(file.path);
    default:
      detail::refuse_extension(spec, file.path);
  }
}

/// What is in a file, described without reading all of it: its arrays by their headers, the columns
/// of a text table by its first rows. `path` is the file alone, without a member.
/// Cost: O(headers); a packed text is unpacked whole. Throws io_error: an unknown extension, a file
/// that is not what its extension says.
inline std::vector<array_entry> contents(const std::string& path, const table_options& table = {}) {
  switch (kind_of(path)) {
    case file_kind::csv:
      return csv_contents(path, ',', table);
    case file_kind::tsv:
      return csv_contents(path, '\t', table);
    case file_kind::npy:
      return {npy_contents(path)};
    case file_kind::npz:
      return npz_contents(path);
    case file_kind::safetensors:
      return safetensors_contents(path);
    case file_kind::pt:
      return pt_contents(path);
    case file_kind::hdf5:
#ifdef CALIBRA_WITH_HDF5
      return hdf5_contents(path);
#else
      detail::refuse_hdf5(path);
#endif
    case file_kind::llama:
      detail::refuse_llama(path);
    default:
      detail::refuse_extension(path, path);
  }
}

}  // namespace calibra::io
