// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "html_report.hpp"

#include <zlib.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/groups/evaluate_by.hpp"
#include "calibra/metrics/accuracy.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/report/html.hpp"
#include "calibra/report/report_calibration.hpp"
#include "inputs.hpp"
#include "progress.hpp"
#include "recalibrate.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

std::string checksum_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<char> part(1 << 16);
  uLong crc = crc32(0, nullptr, 0);
  while (in.read(part.data(), static_cast<std::streamsize>(part.size())) || in.gcount() > 0)
    crc = crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(in.gcount()));
  constexpr std::array<char, 17> digits{"0123456789abcdef"};
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[(crc >> shift) & 15U];
  return "CRC-32 " + text;
}

/// How the files are called on a command line: "dump.npz:logits" is a member of dump.npz.
void add_source(std::vector<report_source>& to, const std::string& what, const std::string& name) {
  if (name.empty()) return;
  std::string file = name;
  std::error_code none;
  if (!std::filesystem::exists(file, none)) file = file.substr(0, file.rfind(':'));
  const auto size = std::filesystem::file_size(file, none);
  to.push_back({what, name, none ? "" : concat(size, " bytes"), none ? "" : checksum_of(file)});
}

calibration_report measured(const html_request& request, const inputs& in, const options& o) {
  const io::label_column labels = labels_of(in);
  if (request.data.from == score_form::confidences) {
    if (!request.apply.empty() || !request.by.empty())
      throw option_error("--apply and --by: expected logits or probabilities, got confidences");
    return in.scores.visit_native_vector(
        [&](auto view) { return report_calibration(calibra::confidences(view, labels), o); });
  }
  saved_model model;
  if (!request.apply.empty()) {
    model = load_model(request.apply, false);
    if (!model.alone) throw option_error("--apply: expected a model that takes scores alone");
  }
  return with_scores(in, request.data.from, [&](const auto& scores) {
    calibration_report r = report_calibration(scores, labels, o, model.alone.get());
    if (request.by.empty()) return r;
    options again = o;
    again.progress = {};
    again.per_class = false;
    r.groups = with_groups(in, request.by, scores, labels, [&](const auto& groups) {
      return evaluate_by(scores, labels, groups, {accuracy, ece}, again);
    });
    return r;
  });
}

}  // namespace

std::string html_report(const html_request& request) {
  inputs in = load_inputs(request.data);
  load_groups(in, request.by, request.data.header);
  options o = row_options_of(request.data);
  o.bins = request.bins;
  o.per_class = !in.binary() && request.data.from != score_form::confidences;
  progress_line progress(in.rows());
  o.progress = progress.hook();
  std::optional<calibration_report> all;
  naming_files(in.names(), [&] { with_columns(in, o, [&] { all = measured(request, in, o); }); });
  all->values.values.class_names = request.data.names.all();
  if (all->groups) name_groups(request.data, request.by, *all->groups);

  html_options page{.by = request.by, .command = request.command};
  if (!request.title.empty()) page.title = request.title;
  add_source(page.sources, "scores", request.data.scores);
  add_source(page.sources, "labels", request.data.labels);
  add_source(page.sources, "weights", request.data.weights);
  add_source(page.sources, "model", request.apply);
  return to_html(*all, page);
}

}  // namespace calibra::cli
