// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

// Every header of calibra reads this one before anything else of calibra.
#if __cplusplus < 202002L
#error "calibra needs C++20: add -std=c++20, or link the CMake target calibra::calibra"
#endif

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
