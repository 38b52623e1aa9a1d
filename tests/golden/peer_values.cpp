// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "peer_values.hpp"

#include <calibra/calibra.hpp>
#include <calibra/io/labels.hpp>
#include <calibra/io/npy.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>

namespace {

struct metric_id {
  std::string family;  ///< the id without its number of bins
  std::size_t bins = 15;
  bool mass = false;
  bool reversed = false;
};

/// "classwise-em-ece-15" -> {classwise-ece, 15, equal mass}
metric_id parse(std::string id) {
  metric_id m;
  const std::string tail = "-reversed-rows";
  if (id.size() > tail.size() && id.ends_with(tail)) {
    m.reversed = true;
    id.resize(id.size() - tail.size());
  }
  std::smatch match;
  static const std::regex numbered("^(.*)-([0-9]+)$");
  if (id.rfind("mmce", 0) != 0 && std::regex_match(id, match, numbered)) {
    m.bins = std::stoul(match[2]);
    id = match[1];
  }
  for (const char* prefix : {"em-", "netcal-em-", "classwise-em-"}) {
    const std::string p = prefix;
    if (id.rfind(p, 0) == 0) {
      m.mass = true;
      id = p.substr(0, p.size() - 3) + id.substr(p.size());
      break;
    }
  }
  m.family = id;
  return m;
}

template<class F>
auto with_scores(const dataset& d, bool single, bool as_logits, F f) {
  const auto view = [&](const auto& values) {
    using T = std::remove_cvref_t<decltype(values[0])>;
    return calibra::matrix_view<const T>(values.data(), d.rows(), d.classes);
  };
  const auto log_of = [](const auto& values) {
    auto z = values;
    for (auto& x : z) x = std::log(x);
    return z;
  };
  if (as_logits) {
    if (single) {
      const auto z = log_of(d.p32);
      return f(calibra::logits(view(z)));
    }
    const auto z = log_of(d.p);
    return f(calibra::logits(view(z)));
  }
  return single ? f(calibra::probabilities(view(d.p32))) : f(calibra::probabilities(view(d.p)));
}

double one_metric(const dataset& d, bool single, const metric_id& m, const std::string& name,
                  const calibra::convention& like, double tace_threshold = 0.01) {
  const calibra::options o{
      .bins = m.bins,
      .scheme = m.mass ? calibra::bin_scheme::equal_mass : calibra::bin_scheme::equal_width,
      .like = like};
  const calibra::metric_list metrics =
      name == "tace" ? calibra::metric_list{calibra::tace.with({.threshold = tace_threshold})}
                     : calibra::all_metrics().only({name});
  if (d.binary) {
    const auto ask = [&](const auto& p) {
      return calibra::evaluate(calibra::binary_probabilities(p), d.labels, metrics, o)[name];
    };
    return single ? ask(d.p32) : ask(d.p);
  }
  // gpleiss takes logits and was given log P
  return with_scores(d, single, like.name == "guo2017", [&](const auto& scores) {
    return calibra::evaluate(scores, d.labels, metrics, o)[name];
  });
}

template<class F>
double on_sample(const dataset& d, bool single, F f) {
  calibra::options o;
  if (!d.proximity.empty()) o.proximity = d.proximity;
  if (d.binary) {
    if (single) return f(calibra::collect(calibra::binary_probabilities(d.p32), d.labels, o));
    return f(calibra::collect(calibra::binary_probabilities(d.p), d.labels, o));
  }
  return with_scores(d, single, false,
                     [&](const auto& scores) { return f(calibra::collect(scores, d.labels, o)); });
}

double smooth(const metric_id& m, const dataset& d, bool single, const std::string& peer) {
  static const std::regex pattern("^smece-(reflected|logit)(-width|-sigma([0-9.]+))?$");
  std::smatch match;
  const std::string id = m.family;
  if (!std::regex_match(id, match, pattern)) throw std::runtime_error("unknown id " + id);
  calibra::metrics::smooth_ece o;
  o.kernel =
      match[1] == "logit" ? calibra::smooth_kernel::logit : calibra::smooth_kernel::reflected;
  if (match[3].matched) o.bandwidth = std::stod(match[3]);
  if (const auto own = calibra::conventions::find(preset_of(peer)).metrics; own != nullptr) {
    const calibra::metric_list list = own();
    if (const calibra::any_metric* like = list.find("smooth_ece"))
      o.float_positions = like->as<calibra::metrics::smooth_ece>()->float_positions;
  }
  const bool width = match[2] == "-width";
  // probmetrics softmaxes log P and only then takes the top label
  if (peer == "probmetrics" && !d.binary)
    return with_scores(d, single, true, [&](const auto& scores) {
      return calibra::smooth_ece.with(o)(calibra::collect(scores, d.labels));
    });
  return on_sample(d, single, [&](const auto& x) {
    const auto r = o.details(x);
    return width ? r.bandwidth : r.value;
  });
}

}  // namespace

