// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "records.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/io/detail/json_path.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/file_kind.hpp"
#include "calibra/io/input_file.hpp"
#include "calibra/io/json_records.hpp"
#include "calibra/io/record_presets.hpp"
#include "problem.hpp"
#include "suggest.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

/// The first flag of records that was given; "" for none.
std::string first_said(const record_request& r) {
  const std::pair<const char*, bool> flags[] = {
      {"--logits", !r.logits.empty()},
      {"--probabilities", !r.probabilities.empty()},
      {"--confidence", !r.confidence.empty()},
      {"--correct", !r.correct.empty()},
      {"--label", !r.label.empty()},
      {"--preset", !r.preset.empty()},
      {"--filter", !r.filter.empty()},
      {"--scale", r.scale != 0},
      {"--mutual-information", r.halves},
      {"--bad-lines", r.count_bad},
      {"--normalise", r.by_length != io::choice_length::none},
      {"--answers", !r.answers.empty()},
      {"--token", r.token.has_value()},
      {"--missing-answers", r.missing.has_value()}};
  for (const auto& [flag, said] : flags)
    if (said) return flag;
  return "";
}

void take_preset(data_request& request) {
  const std::string& name = request.records.preset;
  for (const io::record_preset& p : io::record_presets()) {
    if (p.name != name) continue;
    request.layout = p.options;
    request.from = p.confidences ? score_form::confidences : score_form::logits;
    const bool given = !request.records.answers.empty();
    if (p.answers && !given)
      throw option_error(
          concat("--preset ", name, ": expected --answers, the texts of the answers, as A,B,C,D"));
    if (given && !p.answers) throw option_error(concat("--answers: not for --preset ", name));
    return;
  }
  throw option_error(
      concat("--preset: expected one of ", preset_names(), "; got ", io::detail::in_quotes(name)));
}

void take_paths(data_request& request) {
  const record_request& r = request.records;
  if ((!r.logits.empty()) + (!r.probabilities.empty()) + (!r.confidence.empty()) > 1)
    throw option_error("expected one of --logits, --probabilities and --confidence, got several");
  const auto take = [&](const std::string& path, score_form form) {
    if (path.empty()) return;
    request.layout.scores = path;
    request.from = form;
  };
  if (!r.preset.empty() && (!r.logits.empty() || !r.probabilities.empty() || !r.confidence.empty()))
    throw option_error(
        "--preset says where the scores are; expected no --logits, --probabilities or "
        "--confidence");
  take(r.logits, score_form::logits);
  take(r.probabilities, score_form::probabilities);
  take(r.confidence, score_form::confidences);
  if (!r.label.empty()) request.layout.labels = r.label;
  if (!r.correct.empty()) request.layout.labels = r.correct;
  if (!r.correct.empty() && request.from != score_form::confidences)
    throw option_error("--correct: goes with --confidence; classes are --label");
  if (!r.label.empty() && request.from == score_form::confidences)
    throw option_error("--label: goes with --logits or --probabilities; hits are --correct");
  if (request.from == score_form::probabilities) request.layout.padding = 0;
  request.layout.hits = request.from == score_form::confidences;
}

void take_answers(data_request& request) {
  const record_request& r = request.records;
  if (r.answers.empty()) {
    if (r.token || r.missing)
      throw option_error("--token and --missing-answers: only with --answers");
    return;
  }
  if (request.from != score_form::logits)
    throw option_error("--answers: goes with --logits, or with --preset openai or inspect");
  if (r.scale != 0 || r.halves || r.by_length != io::choice_length::none)
    throw option_error("--scale, --normalise and --mutual-information: not with --answers");
  request.layout.answers = r.answers;
  request.layout.token = r.token.value_or(0);
  request.layout.missing = r.missing.value_or(io::missing_answer::impossible);
}

/// The first record of a file; of a document `within` as record_options has it.
nlohmann::json first_record(const std::string& file, const std::string& within = {}) {
  using json = nlohmann::json;
  const io::input_file whole(file);
  const bool document_of_records = io::kind_of(file) == io::file_kind::json;
  std::string_view text = whole.text();
  if (!document_of_records) {
    text.remove_prefix(std::min(text.find_first_not_of("\xef\xbb\xbf\r\n\t "), text.size()));
    text = text.substr(0, text.find('\n'));
  }
  json document = json::parse(text.begin(), text.end(), nullptr, false);
  if (document.is_discarded())
    throw io_error(concat(io::input_name(file), ": the first record is not JSON"));
  if (!document_of_records) return document;
  if (!within.empty())
    if (const auto found = io::detail::json_path(within).find(document); found.size() == 1)
      document = json(std::move(const_cast<json&>(*found[0])));
  if (!document.is_structured() || document.empty())
    throw io_error(
        concat(io::input_name(file), ": expected a list or an object of records, got none"));
  return std::move(document.begin().value());  // a copy of many levels calls itself as often
}

