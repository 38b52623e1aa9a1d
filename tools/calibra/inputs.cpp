// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "inputs.hpp"

#include "calibra/error.hpp"
#include "calibra/io/load.hpp"

namespace calibra::cli {

namespace {

void expect_rows(const io::array& a, const char* what, const io::array& scores) {
  if (a.shape()[0] != scores.shape()[0])
    throw shape_error(calibra::detail::concat(a.name(), ": expected ", scores.shape()[0], " ", what,
                                              " for the ", scores.shape()[0], " rows of ",
                                              scores.name(), ", got ", a.shape()[0]));
}

}  // namespace

void expect_samples(const io::array& scores) {
  if (scores.shape()[0] == 0)
    throw shape_error(calibra::detail::concat(scores.name(),
                                              ": no samples: expected at least 1 row, got shape ",
                                              io::detail::shape_text(scores.shape())));
}

inputs load_inputs(const data_request& request, const std::string& proximity) {
  inputs in{io::load(request.scores), io::load(request.labels)};
  expect_samples(in.scores);
  expect_rows(in.labels, "labels", in.scores);
  if (!request.weights.empty()) {
    in.weights = io::load(request.weights);
    expect_rows(*in.weights, "weights", in.scores);
  }
  if (!proximity.empty()) {
    in.proximity = io::load(proximity);
    expect_rows(*in.proximity, "proximities", in.scores);
  }
  return in;
}

options row_options_of(const data_request& request) {
  options o;
  o.ignore_label = request.ignore_label;
  o.nan = request.nan;
  o.renormalise = request.renormalise;
  o.threads = {request.threads};
  return o;
}

}  // namespace calibra::cli
