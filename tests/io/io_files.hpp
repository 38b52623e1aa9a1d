// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"

namespace io_test {

/// A fresh directory that goes away with its contents.
class scratch {
 public:
  scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "calibra-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::filesystem::remove(path(name));  // faster than to truncate it; maps of it stay valid
    std::ofstream out(path(name), std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path(name);
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                                  std::filesystem::directory_iterator()));
  }

  /// The message of the error that `f` throws, without the directory; "" where it throws none.
  template<class F>
  std::string message(F&& f) const {
    try {
      f();
    } catch (const calibra::error& e) {
      std::string text = e.what();
      const std::string prefix = path_.string() + "/";
      for (std::size_t at; (at = text.find(prefix)) != std::string::npos;)
        text.erase(at, prefix.size());
      return text;
    }
    return "";
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The bytes of a value in the byte order asked for.
template<class T>
std::string bytes_of(T value, std::endian order = std::endian::little) {
  std::string out(sizeof(T), '\0');
  std::memcpy(out.data(), &value, sizeof(T));
  if (order != std::endian::native) std::reverse(out.begin(), out.end());
  return out;
}

template<class T>
std::string bytes_of(const std::vector<T>& values, std::endian order = std::endian::little) {
  std::string out;
  for (const T& x : values) out += bytes_of(x, order);
  return out;
}

/// A `.npy` image: magic, version, length, header text, data.
inline std::string npy_image(const std::string& header, const std::string& data, int major = 1) {
  std::string out = "\x93NUMPY";
  out += static_cast<char>(major);
  out += '\0';
  const std::string length = bytes_of(static_cast<std::uint32_t>(header.size()));
  return out + length.substr(0, major == 1 ? 2 : 4) + header + data;
}

inline std::string npy_dict(const std::string& descr, const std::string& shape,
                            bool fortran_order = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran_order ? "True" : "False") +
         ", 'shape': " + shape + ", }\n";
}

/// A small file that every loader of arrays can hold: 2 x 3 float32, 0 to 5.
inline std::string small_data() {
  return bytes_of(std::vector<float>{0, 1, 2, 3, 4, 5});
}
inline std::string small_npy() {
  return npy_image(npy_dict("<f4", "(2, 3)"), small_data());
}

struct zip_member {
  std::string name;
  std::string bytes;
  bool deflate = false;
};

inline std::string zip_image(const std::vector<zip_member>& members) {
  const scratch directory;
  const std::string path = directory.path("a.zip");
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const zip_member& m : members) {
    zip_source_t* source = zip_source_buffer(zip, m.bytes.data(), m.bytes.size(), 0);
    const zip_int64_t index = zip_file_add(zip, m.name.c_str(), source, 0);
    zip_file_set_dostime(zip, static_cast<zip_uint64_t>(index), 0, 0x21, 0);  // 1980, always
    zip_set_file_compression(zip, static_cast<zip_uint64_t>(index),
                             m.deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  if (zip_close(zip) != 0) throw std::runtime_error("zip_close");
  return read_all(path);
}

inline std::string safetensors_image(const std::string& json, const std::string& data) {
  return bytes_of(static_cast<std::uint64_t>(json.size())) + json + data;
}

/// All elements of an array as doubles, row by row.
inline std::vector<double> elements(const calibra::io::array& a) {
  std::vector<double> out;
  a.visit_elements([&](auto view) {
    for (std::size_t i = 0; i < view.rows(); ++i)
      for (std::size_t j = 0; j < view.cols(); ++j)
        out.push_back(calibra::io::detail::as_double(view(i, j)));
  });
  return out;
}

inline std::vector<std::size_t> shape_of(const calibra::io::array& a) {
  return {a.shape().begin(), a.shape().end()};
}

using doubles = std::vector<double>;
using sizes = std::vector<std::size_t>;

}  // namespace io_test
