// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/table/classwise_table.hpp"
#include "calibra/table/summary.hpp"
#include "constants.hpp"

using calibra::test::not_a_number;

using calibra::classwise_ace;
using calibra::ece;
using calibra::option_error;
using calibra::options;
using calibra::shape_error;
using calibra::tace;
using calibra::value_error;
using Catch::Message;

namespace {

using rows = std::vector<std::vector<double>>;
constexpr double inf = std::numeric_limits<double>::infinity();
const rows good_logits = {{1, 2, 3}, {3, 2, 1}, {0, 0, 0}, {1, -inf, 1}};
const rows good_probabilities = {{0.5, 0.25, 0.25}, {1, 0, 0}, {0, 1, 0}, {0.25, 0.25, 0.5}};
const std::vector<int> good_labels = {0, 1, 2, 0};

rows with(rows z, std::size_t i, std::vector<double> row) {
  z[i] = std::move(row);
  return z;
}
std::vector<int> with(std::vector<int> y, std::size_t i, int label) {
  y[i] = label;
  return y;
}

/// Both passes, over whole rows and over classes, say the same sentence under their own name.
template<class Error, class S, class Y>
void check_sentence(const S& scores, const Y& labels, const options& o, const std::string& what) {
  CHECK_THROWS_MATCHES(tabulate(scores, labels, o), Error, Message("tabulate(): " + what));
  CHECK_THROWS_MATCHES(collect(scores, labels, o), Error, Message("collect(): " + what));
  CHECK_THROWS_MATCHES(summarise(scores, labels, o), Error, Message("summarise(): " + what));
  CHECK_THROWS_MATCHES(tabulate_classes(scores, labels, o), Error,
                       Message("tabulate_classes(): " + what));
  CHECK_THROWS_MATCHES(classwise_ace(scores, labels, o), Error,
                       Message("classwise_ace(): " + what));
  CHECK_THROWS_MATCHES(tace(scores, labels, o), Error, Message("tace(): " + what));
}

}  // namespace

TEST_CASE("errors: labels", "[errors]") {
  const auto z = calibra::logits(good_logits);
  check_sentence<value_error>(z, with(good_labels, 2, 3), {}, "label 3 at row 2 is not in [0, 3)");
  check_sentence<value_error>(z, with(good_labels, 0, -1), {},
                              "label -1 at row 0 is not in [0, 3)");
  check_sentence<value_error>(calibra::probabilities(good_probabilities), with(good_labels, 3, 10),
                              {}, "label 10 at row 3 is not in [0, 3)");
  // Beyond the signed range, and still not a class.
  const std::vector<std::uint64_t> huge = {0, 1, std::uint64_t{1} << 63, 0};
  check_sentence<value_error>(z, huge, {}, "label 9223372036854775807 at row 2 is not in [0, 3)");
  const std::vector<std::uint64_t> most = {~std::uint64_t{0}, 1, 2, 0};
  check_sentence<value_error>(z, most, {}, "label 9223372036854775807 at row 0 is not in [0, 3)");
  const std::vector<std::int8_t> small = {0, 1, -128, 0};
  check_sentence<value_error>(z, small, {}, "label -128 at row 2 is not in [0, 3)");

  // Samples that are left out may have any label.
  options o;
  o.ignore_label = -100;
  CHECK(tabulate(z, with(good_labels, 1, -100), o).count() == 3);
  const std::vector<bool> valid = {true, true, false, true};
  options masked;
  masked.valid = valid;
  CHECK(tabulate(z, with(good_labels, 2, 77), masked).count() == 3);
  CHECK(tabulate_classes(z, with(good_labels, 2, 77), masked).samples() == 3);
}

TEST_CASE("errors: shapes", "[errors]") {
  const auto z = calibra::logits(good_logits);
  const std::vector<int> few = {0, 1, 2};
  check_sentence<shape_error>(z, few, {}, "expected 4 labels to match 4 rows, got 3");
  const std::vector<double> two(2, 1.0);
  options weighted;
  weighted.weights = two;
  check_sentence<shape_error>(z, good_labels, weighted,
                              "expected 4 weights to match 4 rows, got 2");
  const std::vector<unsigned char> five(5, 1);
  options masked;
  masked.valid = five;
  check_sentence<shape_error>(z, good_labels, masked,
                              "expected 4 mask entries to match 4 rows, got 5");
  const calibra::matrix_view<const float> nothing(nullptr, 4, 0);
  check_sentence<shape_error>(calibra::logits(nothing), good_labels, {},
                              "expected at least 1 class, got scores of 4 x 0");
  const std::vector<double> c = {0.5, 0.5, 0.5};
  const std::vector<int> hits = {1, 0};
  CHECK_THROWS_MATCHES(tabulate(calibra::confidences(c, hits)), shape_error,
                       Message("tabulate(): expected 3 hits to match 3 confidences, got 2"));
}

