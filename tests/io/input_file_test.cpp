// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Texts packed by gzip and Zstandard; what a file is by its name or its first bytes.
#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "calibra/io/file_kind.hpp"
#include "calibra/io/input_file.hpp"
#include "calibra/io/json_records.hpp"
#include "calibra/io/load.hpp"
#include "calibra/io/mapped_file.hpp"
#include "io_files.hpp"

using calibra::io::file_kind;
using calibra::io::input_file;
using io_test::scratch;

namespace {

std::string gzip_of(const std::string& text) {
  z_stream stream{};
  REQUIRE(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(::deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

/// With the checksum that the program `zstd` writes.
std::string zstd_of(const std::string& text) {
  std::string out(::ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* const context = ::ZSTD_createCCtx();
  ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  const std::size_t size =
      ::ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size());
  ::ZSTD_freeCCtx(context);
  REQUIRE(::ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

struct packer {
  std::string ending;
  std::string (*pack)(const std::string&);
  std::string (*unpack)(const std::string&, std::string_view, std::size_t);
};
const packer packers[] = {{".gz", gzip_of, calibra::io::detail::gunzip},
                          {".zst", zstd_of, calibra::io::detail::unpack_zstd}};

/// Text that is longer than the pieces it is unpacked in.
std::string long_text() {
  std::string text;
  for (int i = 0; text.size() < 1000000; ++i) text += std::to_string(i * 2654435761U) + ",\n";
  return text;
}

}  // namespace

TEST_CASE("input file: packed texts are what they were", "[input_file]") {
  const scratch files;
  for (const packer& p : packers)
    for (const std::string& text : {std::string("1,2\n"), long_text(), std::string(3000000, 'a')}) {
      INFO(p.ending << ' ' << text.size());
      const std::string packed = p.pack(text);
      CHECK(input_file(files.write("a" + p.ending, packed)).text() == text);
      // Members one after the other, as `cat` makes them, and one that is empty.
      CHECK(input_file(files.write("b" + p.ending, packed + p.pack("") + p.pack("end"))).text() ==
            text + "end");
    }
}

TEST_CASE("input file: packed tables and records are read", "[input_file]") {
  const scratch files;
  for (const packer& p : packers) {
    INFO(p.ending);
    for (const char* name : {"a.csv", "a.tsv"}) {
      const char separator = name[2] == 'c' ? ',' : '\t';
      const std::string text = std::string("0.25") + separator + "2\n1.5" + separator + "3\n";
      const auto a = calibra::io::load(files.write(name + p.ending, p.pack(text)));
      CHECK(a.shape_text() == "(2, 2)");
      CHECK(calibra::io::contents(files.path(name + p.ending)).size() == 2);
    }
    for (const char* name : {"r.jsonl", "r.ndjson"})
      CHECK(calibra::io::load_records(
                files.write(name + p.ending, p.pack("{\"c\":0.5,\"h\":1}\n{\"c\":1,\"h\":0}\n")),
                {.scores = "c", .labels = "h"})
                .scores.shape_text() == "(2,)");
    CHECK(calibra::io::load_records(files.write("r.json" + p.ending, p.pack("[{\"c\":1,\"h\":0}]")),
                                    {.scores = "c", .labels = "h"})
              .scores.shape_text() == "(1,)");
  }
}

TEST_CASE("input file: damaged packed texts are refused", "[input_file]") {
  const scratch files;
  const std::string text = "0.25,1.5\n0.125,3\n";
  for (const packer& p : packers) {
    const std::string packed = p.pack(text);
    const auto said = [&](const std::string& bytes) {
      return files.message([&] { input_file(files.write("a.csv" + p.ending, bytes)); });
    };
    for (std::size_t length = 0; length < packed.size(); ++length) {
      INFO(p.ending << ": " << length << " bytes");
      CHECK(said(packed.substr(0, length)) != "");
    }
    CHECK(said(packed.substr(0, packed.size() - 1)).find("truncated") != std::string::npos);
    CHECK(said(text).find(": not a ") != std::string::npos);
    CHECK(said(packed + "x") != "");
    // The checksum stands at the end.
    std::string wrong = packed;
    wrong[wrong.size() - (p.ending == ".gz" ? 8 : 1)] ^= 1;
    CHECK(said(wrong).find("damaged") != std::string::npos);
    // Text without an end: a bound, whatever the header says.
    const std::string bomb = p.pack(std::string(5000000, '0'));
    CHECK(bomb.size() < 10000);
    CHECK(
        files.message([&] { p.unpack("bomb", bomb, 1000000); }) ==
        "bomb: holds more than 1000000 bytes of text; unpack it to a file, which is not read into "
        "memory");
    CHECK(p.unpack("no bomb", bomb, 5000000).size() == 5000000);
  }
}

TEST_CASE("input file: the kind of a file by its name", "[input_file]") {
  using calibra::io::kind_of;
  CHECK(kind_of("a/b.npy") == file_kind::npy);
  CHECK(kind_of("b.npz") == file_kind::npz);
  CHECK(kind_of("b.csv.gz") == file_kind::csv);
  CHECK(kind_of("b.tsv.zst") == file_kind::tsv);
  CHECK(kind_of("b.jsonl.gz") == file_kind::json_lines);
  CHECK(kind_of("b.json") == file_kind::json);
  CHECK(kind_of("b.pth") == file_kind::pt);
  CHECK(kind_of("b.h5") == file_kind::hdf5);
  for (const char* none : {"b", "b.gz", "b.npy.gz", "b.pt.zst", "b.csv.bz2", "b.CSV", ""})
    CHECK(kind_of(none) == file_kind::unknown);

  using calibra::io::detail::kind_by_content;
  CHECK(kind_by_content("\x93NUMPY\x01") == file_kind::npy);
  CHECK(kind_by_content("1,2\n3\t4\n") == file_kind::csv);
  CHECK(kind_by_content("\xef\xbb\xbf\n1\t2\n3,4\n") == file_kind::tsv);
  CHECK(kind_by_content("1\n2\n") == file_kind::csv);
  CHECK(kind_by_content("") == file_kind::csv);
  CHECK(kind_by_content(" {\"a\": 1} \r\n{\"a\": 2}") == file_kind::json_lines);
  CHECK(kind_by_content("{\n \"a\": {}}") == file_kind::json);
  CHECK(kind_by_content("[{}]") == file_kind::json);
  CHECK(kind_by_content("{") == file_kind::json);
  CHECK(kind_by_content("PK\x03\x04") == file_kind::unknown);
}

TEST_CASE("input file: what is not read says how it could be", "[input_file]") {
  const scratch files;
  const std::string said = files.message([&] { calibra::io::load("dump.parquet"); });
  CHECK(said.find("pandas.read_parquet('file.parquet').to_csv(") != std::string::npos);
  CHECK(files.message([&] { calibra::io::load("a.feather"); }).find("read_feather") !=
        std::string::npos);
  CHECK(files.message([&] { calibra::io::load("a.mat"); }).find(".h5[:data set]") !=
        std::string::npos);
}

TEST_CASE("mapped_file: its path is found by an address in it", "[io]") {
  using calibra::io::mapped_file;
  using calibra::io::name_of_mapped_file;
  const scratch files;
  const std::string path = files.write("a.npy", std::string(10000, 'x'));
  const char* first = nullptr;
  const auto is_found = [](const char* at) { return name_of_mapped_file(at) != nullptr; };
  {
    const mapped_file a(path), b(files.write("b.npy", "y"));
    first = a.text().data();
    REQUIRE(is_found(first));
    CHECK(name_of_mapped_file(first) == path);
    REQUIRE(is_found(first + 9999));
    CHECK(name_of_mapped_file(first + 9999) == path);
    CHECK(!is_found(first + 10000));
    REQUIRE(is_found(b.text().data()));
    CHECK(name_of_mapped_file(b.text().data()) == files.path("b.npy"));
    CHECK(!is_found(path.data()));
  }
  CHECK(!is_found(first));
  CHECK(!is_found(nullptr));
  // Of more files than are remembered at a time the last are not found; then there is room again.
  {
    std::vector<std::unique_ptr<const mapped_file>> many;
    for (int i = 0; i < 1100; ++i) many.push_back(std::make_unique<const mapped_file>(path));
    CHECK(is_found(many.front()->text().data()));
    CHECK(!is_found(many.back()->text().data()));
  }
  const mapped_file again(path);
  CHECK(is_found(again.text().data()));
}
