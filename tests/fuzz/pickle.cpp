// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The bytes are the pickle in a .pt file that is whole otherwise: two storages, "0" and "1".
#include <array>
#include <cstdint>

#include "pt_tensors.hpp"

namespace {

std::string number(std::size_t x, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(i < 8 ? x >> (8 * i) & 0xff : 0);
  return out;
}

std::size_t crc32(std::string_view bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      t[i] = i;
      for (int bit = 0; bit < 8; ++bit) t[i] = t[i] >> 1 ^ ((t[i] & 1) != 0 ? 0xedb88320U : 0U);
    }
    return t;
  }();
  std::uint32_t sum = ~0U;
  for (const char c : bytes) sum = sum >> 8 ^ table[(sum ^ static_cast<unsigned char>(c)) & 0xff];
  return ~sum;
}

/// A zip file of stored members.
class stored_zip {
 public:
  void add(std::string_view name, std::string_view bytes) {
    // Version, flags, method, time and date; checksum and sizes; lengths of name and extra field.
    const std::string header = number(20, 2) + number(0, 8) + number(crc32(bytes), 4) +
                               number(bytes.size(), 4) + number(bytes.size(), 4) +
                               number(name.size(), 2) + number(0, 2);
    directory_ += "PK\1\2" + number(20, 2) + header + number(0, 10) + number(out_.size(), 4);
    directory_ += name;
    out_ += "PK\3\4" + header;
    out_ += name;
    out_ += bytes;
    ++count_;
  }
  std::string finished() {
    return out_ + directory_ + "PK\5\6" + number(0, 4) + number(count_, 2) + number(count_, 2) +
           number(directory_.size(), 4) + number(out_.size(), 4) + number(0, 2);
  }

 private:
  std::string out_, directory_;
  std::size_t count_ = 0;
};

bool run_pickle(std::string_view bytes) {
  stored_zip zip;
  zip.add("a/data.pkl", bytes);
  zip.add("a/byteorder", bytes.size() % 2 == 0 ? "little" : "big");
  zip.add("a/data/0", std::string(24, '\1'));
  zip.add("a/data/1", std::string(16, '\0'));
  return fuzz::reads_tensors(zip.finished());
}

const fuzz::target pickle("pickle", run_pickle);

}  // namespace
