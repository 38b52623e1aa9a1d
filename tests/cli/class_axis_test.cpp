// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Arrays of more than two dimensions on the command line.
#include <nlohmann/json.hpp>
#include <random>

#include "program.hpp"

using namespace cli_test;
using nlohmann::json;

namespace {

/// N x C x H x W logits with N x H x W masks, and the same as samples x classes.
class pictures : public workplace {
 public:
  static constexpr std::size_t n = 3, classes = 4, h = 5, w = 7;

  pictures() {
    std::mt19937 draw(6);
    std::normal_distribution<float> normal(0, 3);
    std::vector<float> z(n * classes * h * w), rows(z.size()), last(z.size()), fortran(z.size());
    std::vector<std::int64_t> mask(n * h * w);
    std::vector<double> weight(mask.size());
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < classes; ++k)
        for (std::size_t y = 0; y < h; ++y)
          for (std::size_t x = 0; x < w; ++x) {
            const float value = normal(draw);
            z[((i * classes + k) * h + y) * w + x] = value;
            rows[((i * h + y) * w + x) * classes + k] = value;
            fortran[i + n * (k + classes * (y + h * x))] = value;
          }
    for (std::size_t i = 0; i < mask.size(); ++i) {
      mask[i] = draw() % 5 == 0 ? 255 : static_cast<std::int64_t>(draw() % classes);
      weight[i] = 0.5 * static_cast<double>(1 + draw() % 4);
    }
    save_array("z.npy", "<f4", "(3, 4, 5, 7)", io_test::bytes_of(z));
    save_array("fortran.npy", "<f4", "(3, 4, 5, 7)", io_test::bytes_of(fortran), true);
    save_array("last.npy", "<f4", "(3, 35, 4)", io_test::bytes_of(rows));
    save("rows.npy", mask.size(), classes, rows);
    save("flat_mask.npy", mask);
    save("flat_weight.npy", weight);
    save_array("mask.npy", "<i8", "(3, 5, 7)", io_test::bytes_of(mask));
    save_array("mask_of_words.npy", "<i8", "(3, 35)", io_test::bytes_of(mask));
    save_array("weight.npy", "<f8", "(3, 5, 7)", io_test::bytes_of(weight));
  }
  void save_array(const std::string& name, const std::string& descr, const std::string& shape,
                  const std::string& data, bool fortran_order = false) const {
    write(name, io_test::npy_image(io_test::npy_dict(descr, shape, fortran_order), data));
  }
};

void check_same(const workplace& files, const std::string& got, const std::string& expected) {
  INFO(got);
  const outcome a = files.run(got), b = files.run(expected);
  CHECK(a.err == b.err);
  REQUIRE(a.status == 0);
  CHECK(a.out == b.out);
}

}  // namespace

TEST_CASE("class axis: every command measures what it does of samples x classes", "[cli]") {
  const pictures files;
  const std::string more = " --ignore-label 255 --format json --metrics all";
  const std::string expected = "eval rows.npy flat_mask.npy" + more;
  check_same(files, "eval z.npy mask.npy --class-axis 1" + more, expected);
  check_same(files, "eval z.npy mask.npy --class-axis -3" + more, expected);
  check_same(files, "eval fortran.npy mask.npy --class-axis 1" + more, expected);
  check_same(files, "eval last.npy mask_of_words.npy --class-axis -1" + more, expected);
  check_same(files, "eval rows.npy flat_mask.npy --class-axis 1" + more, expected);
  check_same(files, "eval z.npy mask.npy --class-axis 1 --classwise --interval" + more,
             expected + " --classwise --interval");
  const json weighted =
      json::parse(files.run("eval z.npy mask.npy --class-axis 1 --weights weight.npy" + more).out);
  const json flat =
      json::parse(files.run("eval rows.npy flat_mask.npy --weights flat_weight.npy" + more).out);
  CHECK(weighted["metrics"] == flat["metrics"]);
  check_same(files, "eval z.npy mask.npy --class-axis 1 --by predicted" + more,
             expected + " --by predicted");
  check_same(files, "test z.npy mask.npy --class-axis 1 --ignore-label 255 --format json",
             "test rows.npy flat_mask.npy --ignore-label 255 --format json");
  const std::string few = " --replicates 100 --format json";
  check_same(files, "compare z.npy z.npy mask.npy --class-axis 1 --ignore-label 255" + few,
             "compare rows.npy rows.npy flat_mask.npy --ignore-label 255" + few);
  for (const char* method : {"temperature", "vector"}) {
    const std::string flags = std::string(" --ignore-label 255 --method ") + method + " -o ";
    check_same(files, "fit z.npy mask.npy --class-axis 1" + flags + "a.json",
               "fit rows.npy flat_mask.npy" + flags + "b.json");
    CHECK(read_all(files.path("a.json")) == read_all(files.path("b.json")));
    check_same(files, "eval z.npy mask.npy --class-axis 1 --apply a.json" + more,
               expected + " --apply a.json");
  }
  check_same(files, "diagram z.npy mask.npy --class-axis 1 --ignore-label 255 -o a.svg",
             "diagram rows.npy flat_mask.npy --ignore-label 255 -o b.svg");
  CHECK(read_all(files.path("a.svg")) == read_all(files.path("b.svg")));
  CHECK(files.run("report z.npy mask.npy --class-axis 1 --ignore-label 255 -o a.html").status == 0);
}

