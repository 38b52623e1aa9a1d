// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "device_suite.hpp"

#include <catch2/catch.hpp>
#include <numeric>

// The accumulators that fill on a device: no synchronisation before read(), one copy at it, and
// what the host gives.

using namespace suite;
using Catch::Contains;

namespace {

constexpr at::ScalarType dtypes[] = {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16};
constexpr score_kind single_label[] = {score_kind::logits, score_kind::probabilities,
                                       score_kind::binary_logits, score_kind::binary_probabilities};
constexpr score_kind by_column[] = {score_kind::logits, score_kind::probabilities,
                                    score_kind::multilabel_logits,
                                    score_kind::multilabel_probabilities};

/// A batch on the host, and how it is to be treated.
struct scenario {
  std::string name;
  batch data;
  calibra::options rows;  // without weights and mask
  std::uint64_t skipped = 0;
};

/// What there is to choose for a kind of scores.
std::vector<scenario> scenarios(score_kind kind, at::ScalarType dtype) {
  std::vector<scenario> all;
  const auto add = [&](std::string name) -> scenario& {
    all.push_back({std::move(name), random_batch(kind, dtype, 7 + all.size()), {}});
    return all.back();
  };
  add("as it is");
  {
    scenario& s = add("weights, a mask of bytes, int32 labels");
    const std::int64_t n = s.data.scores.size(0);
    s.data.weights = random_weights(n, 3).to(at::kFloat);
    s.data.valid = at::arange(n).remainder(5).ne(2).to(at::kByte);
    s.data.labels = s.data.labels.to(at::kInt);
    // What is left out may be anything.
    const at::Tensor gone = s.data.valid.eq(0);
    s.data.labels.index_put_({gone}, at::scalar_tensor(99, at::kInt));
    s.data.scores.index_put_({gone}, at::scalar_tensor(quiet_nan, s.data.scores.options()));
  }
  {
    scenario& s = add("ignored labels, given edges, a mask of bool, uint8 labels");
    s.rows.edges = given_edges();
    s.rows.ignore_label = is_binary(kind) || is_multilabel(kind) ? 7 : 3;
    s.data.labels = s.data.labels.to(at::kByte);
    s.data.labels.view(-1).slice(0, 0, s.data.labels.numel(), 11).fill_(*s.rows.ignore_label);
    s.data.valid = at::arange(s.data.scores.size(0)).ne(13);
  }
  {
    scenario& s = add("left-closed, transposed, weights of float64");
    s.rows.side = calibra::edge_side::left_closed;
    s.data.weights = random_weights(s.data.scores.size(0), 5);
    s.data = s.data.laid_out(layout::transposed);
  }
  {
    scenario& s = add("stepped, integer weights, confidence of the top label");
    s.rows.binary = calibra::binary_target::top_label;
    s.data.weights = at::arange(s.data.scores.size(0)).remainder(4);
    s.data = s.data.laid_out(layout::stepped);
  }
  if (!is_multilabel(kind)) {
    scenario& s = add("rows with NaN and inf are counted");
    s.rows.nan = calibra::nan_policy::count;
    for (std::int64_t i = 3; i < s.data.scores.size(0); i += 17, ++s.skipped) {
      const at::Tensor row = s.data.scores[i];
      (row.dim() == 0 ? row : row[1]).fill_(i % 2 == 0 ? quiet_nan : infinity);
    }
  }
  if (kind == score_kind::logits) {
    scenario& s = add("masked classes");
    for (std::int64_t i = 0; i < s.data.scores.size(0); i += 3) {
      s.data.scores[i][4] = -infinity;
      s.data.labels[i] = i % 4;
    }
  }
  if (kind == score_kind::probabilities) {
    scenario& s = add("renormalised");
    s.rows.renormalise = true;
    s.data.scores = s.data.scores * 4;
  }
  return all;
}

constexpr std::int64_t uneven[] = {1, 0, 237, 64, 98};

/// Fills `stream` batch by batch; `with`: calls its add() for a batch.
template<class Add>
void fill(const batch& b, Add add) {
  std::int64_t first = 0;
  for (const std::int64_t n : uneven) {
    add(b.rows(first, n));
    first += n;
  }
  REQUIRE(first == b.scores.size(0));
}

/// The same in the layout of the host's tensors, which a copy between devices may lose.
batch sent(const batch& host) {
  batch there = host.to(stage::device());
  const auto keep = [&](at::Tensor& t, const at::Tensor& like) {
    if (!t.defined() || t.dim() == 0) return;
    if (like.stride(0) > like.size(t.dim() - 1))
      t = arranged(t, layout::stepped);
    else if (like.stride(0) == 1 && like.dim() == 2)
      t = arranged(t, layout::transposed);
  };
  keep(there.scores, host.scores);
  keep(there.labels, host.labels);
  return there;
}

/// add() in uneven batches, and read(): each with what it may do.
template<class Stream, class With>
auto streamed(const scenario& s, With with) {
  const batch there = sent(s.data);
  Stream stream(s.rows);
  stage::start();
  fill(there, [&](const batch& b) {
    with(b, [&](const auto& scores) { stream.add(scores, b.labels, b.options()); });
  });
  const stage::seen before = stage::stop();
  INFO(before.text);
  CHECK(before.forbidden == 0);
  CHECK(stream.rows() == s.data.scores.size(0));
  stage::start(/*reading=*/true);
  auto result = stream.read();
  const stage::seen reading = stage::stop();
  INFO(reading.text);
  CHECK(reading.forbidden == stage::copies_of_a_read());
  CHECK(stream.skipped() == s.skipped);
  return result;
}

template<class F>
void each_scenario(const score_kind (&kinds)[4], F f) {
  for (const score_kind kind : kinds)
    for (const at::ScalarType dtype : dtypes)
      for (const scenario& s : scenarios(kind, dtype)) {
        INFO(name(kind) << ", " << calibra::detail::dtype_name(dtype) << ", " << s.name);
        f(s, tolerance(dtype));
      }
}

constexpr auto as_scores = [](const batch& b, auto f) { return with_scores(b, f); };
constexpr auto as_columns = [](const batch& b, auto f) { return with_columns(b, f); };

/// Whether a stream takes scores of this kind.
template<class Stream, class S>
constexpr bool takes =
    std::is_same_v<std::remove_cvref_t<Stream>, calibra::device_classwise_table> ||
    !calibra::detail::is_multilabel<S>;

/// A batch on the device whose element i of `what` is wrong.
batch with_fault(batch b, const std::string& what, std::int64_t i) {
  b = b.each([](const at::Tensor& t) { return t.clone(); });
  if (what == "label") b.labels[i] = 7;
  if (what == "negative label") b.labels[i] = -1;
  if (what == "weight") b.weights[i] = -1;
  if (what == "NaN weight") b.weights[i] = quiet_nan;
  if (what == "infinite weight") b.weights[i] = infinity;
  if (what == "NaN") b.scores[i][2] = quiet_nan;
  if (what == "inf") b.scores[i][2] = infinity;
  if (what == "masked row") b.scores[i].fill_(-infinity);
  if (what == "range") b.scores[i][1] = -0.25;
  if (what == "sum") b.scores[i].mul_(0.5);
  return b;
}

}  // namespace

