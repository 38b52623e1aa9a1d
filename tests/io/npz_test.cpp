// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/npz.hpp"

#include "io_files.hpp"

using namespace io_test;
using calibra::io::load_npz;

namespace {

std::string labels_npy() {
  return npy_image(npy_dict("<i8", "(2,)"), bytes_of(std::vector<std::int64_t>{4, 9}));
}

/// Overwrites the field of `size` bytes at `offset` behind the last `signature`.
void patch(std::string& image, const std::string& signature, std::size_t offset,
           const std::string& bytes) {
  const std::size_t at = image.rfind(signature);
  REQUIRE(at != std::string::npos);
  image.replace(at + offset, bytes.size(), bytes);
}

const std::string central = "PK\x01\x02";
const std::string local = "PK\x03\x04";

}  // namespace

TEST_CASE("npz: members stored and deflated, with or without .npy", "[io][npz]") {
  const scratch files;
  for (const bool deflate : {false, true}) {
    const std::string path = files.write(
        "a.npz",
        zip_image({{"logits.npy", small_npy(), deflate}, {"labels.npy", labels_npy(), deflate}}));
    for (const std::string member : {"logits", "logits.npy"}) {
      const auto a = load_npz(path, member);
      CHECK(elements(a) == doubles{0, 1, 2, 3, 4, 5});
      CHECK(shape_of(a) == sizes{2, 3});
      CHECK(a.name() == path + ":logits");
    }
    CHECK(elements(load_npz(path, "labels")) == doubles{4, 9});
  }
}

TEST_CASE("npz: a large member that deflates well", "[io][npz]") {
  const scratch files;
  const std::size_t rows = 200000;
  const std::string image = npy_image(npy_dict("<f8", calibra::detail::concat("(", rows, ", 10)")),
                                      std::string(rows * 10 * sizeof(double), '\0'));
  const std::string path = files.write("a.npz", zip_image({{"x.npy", image, true}}));
  REQUIRE(std::filesystem::file_size(path) < image.size() / 500);
  const auto a = load_npz(path);
  CHECK(shape_of(a) == sizes{rows, 10});
  CHECK(a.visit_scores([](auto view) {
    double sum = 0;
    for (std::size_t i = 0; i < view.rows(); ++i) sum += calibra::io::detail::as_double(view(i, 9));
    return sum;
  }) == 0);
}

TEST_CASE("npz: a single member needs no name; others are listed", "[io][npz]") {
  const scratch files;
  const std::string one =
      files.write("one.npz", zip_image({{"x.npy", small_npy()}, {"notes.txt", "hello"}}));
  CHECK(load_npz(one).name() == one + ":x");

  const std::string two =
      files.write("two.npz", zip_image({{"x.npy", small_npy()}, {"y.npy", small_npy()}}));
  CHECK(files.message([&] { load_npz(two); }) ==
        "two.npz: expected a member name after ':', got none; it holds 'x', 'y'");
  CHECK(files.message([&] { load_npz(two, "z"); }) ==
        "two.npz: no member named 'z'; it holds 'x', 'y'");
  const std::string none = files.write("none.npz", zip_image({{"notes.txt", "hello"}}));
  CHECK(files.message([&] { load_npz(none); }) ==
        "none.npz: expected at least one member, got none");
}

TEST_CASE("npz: a member whose name ends in .npy twice", "[io][npz]") {
  const scratch files;
  const std::string path =
      files.write("a.npz", zip_image({{"x.npy.npy", small_npy()}, {"y.npy", labels_npy()}}));
  CHECK(elements(load_npz(path, "x.npy")) == doubles{0, 1, 2, 3, 4, 5});
  CHECK(elements(load_npz(path, "x.npy.npy")) == doubles{0, 1, 2, 3, 4, 5});
}

TEST_CASE("npz: what a member holds is checked like a .npy file", "[io][npz]") {
  const scratch files;
  const std::string path = files.write(
      "a.npz", zip_image({{"text.npy", "hello"}, {"short.npy", small_npy().substr(0, 80)}}));
  CHECK(files.message([&] { load_npz(path, "text"); }) ==
        "a.npz:text: not a .npy file: expected it to begin with '\\x93NUMPY'");
  CHECK(files.message([&] { load_npz(path, "short"); }) ==
        "a.npz:short: truncated data: expected 24 bytes for shape (2, 3) of float32, got 10");
}

