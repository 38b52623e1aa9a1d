// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// test_calibration(): all tests at once.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/hypothesis/test_calibration.hpp"
#include "calibra/rows/double_rows.hpp"
#include "pairs.hpp"

using namespace calibra;

namespace {

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

void check_same(const std::vector<test_result>& got, const std::vector<test_result>& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    INFO(got[i].name);
    CHECK(got[i].name == expected[i].name);
    CHECK(same(got[i].statistic, expected[i].statistic));
    CHECK(same(got[i].p, expected[i].p));
    CHECK(got[i].note == expected[i].note);
  }
}

std::vector<double> confidences_of(const sample& pairs) {
  std::vector<double> c;
  for (std::size_t i = 0; i < pairs.size(); ++i) c.push_back(pairs.confidence(i));
  return c;
}

template<class S>
void check_scores(const S& scores, const std::vector<int>& y, const options& o) {
  const std::vector<test_result> got = test_calibration(scores, y, o);
  check_same(got,
             {kuiper_test(scores, y, o), ks_test(scores, y, o), spiegelhalter_test(scores, y, o),
              hosmer_lemeshow_test(scores, y, o), t_cal_test(scores, y, o), skce_test(scores, y, o),
              logistic_test(scores, y, o), e_value_test(scores, y, o)});
  const std::vector<test_info> infos = calibration_tests();
  REQUIRE(infos.size() == got.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i].name == infos[i].name);
}

}  // namespace

TEST_CASE("test_calibration() gives what each test gives, in their order", "[test_calibration]") {
  const drawn_classes d(120, 3, 5, 0, 1.5);
  std::vector<double> w(120, 1.0), x, p;
  std::vector<unsigned char> valid(120, 1);
  std::vector<int> hit;
  for (std::size_t i = 0; i < 120; ++i) {
    if (i % 7 == 0) w[i] = 0;
    if (i % 5 == 0) valid[i] = 0;
    x.push_back(d.z[i][0]);
    p.push_back(1 / (1 + std::exp(-x.back())));
    hit.push_back(d.labels[i] == 0 ? 1 : 0);
  }
  check_scores(logits(d.z), d.labels, {});
  check_scores(logits(d.z), d.labels, {.weights = w, .valid = valid});
  check_scores(logits(d.z), d.labels, {.ignore_label = 1});
  check_scores(binary_logits(x), hit, {});
  check_scores(binary_probabilities(p), hit, {.binary = binary_target::top_label});
  for (double& v : w) v += 0.5;
  check_scores(logits(d.z), d.labels, {.weights = w});
  const std::vector<test_result> weighted = test_calibration(logits(d.z), d.labels, {.weights = w});
  for (const test_result& r : weighted) {
    INFO(r.name);
    const bool any = r.name == "kuiper" || r.name == "ks" || r.name == "spiegelhalter" ||
                     r.name == "hosmer_lemeshow";
    CHECK(std::isnan(r.p) == !any);
    CHECK((r.note == "needs samples that weigh the same") == !any);
  }
}

TEST_CASE("scores of float are tested in double", "[test_calibration]") {
  const drawn_classes d(200, 3, 5, 0, 1.5);
  std::vector<std::vector<float>> single(200);
  std::vector<std::vector<double>> same_in_double(200);
  for (std::size_t i = 0; i < 200; ++i)
    for (std::size_t k = 0; k < 3; ++k) {
      // Some confidences are nearer to 1 than float says.
      single[i].push_back(static_cast<float>((i % 3 == 0 ? 9.0 : 1.0) * d.z[i][k]));
      same_in_double[i].push_back(static_cast<double>(single[i].back()));
    }
  const std::vector<double> kept = confidences_of(collect(logits(same_in_double), d.labels));
  REQUIRE(std::count_if(kept.begin(), kept.end(),
                        [](double c) { return c < 1 && static_cast<float>(c) == 1; }) > 3);
  CHECK(confidences_of(collect(in_double(logits(single)), d.labels)) == kept);
  CHECK(confidences_of(collect(logits(single), d.labels)) != kept);
  CHECK(hosmer_lemeshow_test(logits(single), d.labels).statistic ==
        hosmer_lemeshow_test(logits(same_in_double), d.labels).statistic);
  CHECK(logistic_test(logits(single), d.labels).statistic ==
        logistic_test(logits(same_in_double), d.labels).statistic);
  CHECK(kuiper_test(logits(single), d.labels).p == kuiper_test(logits(same_in_double), d.labels).p);
}

TEST_CASE("test_calibration() of confidences leaves out skce", "[test_calibration]") {
  std::vector<double> c;
  std::vector<int> hit;
  for (const row& r : drawn_rows(90, 4, {.power = 1.3})) {
    c.push_back(r.c);
    hit.push_back(r.hit ? 1 : 0);
  }
  const auto pairs = confidences(c, hit);
  check_same(
      test_calibration(pairs),
      {kuiper_test(pairs), ks_test(pairs), spiegelhalter_test(pairs), hosmer_lemeshow_test(pairs),
       t_cal_test(pairs), logistic_test(pairs), e_value_test(pairs)});
  const std::vector<test_result> got = test_calibration(pairs);
  std::size_t at = 0;
  for (const test_info& info : calibration_tests()) {
    if (info.name == "skce") continue;
    REQUIRE(at < got.size());
    CHECK(got[at++].name == info.name);
  }
}

TEST_CASE("every test says what is known of it", "[test_calibration]") {
  std::set<std::string_view> names;
  for (const test_info& info : calibration_tests()) {
    INFO(info.name);
    names.insert(info.name);
    for (const std::string_view text :
         {info.name, info.statistic, info.law, info.blind_to, info.source})
      CHECK(!text.empty());
  }
  CHECK(names.size() == 8);
}

TEST_CASE("test_calibration() of what no test can be made of", "[test_calibration]") {
  const matrix_view<const double> none(nullptr, 0, 3);
  const std::vector<int> no_labels;
  const std::vector<test_result> got = test_calibration(logits(none), no_labels);
  REQUIRE(got.size() == 8);
  for (const test_result& r : got) {
    INFO(r.name);
    CHECK(std::isnan(r.p));
  }
  const drawn_classes d(10, 3, 5);
  std::vector<int> labels = d.labels;
  labels[3] = 9;
  CHECK_THROWS_AS(test_calibration(logits(d.z), labels), value_error);
  labels.pop_back();
  CHECK_THROWS_AS(test_calibration(logits(d.z), labels), shape_error);
}