TEST_CASE("a device table fills as the host's does", "[device]") {
  each_scenario(single_label, [](const scenario& s, double tolerance) {
    const auto expected = with_scores(s.data, [&](const auto& scores) {
      return calibra::tabulate(scores, s.data.labels, s.data.with(s.rows));
    });
    REQUIRE(expected.count() > 100);
    CHECK(difference(streamed<calibra::device_table>(s, as_scores), expected, tolerance) == "");
  });
}

TEST_CASE("a device summary adds up what the host's does", "[device]") {
  each_scenario(single_label, [](const scenario& s, double tolerance) {
    const auto expected = with_scores(s.data, [&](const auto& scores) {
      return calibra::summarise(scores, s.data.labels, s.data.with(s.rows));
    });
    CHECK(difference(streamed<calibra::device_summary>(s, as_scores), expected, tolerance) == "");
  });
}

TEST_CASE("a device sample is the host's", "[device]") {
  each_scenario(single_label, [](const scenario& s, double tolerance) {
    const auto expected = with_scores(s.data, [&](const auto& scores) {
      return calibra::collect(scores, s.data.labels, s.data.with(s.rows));
    });
    CHECK(difference(streamed<calibra::device_sample>(s, as_scores), expected, tolerance) == "");
  });
}

TEST_CASE("a device classwise table fills as the host's does", "[device]") {
  each_scenario(by_column, [](const scenario& s, double tolerance) {
    const auto expected = with_columns(s.data, [&](const auto& scores) {
      return calibra::tabulate_classes(scores, s.data.labels, s.data.with(s.rows));
    });
    REQUIRE(expected.samples() > 100);
    CHECK(difference(streamed<calibra::device_classwise_table>(s, as_columns), expected,
                     tolerance) == "");
  });
}

