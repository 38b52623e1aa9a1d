// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What the program coop measures and reports, and how it takes the user's pictures.
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <limits>
#include <random>
#include <regex>
#include <string>
#include <vector>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#include <stb/stb_image_write.h>

#include "blas.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/tabulate.hpp"
#include "calibra/metrics/ece.hpp"
#include "calibra/scores.hpp"
#include "clip/parameters.hpp"
#include "experiment.hpp"
#include "fixtures.hpp"
#include "measure.hpp"
#include "pictures.hpp"
#include "prompt_learner.hpp"
#include "report.hpp"
#include "tuning.hpp"

namespace {

using namespace coop;

/// A PNG file whose every pixel is colour(row, column), three bytes.
template<class Colour>
void write_png(const std::string& path, int width, int height, Colour colour) {
  std::vector<unsigned char> pixels;
  for (int i = 0; i < height; ++i)
    for (int j = 0; j < width; ++j)
      for (const int c : colour(i, j)) pixels.push_back(static_cast<unsigned char>(c));
  REQUIRE(stbi_write_png(path.c_str(), width, height, 3, pixels.data(), 0) != 0);
}

constexpr std::array<double, 3> mean = {0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> deviation = {0.26862954, 0.26130258, 0.27577711};

}  // namespace

TEST_CASE("an interval is Student's") {
  // 1 ... 5: mean 3, variance 2.5, and 2.776445 the point of four degrees of freedom
  const std::vector<double> values = {1, 2, 3, 4, 5};
  const estimate e = estimated(values);
  CHECK(e.mean == 3);
  CHECK(e.half_width == Approx(2.776445 * std::sqrt(2.5 / 5)).epsilon(1e-4));
  CHECK(std::isnan(estimated(std::vector<double>{1}).half_width));
  CHECK(std::isnan(estimated({}).mean));
  // 40 values: 39 degrees of freedom, 2.022691
  std::vector<double> many(40);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = i % 2 == 0 ? 1 : -1;
  CHECK(estimated(many).half_width == Approx(2.022691 * std::sqrt(40.0 / 39 / 40)).epsilon(1e-3));
}

TEST_CASE("the table has means, harmonic means and differences") {
  const calibra::reliability_table none(calibra::binning::equal_width(15));
  std::vector<run> runs;
  for (const std::uint64_t seed : {0, 1})
    for (const tuning_method method : {tuning_method::zero_shot, tuning_method::coop})
      for (const split where : {split::base, split::fresh}) {
        const double x = method == tuning_method::coop ? 0.25 : 0.5;
        runs.push_back({method,
                        where,
                        seed,
                        {{where == split::base ? x : 2 * x, 0.5, x, x, x, x, 0.75}, none}});
      }
  const std::string text = table_text(runs);
  INFO(text);
  CHECK(std::regex_search(text, std::regex("coop +harmonic +33\\.33 \\+-0\\.00")));
  CHECK(std::regex_search(
      text, std::regex("coop - zero-shot +new ece +-25\\.00 \\+-0\\.00 +2 / 0 of 2")));
  CHECK(text.find("Means over 2 seeds") != std::string::npos);
  runs.erase(runs.begin() + 1, runs.end());
  CHECK(table_text(runs).find("One seed") != std::string::npos);
}

TEST_CASE("the table averages seeds, a diagram pools them, and both say so") {
  // One seed right in every picture at 70 %, the other in four of ten.
  const std::vector<double> confidence(10, 0.7);
  const auto judged_seed = [&](int hits) {
    std::vector<int> hit(10);
    std::fill_n(hit.begin(), hits, 1);
    const auto table = calibra::tabulate(calibra::confidences(confidence, hit));
    const double error = calibra::ece(table);
    return judged{{hits / 10.0, 0.7, error, error, error, error, 0.75}, table};
  };
  std::vector<run> runs = {{tuning_method::coop, split::base, 0, judged_seed(10)},
                           {tuning_method::coop, split::base, 1, judged_seed(4)}};
  const std::string text = table_text(runs);
  INFO(text);
  CHECK(std::regex_search(text,
                          std::regex("coop +base +70\\.00 \\+-\\S+ +70\\.00 \\+-\\S+ +30\\.00 ")));
  CHECK(text.find("The diagrams pool the pictures of all\nseeds") != std::string::npos);
  const auto pools = pooled(runs);
  REQUIRE(pools.size() == 1);
  const pool& both = pools.at("coop-base");
  CHECK(both.seeds == 2);
  CHECK(both.table.total_weight() == 20);
  const std::string diagram = diagram_svg(both, "coop-base");
  CHECK(diagram.find("coop-base, 2 seeds pooled") != std::string::npos);
  CHECK(diagram.find("ECE 0.0000") != std::string::npos);
  // Of one seed there is nothing to say.
  runs.pop_back();
  CHECK(table_text(runs).find("pool") == std::string::npos);
  const std::string one = diagram_svg(pooled(runs).at("coop-base"), "coop-base");
  CHECK(one.find("pool") == std::string::npos);
  CHECK(one.find("ECE 0.3000") != std::string::npos);
}

TEST_CASE("an experiment judges CoOp after each repair where it is asked to") {
  const language words = test::small_language();
  task what;
  what.base = {"dog", "cat", "hen"};
  what.fresh = {"ox", "bee"};
  what.phrase = "an {}";
  std::mt19937_64 random(17);
  const auto pictures = [&](std::int64_t n, std::int64_t classes) {
    return feature_set{normalise(draw_normal({n, 6}, 1, random).to(at::kDouble)),
                       at::arange(n, at::kLong).remainder(classes)};
  };
  what.train = pictures(24, 3);
  what.base_test = pictures(30, 3);
  what.new_test = pictures(30, 2);
  experiment_options options;
  options.methods = {tuning_method::coop, tuning_method::kgcoop};
  options.seeds = 1;
  options.tuning.prompt.context_tokens = 3;
  options.tuning.epochs = 6;
  options.tuning.batch = 8;
  options.tuning.rate = 0.5;
  const laboratory lab = {words, [&](std::uint64_t) { return what; }};
  CHECK(run_experiment(lab, options).size() == 4);
  options.repairs = true;
  const std::vector<run> runs = run_experiment(lab, options);
  REQUIRE(runs.size() == 8);
  const auto find = [&](split where, repair after) {
    const auto found = std::find_if(runs.begin(), runs.end(), [&](const run& r) {
      return r.method == tuning_method::coop && r.where == where && r.after == after;
    });
    REQUIRE(found != runs.end());
    return found->result.values;
  };

  tuning_options tuning = options.tuning;
  tuning.method = tuning_method::coop;
  const tuning_result tuned = tune(words, what, tuning);
  const at::Tensor base = class_features(words, what, tuning, tuned, what.base);
  const at::Tensor train = at::matmul(what.train.features, base.t()) * words.logit_scale;
  const auto loss = [&](double log_t) {
    return at::log_softmax(train / std::exp(log_t), 1)
        .gather(1, what.train.labels.unsqueeze(1))
        .mean()
        .neg()
        .item<double>();
  };
  double low = -7, high = 7;
  while (high - low > 1e-7) {
    const double a = low + (high - low) / 3, b = high - (high - low) / 3;
    (loss(a) < loss(b) ? high : low) = loss(a) < loss(b) ? b : a;
  }
  const auto confidence = [](const at::Tensor& logits) {
    return std::get<0>(at::softmax(logits, 1).max(1)).mean().item<double>();
  };
  for (const split where : {split::base, split::fresh}) {
    const auto& names = where == split::base ? what.base : what.fresh;
    const feature_set& judged = where == split::base ? what.base_test : what.new_test;
    const at::Tensor classes = class_features(words, what, tuning, tuned, names);
    const at::Tensor logits = at::matmul(judged.features, classes.t()) * words.logit_scale;
    CHECK(get(find(where, repair::none), measure::confidence) ==
          Approx(confidence(logits)).epsilon(1e-9));
    CHECK(get(find(where, repair::temperature), measure::confidence) ==
          Approx(confidence(logits / std::exp(low))).epsilon(1e-5));

    const auto closeness = [](const at::Tensor& t, const at::Tensor& b) {
      return std::get<0>(at::cdist(t, b).topk(3, 1, /*largest=*/false));
    };
    const at::Tensor after = closeness(classes, base);
    const at::Tensor before = closeness(zero_shot_features(words, what.phrase, names),
                                        zero_shot_features(words, what.phrase, what.base));
    const at::Tensor ratio = (before.mean(1) - after.mean(1)).exp();
    const at::Tensor gamma = at::where(after.select(1, 0).lt(0.05), at::ones_like(ratio), ratio);
    if (where == split::fresh) CHECK((gamma - 1).abs().min().item<double>() > 1e-4);
    const at::Tensor repaired = logits * gamma.index_select(0, logits.argmax(1)).unsqueeze(1);
    CHECK(get(find(where, repair::dac), measure::confidence) ==
          Approx(confidence(repaired)).epsilon(1e-5));
    for (const repair after_which : {repair::temperature, repair::dac})
      CHECK(get(find(where, after_which), measure::accuracy) ==
            get(find(where, repair::none), measure::accuracy));
  }
  const std::string text = table_text(runs);
  INFO(text);
  for (const std::string row : {"coop+temperature", "coop+dac"}) {
    CHECK(std::regex_search(
        text,
        std::regex("\n" + std::regex_replace(row, std::regex("\\+"), "\\+") + " +harmonic ")));
    CHECK(text.find("\n" + row + " - coop") != std::string::npos);
    CHECK(pooled(runs).count(row + "-new") == 1);
  }
  CHECK(json_text(runs, {}).find("\"method\": \"coop+dac\"") != std::string::npos);
}

TEST_CASE("the reference BLAS is known by its folder") {
  CHECK(is_reference_blas("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0"));
  CHECK(!is_reference_blas("/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3"));
  CHECK(!is_reference_blas("/usr/lib/x86_64-linux-gnu/blas/libopenblas.so.0"));
  CHECK(!is_reference_blas(""));
  CHECK(std::filesystem::exists(blas_library()));
}

TEST_CASE("a proximity is that of the ten nearest others") {
  const std::int64_t n = 640;  // more than one block of rows
  at::Tensor x = at::sin(at::arange(n * 6, at::kDouble).square()).view({n, 6});
  x = x / x.norm(2, 1, true);
  const at::Tensor found = proximities(x);
  for (std::int64_t i = 0; i < n; i += 13) {
    std::vector<double> distances;
    for (std::int64_t j = 0; j < n; ++j)
      if (j != i) distances.push_back((x[i] - x[j]).norm().item<double>());
    std::sort(distances.begin(), distances.end());
    double sum = 0;
    for (std::size_t k = 0; k < 10; ++k) sum += distances[k];
    CHECK(found[i].item<double>() == Approx(std::exp(-sum / 10)).epsilon(1e-7));
  }
  CHECK(proximities(x.narrow(0, 0, 1))[0].item<double>() == 1);
  const double two = (x[0] - x[1]).norm().item<double>();
  CHECK(proximities(x.narrow(0, 0, 2))[1].item<double>() == Approx(std::exp(-two)).epsilon(1e-7));
}

TEST_CASE("a picture is resized, cut and normalised") {
  const test::temporary_file file(".png");
  SECTION("one colour stays it") {
    write_png(file.path(), 50, 40, [](int, int) { return std::array{255, 0, 51}; });
    const at::Tensor picture = load_picture(file.path(), 32);
    CHECK(picture.sizes() == at::IntArrayRef{3, 32, 32});
    const std::array<double, 3> colour = {1, 0, 0.2};
    for (std::int64_t c = 0; c < 3; ++c) {
      const auto k = static_cast<std::size_t>(c);
      const double expected = (colour[k] - mean[k]) / deviation[k];
      CHECK((picture[c] - expected).abs().max().item<double>() < 1e-6);
    }
  }
  SECTION("the cut leaves half on each side, and of an odd rest the half that is even") {
    // 32 high: not resized. 37 and 39 wide leave 5 and 7 columns: cut at 2 and at 4.
    for (const auto& [width, first] : {std::pair{37, 2}, std::pair{39, 4}, std::pair{36, 2}}) {
      write_png(file.path(), width, 32, [](int, int j) { return std::array{5 * j, 5 * j, 5 * j}; });
      const at::Tensor picture = load_picture(file.path(), 32);
      const double level = picture[0][7][0].item<double>() * deviation[0] + mean[0];
      CHECK(level * 255 == Approx(5 * first).epsilon(1e-5));
    }
  }
  SECTION("PIL's pixels, of palettes too") {
    const std::string folder = CALIBRA_COOP_TEST_DATA "/pictures/";
    for (const std::string name : {"smaller", "larger", "one_way", "palette", "palette_of_16",
                                   "palette_of_2", "palette_with_transparency", "grey"}) {
      INFO(name);
      const at::Tensor expected = load_picture(folder + name + ".16.png", 16);
      CHECK(at::equal(load_picture(folder + name + ".png", 16), expected));
    }
  }
  SECTION("a file that is none is an error with its path") {
    const test::temporary_file text(".png", "no picture");
    CHECK_THROWS_WITH(load_picture(text.path(), 32), Catch::Contains(text.path()));
    CHECK_THROWS_AS(load_picture(text.path() + ".missing", 32), calibra::io_error);
  }
}

TEST_CASE("classes are split in two, pictures by shots") {
  labelled_pictures all;
  all.classes = {"a", "b", "c", "d", "e"};
  all.all.features = at::eye(20);
  all.all.labels = at::arange(20).remainder(5);
  const task split = split_task(all, 3, 1);
  CHECK(split.base == std::vector<std::string>{"a", "b", "c"});
  CHECK(split.fresh == std::vector<std::string>{"d", "e"});
  CHECK(split.train.labels.size(0) == 9);
  CHECK(split.base_test.labels.size(0) == 3);
  CHECK(split.new_test.labels.max().item<std::int64_t>() == 1);
  // no picture is in two of them, and each is where its label says
  const at::Tensor used =
      at::cat({split.train.features, split.base_test.features, split.new_test.features}).sum(0);
  CHECK(at::equal(used, at::ones({20})));
  CHECK(split.train.features.matmul(at::arange(20, at::kFloat))
            .remainder(5)
            .eq(split.train.labels)
            .all()
            .item<bool>());
  CHECK(!at::equal(split.train.features, split_task(all, 3, 2).train.features));
  CHECK_THROWS_WITH(split_task(all, 4, 1), Catch::Contains("of class a, b, c"));
  all.classes.push_back("f");
  CHECK_THROWS_WITH(split_task(all, 3, 1), Catch::Contains("of class f"));
}
