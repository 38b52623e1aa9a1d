// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "calibra/io/csv.hpp"
#include "calibra/options.hpp"

namespace calibra::cli {

/// What the numbers in SCORES are.
enum class score_form { logits, probabilities, confidences };

enum class report_format { table, json, csv, markdown };

/// Threads that the program uses unless it is told: one a core.
inline unsigned all_cores() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, 1024U);
}

/// What SCORES are, as far as the command line says.
struct score_request {
  std::string scores;
  score_form from = score_form::logits;
  bool from_said = false;  ///< --from was given; else the values must not look like probabilities
  bool sigmoid = false;
  bool renormalise = false;
  std::vector<std::string> score_columns = {};  ///< of a text table; none: all
  io::header_row header = io::header_row::detected;
};

/// What all commands that read scores and labels are told. Files are calibra::io::load()
/// specifications.
struct data_request : score_request {
  std::string labels;             ///< none: `label_column` of the file of the scores
  std::string label_column = {};  ///< of a text table; none: all columns
  std::string weights = {};
  std::optional<std::int64_t> ignore_label = {};
  unsigned threads = all_cores();
  nan_policy nan = nan_policy::reject;
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
  std::string apply = {};  ///< a model to recalibrate the scores with; none: as they are
  report_format format = report_format::table;
  std::string output = {};  ///< none: standard output
};

}  // namespace calibra::cli
