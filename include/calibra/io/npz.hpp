// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/detail/zip_archive.hpp"
#include "calibra/io/mapped_file.hpp"
#include "calibra/io/npy.hpp"

namespace calibra::io {

namespace detail {

/// The arrays of a `.npz` file.
class npz_directory {
 public:
  explicit npz_directory(const std::string& path)
      : path_(path), file_(path), archive_(path_, file_.bytes(), ".npz") {
    for (std::size_t i = 0; const std::string& entry : archive_.names()) {
      if (entry.ends_with(suffix)) {
        names_.push_back(entry.substr(0, entry.size() - suffix.size()));
        indices_.push_back(i);
      }
      ++i;
    }
  }

  /// The number of a member that is named with or without `.npy`.
  std::size_t choose(std::string_view member) const {
    const bool exact = std::find(names_.begin(), names_.end(), member) != names_.end();
    if (!exact && member.ends_with(suffix)) member.remove_suffix(suffix.size());
    return choose_member(path_, member, names_, "member");
  }
  /// The `.npy` image of a member: its bytes, and how many.
  auto image(std::size_t chosen) const { return archive_.read(indices_[chosen], names_[chosen]); }
  array load(std::size_t chosen) const {
    auto [bytes, size] = image(chosen);
    const std::span<const std::byte> npy(bytes.get(), size);
    return parse_npy(place(chosen), npy, std::move(bytes));
  }
  std::string place(std::size_t i) const { return concat(path_, ':', names_[i]); }
  std::vector<array_entry> entries() const {
    // Members may be many, and may all be the same bytes that deflated well.
    const std::size_t most = file_.bytes().size() + (std::size_t{1} << 20);
    std::size_t read = 0;
    std::vector<array_entry> out;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const std::vector<std::byte> header = beginning(i);
      read += header.size();
      if (read > most)
        throw io_error(concat(path_, ": expected headers of at most ", most, " bytes in all of ",
                              names_.size(), " members, got more"));
      out.push_back(npy_entry(names_[i], place(i), header));
    }
    return out;
  }

 private:
  static constexpr std::string_view suffix = ".npy";
  /// A member as far as its header reaches, if that is not beyond reason.
  std::vector<std::byte> beginning(std::size_t i) const {
    constexpr std::size_t fixed = 12, longest = std::size_t{1} << 17;
    std::vector<std::byte> bytes = archive_.beginning(indices_[i], names_[i], fixed);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.size() < fixed) return bytes;
    const std::size_t end = npy_fixed_size(text) + npy_header_length(text);
    return archive_.beginning(indices_[i], names_[i], std::min(end, longest));
  }

  std::string path_;
  mapped_file file_;
  zip_archive archive_;
  std::vector<std::string> names_;
  std::vector<std::size_t> indices_;
};

}  // namespace detail

/// Loads one array of a `.npz` file: `member` is its name, with or without `.npy`; without a name
/// the file has to hold a single array. Members may be stored or deflated (`savez`,
/// `savez_compressed`); either way the array is read into memory, and its checksum is verified.
/// Cost: O(bytes of the member).
/// Throws io_error: not a zip file, truncated or contradictory, a member that is not there (the
/// message lists those that are), a size that cannot be true, encrypted, and all that `load_npy`
/// refuses.
inline array load_npz(const std::string& path, std::string_view member = {}) {
  const detail::npz_directory directory(path);
  return directory.load(directory.choose(member));
}

/// The arrays of such a file, by their headers. Cost: O(bytes of the file), however well they are
/// compressed. Throws io_error: not a zip file, truncated, headers of more bytes than the file has.
inline std::vector<array_entry> npz_contents(const std::string& path) {
  return detail::npz_directory(path).entries();
}

}  // namespace calibra::io
