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

/// A member of a struct as its header declares it: `type name = value;`.
struct member {
  std::string name;
  std::string value;  ///< empty where there is none or `{}`
};
std::vector<member> members_of(const fs::path& header, const std::string& type) {
  const std::string text = read(header);
  const std::size_t start = text.find(concat("\nstruct ", type, " {\n"));
  REQUIRE(start != std::string::npos);
  const std::string body = text.substr(start, text.find("\n};\n", start) - start);
  static const std::regex declared(
      "^  [A-Za-z][A-Za-z0-9_:<>, ]* ([a-z_]+)(?: = (.*?))?;(?: *///.*)?$");
  std::vector<member> members;
  for (const std::string& line : lines_of(body)) {
    std::smatch match;
    if (std::regex_match(line, match, declared))
      members.push_back({match[1], match[2] == "{}" ? std::string() : match[2].str()});
  }
  return members;
}

bool has_member(const std::vector<member>& members, const std::string& name) {
  return std::any_of(members.begin(), members.end(),
                     [&](const member& m) { return m.name == name; });
}

/// The cells of a row `| a | b | c |`; none of another line.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  if (line.rfind("| ", 0) != 0) return cells;
  for (std::size_t at = 2; at < line.size();) {
    const std::size_t end = line.find(" |", at);
    if (end == std::string::npos) break;
    cells.push_back(line.substr(at, end - at));
    at = end + 3;
  }
  return cells;
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

TEST_CASE("every Python block of the pages is in the file that it names") {
  static const std::regex path("^# (examples/\\S+\\.py)\n");
  for (const std::string& page : all_pages()) {
    for (const block& b : blocks_of(page)) {
      if (b.language != "python") continue;
      INFO(page << ":" << b.line);
      std::smatch match;
      REQUIRE(std::regex_search(b.text, match, path));
      CHECK(without_blanks(read(match[1].str())).find(without_blanks(match.suffix())) !=
            std::string::npos);
    }
  }
}

TEST_CASE("the page of options has every member, its default and an example that is run") {
  const fs::path header = "include/calibra/options.hpp";
  const auto bins = members_of(header, "bin_options"), rows = members_of(header, "row_options");
  const auto all = members_of(header, "options");
  REQUIRE(bins.size() == 5);
  REQUIRE(all.size() >= bins.size() + rows.size());
  const std::string calls = without_blanks(read("tests/docs/option_calls.cpp"));
  std::vector<std::vector<std::string>> table;
  for (const std::string& line : lines_of(read("docs/options.md")))
    if (auto cells = cells_of(line); cells.size() == 5 && cells[0].front() == '`')
      table.push_back(std::move(cells));
  REQUIRE(table.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {  // in the order of their declaration
    const member& m = all[i];
    INFO(m.name);
    CHECK(table[i][0] == concat('`', m.name, '`'));
    CHECK(table[i][1] == (has_member(bins, m.name)   ? "bins"
                          : has_member(rows, m.name) ? "rows"
                                                     : "call"));
    if (m.value.empty())
      CHECK((table[i][2] == "none" || table[i][2] == "calibra's own"));
    else
      CHECK(table[i][2] == concat('`', m.value, '`'));
    const auto codes = inline_codes(table[i][4]);
    REQUIRE(codes.size() == 1);
    CHECK(codes[0].rfind(concat("{.", m.name, " = "), 0) == 0);
    CHECK(calls.find(without_blanks(codes[0])) != std::string::npos);
  }
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

TEST_CASE("the tour names every header of the umbrellas, and every member of a bin") {
  const std::string tour = read("docs/index.md");
  static const std::regex include("#include \"(calibra/[^\"]+)\"");
  const std::string umbrella =
      read("include/calibra/calibra.hpp") + read("include/calibra/recalibration.hpp");
  for (std::sregex_iterator at(umbrella.begin(), umbrella.end(), include), end; at != end; ++at) {
    INFO((*at)[1]);
    CHECK(tour.find(concat('`', (*at)[1].str(), '`')) != std::string::npos);
  }
  const auto members = members_of("include/calibra/table/reliability_table.hpp", "reliability_bin");
  CHECK(members.size() == 6);
  std::string explained;
  for (const std::string& line : lines_of(tour))
    if (const auto cells = cells_of(line); cells.size() == 2) explained += cells[0];
  for (const member& m : members) {
    INFO(m.name);
    CHECK(explained.find(concat('`', m.name, '`')) != std::string::npos);
  }
}

TEST_CASE("the pages count the conventions as the library does") {
  const std::size_t published = calibra::conventions::all().size() - 1;  // without calibra's own
  for (const char* page : {"README.md", "docs/conventions.md"}) {
    INFO(page);
    CHECK(read(page).find(concat(published, " published definitions")) != std::string::npos);
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
  current("docs/recalibration.md", "recalibrators", recalibrator_table_text());
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
