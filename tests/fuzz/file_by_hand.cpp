// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The file in memory of the fuzzers. The linker puts these functions in place of the system's calls
// (--wrap), so that a file costs no call of the system, a tenth of the time of a real one, and its
// bytes lie in a block of the heap: AddressSanitizer sees who reads behind the last, or reads a
// file that is no longer mapped.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdarg>
#include <cstdlib>
#include <cstring>

#include "fuzz.hpp"

namespace {

constexpr std::string_view prefix = "fuzz/a.";
constexpr int number = 1 << 20;  // no descriptor of the system's
std::string contents;
void* mapped = nullptr;

}  // namespace

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier): the names that the linker asks for
int __real_open(const char* path, int flags, ...);
int __real_fstat(int file, struct stat* status);
int __real_close(int file);
void* __real_mmap(void* at, size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void* at, size_t size);

int __wrap_open(const char* path, int flags, ...) {
  if (std::string_view(path).starts_with(prefix)) return number;
  std::va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return __real_open(path, flags, mode);
}
int __wrap_fstat(int file, struct stat* status) {
  if (file != number) return __real_fstat(file, status);
  *status = {};
  status->st_mode = S_IFREG;
  status->st_size = static_cast<off_t>(contents.size());
  return 0;
}
int __wrap_close(int file) {
  return file == number ? 0 : __real_close(file);
}
void* __wrap_mmap(void* at, size_t size, int protection, int flags, int file, off_t offset) {
  if (file != number) return __real_mmap(at, size, protection, flags, file, offset);
  mapped = std::malloc(size);
  std::memcpy(mapped, contents.data(), size);
  return mapped;
}
int __wrap_munmap(void* at, size_t size) {
  if (at != mapped) return __real_munmap(at, size);
  std::free(at);
  mapped = nullptr;
  return 0;
}
// NOLINTEND(bugprone-reserved-identifier)

}  // extern "C"

namespace fuzz {

std::string in_memory(std::string_view bytes, std::string_view ending) {
  contents = bytes;
  return std::string(prefix.substr(0, prefix.size() - 1)) + std::string(ending);
}

}  // namespace fuzz
