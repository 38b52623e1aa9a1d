// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "calibra/evaluate/convention.hpp"
#include "calibra/metrics/metric_list.hpp"
#include "calibra/options.hpp"

namespace calibra::python {

/// What a call is told besides its arrays, in the words of the Python package.
struct settings {
  std::string where = {};  ///< the function, for messages
  std::optional<std::vector<std::string>> metrics = {};
  std::string like = "calibra";
  std::size_t bins = 15;
  std::string scheme = "equal_width";
  std::optional<std::string> side = {};  ///< none: the convention's
  std::vector<double> edges = {};
  std::optional<std::int64_t> ignore_label = {};
  std::string nan = "reject";
  bool renormalise = false;
  std::optional<std::string> binary = {};  ///< none: the convention's
  bool per_class = false;
  unsigned threads = 0;  ///< 0: one a core

  /// `plain`: confidences or several labels a sample, which conventions take as they are. Throws
  /// option_error.
  options as_options(bool plain) const;
  /// The metrics that were asked for; all of them where none were named. Throws option_error.
  metric_list asked_metrics() const;
  const convention& named_convention() const;
  /// Which end of a bin belongs to it.
  edge_side effective_side() const;
};

}  // namespace calibra::python