/// "; the first record looks like --preset hle", where it looks like another one than was said.
std::string preset_hint(const data_request& request) {
  for (const io::record_preset& p : io::record_presets()) {
    try {
      if (!io::has_scores(p, first_record(request.scores, p.options.within))) continue;
    } catch (const io_error&) {
      continue;
    }
    return p.name == request.records.preset
               ? ""
               : concat("; the first record looks like --preset ", p.name);
  }
  return "";
}

/// A line about answers that are not among the alternatives of their token.
void say_missing_answers(const data_request& request, const io::record_dump& dump) {
  std::fprintf(stderr,
               "%s: %zu of %zu records lack an answer among the alternatives of their token%s; "
               "%.4g of the mass is of no alternative, on average\n",
               io::input_name(request.scores).c_str(), dump.incomplete, dump.labels.shape()[0],
               dump.incomplete == 0 ? ""
               : request.layout.missing == io::missing_answer::rest
                   ? ", which gets its part of the rest"
                   : ", which counts as impossible",
               dump.mean_rest);
}

/// A line for each of the first `left` values without parts, by its path.
void show_leaves(const nlohmann::json& value, const std::string& path, int depth, std::size_t& left,
                 std::string& out) {
  constexpr int deepest = 20;
  constexpr std::size_t longest = 60;
  if (left == 0) return;
  if (value.is_structured() && !value.empty() && depth < deepest) {
    for (const auto& [key, part] : value.items())
      show_leaves(part, concat(path, '/', io::detail::printable(key)), depth + 1, left, out);
    return;
  }
  std::string text = value.is_structured()
                         ? (value.empty() ? "empty" : "...")
                         : value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  out += concat("  ", path, "  ", text, '\n');
  --left;
}

}  // namespace

std::string preset_names() {
  std::string names;
  for (const io::record_preset& p : io::record_presets())
    names += concat(names.empty() ? "" : ", ", p.name);
  return names;
}

void finish_records(data_request& request) {
  const record_request& r = request.records;
  if (request.scores.ends_with(".eval"))
    throw option_error(concat(request.scores,
                              ": logs of Inspect are read as JSON: inspect log dump ",
                              request.scores, " >log.json"));
  if (!io::holds_records(request.scores)) {
    if (!first_said(r).empty())
      throw option_error(
          concat(first_said(r), ": for records of .jsonl, .ndjson and .json files, got ",
                 io::detail::in_quotes(request.scores),
                 r.label.empty() ? "" : "; --labels and --label-column name labels of others"));
    return;
  }
  if (!request.labels.empty())
    throw option_error(
        concat(request.scores, ": holds the labels too, so that LABELS is not to be given"));
  if (!request.label_column.empty() || !request.score_columns.empty() ||
      !request.score_array.empty() || !request.label_array.empty() ||
      request.header != io::header_row::detected)
    throw option_error(
        "columns of tables and names of arrays are not for records, where paths say what is read");
  if (request.from_said)
    throw option_error(
        "--from: of records --logits, --probabilities, --confidence or --preset say it");
  if (!r.preset.empty()) take_preset(request);
  take_paths(request);
  take_answers(request);
  io::record_options& o = request.layout;
  if (!r.preset.empty() && o.labels.empty())
    throw option_error(
        concat("--preset ", r.preset, ": expected --label, the place of the right answer"));
  if (o.scores.empty() || o.labels.empty())
    throw option_error(concat(request.scores,
                              ": expected where scores and labels are: --confidence and "
                              "--correct, --logits or --probabilities and --label, or --preset (",
                              preset_names(), ")", preset_hint(request)));
  if (r.scale != 0) o.scale = r.scale;
  if (!r.filter.empty() && o.only_at.empty()) o.only_at = "/filter";
  o.only = r.filter;
  o.by_length = r.by_length;
  if (o.by_length != io::choice_length::none && o.choices.empty())
    throw option_error("--normalise: expected --preset lm-eval, which says where the choices are");
  o.halves = r.halves;
  o.count_bad = r.count_bad;
  request.from_said = true;
}

io::record_dump load_request(const data_request& request) {
  try {
    io::record_dump dump = io::load_records(request.scores, request.layout);
    if (dump.bad > 0)
      std::fprintf(stderr, "%s: %zu records left out; the first: %s\n",
                   io::input_name(request.scores).c_str(), dump.bad, dump.first_bad.c_str());
    if (!request.layout.answers.empty()) say_missing_answers(request, dump);
    return dump;
  } catch (const io_error& e) {
    const std::string message = e.what();
    if (message.ends_with("; say which are to be read")) throw io_error(message + " by --filter");
    const bool text = message.find(": expected a class index, got '") != std::string::npos;
    throw io_error(message +
                   (text ? "; --class-names says what names stand for" : preset_hint(request)));
  }
}

std::string look_at_records(const std::string& file) {
  std::string out = concat(io::input_name(file), ": records; the first:\n");
  std::size_t left = 60;
  show_leaves(first_record(file), "", 0, left, out);
  if (left == 0) out += "  and so on\n";
  return out;
}

}  // namespace calibra::cli
