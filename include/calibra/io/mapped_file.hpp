// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "calibra/error.hpp"
#include "calibra/io/detail/mapped_ranges.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io {

namespace detail {

/// What the operating system says about an `errno` value.
inline std::string reason(int code) {
  return std::generic_category().message(code);
}

/// A file descriptor that closes itself.
class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }
  /// Closes now; false where the system reports an error (late write failures).
  bool close() {
    const int number = number_;
    number_ = -1;
    return ::close(number) == 0;
  }

 private:
  int number_;
};

}  // namespace detail

/// The bytes of a whole file, mapped read-only (POSIX mmap, MAP_PRIVATE): pages are read when they
/// are touched and never copied. The file must not shrink while it is mapped: to read what is gone
/// ends the process by SIGBUS, whose handler can ask for the file by `name_of_mapped_file`.
/// Throws io_error with the path and the reason: missing, not readable, a directory, not a regular
/// file, empty.
class mapped_file {
 public:
  explicit mapped_file(const std::string& path) : path_(path) {
    // O_NONBLOCK: a named pipe is refused below instead of waited for.
    const detail::descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0)
      throw io_error(detail::concat(path, ": cannot open: ", detail::reason(errno)));
    struct stat status {};
    if (::fstat(file.get(), &status) != 0)
      throw io_error(detail::concat(path, ": cannot open: ", detail::reason(errno)));
    if (S_ISDIR(status.st_mode))
      throw io_error(detail::concat(path, ": expected a file, got a directory"));
    if (!S_ISREG(status.st_mode))
      throw io_error(
          detail::concat(path, ": expected a regular file, got a device, pipe or socket"));
    if (status.st_size == 0) throw io_error(detail::concat(path, ": the file is empty"));
    size_ = static_cast<std::size_t>(status.st_size);
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address == MAP_FAILED)
      throw io_error(detail::concat(path, ": cannot map: ", detail::reason(errno)));
    address_ = address;
    detail::mapped_ranges.add(path_.c_str(), address_, size_);
  }
  mapped_file(const mapped_file&) = delete;
  mapped_file& operator=(const mapped_file&) = delete;
  ~mapped_file() {
    detail::mapped_ranges.remove(address_);
    ::munmap(address_, size_);
  }

  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(address_), size_};
  }
  /// The same as text.
  std::string_view text() const { return {static_cast<const char*>(address_), size_}; }

 private:
  std::string path_;
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

/// The path of the `mapped_file` that holds an address; null where none does. For a handler of
/// SIGBUS: it does nothing that a handler may not do.
inline const char* name_of_mapped_file(const void* address) noexcept {
  return detail::mapped_ranges.name_at(address);
}

}  // namespace calibra::io
