// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/outlier/name.hpp"

namespace calibra {

/// Which nouns of WordNet become candidates.
struct wordnet_options {
  bool single_words = false;  ///< Leave out nouns of several words ("hot dog").
  /// Leave out nouns with fewer senses seen in WordNet's tagged texts: 1 keeps the frequent tenth.
  std::size_t min_tagged_senses = 0;
};

namespace detail {

/// All bytes of a file. Throws io_error.
inline std::string read_bytes(std::string_view where, const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) throw io_error(concat(where, ": cannot open ", path));
  std::string bytes;
  char block[1 << 14];
  while (const std::size_t count = std::fread(block, 1, sizeof block, file.get()))
    bytes.append(block, count);
  if (std::ferror(file.get()) != 0) throw io_error(concat(where, ": cannot read ", path));
  return bytes;
}

/// Calls `line(text, number)` for each line of a file, without its line end; numbers start at 1.
template<class Line>
void for_each_line(std::string_view where, const std::string& path, const Line& line) {
  const std::string bytes = read_bytes(where, path);
  std::string_view rest = bytes;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    std::string_view text = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(text.size() + 1, rest.size()));
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    line(text, number);
  }
}

/// A line of index.noun: "lemma n synsets p pointer*p senses tagged offset*synsets".
struct index_noun_line {
  std::string_view lemma;
  std::size_t tagged_senses = 0;
};

/// False where the line has another form.
inline bool parse_index_noun(std::string_view text, index_noun_line& line) {
  const auto field = [&text] {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
  };
  const auto number = [&field](std::size_t& value) {
    const std::string_view word = field();
    const char* const end = word.data() + word.size();
    const auto [at, problem] = std::from_chars(word.data(), end, value);
    return problem == std::errc{} && at == end;
  };
  line.lemma = field();
  if (line.lemma.empty() || field() != "n") return false;
  std::size_t synsets = 0;
  std::size_t pointers = 0;
  if (!number(synsets) || !number(pointers) || synsets == 0 || pointers > text.size()) return false;
  for (; pointers > 0; --pointers) field();
  std::size_t senses = 0;
  if (!number(senses) || senses != synsets || !number(line.tagged_senses)) return false;
  for (std::size_t offset = 0; synsets > 0; --synsets)
    if (!number(offset)) return false;
  return text.find_first_not_of(' ') == std::string_view::npos;
}

}  // namespace detail

/// The nouns of WordNet's database file `index.noun` (Debian: package wordnet-base,
/// /usr/share/wordnet/index.noun; WordNet 3.0: 117,798 nouns, 57,506 of one word), in the file's
/// order: lower case, spaces between the words of a noun.
///
/// Throws: io_error where the file cannot be read, with the line where a line is no entry of an
///   index of nouns (index.verb, say, or a list of words: use read_nouns), and where it has none.
/// Ref: WordNet 3.0 manual, wndb(5WN).
[[nodiscard]] inline std::vector<std::string> read_wordnet_nouns(
    const std::string& path, const wordnet_options& options = {}) {
  constexpr std::string_view where = "read_wordnet_nouns()";
  std::vector<std::string> nouns;
  bool any = false;
  detail::for_each_line(where, path, [&](std::string_view text, std::size_t number) {
    if (text.starts_with("  ")) return;  // the licence at the head
    detail::index_noun_line line;
    if (!detail::parse_index_noun(text, line))
      throw io_error(detail::concat(where, ": ", path, ", line ", number,
                                    ": expected an entry of WordNet's index.noun, got \"",
                                    text.substr(0, 60), "\""));
    any = true;
    const bool phrase = line.lemma.find('_') != std::string_view::npos;
    if ((options.single_words && phrase) || line.tagged_senses < options.min_tagged_senses) return;
    std::string noun(line.lemma);
    std::transform(noun.begin(), noun.end(), noun.begin(),
                   [](char c) { return c == '_' ? ' ' : detail::ascii_lower(c); });
    nouns.push_back(std::move(noun));
  });
  if (!any) throw io_error(detail::concat(where, ": ", path, " has no noun"));
  return nouns;
}

/// The nouns of a plain text file, one a line, in the file's order and spelling; spaces at both
/// ends are stripped, empty lines and lines that begin with '#' left out.
///
/// Throws: io_error where the file cannot be read, has no noun, or, with the line, holds a NUL byte
///   and so is no text.
[[nodiscard]] inline std::vector<std::string> read_nouns(const std::string& path) {
  constexpr std::string_view where = "read_nouns()";
  std::vector<std::string> nouns;
  detail::for_each_line(where, path, [&](std::string_view text, std::size_t number) {
    if (text.find('\0') != std::string_view::npos)
      throw io_error(
          detail::concat(where, ": ", path, ", line ", number, ": expected text, got a NUL byte"));
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos || text[first] == '#') return;
    nouns.emplace_back(text.substr(first, text.find_last_not_of(" \t") + 1 - first));
  });
  if (nouns.empty()) throw io_error(detail::concat(where, ": ", path, " has no noun"));
  return nouns;
}

}  // namespace calibra
