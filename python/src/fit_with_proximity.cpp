// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "calibra/recalibration/proximity_methods.hpp"
#include "model.hpp"

namespace calibra::python {

model fit_with_proximity(const data& d, const options& o, const std::string& method,
                         const named_options& named) {
  model fitted;
  d.with_scores([&](const auto& scores) {
    fitted.with_proximity =
        fit_proximity_by_name(method, scores, d.labels(), d.proximity(), o, named);
  });
  return fitted;
}

}  // namespace calibra::python
