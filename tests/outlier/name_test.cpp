// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/outlier/name.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using calibra::excluded_names;
using calibra::normalised_name;

TEST_CASE("Names that mean the same class compare equal", "[outlier][name]") {
  const std::string expected = "yorkshire terrier";
  for (const char* name : {"yorkshire terrier", "Yorkshire_Terrier", "YORKSHIRE-TERRIER",
                           "  yorkshire \t terrier ", "\"Yorkshire Terrier\".",
                           "(yorkshire__terrier)", "yorkshire - terrier", "-yorkshire\nterrier_"})
    CHECK(normalised_name(name) == expected);
}

TEST_CASE("What a normalised name keeps", "[outlier][name]") {
  CHECK(normalised_name("737-200") == "737 200");
  CHECK(normalised_name("Bird's nest") == "bird's nest");
  CHECK(normalised_name("St. Bernard") == "st. bernard");
  CHECK(normalised_name("Dogs") == "dogs");  // a plural stays a plural
  CHECK(normalised_name("Caf\xc3\xa9") == "caf\xc3\xa9");
  CHECK(normalised_name("\xc3\x89"
                        "clair.") ==
        "\xc3\x89"
        "clair");  // only ASCII is lowered
  CHECK(normalised_name("").empty());
  CHECK(normalised_name(" _-. ").empty());
  for (const char* name : {"A--b", "x", "Hot_Dog!", "a . b"})
    CHECK(normalised_name(normalised_name(name)) == normalised_name(name));
}

TEST_CASE("Excluded names", "[outlier][name]") {
  excluded_names excluded;
  CHECK_FALSE(excluded.contains("hot dog"));
  excluded.add(std::vector<std::string>{"Hot-Dog", "maple"});
  excluded.add(std::vector<const char*>{"hot_dog", "Oak"});
  CHECK(excluded.size() == 3);
  CHECK(excluded.contains("hot dog"));
  CHECK(excluded.contains("OAK."));
  CHECK_FALSE(excluded.contains("oaks"));
  CHECK_FALSE(excluded.contains("hotdog"));
  CHECK(excluded.contains_normalised("hot dog"));
  CHECK_FALSE(excluded.contains_normalised("Hot-Dog"));
}
