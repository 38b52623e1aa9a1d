// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <zip.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/mapped_file.hpp"
#include "calibra/io/npy.hpp"

namespace calibra::io {

namespace detail {

/// An open zip archive over bytes that outlive it, by libzip.
class zip_archive {
 public:
  zip_archive(const std::string& path, std::span<const std::byte> bytes)
      : path_(path), file_size_(bytes.size()) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    if (source != nullptr) {
      zip_.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
      if (!zip_) zip_source_free(source);
    }
    const std::string why = zip_ ? "" : zip_error_strerror(&error);
    zip_error_fini(&error);
    if (!zip_) throw io_error(concat(path_, ": not a readable .npz (zip) file: ", why));
  }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    const zip_int64_t count = zip_get_num_entries(zip_.get(), 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* name = zip_get_name(zip_.get(), static_cast<zip_uint64_t>(i), 0);
      if (name == nullptr) fail("", zip_strerror(zip_.get()));
      out.emplace_back(name);
    }
    return out;
  }

  /// All bytes of one member, inflated, in a fresh buffer.
  /// Throws io_error: a declared size that cannot be true, compression other than deflate, damage.
  std::pair<std::shared_ptr<const std::byte[]>, std::size_t> read(std::size_t index,
                                                                  const std::string& member) const {
    zip_stat_t status;
    zip_stat_init(&status);
    if (zip_stat_index(zip_.get(), index, 0, &status) != 0) fail(member, zip_strerror(zip_.get()));
    const std::size_t size = believable_size(member, status);
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
        zip_fopen_index(zip_.get(), index, 0), zip_fclose);
    if (!file) fail(member, zip_strerror(zip_.get()));

    // One byte more than declared, so that the end is reached and its checksum compared.
    std::shared_ptr<std::byte[]> bytes(new (std::nothrow) std::byte[size + 1]);
    if (!bytes) fail(member, concat("not enough memory for ", size, " bytes"));
    std::size_t filled = 0;
    while (filled <= size) {
      const zip_int64_t got = zip_fread(file.get(), bytes.get() + filled, size + 1 - filled);
      if (got < 0) fail(member, zip_file_strerror(file.get()));
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    if (filled != size)
      fail(member, concat("expected ", size, " bytes, got ", filled > size ? "more" : "fewer"));
    return {std::move(bytes), size};
  }

 private:
  [[noreturn]] void fail(const std::string& member, std::string_view why) const {
    throw io_error(concat(path_, ": member ", in_quotes(member), ": ", why));
  }

  /// The member's declared size, where its stored bytes can grow to that: deflate gives at most
  /// 1032 bytes for one.
  std::size_t believable_size(const std::string& member, const zip_stat_t& status) const {
    constexpr zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if ((status.valid & needed) != needed) fail(member, "expected its sizes, got none");
    const bool stored = status.comp_method == ZIP_CM_STORE;
    if (!stored && status.comp_method != ZIP_CM_DEFLATE)
      fail(member,
           concat("expected it stored or deflated, got compression method ", status.comp_method));
    if (status.comp_size > file_size_)
      fail(member,
           concat("expected at most ", file_size_, " compressed bytes, got ", status.comp_size));
    constexpr zip_uint64_t best_ratio = 1032;
    const zip_uint64_t most = stored ? status.comp_size : (status.comp_size + 1) * best_ratio;
    if (status.size > most)
      fail(member, concat("declares ", status.size, " bytes, which ", status.comp_size,
                          " compressed bytes cannot hold"));
    return static_cast<std::size_t>(status.size);
  }

  const std::string& path_;
  std::size_t file_size_;
  std::unique_ptr<zip_t, void (*)(zip_t*)> zip_{nullptr, zip_discard};
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
  const mapped_file file(path);
  const detail::zip_archive archive(path, file.bytes());
  constexpr std::string_view suffix = ".npy";
  std::vector<std::string> names;
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; const std::string& entry : archive.names()) {
    if (entry.ends_with(suffix)) {
      names.push_back(entry.substr(0, entry.size() - suffix.size()));
      indices.push_back(i);
    }
    ++i;
  }
  const bool exact = std::find(names.begin(), names.end(), member) != names.end();
  if (!exact && member.ends_with(suffix)) member.remove_suffix(suffix.size());
  const std::size_t chosen = detail::choose_member(path, member, names, "member");
  auto [bytes, size] = archive.read(indices[chosen], names[chosen]);
  const std::span<const std::byte> image(bytes.get(), size);
  return detail::parse_npy(detail::concat(path, ':', names[chosen]), image, std::move(bytes));
}

}  // namespace calibra::io
