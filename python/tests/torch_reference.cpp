// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What the C++ functions give, for the tests of pycalibra.torch: reads questions from standard
// input and prints the answers, a line each.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/loss/angular_separation_loss.hpp"
#include "calibra/loss/avuc_loss.hpp"
#include "calibra/loss/confidence_penalty_loss.hpp"
#include "calibra/loss/dca_loss.hpp"
#include "calibra/loss/dispersion_loss.hpp"
#include "calibra/loss/dor_loss.hpp"
#include "calibra/loss/focal_loss.hpp"
#include "calibra/loss/kgcoop_loss.hpp"
#include "calibra/loss/label_smoothing_loss.hpp"
#include "calibra/loss/margin_smoothing_loss.hpp"
#include "calibra/loss/mdca_loss.hpp"
#include "calibra/loss/mmce_loss.hpp"
#include "calibra/loss/moment_matching_loss.hpp"
#include "calibra/loss/orthogonality_loss.hpp"
#include "calibra/loss/soft_avuc_loss.hpp"
#include "calibra/loss/soft_binned_ece_loss.hpp"
#include "calibra/loss/zero_shot_normalised.hpp"
#include "calibra/loss/zero_shot_range_penalty_loss.hpp"
#include "calibra/outlier/dynamic_outlier_regularization.hpp"
#include "calibra/outlier/feature_divergence.hpp"
#include "calibra/outlier/selector.hpp"
#include "calibra/outlier/wordnet.hpp"
#include "calibra/scores.hpp"

namespace {

using calibra::matrix;

template<class T>
T read() {
  T value;
  if (!(std::cin >> value)) throw std::runtime_error("expected more input");
  return value;
}

matrix<double> read_matrix() {
  const auto rows = read<std::size_t>(), cols = read<std::size_t>();
  matrix<double> values(rows, cols);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; k < cols; ++k) values(i, k) = read<double>();
  return values;
}

std::vector<std::string> read_lines() {
  const auto count = read<std::size_t>();
  std::string line;
  std::getline(std::cin, line);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i) {
    std::getline(std::cin, line);
    lines.push_back(line);
  }
  return lines;
}

void print(double value) {
  std::printf("%.17g ", value);
}
void print(const matrix<double>& values) {
  for (std::size_t i = 0; i < values.rows(); ++i)
    for (std::size_t k = 0; k < values.cols(); ++k) print(values(i, k));
}

/// A name and its options, then logits or probabilities and labels.
void loss() {
  const auto name = read<std::string>();
  const auto kind = read<std::string>();
  const double a = read<double>(), b = read<double>(), c = read<double>();
  const matrix<double> x = read_matrix();
  std::vector<int> y(x.rows());
  for (int& label : y) label = read<int>();
  matrix<double> g(x.rows(), x.cols());
  const auto value = [&](const auto& s) -> double {
    if (name == "mmce_loss")
      return calibra::mmce_loss(s, y, g, {.bandwidth = a, .weighted = b != 0, .squared = c != 0});
    if (name == "soft_binned_ece_loss")
      return calibra::soft_binned_ece_loss(
          s, y, g, {.bins = static_cast<std::size_t>(a), .temperature = b, .norm = c});
    if (name == "mdca_loss") return calibra::mdca_loss(s, y, g);
    if (name == "dca_loss") return calibra::dca_loss(s, y, g);
    if (name == "avuc_loss")
      return b != 0 ? calibra::avuc_loss(s, y, g, {.threshold = a}) : calibra::avuc_loss(s, y, g);
    if (name == "soft_avuc_loss")
      return calibra::soft_avuc_loss(s, y, g, {.kappa = a, .temperature = b});
    if (name == "focal_loss")
      return calibra::focal_loss(s, y, g,
                                 {.gamma = a,
                                  .schedule = b != 0 ? calibra::focal_schedule::flsd_53
                                                     : calibra::focal_schedule::constant});
    if (name == "confidence_penalty_loss")
      return calibra::confidence_penalty_loss(s, y, g, {.weight = a});
    if (name == "label_smoothing_loss")
      return calibra::label_smoothing_loss(s, y, g, {.smoothing = a});
    throw std::runtime_error("no loss " + name);
  };
  if (name == "margin_smoothing_loss")
    print(calibra::margin_smoothing_loss(calibra::logits(x), y, g, {.margin = a, .weight = b}));
  else
    print(kind == "logits" ? value(calibra::logits(x)) : value(calibra::probabilities(x)));
  print(g);
}

