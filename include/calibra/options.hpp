// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/array/column.hpp"
#include "calibra/table/binning.hpp"

namespace calibra {

struct convention;  // calibra/evaluate/convention.hpp

/// How many threads work on a call. Results do not depend on it (1e-12 on every metric).
struct threads {
  unsigned n = 1;
};

/// How confidences are cut into bins.
enum class bin_scheme {
  equal_width,  ///< the same width, or the given edges
  equal_mass,   ///< the same number of samples: cuts at order statistics
};

/// What a binary score of class 1 is turned into before it is binned.
enum class binary_target {
  positive_class,  ///< (P(y = 1), y): scikit-learn, torchmetrics, netcal
  top_label,       ///< (max(p, 1 - p), the likelier class is right)
};

/// What to do with a sample whose scores hold NaN or +inf.
enum class nan_policy {
  reject,  ///< throw value_error naming row and column
  count,   ///< leave the sample out; evaluate(), evidence and accumulators say how many, as
           ///< `skipped`
};

/// A function that is called with the number of rows done. Copies share the function.
class progress_hook {
 public:
  progress_hook() = default;
  template<class F>
  requires(!std::same_as<std::remove_cvref_t<F>, progress_hook> &&
           std::is_invocable_v<std::remove_cvref_t<F>&, std::uint64_t>)
      progress_hook(F&& f) {  // NOLINT(google-explicit-constructor): an option takes the function
    using function = std::remove_cvref_t<F>;
    if constexpr (std::is_constructible_v<bool, const function&> && !std::is_pointer_v<function>)
      if (!static_cast<bool>(f)) return;
    function_ = std::make_shared<function>(std::forward<F>(f));
    call_ = [](void* g, std::uint64_t rows) { (*static_cast<function*>(g))(rows); };
  }
  explicit operator bool() const noexcept { return function_ != nullptr; }
  void operator()(std::uint64_t rows) const { call_(function_.get(), rows); }

 private:
  std::shared_ptr<void> function_;
  void (*call_)(void*, std::uint64_t) = nullptr;
};

/// Whose definitions a call uses: a convention, kept as a copy. Empty: calibra's own.
class convention_option {
 public:
  convention_option() = default;
  template<std::same_as<convention> C>
  convention_option(const C& c)  // NOLINT(google-explicit-constructor): an option takes the value
      : convention_(std::make_shared<const C>(c)) {}
  explicit operator bool() const noexcept { return convention_ != nullptr; }
  const convention& operator*() const { return *convention_; }
  const convention* operator->() const { return convention_.get(); }

 private:
  std::shared_ptr<const convention> convention_;
};

/// Which samples count, and how rows are walked: what functions take that make no bins.
struct row_options {
  /// Weight of each sample: 0, or between 1e-100 and 1e100. None: all weigh the same.
  optional_column<double> weights = {};
  /// Samples with this label are left out (the void label of a segmentation mask).
  std::optional<std::int64_t> ignore_label = {};
  /// Samples whose entry is 0 are left out.
  optional_column<unsigned char> valid = {};
  /// One number a sample, for metrics that use it (piece).
  optional_column<double> proximity = {};
  /// Which rows belong together, those of one document or patient: intervals draw them together.
  optional_column<std::int64_t> cluster = {};
  /// Which part of the data a row is of, where intervals draw each part by itself.
  optional_column<std::int64_t> stratum = {};
  nan_policy nan = nan_policy::reject;
  /// Divide probability rows by their sum instead of rejecting rows that do not sum to 1.
  bool renormalise = false;
  binary_target binary = binary_target::positive_class;
  calibra::threads threads = {1};
  /// Called after every block of rows with the number of rows in it, by whichever thread did them:
  /// it must be safe to call from several at once. A call that needs several passes over the
  /// scores counts every row once a pass.
  progress_hook progress = {};
};

/// How confidences are cut into bins.
struct bin_options {
  /// Number of bins. Metrics of equal-mass bins and piece always use it, the others where neither
  /// `edges` nor `binning` is given.
  std::size_t bins = 15;
  bin_scheme scheme = bin_scheme::equal_width;
  edge_side side = edge_side::right_closed;
  /// Explicit edges, ascending and covering [0, 1], instead of `bins`.
  std::vector<double> edges = {};
  /// Bins of any other kind, instead of `bins` and `edges`.
  std::optional<calibra::binning> binning = {};

  /// Whether bins are cut at order statistics.
  bool equal_mass() const { return scheme == bin_scheme::equal_mass && edges.empty() && !binning; }
  /// The bins that do not depend on the sample.
  calibra::binning fixed() const {
    if (binning) return *binning;
    return edges.empty() ? calibra::binning::equal_width(bins, side)
                         : calibra::binning::from_edges(edges, side);
  }
};

/// What every metric of scores and labels can be told: the members of bin_options and row_options
/// in one, meant for designated initialisers: `ece(logits(z), y, {.bins = 20, .threads = {2}})`.
struct options {
  std::size_t bins = 15;                                 ///< see bin_options
  bin_scheme scheme = bin_scheme::equal_width;           ///< see bin_options
  edge_side side = edge_side::right_closed;              ///< see bin_options
  std::vector<double> edges = {};                        ///< see bin_options
  std::optional<calibra::binning> binning = {};          ///< see bin_options
  optional_column<double> weights = {};                  ///< see row_options
  std::optional<std::int64_t> ignore_label = {};         ///< see row_options
  optional_column<unsigned char> valid = {};             ///< see row_options
  optional_column<double> proximity = {};                ///< see row_options
  optional_column<std::int64_t> cluster = {};            ///< see row_options
  optional_column<std::int64_t> stratum = {};            ///< see row_options
  nan_policy nan = nan_policy::reject;                   ///< see row_options
  bool renormalise = false;                              ///< see row_options
  binary_target binary = binary_target::positive_class;  ///< see row_options
  calibra::threads threads = {1};                        ///< see row_options
  progress_hook progress = {};                           ///< see row_options
  /// Whose definitions are used: `conventions::netcal`, ... calibra's own by default. A convention
  /// that has a side, or says what binary scores become, wins over `side` and `binary`.
  convention_option like = {};
  /// evaluate() also gives the tables of every class.
  bool per_class = false;
  /// evidence_of() keeps every row, for intervals(): see row_record.
  bool keep_rows = false;

  row_options for_rows() const {
    return {.weights = weights,
            .ignore_label = ignore_label,
            .valid = valid,
            .proximity = proximity,
            .cluster = cluster,
            .stratum = stratum,
            .nan = nan,
            .renormalise = renormalise,
            .binary = binary,
            .threads = threads,
            .progress = progress};
  }
  bin_options for_bins() const {
    return {.bins = bins, .scheme = scheme, .side = side, .edges = edges, .binning = binning};
  }
  operator row_options() const {  // NOLINT(google-explicit-constructor): the part for rows
    return for_rows();
  }
  /// The bins that do not depend on the sample.
  calibra::binning fixed_bins() const { return for_bins().fixed(); }
};

}  // namespace calibra
