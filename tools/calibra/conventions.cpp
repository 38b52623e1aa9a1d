// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "conventions.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/conventions/convention.hpp"
#include "calibra/error.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

std::string_view words(edge_generator edges) {
  switch (edges) {
    case edge_generator::divide:
      return "k/B, correctly rounded";
    case edge_generator::linspace:
      return "k times 1/B, as numpy.linspace makes them";
    case edge_generator::torch_linspace:
      return "as torch.linspace makes them, in the scalar of the scores";
    case edge_generator::torch_linspace_f32:
      break;
  }
  return "as torch.linspace makes them, in float32";
}

std::string_view words(bin_rule rule) {
  switch (rule) {
    case bin_rule::edges:
      return "by comparison with the edges";
    case bin_rule::floor_multiply:
      return "floor(B c), without edges";
    case bin_rule::floor_divide:
      return "floor(c / w) with w = 1/B rounded, without edges";
    case bin_rule::ceil_multiply:
      return "ceil(B c) - 1, without edges";
    case bin_rule::intervals:
      break;
  }
  return "each interval tested by itself";
}

std::string_view words(zero_rule zero) {
  switch (zero) {
    case zero_rule::first_bin:
      return "in the first bin";
    case zero_rule::no_bin:
      return "in no bin, but counted in the total";
    case zero_rule::removed:
      break;
  }
  return "left out altogether";
}

std::string_view words(one_rule one) {
  switch (one) {
    case one_rule::last_bin:
      return "in the last bin";
    case one_rule::own_bin:
      return "in one more bin of its own";
    case one_rule::weight_only:
      break;
  }
  return "counted in the weight of the last bin, left out of its means";
}

std::string_view words(mass_rule mass) {
  switch (mass) {
    case mass_rule::midpoint:
      return "cut half way between the neighbouring samples; ties stay together";
    case mass_rule::quantile:
      return "cut at numpy.quantile";
    case mass_rule::percentile:
      return "cut at numpy.percentile";
    case mass_rule::percentile_merged:
      return "cut at numpy.percentile, near-equal cuts merged (KBinsDiscretizer)";
    case mass_rule::order_statistic:
      return "cut at the sample of rank round(k N / B)";
    case mass_rule::interpolated:
      return "cut at the interpolated rank k N / B; the smallest sample is in no bin";
    case mass_rule::rank:
      break;
  }
  return "equal parts by rank; ties are cut by the order of the input";
}

std::string_view words(mce_kind mce) {
  return mce == mce_kind::largest_gap ? "largest gap of a bin"
                                      : "largest gap times the bin's share of the samples";
}

std::string_view words(ace_kind ace) {
  switch (ace) {
    case ace_kind::equal_mass_top_label:
      return "ece of the top label on equal-mass bins";
    case ace_kind::mean_gap:
      return "unweighted mean gap of the bins that are not empty";
    case ace_kind::classwise_equal_mass:
      break;
  }
  return "mean over classes of the error on equal-mass bins";
}

std::string_view words(nll_rule nll) {
  switch (nll) {
    case nll_rule::exact:
      return "log of the label's probability; infinite where that is 0";
    case nll_rule::log_softmax:
      return "cross entropy of the log probabilities";
    case nll_rule::clip_eps:
      return "probabilities clipped to [eps, 1 - eps], rows renormalised";
    case nll_rule::floor_log:
      break;
  }
  return "log probabilities of at least -87.34, then cross entropy";
}

std::string_view words(binary_target target) {
  return target == binary_target::positive_class ? "P(y = 1) against y" : "the likelier class";
}

/// What is known to be wrong or surprising in the implementation that a preset is named after.
struct defect {
  std::string_view convention;
  bool carried;  ///< the preset has it too, so that its numbers agree
  std::string_view what;
};

