// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Tests of calibration, and numbers beside them, of published packages:
// tests/golden/digits/README.md.
#include <calibra/conventions/netcal.hpp>
#include <calibra/conventions/sklearn.hpp>
#include <calibra/decomposition/corp.hpp>
#include <calibra/evaluate.hpp>
#include <calibra/hypothesis/detail/limit_laws.hpp>
#include <calibra/hypothesis/e_value.hpp>
#include <calibra/hypothesis/hosmer_lemeshow.hpp>
#include <calibra/hypothesis/ks.hpp>
#include <calibra/hypothesis/kuiper.hpp>
#include <calibra/hypothesis/logistic.hpp>
#include <calibra/hypothesis/skce.hpp>
#include <calibra/hypothesis/spiegelhalter.hpp>
#include <calibra/interval/wilson.hpp>
#include <calibra/metrics/brier_decomposition.hpp>
#include <calibra/metrics/ece.hpp>
#include <calibra/metrics/ks_error.hpp>
#include <calibra/metrics/mce.hpp>
#include <calibra/metrics/rmsce.hpp>
#include <calibra/metrics/smooth_ece.hpp>
#include <calibra/metrics/sweep_ece.hpp>
#include <calibra/recalibration/affine.hpp>
#include <calibra/recalibration/fit.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>
#include <string>
#include <vector>

#include "peer_values.hpp"

using namespace calibra;

namespace {

using nlohmann::json;
using values = std::vector<double>;

struct weighted_pairs {
  values confidence;
  std::vector<int> hit;
  values weights = {};  ///< empty: all the same

