// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

#include "calibra/io/write_file.hpp"

namespace calibra::cli {

namespace detail {

/// The default action of the signal is back in place when this runs, and follows it.
extern "C" inline void remove_files_and_end(int signal) {
  io::remove_temporary_files();
  ::raise(signal);
}

}  // namespace detail

/// Makes signals that end the program take its unfinished files along. Signals that it was started
/// to ignore stay ignored. A file beyond the size limit becomes an error of the write.
inline void remove_files_on_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
    action.sa_handler = detail::remove_files_and_end;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(signal, &action, nullptr);
  }
  ::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace calibra::cli