TEST_CASE("errors: weights", "[errors]") {
  const auto z = calibra::logits(good_logits);
  for (const double bad : {not_a_number, inf, -0.5}) {
    const std::vector<double> w = {1, 1, 1, bad};
    options o;
    o.weights = w;
    check_sentence<value_error>(
        z, good_labels, o, calibra::detail::concat("weight ", bad, " at row 3 is not in [0, inf)"));
  }
}

TEST_CASE("errors: logits", "[errors]") {
  check_sentence<value_error>(calibra::logits(with(good_logits, 1, {0, not_a_number, 0})),
                              good_labels, {},
                              "score nan at row 1, column 1; expected a finite number or -inf");
  check_sentence<value_error>(calibra::logits(with(good_logits, 2, {0, 0, inf})), good_labels, {},
                              "score inf at row 2, column 2; expected a finite number or -inf");
  check_sentence<value_error>(calibra::logits(with(good_logits, 3, {-inf, -inf, -inf})),
                              good_labels, {}, "every logit is -inf at row 3");
  // Counting NaN does not make a row without any class a sample.
  options o;
  o.nan = calibra::nan_policy::count;
  check_sentence<value_error>(calibra::logits(with(good_logits, 3, {-inf, -inf, -inf})),
                              good_labels, o, "every logit is -inf at row 3");
  CHECK(tabulate(calibra::logits(with(good_logits, 1, {0, not_a_number, 0})), good_labels, o)
            .count() == 3);
}

TEST_CASE("errors: probabilities", "[errors]") {
  const auto check = [](std::vector<double> row, const std::string& what) {
    check_sentence<value_error>(calibra::probabilities(with(good_probabilities, 1, std::move(row))),
                                good_labels, {}, what);
  };
  const std::string say = " is not in [0, 1]; if these are logits, give them as logits";
  check({-0.25, 1, 0.25}, "probability -0.25 at row 1, column 0" + say);
  check({0, 1.5, -0.5}, "probability -0.5 at row 1, column 2" + say);
  check({0, 1.5, 0}, "probability 1.5 at row 1, column 1" + say);
  check({0, 1, -inf}, "probability -inf at row 1, column 2" + say);
  check({1.5e308, 1.5e308, 0}, "probability 1.5e+308 at row 1, column 0" + say);
  check({0, not_a_number, 1}, "score nan at row 1, column 1; expected a finite number");
  check({0, 1, inf}, "score inf at row 1, column 2; expected a finite number");
  const double tolerance = calibra::detail::row_sum_tolerance<double>(3);
  const std::string within = calibra::detail::concat(", expected 1 within ", tolerance);
  const std::string mending = "; renormalise them or, if these are logits, give them as logits";
  check({0.5, 0.25, 0.5}, "the probabilities of row 1 sum to 1.25" + within + mending);
  check({0, 0, 0}, "the probabilities of row 1 sum to 0" + within);

  // A float at fault is shown as it is written.
  std::vector<std::vector<float>> p = {{0.9F, 0.2F, -0.1F}};
  CHECK_THROWS_MATCHES(tabulate(calibra::probabilities(p), std::vector<int>{0}), value_error,
                       Message("tabulate(): probability -0.1 at row 0, column 2" + say));

  // Division by the sum mends sums and nothing else.
  options o;
  o.renormalise = true;
  CHECK(tabulate(calibra::probabilities(with(good_probabilities, 1, {0.5, 0.25, 0.5})), good_labels,
                 o)
            .count() == 4);
  check_sentence<value_error>(calibra::probabilities(with(good_probabilities, 1, {0.5, -0.25, 1})),
                              good_labels, o, "probability -0.25 at row 1, column 1" + say);
  check_sentence<value_error>(calibra::probabilities(with(good_probabilities, 1, {0, 0, 0})),
                              good_labels, o, "the probabilities of row 1 sum to 0" + within);
}

