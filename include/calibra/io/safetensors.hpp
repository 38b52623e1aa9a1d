// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/mapped_file.hpp"

namespace calibra::io {

namespace detail {

/// The directory of a `.safetensors` file, checked as a whole before any tensor is given out.
class safetensors_directory {
 public:
  struct entry {
    std::string type;
    std::vector<std::size_t> shape;
    std::size_t begin = 0;  // in the data that follows the header
    std::size_t end = 0;
  };

  safetensors_directory(const std::string& path, std::span<const std::byte> bytes) : path_(path) {
    const nlohmann::json header = parse(bytes);
    for (const auto& [name, value] : header.items()) {
      if (name == "__metadata__") continue;
      names_.push_back(name);
      entries_.push_back(read_entry(name, value));
    }
    check_cover();
  }

  const std::vector<std::string>& names() const { return names_; }

  array_entry described(std::size_t index) const {
    const entry& e = entries_[index];
    const auto type = known_type(e.type);
    return {.name = names_[index],
            .type = type,
            .type_name = type ? std::string(name_of(*type)) : e.type,
            .shape = e.shape};
  }
  array tensor(std::size_t index, std::shared_ptr<const void> owner) const {
    const entry& e = entries_[index];
    const std::string name = concat(path_, ':', names_[index]);
    array_layout layout;
    layout.shape = e.shape;
    layout.byte_order = std::endian::little;
    const auto type = known_type(e.type);
    if (!type)
      throw io_error(concat(name, ": dtype ", in_quotes(e.type),
                            " is not supported; expected F16, BF16, F32, F64, I8 to I64, U8 to U64 "
                            "or BOOL"));
    layout.type = *type;
    return {name, layout, data_.subspan(e.begin, e.end - e.begin), std::move(owner)};
  }

 private:
  [[noreturn]] void fail(std::string_view tensor, const std::string& what) const {
    throw io_error(concat(path_, ": tensor ", in_quotes(tensor), ": ", what));
  }

  static std::optional<dtype> known_type(std::string_view code) {
    constexpr std::pair<std::string_view, dtype> table[] = {
        {"F16", dtype::f2},  {"BF16", dtype::bf16}, {"F32", dtype::f4}, {"F64", dtype::f8},
        {"I8", dtype::i1},   {"I16", dtype::i2},    {"I32", dtype::i4}, {"I64", dtype::i8},
        {"U8", dtype::u1},   {"U16", dtype::u2},    {"U32", dtype::u4}, {"U64", dtype::u8},
        {"BOOL", dtype::b1},
    };
    for (const auto& [known, type] : table)
      if (code == known) return type;
    return std::nullopt;
  }

  nlohmann::json parse(std::span<const std::byte> bytes) {
    constexpr std::size_t fixed = 8;
    constexpr std::size_t longest = 100'000'000;  // the format's own bound
    if (bytes.size() < fixed)
      throw io_error(concat(path_, ": not a .safetensors file: expected at least ", fixed,
                            " bytes, got ", bytes.size()));
    std::uint64_t length = 0;
    for (std::size_t i = fixed; i-- > 0;)
      length = length << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    if (length > longest || length > bytes.size() - fixed)
      throw io_error(concat(path_, ": not a .safetensors file, or truncated: the header declares ",
                            length, " bytes, got ", bytes.size() - fixed));
    const auto header = bytes.subspan(fixed, static_cast<std::size_t>(length));
    data_ = bytes.subspan(fixed + header.size());

    std::set<std::string> keys;
    std::string twice;
    const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& key) {
      if (depth == 1 && event == nlohmann::json::parse_event_t::key &&
          !keys.insert(key.get<std::string>()).second)
        twice = key.get<std::string>();
      return true;
    };
    const auto* text = reinterpret_cast<const char*>(header.data());
    nlohmann::json json = nlohmann::json::parse(text, text + header.size(), watch, false);
    if (!json.is_object())
      throw io_error(concat(path_, ": header: expected a JSON object, got ",
                            json.is_discarded() ? "text that is not JSON" : json.type_name()));
    if (!twice.empty()) fail(twice, "the name occurs twice");
    return json;
  }

