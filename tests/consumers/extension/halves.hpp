#pragma once
#include <calibra/table/binning.hpp>

/// A binning: below one half, and from there on.
struct halves {
  std::size_t size() const { return 2; }
  std::ptrdiff_t index(double confidence) const { return confidence < 0.5 ? 0 : 1; }
  double lower(std::size_t bin) const { return bin == 0 ? 0 : 0.5; }
  double upper(std::size_t bin) const { return bin == 0 ? 0.5 : 1; }
  std::string describe() const { return "halves"; }
};
