// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// The first character says which kind of file the rest is; what is in it is listed, scores and
// labels are found by their names and loaded.
#include <array>

#include "calibra/io/dump.hpp"
#include "calibra/io/load.hpp"
#include "fuzz.hpp"

namespace {

bool run_contents(std::string_view bytes) {
  constexpr std::array<std::string_view, 8> endings{".npy", ".npz", ".safetensors", ".pt",
                                                    ".csv", ".tsv", ".pth",         ".txt"};
  if (bytes.empty()) return false;
  const std::string_view ending = endings[static_cast<unsigned char>(bytes[0]) % endings.size()];
  const std::string path = fuzz::in_memory(bytes.substr(1), ending);
  std::vector<calibra::io::array_entry> entries;
  if (!fuzz::runs([&] { entries = calibra::io::contents(path); })) return false;
  for (const auto& e : entries)
    fuzz::expect(!e.type_name.empty(), "an entry without the name of a type");
  bool found = false;
  for (const auto said : {calibra::io::named_form::unsaid, calibra::io::named_form::confidences}) {
    calibra::io::found_dump dump;
    if (!fuzz::runs([&] { dump = calibra::io::find_dump(path, entries, said); })) continue;
    for (const std::string& name : {dump.scores, dump.labels})
      found = fuzz::reads_whole([&] {
                if (ending == ".csv" || ending == ".tsv")
                  return calibra::io::load(path, {.columns = {name}});
                return calibra::io::load(path + ':' + name);
              }) ||
              found;
  }
  return found;
}

const fuzz::target contents("contents", run_contents);

}  // namespace
