// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <langinfo.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <clocale>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "calibra/array/unranked_view.hpp"
#include "calibra/error.hpp"
#include "calibra/io/write_file.hpp"
#include "calibra/rows/isa.hpp"
#include "calibra/version.hpp"
#include "comparison.hpp"
#include "conventions.hpp"
#include "diagram.hpp"
#include "html_report.hpp"
#include "inputs.hpp"
#include "numbers.hpp"
#include "one_file.hpp"
#include "outputs.hpp"
#include "processes.hpp"
#include "recalibrate.hpp"
#include "records.hpp"
#include "report.hpp"
#include "requests.hpp"
#include "shards.hpp"
#include "shells.hpp"
#include "signals.hpp"
#include "suggest.hpp"
#include "tests.hpp"
#include "words.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

constexpr int data_failure = 1;
constexpr int usage_failure = 2;

constexpr const char* footer =
    "Files: .npy, .csv, .tsv, or an array of an .npz, .safetensors, .pt or .pth file\n"
    "(dump.npz:logits; dump.npz alone where names tell scores and labels); records of\n"
    "a .jsonl or .json file.\n"
    "Exit status: 1 for bad data, 2 for bad usage.";

constexpr const char* examples =
    "Examples:\n"
    "  calibra eval logits.npy labels.npy --metrics ece,nll --bins 15\n"
    "  calibra eval table.csv --label-column y --from probabilities\n"
    "  calibra fit held_out_logits.npy held_out_labels.npy -o temperature.json\n"
    "  calibra apply temperature.json logits.npy -o scaled.npy";

/// `text` in lines of at most `width`, broken at blanks.
std::string wrapped(std::string_view text, std::size_t width) {
  std::string out;
  std::size_t line = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (line + end > width) line = 0;
    if (!out.empty()) out += line == 0 ? '\n' : ' ';
    out += text.substr(0, end);
    line += end + 1;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// The names of all metrics, for the end of a help.
std::string known_metrics() {
  return wrapped(concat("Metrics: ", comma_separated(metric_names())), 80);
}

/// Help in 80 columns: names on the left, wrapped texts with the default on the right.
class help_formatter : public CLI::Formatter {
 public:
  help_formatter() { column_width(name_width); }

  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_size() == 0 || option->get_positional()
               ? ""
               : concat(' ', option->get_type_name());
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    if (!option->get_default_str().empty())
      text += concat("; default: ", option->get_default_str());
    return wrapped(text, 80 - name_width);
  }

 private:
  static constexpr std::size_t name_width = 26;
};

/// A flag that takes one of a few words; shows them and the default in the help.
template<class Target, class Value>
void add_choice(CLI::App& app, const std::string& flag, Target& target,
                const std::vector<Value>& values, const std::string& default_word,
                const std::string& help) {
  std::string names;
  for (const Value v : values) names += concat(names.empty() ? "" : "|", word(v));
  app.add_option_function<std::string>(
         flag,
         [&target, values, flag, names](const std::string& text) {
           const auto found =
               std::find_if(values.begin(), values.end(), [&](Value v) { return word(v) == text; });
           if (found == values.end()) {
             std::vector<std::string> known;
             for (const Value v : values) known.emplace_back(word(v));
             throw CLI::ValidationError(concat(flag, ": expected ", names, "; got \"", text, '"',
                                               did_you_mean(text, known)));
           }
           target = *found;
         },
         help)
      ->type_name(names)
      ->default_str(default_word);
}

/// A flag that takes a whole number in [lowest, highest].
template<class Target, std::integral T>
CLI::Option* add_number(CLI::App& app, const std::string& flag, Target& target, T lowest, T highest,
                        const std::string& help) {
  return app.add_option_function<std::string>(
      flag,
      [&target, flag, lowest, highest](const std::string& text) {
        const std::optional<T> number = whole_number(text, lowest, highest);
        if (!number)
          throw CLI::ValidationError(concat(flag, ": expected a whole number from ", lowest, " to ",
                                            highest, "; got \"", text, '"'));
        target = *number;
      },
      help);
}

void add_threads(CLI::App& app, unsigned& threads) {
  add_number(app, "--threads", threads, 1U, 1024U, "Threads that work on the rows")
      ->type_name("N")
      ->default_str("all cores");
}

CLI::Option* add_output(CLI::App& app, std::string& output, const std::string& help) {
  return app.add_option("-o,--output", output, help)->type_name("FILE");
}

void add_from(CLI::App& app, score_request& scores,
              const std::vector<score_form>& forms = {score_form::logits,
                                                      score_form::probabilities}) {
  scores.takes_confidences =
      std::find(forms.begin(), forms.end(), score_form::confidences) != forms.end();
  add_choice(app, "--from", scores.from, forms, "logits",
             "What the scores are; has to be given where they look like probabilities");
  if (!scores.takes_confidences) return;
  app.add_option_function<std::string>(
         "--confidence-column",
         [&scores](const std::string& column) {
           scores.score_columns = {column};
           scores.from = score_form::confidences;
           scores.from_said = true;
         },
         "Column of a .csv or .tsv that holds confidences, with hits in the labels'; default: none")
      ->type_name("NAME")
      ->excludes("--from")
      ->excludes("--score-columns");
}

std::vector<std::string> comma_list(std::string_view text) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    out.emplace_back(text.substr(0, comma));
    if (comma == text.size()) return out;
    text.remove_prefix(comma + 1);
  }
}

