// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <calibra/array/matrix.hpp>
#include <calibra/conventions/focal.hpp>
#include <calibra/evaluate.hpp>
#include <calibra/io/labels.hpp>
#include <calibra/io/npy.hpp>
#include <calibra/metrics/accuracy.hpp>
#include <calibra/metrics/brier.hpp>
#include <calibra/metrics/ece.hpp>
#include <calibra/metrics/nll.hpp>
#include <calibra/recalibration/affine.hpp>
#include <calibra/recalibration/beta.hpp>
#include <calibra/recalibration/centred_isotonic.hpp>
#include <calibra/recalibration/dirichlet.hpp>
#include <calibra/recalibration/ets.hpp>
#include <calibra/recalibration/fit.hpp>
#include <calibra/recalibration/isotonic.hpp>
#include <calibra/recalibration/matrix_scaling.hpp>
#include <calibra/recalibration/one_against_rest.hpp>
#include <calibra/recalibration/quadratic.hpp>
#include <calibra/recalibration/sms.hpp>
#include <calibra/recalibration/svs.hpp>
#include <calibra/recalibration/temperature.hpp>
#include <calibra/recalibration/vector_scaling.hpp>
#include <calibra/recalibration/venn_abers.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "golden_dir.hpp"

// What published code reaches on the dumps: probmetrics 1.3.0 and the packages that it calls
// (scikit-learn, cir-model, venn-abers, betacal).
using namespace calibra;

namespace {

using nlohmann::json;

/// Rows [0, fitted_rows) are fitted to, as many behind them are held out.
constexpr std::size_t fitted_rows = 5000;

constexpr const char* multiclass = "multiclass";
constexpr const char* class_3 = "class 3 against the rest";
constexpr const char* likeliest = "top label";

/// Where a value is further from the reference's than the rule allows, and why. What needs no
/// tolerance is repeated as the reference does it (sum_of_floats(), measure(), lifted()) or makes
/// the reference worse (betacal clips p at 1.2e-7, and stops up to 6e-6 of the NLL short).
struct difference {
  const char* method;
  const char* value;
  double tolerance;
  const char* why;
};

constexpr const char* in_float =
    "the reference rounds logits and probabilities to float, which moves its NLL by up to 4e-8 of "
    "it both ways; its coefficients in double give no NLL below calibra's";
constexpr const char* one_step_before =
    "the report has the slope before the last step of Newton's method; that at the fitted T is "
    "computed here";
constexpr const char* equal_fractions =
    "of 3 held-out rows of 5000 the two likeliest classes have equal fractions, such as "
    "(2/3) / (1 - 1/2 + 2/3) and (8/13) / (1 - 7/13 + 8/13); the last bit says which is predicted";

constexpr difference differences[] = {
    {"linear-scaling", "optimum", 2e-8, in_float},
    {"affine-scaling", "optimum", 2e-8, in_float},
    {"quadratic-scaling", "optimum", 2e-8, in_float},
    {"temp-scaling", "reported slope", 2e-6, one_step_before},
    {"linear-scaling", "reported slope", 2e-6, one_step_before},
    {"ivap-ovr", "accuracy", 6e-4, equal_fractions},
    {"ivap-ovr", "ece", 6e-4, equal_fractions},
};

/// Compares, counts the reference's values by method, and notes which differences are needed.
class comparison {
 public:
  /// |ours - theirs| <= 1e-9, or both are infinite.
  void same(const std::string& method, const std::string& value, double ours, double theirs) {
    ++counted_[method];
    INFO("ours " << ours << ", reference " << theirs);
    at_most(method, value, ours == theirs ? 0 : std::abs(ours - theirs), 1e-9);
  }
  /// |ours - theirs| <= 1e-6.
  void near(const std::string& method, const std::string& value, double ours, double theirs) {
    ++counted_[method];
    INFO("ours " << ours << ", reference " << theirs);
    at_most(method, value, std::abs(ours - theirs), 1e-6);
  }
  /// Not above theirs by more than 1e-4.
  void as_good(const std::string& method, const std::string& value, double ours, double theirs) {
    ++counted_[method];
    INFO("ours " << ours << ", reference " << theirs);
    at_most(method, value, ours - theirs, 1e-4);
  }
  /// Not above theirs by more than 1e-9 of it.
  void as_low(const std::string& method, const std::string& value, double ours, double theirs) {
    ++counted_[method];
    INFO("ours " << ours << ", reference " << theirs);
    at_most(method, value, ours / theirs - 1, 1e-9);
  }
  /// x <= limit, or what a difference by name allows instead.
  void at_most(const std::string& method, const std::string& value, double x, double limit) {
    std::string why;
    for (std::size_t i = 0; i < std::size(differences); ++i) {
      if (method != differences[i].method || value != differences[i].value) continue;
      needed_[i] = needed_[i] || x > limit;
      limit = differences[i].tolerance;
      why = std::string(": ") + differences[i].why;
    }
    INFO(value << " is off by " << x << ", at most " << limit << why);
    CHECK(x <= limit);
  }