TEST_CASE("rows may be off by what rounding costs", "[errors]") {
  // Just inside and just outside of the tolerance, which follows the scalar of the scores.
  const double t = calibra::detail::row_sum_tolerance<float>(2);
  CHECK(t == Approx((8 + 2 * std::sqrt(2.0)) * 0x1p-23));
  const std::vector<int> y = {0};
  CHECK_NOTHROW(tabulate(calibra::probabilities(rows{{0.5 + 0.99 * t, 0.5}}), y));
  CHECK_NOTHROW(tabulate(calibra::probabilities(rows{{0.5 - 0.99 * t, 0.5}}), y));
  CHECK_THROWS_AS(tabulate(calibra::probabilities(rows{{0.5 + 1.01 * t, 0.5}}), y), value_error);
  CHECK_THROWS_AS(tabulate(calibra::probabilities(rows{{0.5 - 1.01 * t, 0.5}}), y), value_error);
  CHECK(calibra::detail::row_sum_tolerance<calibra::half>(2) > 1000 * t);
  CHECK(calibra::detail::row_sum_tolerance<calibra::bfloat16>(2) >
        calibra::detail::row_sum_tolerance<calibra::half>(2));
  CHECK(calibra::detail::row_sum_tolerance<calibra::byte_swapped<calibra::bfloat16>>(2) ==
        calibra::detail::row_sum_tolerance<calibra::bfloat16>(2));
}

TEST_CASE("errors: binary scores", "[errors]") {
  const std::vector<int> y = {0, 1};
  const auto logit = [&](double x) {
    return tabulate(calibra::binary_logits(std::vector<double>{0, x}), y);
  };
  const auto probability = [&](double x) {
    return tabulate(calibra::binary_probabilities(std::vector<double>{0.5, x}), y);
  };
  CHECK_THROWS_MATCHES(
      logit(not_a_number), value_error,
      Message("tabulate(): score nan at row 1, column 0; expected a finite number"));
  CHECK_THROWS_MATCHES(
      logit(inf), value_error,
      Message("tabulate(): score inf at row 1, column 0; expected a finite number"));
  CHECK_THROWS_MATCHES(
      logit(-inf), value_error,
      Message("tabulate(): score -inf at row 1, column 0; expected a finite number"));
  CHECK_THROWS_MATCHES(
      probability(not_a_number), value_error,
      Message("tabulate(): score nan at row 1, column 0; expected a finite number"));
  CHECK_THROWS_MATCHES(probability(1.5), value_error,
                       Message("tabulate(): probability 1.5 is not in [0, 1], at row 1"));
  CHECK_THROWS_MATCHES(probability(-0.5), value_error,
                       Message("tabulate(): probability -0.5 is not in [0, 1], at row 1"));
  const std::vector<double> p = {0.5, 0.5};
  const std::vector<int> two = {0, 2};
  CHECK_THROWS_MATCHES(tabulate(calibra::binary_probabilities(p), two), value_error,
                       Message("tabulate(): label 2 at row 1 is not in [0, 2)"));
  CHECK_THROWS_MATCHES(collect(calibra::confidences(p, two)), value_error,
                       Message("collect(): label 2 at row 1 is not in [0, 2)"));
}

