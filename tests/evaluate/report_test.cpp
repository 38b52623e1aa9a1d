// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What a report says is what the evaluation holds; letter by letter where it is small.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "calibra/calibra.hpp"
#include "drawn.hpp"

using namespace calibra;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

const std::vector<std::vector<double>> p{
    {0.125, 0.75, 0.125}, {0.5, 0.25, 0.25}, {0.25, 0.25, 0.5}, {0.0625, 0.0625, 0.875}};
const std::vector<int> y{1, 1, 2, 0};

evaluation small(const options& o = {.bins = 3}) {
  return evaluate(probabilities(p), y, {ece, accuracy, piece, mce}, o);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

}  // namespace

TEST_CASE("report: all of it", "[report]") {
  const evaluation e = small();
  CHECK(to_text(e, {.ascii = true, .from = "probabilities", .convention = "calibra"}) ==
        R"(4 samples, 3 classes, from probabilities

ece       0.156250  noise floor 0.2512
accuracy  0.500000
piece            -
mce       0.312500

3 bins, convention calibra

bin               count    conf     acc      gap  accuracy #, confidence |
(0.0000, 0.3333]
(0.3333, 0.6667]      2  0.5000  0.5000   0.0000  ###############|
(0.6667, 1.0000]      2  0.8125  0.5000  -0.3125  ###############         |
)");
  CHECK(to_text(e) == R"(4 samples, 3 classes

ece       0.156250  noise floor 0.2512
accuracy  0.500000
piece            -
mce       0.312500

3 bins

bin               count    conf     acc      gap  accuracy █, confidence │
(0.0000, 0.3333]
(0.3333, 0.6667]      2  0.5000  0.5000   0.0000  ███████████████│
(0.6667, 1.0000]      2  0.8125  0.5000  -0.3125  ███████████████         │
)");
}

TEST_CASE("report: parts", "[report]") {
  const evaluation e = small({.bins = 3, .per_class = true});
  CHECK(to_text(e, {.metrics = false, .bins = false, .classes = false}) ==
        "4 samples, 3 classes\n");
  CHECK(to_text(e, {.counts = false, .bins = false, .classes = false}) ==
        "ece       0.156250  noise floor 0.2512\naccuracy  0.500000\npiece            -\nmce       "
        "0.312500\n");
  CHECK(to_text(e, {.counts = false, .metrics = false, .classes = false}) == to_text(e.table));
  CHECK(to_text(e, {.counts = false, .metrics = false, .bins = false}) ==
        "class  ece\n    0  0.265625\n    1  0.171875\n    2  0.437500\n");
  CHECK(to_text(e, {.counts = false, .metrics = false, .bins = false, .classes = false}) == "");
  CHECK(to_text(e, {.counts = false, .metrics = false, .bins = false, .worst_classes = 2}) ==
        "class  ece\n    2  0.437500\n    0  0.265625\n");
  // Of class 2: 0.125 and 0.25 in the first bin, the hit of 0.5 in the second, 0.875 in the last.
  CHECK(to_text(e, {.counts = false,
                    .metrics = false,
                    .bins = false,
                    .classes = false,
                    .class_bins = true,
                    .worst_classes = 1,
                    .bar_width = 4,
                    .ascii = true}) == R"(class 2, ece 0.437500

bin               count    conf     acc      gap  accuracy #, confidence |
(0.0000, 0.3333]      2  0.1875  0.0000  -0.1875  |
(0.3333, 0.6667]      1  0.5000  1.0000   0.5000  ##|#
(0.6667, 1.0000]      1  0.8750  0.0000  -0.8750     |
)");
  // All parts, set off by empty lines.
  CHECK(to_text(e, {.class_bins = true}) ==
        to_text(small()) + "\n" +
            to_text(e, {.counts = false, .metrics = false, .bins = false, .class_bins = true}));
  CHECK(count(to_text(e, {.class_bins = true}), "\nclass ") == 4);
}

