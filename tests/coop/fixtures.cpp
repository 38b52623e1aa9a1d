// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "fixtures.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>

#include "calibra/io/detail/npy_header.hpp"
#include "calibra/io/detail/zip_archive.hpp"
#include "calibra/io/mapped_file.hpp"
#include "clip/parameters.hpp"

namespace coop::test {

std::optional<std::string> fixture(const std::string& name) {
  const std::string path = std::string(CALIBRA_FIXTURE_DIR) + '/' + name;
  if (std::filesystem::exists(path)) return path;
  WARN("no " << path << ": nothing compared");
  return std::nullopt;
}

clip_settings with_quick_gelu() {
  clip_settings out;
  out.text.nonlinearity = out.vision.nonlinearity = activation::quick_gelu;
  return out;
}

at::Tensor load_array(const std::string& path, const std::string& member) {
  using calibra::io::dtype;
  const calibra::io::mapped_file file(path);
  const calibra::io::detail::zip_archive archive(path, file.bytes(), ".npz");
  const auto names = archive.names();
  const auto found = std::find(names.begin(), names.end(), member + ".npy");
  if (found == names.end()) throw std::runtime_error(path + ": no " + member);
  const auto [bytes, size] = archive.read(static_cast<std::size_t>(found - names.begin()), member);
  const std::span<const std::byte> image(bytes.get(), size);
  const auto header = calibra::io::detail::read_npy_header(member, image);
  const at::ScalarType type = header.layout.type == dtype::f4   ? at::kFloat
                              : header.layout.type == dtype::f8 ? at::kDouble
                                                                : at::kLong;
  std::vector<std::int64_t> shape(header.layout.shape.begin(), header.layout.shape.end());
  at::Tensor out = at::empty(shape, type);
  if (header.layout.fortran_order || out.nbytes() > size - header.data_offset)
    throw std::runtime_error(path + ": " + member + ": unexpected layout");
  std::memcpy(out.data_ptr(), image.data() + header.data_offset, out.nbytes());
  return out;
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) throw std::runtime_error("distance(): different shapes");
  return (a.detach().to(at::kDouble) - b.detach().to(at::kDouble)).abs().max().item<double>();
}

temporary_file::temporary_file(const std::string& ending, const std::string& bytes) {
  static int count = 0;
  path_ = (std::filesystem::temp_directory_path() /
           ("calibra-coop-" + std::to_string(::getpid()) + '-' + std::to_string(count++) + ending))
              .string();
  if (!bytes.empty()) std::ofstream(path_, std::ios::binary) << bytes;
}

temporary_file::~temporary_file() {
  std::filesystem::remove(path_);
}

std::vector<std::int64_t> letters::encode(const std::string& text) const {
  std::vector<std::int64_t> out;
  for (const char c : text)
    if (c >= 'a' && c <= 'z') out.push_back(c - 'a');
  return out;
}

std::shared_ptr<const text_transformer> small_encoder(at::ScalarType dtype, std::int64_t layers) {
  text_config config;
  config.width = 16;
  config.layers = layers;
  config.heads = 2;
  config.context_length = 14;
  config.vocabulary = 28;
  config.embed_dim = 6;
  const text_transformer drawn = text_transformer::random(config, 5);
  std::mt19937_64 random(9);
  parameter_map parameters;
  for (const auto& [name, tensor] : drawn.parameters())
    parameters[name] = (tensor + draw_normal(tensor.sizes(), 0.2, random)).to(dtype);
  return std::make_shared<const text_transformer>(config, parameters);
}

language small_language(at::ScalarType dtype) {
  return {small_encoder(dtype), std::make_shared<const letters>(), 20};
}

}  // namespace coop::test
