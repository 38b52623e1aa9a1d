// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "calibra/error.hpp"
#include "processes.hpp"

namespace calibra::cli {

namespace {

processes& joined() {
  static processes all;
  return all;
}

/// MPI counts in int.
constexpr std::size_t most_at_once = std::size_t{1} << 30;

}  // namespace

// A program that mpirun did not start does not pay for MPI_Init().
void join_processes() {
  bool started = false;
  for (const char* name :
       {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK", "PMIX_RANK", "MPI_LOCALNRANKS"})
    started = started || std::getenv(name) != nullptr;
  if (!started) return;
  int threads = 0;  // this thread calls MPI, others compute
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &threads) != MPI_SUCCESS)
    throw io_error("MPI_Init_thread() failed");
  MPI_Comm_rank(MPI_COMM_WORLD, &joined().own);
  MPI_Comm_size(MPI_COMM_WORLD, &joined().count);
}
void expect_joined() {}
const processes& all_processes() {
  return joined();
}

int first_that_failed(bool failed) {
  const int own = failed ? joined().own : joined().count;
  int first = own;
  if (joined().count > 1) MPI_Allreduce(&own, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  return first;
}

void send_to_first(std::string_view bytes) {
  const auto size = static_cast<std::uint64_t>(bytes.size());
  MPI_Send(&size, 1, MPI_UINT64_T, 0, 0, MPI_COMM_WORLD);
  for (std::size_t at = 0; at < bytes.size(); at += most_at_once)
    MPI_Send(bytes.data() + at, static_cast<int>(std::min(most_at_once, bytes.size() - at)),
             MPI_BYTE, 0, 0, MPI_COMM_WORLD);
}
std::string received_from(int from) {
  std::uint64_t size = 0;
  MPI_Recv(&size, 1, MPI_UINT64_T, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < bytes.size(); at += most_at_once)
    MPI_Recv(bytes.data() + at, static_cast<int>(std::min(most_at_once, bytes.size() - at)),
             MPI_BYTE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return bytes;
}

void leave_processes() {
  int there = 0;
  MPI_Initialized(&there);
  if (there != 0) MPI_Finalize();
}
void end_processes(int status) {
  if (joined().count > 1) MPI_Abort(MPI_COMM_WORLD, status);
}

}  // namespace calibra::cli
