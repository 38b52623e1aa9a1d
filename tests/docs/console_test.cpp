// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Every `$ calibra ...`, `$ printf ...` and `$ c++ ...` of the pages is run, in order, in a folder
// of the page's own, and has to print what the page says. A line "..." stands for any lines.
#include <catch2/catch.hpp>

#include <calibra/error.hpp>

#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "pages.hpp"

namespace fs = std::filesystem;

namespace {

struct step {
  std::string command;
  std::vector<std::string> output;
};

std::vector<step> steps_of(const block& b) {
  std::vector<step> steps;
  bool continued = false;
  for (const std::string& line : lines_of(b.text)) {
    if (continued) {
      steps.back().command += "\n" + line;
    } else if (line.rfind("$ ", 0) == 0) {
      steps.push_back({line.substr(2), {}});
    } else {
      INFO(b.page << ":" << b.line << ": a console block begins with a command");
      REQUIRE(!steps.empty());
      steps.back().output.push_back(line);
      continue;
    }
    continued = line.ends_with("\\");
  }
  return steps;
}

bool matches(const std::vector<std::string>& printed, std::size_t at,
             const std::vector<std::string>& expected, std::size_t of) {
  if (of == expected.size()) return at == printed.size();
  if (expected[of] == "...") {
    for (std::size_t next = at; next <= printed.size(); ++next)
      if (matches(printed, next, expected, of + 1)) return true;
    return false;
  }
  return at < printed.size() && printed[at] == expected[of] &&
         matches(printed, at + 1, expected, of + 1);
}

std::string quoted(const fs::path& path) {
  return calibra::detail::concat('\'', path.string(), '\'');
}

struct result {
  std::string printed;
  int status;
};

/// As a user types it: `c++` is the compiler of this build.
bool is_run(const std::string& command) {
  const auto begins = [&](const char* with) { return command.rfind(with, 0) == 0; };
  return begins("calibra ") || begins("printf ") || begins("c++ ");
}

result run(const fs::path& folder, std::string command) {
  if (command.rfind("c++ ", 0) == 0) command.replace(0, 3, CALIBRA_COMPILER);
  const std::string line =
      "cd " + quoted(folder) + " && PATH=" + quoted(fs::path(CALIBRA_PROGRAM).parent_path()) +
      ":\"$PATH\" && export LC_ALL=C.UTF-8 && { " + command + "\n} 2>&1 </dev/null";
  result r{"", -1};
  std::FILE* pipe = popen(line.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer;
  for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    r.printed.append(buffer.data(), n);
  const int status = pclose(pipe);
  r.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return r;
}

}  // namespace

TEST_CASE("what the pages say that calibra prints is what it prints") {
  const fs::path scratch = fs::path(CALIBRA_SCRATCH) / "console";
  std::size_t commands = 0;
  for (const std::string& page : all_pages()) {
    const fs::path folder = scratch / fs::path(page).stem();
    fs::remove_all(folder);
    fs::create_directories(folder);
    for (const char* name : {"examples", "include"})
      fs::create_directory_symlink(fs::path(CALIBRA_SOURCE_DIR) / name, folder / name);
    for (const block& b : blocks_of(page)) {
      if (b.language != "console") continue;
      for (const step& s : steps_of(b)) {
        if (!is_run(s.command)) continue;
        ++commands;
        const result r = run(folder, s.command);
        INFO(page << ":" << b.line << ": " << s.command << "\nprinted\n" << r.printed);
        CHECK(matches(lines_of(r.printed), 0, s.output, 0));
        const bool shows_an_error = !s.output.empty() && s.output.back().rfind("calibra: ", 0) == 0;
        CHECK((r.status != 0) == shows_an_error);
      }
    }
  }
  CHECK(commands >= 2);
}
