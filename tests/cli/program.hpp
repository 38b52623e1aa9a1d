// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

#include "calibra/array/view.hpp"
#include "calibra/io/npy.hpp"
#include "io_files.hpp"

namespace cli_test {

using io_test::read_all;

struct outcome {
  int status;
  std::string out;
  std::string err;
  std::size_t peak_bytes;  ///< largest resident size, mapped files included
};

/// How the program is run besides its arguments.
struct surroundings {
  std::string locale = "C";
  std::string in = {};         ///< where standard input comes from; empty: from nothing
  std::string out = {};        ///< where standard output goes instead of outcome::out
  std::size_t data_limit = 0;  ///< bytes of private writable memory; 0: no limit
  std::size_t file_limit = 0;  ///< bytes of a file that is written; 0: no limit
  std::string temporary = {};  ///< TMPDIR; empty: as it is
};

/// The program with its arguments, words separated by blanks, as execv() takes it.
class command_line {
 public:
  explicit command_line(const std::string& arguments) : words_{CALIBRA_PROGRAM} {
    for (std::size_t at = 0; at < arguments.size();) {
      const std::size_t end = std::min(arguments.find(' ', at), arguments.size());
      words_.push_back(arguments.substr(at, end - at));
      at = end + 1;
    }
    for (std::string& w : words_) argv_.push_back(w.data());
    argv_.push_back(nullptr);
  }
  char** argv() { return argv_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> argv_;
};

/// A fresh directory in which the program runs: names in its messages are relative to it.
class workplace : public io_test::scratch {
 public:
  /// Words separated by blanks.
  outcome run(const std::string& arguments, const surroundings& s = {}) const {
    command_line command(arguments);
    const io_test::scratch streams;
    const std::string out = s.out.empty() ? streams.path("out") : s.out;
    const std::string err = streams.path("err");
    const std::string directory = path("");
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork");
    if (child == 0) {
      ::setenv("LC_ALL", s.locale.c_str(), 1);
      if (!s.temporary.empty()) ::setenv("TMPDIR", s.temporary.c_str(), 1);
      if (s.data_limit != 0) {
        const rlimit limit{s.data_limit, s.data_limit};
        if (::setrlimit(RLIMIT_DATA, &limit) != 0) ::_exit(126);
      }
      if (s.file_limit != 0) {
        const rlimit limit{s.file_limit, s.file_limit};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(126);
      }
      if (::chdir(directory.c_str()) != 0 || !redirect(out, 1) || !redirect(err, 2)) ::_exit(126);
      const int in = ::open(s.in.empty() ? "/dev/null" : s.in.c_str(), O_RDONLY);
      if (in < 0 || ::dup2(in, 0) != 0) ::_exit(126);
      ::execv(CALIBRA_PROGRAM, command.argv());
      ::_exit(127);
    }
    int status = 0;
    rusage usage{};
    if (::wait4(child, &status, 0, &usage) != child) throw std::runtime_error("wait4");
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            s.out.empty() ? read_all(out) : "", read_all(err),
            static_cast<std::size_t>(usage.ru_maxrss) * 1024};
  }

  /// Starts the program and goes on; the caller waits for it. What it prints is lost.
  pid_t start(const std::string& arguments) const {
    command_line command(arguments);
    const std::string directory = path("");
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork");
    if (child == 0) {
      if (::chdir(directory.c_str()) != 0 || !redirect("/dev/null", 1) || !redirect("/dev/null", 2))
        ::_exit(126);
      ::execv(CALIBRA_PROGRAM, command.argv());
      ::_exit(127);
    }
    return child;
  }

  /// .npy files of numbers.
  template<class T>
  void save(const std::string& name, std::size_t rows, std::size_t cols,
            const std::vector<T>& x) const {
    calibra::io::save_npy(path(name), calibra::matrix_view<const T>(x.data(), rows, cols));
  }
  template<class T>
  void save(const std::string& name, const std::vector<T>& x) const {
    calibra::io::save_npy(path(name), calibra::vector_view<const T>(x.data(), x.size()));
  }

 private:
  static bool redirect(const std::string& file, int descriptor) {
    const int opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    return opened >= 0 && ::dup2(opened, descriptor) == descriptor;
  }
};

/// A run of the program that stops where it prints: nobody reads its standard output, a full pipe.
class blocked_run {
 public:
  blocked_run(const workplace& files, const std::string& arguments) {
    if (::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("pipe2");
    const std::string filling(4096, ' ');
    while (::write(pipe_[1], filling.data(), filling.size()) > 0) {
    }
    while (::write(pipe_[1], filling.data(), 1) > 0) {
    }
    ::fcntl(pipe_[1], F_SETFL, 0);  // a write waits from now on
    command_line command(arguments);
    const std::string directory = files.path("");
    child_ = ::fork();
    if (child_ < 0) throw std::runtime_error("fork");
    if (child_ == 0) {
      if (::chdir(directory.c_str()) != 0 || ::dup2(pipe_[1], 1) != 1) ::_exit(126);
      ::execv(CALIBRA_PROGRAM, command.argv());
      ::_exit(127);
    }
  }
  blocked_run(const blocked_run&) = delete;
  blocked_run& operator=(const blocked_run&) = delete;
  ~blocked_run() {
    if (running()) end_by(SIGKILL);
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }

  bool running() const {
    int status = 0;
    if (child_ > 0 && ::waitpid(child_, &status, WNOHANG) == child_) child_ = 0;
    return child_ > 0;
  }
  /// Sends the signal; gives the status as outcome::status.
  int end_by(int signal) const {
    int status = 0;
    ::kill(child_, signal);
    if (::waitpid(child_, &status, 0) != child_) throw std::runtime_error("waitpid");
    child_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  int pipe_[2] = {};
  mutable pid_t child_ = 0;
};

/// What a command that fails says.
inline std::string error_of(const workplace& files, const std::string& arguments, int status) {
  INFO(arguments);
  const outcome r = files.run(arguments);
  CHECK(r.status == status);
  CHECK(r.out == "");
  return r.err;
}

/// Four samples of three classes whose metrics are exact in binary: confidences 0.75, 0.5, 0.5,
/// 0.875; the first and the third are hits.
inline const std::vector<double> small_scores = {0.125, 0.75, 0.125, 0.5,    0.25,   0.25,
                                                 0.25,  0.25, 0.5,   0.0625, 0.0625, 0.875};
inline const std::vector<std::int64_t> small_labels = {1, 1, 2, 0};

class small_workplace : public workplace {
 public:
  small_workplace() {
    save("p.npy", 4, 3, small_scores);
    save("y.npy", small_labels);
  }
};

}  // namespace cli_test
