// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/llama.hpp"

#include <algorithm>

#include "calibra/options.hpp"
#include "calibra/rows/isa.hpp"
#include "fuzz.hpp"

namespace {

/// Every number of every row, a tile at a time.
template<class Rows>
void touch_rows(const Rows& rows) {
  const auto reader = rows.reader(calibra::detail::best_isa());
  double sum = 0;
  for (std::size_t first = 0; first < rows.rows();) {
    const std::size_t n = std::min(reader->tile_rows(), rows.rows() - first);
    const auto tile = reader->read(first, n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < rows.cols(); ++k) sum += static_cast<double>(tile.at(i, k));
    first += n;
  }
  fuzz::sink = sum;
}

bool run_llama(std::string_view bytes) {
  const std::string path = fuzz::in_memory(bytes, ".kld");
  return fuzz::runs([&] {
    const calibra::io::llama_dump dump = calibra::io::load_llama(path);
    dump.scores().holder().with_rows("", calibra::row_options{},
                                     [](const auto& rows) { touch_rows(rows); });
    const auto labels = dump.labels();
    fuzz::expect(labels.size() == dump.size(), "labels that are not one a sample");
    fuzz::touch_vector(labels.view());
    fuzz::read_whole(dump.quantised());
  });
}

const fuzz::target llama("llama", run_llama);

}  // namespace
