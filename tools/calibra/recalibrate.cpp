// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "recalibrate.hpp"

#include <cmath>
#include <string_view>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/io/model.hpp"
#include "calibra/io/save.hpp"
#include "calibra/io/write_file.hpp"
#include "calibra/json.hpp"
#include "inputs.hpp"
#include "measure.hpp"
#include "progress.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;
using calibra::detail::fixed_text;

std::string summary_text(const temperature_scaling& model) {
  const fit_report& r = model.report();
  return concat("temperature  ", fixed_text(model.temperature(), 6), "\nnll before   ",
                fixed_text(r.nll_before, 6), "\nnll after    ", fixed_text(r.nll_after, 6),
                "\nconverged    ", r.converged ? "yes" : concat("no: ", r.note), '\n');
}

}  // namespace

void fit_files(const fit_request& request, const std::function<void(std::string_view)>& print) {
  const inputs in = load_inputs(request.data);
  options o = row_options_of(request.data);
  progress_line progress(in.rows());
  o.progress = progress.hook();
  const temperature_scaling model = naming_files(in.names(), [&] {
    const io::label_column labels = io::labels(in.labels);
    return with_column(in.weights, [&](optional_column<double> weights) {
      o.weights = std::move(weights);
      return with_scores(in.scores, request.data.from,
                         [&](score_kind kind, auto view) { return fit(kind, view, labels, o); });
    });
  });
  if (std::isnan(model.report().nll_before))
    throw value_error(
        concat(in.scores.name(), ": no samples left of ", in.rows(), " that have a weight"));
  io::atomic_file file(request.output);
  file.write(to_json(model));
  print(summary_text(model));
  file.commit();
}

void apply_files(const apply_request& request) {
  io::expect_saved_ending(request.output);
  const temperature_scaling model = io::load_temperature(request.model);
  const io::array scores = load_scores(request.data);
  expect_form_said(scores, request.data);
  options o;
  o.renormalise = request.data.renormalise;
  o.threads = {request.threads};
  progress_line progress(scores.shape()[0]);
  o.progress = progress.hook();
  naming_files({scores.name(), {}}, [&] {
    with_scores(scores, request.data.from, [&](score_kind kind, auto view) {
      transform(model, kind, view, request.as == score_form::logits, o, request.output);
    });
  });
}

}  // namespace calibra::cli
