// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "calibra/version.hpp"

namespace calibra {

/// Which pairs (p_ik, [y_i = k]) of a class are cut into equal-mass bins.
struct class_cut {
  double threshold = 0;    ///< those with p above it alone
  bool keep_equal = true;  ///< those at it too
  friend bool operator==(const class_cut&, const class_cut&) = default;
  /// Whether a probability is kept.
  [[nodiscard]] constexpr bool keeps(double p) const noexcept {
    return p > threshold || (keep_equal && p == threshold);
  }
};

/// A number for every row of class probabilities, whose weighted mean is wanted. Only multi-class
/// scores have such rows; both functions are asked with the probabilities, their number and the
/// label, in the type that the scores are computed in.
struct row_term {
  std::string_view name;
  double (*of_floats)(const float* p, std::size_t classes, std::size_t label) = nullptr;
  double (*of_doubles)(const double* p, std::size_t classes, std::size_t label) = nullptr;
  friend bool operator==(const row_term&, const row_term&) = default;
};

namespace detail {

template<class X>
void add_once(std::vector<X>& all, const X& one) {
  for (const X& x : all)
    if (x == one) return;
  all.push_back(one);
}

}  // namespace detail

/// What a metric, or a list of them, asks a pass over the rows to leave behind.
struct evidence_needs {
  bool means = false;                      ///< summary
  bool table = false;                      ///< the table on the bins of the options
  bool mass_table = false;                 ///< the table on equal-mass bins
  bool pairs = false;                      ///< every (confidence, hit) pair
  bool record = false;                     ///< every row, for intervals
  bool classes = false;                    ///< a table a class, on the bins of the options
  bool fixed_classes = false;              ///< a table a class on fixed bins, whatever the scheme
  std::vector<class_cut> class_cuts = {};  ///< a table a class on equal-mass bins of these pairs
  std::vector<row_term> row_terms = {};    ///< means of terms of whole rows

  evidence_needs& operator|=(const evidence_needs& other) {
    means = means || other.means;
    table = table || other.table;
    mass_table = mass_table || other.mass_table;
    pairs = pairs || other.pairs;
    record = record || other.record;
    classes = classes || other.classes;
    fixed_classes = fixed_classes || other.fixed_classes;
    for (const class_cut& cut : other.class_cuts) detail::add_once(class_cuts, cut);
    for (const row_term& term : other.row_terms) detail::add_once(row_terms, term);
    return *this;
  }
};

}  // namespace calibra