/// Which arrays of files of several are meant; `file`: of which.
void add_score_array(CLI::App& app, score_request& scores, const char* file = "SCORES") {
  app.add_option("--scores", scores.score_array,
                 concat("Name of the array of scores in ", file,
                        ", where that holds several; default: found by its name"))
      ->type_name("NAME");
}
void add_label_array(CLI::App& app, data_request& data, const char* file = "SCORES") {
  app.add_option("--labels", data.label_array,
                 concat("Name of the array of labels in ", file,
                        ", where LABELS is not given; default: found by its name"))
      ->type_name("NAME");
}

void add_label_column(CLI::App& app, data_request& data, const char* file = "SCORES") {
  app.add_option("--label-column", data.label_column,
                 concat("Column of a .csv or .tsv that holds the labels; without LABELS: of ", file,
                        "; default: all columns"))
      ->type_name("NAME");
}

/// Which dimension of scores holds the classes.
void add_class_axis(CLI::App& app, score_request& scores) {
  constexpr auto most = static_cast<std::ptrdiff_t>(most_dimensions);
  scores.takes_class_axis = true;
  add_number(app, "--class-axis", scores.class_axis, -most, most - 1,
             "The dimension of SCORES that holds the classes, from 0, or from the end where it is "
             "negative; LABELS are of the shape of the others; default: none, SCORES are samples x "
             "classes")
      ->type_name("AXIS");
}

/// What is said of text tables.
void add_table(CLI::App& app, score_request& scores) {
  app.add_option_function<std::string>(
         "--score-columns",
         [&scores](const std::string& text) { scores.score_columns = comma_list(text); },
         "Columns of a .csv or .tsv that are scores; FIRST..LAST stands for those between; "
         "default: "
         "all but the labels'")
      ->type_name("NAME,...");
  add_choice(
      app, "--header", scores.header, std::vector{io::header_row::present, io::header_row::absent},
      "yes for a row without numbers", "Whether the first row of a .csv or .tsv is a header");
}

void add_renormalise(CLI::App& app, bool& renormalise) {
  app.add_flag("--renormalise", renormalise,
               "Divide rows of probabilities by their sum; default: off, a sum other than 1 is an "
               "error");
}

void add_class_names(CLI::App& app, data_request& data) {
  app.add_option("--class-names", data.class_names,
                 "Names of the classes, one a line or a .json list: for labels that are names, and "
                 "for reports; default: --answers, or the header of SCORES where labels are text")
      ->type_name("FILE");
}

/// Which samples count.
void add_samples(CLI::App& app, data_request& data) {
  app.add_option("--weights", data.weights, "Weight of each sample; default: all the same")
      ->type_name("FILE");
  add_number(app, "--ignore-label", data.ignore_label, std::numeric_limits<std::int64_t>::min(),
             std::numeric_limits<std::int64_t>::max(),
             "Leave samples with this label out; default: none")
      ->type_name("LABEL");
  add_renormalise(app, data.renormalise);
  add_choice(app, "--nan", data.nan, std::vector{nan_policy::reject, nan_policy::count}, "reject",
             "Samples with a score that is NaN or +inf: an error, or left out and counted");
  add_threads(app, data.threads);
}

/// Where scores and labels are in a JSON file of records.
void add_records(CLI::App& app, record_request& records) {
  const auto add_path = [&](const char* flag, std::string& path, const char* help) {
    app.add_option(flag, path, help)->type_name("PATH");
  };
  add_path("--logits", records.logits,
           "Of a .jsonl or .json file of records: place of a record's logits, as /a/b or a.b; "
           "default: none");
  add_path("--probabilities", records.probabilities, "The same of probabilities; default: none");
  add_path("--confidence", records.confidence, "The same of a confidence; default: none");
  add_path("--label", records.label, "The same of the class; default: none");
  add_path("--correct", records.correct,
           "The same of whether the prediction was right: 0/1, true/false, yes/no; default: none");
  app.add_option_function<std::string>(
         "--scale",
         [&records](const std::string& text) {
           const std::optional<double> value = real_number(text, 0, 1e300);
           if (!value)
             throw CLI::ValidationError(
                 concat("--scale: expected a number above 0; got \"", text, '"'));
           records.scale = *value;
         },
         "What scores of records are divided by: 100 for percent")
      ->type_name("X")
      ->default_str("1");
  app.add_option("--preset", records.preset,
                 concat("Whose records they are: ", preset_names(), "; default: none"))
      ->type_name("NAME");
  app.add_option("--filter", records.filter,
                 "Of --preset lm-eval: the filter whose records are read; default: the only one")
      ->type_name("NAME");
  add_choice(app, "--normalise", records.by_length,
             std::vector{io::choice_length::characters, io::choice_length::bytes}, "not",
             "Of --preset lm-eval: divide scores by the length of each choice");
  app.add_flag("--mutual-information", records.halves,
               "Take the second half of each record's numbers off the first; default: off");
  app.add_option_function<std::string>(
         "--answers", [&records](const std::string& text) { records.answers = comma_list(text); },
         "Texts of the answers, a class each, where the place of --logits is a list of tokens with "
         "log-probabilities, or with --preset openai or inspect; default: none")
      ->type_name("TEXT,...");
  add_number(app, "--token", records.token, std::size_t{0}, std::size_t{1000000},
             "Of --answers: which token says the answer")
      ->type_name("N")
      ->default_str("0");
  add_choice(app, "--missing-answers", records.missing,
             std::vector{io::missing_answer::impossible, io::missing_answer::rest}, "impossible",
             "Of --answers: one that is not among the alternatives of its token has probability 0, "
             "or its part of the mass that is left");
  add_choice(app, "--bad-lines", records.count_bad, std::vector{false, true}, "reject",
             "Records that are not as they should be: an error, or left out and counted");
}

