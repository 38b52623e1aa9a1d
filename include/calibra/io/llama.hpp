// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/array_layout.hpp"
#include "calibra/io/detail/llama_rows.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/dtype.hpp"
#include "calibra/io/file_kind.hpp"
#include "calibra/io/input_file.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/scores.hpp"

namespace calibra::io {

/// What `llama-perplexity --save-all-logits` writes (the file of `--kl-divergence-base`): for every
/// token of the second half of each chunk of a text, the log-probabilities of the whole vocabulary.
/// A token is a sample, a word of the vocabulary a class, and the labels are the tokens of the
/// text. Copies are cheap and share the file. Thread-safe to read.
class llama_dump {
 public:
  /// `bytes` are those of a file, which `owner` keeps alive; `name` is what messages call it.
  /// Throws io_error as load_llama().
  llama_dump(std::string name, std::span<const std::byte> bytes, std::shared_ptr<const void> owner)
      : name_(std::move(name)), owner_(std::move(owner)) {
    if (bytes.size() < first_token ||
        std::memcmp(bytes.data(), detail::llama_magic.data(), detail::llama_magic.size()) != 0)
      throw io_error(detail::concat(
          name_, ": expected it to begin with '", detail::llama_magic, "' and three sizes, got ",
          bytes.size() < first_token ? detail::concat(bytes.size(), " bytes")
                                     : std::string("something else")));
    chunk_tokens_ = positive(bytes, 8, "tokens a chunk", 1);
    classes_ = positive(bytes, 12, "words in the vocabulary", 1);
    chunks_ = positive(bytes, 16, "chunks", 0);
    const std::size_t tokens = chunks_ * chunk_tokens_;  // below 2^62
    if (tokens > (bytes.size() - first_token) / sizeof(std::int32_t))
      throw io_error(detail::concat(name_, ": truncated data: expected ", tokens, " tokens of ",
                                    chunks_, " chunks, got ", bytes.size() - first_token,
                                    " bytes"));
    rows_ = chunks_ * (chunk_tokens_ - 1 - chunk_tokens_ / 2);
    tokens_ = bytes.subspan(first_token, tokens * sizeof(std::int32_t));
    elements_ = bytes.subspan(first_token + tokens_.size());
    const std::size_t row = detail::llama_rows::row_bytes(classes_);
    if (elements_.size() / row != rows_ || elements_.size() % row != 0)
      throw io_error(detail::concat(
          name_, ": ", elements_.size() / row < rows_ ? "truncated data" : "too many bytes",
          ": expected ", rows_, " rows of ", row, " bytes behind the tokens, got ",
          elements_.size(), " bytes"));
  }

  const std::string& name() const { return name_; }
  /// Samples: the tokens that were predicted.
  std::size_t size() const { return rows_; }
  /// The size of the vocabulary.
  std::size_t classes() const { return classes_; }
  std::size_t chunks() const { return chunks_; }
  /// Of each chunk; about half of them are samples.
  std::size_t chunk_tokens() const { return chunk_tokens_; }

  /// The log-probabilities as logits, samples x classes of float: decoded as they are read, a tile
  /// at a time, never as a whole. They keep the file.
  auto scores() const {
    using held = calibra::detail::rows_held<float>;
    return calibra::scores<score_kind::logits, held>(
        held(std::make_shared<const detail::llama_rows>(elements_, rows_, classes_, owner_)));
  }
  /// The token that each sample was to predict. Values are not checked against the vocabulary here.
  /// Cost: 8 bytes a sample.
  label_column labels() const {
    std::pmr::vector<std::int64_t> next;
    next.reserve(rows_);
    const std::size_t of_chunk = chunks_ == 0 ? 0 : rows_ / chunks_;
    for (std::size_t chunk = 0; chunk < chunks_; ++chunk)
      for (std::size_t j = 0; j < of_chunk; ++j)
        next.push_back(whole(
            tokens_, (chunk * chunk_tokens_ + chunk_tokens_ / 2 + j + 1) * sizeof(std::int32_t)));
    return detail::make_labels(std::move(next));
  }
  /// The 16 bits of every log-probability as they lie in the file, uint16, samples x classes.
  array quantised() const {
    array_layout layout{.type = dtype::u2, .shape = {rows_, classes_}};
    layout.strides = {detail::llama_rows::row_bytes(classes_) / sizeof(std::uint16_t), 1};
    return {name_, layout, elements_.subspan(rows_ == 0 ? 0 : 2 * sizeof(float)), owner_};
  }

 private:
  static constexpr std::size_t first_token = 20;  // magic and three sizes

  static std::int32_t whole(std::span<const std::byte> bytes, std::size_t at) {
    std::int32_t x;
    std::memcpy(&x, bytes.data() + at, sizeof x);
    return x;
  }
  std::size_t positive(std::span<const std::byte> bytes, std::size_t at, const char* what,
                       std::int32_t least) const {
    const std::int32_t x = whole(bytes, at);
    if (x < least)
      throw io_error(detail::concat(name_, ": expected at least ", least, ' ', what, ", got ", x));
    return static_cast<std::size_t>(x);
  }

  std::string name_;
  std::shared_ptr<const void> owner_;
  std::size_t chunk_tokens_ = 0, classes_ = 0, chunks_ = 0, rows_ = 0;
  std::span<const std::byte> tokens_, elements_;
};

/// Loads such a file: `evaluate(dump.scores(), dump.labels())`. The file is mapped, not read: cost
/// O(1). A log-probability is scale * q + least, q of 16 bits, with a scale and a least of each
/// row, rounded to float. The format keeps 16 nats: a word that is less likely is stored as e^-16
/// times as likely as the likeliest. So the NLL of a sample is at most 16 more than that of its
/// prediction, and since a softmax divides by the sum, the words that were raised take at most
/// K e^-16 off a confidence: 0.4 % at 32,000 words, 1.4 % at 128,000.
/// Throws io_error with the path: what input_file throws, another beginning, sizes that are
/// negative or not those of the file. Source: tools/perplexity/perplexity.cpp of llama.cpp; little
/// endian.
inline llama_dump load_llama(const std::string& path) {
  const auto file = std::make_shared<const input_file>(path);
  return {input_name(path), file->bytes(), file};
}

}  // namespace calibra::io
