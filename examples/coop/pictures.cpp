// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "pictures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_FAILURE_USERMSG
#include <stb/stb_image.h>

#include "calibra/error.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/io/npz.hpp"
#include "calibra/outlier/wordnet.hpp"
#include "encoding.hpp"
#include "prompt_learner.hpp"
#include "resize.hpp"
#include "tuning.hpp"

namespace coop {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> sorted_entries(const fs::path& folder, bool folders) {
  std::vector<fs::path> entries;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(folder, problem))
    if (entry.is_directory() == folders && entry.path().filename().native().front() != '.')
      entries.push_back(entry.path());
  if (problem)
    throw calibra::io_error(
        calibra::detail::concat(folder.string(), ": cannot read the folder: ", problem.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

feature_set selected(const feature_set& all, const std::vector<std::int64_t>& index) {
  const at::Tensor rows = index_tensor(index);
  return {all.features.index_select(0, rows), all.labels.index_select(0, rows)};
}

/// n / 2, halves to the even neighbour: where the published preprocessing cuts.
std::int64_t half_of(std::int64_t n) {
  return n / 2 + (n % 2) * (n / 2 % 2);
}

struct picture_file {
  fs::path path;
  std::int64_t label;
};

constexpr std::size_t pictures_at_once = 1024;

/// Pictures to encode together. They outlive it, as the encoder does.
encoding_chunk picture_chunk(const vision_transformer& encoder,
                             std::span<const picture_file> files) {
  constexpr std::size_t batch_size = 32;
  encoding_chunk chunk;
  checksum key;
  key.add("pictures");
  for (const picture_file& file : files) {
    std::error_code problem;  // a file that cannot be looked at is told of when it is read
    const auto size = fs::file_size(file.path, problem);
    const auto changed = fs::last_write_time(file.path, problem).time_since_epoch().count();
    key.add((file.path.parent_path().filename() / file.path.filename()).string());
    key.add(calibra::detail::concat(size, ' ', changed));
  }
  chunk.key = key.text();
  chunk.count = static_cast<std::int64_t>(files.size());
  chunk.dimension = encoder.config().embed_dim;
  chunk.batches = [count = files.size()] {
    std::vector<std::vector<std::int64_t>> batches((count + batch_size - 1) / batch_size);
    for (std::size_t i = 0; i < count; ++i)
      batches[i / batch_size].push_back(static_cast<std::int64_t>(i));
    return batches;
  };
  chunk.encode = [&encoder, files](const std::vector<std::int64_t>& batch) {
    std::vector<at::Tensor> pictures;
    for (const std::int64_t i : batch)
      pictures.push_back(load_picture(files[static_cast<std::size_t>(i)].path.string(),
                                      encoder.config().resolution));
    return normalise(encoder.encode(at::stack(pictures)));
  };
  return chunk;
}

}  // namespace

at::Tensor load_picture(const std::string& path, std::int64_t side) {
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load(path.c_str(), &width, &height, &channels, 3), &stbi_image_free);
  if (pixels == nullptr)
    throw calibra::io_error(
        calibra::detail::concat(path, ": cannot read the picture: ", stbi_failure_reason()));
  const std::int64_t shorter = std::min(width, height);
  const auto scaled = [&](std::int64_t length) { return std::max(side, side * length / shorter); };
  const std::span<const stbi_uc> bytes(
      pixels.get(),
      std::size_t{3} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  rgb_picture small =
      resized({width, height, {bytes.begin(), bytes.end()}}, scaled(width), scaled(height));
  at::Tensor picture = at::from_blob(small.values.data(), {small.height, small.width, 3}, at::kByte)
                           .permute({2, 0, 1})
                           .to(at::kFloat);
  const std::int64_t down = half_of(picture.size(1) - side);
  const std::int64_t right = half_of(picture.size(2) - side);
  picture = picture.narrow(1, down, side).narrow(2, right, side) / 255;
  static constexpr std::array<float, 3> mean = {0.48145466F, 0.4578275F, 0.40821073F};
  static constexpr std::array<float, 3> deviation = {0.26862954F, 0.26130258F, 0.27577711F};
  at::Tensor out = at::empty({3, side, side}, at::kFloat);
  for (std::int64_t c = 0; c < 3; ++c) {
    const auto i = static_cast<std::size_t>(c);
    out.select(0, c).copy_((picture.select(0, c) - mean[i]) / deviation[i]);
  }
  return out;
}

labelled_pictures encode_pictures(const vision_transformer& encoder, const std::string& folder,
                                  const encoding_options& options,
                                  const std::function<void(const encoding_progress&)>& progress) {
  std::vector<picture_file> files;
  labelled_pictures result;
  std::vector<std::string> empty;
  for (const fs::path& of_class : sorted_entries(folder, true)) {
    std::string name = of_class.filename().string();
    std::replace(name.begin(), name.end(), '_', ' ');
    const auto label = static_cast<std::int64_t>(result.classes.size());
    const std::size_t before = files.size();
    for (const fs::path& file : sorted_entries(of_class, false)) files.push_back({file, label});
    if (files.size() == before) empty.push_back(name);
    result.classes.push_back(std::move(name));
  }
  if (result.classes.empty())
    throw calibra::io_error(calibra::detail::concat(
        folder, ": expected a folder for each class with its pictures, found none"));
  if (!empty.empty())
    throw calibra::io_error(
        calibra::detail::concat(folder, ": no pictures for class ", joined(empty)));
  std::vector<std::int64_t> labels;
  for (const auto& [path, label] : files) labels.push_back(label);
  std::vector<at::Tensor> features;
  std::size_t encoded = 0;
  for (std::size_t first = 0; first < files.size(); first += pictures_at_once) {
    const std::size_t count = std::min(pictures_at_once, files.size() - first);
    std::size_t of_chunk = 0;
    features.push_back(encode_chunk(picture_chunk(encoder, {&files[first], count}), options,
                                    [&](std::size_t done) {
                                      of_chunk = done;
                                      if (progress)
                                        progress({first + done, files.size(), encoded + done});
                                    }));
    encoded += of_chunk;
    if (progress) progress({first + count, files.size(), encoded});
  }
  result.all = {at::cat(features), index_tensor(labels)};
  return result;
}

labelled_pictures load_features(const std::string& features, const std::string& classes,
                                std::int64_t dimension) {
  labelled_pictures result;
  result.classes = calibra::read_nouns(classes);
  const calibra::io::array rows_of_file = calibra::io::load_npz(features, "features");
  const calibra::io::label_column y =
      calibra::io::labels(calibra::io::load_npz(features, "labels"));
  const auto label = calibra::array_access<calibra::io::label_column>::view(y);
  rows_of_file.visit_scores([&](auto view) {
    if (view.rows() != label.size() || view.rows() == 0)
      throw calibra::shape_error(calibra::detail::concat(
          features, ": expected as many features as labels and at least one, got ", view.rows(),
          " and ", label.size()));
    if (view.cols() != static_cast<std::size_t>(dimension))
      throw calibra::shape_error(calibra::detail::concat(
          features, ": features of ", view.cols(), " numbers, the text features have ", dimension));
    at::Tensor rows =
        at::empty({static_cast<std::int64_t>(view.rows()), static_cast<std::int64_t>(view.cols())},
                  at::kFloat);
    const auto load = [](const auto& x) {
      return calibra::scalar_traits<std::remove_cvref_t<decltype(x)>>::load(x);
    };
    auto* out = rows.data_ptr<float>();
    for (std::size_t i = 0; i < view.rows(); ++i) {
      double squares = 0;
      for (std::size_t j = 0; j < view.cols(); ++j) {
        *out = static_cast<float>(load(view(i, j)));
        squares += static_cast<double>(*out) * static_cast<double>(*out);
        ++out;
      }
      if (!(squares > 0) || !std::isfinite(squares))
        throw calibra::value_error(calibra::detail::concat(
            features, ": row ", i, " of the features is not finite or is all zeros"));
    }
    result.all.features = normalise(rows);
  });
  std::vector<std::int64_t> labels(label.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = label[i];
    if (labels[i] < 0 || labels[i] >= static_cast<std::int64_t>(result.classes.size()))
      throw calibra::value_error(
          calibra::detail::concat(features, ": label ", labels[i], " at row ", i, " is not in [0, ",
                                  result.classes.size(), "), the classes of ", classes));
  }
  result.all.labels = index_tensor(labels);
  return result;
}

task split_task(const labelled_pictures& pictures, std::int64_t shots, std::uint64_t seed) {
  const auto classes = static_cast<std::int64_t>(pictures.classes.size());
  if (classes < 2)
    throw calibra::value_error(calibra::detail::concat(
        "split_task(): expected 2 classes or more, half of them new, got ", classes));
  const std::int64_t base = (classes + 1) / 2;
  const at::Tensor labels = pictures.all.labels.contiguous();
  const auto* label = labels.data_ptr<std::int64_t>();
  std::vector<std::int64_t> of_base, of_new;
  for (std::int64_t i = 0; i < labels.size(0); ++i)
    (label[i] < base ? of_base : of_new).push_back(i);
  task result;
  result.base.assign(pictures.classes.begin(), pictures.classes.begin() + base);
  result.fresh.assign(pictures.classes.begin() + base, pictures.classes.end());
  const feature_set all_base = selected(pictures.all, of_base);
  const at::Tensor numbers = at::arange(all_base.labels.size(0), at::kLong).unsqueeze(1);
  const at::Tensor chosen = few_shot({numbers, all_base.labels}, shots, seed).features.squeeze(1);
  result.train = {all_base.features.index_select(0, chosen),
                  all_base.labels.index_select(0, chosen)};
  const at::Tensor rest =
      at::ones({numbers.size(0)}, at::kBool).index_fill(0, chosen, false).nonzero().squeeze(1);
  result.base_test = {all_base.features.index_select(0, rest),
                      all_base.labels.index_select(0, rest)};
  result.new_test = selected(pictures.all, of_new);
  result.new_test.labels = result.new_test.labels - base;
  std::vector<std::string> untested;
  for (std::int64_t k = 0; k < classes; ++k) {
    const at::Tensor& tested = k < base ? result.base_test.labels : result.new_test.labels;
    if (!tested.eq(k < base ? k : k - base).any().item<bool>())
      untested.push_back(pictures.classes[static_cast<std::size_t>(k)]);
  }
  if (!untested.empty())
    throw calibra::value_error(calibra::detail::concat(
        "split_task(): with ", shots, " pictures a base class for training there is none to test ",
        "on of class ", joined(untested)));
  return result;
}

}  // namespace coop
