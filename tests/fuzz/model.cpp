// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// A recalibrator is read, given scores and written again.
#include "calibra/io/model.hpp"

#include <limits>

#include "calibra/recalibration.hpp"
#include "fuzz.hpp"

namespace {

const std::vector<double> binary{-800, -1, 0, 1e-300, 2, 800};
const std::vector<double> proximities{0, 0.5, 1, 2, 1e300, -1};

/// Rows of k logits, with equal ones and such as no exponential function is of.
std::vector<double> rows_of(std::size_t k) {
  std::vector<double> z(binary.size() * k);
  for (std::size_t i = 0; i < z.size(); ++i)
    z[i] = i / k == 0 ? 0 : binary[(7 * i + i / k) % binary.size()];
  return z;
}

void touch(const std::vector<double>& numbers) {
  fuzz::touch_vector(calibra::vector_view<const double>(numbers.data(), numbers.size()));
}
void touch(const calibra::matrix<double>& numbers) {
  fuzz::touch_matrix(numbers.view());
}

template<class R, class... More>
void give_scores(const R& r, std::size_t k, const More&... more) {
  const calibra::row_options o{.threads = {1}};
  const std::vector<double> z = rows_of(k);
  const calibra::matrix_view<const double> rows(z.data(), binary.size(), k);
  fuzz::runs([&] { touch(r.transform(calibra::logits(rows), more..., o)); });
  fuzz::runs([&] { touch(r.transform_logits(calibra::logits(rows), more..., o)); });
  fuzz::runs([&] { touch(r.transform(calibra::binary_logits(binary), more..., o)); });
  fuzz::runs([&] { touch(r.transform_logits(calibra::binary_logits(binary), more..., o)); });
  const std::vector<double> p{0, 1, 0.25, 0.75, 0.5, 0.5};
  const calibra::matrix_view<const double> pairs(p.data(), 3, 2);
  if constexpr (sizeof...(More) == 0) {
    fuzz::runs([&] { touch(r.transform(calibra::probabilities(pairs), o)); });
    fuzz::runs([&] { touch(r.transform(calibra::binary_probabilities(p), o)); });
  }
}

bool run_model(std::string_view bytes) {
  const std::string path = fuzz::in_memory(bytes, ".json");
  fuzz::runs([&] { static_cast<void>(calibra::io::recalibrator_kind(path)); });
  fuzz::runs([&] { static_cast<void>(calibra::io::load_temperature(path)); });
  const bool alone = fuzz::runs([&] {
    const auto r = calibra::io::load_any_recalibrator(path);
    const std::string again = calibra::to_json(*r);
    fuzz::expect(calibra::to_json(*calibra::any_recalibrator_from_json(again)) == again,
                 "a recalibrator that does not come back");
    for (const std::size_t k : {r->classes(), std::size_t{1}, std::size_t{3}})
      if (k != 0 && k <= 100) give_scores(*r, k);
  });
  const bool with_proximities = fuzz::runs([&] {
    const auto r = calibra::io::load_any_proximity_recalibrator(path);
    const std::string again = calibra::to_json(*r);
    fuzz::expect(calibra::to_json(*calibra::any_proximity_recalibrator_from_json(again)) == again,
                 "a recalibrator that does not come back");
    give_scores(*r, 3, proximities);
  });
  return alone || with_proximities;
}

const fuzz::target model("model", run_model);

}  // namespace
