#pragma once
#include <calibra/evaluate/convention.hpp>

#include "halves.hpp"

/// A convention: two bins, and an ece that is the largest gap.
struct largest_gap {
  static constexpr calibra::metric_info info{.name = "ece"};
  double of(const calibra::reliability_table& table) const {
    double most = 0;
    for (const calibra::reliability_bin& bin : table)
      if (bin.weight > 0) most = std::max(most, bin.gap() < 0 ? -bin.gap() : bin.gap());
    return most;
  }
};
inline calibra::binning two_bins(std::size_t, bool) {
  return halves{};
}
inline calibra::metric_list our_metrics() {
  return {largest_gap{}};
}
inline constexpr calibra::convention ours{
    .name = "ours", .implementation = "our own", .bins = &two_bins, .metrics = &our_metrics};
