// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// `calibra eval` of a dump of 200 MB needs little memory beside the mapped files.
#include "program.hpp"

using namespace cli_test;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// A .npy file of zeros that takes no space on the disk. The elements begin at a multiple of 64, as
/// in all files that numpy writes; elsewhere they would have to be copied.
std::size_t save_zeros(const workplace& files, const std::string& name, const std::string& descr,
                       const std::string& shape, std::size_t bytes) {
  std::string dict = io_test::npy_dict(descr, shape);
  dict.insert(dict.size() - 1, 63 - (10 + dict.size() - 1) % 64, ' ');
  const std::string head = io_test::npy_image(dict, "");
  REQUIRE(head.size() % 64 == 0);
  std::filesystem::resize_file(files.write(name, head), head.size() + bytes);
  return head.size() + bytes;
}

/// Peak resident size less the files, all of whose pages have been read. Where the system took some
/// of those back, the limit on private writable memory (touched or not) still holds.
void check_bounded(const workplace& files, const std::string& arguments, std::size_t mapped) {
  const outcome r =
      files.run("eval " + arguments + " --threads 1 --format csv", {.data_limit = 96 * mebibyte});
  CHECK(r.err == "");
  CHECK(r.status == 0);
  INFO("peak resident " << r.peak_bytes << ", mapped " << mapped);
  CHECK(r.peak_bytes < mapped + 64 * mebibyte);
}
void check_bounded(std::size_t rows, std::size_t classes) {
  const workplace files;
  using calibra::detail::concat;
  const std::size_t mapped =
      save_zeros(files, "z.npy", "<f4", concat("(", rows, ", ", classes, ")"),
                 rows * classes * sizeof(float)) +
      save_zeros(files, "y.npy", "<i8", concat("(", rows, ",)"), rows * sizeof(std::int64_t));
  check_bounded(files, "z.npy y.npy", mapped);
}

}  // namespace

TEST_CASE("memory: 50000 x 1000 below 64 MiB beside the files", "[cli][memory]") {
  check_bounded(50000, 1000);
}

TEST_CASE("memory: 5000000 x 10 below 64 MiB beside the files", "[cli][memory]") {
  check_bounded(5000000, 10);
}

TEST_CASE("memory: 50 x 20 x 250 x 200 with a class axis below 64 MiB beside the files",
          "[cli][memory]") {
  const workplace files;
  const std::size_t mapped = save_zeros(files, "z.npy", "<f4", "(50, 20, 250, 200)", 200000000) +
                             save_zeros(files, "y.npy", "<i8", "(50, 250, 200)", 20000000);
  check_bounded(files, "z.npy y.npy --class-axis 1", mapped);
}

TEST_CASE("memory: 3000 tokens of a vocabulary of 32000 below 64 MiB beside the file",
          "[cli][memory]") {
  const workplace files;
  std::string head = "_logits_";
  for (const std::int32_t size : {6002, 32000, 1}) head += io_test::bytes_of(size);
  const std::size_t bytes = head.size() + 6002 * 4 + std::size_t{3000} * 64008;
  std::filesystem::resize_file(files.write("base.kld", head), bytes);
  check_bounded(files, "base.kld --metrics accuracy,nll,brier,ece", bytes);
}

TEST_CASE("memory: the limit is one, and running into it is said", "[cli][memory]") {
  const workplace files;
  save_zeros(files, "z.npy", "<f4", "(5000000, 2)", 40000000);
  save_zeros(files, "y.npy", "<i8", "(5000000,)", 40000000);
  const outcome r = files.run("eval z.npy y.npy --threads 1", {.data_limit = 16 * mebibyte});
  CHECK(r.status == 1);
  CHECK(r.out == "");
  CHECK(r.err == "calibra: out of memory\n");
}
