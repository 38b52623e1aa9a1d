// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "pages.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

namespace fs = std::filesystem;

namespace {

const fs::path root = CALIBRA_SOURCE_DIR;

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

std::size_t indentation(const std::string& line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

std::string dedented(std::vector<std::string> lines) {
  std::size_t least = std::string::npos;
  for (const std::string& line : lines)
    if (!line.empty()) least = std::min(least, indentation(line));
  for (std::string& line : lines)
    if (!line.empty()) line.erase(0, least);
  return joined(lines);
}

}  // namespace

std::string read(const fs::path& file) {
  std::ifstream in(root / file);
  INFO(file);
  REQUIRE(in.good());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> all_pages() {
  std::vector<std::string> pages = {"README.md", "CHANGELOG.md"};
  for (const auto& entry : fs::directory_iterator(root / "docs"))
    if (entry.path().extension() == ".md")
      pages.push_back("docs/" + entry.path().filename().string());
  std::sort(pages.begin(), pages.end());
  return pages;
}

std::vector<block> blocks_of(const std::string& page) {
  std::vector<block> blocks;
  bool inside = false;
  std::string before;
  std::size_t number = 0;
  for (const std::string& line : lines_of(read(page))) {
    ++number;
    if (line.rfind("```", 0) == 0) {
      if (!inside) blocks.push_back({page, number, line.substr(3), "", before});
      inside = !inside;
    } else if (inside) {
      blocks.back().text += line + '\n';
    }
    if (!line.empty()) before = line;
  }
  INFO(page << ": a block has no end");
  REQUIRE(!inside);
  return blocks;
}

std::vector<std::string> marked_texts(const fs::path& source) {
  std::vector<std::string> texts;
  std::vector<std::string> current;
  bool inside = false;
  for (const std::string& line : lines_of(read(source))) {
    const std::string trimmed = line.substr(indentation(line));
    if (trimmed.rfind("//[ ", 0) == 0) {
      inside = true;
    } else if (trimmed == "//]") {
      texts.push_back(dedented(current));
      current.clear();
      inside = false;
    } else if (inside) {
      // `= value;  //...` is quoted as `= ...;`
      static const std::regex left_out("= [^;]*;  //\\.\\.\\.");
      current.push_back(std::regex_replace(line, left_out, "= ...;"));
    }
  }
  INFO(source << ": a marked text has no end");
  REQUIRE(!inside);
  return texts;
}

std::string output_of(const fs::path& example) {
  std::vector<std::string> printed;
  bool found = false;
  for (const std::string& line : lines_of(read(example))) {
    if (found) printed.push_back(line.substr(std::min<std::size_t>(3, line.size())));
    found = found || line == "// Output:";
  }
  INFO(example);
  REQUIRE(!printed.empty());
  return joined(printed);
}

std::string section(const std::string& page, const std::string& name) {
  const std::string text = read(page);
  const std::string open = "<!-- " + name + " -->\n";
  const std::size_t start = text.find(open);
  const std::size_t end = text.find("<!-- /" + name + " -->");
  INFO(page << ": section " << name);
  REQUIRE(start != std::string::npos);
  REQUIRE(end != std::string::npos);
  return text.substr(start + open.size(), end - start - open.size());
}

std::string without_blanks(const std::string& text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out),
               [](char c) { return c != ' ' && c != '\n'; });
  return out;
}

std::vector<std::string> inline_codes(const std::string& line) {
  std::vector<std::string> codes;
  std::size_t at = line.find('`');
  while (at != std::string::npos) {
    const std::size_t end = line.find('`', at + 1);
    if (end == std::string::npos) break;
    codes.push_back(line.substr(at + 1, end - at - 1));
    at = line.find('`', end + 1);
  }
  return codes;
}
