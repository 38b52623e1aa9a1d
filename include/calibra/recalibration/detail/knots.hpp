// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"

namespace calibra::detail {

/// A function from [0, 1] to [0, 1] by points: linear between them, constant outside.
class knots {
 public:
  knots() = default;
  /// Throws value_error unless x ascends strictly and x and y are probabilities, as many of each,
  /// at least one. `where` is what messages call the caller.
  knots(std::string_view where, std::vector<double> x, std::vector<double> y)
      : x_(std::move(x)), y_(std::move(y)) {
    if (x_.empty() || x_.size() != y_.size())
      throw value_error(concat(where, ": expected as many values as points, at least one, got ",
                               x_.size(), " points and ", y_.size(), " values"));
    for (std::size_t i = 0; i < x_.size(); ++i) {
      if (!(x_[i] >= 0 && x_[i] <= 1 && y_[i] >= 0 && y_[i] <= 1))
        throw value_error(
            concat(where, ": point ", i, ", (", x_[i], ", ", y_[i], "), is not in [0, 1]"));
      if (i != 0 && !(x_[i - 1] < x_[i]))
        throw value_error(concat(where, ": points ", i - 1, " and ", i, ", ", x_[i - 1], " and ",
                                 x_[i], ", do not ascend"));
    }
  }

  const std::vector<double>& x() const noexcept { return x_; }
  const std::vector<double>& y() const noexcept { return y_; }

  double operator()(double p) const {
    const auto above = std::upper_bound(x_.begin(), x_.end(), p);
    if (above == x_.begin()) return y_.front();
    if (above == x_.end()) return y_.back();
    const auto i = static_cast<std::size_t>(above - x_.begin());
    const double part = (p - x_[i - 1]) / (x_[i] - x_[i - 1]);
    return y_[i - 1] + part * (y_[i] - y_[i - 1]);
  }

 private:
  std::vector<double> x_{0}, y_{0};
};

}  // namespace calibra::detail
