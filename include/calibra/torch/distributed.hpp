// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/evaluate/archive.hpp"
#include "calibra/evaluate/evidence.hpp"

namespace calibra {

namespace detail {

/// The tensors of all processes, in the order of their ranks.
template<class Group>
std::vector<at::Tensor> all_gather(Group& group, const at::Tensor& mine) {
  std::vector<std::vector<at::Tensor>> all(1);
  for (int rank = 0; rank < group.getSize(); ++rank) all[0].push_back(at::empty_like(mine));
  std::vector<at::Tensor> own{mine};
  group.allgather(all, own)->wait();
  return all[0];
}

}  // namespace detail

/// The evidence of all processes of a group together, in each of them: what one process that saw
/// all rows would have. Every process calls it, with evidence that was made alike, and gets the
/// same, to the last bit: the parts are added in the order of the ranks.
///
/// `Group` is a `c10d::ProcessGroup`, or one of its backends (Gloo, NCCL, MPI); this header
/// includes none of them. `device`: where the group's tensors lie, a GPU of this process for NCCL.
/// Cost: one exchange of 8 bytes and one of the longest evidence, in bytes as to_bytes() writes it:
/// some kilobytes for tables and means, 8 to 12 bytes a row for metrics on pairs. Each process
/// holds the bytes of all. Throws in every process: option_error where the evidence of two cannot
/// be added; value_error where one process has evidence that to_bytes() does not write. Throws what
/// c10d throws where a process is gone or does not call it within the group's time limit.
template<class Group>
[[nodiscard]] evidence all_reduce(const evidence& mine, Group& group,
                                  const at::Device& device = at::kCPU) {
  std::string bytes;
  std::int64_t size = -1;  // of a process that cannot take part
  try {
    bytes = to_bytes(mine);
    size = static_cast<std::int64_t>(bytes.size());
  } catch (const error&) {
    // said below, in every process
  }
  std::vector<std::int64_t> sizes;
  for (const at::Tensor& t : detail::all_gather(group, at::full({1}, size, at::kLong).to(device)))
    sizes.push_back(t.item<std::int64_t>());
  for (std::size_t rank = 0; rank < sizes.size(); ++rank)
    if (sizes[rank] < 0)
      throw value_error(detail::concat("all_reduce(): the evidence of rank ", rank,
                                       " keeps its rows, which are not exchanged"));
  at::Tensor padded = at::zeros({*std::max_element(sizes.begin(), sizes.end())}, at::kByte);
  std::memcpy(padded.data_ptr<std::uint8_t>(), bytes.data(), bytes.size());
  std::optional<evidence> all;
  std::size_t rank = 0;
  for (const at::Tensor& t : detail::all_gather(group, padded.to(device))) {
    const at::Tensor here = t.cpu();
    const std::string_view part(reinterpret_cast<const char*>(here.data_ptr<std::uint8_t>()),
                                static_cast<std::size_t>(sizes[rank]));
    const evidence of_rank =
        evidence_from_bytes(part, detail::concat("all_reduce(): rank ", rank), mine.like);
    if (all)
      *all += of_rank;
    else
      all = of_rank;
    ++rank;
  }
  return *all;
}

}  // namespace calibra
