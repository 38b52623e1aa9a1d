// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// What the pages say is what the code does.
#include <catch2/catch.hpp>

#include <calibra/calibra.hpp>

#include <algorithm>
#include <map>
#include <regex>

#include "generated_pages.hpp"
#include "pages.hpp"

namespace fs = std::filesystem;
using calibra::detail::concat;

namespace {

const fs::path root = CALIBRA_SOURCE_DIR;

/// Marked texts of every source file of examples and tests: file -> texts.
std::map<std::string, std::vector<std::string>> all_marked_texts() {
  std::map<std::string, std::vector<std::string>> all;
  for (const char* folder : {"examples", "tests"})
    for (const auto& entry : fs::recursive_directory_iterator(root / folder))
      if (entry.path().extension() == ".cpp") {
        const std::string name = fs::relative(entry.path(), root).generic_string();
        if (auto texts = marked_texts(name); !texts.empty()) all[name] = std::move(texts);
      }
  return all;
}

std::vector<std::string> public_headers() {
  std::vector<std::string> headers;
  const fs::path include = root / "include";
  for (const auto& entry : fs::recursive_directory_iterator(include / "calibra")) {
    const std::string name = fs::relative(entry.path(), include).generic_string();
    if (entry.path().extension() == ".hpp" && name.find("/detail/") == std::string::npos &&
        name.find("/rows/") == std::string::npos)
      headers.push_back(name);
  }
  return headers;
}

}  // namespace

TEST_CASE("every C++ block of the pages is in a file that is compiled") {
  const auto marked = all_marked_texts();
  std::size_t blocks = 0;
  for (const std::string& page : all_pages()) {
    for (const block& b : blocks_of(page)) {
      if (b.language != "cpp") continue;
      ++blocks;
      std::string text = b.text;
      std::string only;  // the file that it says it is from
      std::smatch match;
      static const std::regex path("^// ((examples|tests)/\\S+\\.cpp)\n");
      if (std::regex_search(text, match, path)) {
        only = match[1];
        text = match.suffix();
      }
      const bool found = std::any_of(marked.begin(), marked.end(), [&](const auto& file) {
        return (only.empty() || file.first == only) &&
               std::find(file.second.begin(), file.second.end(), text) != file.second.end();
      });
      INFO(page << ":" << b.line << ": no marked text is\n" << b.text);
      CHECK(found);
    }
  }
  CHECK(blocks >= 10);
}

TEST_CASE("what the pages say that an example prints is what it prints") {
  static const std::regex source("^<!-- output of (examples/\\S+\\.cpp) -->$");
  std::size_t outputs = 0;
  for (const std::string& page : all_pages()) {
    for (const block& b : blocks_of(page)) {
      std::smatch match;
      if (!std::regex_match(b.before, match, source)) continue;
      ++outputs;
      INFO(page << ":" << b.line);
      CHECK(b.text == output_of(match[1].str()));
    }
  }
  CHECK(outputs >= 2);
}

TEST_CASE("the README's program has at most 15 lines") {
  const auto texts = marked_texts("examples/ece_from_eigen.cpp");
  REQUIRE(texts.size() == 1);
  CHECK(lines_of(texts[0]).size() <= 15);
}

TEST_CASE("every public header is named in the pages and in the change log") {
  std::string docs;
  for (const std::string& page : all_pages())
    if (page.rfind("docs/", 0) == 0) docs += read(page);
  const std::string changes = read("CHANGELOG.md");
  const auto headers = public_headers();
  CHECK(headers.size() >= 40);
  for (const std::string& header : headers) {
    INFO(header);
    CHECK(docs.find(header) != std::string::npos);
    CHECK(changes.find("`" + header + "`") != std::string::npos);
  }
  // ... and what they name exists.
  static const std::regex name("calibra/[a-z0-9_/]+\\.hpp");
  const std::string all = docs + changes + read("README.md");
  for (std::sregex_iterator at(all.begin(), all.end(), name), end; at != end; ++at) {
    INFO(at->str());
    CHECK(fs::exists(root / "include" / at->str()));
  }
}

TEST_CASE("relative links lead somewhere") {
  static const std::regex link("\\]\\(([^)# ]+)(#[^)]*)?\\)");
  std::size_t links = 0;
  for (const std::string& page : all_pages()) {
    const std::string text = read(page);
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
      const std::string target = (*at)[1];
      if (target.find("://") != std::string::npos) continue;
      ++links;
      INFO(page << ": " << target);
      CHECK(fs::exists((root / page).parent_path() / target));
    }
  }
  CHECK(links >= 10);
}

TEST_CASE("the pages are finished") {
  static const std::regex unfinished("TODO|FIXME|XXX|TBD|/home/|/tmp/");
  for (const std::string& page : all_pages()) {
    std::size_t number = 0;
    for (const std::string& line : lines_of(read(page))) {
      INFO(page << ":" << ++number << ": " << line);
      CHECK(!std::regex_search(line, unfinished));
    }
  }
}

TEST_CASE("what follows from the metrics and the conventions is current: write_pages ROOT") {
  const auto current = [](const char* page, const char* mark, const std::string& text) {
    INFO(page << ": run the program write_pages");
    CHECK(section(page, mark) == concat('\n', text, '\n'));
  };
  current("README.md", "metrics", metric_table_text());
  current("docs/metrics.md", "metrics", metric_sections_text());
  current("docs/conventions.md", "conventions", convention_sections_text());
}

TEST_CASE("every call that the page for Python users gives compiles") {
  const std::string calls = without_blanks(read("tests/docs/python_calls.cpp"));
  std::size_t compared = 0;
  for (const std::string& line : lines_of(read("docs/coming-from-python.md"))) {
    // | their call | ours | what differs |
    if (line.rfind("| `", 0) != 0) continue;
    const std::size_t second = line.find(" | ");
    REQUIRE(second != std::string::npos);
    const std::size_t third = line.find(" | ", second + 3);
    REQUIRE(third != std::string::npos);
    for (const std::string& code : inline_codes(line.substr(second, third - second))) {
      ++compared;
      INFO(code);
      CHECK(calls.find(without_blanks(code)) != std::string::npos);
    }
  }
  CHECK(compared >= 30);
}

TEST_CASE("the README counts the compared values as the tests do") {
  // {"netcal", 84} in the three lists of least numbers
  std::map<std::string, int> least;
  const std::string tests = read("tests/golden/peers_test.cpp");
  static const std::regex minimum("\\{\"([A-Za-z_-]+)\", ([0-9]+)\\}");
  for (std::sregex_iterator at(tests.begin(), tests.end(), minimum), end; at != end; ++at)
    least[(*at)[1]] += std::stoi((*at)[2]);
  REQUIRE(least.size() >= 12);
  int total = 0;
  const std::string readme = read("README.md");
  for (const auto& [peer, n] : least) {
    total += n;
    const std::regex row(concat("\\| ", peer, "[^|\n]* \\| ", n, " \\|"));
    INFO(peer << ": " << n);
    CHECK(std::regex_search(readme, row));
  }
  INFO(total);
  CHECK(readme.find(concat(total, " values")) != std::string::npos);
}
