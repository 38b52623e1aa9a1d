// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "calibra/calibra.hpp"
#include "drawn.hpp"

using namespace calibra;

namespace {

evidence example(const options& o = {}) {
  static const drawn<double> d(60, 3, 5);
  return evidence_of(logits(d.z), d.labels, all_metrics(), o);
}

}  // namespace

TEST_CASE("evidence comes back with all its bits", "[archive]") {
  const evidence e = example();
  const std::string bytes = to_bytes(e);
  CHECK(to_bytes(evidence_from_bytes(bytes, "memory")) == bytes);
}

TEST_CASE("other bytes are a sentence", "[archive]") {
  const std::string bytes = to_bytes(example());
  const auto refused = [](const std::string& b, const std::string& what) {
    CHECK_THROWS_AS(evidence_from_bytes(b, "run.evidence"), io_error);
    CHECK_THROWS_WITH(evidence_from_bytes(b, "run.evidence"),
                      Catch::StartsWith("run.evidence: ") && Catch::Contains(what));
  };
  refused("", "does not begin");
  refused("{\"calibra\": 1}", "does not begin");
  std::string other = bytes;
  other[other.find('1')] = '7';
  refused(other, "version 7");
  for (std::size_t n = bytes.find('\n') + 1; n < bytes.size(); n += 1 + n / 9)
    CHECK_THROWS_AS(evidence_from_bytes(bytes.substr(0, n), "cut"), io_error);
  for (std::size_t at = bytes.find('\n') + 1; at < bytes.size(); at += 1 + at / 7) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    CHECK_THROWS_AS(evidence_from_bytes(damaged, "damaged"), io_error);
  }
}

TEST_CASE("a convention is kept by name", "[archive]") {
  const std::string bytes = to_bytes(example({.like = conventions::torchmetrics}));
  CHECK_THROWS_WITH(evidence_from_bytes(bytes, "f"), Catch::Contains("made like torchmetrics"));
  const evidence e = evidence_from_bytes(bytes, "f", conventions::torchmetrics);
  const evaluation made = evaluate(example({.like = conventions::torchmetrics}));
  CHECK(evaluate(e)["ece"] == made["ece"]);
  CHECK(to_text(evaluate(e)) == to_text(made));
  CHECK(archived_convention(bytes, "f") == "torchmetrics");
  CHECK(archived_convention(to_bytes(example()), "f") == "");
  CHECK_THROWS_WITH(archived_convention("calibra", "f"),
                    "f: not evidence of calibra, or of another version");
  CHECK_THROWS_AS(archived_convention(bytes.substr(0, bytes.find('\n') + 3), "f"), io_error);
}

TEST_CASE("what evidence was collected for can be measured, and nothing else", "[archive]") {
  const drawn<double> d(60, 3, 5);
  const auto names = [](const metric_list& list) {
    std::vector<std::string> out;
    for (const any_metric& m : list) out.emplace_back(m.name());
    return out;
  };
  CHECK(names(measurable(example())) == names(all_metrics()));
  for (const metric_list& asked : {metric_list{nll}, metric_list{ece, ks_error}, metric_list{ace},
                                   metric_list{classwise_ece}}) {
    const evidence e = evidence_of(logits(d.z), d.labels, asked);
    const metric_list found = measurable(e);
    for (const any_metric& m : asked) CHECK(found.find(m.name()) != nullptr);
    for (const any_metric& m : all_metrics()) {
      const metric_list one{m};
      if (found.find(m.name()) != nullptr)
        CHECK_NOTHROW(evaluate(e, one));
      else
        CHECK_THROWS_AS(evaluate(e, one), option_error);
    }
  }
}

TEST_CASE("evidence that was made otherwise does not merge, and is left as it was", "[archive]") {
  evidence e = example();
  const std::string before = to_bytes(e);
  CHECK_THROWS_AS(e += example({.bins = 10}), option_error);
  CHECK_THROWS_AS(e += example({.scheme = bin_scheme::equal_mass}), option_error);
  CHECK_THROWS_AS(e += example({.like = conventions::netcal}), option_error);
  CHECK_THROWS_AS(e += example({.weights = std::vector<double>(60, 1.5)}), option_error);
  CHECK(to_bytes(e) == before);
}

TEST_CASE("weighted and unweighted pairs of classes do not merge", "[archive]") {
  const drawn<double> d(60, 3, 5);
  const metric_list list{classwise_ace};
  evidence e = evidence_of(logits(d.z), d.labels, list);
  const std::string before = to_bytes(e);
  const evidence weighted =
      evidence_of(logits(d.z), d.labels, list, {.weights = std::vector<double>(60, 1.5)});
  CHECK_THROWS_AS(e += weighted, option_error);
  CHECK(to_bytes(e) == before);
}

TEST_CASE("a table keeps the squared misses of its bins", "[archive]") {
  reliability_table t(binning::equal_width(2));
  t.add(0.25, true, 2);
  t.add(0.75, false);
  CHECK(t.squared_miss(0) == 2 * 0.75 * 0.75);
  CHECK(t.squared_miss(1) == 0.75 * 0.75);
  const drawn<double> d(300, 4, 8);
  const reliability_table whole = tabulate(logits(d.z), d.labels);
  double sum = 0;
  for (std::size_t b = 0; b < whole.size(); ++b) sum += whole.squared_miss(b);
  CHECK(sum / 300 == Approx(brier_top(logits(d.z), d.labels)).margin(1e-12));
}

