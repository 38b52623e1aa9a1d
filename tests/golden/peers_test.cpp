// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include <calibra/io/labels.hpp>
#include <calibra/io/npy.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "peer_values.hpp"

namespace {

using nlohmann::json;

const std::string golden = CALIBRA_GOLDEN_DIR;
const std::string digits = CALIBRA_SOURCE_DIR "/tests/golden/digits/";

bool exists(const std::string& path) {
  return std::ifstream(path).good();
}

json json_of(const std::string& path) {
  std::ifstream in(path);
  REQUIRE(in.good());
  return json::parse(in);
}

/// Numbers are numbers, non-finite ones are texts.
double number_or_nan(const json& x) {
  if (x.is_string()) {
    const auto s = x.get<std::string>();
    if (s == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (s == "inf") return std::numeric_limits<double>::infinity();
    if (s == "-inf") return -std::numeric_limits<double>::infinity();
    throw std::runtime_error("not a number: " + s);
  }
  return x.get<double>();
}

dataset load_dump(const std::string& name) {
  dataset d;
  d.name = name;
  const auto probs = calibra::io::load_npy(golden + "/" + name + ".probs.npy");
  probs.visit_scores([&](const auto& view) {
    d.classes = view.cols();
    for (std::size_t i = 0; i < view.rows(); ++i)
      for (std::size_t k = 0; k < view.cols(); ++k) {
        using T = typename std::remove_cvref_t<decltype(view)>::value_type;
        const double x = static_cast<double>(calibra::scalar_traits<T>::load(view(i, k)));
        d.p.push_back(x);
        d.p32.push_back(static_cast<float>(x));
      }
  });
  const auto labels =
      calibra::io::labels(calibra::io::load_npy(golden + "/" + name + ".labels.npy"));
  for (std::size_t i = 0; i < labels.size(); ++i) d.labels.push_back(labels[i]);
  calibra::io::load_npy(golden + "/" + name + ".proximity.npy").visit_vector([&](const auto& v) {
    for (std::size_t i = 0; i < v.size(); ++i) {
      using T = typename std::remove_cvref_t<decltype(v)>::value_type;
      if constexpr (calibra::real_scalar<T>)
        d.proximity.push_back(static_cast<double>(calibra::scalar_traits<T>::load(v[i])));
    }
  });
  return d;
}

/// The inline inputs of edge_cases.json.
dataset edge_case(const json& c) {
  dataset d;
  d.name = c["name"];
  d.binary = c["kind"] == "binary";
  const bool single = c["dtype"] == "float32";
  const auto push = [&](double x) {
    if (single) x = static_cast<double>(static_cast<float>(x));
    d.p.push_back(x);
    d.p32.push_back(static_cast<float>(x));
  };
  for (const json& y : c["labels"]) d.labels.push_back(y.get<std::int64_t>());
  if (d.binary) {
    d.classes = 1;
    for (const json& x : c["p"]) push(number_or_nan(x));
    return d;
  }
  d.classes = c["K"].get<std::size_t>();
  if (!c["probs"].is_null()) {
    for (const json& row : c["probs"])
      for (const json& x : row) push(number_or_nan(x));
    return d;
  }
  for (const json& x : c["confidence"]) {
    const double conf = number_or_nan(x);
    push(conf);
    for (std::size_t k = 1; k < d.classes; ++k)
      push((1 - conf) / static_cast<double>(d.classes - 1));
  }
  return d;
}

/// What became of the entries of one peer.
struct tally {
  std::size_t compared = 0;
  std::map<std::string, std::size_t> left_out;  ///< reason -> entries
};
using tallies = std::map<std::string, tally>;

/// How far a peer's value may be from ours: 1e-9 where it computes in double; where it sums in
/// float the rounding that was measured for the entry and what is usual (1e-6) for its last steps.
double tolerance(const json& e, bool single_compute) {
  if (!single_compute) return 1e-9;
  if (e["peer"] == "torch-uncertainty" && e["metric"].get<std::string>().rfind("smece", 0) == 0)
    return 2e-4 *
           std::max(1e-2, std::abs(number_or_nan(e["value"])));  // documented as 1e-4 relative
  const auto diff = e.find("oracle_abs_diff");
  const bool known = diff != e.end() && diff->is_number();
  return 1e-6 + (known ? 1.01 * diff->get<double>() : 0.0);
}

/// What a peer returns and calibra does not, by peer, metric and input. Everything else must agree.
const char* known_difference(const std::string& peer, const std::string& metric,
                             const std::string& input, bool single) {
  const bool on_edges = input.rfind("edges", 0) == 0 || input.rfind("decimal", 0) == 0;
  if (input == "empty_input") return "no samples: calibra gives NaN, the peer 0";
  if (peer == "gpleiss" && single && on_edges)
    return "softmax(log p) in float moves a confidence off its edge: noise";
  if (peer == "torch-uncertainty" && metric.rfind("em-", 0) == 0 &&
      (input == "n_less_than_bins" || input == "single_wrong" || input == "binary_single"))
    return "more bins than samples: the peer divides 0 by 0";
  if (input == "two_classes_multiclass_api" && peer == "netcal")
    return "the peer takes two columns for a binary problem; calibra is told";
  if (input == "two_classes_multiclass_api" && metric.rfind("smece", 0) == 0 &&
      peer == "probmetrics")
    return "the peer takes two columns for a binary problem; calibra is told";
  return nullptr;
}

void compare(const json& e, const dataset& d, bool single_compute, tallies& out) {
  const std::string peer = e["peer"];
  const std::string metric = e["metric"];
  tally& t = out[peer];
  if (!e.contains("value") || e["value"].is_null()) {
    ++t.left_out["the peer raises"];
    return;
  }
  const auto reproduced = e.find("reproduced_by");
  std::vector<double> expected;
  if (e["value"].is_object()) {
    ++t.left_out["tables: compared by their own test"];
    return;
  }
  if (e["value"].is_array())
    for (const json& x : e["value"]) expected.push_back(number_or_nan(x));
  else
    expected.push_back(number_or_nan(e["value"]));
  const bool single = e["input_dtype"] == "float32";
  if (const char* why = known_difference(peer, metric, d.name, single)) {
    ++t.left_out[why];
    return;
  }
  std::vector<double> got;
  try {
    got = value_like(peer, metric, d, single);
  } catch (const not_compared& why) {
    ++t.left_out[why.what()];
    return;
  } catch (const calibra::error&) {
    ++t.left_out["calibra rejects the input: " + d.name];
    return;
  }
  INFO(peer << " " << metric << " on " << d.name << " (" << e["input_dtype"].get<std::string>()
            << ", compute "
            << (e.contains("compute") ? e["compute"].get<std::string>() : std::string("?")) << ") "
            << (reproduced == e.end() ? std::string() : reproduced->dump()));
  REQUIRE(got.size() == expected.size());
  const double margin = tolerance(e, single_compute);
  bool same = true;
  for (std::size_t i = 0; i < got.size(); ++i)
    same = same && ((std::isnan(got[i]) && std::isnan(expected[i])) || got[i] == expected[i] ||
                    std::abs(got[i] - expected[i]) <= margin);
  if (!same) {
    INFO("expected " << Catch::StringMaker<double>::convert(expected[0]) << ", got "
                     << Catch::StringMaker<double>::convert(got[0]) << ", margin " << margin);
    CHECK(same);
  } else {
    ++t.compared;
  }
}

/// Says what was compared, and fails if that is less than it was: a peer's values must not slip out
/// of the comparison unseen.
void report(const char* title, const tallies& all,
            const std::map<std::string, std::size_t>& at_least) {
  std::printf("%s\n", title);
  for (const auto& [peer, t] : all) {
    std::printf("  %-22s %5zu compared\n", peer.c_str(), t.compared);
    for (const auto& [why, n] : t.left_out)
      std::printf("  %-22s %5zu left out: %s\n", "", n, why.c_str());
  }
  for (const auto& [peer, n] : at_least) {
    INFO(peer);
    CHECK(all.at(peer).compared >= n);
  }
}

/// Whether a number was rounded to float on the way.
bool is_single(const json& e) {
  const auto text = [&](const char* key) {
    return e.contains(key) && e[key].is_string() ? e[key].get<std::string>() : std::string();
  };
  return text("compute").find("float32") != std::string::npos ||
         text("notes").find("result cast to float32") != std::string::npos ||
         (text("compute").find("pandas") != std::string::npos &&
          text("input_dtype") == "float32");  // a group's mean has the column's type
}

}  // namespace

TEST_CASE("peers' values on the dumps") {
  if (!exists(golden + "/edge_cases.json")) {
    WARN("no golden files in " << golden << ": nothing compared");
    return;
  }
  tallies all;
  for (const std::string name : {"lenet-5-cifar-10", "wideresnet-16-4-cifar-100"}) {
    const dataset d = load_dump(name);
    for (const json& e : json_of(golden + "/" + name + ".json")) compare(e, d, is_single(e), all);
  }
  report("peers' values on the dumps:", all,
         {{"CLIP_Calibration", 60},
          {"NN_calibration", 32},
          {"gpleiss", 16},
          {"netcal", 84},
          {"probmetrics", 38},
          {"relplot", 56},
          {"robustness_metrics", 124},
          {"sklearn", 40},
          {"torch", 4},
          {"torch-uncertainty", 74},
          {"torchmetrics", 56},
          {"verified_calibration", 144}});
}

TEST_CASE("peers' values on the edge cases") {
  if (!exists(golden + "/edge_cases.json")) {
    WARN("no golden files in " << golden << ": nothing compared");
    return;
  }
  tallies all;
  for (const json& c : json_of(golden + "/edge_cases.json")) {
    if (c["kind"] == "calibrator") continue;
    const dataset d = edge_case(c);
    for (const json& e : c["results"]) {
      const std::string peer = e["peer"];
      const std::string metric = e["metric"];
      // These entries do not say how the peer computes; the same calls on the dumps do.
      const bool doubles =
          peer == "robustness_metrics" || peer == "NN_calibration" ||
          (peer == "netcal" && metric != "mmce") ||
          (peer == "relplot" && metric.find("logit") == std::string::npos && !d.binary);
      const bool single = (e["input_dtype"] == "float32" && !doubles) || peer == "gpleiss" ||
                          peer == "probmetrics" || peer == "torch-uncertainty";
      compare(e, d, single, all);
    }
  }
  report("peers' values on the edge cases:", all,
         {{"CLIP_Calibration", 133},
          {"NN_calibration", 86},
          {"gpleiss", 38},
          {"netcal", 288},
          {"probmetrics", 211},
          {"relplot", 497},
          {"robustness_metrics", 524},
          {"sklearn", 255},
          {"torch", 45},
          {"torch-uncertainty", 379},
          {"torchmetrics", 186},
          {"verified_calibration", 736}});
}

TEST_CASE("peers' values on the digits") {
  const dataset d = load_digits(CALIBRA_SOURCE_DIR "/examples/data/digits/");
  tallies all;
  for (json e : json_of(digits + "peers.json")) {
    const std::string metric = e["metric"];
    if (e["peer"] == "oracle" || metric.ends_with("-before") || metric.ends_with("-after"))
      continue;  // the temperature's test
    // These two cast whatever they are given.
    if (e["compute"] == "float32" &&
        (e["peer"] == "torchmetrics" ||
         (e["peer"] == "torch-uncertainty" && metric.find("ce-") != std::string::npos)))
      e["input_dtype"] = "float32";
    compare(e, d, is_single(e), all);
  }
  report("peers' values on the digits:", all,
         {{"netcal", 12},
          {"probmetrics", 13},
          {"relplot", 9},
          {"sklearn", 9},
          {"torch-uncertainty", 18},
          {"torchmetrics", 19},
          {"verified_calibration", 17}});
}

TEST_CASE("peers' reliability tables on the dumps") {
  if (!exists(golden + "/edge_cases.json")) {
    WARN("no golden files in " << golden << ": nothing compared");
    return;
  }
  std::size_t compared = 0;
  for (const std::string name : {"lenet-5-cifar-10", "wideresnet-16-4-cifar-100"}) {
    const dataset d = load_dump(name);
    for (const json& e : json_of(golden + "/" + name + ".json")) {
      if (e["metric"] != "table-15") continue;
      const std::string peer = e["peer"];
      const auto bins = table_like(peer, 15, d, e["input_dtype"] == "float32");
      const bool counts = e["value"].contains("count");
      const double margin = is_single(e) ? 1e-5 : 1e-9;
      std::size_t at = 0;
      for (const auto& bin : bins) {
        const bool listed = peer != "sklearn" || bin.weight > 0;  // which omits empty bins
        if (!listed) continue;
        const auto entry = [&](const char* key) {
          const json& column = e["value"][key];
          return at < column.size() ? number_or_nan(column[at]) : 0.0;
        };
        const bool empty = !(bin.weight > 0);
        INFO(name << " " << peer << " bin " << at);
        if (peer == "sklearn") {
          CHECK(bin.confidence == Approx(entry("prob_pred")).margin(margin).epsilon(0));
          CHECK(bin.accuracy == Approx(entry("prob_true")).margin(margin).epsilon(0));
        } else {
          const double n = static_cast<double>(bin.count);
          CHECK((counts ? n : n / static_cast<double>(d.rows())) ==
                Approx(entry(counts ? "count" : "proportion"))
                    .margin(counts ? 0 : margin)
                    .epsilon(0));
          CHECK((empty ? 0.0 : bin.confidence) ==
                Approx(entry("confidence")).margin(margin).epsilon(0));
          CHECK((empty ? 0.0 : bin.accuracy) ==
                Approx(entry("accuracy")).margin(margin).epsilon(0));
        }
        ++at;
        compared += 3;
      }
    }
  }
  std::printf("peers' reliability tables: %zu numbers compared\n", compared);
  CHECK(compared >= 552);
}

#ifdef CALIBRA_PROGRAM

namespace {

/// The "metrics" that the program prints for a dump under a preset.
json program_metrics(const std::string& scores, const std::string& labels,
                     const std::string& preset, const std::string& binning) {
  const std::string command = std::string(CALIBRA_PROGRAM) + " eval " + scores + " " + labels +
                              " --from probabilities --format json --like " + preset +
                              " --binning " + binning;
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  REQUIRE(pclose(pipe) == 0);
  return json::parse(text)["metrics"];
}

/// The program's name for what a peer's entry measures with 15 bins, and the binning it takes.
std::pair<std::string, std::string> program_metric(const std::string& peer,
                                                   const std::string& metric) {
  static const std::map<std::string, std::pair<std::string, std::string>> names = {
      {"ece-15", {"ece", "width"}},
      {"rmsce-15", {"rmsce", "width"}},
      {"mce-15", {"mce", "width"}},
      {"clip-mce-15", {"mce", "width"}},
      {"debiased-l2-15", {"debiased_l2", "width"}},
      {"netcal-ace-15", {"ace", "width"}},
      {"em-ece-15", {"ece", "mass"}},
      {"em-rmsce-15", {"rmsce", "mass"}},
      {"em-mce-15", {"mce", "mass"}},
      {"classwise-ece-15", {"classwise_ece", "width"}},
      {"classwise-em-ece-15", {"classwise_ece", "mass"}},
      {"classwise-rmsce-15", {"classwise_rmsce", "width"}},
      {"classwise-debiased-l2-15", {"classwise_debiased_l2", "width"}},
      {"pooled-ece-15", {"pooled_ece", "width"}},
      {"tace-15", {"tace", "width"}},
      {"sweep-em-l1", {"sweep_ece", "width"}},
      {"mmce", {"mmce", "width"}},
      {"accuracy", {"accuracy", "width"}},
      {"brier", {"brier", "width"}},
      {"brier-top", {"brier_top", "width"}},
      {"nll", {"nll", "width"}},
  };
  if (metric == (peer == "torch-uncertainty" ? "smece-logit" : "smece-reflected"))
    return {"smooth_ece", "width"};
  const auto found = names.find(metric);
  return found == names.end() ? std::pair<std::string, std::string>{} : found->second;
}

}  // namespace

TEST_CASE("peers' values through the program") {
  if (!exists(golden + "/edge_cases.json")) {
    WARN("no golden files in " << golden << ": nothing compared");
    return;
  }
  std::map<std::string, std::size_t> compared;
  std::map<std::string, json> printed;
  for (const std::string name : {"lenet-5-cifar-10", "wideresnet-16-4-cifar-100"}) {
    const dataset d = load_dump(name);
    const std::string widened = "peers_test_" + name + ".npy";  // the same numbers in double
    calibra::io::save_npy(widened,
                          calibra::matrix_view<const double>(d.p.data(), d.rows(), d.classes));
    for (const json& e : json_of(golden + "/" + name + ".json")) {
      const std::string peer = e["peer"];
      const auto [metric, binning] = program_metric(peer, e["metric"]);
      if (metric.empty() || e["value"].is_null()) continue;
      const bool single = e["input_dtype"] == "float32";
      const std::string scores = single ? golden + "/" + name + ".probs.npy" : widened;
      const std::string key = scores + preset_of(peer) + binning;
      if (!printed.contains(key))
        printed[key] =
            program_metrics(scores, golden + "/" + name + ".labels.npy", preset_of(peer), binning);
      INFO(peer << " " << e["metric"] << " on " << name << " (" << e["input_dtype"] << ")");
      REQUIRE(printed[key][metric].is_number());
      CHECK(std::abs(printed[key][metric].get<double>() - number_or_nan(e["value"])) <=
            tolerance(e, is_single(e)));
      ++compared[peer];
    }
    std::remove(widened.c_str());
  }
  std::printf("peers' values through the program:\n");
  std::size_t total = 0;
  for (const auto& [peer, n] : compared) {
    std::printf("  %-22s %5zu compared\n", peer.c_str(), n);
    total += n;
  }
  CHECK(compared.size() == 12);
  CHECK(total >= 214);
}

#endif