  const std::map<std::string, std::size_t>& counted() const { return counted_; }
  void check_all_needed() const {
    for (std::size_t i = 0; i < std::size(differences); ++i) {
      if (differences[i].why == equal_fractions) continue;  // rounding may happen to agree
      INFO(differences[i].method << ", " << differences[i].value << ": no longer a difference");
      CHECK(needed_[i]);
    }
  }

 private:
  std::map<std::string, std::size_t> counted_;
  bool needed_[std::size(differences)] = {};
};

/// The sum of a row of floats in float, in the order in which numpy adds them: eight sums side by
/// side. The reference was given rows that were divided by it, not by their sum in double.
float sum_of_floats(const float* x, std::size_t n) {
  float sum = 0;
  std::size_t i = 0;
  if (n >= 8) {
    float s[8] = {};
    for (; i + 8 <= n; i += 8)
      for (std::size_t j = 0; j < 8; ++j) s[j] += x[i + j];
    sum = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
  }
  for (; i < n; ++i) sum += x[i];
  return sum;
}

/// A problem of a dump, in float as the reference had it.
struct problem {
  std::string task;
  matrix<float> rows;    ///< N x K; two columns 1 - p and p where one number is recalibrated
  std::vector<float> p;  ///< that number
  std::vector<std::int64_t> labels;

