// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/detail/compiled.hpp"
#include "calibra/error.hpp"
#include "calibra/options.hpp"
#include "calibra/recalibration/affine.hpp"
#include "calibra/recalibration/bbq.hpp"
#include "calibra/recalibration/beta.hpp"
#include "calibra/recalibration/centred_isotonic.hpp"
#include "calibra/recalibration/classwise_temperature.hpp"
#include "calibra/recalibration/cross_venn_abers.hpp"
#include "calibra/recalibration/dac.hpp"
#include "calibra/recalibration/dirichlet.hpp"
#include "calibra/recalibration/ets.hpp"
#include "calibra/recalibration/fit.hpp"
#include "calibra/recalibration/histogram_mass.hpp"
#include "calibra/recalibration/histogram_width.hpp"
#include "calibra/recalibration/irm.hpp"
#include "calibra/recalibration/isotonic.hpp"
#include "calibra/recalibration/matrix_scaling.hpp"
#include "calibra/recalibration/mixed_isotonic.hpp"
#include "calibra/recalibration/named_options.hpp"
#include "calibra/recalibration/one_against_one.hpp"
#include "calibra/recalibration/one_against_rest.hpp"
#include "calibra/recalibration/order_preserving.hpp"
#include "calibra/recalibration/parameters.hpp"
#include "calibra/recalibration/quadratic.hpp"
#include "calibra/recalibration/recalibrator.hpp"
#include "calibra/recalibration/samples.hpp"
#include "calibra/recalibration/scaling_binning.hpp"
#include "calibra/recalibration/sms.hpp"
#include "calibra/recalibration/spline.hpp"
#include "calibra/recalibration/svs.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/recalibration/vector_scaling.hpp"
#include "calibra/recalibration/venn_abers.hpp"

