#pragma once
#include <calibra/metrics/metric.hpp>

/// A metric of the pairs.
struct median_confidence {
  static constexpr calibra::metric_info info{.name = "median_confidence"};
  double of(const calibra::sample& ascending) const {
    return ascending.confidence(ascending.size() / 2);
  }
};
