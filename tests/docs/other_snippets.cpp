// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The blocks of docs/adapters.md, docs/io.md, docs/recalibration.md and docs/scale.md that are parts
// of no example.
#include <catch2/catch.hpp>

#include <calibra/adapters/eigen.hpp>
#include <calibra/adapters/xtensor.hpp>
#include <calibra/calibra.hpp>
#include <calibra/io/io.hpp>
#include <calibra/io/model.hpp>
#include <calibra/json.hpp>
#include <calibra/recalibration.hpp>
#include <xtensor/xadapt.hpp>
#include <xtensor/xview.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory_resource>
#include <string>
#include <vector>

namespace {

Eigen::MatrixXf made_matrix() {
  Eigen::MatrixXf z = Eigen::MatrixXf::Zero(200, 2);
  for (Eigen::Index i = 0; i < z.rows(); ++i) z(i, i % 2) = static_cast<float>(i) / 100;
  return z;
}
Eigen::VectorXi made_labels() {
  Eigen::VectorXi labels(200);
  for (Eigen::Index i = 0; i < labels.size(); ++i) labels(i) = static_cast<int>(i % 3 == 0);
  return labels;
}
Eigen::MatrixXf load_scores() {
  return made_matrix();
}

}  // namespace

// clang-format off
TEST_CASE("docs/adapters.md: any array") {
  const Eigen::MatrixXf z = made_matrix();
  const Eigen::VectorXi labels = made_labels();
  //[ any
  const double e = calibra::ece(calibra::logits(z), labels);
  //]
  CHECK(e >= 0);
}

TEST_CASE("docs/adapters.md: Eigen") {
  const Eigen::Matrix2f w = Eigen::Matrix2f::Identity();
  //[ eigen
  #include <calibra/adapters/eigen.hpp>   // CMake: calibra::eigen

  Eigen::MatrixXf z = made_matrix();  //...                // samples x classes
  Eigen::VectorXi labels = made_labels();  //...
  double e = calibra::ece(calibra::logits(z), labels);
  e = calibra::ece(calibra::logits(z.topRows(100)), labels.head(100));  // no copy
  e = calibra::ece(calibra::logits(z * w), labels);                     // z * w is computed once
  //]
  CHECK(e >= 0);
}

TEST_CASE("docs/adapters.md: xtensor") {
  //[ xtensor
  #include <calibra/adapters/xtensor.hpp>   // CMake: calibra::xtensor

  xt::xtensor<float, 2> z = xt::zeros<float>({200, 2});  //...
  xt::xarray<int> labels = xt::zeros<int>({200});  //...
  double e = calibra::ece(calibra::logits(z), labels);
  e = calibra::ece(calibra::logits(xt::view(z, xt::range(0, 100))),
                   xt::view(labels, xt::range(0, 100)));            // no copy
  //]
  CHECK(e >= 0);
}

TEST_CASE("docs/adapters.md: lifetimes") {
  const Eigen::MatrixXf a = made_matrix(), b = made_matrix();
  //[ kept
  auto s = calibra::logits(a + b);          // evaluated now, kept by s
  auto t = calibra::logits(load_scores());  // moved into t
  //]
  CHECK(calibra::accuracy(s, made_labels()) == calibra::accuracy(t, made_labels()));
}

TEST_CASE("docs/io.md: files") {
  const auto page = [] {
    //[ files
    #include <calibra/io/io.hpp>

    namespace io = calibra::io;

    const io::array scores = io::load("dump.npz:logits");
    const io::label_column labels = io::labels(io::load("labels.npy"));

    const double value = scores.visit_scores([&](auto z) {   // z: calibra::matrix_view<const T>
      return calibra::ece(calibra::logits(z), labels);
    });
    //]
    return value;
  };
  CHECK_THROWS_AS(page(), calibra::io_error);  // there are no such files
}

TEST_CASE("docs/adapters.md: more dimensions than two") {
  const xt::xtensor<float, 4> z = xt::zeros<float>({2, 3, 4, 5});
  const std::vector<int> labels(40);
  //[ class_axis
  const double e = calibra::ece(calibra::logits(calibra::class_axis(z, 1)), labels);
  //]
  CHECK(e == Approx(2.0 / 3));
}