void add_data(CLI::App& app, data_request& data, const std::string& scores,
              const std::string& labels) {
  app.add_option("SCORES", data.scores, scores)->required();
  app.add_option("LABELS", data.labels, labels);
  add_score_array(app, data);
  add_label_array(app, data);
  add_table(app, data);
  add_label_column(app, data);
  add_class_names(app, data);
  add_class_axis(app, data);
  add_records(app, data.records);
  add_samples(app, data);
}

/// A line on standard error; none where there is nothing to say.
void say(const std::string& text) {
  if (!text.empty() && all_processes().first()) std::fprintf(stderr, "%s\n", text.c_str());
}

/// Completes what was parsed of a command that reads scores and labels.
void finish_data(const CLI::App& app, data_request& data) {
  if (!app.parsed()) return;
  data.from_said = data.from_said || app.count("--from") > 0;
  if (io::is_standard_input(data.scores) && io::is_standard_input(data.labels))
    throw CLI::ValidationError("SCORES and LABELS: standard input is one file; expected two");
  const std::string given = data.scores;
  const bool several = names_several(data.scores) || names_several(data.labels);
  data.scores = first_file(given);
  finish_records(data);
  data.scores = given;
  load_class_names(data);
  if (several && app.get_name() != "eval")
    throw CLI::ValidationError(
        concat(app.get_name(), ": only eval takes several files, got \"", data.scores, '"'));
  if (io::holds_records(data.scores) || several) return;
  if (io::holds_llama(data.scores)) return take_llama(data);
  say(find_arrays(data));
  expect_labels(data);
  say(find_class_names(data));
}

/// Completes what was parsed of fit: scores and labels, or features alone.
void finish_fit(const CLI::App& app, fit_request& request) {
  if (!app.parsed()) return;
  const bool of_features = request.method == "dac";
  for (const char* flag : {"--base-zero-shot", "--base-tuned", "--test-zero-shot", "--test-tuned"})
    if ((app.count(flag) > 0) != of_features)
      throw CLI::ValidationError(
          of_features ? concat("--method dac is made from text features, not fitted to labels; "
                               "expected ",
                               flag)
                      : concat(flag, ": only for --method dac"));
  if (!of_features && request.data.scores.empty()) throw CLI::RequiredError("SCORES");
  if (of_features && !request.data.scores.empty())
    throw CLI::ValidationError(
        concat("--method dac takes no SCORES and LABELS, got \"", request.data.scores, '"'));
  if (!of_features) finish_data(app, request.data);
  if (request.data.from == score_form::confidences)
    throw CLI::ValidationError("fit: expected logits or probabilities, got confidences");
  const bool proximity = takes_proximity(request.method);
  if (proximity != !request.proximity.empty())
    throw CLI::ValidationError(
        proximity ? concat("--method ", request.method, ": expected --proximity, a number a sample")
                  : concat("--proximity: not for --method ", request.method));
  if (request.method != "auto" && app.count("--folds") > 0)
    throw CLI::ValidationError("--folds: only for --method auto");
  expect_file_name("--output", request.output);
  if (request.method == "auto" && !request.options.empty())
    throw CLI::ValidationError("--option: not for --method auto");
}

/// --level: a number in (0, 1).
void add_level(CLI::App& app, double& level) {
  app.add_option_function<std::string>(
         "--level",
         [&level](const std::string& text) {
           const std::optional<double> value = real_number(text, 0, 1);
           if (!value)
             throw CLI::ValidationError(
                 concat("--level: expected a number in (0, 1); got \"", text, '"'));
           level = *value;
         },
         "How often intervals shall cover")
      ->type_name("P")
      ->default_str(concat(level));
}

void add_seed(CLI::App& app, std::uint64_t& seed) {
  add_number(app, "--seed", seed, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(),
             "What random draws are a function of")
      ->type_name("N")
      ->default_str(concat(seed));
}

/// What intervals and comparisons are drawn by.
void add_draws(CLI::App& app, data_request& data, interval_options& how) {
  add_number(app, "--replicates", how.replicates, std::size_t{1}, std::size_t{10000000},
             "Samples that are drawn again")
      ->type_name("N")
      ->default_str(concat(how.replicates));
  add_level(app, how.level);
  add_seed(app, how.seed);
  app.add_option("--cluster", data.cluster,
                 "A whole number a sample: those of one number are drawn together; default: none")
      ->type_name("FILE");
  app.add_option(
         "--stratum", data.stratum,
         "A whole number a sample: those of one number are drawn among themselves; default: "
         "none")
      ->type_name("FILE");
}

/// Flags of intervals.
void add_intervals(CLI::App& app, eval_request& request) {
  app.add_flag("--interval", request.interval,
               "Also give an interval of each metric, and how much ece noise alone makes; default: "
               "off");
  add_choice(app, "--limits", request.intervals.kind,
             std::vector{interval_kind::basic, interval_kind::percentile, interval_kind::bca},
             "basic", "How limits are read off the samples drawn again");
  add_draws(app, request.data, request.intervals);
}