  std::size_t size() const { return hit.size(); }
  bool ties() const {
    return std::set<double>(confidence.begin(), confidence.end()).size() < size();
  }
  sample collected() const {
    sample out;
    for (std::size_t i = 0; i < size(); ++i)
      out.push_back(confidence[i], hit[i] != 0,
                    detail::weight_if_any(weights.empty() ? nullptr : weights.data(), i));
    return out;
  }
  /// probcal clips whatever it is given like that.
  weighted_pairs clipped() const {
    weighted_pairs out = *this;
    for (double& c : out.confidence) c = std::clamp(c, 1e-12, 1 - 1e-12);
    return out;
  }
  weighted_pairs without_weights() const { return {confidence, hit}; }
  /// What is said of the opposite of each hit.
  weighted_pairs mirrored() const {
    weighted_pairs out = *this;
    for (double& c : out.confidence) c = 1 - c;
    for (int& y : out.hit) y = 1 - y;
    return out;
  }
  weighted_pairs without_lowest() const {
    weighted_pairs out = *this;
    const auto lowest = std::min_element(confidence.begin(), confidence.end()) - confidence.begin();
    out.confidence.erase(out.confidence.begin() + lowest);
    out.hit.erase(out.hit.begin() + lowest);
    return out;
  }
  weighted_pairs rows(std::size_t first, std::size_t last) const {
    weighted_pairs out;
    for (std::size_t i = first; i < last; ++i) {
      out.confidence.push_back(confidence[i]);
      out.hit.push_back(hit[i]);
    }
    return out;
  }
};

std::map<std::string, weighted_pairs> all_samples(const json& golden) {
  std::map<std::string, weighted_pairs> out;
  const dataset d = load_digits(CALIBRA_SOURCE_DIR "/examples/data/digits/");
  weighted_pairs &top = out["digits/top label"], &class_3 = out["digits/class 3"];
  for (std::size_t i = 0; i < d.rows(); ++i) {
    const double* row = d.p.data() + i * d.classes;
    const double* most = std::max_element(row, row + d.classes);
    top.confidence.push_back(*most);
    top.hit.push_back(most - row == d.labels[i] ? 1 : 0);
    class_3.confidence.push_back(row[3]);
    class_3.hit.push_back(d.labels[i] == 3 ? 1 : 0);
  }
  for (const json& s : golden["samples"]) {
    weighted_pairs& p = out[s["name"]];
    p.confidence = s["confidence"].get<values>();
    p.hit = s["hit"].get<std::vector<int>>();
    if (s.contains("weights")) p.weights = s["weights"].get<values>();
  }
  return out;
}

/// The standard deviation of the sum of hits.
double sigma(const weighted_pairs& p) {
  double sum = 0;
  for (const double c : p.confidence) sum += c * (1 - c);
  return std::sqrt(sum);
}

double e_value(const weighted_pairs& p) {
  return std::exp(e_value_test(p.collected()).statistic);
}

/// numpy.array_split: where part k of n begins.
std::size_t part(std::size_t n, std::size_t parts, std::size_t k) {
  return n / parts * k + std::min(n % parts, k);
}

reliability_table table_of(const weighted_pairs& p, bin_scheme scheme) {
  options o{.bins = 10, .scheme = scheme, .like = conventions::netcal};
  if (!p.weights.empty()) o.weights = p.weights;
  return tabulate(confidences(p.confidence, p.hit), o);
}

metrics::smooth_ece smoother(const json& e) {
  metrics::smooth_ece o;
  if (e["arguments"]["use_logit_scaling"]) o.kernel = smooth_kernel::logit;
  if (e["arguments"].contains("sigma")) o.bandwidth = e["arguments"]["sigma"].get<double>();
  return o;
}

values probcal_number(const json& e, const weighted_pairs& given) {
  const std::string number = e["number"];
  const weighted_pairs p = e["arguments"].contains("sample_weight")
                               ? given.clipped()
                               : given.clipped().without_weights();
  const sample x = p.collected();
  // A group has its lower edge at probcal and its upper one here: that of the mirrored
  // weighted_pairs.
  const sample grouped = p.ties() ? p.mirrored().collected() : x;
  const test_result groups = hosmer_lemeshow_test(grouped);
  if (number == "spiegelhalter") return {spiegelhalter_test(x).statistic};
  if (number == "spiegelhalter-p") return {spiegelhalter_test(x).p};
  if (number == "ks-error") return {ks_error(x)};
  if (number == "ks") return {ks_test(x).statistic};
  if (number == "kuiper") return {kuiper_test(x).statistic};
  if (number == "hosmer-lemeshow") return {groups.statistic};
  if (number == "hosmer-lemeshow-p") return {groups.p};
  if (number == "hosmer-lemeshow-freedom") return {std::stod(groups.note)};
  if (number == "hosmer-lemeshow-fitted-p")
    return {hosmer_lemeshow_test.with({.fitted = true})(grouped).p};
  if (number == "corp-brier" || number == "corp-log_loss") {
    const corp_parts c =
        corp(x, number == "corp-brier" ? proper_score::squared : proper_score::logarithmic);
    return {c.score, c.miscalibration, c.discrimination, c.uncertainty};
  }
  if (number == "corp-steps") {
    values out;
    for (const corp_step& s : corp_curve(x))
      out.insert(out.end(), {s.first, s.last, s.frequency, s.weight});
    return out;
  }
  if (number.starts_with("murphy-") || number.starts_with("ece-")) {
    const reliability_table t =
        table_of(p, number.find("mass") == std::string::npos ? bin_scheme::equal_width
                                                             : bin_scheme::equal_mass);
    const brier_parts b = brier_decomposition(t);
    if (number.starts_with("murphy-")) return {b.reliability, b.resolution, b.uncertainty};
    if (number.ends_with("l1")) return {ece(t)};
    if (number.ends_with("l2")) return {rmsce(t)};
    return {mce(t)};
  }
  if (number == "cox") return {logistic_test(x).statistic};
  if (number == "cox-p") return {logistic_test(x).p};
  if (number == "cox-slope" || number == "cox-intercept") {
    const affine a =
        fit<affine>(binary_probabilities(p.confidence), p.hit, {}, {.smooth_targets = false});
    double slope = 0, intercept = 0;
    const std::string note = logistic_test(x).note;
    REQUIRE(std::sscanf(note.c_str(), "slope %lf, intercept %lf", &slope, &intercept) == 2);
    CHECK(std::abs(slope - a.slope()) <= 0.5001e-4);
    CHECK(std::abs(intercept - a.intercept()) <= 0.5001e-4);
    return {number == "cox-slope" ? a.slope() : a.intercept()};
  }
  if (number == "e-value") return {e_value(p)};
  if (number == "e-value-p") return {e_value_test(x).p};
  if (number == "e-value-quarters") {
    double log_e = 0;  // row i is in quarter floor(4 i / n)
    const std::size_t n = p.size();
    for (std::size_t q = 0; q < 4; ++q)
      log_e += e_value_test(p.rows((q * n + 3) / 4, ((q + 1) * n + 3) / 4).collected()).statistic;
    return {std::exp(log_e)};
  }
  if (number == "monitor" || number == "monitor-p") {
    // Half of the stake stays where it is: min_history keeps it from learning a shift.
    calibration_monitor monitor;
    values e_values, smallest;
    for (std::size_t b = 0; b < 5; ++b) {
      for (std::size_t i = part(p.size(), 5, b); i < part(p.size(), 5, b + 1); ++i)
        monitor.add(p.confidence[i], p.hit[i] != 0);
      e_values.push_back((1 + monitor.e_value()) / 2);
      const double least = smallest.empty() ? 1 : smallest.back();
      smallest.push_back(std::min(least, 1 / e_values.back()));
    }
    return number == "monitor" ? e_values : smallest;
  }
  if (number == "skce") {
    // One block of all rows; (1 - p, p) and (1 - q, q) lie sqrt(2) |p - q| apart.
    const double bandwidth = e["arguments"]["bandwidth"];
    return {
        skce_test
            .with({.block = p.size(), .bandwidth = std::numbers::sqrt2 * bandwidth, .draws = 19})(
                binary_probabilities(p.confidence), p.hit)
            .statistic};
  }
  if (number == "wilson") {
    const reliability_table t = table_of(p, bin_scheme::equal_width);
    values out;
    for (std::size_t b = 0; b < t.size(); ++b) {
      const interval_limits limits = bin_interval(t, b);
      if (t[b].weight > 0)
        out.insert(out.end(),
                   {t[b].confidence, t[b].accuracy, t[b].weight, limits.lower, limits.upper});
    }
    return out;
  }
  if (number == "sweep") return {sweep_ece(x)};
  FAIL("no rule for " << number);
  return {};
}

values mapie_number(const json& e, const weighted_pairs& given) {
  const std::string number = e["number"];
  const weighted_pairs p = given.without_weights();
  const sample x = p.collected();
  if (number == "ks") return {ks_test(x).statistic};
  if (number == "kuiper") return {kuiper_test(x).statistic};
  if (number == "spiegelhalter") return {spiegelhalter_test(x).statistic};
  if (number.ends_with("-and-0")) {
    // A confidence of 0 is in a bin of its own, beside the N - 1 of equal width.
    weighted_pairs positive;
    double zeros = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (p.confidence[i] == 0) zeros += p.hit[i];
      if (p.confidence[i] == 0) continue;
      positive.confidence.push_back(p.confidence[i]);
      positive.hit.push_back(p.hit[i]);
    }
    const std::size_t bins = e["arguments"]["num_bins"].get<std::size_t>() - 1;
    const double rest = evaluate(confidences(positive.confidence, positive.hit), {ece},
                                 {.bins = bins, .like = conventions::sklearn})["ece"];
    const auto n = static_cast<double>(p.size());
    return {(zeros + rest * static_cast<double>(positive.size())) / n};
  }
  FAIL("no rule for " << number);
  return {};
}

