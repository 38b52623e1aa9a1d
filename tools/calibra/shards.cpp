// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "shards.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "calibra/conventions/all.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/archive.hpp"
#include "calibra/evaluate/evidence_of.hpp"
#include "calibra/io/detail/natural_order.hpp"
#include "calibra/io/mapped_file.hpp"
#include "calibra/io/write_file.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;
namespace fs = std::filesystem;

/// A pattern in which only '*' and '?' mean something.
std::string escaped(std::string_view pattern) {
  std::string out;
  for (const char c : pattern) {
    if (c == '[' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// The files whose names match, in their folder; what stands behind ':' is kept.
std::vector<std::string> files_of(const std::string& spec) {
  const std::size_t colon = spec.find(':');
  const std::string member = colon == std::string::npos ? "" : spec.substr(colon);
  const fs::path pattern(spec.substr(0, colon));
  const fs::path folder = pattern.has_parent_path() ? pattern.parent_path() : fs::path(".");
  if (folder.string().find_first_of("*?") != std::string::npos)
    throw io_error(concat(spec, ": * and ? stand in the name of a file, not of a folder"));
  const std::string wanted = escaped(pattern.filename().string());
  std::vector<std::string> files;
  std::error_code status;
  for (const fs::directory_entry& e : fs::directory_iterator(folder, status)) {
    const std::string name = e.path().filename().string();
    if (::fnmatch(wanted.c_str(), name.c_str(), FNM_PERIOD) != 0) continue;
    files.push_back((pattern.has_parent_path() ? folder / name : fs::path(name)).string() + member);
  }
  if (files.empty()) throw io_error(concat(spec, ": no file has such a name"));
  std::sort(files.begin(), files.end(), io::detail::natural_before);
  return files;
}

/// What '*' or '?' stands for in the name of a file that matches, where there is one of them.
std::optional<std::string> matched(const std::string& pattern_spec, const std::string& file_spec) {
  const auto name_of = [](const std::string& spec) {
    return fs::path(spec.substr(0, spec.find(':'))).filename().string();
  };
  const std::string pattern = name_of(pattern_spec), file = name_of(file_spec);
  const std::size_t at = pattern.find_first_of("*?");
  if (pattern.find_first_of("*?", at + 1) != std::string::npos) return std::nullopt;
  return file.substr(at, file.size() - (pattern.size() - 1));
}

}  // namespace

bool is_pattern(const std::string& spec) {
  std::error_code ignored;
  return spec.find_first_of("*?") != std::string::npos && !fs::exists(spec, ignored);
}

std::vector<data_request> shards_of(const data_request& request) {
  if (!is_pattern(request.scores)) {
    if (is_pattern(request.labels))
      throw io_error(concat(request.labels,
                            ": several files of labels are for several of scores, "
                            "got ",
                            request.scores));
    return {request};
  }
  const std::vector<std::string> scores = files_of(request.scores);
  std::vector<std::string> labels;
  if (!request.labels.empty()) {
    if (!is_pattern(request.labels))
      throw io_error(concat(request.labels, ": expected a file of labels for each of the ",
                            scores.size(), " files of ", request.scores, ", got one"));
    labels = files_of(request.labels);
    if (labels.size() != scores.size())
      throw io_error(concat(request.labels, ": expected ", scores.size(), " files as of ",
                            request.scores, ", got ", labels.size()));
  }
  std::vector<data_request> shards;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    data_request one = request;
    one.scores = scores[i];
    if (!labels.empty()) {
      one.labels = labels[i];
      const auto of_scores = matched(request.scores, scores[i]);
      const auto of_labels = matched(request.labels, labels[i]);
      if (of_scores && of_labels && of_scores != of_labels)
        throw io_error(concat(labels[i], ": expected the labels of ", scores[i],
                              ", whose name it does not have"));
    }
    shards.push_back(std::move(one));
  }
  return shards;
}

void save_evidence(const std::string& file, evidence e) {
  io::write_file(file, to_bytes(std::move(e)));
}

merged_evidence merge_files(const merge_request& request) {
  std::optional<evidence> sum;
  std::string like;
  for (const std::string& file : request.files) {
    const io::mapped_file mapped(file);
    const std::string name = archived_convention(mapped.text(), file);
    if (sum && name != like)
      throw option_error(concat(file, ": made like ", name.empty() ? "none" : name, ", but ",
                                request.files[0], " like ", like.empty() ? "none" : like));
    like = name;
    evidence more = evidence_from_bytes(
        mapped.text(), file,
        name.empty() ? convention_option{} : convention_option{conventions::find(name)});
    try {
      if (sum)
        *sum += more;
      else
        sum = std::move(more);
    } catch (const option_error& e) {
      throw option_error(concat(file, ": ", e.what()));
    }
  }
  merged_evidence out;
  out.request.like = like.empty() ? "calibra" : like;
  out.request.bins = sum->bins.bins;
  out.request.scheme = sum->bins.scheme;
  out.request.side = sum->bins.side;
  out.request.metrics = request.metrics;
  out.request.from_words = "evidence";
  if (!request.save.empty()) save_evidence(request.save, *sum);
  const metric_list list =
      request.metrics.empty() ? measurable(*sum) : all_metrics().only(request.metrics);
  out.found = {evaluate(std::move(*sum), list), {}};
  return out;
}

}  // namespace calibra::cli