/// Throws where the columns of classes are in another order than in the file before.
void expect_same_names(const data_request& first, const data_request& second) {
  if (second.names.all() != first.names.all())
    throw CLI::ValidationError(concat(second.scores, ": expected the classes ",
                                      io::detail::listed(first.names.all()), " in its header, got ",
                                      io::detail::listed(second.names.all())));
}

/// Finds the files that SCORES and LABELS stand for, and the arrays in each.
void find_shards(eval_request& request) {
  data_request& data = request.data;
  if (!names_several(data.scores) && !names_several(data.labels) && !names_several(data.weights))
    return;
  request.shards = shards_of(data);
  const bool records = io::holds_records(request.shards[0].scores);
  std::string taken;
  for (data_request& shard : request.shards) {
    const bool llama = io::holds_llama(shard.scores);
    if (llama) take_llama(shard);
    const std::string found = records || llama ? "" : find_arrays(shard);
    if (taken.empty()) taken = found;
    if (!records && !llama) expect_labels(shard);
    if (shard.from != request.shards[0].from)
      throw CLI::ValidationError(concat(shard.scores, ": ", word(shard.from), " by its name, but ",
                                        request.shards[0].scores, ' ', word(request.shards[0].from),
                                        "; say --from"));
  }
  say(concat(data.scores, ": ", request.shards.size(),
             request.shards.size() == 1 ? " file" : " files", taken.empty() ? "" : "; ", taken));
  data.from = request.shards[0].from;
  for (data_request& shard : request.shards) {
    const std::string said = find_class_names(shard);
    if (&shard == &request.shards[0]) {
      say(said);
      data.names = shard.names;
    }
    expect_same_names(data, shard);
  }
}

/// Completes what was parsed of eval.
void finish_eval(const CLI::App& app, eval_request& request) {
  if (app.parsed()) find_shards(request);
  if (!app.parsed() || request.interval) return;
  for (const char* flag :
       {"--replicates", "--level", "--limits", "--seed", "--cluster", "--stratum"})
    if (app.count(flag) > 0) throw CLI::ValidationError(concat(flag, ": only with --interval"));
}

/// The files of all shards.
std::vector<std::string> files_of_shards(const eval_request& request) {
  std::vector<std::string> files;
  for (const data_request& shard : request.shards)
    files.insert(files.end(), {shard.scores, shard.labels, shard.weights});
  return files;
}

/// Completes what was parsed of compare: finds the arrays in files of several.
void finish_compare(const CLI::App& app, compare_request& request) {
  data_request& data = request.data;
  for (const std::string& file : {data.scores, request.other.scores})
    if (io::holds_records(file) || io::holds_llama(file))
      throw CLI::ValidationError("compare: takes files of arrays, not of records or token logits");
  data.from_said = app.count("--from") > 0;
  load_class_names(data);
  data_request other = data;
  other.scores = request.other.scores;
  say(find_arrays(data));
  say(find_scores(other));
  if (data.labels.empty() && data.label_column.empty())
    throw CLI::ValidationError("LABELS is required, or --labels or --label-column of A");
  if (data.from_said && other.from_said && other.from != data.from)
    throw CLI::ValidationError(concat(other.scores, ": ", word(other.from), " by its name, but ",
                                      data.scores, ' ', word(data.from), "; say --from"));
  // One name says it of both, but logits are to look like logits.
  data.from = other.from = other.from_said ? other.from : data.from;
  if (data.from == score_form::confidences)
    throw CLI::ValidationError("compare: expected logits or probabilities, got confidences");
  if (data.from == score_form::probabilities) data.from_said = other.from_said = true;
  request.other = other;
  say(find_class_names(data));
  find_class_names(other);
  expect_same_names(data, other);
}

std::string convention_name(const std::string& text) {
  const std::vector<std::string> known = convention_names();
  if (std::find(known.begin(), known.end(), text) != known.end()) return text;
  throw CLI::ValidationError(concat("--like: expected one of ", comma_separated(known), "; got \"",
                                    text, '"', did_you_mean(text, known)));
}

/// "ece,mce" taken apart, "all" as no names at all.
std::vector<std::string> wanted_metrics(std::string_view text) {
  if (text == "all") return {};
  const std::vector<std::string> known = metric_names();
  std::vector<std::string> names = comma_list(text);
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw CLI::ValidationError(concat("--metrics: expected names out of all, ",
                                        comma_separated(known), "; got \"", name, '"',
                                        did_you_mean(name, known)));
  return names;
}

void add_memory(CLI::App& app, std::size_t& memory) {
  app.add_option_function<std::string>(
         "--memory",
         [&memory](const std::string& text) {
           const std::optional<std::size_t> bytes = byte_count(text, std::size_t{64} << 20);
           if (!bytes)
             throw CLI::ValidationError(
                 concat("--memory: expected bytes as 512M or 2G, 64M at least; got \"", text, '"'));
           memory = *bytes;
         },
         "Keep to so much memory; what needs more lies in temporary files, in TMPDIR or /var/tmp; "
         "default: as it comes")
      ->type_name("SIZE");
}