constexpr std::array<defect, 18> defects = {{
    {"guo2017", true, "A confidence of 0 lies in no bin and still counts in the total."},
    {"guo2017", false, "Its own temperature fit stops before it has converged."},
    {"torchmetrics", true,
     "A confidence of exactly 1 lies in a bin of its own, which can raise the mce."},
    {"torchmetrics", false,
     "Its float32 counters saturate at 2^24 samples in a bin; multi-class sums are in float32."},
    {"torchmetrics", false, "NaN scores pass in silence; here they are an error."},
    {"netcal", true,
     "For float32 scores, counts are taken between double edges and means between float edges."},
    {"netcal", false, "Rows with NaN are dropped in silence; here they are an error."},
    {"verified", true, "Ties that span several equal-mass bins make these collapse into one."},
    {"relplot", true, "A confidence of exactly 1 lies in a bin of its own."},
    {"probmetrics", true,
     "Classes that no label has are removed and the rows renormalised, so that the classes "
     "measured "
     "depend on the labels; if two are left, P(second) is measured."},
    {"torch_uncertainty", true,
     "Equal-mass bins cut ties by rank, so that the order of the samples changes the result."},
    {"torch_uncertainty", true,
     "Binary scores are P(y = 1) on equal-width bins and the likelier class on equal-mass bins."},
    {"torch_uncertainty", false, "With more bins than samples its equal-mass error is NaN."},
    {"clip_calibration", true,
     "A confidence of exactly 1 counts in the last bin's weight and not in its means, and the mce "
     "is "
     "weighted by the bins' shares."},
    {"robustness_metrics", true,
     "A confidence of 0 is left out; class errors look at p > 0 alone."},
    {"nn_calibration", true,
     "Neighbouring bins overlap or leave holes of an ulp, so that a sample may lie in two or "
     "none."},
    {"nn_calibration", false,
     "Its softmax subtracts one maximum for the whole array; rows far below it become NaN."},
    {"focal", true, "The smallest confidence lies in no equal-mass bin."},
}};

std::string setting(std::string_view name, std::string_view text) {
  std::string line(name);
  line.resize(22, ' ');
  return concat("  ", line, text, '\n');
}

std::string settings(const convention& c) {
  std::string out = setting(
      "edges", c.arange_intervals ? "(u - 1/B, u] for the sums u of numpy.arange" : words(c.edges));
  out += setting("bin of a confidence",
                 c.arange_intervals ? words(bin_rule::intervals) : words(c.rule));
  out += setting("a bin holds", c.side == edge_side::right_closed ? "(lo, hi]" : "[lo, hi)");
  out += setting("confidence 0", words(c.zero));
  out += setting("confidence 1", words(c.one));
  out += setting("equal-mass bins", words(c.mass));
  out += setting("mce", words(c.mce));
  out += setting("ace", words(c.ace));
  out += setting("squares over classes", c.classes == class_reduction::mean
                                             ? "mean of the roots"
                                             : "root of the mean of the squares");
  out += setting("debiased_l2", c.lone == lone_sample::left_out
                                    ? "a bin of one sample adds nothing"
                                    : "a bin of one sample adds its squared gap");
  out += setting("nll", words(c.nll));
  out += setting("binary scores", words(c.binary));
  if (c.binary_equal_mass != c.binary)
    out += setting("  on equal-mass bins", words(c.binary_equal_mass));
  if (c.clip_confidence) out += setting("confidences", "clipped to [eps, 1 - eps] of their scalar");
  if (c.smooth_float_positions)
    out += setting("smooth_ece", "float confidences are placed on the grid in float");
  if (c.mmce_of_prediction)
    out += setting("mmce", "of binary scores: p against the prediction being right, not against y");
  if (c.smooth_logit_kernel) out += setting("smooth_ece", "smoothed over logits, not reflected");
  if (c.sweep_own_last_bin)
    out += setting("sweep_ece", "the largest confidence has a bin of its own");
  if (c.drop_absent_classes) out += setting("classes", "those that no label has are removed");
  if (c.positive_probabilities_only) out += setting("errors of a class", "over p > 0 alone");
  return out;
}

std::string defect_list(std::string_view name, bool carried) {
  std::string out;
  for (const defect& d : defects)
    if (d.convention == name && d.carried == carried) out += concat("  - ", d.what, '\n');
  return out;
}

}  // namespace

std::string list_conventions() {
  std::string out;
  for (const convention* c : conventions::all) {
    std::string name(c->name);
    name.resize(20, ' ');
    out += concat(name, c->peer, '\n');
  }
  return out;
}

std::string describe_convention(std::string_view name) {
  const convention& c = conventions::find(name);
  std::string out = concat(c.name, ": ", c.peer, "\n\nsets\n", settings(c));
  const std::string carried = defect_list(name, true);
  const std::string fixed = defect_list(name, false);
  if (!carried.empty()) out += concat("\nodd, and reproduced so that the numbers agree\n", carried);
  if (!fixed.empty()) out += concat("\nknown defects that are not reproduced\n", fixed);
  return out;
}

}  // namespace calibra::cli
