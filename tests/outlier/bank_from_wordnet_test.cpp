// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "calibra/detail/counter_random.hpp"
#include "calibra/outlier/dynamic_outlier_regularization.hpp"
#include "calibra/outlier/selector.hpp"
#include "calibra/outlier/wordnet.hpp"

namespace {

/// Stands for a text encoder: sums of random vectors, one for each letter of the name.
calibra::matrix<float> encode(std::span<const std::string> names) {
  calibra::matrix<float> features(names.size(), 16);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const char letter : names[i]) {
      calibra::detail::counter_random random(1, static_cast<unsigned char>(letter));
      for (std::size_t j = 0; j < 16; ++j)
        features(i, j) += static_cast<float>(random.below(2001)) / 1000 - 1;
    }
  }
  return features;
}

}  // namespace

TEST_CASE("From WordNet to batches of outliers", "[outlier][wordnet]") {
  const char* const index_noun = std::getenv("CALIBRA_INDEX_NOUN");
  if (index_noun == nullptr || !std::filesystem::exists(index_noun)) {
    WARN("skipped: no WordNet index.noun");
    return;
  }
  const std::vector<std::string> base_classes{"Yorkshire_Terrier", "golden-retriever", "Zebra"};
  const std::vector<std::string> new_classes{"persian cat", "dog"};

  //[ bank
  calibra::excluded_names excluded;
  excluded.add(base_classes);
  excluded.add(new_classes);
  calibra::outlier_selector selector(encode(base_classes), excluded, {.count = 5000});

  const std::vector<std::string> nouns = calibra::read_wordnet_nouns(index_noun);
  for (std::size_t first = 0; first < nouns.size(); first += 1024) {
    const std::size_t size = std::min<std::size_t>(1024, nouns.size() - first);
    const auto chunk = std::span(nouns).subspan(first, size);
    selector.add(chunk, encode(chunk));
  }
  calibra::dynamic_outlier_regularization dor(selector.select(), {.batch = 32, .lambda = 8});
  //]

  CHECK(selector.names_seen() == nouns.size());
  const std::vector<std::string>& names = dor.bank().names;
  CHECK(names.size() == 5000);
  CHECK(std::is_sorted(dor.bank().scores.rbegin(), dor.bank().scores.rend()));
  for (const char* name :
       {"yorkshire terrier", "golden retriever", "zebra", "persian cat", "dog"}) {
    CHECK(std::find(nouns.begin(), nouns.end(), name) != nouns.end());
    CHECK(std::find(names.begin(), names.end(), name) == names.end());
  }
  // Two spellings of one name ("t cell", "t-cell") are one candidate.
  CHECK(selector.candidates() < nouns.size() - 5);
  CHECK(selector.candidates() > nouns.size() - 2000);
  dor.sample();
  CHECK(dor(encode(dor.names())) == Approx(0).margin(1e-12));
}
