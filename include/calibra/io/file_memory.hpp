// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <new>
#include <string>
#include <utility>

#include "calibra/detail/hinted_memory.hpp"
#include "calibra/error.hpp"
#include "calibra/io/detail/mapped_ranges.hpp"
#include "calibra/io/mapped_file.hpp"

namespace calibra::io {

/// Memory for more than fits into memory: large blocks lie in temporary files, mapped, once what is
/// in use would be more than a budget. With an object of it as std::pmr::get_default_resource(),
/// samples, and labels that have to be converted, take any number of rows, and what comes out is
/// the same to the last bit:
///
///     calibra::io::file_memory memory(512 << 20);
///     std::pmr::set_default_resource(&memory);
///
/// The files have no name, so that none is left whatever ends the process; their space is reserved
/// when they are made. A sort needs as much again for a while: 8 bytes of disk a row of float
/// scores in all, 16 of double, and half as much more where samples are appended. Blocks of less
/// than 1 MiB are always in memory. POSIX; a folder in memory (tmpfs) gains nothing. How much of
/// the files is in memory at a time is for the system to say, or for io::resident_limit. Safe to
/// use from several threads. Throws io_error with the folder and the reason: not writable, or too
/// little space left.
class file_memory : public calibra::detail::hinted_memory {
 public:
  /// `budget`: bytes of memory. `folder`: for the files; none: TMPDIR, or else /var/tmp.
  explicit file_memory(std::size_t budget, std::string folder = {})
      : budget_(budget), folder_(folder.empty() ? default_folder() : std::move(folder)) {}
  file_memory(const file_memory&) = delete;
  file_memory& operator=(const file_memory&) = delete;
  ~file_memory() override = default;

  /// Bytes in use now: in memory, and in files.
  [[nodiscard]] std::size_t in_memory() const {
    const std::lock_guard lock(mutex_);
    return in_memory_;
  }
  [[nodiscard]] std::size_t in_files() const {
    const std::lock_guard lock(mutex_);
    return in_files_;
  }
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }

  /// A system keeps a file in pieces of up to 2 MiB, as it was written, and brings in a whole one
  /// where a byte of it is touched: writes that go everywhere would have all of it in memory at
  /// once. So what is there is dropped, and pages of the least size are made. Linux: elsewhere it
  /// does nothing.
  void begin_scattered_writes(void* block) override {
#ifdef FALLOC_FL_ZERO_RANGE
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(block);
    if (found == files_.end()) return;
    const auto& [bytes, file] = found->second;
    if (::fallocate(file->get(), FALLOC_FL_ZERO_RANGE, 0, static_cast<off_t>(bytes)) == 0)
      ::madvise(block, bytes, MADV_RANDOM);
#else
    static_cast<void>(block);
#endif
  }
  void end_scattered_writes(void* block) noexcept override {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(block);
    if (found != files_.end()) ::madvise(block, found->second.bytes, MADV_NORMAL);
  }

 private:
  static constexpr std::size_t least = std::size_t{1} << 20;

  struct file_block {
    std::size_t bytes;
    std::unique_ptr<detail::descriptor> file;
  };

  static std::string default_folder() {
    const char* chosen = std::getenv("TMPDIR");
    return chosen != nullptr && *chosen != '\0' ? chosen : "/var/tmp";
  }

  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    {
      const std::lock_guard lock(mutex_);
      if (bytes < least || (in_memory_ <= budget_ && bytes <= budget_ - in_memory_)) {
        void* block = ::operator new(bytes, std::align_val_t(alignment));
        in_memory_ += bytes;
        return block;
      }
    }
    std::map<void*, file_block> one;
    one.emplace(nullptr, file_block{bytes, std::make_unique<detail::descriptor>(nameless_file())});
    auto entry = one.extract(nullptr);
    void* const block = map(*entry.mapped().file, bytes);
    entry.key() = block;
    const std::lock_guard lock(mutex_);
    files_.insert(std::move(entry));
    in_files_ += bytes;
    return block;
  }
  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override {
    std::map<void*, file_block>::node_type entry;
    {
      const std::lock_guard lock(mutex_);
      entry = files_.extract(block);
      if (entry.empty()) {
        in_memory_ -= bytes;
        ::operator delete(block, bytes, std::align_val_t(alignment));
        return;
      }
      in_files_ -= bytes;
    }
    detail::mapped_ranges.remove(block);
    ::munmap(block, bytes);
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }

  void* map(const detail::descriptor& file, std::size_t bytes) const {
    if (const int code = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes)); code != 0)
      fail(detail::concat("cannot reserve ", bytes, " bytes"), code);
    void* block = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (block == MAP_FAILED) fail("cannot map a temporary file", errno);
    detail::mapped_ranges.add("a temporary file", block, bytes);
    return block;
  }
  [[nodiscard]] int nameless_file() const {
#ifdef O_TMPFILE
    const int made = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (made >= 0) return made;
#endif
    std::string name = folder_ + "/calibra-XXXXXX";
    const int file = ::mkostemp(name.data(), O_CLOEXEC);
    if (file < 0) fail("cannot make a temporary file", errno);
    ::unlink(name.c_str());
    return file;
  }
  [[noreturn]] void fail(const std::string& what, int code) const {
    throw io_error(detail::concat(folder_, ": ", what, ": ", detail::reason(code)));
  }

  std::size_t budget_;
  std::string folder_;
  mutable std::mutex mutex_;
  std::map<void*, file_block> files_;
  std::size_t in_memory_ = 0;
  std::size_t in_files_ = 0;
};

}  // namespace calibra::io