void feature_loss() {
  const auto name = read<std::string>();
  const matrix<double> x = read_matrix();
  if (name == "feature_divergence") return print(calibra::feature_divergence(x, 3));
  matrix<double> g(x.rows(), x.cols());
  if (name == "dispersion_loss")
    print(calibra::dispersion_loss(x, g));
  else if (name == "orthogonality_loss")
    print(calibra::orthogonality_loss(x, g));
  else
    print(calibra::angular_separation_loss(x, g));
  print(g);
}

void pair_loss() {
  const auto name = read<std::string>();
  const double a = read<double>(), b = read<double>();
  const matrix<double> x = read_matrix(), z = read_matrix();
  matrix<double> g(x.rows(), x.cols());
  if (name == "zero_shot_normalised")
    return print(calibra::zero_shot_normalised(calibra::logits(x), calibra::logits(z)));
  if (name == "dor_loss")
    print(calibra::dor_loss(x, z, g));
  else if (name == "kgcoop_loss")
    print(calibra::kgcoop_loss(x, z, g));
  else if (name == "moment_matching_loss")
    print(calibra::moment_matching_loss(x, z, g, {.mean = a, .covariance = b}));
  else
    print(calibra::zero_shot_range_penalty_loss(calibra::logits(x), calibra::logits(z), g));
  print(g);
}

/// The batches of a functor, its state and its loss with second moments for its own features.
void batches() {
  const auto seed = read<std::uint64_t>();
  const auto batch = read<std::size_t>(), count = read<std::size_t>();
  const double gamma = read<double>();
  const matrix<double> features = read_matrix(), tuned = read_matrix();
  const std::vector<std::string> names = read_lines();
  calibra::dynamic_outlier_regularization<matrix<double>> dor(
      {names, features, {}}, {.batch = batch, .lambda = 3, .seed = seed, .gamma = gamma});
  for (std::size_t t = 0; t < count; ++t) {
    for (const std::size_t id : dor.sample()) std::printf("%zu ", id);
    std::printf("\n");
  }
  std::printf("%s\n", calibra::to_text(dor.state()).c_str());
  print(dor(tuned));
}

void normalised_names() {
  for (const std::string& name : read_lines())
    std::printf("[%s]\n", calibra::normalised_name(name).c_str());
}

void select() {
  const auto rule = read<std::string>();
  const auto seed = read<std::uint64_t>();
  const auto count = read<std::size_t>();
  const matrix<double> base = read_matrix(), features = read_matrix();
  const std::vector<std::string> names = read_lines(), out = read_lines();
  calibra::excluded_names excluded;
  excluded.add(out);
  calibra::outlier_selector selector(base, excluded,
                                     {.count = count,
                                      .rule = rule == "nearest"    ? calibra::outlier_rule::nearest
                                              : rule == "farthest" ? calibra::outlier_rule::farthest
                                                                   : calibra::outlier_rule::random,
                                      .seed = seed});
  selector.add(std::span<const std::string>(names), features);
  const auto bank = selector.select();
  for (std::size_t i = 0; i < bank.names.size(); ++i)
    std::printf("%.17g %.9g %s\n", bank.scores[i], static_cast<double>(bank.features(i, 0)),
                bank.names[i].c_str());
}

void nouns() {
  const bool single = read<int>() != 0;
  const auto least = read<std::size_t>();
  const std::string path = read_lines().at(0);
  for (const std::string& noun : calibra::read_wordnet_nouns(path, {single, least}))
    std::printf("%s\n", noun.c_str());
}

}  // namespace

int main() {
  try {
    for (std::string question; std::cin >> question;) {
      if (question == "loss")
        loss();
      else if (question == "feature_loss")
        feature_loss();
      else if (question == "pair_loss")
        pair_loss();
      else if (question == "batches")
        batches();
      else if (question == "names")
        normalised_names();
      else if (question == "select")
        select();
      else if (question == "nouns")
        nouns();
      else
        throw std::runtime_error("no question " + question);
      std::printf("\n");
    }
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
}
