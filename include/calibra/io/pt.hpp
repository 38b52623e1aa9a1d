// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/detail/pickle.hpp"
#include "calibra/io/detail/pt_names.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/detail/zip_archive.hpp"
#include "calibra/io/mapped_file.hpp"

namespace calibra::io {

namespace detail {

/// The tensors and lists of numbers in a file of torch.save().
class pt_directory {
 public:
  explicit pt_directory(const std::string& path)
      : path_(path), file_(std::make_shared<const mapped_file>(path)) {
    refuse_other_formats();
    archive_.emplace(path_, file_->bytes(), ".pt");
    members_ = archive_->names();
    find_root();
    read_byte_order();
    const auto pickle =
        archive_->beginning(member(pickle_name), concat(root_, pickle_name), most_pickle + 1);
    if (pickle.size() > most_pickle)
      throw io_error(concat(path_, ": expected a ", pickle_name, " of at most ", most_pickle,
                            " bytes, got more"));
    const std::string_view text(reinterpret_cast<const char*>(pickle.data()), pickle.size());
    const pickle_reader reader(concat(path_, ": ", pickle_name), text, is_pt_name);
    collect(reader.value(), "", 0);
  }

  const std::vector<std::string>& names() const { return names_; }
  const std::vector<array_entry>& entries() const { return entries_; }

  array load(std::size_t index) const {
    const array_entry& entry = entries_[index];
    const found& f = found_[index];
    const std::string name = entry.name.empty() ? path_ : concat(path_, ':', entry.name);
    if (!entry.type)
      throw io_error(concat(name, ": dtype ", in_quotes(entry.type_name),
                            " is not supported; expected float16, bfloat16, float32, float64, int8 "
                            "to int64, uint8 to uint64 or bool"));
    array_layout layout;
    layout.type = *entry.type;
    layout.shape = entry.shape;
    if (f.numbers) return {name, layout, std::as_bytes(std::span(*f.numbers)), f.numbers};
    layout.strides = f.strides;
    layout.byte_order = byte_order_;
    auto [bytes, owner] = storage(f.storage, name);
    const std::size_t size = size_of(layout.type);
    if (f.offset > bytes.size() / size)
      throw io_error(concat(name, ": expected it to begin in the ", bytes.size(),
                            " bytes of its storage, got element ", f.offset));
    return {name, layout, bytes.subspan(f.offset * size), std::move(owner)};
  }

 private:
  using kind = pickle_value::kind;
  static constexpr std::string_view pickle_name = "data.pkl";
  static constexpr std::size_t most_pickle = std::size_t{1} << 28;
  static constexpr std::size_t most_values = std::size_t{1} << 24;
  static constexpr std::size_t longest_key = 1000, most_names = std::size_t{1} << 26;
  static constexpr std::size_t most_places = std::size_t{1} << 30;  // passed over or not
  static constexpr int deepest = 100;

  /// Where the elements of an entry are.
  struct found {
    std::string storage = {};
    std::size_t offset = 0;  // in elements
    std::vector<std::size_t> strides = {};
    std::shared_ptr<const std::vector<double>> numbers = {};  // of a list
  };

  // The archive.

  void refuse_other_formats() const {
    const std::string_view text = file_->text();
    if (text.starts_with("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8"))
      throw io_error(concat(path_, ": saved in the format before PyTorch 1.6, which is not read; ",
                            "torch.save(torch.load(file), file) makes it a newer one"));
    if (text.starts_with('\x80'))
      throw io_error(concat(path_, ": a pickle, expected what torch.save() writes (a zip file)"));
  }
  /// The folder that everything in the archive lies in.
  void find_root() {
    for (const std::string& name : members_) {
      const std::size_t slash = name.find('/');
      if (slash == std::string::npos) continue;
      const std::string_view rest = std::string_view(name).substr(slash + 1);
      if (rest == "constants.pkl")
        throw io_error(concat(path_, ": a TorchScript module, expected saved tensors"));
      if (rest == pickle_name && root_.empty()) root_ = name.substr(0, slash + 1);
    }
    if (root_.empty())
      throw io_error(concat(path_, ": not a file of torch.save(): expected a member ", pickle_name,
                            " in it, got none"));
  }
  std::optional<std::size_t> find_member(std::string_view name) const {
    const auto at = std::find(members_.begin(), members_.end(), concat(root_, name));
    if (at == members_.end()) return std::nullopt;
    return static_cast<std::size_t>(at - members_.begin());
  }
  std::size_t member(std::string_view name) const {
    const auto index = find_member(name);
    if (!index)
      throw io_error(concat(path_, ": expected a member ", in_quotes(name), ", got none"));
    return *index;
  }
  void read_byte_order() {
    const auto index = find_member("byteorder");
    if (!index) return;
    const auto bytes = archive_->beginning(*index, "byteorder", 16);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text != "little" && text != "big")
      throw io_error(concat(path_, ": byteorder: expected little or big, got ", in_quotes(text)));
    byte_order_ = text == "big" ? std::endian::big : std::endian::little;
  }
  std::pair<std::span<const std::byte>, std::shared_ptr<const void>> storage(
      const std::string& key, const std::string& name) const {
    const auto index = find_member(concat("data/", key));
    if (!index)
      throw io_error(concat(name, ": its storage ", in_quotes(key), " is not in the file"));
    if (const auto bytes = archive_->stored(*index, members_[*index])) return {*bytes, file_};
    auto [bytes, size] = archive_->read(*index, members_[*index]);
    return {std::span(bytes.get(), size), std::move(bytes)};
  }

