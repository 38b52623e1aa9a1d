// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "io_files.hpp"

// Files as torch.save() makes them, put together by hand.
namespace io_test {

/// A number below 2^31 as BININT.
inline std::string pickled(std::int32_t x) {
  return "J" + bytes_of(x);
}
inline std::string pickled(const std::string& text) {
  return "X" + bytes_of(static_cast<std::uint32_t>(text.size())) + text;
}
inline std::string pickled_tuple(const std::vector<std::string>& items) {
  std::string out = "(";
  for (const std::string& item : items) out += item;
  return out + "t";
}
inline std::string pickled_extents(const std::vector<std::int32_t>& extents) {
  std::vector<std::string> items;
  for (const std::int32_t e : extents) items.push_back(pickled(e));
  return pickled_tuple(items);
}
inline std::string pickled_call(const std::string& module, const std::string& name,
                                const std::string& arguments) {
  return "c" + module + "\n" + name + "\n" + arguments + "R";
}
inline std::string pickled_dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out = "}(";
  for (const auto& [key, value] : items) out += pickled(key) + value;
  return out + "u";
}
inline std::string pickled_list(const std::vector<std::string>& items) {
  std::string out = "](";
  for (const std::string& item : items) out += item;
  return out + "e";
}

struct pt_tensor {
  std::string type;  // as "FloatStorage"
  std::string key;
  std::vector<std::int32_t> shape, strides;
  std::int32_t offset = 0;
};
inline std::string pickled(const pt_tensor& t) {
  const std::string storage =
      pickled_tuple({pickled("storage"), "ctorch\n" + t.type + "\n", pickled(t.key), pickled("cpu"),
                     pickled(std::int32_t{0})}) +
      "Q";
  return pickled_call("torch._utils", "_rebuild_tensor_v2",
                      pickled_tuple({storage, pickled(t.offset), pickled_extents(t.shape),
                                     pickled_extents(t.strides), "\x89",
                                     pickled_call("collections", "OrderedDict", ")")}));
}

/// The whole pickle of a value.
inline std::string pickle_of(const std::string& value) {
  return "\x80\x02" + value + ".";
}
/// The archive; `storages`: the bytes of each key.
inline std::string pt_image(const std::string& pickle,
                            const std::vector<std::pair<std::string, std::string>>& storages,
                            const std::string& byte_order = "", bool deflate = false) {
  std::vector<zip_member> members{{"a/data.pkl", pickle, deflate}};
  if (!byte_order.empty()) members.push_back({"a/byteorder", byte_order});
  for (const auto& [key, bytes] : storages) members.push_back({"a/data/" + key, bytes, deflate});
  members.push_back({"a/version", "3\n"});
  return zip_image(members);
}
/// 2 x 3 float32, 0 to 5.
inline std::string small_pt() {
  return pt_image(pickle_of(pickled(pt_tensor{"FloatStorage", "0", {2, 3}, {3, 1}})),
                  {{"0", small_data()}});
}

}  // namespace io_test