namespace calibra {

namespace detail {

template<class... R>
struct recalibrator_list {
  /// Calls f(std::type_identity<R>()) for each until one returns true; whether one did.
  template<class F>
  static bool any(const F& f) {
    return (f(std::type_identity<R>()) || ...);
  }
};

/// The library's recalibrators: one line each.
using all_recalibrators = recalibrator_list<  //
    temperature_scaling,                      //
    classwise_temperature,                    //
    order_preserving,                         //
    ets,                                      //
    irm,                                      //
    vector_scaling,                           //
    svs,                                      //
    sms,                                      //
    matrix_scaling,                           //
    dirichlet,                                //
    affine,                                   //
    quadratic,                                //
    beta,                                     //
    isotonic,                                 //
    mixed_isotonic,                           //
    centred_isotonic,                         //
    venn_abers,                               //
    cross_venn_abers,                         //
    histogram_width,                          //
    histogram_mass,                           //
    bbq,                                      //
    scaling_binning,                          //
    spline,                                   //
    dac>;

/// What stands in for a binary recalibrator where there are classes.
template<class R>
struct of_classes_of {
  using type = R;
};
template<class R>
requires(R::takes == score_domain::binary) struct of_classes_of<R> {
  using type = one_against_rest<R>;
};

}  // namespace detail

/// The library's recalibrators, in the order of documents.
[[nodiscard]] inline std::vector<recalibrator_info> recalibrator_infos() {
  std::vector<recalibrator_info> infos;
  detail::all_recalibrators::any([&](auto r) {
    infos.push_back(decltype(r)::type::info);
    return false;
  });
  return infos;
}

/// The options that the recalibrator of a name has, with their values by default; none for a name
/// that there is not.
[[nodiscard]] inline named_options recalibrator_options(std::string_view name) {
  named_options all;
  detail::all_recalibrators::any([&](auto r) {
    using R = typename decltype(r)::type;
    if (R::info.name == name) all = detail::default_options<typename R::options>();
    return R::info.name == name;
  });
  return all;
}

namespace detail {

/// One that is fitted to binary_samples or class_samples, by its name; null where its type takes
/// the scores themselves.
template<class Samples>
std::unique_ptr<const recalibrator> fit_to(std::string_view where, std::string_view name,
                                           const Samples& samples, const named_options& method) {
  constexpr bool binary = std::is_same_v<Samples, binary_samples>;
  std::unique_ptr<const recalibrator> fitted;
  all_recalibrators::any([&](auto r) {
    using R = typename decltype(r)::type;
    using K = std::conditional_t<binary, R, typename of_classes_of<R>::type>;
    if (R::info.name != name) return false;
    if constexpr (requires { K::fit(samples, typename K::options{}); })
      fitted = std::make_unique<const K>(
          K::fit(samples, options_of<typename K::options>(where, method)));
    return true;
  });
  return fitted;
}

/// Temperature scaling in the precision of the scores.
template<score_kind Kind>
temperature_scaling fit_temperature_scaling(const labelled_rows& given,
                                            const temperature_scaling::options& method) {
  temperature_fit found;
  if (given.singles != nullptr)
    found =
        fit_temperature_to<Kind, float>(given.where, *given.singles, given.labels, given.options,
                                        method.max_iterations, method.warm_start);
  else
    found = fit_temperature_to<Kind, double>(given.where, given.rows, given.labels, given.options,
                                             method.max_iterations, method.warm_start);
  found.report.fitted_on = Kind;
  return temperature_scaling(found.temperature, std::move(found.report));
}

/// Throws option_error for a name or an option that there is not, and where it takes no such scores
/// or is not fitted to labels.
CALIBRA_DETAIL_ONCE
void check_method(std::string_view name, score_kind kind, const named_options& method) {
  std::string known;
  bool found = false;
  all_recalibrators::any([&](auto r) {
    using R = typename decltype(r)::type;
    known += concat(known.empty() ? "" : ", ", R::info.name);
    if (R::info.name != name) return false;
    if (R::takes == score_domain::classes && is_one_number(kind))
      throw option_error(
          concat("fit_by_name(): ", name, " takes samples x classes, got ", name_of(kind), "()"));
    if (name == dac::kind)
      throw option_error(concat(
          "fit_by_name(): ", name,
          " is made from text features, not fitted to labels; expected dac::from_features()"));
    static_cast<void>(options_of<typename R::options>(concat("fit<", name, ">()"), method));
    return found = true;
  });
  if (!found)
    throw option_error(concat("fit_by_name(): expected one of ", known, ", got \"", name, "\""));
}

/// One of a name that check_method() takes. Compiled once, and not for every array type; and, being
/// a template, only where it is called.
CALIBRA_DETAIL_ONCE
std::unique_ptr<const recalibrator> fit_named(std::string_view name, score_kind kind,
                                              labelled_rows given, const named_options& method) {
  const std::string where = concat("fit<", name, ">()");
  given.where = where;
  return with_kind(kind, [&]<score_kind Kind>() -> std::unique_ptr<const recalibrator> {
    if (name == temperature_scaling::kind)
      return std::make_unique<const temperature_scaling>(fit_temperature_scaling<Kind>(
          given, options_of<temperature_scaling::options>(where, method)));
    return given.with_samples<Kind>(
        [&](const auto& samples) { return fit_to(where, name, samples, method); });
  });
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_METHODS)

}  // namespace detail

/// Fits the recalibrator of a name that is known at run time; `method`: those of its own options
/// that are not as they are by default, `{{"bins", "20"}}`. One of binary scores is fitted to N x K
/// by one_against_rest. Throws option_error for another name or option, with those that there are,
/// for a value that the option does not take, and for "dac", which is not fitted; and what fit()
/// throws.
template<wrapped_scores S, class L>
[[nodiscard]] std::unique_ptr<const recalibrator> fit_by_name(std::string_view name,
                                                              const S& scores, const L& labels,
                                                              const row_options& o = {},
                                                              const named_options& method = {}) {
  if constexpr (!detail::is_multilabel<S>) static_assert(detail::usable_labels<L>());
  if constexpr (detail::can_fit<temperature_scaling, S, false>()) {
    detail::check_method(name, S::kind, method);
    return detail::with_labelled_rows(detail::concat("fit<", name, ">()"), scores, labels, o,
                                      [&](const detail::labelled_rows& given) {
                                        return detail::fit_named(name, S::kind, given, method);
                                      });
  }
}

namespace detail {

/// Those that one_against_one is read back of where its type is not named: each takes its time to
/// compile.
using recalibrators_of_pairs = recalibrator_list<venn_abers, cross_venn_abers>;

/// Of<R> of the binary recalibrator R of a list that the parts are.
template<template<class> class Of, class List>
std::unique_ptr<const recalibrator> read_of_binary(const parameter_reader& p) {
  const auto parts = p.parts();
  if (parts.empty()) throw value_error(concat(p.kind(), ": expected parts, got none"));
  const std::string part = parts[0]->kind();
  std::unique_ptr<const recalibrator> read;
  List::any([&](auto r) {
    using R = typename decltype(r)::type;
    if constexpr (R::takes == score_domain::binary) {
      if (R::kind == part) read = std::make_unique<const Of<R>>(Of<R>::from_parameters(p));
    }
    return read != nullptr;
  });
  if (!read)
    throw value_error(concat("no kind of ", p.kind(), " of \"", part,
                             "\" that is read where its type is not named"));
  return read;
}

}  // namespace detail

/// The recalibrator whose parameters these are, whichever it is: one of the library's, or
/// one_against_rest of a binary one, or one_against_one of venn_abers or cross_venn_abers. Throws
/// value_error for a kind that the library does not know, and for other combinations: those are
/// read where their type is named. A template, so that only who calls it compiles it.
CALIBRA_DETAIL_ONCE
[[nodiscard]] std::unique_ptr<const recalibrator> read_recalibrator(const parameter_reader& p) {
  const std::string kind = p.kind();
  if (kind == "one_against_rest")
    return detail::read_of_binary<one_against_rest, detail::all_recalibrators>(p);
  if (kind == "one_against_one")
    return detail::read_of_binary<one_against_one, detail::recalibrators_of_pairs>(p);
  std::unique_ptr<const recalibrator> read;
  detail::all_recalibrators::any([&](auto r) {
    using R = typename decltype(r)::type;
    if (R::kind == kind) read = std::make_unique<const R>(R::from_parameters(p));
    return read != nullptr;
  });
  if (!read) throw value_error(detail::concat("no kind of recalibrator \"", kind, "\""));
  return read;
}

CALIBRA_DETAIL_COMPILED(CALIBRA_DETAIL_COMPILED_READ_METHODS)

}  // namespace calibra
