// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "calibra/io/array.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/detail/hdf5_file.hpp"
#include "calibra/io/detail/hdf5_texts.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/mapped_file.hpp"

namespace calibra::io {

/// Loads one data set of an HDF5 file: `name` is its path, as "c10/resnet110/probas_test"; without
/// one the file has to hold a single data set. Element types float16 (as h5py writes it), bfloat16,
/// float32, float64, integers of 1 to 8 bytes, booleans of h5py; either byte order. A data set in
/// one piece is mapped, not read; one in chunks (gzip, shuffle) is read into memory.
/// Not followed: links to other files, elements in other files, soft links. Files are taken apart
/// by libhdf5: read only those that you trust it with. Not to be called from several threads.
/// Throws io_error with file, data set, expected and got; an unknown name lists those there are.
inline array load_hdf5(const std::string& path, std::string_view name = {}) {
  static_cast<void>(mapped_file(path));  // the reason why it cannot be opened
  const detail::hdf5_silence silence;
  const detail::hdf5_file file(path);
  return file.load(file.names()[detail::choose_member(path, name, file.names(), "data set")]);
}

/// The data sets of such a file. Throws io_error as load_hdf5().
inline std::vector<array_entry> hdf5_contents(const std::string& path) {
  static_cast<void>(mapped_file(path));
  const detail::hdf5_silence silence;
  const detail::hdf5_file file(path);
  std::vector<array_entry> out;
  for (const std::string& name : file.names()) out.push_back(file.described(name));
  return out;
}

}  // namespace calibra::io
