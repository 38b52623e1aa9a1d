// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The file in memory of the replay: a file of the system's without a place on a disk, behind a link
// for each ending.
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <stdexcept>
#include <system_error>

#include "fuzz.hpp"

namespace fuzz {

namespace {

class linked_file {
 public:
  linked_file() : number_(::memfd_create("calibra", MFD_CLOEXEC)) {
    std::string pattern = (std::filesystem::temp_directory_path() / "calibra-XXXXXX").string();
    if (number_ < 0 || ::mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error("no file in memory");
    folder_ = pattern;
  }
  linked_file(const linked_file&) = delete;
  linked_file& operator=(const linked_file&) = delete;
  ~linked_file() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    ::close(number_);
  }

  std::string write(std::string_view bytes, std::string_view ending) {
    if (::ftruncate(number_, 0) != 0 ||
        ::pwrite(number_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
      throw std::runtime_error("cannot write the file in memory");
    const std::filesystem::path path = folder_ / ("a" + std::string(ending));
    if (links_.emplace(ending).second)
      std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(number_), path);
    return path.string();
  }

 private:
  int number_;
  std::filesystem::path folder_;
  std::set<std::string> links_;
};

}  // namespace

std::string in_memory(std::string_view bytes, std::string_view ending) {
  static linked_file file;
  return file.write(bytes, ending);
}

}  // namespace fuzz
