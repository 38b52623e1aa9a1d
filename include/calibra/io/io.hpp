// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

/// All of calibra's file layer: arrays and recalibrators out of files, and files written whole or
/// not at all. Needs libzip, zlib, zstd and nlohmann-json; link calibra::io. The core headers
/// include none of this.
#include "calibra/io/array.hpp"
#include "calibra/io/array_entry.hpp"
#include "calibra/io/array_layout.hpp"
#include "calibra/io/class_names.hpp"
#include "calibra/io/csv.hpp"
#include "calibra/io/dtype.hpp"
#include "calibra/io/dump.hpp"
#include "calibra/io/file_kind.hpp"
#include "calibra/io/file_memory.hpp"
#include "calibra/io/input_file.hpp"
#include "calibra/io/json_records.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/io/llama.hpp"
#include "calibra/io/load.hpp"
#include "calibra/io/mapped_file.hpp"
#include "calibra/io/model.hpp"
#include "calibra/io/named_labels.hpp"
#include "calibra/io/npy.hpp"
#include "calibra/io/npz.hpp"
#include "calibra/io/pt.hpp"
#include "calibra/io/record_options.hpp"
#include "calibra/io/record_presets.hpp"
#include "calibra/io/resident_limit.hpp"
#include "calibra/io/safetensors.hpp"
#include "calibra/io/save.hpp"
#include "calibra/io/table_options.hpp"
#include "calibra/io/write_file.hpp"
