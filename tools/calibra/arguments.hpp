// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "suggest.hpp"

namespace calibra::cli {

namespace detail {

/// "a, b or c".
inline std::string alternatives(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return out;
}

inline std::vector<std::string> long_names(CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  return out;
}

/// The option that `word` is, alone, with "=value" or, after one dash, with the value attached.
struct named_option {
  const CLI::Option* option = nullptr;
  bool holds_value = false;
};
inline named_option find_option(CLI::App& app, const std::string& word) {
  const std::size_t equals = word.find('=');
  if (const CLI::Option* option = app.get_option_no_throw(word.substr(0, equals)))
    return {option, equals != std::string::npos};
  if (word.size() > 2 && word[1] != '-') return {app.get_option_no_throw(word.substr(0, 2)), true};
  return {};
}

/// What `command` does not know among `words`, which follow it.
inline std::vector<std::string> unknown_words(CLI::App& command,
                                              const std::vector<std::string>& words) {
  std::size_t places = 0;
  for (const CLI::Option* option : command.get_options())
    if (option->get_positional())
      places += static_cast<std::size_t>(std::max(1, option->get_items_expected_max()));
  std::vector<std::string> unknown;
  bool names_end = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--" && !names_end) {
      names_end = true;
    } else if (words[i].size() > 1 && words[i][0] == '-' && !names_end) {
      const named_option found = find_option(command, words[i]);
      if (found.option == nullptr) unknown.push_back(words[i]);
      if (found.option != nullptr && !found.holds_value &&
          found.option->get_items_expected_max() > 0)
        ++i;
    } else if (places > 0) {
      --places;
    } else {
      unknown.push_back(words[i]);
    }
  }
  return unknown;
}

}  // namespace detail

/// Throws CLI::ValidationError where the words of a command line name no command, an unknown one,
/// or arguments that the command does not have: all of them, in their order.
inline void expect_known_arguments(CLI::App& app, int argc, const char* const* argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  std::vector<std::string> commands;
  for (const CLI::App* command : std::as_const(app).get_subcommands(nullptr))
    commands.push_back(command->get_name());
  std::vector<std::string> first = detail::long_names(app);
  first.insert(first.begin(), commands.begin(), commands.end());

  const auto is = [&](const char* name) {
    return std::find(words.begin(), words.end(), name) != words.end();
  };
  if (words.empty())
    throw CLI::ValidationError("expected a command: " + detail::alternatives(commands) +
                               "; see calibra --help");
  if (words[0][0] == '-') {
    if (detail::find_option(app, words[0]).option != nullptr) return;
    throw CLI::ValidationError("unknown argument \"" + words[0] + "\"" +
                               did_you_mean(words[0], first));
  }
  if (std::find(commands.begin(), commands.end(), words[0]) == commands.end()) {
    const std::string meant = did_you_mean(words[0], first);
    throw CLI::ValidationError("unknown command \"" + words[0] + "\"; expected " +
                               detail::alternatives(commands) +
                               (meant.empty() ? "; see calibra --help" : meant));
  }
  CLI::App* const command = app.get_subcommand(words[0]);
  if (is("--help") || is("-h")) return;
  words.erase(words.begin());
  const std::vector<std::string> unknown = detail::unknown_words(*command, words);
  if (unknown.empty()) return;
  const std::vector<std::string> known = detail::long_names(*command);
  std::string list;
  for (const std::string& word : unknown) {
    const std::string meant =
        word[0] == '-' ? closest(word.substr(0, word.find('=')), known) : std::string();
    list += (list.empty() ? "\"" : ", \"") + word + '"' +
            (meant.empty() ? "" : " (did you mean \"" + meant + "\"?)");
  }
  const bool file = std::any_of(unknown.begin(), unknown.end(), [](const std::string& word) {
    std::error_code none;
    return std::filesystem::is_regular_file(word, none);
  });
  throw CLI::ValidationError(command->get_name() + ": unknown argument" +
                             (unknown.size() > 1 ? "s " : " ") + list +
                             (file && command->get_name() == "eval"
                                  ? "; several files are a pattern in quotes, as 'part-*.npy'"
                                  : ""));
}

}  // namespace calibra::cli
