// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// write_pages ROOT: writes the generated parts of README.md and docs/ anew.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "generated_pages.hpp"

namespace {

void put(const std::string& path, const std::string& mark, const std::string& text) {
  std::ifstream in(path);
  std::string page{std::istreambuf_iterator<char>(in), {}};
  const std::string begin = "<!-- " + mark + " -->\n", end = "<!-- /" + mark + " -->\n";
  const std::size_t from = page.find(begin), to = page.find(end);
  if (from == std::string::npos || to == std::string::npos || to < from)
    throw std::runtime_error(path + ": no " + begin);
  page.replace(from + begin.size(), to - from - begin.size(), "\n" + text + "\n");
  std::ofstream(path) << page;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_pages ROOT\n", stderr);
    return 2;
  }
  const std::string root = argv[1];
  try {
    put(root + "/README.md", "metrics", metric_table_text());
    put(root + "/docs/metrics.md", "metrics", metric_sections_text());
    put(root + "/docs/conventions.md", "conventions", convention_sections_text());
    put(root + "/docs/recalibration.md", "recalibrators", recalibrator_table_text());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "write_pages: %s\n", e.what());
    return 1;
  }
}
