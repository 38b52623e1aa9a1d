// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "calibra/error.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io::detail {

/// The longest text that is unpacked into memory: 8 GiB.
inline constexpr std::size_t most_unpacked = std::size_t{1} << 33;

enum class packing { none, gzip, zstd };

/// What bytes begin as.
inline packing packing_of(std::string_view bytes) {
  if (bytes.starts_with("\x1f\x8b")) return packing::gzip;
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return packing::zstd;
  return packing::none;
}

/// A text that grows by pieces, up to a bound.
class unpacked_text {
 public:
  explicit unpacked_text(const std::string& name, std::size_t most) : name_(name), most_(most) {}

  /// Room behind the text; `used()` says how much of it was taken.
  std::size_t room() {
    constexpr std::size_t piece = std::size_t{1} << 18;
    if (text_.size() == size_) text_.resize(std::max(2 * size_, piece));
    return text_.size() - size_;
  }
  char* end() { return text_.data() + size_; }
  void used(std::size_t count) {
    size_ += count;
    if (size_ > most_)
      throw io_error(concat(name_, ": holds more than ", most_,
                            " bytes of text; unpack it to a file, which is not read into memory"));
  }
  std::string take() {
    text_.resize(size_);
    return std::move(text_);
  }

 private:
  const std::string& name_;
  std::size_t most_;
  std::string text_;
  std::size_t size_ = 0;
};

/// Unpacks gzip, members one after the other as well. Checksums are verified.
/// Throws io_error: truncated, damaged, something else behind, more than `most` bytes.
inline std::string gunzip(const std::string& name, std::string_view packed,
                          std::size_t most = most_unpacked) {
  z_stream stream{};
  constexpr int gzip_alone = 15 + 16;
  if (::inflateInit2(&stream, gzip_alone) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> holder(&stream, ::inflateEnd);
  unpacked_text text(name, most);
  std::string_view left = packed;
  for (bool more = true; more;) {
    constexpr std::size_t at_once = std::size_t{1} << 30;
    const auto given = static_cast<unsigned>(std::min(left.size(), at_once));
    const auto room = static_cast<unsigned>(std::min(text.room(), at_once));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(left.data()));
    stream.avail_in = given;
    stream.next_out = reinterpret_cast<Bytef*>(text.end());
    stream.avail_out = room;
    const int state = ::inflate(&stream, Z_NO_FLUSH);
    left.remove_prefix(given - stream.avail_in);
    text.used(room - stream.avail_out);
    if (state == Z_STREAM_END) {
      more = !left.empty();
      if (more && packing_of(left) != packing::gzip)
        throw io_error(concat(name, ": ", left.size(), " bytes behind the end of the gzip data"));
      ::inflateReset(&stream);
    } else if (state == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (state == Z_BUF_ERROR || (state == Z_OK && left.empty() && stream.avail_out != 0)) {
      throw io_error(concat(name, ": the gzip data are truncated"));
    } else if (state != Z_OK) {
      throw io_error(concat(name, ": the gzip data are damaged",
                            stream.msg != nullptr ? concat(": ", stream.msg) : std::string()));
    }
  }
  return text.take();
}

/// Unpacks Zstandard, frames one after the other as well. Throws as gunzip().
inline std::string unpack_zstd(const std::string& name, std::string_view packed,
                               std::size_t most = most_unpacked) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(::ZSTD_createDCtx(),
                                                                        ::ZSTD_freeDCtx);
  if (!context) throw std::bad_alloc();
  unpacked_text text(name, most);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t wanted = 1;  // 0 at the end of a frame
  while (in.pos < in.size || wanted != 0) {
    ZSTD_outBuffer out{nullptr, text.room(), 0};
    out.dst = text.end();
    const std::size_t before = in.pos;
    wanted = ::ZSTD_decompressStream(context.get(), &out, &in);
    if (::ZSTD_isError(wanted) != 0)
      throw io_error(
          concat(name, ": the Zstandard data are damaged: ", ::ZSTD_getErrorName(wanted)));
    text.used(out.pos);
    if (in.pos == in.size && in.pos == before && out.pos == 0 && wanted != 0)
      throw io_error(concat(name, ": the Zstandard data are truncated"));
  }
  return text.take();
}

}  // namespace calibra::io::detail
