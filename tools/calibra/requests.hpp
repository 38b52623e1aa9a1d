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

#include "calibra/diagram/reliability_style.hpp"
#include "calibra/interval/interval_options.hpp"
#include "calibra/io/class_names.hpp"
#include "calibra/io/record_options.hpp"
#include "calibra/io/table_options.hpp"
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
  std::string score_array = {};  ///< of a file of several; none: that with a name of scores
  io::header_row header = io::header_row::detected;
  bool takes_class_axis = false;   ///< the command has the flag
  bool takes_confidences = false;  ///< --from takes them
  std::optional<std::ptrdiff_t> class_axis =
      {};  ///< the dimension of the classes; none: the second
};

/// What is said of a JSON file of records, in flags.
struct record_request {
  std::string logits = {}, probabilities = {}, confidence = {};  ///< paths; one of them
  std::string label = {}, correct = {};
  std::string preset = {}, filter = {};
  double scale = 0;  ///< 0: the preset's, or 1
  io::choice_length by_length = io::choice_length::none;
  bool halves = false;
  bool count_bad = false;
  std::vector<std::string> answers = {};
  std::optional<std::size_t> token = {};
  std::optional<io::missing_answer> missing = {};
};

/// What all commands that read scores and labels are told. Files are calibra::io::load()
/// specifications.
struct data_request : score_request {
  std::string labels;             ///< none: `label_column` of the file of the scores
  std::string label_column = {};  ///< of a text table; none: all columns
  std::string label_array = {};   ///< of the file of the scores; none: that with a name of labels
  std::string weights = {};
  std::string cluster = {};  ///< which rows are drawn together
  std::string stratum = {};  ///< which part of the data a row is of
  std::optional<std::int64_t> ignore_label = {};
  unsigned threads = all_cores();
  nan_policy nan = nan_policy::reject;
  std::string class_names = {};  ///< a file; none: those that the files tell
  io::class_names names = {};    ///< of the classes; none: they have numbers alone
  record_request records = {};
  io::record_options layout = {};  ///< what `records` comes to
};

struct eval_request {
  data_request data;
  /// The files that `data` stands for, each with its arrays found; none: `data` itself.
  std::vector<data_request> shards = {};
  std::size_t bins = 15;
  bin_scheme scheme = bin_scheme::equal_width;
  std::optional<edge_side> side = {};        ///< none: the convention's
  std::optional<binary_target> target = {};  ///< none: the convention's
  std::string like = "calibra";
  std::vector<std::string> metrics = {};  ///< none: all
  bool classwise = false;
  std::string proximity = {};
  std::string apply = {};  ///< a model to recalibrate the scores with; none: as they are
  std::string by = {};     ///< "predicted", "label" or a file of groups; none: all samples together
  bool interval = false;
  interval_options intervals = {};
  std::string save_evidence = {};  ///< a file for what the metrics are made of; none: not kept
  std::string resume = {};         ///< a folder for what each of several files comes to; none
  std::size_t memory = 0;          ///< bytes; 0: as it comes
  std::string from_words = {};     ///< what reports say instead of the form of the scores
  report_format format = report_format::table;
  std::string output = {};  ///< none: standard output
};

/// Of `calibra test`.
struct test_request {
  data_request data;
  std::vector<std::string> tests = {};  ///< names; none: all
  std::uint64_t seed = 0;
  report_format format = report_format::table;
  std::string output = {};  ///< none: standard output
};

enum class diagram_kind { reliability, classwise, corp, smooth, cumulative, risk_coverage, groups };

/// Of `calibra diagram`.
struct diagram_request {
  data_request data;
  diagram_kind kind = diagram_kind::reliability;
  std::size_t bins = 15;
  bin_scheme scheme = bin_scheme::equal_width;
  bar_limits limits = bar_limits::wilson;
  double level = 0.95;
  std::string apply = {};  ///< a model to recalibrate the scores with; none: as they are
  std::string by = {};     ///< of groups: "predicted", "label" or a file
  std::string title = {};
  bool dark = false;
  std::string output;
};

/// Of `calibra report`.
struct html_request {
  data_request data;
  std::size_t bins = 15;
  std::string apply = {};
  std::string by = {};
  std::string title = {};
  std::string command = {};  ///< as it was typed
  std::string output;
};

/// Of `calibra compare`.
struct compare_request {
  data_request data;    ///< of the first model
  score_request other;  ///< of the second
  std::size_t bins = 15;
  std::string like = "calibra";
  std::vector<std::string> metrics = {};  ///< none: those that have a comparison
  interval_options intervals = {};
  report_format format = report_format::table;
  std::string output = {};  ///< none: standard output
};

}  // namespace calibra::cli
