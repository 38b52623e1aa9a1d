// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Reads the headers that the tests share.
