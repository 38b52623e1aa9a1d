// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "calibra/error.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/mapped_file.hpp"

namespace calibra::io {

namespace detail {

/// Names of temporary files that exist now, for remove_temporary_files(). A process writes few
/// files at a time; those beyond the slots are not remembered.
inline std::array<std::atomic<const char*>, 64> temporary_names{};

inline void remember_temporary(const char* name) noexcept {
  for (std::atomic<const char*>& slot : temporary_names) {
    const char* free = nullptr;
    if (slot.compare_exchange_strong(free, name)) return;
  }
}
inline void forget_temporary(const char* name) noexcept {
  for (std::atomic<const char*>& slot : temporary_names) {
    const char* held = name;
    if (slot.compare_exchange_strong(held, nullptr)) return;
  }
}

}  // namespace detail

/// Removes the temporary files of all `atomic_file`s of this process that have not been committed.
/// For a signal handler that then ends the process: it does nothing that a handler may not do.
inline void remove_temporary_files() noexcept {
  static_assert(std::atomic<const char*>::is_always_lock_free);
  for (const std::atomic<const char*>& slot : detail::temporary_names)
    if (const char* name = slot.load()) ::unlink(name);
}

/// A file that comes into being whole or not at all: bytes go to a temporary file in the same
/// directory, `commit` renames it over the target. Without a commit (an exception on the way) the
/// temporary is removed and the target stays as it was. A symbolic link is followed: the file it
/// points to is replaced, or made where there is none. The new file has the permissions that any
/// new file gets.
/// A signal that ends the process leaves the temporary file behind, unless its handler calls
/// `remove_temporary_files`.
/// A reader sees the old file or the new one; nothing is promised about a loss of power (no fsync).
class atomic_file {
 public:
  /// Throws io_error with the path and the reason: a directory, not a regular file, no such
  /// directory, no permission.
  explicit atomic_file(const std::string& path)
      : path_(path), target_(target_of(path)), temporary_(), file_(open_temporary()) {}
  atomic_file(const atomic_file&) = delete;
  atomic_file& operator=(const atomic_file&) = delete;
  ~atomic_file() {
    if (temporary_.empty()) return;
    ::unlink(temporary_.c_str());
    detail::forget_temporary(temporary_.c_str());
  }

  /// Appends `bytes`. Throws io_error with the reason (no space left, file too large).
  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  /// Puts the file in its place; call once, last. Throws io_error with the reason.
  void commit() {
    if (!file_.close()) fail(errno);
    if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
    detail::forget_temporary(temporary_.c_str());
    temporary_.clear();
  }

 private:
  [[noreturn]] void fail(int code) const {
    throw io_error(detail::concat(path_, ": cannot write: ", detail::reason(code)));
  }

  static std::string target_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return end_of_links(path);
    if (S_ISDIR(status.st_mode))
      throw io_error(detail::concat(path, ": cannot write: it is a directory"));
    if (!S_ISREG(status.st_mode))
      throw io_error(detail::concat(path, ": cannot write: it is not a regular file"));
    std::error_code failed;
    const std::filesystem::path resolved = std::filesystem::canonical(path, failed);
    return failed ? path : resolved.string();
  }

  /// Where links lead that end in a file that does not exist yet.
  static std::string end_of_links(const std::string& path) {
    std::filesystem::path at = path;
    for (int links = 0; links < 40; ++links) {
      std::error_code none;
      const std::filesystem::path next = std::filesystem::read_symlink(at, none);
      if (none) return at.string();
      at = at.parent_path() / next;  // an absolute `next` replaces it all
    }
    throw io_error(detail::concat(path, ": cannot write: ", detail::reason(ELOOP)));
  }

  int open_temporary() {
    static std::atomic<unsigned> counter{0};
    const auto directory = std::filesystem::path(target_).parent_path();
    for (;;) {
      const std::string name = detail::concat(".calibra-", ::getpid(), '-', counter++, ".tmp");
      temporary_ = (directory / name).string();
      detail::remember_temporary(temporary_.c_str());  // first, so that no signal comes in between
      const int file = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (file >= 0) return file;
      const int code = errno;
      detail::forget_temporary(temporary_.c_str());
      if (code != EEXIST) fail(code);
    }
  }

  std::string path_;
  std::string target_;
  std::string temporary_;
  detail::descriptor file_;
};

/// Writes `bytes` (text or binary) to `path` by an `atomic_file`.
/// Throws io_error with the path and the reason; then `path` is as it was and nothing is left over.
inline void write_file(const std::string& path, std::string_view bytes) {
  atomic_file file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace calibra::io