TEST_CASE("a label of probability 0 costs an infinite likelihood", "[device]") {
  const at::Tensor p = at::tensor({1.0, 0.0, 0.5, 0.5}, at::kDouble).reshape({2, 2});
  const at::Tensor y = at::tensor({1, 0}, at::kLong);
  calibra::device_summary sums;
  sums.add(calibra::probabilities(p.to(stage::device())), y.to(stage::device()));
  CHECK(sums.read().nll() == infinity);
  CHECK(sums.read().brier() == calibra::brier(calibra::probabilities(p), y));
  const at::Tensor free = at::tensor({0, 1}, at::kLong);
  calibra::device_summary weightless;
  weightless.add(calibra::probabilities(p.to(stage::device())), y.to(stage::device()),
                 {.weights = free.to(stage::device())});
  CHECK(close(weightless.read().nll(), std::log(2.0), 1e-15));
}

TEST_CASE("the order of a batch's rows does not change a bit of its sums", "[device]") {
  const score_kind kind = GENERATE(score_kind::logits, score_kind::probabilities);
  const at::ScalarType dtype = GENERATE(at::kFloat, at::kDouble);
  const bool weighted = GENERATE(false, true);
  batch b = random_batch(kind, dtype, 23, {1000, 5});
  if (weighted) b.weights = random_weights(1000, 31) / 3;
  std::vector<std::int64_t> order(1000);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(5));
  const auto bits = [&](const batch& host) {
    const batch there = host.to(stage::device());
    calibra::device_table table;
    calibra::device_classwise_table classes;
    with_columns(there, [&](const auto& scores) {
      if constexpr (!calibra::detail::is_multilabel<decltype(scores)>) {
        table.add(scores, there.labels, there.options());
        classes.add(scores, there.labels, there.options());
      }
    });
    std::vector<double> all;
    const auto take = [&](const calibra::reliability_table& t) {
      for (std::size_t i = 0; i < t.size(); ++i)
        for (const double x : {static_cast<double>(t[i].count), t[i].weight, t.squared_weight(i),
                               t[i].confidence, t[i].accuracy})
          all.push_back(std::isnan(x) ? -1 : x);
    };
    take(table.read());
    const calibra::classwise_table tables = classes.read();
    for (std::size_t k = 0; k < tables.classes(); ++k) take(tables[k]);
    return all;
  };
  CHECK(bits(b) == bits(b.taken(order)));
}

TEST_CASE("a batch is cut into parts without a change", "[device]") {
  // More elements than the classwise table and the integer sums take at once.
  const std::int64_t k = 1500, n = 1500;
  const at::Tensor z = at::arange(n * k, at::kFloat).remainder(97).div(9).reshape({n, k});
  const at::Tensor y = at::arange(n).remainder(k);
  calibra::device_classwise_table classes;
  classes.add(calibra::logits(z.to(stage::device())), y.to(stage::device()));
  const auto expected = calibra::tabulate_classes(calibra::logits(z), y);
  const auto got = classes.read();
  CHECK(difference(got.micro(), expected.micro(), 1e-6) == "");
  const at::Tensor p = at::full({(1 << 20) + 5}, 0.25, at::kDouble);
  calibra::device_table table;
  table.add(calibra::binary_probabilities(p.to(stage::device())),
            at::zeros({p.size(0)}, at::kLong).to(stage::device()));
  CHECK(table.read().count() == static_cast<std::uint64_t>(p.size(0)));
  CHECK(calibra::ece(table.read()) == 0.25);
}

