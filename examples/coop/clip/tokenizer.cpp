// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "clip/tokenizer.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/mapped_file.hpp"
#include "clip/characters.hpp"

namespace coop {

namespace {

constexpr std::int64_t bytes = 256;
constexpr std::int64_t symbols = 2 * bytes;  // each byte within a word, then at its end
constexpr std::int64_t most_pairs = 49152 - 256 - 2;
constexpr std::string_view end_of_word = "</w>";
constexpr std::u32string_view specials[] = {U"<|startoftext|>", U"<|endoftext|>"};

/// The lines of a file, gzipped or not.
class line_reader {
 public:
  explicit line_reader(const std::string& path) : path_(path) {
    const calibra::io::mapped_file readable(path);  // for its messages
    file_.reset(gzopen(path.c_str(), "rb"));
    if (!file_)
      throw calibra::io_error(path + ": cannot open: " + calibra::io::detail::reason(errno));
  }

  /// False at the end of the file.
  bool next(std::string& line) {
    constexpr std::size_t longest = 4096;
    line.clear();
    ++number_;
    for (;;) {
      if (at_ == filled_ && !fill()) return !line.empty();
      const char c = buffer_[at_++];
      if (c == '\n') break;
      line += c;
      if (line.size() > longest) fail(line, "a shorter line");
    }
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return true;
  }

  [[noreturn]] void fail(std::string_view got, std::string_view expected) const {
    throw calibra::io_error(calibra::detail::concat(path_, ":", number_, ": expected ", expected,
                                                    ", got ", calibra::io::detail::in_quotes(got)));
  }

 private:
  bool fill() {
    const int got = gzread(file_.get(), buffer_.data(), static_cast<unsigned>(buffer_.size()));
    int code = Z_OK;
    const char* why = gzerror(file_.get(), &code);
    if (got < 0 || (got == 0 && code != Z_OK && code != Z_STREAM_END))
      throw calibra::io_error(calibra::detail::concat(path_, ":", number_, ": cannot read: ", why));
    at_ = 0;
    filled_ = static_cast<std::size_t>(got);
    return got > 0;
  }

