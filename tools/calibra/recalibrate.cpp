// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "recalibrate.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
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
#include "calibra/recalibration/proximity_methods.hpp"
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

/// What is fitted by name: recalibrators, and those that take a proximity a sample.
std::vector<recalibrator_info> all_infos() {
  std::vector<recalibrator_info> infos = recalibrator_infos();
  for (const recalibrator_info& info : proximity_recalibrator_infos()) infos.push_back(info);
  return infos;
}

std::string_view objective_of(std::string_view method) {
  if (method == procal_bin_mean_shift<>::kind) return isotonic::info.objective;
  for (const recalibrator_info& info : all_infos())
    if (info.name == method) return info.objective;
  return "objective";
}

std::string method_text(const recalibrator& model) {
  return model.parts().empty() ? std::string(model.name())
                               : concat(model.parts()[0]->name(), ", one against the rest");
}
std::string method_text(const proximity_recalibrator& model) {
  return model.parts().empty() ? std::string(model.name())
                               : concat(model.name(), " of ", model.parts().size(), " bins");
}

template<class R>
std::string summary_text(const R& model, std::string_view objective) {
  const fit_report& r = model.report();
  std::vector<std::pair<std::string, std::string>> lines;
  if (model.name() != temperature_scaling::kind) lines.emplace_back("method", method_text(model));
  for (const parameter& p : model.parameters())
    if (p.single) lines.emplace_back(p.name, fixed_text(p.values[0], 6));
  if (!std::isnan(r.objective_before)) {
    lines.emplace_back(concat(objective, " before"), fixed_text(r.objective_before, 6));
    lines.emplace_back(concat(objective, " after"), fixed_text(r.objective_after, 6));
  }
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

/// "bins = 10, smooth_targets = true"
std::string options_text(std::string_view method) {
  std::string text;
  for (const auto& [name, value] : takes_proximity(method) ? proximity_recalibrator_options(method)
                                                           : recalibrator_options(method))
    text += concat(text.empty() ? "" : ", ", name, " = ", value);
  return text.empty() ? "none" : text;
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
  const inputs in = load_inputs(request.data, request.proximity);
  options o = row_options_of(request.data);
  progress_line progress(in.rows());
  o.progress = progress.hook();
  std::string text, summary;
  naming_files(in.names(), [&] {
    const io::label_column labels = labels_of(in);
    with_column(in.weights, [&](optional_column<double> weights) {
      o.weights = std::move(weights);
      const auto finish = [&](std::string_view method, const auto& model) {
        const fit_report& r = model.report();
        if (std::isnan(r.objective_before) && !r.converged)
          throw value_error(
              concat(in.scores.name(), ": no samples left of ", in.rows(), " that have a weight"));
        text = to_json(model);
        summary += summary_text(model, objective_of(method));
      };
      with_scores(in, request.data.from, [&](const auto& scores) {
        std::string method = request.method;
        if (takes_proximity(method)) {
          with_column(in.proximity, [&](const optional_column<double>& proximity) {
            finish(method,
                   *fit_proximity_by_name(method, scores, labels, proximity, o, request.options));
          });
          return;
        }
        if (method == "auto") {
          const method_choice choice = choose_method(scores, labels, o, {.folds = request.folds});
          method = choice.chosen;
          summary = choice_text(choice, request.folds);
        }
        finish(method, *fit_by_name(method, scores, labels, o, request.options));
      });
    });
  });
  io::atomic_file file(request.output);
  file.write(text);
  print(summary);
  file.commit();
}

void fit_features(const fit_request& request, const std::function<void(std::string_view)>& print) {
  const feature_request& files = request.features;
  const dac model = dac::from_features(
      load_features(files.base_zero_shot), load_features(files.base_tuned),
      load_features(files.test_zero_shot), load_features(files.test_tuned),
      calibra::detail::options_of<dac::options>("--method dac", request.options));
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
  const saved_model model = load_model(request.model, !request.proximity.empty());
  if (model.alone && !request.proximity.empty())
    throw option_error(concat("--proximity: the model in ", request.model, ", ",
                              model.alone->name(), ", takes none"));
  const io::array scores = load_scores(request.data);
  expect_form_said(scores, request.data);
  std::optional<io::array> proximity;
  if (model.with_proximity)
    proximity = load_proximity(request.proximity, scores, request.data.header);
  options o;
  o.renormalise = request.data.renormalise;
  o.threads = {request.threads};
  progress_line progress(scores.shape()[0]);
  o.progress = progress.hook();
  naming_files({scores.name(), {}, {}, proximity ? proximity->name() : ""}, [&] {
    const auto write = [&](const auto& m, const auto&... given) {
      if (request.as == score_form::logits)
        save(request.output, m.transform_logits(given..., o), "logits");
      else
        save(request.output, m.transform(given..., o), "probabilities");
    };
    const score_form from = request.data.from;
    // A temperature is fastest where the array is known.
    if (const auto* t = dynamic_cast<const temperature_scaling*>(model.alone.get()))
      return with_array_scores(scores, from, [&](const auto& given) { write(*t, given); });
    with_scores(scores, from, [&](const auto& given) {
      if (model.alone) return write(*model.alone, given);
      with_column(proximity, [&](const optional_column<double>& d) {
        write(*model.with_proximity, given, d);
      });
    });
  });
}

saved_model load_model(const std::string& path, bool proximity_given) {
  const std::string kind = io::recalibrator_kind(path);
  if (!takes_proximity(kind)) return {.alone = io::load_any_recalibrator(path)};
  if (!proximity_given)
    throw option_error(concat("--proximity: expected a file, the model in ", path, ", ", kind,
                              ", takes a number a sample"));
  return {.with_proximity = io::load_any_proximity_recalibrator(path)};
}

bool takes_proximity(std::string_view method) {
  const std::vector<recalibrator_info> infos = proximity_recalibrator_infos();
  return std::any_of(infos.begin(), infos.end(),
                     [&](const recalibrator_info& info) { return info.name == method; });
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const recalibrator_info& info : all_infos()) names.emplace_back(info.name);
  return names;
}

std::string list_methods() {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const recalibrator_info& info : all_infos()) lines.emplace_back(info.name, info.map);
  return aligned(lines);
}

std::string describe_method(std::string_view name) {
  for (const recalibrator_info& info : all_infos())
    if (info.name == name)
      return aligned({{"method", std::string(info.name)},
                      {"map", std::string(info.map)},
                      {"objective", std::string(info.objective)},
                      {"keeps", std::string(info.keeps)},
                      {"options", options_text(name)},
                      {"source", std::string(info.source)}});
  throw option_error(concat("calibra methods: expected one of ", comma_separated(method_names()),
                            "; got \"", name, '"', did_you_mean(name, method_names())));
}

}  // namespace calibra::cli
