// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "model.hpp"

#include <concepts>
#include <type_traits>

#include "calibra/array/view.hpp"
#include "calibra/error.hpp"
#include "calibra/json/recalibrator.hpp"
#include "calibra/recalibration/dac.hpp"
#include "calibra/recalibration/methods.hpp"
#include "calibra/recalibration/proximity_methods.hpp"
#include "without_lock.hpp"

namespace calibra::python {

using calibra::detail::concat;

namespace {

template<class T>
option_value value_of(const T& x) {
  if constexpr (std::is_same_v<T, bool>)
    return x;
  else if constexpr (std::floating_point<T>)
    return static_cast<double>(x);
  else if constexpr (std::integral<T>)
    return static_cast<std::int64_t>(x);
  else
    return calibra::detail::option_text(x);
}

template<class Options>
std::vector<std::pair<std::string, option_value>> values_of() {
  const Options o;
  std::vector<std::pair<std::string, option_value>> out;
  calibra::detail::each_option(o, [&](std::string_view name, const auto& x) {
    out.emplace_back(std::string(name), value_of(x));
  });
  return out;
}

}  // namespace

bool takes_proximity(std::string_view method) {
  for (const recalibrator_info& info : proximity_recalibrator_infos())
    if (info.name == method) return true;
  return false;
}

std::vector<method_entry> method_table() {
  std::vector<method_entry> table;
  calibra::detail::all_recalibrators::any([&](auto r) {
    using R = typename decltype(r)::type;
    table.push_back({R::info, R::takes, false, values_of<typename R::options>()});
    return false;
  });
  table.push_back({procal_density_ratio::info, score_domain::any, true,
                   values_of<procal_density_ratio::options>()});
  table.push_back({procal_bin_mean_shift<>::info, score_domain::any, true,
                   values_of<procal_bin_mean_shift<>::options>()});
  return table;
}

model model_of_features(const std::string& where, const std::vector<array>& features,
                        const named_options& named) {
  std::vector<column_of<double>> columns;
  for (const array& a : features) {
    if (a.rank() != 2)
      throw shape_error(
          concat(where, ": ", a.name(), ": expected a row a class, got shape ", a.shape_text()));
    columns.emplace_back(a, where);
  }
  const auto rows = [&](std::size_t i) {
    const auto& shape = features[i].shape();
    const vector_view<const double> all = columns[i].view();
    return matrix_view<const double>(all.data(), shape[0], shape[1]);
  };
  options none;
  return without_lock(where, none, [&] {
    return model{.alone = std::make_shared<const dac>(
                     dac::from_features(rows(0), rows(1), rows(2), rows(3),
                                        calibra::detail::options_of<dac::options>(where, named)))};
  });
}

std::string model_json(const model& m) {
  return m.alone ? to_json(*m.alone) : to_json(*m.with_proximity);
}

model model_from_json(const std::string& where, const std::string& text) {
  try {
    if (takes_proximity(recalibrator_kind(text, where)))
      return {.with_proximity = any_proximity_recalibrator_from_json(text, where)};
    return {.alone = any_recalibrator_from_json(text, where)};
  } catch (const io_error& e) {
    throw value_error(e.what());
  }
}

}  // namespace calibra::python
