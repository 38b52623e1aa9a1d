// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

/// The release number. CMake reads the three macros; nothing else in the project repeats them.
#define CALIBRA_VERSION_MAJOR 0
#define CALIBRA_VERSION_MINOR 1
#define CALIBRA_VERSION_PATCH 0

#define CALIBRA_DETAIL_TEXT_(x) #x
#define CALIBRA_DETAIL_TEXT(x) CALIBRA_DETAIL_TEXT_(x)

/// "major.minor.patch"
#define CALIBRA_VERSION                      \
  CALIBRA_DETAIL_TEXT(CALIBRA_VERSION_MAJOR) \
  "." CALIBRA_DETAIL_TEXT(CALIBRA_VERSION_MINOR) "." CALIBRA_DETAIL_TEXT(CALIBRA_VERSION_PATCH)
