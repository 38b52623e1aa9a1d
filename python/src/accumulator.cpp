// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "accumulator.hpp"

#include <utility>

#include "calibra/error.hpp"
#include "calibra/evaluate.hpp"
#include "calibra/evaluate/archive.hpp"
#include "calibra/evaluate/evidence_of.hpp"
#include "without_lock.hpp"

namespace calibra::python {

using calibra::detail::concat;

namespace {

/// Every sum of evidence, read and written in a fixed order.
class sum_walk {
 public:
  /// Reads those of evidence into `out`.
  static void read(const evidence& e, std::vector<double>& out) {
    out.push_back(static_cast<double>(e.samples));
    out.push_back(static_cast<double>(e.skipped));
    if (e.means) {
      const summary::parts p = e.means->state();
      out.push_back(static_cast<double>(p.count));
      for (const auto& sum : p.sums) out.push_back(sum.value());
      out.push_back(p.infinite ? 1 : 0);
    }
    for (const row_mean& m : e.row_means) {
      out.push_back(m.sum.value());
      out.push_back(m.weight.value());
      out.push_back(m.infinite ? 1 : 0);
    }
    if (!e.table) return;
    for (std::size_t b = 0; b < e.table->size(); ++b) read(e.table->sums(b), out);
    read(e.table->outside(), out);
    read(e.table->repeated(), out);
  }

  explicit sum_walk(const std::vector<double>& from) : from_(from) {}
  /// Puts the numbers into evidence that has none.
  void write(evidence& e) {
    e.samples = count();
    e.skipped = count();
    if (e.means) {
      summary::parts p;
      p.count = count();
      for (auto& sum : p.sums) sum = calibra::detail::compensated_sum(next());
      p.infinite = next() > 0;
      e.means = summary(p);
    }
    for (row_mean& m : e.row_means) {
      m.sum = calibra::detail::compensated_sum(next());
      m.weight = calibra::detail::compensated_sum(next());
      m.infinite = next() > 0;
    }
    if (!e.table) return;
    reliability_table filled(e.table->bins());
    for (std::size_t b = 0; b < filled.size(); ++b) filled.add_sums(b, of_bin());
    filled.add_outside_sums(of_bin());
    filled.add_repeated_sums(of_bin());
    e.table = std::move(filled);
  }

 private:
  static void read(const bin_sums& s, std::vector<double>& out) {
    for (const double x : {static_cast<double>(s.count), s.weight, s.squared_weight, s.confidence,
                           s.hits, s.squared_miss})
      out.push_back(x);
  }
  double next() { return from_[at_++]; }
  std::uint64_t count() { return static_cast<std::uint64_t>(next()); }
  bin_sums of_bin() {
    bin_sums s;
    s.count = count();
    for (double* x : {&s.weight, &s.squared_weight, &s.confidence, &s.hits, &s.squared_miss})
      *x = next();
    return s;
  }

  const std::vector<double>& from_;
  std::size_t at_ = 0;
};

}  // namespace

void accumulator::add(const data& d) {
  if (d.multilabel())
    throw option_error(concat(d.where(), ": multilabel: expected one label a sample"));
  options o = settings_.as_options(d.form() == score_form::confidences);
  expect_possible(d, settings_);
  d.put_columns(o);
  const metric_list list = settings_.asked_metrics();
  merge(without_lock(d.where(), o, [&] {
    const auto gather = [&](const auto&... given) { return evidence_of(given..., list, o); };
    if (d.form() == score_form::confidences)
      return d.with_confidences(
          [&](const auto& view) { return gather(confidences(view, d.labels())); });
    return d.with_scores([&](const auto& scores) { return gather(scores, d.labels()); });
  }));
}

void accumulator::merge(const accumulator& other) {
  if (other.evidence_) merge(evidence(*other.evidence_));
}

void accumulator::merge(evidence more) {
  if (evidence_)
    *evidence_ += more;
  else
    evidence_ = std::move(more);
}

result accumulator::compute(std::string from, std::vector<std::string> class_names) const {
  result out;
  static_cast<evaluation&>(out) = calibra::evaluate(so_far(), settings_.asked_metrics());
  if (!class_names.empty() && class_names.size() != out.classes)
    throw shape_error(concat(settings_.where, ": class_names: expected ", out.classes,
                             " names, got ", class_names.size()));
  out.class_names = std::move(class_names);
  out.from = std::move(from);
  out.made_with = settings_;
  return out;
}

const evidence& accumulator::so_far() const {
  if (!evidence_) throw option_error(concat(settings_.where, ": nothing was added"));
  return *evidence_;
}

std::string accumulator::bytes() const {
  return to_bytes(so_far());
}

evidence accumulator::nothing_of(bool binary, bool wide) const {
  const metric_list list = settings_.asked_metrics();
  options o = settings_.as_options(false);
  const unsigned char left_out = 0;
  o.valid = vector_view<const unsigned char>(&left_out, 1);
  const std::int64_t label = 0;
  const vector_view<const std::int64_t> labels(&label, 1);
  const auto of = [&]<class C>(C half) {
    const C row[] = {half, half};
    return binary ? evidence_of(binary_probabilities(vector_view<const C>(row, 1)), labels, list, o)
                  : evidence_of(probabilities(matrix_view<const C>(row, 1, 2)), labels, list, o);
  };
  evidence e = wide ? of(0.5) : of(0.5F);
  if (e.pairs || e.rows || e.row_pairs || e.class_table || !e.class_pairs.empty() ||
      !e.masses.empty())
    throw option_error(concat(settings_.where,
                              ": expected metrics that are made of sums over samples and bins of "
                              "equal width, and a convention that takes confidences as they are"));
  return e;
}

std::vector<std::int64_t> accumulator::form() const {
  const evidence& e = so_far();
  return {e.kind == evidence_kind::binary ? 1 : 0, e.precision == precision::float64 ? 1 : 0,
          static_cast<std::int64_t>(e.classes)};
}

std::vector<double> accumulator::sums() const {
  std::vector<double> out;
  sum_walk::read(so_far(), out);
  return out;
}

std::size_t accumulator::sum_count() const {
  std::vector<double> none;
  sum_walk::read(nothing_of(false, true), none);
  return none.size();
}

void accumulator::load_sums(const std::vector<std::int64_t>& form,
                            const std::vector<double>& sums) {
  if (form.size() != 3 || sums.size() != sum_count() || form[2] < 0)
    throw value_error(concat(settings_.where, ": expected ", sum_count(), " sums and 3 numbers, ",
                             "got ", sums.size(), " and ", form.size()));
  evidence e = nothing_of(form[0] != 0, form[1] != 0);
  e.classes = static_cast<std::size_t>(form[2]);
  sum_walk(sums).write(e);
  evidence_ = std::move(e);
}

void accumulator::load(std::string_view bytes) {
  try {
    // Which of the two conventions it is depends on the scores; only the name is in the bytes.
    evidence e = evidence_from_bytes(bytes, settings_.where, settings_.as_options(false).like);
    if (e.kind == evidence_kind::confidences) e.like = settings_.as_options(true).like;
    evidence_ = std::move(e);
  } catch (const io_error& e) {
    throw value_error(e.what());
  }
}

}  // namespace calibra::python
