// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/recalibration/fit_report.hpp"

namespace calibra {

/// Parameters of a recalibrator by name, as files hold them.
struct parameter {
  std::string_view name;
  std::vector<double> values;
  bool single = false;  ///< one number, not a list of one
};

/// Where a recalibrator is made again from its parameters: a file, say. Functions throw io_error
/// where a parameter is missing, of another form or not finite.
class parameter_reader {
 public:
  virtual ~parameter_reader() = default;

  /// The name of the recalibrator.
  virtual std::string kind() const = 0;
  virtual double number(std::string_view name) const = 0;
  virtual std::vector<double> list(std::string_view name) const = 0;
  virtual fit_report report() const = 0;
  /// Those that it is made of.
  virtual std::vector<std::unique_ptr<parameter_reader>> parts() const = 0;

 protected:
  parameter_reader() = default;
  parameter_reader(const parameter_reader&) = default;
  parameter_reader& operator=(const parameter_reader&) = default;
};

namespace detail {

/// An R of its parameters. Throws value_error where they are another recalibrator's.
template<class R>
R read_parameters(const parameter_reader& p) {
  if (const std::string kind = p.kind(); kind != R::kind)
    throw value_error(concat("expected kind \"", R::kind, "\", got \"", kind, "\""));
  return R::from_parameters(p);
}

/// x, of a parameter that counts. Throws value_error where it is not a whole number >= 0.
inline std::size_t count_in(std::string_view name, double x) {
  constexpr double most = 0x1p31;
  if (!(x >= 0 && x <= most) || x != static_cast<double>(static_cast<std::size_t>(x)))
    throw value_error(concat(name, ": expected a whole number from 0 to ", most, ", got ", x));
  return static_cast<std::size_t>(x);
}
inline std::size_t read_count(const parameter_reader& p, std::string_view name) {
  return count_in(name, p.number(name));
}

}  // namespace detail
}  // namespace calibra
