// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "one_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/array/unranked_view.hpp"
#include "calibra/error.hpp"
#include "calibra/io/detail/as_double.hpp"
#include "calibra/io/dump.hpp"
#include "calibra/io/file_kind.hpp"
#include "calibra/io/input_file.hpp"
#include "calibra/io/llama.hpp"
#include "calibra/io/load.hpp"
#include "inputs.hpp"
#include "suggest.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

/// Whether a specification is the name of a file of arrays with names, all of it.
bool whole_archive(const std::string& spec) {
  return io::detail::has_members(spec) &&
         (io::detail::is_there(spec) || spec.find_first_of("+:") == std::string::npos);
}

/// A file of arrays with names, or one of its groups: those whose names go on behind it.
struct archive_part {
  std::string file;
  std::vector<io::array_entry> entries;
};

/// The file and the name of an array in it, where both are said.
std::optional<io::detail::file_spec> array_of(const std::string& spec) {
  io::detail::file_spec parts = io::detail::split_spec(spec);
  if (parts.member.empty() || !io::detail::is_there(parts.path)) return std::nullopt;
  return parts;
}

/// Whether an array goes by a name; .npz files have names with or without ".npy".
bool goes_by(const io::array_entry& e, const std::string& name) {
  return e.name == name || e.name + ".npy" == name;
}

/// Throws unless an array has the name.
void expect_array(const std::string& file, const std::vector<io::array_entry>& entries,
                  const std::string& name, const char* what) {
  std::vector<std::string> names;
  for (const io::array_entry& e : entries) {
    if (goes_by(e, name)) return;
    names.push_back(e.name);
  }
  throw io_error(concat(file, ": no ", what, " named ", io::detail::in_quotes(name), "; it holds ",
                        names.empty() ? "none" : io::detail::listed(names),
                        did_you_mean(name, names)));
}

/// "a.h5" and "a.h5:group"; none for one array, or for another file.
std::optional<archive_part> archive_of(const std::string& spec) {
  if (whole_archive(spec)) return archive_part{spec, io::contents(spec)};
  const std::optional<io::detail::file_spec> parts = array_of(spec);
  if (!parts || files_of_scores(spec).size() > 1) return std::nullopt;
  std::vector<io::array_entry> entries = io::contents(parts->path);
  std::string_view group = parts->member;
  group.remove_prefix(std::min(group.find_first_not_of('/'), group.size()));
  group = group.substr(0, group.find_last_not_of('/') + 1);
  if (group.empty()) return archive_part{parts->path, std::move(entries)};
  archive_part part{parts->path, {}};
  for (const io::array_entry& e : entries) {
    if (goes_by(e, parts->member)) return std::nullopt;
    if (e.name.size() > group.size() && e.name.starts_with(group) &&
        (e.name[group.size()] == '/' || e.name[group.size()] == '.'))
      part.entries.push_back(e);
  }
  if (part.entries.empty()) expect_array(parts->path, entries, parts->member, "array or group");
  return part;
}

std::string member_spec(const std::string& file, const std::string& member) {
  return member.empty() ? file : concat(file, ':', member);
}

io::named_form named_form_of(const score_request& request) {
  if (!request.from_said) return io::named_form::unsaid;
  return request.from == score_form::confidences     ? io::named_form::confidences
         : request.from == score_form::probabilities ? io::named_form::probabilities
                                                     : io::named_form::logits;
}
void take_form(score_request& request, io::named_form form) {
  if (request.from_said || form == io::named_form::unsaid) return;
  request.from = form == io::named_form::logits          ? score_form::logits
                 : form == io::named_form::probabilities ? score_form::probabilities
                                                         : score_form::confidences;
  request.from_said = true;
}

void expect_archive(bool is_one, const std::string& file, const char* flag) {
  if (!is_one)
    throw option_error(concat(flag,
                              ": names an array of an .npz, .safetensors, .pt or .h5 file, got ",
                              io::detail::in_quotes(file)));
}