TEST_CASE("merged streams are one stream", "[device]") {
  for (const score_kind kind : by_column) {
    INFO(name(kind));
    batch host = random_batch(kind, at::kDouble, 41);
    host.weights = random_weights(400, 2);
    const batch b = host.to(stage::device());
    const auto both = [&](auto make) {
      auto whole = make(), first = make(), second = make(), none = make();
      const auto add = [](auto& stream, const batch& part) {
        with_columns(part, [&](const auto& scores) {
          if constexpr (takes<decltype(stream), decltype(scores)>)
            stream.add(scores, part.labels, part.options());
        });
      };
      add(whole, b);
      add(first, b.rows(0, 150));
      add(second, b.rows(150, 250));
      none += first;
      none += make();
      none += second;
      CHECK(none.rows() == 400);
      CHECK(difference(none.read(), whole.read(), 1e-14) == "");
    };
    both([] { return calibra::device_classwise_table(); });
    if (is_multilabel(kind)) continue;
    both([] { return calibra::device_table(); });
    both([] { return calibra::device_summary(); });
    both([] { return calibra::device_sample(); });
  }
  calibra::device_table ten({.bins = 10});
  CHECK_THROWS_AS(ten += calibra::device_table(), calibra::option_error);
  calibra::device_classwise_table classes({.bins = 10});
  CHECK_THROWS_AS(classes += calibra::device_classwise_table(), calibra::option_error);
}

TEST_CASE("streams of other widths do not merge", "[device]") {
  const auto stream = [](score_kind kind, std::int64_t k) {
    calibra::device_classwise_table t;
    const batch b = random_batch(kind, at::kFloat, 1, {20, k}).to(stage::device());
    with_columns(b, [&](const auto& scores) { t.add(scores, b.labels); });
    return t;
  };
  using enum score_kind;
  auto seven = stream(logits, 7);
  CHECK_THROWS_AS(seven += stream(logits, 8), calibra::shape_error);
  CHECK_THROWS_AS(seven += stream(multilabel_logits, 7), calibra::shape_error);
  auto labels = stream(multilabel_logits, 7);
  CHECK_THROWS_AS(labels += stream(multilabel_logits, 5), calibra::shape_error);
  auto two = stream(logits, 2);
  CHECK_THROWS_AS(two += stream(multilabel_logits, 2), calibra::shape_error);
  CHECK_THROWS_AS(two += stream(multilabel_logits, 1), calibra::shape_error);
  const batch b = random_batch(multilabel_logits, at::kFloat, 1, {20, 2}).to(stage::device());
  CHECK_THROWS_AS(two.add(calibra::multilabel_logits(b.scores), b.labels), calibra::shape_error);
  CHECK(two.read().samples() == 20);
  CHECK(labels.read().classes() == 7);
}

TEST_CASE("a stream that was reset is a new one", "[device]") {
  calibra::device_classwise_table t({.nan = calibra::nan_policy::count});
  const batch labels =
      random_batch(score_kind::multilabel_logits, at::kFloat, 1).to(stage::device());
  t.add(calibra::multilabel_logits(labels.scores), labels.labels);
  t.reset();
  batch classes = random_batch(score_kind::logits, at::kFloat, 1, {50, 3}).to(stage::device());
  classes.scores[4][1] = quiet_nan;
  t.add(calibra::logits(classes.scores), classes.labels);
  CHECK(t.rows() == 50);
  CHECK(t.read().classes() == 3);
  CHECK(t.read().samples() == 49);
  CHECK(t.skipped() == 1);
}

