// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <hdf5.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/detail/hdf5_file.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/mapped_file.hpp"

namespace calibra::io::detail {

/// Calls f with every text of a data set of texts of shape (n,) or (n, 1), of one length or of
/// several; gives false for a data set of something else. Throws io_error: no such data set,
/// another shape, what cannot be read.
template<class F>
bool each_hdf5_text(const std::string& path, std::string_view member, const F& f) {
  static_cast<void>(mapped_file(path));  // the reason why it cannot be opened
  const hdf5_silence silence;
  const hdf5_file listed_names(path);
  const std::string name =
      listed_names.names()[choose_member(path, member, listed_names.names(), "data set")];
  const array_entry entry = listed_names.described(name);
  if (entry.type_name != "text") return false;
  const std::string full = concat(path, ':', name);
  if (entry.shape.size() != 1 && (entry.shape.size() != 2 || entry.shape[1] != 1))
    throw io_error(concat(full, ": labels: expected shape (n,) or (n, 1), got shape ",
                          shape_text(entry.shape)));
  const hdf5_handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  const hdf5_handle set(file ? H5Dopen2(file, name.c_str(), H5P_DEFAULT) : -1, H5Dclose);
  const hdf5_handle space(set ? H5Dget_space(set) : -1, H5Sclose);
  const hdf5_handle type(set ? H5Dget_type(set) : -1, H5Tclose);
  if (!space || !type) throw io_error(concat(full, ": damaged: cannot be opened"));
  const bool of_any_length = H5Tis_variable_str(type) > 0;
  const std::size_t width = of_any_length ? sizeof(char*) : H5Tget_size(type);
  constexpr std::size_t at_once = 4096;
  std::vector<char> buffer;
  for (std::size_t first = 0; first < entry.shape[0]; first += at_once) {
    const std::size_t count = std::min(at_once, entry.shape[0] - first);
    buffer.assign(count * width, '\0');
    const hsize_t start[] = {first, 0}, extent[] = {count, 1};
    const hdf5_handle part(H5Screate_simple(1, extent, nullptr), H5Sclose);
    const bool read =
        part && H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, extent, nullptr) >= 0 &&
        H5Dread(set, type, part, space, H5P_DEFAULT, buffer.data()) >= 0;
    if (!read) throw io_error(concat(full, ": damaged: its elements cannot be read"));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) {
      std::string_view text(buffer.data() + i * width, width);
      if (of_any_length) {
        const char* one = nullptr;
        std::copy_n(text.data(), width, reinterpret_cast<char*>(&one));
        text = one == nullptr ? std::string_view() : std::string_view(one);
      }
      text = text.substr(0, text.find('\0'));
      if (H5Tget_strpad(type) == H5T_STR_SPACEPAD)
        text = text.substr(0, text.find_last_not_of(' ') + 1);
      texts.emplace_back(text);
    }
    if (of_any_length) H5Dvlen_reclaim(type, part, H5P_DEFAULT, buffer.data());
    for (const std::string& text : texts) f(text);
  }
  return true;
}

}  // namespace calibra::io::detail
