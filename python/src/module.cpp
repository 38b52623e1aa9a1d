// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <tuple>
#include <utility>

#include "accumulator.hpp"
#include "array.hpp"
#include "arrow.hpp"
#include "calibra/conventions/all.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/all_metrics.hpp"
#include "calibra/groups/report.hpp"
#include "calibra/hypothesis/test_calibration.hpp"
#include "calibra/version.hpp"
#include "data.hpp"
#include "diagnostics.hpp"
#include "diagrams.hpp"
#include "evaluate.hpp"
#include "models.hpp"
#include "report.hpp"
#include "settings.hpp"
#include "words.hpp"

namespace calibra::python {

namespace {

/// What is an io_error here is an OSError there; the others derive from the standard exceptions
/// that become ValueError.
void translate_errors() {
  nb::register_exception_translator([](const std::exception_ptr& p, void*) {
    try {
      std::rethrow_exception(p);
    } catch (const io_error& e) {
      PyErr_SetString(PyExc_OSError, e.what());
    }
  });
}

score_form form_of(const std::string& where, const std::string& word) {
  return chosen<score_form>(where, "form", word,
                            {{"logits", score_form::logits},
                             {"probabilities", score_form::probabilities},
                             {"confidences", score_form::confidences}});
}

using bin_row = std::tuple<double, double, std::uint64_t, double, double, double>;

std::vector<bin_row> rows_of(const reliability_table& table) {
  std::vector<bin_row> rows;
  for (const reliability_bin& b : table)
    rows.emplace_back(b.lower, b.upper, b.count, b.weight, b.confidence, b.accuracy);
  return rows;
}

using metric_row = std::tuple<std::string, double, double>;

std::vector<metric_row> values_of(const evaluation& e) {
  std::vector<metric_row> out;
  for (const metric_value& v : e) out.emplace_back(v.name, v.value, v.floor);
  return out;
}

void bind_data(nb::module_& m) {
  nb::class_<array>(m, "Array")
      .def(nb::init<std::string, nb::ndarray<nb::ro>, bool>(), nb::arg("name"), nb::arg("elements"),
           nb::arg("bfloat16") = false)
      .def_prop_ro("shape", [](const array& a) { return a.shape(); });
  m.def("from_arrow", &from_arrow, nb::arg("name"), nb::arg("capsules"));
  nb::class_<data>(m, "Data").def(
      "__init__",
      [](data* at, std::string where, const std::string& form, array scores,
         std::optional<array> labels, std::optional<array> weights, std::optional<array> valid,
         std::optional<array> proximity, std::optional<array> cluster, std::optional<array> stratum,
         std::optional<array> groups, std::optional<std::ptrdiff_t> class_axis, bool multilabel) {
        const score_form of = form_of(where, form);
        new (at) data(arrays{std::move(where), of, std::move(scores), std::move(labels),
                             std::move(weights), std::move(valid), std::move(proximity),
                             std::move(cluster), std::move(stratum), std::move(groups), class_axis,
                             multilabel});
      },
      nb::arg("where"), nb::arg("form"), nb::arg("scores"), nb::arg("labels").none(), nb::kw_only(),
      nb::arg("weights") = nb::none(), nb::arg("valid") = nb::none(),
      nb::arg("proximity") = nb::none(), nb::arg("cluster") = nb::none(),
      nb::arg("stratum") = nb::none(), nb::arg("groups") = nb::none(),
      nb::arg("class_axis") = nb::none(), nb::arg("multilabel") = false);
}

void bind_settings(nb::module_& m) {
  nb::class_<settings>(m, "Settings")
      .def(
          "__init__",
          [](settings* at, std::string where, std::optional<std::vector<std::string>> metrics,
             std::string like, std::size_t bins, std::string scheme,
             std::optional<std::string> side, std::vector<double> edges,
             std::optional<std::int64_t> ignore_label, std::string nan, bool renormalise,
             std::optional<std::string> binary, bool per_class, unsigned threads) {
            new (at) settings{std::move(where),
                              std::move(metrics),
                              std::move(like),
                              bins,
                              std::move(scheme),
                              std::move(side),
                              std::move(edges),
                              ignore_label,
                              std::move(nan),
                              renormalise,
                              std::move(binary),
                              per_class,
                              threads};
          },
          nb::arg("where"), nb::kw_only(), nb::arg("metrics") = nb::none(),
          nb::arg("like") = "calibra", nb::arg("bins") = 15, nb::arg("scheme") = "equal_width",
          nb::arg("side") = nb::none(), nb::arg("edges") = std::vector<double>(),
          nb::arg("ignore_label") = nb::none(), nb::arg("nan") = "reject",
          nb::arg("renormalise") = false, nb::arg("binary") = nb::none(),
          nb::arg("per_class") = false, nb::arg("threads") = 0)
      .def_ro("metrics", &settings::metrics)
      .def_prop_ro("like", [](const settings& s) { return s.named_convention().name; })
      .def_ro("bins", &settings::bins)
      .def_ro("scheme", &settings::scheme)
      .def_ro("side", &settings::side)
      .def_ro("edges", &settings::edges)
      .def_ro("ignore_label", &settings::ignore_label)
      .def_ro("nan", &settings::nan)
      .def_ro("renormalise", &settings::renormalise)
      .def_ro("binary", &settings::binary)
      .def_ro("threads", &settings::threads);
  nb::class_<interval_options>(m, "IntervalOptions")
      .def(
          "__init__",
          [](interval_options* at, const std::string& where, double level, std::size_t replicates,
             std::uint64_t seed, const std::string& kind) {
            const auto of = chosen<interval_kind>(where, "kind", kind,
                                                  {{"basic", interval_kind::basic},
                                                   {"percentile", interval_kind::percentile},
                                                   {"bca", interval_kind::bca}});
            new (at) interval_options{replicates, level, seed, of};
          },
          nb::arg("where"), nb::kw_only(), nb::arg("level") = 0.95, nb::arg("replicates") = 2000,
          nb::arg("seed") = 0, nb::arg("kind") = "basic");
}

void bind_result(nb::module_& m) {
  nb::class_<result>(m, "Result")
      .def_ro("samples", &result::samples)
      .def_ro("entries", &result::entries)
      .def_ro("skipped", &result::skipped)
      .def_ro("classes", &result::classes)
      .def_ro("multilabel", &result::multilabel)
      .def_ro("class_names", &result::class_names)
      .def_ro("ece_per_class", &result::ece_per_class)
      .def_prop_ro("metrics", [](const result& r) { return values_of(r); })
      .def_prop_ro("table", [](const result& r) { return rows_of(r.table); })
      .def_prop_ro("class_tables",
                   [](const result& r) {
                     std::vector<std::vector<bin_row>> out;
                     for (const reliability_table& t : r.class_tables) out.push_back(rows_of(t));
                     return out;
                   })
      .def_prop_ro("intervals",
                   [](const result& r) {
                     std::vector<std::tuple<std::string, double, double, double, double, double,
                                            std::string, std::string>>
                         out;
                     for (const metric_interval& i : r.intervals)
                       out.emplace_back(i.name, i.value, i.lower, i.upper, i.standard_error,
                                        i.floor, std::string(i.method), i.note);
                     return out;
                   })
      .def_prop_ro("side",
                   [](const result& r) {
                     return r.made_with.effective_side() == edge_side::left_closed ? "left"
                                                                                   : "right";
                   })
      .def("text", &result::text)
      .def("svg", &result::svg, nb::arg("title"), nb::arg("dark"));
  m.def("evaluate", &python::evaluate, nb::arg("data"), nb::arg("settings"),
        nb::arg("interval") = nb::none(), nb::arg("class_names") = std::vector<std::string>());
}

void bind_diagnostics(nb::module_& m) {
  nb::class_<group_report>(m, "GroupReport")
      .def_prop_ro("groups",
                   [](const group_report& r) {
                     std::vector<std::tuple<std::int64_t, std::string, std::uint64_t,
                                            std::vector<metric_row>, double, double, double>>
                         out;
                     for (const group_row& g : r)
                       out.emplace_back(g.group, g.name, g.values.samples, values_of(g.values),
                                        g.kuiper, g.p, g.p_adjusted);
                     return out;
                   })
      .def_ro("worst", &group_report::worst)
      .def_ro("multicalibration_error", &group_report::multicalibration_error)
      .def_ro("detectable_error", &group_report::detectable_error)
      .def("name_groups", &name_groups)
      .def("text", [](const group_report& r) { return to_text(r); });
  m.def("evaluate_by", &python::evaluate_by, nb::arg("data"), nb::arg("settings"));
  m.def(
      "test_calibration",
      [](const data& d, const settings& s, const std::vector<std::string>& names,
         std::uint64_t seed) {
        std::vector<std::tuple<std::string, double, double, std::string>> out;
        for (const test_result& t : python::test_calibration(d, s, names, seed))
          out.emplace_back(t.name, t.statistic, t.p, t.note);
        return out;
      },
      nb::arg("data"), nb::arg("settings"), nb::arg("names"), nb::arg("seed"));
  m.def("test_infos", [] {
    nb::list out;
    for (const test_info& t : calibration_tests()) {
      nb::dict d;
      d["name"] = t.name;
      d["statistic"] = t.statistic;
      d["law"] = t.law;
      d["blind_to"] = t.blind_to;
      d["source"] = t.source;
      out.append(d);
    }
    return out;
  });
  m.def(
      "compare",
      [](const data& a, const data& b, const settings& s, const interval_options& how) {
        const comparison c = python::compare(a, b, s, how);
        std::vector<std::tuple<std::string, double, double, double, double, double, double, double,
                               std::string, std::string>>
            out;
        for (const metric_difference& d : c)
          out.emplace_back(d.name, d.a, d.b, d.difference, d.lower, d.upper, d.standard_error, d.p,
                           std::string(d.method), d.note);
        return std::make_tuple(c.a.samples, out);
      },
      nb::arg("a"), nb::arg("b"), nb::arg("settings"), nb::arg("interval"));
}

void bind_report(nb::module_& m) {
  m.def(
      "html_report",
      [](const data& d, const settings& s, std::string title, std::optional<std::string> by,
         const model* applied, std::vector<std::string> class_names) {
        return python::html_report(
            d, s, {std::move(title), std::move(by), applied, std::move(class_names)});
      },
      nb::arg("data"), nb::arg("settings"), nb::arg("title"), nb::arg("by").none(),
      nb::arg("applied").none(), nb::arg("class_names"));
}

void bind_accumulator(nb::module_& m) {
  nb::class_<accumulator>(m, "Accumulator")
      .def(nb::init<settings>(), nb::arg("settings"))
      .def("add", &accumulator::add, nb::arg("data"))
      .def("merge", nb::overload_cast<const accumulator&>(&accumulator::merge), nb::arg("other"))
      .def("compute", &accumulator::compute, nb::arg("form"), nb::arg("class_names"))
      .def("reset", &accumulator::reset)
      .def_prop_ro("form", &accumulator::form)
      .def_prop_ro("sums", &accumulator::sums)
      .def_prop_ro("sum_count", &accumulator::sum_count)
      .def("load_sums", &accumulator::load_sums, nb::arg("form"), nb::arg("sums"))
      .def("bytes",
           [](const accumulator& a) {
             const std::string bytes = a.bytes();
             return nb::bytes(bytes.data(), bytes.size());
           })
      .def(
          "load",
          [](accumulator& a, const nb::bytes& bytes) {
            a.load(std::string_view(bytes.c_str(), bytes.size()));
          },
          nb::arg("bytes"));
}

std::string better_word(better_side side) {
  return side == better_side::lower ? "lower" : side == better_side::higher ? "higher" : "neither";
}

nb::list metric_infos() {
  nb::list out;
  for (const any_metric& metric : all_metrics()) {
    const metric_info& i = metric.info();
    nb::dict d;
    d["name"] = i.name;
    d["formula"] = i.formula;
    d["range"] = i.range;
    d["weights"] = i.weights;
    d["source"] = i.source;
    d["note"] = i.note;
    d["better"] = better_word(i.better);
    out.append(d);
  }
  return out;
}

nb::list convention_infos() {
  nb::list out;
  for (const convention* c : conventions::all()) {
    nb::dict d, how;
    for (const convention_setting& s : conventions::settings_of(*c))
      how[nb::str(s.what.data(), s.what.size())] = s.how;
    d["name"] = c->name;
    d["implementation"] = c->implementation;
    d["version"] = c->version;
    d["settings"] = how;
    out.append(d);
  }
  return out;
}

}  // namespace

NB_MODULE(_core, m) {
  m.doc() = "What pycalibra calls: calibra, compiled.";
  translate_errors();
  m.attr("version") = CALIBRA_VERSION;
  bind_data(m);
  bind_settings(m);
  bind_result(m);
  bind_accumulator(m);
  bind_diagnostics(m);
  bind_models(m);
  bind_diagrams(m);
  bind_report(m);
  m.def("metric_infos", &metric_infos);
  m.def("convention_infos", &convention_infos);
}

}  // namespace calibra::python
