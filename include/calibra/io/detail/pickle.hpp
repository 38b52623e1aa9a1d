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

#include "calibra/error.hpp"
#include "calibra/io/detail/pickle_value.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io::detail {

/// Reads a pickle (protocols 2 to 5) as data: builds containers, numbers and texts, and runs
/// nothing. Names of functions and classes are values; what is called with them stays a record of
/// the call, for whoever knows the name. Names that `known` does not have, and opcodes that these
/// files have no use for, are io_errors that name them.
/// Source: the opcodes, CPython Lib/pickletools.py.
class pickle_reader : private pickle_bytes {
 public:
  using kind = pickle_value::kind;

  /// known(name): whether "module name" may occur.
  template<class Known>
  pickle_reader(std::string name, std::string_view bytes, const Known& known)
      : pickle_bytes(std::move(name), bytes) {
    while (step(known)) {
    }
  }
  pickle_reader(const pickle_reader&) = delete;
  pickle_reader& operator=(const pickle_reader&) = delete;

  /// What the pickle is of.
  [[nodiscard]] const pickle_value& value() const noexcept { return *result_; }

 private:
  // Values and the stack.

  pickle_value& make(kind k) {
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
    container.items.insert(container.items.end(), items.begin(), items.end());
  }
  void add_last(std::size_t count, kind expected) {
    std::vector<pickle_value*> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = &pop();
    extend(items, expected);
  }

  // Names and calls.

  template<class Known>
  void push_global(std::string_view module, std::string_view name, const Known& known) {
    std::string& whole = texts_.emplace_back(concat(module, ' ', name));
    if (!known(std::string_view(whole)))
      fail(concat("holds ", in_quotes(concat(module, '.', name)),
                  ", which is not read: expected tensors in dictionaries, lists and tuples"));
    push(kind::global).text = whole;
  }
  void call() {
    pickle_value& arguments = pop();
    pickle_value& function = pop();
    if (!function.is(kind::global) || !arguments.is(kind::sequence))
      fail("expected a call of a named function, got something else");
    if (function.text == "collections OrderedDict" && arguments.items.empty()) {
      push(kind::dictionary);
      return;
    }
    pickle_value& record = push(kind::call);
    record.text = function.text;
    record.items = arguments.items;
  }
  void remember(std::uint64_t place) { memo_[place] = &top(); }
  void recall(std::uint64_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) fail(concat("refers to value ", place, ", which there is not"));
    stack_.push_back(found->second);
  }

  /// Runs one opcode; false behind the last.
  template<class Known>
  bool step(const Known& known) {
    begin_opcode();
    const char code = take(1)[0];
    switch (static_cast<unsigned char>(code)) {
      case 0x80:  // PROTO
        if (const std::uint64_t protocol = number(1); protocol < 2 || protocol > 5)
          fail(concat("expected pickle protocol 2 to 5, got ", protocol));
        return true;
      case 0x95:  // FRAME
        take(8);
        return true;
      case '.':  // STOP
        result_ = &pop();
        return false;
      case '(':  // MARK
        marks_.push_back(stack_.size());
        return true;
      case '0':  // POP
        pop();
        return true;
      case 'N':  // NONE
        push(kind::nothing);
        return true;
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        push(kind::boolean).integer = static_cast<unsigned char>(code) == 0x88 ? 1 : 0;
        return true;
      default:
        break;
    }
    if (number_step(code) || text_step(code) || container_step(code)) return true;
    switch (static_cast<unsigned char>(code)) {
      case 'c': {  // GLOBAL
        const std::string_view module = line();
        push_global(module, line(), known);
        return true;
      }
      case 0x93: {  // STACK_GLOBAL
        const pickle_value& name = pop();
        const pickle_value& module = pop();
        if (!name.is(kind::text) || !module.is(kind::text)) fail("expected two names");
        push_global(module.text, name.text, known);
        return true;
      }
      case 'R':  // REDUCE
        call();
        return true;
      case 'Q': {  // BINPERSID
        pickle_value& key = pop();
        push(kind::reference).items = {&key};
        return true;
      }
      case 'b':  // BUILD: attributes, of which none is needed
        pop();
        top();
        return true;
      default:
        break;
    }
    fail(concat("pickle opcode ", static_cast<unsigned>(static_cast<unsigned char>(code)),
                " is not read: expected tensors in dictionaries, lists and tuples"));
  }
  bool number_step(char code) {
    switch (static_cast<unsigned char>(code)) {
      case 'J':  // BININT
        push_integer(static_cast<std::int32_t>(number(4)));
        return true;
      case 'K':  // BININT1
        push_integer(static_cast<std::int64_t>(number(1)));
        return true;
      case 'M':  // BININT2
        push_integer(static_cast<std::int64_t>(number(2)));
        return true;
      case 0x8a:  // LONG1
        push_long(static_cast<std::size_t>(number(1)));
        return true;
      case 'G':  // BINFLOAT
        push_real();
        return true;
      default:
        return false;
    }
  }
  bool text_step(char code) {
    switch (static_cast<unsigned char>(code)) {
      case 'X':  // BINUNICODE
      case 'T':  // BINSTRING
      case 'B':  // BINBYTES
        push_text(long_text(4));
        return true;
      case 0x8c:  // SHORT_BINUNICODE
      case 'U':   // SHORT_BINSTRING
      case 'C':   // SHORT_BINBYTES
        push_text(long_text(1));
        return true;
      case 0x8d:  // BINUNICODE8
      case 0x8e:  // BINBYTES8
        push_text(long_text(8));
        return true;
      case 'q':  // BINPUT
        remember(number(1));
        return true;
      case 'r':  // LONG_BINPUT
        remember(number(4));
        return true;
      case 0x94:  // MEMOIZE
        remember(memo_.size());
        return true;
      case 'h':  // BINGET
        recall(number(1));
        return true;
      case 'j':  // LONG_BINGET
        recall(number(4));
        return true;
      default:
        return false;
    }
  }
  bool container_step(char code) {
    switch (static_cast<unsigned char>(code)) {
      case ')':  // EMPTY_TUPLE
      case ']':  // EMPTY_LIST
        push(kind::sequence);
        return true;
      case '}':  // EMPTY_DICT
        push(kind::dictionary);
        return true;
      case 't':  // TUPLE
        push_sequence(pop_marked());
        return true;
      case 0x85:  // TUPLE1
      case 0x86:  // TUPLE2
      case 0x87:  // TUPLE3
        push_last(static_cast<unsigned char>(code) - 0x84U);
        return true;
      case 'a':  // APPEND
        add_last(1, kind::sequence);
        return true;
      case 's':  // SETITEM
        add_last(2, kind::dictionary);
        return true;
      case 'e':  // APPENDS
      case 'u':  // SETITEMS
        extend(pop_marked(), code == 'e' ? kind::sequence : kind::dictionary);
        return true;
      default:
        return false;
    }
  }

  std::deque<pickle_value> values_;
  std::deque<std::string> texts_;
  std::vector<pickle_value*> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint64_t, pickle_value*> memo_;
  const pickle_value* result_ = nullptr;
};

}  // namespace calibra::io::detail