CLI::App& add_eval(CLI::App& app, eval_request& request) {
  CLI::App& eval = *app.add_subcommand("eval", "Measure the calibration of scores");
  eval.footer(concat(footer, '\n', known_metrics(),
                     "\n\nExample:\n  calibra eval logits.npy labels.npy --metrics ece,nll"));
  add_data(eval, request.data, "Samples x classes; or one P(y = 1), logit or confidence each",
           "Class indices from 0, or one-hot rows; 0/1 hits for --from confidences");
  add_from(eval, request.data,
           {score_form::logits, score_form::probabilities, score_form::confidences});
  eval.add_flag("--sigmoid", request.data.sigmoid,
                "SCORES and LABELS (0/1) are samples x labels, each label a yes or no of its own; "
                "default: off, one label a sample");
  add_number(eval, "--bins", request.bins, std::size_t{1}, std::size_t{1000000}, "Number of bins")
      ->type_name("B")
      ->default_str(concat(request.bins));
  add_choice(eval, "--binning", request.scheme,
             std::vector{bin_scheme::equal_width, bin_scheme::equal_mass}, "width",
             "Bins of equal width or of equally many samples");
  add_choice(eval, "--edges", request.side,
             std::vector{edge_side::right_closed, edge_side::left_closed}, "right",
             "Which end belongs to a bin: (lo, hi] or [lo, hi)");
  eval.add_option_function<std::string>(
          "--like", [&](const std::string& text) { request.like = convention_name(text); },
          "Whose definitions are used; `calibra conventions` lists them")
      ->type_name("CONVENTION")
      ->default_str(request.like);
  add_choice(eval, "--target", request.target,
             std::vector{binary_target::positive_class, binary_target::top_label},
             "the convention's", "For binary scores: measure P(y = 1), or the likelier class");
  eval.add_option_function<std::string>(
          "--metrics", [&](const std::string& text) { request.metrics = wanted_metrics(text); },
          "Names of metrics, separated by commas")
      ->type_name("all|NAME,...")
      ->default_str("all");
  eval.add_flag("--classwise", request.classwise, "Also give the ece of every class; default: off");
  eval.add_option("--proximity", request.proximity,
                  "A number a sample, for the metric piece and for models that take one; default: "
                  "none")
      ->type_name("FILE");
  eval.add_option("--apply", request.apply,
                  "Recalibrate the scores by what `calibra fit` wrote, and measure that; default: "
                  "as they are")
      ->type_name("MODEL");
  eval.add_option("--by", request.by,
                  "Also measure groups of samples: a file of a whole number a sample, or the "
                  "predicted or true class; default: none")
      ->type_name("FILE|predicted|label");
  add_intervals(eval, request);
  eval.add_option("--save-evidence", request.save_evidence,
                  "A file for what the metrics are made of, for `calibra merge`; default: not kept")
      ->type_name("FILE");
  eval.add_option("--resume", request.resume,
                  "Keep in this folder what each of several files comes to, and take what is there "
                  "already; default: not kept")
      ->type_name("FOLDER");
  add_memory(eval, request.memory);
  add_choice(eval, "--format", request.format,
             std::vector{report_format::table, report_format::json, report_format::csv,
                         report_format::markdown},
             "table", "How the report is written");
  add_output(eval, request.output, "Where to; default: standard output");
  return eval;
}