TEST_CASE("class axis: several files, and a dimension of one class", "[cli]") {
  const pictures files;
  const std::string z = read_all(files.path("z.npy")), y = read_all(files.path("mask.npy"));
  for (const char* part : {"1", "2"}) {
    files.write(std::string("z-") + part + ".npy", z);
    files.write(std::string("y-") + part + ".npy", y);
  }
  const json twice = json::parse(
      files.run("eval z-*.npy y-*.npy --class-axis 1 --ignore-label 255 --format json").out);
  const json once = json::parse(
      files.run("eval z.npy mask.npy --class-axis 1 --ignore-label 255 --format json").out);
  CHECK(twice["samples"] == 2 * once["samples"].get<int>());
  CHECK(twice["metrics"]["nll"].get<double>() == Approx(once["metrics"]["nll"].get<double>()));

  const std::vector<double> x{-1, 2, 0.5, -3, 1, 4};
  const std::vector<std::int64_t> hits{0, 1, 1, 0, 0, 1};
  files.save("x.npy", x);
  files.save("h.npy", hits);
  files.save_array("one.npy", "<f8", "(2, 1, 3)", io_test::bytes_of(x));
  files.save_array("h2.npy", "<i8", "(2, 3)", io_test::bytes_of(hits));
  check_same(files, "eval one.npy h2.npy --class-axis 1 --format json",
             "eval x.npy h.npy --format json");
  check_same(files, "compare one.npy one.npy h2.npy --class-axis 1 --replicates 100 --format json",
             "compare x.npy x.npy h.npy --replicates 100 --format json");
}

