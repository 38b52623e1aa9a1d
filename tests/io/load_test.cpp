// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/load.hpp"

#include "io_files.hpp"

using namespace io_test;
using calibra::io::load;

TEST_CASE("load: by extension", "[io][load]") {
  const scratch files;
  const doubles expected = {0, 1, 2, 3, 4, 5};
  files.write("a.npy", small_npy());
  files.write("a.npz", zip_image({{"x.npy", small_npy()}}));
  files.write("a.csv", "0,1,2\n3,4,5.0\n");
  files.write("a.tsv", "0\t1\t2\n3\t4\t5.0\n");
  files.write(
      "a.safetensors",
      safetensors_image("{\"x\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}",
                        small_data()));
  for (const std::string name : {"a.npy", "a.npz", "a.npz:x", "a.npz:x.npy", "a.csv", "a.tsv",
                                 "a.safetensors", "a.safetensors:x"}) {
    INFO(name);
    const auto a = load(files.path(name));
    CHECK(elements(a) == expected);
    CHECK(shape_of(a) == sizes{2, 3});
  }
}

TEST_CASE("load: members that have colons, files that have them", "[io][load]") {
  const scratch files;
  files.write("a.npz", zip_image({{"x:y.npz:z.npy", small_npy()}, {"b.npy.npy", small_npy()}}));
  CHECK(load(files.path("a.npz:x:y.npz:z")).name() == files.path("a.npz:x:y.npz:z"));
  // The file with the whole name wins over the member.
  CHECK(load(files.path("a.npz:b.npy")).name() == files.path("a.npz:b.npy"));
  files.write("a.npz:b.npy", npy_image(npy_dict("|u1", "(1,)"), "\7"));
  CHECK(elements(load(files.path("a.npz:b.npy"))) == doubles{7});
  // A file whose own name has ".npz:" in it.
  files.write("c.npz:d.npz", zip_image({{"e.npy", small_npy()}}));
  CHECK(shape_of(load(files.path("c.npz:d.npz:e"))) == sizes{2, 3});
}

TEST_CASE("load: columns of text tables", "[io][load]") {
  const scratch files;
  files.write("a.csv", "p,y\n.5,1\n");
  files.write("a.tsv", "p\ty\n.5\t1\n");
  files.write("a.npy", small_npy());
  for (const std::string name : {"a.csv", "a.tsv"}) {
    CHECK(elements(load(files.path(name), {.columns = {"y"}})) == doubles{1});
    CHECK(elements(load(files.path(name), {.without = {"y"}})) == doubles{.5});
  }
  const std::string refused = "a.npy: columns are chosen by name in .csv and .tsv files only";
  CHECK(files.message([&] { load(files.path("a.npy"), {.columns = {"y"}}); }) == refused);
  CHECK(files.message([&] { load(files.path("a.npy"), {.without = {"y"}}); }) == refused);
}

TEST_CASE("load: what cannot be loaded", "[io][load]") {
  const scratch files;
  const auto message = [&](const std::string& name) {
    return files.message([&] { load(files.path(name)); });
  };
  const std::string known =
      "; expected .npy, .npz[:member], .csv, .tsv, .safetensors[:tensor], .pt[:tensor] or "
      ".h5[:data set]";
  CHECK(message("a.dat") == "a.dat: unknown extension '.dat'" + known);
  CHECK(message("a") == "a: unknown extension ''" + known);
  CHECK(message("a.npy:x") == "a.npy:x: unknown extension '.npy:x'" + known);
  CHECK(message("a.npz:x") == "a.npz: cannot open: No such file or directory");
  CHECK(message("a.npy") == "a.npy: cannot open: No such file or directory");
  CHECK(message("a.safetensors") == "a.safetensors: cannot open: No such file or directory");
  CHECK(message("a.csv") == "a.csv: cannot open: No such file or directory");
  std::filesystem::create_directory(files.path("d.csv"));
  CHECK(message("d.csv") == "d.csv: expected a file, got a directory");
  CHECK(files.message([] { load("/dev/null"); }) == "/dev/null: unknown extension ''" + known);
}