TEST_CASE("evidence with a right checksum and wrong numbers is refused", "[archive]") {
  const drawn<double> d(60, 3, 5);
  const std::string bytes = to_bytes(evidence_of(logits(d.z), d.labels, {ece, ks_error}));
  const std::size_t start = detail::archive_title.size() + 8;  // behind the convention's name
  // The number at a place, counted in numbers, put to another; with the checksum that goes with it.
  const auto refused = [&](std::size_t place, std::uint64_t number, const std::string& what) {
    std::string other = bytes.substr(0, bytes.size() - 8);
    const auto put = [&](std::uint64_t x) {
      std::string text;
      for (unsigned byte = 0; byte < 8; ++byte) text += static_cast<char>(x >> 8 * byte & 0xff);
      return text;
    };
    other.replace(start + 8 * place, 8, put(number));
    other += put(detail::checksum(other));
    INFO(place);
    CHECK_THROWS_AS(evidence_from_bytes(other, "f"), io_error);
    CHECK_THROWS_WITH(evidence_from_bytes(other, "f"),
                      Catch::StartsWith("f: not evidence of calibra: ") && Catch::Contains(what));
  };
  refused(0, 4, "a choice that there is not");  // the kind of scores
  refused(1, 2, "a choice that there is not");  // the precision
  refused(3, 0, "no number of bins");           // the bins
  refused(3, std::uint64_t{1} << 62, "no number of bins");
  refused(4, 2, "a choice that there is not");  // the scheme
  refused(5, 2, "a choice that there is not");  // the side
  // Means: there are none. The table's bins, by 16 edges: behind 'edges', 'binning', samples,
  // skipped, no means, a table, bins by edges, their number.
  const std::size_t edges = 6 + 1 + 1 + 2 + 1 + 1 + 1 + 1;
  refused(edges + 2, std::bit_cast<std::uint64_t>(-1.0), "expected ascending edges");
  refused(edges, std::bit_cast<std::uint64_t>(std::nan("")), "expected ascending edges");
  // The number of hits stands behind the confidences and their number.
  const auto number_at = [&](std::size_t place) {
    std::uint64_t x = 0;
    for (unsigned byte = 8; byte-- > 0;)
      x = x << 8 | static_cast<unsigned char>(bytes.at(start + 8 * place + byte));
    return x;
  };
  std::size_t hits = 61;
  while (number_at(hits - 61) != 60 || number_at(hits) != 60) ++hits;
  std::string fewer = bytes.substr(0, bytes.size() - 8);
  fewer[start + 8 * hits] = 59;
  fewer.erase(start + 8 * hits + 8, 1);  // the first hit
  const std::uint64_t sum = detail::checksum(fewer);
  for (unsigned byte = 0; byte < 8; ++byte) fewer += static_cast<char>(sum >> 8 * byte & 0xff);
  CHECK_THROWS_WITH(evidence_from_bytes(fewer, "f"),
                    "f: not evidence of calibra: pairs whose parts differ in length");
  const std::string pair = bytes.substr(0, bytes.size() - 8);
  const sample pairs = *evidence_from_bytes(bytes, "f").pairs;
  std::string first(8, '\0');
  const auto bits = std::bit_cast<std::uint64_t>(pairs.confidence(0));
  for (unsigned byte = 0; byte < 8; ++byte)
    first[byte] = static_cast<char>(bits >> 8 * byte & 0xff);
  const std::size_t at = pair.find(first, start);
  REQUIRE(at != std::string::npos);
  REQUIRE((at - start) % 8 == 0);
  refused((at - start) / 8, std::bit_cast<std::uint64_t>(1e300), "no probability is near");
  refused((at - start) / 8, std::bit_cast<std::uint64_t>(-1.0), "is not a finite number >= 0");
  refused((at - start) / 8, std::bit_cast<std::uint64_t>(std::nan("")), "not a finite number");
}

TEST_CASE("evidence without a table is a sentence", "[archive]") {
  const auto without = [](const options& o, bool keep_pairs) {
    evidence e = example(o);
    REQUIRE(e.pairs);
    REQUIRE(e.means);
    e.table.reset();
    if (!keep_pairs) e.pairs.reset();
    return e;
  };
  const std::string in_memory =
      "evaluate(): expected evidence with a table of bins, or pairs to make one of, got neither";
  const std::string in_file =
      "f: not evidence of calibra: it has no table of bins, nor pairs to make one of";
  const options mass{.scheme = bin_scheme::equal_mass};
  for (const bool of_mass : {false, true}) {
    const evidence e = without(of_mass ? mass : options{}, false);
    CHECK_THROWS_AS(evaluate(e, {accuracy}), option_error);
    CHECK_THROWS_WITH(evaluate(e, {accuracy}), in_memory);
    CHECK_THROWS_AS(evidence_from_bytes(to_bytes(e), "f"), io_error);
    CHECK_THROWS_WITH(evidence_from_bytes(to_bytes(e), "f"), in_file);
  }
  // Pairs make the table where bins are of equal mass, and do not replace one of fixed bins.
  CHECK_NOTHROW(evaluate(evidence_from_bytes(to_bytes(without(mass, true)), "f"), {accuracy}));
  CHECK_THROWS_WITH(evaluate(without({}, true), {accuracy}), in_memory);
  CHECK_THROWS_WITH(evidence_from_bytes(to_bytes(without({}, true)), "f"), in_file);
  // A view that is made by hand says so too.
  evidence_needs table;
  table.table = true;
  CHECK_THROWS_AS(evidence_view(without({}, true), table), option_error);
}
