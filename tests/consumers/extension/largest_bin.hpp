#pragma once
#include <algorithm>
#include <calibra/metrics/metric.hpp>

/// A metric of the table: the share of samples in the fullest bin.
struct largest_bin {
  static constexpr calibra::metric_info info{.name = "largest_bin"};
  double of(const calibra::reliability_table& table) const {
    double most = 0;
    for (const calibra::reliability_bin& bin : table)
      most = std::max(most, bin.weight / table.total_weight());
    return most;
  }
};
