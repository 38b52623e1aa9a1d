// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/table/sample.hpp"
#include "calibra/torch/device_stream.hpp"

namespace calibra::detail {

/// Calls visit(k, pairs) with the pairs (p_ik, [y_i = k]) of every class in turn: probabilities are
/// made on the device and come over a few classes at a time.
template<tensor_scores S, class Visit>
void for_each_device_class(std::string_view where, const S& scores,
                           const optional_column<std::int64_t>& labels, const row_options& o,
                           precision p, Visit visit, std::uint64_t& skipped) {
  const at::NoGradGuard no_grad;
  device_stream stream(where, o);
  device_rows rows;
  if (!stream.next(scores, labels, {o.weights, o.valid}, {.classes = true}, rows)) {
    for (std::int64_t k = 0; k < stream.classes(); ++k)
      visit(static_cast<std::size_t>(k), sample(p));
    return;
  }
  const bool weighted = rows.weight.defined();
  std::vector<at::Tensor> columns = {rows.kept.to(at::kDouble), rows.label.to(at::kDouble)};
  if (weighted) columns.push_back(rows.weight);
  const at::Tensor host = stream.read(at::stack(columns));
  skipped = stream.skipped();
  const auto n = static_cast<std::size_t>(host.size(1));
  const double* kept = host.data_ptr<double>();
  const double* weight = weighted ? kept + 2 * n : nullptr;
  const std::int64_t width =
      std::max<std::int64_t>(1, (std::int64_t{4} << 20) / std::max<std::int64_t>(1, host.size(1)));
  for (std::int64_t first = 0; first < stream.classes(); first += width) {
    const std::int64_t count = std::min(width, stream.classes() - first);
    const at::Tensor block =
        rows.classes.narrow(1, first, count).t().to(at::kDouble).contiguous().to(at::kCPU);
    for (std::int64_t j = 0; j < count; ++j) {
      const double* of_class = block.data_ptr<double>() + static_cast<std::size_t>(j) * n;
      sample pairs(p);
      for (std::size_t i = 0; i < n; ++i) {
        if (kept[i] == 0) continue;
        const bool hit = kept[n + i] == static_cast<double>(first + j);
        pairs.push_back(of_class[i], hit, weight_if_any(weight, i));
      }
      visit(static_cast<std::size_t>(first + j), std::move(pairs));
    }
  }
}

}  // namespace calibra::detail
