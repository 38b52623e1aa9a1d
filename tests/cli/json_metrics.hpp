// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "program.hpp"

namespace cli_test {

/// The metrics of a command's JSON report.
inline nlohmann::json metrics_of(const workplace& files, const std::string& arguments) {
  INFO(arguments);
  const outcome r = files.run(arguments + " --format json");
  INFO(r.err);
  REQUIRE(r.status == 0);
  return nlohmann::json::parse(r.out)["metrics"];
}

/// To 1e-12, relative where they are large.
inline void check_same(const nlohmann::json& found, const nlohmann::json& expected) {
  REQUIRE(found.size() == expected.size());
  for (const auto& [name, value] : expected.items()) {
    INFO(name);
    CHECK(found[name].is_null() == value.is_null());
    if (value.is_null()) continue;
    const double x = found[name], y = value;
    CHECK(std::abs(x - y) <= 1e-12 * std::max(1.0, std::abs(y)));
  }
}

}  // namespace cli_test
