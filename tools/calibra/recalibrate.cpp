// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "recalibrate.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/report.hpp"
#include "calibra/io/load.hpp"
#include "calibra/io/model.hpp"
#include "calibra/io/save.hpp"
#include "calibra/io/write_file.hpp"
#include "calibra/json.hpp"
#include "calibra/recalibration/choose.hpp"
#include "calibra/recalibration/dac.hpp"
#include "calibra/recalibration/methods.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "inputs.hpp"
#include "progress.hpp"
#include "suggest.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;
using calibra::detail::fixed_text;

/// Lines of a name and a value, the values below one another.
std::string aligned(const std::vector<std::pair<std::string, std::string>>& lines) {
  std::size_t width = 0;
  for (const auto& [name, value] : lines) width = std::max(width, name.size());
  std::string out;
  for (const auto& [name, value] : lines)
    out += concat(name, std::string(width + 2 - name.size(), ' '), value, '\n');
  return out;
}

std::string summary_text(const recalibrator& model, std::string_view objective) {
  const fit_report& r = model.report();
  std::vector<std::pair<std::string, std::string>> lines;
  if (model.name() != temperature_scaling::kind)
    lines.emplace_back("method", model.parts().empty()
                                     ? std::string(model.name())
                                     : concat(model.parts()[0]->name(), ", one against the rest"));
  for (const parameter& p : model.parameters())
    if (p.single) lines.emplace_back(p.name, fixed_text(p.values[0], 6));
  lines.emplace_back(concat(objective, " before"), fixed_text(r.objective_before, 6));
  lines.emplace_back(concat(objective, " after"), fixed_text(r.objective_after, 6));
  lines.emplace_back("converged", r.converged ? "yes" : concat("no: ", r.note));
  return aligned(lines);
}

/// The candidates of --method auto, what was chosen and why.
std::string choice_text(const method_choice& choice, std::size_t folds) {
  std::vector<std::pair<std::string, std::string>> lines;
  lines.emplace_back("method", "held-out nll  from the best  standard error");
  for (const method_score& s : choice.scores)
    lines.emplace_back(s.name, concat(fixed_text(s.score, 6), "      ", fixed_text(s.difference, 6),
                                      "       ", fixed_text(s.error, 6)));
  const std::string why =
      choice.chosen == choice.best
          ? concat(choice.chosen, ", the best of ", folds, " folds")
          : concat(choice.chosen, ", the simplest within one standard error of the best, ",
                   choice.best);
  return concat(aligned(lines), "\nchosen: ", why, "\n\n");
}

std::string_view objective_of(std::string_view method) {
  for (const recalibrator_info& info : recalibrator_infos())
    if (info.name == method) return info.objective;
  return "objective";
}

/// Calls f with the model as the type that it is where that is faster.
template<class F>
void with_model(const recalibrator& model, const F& f) {
  if (const auto* t = dynamic_cast<const temperature_scaling*>(&model))
    f(*t);
  else
    f(model);
}

matrix<double> load_features(const std::string& path) {
  return io::load(path).visit_native_scores([](auto view) {
    using scalar = typename decltype(view)::value_type;
    matrix<double> features(view.rows(), view.cols());
    for (std::size_t i = 0; i < view.rows(); ++i)
      for (std::size_t j = 0; j < view.cols(); ++j)
        features(i, j) = static_cast<double>(scalar_traits<scalar>::load(view(i, j)));
    return features;
  });
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
  std::unique_ptr<const recalibrator> model;
  std::string method = request.method, text;
  naming_files(in.names(), [&] {
    const io::label_column labels = labels_of(in);
    with_column(in.weights, [&](optional_column<double> weights) {
      o.weights = std::move(weights);
      model = with_scores(in.scores, request.data.from, [&](const auto& scores) {
        if (method == "auto") {
          const method_choice choice = choose_method(scores, labels, o, {.folds = request.folds});
          method = choice.chosen;
          text = choice_text(choice, request.folds);
        }
        return fit_by_name(method, scores, labels, o);
      });
    });
  });
  if (std::isnan(model->report().objective_before))
    throw value_error(
        concat(in.scores.name(), ": no samples left of ", in.rows(), " that have a weight"));
  io::atomic_file file(request.output);
  file.write(to_json(*model));
  print(text + summary_text(*model, objective_of(method)));
  file.commit();
}

void fit_features(const fit_request& request, const std::function<void(std::string_view)>& print) {
  const feature_request& files = request.features;
  const dac model =
      dac::from_features(load_features(files.base_zero_shot), load_features(files.base_tuned),
                         load_features(files.test_zero_shot), load_features(files.test_tuned));
  const auto [least, most] = std::minmax_element(model.gammas().begin(), model.gammas().end());
  io::atomic_file file(request.output);
  file.write(to_json(model));
  print(aligned({{"method", std::string(model.name())},
                 {"classes", concat(model.classes())},
                 {"least factor", fixed_text(*least, 6)},
                 {"largest factor", fixed_text(*most, 6)}}));
  file.commit();
}

void apply_files(const apply_request& request) {
  io::expect_saved_ending(request.output);
  const std::unique_ptr<const recalibrator> model = io::load_any_recalibrator(request.model);
  const io::array scores = load_scores(request.data);
  expect_form_said(scores, request.data);
  options o;
  o.renormalise = request.data.renormalise;
  o.threads = {request.threads};
  progress_line progress(scores.shape()[0]);
  o.progress = progress.hook();
  naming_files({scores.name(), {}}, [&] {
    with_scores(scores, request.data.from, [&](const auto& given) {
      with_model(*model, [&](const auto& m) {
        if (request.as == score_form::logits)
          save(request.output, m.transform_logits(given, o), "logits");
        else
          save(request.output, m.transform(given, o), "probabilities");
      });
    });
  });
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const recalibrator_info& info : recalibrator_infos()) names.emplace_back(info.name);
  return names;
}

std::string list_methods() {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const recalibrator_info& info : recalibrator_infos())
    lines.emplace_back(info.name, info.map);
  return aligned(lines);
}

std::string describe_method(std::string_view name) {
  for (const recalibrator_info& info : recalibrator_infos())
    if (info.name == name)
      return aligned({{"method", std::string(info.name)},
                      {"map", std::string(info.map)},
                      {"objective", std::string(info.objective)},
                      {"keeps", std::string(info.keeps)},
                      {"source", std::string(info.source)}});
  throw option_error(concat("calibra methods: expected one of ", comma_separated(method_names()),
                            "; got \"", name, '"', did_you_mean(name, method_names())));
}

}  // namespace calibra::cli