values relplot_number(const json& e, const weighted_pairs& p) {
  const smooth_ece_result r = smoother(e).details(p.without_weights().collected());
  return {e["number"].get<std::string>().ends_with("-width") ? r.bandwidth : r.value};
}

/// The steps of probcal, of which neighbours of equal height are joined.
values joined(const values& steps) {
  values out;
  for (auto step = steps.begin(); step != steps.end(); step += 4) {
    const auto before = out.end() - (out.empty() ? 0 : 4);
    if (before != out.end() && std::abs(before[2] - step[2]) <= 1e-12) {
      before[1] = step[1];
      before[3] += step[3];
    } else {
      out.insert(out.end(), step, step + 4);
    }
  }
  return out;
}

/// What is not the same number, and why: of one sample or, where it is empty, of all; with weights
/// or without. Those of mapie are compared below as they are.
struct test_difference {
  const char* sample;
  const char* package;
  const char* number;
  bool weighted;
  const char* why;
};

constexpr test_difference test_differences[] = {
    {"", "probcal", "monitor-learning", false,
     "half of the stake is on the shift that earlier batches show; calibra stakes all on the grid"},
    {"", "probcal", "smece-of-logits", false,
     "the smoothed residuals' integral over the logit; calibra's, as relplot's, is a sum over even "
     "steps of the confidence, over that of the density"},
    {"", "probcal", "hosmer-lemeshow", true,
     "the variance is that of the mean confidence by squared weights; calibra's is by weights"},
    {"", "probcal", "hosmer-lemeshow-p", true, "as the statistic"},
    {"calibrated", "probcal", "sweep", false,
     "bins end at interpolated quantiles, calibra's at ranks: a few rows change sides, and 8 bins "
     "are the last that ascend there, 9 here"},
    {"", "mapie", "ks-jittered", false,
     "confidences are multiplied by 1 + 1e-8 N(0, 1), which parts ties at random"},
    {"", "mapie", "kuiper-jittered", false,
     "as ks, and the 0 that the walk starts from is left out"},
    {"", "mapie", "ks-p", false,
     "the law of a walk that is looked at all the time; calibra's is looked at once a sample"},
    {"", "mapie", "kuiper-p", false, "as ks"},
    {"", "mapie", "spiegelhalter-one-sided-p", false, "1 - Phi(Z): overconfidence alone"},
    {"", "mapie", "jittered", false, "the confidences of ks-jittered, where there are ties"},
    {"", "mapie", "ks-law", false, "compared in the tail"},
    {"", "mapie", "kuiper-law", false, "compared in the tail"},
};

