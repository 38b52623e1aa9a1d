// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "arrow.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"

namespace nb = nanobind;

namespace {

// The structures of the specification, whose layout is fixed.

struct arrow_schema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags;
  std::int64_t n_children;
  arrow_schema** children;
  arrow_schema* dictionary;
  void (*release)(arrow_schema*);
  void* private_data;
};

struct arrow_array {
  std::int64_t length;
  std::int64_t null_count;
  std::int64_t offset;
  std::int64_t n_buffers;
  std::int64_t n_children;
  const void** buffers;
  arrow_array** children;
  arrow_array* dictionary;
  void (*release)(arrow_array*);
  void* private_data;
};

struct arrow_stream {
  int (*get_schema)(arrow_stream*, arrow_schema*);
  int (*get_next)(arrow_stream*, arrow_array*);
  const char* (*get_last_error)(arrow_stream*);
  void (*release)(arrow_stream*);
  void* private_data;
};

/// Owns one of them.
template<class T>
class owned {
 public:
  owned() : held_{} {}
  owned(const owned&) = delete;
  owned& operator=(const owned&) = delete;
  ~owned() {
    if (held_.release != nullptr) held_.release(&held_);
  }
  T* get() { return &held_; }
  /// Takes it out of a capsule, which is left with a released one.
  void take(const nb::handle& capsule, const char* name) {
    auto* given = static_cast<T*>(PyCapsule_GetPointer(capsule.ptr(), name));
    if (given == nullptr) throw nb::python_error();
    held_ = *given;
    given->release = nullptr;
  }

 private:
  T held_;
};

using chunk = std::shared_ptr<owned<arrow_array>>;

struct element_type {
  nb::dlpack::dtype type;
  bool bits = false;
};

std::optional<element_type> type_of(std::string_view format) {
  if (format == "b") return element_type{nb::dtype<std::uint8_t>(), true};
  if (format == "c") return element_type{nb::dtype<std::int8_t>()};
  if (format == "C") return element_type{nb::dtype<std::uint8_t>()};
  if (format == "s") return element_type{nb::dtype<std::int16_t>()};
  if (format == "S") return element_type{nb::dtype<std::uint16_t>()};
  if (format == "i") return element_type{nb::dtype<std::int32_t>()};
  if (format == "I") return element_type{nb::dtype<std::uint32_t>()};
  if (format == "l") return element_type{nb::dtype<std::int64_t>()};
  if (format == "L") return element_type{nb::dtype<std::uint64_t>()};
  if (format == "e")
    return element_type{{static_cast<std::uint8_t>(nb::dlpack::dtype_code::Float), 16, 1}};
  if (format == "f") return element_type{nb::dtype<float>()};
  if (format == "g") return element_type{nb::dtype<double>()};
  return std::nullopt;
}

bool bit(const void* bits, std::size_t i) {
  return (static_cast<const unsigned char*>(bits)[i / 8] >> (i % 8) & 1) != 0;
}

void expect_no_nulls(const std::string& name, const arrow_array& a, std::size_t first_row) {
  const void* there = a.buffers[0];
  if (there == nullptr || a.null_count == 0) return;
  for (std::size_t i = 0; i < static_cast<std::size_t>(a.length); ++i)
    if (!bit(there, static_cast<std::size_t>(a.offset) + i))
      throw calibra::value_error(
          calibra::detail::concat(name, ": expected no nulls, got one at row ", first_row + i));
}

/// Copies the elements of a chunk.
void copy_chunk(const arrow_array& a, const element_type& type, std::byte* out) {
  const auto offset = static_cast<std::size_t>(a.offset), n = static_cast<std::size_t>(a.length);
  if (n == 0) return;
  if (type.bits) {
    for (std::size_t i = 0; i < n; ++i) out[i] = std::byte{bit(a.buffers[1], offset + i)};
    return;
  }
  const std::size_t size = type.type.bits / 8U;
  std::memcpy(out, static_cast<const std::byte*>(a.buffers[1]) + offset * size, n * size);
}

/// The elements as an array that keeps their owner.
template<class Owner>
nb::object array_of(const void* data, std::size_t n, const element_type& type, Owner owner) {
  auto* kept = new Owner(std::move(owner));
  const nb::capsule keeper(kept, [](void* p) noexcept { delete static_cast<Owner*>(p); });
  const std::size_t shape[] = {n};
  return nb::cast(nb::ndarray<nb::numpy, nb::ro>(const_cast<void*>(data), 1, shape, keeper, nullptr,
                                                 type.type));
}

}  // namespace

namespace calibra::python {

nb::object from_arrow(const std::string& name, nb::object capsules) {
  owned<arrow_schema> schema;
  std::vector<chunk> chunks;
  if (nb::isinstance<nb::tuple>(capsules)) {
    schema.take(capsules[0], "arrow_schema");
    chunks.push_back(std::make_shared<owned<arrow_array>>());
    chunks.back()->take(capsules[1], "arrow_array");
  } else {
    owned<arrow_stream> stream;
    stream.take(capsules, "arrow_array_stream");
    const auto expect = [&](int status) {
      if (status == 0) return;
      const char* said = stream.get()->get_last_error(stream.get());
      throw io_error(
          calibra::detail::concat(name, ": cannot be read: ", said == nullptr ? "" : said));
    };
    expect(stream.get()->get_schema(stream.get(), schema.get()));
    if (!type_of(schema.get()->format)) return nb::none();
    for (;;) {
      auto next = std::make_shared<owned<arrow_array>>();
      expect(stream.get()->get_next(stream.get(), next->get()));
      if (next->get()->release == nullptr) break;
      chunks.push_back(std::move(next));
    }
  }
  const std::optional<element_type> type = type_of(schema.get()->format);
  if (!type || schema.get()->dictionary != nullptr) return nb::none();

  std::size_t rows = 0;
  for (const chunk& c : chunks) {
    expect_no_nulls(name, *c->get(), rows);
    rows += static_cast<std::size_t>(c->get()->length);
  }
  const std::size_t size = type->type.bits / 8U;
  if (chunks.size() == 1 && !type->bits && rows > 0) {
    const arrow_array& a = *chunks[0]->get();
    const void* first =
        static_cast<const std::byte*>(a.buffers[1]) + static_cast<std::size_t>(a.offset) * size;
    return array_of(first, rows, *type, chunks[0]);
  }
  std::vector<std::byte> copy(rows * size);
  std::size_t done = 0;
  for (const chunk& c : chunks) {
    copy_chunk(*c->get(), *type, copy.data() + done * size);
    done += static_cast<std::size_t>(c->get()->length);
  }
  auto owner = std::make_shared<std::vector<std::byte>>(std::move(copy));
  const void* first = owner->data();
  return array_of(first, rows, *type, std::move(owner));
}

}  // namespace calibra::python