/// "bins=20" taken apart.
std::pair<std::string, std::string> named_option(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw CLI::ValidationError(concat("--option: expected NAME=VALUE, got \"", text, '"'));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

CLI::App& add_fit(CLI::App& app, fit_request& request) {
  CLI::App& fit = *app.add_subcommand("fit", "Fit a recalibrator to scores and labels");
  fit.footer(footer);
  add_data(fit, request.data, "Samples x classes; or one P(y = 1) or logit each",
           "Class indices from 0, or one-hot rows");
  add_from(fit, request.data);
  fit.get_option("SCORES")->required(false);  // not of --method dac: see finish_fit()
  fit.add_option_function<std::string>(
         "--method",
         [&](const std::string& name) {
           std::vector<std::string> known = method_names();
           known.emplace_back("auto");
           if (std::find(known.begin(), known.end(), name) == known.end())
             throw CLI::ValidationError(concat("--method: expected one of ", comma_separated(known),
                                               "; got \"", name, '"', did_you_mean(name, known)));
           request.method = name;
         },
         "What is fitted; `calibra methods` lists them; auto compares some by cross-validation")
      ->type_name("METHOD")
      ->default_str(request.method);
  fit.add_option_function<std::vector<std::string>>(
         "--option",
         [&](const std::vector<std::string>& given) {
           for (const std::string& text : given) request.options.push_back(named_option(text));
         },
         "An option of the method, as `calibra methods NAME` lists them; may be repeated; default: "
         "none")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_number(fit, "--folds", request.folds, std::size_t{2}, std::size_t{1000},
             "Folds of --method auto")
      ->type_name("N")
      ->default_str(concat(request.folds));
  const auto add_features = [&](const char* flag, std::string& file, const char* help) {
    fit.add_option(flag, file, help)->type_name("FILE");
  };
  add_features("--base-zero-shot", request.features.base_zero_shot,
               "Of --method dac, in place of SCORES and LABELS: text features of the base classes "
               "before tuning, classes x numbers; default: none");
  add_features("--base-tuned", request.features.base_tuned, "The same after tuning; default: none");
  add_features("--test-zero-shot", request.features.test_zero_shot,
               "Text features of the classes to predict, before tuning; default: none");
  add_features("--test-tuned", request.features.test_tuned, "The same after tuning; default: none");
  fit.add_option("--proximity", request.proximity,
                 "A number a sample, of --method procal_density_ratio and procal_bin_mean_shift; "
                 "default: none")
      ->type_name("FILE");
  add_output(fit, request.output, "The model file to write (JSON)")->required();
  return fit;
}

CLI::App& add_test(CLI::App& app, test_request& request) {
  CLI::App& test = *app.add_subcommand("test", "Test whether scores are calibrated");
  test.footer(footer);
  add_data(test, request.data, "Samples x classes; or one P(y = 1), logit or confidence each",
           "Class indices from 0, or one-hot rows; 0/1 hits for --from confidences");
  add_from(test, request.data,
           {score_form::logits, score_form::probabilities, score_form::confidences});
  test.add_option_function<std::string>(
          "--tests",
          [&](const std::string& text) {
            if (text != "all") request.tests = wanted_tests(comma_list(text));
          },
          "Names of tests, separated by commas")
      ->type_name("all|NAME,...")
      ->default_str("all");
  add_seed(test, request.seed);
  add_choice(test, "--format", request.format,
             std::vector{report_format::table, report_format::json}, "table",
             "How the results are written");
  add_output(test, request.output, "Where to; default: standard output");
  return test;
}

CLI::App& add_compare(CLI::App& app, compare_request& request) {
  CLI::App& compare =
      *app.add_subcommand("compare", "Compare two models' scores of the same samples");
  compare.footer(concat(footer, '\n', known_metrics()));
  compare.add_option("A", request.data.scores, "Scores of the first model")->required();
  compare.add_option("B", request.other.scores, "Scores of the second")->required();
  compare.add_option("LABELS", request.data.labels,
                     "Class indices from 0, or one-hot rows; default: an array of A");
  add_from(compare, request.data);
  add_score_array(compare, request.data, "A and in B");
  add_label_array(compare, request.data, "A");
  add_label_column(compare, request.data, "A");
  add_class_axis(compare, request.data);
  add_table(compare, request.data);
  add_class_names(compare, request.data);
  add_samples(compare, request.data);
  add_number(compare, "--bins", request.bins, std::size_t{1}, std::size_t{1000000},
             "Number of bins")
      ->type_name("B")
      ->default_str(concat(request.bins));
  compare
      .add_option_function<std::string>(
          "--like", [&](const std::string& text) { request.like = convention_name(text); },
          "Whose definitions are used; `calibra conventions` lists them")
      ->type_name("CONVENTION")
      ->default_str(request.like);
  compare
      .add_option_function<std::string>(
          "--metrics", [&](const std::string& text) { request.metrics = wanted_metrics(text); },
          "Names of metrics, separated by commas")
      ->type_name("all|NAME,...")
      ->default_str("all");
  add_draws(compare, request.data, request.intervals);
  add_choice(compare, "--format", request.format,
             std::vector{report_format::table, report_format::json}, "table",
             "How the comparison is written");
  add_output(compare, request.output, "Where to; default: standard output");
  return compare;
}

CLI::App& add_diagram(CLI::App& app, diagram_request& request) {
  CLI::App& diagram = *app.add_subcommand("diagram", "Draw the calibration of scores");
  diagram.footer(footer);
  add_data(diagram, request.data, "Samples x classes; or one P(y = 1), logit or confidence each",
           "Class indices from 0, or one-hot rows; 0/1 hits for --from confidences");
  add_from(diagram, request.data,
           {score_form::logits, score_form::probabilities, score_form::confidences});
  using kind = diagram_kind;
  add_choice(diagram, "--kind", request.kind,
             std::vector{kind::reliability, kind::classwise, kind::corp, kind::smooth,
                         kind::cumulative, kind::risk_coverage, kind::groups},
             "reliability", "What is drawn");
  add_number(diagram, "--bins", request.bins, std::size_t{1}, std::size_t{1000}, "Number of bins")
      ->type_name("B")
      ->default_str(concat(request.bins));
  add_choice(diagram, "--binning", request.scheme,
             std::vector{bin_scheme::equal_width, bin_scheme::equal_mass}, "width",
             "Bins of equal width or of equally many samples");
  add_choice(diagram, "--bars", request.limits,
             std::vector{bar_limits::wilson, bar_limits::consistency, bar_limits::none}, "wilson",
             "Limits of each bin's accuracy, or of those of a calibrated model");
  add_level(diagram, request.level);
  diagram
      .add_option("--apply", request.apply,
                  "Draw also what `calibra fit` wrote makes of the scores; default: none")
      ->type_name("MODEL");
  diagram
      .add_option("--by", request.by,
                  "Of --kind groups: a file of a whole number a sample, or the predicted or "
                  "true class; default: none")
      ->type_name("FILE|predicted|label");
  diagram.add_option("--title", request.title, "Above the picture; default: none")
      ->type_name("TEXT");
  diagram.add_flag("--dark", request.dark, "Light on a dark ground; default: off");
  add_output(diagram, request.output, "The .svg, .png or .pdf file to write")->required();
  return diagram;
}

CLI::App& add_report(CLI::App& app, html_request& request) {
  CLI::App& report =
      *app.add_subcommand("report", "Write a page about the calibration of scores (HTML)");
  report.footer(footer);
  add_data(report, request.data, "Samples x classes; or one P(y = 1), logit or confidence each",
           "Class indices from 0, or one-hot rows; 0/1 hits for --from confidences");
  add_from(report, request.data,
           {score_form::logits, score_form::probabilities, score_form::confidences});
  add_number(report, "--bins", request.bins, std::size_t{1}, std::size_t{1000}, "Number of bins")
      ->type_name("B")
      ->default_str(concat(request.bins));
  report
      .add_option("--apply", request.apply,
                  "Show also what `calibra fit` wrote makes of the scores; default: none")
      ->type_name("MODEL");
  report
      .add_option("--by", request.by,
                  "Also groups of samples: a file of a whole number a sample, or the predicted or "
                  "true class; default: none")
      ->type_name("FILE|predicted|label");
  report.add_option("--title", request.title, "The heading; default: Calibration report")
      ->type_name("TEXT");
  add_output(report, request.output, "The .html file to write")->required();
  return report;
}

CLI::App& add_apply(CLI::App& app, apply_request& request) {
  CLI::App& apply = *app.add_subcommand("apply", "Recalibrate scores by a fitted model");
  apply.footer(footer);
  apply.add_option("MODEL", request.model, "What `calibra fit` wrote")->required();
  apply
      .add_option("SCORES", request.data.scores, "Samples x classes; or one P(y = 1) or logit each")
      ->required();
  add_from(apply, request.data);
  add_score_array(apply, request.data);
  add_table(apply, request.data);
  add_choice(apply, "--as", request.as, std::vector{score_form::logits, score_form::probabilities},
             "logits", "What to write");
  apply
      .add_option("--proximity", request.proximity,
                  "A number a sample, of a model that takes one; default: none")
      ->type_name("FILE");
  add_renormalise(apply, request.data.renormalise);
  add_threads(apply, request.threads);
  add_output(apply, request.output, "The .npy, .csv, .tsv or .safetensors file to write")
      ->required();
  return apply;
}

CLI::App& add_conventions(CLI::App& app, std::string& name) {
  CLI::App& conventions =
      *app.add_subcommand("conventions", "List the presets of --like, or describe one");
  conventions.add_option("NAME", name, "The preset to describe; default: list them all");
  return conventions;
}

CLI::App& add_merge(CLI::App& app, merge_request& request) {
  CLI::App& merge = *app.add_subcommand("merge", "Measure the evidence that several runs kept");
  merge.footer(known_metrics());
  merge.add_option("EVIDENCE", request.files, "Files of eval --save-evidence")
      ->required()
      ->expected(1, 1000000);
  merge
      .add_option_function<std::string>(
          "--metrics", [&](const std::string& text) { request.metrics = wanted_metrics(text); },
          "Names of metrics, separated by commas")
      ->type_name("all|NAME,...")
      ->default_str("all that the evidence has");
  merge.add_option("--save-evidence", request.save, "A file for the sum; default: it is not kept")
      ->type_name("FILE");
  add_memory(merge, request.memory);
  add_choice(merge, "--format", request.format,
             std::vector{report_format::table, report_format::json, report_format::csv,
                         report_format::markdown},
             "table", "How the report is written");
  add_output(merge, request.output, "Where to; default: standard output");
  return merge;
}

CLI::App& add_look(CLI::App& app, std::string& file) {
  CLI::App& look = *app.add_subcommand("look", "List what is in a file, and what it could be");
  look.add_option("FILE", file, "A file of arrays, or a table")->required();
  return look;
}

CLI::App& add_methods(CLI::App& app, std::string& name) {
  CLI::App& methods =
      *app.add_subcommand("methods", "List the recalibrators of --method, or describe one");
  methods.add_option("NAME", name, "The recalibrator to describe; default: list them all");
  return methods;
}

bool terminal_has_utf8() {
  std::setlocale(LC_CTYPE, "");
  return std::string_view(nl_langinfo(CODESET)) == "UTF-8";
}

std::string report_text(const eval_request& request, const report& r) {
  switch (request.format) {
    case report_format::json:
      return json_text(request, r);
    case report_format::csv:
      return csv_text(request, r);
    case report_format::markdown:
      return markdown_text(request, r);
    case report_format::table:
      break;
  }
  return table_text(request, r, terminal_has_utf8());
}

void print(std::string_view text) {
  if (!all_processes().first()) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw io_error(concat("standard output: cannot write: ", std::strerror(errno)));
}

/// Writes to a file, or to standard output where it is none.
void put(const std::string& text, const std::string& file) {
  if (!all_processes().first()) return;
  if (is_standard_output(file))
    print(text);
  else
    io::write_file(file, text);
}

void run_eval(const eval_request& request) {
  put(report_text(request, evaluate_files(request)), request.output);
}

/// Whether each process has begun what is its own. What goes wrong before does so in all of them,
/// and one of them says it.
bool begun = false;

/// Throws option_error where several processes have nothing to share; and ended_elsewhere where
/// another one failed.
struct ended_elsewhere {};
void expect_processes(bool several_files) {
  if (several_files) expect_joined();
  if (all_processes().count > 1 && !several_files)
    throw option_error("several processes: expected eval of several files, which they share");
  const bool failed_elsewhere = first_that_failed(false) < all_processes().count;
  begun = true;
  if (failed_elsewhere) throw ended_elsewhere();
}

int failed(int status, std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  if (!begun && first_that_failed(true) != all_processes().own) return status;
  std::fprintf(
      stderr, "calibra: %s%s\n",
      all_processes().first()
          ? ""
          : concat("process ", all_processes().own, " of ", all_processes().count, ": ").c_str(),
      message.c_str());
  if (begun) end_processes(status);
  return status;
}

void run(int argc, char** argv) {
  CLI::App app("Measures and repairs the confidence calibration of classifiers.", "calibra");
  app.formatter(std::make_shared<help_formatter>());
  app.footer(concat(examples, "\n\n", known_metrics()));
  app.require_subcommand(1);
  app.set_version_flag("--version", "calibra " CALIBRA_VERSION);
  eval_request eval_wanted;
  fit_request fit_wanted;
  apply_request apply_wanted;
  test_request test_wanted;
  compare_request compare_wanted;
  diagram_request diagram_wanted;
  html_request report_wanted;
  merge_request merge_wanted;
  std::string convention_wanted, method_wanted, shell_wanted, file_wanted;
  const CLI::App& eval = add_eval(app, eval_wanted);
  const CLI::App& test = add_test(app, test_wanted);
  const CLI::App& compare = add_compare(app, compare_wanted);
  const CLI::App& diagram = add_diagram(app, diagram_wanted);
  const CLI::App& report = add_report(app, report_wanted);
  const CLI::App& fit = add_fit(app, fit_wanted);
  const CLI::App& apply = add_apply(app, apply_wanted);
  const CLI::App& merge = add_merge(app, merge_wanted);
  const CLI::App& look = add_look(app, file_wanted);
  const CLI::App& methods = add_methods(app, method_wanted);
  const CLI::App& conventions = add_conventions(app, convention_wanted);
  CLI::App& completion =
      *app.add_subcommand("completion", "Write what completes commands in bash, zsh or fish");
  completion.add_option("SHELL", shell_wanted, "bash, zsh or fish")->required();
  const CLI::App& manual = *app.add_subcommand("man", "Write the manual page");
  expect_known_arguments(app, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    print(e.get_name() == "CallForVersion" ? concat(e.what(), '\n') : app.help());
    return;
  }
  finish_data(eval, eval_wanted.data);
  finish_eval(eval, eval_wanted);
  finish_data(test, test_wanted.data);
  finish_data(diagram, diagram_wanted.data);
  finish_data(report, report_wanted.data);
  finish_fit(fit, fit_wanted);
  if (apply.parsed()) {
    apply_wanted.data.from_said = apply.count("--from") > 0;
    say(find_scores(apply_wanted.data));
    if (apply_wanted.data.from == score_form::confidences)
      throw CLI::ValidationError("apply: expected logits or probabilities, got confidences");
  }
  if (report.parsed()) expect_page_ending(report_wanted.output);
  if (compare.parsed()) finish_compare(compare, compare_wanted);
  expect_apart(*app.get_subcommands()[0], files_of_shards(eval_wanted));
  if (eval.parsed()) expect_possible(eval_wanted);
  expect_processes(eval.parsed() && !eval_wanted.shards.empty());
  if (eval.parsed()) run_eval(eval_wanted);
  if (merge.parsed()) {
    const merged_evidence merged = merge_files(merge_wanted);
    eval_request shown = merged.request;
    shown.format = merge_wanted.format;
    put(report_text(shown, merged.found), merge_wanted.output);
  }
  if (compare.parsed()) put(compare_files(compare_wanted), compare_wanted.output);
  if (test.parsed()) put(test_files(test_wanted), test_wanted.output);
  if (diagram.parsed()) put(diagram_files(diagram_wanted), diagram_wanted.output);
  if (report.parsed()) {
    for (int a = 0; a < argc; ++a)
      report_wanted.command += concat(a == 0 ? "calibra" : " ", a == 0 ? "" : argv[a]);
    put(html_report(report_wanted), report_wanted.output);
  }
  if (fit.parsed()) (fit_wanted.method == "dac" ? fit_features : fit_files)(fit_wanted, print);
  if (apply.parsed()) apply_files(apply_wanted);
  if (conventions.parsed())
    print(convention_wanted.empty() ? list_conventions() : describe_convention(convention_wanted));
  if (look.parsed())
    print(io::holds_records(file_wanted) ? look_at_records(file_wanted)
          : io::holds_llama(file_wanted) ? look_at_llama(file_wanted)
                                         : look_at(file_wanted));
  if (completion.parsed()) print(completion_script(app, shell_wanted));
  if (manual.parsed()) print(manual_page(app, CALIBRA_VERSION));
  if (methods.parsed())
    print(method_wanted.empty() ? list_methods() : describe_method(method_wanted));
}

int status_of_run(int argc, char** argv) {
  try {
    join_processes();
    if (const char* set = std::getenv("CALIBRA_ISA")) calibra::detail::use_isa("CALIBRA_ISA", set);
    run(argc, argv);
    return 0;
  } catch (const ended_elsewhere&) {
    return data_failure;
  } catch (const CLI::ParseError& e) {
    return failed(usage_failure, e.what());
  } catch (const option_error& e) {
    return failed(usage_failure, e.what());
  } catch (const std::bad_alloc&) {
    return failed(data_failure, "out of memory");
  } catch (const std::exception& e) {
    return failed(data_failure, e.what());
  }
}

}  // namespace

}  // namespace calibra::cli

int main(int argc, char** argv) {
  calibra::cli::handle_signals();
  const int status = calibra::cli::status_of_run(argc, argv);
  calibra::cli::leave_processes();
  return status;
}
