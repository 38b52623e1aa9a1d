// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "calibra/rows/isa.hpp"
#include "calibra/rows/score_rows.hpp"
#include "calibra/rows/tile.hpp"

namespace calibra::io::detail {

/// out[k] = scale * q[k] + least, rounded once: the product is exact in double.
[[gnu::always_inline]] inline void decode_words(const std::byte* q, std::size_t n, float scale,
                                                float least, float* out) {
  typedef std::uint16_t packed __attribute__((vector_size(8)));
  typedef std::int32_t whole __attribute__((vector_size(16)));
  typedef double wide __attribute__((vector_size(32)));
  typedef float single __attribute__((vector_size(16)));
  constexpr std::size_t together = 4;
  const double a = static_cast<double>(scale), b = static_cast<double>(least);
  const std::size_t even = n / together * together;
  for (std::size_t k = 0; k < even; k += together) {
    packed in;
    std::memcpy(&in, q + k * sizeof(std::uint16_t), sizeof in);
    const whole words = __builtin_convertvector(in, whole);
    const wide x = __builtin_convertvector(words, wide) * a + b;
    const single y = __builtin_convertvector(x, single);
    std::memcpy(out + k, &y, sizeof y);
  }
  for (std::size_t k = even; k < n; ++k) {
    std::uint16_t in;
    std::memcpy(&in, q + k * sizeof(std::uint16_t), sizeof in);
    out[k] = static_cast<float>(static_cast<double>(in) * a + b);
  }
}
#if CALIBRA_DETAIL_X86
[[gnu::target("avx2")]] inline void decode_words_avx2(const std::byte* q, std::size_t n,
                                                      float scale, float least, float* out) {
  const calibra::detail::wide_work work;
  decode_words(q, n, scale, least, out);
}
#endif
/// The same with what the machine has.
inline void decode_row(calibra::detail::isa set, const std::byte* q, std::size_t n, float scale,
                       float least, float* out) {
#if CALIBRA_DETAIL_X86
  if (set != calibra::detail::isa::portable) return decode_words_avx2(q, n, scale, least, out);
#endif
  static_cast<void>(set);
  decode_words(q, n, scale, least, out);
}

/// Rows of log-probabilities, of 16 bits each behind the scale and the least of the row: decoded a
/// tile at a time, as they are read.
class llama_rows final : public calibra::detail::score_rows<float> {
 public:
  /// `bytes`: `rows` * `step` rows without gaps, of which every `step`-th is taken.
  llama_rows(std::span<const std::byte> bytes, std::size_t rows, std::size_t classes,
             std::shared_ptr<const void> owner, std::size_t step = 1)
      : score_rows<float>((rows + step - 1) / step, classes, 0),
        bytes_(bytes),
        all_(rows),
        step_(step),
        owner_(std::move(owner)) {}

  /// Bytes of a row: two floats, and an even number of classes.
  static constexpr std::size_t row_bytes(std::size_t classes) {
    return 2 * sizeof(float) + (classes + 1) / 2 * 2 * sizeof(std::uint16_t);
  }

  std::unique_ptr<calibra::detail::row_reader<float>> reader(
      calibra::detail::isa set) const override {
    return std::make_unique<decoder>(*this, set);
  }
  bool in_memory() const override { return true; }
  std::unique_ptr<score_rows<float>> every(std::size_t step) const override {
    return std::make_unique<llama_rows>(bytes_, all_, cols(), owner_, step_ * step);
  }
  const float* classes(std::size_t row, std::size_t first, std::size_t count,
                       float* room) const override {
    decode(calibra::detail::best_isa(), row, first, count, room);
    return room;
  }

 private:
  class decoder final : public calibra::detail::row_reader<float> {
   public:
    decoder(const llama_rows& from, calibra::detail::isa set)
        : from_(from), isa_(set), rows_(calibra::detail::tile_rows_of(from.cols())) {}
    std::size_t tile_rows() const override { return rows_; }
    calibra::detail::tile<float> read(std::size_t first, std::size_t count) override {
      const std::size_t k = from_.cols();
      buffer_.resize(std::max(buffer_.size(), count * k));
      for (std::size_t i = 0; i < count; ++i)
        from_.decode(isa_, first + i, 0, k, buffer_.data() + i * k);
      return {buffer_.data(), static_cast<std::ptrdiff_t>(k), true, count, k};
    }

   private:
    const llama_rows& from_;
    calibra::detail::isa isa_;
    std::size_t rows_;
    std::vector<float> buffer_;
  };

  void decode(calibra::detail::isa set, std::size_t row, std::size_t first, std::size_t count,
              float* out) const {
    const std::byte* const at = bytes_.data() + row * step_ * row_bytes(cols());
    float scale_and_least[2];
    std::memcpy(scale_and_least, at, sizeof scale_and_least);
    decode_row(set, at + sizeof scale_and_least + first * sizeof(std::uint16_t), count,
               scale_and_least[0], scale_and_least[1], out);
  }

  std::span<const std::byte> bytes_;
  std::size_t all_;
  std::size_t step_;
  std::shared_ptr<const void> owner_;
};

}  // namespace calibra::io::detail