/// Runs f; where it cannot say which arrays are meant, names the flag that says it.
template<class F>
auto saying_flags(const F& f) {
  try {
    return f();
  } catch (const io_error& e) {
    const std::string message = e.what();
    for (const char* what : {"scores", "labels"})
      if (message.ends_with(concat("; say which are ", what)))
        throw io_error(concat(message, " by --", what));
    throw;
  }
}

/// What is taken of a file of several arrays: what was said, of all of it, and what has to be found
/// in its part.
io::found_dump chosen_arrays(const data_request& request, const archive_part& part,
                             bool labels_too) {
  const auto& [whole, entries] = part;
  const std::string& file = request.scores;
  io::found_dump chosen{request.score_array, request.label_array};
  if (!chosen.scores.empty() || !chosen.labels.empty()) {
    const std::vector<io::array_entry> all = io::contents(whole);
    for (const std::string& said : {chosen.scores, chosen.labels})
      if (!said.empty()) expect_array(whole, all, said, "array");
  }
  if (labels_too && chosen.scores.empty() && chosen.labels.empty())
    return io::find_dump(file, entries, named_form_of(request));
  if (chosen.scores.empty() && entries.size() > 1) chosen.scores = io::find_scores(file, entries);
  if (labels_too && chosen.labels.empty())
    chosen.labels = io::find_labels(
        file, entries, request.from_said ? named_form_of(request) : io::form_of(chosen.scores));
  return chosen;
}

/// Finds the labels in a file of several arrays; says what was taken.
std::string find_labels(data_request& request) {
  const std::optional<archive_part> archive = archive_of(request.labels);
  if (!archive || (archive->entries.size() < 2 && archive->file == request.labels)) return "";
  const std::string name =
      io::find_labels(request.labels, archive->entries, named_form_of(request));
  request.labels = member_spec(archive->file, name);
  return concat(archive->file, ": labels ", io::detail::in_quotes(name));
}

/// Finds the scores in a file of several arrays; says what was taken.
std::string find_scores_in(const std::optional<archive_part>& archive, score_request& request) {
  data_request whole;
  static_cast<score_request&>(whole) = request;
  whole.labels = request.scores;  // not looked for
  if (!request.score_array.empty()) expect_archive(archive.has_value(), request.scores, "--scores");
  if (!archive) return "";
  const std::string name =
      saying_flags([&] { return chosen_arrays(whole, *archive, false).scores; });
  if (name.empty() && archive->file == request.scores) return "";
  request.scores = member_spec(archive->file, name.empty() ? archive->entries[0].name : name);
  take_form(request, io::form_of(name));
  return concat(archive->file, ": scores ", io::detail::in_quotes(name));
}

// What numbers look like.

struct range {
  double lowest = std::numeric_limits<double>::infinity();
  double highest = -std::numeric_limits<double>::infinity();
  bool whole = true, sums_to_one = true, odd = false;
};

constexpr std::size_t first_rows = 1000;
constexpr std::size_t most_described = 100;

template<class View>
range range_of_rows(const View& view) {
  range r;
  for (std::size_t i = 0; i < std::min(view.rows(), first_rows); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < view.cols(); ++j) {
      const double x = io::detail::as_double(view(i, j));
      if (!(std::abs(x) <= std::numeric_limits<double>::max())) {
        r.odd = true;
        continue;
      }
      r.lowest = std::min(r.lowest, x);
      r.highest = std::max(r.highest, x);
      r.whole = r.whole && x == std::floor(x);
      sum += x;
    }
    r.sums_to_one = r.sums_to_one && std::abs(sum - 1) < 0.02;
  }
  return r;
}
range range_of(const io::array& a) {
  return a.visit_elements([](const auto& view) { return range_of_rows(view); });
}
/// The range of rows whose classes are a dimension of several.
range range_of(const io::array& a, std::ptrdiff_t class_axis) {
  return a.visit_scores(class_axis, [](const auto& view) { return range_of_rows(view); });
}

