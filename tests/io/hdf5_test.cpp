// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// HDF5 files, written here by libhdf5; tests/cli/written_by_others.py has those of h5py.
#include "calibra/io/hdf5.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "calibra/io/class_names.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/io/load.hpp"
#include "calibra/io/named_labels.hpp"
#include "io_files.hpp"

using calibra::io::load_hdf5;
using io_test::elements;
using io_test::scratch;
using handle = calibra::io::detail::hdf5_handle;

namespace {

/// A file that is written.
class writer {
 public:
  explicit writer(const std::string& path, hsize_t before = 0)
      : options_(H5Pcreate(H5P_FILE_CREATE), H5Pclose),
        file_((H5Pset_userblock(options_, before),
               H5Fcreate(path.c_str(), H5F_ACC_TRUNC, options_, H5P_DEFAULT)),
              H5Fclose) {
    REQUIRE(file_);
  }
  operator hid_t() const { return file_; }

  /// Numbers that HDF5 turns into `type`, in one piece or in packed chunks.
  void put(const std::string& name, hid_t type, const std::vector<hsize_t>& shape,
           const std::vector<double>& values, bool chunks = false) {
    const handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    const handle create(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    if (chunks) {
      const std::vector<hsize_t> chunk(shape.size(), 2);
      H5Pset_chunk(create, static_cast<int>(chunk.size()), chunk.data());
      H5Pset_shuffle(create);
      H5Pset_deflate(create, 4);
    }
    const handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
                       H5Sclose);
    const handle set(H5Dcreate2(file_, name.c_str(), type, space, links, create, H5P_DEFAULT),
                     H5Dclose);
    REQUIRE(set);
    REQUIRE(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  }

 private:
  handle options_;
  handle file_;
};

/// The type of a half-sized real number, as h5py makes it, or with the exponent of bfloat16.
hid_t small_real(std::size_t exponent_bits) {
  const hid_t type = H5Tcopy(H5T_IEEE_F32LE);
  H5Tset_fields(type, 15, 15 - exponent_bits, exponent_bits, 0, 15 - exponent_bits);
  H5Tset_size(type, 2);
  H5Tset_ebias(type, (std::size_t{1} << (exponent_bits - 1)) - 1);
  return type;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("hdf5: every type, order and layout gives what was written", "[hdf5]") {
  const scratch files;
  const handle half(small_real(5), H5Tclose), brain(small_real(8), H5Tclose);
  const std::vector<std::pair<hid_t, std::string>> types = {
      {H5T_IEEE_F32LE, "float32"}, {H5T_IEEE_F32BE, "float32"}, {H5T_IEEE_F64LE, "float64"},
      {H5T_IEEE_F64BE, "float64"}, {half, "float16"},           {brain, "bfloat16"},
      {H5T_STD_I8LE, "int8"},      {H5T_STD_U8LE, "uint8"},     {H5T_STD_I16BE, "int16"},
      {H5T_STD_U16LE, "uint16"},   {H5T_STD_I32LE, "int32"},    {H5T_STD_U32BE, "uint32"},
      {H5T_STD_I64BE, "int64"},    {H5T_STD_U64LE, "uint64"}};
  std::mt19937 random(3);
  for (const hsize_t before : {0, 512})
    for (const bool chunks : {false, true})
      for (const auto& [type, name] : types) {
        INFO(name << ", chunks " << chunks << ", " << before << " bytes before");
        std::vector<double> values(7 * 5);
        for (double& v : values) v = static_cast<double>(random() % 100);
        {
          writer out(files.path("a.h5"), before);
          out.put("of/one", type, {7, 5}, values, chunks);
          out.put("column", type, {35}, values, chunks);
        }
        const auto a = load_hdf5(files.path("a.h5"), "of/one");
        CHECK(calibra::io::name_of(a.dtype()) == name);
        CHECK(a.shape_text() == "(7, 5)");
        CHECK(a.name() == files.path("a.h5") + ":of/one");
        CHECK(elements(a) == values);
        CHECK(elements(load_hdf5(files.path("a.h5"), "column")) == values);
        CHECK(elements(calibra::io::load(files.path("a.h5") + ":of/one")) == values);
        const auto there = calibra::io::contents(files.path("a.h5"));
        REQUIRE(there.size() == 2);
        CHECK(there[1].name == "of/one");
        CHECK(there[1].type_name == name);
        CHECK(there[1].shape == std::vector<std::size_t>{7, 5});
      }
}

TEST_CASE("hdf5: what is in one piece stays in the file", "[hdf5]") {
  const scratch files;
  {
    writer out(files.path("a.h5"));
    out.put("a", H5T_IEEE_F64LE, {100000}, std::vector<double>(100000, 0.5));
  }
  const auto a = load_hdf5(files.path("a.h5"));
  // A change of the file shows in pages that were not read: the elements were not copied.
  {
    const handle file(H5Fopen(files.path("a.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    const handle set(H5Dopen2(file, "a", H5P_DEFAULT), H5Dclose);
    const std::vector<double> others(100000, 0.25);
    REQUIRE(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, others.data()) >= 0);
  }
  CHECK(elements(a)[99999] == 0.25);
}

TEST_CASE("hdf5: booleans, empty arrays, and what is no array", "[hdf5]") {
  const scratch files;
  {
    writer out(files.path("a.h5"));
    const handle truth(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
    const signed char no = 0, yes = 1;
    H5Tenum_insert(truth, "FALSE", &no);
    H5Tenum_insert(truth, "TRUE", &yes);
    const handle two(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
    H5Tenum_insert(two, "LEFT", &no);
    H5Tenum_insert(two, "RIGHT", &yes);
    const hsize_t size = 3;
    const handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
    const signed char values[] = {1, 0, 1};
    for (const auto& [name, type] : {std::pair("truth", static_cast<hid_t>(truth)),
                                     std::pair("two", static_cast<hid_t>(two))}) {
      const handle set(H5Dcreate2(out, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                       H5Dclose);
      REQUIRE(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    }
    out.put("none", H5T_IEEE_F32LE, {0, 4}, {});
    out.put("cube", H5T_IEEE_F32LE, {1, 2, 2}, {1, 2, 3, 4});
    const handle text(H5Tcopy(H5T_C_S1), H5Tclose);
    const handle texts(H5Dcreate2(out, "text", text, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                       H5Dclose);
    // Elements in another file, and links: none of them is followed.
    const handle outside(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_external(outside, "/etc/passwd", 0, 3);
    const handle other(
        H5Dcreate2(out, "outside", H5T_STD_U8LE, space, H5P_DEFAULT, outside, H5P_DEFAULT),
        H5Dclose);
    H5Lcreate_external("/etc/x.h5", "/a", out, "external", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/truth", out, "soft", H5P_DEFAULT, H5P_DEFAULT);
  }
  const std::string path = files.path("a.h5");
  CHECK(elements(load_hdf5(path, "truth")) == std::vector<double>{1, 0, 1});
  CHECK(load_hdf5(path, "truth").dtype() == calibra::io::dtype::b1);
  CHECK(load_hdf5(path, "none").shape_text() == "(0, 4)");
  const auto said = [&](const char* name) { return files.message([&] { load_hdf5(path, name); }); };
  CHECK(said("two") == "a.h5:two: element type an enumeration is not supported");
  CHECK(said("text") == "a.h5:text: element type text is not supported");
  CHECK(said("outside") == "a.h5:outside: element type elements in another file is not supported");
  CHECK(load_hdf5(path, "cube").shape_text() == "(1, 2, 2)");
  for (const char* name : {"external", "soft", "nothing"})
    CHECK(has(said(name), std::string("no data set named '") + name + "'"));
  CHECK(has(said(""), "expected a data set name after ':', got none"));
}

TEST_CASE("hdf5: labels that are names", "[hdf5]") {
  const scratch files;
  const std::string path = files.path("a.h5");
  const std::vector<std::string> names{"cat", "dog", "caf\xc3\xa9"};
  std::vector<std::int64_t> expected;
  {
    writer out(path);
    const auto put = [&](const char* name, hid_t type, const std::vector<hsize_t>& shape,
                         const void* data, bool chunks = false) {
      const handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
                         H5Sclose);
      const handle create(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
      const std::vector<hsize_t> chunk(shape.size(), 1);
      if (chunks) H5Pset_chunk(create, static_cast<int>(chunk.size()), chunk.data());
      const handle set(H5Dcreate2(out, name, type, space, H5P_DEFAULT, create, H5P_DEFAULT),
                       H5Dclose);
      REQUIRE(set);
      REQUIRE(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    };
    // More than are read at once.
    constexpr std::size_t rows = 10000;
    std::vector<const char*> pointers;
    std::string ended, blanks;
    for (std::size_t i = 0; i < rows; ++i) {
      const std::string& name = names[i * i % 3];
      expected.push_back(static_cast<std::int64_t>(i * i % 3));
      pointers.push_back(name.c_str());
      ended += name + std::string(6 - name.size(), '\0');
      blanks += name + std::string(5 - name.size(), ' ');
    }
    const handle any(H5Tcopy(H5T_C_S1), H5Tclose), six(H5Tcopy(H5T_C_S1), H5Tclose),
        five(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(any, H5T_VARIABLE);
    H5Tset_cset(any, H5T_CSET_UTF8);
    H5Tset_size(six, 6);
    H5Tset_size(five, 5);
    H5Tset_strpad(five, H5T_STR_SPACEPAD);
    put("any", any, {rows}, pointers.data());
    put("column", any, {rows, 1}, pointers.data());
    put("six", six, {rows}, ended.data());
    put("five", five, {rows, 1}, blanks.data());
    put("chunks", any, {3}, pointers.data(), true);
    put("square", six, {2, 2}, ended.data());
    out.put("numbers", H5T_STD_I32LE, {3}, {2, 1, 0});
  }
  const auto labels = [&](const std::string& name, const std::vector<std::string>& of) {
    const auto found = calibra::io::labels(
        calibra::io::load_named_labels(path + ":" + name, calibra::io::class_names(of)));
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < found.size(); ++i) out.push_back(found[i]);
    return out;
  };
  for (const char* name : {"any", "column", "six", "five"}) {
    INFO(name);
    CHECK(labels(name, names) == expected);
  }
  CHECK(labels("chunks", names) ==
        std::vector<std::int64_t>(expected.begin(), expected.begin() + 3));
  CHECK(labels("numbers", names) == std::vector<std::int64_t>{2, 1, 0});
  const auto said = [&](const std::string& name, const std::vector<std::string>& of) {
    return files.message([&] { labels(name, of); });
  };
  CHECK(said("any", {"cat", "dgo"}) ==
        "a.h5:any: row 1: expected the name of a class, got 'dog'; the nearest names are 'dgo', "
        "'cat'");
  CHECK(said("square", names) ==
        "a.h5:square: labels: expected shape (n,) or (n, 1), got shape (2, 2)");
  CHECK(has(said("nothing", names), "no data set named 'nothing'"));
}

TEST_CASE("hdf5: files that are none end with a sentence", "[hdf5]") {
  const scratch files;
  CHECK(has(files.message([&] { load_hdf5(files.path("none.h5")); }), "none.h5: cannot open"));
  CHECK(files.message([&] { load_hdf5(files.write("a.h5", "no HDF5")); }) ==
        "a.h5: not an HDF5 file, or a damaged one");
  CHECK(has(files.message([&] { load_hdf5(files.write("a.h5", "")); }), "empty"));
  {
    writer out(files.path("a.h5"));
    out.put("logits", H5T_IEEE_F32LE, {3, 2}, {1, 2, 3, 4, 5, 6}, true);
    out.put("labels", H5T_STD_I64LE, {3}, {0, 1, 0});
  }
  const std::string whole = io_test::read_all(files.path("a.h5"));
  // libhdf5 says where the file has to end.
  for (std::size_t length = 0; length < whole.size(); length += 7)
    CHECK(files.message(
              [&] { load_hdf5(files.write("b.h5", whole.substr(0, length)), "logits"); }) != "");
}

TEST_CASE("hdf5: a data set of a version that this HDF5 does not know", "[hdf5]") {
  const scratch files;
  {
    writer out(files.path("a.h5"));
    out.put("logits", H5T_IEEE_F32LE, {3, 2}, {1, 2, 3, 4, 5, 6});
  }
  std::string bytes = io_test::read_all(files.path("a.h5"));
  // The message of where the elements are: type 8, 24 bytes; behind its head of 8 bytes the
  // version.
  const std::size_t at = bytes.find(std::string("\x08\0\x18\0", 4));
  REQUIRE(at < bytes.size() - 8);
  REQUIRE(bytes[at + 8] == 3);
  bytes[at + 8] = 9;
  const std::string path = files.write("b.h5", bytes);
  const std::string expected = "b.h5:logits: damaged, or of a newer format than HDF5 ";
  CHECK(files.message([&] { load_hdf5(path, "logits"); }).find(expected) == 0);
  CHECK(files.message([&] { calibra::io::hdf5_contents(path); }).find(expected) == 0);
}
