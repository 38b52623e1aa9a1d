// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "models.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include "model.hpp"

namespace calibra::python {

namespace {

const char* word(score_domain takes) {
  return takes == score_domain::any ? "any" : takes == score_domain::binary ? "binary" : "classes";
}

nb::object ndarray_of(numbers made) {
  void* const first = const_cast<void*>(made.first);  // nobody else has it
  nb::capsule keeper(new std::shared_ptr<const void>(made.owner),
                     [](void* p) noexcept { delete static_cast<std::shared_ptr<const void>*>(p); });
  if (made.wide)
    return nb::cast(
        nb::ndarray<nb::numpy, double>(first, made.shape.size(), made.shape.data(), keeper));
  return nb::cast(
      nb::ndarray<nb::numpy, float>(first, made.shape.size(), made.shape.data(), keeper));
}

nb::object or_none(const std::optional<score_kind>& kind) {
  if (!kind) return nb::none();
  const std::string_view name = calibra::detail::name_of(*kind);
  return nb::str(name.data(), name.size());
}

nb::dict report_of(const fit_report& r) {
  nb::dict d;
  d["converged"] = r.converged;
  d["objective_before"] = r.objective_before;
  d["objective_after"] = r.objective_after;
  d["gradient"] = r.gradient;
  d["iterations"] = r.iterations;
  d["passes"] = r.passes;
  d["partial_passes"] = r.partial_passes;
  d["note"] = r.note;
  d["fitted_on"] = or_none(r.fitted_on);
  return d;
}

/// The parameters by name, and those of the parts.
template<class Model>
nb::dict parameters_of(const Model& m) {
  nb::dict d;
  for (const parameter& p : m.parameters()) {
    const nb::str name(p.name.data(), p.name.size());
    if (p.single)
      d[name] = p.values.at(0);
    else
      d[name] = p.values;
  }
  const std::vector<const recalibrator*> parts = m.parts();
  if (parts.empty()) return d;
  nb::list list;
  for (const recalibrator* part : parts) {
    nb::dict of_part = parameters_of(*part);
    of_part["kind"] = nb::str(part->name().data(), part->name().size());
    list.append(of_part);
  }
  d["parts"] = list;
  return d;
}

nb::list method_infos() {
  nb::list out;
  for (const method_entry& entry : method_table()) {
    nb::dict d, options;
    d["name"] = entry.info.name;
    d["map"] = entry.info.map;
    d["objective"] = entry.info.objective;
    d["keeps"] = entry.info.keeps;
    d["source"] = entry.info.source;
    d["takes"] = word(entry.takes);
    d["proximity"] = entry.proximity;
    for (const auto& [name, value] : entry.options) options[nb::str(name.c_str())] = value;
    d["options"] = options;
    out.append(d);
  }
  return out;
}

nb::object choice_of(const std::optional<method_choice>& choice) {
  if (!choice) return nb::none();
  nb::dict d;
  d["chosen"] = choice->chosen;
  d["best"] = choice->best;
  nb::list scores;
  for (const method_score& s : choice->scores)
    scores.append(nb::make_tuple(s.name, s.score, s.difference, s.error));
  d["scores"] = scores;
  return d;
}

}  // namespace

void bind_models(nb::module_& m) {
  nb::class_<model>(m, "Model")
      .def_prop_ro("method", [](const model& x) { return std::string(x.method()); })
      .def_prop_ro("classes", &model::classes)
      .def_prop_ro("proximity", [](const model& x) { return x.with_proximity != nullptr; })
      .def_prop_ro("report", [](const model& x) { return report_of(x.report()); })
      .def_prop_ro("parameters", [](const model& x) { return parameters_of(x); })
      .def("json", &model_json)
      .def(
          "transform",
          [](const model& x, const data& d, const settings& s, bool logits) {
            return ndarray_of(python::transform(x, d, s, logits));
          },
          nb::arg("data"), nb::arg("settings"), nb::arg("logits"))
      .def(
          "venn_abers_bounds",
          [](const model& x, const data& d, const settings& s) {
            return ndarray_of(python::venn_abers_bounds(x, d, s));
          },
          nb::arg("data"), nb::arg("settings"))
      .def("__getstate__", &model_json)
      .def("__setstate__", [](model& at, const std::string& text) {
        new (&at) model(model_from_json("pickle", text));
      });
  m.def("model_from_json", &model_from_json, nb::arg("where"), nb::arg("text"));
  m.def("model_of_features", &model_of_features, nb::arg("where"), nb::arg("features"),
        nb::arg("options"));
  m.def(
      "fit_model",
      [](const data& d, const settings& s, const std::string& method, const named_options& options,
         std::size_t folds) {
        fit_result found = fit_model(d, s, method, options, folds);
        return nb::make_tuple(std::move(found.fitted), choice_of(found.choice));
      },
      nb::arg("data"), nb::arg("settings"), nb::arg("method"), nb::arg("options"),
      nb::arg("folds"));
  m.def(
      "binary_scores",
      [](const data& d, const settings& s) { return ndarray_of(binary_scores(d, s)); },
      nb::arg("data"), nb::arg("settings"));
  m.def("method_infos", &method_infos);
}

}  // namespace calibra::python
