// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "calibra/array/matrix.hpp"
#include "io_files.hpp"

// Files of `llama-perplexity --save-all-logits`, written as its description says.
namespace io_test {

/// A text of chunks of tokens, and the logits of each token that the file holds.
struct token_logits {
  std::int32_t chunk_tokens = 0, words = 0, chunks = 0;
  std::vector<std::int32_t> tokens;
  std::vector<std::vector<float>> logits;
};

/// Of each chunk: the last token but one down to that behind the middle.
inline std::size_t predicted(std::int32_t chunk_tokens) {
  const std::int32_t first = chunk_tokens / 2;
  return static_cast<std::size_t>(std::max(0, chunk_tokens - 1 - first));
}

inline token_logits random_tokens(std::int32_t chunk_tokens, std::int32_t words,
                                  std::int32_t chunks, unsigned seed) {
  std::mt19937 draw(seed);
  std::normal_distribution<float> normal(0, 4);
  token_logits text{chunk_tokens, words, chunks, {}, {}};
  for (std::int32_t i = 0; i < chunks * chunk_tokens; ++i)
    text.tokens.push_back(static_cast<std::int32_t>(draw() % static_cast<unsigned>(words)));
  for (std::size_t i = 0; i < predicted(chunk_tokens) * static_cast<std::size_t>(chunks); ++i) {
    std::vector<float> row(static_cast<std::size_t>(words));
    for (float& z : row) z = normal(draw);
    text.logits.push_back(std::move(row));
  }
  return text;
}

/// What is kept of a row: log p = scale * q + least.
struct packed_row {
  float scale, least;
  std::vector<std::uint16_t> q;
};
inline packed_row packed(const std::vector<float>& z) {
  const float top = *std::max_element(z.begin(), z.end());
  const float bottom = std::max(*std::min_element(z.begin(), z.end()), top - 16);
  double sum = 0;
  for (const float x : z) sum += std::exp(static_cast<double>(x) - static_cast<double>(top));
  packed_row row{(top - bottom) / 65535, bottom - top - static_cast<float>(std::log(sum)), {}};
  for (const float x : z)
    row.q.push_back(x > bottom && row.scale > 0
                        ? static_cast<std::uint16_t>(std::lround((x - bottom) / row.scale))
                        : std::uint16_t{0});
  return row;
}

inline std::string llama_image(const token_logits& text) {
  std::string out = "_logits_";
  out += bytes_of(text.chunk_tokens) + bytes_of(text.words) + bytes_of(text.chunks);
  for (const std::int32_t t : text.tokens) out += bytes_of(t);
  for (const std::vector<float>& z : text.logits) {
    const packed_row row = packed(z);
    out += bytes_of(row.scale) + bytes_of(row.least);
    for (const std::uint16_t q : row.q) out += bytes_of(q);
    if (row.q.size() % 2 == 1) out += std::string(2, '\0');
  }
  return out;
}

/// The log-probabilities of such a file and the tokens that they are of, a number at a time.
inline calibra::matrix<float> decoded(const token_logits& text) {
  calibra::matrix<float> out(text.logits.size(), static_cast<std::size_t>(text.words));
  for (std::size_t i = 0; i < out.rows(); ++i) {
    const packed_row row = packed(text.logits[i]);
    for (std::size_t k = 0; k < out.cols(); ++k)
      out(i, k) =
          static_cast<float>(static_cast<double>(row.scale) * static_cast<double>(row.q[k]) +
                             static_cast<double>(row.least));
  }
  return out;
}
inline std::vector<std::int64_t> next_tokens(const token_logits& text) {
  std::vector<std::int64_t> out;
  const std::int32_t first = text.chunk_tokens / 2;
  for (std::int32_t chunk = 0; chunk < text.chunks; ++chunk)
    for (std::int32_t j = 0; j < text.chunk_tokens - 1 - first; ++j)
      out.push_back(
          text.tokens[static_cast<std::size_t>(chunk * text.chunk_tokens + first + j + 1)]);
  return out;
}

}  // namespace io_test