  entry read_entry(const std::string& name, const nlohmann::json& value) const {
    entry e;
    e.type = member(name, value, "dtype", nlohmann::json::value_t::string).get<std::string>();
    for (const auto& extent : member(name, value, "shape", nlohmann::json::value_t::array))
      e.shape.push_back(number(name, "shape", extent));
    const auto& offsets = member(name, value, "data_offsets", nlohmann::json::value_t::array);
    if (offsets.size() != 2)
      fail(name, concat("data_offsets: expected 2 numbers, got ", offsets.size()));
    e.begin = number(name, "data_offsets", offsets[0]);
    e.end = number(name, "data_offsets", offsets[1]);
    if (e.begin > e.end || e.end > data_.size())
      fail(name, concat("data_offsets: expected a range in [0, ", data_.size(), "], got [", e.begin,
                        ", ", e.end, "]"));
    if (const auto type = known_type(e.type)) {
      array_layout layout;
      layout.type = *type;
      layout.shape = e.shape;
      const std::size_t expected = byte_count(concat(path_, ':', name), layout);
      if (e.end - e.begin != expected)
        fail(name, concat("data_offsets: expected ", expected, " bytes for shape ",
                          shape_text(e.shape), " of ", e.type, ", got ", e.end - e.begin));
    }
    return e;
  }

  const nlohmann::json& member(const std::string& name, const nlohmann::json& value,
                               const char* key, nlohmann::json::value_t type) const {
    if (!value.is_object()) fail(name, concat("expected a JSON object, got ", value.type_name()));
    const auto found = value.find(key);
    if (found == value.end()) fail(name, concat("expected the key '", key, "', got none"));
    if (found->type() != type)
      fail(name, concat(key, ": expected ", nlohmann::json(type).type_name(), ", got ",
                        found->type_name()));
    return *found;
  }

  std::size_t number(const std::string& name, const char* key, const nlohmann::json& value) const {
    if (!value.is_number_unsigned())
      fail(name, concat(key, ": expected integers of 0 or more, got ",
                        value.is_number() ? value.dump() : value.type_name()));
    return value.get<std::size_t>();
  }

  /// The format wants the tensors to cover the data without holes and without overlap.
  void check_cover() const {
    std::vector<std::size_t> order(entries_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(entries_[a].begin, entries_[a].end) <
             std::pair(entries_[b].begin, entries_[b].end);
    });
    std::size_t covered = 0;
    for (const std::size_t i : order) {
      if (entries_[i].begin != covered)
        fail(names_[i],
             concat("data_offsets: expected a begin of ", covered, ", got ", entries_[i].begin,
                    entries_[i].begin < covered ? " (tensors overlap)" : " (a hole)"));
      covered = entries_[i].end;
    }
    if (covered != data_.size())
      throw io_error(concat(path_, ": expected ", covered, " bytes of data after the header, got ",
                            data_.size()));
  }

  const std::string& path_;
  std::span<const std::byte> data_;
  std::vector<std::string> names_;
  std::vector<entry> entries_;
};

}  // namespace detail

/// Loads one tensor of a `.safetensors` file: `tensor` is its name; without a name the file has to
/// hold a single tensor. Element types F16 BF16 F32 F64 I8..I64 U8..U64 BOOL; tensors of other
/// types may stand beside it. The file is mapped, not read; a tensor that does not begin at a
/// multiple of its element size is copied once.
/// The whole directory is checked first: every offset within the file, as many bytes as shape and
/// type need, no overlap, no hole. Cost: O(header).
/// Throws io_error with file, tensor, expected and got; an unknown name lists the names there are.
/// Source: the safetensors format description (huggingface/safetensors, README).
inline array load_safetensors(const std::string& path, std::string_view tensor = {}) {
  const auto file = std::make_shared<const mapped_file>(path);
  const detail::safetensors_directory directory(path, file->bytes());
  const std::size_t chosen = detail::choose_member(path, tensor, directory.names(), "tensor");
  return directory.tensor(chosen, file);
}

/// The tensors of such a file, by its header. Throws io_error as load_safetensors().
inline std::vector<array_entry> safetensors_contents(const std::string& path) {
  const mapped_file file(path);
  const detail::safetensors_directory directory(path, file.bytes());
  std::vector<array_entry> out;
  for (std::size_t i = 0; i < directory.names().size(); ++i) out.push_back(directory.described(i));
  return out;
}

}  // namespace calibra::io
