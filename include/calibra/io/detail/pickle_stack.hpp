// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/io/detail/pickle_value.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io::detail {

/// What the opcodes of a pickle work on: a stack of values with marks, and values remembered by
/// number. There are bounds to how much of them there may be.
class pickle_stack : public pickle_bytes {
 public:
  using kind = pickle_value::kind;
  using pickle_bytes::pickle_bytes;

  static constexpr std::size_t most_values = std::size_t{1} << 23;
  static constexpr std::size_t most_held = std::size_t{1} << 25;

  pickle_value& make(kind k) {
    if (values_.size() == most_values)
      fail(concat("expected at most ", most_values, " values, got more"));
    values_.push_back({.type = k});
    return values_.back();
  }
  pickle_value& push(kind k) {
    stack_.push_back(&make(k));
    return *stack_.back();
  }
  void push_integer(std::int64_t x) { push(kind::integer).integer = x; }
  void push_text(std::string_view text) { push(kind::text).text = text; }
  /// A number of up to 8 bytes, with its sign; longer ones are passed over.
  void push_long(std::size_t bytes) {
    if (bytes > 8) {
      take(bytes);
      push(kind::nothing);
      return;
    }
    push_integer(signed_number(bytes));
  }
  void push_real() {
    std::uint64_t bits = 0;  // the first byte is the highest
    for (const char c : take(8)) bits = bits << 8 | static_cast<unsigned char>(c);
    push(kind::real).real = std::bit_cast<double>(bits);
  }

  pickle_value& top() {
    if (stack_.size() == floor()) fail("expected a value, got none");
    return *stack_.back();
  }
  pickle_value& pop() {
    pickle_value& value = top();
    stack_.pop_back();
    return value;
  }
  /// What lies above the last mark, which goes with it.
  std::vector<pickle_value*> pop_marked() {
    if (marks_.empty()) fail("expected a mark, got none");
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<pickle_value*> items(from, stack_.end());
    stack_.erase(from, stack_.end());
    marks_.pop_back();
    return items;
  }
  /// Counts what containers hold.
  void hold(std::size_t more) {
    held_ += more;
    if (held_ > most_held) fail(concat("expected at most ", most_held, " values held, got more"));
  }
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  void push_sequence(std::vector<pickle_value*> items) {
    push(kind::sequence).items = std::move(items);
  }
  void push_last(std::size_t count) {
    std::vector<pickle_value*> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = &pop();
    push_sequence(std::move(items));
  }
  void extend(const std::vector<pickle_value*>& items, kind expected) {
    pickle_value& container = top();
    if (!container.is(expected)) fail("expected a container to add to, got something else");
    if (expected == kind::dictionary && items.size() % 2 != 0) fail("expected a value to each key");
    hold(items.size());
    container.items.insert(container.items.end(), items.begin(), items.end());
  }
  void add_last(std::size_t count, kind expected) {
    std::vector<pickle_value*> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = &pop();
    extend(items, expected);
  }

  void remember(std::uint64_t place) {
    memo_[place] = &top();
    if (memo_.size() > most_values)
      fail(concat("expected at most ", most_values, " values remembered, got more"));
  }
  void remember_next() { remember(memo_.size()); }
  void mark() {
    if (marks_.size() == most_values)
      fail(concat("expected at most ", most_values, " marks, got more"));
    marks_.push_back(stack_.size());
  }
  void recall(std::uint64_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) fail(concat("refers to value ", place, ", which there is not"));
    if (stack_.size() == most_held)
      fail(concat("expected at most ", most_held, " values on the stack, got more"));
    stack_.push_back(found->second);
  }

 private:
  std::deque<pickle_value> values_;
  std::vector<pickle_value*> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint64_t, pickle_value*> memo_;
  std::size_t held_ = 0;
};

}  // namespace calibra::io::detail
