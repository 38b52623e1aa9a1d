// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

// The parts of README.md and docs/ that follow from metrics, conventions and recalibrators. The
// program write_pages puts them into the pages; a test compares them.

std::string metric_sections_text();      ///< docs/metrics.md, <!-- metrics -->
std::string metric_table_text();         ///< README.md, <!-- metrics -->
std::string convention_sections_text();  ///< docs/conventions.md, <!-- conventions -->
std::string recalibrator_table_text();   ///< docs/recalibration.md, <!-- recalibrators -->
