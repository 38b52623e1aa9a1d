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
#include "calibra/io/detail/pickle_stack.hpp"
#include "calibra/io/detail/pickle_value.hpp"
#include "calibra/io/detail/text.hpp"

namespace calibra::io::detail {

/// Reads a pickle (protocols 2 to 5) as data: builds containers, numbers and texts, and runs
/// nothing. Names of functions and classes are values; what is called with them stays a record of
/// the call, for whoever knows the name. Names that `known` does not have, and opcodes that these
/// files have no use for, are io_errors that name them.
/// Source: the opcodes, CPython Lib/pickletools.py.
class pickle_reader : private pickle_stack {
 public:
  using kind = pickle_value::kind;

  /// known(name): whether "module name" may occur.
  template<class Known>
  pickle_reader(std::string name, std::string_view bytes, const Known& known)
      : pickle_stack(std::move(name), bytes) {
    while (step(known)) {
    }
  }
  pickle_reader(const pickle_reader&) = delete;
  pickle_reader& operator=(const pickle_reader&) = delete;

  /// What the pickle is of.
  [[nodiscard]] const pickle_value& value() const noexcept { return *result_; }

 private:
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
    hold(arguments.items.size());
    record.items = arguments.items;
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
        mark();
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
        remember_next();
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

  std::deque<std::string> texts_;
  const pickle_value* result_ = nullptr;
};

}  // namespace calibra::io::detail
