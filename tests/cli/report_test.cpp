// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What is printed, letter by letter.
#include "calibra/version.hpp"
#include "program.hpp"

using namespace cli_test;

namespace {

const std::string few = "eval p.npy y.npy --from probabilities --metrics ece,accuracy,piece,mce";

}  // namespace

TEST_CASE("report: JSON", "[cli]") {
  const small_workplace files;
  const outcome r = files.run(few + " --bins 2 --format json");
  CHECK(r.err == "");
  CHECK(r.status == 0);
  CHECK(r.out == R"({
  "calibra": ")" CALIBRA_VERSION R"(",
  "samples": 4,
  "skipped": 0,
  "classes": 3,
  "options": {
    "from": "probabilities",
    "bins": 2,
    "binning": "width",
    "edges": "right",
    "like": "calibra",
    "target": null,
    "sigmoid": false,
    "renormalise": false,
    "nan": "reject",
    "ignore_label": null,
    "weights": null,
    "proximity": null
  },
  "metrics": {
    "accuracy": 0.5,
    "ece": 0.15625,
    "mce": 0.3125,
    "piece": null
  },
  "bins": [
    {
      "lower": 0.0,
      "upper": 0.5,
      "count": 2,
      "confidence": 0.5,
      "accuracy": 0.5
    },
    {
      "lower": 0.5,
      "upper": 1.0,
      "count": 2,
      "confidence": 0.8125,
      "accuracy": 0.5
    }
  ]
}
)");
}

TEST_CASE("report: JSON of a file whose name is not UTF-8", "[cli]") {
  const small_workplace files;
  files.save("w\xFF.npy", std::vector<double>{1, 1, 2, 1});
  const outcome r = files.run(few + " --weights w\xFF.npy --format json");
  CHECK(r.err == "");
  CHECK(r.out.find("\"weights\": \"w\uFFFD.npy\"") != std::string::npos);
  CHECK(r.out.find("\"weight\": 3.0") != std::string::npos);
}

TEST_CASE("report: CSV", "[cli]") {
  const small_workplace files;
  CHECK(files.run(few + " --format csv --classwise --bins 3").out == R"(metric,value
accuracy,0.5
ece,0.15625
mce,0.3125
piece,

lower,upper,count,confidence,accuracy
0,0.3333333333333333,0,,
0.3333333333333333,0.6666666666666666,2,0.5,0.5
0.6666666666666666,1,2,0.8125,0.5

class,ece
0,0.265625
1,0.171875
2,0.4375
)");
}

TEST_CASE("report: Markdown", "[cli]") {
  const small_workplace files;
  CHECK(files.run(few + " --format markdown --bins 3").out == R"(| metric | value |
|---|---:|
| accuracy | 0.500000 |
| ece | 0.156250 |
| mce | 0.312500 |
| piece |  |

| bin | count | confidence | accuracy | gap |
|---|---:|---:|---:|---:|
| (0.0000, 0.3333] | 0 |  |  |  |
| (0.3333, 0.6667] | 2 | 0.5000 | 0.5000 | 0.0000 |
| (0.6667, 1.0000] | 2 | 0.8125 | 0.5000 | -0.3125 |
)");
}

TEST_CASE("report: the table, in ASCII and in UTF-8", "[cli]") {
  const small_workplace files;
  CHECK(files.run(few + " --bins 3").out == R"(4 samples, 3 classes, from probabilities

accuracy  0.500000
ece       0.156250  noise floor 0.2512
mce       0.312500
piece            -

3 bins, convention calibra

bin               count    conf     acc      gap  accuracy #, confidence |
(0.0000, 0.3333]
(0.3333, 0.6667]      2  0.5000  0.5000   0.0000  ###############|
(0.6667, 1.0000]      2  0.8125  0.5000  -0.3125  ###############         |
)");
  CHECK(files.run(few + " --bins 3 --binning mass", {.locale = "C.UTF-8"}).out ==
        R"(4 samples, 3 classes, from probabilities

accuracy  0.500000
ece       0.281250  noise floor 0.2934
mce       0.875000
piece            -

3 equal-mass bins, convention calibra

bin               count    conf     acc      gap  accuracy █, confidence │
(0.0000, 0.6250]      2  0.5000  0.5000   0.0000  ███████████████│
(0.6250, 0.8125]      1  0.7500  1.0000   0.2500  ██████████████████████│███████
(0.8125, 1.0000]      1  0.8750  0.0000  -0.8750                            │
)");
}

TEST_CASE("report: lines fit 80 columns", "[cli]") {
  const small_workplace files;
  for (const char* more : {"", " --bins 40", " --classwise", " --binning mass", " --like netcal"}) {
    std::string text = files.run("eval p.npy y.npy --from probabilities" + std::string(more)).out;
    CHECK(text.size() > 500);
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      REQUIRE(end != std::string::npos);
      CHECK(end <= 80);
      text.erase(0, end + 1);
    }
  }
}

TEST_CASE("report: a bin of its own for confidence 1", "[cli]") {
  workplace files;
  files.write("c.csv", "1\n0.25\n");
  files.write("hit.csv", "1\n0\n");
  CHECK(files
            .run("eval c.csv hit.csv --from confidences --bins 2 --like torchmetrics --metrics ece "
                 "--format markdown")
            .out == R"(| metric | value |
|---|---:|
| ece | 0.125000 |

| bin | count | confidence | accuracy | gap |
|---|---:|---:|---:|---:|
| [0.0000, 0.5000) | 1 | 0.2500 | 0.0000 | -0.2500 |
| [0.5000, 1.0000) | 0 |  |  |  |
| [1.0000, 1.0000] | 1 | 1.0000 | 1.0000 | 0.0000 |
)");
}
