// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/conventions/convention.hpp>

#include "pages.hpp"

namespace {

using calibra::convention;

// Every enumeration of convention.hpp as the page writes it.
std::string word(calibra::edge_generator x) {
  switch (x) {
    case calibra::edge_generator::divide:
      return "divide";
    case calibra::edge_generator::linspace:
      return "linspace";
    case calibra::edge_generator::torch_linspace:
      return "torch_linspace";
    case calibra::edge_generator::torch_linspace_f32:
      return "torch_linspace_f32";
  }
  return "?";
}
std::string word(calibra::bin_rule x) {
  switch (x) {
    case calibra::bin_rule::edges:
      return "edges";
    case calibra::bin_rule::floor_multiply:
      return "floor_multiply";
    case calibra::bin_rule::floor_divide:
      return "floor_divide";
    case calibra::bin_rule::ceil_multiply:
      return "ceil_multiply";
    case calibra::bin_rule::intervals:
      return "intervals";
  }
  return "?";
}
std::string word(calibra::edge_side x) {
  return x == calibra::edge_side::right_closed ? "right_closed" : "left_closed";
}
std::string word(calibra::zero_rule x) {
  switch (x) {
    case calibra::zero_rule::first_bin:
      return "first_bin";
    case calibra::zero_rule::no_bin:
      return "no_bin";
    case calibra::zero_rule::removed:
      return "removed";
  }
  return "?";
}
std::string word(calibra::one_rule x) {
  switch (x) {
    case calibra::one_rule::last_bin:
      return "last_bin";
    case calibra::one_rule::own_bin:
      return "own_bin";
    case calibra::one_rule::weight_only:
      return "weight_only";
  }
  return "?";
}
std::string word(calibra::mass_rule x) {
  switch (x) {
    case calibra::mass_rule::midpoint:
      return "midpoint";
    case calibra::mass_rule::quantile:
      return "quantile";
    case calibra::mass_rule::percentile:
      return "percentile";
    case calibra::mass_rule::percentile_merged:
      return "percentile_merged";
    case calibra::mass_rule::order_statistic:
      return "order_statistic";
    case calibra::mass_rule::interpolated:
      return "interpolated";
    case calibra::mass_rule::rank:
      return "rank";
  }
  return "?";
}
std::string word(calibra::mce_kind x) {
  return x == calibra::mce_kind::largest_gap ? "largest_gap" : "largest_weighted_gap";
}
std::string word(calibra::ace_kind x) {
  switch (x) {
    case calibra::ace_kind::equal_mass_top_label:
      return "equal_mass_top_label";
    case calibra::ace_kind::mean_gap:
      return "mean_gap";
    case calibra::ace_kind::classwise_equal_mass:
      return "classwise_equal_mass";
  }
  return "?";
}
std::string word(calibra::class_reduction x) {
  return x == calibra::class_reduction::mean ? "mean" : "root_of_mean";
}
std::string word(calibra::lone_sample x) {
  return x == calibra::lone_sample::left_out ? "left_out" : "plug_in";
}
std::string word(calibra::binary_target x) {
  return x == calibra::binary_target::positive_class ? "positive_class" : "top_label";
}
std::string word(calibra::nll_rule x) {
  switch (x) {
    case calibra::nll_rule::exact:
      return "exact";
    case calibra::nll_rule::log_softmax:
      return "log_softmax";
    case calibra::nll_rule::clip_eps:
      return "clip_eps";
    case calibra::nll_rule::floor_log:
      return "floor_log";
  }
  return "?";
}

std::string row(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells)
    text += cell.empty() ? " |" : calibra::detail::concat(" ", cell, " |");
  return text + '\n';
}

std::string names_of_set(const std::vector<std::pair<const char*, bool>>& switches) {
  std::string names;
  for (const auto& [name, on] : switches)
    if (on) names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

/// A choice that is the default's is left blank.
template<class Choice>
std::string choice(const convention& c, Choice convention::*member) {
  const bool same = c.*member == calibra::conventions::calibra.*member;
  return same && c.name != calibra::conventions::calibra.name ? "" : word(c.*member);
}

}  // namespace

std::string preset_tables() {
  std::string bins = row({"preset", "edges", "rule", "side", "zero", "one", "switches"}) +
                     "|---|---|---|---|---|---|---|\n";
  std::string metrics = row({"preset", "mass", "mce", "ace", "classes", "lone", "binary",
                             "binary_equal_mass", "nll", "switches"}) +
                        "|---|---|---|---|---|---|---|---|---|---|\n";
  for (const convention* p : calibra::conventions::all) {
    const convention& c = *p;
    const std::string name = calibra::detail::concat("`", c.name, "`");
    bins += row({name, choice(c, &convention::edges), choice(c, &convention::rule),
                 choice(c, &convention::side), choice(c, &convention::zero),
                 choice(c, &convention::one),
                 names_of_set({{"arange_intervals", c.arange_intervals},
                               {"clip_confidence", c.clip_confidence},
                               {"float_edges_for_means", c.float_edges_for_means},
                               {"drop_absent_classes", c.drop_absent_classes}})});
    metrics +=
        row({name, choice(c, &convention::mass), choice(c, &convention::mce),
             choice(c, &convention::ace), choice(c, &convention::classes),
             choice(c, &convention::lone), choice(c, &convention::binary),
             choice(c, &convention::binary_equal_mass), choice(c, &convention::nll),
             names_of_set({{"sweep_own_last_bin", c.sweep_own_last_bin},
                           {"smooth_logit_kernel", c.smooth_logit_kernel},
                           {"smooth_float_positions", c.smooth_float_positions},
                           {"mmce_of_prediction", c.mmce_of_prediction},
                           {"positive_probabilities_only", c.positive_probabilities_only}})});
  }
  return bins + '\n' + metrics;
}
