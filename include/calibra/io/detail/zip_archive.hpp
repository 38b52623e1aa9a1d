// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <zip.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io::detail {

/// What libzip reads an archive through: bytes in memory, and where in them it read last.
class zip_bytes {
 public:
  explicit zip_bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}

  /// Where the bytes of the last reading began.
  [[nodiscard]] std::size_t last_read() const noexcept { return last_read_; }

  static zip_int64_t command(void* self, void* data, zip_uint64_t size, zip_source_cmd_t what) {
    return static_cast<zip_bytes*>(self)->run(data, size, what);
  }

 private:
  zip_int64_t run(void* data, zip_uint64_t size, zip_source_cmd_t what) {
    switch (what) {
      case ZIP_SOURCE_OPEN:
        at_ = 0;
        return 0;
      case ZIP_SOURCE_READ:
        return read(data, size);
      case ZIP_SOURCE_SEEK:
        return seek(data, size);
      case ZIP_SOURCE_TELL:
        return static_cast<zip_int64_t>(at_);
      case ZIP_SOURCE_STAT: {
        auto* status = static_cast<zip_stat_t*>(data);
        zip_stat_init(status);
        status->size = bytes_.size();
        status->valid |= ZIP_STAT_SIZE;
        return sizeof(zip_stat_t);
      }
      case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&error_, data, size);
      case ZIP_SOURCE_CLOSE:
      case ZIP_SOURCE_FREE:
        return 0;
      case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(
            ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
            ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
      default:
        zip_error_set(&error_, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
  }
  zip_int64_t read(void* data, zip_uint64_t size) {
    const std::size_t count = std::min<std::size_t>(size, bytes_.size() - at_);
    if (count != 0) std::memcpy(data, bytes_.data() + at_, count);
    last_read_ = at_;
    at_ += count;
    return static_cast<zip_int64_t>(count);
  }
  zip_int64_t seek(void* data, zip_uint64_t size) {
    const zip_int64_t to = zip_source_seek_compute_offset(at_, bytes_.size(), data, size, &error_);
    if (to < 0) return -1;
    at_ = static_cast<std::size_t>(to);
    return 0;
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0, last_read_ = 0;
  zip_error_t error_ = {};
};

/// An open zip archive over bytes that outlive it, by libzip.
class zip_archive {
 public:
  /// `kind`: what the file is to be, as messages call it.
  zip_archive(const std::string& path, std::span<const std::byte> bytes, std::string_view kind)
      : path_(path), bytes_(bytes), read_through_(bytes) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_function_create(zip_bytes::command, &read_through_, &error);
    if (source != nullptr) {
      zip_.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
      if (!zip_) zip_source_free(source);
    }
    const std::string why = zip_ ? "" : zip_error_strerror(&error);
    zip_error_fini(&error);
    if (!zip_) throw io_error(concat(path_, ": not a readable ", kind, " (zip) file: ", why));
  }

  zip_archive(const zip_archive&) = delete;
  zip_archive& operator=(const zip_archive&) = delete;

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

  /// The first bytes of one member, inflated: all or `most`.
  /// Throws io_error: a declared size that cannot be true, compression other than deflate, damage.
  std::vector<std::byte> beginning(std::size_t index, const std::string& member,
                                   std::size_t most) const {
    zip_stat_t status;
    const std::size_t size = std::min(most, declared_size(index, member, status));
    const auto file = opened(index, member, 0);
    std::vector<std::byte> bytes(size);
    std::size_t filled = 0;
    while (filled < size) {
      const zip_int64_t got = zip_fread(file.get(), bytes.data() + filled, size - filled);
      if (got < 0) fail(member, zip_file_strerror(file.get()));
      if (got == 0) fail(member, concat("expected ", size, " bytes, got fewer"));
      filled += static_cast<std::size_t>(got);
    }
    return bytes;
  }
  /// All bytes of one member, inflated, in a fresh buffer.
  /// Throws io_error: a declared size that cannot be true, compression other than deflate, damage.
  std::pair<std::shared_ptr<const std::byte[]>, std::size_t> read(std::size_t index,
                                                                  const std::string& member) const {
    zip_stat_t status;
    const std::size_t size = declared_size(index, member, status);
    const auto file = opened(index, member, 0);
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

  /// The bytes of a stored member, where they lie in the archive's; none where it is compressed.
  /// Its checksum is not compared.
  /// Throws io_error: encrypted, or beyond the end of the file.
  std::optional<std::span<const std::byte>> stored(std::size_t index,
                                                   const std::string& member) const {
    zip_stat_t status;
    const std::size_t size = declared_size(index, member, status);
    if (status.comp_method != ZIP_CM_STORE) return std::nullopt;
    if (size == 0) return std::span<const std::byte>();
    if ((status.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && status.encryption_method != ZIP_EM_NONE)
      fail(member, "expected it unencrypted");
    const auto file = opened(index, member, ZIP_FL_COMPRESSED);
    std::byte first{};
    if (zip_fread(file.get(), &first, 1) != 1) fail(member, zip_file_strerror(file.get()));
    const std::size_t begin = read_through_.last_read();
    if (begin > bytes_.size() || size > bytes_.size() - begin)
      fail(member, concat("expected ", size, " bytes, got the end of the file"));
    return bytes_.subspan(begin, size);
  }

 private:
  [[noreturn]] void fail(const std::string& member, std::string_view why) const {
    throw io_error(concat(path_, ": member ", in_quotes(member), ": ", why));
  }

  using open_member = std::unique_ptr<zip_file_t, int (*)(zip_file_t*)>;
  open_member opened(std::size_t index, const std::string& member, zip_flags_t flags) const {
    open_member file(zip_fopen_index(zip_.get(), index, flags), zip_fclose);
    if (!file) fail(member, zip_strerror(zip_.get()));
    return file;
  }

  std::size_t declared_size(std::size_t index, const std::string& member,
                            zip_stat_t& status) const {
    zip_stat_init(&status);
    if (zip_stat_index(zip_.get(), index, 0, &status) != 0) fail(member, zip_strerror(zip_.get()));
    return believable_size(member, status);
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
    if (status.comp_size > bytes_.size())
      fail(member,
           concat("expected at most ", bytes_.size(), " compressed bytes, got ", status.comp_size));
    constexpr zip_uint64_t best_ratio = 1032;
    const zip_uint64_t most = stored ? status.comp_size : (status.comp_size + 1) * best_ratio;
    if (status.size > most)
      fail(member, concat("declares ", status.size, " bytes, which ", status.comp_size,
                          " compressed bytes cannot hold"));
    return static_cast<std::size_t>(status.size);
  }

  const std::string& path_;
  std::span<const std::byte> bytes_;
  zip_bytes read_through_;  // outlives zip_
  std::unique_ptr<zip_t, void (*)(zip_t*)> zip_{nullptr, zip_discard};
};

}  // namespace calibra::io::detail