  // What the pickle holds.

  [[noreturn]] void fail(const std::string& at, const std::string& what) const {
    throw io_error(at.empty() ? concat(path_, ": ", what)
                              : concat(path_, ": ", in_quotes(at), ": ", what));
  }
  void collect(const pickle_value& value, const std::string& at, int depth) {
    if (depth > deepest) fail(at, concat("expected at most ", deepest, " levels, got more"));
    visited_ += 1 + value.items.size();
    if (visited_ > most_values)
      fail(at, concat("expected at most ", most_values, " values, got more"));
    place_bytes_ += at.size();
    if (place_bytes_ > most_places)
      fail("", concat("expected places of at most ", most_places, " bytes in all, got more"));
    if (value.is(kind::call) && value.text == "torch._utils _rebuild_parameter" &&
        !value.items.empty())
      return collect(*value.items[0], at, depth + 1);
    if (value.is(kind::call) && value.text.starts_with("torch._utils _rebuild_tensor"))
      return add_tensor(value, at);
    if (value.is(kind::sequence) && add_numbers(value, at)) return;
    const std::string before = at.empty() ? at : at + '.';
    if (value.is(kind::sequence))
      for (std::size_t i = 0; i < value.items.size(); ++i)
        collect(*value.items[i], before + std::to_string(i), depth + 1);
    if (value.is(kind::dictionary))
      for (std::size_t i = 0; i + 1 < value.items.size(); i += 2)
        collect(*value.items[i + 1], before + key_text(*value.items[i]), depth + 1);
  }
  std::string key_text(const pickle_value& key) const {
    if (key.is(kind::text) && key.text.size() > longest_key)
      fail("", concat("expected keys of at most ", longest_key, " bytes, got one of ",
                      key.text.size()));
    if (key.is(kind::text)) return std::string(key.text);
    if (key.is(kind::integer)) return std::to_string(key.integer);
    return "?";
  }
  void add(array_entry entry, found where) {
    name_bytes_ += entry.name.size();
    if (name_bytes_ > most_names)
      fail("", concat("expected names of at most ", most_names, " bytes in all, got more"));
    names_.push_back(entry.name);
    entries_.push_back(std::move(entry));
    found_.push_back(std::move(where));
  }
  bool add_numbers(const pickle_value& list, const std::string& at) {
    const auto is_number = [](const pickle_value* v) {
      return v->is(kind::integer) || v->is(kind::real) || v->is(kind::boolean);
    };
    if (list.items.empty() || !std::all_of(list.items.begin(), list.items.end(), is_number))
      return false;
    auto numbers = std::make_shared<std::vector<double>>();
    for (const pickle_value* v : list.items)
      numbers->push_back(v->is(kind::real) ? v->real : static_cast<double>(v->integer));
    const std::size_t size = numbers->size();
    add({.name = at, .type = dtype::f8, .type_name = "numbers", .shape = {size}},
        {.numbers = std::move(numbers)});
    return true;
  }
  void add_tensor(const pickle_value& call, const std::string& at) {
    const auto& arguments = call.items;
    if (arguments.size() < 4 || !arguments[0]->is(kind::reference))
      fail(at, "expected a tensor's storage, offset, size and strides");
    const std::size_t third_version = 6;  // where it has the type
    const bool typed = call.text == "torch._utils _rebuild_tensor_v3";
    if (typed && (arguments.size() <= third_version || !arguments[third_version]->is(kind::global)))
      fail(at, "expected a tensor's type");
    // Version 2 keeps flags there, as of a tensor whose signs are turned when it is read.
    if (!typed && arguments.size() > third_version && !arguments[third_version]->items.empty())
      fail(at, "a tensor with flags (conjugate or negated bits), which are not read");
    array_entry entry{.name = at, .shape = extents(*arguments[2], at)};
    found where{.storage = storage_key(*arguments[0], at, entry),
                .offset = extent(*arguments[1], at),
                .strides = extents(*arguments[3], at)};
    if (typed) set_type(entry, arguments[third_version]->text.substr(6));
    if (entry.shape.size() != where.strides.size())
      fail(at, concat("expected a stride for each of ", entry.shape.size(), " extents, got ",
                      where.strides.size()));
    add(std::move(entry), std::move(where));
  }
  /// ('storage', type, key, device, elements).
  std::string storage_key(const pickle_value& reference, const std::string& at,
                          array_entry& entry) const {
    const pickle_value& id = *reference.items[0];
    if (!id.is(kind::sequence) || id.items.size() < 3 || !id.items[1]->is(kind::global) ||
        !id.items[2]->is(kind::text))
      fail(at, "expected a storage with type and key");
    const std::string_view type = id.items[1]->text;
    set_type(entry, type.starts_with("torch ") ? type.substr(6) : type);
    return std::string(id.items[2]->text);
  }
  static void set_type(array_entry& entry, std::string_view name) {
    entry.type.reset();
    entry.type_name = std::string(name);
    for (const pt_type& t : pt_types) {
      if (name != t.name && (t.storage.empty() || name != t.storage)) continue;
      entry.type = t.type;
      entry.type_name = std::string(t.name);
    }
  }
  std::size_t extent(const pickle_value& value, const std::string& at) const {
    if (!value.is(kind::integer) || value.integer < 0)
      fail(at, "expected whole numbers from 0 for a tensor's offset, size and strides");
    return static_cast<std::size_t>(value.integer);
  }
  std::vector<std::size_t> extents(const pickle_value& value, const std::string& at) const {
    const bool wrapped = value.is(kind::call) && value.text == "torch Size" && !value.items.empty();
    const pickle_value& list = wrapped ? *value.items[0] : value;
    if (!list.is(kind::sequence)) fail(at, "expected a tensor's size and strides");
    std::vector<std::size_t> out;
    for (const pickle_value* v : list.items) out.push_back(extent(*v, at));
    return out;
  }

