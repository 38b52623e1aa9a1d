// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <string>

#include "clip/vision_transformer.hpp"
#include "encoding.hpp"
#include "task.hpp"

namespace coop {

/// A picture file (PNG, JPEG, BMP, ...) as CLIP's image encoder takes it: [3, side, side] float32,
/// the shorter side resized to `side` by an antialiased bicubic as PIL's (see `resized`), the
/// centre cut out, channels normalised by the mean and deviation of CLIP's training pictures.
/// Palettes and greys are made RGB first, transparency is dropped. Throws calibra::io_error with
/// the path and the reason.
at::Tensor load_picture(const std::string& path, std::int64_t side);

/// All pictures of a folder with one folder a class: `folder`/<class>/<picture>, an underscore in a
/// class's name standing for a space. Features [N, D] of length 1, in order of class and file.
struct labelled_pictures {
  std::vector<std::string> classes;  ///< in order of the folders' names
  feature_set all;
};

/// Encodes them, 32 at a time on each thread. In the cache a picture is known by its class, name,
/// size and time of the last change; its contents are not read again.
/// Throws calibra::io_error: no such folder, no class, a class without pictures (all listed at
/// once), a file that is no picture.
labelled_pictures encode_pictures(
    const vision_transformer& encoder, const std::string& folder,
    const encoding_options& options = {},
    const std::function<void(const encoding_progress&)>& progress = {});

/// Features that were made before, from a `.npz` file: `features` [N, D], `labels` [N], with the
/// names of the classes in a text file, one a line, in order of the labels.
/// `dimension` is that of the text features. Throws calibra::io_error, calibra::shape_error
/// (another D), calibra::value_error (a row that is not finite or all zeros, a label beyond the
/// classes).
labelled_pictures load_features(const std::string& features, const std::string& classes,
                                std::int64_t dimension);

/// The first half of the classes as base, the rest as new. Of each base class `shots` pictures
/// chosen by the seed are for training and the rest for testing; those of new classes are all for
/// testing. Throws calibra::value_error for fewer than 2 classes, and for classes of which there is
/// no picture to test on (all listed at once).
task split_task(const labelled_pictures& pictures, std::int64_t shots, std::uint64_t seed);

}  // namespace coop