std::string meaning(const io::array& a, const range& r) {
  const bool column = a.shape().size() == 1 || a.shape()[1] == 1;
  const bool unit = r.lowest >= 0 && r.highest <= 1;
  if (column && r.whole)
    return r.lowest >= 0 ? (unit ? "labels or hits" : "labels") : "labels, some negative";
  if (column) return unit ? "confidences or probabilities of class 1" : "logits of class 1";
  if (r.whole) return unit ? "one-hot labels" : "whole numbers";
  if (unit) return r.sums_to_one ? "probabilities" : "probabilities of several labels";
  return "logits";
}

std::string in_brackets(const range& r, const std::string& meant) {
  if (r.lowest > r.highest) return r.odd ? "no finite numbers" : "no numbers";
  const auto short_number = [](double x) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", x);
    return std::string(text);
  };
  return concat('[', short_number(r.lowest), ", ", short_number(r.highest), ']',
                r.odd ? " and NaN or infinities" : "", ": ", meant);
}

/// What an array of more than two dimensions could be. Scores have their classes along the second
/// dimension (pictures) or along the last (texts).
std::string described_scores(const io::array& a) {
  const range second = range_of(a, 1), last = range_of(a, -1);
  range r = second;
  r.lowest = std::min(r.lowest, last.lowest);
  r.highest = std::max(r.highest, last.highest);
  r.odd = second.odd || last.odd;
  if (second.whole && last.whole) return in_brackets(r, "whole numbers");
  const bool unit = r.lowest >= 0 && r.highest <= 1;
  std::string axes;
  const auto add = [&](const range& along, int axis, std::size_t classes) {
    if (unit && !along.sums_to_one) return;
    axes += concat(axes.empty() ? ", --class-axis " : " or ", axis, " (", classes,
                   classes == 1 ? " class)" : " classes)");
  };
  add(second, 1, a.shape()[1]);
  add(last, -1, a.shape().back());
  return in_brackets(r, !unit          ? "logits" + axes
                        : axes.empty() ? "probabilities of several labels"
                                       : "probabilities" + axes);
}

/// Whether an array is known to hold texts.
bool is_text(const io::array_entry& e) {
  return !e.type && e.type_name.find("(text) is not supported") != std::string::npos;
}
/// The type of an array, or "-" where a sentence says why there is none.
std::string type_of(const io::array_entry& e) {
  if (is_text(e)) return "text";
  return e.type || e.type_name.find(": ") == std::string::npos ? e.type_name : "-";
}

std::string described(const std::string& file, const io::array_entry& entry) {
  const std::string unread = "not read";
  if (is_text(entry)) return "names: labels, with --class-names";
  if (!entry.type && entry.type_name != type_of(entry))
    return concat(unread, ": ", entry.type_name);
  if (!entry.type) return unread;
  if (entry.shape.empty() || entry.shape.size() > most_dimensions)
    return concat(unread, ": ", entry.shape.size(), " dimensions");
  try {
    io::array a = io::load(member_spec(file, entry.name));
    if (a.shape().size() > 2 && std::count(a.shape().begin(), a.shape().end(), 0U) != 0)
      return "no numbers";
    if (a.shape().size() > 2 && io::is_real(a.dtype())) return described_scores(a);
    if (a.shape().size() > 2) a = a.flattened();
    const range r = range_of(a);
    return in_brackets(r, meaning(a, r));
  } catch (const error& e) {
    return concat(unread, ": ", e.what());
  }
}

/// What a specification of `look` stands for: a file, a group of its arrays, or one of them.
archive_part looked_at(const std::string& spec) {
  if (std::optional<archive_part> part = archive_of(spec)) return *std::move(part);
  const io::detail::file_spec parts = io::detail::split_spec(spec);
  archive_part part{parts.path, {}};
  try {
    part.entries = io::contents(part.file);
  } catch (const io_error& e) {
    part.entries = {{.type_name = e.what()}};
    if (!is_text(part.entries[0])) throw;
  }
  if (!parts.member.empty())
    std::erase_if(part.entries, [&](const auto& e) { return !goes_by(e, parts.member); });
  return part;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

}  // namespace

