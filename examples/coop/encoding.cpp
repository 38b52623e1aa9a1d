// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "encoding.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>

#include "clip/text_transformer.hpp"
#include "clip/tokenizer.hpp"
#include "prompt_learner.hpp"

namespace coop {

at::Tensor index_tensor(const std::vector<std::int64_t>& index) {
  at::Tensor t = at::empty({static_cast<std::int64_t>(index.size())}, at::kLong);
  std::copy(index.begin(), index.end(), t.data_ptr<std::int64_t>());
  return t;
}

namespace {

/// As what the cache gives.
at::Tensor as_float(const at::Tensor& features) {
  return features.scalar_type() == at::kFloat ? features : normalise(features.to(at::kFloat));
}

/// Tokens that all rows begin with, and that are before the end of each.
std::int64_t common_beginning(const at::Tensor& ids, const at::Tensor& ends) {
  const std::int64_t most = ends.min().item<std::int64_t>();
  const at::Tensor same = ids.eq(ids.narrow(0, 0, 1)).all(0);
  std::int64_t length = 0;
  while (length < most && same[length].item<bool>()) ++length;
  return length;
}

/// Features of the rows `batch` of prompts.
at::Tensor encode_prompts(const text_transformer& encoder, const token_rows& prompts,
                          const std::vector<std::int64_t>& batch) {
  const at::NoGradGuard no_grad;
  const at::Tensor index = index_tensor(batch);
  const at::Tensor ids = prompts.ids.index_select(0, index);
  const at::Tensor ends = prompts.ends.index_select(0, index);
  const std::int64_t shared = common_beginning(ids, ends);
  const std::int64_t rest = ends.max().item<std::int64_t>() + 1 - shared;
  return normalise(encoder.encode_embedded(encoder.embed(ids[0].narrow(0, 0, shared)),
                                           encoder.embed(ids.narrow(1, shared, rest)),
                                           ends - shared));
}

}  // namespace

at::Tensor encode_chunk(const encoding_chunk& chunk, const encoding_options& options,
                        const std::function<void(std::size_t)>& encoded) {
  const at::NoGradGuard no_grad;
  const std::string key = checksum().add(options.model).add(chunk.key).text();
  const std::vector<std::int64_t> shape{chunk.count, chunk.dimension};
  if (const auto kept = options.cache.find(key, shape, options.stored)) return as_float(*kept);

  const std::vector<std::vector<std::int64_t>> batches = chunk.batches();
  at::Tensor features = at::empty(shape, options.stored);
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::size_t done = 0;
  std::mutex guard;
  std::exception_ptr error;
  const auto work = [&] {
    try {
      const at::NoGradGuard no_grad_here;
      for (std::size_t i = next++; i < batches.size() && !failed; i = next++) {
        const at::Tensor part = chunk.encode(batches[i]);
        const std::lock_guard lock(guard);
        features.index_copy_(0, index_tensor(batches[i]), part.to(options.stored));
        done += batches[i].size();
        if (encoded) encoded(done);
      }
    } catch (...) {
      const std::lock_guard lock(guard);
      if (!failed.exchange(true)) error = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  const int most = std::min(options.threads, static_cast<int>(batches.size()));
  for (int t = 1; t < most; ++t) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  if (error) std::rethrow_exception(error);
  options.cache.keep(key, features);
  return as_float(features);
}

name_encoder make_name_encoder(language words, std::string phrase, encoding_options options) {
  return [words = std::move(words), phrase = std::move(phrase), options = std::move(options)](
             const std::vector<std::string>& names,
             const std::function<void(std::size_t)>& encoded) {
    constexpr std::size_t at_once = 64;
    const text_transformer& encoder = *words.encoder;
    token_rows prompts;
    encoding_chunk chunk;
    checksum key;
    key.add("names").add(phrase);
    for (const std::string& name : names) key.add(name);
    chunk.key = key.text();
    chunk.count = static_cast<std::int64_t>(names.size());
    chunk.dimension = encoder.config().embed_dim;
    chunk.batches = [&] {
      std::vector<std::string> texts;
      for (const std::string& name : names) texts.push_back(fill_in(phrase, name));
      prompts = tokenize(*words.words, texts, encoder.config().context_length);
      std::vector<std::int64_t> order(names.size());
      std::iota(order.begin(), order.end(), 0);
      const auto* ends = prompts.ends.data_ptr<std::int64_t>();
      std::stable_sort(order.begin(), order.end(),
                       [&](std::int64_t a, std::int64_t b) { return ends[a] < ends[b]; });
      std::vector<std::vector<std::int64_t>> batches;
      for (std::size_t first = 0; first < order.size(); first += at_once) {
        const auto begin = order.begin() + static_cast<std::ptrdiff_t>(first);
        batches.emplace_back(
            begin, begin + static_cast<std::ptrdiff_t>(std::min(at_once, order.size() - first)));
      }
      return batches;
    };
    chunk.encode = [&](const std::vector<std::int64_t>& batch) {
      return encode_prompts(encoder, prompts, batch);
    };
    return encode_chunk(chunk, options, encoded);
  };
}

}  // namespace coop