TEST_CASE("errors: multi-label targets", "[errors]") {
  const rows p = {{0.5, 0.25}, {0, 1}};
  const std::vector<std::vector<int>> y = {{0, 1}, {1, 1}};
  const auto with_target = [&](int t) {
    auto z = y;
    z[1][0] = t;
    return z;
  };
  CHECK_NOTHROW(tabulate_classes(calibra::multilabel_probabilities(p), y));
  CHECK_THROWS_MATCHES(
      tabulate_classes(calibra::multilabel_probabilities(p), with_target(2)), value_error,
      Message("tabulate_classes(): label 2 at row 1 is not in [0, 2), in column 0"));
  options o;
  o.ignore_label = 255;
  CHECK_NOTHROW(tabulate_classes(calibra::multilabel_probabilities(p), with_target(255), o));
  CHECK_THROWS_MATCHES(
      tabulate_classes(calibra::multilabel_probabilities(p), std::vector<std::vector<int>>{{0, 1}}),
      shape_error, Message("tabulate_classes(): expected targets of 2 x 2, got 1 x 2"));
  CHECK_THROWS_MATCHES(tabulate_classes(calibra::multilabel_probabilities(p),
                                        std::vector<std::vector<int>>{{0, 1, 1}, {0, 1, 1}}),
                       shape_error,
                       Message("tabulate_classes(): expected targets of 2 x 2, got 2 x 3"));
  CHECK_THROWS_MATCHES(
      tabulate_classes(calibra::multilabel_probabilities(with(p, 1, {0, 1.5})), y), value_error,
      Message("tabulate_classes(): probability 1.5 is not in [0, 1], at row 1, in column 1"));
  CHECK_THROWS_MATCHES(
      tabulate_classes(calibra::multilabel_logits(with(p, 1, {1.5, not_a_number})), y), value_error,
      Message("tabulate_classes(): score nan at row 1, column 1; expected a finite number"));
}

TEST_CASE("every metric that cuts bins refuses to make none", "[errors]") {
  const std::vector<std::vector<float>> z{{1, 0}, {0, 2}};
  const std::vector<int> labels{0, 1};
  for (const calibra::any_metric& m :
       calibra::metric_list{calibra::ace, calibra::classwise_ace, calibra::tace, calibra::ece})
    CHECK_THROWS_AS(calibra::evaluate(calibra::logits(z), labels, {m}, {.bins = 0}),
                    calibra::option_error);
}

TEST_CASE("errors: bins", "[errors]") {
  const auto z = calibra::logits(good_logits);
  options o;
  o.bins = 0;
  CHECK_THROWS_MATCHES(tabulate(z, good_labels, o), option_error,
                       Message("binning: expected 1 to 1000000 bins, got 0"));
  CHECK_THROWS_MATCHES(ece(z, good_labels, o), option_error,
                       Message("binning: expected 1 to 1000000 bins, got 0"));
  CHECK_THROWS_MATCHES(tabulate_classes(z, good_labels, o), option_error,
                       Message("binning: expected 1 to 1000000 bins, got 0"));
  o.scheme = calibra::bin_scheme::equal_mass;
  CHECK_THROWS_MATCHES(tabulate(z, good_labels, o), option_error,
                       Message("tabulate(): expected at least 1 bin, got 0"));
  o.edges = {0, 0.5, 0.25, 1};
  CHECK_THROWS_MATCHES(tabulate(z, good_labels, o), option_error,
                       Message("binning: expected ascending edges, got 0.25 as edge 2"));
  o.edges = {0, 0.5, 1};  // count, whatever `bins` says
  CHECK(tabulate(z, good_labels, o).size() == 2);
  for (const double bad : {-0.5, 1.0, not_a_number}) {
    CHECK_THROWS_MATCHES(
        tace.with({.threshold = bad})(z, good_labels), option_error,
        Message(calibra::detail::concat("tace(): expected a threshold in [0, 1), got ", bad)));
  }
}

TEST_CASE("with several threads the error names the first bad row", "[errors]") {
  const std::size_t n = 60000, k = 8;
  std::vector<float> z(n * k, 0.5F);
  std::vector<int> labels(n, 1);
  const calibra::matrix_view<const float> view(z.data(), n, k);
  for (unsigned threads = 1; threads <= 5; ++threads) {
    options o;
    o.threads.n = threads;
    // Bad rows of every kind in every part; the first one is a NaN.
    for (std::size_t i = 10001; i < n; i += 977) labels[i] = 99;
    z[9000 * k + 3] = std::numeric_limits<float>::quiet_NaN();
    check_sentence<value_error>(
        calibra::logits(view), labels, o,
        "score nan at row 9000, column 3; expected a finite number or -inf");
    z[9000 * k + 3] = 0;
    check_sentence<value_error>(calibra::logits(view), labels, o,
                                "label 99 at row 10001 is not in [0, 8)");
    for (int& label : labels) label = 1;
    labels[n - 1] = -7;
    check_sentence<value_error>(calibra::logits(view), labels, o,
                                "label -7 at row 59999 is not in [0, 8)");
    labels[n - 1] = 1;
    CHECK(tabulate(calibra::logits(view), labels, o).count() == n);
  }
}
