// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Batches, shards and ranks: every one is added as it comes, or fills a table of its own, and
// tables are added up.
#include <calibra/calibra.hpp>
#include <cstdio>
#include <iostream>
#include <vector>

int main() {
  using batch = std::vector<std::vector<float>>;
  const std::vector<batch> batches = {{{3.0f, 0.0f}, {0.5f, 0.4f}, {0.0f, 2.0f}},
                                      {{1.0f, 0.0f}, {0.0f, 4.0f}}};
  const std::vector<std::vector<int>> labels = {{0, 1, 1}, {1, 1}};

  //[ accumulate
  calibra::evidence_accumulator seen({calibra::accuracy, calibra::nll, calibra::ece, calibra::ace},
                                     {.bins = 5});
  for (std::size_t i = 0; i < batches.size(); ++i) seen.add(calibra::logits(batches[i]), labels[i]);
  const calibra::evaluation e = seen.result();
  std::cout << calibra::to_text(e, {.from = "logits"}) << '\n';
  //]
  //[ worst
  std::cout << calibra::to_text(e.table, {.worst_bins = 2, .bar_width = 20, .ascii = true}) << '\n';
  for (const calibra::reliability_bin& bin : e.table)
    if (bin.count > 0) std::cout << bin.upper << ": " << bin.gap() << '\n';
  //]

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
// 5 samples, 2 classes, from logits
//
// accuracy  0.600000
// nll       0.450265
// ece       0.288131  noise floor 0.2169
// ace       0.288131
//
// 5 bins
//
// bin               count    conf     acc      gap  accuracy █, confidence │
// (0.0000, 0.2000]
// (0.2000, 0.4000]
// (0.4000, 0.6000]      1  0.5250  0.0000  -0.5250                 │
// (0.6000, 0.8000]      1  0.7311  0.0000  -0.7311                       │
// (0.8000, 1.0000]      3  0.9385  1.0000   0.0615  ████████████████████████████│█
//
// worst 2 of 5 bins
//
// bin               count    conf     acc      gap  accuracy #, confidence |
// (0.6000, 0.8000]      1  0.7311  0.0000  -0.7311                |
// (0.4000, 0.6000]      1  0.5250  0.0000  -0.5250            |
//
// 0.6: -0.524979
// 0.8: -0.731059
// 1: 0.0615383
// 5 samples
// ECE 0.2881, RMSCE 0.4065
// NLL 0.4503, Brier 0.3307
// ACE 0.2404, KS 0.2512
