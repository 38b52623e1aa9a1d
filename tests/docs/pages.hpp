// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// A fenced block of a page: "```language", lines, "```".
struct block {
  std::string page;
  std::size_t line;      ///< of the opening fence, from 1
  std::string language;  ///< as written behind the fence
  std::string text;      ///< ends with a line feed unless empty
  std::string before;    ///< the last line before the fence that is not blank
};

/// Text of a file; fails the running test if there is none.
std::string read(const std::filesystem::path& file);
std::vector<std::string> lines_of(const std::string& text);

/// README.md, CHANGELOG.md and docs/*.md: path relative to the root of the project.
std::vector<std::string> all_pages();
std::vector<block> blocks_of(const std::string& page);

/// What stands between `//[ name` and `//]` in a source file, its indentation taken off.
std::vector<std::string> marked_texts(const std::filesystem::path& source);
/// What the comment at the end of an example says that it prints.
std::string output_of(const std::filesystem::path& example);
/// The text between `<!-- name -->` and `<!-- /name -->` of a page.
std::string section(const std::string& page, const std::string& name);

std::string without_blanks(const std::string& text);
/// What stands between backticks in a line.
std::vector<std::string> inline_codes(const std::string& line);

/// The choices of all presets as the two tables of docs/conventions.md.
std::string preset_tables();
