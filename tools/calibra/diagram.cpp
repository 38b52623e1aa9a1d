// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "diagram.hpp"

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/diagram/curve_diagrams.hpp"
#include "calibra/diagram/group_diagram.hpp"
#include "calibra/diagram/reliability_diagram.hpp"
#include "calibra/diagram/smooth_diagram.hpp"
#include "calibra/diagram/svg.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/groups/evaluate_by.hpp"
#include "calibra/interval/intervals.hpp"
#include "calibra/recalibration/recalibrated.hpp"
#include "inputs.hpp"
#include "progress.hpp"
#include "recalibrate.hpp"
#ifdef CALIBRA_CLI_WITH_CAIRO
#include "calibra/diagram/cairo.hpp"
#endif

namespace calibra::cli {

namespace {

using calibra::detail::concat;

/// What the file is to be, by its name.
enum class surface { svg, png, pdf };

surface surface_of(const std::string& file) {
  if (file.ends_with(".svg")) return surface::svg;
#ifdef CALIBRA_CLI_WITH_CAIRO
  if (file.ends_with(".png")) return surface::png;
  if (file.ends_with(".pdf")) return surface::pdf;
  throw option_error(
      concat("--output: expected a name that ends in .svg, .png or .pdf; got \"", file, '"'));
#else
  throw option_error(
      concat("--output: expected a name that ends in .svg (this program was built "
             "without cairo, for .png and .pdf); got \"",
             file, '"'));
#endif
}

std::string drawn(const picture& p, surface on, theme of) {
#ifdef CALIBRA_CLI_WITH_CAIRO
  if (on == surface::png) return to_png(p, of);
  if (on == surface::pdf) return to_pdf(p, of);
#endif
  static_cast<void>(on);
  return to_svg(p, of);
}

options diagram_options(const diagram_request& request) {
  options o = row_options_of(request.data);
  o.bins = request.bins;
  o.scheme = request.scheme;
  o.per_class = request.kind == diagram_kind::classwise;
  return o;
}

/// A diagram of groups: scores are logits or probabilities.
template<class S, class L>
picture of_groups(const diagram_request& request, const inputs& in, const S& scores,
                  const L& labels, const options& o) {
  const metric_list list{accuracy, ece};
  return with_groups(in, request.by, scores, labels, [&](const auto& groups) {
    group_report report = evaluate_by(scores, labels, groups, list, o);
    name_groups(request.data, request.by, report);
    return group_diagram(report, request.title);
  });
}

/// One picture of what was given: scores and labels, or confidences with their hits.
template<class... Given>
picture picture_of(const diagram_request& request, const inputs& in, const options& o,
                   const Given&... given) {
  const reliability_style style{.limits = request.limits, .level = request.level};
  constexpr bool has_labels = sizeof...(Given) == 2;
  switch (request.kind) {
    case diagram_kind::reliability: {
      interval_options how;
      how.level = request.level;
      return reliability_diagram(intervals(given..., {ece, accuracy}, o, how), request.title,
                                 style);
    }
    case diagram_kind::corp:
      return corp_diagram(collect(given..., o), request.title);
    case diagram_kind::smooth:
      return smooth_diagram(collect(given..., o), request.title);
    case diagram_kind::cumulative:
      return cumulative_diagram(collect(given..., o), request.title);
    case diagram_kind::risk_coverage:
      return risk_coverage_diagram({{"", collect(given..., o)}}, request.title);
    case diagram_kind::classwise: {
      evaluation e = evaluate(given..., {ece}, o);
      e.class_names = request.data.names.all();
      if (e.class_tables.empty()) break;
      return classwise_diagram(
          e, 12, {.limits = request.limits, .level = request.level, .histogram = false});
    }
    case diagram_kind::groups:
      if constexpr (has_labels) return of_groups(request, in, given..., o);
      break;
  }
  throw option_error("--kind: classwise and groups need scores of one label a sample");
}

/// With a model: before and after it, where the kind shows several; else after it.
template<class S, class L>
picture picture_after(const diagram_request& request, const inputs& in, const options& o,
                      const S& scores, const L& labels) {
  const saved_model model = load_model(request.apply, false);
  if (!model.alone)
    throw option_error("--apply: expected a model that takes scores alone, without proximities");
  const auto after = recalibrated(*model.alone, scores);
  const reliability_style style{.limits = request.limits, .level = request.level};
  if (request.kind == diagram_kind::reliability)
    return reliability_diagrams({{"before", evaluate(scores, labels, {ece}, o).table},
                                 {"after", evaluate(after, labels, {ece}, o).table}},
                                style);
  if (request.kind == diagram_kind::risk_coverage)
    return risk_coverage_diagram(
        {{"before", collect(scores, labels, o)}, {"after", collect(after, labels, o)}},
        request.title);
  return picture_of(request, in, o, after, labels);
}

picture measured(const diagram_request& request, const inputs& in, const options& o) {
  const io::label_column labels = labels_of(in);
  if (request.data.from == score_form::confidences) {
    if (!request.apply.empty())
      throw option_error("--apply: expected --from logits or probabilities, got confidences");
    return in.scores.visit_native_vector(
        [&](auto view) { return picture_of(request, in, o, calibra::confidences(view, labels)); });
  }
  return with_scores(in, request.data.from, [&](const auto& scores) {
    return request.apply.empty() ? picture_of(request, in, o, scores, labels)
                                 : picture_after(request, in, o, scores, labels);
  });
}

}  // namespace

std::string diagram_files(const diagram_request& request) {
  const surface on = surface_of(request.output);
  if ((request.kind == diagram_kind::groups) == request.by.empty())
    throw option_error("--by: expected with --kind groups, and with nothing else");
  inputs in = load_inputs(request.data);
  load_groups(in, request.by, request.data.header);
  options o = diagram_options(request);
  progress_line progress(in.rows());
  o.progress = progress.hook();
  picture p;
  naming_files(in.names(), [&] { with_columns(in, o, [&] { p = measured(request, in, o); }); });
  return drawn(p, on, request.dark ? theme::dark : theme::light);
}

}  // namespace calibra::cli