dataset dataset::reversed() const {
  dataset r = *this;
  for (std::size_t i = 0; i < rows(); ++i) {
    const std::size_t j = rows() - 1 - i;
    r.labels[i] = labels[j];
    if (!proximity.empty()) r.proximity[i] = proximity[j];
    for (std::size_t k = 0; k < classes; ++k) {
      r.p[i * classes + k] = p[j * classes + k];
      r.p32[i * classes + k] = p32[j * classes + k];
    }
  }
  return r;
}

dataset dataset::first(std::size_t n) const {
  dataset r = *this;
  r.labels.resize(n);
  r.p.resize(n * classes);
  r.p32.resize(n * classes);
  if (!proximity.empty()) r.proximity.resize(n);
  return r;
}

dataset load_digits(const std::string& folder) {
  dataset d;
  d.name = "digits";
  calibra::io::load_npy(folder + "test_logits.npy").visit_scores([&](const auto& z) {
    using T = typename std::remove_cvref_t<decltype(z)>::value_type;
    d.classes = z.cols();
    for (std::size_t i = 0; i < z.rows(); ++i) {
      std::vector<double> row;
      for (std::size_t k = 0; k < z.cols(); ++k)
        row.push_back(static_cast<double>(calibra::scalar_traits<T>::load(z(i, k))));
      const double most = *std::max_element(row.begin(), row.end());
      double sum = 0;
      for (double& x : row) sum += x = std::exp(x - most);
      for (const double x : row) {
        d.p.push_back(x / sum);
        d.p32.push_back(static_cast<float>(x / sum));
      }
    }
  });
  const auto labels = calibra::io::labels(calibra::io::load_npy(folder + "test_labels.npy"));
  for (std::size_t i = 0; i < labels.size(); ++i) d.labels.push_back(labels[i]);
  return d;
}

std::string preset_of(const std::string& peer) {
  static const std::map<std::string, std::string> presets = {
      {"torchmetrics", "torchmetrics"},
      {"torch-uncertainty", "torch_uncertainty"},
      {"probmetrics", "probmetrics"},
      {"netcal", "netcal"},
      {"verified_calibration", "verified"},
      {"uncertainty-calibration", "verified"},
      {"relplot", "relplot"},
      {"CLIP_Calibration", "clip_calibration"},
      {"gpleiss", "guo2017"},
      {"torch", "guo2017"},
      {"robustness_metrics", "robustness_metrics"},
      {"NN_calibration", "nn_calibration"},
      {"sklearn", "sklearn"},
      {"scikit-learn", "sklearn"},
  };
  return presets.at(peer);
}

