// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <calibra/table/reliability_table.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

/// Scores and labels that a peer was given, in double and as float.
struct dataset {
  std::string name;
  bool binary = false;
  std::size_t classes = 0;
  std::vector<double> p;  ///< row-major; one column if binary
  std::vector<float> p32;
  std::vector<std::int64_t> labels;
  std::vector<double> proximity;

  std::size_t rows() const { return labels.size(); }
  dataset reversed() const;
  dataset first(std::size_t n) const;
};

/// The test half of examples/data/digits in `folder`: softmax of the logits in double.
dataset load_digits(const std::string& folder);

/// Why a peer's value is not compared.
struct not_compared : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// calibra's value for the metric that a peer's entry names, under that peer's preset. Throws
/// not_compared for what calibra does not claim to reproduce.
std::vector<double> value_like(const std::string& peer, const std::string& metric,
                               const dataset& data, bool single);

/// The peer's reliability table under its preset.
std::vector<calibra::reliability_bin> table_like(const std::string& peer, std::size_t bins,
                                                 const dataset& data, bool single);

/// The preset for a peer's name in the golden files.
std::string preset_of(const std::string& peer);