TEST_CASE("docs/io.md: more dimensions") {
  namespace io = calibra::io;
  const auto page = [] {
    //[ more_dimensions
    const io::array scores = io::load("logits.npy");                                    // N x C x H x W
    const io::label_column labels = io::labels(io::load("masks.npy").flattened());      // N x H x W

    const double value = scores.visit_scores(1, [&](auto z) {   // z: calibra::class_axis_view<const T>
      return calibra::ece(calibra::logits(z), labels, {.ignore_label = 255});
    });
    //]
    return value;
  };
  CHECK_THROWS_AS(page(), calibra::io_error);  // there are no such files
}

TEST_CASE("docs/io.md: token logits of llama.cpp") {
  namespace io = calibra::io;
  const auto page = [] {
    //[ llama
    const io::llama_dump dump = io::load_llama("base.kld");
    const calibra::evaluation e = calibra::evaluate(dump.scores(), dump.labels());
    //]
    return e.samples;
  };
  CHECK_THROWS_AS(page(), calibra::io_error);  // there is no such file
}

TEST_CASE("docs/io.md: columns of a table") {
  namespace io = calibra::io;
  const auto page = [] {
    //[ columns
    const io::array scores = io::load("table.csv", {.columns = {"p0..p9"}});
    const io::label_column labels = io::labels(io::load("table.csv", {.columns = {"label"}}));
    //]
    return labels.size() == scores.shape()[0];
  };
  CHECK_THROWS_AS(page(), calibra::io_error);  // there is no such file
}

TEST_CASE("docs/io.md: labels by names") {
  namespace io = calibra::io;
  const auto page = [] {
    //[ names
    const io::class_names names = io::load_class_names("names.txt");  // or class_names({"cat", "dog"})
    const io::label_column labels = io::labels(io::load_named_labels("labels.csv", names));
    //]
    return labels.size();
  };
  CHECK_THROWS_AS(page(), calibra::io_error);  // there is no such file
}

TEST_CASE("docs/io.md: records") {
  namespace io = calibra::io;
  const auto page = [] {
    //[ records
    const io::record_dump dump = io::load_records(
        "answers.jsonl",
        {.scores = "judge.confidence", .labels = "judge.correct", .hits = true, .scale = 100});
    //]
    return dump.bad;
  };
  CHECK_THROWS_AS(page(), calibra::io_error);  // there is no such file
}

TEST_CASE("docs/recalibration.md: fit and keep") {
  const Eigen::MatrixXf validation = made_matrix(), test = made_matrix();
  const Eigen::VectorXi labels = made_labels();
  //[ recalibrate
  #include <calibra/recalibration/temperature.hpp>

  const auto scaling =
      calibra::fit<calibra::temperature_scaling>(calibra::logits(validation), labels);
  const auto p = scaling.transform(calibra::logits(test));  // calibra::matrix<C>, rows sum to 1
  //]
  CHECK(p.rows() == 200);
  const Eigen::VectorXi& test_labels = labels;
  //[ recalibrated
  #include <calibra/recalibration/recalibrated.hpp>

  const double after =
      calibra::ece(calibra::recalibrated(scaling, calibra::logits(test)), test_labels);
  //]
  CHECK(std::abs(after - calibra::ece(calibra::probabilities(p), labels)) <= 1e-6);
  //[ json
  #include <calibra/json.hpp>  // target calibra::json

  const std::string text = calibra::to_json(scaling);
  const auto again = calibra::temperature_from_json(text);
  //]
  CHECK(again.temperature() == scaling.temperature());
}

