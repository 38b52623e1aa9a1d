// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "calibra/error.hpp"
#include "calibra/evaluate/detail/archive_parts.hpp"
#include "calibra/evaluate/evidence.hpp"
#include "calibra/evaluate/evidence_view.hpp"

/// \file
/// Evidence as bytes, exactly: every number comes back with all its bits, on any machine. A file
/// begins with "calibra evidence 1", and ends with a checksum of what is between.

namespace calibra {

/// Evidence as bytes. The convention is kept by its name.
[[nodiscard]] inline std::string to_bytes(evidence e) {
  if (e.rows)
    throw option_error(
        "to_bytes(): evidence with the rows kept is not written; merge it in memory");
  detail::archive_writer writer;
  std::string like = e.like ? std::string(e.like->name) : std::string();
  detail::archive(writer, like);
  detail::archive(writer, e);
  std::string bytes = std::string(detail::archive_title) + writer.take();
  std::uint64_t sum = detail::checksum(bytes);
  detail::archive_writer tail;
  detail::archive(tail, sum);
  return bytes + tail.take();
}

/// The name of the convention that to_bytes() kept; "" where the evidence was made without one.
/// Throws io_error for other bytes.
[[nodiscard]] inline std::string archived_convention(std::string_view bytes,
                                                     std::string_view name) {
  if (!bytes.starts_with(detail::archive_title))
    throw io_error(detail::concat(name, ": not evidence of calibra, or of another version"));
  detail::archive_reader reader(bytes.substr(detail::archive_title.size()), name);
  std::string like;
  detail::archive(reader, like);
  return like;
}

/// Reads what to_bytes() wrote. `name`: what messages call the bytes, their file. `like`: the
/// convention that the evidence was made with, where it was made with one. Throws io_error for
/// other bytes, another version, a truncated or damaged file, or another convention.
[[nodiscard]] inline evidence evidence_from_bytes(std::string_view bytes, std::string_view name,
                                                  convention_option like = {}) {
  using namespace detail;
  constexpr std::string_view family = "calibra evidence ";
  if (!bytes.starts_with(family))
    throw io_error(concat(name,
                          ": not evidence of calibra: it does not begin with \"calibra "
                          "evidence\""));
  if (!bytes.starts_with(archive_title)) {
    const std::string_view version =
        bytes.substr(family.size(), bytes.find('\n') - family.size()).substr(0, 20);
    throw io_error(concat(name, ": evidence of version ", version,
                          "; this release of calibra reads version 1"));
  }
  if (bytes.size() < archive_title.size() + 8)
    throw io_error(concat(name, ": not evidence of calibra: it ends too early"));
  const std::string_view body = bytes.substr(0, bytes.size() - 8);
  std::uint64_t sum = 0;
  archive_reader tail(bytes.substr(bytes.size() - 8), name);
  archive(tail, sum);
  if (sum != checksum(body))
    throw io_error(concat(name, ": evidence that is damaged or cut off: its checksum differs"));
  archive_reader reader(body.substr(archive_title.size()), name);
  std::string made_like;
  archive(reader, made_like);
  const std::string_view given = like ? like->name : std::string_view();
  if (made_like != given)
    throw io_error(concat(name, ": expected evidence made ",
                          given.empty() ? "without a convention" : concat("like ", given), ", got ",
                          made_like.empty() ? "evidence made without one"
                                            : concat("evidence made like ", made_like)));
  evidence e;
  try {
    archive(reader, e);
  } catch (const option_error& wrong) {
    reader.wrong(wrong.what());
  } catch (const value_error& wrong) {
    reader.wrong(wrong.what());
  } catch (const shape_error& wrong) {
    reader.wrong(wrong.what());
  }
  if (!reader.done()) reader.wrong("there is more behind it");
  e.like = std::move(like);
  if (!evidence_view::has_bins(e))
    reader.wrong("it has no table of bins, nor pairs to make one of");
  return e;
}

}  // namespace calibra
