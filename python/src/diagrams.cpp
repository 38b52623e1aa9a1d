// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "diagrams.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <utility>

#include "calibra/diagram/curve_diagrams.hpp"
#include "calibra/diagram/group_diagram.hpp"
#include "calibra/diagram/reliability_diagram.hpp"
#include "calibra/diagram/smooth_diagram.hpp"
#include "calibra/diagram/svg.hpp"
#include "calibra/evaluate/tabulate.hpp"
#include "data.hpp"
#include "evaluate.hpp"
#include "settings.hpp"
#include "without_lock.hpp"

namespace calibra::python {

namespace nb = nanobind;

sample pairs_of(const data& d, const settings& s) {
  if (d.multilabel())
    throw option_error(
        calibra::detail::concat(d.where(), ": multilabel: expected one label a sample"));
  options o = s.as_options(d.form() == score_form::confidences);
  expect_possible(d, s);
  d.put_columns(o);
  return without_lock(d.where(), o, [&] {
    if (d.form() == score_form::confidences)
      return d.with_confidences(
          [&](const auto& view) { return collect(confidences(view, d.labels()), o); });
    return d.with_scores([&](const auto& scores) { return collect(scores, d.labels(), o); });
  });
}

namespace {

/// Makes a picture; errors name `where`.
template<class F>
picture made(const std::string& where, const F& f) {
  options none;
  return without_lock(where, none, f);
}

std::vector<named_table> tables_of(const std::vector<std::string>& names,
                                   const std::vector<const result*>& results) {
  std::vector<named_table> tables;
  for (std::size_t i = 0; i < names.size(); ++i) tables.push_back({names[i], results.at(i)->table});
  return tables;
}

}  // namespace

void bind_diagrams(nb::module_& m) {
  nb::class_<picture>(m, "Picture")
      .def(
          "svg",
          [](const picture& p, bool dark) { return to_svg(p, dark ? theme::dark : theme::light); },
          nb::arg("dark"));
  nb::class_<sample>(m, "Pairs");
  m.def("pairs", &pairs_of, nb::arg("data"), nb::arg("settings"));
  m.def(
      "curve_diagram",
      [](const std::string& where, const std::string& kind, const sample& pairs,
         const std::string& title) {
        return made(where, [&] {
          return kind == "corp"     ? corp_diagram(pairs, title)
                 : kind == "smooth" ? smooth_diagram(pairs, title)
                                    : cumulative_diagram(pairs, title);
        });
      },
      nb::arg("where"), nb::arg("kind"), nb::arg("pairs"), nb::arg("title"));
  m.def(
      "risk_coverage_diagram",
      [](const std::string& where, const std::vector<std::string>& names,
         const std::vector<const sample*>& pairs, const std::string& title) {
        std::vector<named_pairs> models;
        for (std::size_t i = 0; i < names.size(); ++i) models.push_back({names[i], *pairs.at(i)});
        return made(where, [&] { return risk_coverage_diagram(models, title); });
      },
      nb::arg("where"), nb::arg("names"), nb::arg("pairs"), nb::arg("title"));
  m.def(
      "reliability_lines",
      [](const std::string& where, const std::vector<std::string>& names,
         const std::vector<const result*>& results, const std::string& title) {
        return made(where, [&] { return reliability_lines(tables_of(names, results), title); });
      },
      nb::arg("where"), nb::arg("names"), nb::arg("results"), nb::arg("title"));
  m.def(
      "reliability_diagrams",
      [](const std::string& where, const std::vector<std::string>& names,
         const std::vector<const result*>& results) {
        return made(where, [&] { return reliability_diagrams(tables_of(names, results)); });
      },
      nb::arg("where"), nb::arg("names"), nb::arg("results"));
  m.def(
      "classwise_diagram",
      [](const std::string& where, const result& r, std::size_t most) {
        return made(where, [&] { return classwise_diagram(r, most); });
      },
      nb::arg("where"), nb::arg("result"), nb::arg("most"));
  m.def(
      "group_diagram",
      [](const std::string& where, const group_report& r, const std::string& title,
         std::size_t most) { return made(where, [&] { return group_diagram(r, title, most); }); },
      nb::arg("where"), nb::arg("report"), nb::arg("title"), nb::arg("most"));
}

}  // namespace calibra::python