TEST_CASE("docs/recalibration.md: with features") {
  const auto directions = [](Eigen::Index n, float turn) {
    Eigen::MatrixXf x(n, 2);
    for (Eigen::Index i = 0; i < n; ++i) {
      const float angle = turn * static_cast<float>(i + 1);
      x(i, 0) = std::cos(angle);
      x(i, 1) = std::sin(angle);
    }
    return x;
  };
  const Eigen::MatrixXf base_zero_shot = directions(6, 0.1F), base_tuned = directions(6, 0.2F);
  const Eigen::MatrixXf new_zero_shot = directions(2, 1.1F), new_tuned = directions(2, 1.5F);
  const Eigen::MatrixXf validation = made_matrix(), test = made_matrix(), new_scores = made_matrix();
  const Eigen::MatrixXf validation_features = directions(200, 0.3F);
  const Eigen::MatrixXf test_features = directions(200, 0.7F);
  const Eigen::VectorXi labels = made_labels();
  //[ with_features
  #include <calibra/recalibration/dac.hpp>
  #include <calibra/recalibration/procal_density_ratio.hpp>
  #include <calibra/recalibration/proximities.hpp>

  const auto by_distance =
      calibra::dac::from_features(base_zero_shot, base_tuned, new_zero_shot, new_tuned);
  const auto on_new = by_distance.transform(calibra::logits(new_scores));

  const auto near = calibra::proximities(validation_features);
  const auto ratio =
      calibra::procal_density_ratio::fit(calibra::logits(validation), labels, near);
  const auto recalibrated = ratio.transform(
      calibra::logits(test), calibra::proximities(test_features, validation_features));
  //]
  CHECK(on_new.rows() == 200);
  CHECK(recalibrated.rows() == 200);
  CHECK(ratio.report().converged);
}

TEST_CASE("docs/recalibration.md: options by cross-validation") {
  const Eigen::MatrixXf validation = made_matrix();
  const Eigen::VectorXi labels = made_labels();
  //[ choose_options
  #include <calibra/recalibration/choose_options.hpp>
  #include <calibra/recalibration/dirichlet.hpp>

  const auto best = calibra::choose_options<calibra::dirichlet>(calibra::logits(validation), labels,
                                                                calibra::dirichlet::candidates());
  const auto model =
      calibra::fit<calibra::dirichlet>(calibra::logits(validation), labels, {}, best.chosen);
  //]
  CHECK(best.scores.size() == 25);
  CHECK(model.classes() == 2);
}

TEST_CASE("docs/recalibration.md: recalibrators made of others") {
  const Eigen::MatrixXf validation = made_matrix(), test = made_matrix();
  const Eigen::VectorXi labels = made_labels();
  std::vector<int> site(200, 1);
  std::fill(site.begin(), site.begin() + 30, 2);
  const std::vector<int> test_site(200, 2);
  //[ combined
  #include <calibra/recalibration/chain.hpp>
  #include <calibra/recalibration/grouped.hpp>
  #include <calibra/recalibration/one_against_one.hpp>

  using pairs = calibra::one_against_one<calibra::venn_abers>;
  const auto model = calibra::fit<calibra::chain<calibra::temperature_scaling, pairs>>(
      calibra::logits(validation), labels);

  const auto of_site = calibra::fit_groups<calibra::temperature_scaling>(
      calibra::logits(validation), labels, site, {}, {.least = 50});
  const auto q = of_site.transform(calibra::logits(test), test_site);
  //]
  CHECK(model.classes() == 2);
  CHECK(of_site.groups() == std::vector<std::int64_t>{1});
  CHECK(of_site.rows_of_all(test_site) == 200);
  const auto of_all = of_site.of_all().transform(calibra::logits(test));
  CHECK(std::abs(q(7, 1) - of_all(7, 1)) <= 1e-6);
}

TEST_CASE("docs/scale.md: memory in files") {
  std::pmr::memory_resource* const before = std::pmr::get_default_resource();
  //[ file_memory
  calibra::io::file_memory memory(std::size_t{512} << 20);
  std::pmr::set_default_resource(&memory);  // before samples are made; it has to outlive them
  const calibra::io::resident_limit limit(std::size_t{256} << 20);
  //]
  CHECK(memory.in_files() == 0);
  std::pmr::set_default_resource(before);
}

TEST_CASE("docs/recalibration.md: a model in a file") {
  const calibra::temperature_scaling scaling(2);
  //[ file
  #include <calibra/io/model.hpp>  // target calibra::io

  calibra::io::save_recalibrator("model.json", scaling);
  const auto loaded = calibra::io::load_temperature("model.json");
  //]
  CHECK(loaded.temperature() == 2);
  std::filesystem::remove("model.json");
}

TEST_CASE("docs/recalibration.md: one sample at a time") {
  const calibra::temperature_scaling scaling(2);
  const auto next_sample = [] { return std::array<float, 10>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; };
  //[ one_row
  std::array<float, 10> z = next_sample(), p;
  scaling.transform(calibra::logits(z, z.size()), p);
  //]
  CHECK(p[9] > p[8]);
}
// clang-format on
