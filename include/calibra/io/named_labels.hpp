// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/array_layout.hpp"
#include "calibra/io/class_names.hpp"
#include "calibra/io/detail/json_values.hpp"
#include "calibra/io/detail/npy_texts.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/file_kind.hpp"
#include "calibra/io/input_file.hpp"
#include "calibra/io/load.hpp"
#include "calibra/io/npz.hpp"
#include "calibra/io/table_options.hpp"
#ifdef CALIBRA_WITH_HDF5
#include "calibra/io/detail/hdf5_texts.hpp"
#endif

namespace calibra::io {

namespace detail {

/// The lines of a text; blank ones at the end are none.
inline std::vector<std::string> lines_of(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t first = line.find_first_not_of(" \t\r");
    line = first == std::string_view::npos
               ? std::string_view()
               : line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
    lines.emplace_back(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}
inline std::vector<std::string> json_texts(const std::string& name, std::string_view text) {
  const nlohmann::json document = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (!document.is_array())
    throw io_error(concat(name, ": expected a list of names, got ",
                          document.is_discarded() ? "text that is not JSON" : json_kind(document)));
  std::vector<std::string> texts;
  for (const nlohmann::json& one : document) {
    if (!one.is_string())
      throw io_error(concat(name, ": expected the name of class ", texts.size(), ", a text, got ",
                            json_kind(one)));
    texts.push_back(one.get<std::string>());
  }
  return texts;
}

/// Texts as class indices.
class named_labels {
 public:
  named_labels(std::string name, const class_names& names)
      : name_(std::move(name)), names_(names) {}
  void add(std::string_view text) {
    const auto k = names_.find(text);
    if (!k)
      throw io_error(concat(name_, ": row ", indices_.size(),
                            ": expected the name of a class, got ", in_quotes(text),
                            names_.hint(text)));
    indices_.push_back(*k);
  }
  array made() && {
    auto owner = std::make_shared<const std::vector<std::int64_t>>(std::move(indices_));
    const array_layout layout{.type = dtype::i8, .shape = {owner->size()}};
    return {name_, layout, std::as_bytes(std::span(*owner)), owner};
  }

 private:
  std::string name_;
  const class_names& names_;
  std::vector<std::int64_t> indices_;
};

}  // namespace detail

/// Loads names of classes: a `.json` file that is a list of texts, or another text, a name a line,
/// without the blanks around it. Blank lines at the end are passed over.
/// Throws io_error: no names, one that is empty or comes twice, what is not a text; and what any
/// file may have.
inline class_names load_class_names(const std::string& path) {
  const input_file file(path);
  const std::string name = input_name(path);
  std::vector<std::string> names = kind_of(path) == file_kind::json
                                       ? detail::json_texts(name, file.text())
                                       : detail::lines_of(file.text());
  if (names.empty()) throw io_error(detail::concat(name, ": expected names of classes, got none"));
  try {
    return class_names(std::move(names));
  } catch (const option_error& e) {
    throw io_error(detail::concat(name, ": ", e.what()));
  }
}

namespace detail {

/// Labels out of a file of texts; none where it holds something else.
inline std::optional<array> named_array(const std::string& spec, const class_names& names) {
  const file_spec file = split_spec(spec);
  const auto made = [&](const std::string& name, const auto& each_text) -> std::optional<array> {
    named_labels labels(name, names);
    if (!each_text([&](std::string_view text) { labels.add(text); })) return std::nullopt;
    return std::move(labels).made();
  };
  switch (kind_of(file.path)) {
    case file_kind::npy: {
      const input_file bytes(file.path);
      const std::string name = input_name(file.path);
      return made(name, [&](const auto& f) { return each_npy_text(name, bytes.bytes(), f); });
    }
    case file_kind::npz: {
      const npz_directory directory(file.path);
      const std::size_t chosen = directory.choose(file.member);
      const std::string name = directory.place(chosen);
      const auto [bytes, size] = directory.image(chosen);
      const std::span<const std::byte> npy(bytes.get(), size);
      return made(name, [&](const auto& f) { return each_npy_text(name, npy, f); });
    }
#ifdef CALIBRA_WITH_HDF5
    case file_kind::hdf5:
      return made(spec, [&](const auto& f) { return each_hdf5_text(file.path, file.member, f); });
#endif
    default:
      return std::nullopt;
  }
}

}  // namespace detail

/// Loads labels as load() does; texts among them, a column of a text table, `.npy` and `.npz`
/// arrays of NumPy's types U and S, HDF5 texts, stand for class indices by `names`: a name, or
/// where no name is a number the number of a class. The array is then of int64. Without names:
/// load(). Throws io_error with the row of a text that is neither, and the names that are near; and
/// what load() throws.
inline array load_named_labels(const std::string& spec, const class_names& names,
                               table_options table = {}) {
  table.names = names;
  const bool columns = !table.columns.empty() || !table.without.empty();
  if (!names.empty() && !columns)
    if (auto named = detail::named_array(spec, names)) return *std::move(named);
  return load(spec, table);
}

}  // namespace calibra::io