std::vector<double> value_like(const std::string& peer, const std::string& metric,
                               const dataset& given, bool single) {
  const calibra::convention& like = calibra::conventions::find(preset_of(peer));
  const metric_id m = parse(metric);
  const dataset& d = m.reversed ? given.reversed() : given;
  const auto ask = [&](const char* name) {
    return std::vector<double>{one_metric(d, single, m, name, like)};
  };
  const std::string& f = m.family;
  if (f == "debiased-ece") throw not_compared("stochastic: resamples with an unrelated generator");
  if (f == "predicted-class-ece") throw not_compared("not among calibra's metrics");
  if (metric == "nll-clip1e-6") throw not_compared("not among calibra's metrics");
  if (f == "ece" || f == "rmsce" || f == "mce" || f == "accuracy" || f == "brier" || f == "nll" ||
      f == "mmce")
    return ask(f.c_str());
  if (f == "debiased-l2") return ask("debiased_l2");
  if (f == "clip-mce") return ask("mce");
  if (f == "netcal-ace") return ask("ace");
  if (f == "brier-top") return ask("brier_top");
  if (f == "brier-half" || f == "brier-binary")
    return {one_metric(d, single, m, "brier", like) / 2};
  if (f == "classwise-ece") return ask("classwise_ece");
  if (f == "classwise-rmsce") return ask("classwise_rmsce");
  if (f == "classwise-mce") return ask("classwise_mce");
  if (f == "classwise-debiased-l2") return ask("classwise_debiased_l2");
  if (f == "pooled-ece") return ask("pooled_ece");
  if (f == "tace") return ask("tace");
  if (f == "tace-registered") return {one_metric(d, single, m, "tace", like, 0.0)};
  if (metric == "vc-default" || metric == "vc-default-top") {
    metric_id em;
    em.mass = true;
    return {one_metric(d, single, em,
                       metric == "vc-default" ? "classwise_debiased_l2" : "debiased_l2", like)};
  }
  if (f == "classwise-ece-per-class") {
    const calibra::options o{.bins = m.bins, .like = like, .per_class = true};
    return with_scores(d, single, false, [&](const auto& scores) {
      return calibra::evaluate(scores, d.labels, {calibra::classwise_ece}, o).ece_per_class;
    });
  }
  if (f.rfind("smece-", 0) == 0) return {smooth(m, d, single, peer)};
  if (f == "mmce-first1000") {
    const dataset head = d.first(1000);
    return {on_sample(head, single, [](const auto& x) { return calibra::mmce(x); })};
  }
  if (f.rfind("sweep-", 0) == 0) {
    calibra::metrics::sweep_ece o;
    o.own_bin_for_largest = true;
    o.norm = f.ends_with("l2") ? calibra::sweep_norm::l2 : calibra::sweep_norm::l1;
    o.binning = f.rfind("sweep-ew", 0) == 0 ? calibra::bin_scheme::equal_width
                                            : calibra::bin_scheme::equal_mass;
    return {on_sample(d, single, [&](const auto& x) { return calibra::sweep_ece.with(o)(x); })};
  }
  if (f.rfind("piece-", 0) == 0) {
    static const std::regex pattern("^piece-([0-9]+)x([0-9]+)-(quantile|uniform)$");
    std::smatch match;
    if (!std::regex_match(f, match, pattern)) throw std::runtime_error("unknown id " + metric);
    calibra::metrics::piece o;
    o.proximity_bins = std::stoul(match[1]);
    const calibra::bin_options confidence{.bins = std::stoul(match[2])};
    o.binning = match[3] == "uniform" ? calibra::proximity_binning::uniform
                                      : calibra::proximity_binning::quantile;
    return {
        on_sample(d, single, [&](const auto& x) { return calibra::piece.with(o)(x, confidence); })};
  }
  throw std::runtime_error("no rule for metric " + metric + " of " + peer);
}

std::vector<calibra::reliability_bin> table_like(const std::string& peer, std::size_t bins,
                                                 const dataset& d, bool single) {
  const calibra::options o{.bins = bins, .like = calibra::conventions::find(preset_of(peer))};
  return with_scores(d, single, false, [&](const auto& scores) {
    const auto table = calibra::evaluate(scores, d.labels, {calibra::ece}, o).table;
    return std::vector<calibra::reliability_bin>(table.begin(), table.end());
  });
}