  matrix_view<const float> rows_from(std::size_t first) const {
    return rows.view().rows(first, fitted_rows);
  }
  vector_view<const float> p_from(std::size_t first) const { return {&p[first], fitted_rows, 1}; }
  vector_view<const std::int64_t> labels_from(std::size_t first) const {
    return {&labels[first], fitted_rows, 1};
  }
};

problem load_multiclass(const std::string& base) {
  const io::array dump = io::load_npy(base + ".probs.npy");
  const io::label_column labels = io::labels(io::load_npy(base + ".labels.npy"));
  problem out{multiclass, matrix<float>(labels.size(), dump.shape()[1]), {}, {}};
  for (std::size_t i = 0; i < labels.size(); ++i) out.labels.push_back(labels[i]);
  dump.visit_scores([&](auto view) {
    using T = typename decltype(view)::value_type;
    for (std::size_t i = 0; i < out.rows.rows(); ++i)
      for (std::size_t k = 0; k < out.rows.cols(); ++k)
        out.rows(i, k) = static_cast<float>(scalar_traits<T>::load(view(i, k)));
  });
  for (std::size_t i = 0; i < out.rows.rows(); ++i) {
    const float sum = sum_of_floats(&out.rows(i, 0), out.rows.cols());
    for (std::size_t k = 0; k < out.rows.cols(); ++k) out.rows(i, k) /= sum;
  }
  return out;
}

/// Whether the class is the label: of class 3, or of each row's likeliest class.
problem binary_problem(const char* task, const problem& of) {
  problem out{task, matrix<float>(of.rows.rows(), 2), {}, {}};
  for (std::size_t i = 0; i < of.rows.rows(); ++i) {
    std::size_t k = 3;
    if (task == likeliest) {
      const float* row = &of.rows(i, 0);
      k = static_cast<std::size_t>(std::max_element(row, row + of.rows.cols()) - row);
    }
    out.p.push_back(of.rows(i, k));
    out.rows(i, 0) = 1 - out.p[i];
    out.rows(i, 1) = out.p[i];
    out.labels.push_back(of.labels[i] == static_cast<std::int64_t>(k) ? 1 : 0);
  }
  return out;
}

struct measured {
  double nll = 0, clipped_nll = 0, brier = 0, ece = 0, accuracy = 0;
};

/// The scores that the reference's results have. Their bins are found by ceil(15 c) - 1, as
/// focal_calibration does it: isotonic values such as 1 / 3 lie on edges, and rounding decides.
measured measure(matrix<double> q, vector_view<const std::int64_t> labels) {
  options o;
  o.like = conventions::focal;
  const evaluation e = evaluate(probabilities(q), labels, {nll, brier, ece, accuracy}, o);
  for (std::size_t i = 0; i < q.rows(); ++i)
    for (std::size_t k = 0; k < q.cols(); ++k) q(i, k) = std::max(q(i, k), 1e-12);
  return {e["nll"], nll(probabilities(q), labels), e["brier"], e["ece"], e["accuracy"]};
}

double number(const json& x) {
  return x == "inf" ? std::numeric_limits<double>::infinity() : x.get<double>();
}

measured read(const json& scores) {
  return {number(scores["nll"]), number(scores["nll_clip1e-12"]), number(scores["brier"]),
          number(scores["ece15"]), number(scores["accuracy"])};
}

const json& entry(const json& all, const std::string& task, const std::string& method) {
  for (const json& e : all)
    if (e["task"] == task && e["method"] == method) return e;
  FAIL("no entry of " << method << " for " << task);
  return all;
}

void check_same(const std::string& method, const measured& ours, const measured& theirs,
                comparison& c) {
  c.same(method, "nll", ours.nll, theirs.nll);
  c.same(method, "clipped nll", ours.clipped_nll, theirs.clipped_nll);
  c.same(method, "brier", ours.brier, theirs.brier);
  c.same(method, "ece", ours.ece, theirs.ece);
  c.same(method, "accuracy", ours.accuracy, theirs.accuracy);
}

/// Whether R is given one number a sample, where the problem has one.
template<class R>
constexpr bool one_number = R::takes == score_domain::binary;

template<class R, bool OneNumber>
R fit_to(const problem& t, const typename R::options& o = {}) {
  if constexpr (OneNumber)
    return fit<R>(binary_probabilities(t.p_from(0)), t.labels_from(0), {}, o);
  else
    return fit<R>(probabilities(t.rows_from(0)), t.labels_from(0), {}, o);
}

/// The rows from `first` on, recalibrated, in double.
template<bool OneNumber, class R>
matrix<double> made_of(const R& r, const problem& t, std::size_t first) {
  matrix<double> q(fitted_rows, t.rows.cols());
  if constexpr (OneNumber) {
    std::vector<double> hit(fitted_rows);
    r.transform(binary_probabilities(t.p_from(first)), hit);
    for (std::size_t i = 0; i < fitted_rows; ++i) {
      q(i, 0) = 1 - hit[i];
      q(i, 1) = hit[i];
    }
  } else {
    r.transform(probabilities(t.rows_from(first)), q);
  }
  return q;
}

/// The same with the probability of each class against the rest lifted to 1e-30 before the row is
/// divided by its sum, as the reference does: its NLL stays finite where calibra's is infinite.
template<class B>
matrix<double> lifted(const one_against_rest<B>& r, const problem& t, std::size_t first) {
  matrix<double> q(fitted_rows, t.rows.cols());
  for (std::size_t i = 0; i < fitted_rows; ++i) {
    double sum = 0;
    for (std::size_t k = 0; k < q.cols(); ++k) {
      const auto p = static_cast<double>(t.rows(first + i, k));
      sum += q(i, k) = std::max(r.of_class(k)(p), 1e-30);
    }
    for (std::size_t k = 0; k < q.cols(); ++k) q(i, k) /= sum;
  }
  return q;
}

/// Methods in closed form: all scores are the reference's.
template<class R>
void check_closed_form(const char* method, const problem& t, const json& all, comparison& c) {
  INFO(method << ", " << t.task);
  const json& reference = entry(all, t.task, method);
  const R r = fit_to<R, one_number<R>>(t);
  CHECK(r.report().converged);
  for (const bool held_out : {false, true}) {
    INFO((held_out ? "held out" : "fitted"));
    const std::size_t first = held_out ? fitted_rows : 0;
    measured ours = measure(made_of<one_number<R>>(r, t, first), t.labels_from(first));
    if constexpr (std::is_same_v<R, one_against_rest<centred_isotonic>>)
      ours.nll = nll(probabilities(lifted(r, t, first)), t.labels_from(first));
    check_same(method, ours, read(reference[held_out ? "score" : "score_fit"]), c);
  }
}

/// ln p and ln(1 - p), clipped at the least normal float's.
std::pair<double, double> logarithms(float x) {
  const auto p = static_cast<double>(x);
  return {std::log(std::max(p, 0x1p-126)), p < 1 ? std::log1p(-p) : std::log(0x1p-126)};
}

/// The largest slope of the mean NLL in the coefficient of a feature of p.
template<class Features>
double largest_slope(const problem& t, const matrix<double>& q, const Features& features) {
  std::vector<double> slope;
  for (std::size_t i = 0; i < fitted_rows; ++i) {
    const std::vector<double> f = features(logarithms(t.p[i]));
    slope.resize(f.size());
    for (std::size_t d = 0; d < f.size(); ++d)
      slope[d] += (q(i, 1) - static_cast<double>(t.labels[i])) * f[d] / double{fitted_rows};
  }
  double most = 0;
  for (const double s : slope) most = std::max(most, std::abs(s));
  return most;
}

/// That in 1 / T, of logits ln p.
double slope_in_inverse_temperature(const problem& t, const matrix<double>& q) {
  double sum = 0;
  for (std::size_t i = 0; i < fitted_rows; ++i)
    for (std::size_t k = 0; k < q.cols(); ++k) {
      const double z = logarithms(t.rows(i, k)).first;
      sum += (q(i, k) - (t.labels[i] == static_cast<std::int64_t>(k) ? 1 : 0)) * z;
    }
  return std::abs(sum) / double{fitted_rows};
}

/// Methods with a convex objective: the optimum is not above the reference's and certified, and
/// what is held out scores as well. `slope` is that of the objective at the fitted parameters.
template<class R, bool OneNumber = one_number<R>, class Slope>
void check_convex(const char* method, const problem& t, const json& all, comparison& c,
                  const typename R::options& o, const Slope& slope) {
  INFO(method << ", " << t.task);
  const json& reference = entry(all, t.task, method);
  const R r = fit_to<R, OneNumber>(t, o);
  const matrix<double> q = made_of<OneNumber>(r, t, 0);
  const double fitted = nll(probabilities(q), t.labels_from(0));
  c.as_low(method, "optimum", fitted, read(reference["score_fit"]).nll);

  const fit_report& report = r.report();
  CHECK(report.converged);
  CHECK(report.note.empty());
  CHECK(std::abs(report.objective_after - fitted) <= 1e-12);
  c.at_most(method, "reported slope", report.gradient / fitted, 1e-8);
  c.at_most(method, "slope", slope(q) / fitted, 1e-8);

  const measured ours = measure(made_of<OneNumber>(r, t, fitted_rows), t.labels_from(fitted_rows));
  const measured theirs = read(reference["score"]);
  c.as_good(method, "held-out nll", ours.nll, theirs.nll);
  c.as_good(method, "held-out brier", ours.brier, theirs.brier);
}

void check_any(const problem& t, const json& all, comparison& c) {
  {
    INFO("as they came, " << t.task);
    matrix<double> p(fitted_rows, t.rows.cols());
    for (std::size_t i = 0; i < fitted_rows; ++i)
      for (std::size_t k = 0; k < p.cols(); ++k)
        p(i, k) = static_cast<double>(t.rows(fitted_rows + i, k));
    check_same("none", measure(p, t.labels_from(fitted_rows)),
               read(entry(all, t.task, "none")["score"]), c);
  }
  check_convex<temperature_scaling>("temp-scaling", t, all, c, {}, [&](const matrix<double>& q) {
    return slope_in_inverse_temperature(t, q);
  });
}

void check_binary(const problem& t, const json& all, comparison& c) {
  using logs = std::pair<double, double>;
  using list = std::vector<double>;
  const auto slope_of = [&](const auto& features) {
    return [&t, features](const matrix<double>& q) { return largest_slope(t, q, features); };
  };
  const auto logit = [](logs l) { return list{l.first - l.second}; };
  const auto line = [](logs l) { return list{1, l.first - l.second}; };
  const auto parabola = [](logs l) {
    const double x = l.first - l.second;
    return list{1, x, x * x};
  };
  const auto both = [](logs l) { return list{1, l.first, l.second}; };
  check_convex<temperature_scaling, true>("linear-scaling", t, all, c, {}, slope_of(logit));
  check_convex<affine>("affine-scaling", t, all, c, {.smooth_targets = false}, slope_of(line));
  check_convex<quadratic>("quadratic-scaling", t, all, c, {}, slope_of(parabola));
  check_convex<beta>("beta", t, all, c, {}, slope_of(both));

  check_closed_form<isotonic>("isotonic", t, all, c);
  check_closed_form<centred_isotonic>("cir", t, all, c);
  check_closed_form<venn_abers>("ivap", t, all, c);
}

/// Weights of a penalty on W - I, apart on and off the diagonal, and on b.
struct penalty_weights {
  double diagonal = 0, off_diagonal = 0, intercept = 0;
};

/// softmax(W x + b) at the fitted W and b. Its objective, and the largest slope of it in W, or in
/// its diagonal alone, and in b: as it is defined.
struct matrix_at_fit {
  matrix<double> w;
  std::vector<double> b;
  bool diagonal_only;

