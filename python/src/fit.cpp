// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include <cmath>

#include "calibra/error.hpp"
#include "calibra/recalibration/methods.hpp"
#include "model.hpp"
#include "without_lock.hpp"

namespace calibra::python {

using calibra::detail::concat;

fit_result fit_model(const data& d, const settings& s, const std::string& method,
                     const named_options& options, std::size_t folds) {
  if (s.renormalise && d.form() != score_form::probabilities)
    throw option_error(concat(d.where(), ": renormalise: only for probabilities"));
  calibra::options o = s.as_options(false);
  d.put_columns(o);
  fit_result out = without_lock(d.where(), o, [&] {
    fit_result found;
    if (takes_proximity(method)) {
      found.fitted = fit_with_proximity(d, o, method, options);
      return found;
    }
    d.with_scores([&](const auto& scores) {
      std::string chosen = method;
      if (method == "auto") {
        found.choice = choose_method(scores, d.labels(), o, {.folds = folds});
        chosen = found.choice->chosen;
      }
      found.fitted.alone = fit_by_name(chosen, scores, d.labels(), o, options);
    });
    return found;
  });
  const fit_report& r = out.fitted.report();
  if (std::isnan(r.objective_before) && !r.converged)
    throw value_error(concat(d.where(), ": no samples left of ", d.labels().size(),
                             " that have a weight above zero"));
  return out;
}

}  // namespace calibra::python
