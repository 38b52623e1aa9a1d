// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Files cut short at every byte, and with bytes changed: each either loads, so that every element
// can be read, or is an io_error. Meant to be run with sanitizers too.
#include "calibra/io/labels.hpp"
#include "calibra/io/load.hpp"
#include "pt_files.hpp"

using namespace io_test;

namespace {

struct sample {
  std::string name;
  std::string image;
  std::size_t header;  // bytes that are not elements
};

std::vector<sample> samples() {
  const std::string json =
      "{\"__metadata__\":{\"a\":\"b\"},\"x\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":["
      "0,"
      "24]},\"y\":{\"dtype\":\"I16\",\"shape\":[1],\"data_offsets\":[24,26]}}";
  const std::string v2 = npy_image(npy_dict(">i2", "(3,)", true), "123456", 2);
  const std::string stored = zip_image({{"x.npy", small_npy()}});
  const std::string deflated = zip_image({{"x.npy", small_npy(), true}, {"y.npy", v2, true}});
  const std::string csv = "\xef\xbb\xbf\"a\",b\r\n1.5,\"2\"\r\nnan,-3e4\r\n\n";
  return {
      {"a.npy", small_npy(), small_npy().size() - 24},
      {"b.npy", v2, v2.size() - 6},
      {"a.npz", stored, stored.size()},
      {"b.npz:y", deflated, deflated.size()},
      {"a.safetensors:x", safetensors_image(json, small_data() + "zz"), 8 + json.size()},
      {"a.pt", small_pt(), small_pt().size()},
      {"a.csv", csv, csv.size()},
  };
}

/// Reads all there is to read; true where the file loaded.
bool survives(const scratch& files, const sample& s, const std::string& image) {
  files.write(s.name.substr(0, s.name.find(':')), image);
  try {
    const auto a = calibra::io::load(files.path(s.name));
    std::size_t count = 1;
    for (const std::size_t extent : a.shape()) count *= extent;
    // Not elements(a): a damaged shape may be (0, 2^60), and a loop over no elements is no test.
    if (a.bytes().size() != 0) {
      CHECK(elements(a).size() == count);
      try {
        calibra::io::labels(a);
      } catch (const calibra::io_error&) {
      }
    }
    return true;
  } catch (const calibra::io_error& e) {
    const std::string message = e.what();
    CHECK(!message.empty());
    CHECK(message.find('\n') == std::string::npos);
    return false;
  }
}

}  // namespace

TEST_CASE("hostile: files cut short at every byte", "[io][hostile]") {
  const scratch files;
  for (const sample& s : samples()) {
    INFO(s.name);
    REQUIRE(survives(files, s, s.image));
    std::size_t loaded = 0;
    for (std::size_t length = 0; length < s.image.size(); ++length)
      loaded += survives(files, s, s.image.substr(0, length));
    if (s.name != "a.csv") CHECK(loaded == 0);  // a text may end anywhere after its first rows
  }
}

TEST_CASE("hostile: every byte of a header set to every value that matters", "[io][hostile]") {
  const scratch files;
  for (const sample& s : samples()) {
    INFO(s.name);
    for (std::size_t at = 0; at < s.header; ++at) {
      for (const char value : {'\0', '\1', '\x7f', '\x80', '\xff', '9', '-', '"', '\n', '{', '['}) {
        std::string image = s.image;
        image[at] = value;
        survives(files, s, image);
      }
    }
  }
}

TEST_CASE("hostile: random bytes changed, inserted and removed", "[io][hostile]") {
  const scratch files;
  std::mt19937 random(2026);
  for (const sample& s : samples()) {
    INFO(s.name);
    for (int round = 0; round < 1500; ++round) {
      std::string image = s.image;
      for (auto edits = 1 + random() % 4; edits-- > 0 && !image.empty();) {
        const std::size_t at = random() % image.size();
        const char byte = static_cast<char>(random());
        switch (random() % 4) {
          case 0:
            image.erase(at, 1 + random() % 4);
            break;
          case 1:
            image.insert(at, 1, byte);
            break;
          default:
            image[at] = byte;
            break;
        }
      }
      survives(files, s, image);
    }
  }
}
