// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "clip/tensor_file.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/mapped_file.hpp"
#include "calibra/io/safetensors.hpp"
#include "calibra/io/write_file.hpp"

namespace coop {

namespace {

static_assert(std::endian::native == std::endian::little, "the format's bytes are little-endian");

constexpr const char* metadata_key = "__metadata__";
constexpr std::size_t length_bytes = 8;

constexpr std::pair<std::string_view, at::ScalarType> types[] = {
    {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"F32", at::kFloat}, {"F64", at::kDouble},
    {"I8", at::kChar},  {"I16", at::kShort},     {"I32", at::kInt},   {"I64", at::kLong},
    {"U8", at::kByte},  {"BOOL", at::kBool}};

std::optional<at::ScalarType> type_of(std::string_view code) {
  for (const auto& [known, type] : types)
    if (code == known) return type;
  return std::nullopt;
}

std::string_view code_of(const std::string& path, const std::string& name, at::ScalarType type) {
  for (const auto& [code, known] : types)
    if (type == known) return code;
  throw calibra::io_error(path + ": tensor '" + name + "': dtype " + c10::toString(type) +
                          " has no place in a .safetensors file");
}

}  // namespace

tensor_file read_tensors(const std::string& path) {
  const calibra::io::mapped_file file(path);
  const std::span<const std::byte> bytes = file.bytes();
  // All of the directory is checked here; what follows may trust it.
  const calibra::io::detail::safetensors_directory checked(path, bytes);

  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), length_bytes);
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + length_bytes;
  const nlohmann::json header = nlohmann::json::parse(text, text + length);
  const std::byte* data = bytes.data() + length_bytes + length;

  tensor_file out;
  for (const auto& [name, entry] : header.items()) {
    if (name == metadata_key) {
      if (!entry.is_object())
        throw calibra::io_error(path + ": __metadata__: expected a JSON object, got " +
                                entry.type_name());
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string())
          throw calibra::io_error(path + ": __metadata__: '" + key + "': expected a text, got " +
                                  value.type_name());
        out.metadata[key] = value.get<std::string>();
      }
      continue;
    }
    const auto code = entry["dtype"].get<std::string>();
    const auto type = type_of(code);
    if (!type)
      throw calibra::io_error(path + ": tensor '" + name + "': dtype '" + code +
                              "' is not supported; expected F16, BF16, F32, F64, I8 to I64, U8 or "
                              "BOOL");
    at::Tensor tensor = at::empty(entry["shape"].get<std::vector<std::int64_t>>(), *type);
    if (tensor.numel() != 0)
      std::memcpy(tensor.data_ptr(), data + entry["data_offsets"][0].get<std::size_t>(),
                  tensor.nbytes());
    out.tensors[name] = std::move(tensor);
  }
  return out;
}

void write_tensors(const std::string& path, const tensor_file& content) {
  nlohmann::json header = nlohmann::json::object();
  if (!content.metadata.empty()) header[metadata_key] = content.metadata;
  std::string data;
  for (const auto& [name, tensor] : content.tensors) {
    const at::Tensor here = tensor.detach().to(at::kCPU).contiguous();
    const std::size_t begin = data.size();
    if (here.numel() != 0) data.append(static_cast<const char*>(here.data_ptr()), here.nbytes());
    header[name] = {{"dtype", code_of(path, name, here.scalar_type())},
                    {"shape", here.sizes().vec()},
                    {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  text.append((length_bytes - text.size() % length_bytes) % length_bytes, ' ');
  const std::uint64_t length = text.size();
  std::string all(length_bytes, '\0');
  std::memcpy(all.data(), &length, length_bytes);
  calibra::io::write_file(path, all + text + data);
}

}  // namespace coop