TEST_CASE("npz: sizes that cannot be true", "[io][npz]") {
  const scratch files;
  const auto message = [&](const std::string& image) {
    return files.message([&] { load_npz(files.write("a.npz", image)); });
  };
  const std::string huge = bytes_of(std::uint32_t{0x7fffffff});
  for (const bool deflate : {false, true}) {
    const std::string good = zip_image({{"x.npy", small_npy(), deflate}});
    CHECK(message(good) == "");

    std::string bomb = good;  // the directory declares 2 GiB of contents
    patch(bomb, central, 24, huge);
    CHECK(message(bomb).find("a.npz: member 'x': declares 2147483647 bytes, which ") == 0);

    std::string beyond = good;  // compressed bytes beyond the end of the file
    patch(beyond, central, 20, huge);
    CHECK(message(beyond) != "");

    std::string fewer = good;  // one byte less than there is
    patch(fewer, central, 24, bytes_of(static_cast<std::uint32_t>(small_npy().size() - 1)));
    CHECK(message(fewer).find("a.npz: member 'x': ") == 0);
    std::string more = good;
    patch(more, central, 24, bytes_of(static_cast<std::uint32_t>(small_npy().size() + 1)));
    CHECK(message(more).find("a.npz: member 'x': ") == 0);

    std::string checksum = good;
    patch(checksum, central, 16, bytes_of(std::uint32_t{1}));
    CHECK(message(checksum) == "a.npz: member 'x': CRC error");

    std::string offset = good;  // the local header is said to lie beyond the file
    patch(offset, central, 42, bytes_of(std::uint32_t{0x00ffffff}));
    CHECK(message(offset) != "");

    std::string method = good;  // LZMA
    patch(method, central, 10, bytes_of(std::uint16_t{14}));
    CHECK(message(method) ==
          "a.npz: member 'x': expected it stored or deflated, got compression method 14");
  }
  CHECK(message("PK\x03\x04 and no more") ==
        "a.npz: not a readable .npz (zip) file: Not a zip archive");
  CHECK(message(small_npy()) == "a.npz: not a readable .npz (zip) file: Not a zip archive");
  CHECK(message("") == "a.npz: the file is empty");
}

TEST_CASE("npz: a listing reads headers and no more", "[io][npz]") {
  const scratch files;
  const auto listed = [&](const std::string& image) {
    return calibra::io::npz_contents(files.write("a.npz", image));
  };
  // A header may be long, and may not be longer than it says that it is.
  std::string dict = npy_dict("<f4", "(2, 3)");
  dict.insert(dict.size() - 1, 60000, ' ');
  const auto entries = listed(zip_image({{"long.npy", npy_image(dict, small_data()), true},
                                         {"v3.npy", npy_image(dict, small_data(), 3)},
                                         {"text.npy", "hello"}}));
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].shape == sizes{2, 3});
  CHECK(entries[1].shape == sizes{2, 3});
  CHECK(!entries[2].type);
  // One that says that it is beyond the member, of 64 MiB in 64 KiB, is read a little of.
  std::string liar =
      npy_image(npy_dict("<f4", "(2, 3)"), std::string(std::size_t{1} << 26, ' '), 2);
  patch(liar, "\x93NUMPY", 8, bytes_of(std::uint32_t{0xfffffff0}));
  const auto lies = listed(zip_image({{"x.npy", liar, true}}));
  REQUIRE(lies.size() == 1);
  CHECK(lies[0].type_name.find("truncated header: expected 4294967280 bytes after byte 12, got " +
                               std::to_string((1 << 17) - 12)) != std::string::npos);
}

TEST_CASE("npz: many members that are all the same bytes", "[io][npz]") {
  // A directory that names one member of a header of 60 KB, deflated to 200 bytes, ever again.
  std::string dict = npy_dict("<f4", "(2, 3)");
  dict.insert(dict.size() - 1, 60000, ' ');
  const auto repeated = [](const std::string& image, std::size_t times) {
    const std::size_t from = image.rfind(central), to = image.rfind("PK\x05\x06");
    std::string out = image.substr(0, from);
    for (std::size_t i = 0; i < times; ++i) out += image.substr(from, to - from);
    const std::size_t size = out.size() - from;
    out += image.substr(to);
    const std::string count = bytes_of(static_cast<std::uint16_t>(times));
    patch(out, "PK\x05\x06", 8, count + count + bytes_of(static_cast<std::uint32_t>(size)));
    return out;
  };
  const scratch files;
  const std::string long_header = zip_image({{"x.npy", npy_image(dict, small_data(), 1), true}});
  const std::string path = files.write("a.npz", repeated(long_header, 60000));
  const std::size_t most = std::filesystem::file_size(path) + (std::size_t{1} << 20);
  CHECK(files.message([&] { calibra::io::npz_contents(path); }) ==
        "a.npz: expected headers of at most " + std::to_string(most) +
            " bytes in all of 60000 members, got more");
  // Members of their own are listed, however many.
  std::vector<zip_member> members;
  for (int i = 0; i < 20000; ++i)
    members.push_back({std::to_string(i) + ".npy", small_npy(), i % 2 == 0});
  const std::string usual = files.write("b.npz", zip_image(members));
  CHECK(calibra::io::npz_contents(usual).size() == 20000);
}

TEST_CASE("npz: damaged contents are found by their checksum", "[io][npz]") {
  const scratch files;
  std::string image = zip_image({{"x.npy", small_npy()}});
  const std::size_t at = image.find(small_data());
  REQUIRE(at != std::string::npos);
  image[at + 5] = static_cast<char>(image[at + 5] ^ 1);
  CHECK(files.message([&] { load_npz(files.write("a.npz", image)); }) ==
        "a.npz: member 'x': CRC error");
}