  explicit matrix_at_fit(const vector_scaling& r) : matrix_at_fit(r.slopes(), r.intercepts()) {}
  explicit matrix_at_fit(const svs& r) : matrix_at_fit(r.slopes(), r.intercepts()) {}
  template<class R>
  explicit matrix_at_fit(const R& r)
      : w(r.classes(), r.classes()), b(r.intercepts()), diagonal_only(false) {
    for (std::size_t j = 0; j < b.size(); ++j)
      for (std::size_t l = 0; l < b.size(); ++l) w(j, l) = r.matrix()[j * b.size() + l];
  }
  matrix_at_fit(const std::vector<double>& slopes, std::vector<double> intercepts)
      : w(slopes.size(), slopes.size()), b(std::move(intercepts)), diagonal_only(true) {
    for (std::size_t j = 0; j < slopes.size(); ++j) w(j, j) = slopes[j];
  }

  double penalty(const penalty_weights& c) const {
    double sum = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
      sum += c.intercept * b[j] * b[j];
      for (std::size_t l = 0; l < b.size(); ++l) {
        const double d = w(j, l) - (j == l ? 1 : 0);
        sum += (j == l ? c.diagonal : c.off_diagonal) * d * d;
      }
    }
    return sum;
  }
  double slope(const penalty_weights& c, const matrix<double>& x, const matrix<double>& q,
               vector_view<const std::int64_t> labels) const {
    const std::size_t k = b.size(), n = x.rows();
    matrix<double> g(k, k + 1);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < k; ++j) {
        const double miss = q(i, j) - (labels[i] == static_cast<std::int64_t>(j) ? 1 : 0);
        for (std::size_t l = 0; l < k; ++l) g(j, l) += miss * x(i, l);
        g(j, k) += miss;
      }
    double most = 0;
    for (std::size_t j = 0; j < k; ++j)
      for (std::size_t l = 0; l <= k; ++l) {
        if (diagonal_only && l != j && l != k) continue;
        const double d = l == k ? b[j] : w(j, l) - (l == j ? 1 : 0);
        const double weight = l == k ? c.intercept : l == j ? c.diagonal : c.off_diagonal;
        most = std::max(most, std::abs(g(j, l) / static_cast<double>(n) + 2 * weight * d));
      }
    return most;
  }
};

