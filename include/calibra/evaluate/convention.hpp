// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "calibra/metrics/metric_list.hpp"
#include "calibra/options.hpp"
#include "calibra/table/binning.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/sample.hpp"

namespace calibra {

/// A choice of a convention in words: "mce" | "largest gap of a bin".
struct convention_setting {
  std::string_view what;
  std::string_view how;
  friend bool operator==(const convention_setting&, const convention_setting&) = default;
};

/// What is surprising in the implementation that a convention is named after.
struct convention_oddity {
  bool reproduced = true;  ///< the convention has it too, so that the numbers agree
  std::string_view what;
  friend bool operator==(const convention_oddity&, const convention_oddity&) = default;
};

/// A few words of a convention: a list that constants can hold. More than `most` do not compile.
template<class T>
class short_list {
 public:
  static constexpr std::size_t most = 16;
  constexpr short_list() = default;
  constexpr short_list(std::initializer_list<T> items) : size_(items.size()) {
    std::copy(items.begin(), items.end(), items_);
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr const T* begin() const noexcept { return items_; }
  [[nodiscard]] constexpr const T* end() const noexcept { return items_ + size_; }
  friend constexpr bool operator==(const short_list&, const short_list&) = default;

 private:
  T items_[most] = {};
  std::size_t size_ = 0;
};

/// The pair that stands for a row of class probabilities.
struct pair_of_row {
  bool kept = false;
  double confidence = 0;
  bool hit = false;
};

/// How a published implementation measures: a value, compared as one (its functions by address).
/// What is left empty is as the options say, which makes the default calibra's own definitions.
/// Copy one and change a member to make your own. Constants cost nothing where they are not used.
struct convention {
  std::string_view name = "calibra";
  std::string_view implementation = "calibra's own default, after Guo et al. 2017";
  std::string_view version = {};  ///< of the implementation, as it was compared

  /// Bins of equal width; `single`: for confidences of float or shorter scores.
  binning (*bins)(std::size_t count, bool single) = nullptr;
  /// The same for the tables of classes, where they differ.
  binning (*class_bins)(std::size_t count, bool single) = nullptr;
  /// The table on equal-mass bins of a sorted sample that is not empty.
  reliability_table (*mass_table)(const sample& sorted, std::size_t bins) = nullptr;
  /// What is done to the pairs before they are binned.
  sample (*prepare)(const sample& pairs) = nullptr;
  /// The pair that is binned, from the whole row: `label_weight` is the weight that each class has
  /// as a label. Samples of multi-class scores alone; such evidence does not merge.
  pair_of_row (*row_pair)(const double* p, std::size_t classes, std::size_t label,
                          const std::vector<double>& label_weight) = nullptr;
  /// Equal-mass tables of classes look at p > 0 alone.
  bool positive_probabilities_only = false;

  std::optional<edge_side> side = {};
  std::optional<binary_target> binary = {};
  /// On equal-mass bins, where that differs.
  std::optional<binary_target> binary_equal_mass = {};

  /// Makes the list of the metrics that are defined otherwise: each takes the place of the one of
  /// its name.
  metric_list (*metrics)() = nullptr;

  /// In words, for people.
  short_list<convention_setting> settings = {};
  short_list<convention_oddity> oddities = {};

  /// The same, but one number a sample is binned as `target`; none: as the options say.
  [[nodiscard]] convention binned_as(std::optional<binary_target> target) const {
    convention made = *this;
    made.binary = made.binary_equal_mass = target;
    return made;
  }

  friend bool operator==(const convention&, const convention&) = default;
};

}  // namespace calibra