  std::string path_;
  std::shared_ptr<const mapped_file> file_;
  std::optional<zip_archive> archive_;
  std::vector<std::string> members_;
  std::string root_;
  std::endian byte_order_ = std::endian::little;
  std::vector<std::string> names_;
  std::vector<array_entry> entries_;
  std::vector<found> found_;
  std::size_t visited_ = 0, name_bytes_ = 0, place_bytes_ = 0;
};

}  // namespace detail

/// Loads one tensor of what `torch.save` wrote (PyTorch 1.6 and later): a tensor, or dictionaries,
/// lists and tuples of them and of other values, at any depth. `tensor` is its place: keys and
/// numbers with points between, as "test.logits" or "0"; without one the file has to hold a single
/// tensor. Parameters are tensors; a list or tuple of numbers is a float64 array.
///
/// The file's pickle is read as data: nothing of it is run, and no PyTorch is needed. Elements stay
/// where they are in the mapped file, in the strides of the tensor; a copy is made of a storage
/// that the archive compresses. Checksums are not compared. Cost: O(what describes the tensors).
/// Throws io_error: not such a file, a class or function that is no tensor (the message names it),
/// a tensor that is not there (the message lists those that are), is not dense, takes elements
/// twice or goes beyond its storage, a type that calibra does not read. Source:
/// torch/serialization.py and torch/_utils.py of PyTorch 1.13 and 2.x.
inline array load_pt(const std::string& path, std::string_view tensor = {}) {
  const detail::pt_directory directory(path);
  return directory.load(detail::choose_member(path, tensor, directory.names(), "tensor"));
}

/// The tensors of such a file, without reading their elements. Throws as load_pt().
inline std::vector<array_entry> pt_contents(const std::string& path) {
  return detail::pt_directory(path).entries();
}

}  // namespace calibra::io
