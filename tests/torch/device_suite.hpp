// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <calibra/adapters/torch.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "stage.hpp"

/// Random data for a device, and comparisons of what it made of them with what the host makes.
namespace suite {

using calibra::score_kind;

inline constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinity = std::numeric_limits<double>::infinity();

enum class layout { dense, transposed, stepped };

/// The same elements at other strides.
inline at::Tensor arranged(const at::Tensor& t, layout how) {
  if (how == layout::transposed && t.dim() == 2) return t.t().contiguous().t();
  if (how == layout::dense) return t;
  std::vector<std::int64_t> wide;
  for (const std::int64_t n : t.sizes()) wide.push_back(2 * n + 1);
  at::Tensor part = at::full(wide, 3, t.options());
  for (std::int64_t d = 0; d < t.dim(); ++d) part = part.slice(d, 1, 2 * t.size(d) + 1, 2);
  part.copy_(t);
  return part;
}

/// Scores with what belongs to them, on one device.
struct batch {
  score_kind kind = score_kind::logits;
  at::Tensor scores, labels, weights, valid;

  template<class F>
  batch each(F f) const {
    const auto made = [&](const at::Tensor& t) { return t.defined() ? f(t) : t; };
    return {kind, made(scores), made(labels), made(weights), made(valid)};
  }
  batch to(at::Device device) const {
    return each([&](const at::Tensor& t) { return t.to(device); });
  }
  batch rows(std::int64_t first, std::int64_t n) const {
    return each([&](const at::Tensor& t) { return t.narrow(0, first, n); });
  }
  batch taken(const std::vector<std::int64_t>& order) const {
    const at::Tensor index = at::tensor(order, at::kLong);
    return each([&](const at::Tensor& t) { return t.index_select(0, index); });
  }
  batch laid_out(layout how) const {
    return each([&](const at::Tensor& t) { return arranged(t, how); });
  }

