// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string_view>

#include "calibra/io/mapped_file.hpp"
#include "calibra/io/write_file.hpp"

namespace calibra::cli {

namespace detail {

/// The default action of the signal is back in place when this runs, and follows it.
extern "C" inline void remove_files_and_end(int signal) {
  io::remove_temporary_files();
  ::raise(signal);
}

inline void write_to_errors(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// A page that is no longer there: of a file that became shorter, a sentence and status 1; the
/// default action where it is of no file. Other threads may run into the same.
extern "C" inline void say_what_shrank(int signal, siginfo_t* info, void*) {
  const char* name = io::name_of_mapped_file(info->si_addr);
  if (name == nullptr) {
    ::signal(signal, SIG_DFL);  // it is read again when this returns
    return;
  }
  static std::atomic_flag said;
  while (said.test_and_set()) ::pause();  // another thread ends the program
  io::remove_temporary_files();
  write_to_errors("calibra: ");
  write_to_errors(name);
  write_to_errors(": cannot be read: it became shorter, or its disk failed\n");
  ::_exit(1);
}

inline bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN;
}

}  // namespace detail

/// Makes signals that end the program take its unfinished files along. Signals that it was started
/// to ignore stay ignored. A file beyond the size limit becomes an error of the write, and one that
/// shrinks while it is read a sentence.
inline void handle_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    if (detail::is_ignored(signal)) continue;
    struct sigaction action {};
    action.sa_handler = detail::remove_files_and_end;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(signal, &action, nullptr);
  }
  struct sigaction shrunk {};
  shrunk.sa_sigaction = detail::say_what_shrank;
  shrunk.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &shrunk, nullptr);
  ::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace calibra::cli
