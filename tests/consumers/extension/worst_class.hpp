#pragma once
#include <algorithm>
#include <calibra/metrics/ece.hpp>

/// A metric of classes: the largest ece of one.
struct worst_class {
  static constexpr calibra::metric_info info{.name = "worst_class"};
  double of(const calibra::class_tables& classes) const {
    double most = 0;
    for (std::size_t k = 0; k < classes.size(); ++k)
      most = std::max(most, calibra::ece(classes[k]));
    return most;
  }
};
