// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/evaluate/evidence.hpp"
#include "data.hpp"
#include "evaluate.hpp"
#include "settings.hpp"

namespace calibra::python {

/// Evidence that grows batch by batch.
class accumulator {
 public:
  /// Throws option_error for settings that make no sense.
  explicit accumulator(settings s) : settings_(std::move(s)) {
    static_cast<void>(settings_.as_options(false));
    static_cast<void>(settings_.asked_metrics());
  }

  /// Throws as evaluate(), and adds nothing then.
  void add(const data& d);
  /// Throws option_error where the two were not made alike.
  void merge(const accumulator& other);
  /// `from`: what the scores were, for reports. Throws option_error where nothing was added.
  result compute(std::string from, std::vector<std::string> class_names) const;
  void reset() { evidence_.reset(); }
  /// What was added, exactly. Throws option_error where nothing was.
  std::string bytes() const;
  /// What was added as numbers that add up: those of two accumulators are those of all their
  /// samples. Throws option_error where a metric needs more than sums over samples and bins. `form`
  /// goes with them.
  std::vector<double> sums() const;
  /// 0 or 1 of one number a sample, 0 or 1 of double, and the number of classes.
  std::vector<std::int64_t> form() const;
  /// How many sums there are.
  std::size_t sum_count() const;
  /// Takes such numbers in place of what was added. Throws value_error for others.
  void load_sums(const std::vector<std::int64_t>& form, const std::vector<double>& sums);
  /// Takes what bytes() gave of one with the same settings. Throws value_error for other bytes.
  void load(std::string_view bytes);

 private:
  const evidence& so_far() const;
  evidence nothing_of(bool binary, bool wide) const;
  void merge(evidence more);

  settings settings_;
  std::optional<evidence> evidence_;
};

}  // namespace calibra::python
