// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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
  std::string out = {};        ///< where standard output goes instead of outcome::out
  std::size_t data_limit = 0;  ///< bytes of private writable memory; 0: no limit
};

/// A fresh directory in which the program runs: names in its messages are relative to it.
class workplace : public io_test::scratch {
 public:
  /// Words separated by blanks.
  outcome run(const std::string& arguments, const surroundings& s = {}) const {
    std::vector<std::string> words{CALIBRA_PROGRAM};
    for (std::size_t at = 0; at < arguments.size();) {
      const std::size_t end = std::min(arguments.find(' ', at), arguments.size());
      words.push_back(arguments.substr(at, end - at));
      at = end + 1;
    }
    std::vector<char*> argv;
    for (std::string& w : words) argv.push_back(w.data());
    argv.push_back(nullptr);

    const io_test::scratch streams;
    const std::string out = s.out.empty() ? streams.path("out") : s.out;
    const std::string err = streams.path("err");
    const std::string directory = path("");
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork");
    if (child == 0) {
      ::setenv("LC_ALL", s.locale.c_str(), 1);
      if (s.data_limit != 0) {
        const rlimit limit{s.data_limit, s.data_limit};
        if (::setrlimit(RLIMIT_DATA, &limit) != 0) ::_exit(126);
      }
      if (::chdir(directory.c_str()) != 0 || !redirect(out, 1) || !redirect(err, 2)) ::_exit(126);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    int status = 0;
    rusage usage{};
    if (::wait4(child, &status, 0, &usage) != child) throw std::runtime_error("wait4");
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            s.out.empty() ? read_all(out) : "", read_all(err),
            static_cast<std::size_t>(usage.ru_maxrss) * 1024};
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