/// What W is applied to: log p, or log p' of the temperature that comes first.
matrix<double> logarithms_of(const problem& t, double beta, double share) {
  matrix<double> x(fitted_rows, t.rows.cols());
  const auto k = static_cast<double>(x.cols());
  for (std::size_t i = 0; i < x.rows(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < x.cols(); ++j)
      sum += x(i, j) = std::exp(beta * logarithms(t.rows(i, j)).first);
    for (std::size_t j = 0; j < x.cols(); ++j)
      x(i, j) = std::log((1 - share) * x(i, j) / sum + share / k);
  }
  return x;
}

/// Certified, with the objective that it says it has.
template<class R>
matrix<double> check_certificate(const char* method, const R& r, const problem& t,
                                 const penalty_weights& weights, comparison& c) {
  matrix<double> x(fitted_rows, t.rows.cols());
  if constexpr (requires { r.share(); }) {
    x = logarithms_of(t, r.beta(), r.share());
  } else {
    for (std::size_t i = 0; i < x.rows(); ++i)
      for (std::size_t k = 0; k < x.cols(); ++k) x(i, k) = logarithms(t.rows(i, k)).first;
  }
  const matrix<double> q = made_of<false>(r, t, 0);
  const matrix_at_fit at(r);
  const fit_report& report = r.report();
  CHECK(report.converged);
  CHECK(report.note.empty());
  CHECK(std::abs(nll(probabilities(q), t.labels_from(0)) + at.penalty(weights) -
                 report.objective_after) <= 1e-12);
  c.at_most(method, "reported slope", report.gradient / report.objective_after, 1e-8);
  c.at_most(method, "slope", at.slope(weights, x, q, t.labels_from(0)) / report.objective_after,
            1e-8);
  return q;
}

