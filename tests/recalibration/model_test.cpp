// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/model.hpp"

#include <calibra/recalibration/procal_density_ratio.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "../io/io_files.hpp"

using namespace calibra;

TEST_CASE("a model is saved and loaded by its path") {
  const io_test::scratch folder;
  const std::filesystem::path path = folder.path("model.json");
  const std::vector<double> x{-1, 2, 1, -2};
  const std::vector<int> y{0, 1, 0, 1};
  const temperature_scaling fitted = fit<temperature_scaling>(binary_logits(x), y);
  io::save_recalibrator(path, fitted);
  const temperature_scaling again = io::load_temperature(path);
  CHECK(to_json(again) == to_json(fitted));
  CHECK(again.fitted_on() == score_kind::binary_logits);
  CHECK(io::load_recalibrator<temperature_scaling>(path.string()).temperature() ==
        fitted.temperature());
}

TEST_CASE("a recalibrator with proximities is saved and loaded by its path") {
  const io_test::scratch folder;
  const std::filesystem::path path = folder.path("model.json");
  const std::vector<double> x{-1, 2, 1, -2, 0.1}, d{0.1, 0.7, 0.4, 0.3, 0.2};
  const std::vector<int> y{0, 1, 0, 1, 1};
  const auto fitted = procal_density_ratio::fit(binary_logits(x), y, d);
  io::save_recalibrator(path, fitted);
  const auto again = io::load_recalibrator<procal_density_ratio>(path);
  CHECK(to_json(again) == to_json(fitted));
  CHECK(again.transform(binary_logits(x), d) == fitted.transform(binary_logits(x), d));
}

TEST_CASE("files that are no model") {
  const io_test::scratch folder;
  CHECK_THROWS_AS(io::load_temperature(folder.path("none.json")), io_error);
  CHECK_THROWS_WITH(io::load_temperature(folder.path("none.json")),
                    Catch::Contains("none.json: cannot open: "));
  io::write_file(folder.path("text.json"), "hello");
  CHECK_THROWS_WITH(io::load_temperature(folder.path("text.json")),
                    Catch::Contains("text.json: not a JSON document"));
  CHECK_THROWS_WITH(io::load_temperature(to_json(temperature_scaling(1.5))),
                    Catch::StartsWith("io::load_recalibrator(): expected a path, got JSON text; "));
  CHECK_THROWS_AS(
      io::save_recalibrator(folder.path("no/such/folder.json"), temperature_scaling(1.5)),
      io_error);
}
