// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "kept_shards.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/evaluate/archive.hpp"
#include "calibra/io/input_file.hpp"
#include "calibra/io/mapped_file.hpp"
#include "calibra/version.hpp"
#include "inputs.hpp"
#include "words.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;
namespace fs = std::filesystem;

/// One line a field, so that no two lists of fields are the same text.
template<class... T>
std::string fields(const T&... values) {
  return (concat(values, '\n') + ...);
}

/// What changes when a file does.
std::string state_of(const std::string& spec) {
  if (spec.empty()) return {};
  std::string text = fields(spec);
  for (const std::string& file : files_of_scores(spec)) {
    if (io::is_standard_input(file))
      throw option_error("--resume: standard input is there once; expected files");
    std::error_code failed;
    const fs::path whole = fs::absolute(file, failed);
    const std::uintmax_t size = fs::file_size(file, failed);
    if (failed) throw io_error(concat(file, ": cannot open: ", failed.message()));
    const auto time = fs::last_write_time(file, failed).time_since_epoch().count();
    text += fields(whole.string(), size, time);
  }
  return text;
}

std::string options_text(const eval_request& r) {
  const data_request& d = r.data;
  std::string text =
      fields(CALIBRA_VERSION, r.bins, word(r.scheme), r.side ? word(*r.side) : "",
             r.target ? word(*r.target) : "", r.like, r.classwise, state_of(r.apply), word(d.nan),
             d.renormalise, d.ignore_label.has_value(), d.ignore_label.value_or(0));
  for (const std::string& m : r.metrics) text += fields(m);
  return text;
}

std::string shard_text(const data_request& d) {
  std::string text = fields(
      state_of(d.scores), state_of(d.labels), state_of(d.weights), word(d.from), d.label_column,
      d.label_array, d.score_array, static_cast<int>(d.header), d.records.logits,
      d.records.probabilities, d.records.confidence, d.records.label, d.records.correct,
      d.records.preset, d.records.filter, d.records.scale, static_cast<int>(d.records.by_length),
      d.records.halves, d.records.count_bad, d.class_axis.has_value(), d.class_axis.value_or(0),
      d.records.token.has_value(), d.records.token.value_or(0),
      d.records.missing ? static_cast<int>(*d.records.missing) : -1);
  for (const auto& list : {d.score_columns, d.records.answers, d.names.all()}) {
    text += fields(list.size());
    for (const std::string& item : list) text += fields(item);
  }
  return text;
}

}  // namespace

kept_shards::kept_shards(std::string folder, const eval_request& request)
    : folder_(std::move(folder)), options_(options_text(request)) {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed || !fs::is_directory(folder_, failed))
    throw io_error(concat("--resume: ", folder_, ": cannot make the folder",
                          failed ? concat(": ", failed.message()) : ": it is a file"));
}

std::string kept_shards::file_of(const data_request& shard) const {
  char digits[16] = {};
  const std::uint64_t sum = calibra::detail::checksum(options_ + shard_text(shard));
  const auto end = std::to_chars(digits, digits + sizeof digits, sum, 16).ptr;
  constexpr std::size_t longest = 200;  // of a name, which the sum makes unique anyway
  const std::string name = fs::path(files_of_scores(shard.scores)[0]).filename().string();
  return (fs::path(folder_) /
          concat(name.substr(0, longest), '-', std::string_view(digits, end), ".cal"))
      .string();
}

bool kept_shards::has(const std::string& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

evidence kept_shards::load(const std::string& file, const convention_option& like) {
  const io::mapped_file mapped(file);
  return evidence_from_bytes(mapped.text(), file, like);
}

}  // namespace calibra::cli
