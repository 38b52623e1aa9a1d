// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "calibra/detail/float_bits.hpp"
#include "calibra/table/classwise_table.hpp"
#include "calibra/table/reliability_table.hpp"

namespace calibra {

/// A reliability table a class, whatever bins they have: what metrics of classes are functions of.
/// Borrows the tables.
class class_tables {
 public:
  class_tables() = default;  ///< no classes
  explicit class_tables(const classwise_table& fixed) : fixed_(&fixed) {}
  explicit class_tables(const std::vector<reliability_table>& each) : each_(&each) {}
  explicit class_tables(const classwise_table&&) = delete;
  explicit class_tables(const std::vector<reliability_table>&&) = delete;

  [[nodiscard]] std::size_t size() const noexcept {
    return fixed_ != nullptr ? fixed_->classes() : each_ != nullptr ? each_->size() : 0;
  }
  /// The table of class k. k < size() is not checked.
  [[nodiscard]] reliability_table operator[](std::size_t k) const {
    return fixed_ != nullptr ? (*fixed_)[k] : (*each_)[k];
  }
  /// The tables as one on fixed bins, or null where each class has its own bins.
  [[nodiscard]] const classwise_table* fixed() const noexcept { return fixed_; }

  /// Mean over classes of value(table). A class without samples (or weight) counts as 0; NaN if
  /// there are none with any.
  template<class F>
  [[nodiscard]] double mean(const F& value) const {
    double sum = 0;
    bool any = false;
    for (std::size_t k = 0; k < size(); ++k) {
      const double x = value((*this)[k]);
      if (detail::is_nan(x)) continue;
      sum += x;
      any = true;
    }
    return any ? sum / static_cast<double>(size()) : std::numeric_limits<double>::quiet_NaN();
  }

 private:
  const classwise_table* fixed_ = nullptr;
  const std::vector<reliability_table>* each_ = nullptr;
};

}  // namespace calibra