bool differs(const json& e) {
  return std::any_of(std::begin(test_differences), std::end(test_differences),
                     [&](const test_difference& d) {
                       return e["package"] == d.package && e["number"] == d.number &&
                              (d.sample[0] == 0 || e["sample"] == d.sample) &&
                              e["arguments"].contains("sample_weight") == d.weighted;
                     });
}

json read_golden() {
  std::ifstream file(CALIBRA_SOURCE_DIR "/tests/golden/digits/tests.json");
  REQUIRE(file.good());
  return json::parse(file);
}

/// mapie's other number of the sample of an entry.
json mapie_value(const json& golden, const json& entry, const std::string& number) {
  for (const json& e : golden["entries"])
    if (e["sample"] == entry["sample"] && e["package"] == "mapie" && e["number"] == number)
      return e["value"];
  FAIL("no " << number << " of " << entry["sample"]);
  return {};
}

}  // namespace

TEST_CASE("tests of calibration and numbers beside them are those of probcal, mapie and relplot") {
  const json golden = read_golden();
  const std::map<std::string, weighted_pairs> samples = all_samples(golden);
  std::map<std::string, int> compared;
  for (const json& e : golden["entries"]) {
    if (differs(e)) continue;
    const std::string package = e["package"], number = e["number"];
    const weighted_pairs& p = samples.at(e["sample"]);
    values expected =
        e["value"].is_array() ? e["value"].get<values>() : values{e["value"].get<double>()};
    if (number == "corp-steps") expected = joined(expected);
    const values found = package == "probcal" ? probcal_number(e, p)
                         : package == "mapie" ? mapie_number(e, p)
                                              : relplot_number(e, p);
    INFO(package << " " << number << " " << e["arguments"] << " of " << e["sample"]);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      INFO(i << ": " << found[i] << ", expected " << expected[i]);
      // A p has no margin, however small; parts that cancel round.
      const double margin = number.ends_with("-p") ? 1e-300 : 1e-14;
      CHECK(std::abs(found[i] - expected[i]) <= 1e-9 * std::abs(expected[i]) + margin);
      ++compared[package];
    }
  }
  for (const auto& [package, n] : compared)
    std::printf("tests of calibration: %5d values of %s\n", n, package.c_str());
  CHECK(compared == std::map<std::string, int>{{"mapie", 31}, {"probcal", 940}, {"relplot", 42}});
}

TEST_CASE("where the tests of mapie differ, they do as said") {
  const json golden = read_golden();
  const std::map<std::string, weighted_pairs> samples = all_samples(golden);
  std::map<std::string, int> compared;
  for (const json& e : golden["entries"]) {
    const std::string number = e["number"];
    if (e["package"] != "mapie" || !differs(e) || number == "jittered") continue;
    INFO(number << " " << e["arguments"] << " of " << e["sample"]);
    const double theirs = e["value"];
    const bool ks = number.starts_with("ks");
    const auto law = ks ? detail::brownian_maximum_tail : detail::brownian_range_tail;
    ++compared[number];
    if (number.ends_with("-law")) {
      CHECK(std::abs(law(e["arguments"]["x"]) - (1 - theirs)) <= 1e-12);
      continue;
    }
    const weighted_pairs p = samples.at(e["sample"]).without_weights();
    const auto test = [&](const weighted_pairs& x) {
      return ks ? ks_test(x.collected()) : kuiper_test(x.collected());
    };
    if (number == "spiegelhalter-one-sided-p") {
      const double p_value = spiegelhalter_test(p.collected()).p;
      CHECK(std::abs(p_value - 2 * std::min(theirs, 1 - theirs)) <= 1e-14);
    } else if (number.ends_with("-jittered")) {
      weighted_pairs walked = p;
      if (p.ties()) walked.confidence = mapie_value(golden, e, "jittered").get<values>();
      // The walk from its first step on is that of the other weighted_pairs.
      if (!ks) walked = walked.without_lowest();
      const double found = test(walked).statistic * sigma(walked) / sigma(p);
      CHECK(std::abs(found - theirs) <= (p.ties() ? 1e-12 : 1e-7) * theirs);
    } else {
      const json statistic = mapie_value(golden, e, ks ? "ks-jittered" : "kuiper-jittered");
      CHECK(std::abs(law(statistic.get<double>()) - theirs) <= 1e-10);  // 1 minus a short series
      if (!p.ties()) CHECK(test(p).p <= theirs + 1e-10);
    }
  }
  CHECK(compared == std::map<std::string, int>{{"ks-jittered", 7},
                                               {"ks-law", 12},
                                               {"ks-p", 7},
                                               {"kuiper-jittered", 7},
                                               {"kuiper-law", 12},
                                               {"kuiper-p", 7},
                                               {"spiegelhalter-one-sided-p", 7}});
}