  calibra::options with(calibra::options o) const {
    if (weights.defined()) o.weights = weights;
    if (valid.defined()) o.valid = valid;
    return o;
  }
  calibra::device_batch_options options() const {
    calibra::device_batch_options o;
    if (weights.defined()) o.weights = weights;
    if (valid.defined()) o.valid = valid;
    return o;
  }
};

inline bool is_binary(score_kind kind) {
  return kind == score_kind::binary_logits || kind == score_kind::binary_probabilities;
}
inline bool is_multilabel(score_kind kind) {
  return kind == score_kind::multilabel_logits || kind == score_kind::multilabel_probabilities;
}

inline std::string_view name(score_kind kind) {
  constexpr std::string_view names[] = {"logits",
                                        "probabilities",
                                        "binary logits",
                                        "binary probabilities",
                                        "multi-label logits",
                                        "multi-label probabilities"};
  return names[static_cast<std::size_t>(kind)];
}

/// f(scores) of a batch of one label a sample.
template<class F>
decltype(auto) with_scores(const batch& b, F f) {
  switch (b.kind) {
    case score_kind::logits:
      return f(calibra::logits(b.scores));
    case score_kind::probabilities:
      return f(calibra::probabilities(b.scores));
    case score_kind::binary_logits:
      return f(calibra::binary_logits(b.scores));
    default:
      return f(calibra::binary_probabilities(b.scores));
  }
}
/// f(scores) of a batch of several labels a sample.
template<class F>
decltype(auto) with_labels(const batch& b, F f) {
  if (b.kind == score_kind::multilabel_logits) return f(calibra::multilabel_logits(b.scores));
  return f(calibra::multilabel_probabilities(b.scores));
}
/// f(scores) of a batch that has several classes or labels.
template<class F>
decltype(auto) with_columns(const batch& b, F f) {
  switch (b.kind) {
    case score_kind::logits:
      return f(calibra::logits(b.scores));
    case score_kind::probabilities:
      return f(calibra::probabilities(b.scores));
    case score_kind::multilabel_logits:
      return f(calibra::multilabel_logits(b.scores));
    default:
      return f(calibra::multilabel_probabilities(b.scores));
  }
}

/// The edges that any test bins by: random data keep away from them, so that a comparison cannot
/// depend on the rounding of a confidence.
inline const std::vector<double>& given_edges() {
  static const std::vector<double> edges = {0, 0.04, 0.3, 0.5, 0.77, 0.95, 1};
  return edges;
}
inline bool near_an_edge(double p) {
  const auto near = [&](double edge) { return std::abs(p - edge) < 1e-4; };
  for (int b = 1; b < 15; ++b)
    if (near(b / 15.0)) return true;
  return std::any_of(given_edges().begin() + 1, given_edges().end() - 1, near);
}

/// What the scores of a row mean as probabilities, in double.
inline std::vector<double> meaning(score_kind kind, std::vector<double> x) {
  if (kind == score_kind::logits) {
    const double most = *std::max_element(x.begin(), x.end());
    double sum = 0;
    for (double& v : x) sum += v = std::exp(v - most);
    for (double& v : x) v /= sum;
  } else if (kind == score_kind::binary_logits || kind == score_kind::multilabel_logits) {
    for (double& v : x) v = 1 / (1 + std::exp(-v));
  }
  return x;
}

/// x as an element of the dtype has it.
inline double rounded(double x, at::ScalarType dtype) {
  const auto narrow = static_cast<float>(x);
  if (dtype == at::kHalf) return static_cast<double>(static_cast<float>(calibra::half(narrow)));
  if (dtype == at::kBFloat16)
    return static_cast<double>(static_cast<float>(calibra::bfloat16(narrow)));
  return dtype == at::kFloat ? static_cast<double>(narrow) : x;
}

struct shape {
  std::int64_t n = 400;
  std::int64_t k = 7;
  bool ties = true;
};

/// Random scores of a dtype, with labels, on the host.
inline batch random_batch(score_kind kind, at::ScalarType dtype, std::uint_fast32_t seed,
                          shape s = {}) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  const std::int64_t k = is_binary(kind) ? 1 : s.k;
  const bool is_logit = kind == score_kind::logits || kind == score_kind::binary_logits ||
                        kind == score_kind::multilabel_logits;
  const auto choices = static_cast<std::uint_fast32_t>(s.k);
  at::Tensor x = at::empty({s.n, k}, at::kDouble);
  at::Tensor y = at::empty({s.n, is_multilabel(kind) ? k : 1}, at::kLong);
  for (std::int64_t i = 0; i < s.n;) {
    std::vector<double> row(static_cast<std::size_t>(k));
    const double sharpness = 0.3 + 2 * std::abs(normal(generator));
    for (double& v : row) v = sharpness * normal(generator);
    if (s.ties && generator() % 8 == 0)
      for (double& v : row) v = std::round(v);  // ties
    if (!is_logit)
      row = meaning(
          kind == score_kind::probabilities ? score_kind::logits : score_kind::binary_logits, row);
    for (double& v : row) v = rounded(v, dtype);
    bool near = false;
    for (const double p : meaning(kind, row)) near = near || near_an_edge(p) || near_an_edge(1 - p);
    if (near) continue;
    std::copy(row.begin(), row.end(), x.data_ptr<double>() + i * k);
    for (std::int64_t j = 0; j < y.size(1); ++j)
      y.data_ptr<std::int64_t>()[i * y.size(1) + j] =
          static_cast<std::int64_t>(generator() % (y.size(1) == 1 && k > 1 ? choices : 2));
    ++i;
  }
  batch b;
  b.kind = kind;
  b.scores = (is_binary(kind) ? x.squeeze(1) : x).to(dtype);
  b.labels = y.size(1) == 1 && !is_multilabel(kind) ? y.squeeze(1) : y;
  return b;
}

inline at::Tensor random_weights(std::int64_t n, std::uint_fast32_t seed) {
  std::mt19937 generator(seed);
  std::vector<double> w(static_cast<std::size_t>(n));
  for (double& x : w) x = static_cast<double>(generator() % 1000) / 256;
  return at::tensor(w, at::kDouble);
}

