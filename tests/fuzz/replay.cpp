// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// replay CORPUS: gives the targets their files, CORPUS/TARGET/*, and of those below 2 KB every
// beginning too. A file that is called valid-* has to be read. Ends with status 1 where a reader
// did what it must not, where a target has no file, and where files have no target.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "fuzz.hpp"

namespace {

namespace fs = std::filesystem;

std::string now;  // what is being run, for a crash

void say_what_crashed(int signal) {
  const auto ignored = ::write(STDERR_FILENO, now.data(), now.size());
  static_cast<void>(ignored);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class replay {
 public:
  void run(const fuzz::target& target, const fs::path& file) {
    constexpr std::size_t short_file = 2048;
    const std::string bytes = read_all(file);
    const std::string name = file.filename().string();
    const bool read = give(target, name, bytes, bytes.size());
    if (name.starts_with("valid-") && !read) fail(target, name, "expected it to be read");
    if (bytes.size() < short_file)
      for (std::size_t n = 0; n < bytes.size(); ++n) give(target, name, bytes, n);
  }
  void fail(const fuzz::target& target, const std::string& name, const char* what) {
    std::printf("%s/%s: %s\n", std::string(target.name).c_str(), name.c_str(), what);
    ++failures_;
  }
  [[nodiscard]] std::size_t failures() const { return failures_; }
  [[nodiscard]] std::size_t runs() const { return runs_; }

 private:
  bool give(const fuzz::target& target, const std::string& name, const std::string& bytes,
            std::size_t length) {
    ++runs_;
    const std::string place = name + ", " + std::to_string(length) + " bytes";
    now = "crashed: " + std::string(target.name) + '/' + place + '\n';
    try {
      // A copy of its own, so that a sanitizer sees what reads behind the end.
      return target.run(std::string(bytes.data(), length));
    } catch (const std::exception& e) {
      fail(target, place, e.what());
      return false;
    }
  }

  std::size_t failures_ = 0, runs_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s CORPUS\n", arguments[0]);
    return 2;
  }
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT}) std::signal(signal, say_what_crashed);
  std::map<std::string, std::vector<fs::path>> files;
  for (const auto& folder : fs::directory_iterator(arguments[1])) {
    auto& inside = files[folder.path().filename().string()];
    for (const auto& file : fs::directory_iterator(folder)) inside.push_back(file.path());
    std::sort(inside.begin(), inside.end());
  }
  replay all;
  for (const fuzz::target* target : fuzz::targets()) {
    const auto found = files.find(std::string(target->name));
    if (found == files.end() || found->second.empty()) {
      all.fail(*target, "", "expected files, got none");
      continue;
    }
    for (const fs::path& file : found->second) all.run(*target, file);
    files.erase(found);
  }
  for (const auto& [name, inside] : files)
    std::printf("%s: %zu files without a target\n", name.c_str(), inside.size());
  std::printf("%zu runs, %zu failures\n", all.runs(), all.failures());
  return all.failures() == 0 && files.empty() ? 0 : 1;
}
