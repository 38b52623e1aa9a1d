// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <type_traits>

#include "calibra/array/matrix.hpp"
#include "calibra/error.hpp"
#include "calibra/recalibration/one_against_rest.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/recalibration/venn_abers.hpp"
#include "model.hpp"
#include "without_lock.hpp"

namespace calibra::python {

using calibra::detail::concat;

namespace {

template<class C>
numbers kept(std::vector<C> column) {
  const auto owner = std::make_shared<const std::vector<C>>(std::move(column));
  return {owner, owner->data(), std::is_same_v<C, double>, {owner->size()}};
}
template<class C>
numbers kept(matrix<C> rows) {
  const auto owner = std::make_shared<const matrix<C>>(std::move(rows));
  const auto view = owner->view();
  return {owner, view.data(), std::is_same_v<C, double>, {view.rows(), view.cols()}};
}

options row_options_of(const data& d, const settings& s) {
  if (s.renormalise && d.form() != score_form::probabilities)
    throw option_error(concat(d.where(), ": renormalise: only for probabilities"));
  return s.as_options(false);
}

/// Leaves rows of a form as they are.
class unchanged final : public calibra::detail::row_mapping {
 public:
  explicit unchanged(row_form form) : form_(form) {}
  row_form reads() const noexcept override { return form_; }
  row_form makes() const noexcept override { return form_; }
  void map_rows(double*, std::size_t, std::size_t) const override {}

 private:
  row_form form_;
};

/// Calls write(row, numbers) for each row of scores, in a form; of several threads.
void with_rows_in(row_form form, const data& d, const options& o,
                  const calibra::detail::row_writer& write) {
  d.with_scores([&]<class S>(const S& scores) {
    calibra::detail::with_double_rows(
        d.where(), scores, o, [&](const calibra::detail::score_rows<double>& rows) {
          calibra::detail::map_all_rows(d.where(), S::kind, rows, o, unchanged(form), form, write);
        });
  });
}

std::size_t sample_count(const data& d) {
  std::size_t n = 0;
  d.with_scores([&](const auto& scores) { n = calibra::detail::score_view(scores).rows(); });
  return n;
}

}  // namespace

numbers transform(const model& m, const data& d, const settings& s, bool logits) {
  options o = row_options_of(d, s);
  const auto map = [&](const auto& of, const auto& scores, const auto&... more) {
    return logits ? kept(of.transform_logits(scores, more..., o))
                  : kept(of.transform(scores, more..., o));
  };
  return without_lock(d.where(), o, [&] {
    if (!m.alone)
      return d.with_scores(
          [&](const auto& scores) { return map(*m.with_proximity, scores, d.proximity()); });
    // As the type that it is, which is faster.
    if (const auto* t = dynamic_cast<const temperature_scaling*>(m.alone.get()))
      return d.with_matrix_scores([&](const auto& scores) { return map(*t, scores); });
    return d.with_scores([&](const auto& scores) { return map(*m.alone, scores); });
  });
}

numbers binary_scores(const data& d, const settings& s) {
  options o = row_options_of(d, s);
  if (d.one_number() || d.classes() != 2)
    throw shape_error(concat(d.where(), ": expected scores of 2 classes, got ", d.classes()));
  return without_lock(d.where(), o, [&] {
    std::vector<double> out(sample_count(d));
    const bool logits = d.form() == score_form::logits;
    with_rows_in(logits ? row_form::logits : row_form::probabilities, d, o,
                 [&](std::size_t row, const double* x) { out[row] = logits ? x[1] - x[0] : x[1]; });
    return kept(std::move(out));
  });
}

numbers venn_abers_bounds(const model& m, const data& d, const settings& s) {
  std::vector<const venn_abers*> of_class;
  if (const auto* one = dynamic_cast<const venn_abers*>(m.alone.get()))
    of_class.push_back(one);
  else if (const auto* all = dynamic_cast<const one_against_rest<venn_abers>*>(m.alone.get()))
    for (std::size_t k = 0; k < all->classes(); ++k) of_class.push_back(&all->of_class(k));
  if (of_class.empty())
    throw option_error(concat(d.where(), ": expected venn_abers, got ", m.name()));
  options o = row_options_of(d, s);
  return without_lock(d.where(), o, [&] {
    const std::size_t n = sample_count(d), k = of_class.size();
    d.with_scores([&]<class S>(const S&) {
      m.alone->check_takes(d.where(), S::kind, d.one_number() ? 1 : d.classes());
    });
    matrix<double> out(n, 2 * k);
    with_rows_in(row_form::probabilities, d, o, [&](std::size_t row, const double* p) {
      for (std::size_t j = 0; j < k; ++j) {
        const probability_interval i =
            p[j] == p[j] ? of_class[j]->interval(p[j]) : probability_interval{p[j], p[j]};
        out(row, 2 * j) = i.lower;
        out(row, 2 * j + 1) = i.upper;
      }
    });
    numbers made = kept(std::move(out));
    if (!d.one_number()) made.shape = {n, k, 2};
    return made;
  });
}

}  // namespace calibra::python
