// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "feature_cache.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/io/mapped_file.hpp"
#include "clip/tensor_file.hpp"

namespace coop {

namespace {

constexpr const char* format_key = "format";
constexpr const char* format = "calibra-coop-features-1";
constexpr const char* tensor_name = "features";

std::string checksum_of(const at::Tensor& features) {
  return checksum().add({static_cast<const char*>(features.data_ptr()), features.nbytes()}).text();
}

}  // namespace

checksum& checksum::add(std::string_view bytes) {
  const auto take = [&](std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9e3779b97f4a7c15u;
    state_ = (state_ ^ (state_ >> 32)) * 0xbf58476d1ce4e5b9u;
    state_ ^= state_ >> 29;
  };
  take(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, std::min(sizeof word, bytes.size() - i));
    take(word);
  }
  return *this;
}

checksum& checksum::add_file(const std::string& path) {
  const calibra::io::mapped_file file(path);
  return add({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
}

std::string checksum::text() const {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(state_));
  return digits;
}

feature_cache::feature_cache(std::string folder) : folder_(std::move(folder)) {
  std::error_code problem;
  std::filesystem::create_directories(folder_, problem);
  if (problem)
    throw calibra::io_error(
        calibra::detail::concat(folder_, ": cannot make it: ", problem.message()));
}

std::string feature_cache::path_of(const std::string& key) const {
  return (std::filesystem::path(folder_) / (key + ".safetensors")).string();
}

std::optional<at::Tensor> feature_cache::find(const std::string& key, at::IntArrayRef shape,
                                              at::ScalarType type) const {
  if (!is_on() || !std::filesystem::exists(path_of(key))) return std::nullopt;
  tensor_file file;
  try {
    file = read_tensors(path_of(key));
  } catch (const calibra::io_error&) {
    return std::nullopt;
  }
  const auto found = file.tensors.find(tensor_name);
  if (found == file.tensors.end()) return std::nullopt;
  const at::Tensor& features = found->second;
  if (features.sizes() != shape || features.scalar_type() != type) return std::nullopt;
  if (file.metadata[format_key] != format || file.metadata["key"] != key ||
      file.metadata["checksum"] != checksum_of(features))
    return std::nullopt;
  return features;
}

void feature_cache::keep(const std::string& key, const at::Tensor& features) const {
  if (!is_on()) return;
  const at::Tensor dense = features.contiguous();
  write_tensors(path_of(key),
                {{{tensor_name, dense}},
                 {{format_key, format}, {"key", key}, {"checksum", checksum_of(dense)}}});
}

std::string default_cache_folder() {
  const auto set = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::filesystem::path(value == nullptr ? "" : value);
  };
  // A relative path there is to be ignored.
  if (set("XDG_CACHE_HOME").is_absolute()) return set("XDG_CACHE_HOME") / "calibra-coop";
  return set("HOME").empty() ? "" : (set("HOME") / ".cache" / "calibra-coop").string();
}

}  // namespace coop