/// 1e-12 where scores are computed in float64, 1e-6 where in float32.
inline double tolerance(at::ScalarType dtype) {
  return dtype == at::kDouble ? 1e-12 : 1e-6;
}

inline bool close(double got, double expected, double tolerance) {
  if (std::isnan(expected)) return std::isnan(got);
  return got == expected ||
         std::abs(got - expected) <= tolerance * std::max(1.0, std::abs(expected));
}

/// Where two tables differ, empty if nowhere: counts have to be equal, sums to a tolerance relative
/// to the total weight.
inline std::string difference(const calibra::reliability_table& got,
                              const calibra::reliability_table& expected, double tolerance) {
  using calibra::detail::concat;
  if (!(got.bins() == expected.bins())) return "other bins";
  if (got.count() != expected.count())
    return concat(got.count(), " samples instead of ", expected.count());
  const double slack = tolerance * std::max(1.0, expected.total_weight());
  const auto differ = [&](double a, double b) { return !(std::abs(a - b) <= slack); };
  for (std::size_t b = 0; b < got.size(); ++b) {
    const calibra::reliability_bin g = got[b], e = expected[b];
    if (g.count != e.count) return concat("bin ", b, ": ", g.count, " instead of ", e.count);
    if (differ(g.weight, e.weight))
      return concat("bin ", b, ": weight ", g.weight, " instead of ", e.weight);
    if (differ(got.squared_weight(b), expected.squared_weight(b)))
      return concat("bin ", b, ": squares ", got.squared_weight(b), " instead of ",
                    expected.squared_weight(b));
    if (!(e.weight > 0)) continue;
    if (differ(g.confidence * g.weight, e.confidence * e.weight))
      return concat("bin ", b, ": confidence ", g.confidence, " instead of ", e.confidence);
    if (differ(g.accuracy * g.weight, e.accuracy * e.weight))
      return concat("bin ", b, ": accuracy ", g.accuracy, " instead of ", e.accuracy);
  }
  return "";
}

inline std::string difference(const calibra::classwise_table& got,
                              const calibra::classwise_table& expected, double tolerance) {
  using calibra::detail::concat;
  if (got.classes() != expected.classes()) return concat(got.classes(), " classes");
  if (got.samples() != expected.samples()) return concat(got.samples(), " samples");
  for (std::size_t k = 0; k < got.classes(); ++k)
    if (const std::string text = difference(got[k], expected[k], tolerance); !text.empty())
      return concat("class ", k, ": ", text);
  return "";
}

inline std::string difference(const calibra::summary& got, const calibra::summary& expected,
                              double tolerance) {
  using calibra::detail::concat;
  if (got.count() != expected.count()) return concat(got.count(), " samples");
  const struct {
    const char* name;
    double got, expected;
  } means[] = {{"weight", got.total_weight(), expected.total_weight()},
               {"accuracy", got.accuracy(), expected.accuracy()},
               {"confidence", got.confidence(), expected.confidence()},
               {"nll", got.nll(), expected.nll()},
               {"brier", got.brier(), expected.brier()},
               {"brier_top", got.brier_top(), expected.brier_top()}};
  for (const auto& m : means)
    if (!close(m.got, m.expected, tolerance))
      return concat(m.name, " ", m.got, " instead of ", m.expected);
  return "";
}

inline std::string difference(const calibra::sample& got, const calibra::sample& expected,
                              double tolerance) {
  using calibra::detail::concat;
  if (got.precision() != expected.precision()) return "another precision";
  if (got.size() != expected.size()) return concat(got.size(), " pairs");
  for (std::size_t i = 0; i < got.size(); ++i)
    if (!close(got.confidence(i), expected.confidence(i), tolerance) ||
        got.hit(i) != expected.hit(i) || !close(got.weight(i), expected.weight(i), 1e-15))
      return concat("pair ", i, ": ", got.confidence(i), ", ", got.hit(i) ? "hit" : "miss", ", ",
                    got.weight(i));
  return "";
}

/// What a call says that goes wrong.
template<class F>
std::string message(F f) {
  try {
    static_cast<void>(f());
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace suite
