// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// clang-format off: ATen before Catch, whose CHECK replaces that of ATen's logging
#include "operator_spy.hpp"
// clang-format on

#include <calibra/adapters/torch.hpp>
#include <calibra/calibra.hpp>
#include <calibra/recalibration/beta.hpp>
#include <calibra/recalibration/ets.hpp>
#include <calibra/recalibration/isotonic.hpp>
#include <calibra/recalibration/one_against_rest.hpp>
#include <calibra/recalibration/order_preserving.hpp>
#include <calibra/recalibration/svs.hpp>
#include <calibra/recalibration/vector_scaling.hpp>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#ifdef CALIBRA_TEST_EIGEN
#include <calibra/adapters/eigen.hpp>
#endif
#ifdef CALIBRA_TEST_IO
#include <calibra/io/labels.hpp>
#include <calibra/io/npy.hpp>
#endif

// Tensors in host memory: the values of every other array, where they lie.

using namespace calibra;
using Catch::Contains;

namespace {

constexpr std::int64_t n = 300, k = 6;
constexpr at::ScalarType score_types[] = {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16};
constexpr at::ScalarType label_types[] = {at::kLong, at::kInt,  at::kShort,
                                          at::kChar, at::kByte, at::kBool};

at::Tensor random_scores(at::ScalarType dtype, std::int64_t columns = k) {
  std::mt19937 generator(17);
  std::normal_distribution<float> normal(0, 2);
  at::Tensor z = at::empty({n, columns}, at::kFloat);
  for (std::int64_t i = 0; i < z.numel(); ++i) z.data_ptr<float>()[i] = normal(generator);
  return z.to(dtype);
}
/// 0 and 1 for bool, else classes.
at::Tensor random_labels(at::ScalarType dtype = at::kLong) {
  return at::arange(n).mul(7).remainder(11).remainder(dtype == at::kBool ? 2 : k).to(dtype);
}

/// The same numbers, laid out in every way that a tensor has.
std::vector<std::pair<std::string, at::Tensor>> layouts(const at::Tensor& t) {
  std::vector<std::int64_t> wide = t.sizes().vec();
  for (auto& size : wide) size = 3 * size + 2;
  at::Tensor stepped = at::full(wide, 77, t.options());
  for (std::int64_t d = 0; d < t.dim(); ++d) stepped = stepped.slice(d, 2, 3 * t.size(d) + 2, 3);
  stepped.copy_(t);
  std::vector<std::pair<std::string, at::Tensor>> all = {{"contiguous", t}, {"stepped", stepped}};
  if (t.dim() == 2) all.emplace_back("transposed", t.t().contiguous().t());
  return all;
}

/// The elements one by one, as an array that calibra has always known.
std::vector<std::vector<double>> rows_of(const at::Tensor& t) {
  const at::Tensor x = t.to(at::kDouble).contiguous();
  std::vector<std::vector<double>> rows;
  for (std::int64_t i = 0; i < x.size(0); ++i)
    rows.emplace_back(x.data_ptr<double>() + i * x.size(1),
                      x.data_ptr<double>() + (i + 1) * x.size(1));
  return rows;
}
template<class T>
std::vector<T> column_of(const at::Tensor& t) {
  const at::Tensor x = t.to(at::kDouble).contiguous();
  std::vector<T> column;
  for (std::int64_t i = 0; i < x.size(0); ++i)
    column.push_back(static_cast<T>(x.data_ptr<double>()[i]));
  return column;
}

/// The rows as an array of T, which is computed in what the tensor is computed in.
template<class T>
std::vector<std::vector<T>> typed(const std::vector<std::vector<double>>& rows) {
  std::vector<std::vector<T>> all;
  for (const auto& row : rows) all.emplace_back(row.begin(), row.end());
  return all;
}

std::vector<double> values_of(const evaluation& all) {
  std::vector<double> values;
  for (const metric_value& m : all) values.push_back(m.value);
  return values;
}

template<class S, class L>
std::vector<double> metrics_of(const S& scores, const L& labels, const options& o = {}) {
  std::vector<double> values = values_of(evaluate(scores, labels, o));
  values.push_back(classwise_ece(scores, labels, o));
  values.push_back(pooled_ece(scores, labels, o));
  values.push_back(tace(scores, labels, o));
  values.push_back(ace(scores, labels, o));
  values.push_back(nll(scores, labels, o));
  values.push_back(fit<temperature_scaling>(scores, labels, o).temperature());
  return values;
}

std::string difference(const std::vector<double>& got, const std::vector<double>& expected) {
  if (got.size() != expected.size()) return "sizes";
  for (std::size_t i = 0; i < got.size(); ++i)
    if (!(std::abs(got[i] - expected[i]) <= 1e-12) &&
        !(std::isnan(got[i]) && std::isnan(expected[i])))
      return calibra::detail::concat(i, ": ", got[i], " instead of ", expected[i]);
  return "";
}

std::vector<double> expected_of(const at::Tensor& z, const std::vector<std::int64_t>& y,
                                const options& o = {}) {
  const auto rows = rows_of(z);
  if (z.scalar_type() == at::kDouble) return metrics_of(logits(rows), y, o);
  return metrics_of(logits(typed<float>(rows)), y, o);
}

template<class F>
std::string message(F f) {
  try {
    static_cast<void>(f());
  } catch (const error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("metrics of a tensor in host memory are those of any array", "[torch]") {
  const at::Tensor y = random_labels();
  const auto labels = column_of<std::int64_t>(y);
  for (const at::ScalarType dtype : score_types) {
    const at::Tensor z = random_scores(dtype);
    const std::vector<double> expected = expected_of(z, labels);
    for (const auto& [how, t] : layouts(z)) {
      INFO(calibra::detail::dtype_name(dtype) << ", " << how);
      CHECK(difference(metrics_of(logits(t), y), expected) == "");
    }
  }
}

TEST_CASE("expanded rows are read at stride 0", "[torch]") {
  const at::Tensor row = random_scores(at::kFloat)[3];
  const at::Tensor z = row.expand({n, k});
  REQUIRE(z.stride(0) == 0);
  CHECK(difference(metrics_of(logits(z), random_labels()),
                   expected_of(z, column_of<std::int64_t>(random_labels()))) == "");
}

TEST_CASE("labels of every integer type", "[torch]") {
  const at::Tensor z = random_scores(at::kFloat);
  for (const at::ScalarType dtype : label_types) {
    const at::Tensor y = random_labels(dtype);
    const double expected = ece(logits(typed<float>(rows_of(z))), column_of<std::int64_t>(y));
    for (const auto& [how, t] : layouts(y)) {
      INFO(calibra::detail::dtype_name(dtype) << ", " << how);
      CHECK(ece(logits(z), t) == expected);
    }
  }
  const at::Tensor one = at::ones({1}, at::kLong).expand({n});
  CHECK(ece(logits(z), one) ==
        ece(logits(typed<float>(rows_of(z))), std::vector<int>(static_cast<std::size_t>(n), 1)));
}

TEST_CASE("weights and masks of any number type", "[torch]") {
  const at::Tensor z = random_scores(at::kDouble), y = random_labels();
  const at::Tensor w = at::arange(n).remainder(4), mask = at::arange(n).remainder(3).ne(1);
  const auto labels = column_of<std::int64_t>(y);
  const auto weights = column_of<double>(w);
  const auto valid = column_of<unsigned char>(mask);
  const auto expected = expected_of(z, labels, {.weights = weights, .valid = valid});
  for (const at::ScalarType dtype :
       {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kByte}) {
    INFO(calibra::detail::dtype_name(dtype));
    const at::Tensor typed_w = w.to(dtype), typed_mask = mask.to(dtype);
    CHECK(difference(metrics_of(logits(z), y, {.weights = typed_w, .valid = typed_mask}),
                     expected) == "");
  }
  // Any number that is not 0 is a mask's yes.
  CHECK(ece(logits(z), y, {.valid = mask.to(at::kLong) * 256}) ==
        ece(logits(z), y, {.valid = mask}));
  CHECK(ece(logits(z), y, {.valid = mask.to(at::kFloat) * 0.5}) ==
        ece(logits(z), y, {.valid = mask}));
}

TEST_CASE("binary, multi-label and pairs in host memory", "[torch]") {
  const at::Tensor z = random_scores(at::kDouble);
  const at::Tensor y = at::arange(n * k).remainder(7).gt(3).reshape({n, k});
  const at::Tensor p = at::sigmoid(z);
  const at::Tensor hit = y.select(1, 2), c = p.select(1, 2);  // strided
  REQUIRE(c.stride(0) == k);
  const auto pv = column_of<double>(c), zv = column_of<double>(z.select(1, 2));
  const auto hv = column_of<int>(hit);
  CHECK(ece(binary_probabilities(c), hit) == ece(binary_probabilities(pv), hv));
  CHECK(brier(binary_logits(z.select(1, 2)), hit) == brier(binary_logits(zv), hv));
  CHECK(ece(confidences(c, hit)) == ece(confidences(pv, hv)));
  CHECK(smooth_ece(collect(confidences(c, hit))) == smooth_ece(collect(confidences(pv, hv))));
  std::vector<std::vector<int>> targets;
  for (std::int64_t i = 0; i < n; ++i) targets.push_back(column_of<int>(y[i]));
  for (const auto& [how, t] : layouts(y.to(at::kInt))) {
    INFO(how);
    CHECK(classwise_ece(tabulate_classes(multilabel_probabilities(p), t)) ==
          classwise_ece(tabulate_classes(multilabel_probabilities(rows_of(p)), targets)));
    CHECK(pooled_ece(tabulate_classes(multilabel_logits(z), t)) ==
          pooled_ece(tabulate_classes(multilabel_logits(rows_of(z)), targets)));
    const evaluation of_arrays = evaluate(multilabel_logits(rows_of(z)), targets);
    const evaluation of_tensors = evaluate(multilabel_logits(z), t);
    CHECK(difference(values_of(of_tensors), values_of(of_arrays)) == "");
    CHECK(of_tensors.entries == static_cast<std::uint64_t>(n * k));
  }
  const auto refused = [&](const at::Tensor& wrong) {
    return message([&] { return evaluate(multilabel_logits(z), wrong); });
  };
  CHECK_THROWS_AS(evaluate(multilabel_logits(z), y.narrow(1, 0, 2)), shape_error);
  CHECK_THROWS_AS(evaluate(multilabel_logits(z), hit), shape_error);
  CHECK_THROWS_AS(evaluate(multilabel_logits(z), p), value_error);
  CHECK_THAT(refused(y.narrow(1, 0, 2)), Contains("300 x 6") && Contains("[300, 2] bool on cpu"));
  CHECK_THAT(refused(p), Contains("targets of an integer type, got [300, 6] float64 on cpu"));
  CHECK_THAT(refused(at::full({n, k}, 2, at::kLong)), Contains("row 0") && Contains("column 0"));
}

TEST_CASE("a sample of a tensor is as precise as its scores", "[torch]") {
  const at::Tensor y = random_labels();
  for (const at::ScalarType dtype : score_types) {
    const sample pairs = collect(logits(random_scores(dtype)), y);
    CHECK(pairs.precision() == (dtype == at::kDouble ? precision::float64 : precision::float32));
    CHECK(pairs.size() == static_cast<std::size_t>(n));
  }
}

TEST_CASE("proximities of a tensor", "[torch]") {
  const at::Tensor z = random_scores(at::kDouble), y = random_labels();
  const at::Tensor x = at::arange(n).mul(31).remainder(n);
  const auto as_array = column_of<double>(x);
  CHECK(piece(logits(z), y, {.proximity = x.to(at::kFloat)}) ==
        piece(logits(rows_of(z)), column_of<int>(y), {.proximity = as_array}));
}

namespace {

/// Parameters that a fit found, and what it makes of the scores it was fitted to.
template<class R, class S, class L>
std::vector<std::vector<double>> fitted_numbers(const S& scores, const L& labels,
                                                const options& o) {
  const R r = fit<R>(scores, labels, o);
  std::vector<std::vector<double>> all;
  const auto add_parameters = [&](const recalibrator& from) {
    for (const parameter& p : from.parameters()) all.push_back(p.values);
  };
  add_parameters(r);
  for (const recalibrator* part : r.parts()) add_parameters(*part);
  const auto add = [&](const auto& made) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(made)>, at::Tensor>)
      all.push_back(column_of<double>(made.reshape({-1})));
    else if constexpr (requires { made.rows(); })
      all.emplace_back(made.data(), made.data() + made.rows() * made.cols());
    else
      all.emplace_back(made.begin(), made.end());
  };
  add(r.transform(scores));
  add(r.transform_logits(scores));
  return all;
}

}  // namespace

TEST_CASE("recalibrators of tensors in host memory are those of any array", "[torch]") {
  const at::Tensor y = random_labels(), w = at::arange(n).remainder(4);
  const at::Tensor hit = y.gt(2).to(at::kLong);
  const auto labels = column_of<std::int64_t>(y), hits = column_of<std::int64_t>(hit);
  const options there = {.weights = w}, here = {.weights = column_of<double>(w)};
  const auto check = [&]<class C>(C, const at::Tensor& z) {
    const auto rows = typed<C>(rows_of(z));
    const auto column = column_of<C>(z.select(1, 2));
    for (const auto& [how, t] : layouts(z)) {
      INFO(calibra::detail::dtype_name(z.scalar_type()) << ", " << how);
      const auto of_classes = [&]<class R> {
        INFO(R::kind);
        CHECK(fitted_numbers<R>(logits(t), y, there) ==
              fitted_numbers<R>(logits(rows), labels, here));
      };
      of_classes.template operator()<vector_scaling>();
      of_classes.template operator()<svs>();
      of_classes.template operator()<ets>();
      of_classes.template operator()<order_preserving>();
      of_classes.template operator()<one_against_rest<isotonic>>();
      const at::Tensor one = t.select(1, 2);
      CHECK(fitted_numbers<beta>(binary_logits(one), hit, there) ==
            fitted_numbers<beta>(binary_logits(column), hits, here));
    }
  };
  check(double{}, random_scores(at::kDouble));
  check(float{}, random_scores(at::kFloat));
  check(float{}, random_scores(at::kHalf));
}

TEST_CASE("no operator is dispatched for a tensor in host memory", "[torch]") {
  for (const auto& [how, z] : layouts(random_scores(at::kFloat))) {
    const at::Tensor y = random_labels(at::kInt), w = at::ones({n}, at::kFloat);
    std::string called;
    {
      const operator_spy spy;
      static_cast<void>(ece(logits(z), y, {.weights = w}));
      static_cast<void>(nll(logits(z), y));
      static_cast<void>(classwise_ece(logits(z), y));
      static_cast<void>(fit<temperature_scaling>(logits(z), y));
      for (const std::string& name : spy.operators()) called += name + " ";
    }
    INFO(how);
    CHECK(called == "");
  }
}

TEST_CASE("the spy names what it is there for", "[torch]") {
  const at::Tensor t = at::arange(6);
  const auto seen = [&](auto f) {
    const operator_spy spy;
    f();
    return !spy.synchronising().empty();
  };
  CHECK(seen([&] { static_cast<void>(t.sum().item<std::int64_t>()); }));
  CHECK(seen([&] { static_cast<void>(t.nonzero()); }));
  CHECK(seen([&] { static_cast<void>(t.index({t.gt(2)})); }));
  CHECK(seen([&] { static_cast<void>(t.masked_select(t.gt(2))); }));
  CHECK(seen([&] { static_cast<void>(at::bincount(t)); }));
  CHECK(seen([&] { static_cast<void>(at::equal(t, t)); }));
  CHECK(seen([&] { static_cast<void>(std::get<0>(at::_unique2(t))); }));
  CHECK_FALSE(seen([&] { static_cast<void>(at::softmax(t.to(at::kFloat), 0).cumsum(0)); }));
}

TEST_CASE("tensors that are no scores or labels are refused by name", "[torch]") {
  const at::Tensor z = random_scores(at::kFloat), y = random_labels();
  CHECK_THAT(message([&] { return logits(at::Tensor()); }),
             Contains("logits()") && Contains("undefined"));
  CHECK_THAT(message([&] { return logits(z.to_sparse()); }),
             Contains("sparse") && Contains("[300, 6] float32 on cpu"));
  CHECK_THAT(message([&] { return logits(z[0]); }),
             Contains("expected a tensor of 2 dimensions, got [6] float32 on cpu"));
  CHECK_THAT(message([&] { return binary_logits(z); }),
             Contains("binary_logits(): expected a tensor of 1 dimension, got [300, 6]"));
  CHECK_THAT(message([&] { return probabilities(z.to(at::kLong)); }),
             Contains("probabilities()") && Contains("[300, 6] int64 on cpu"));
  CHECK_THROWS_AS(logits(z.unsqueeze(0)), shape_error);
  CHECK_THROWS_AS(logits(at::zeros({n, k}, at::kComplexFloat)), value_error);
  CHECK_THAT(message([&] { return ece(logits(z), y.to(at::kFloat)); }),
             Contains("labels of an integer type, got [300] float32 on cpu"));
  CHECK_THAT(message([&] { return ece(logits(z), y.unsqueeze(1)); }),
             Contains("[300, 1] int64 on cpu"));
  CHECK_THAT(message([&] { return ece(logits(z), at::Tensor()); }), Contains("undefined"));
  CHECK_THAT(message([&] { return ece(logits(z), y.narrow(0, 0, 9)); }),
             Contains("expected 300 labels") && Contains("got 9"));
  CHECK_THAT(message([&] { return ece(logits(z), y, {.weights = at::ones({2})}); }),
             Contains("weights") && Contains("got 2"));
  CHECK_THAT(message([&] { return ece(logits(z), y + 1); }), Contains("label 6 at row"));
  CHECK_THAT(message([&] { return confidences(z, y); }), Contains("confidences()"));
  CHECK_THAT(message([&] { return ece(confidences(at::sigmoid(z.select(1, 0)), z.select(1, 1))); }),
             Contains("[300] float32 on cpu"));
}

TEST_CASE("tensors that need a gradient are read as others", "[torch]") {
  const at::Tensor z = random_scores(at::kFloat), y = random_labels();
  const at::Tensor leaf = z.clone().set_requires_grad(true);
  CHECK(ece(logits(leaf), y) == ece(logits(z), y));
  CHECK(ece(logits(leaf * 2), y) == ece(logits(z * 2), y));
  CHECK_FALSE(temperature_scaling(2).transform(logits(leaf)).requires_grad());
}

TEST_CASE("a negated view is what it says", "[torch]") {
  const at::Tensor z = random_scores(at::kFloat), y = random_labels();
  const at::Tensor negative = at::_neg_view(z);
  CHECK(ece(logits(negative), y) == ece(logits(-z), y));
}

TEST_CASE("temporary tensors are kept", "[torch]") {
  const at::Tensor z = random_scores(at::kDouble), y = random_labels();
  const auto scores = logits(z * 2);
  const auto pairs = confidences(at::sigmoid(z.select(1, 0)), y.gt(2));
  const options o{.weights = at::ones({n}) * 3, .valid = at::arange(n).ne(5)};
  const std::vector<at::Tensor> noise(8, at::full({n, k}, 9, at::kDouble));  // over freed memory
  CHECK(ece(scores, y + 0, o) == ece(logits((z * 2).clone()), y, o));
  CHECK(std::isfinite(ece(pairs)));
  CHECK(std::isfinite(ece(logits(at::matmul(z, z.t())), y, {.weights = at::rand({n})}) * 0));
}

TEST_CASE("a temperature makes a tensor of a tensor", "[torch]") {
  const temperature_scaling t(1.7);
  for (const at::ScalarType dtype : score_types) {
    const at::Tensor z = random_scores(dtype);
    const at::ScalarType computed = dtype == at::kDouble ? at::kDouble : at::kFloat;
    for (const auto& [how, x] : layouts(z)) {
      INFO(calibra::detail::dtype_name(dtype) << ", " << how);
      const at::Tensor p = t.transform(logits(x));
      CHECK(p.scalar_type() == computed);
      CHECK(at::allclose(p, at::softmax(z.to(computed) / 1.7, 1), 1e-5, 1e-7));
      CHECK(at::allclose(t.transform_logits(logits(x)), z.to(computed) / 1.7, 1e-5, 1e-7));
    }
    const at::Tensor one = z.select(1, 1);
    CHECK(at::allclose(t.transform(binary_logits(one)), at::sigmoid(one.to(computed) / 1.7), 1e-5,
                       1e-7));
  }
}

#ifdef CALIBRA_TEST_EIGEN
TEST_CASE("Eigen's scores with a tensor's labels, and Eigen's values", "[torch]") {
  const at::Tensor z = random_scores(at::kFloat), y = random_labels(at::kInt);
  const Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> m(
      z.data_ptr<float>(), n, k);
  const Eigen::Map<const Eigen::VectorXi> labels(y.data_ptr<int>(), n);
  const at::Tensor w = at::arange(n).to(at::kFloat);
  CHECK(difference(metrics_of(logits(m), y), metrics_of(logits(z), y)) == "");
  CHECK(difference(metrics_of(logits(m), labels), metrics_of(logits(z), y)) == "");
  CHECK(ece(logits(m), y, {.weights = w}) == ece(logits(z), labels, {.weights = w}));
}
#endif

#ifdef CALIBRA_TEST_IO
TEST_CASE("published dumps as tensors give the ECE of arrays", "[torch]") {
  const char* set = std::getenv("CALIBRA_GOLDEN_DIR");
  const std::string base =
      std::string(set != nullptr ? set : CALIBRA_GOLDEN_DIR) + "/lenet-5-cifar-10";
  if (!std::filesystem::exists(base + ".probs.npy")) {
    WARN("skipped: no " << base << ".probs.npy; set CALIBRA_GOLDEN_DIR to the golden folder");
    return;
  }
  const io::array dump = io::load_npy(base + ".probs.npy");
  const io::label_column column = io::labels(io::load_npy(base + ".labels.npy"));
  const vector_view<const std::int64_t> y = column.view();
  dump.visit_scores([&](const auto& p) {
    using T = typename std::remove_cvref_t<decltype(p)>::value_type;
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
      REQUIRE(p.row_stride() == static_cast<std::ptrdiff_t>(p.cols()));
      const at::Tensor scores =
          at::from_blob(const_cast<T*>(p.data()),
                        {static_cast<std::int64_t>(p.rows()), static_cast<std::int64_t>(p.cols())},
                        c10::CppTypeToScalarType<T>::value);
      const at::Tensor labels =
          at::from_blob(const_cast<std::int64_t*>(y.data()), {static_cast<std::int64_t>(y.size())},
                        {y.stride()}, at::kLong);
      CHECK(ece(probabilities(scores), labels) == ece(probabilities(p), y));
      CHECK(nll(probabilities(scores), labels) == nll(probabilities(p), y));
    } else {
      FAIL("the dump is neither float32 nor float64");
    }
  });
}
#endif
