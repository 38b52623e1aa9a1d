// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "calibra/options.hpp"

namespace calibra::cli {

/// What the numbers in SCORES are.
enum class score_form { logits, probabilities, confidences };

enum class report_format { table, json, csv, markdown };

/// What all commands that read scores and labels are told. Files are calibra::io::load()
/// specifications.
struct data_request {
  std::string scores;
  std::string labels;
  score_form from = score_form::logits;
  std::string weights = {};
  std::optional<std::int64_t> ignore_label = {};
  unsigned threads = 1;
  nan_policy nan = nan_policy::reject;
  bool renormalise = false;
};

struct eval_request {
  data_request data;
  std::size_t bins = 15;
  bin_scheme scheme = bin_scheme::equal_width;
  std::optional<edge_side> side = {};        ///< none: the convention's
  std::optional<binary_target> target = {};  ///< none: the convention's
  std::string like = "calibra";
  std::vector<std::string> metrics = {};  ///< none: all
  bool classwise = false;
  bool sigmoid = false;
  std::string proximity = {};
  report_format format = report_format::table;
  std::string output = {};  ///< none: standard output
};

}  // namespace calibra::cli
