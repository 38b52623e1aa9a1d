// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "shards.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
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
#include "calibra/io/file_kind.hpp"
#include "calibra/io/mapped_file.hpp"
#include "calibra/io/write_file.hpp"
#include "memory_limit.hpp"

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

bool is_list(const std::string& spec) {
  return spec.size() > 1 && spec[0] == '@';
}
/// A folder whose name is that of a file is left to whoever reads the file.
bool is_folder(const std::string& spec) {
  std::error_code ignored;
  return fs::is_directory(spec, ignored) &&
         io::detail::kind_by_name(spec) == io::file_kind::unknown;
}

/// The lines of a list that are not empty, in their order. Names are relative to where the program
/// runs.
std::vector<std::string> files_of_list(const std::string& spec) {
  const io::mapped_file list(spec.substr(1));
  std::vector<std::string> files;
  for (std::string_view rest = list.text(); !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) files.emplace_back(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (files.empty()) throw io_error(concat(spec.substr(1), ": expected a name of a file a line"));
  return files;
}

/// The files in a folder that are not hidden.
std::vector<std::string> files_of_folder(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code status;
  for (const fs::directory_entry& e : fs::directory_iterator(folder, status)) {
    const bool hidden = e.path().filename().string().starts_with('.');
    if (!hidden && e.is_regular_file(status)) files.push_back(e.path().string());
  }
  if (status) throw io_error(concat(folder, ": cannot read: ", status.message()));
  if (files.empty()) throw io_error(concat(folder, ": the folder has no files"));
  std::sort(files.begin(), files.end(), io::detail::natural_before);
  return files;
}

/// The files whose names match, in their folder; what stands behind ':' is kept.
std::vector<std::string> files_of_pattern(const std::string& spec) {
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
  if (status && status != std::errc::no_such_file_or_directory)
    throw io_error(concat(folder.string(), ": cannot read: ", status.message()));
  if (files.empty()) throw io_error(concat(spec, ": no file has such a name"));
  std::sort(files.begin(), files.end(), io::detail::natural_before);
  return files;
}

std::vector<std::string> files_of(const std::string& spec) {
  std::vector<std::string> files = is_list(spec)     ? files_of_list(spec)
                                   : is_folder(spec) ? files_of_folder(spec)
                                                     : files_of_pattern(spec);
  std::set<std::string> seen;
  for (const std::string& file : files)
    if (!seen.insert(fs::path(file).lexically_normal().string()).second)
      throw io_error(concat(file, ": named twice by ", spec));
  return files;
}

/// What '*' or '?' stands for in the name of a file that matches, where there is one of them.
std::optional<std::string> matched(const std::string& pattern_spec, const std::string& file_spec) {
  const auto name_of = [](const std::string& spec) {
    return fs::path(spec.substr(0, spec.find(':'))).filename().string();
  };
  const std::string pattern = name_of(pattern_spec), file = name_of(file_spec);
  const std::size_t at = pattern.find_first_of("*?");
  if (is_list(pattern_spec) || is_folder(pattern_spec) || at == std::string::npos)
    return std::nullopt;
  if (pattern.find_first_of("*?", at + 1) != std::string::npos) return std::nullopt;
  return file.substr(at, file.size() - (pattern.size() - 1));
}

}  // namespace

bool names_several(const std::string& spec) {
  std::error_code ignored;
  if (fs::exists(spec, ignored)) return is_folder(spec);
  return spec.find_first_of("*?") != std::string::npos || is_list(spec);
}

std::string first_file(const std::string& spec) {
  return names_several(spec) ? files_of(spec)[0] : spec;
}

std::vector<data_request> shards_of(const data_request& request) {
  // The other files that go with those of scores.
  struct {
    const std::string& spec;
    std::string data_request::*of;
    const char* what;
  } const others[] = {{request.labels, &data_request::labels, "labels"},
                      {request.weights, &data_request::weights, "weights"}};
  if (!names_several(request.scores)) {
    for (const auto& other : others)
      if (names_several(other.spec))
        throw io_error(concat(other.spec, ": several files of ", other.what,
                              " are for several of scores, got ", request.scores));
    return {request};
  }
  const std::vector<std::string> scores = files_of(request.scores);
  std::vector<data_request> shards(scores.size(), request);
  for (std::size_t i = 0; i < scores.size(); ++i) shards[i].scores = scores[i];
  for (const auto& other : others) {
    if (other.spec.empty()) continue;
    if (shards.size() == 1 && !names_several(other.spec)) continue;
    if (!names_several(other.spec))
      throw io_error(concat(other.spec, ": expected a file of ", other.what, " for each of the ",
                            scores.size(), " files of ", request.scores, ", got one"));
    const std::vector<std::string> files = files_of(other.spec);
    if (files.size() != scores.size())
      throw io_error(concat(other.spec, ": expected ", scores.size(), " files as of ",
                            request.scores, ", got ", files.size()));
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto of_scores = matched(request.scores, scores[i]);
      const auto of_other = matched(other.spec, files[i]);
      if (of_scores && of_other && of_scores != of_other)
        throw io_error(concat(files[i], ": expected the ", other.what, " of ", scores[i],
                              ", whose name it does not have"));
      shards[i].*other.of = files[i];
    }
  }
  return shards;
}

void add(std::optional<evidence>& sum, evidence more) {
  if (sum)
    *sum += more;
  else
    sum = std::move(more);
}

void save_evidence(const std::string& file, evidence e) {
  io::write_file(file, to_bytes(std::move(e)));
}

merged_evidence merge_files(const merge_request& request) {
  limit_memory(request.memory);
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
      add(sum, std::move(more));
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
