// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "outputs.hpp"

#include <cstddef>
#include <filesystem>
#include <system_error>

#include "calibra/error.hpp"
#include "calibra/io/detail/text.hpp"
#include "inputs.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;
namespace fs = std::filesystem;

struct written_file {
  std::string flag, file;
};

/// Whether two names are those of one file that is there.
bool one_file(const std::string& a, const std::string& b) {
  std::error_code none;
  return fs::equivalent(a, b, none);
}

/// Whether two names will be those of one file when it is written.
bool one_place(const std::string& a, const std::string& b) {
  std::error_code failed;
  const fs::path first = fs::weakly_canonical(fs::absolute(a, failed), failed),
                 second = fs::weakly_canonical(fs::absolute(b, failed), failed);
  return one_file(a, b) || (!first.empty() && first == second);
}

bool names_files(const CLI::Option& option) {
  return option.get_positional() || option.get_type_name().starts_with("FILE") ||
         option.get_type_name() == "MODEL";
}

}  // namespace

bool is_standard_output(const std::string& file) {
  return file.empty() || file == "-" || file == "/dev/stdout";
}

void expect_apart(const CLI::App& command, const std::vector<std::string>& more) {
  std::vector<written_file> written;
  std::vector<std::string> read;
  const auto add_read = [&](const std::string& argument) {
    for (const std::string& file : files_of_scores(argument)) read.push_back(file);
  };
  for (const std::string& file : more) add_read(file);
  for (const CLI::Option* option : command.get_options())
    for (const std::string& text : option->results()) {
      const bool evidence = option->check_lname("save-evidence");
      if (evidence) expect_file_name("--save-evidence", text);
      if (evidence || option->check_lname("output")) {
        if (!is_standard_output(text))
          written.push_back({evidence ? "--save-evidence" : "--output", text});
        continue;
      }
      const bool word = option->check_lname("by") && (text == "predicted" || text == "label");
      if (!names_files(*option) || word) continue;
      add_read(text);
      if (text.starts_with('@')) read.push_back(text.substr(1));
    }
  for (std::size_t i = 0; i < written.size(); ++i) {
    const auto& [flag, file] = written[i];
    for (std::size_t j = 0; j < i; ++j)
      if (one_place(file, written[j].file))
        throw CLI::ValidationError(concat(written[j].flag, " and ", flag,
                                          ": expected two files, got ", io::detail::in_quotes(file),
                                          " for both"));
    if (command.get_name() == "merge" && flag == "--save-evidence") continue;
    for (const std::string& other : read)
      if (one_file(file, other))
        throw CLI::ValidationError(
            concat(flag, ": expected a file that is not read, got ", io::detail::in_quotes(file)));
  }
}

void expect_file_name(const char* flag, const std::string& file) {
  if (is_standard_output(file))
    throw CLI::ValidationError(
        concat(flag, ": expected the name of a file, got ", io::detail::in_quotes(file)));
}

void expect_page_ending(const std::string& file) {
  const std::string ending = fs::path(file).extension().string();
  if (is_standard_output(file) || ending == ".html" || ending == ".htm") return;
  throw CLI::ValidationError(
      concat("--output: expected a name that ends in .html, got ", io::detail::in_quotes(file)));
}

}  // namespace calibra::cli
