// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// `calibra completion` and `calibra man` say what --help says.
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "program.hpp"

using namespace cli_test;

namespace {

const std::vector<std::string> commands{"eval",        "test",       "compare", "diagram",
                                        "report",      "fit",        "apply",   "methods",
                                        "conventions", "completion", "man"};

/// The long flags of a command's help.
std::vector<std::string> flags_of(const workplace& files, const std::string& command) {
  std::vector<std::string> flags;
  std::istringstream in(files.run(command + " --help").out);
  for (std::string line; std::getline(in, line);) {
    if (line.substr(0, 3) != "  -") continue;
    const std::size_t at = line.find("--");
    flags.push_back(line.substr(at, line.find_first_of(" ,\n", at) - at));
  }
  return flags;
}

std::string without_backslashes(std::string text) {
  std::string out;
  for (const char c : text)
    if (c != '\\') out += c;
  return out;
}

/// What a bash script, put behind the completion script, prints.
std::string bash(const workplace& files, const std::string& script) {
  std::ofstream(files.path("c.bash")) << files.run("completion bash").out;
  std::ofstream(files.path("run.bash")) << "set -e\nsource '" << files.path("c.bash") << "'\n"
                                        << script << '\n';
  REQUIRE(
      std::system(("bash '" + files.path("run.bash") + "' >'" + files.path("printed") + "' 2>&1")
                      .c_str()) == 0);
  return read_all(files.path("printed"));
}

}  // namespace

TEST_CASE("completion and the manual have every command and flag", "[cli]") {
  const workplace files;
  std::vector<std::string> texts;
  for (const std::string shell : {"completion bash", "completion zsh", "completion fish", "man"}) {
    const outcome r = files.run(shell);
    CHECK(r.status == 0);
    CHECK(r.err == "");
    texts.push_back(without_backslashes(r.out));
  }
  for (const std::string& command : commands) {
    for (const std::string& text : texts) CHECK(text.find(command) != std::string::npos);
    const std::vector<std::string> flags = flags_of(files, command);
    CHECK(!flags.empty());
    for (const std::string& flag : flags) {
      INFO(command << ' ' << flag);
      CHECK(texts[0].find(flag) != std::string::npos);
      CHECK(texts[1].find(flag + "[") != std::string::npos);
      CHECK(texts[2].find("-l " + flag.substr(2)) != std::string::npos);
      CHECK(texts[3].find(flag) != std::string::npos);
    }
  }
}

TEST_CASE("bash completes commands, flags and their words", "[cli]") {
  const workplace files;
  const auto completed = [&](const std::string& words, int at) {
    return bash(files, "COMP_WORDS=(calibra " + words + ")\nCOMP_CWORD=" + std::to_string(at) +
                           "\n_calibra\necho \"${COMPREPLY[@]}\"");
  };
  CHECK(completed("ev", 1) == "eval\n");
  CHECK(completed("c", 1) == "compare conventions completion\n");
  CHECK(completed("eval --inter", 2) == "--interval\n");
  CHECK(completed("eval --from lo", 3) == "logits\n");
  CHECK(completed("eval --from ''", 3) == "logits probabilities confidences\n");
  std::ofstream(files.path("scores.npy")) << "x";
  CHECK(completed("eval " + files.path("sco"), 2) == files.path("scores.npy") + "\n");
}

TEST_CASE("completion: another shell", "[cli]") {
  const workplace files;
  const outcome r = files.run("completion tcsh");
  CHECK(r.status == 2);
  CHECK(r.err.find("completion: expected bash, zsh or fish; got \"tcsh\"") != std::string::npos);
  CHECK(files.run("completion").err.find("SHELL is required") != std::string::npos);
}