  const std::string& path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_{nullptr, gzclose};
  std::array<char, 1 << 16> buffer_;
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  std::size_t number_ = 0;
};

/// The characters that stand for bytes in the list of merges: printable bytes for themselves, the
/// others for 256 and on. The order is that of the ids.
std::array<std::pair<unsigned char, char32_t>, bytes> byte_characters() {
  std::array<std::pair<unsigned char, char32_t>, bytes> out;
  std::size_t n = 0;
  const auto printable = [](unsigned b) {
    return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
  };
  for (unsigned b = 0; b < bytes; ++b)
    if (printable(b)) out[n++] = {static_cast<unsigned char>(b), b};
  char32_t next = bytes;
  for (unsigned b = 0; b < bytes; ++b)
    if (!printable(b)) out[n++] = {static_cast<unsigned char>(b), next++};
  return out;
}

/// The id of each byte within a word.
const std::array<std::int64_t, bytes>& byte_ids() {
  static const std::array<std::int64_t, bytes> ids = [] {
    std::array<std::int64_t, bytes> out{};
    for (std::int64_t id = 0; const auto& [byte, character] : byte_characters()) out[byte] = id++;
    return out;
  }();
  return ids;
}

std::uint64_t key(std::int64_t left, std::int64_t right) {
  return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint64_t>(right);
}

/// The length of the word that begins at `at`, which is no space.
std::size_t word_length(std::u32string_view text, std::size_t at) {
  const std::u32string_view rest = text.substr(at);
  for (const auto special : specials)
    if (rest.starts_with(special)) return special.size();
  for (const std::u32string_view ending : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"})
    if (rest.starts_with(ending)) return ending.size();
  if (is_number(rest[0])) return 1;
  const auto other = [](char32_t c) { return !is_space(c) && !is_letter(c) && !is_number(c); };
  const auto end = is_letter(rest[0]) ? std::find_if_not(rest.begin(), rest.end(), is_letter)
                                      : std::find_if_not(rest.begin(), rest.end(), other);
  return static_cast<std::size_t>(end - rest.begin());
}

}  // namespace

tokenizer::tokenizer(const std::string& path) {
  std::unordered_map<std::string, std::int64_t> ids;
  for (std::int64_t id = 0; const auto& [byte, character] : byte_characters()) {
    std::string symbol;
    append_utf8(symbol, character);
    ids[symbol] = id;
    symbol += end_of_word;
    ids[symbol] = bytes + id++;
  }
  line_reader file(path);
  std::string line;
  if (!file.next(line) || line.find("#version") == std::string::npos)
    file.fail(line.substr(0, 60), "a list of merges, which begins with '#version'");
  std::int64_t pairs = 0;
  for (; pairs < most_pairs && file.next(line); ++pairs) {
    const std::size_t space = line.find(' ');
    if (space == 0 || space == std::string::npos || space + 1 == line.size() ||
        line.find(' ', space + 1) != std::string::npos)
      file.fail(line.substr(0, 60), "two symbols with one space between");
    const auto left = ids.find(line.substr(0, space));
    const auto right = ids.find(line.substr(space + 1));
    if (left == ids.end() || right == ids.end())
      file.fail(line.substr(0, 60), "two symbols out of bytes and earlier lines");
    const std::int64_t id = symbols + pairs;
    merges_.try_emplace(key(left->second, right->second), merge{pairs, id});
    line.erase(space, 1);
    ids[line] = id;
  }
  vocabulary_ = symbols + pairs + 2;
}

void tokenizer::add_word(const std::string& word, std::vector<std::int64_t>& ids) const {
  std::vector<std::int64_t> parts;
  for (const char c : word) parts.push_back(byte_ids()[static_cast<unsigned char>(c)]);
  parts.back() += bytes;
  while (parts.size() > 1) {
    merge best{std::numeric_limits<std::int64_t>::max(), 0};
    std::uint64_t pair = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = merges_.find(key(parts[i], parts[i + 1]));
      if (found != merges_.end() && found->second.rank < best.rank) {
        best = found->second;
        pair = found->first;
      }
    }
    if (best.rank == std::numeric_limits<std::int64_t>::max()) break;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool merged = i + 1 < parts.size() && key(parts[i], parts[i + 1]) == pair;
      parts[kept++] = merged ? best.id : parts[i];
      if (merged) ++i;
    }
    parts.resize(kept);
  }
  ids.insert(ids.end(), parts.begin(), parts.end());
}

std::vector<std::int64_t> tokenizer::encode(const std::string& text) const {
  const std::u32string clean =
      lower_case(single_spaces(unescape_html(unescape_html(from_utf8(text)))));
  std::vector<std::int64_t> ids;
  for (std::size_t at = 0; at < clean.size();) {
    if (is_space(clean[at])) {
      ++at;
      continue;
    }
    const std::size_t length = word_length(clean, at);
    const std::u32string_view word = std::u32string_view(clean).substr(at, length);
    at += length;
    if (word == specials[0]) {
      ids.push_back(start());
    } else if (word == specials[1]) {
      ids.push_back(end());
    } else {
      std::string encoded;
      for (const char32_t c : word) append_utf8(encoded, c);
      add_word(encoded, ids);
    }
  }
  return ids;
}

token_rows tokenize(const tokenizer_interface& words, const std::vector<std::string>& texts,
                    std::int64_t length, too_long rule) {
  const auto n = static_cast<std::int64_t>(texts.size());
  token_rows out{at::zeros({n, length}, at::kLong), at::zeros({n}, at::kLong)};
  auto* row = out.ids.data_ptr<std::int64_t>();
  auto* end = out.ends.data_ptr<std::int64_t>();
  for (const std::string& text : texts) {
    std::vector<std::int64_t> ids = words.encode(text);
    const auto tokens = static_cast<std::int64_t>(ids.size()) + 2;
    if (tokens > length && (rule == too_long::is_error || length < 2))
      throw calibra::value_error(calibra::detail::concat(
          "tokenize(): ", calibra::io::detail::in_quotes(text), " has ", tokens,
          " tokens, with start and end; expected at most ", length));
    ids.resize(static_cast<std::size_t>(std::min(tokens, length) - 2));
    row[0] = words.start();
    std::copy(ids.begin(), ids.end(), row + 1);
    *end = static_cast<std::int64_t>(ids.size()) + 1;
    row[*end++] = words.end();
    row += length;
  }
  return out;
}

}  // namespace coop
