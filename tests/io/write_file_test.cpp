// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/write_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "calibra/io/npy.hpp"
#include "io_files.hpp"

using namespace io_test;
using calibra::io::atomic_file;
using calibra::io::write_file;

TEST_CASE("write_file: new, replaced and empty files", "[io][write]") {
  const scratch files;
  const std::string path = files.path("a.txt");
  write_file(path, {"a\0b\n", 4});
  CHECK(read_all(path) == std::string("a\0b\n", 4));
  write_file(path, "shorter");
  CHECK(read_all(path) == "shorter");
  write_file(path, "");
  CHECK(read_all(path).empty());
  CHECK(files.entries() == 1);

  const mode_t mask = ::umask(022);
  ::umask(mask);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == (0666 & ~mask));
}

TEST_CASE("write_file: without a commit nothing happened", "[io][write]") {
  const scratch files;
  const std::string path = files.write("a.txt", "old");
  try {
    atomic_file file(path);
    file.write("new");
    CHECK(files.entries() == 2);
    CHECK(read_all(path) == "old");
    throw std::runtime_error("in between");
  } catch (const std::runtime_error&) {
  }
  CHECK(read_all(path) == "old");
  CHECK(files.entries() == 1);
}

TEST_CASE("write_file: a link's target is replaced, not the link", "[io][write]") {
  const scratch files;
  write_file(files.path("target"), "old");
  std::filesystem::create_symlink("target", files.path("link"));
  write_file(files.path("link"), "new");
  CHECK(std::filesystem::is_symlink(files.path("link")));
  CHECK(read_all(files.path("target")) == "new");
}

TEST_CASE("write_file: a link to a file that does not exist makes the file", "[io][write]") {
  const scratch files;
  std::filesystem::create_directory(files.path("d"));
  std::filesystem::create_symlink("second", files.path("first"));
  std::filesystem::create_symlink("d/target", files.path("second"));
  write_file(files.path("first"), "new");
  CHECK(std::filesystem::is_symlink(files.path("first")));
  CHECK(std::filesystem::is_symlink(files.path("second")));
  CHECK(read_all(files.path("d/target")) == "new");

  std::filesystem::create_symlink(files.path("d/far"), files.path("absolute"));
  write_file(files.path("absolute"), "new");
  CHECK(std::filesystem::is_symlink(files.path("absolute")));
  CHECK(read_all(files.path("d/far")) == "new");

  std::filesystem::create_symlink("circle", files.path("circle"));
  CHECK(files.message([&] { write_file(files.path("circle"), "x"); }) ==
        "circle: cannot write: Too many levels of symbolic links");
  std::filesystem::create_symlink("none/target", files.path("lost"));
  CHECK(files.message([&] { write_file(files.path("lost"), "x"); }) ==
        "lost: cannot write: No such file or directory");
}

TEST_CASE("write_file: a signal handler can remove what is not committed", "[io][write]") {
  const scratch files;
  const std::string path = files.write("a.txt", "old");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGTERM, [](int) {
      calibra::io::remove_temporary_files();
      ::_exit(7);
    });
    write_file(files.path("b.txt"), "committed");
    { atomic_file dropped(path); }
    atomic_file first(path);
    atomic_file second(files.path("c.txt"));
    first.write("new");
    if (files.entries() == 4) ::raise(SIGTERM);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
  CHECK(files.entries() == 2);
  CHECK(read_all(path) == "old");
  CHECK(read_all(files.path("b.txt")) == "committed");
}

TEST_CASE("write_file: what cannot be written is named, and nothing is left", "[io][write]") {
  const scratch files;
  std::filesystem::create_directory(files.path("d"));
  CHECK(files.message([&] { write_file(files.path("d"), "x"); }) ==
        "d: cannot write: it is a directory");
  CHECK(files.message([&] { write_file("/dev/null", "x"); }) ==
        "/dev/null: cannot write: it is not a regular file");
  CHECK(files.message([&] { write_file(files.path("none/a"), "x"); }) ==
        "none/a: cannot write: No such file or directory");
  write_file(files.path("f"), "x");
  CHECK(files.message([&] { write_file(files.path("f/a"), "x"); }) ==
        "f/a: cannot write: Not a directory");
  CHECK(files.message([&] { write_file("", "x"); }) == ": cannot write: No such file or directory");
  const std::string long_name(300, 'n');
  CHECK(files.message([&] { write_file(files.path(long_name), "x"); }) ==
        long_name + ": cannot write: File name too long");
  CHECK(files.entries() == 2);
}

TEST_CASE("save_npy: a disk that is full leaves the old file", "[io][write]") {
  const scratch files;
  const std::string path = files.path("a.npy");
  const std::vector<double> values(100000, 1.0);
  const calibra::vector_view<const double> view(values.data(), values.size());
  write_file(path, "old");

  // A limit on the size of files stands for the full disk.
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  struct rlimit small = before;
  small.rlim_cur = 4096;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string message = files.message([&] { calibra::io::save_npy(path, view); });
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);

  CHECK(message == "a.npy: cannot write: File too large");
  CHECK(read_all(path) == "old");
  CHECK(files.entries() == 1);
}
