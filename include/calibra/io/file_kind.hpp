// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "calibra/error.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/input_file.hpp"

namespace calibra::io {

/// What a file is read as.
enum class file_kind {
  unknown,
  npy,          ///< `.npy`
  npz,          ///< `.npz`
  csv,          ///< `.csv`
  tsv,          ///< `.tsv`
  safetensors,  ///< `.safetensors`
  pt,           ///< `.pt`, `.pth`
  hdf5,         ///< `.h5`, `.hdf5`
  json_lines,   ///< `.jsonl`, `.ndjson`: a record a line
  json,         ///< `.json`: a list or an object of records
  llama,        ///< any other name: token logits of llama.cpp, by how the file begins
};

/// Whether such a file holds arrays that have names.
constexpr bool has_names(file_kind kind) {
  return kind == file_kind::npz || kind == file_kind::safetensors || kind == file_kind::pt ||
         kind == file_kind::hdf5;
}
/// Whether it is a table of text, whose columns have names.
constexpr bool is_table(file_kind kind) {
  return kind == file_kind::csv || kind == file_kind::tsv;
}
/// Whether it is records of JSON.
constexpr bool is_records(file_kind kind) {
  return kind == file_kind::json_lines || kind == file_kind::json;
}

namespace detail {

/// How a file of llama_dump begins.
inline constexpr std::string_view llama_magic = "_logits_";

/// The kind of what came without a name, by how it begins: `.npy`; token logits of llama.cpp; JSON,
/// a document where it begins as a list or goes on over lines; else a table, with tabs where its
/// first line has one.
inline file_kind kind_by_content(std::string_view bytes) {
  if (bytes.starts_with("\x93NUMPY")) return file_kind::npy;
  if (bytes.starts_with(llama_magic)) return file_kind::llama;
  if (bytes.starts_with("PK\x03\x04")) return file_kind::unknown;
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return file_kind::csv;
  const std::string_view line = bytes.substr(first, bytes.find('\n', first) - first);
  if (line.front() == '[') return file_kind::json;
  if (line.front() == '{')
    return line.find_last_not_of(" \t\r") == line.rfind('}') && line.size() > 1
               ? file_kind::json_lines
               : file_kind::json;
  return line.find('\t') != std::string_view::npos ? file_kind::tsv : file_kind::csv;
}

inline file_kind kind_by_name(std::string_view name) {
  const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  for (const std::string_view packed : {".gz", ".zst"}) {  // around text alone
    if (!name.ends_with(packed)) continue;
    const file_kind kind = kind_by_name(name.substr(0, name.size() - packed.size()));
    return is_table(kind) || is_records(kind) ? kind : file_kind::unknown;
  }
  if (ends(".npy")) return file_kind::npy;
  if (ends(".npz")) return file_kind::npz;
  if (ends(".csv")) return file_kind::csv;
  if (ends(".tsv")) return file_kind::tsv;
  if (ends(".safetensors")) return file_kind::safetensors;
  if (ends(".pt") || ends(".pth")) return file_kind::pt;
  if (ends(".h5") || ends(".hdf5")) return file_kind::hdf5;
  if (ends(".jsonl") || ends(".ndjson")) return file_kind::json_lines;
  if (ends(".json")) return file_kind::json;
  return file_kind::unknown;
}

/// Whether a file begins as one of llama_dump; false where it cannot be read.
inline bool begins_as_llama(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  char first[llama_magic.size()] = {};
  std::ifstream file(path, std::ifstream::binary);
  file.read(first, sizeof first);
  return std::string_view(first, sizeof first) == llama_magic;
}

}  // namespace detail

/// The kind of a file by its name, without `.gz` or `.zst` behind that of a text, or by how it
/// begins where its name says nothing; of standard input, "-", by its first bytes. Throws io_error
/// where standard input cannot be read.
inline file_kind kind_of(const std::string& path) {
  if (is_standard_input(path)) return detail::kind_by_content(*detail::standard_input());
  const file_kind kind = detail::kind_by_name(path);
  return kind == file_kind::unknown && detail::begins_as_llama(path) ? file_kind::llama : kind;
}

/// Whether a file is read as records of JSON.
inline bool holds_records(const std::string& path) {
  return is_records(kind_of(path));
}
/// Whether a file is read by load_llama().
inline bool holds_llama(const std::string& path) {
  return kind_of(path) == file_kind::llama;
}

}  // namespace calibra::io
