// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <hdf5.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/io/array.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/array_layout.hpp"
#include "calibra/io/detail/text.hpp"
#include "calibra/io/dtype.hpp"
#include "calibra/io/mapped_file.hpp"

// HDF5 files by the C interface of libhdf5.
namespace calibra::io::detail {

/// Whatever of HDF5 has a number, and gives it back. Negative: it could not be had.
class hdf5_handle {
 public:
  hdf5_handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  hdf5_handle(const hdf5_handle&) = delete;
  hdf5_handle& operator=(const hdf5_handle&) = delete;
  ~hdf5_handle() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }  // NOLINT(google-explicit-constructor)
  explicit operator bool() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// No messages of HDF5's own on standard error while this lives.
class hdf5_silence {
 public:
  hdf5_silence() {
    H5Eget_auto2(H5E_DEFAULT, &said_, &to_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  hdf5_silence(const hdf5_silence&) = delete;
  hdf5_silence& operator=(const hdf5_silence&) = delete;
  ~hdf5_silence() { H5Eset_auto2(H5E_DEFAULT, said_, to_); }

 private:
  H5E_auto2_t said_ = nullptr;
  void* to_ = nullptr;
};

/// The element type of a data set, and in which order its bytes are; none for one that is not read.
struct hdf5_type {
  std::optional<io::dtype> type = std::nullopt;
  std::endian order = std::endian::native;
  std::string name = {};
};

inline std::optional<io::dtype> hdf5_real(hid_t type, std::size_t size) {
  std::size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0;
  if (H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0)
    return std::nullopt;
  const bool packed = H5Tget_offset(type) == 0 && H5Tget_precision(type) == 8 * size &&
                      sign == 8 * size - 1 && mantissa == 0 && exponent == mantissa_bits &&
                      H5Tget_norm(type) == H5T_NORM_IMPLIED &&
                      H5Tget_ebias(type) == (std::size_t{1} << (exponent_bits - 1)) - 1;
  if (!packed) return std::nullopt;
  if (size == 2 && exponent_bits == 5) return io::dtype::f2;
  if (size == 2 && exponent_bits == 8) return io::dtype::bf16;
  if (size == 4 && exponent_bits == 8) return io::dtype::f4;
  if (size == 8 && exponent_bits == 11) return io::dtype::f8;
  return std::nullopt;
}

inline std::optional<io::dtype> hdf5_whole(hid_t type, std::size_t size) {
  if (H5Tget_offset(type) != 0 || H5Tget_precision(type) != 8 * size) return std::nullopt;
  const bool with_sign = H5Tget_sign(type) == H5T_SGN_2;
  switch (size) {
    case 1:
      return with_sign ? io::dtype::i1 : io::dtype::u1;
    case 2:
      return with_sign ? io::dtype::i2 : io::dtype::u2;
    case 4:
      return with_sign ? io::dtype::i4 : io::dtype::u4;
    case 8:
      return with_sign ? io::dtype::i8 : io::dtype::u8;
    default:
      return std::nullopt;
  }
}

/// Whether it is the enumeration of FALSE and TRUE that h5py writes booleans as.
inline bool hdf5_boolean(hid_t type, std::size_t size) {
  if (size != 1 || H5Tget_nmembers(type) != 2) return false;
  signed char no = -1, yes = -1;
  return H5Tenum_valueof(type, "FALSE", &no) >= 0 && H5Tenum_valueof(type, "TRUE", &yes) >= 0 &&
         no == 0 && yes == 1;
}

inline hdf5_type hdf5_type_of(hid_t type) {
  hdf5_type out;
  const std::size_t size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      out.type = hdf5_real(type, size);
      out.name = concat("real numbers of ", size, " bytes");
      break;
    case H5T_INTEGER:
      out.type = hdf5_whole(type, size);
      out.name = concat("whole numbers of ", size, " bytes");
      break;
    case H5T_ENUM:
      if (hdf5_boolean(type, size)) out.type = io::dtype::b1;
      out.name = "an enumeration";
      break;
    case H5T_STRING:
      out.name = "text";
      break;
    case H5T_COMPOUND:
      out.name = "a compound";
      break;
    default:
      out.name = "another type";
  }
  if (out.type) {
    const H5T_order_t order = H5Tget_order(type);
    if (order == H5T_ORDER_BE)
      out.order = std::endian::big;
    else if (order == H5T_ORDER_LE)
      out.order = std::endian::little;
    else if (order != H5T_ORDER_NONE)
      out.type.reset();
    if (out.type) out.name = std::string(name_of(*out.type));
  }
  return out;
}

/// An open file. Links into other files are not followed.
class hdf5_file {
 public:
  explicit hdf5_file(const std::string& path)
      : path_(path), file_(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose) {
    if (!file_) throw io_error(concat(path, ": not an HDF5 file, or a damaged one"));
    if (H5Lvisit(file_, H5_INDEX_NAME, H5_ITER_NATIVE, &found, this) < 0)
      throw io_error(concat(path, unopened_.empty() ? "" : ":", unopened_, unknown_format()));
    std::sort(names_.begin(), names_.end());
  }
  hdf5_file(const hdf5_file&) = delete;
  hdf5_file& operator=(const hdf5_file&) = delete;
  ~hdf5_file() = default;

  /// The data sets by their paths, without the first '/', in the order of the alphabet.
  const std::vector<std::string>& names() const { return names_; }