TEST_CASE("bad input is found when a stream is read, with its row", "[device]") {
  struct fault {
    std::string what, sentence;
    score_kind kind = score_kind::logits;
  };
  const fault faults[] = {
      {"label", "the label is not in [0, 7)"},
      {"negative label", "the label is not in [0, 7)"},
      {"weight", "the weight is not in [0, inf)"},
      {"NaN weight", "the weight is not in [0, inf)"},
      {"infinite weight", "the weight is not in [0, inf)"},
      {"NaN", "a score is not finite"},
      {"inf", "a score is not finite"},
      {"masked row", "every logit is -inf"},
      {"range", "a probability is not in [0, 1]", score_kind::probabilities},
      {"NaN", "a score is not finite", score_kind::probabilities},
      {"sum", "the probabilities do not sum to 1", score_kind::probabilities},
  };
  for (const fault& f : faults) {
    INFO(f.what);
    batch host = random_batch(f.kind, at::kFloat, 3);
    host.weights = random_weights(400, 4);
    const batch good = host.to(stage::device());
    const batch bad = with_fault(with_fault(good.rows(100, 300), f.what, 23), f.what, 150);
    const auto check = [&](auto first, auto second) {
      const auto add = [](auto& stream, const batch& b) {
        with_columns(b, [&](const auto& scores) {
          if constexpr (takes<decltype(stream), decltype(scores)>)
            stream.add(scores, b.labels, b.options());
        });
      };
      add(first, good.rows(0, 100));
      stage::start();
      add(second, bad);
      CHECK(stage::stop().forbidden == 0);
      CHECK_THROWS_AS(second.read(), calibra::value_error);
      const std::string alone = message([&] { second.read(); });
      CHECK_THAT(alone, Contains(f.sentence) && Contains("row 23") && !Contains("row 230"));
      first += second;
      const std::string merged = message([&] { first.read(); });
      CHECK_THAT(merged, Contains(f.sentence) && Contains("row 123"));
    };
    check(calibra::device_table(), calibra::device_table());
    check(calibra::device_summary(), calibra::device_summary());
    check(calibra::device_sample(), calibra::device_sample());
    check(calibra::device_classwise_table(), calibra::device_classwise_table());
  }
}

TEST_CASE("the first of several faults is told", "[device]") {
  const batch good = random_batch(score_kind::logits, at::kFloat, 3).to(stage::device());
  calibra::device_table table;
  const batch bad = with_fault(with_fault(good, "NaN", 9), "label", 11);
  table.add(calibra::logits(bad.scores), bad.labels);
  CHECK_THAT(message([&] { table.read(); }), Contains("row 9") && Contains("not finite"));
  table.reset();
  table.add(calibra::logits(good.scores), good.labels);
  CHECK(table.read().count() == 400);
}

TEST_CASE("bad entries of multi-label input are found with their column", "[device]") {
  batch b = random_batch(score_kind::multilabel_probabilities, at::kFloat, 3).to(stage::device());
  calibra::device_classwise_table t;
  t.add(calibra::multilabel_probabilities(b.scores), b.labels);
  SECTION("target") {
    b.labels[12][3] = 2;
    t.add(calibra::multilabel_probabilities(b.scores), b.labels);
    CHECK_THAT(message([&] { t.read(); }), Contains("[0, 2), at row 412, column 3"));
  }
  SECTION("probability") {
    b.scores[12][5] = 1.5;
    t.add(calibra::multilabel_probabilities(b.scores), b.labels);
    CHECK_THAT(message([&] { t.read(); }),
               Contains("not in [0, 1]") && Contains("at row 412, column 5"));
  }
  SECTION("shape and type of the targets") {
    CHECK_THROWS_AS(t.add(calibra::multilabel_probabilities(b.scores), b.labels.narrow(1, 0, 3)),
                    calibra::shape_error);
    CHECK_THROWS_AS(t.add(calibra::multilabel_probabilities(b.scores), b.labels.to(at::kFloat)),
                    calibra::shape_error);
    CHECK_THROWS_AS(t.add(calibra::multilabel_probabilities(b.scores), at::Tensor()),
                    calibra::shape_error);
    CHECK(t.read().samples() == 400);
  }
}