template<class R>
measured held_out(const char* method, const R& r, const problem& t, const json& reference,
                  comparison& c) {
  const measured ours = measure(made_of<false>(r, t, fitted_rows), t.labels_from(fitted_rows));
  const measured theirs = read(reference["score"]);
  c.as_good(method, "held-out nll", ours.nll, theirs.nll);
  c.as_good(method, "held-out brier", ours.brier, theirs.brier);
  return ours;
}

/// Methods that minimise the NLL itself.
template<class R>
void check_unpenalised(const char* method, const problem& t, const json& all, comparison& c,
                       const typename R::options& o = {}) {
  INFO(method << " by " << R::kind);
  const json& reference = entry(all, multiclass, method);
  const R r = fit_to<R, false>(t, o);
  const matrix<double> q = check_certificate(method, r, t, {}, c);
  c.as_low(method, "optimum", nll(probabilities(q), t.labels_from(0)),
           read(reference["score_fit"]).nll);
  held_out(method, r, t, reference, c);
}

/// Methods with a penalty: the published optimiser stops short of the optimum, which is known.
template<class R>
void check_penalised(const std::string& method, const problem& t, const json& all, comparison& c) {
  INFO(method);
  const auto k = static_cast<double>(t.rows.cols());
  const double n = fitted_rows;
  const R r = fit_to<R, false>(t);
  check_certificate(method.c_str(), r, t, {k / n, k * (k - 1) / n, k / n}, c);
  const measured ours = held_out(method.c_str(), r, t, entry(all, multiclass, method), c);
  const json& optimum = entry(all, multiclass, method + "-oracle");
  c.as_low(method, "optimum", r.report().objective_after, number(optimum["objective"]));
  c.near(method, "optimum's nll", ours.nll, number(optimum["score"]["nll"]));
  c.near(method, "optimum's brier", ours.brier, number(optimum["score"]["brier"]));
  c.near(method, "optimum's accuracy", ours.accuracy, number(optimum["score"]["accuracy"]));
}

