// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Batches, shards and ranks: every one fills a table of its own, and tables are added up.
#include <calibra/calibra.hpp>
#include <cstdio>
#include <vector>

int main() {
  using batch = std::vector<std::vector<float>>;
  const std::vector<batch> batches = {{{3.0f, 0.0f}, {0.5f, 0.4f}, {0.0f, 2.0f}},
                                      {{1.0f, 0.0f}, {0.0f, 4.0f}}};
  const std::vector<std::vector<int>> labels = {{0, 1, 1}, {1, 1}};

  //[ merge
  calibra::reliability_table whole(calibra::binning::equal_width(10));
  calibra::summary means;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const auto scores = calibra::logits(batches[i]);
    whole += calibra::tabulate(scores, labels[i], {.bins = 10});
    means += calibra::summarise(scores, labels[i]);
  }
  //]
  std::printf("%llu samples\n", static_cast<unsigned long long>(whole.count()));
  std::printf("ECE %.4f, RMSCE %.4f\n", calibra::ece(whole), calibra::rmsce(whole));
  std::printf("NLL %.4f, Brier %.4f\n", means.nll(), means.brier());

  // What needs the whole sample keeps (confidence, hit) pairs: four bytes each.
  //[ append
  calibra::sample pairs;
  for (std::size_t i = 0; i < batches.size(); ++i)
    pairs.append(calibra::collect(calibra::logits(batches[i]), labels[i]));
  pairs.sort();
  //]
  std::printf("ACE %.4f, KS %.4f\n", calibra::ace(pairs, {.bins = 2}), calibra::ks_error(pairs));
}

// Output:
// 5 samples
// ECE 0.2881, RMSCE 0.4065
// NLL 0.4503, Brier 0.3307
// ACE 0.2404, KS 0.2512