TEST_CASE("shapes, types and devices are checked before anything is added", "[device]") {
  const batch b = random_batch(score_kind::logits, at::kFloat, 3).to(stage::device());
  calibra::device_table table;
  calibra::device_sample sample;
  table.add(calibra::logits(b.scores), b.labels);
  sample.add(calibra::logits(b.scores), b.labels);
  const std::vector<int> host(400, 1);
  const auto refused = [&](auto&& labels, const calibra::device_batch_options& with = {}) {
    CHECK_THROWS_AS(sample.add(calibra::logits(b.scores), labels, with), calibra::error);
    return message([&] { table.add(calibra::logits(b.scores), labels, with); });
  };
  CHECK_THAT(refused(host), Contains("labels in host memory") && Contains("[400, 7] float32 on "));
  CHECK_THAT(refused(b.labels, {.weights = host}), Contains("weights in host memory"));
  CHECK_THAT(refused(b.labels, {.valid = host}), Contains("mask entries in host memory"));
  CHECK_THAT(refused(b.labels.narrow(0, 0, 10)),
             Contains("expected 400 labels") && Contains("got 10"));
  CHECK_THAT(refused(b.labels, {.weights = at::ones({3}, b.scores.options())}),
             Contains("expected 400 weights"));
  CHECK_THROWS_AS(table.add(calibra::logits(b.scores), b.scores.select(1, 0)),
                  calibra::value_error);
  CHECK_THROWS_AS(table.add(calibra::logits(b.scores.narrow(1, 0, 5)), b.labels),
                  calibra::shape_error);
  CHECK_THROWS_AS(table.add(calibra::logits(b.scores.narrow(1, 0, 0)), b.labels),
                  calibra::shape_error);
  if (!stage::device().is_cpu()) {
    CHECK_THAT(refused(b.labels.to(at::kCPU)), Contains("labels are [400] int64 on cpu"));
    CHECK_THROWS_AS(table.add(calibra::logits(b.scores.to(at::kCPU)), b.labels.to(at::kCPU)),
                    calibra::value_error);
  }
  // Samples with weights do not go with samples that have none.
  const at::Tensor ones = at::ones({400}, b.scores.options());
  CHECK_THROWS_AS(sample.add(calibra::logits(b.scores), b.labels, {.weights = ones}),
                  calibra::shape_error);
  calibra::device_sample weighted;
  weighted.add(calibra::logits(b.scores), b.labels, {.weights = ones});
  CHECK_THROWS_AS(sample += weighted, calibra::shape_error);
  CHECK(table.rows() == 400);
  CHECK(sample.rows() == 400);
  CHECK(table.read().count() == 400);
  CHECK(sample.read().size() == 400);
  CHECK_THROWS_AS(calibra::device_table({.scheme = calibra::bin_scheme::equal_mass}),
                  calibra::option_error);
  CHECK_THROWS_AS(calibra::device_classwise_table({.scheme = calibra::bin_scheme::equal_mass}),
                  calibra::option_error);
  CHECK_THROWS_AS(calibra::device_table({.bins = 0}), calibra::option_error);
}

TEST_CASE("nothing added gives nothing", "[device]") {
  CHECK(std::isnan(calibra::ece(calibra::device_table().read())));
  CHECK(std::isnan(calibra::device_summary().read().accuracy()));
  CHECK(calibra::device_sample().read().empty());
  CHECK(std::isnan(calibra::classwise_ece(calibra::device_classwise_table().read())));
  const batch none = random_batch(score_kind::logits, at::kFloat, 3).to(stage::device()).rows(0, 0);
  calibra::device_table table;
  calibra::device_summary means;
  calibra::device_sample pairs;
  calibra::device_classwise_table classes;
  table.add(calibra::logits(none.scores), none.labels);
  means.add(calibra::logits(none.scores), none.labels);
  pairs.add(calibra::logits(none.scores), none.labels);
  classes.add(calibra::logits(none.scores), none.labels);
  CHECK(std::isnan(calibra::ece(table.read())));
  CHECK(std::isnan(means.read().nll()));
  CHECK(pairs.read().empty());
  CHECK(std::isnan(calibra::classwise_ece(classes.read())));
  CHECK(classes.read().classes() == 7);
}

TEST_CASE("gradients are not recorded", "[device]") {
  batch b = random_batch(score_kind::logits, at::kFloat, 3).to(stage::device());
  const at::Tensor leaf = b.scores.detach().clone().set_requires_grad(true);
  calibra::device_table table;
  table.add(calibra::logits(leaf * 2), b.labels);
  calibra::device_sample pairs;
  pairs.add(calibra::logits(leaf * 2), b.labels);
  CHECK(table.read().count() == 400);
  CHECK(pairs.read().size() == 400);
}
