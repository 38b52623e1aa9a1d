// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/error.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <limits>

TEMPLATE_TEST_CASE("every exception is a calibra::error and a standard one", "[error]",
                   calibra::shape_error, calibra::value_error, calibra::option_error,
                   calibra::io_error) {
  const auto raise = [] { throw TestType("ece(): expected 3 labels, got 4"); };
  try {
    raise();
    FAIL("nothing was thrown");
  } catch (const calibra::error& e) {
    CHECK(std::string(e.what()) == "ece(): expected 3 labels, got 4");
  }
  CHECK_THROWS_WITH(raise(), "ece(): expected 3 labels, got 4");  // as std::exception
}

TEMPLATE_TEST_CASE("a message is one line, whatever is in it", "[error]", calibra::shape_error,
                   calibra::value_error, calibra::option_error, calibra::io_error) {
  const TestType e(std::string("a\nb\x1b[2Jc\x7f\0d\xc3\xa9", 13));
  CHECK(std::string(e.what()) == "a?b?[2Jc??d\xc3\xa9");
}

TEST_CASE("the standard type says what kind of fault it is", "[error]") {
  STATIC_REQUIRE(std::is_base_of_v<std::invalid_argument, calibra::shape_error>);
  STATIC_REQUIRE(std::is_base_of_v<std::domain_error, calibra::value_error>);
  STATIC_REQUIRE(std::is_base_of_v<std::invalid_argument, calibra::option_error>);
  STATIC_REQUIRE(std::is_base_of_v<std::runtime_error, calibra::io_error>);
}

TEST_CASE("messages are joined of texts and numbers", "[error]") {
  using calibra::detail::concat;
  CHECK(concat() == "");
  CHECK(concat("label ", 10, " at row ", std::size_t{3}, " is not in [0, ", 10u, ')') ==
        "label 10 at row 3 is not in [0, 10)");
  CHECK(concat(-1L, ' ', 0.1, ' ', 0.1f, ' ', 1e300, ' ', -0.0) == "-1 0.1 0.1 1e+300 -0");
  CHECK(concat(std::string("a"), std::string_view("b"), "c") == "abc");
  CHECK(concat(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(concat(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(concat(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(concat(std::numeric_limits<long double>::denorm_min()).size() < 64);
  // The shortest text that reads back to the same number.
  for (const double x : {1.0 / 3, 0.1 + 0.2, 5e-324, 1.7976931348623157e308})
    CHECK(std::strtod(concat(x).c_str(), nullptr) == x);
}
