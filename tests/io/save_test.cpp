// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/save.hpp"

#include <cmath>
#include <limits>

#include "calibra/io/load.hpp"
#include "io_files.hpp"

using namespace io_test;
using calibra::io::load;
using calibra::io::save;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
const doubles values = {0, 1, -2, 0.1, 1e300, 5e-324, -inf, inf, 1.0 / 3, 1e21, -0.0, 123456789};

}  // namespace

TEST_CASE("save: every ending reads back as it was", "[io][save]") {
  const scratch files;
  const calibra::matrix_view<const double> matrix(values.data(), 4, 3);
  // Columns one after the other.
  const calibra::matrix_view<const double> turned(values.data(), 4, 3, 1, 4);
  const calibra::vector_view<const double> third(values.data(), 4, 3);
  for (const std::string name : {"a.npy", "a.csv", "a.tsv", "a.safetensors"}) {
    INFO(name);
    save(files.path(name), matrix);
    CHECK(elements(load(files.path(name))) == values);
    CHECK(shape_of(load(files.path(name))) == sizes{4, 3});
    CHECK(load(files.path(name)).dtype() == calibra::io::dtype::f8);
    save(files.path(name), turned);
    CHECK(elements(load(files.path(name)))[1] == values[4]);
    save(files.path(name), third);
    CHECK(elements(load(files.path(name))) == doubles{values[0], values[3], values[6], values[9]});
    CHECK(shape_of(load(files.path(name))) == sizes{4});
  }
  CHECK(files.entries() == 4);
}

TEST_CASE("save: the other types", "[io][save]") {
  const scratch files;
  const std::vector<float> floats = {0.1F, 1, 1 / 3.F};
  const std::vector<std::int64_t> whole = {0, -3, std::int64_t{1} << 60};
  const calibra::vector_view<const float> f(floats.data(), 3);
  const calibra::vector_view<const std::int64_t> i(whole.data(), 3);
  save(files.path("f.csv"), f);
  CHECK(read_all(files.path("f.csv")) == "0.1\n1.0\n0.33333334\n");
  save(files.path("i.csv"), i);
  CHECK(read_all(files.path("i.csv")) == "0\n-3\n1152921504606846976\n");
  save(files.path("i.tsv"), calibra::matrix_view<const std::int64_t>(whole.data(), 1, 3));
  CHECK(read_all(files.path("i.tsv")) == "0\t-3\t1152921504606846976\n");
  save(files.path("f.safetensors"), f, "z");
  const auto loaded = load(files.path("f.safetensors:z"));
  CHECK(loaded.dtype() == calibra::io::dtype::f4);
  CHECK(elements(loaded) == doubles{floats[0], floats[1], floats[2]});
  save(files.path("i.safetensors"), i);
  CHECK(load(files.path("i.safetensors:scores")).dtype() == calibra::io::dtype::i8);
}

TEST_CASE("save: text of probabilities reads back as scores", "[io][save]") {
  const scratch files;
  const doubles p = {0.5, 0.5, 0, 0.25, 0.75, 0};
  save(files.path("p.csv"), calibra::matrix_view<const double>(p.data(), 2, 3));
  CHECK(load(files.path("p.csv")).visit_scores([](auto view) { return view.cols(); }) == 3);
}

TEST_CASE("save: another ending is refused", "[io][save]") {
  const scratch files;
  const calibra::vector_view<const double> v(values.data(), 3);
  for (const std::string name : {"a.txt", "a", "a.npz", "a.CSV"}) {
    const std::string ending = std::filesystem::path(name).extension().string();
    CHECK(files.message([&] { save(files.path(name), v); }) ==
          name + ": unknown extension '" + ending + "'; expected .npy, .csv, .tsv or .safetensors");
  }
  CHECK(files.entries() == 0);
}
