// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "calibra/detail/compensated_sum.hpp"
#include "calibra/error.hpp"
#include "calibra/evaluate/convention.hpp"
#include "calibra/options.hpp"
#include "calibra/table/classwise_table.hpp"
#include "calibra/table/reliability_table.hpp"
#include "calibra/table/row_record.hpp"
#include "calibra/table/sample.hpp"
#include "calibra/table/summary.hpp"

namespace calibra {

/// What kind of problem evidence is of.
enum class evidence_kind {
  classes,      ///< logits or probabilities, samples x classes
  binary,       ///< one probability a sample
  confidences,  ///< confidences with their hits: there is no predicted class
  labels,       ///< the labels of multi-label scores: tables of classes alone
};

/// The weighted mean of a row_term.
struct row_mean {
  std::string name;
  detail::compensated_sum sum, weight;
  bool infinite = false;

  void add(double term, double w) {
    if (term < std::numeric_limits<double>::infinity())
      sum += w * term;
    else
      infinite = infinite || w > 0;
    weight += w;
  }
  row_mean& operator+=(const row_mean& other) {
    sum += other.sum;
    weight += other.weight;
    infinite = infinite || other.infinite;
    return *this;
  }
  [[nodiscard]] double value() const {
    return infinite ? std::numeric_limits<double>::infinity() : sum.value() / weight.value();
  }
};

/// The tables of the classes on equal-mass bins of some of their pairs.
struct class_masses {
  class_cut cut;
  std::vector<reliability_table> tables;
};

/// What passes over scores and labels leave behind: the parts that metrics are functions of, each
/// there only if something asked for it. Mergeable, save for the order of the pairs: `a += b` gives
/// what one pass over both inputs gives. Made by evidence_of() or an evidence_accumulator, measured
/// by evaluate(), kept in files by to_bytes().
struct evidence {
  evidence_kind kind = evidence_kind::classes;
  calibra::precision precision = calibra::precision::float64;  ///< of the confidences
  std::size_t classes = 0;
  bin_options bins = {};
  convention_option like = {};

  std::uint64_t samples = 0;  ///< those that counted
  std::uint64_t skipped = 0;  ///< left out by nan_policy::count
  std::optional<summary> means = {};
  std::optional<reliability_table> table = {};
  std::optional<sample> pairs = {};
  std::optional<sample> row_pairs = {};  ///< of convention::row_pair
  std::optional<row_record> rows = {};   ///< options::keep_rows
  std::vector<row_mean> row_means = {};
  std::optional<classwise_table> class_table = {};
  /// Equal-mass tables of classes: final, so that they do not merge.
  std::vector<class_masses> masses = {};
  /// The pairs of every class: as much memory as the scores. They merge, and give any `masses`.
  std::vector<sample> class_pairs = {};

  /// Adds what was seen elsewhere. Throws option_error, and changes nothing, where the two were not
  /// made alike or a part does not add up.
  evidence& operator+=(const evidence& other) {
    check_mergeable(other);
    samples += other.samples;
    skipped += other.skipped;
    if (means) *means += *other.means;
    if (table) *table += *other.table;
    if (pairs) pairs->append(*other.pairs);
    if (rows) rows->append(*other.rows);
    for (std::size_t i = 0; i < row_means.size(); ++i) row_means[i] += other.row_means[i];
    if (class_table) *class_table += *other.class_table;
    for (std::size_t k = 0; k < class_pairs.size(); ++k)
      class_pairs[k].append(other.class_pairs[k]);
    return *this;
  }

 private:
  static void require(bool same, const char* what) {
    if (!same) throw option_error(detail::concat("evidence: cannot merge: expected ", what));
  }
  static void require_alike(const sample& a, const sample& b) {
    require(
        a.empty() || b.empty() ||
            (a.weighted() == b.weighted() && a.proximities().empty() == b.proximities().empty()),
        "weights and proximities in both or in neither");
  }
  void check_mergeable(const evidence& other) const {
    require(kind == other.kind, "scores of the same kind");
    require(classes == other.classes, "the same number of classes");
    require(precision == other.precision, "scores of the same precision");
    require(
        static_cast<bool>(like) == static_cast<bool>(other.like) && (!like || *like == *other.like),
        "the same convention");
    require(bins.equal_mass() == other.bins.equal_mass() && bins.bins == other.bins.bins &&
                bins.side == other.bins.side,
            "the same bins");
    require(!table == !other.table && (!table || table->bins() == other.table->bins()),
            "tables on the same bins");
    require(!means == !other.means && !pairs == !other.pairs &&
                !class_table == !other.class_table && row_means.size() == other.row_means.size() &&
                class_pairs.size() == other.class_pairs.size(),
            "the same parts, made for the same metrics");
    require(!class_table || class_table->bins() == other.class_table->bins(),
            "tables of classes on the same bins");
    require(!row_pairs && !other.row_pairs,
            "a convention whose pairs do not depend on all labels at once");
    require(masses.empty() && other.masses.empty(),
            "equal-mass tables of classes to come from kept pairs (evidence_of(), "
            "evidence_accumulator)");
    if (pairs) require_alike(*pairs, *other.pairs);
    require(!rows == !other.rows, "the rows kept in both or in neither");
    if (rows) rows->check_alike(*other.rows);
    for (std::size_t k = 0; k < class_pairs.size(); ++k)
      require_alike(class_pairs[k], other.class_pairs[k]);
  }
};

}  // namespace calibra