TEST_CASE("class axis: what does not fit is said", "[cli]") {
  const pictures files;
  const auto data = [&](const std::string& arguments, const std::string& said) {
    CHECK(error_of(files, arguments, 1) == "calibra: " + said + '\n');
  };
  const auto usage = [&](const std::string& arguments, const std::string& said) {
    CHECK(error_of(files, arguments, 2) == "calibra: " + said + '\n');
  };
  const std::string of_z = " for z.npy of shape (3, 4, 5, 7) with class axis 1, got shape ";
  data("eval z.npy mask.npy",
       "z.npy: expected 1 or 2 dimensions, got shape (3, 4, 5, 7); say by --class-axis which of "
       "them "
       "holds the classes");
  data("eval rows.npy mask.npy", "mask.npy: expected 1 or 2 dimensions, got shape (3, 5, 7)");
  data("eval z.npy mask.npy --class-axis 4",
       "z.npy: expected a class axis from -4 to 3 for shape (3, 4, 5, 7), got 4");
  data("eval z.npy mask.npy --class-axis -5",
       "z.npy: expected a class axis from -4 to 3 for shape (3, 4, 5, 7), got -5");
  data("eval flat_weight.npy flat_mask.npy --class-axis 0",
       "flat_weight.npy: class axis: expected at least 2 dimensions, got shape (105,)");
  data("eval z.npy flat_mask.npy --class-axis 1",
       "flat_mask.npy: expected labels of shape (3, 5, 7)" + of_z + "(105,)");
  data("eval z.npy mask.npy --class-axis 2",
       "mask.npy: expected labels of shape (3, 4, 7) for z.npy of shape (3, 4, 5, 7) with class "
       "axis 2, "
       "got shape (3, 5, 7)");
  data("eval z.npy mask.npy --class-axis 1 --weights flat_weight.npy",
       "flat_weight.npy: expected weights of shape (3, 5, 7)" + of_z + "(105,)");
  data("eval z.npy mask.npy --class-axis 1 --by flat_mask.npy",
       "flat_mask.npy: expected groups of shape (3, 5, 7)" + of_z + "(105,)");
  data("eval mask.npy mask.npy --class-axis 1",
       "mask.npy: expected labels of shape (3, 7) for mask.npy of shape (3, 5, 7) with class axis "
       "1, "
       "got shape (3, 5, 7)");
  data("eval z.npy mask.npy --class-axis 1", "mask.npy: label 255 at row 0 is not in [0, 4)");
  files.save_array("empty.npy", "<f4", "(0, 4, 5, 7)", "");
  data("eval empty.npy mask.npy --class-axis 1",
       "empty.npy: no samples: expected at least 1 row, got shape (0, 4, 5, 7)");
  data("apply a.json z.npy -o b.npy", "a.json: cannot open: No such file or directory");
  files.write("t.csv", "0.5,1\n2,3\n");
  usage(
      "eval t.csv flat_mask.npy --class-axis 1",
      "--class-axis: expected an array of 2 or more dimensions, got the text t.csv, whose columns "
      "are the classes");
  usage("eval z.npy mask.npy --class-axis 1 --sigmoid",
        "--class-axis: expected one label a sample and logits or probabilities");
  usage("eval z.npy mask.npy --class-axis 1 --from confidences",
        "--class-axis: expected one label a sample and logits or probabilities");
  usage("eval z.npy+z.npy mask.npy --class-axis 1",
        "--class-axis: expected one file of scores, got z.npy+z.npy");
  usage("eval z.npy mask.npy --class-axis one",
        "--class-axis: expected a whole number from -8 to 7; got \"one\"");
  files.write("r.jsonl", "{\"p\":[0.5,0.5],\"y\":1}\n");
  usage("eval r.jsonl --probabilities p --label y --class-axis 1",
        "--class-axis: takes files of arrays, not of records");
  CHECK(files.run("fit rows.npy flat_mask.npy --ignore-label 255 -o m.json").status == 0);
  data("apply m.json z.npy -o b.npy", "z.npy: expected 1 or 2 dimensions, got shape (3, 4, 5, 7)");
}

TEST_CASE("class axis: probabilities are asked for, and what could be is said", "[cli]") {
  const workplace files;
  const std::vector<float> p{0.25F, 0.5F, 0.125F, 0.75F, 0.5F, 0.875F};  // 1 x 2 x 3
  files.write("p.npy",
              io_test::npy_image(io_test::npy_dict("<f4", "(1, 2, 3)"), io_test::bytes_of(p)));
  CHECK(files.run("look p.npy").out ==
        "p.npy: 1 array\n  float32  (1, 2, 3)  [0.125, 0.875]: probabilities, --class-axis 1 (2 "
        "classes)\n");
  files.save("y.npy", 1, 3, std::vector<std::int64_t>{0, 1, 1});
  CHECK(
      error_of(files, "eval p.npy y.npy --class-axis 1", 2) ==
      "calibra: p.npy: every row looked at lies in [0, 1] and sums to 1; say --from probabilities, "
      "or --from logits if they are logits\n");
  CHECK(files.run("eval p.npy y.npy --class-axis 1 --from probabilities").status == 0);
  const auto look = [&](const std::string& descr, const std::string& shape,
                        const std::string& data) {
    files.write("a.npy", io_test::npy_image(io_test::npy_dict(descr, shape), data));
    const std::string out = files.run("look a.npy").out;
    return out.substr(out.find('['));
  };
  const std::vector<float> z{-1.5F, 2, 0, 3, 0.5F, 1};
  CHECK(look("<f4", "(1, 2, 3)", io_test::bytes_of(z)) ==
        "[-1.5, 3]: logits, --class-axis 1 (2 classes) or -1 (3 classes)\n");
  CHECK(look("<f4", "(2, 1, 3)", io_test::bytes_of(z)) ==
        "[-1.5, 3]: logits, --class-axis 1 (1 class) or -1 (3 classes)\n");
  CHECK(look("|u1", "(1, 2, 3)", std::string("\0\1\2\0\xff\1", 6)) == "[0, 255]: labels\n");
  const std::vector<float> any{0.5F, 0.75F, 0, 1, 0.5F, 1};
  CHECK(look("<f4", "(1, 2, 3)", io_test::bytes_of(any)) ==
        "[0, 1]: probabilities of several labels\n");
}