std::string find_scores(score_request& request) {
  return find_scores_in(archive_of(request.scores), request);
}

std::string find_arrays(data_request& request) {
  const std::optional<archive_part> archive = archive_of(request.scores);
  if (!request.label_array.empty()) {
    if (!request.labels.empty())
      throw option_error("--labels: names an array of SCORES, so that LABELS is not to be given");
    const auto one_array = array_of(request.scores);
    expect_archive(archive || one_array, request.scores, "--labels");
    if (!archive) {
      expect_array(one_array->path, io::contents(one_array->path), request.label_array, "array");
      request.labels = member_spec(one_array->path, request.label_array);
      return "";
    }
  }
  const bool both = request.labels.empty() && request.label_column.empty();
  if (!both || !archive) {
    std::string taken = find_scores_in(archive, request);
    const std::string labels = saying_flags([&] { return find_labels(request); });
    return concat(taken, taken.empty() || labels.empty() ? "" : "; ", labels);
  }
  const io::found_dump found = saying_flags([&] { return chosen_arrays(request, *archive, true); });
  request.scores = member_spec(archive->file, found.scores);
  request.labels = member_spec(archive->file, found.labels);
  take_form(request, io::form_of(found.scores));
  return concat(archive->file, ": scores ", io::detail::in_quotes(found.scores), ", labels ",
                io::detail::in_quotes(found.labels));
}

void expect_labels(const data_request& request) {
  if (!request.labels.empty() || !request.label_column.empty()) return;
  const bool named = io::detail::has_members(io::detail::split_spec(request.scores).path);
  throw option_error(
      concat("LABELS is required, or ", named ? "--labels NAME" : "--label-column", " of SCORES"));
}

void take_llama(data_request& request) {
  const std::string file = io::input_name(request.scores);
  if (!request.labels.empty() || !request.label_column.empty() || !request.label_array.empty() ||
      !request.score_array.empty() || !request.score_columns.empty() ||
      request.header != io::header_row::detected)
    throw option_error(concat(file,
                              " holds its scores and labels, the tokens of the text; expected "
                              "no LABELS, and no names of arrays or columns"));
  if (request.from_said && request.from != score_form::logits)
    throw option_error(concat(
        file, " holds log-probabilities, which are read as logits; expected no other --from"));
  request.from = score_form::logits;
  request.from_said = true;
}

std::string look_at_llama(const std::string& file) {
  const io::llama_dump dump = io::load_llama(file);
  return concat(dump.name(), ": token logits of llama.cpp\n  ", dump.size(),
                " samples: the second ", "half of ", dump.chunks(), " chunks of ",
                dump.chunk_tokens(), " tokens\n  ", dump.classes(),
                " classes: the vocabulary, log-probabilities of 16 bits\n  ",
                "labels: the tokens of the text\n");
}

std::string look_at(const std::string& spec) {
  const archive_part part = looked_at(spec);
  const auto& [file, entries] = part;
  const bool table = io::is_table(io::kind_of(file));
  std::size_t name_width = 0, type_width = 0, shape_width = 0;
  std::vector<std::string> shapes;
  for (const io::array_entry& e : entries) {
    shapes.push_back(table || is_text(e) ? "" : io::detail::shape_text(e.shape));
    name_width = std::max(name_width, e.name.size());
    type_width = std::max(type_width, type_of(e).size());
    shape_width = std::max(shape_width, shapes.back().size());
  }
  std::string out = concat(io::input_name(file), ": ", entries.size(), table ? " column" : " array",
                           entries.size() == 1 ? "" : "s", '\n');
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const io::array_entry& e = entries[i];
    std::string line = concat(
        "  ",
        e.name.empty() ? std::string() : padded(io::detail::printable(e.name), name_width) + "  ",
        padded(io::detail::printable(type_of(e)), type_width));
    if (!table)
      line += concat("  ", padded(shapes[i], shape_width), "  ",
                     i < most_described ? described(file, e) : std::string());
    out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return out;
}

}  // namespace calibra::cli
