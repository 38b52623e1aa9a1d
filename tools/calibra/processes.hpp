// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace calibra::cli {

/// The processes that mpirun started for one run, if it did: files are dealt out to them, and the
/// first puts together what the others found. The one of a program that was started by itself is
/// the first of one. processes_mpi.cpp has these for MPI, processes_alone.cpp without.
struct processes {
  int own = 0;
  int count = 1;
  bool first() const { return own == 0; }
};

/// Joins the others.
void join_processes();
/// Throws option_error where mpirun started several and the program was built without MPI.
void expect_joined();
const processes& all_processes();

/// The lowest process that says `failed`; `count` where none does. Every process has to call it.
int first_that_failed(bool failed);

/// To the first process.
void send_to_first(std::string_view bytes);
/// What process `from` sent to the first.
std::string received_from(int from);

/// After all has been said: every process has to call it.
void leave_processes();
/// Ends every process at once with the status, where there are several.
void end_processes(int status);

}  // namespace calibra::cli
