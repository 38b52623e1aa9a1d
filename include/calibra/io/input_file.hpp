// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/detail/unpack.hpp"
#include "calibra/io/mapped_file.hpp"

namespace calibra::io {

namespace detail {

/// The whole of standard input, unpacked where it is packed. It is read once and kept.
inline const std::shared_ptr<const std::string>& standard_input() {
  static const std::shared_ptr<const std::string> all = [] {
    const std::string name = "standard input";
    unpacked_text text(name, most_unpacked);
    for (;;) {
      const std::size_t room = text.room();
      const ssize_t got = ::read(STDIN_FILENO, text.end(), room);
      if (got == 0) break;
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw io_error(concat(name, ": cannot read: ", reason(errno)));
      text.used(static_cast<std::size_t>(got));
    }
    std::string bytes = text.take();
    if (bytes.empty()) throw io_error(concat(name, ": nothing came"));
    const packing packed = packing_of(bytes);
    if (packed == packing::gzip) bytes = gunzip(name, bytes);
    if (packed == packing::zstd) bytes = unpack_zstd(name, bytes);
    return std::make_shared<const std::string>(std::move(bytes));
  }();
  return all;
}

}  // namespace detail

/// "-" is standard input; a file of that name is "./-".
inline bool is_standard_input(std::string_view path) {
  return path == "-";
}

/// What messages call an input.
inline std::string input_name(const std::string& path) {
  return is_standard_input(path) ? "standard input" : path;
}

/// The bytes of an input: a file, mapped; what a file that ends in `.gz` or `.zst` holds, unpacked
/// into memory; or standard input, "-", read into memory once and unpacked where it is packed.
/// Cost: O(1) for a file, O(bytes) else; at most 8 GiB are unpacked.
/// Throws io_error with the path and the reason: as mapped_file; packed data that are truncated,
/// damaged or too many; no input.
class input_file {
 public:
  explicit input_file(const std::string& path) {
    if (is_standard_input(path)) {
      unpacked_ = detail::standard_input();
      return;
    }
    mapped_.emplace(path);
    const bool gzip = path.ends_with(".gz");
    if (!gzip && !path.ends_with(".zst")) return;
    const std::string_view packed = mapped_->text();
    if (detail::packing_of(packed) != (gzip ? detail::packing::gzip : detail::packing::zstd))
      throw io_error(detail::concat(path, ": not a ", gzip ? "gzip" : "Zstandard", " file"));
    unpacked_ = std::make_shared<const std::string>(gzip ? detail::gunzip(path, packed)
                                                         : detail::unpack_zstd(path, packed));
    mapped_.reset();
  }

  std::string_view text() const {
    return unpacked_ ? std::string_view(*unpacked_) : mapped_->text();
  }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(text())); }

 private:
  std::optional<mapped_file> mapped_;
  std::shared_ptr<const std::string> unpacked_;
};

}  // namespace calibra::io