TEST_CASE("report: bars and worst bins", "[report]") {
  const evaluation e = small();
  CHECK(to_text(e.table, {.worst_bins = 1, .bar_width = 0, .convention = "calibra"}) ==
        R"(worst 1 of 3 bins, convention calibra

bin               count    conf     acc      gap
(0.6667, 1.0000]      2  0.8125  0.5000  -0.3125
)");
  const std::vector<std::string> all = lines_of(to_text(e.table, {.worst_bins = 9}));
  REQUIRE(all.size() == 5);
  CHECK(all[0] == "worst 2 of 3 bins");
  CHECK(all[3].substr(0, 16) == "(0.6667, 1.0000]");
  CHECK(all[4].substr(0, 16) == "(0.3333, 0.6667]");
  const evaluation mass = small({.bins = 2, .scheme = bin_scheme::equal_mass});
  CHECK(lines_of(to_text(mass.table, {.equal_mass = true}))[0] == "2 equal-mass bins");
  CHECK(lines_of(to_text(small({.bins = 1}).table))[0] == "1 bin");
  CHECK(to_text(e.table, {.side = edge_side::left_closed}).find("[0.3333, 0.6667)") !=
        std::string::npos);

  // Every width: as many full cells as the accuracy has, and the mark where the confidence is.
  const drawn<float> d(300, 3, 4);
  const reliability_table table = tabulate(logits(d.z), d.labels, {.bins = 7});
  for (const std::size_t width : std::vector<std::size_t>{1, 2, 9, 50, 200}) {
    const auto lines = lines_of(to_text(table, {.bar_width = width, .ascii = true}));
    REQUIRE(lines.size() == 10);
    for (std::size_t b = 0; b < 7; ++b) {
      const reliability_bin bin = table[b];
      if (bin.count == 0) {
        CHECK(lines[b + 3].size() == 16);
        continue;
      }
      const auto w = static_cast<double>(width);
      const auto mark = static_cast<std::size_t>(std::floor(bin.confidence * w));
      std::string bar(static_cast<std::size_t>(std::round(bin.accuracy * w)), '#');
      if (bar.size() <= mark) bar.resize(mark + 1, ' ');
      bar[mark] = '|';
      CHECK(lines[b + 3].substr(50) == bar);
    }
  }
}

TEST_CASE("report: the numbers are those of the evaluation", "[report]") {
  const drawn<double> d(500, 4, 6);
  const evaluation e =
      evaluate(logits(d.z), d.labels, {.bins = 12, .weights = d.weights, .per_class = true});
  const std::string text = to_text(e);
  const std::vector<std::string> lines = lines_of(text);
  CHECK(text.ends_with("\n"));
  CHECK(lines[0] == "500 samples, 4 classes");
  std::size_t at = 2;
  for (const metric_value& m : e) {
    std::istringstream in(lines.at(at++));
    std::string name, value;
    in >> name >> value;
    CHECK(name == m.name);
    if (std::isnan(m.value))
      CHECK(value == "-");
    else
      CHECK(std::stod(value) == Approx(m.value).margin(0.6e-6));
  }
  CHECK(lines.at(at + 1) == "12 bins");
  at += 4;
  for (const reliability_bin& bin : e.table) {
    std::istringstream in(lines.at(at++));
    char skip;
    double lower, upper, confidence, hit_rate, gap;
    std::size_t samples;
    in >> skip >> lower >> skip >> upper >> skip;
    CHECK(lower == Approx(bin.lower).margin(0.6e-4));
    CHECK(upper == Approx(bin.upper).margin(0.6e-4));
    if (!(in >> samples >> confidence >> hit_rate >> gap)) {
      CHECK(bin.weight == 0);
      continue;
    }
    CHECK(samples == bin.count);
    CHECK(confidence == Approx(bin.confidence).margin(0.6e-4));
    CHECK(hit_rate == Approx(bin.accuracy).margin(0.6e-4));
    CHECK(gap == Approx(bin.gap()).margin(0.6e-4));
  }
  CHECK(lines.at(at + 1) == "class  ece");
  CHECK(lines.size() == at + 2 + 4);
  for (const std::string& line : lines_of(to_text(e, {.class_bins = true, .ascii = true})))
    CHECK(line.size() <= 80);
}

