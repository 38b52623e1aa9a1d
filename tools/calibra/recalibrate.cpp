// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "recalibrate.hpp"

#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/io/model.hpp"
#include "calibra/io/save.hpp"
#include "calibra/io/write_file.hpp"
#include "calibra/json.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "inputs.hpp"
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

template<class C>
void save(const std::string& path, const matrix<C>& m, const char* name) {
  io::save(path, m.view(), name);
}
template<class C>
void save(const std::string& path, const std::vector<C>& v, const char* name) {
  io::save(path, vector_view<const C>(v.data(), v.size()), name);
}

}  // namespace

void fit_files(const fit_request& request, const std::function<void(std::string_view)>& print) {
  const inputs in = load_inputs(request.data);
  options o = row_options_of(request.data);
  progress_line progress(in.rows());
  o.progress = progress.hook();
  temperature_scaling model(1);
  naming_files(in.names(), [&] {
    const io::label_column labels = labels_of(in);
    with_column(in.weights, [&](optional_column<double> weights) {
      o.weights = std::move(weights);
      model = with_scores(in.scores, request.data.from,
                          [&](const auto& scores) { return fit_temperature(scores, labels, o); });
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
    with_scores(scores, request.data.from, [&](const auto& given) {
      if (request.as == score_form::logits)
        save(request.output, model.transform_logits(given, o), "logits");
      else
        save(request.output, model.transform(given, o), "probabilities");
    });
  });
}

}  // namespace calibra::cli
