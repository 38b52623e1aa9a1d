// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "conventions.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "calibra/conventions/all.hpp"
#include "calibra/error.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  out.resize(std::max(width, out.size() + 1), ' ');
  return out;
}

std::string title(const convention& c) {
  return c.version.empty() ? std::string(c.implementation)
                           : concat(c.implementation, ", ", c.version);
}

std::string oddities(const convention& c, bool reproduced) {
  std::string out;
  for (const convention_oddity& o : c.oddities)
    if (o.reproduced == reproduced) out += concat("  - ", o.what, '\n');
  return out;
}

}  // namespace

std::vector<std::string> convention_names() {
  std::vector<std::string> names;
  for (const convention* c : conventions::all()) names.emplace_back(c->name);
  return names;
}

std::string list_conventions() {
  std::string out;
  for (const convention* c : conventions::all())
    out += concat(padded(c->name, 20), title(*c), '\n');
  return out;
}

std::string describe_convention(std::string_view name) {
  const convention& c = conventions::find(name);
  std::string out = concat(c.name, ": ", title(c), "\n\nsets\n");
  for (const convention_setting& s : conventions::settings_of(c))
    out += concat("  ", padded(s.what, 22), s.how, '\n');
  const std::string carried = oddities(c, true);
  const std::string fixed = oddities(c, false);
  if (!carried.empty()) out += concat("\nodd, and reproduced so that the numbers agree\n", carried);
  if (!fixed.empty()) out += concat("\nknown defects that are not reproduced\n", fixed);
  return out;
}

}  // namespace calibra::cli