TEST_CASE("report: batch by batch as at once", "[report]") {
  const drawn<double> d(500, 4, 9);
  evidence_accumulator sum(all_metrics(), {.bins = 10});
  for (std::size_t first = 0; first < 500; first += 100) {
    const auto part = d.part(first, first + 100);
    sum.add(logits(part.z), part.labels);
  }
  CHECK(to_text(sum.result()) == to_text(evaluate(logits(d.z), d.labels, {.bins = 10})));
}

TEST_CASE("report: nothing, NaN and large numbers", "[report]") {
  const std::string empty = R"(1 bin

bin               count    conf     acc      gap  accuracy █, confidence │
(0.0000, 1.0000]
)";
  CHECK(to_text(evaluation{}) == "0 samples\n\n" + empty);
  CHECK(to_text(reliability_table(binning::equal_width(1))) == empty);
  CHECK(to_text(reliability_table(binning::equal_width(1)), {.worst_bins = 3}) ==
        R"(worst 0 of 1 bin

bin  count    conf     acc      gap  accuracy █, confidence │
)");
  evaluation e;
  e.samples = 1;
  e.skipped = 2;
  e.metrics = {{"a", nan_value},
               {"long_name", -0.5},
               {"b", std::numeric_limits<double>::infinity()},
               {"c", 2e9}};
  e.ece_per_class = {nan_value, 0.25};
  CHECK(to_text(e, {.bins = false, .class_bins = true}) ==
        "1 sample, 2 skipped\n\n"
        "a                     -\n"
        "long_name     -0.500000\n"
        "b                   inf\n"
        "c          2.000000e+09\n\n"
        "class  ece\n"
        "    0  \n"
        "    1  0.250000\n");
  CHECK(to_text(e, {.counts = false, .metrics = false, .bins = false, .worst_classes = 2}) ==
        "class  ece\n    1  0.250000\n");
  e.class_names = {"caf\xc3\xa9 noir", "tea"};
  CHECK(to_text(e, {.counts = false, .metrics = false, .bins = false}) ==
        "class      ece\n"
        "caf\xc3\xa9 noir  \n"
        "tea        0.250000\n");
  e.class_names = {"tea"};  // the others have their numbers
  CHECK(to_text(e, {.counts = false, .metrics = false, .bins = false}) ==
        "class  ece\ntea    \n    1  0.250000\n");
  CHECK(e.class_name(0) == "tea");
  CHECK(e.class_name(1) == "1");
}

TEST_CASE("report: labels", "[report]") {
  const std::vector<std::vector<double>> q{{0.25}, {0.75}, {0.5}};
  const std::vector<std::vector<int>> present{{0}, {1}, {-1}};
  const evaluation one =
      evaluate(multilabel_probabilities(q), present, {.ignore_label = -1, .per_class = true});
  CHECK(one.multilabel);
  CHECK(to_text(one, {.metrics = false, .bins = false, .from = "probabilities"}) ==
        "3 samples, 1 labels, from probabilities, 2 entries\n\nclass  ece\n    0  0.250000\n");
  CHECK(!small().multilabel);
}

TEST_CASE("report: bins by a rule say which end is theirs", "[report]") {
  const drawn<float> d(400, 3, 8);
  for (const convention* like : conventions::all()) {
    if (!like->side) continue;
    for (const std::size_t bins : std::vector<std::size_t>{2, 10, 15}) {
      const evaluation e = evaluate(logits(d.z), d.labels, {ece}, {.bins = bins, .like = *like});
      INFO(like->name << ", " << bins << " bins");
      CHECK(to_text(e) == to_text(e, {.side = *like->side}));
    }
  }
  const evaluation own = evaluate(confidences(std::vector<double>{1, 0.25}, std::vector<int>{1, 0}),
                                  {ece}, {.bins = 2, .like = conventions::torchmetrics});
  const std::string text = to_text(own);
  for (const char* interval : {"[0.0000, 0.5000)", "[0.5000, 1.0000)", "[1.0000, 1.0000]"})
    CHECK(text.find(interval) != std::string::npos);
}