/// Minimises the Brier score.
void check_ets(const problem& t, const json& all, comparison& c) {
  INFO("ets");
  const json& reference = entry(all, multiclass, "ets");
  const ets r = fit_to<ets, false>(t);
  CHECK(r.report().converged);
  const double fitted = brier(probabilities(made_of<false>(r, t, 0)), t.labels_from(0));
  CHECK(std::abs(r.report().objective_after - fitted) <= 1e-12);
  c.as_low("ets", "optimum", fitted, read(reference["score_fit"]).brier);
  held_out("ets", r, t, reference, c);
}

}  // namespace

TEST_CASE("recalibrators reach on published dumps what published code reaches") {
  comparison c;
  for (const char* name : {"lenet-5-cifar-10", "wideresnet-16-4-cifar-100"}) {
    const std::string base = golden_dir() + "/" + name;
    if (golden_dir().empty() || !std::filesystem::exists(base + ".recalibrators.json")) {
      WARN("skipped: no " << base << ".recalibrators.json; set CALIBRA_GOLDEN_DIR to the golden "
                          << "folder");
      return;
    }
    INFO(name);
    std::ifstream file(base + ".recalibrators.json");
    const json all = json::parse(file);
    const problem classes = load_multiclass(base);
    REQUIRE(classes.labels.size() == 2 * fitted_rows);

    check_any(classes, all, c);
    check_closed_form<one_against_rest<isotonic>>("isotonic", classes, all, c);
    check_closed_form<one_against_rest<centred_isotonic>>("cir", classes, all, c);
    check_closed_form<one_against_rest<venn_abers>>("ivap-ovr", classes, all, c);
    check_unpenalised<vector_scaling>("vector", classes, all, c);
    check_penalised<svs>("svs", classes, all, c);
    check_penalised<sms>("sms", classes, all, c);
    check_ets(classes, all, c);
    if (classes.rows.cols() == 10) {  // the reference has no matrix of 100 classes
      check_unpenalised<matrix_scaling>("matrix", classes, all, c,
                                        {.off_diagonal = 0, .intercept = 0});
      check_unpenalised<dirichlet>("matrix", classes, all, c, {.off_diagonal = 0, .intercept = 0});
    }
    for (const char* task : {class_3, likeliest}) {
      const problem t = binary_problem(task, classes);
      check_any(t, all, c);
      check_binary(t, all, c);
    }
  }
  c.check_all_needed();
  const std::map<std::string, std::size_t> values{{"none", 30},
                                                  {"temp-scaling", 18},
                                                  {"linear-scaling", 12},
                                                  {"affine-scaling", 12},
                                                  {"quadratic-scaling", 12},
                                                  {"beta", 12},
                                                  {"isotonic", 60},
                                                  {"cir", 60},
                                                  {"ivap", 40},
                                                  {"ivap-ovr", 20},
                                                  {"vector", 6},
                                                  {"svs", 12},
                                                  {"sms", 12},
                                                  {"ets", 6},
                                                  {"matrix", 6}};
  CHECK(c.counted() == values);
}
