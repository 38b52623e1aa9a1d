// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// test_calibration(): all tests at once.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/evaluate.hpp"
#include "calibra/hypothesis/test_calibration.hpp"
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