  array_entry described(const std::string& name) const {
    const data_set d(*this, name);
    return {.name = name, .type = d.type.type, .type_name = d.type.name, .shape = d.shape};
  }

  array load(const std::string& name) const {
    const data_set d(*this, name);
    const std::string full = concat(path_, ':', name);
    if (!d.type.type)
      throw io_error(concat(full, ": element type ", d.type.name, " is not supported"));
    array_layout layout;
    layout.type = *d.type.type;
    layout.shape = d.shape;
    layout.byte_order = d.type.order;
    const std::size_t bytes = byte_count(full, layout);
    if (auto mapped = mapped_elements(d, bytes))
      return {full, layout, mapped->second, mapped->first};
    check_filters(d, full);
    const auto buffer = std::make_shared<std::vector<std::byte>>(bytes);
    const hdf5_handle as_stored(H5Dget_type(d.set), H5Tclose);
    if (bytes != 0 && H5Dread(d.set, as_stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer->data()) < 0)
      throw io_error(concat(full, ": damaged: its elements cannot be read"));
    return {full, layout, *buffer, buffer};
  }

 private:
  struct data_set {
    hdf5_handle set;
    hdf5_handle properties;
    hdf5_type type;
    std::vector<std::size_t> shape;

    data_set(const hdf5_file& in, const std::string& name)
        : set(H5Dopen2(in.file_, name.c_str(), H5P_DEFAULT), H5Dclose),
          properties(set ? H5Dget_create_plist(set) : -1, H5Pclose) {
      const hdf5_handle space(set ? H5Dget_space(set) : -1, H5Sclose);
      const hdf5_handle stored(set ? H5Dget_type(set) : -1, H5Tclose);
      if (!set || !properties || !space || !stored)
        throw io_error(concat(in.path_, ':', name, unknown_format()));
      type = hdf5_type_of(stored);
      const int dimensions = H5Sget_simple_extent_ndims(space);
      std::vector<hsize_t> extents(static_cast<std::size_t>(std::max(dimensions, 0)));
      if (dimensions > 0) H5Sget_simple_extent_dims(space, extents.data(), nullptr);
      for (const hsize_t extent : extents) shape.push_back(static_cast<std::size_t>(extent));
      if (H5Sget_simple_extent_type(space) == H5S_NULL || dimensions < 0) {
        type.type.reset();
        type.name = "nothing";
      } else if (H5Pget_external_count(properties) > 0 ||
                 H5Pget_layout(properties) == H5D_VIRTUAL) {
        type.type.reset();  // a file has no business to name others
        type.name = "elements in another file";
      }
    }
  };

  static std::string unknown_format() {
    return concat(": damaged, or of a newer format than HDF5 ", H5_VERS_MAJOR, '.', H5_VERS_MINOR,
                  '.', H5_VERS_RELEASE, " reads; h5py's libver='v110' writes an older one");
  }
  static herr_t found(hid_t group, const char* name, const H5L_info_t* link, void* self) {
    if (link->type != H5L_TYPE_HARD) return 0;
    hdf5_file& file = *static_cast<hdf5_file*>(self);
    file.unopened_ = name;
    const hdf5_handle object(H5Oopen(group, name, H5P_DEFAULT), H5Oclose);
    if (!object) return -1;
    file.unopened_.clear();
    if (H5Iget_type(object) == H5I_DATASET) file.names_.emplace_back(name);
    return 0;
  }

  /// The elements where they lie in the file, one after the other.
  std::optional<std::pair<std::shared_ptr<const void>, std::span<const std::byte>>> mapped_elements(
      const data_set& d, std::size_t bytes) const {
    if (bytes == 0 || H5Pget_layout(d.properties) != H5D_CONTIGUOUS) return std::nullopt;
    hsize_t before = 0;
    const hdf5_handle of_file(H5Fget_create_plist(file_), H5Pclose);
    if (!of_file || H5Pget_userblock(of_file, &before) < 0 || before != 0) return std::nullopt;
    const haddr_t offset = H5Dget_offset(d.set);
    if (offset == HADDR_UNDEF || H5Dget_storage_size(d.set) != bytes) return std::nullopt;
    auto file = std::make_shared<const mapped_file>(path_);
    if (offset > file->bytes().size() || bytes > file->bytes().size() - offset)
      throw io_error(concat(path_, ": damaged: elements beyond the end of the file"));
    const auto elements = file->bytes().subspan(static_cast<std::size_t>(offset), bytes);
    return std::pair<std::shared_ptr<const void>, std::span<const std::byte>>(std::move(file),
                                                                              elements);
  }

  /// Chunks may be packed by filters that this HDF5 has not.
  void check_filters(const data_set& d, const std::string& full) const {
    const int filters = H5Pget_nfilters(d.properties);
    for (int i = 0; i < filters; ++i) {
      unsigned flags = 0, settings = 0;
      std::size_t values = 0;
      char name[64] = "";
      const H5Z_filter_t filter = H5Pget_filter2(d.properties, static_cast<unsigned>(i), &flags,
                                                 &values, nullptr, sizeof name, name, &settings);
      if (filter >= 0 && H5Zfilter_avail(filter) > 0) continue;
      throw io_error(concat(full, ": packed by the filter ", in_quotes(name[0] ? name : "?"),
                            ", which this HDF5 has not; gzip is one that every HDF5 has"));
    }
  }

  const std::string& path_;
  hdf5_handle file_;
  std::vector<std::string> names_;
  std::string unopened_;
};

}  // namespace calibra::io::detail
