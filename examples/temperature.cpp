// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Temperature scaling: fitted on one half of the digits, measured on the other.
#include <calibra/calibra.hpp>
#include <calibra/io/io.hpp>
#include <calibra/recalibration/temperature.hpp>
#include <cstdio>
#include <string>

namespace io = calibra::io;

int main(int argc, char** argv) {
  const std::string data = argc > 1 ? argv[1] : "examples/data/digits";
  try {
    const io::array validation = io::load(data + "/validation_logits.npy");
    const io::array test = io::load(data + "/test_logits.npy");
    const io::label_column validation_labels =
        io::labels(io::load(data + "/validation_labels.npy"));
    const io::label_column test_labels = io::labels(io::load(data + "/test_labels.npy"));
    //[ fit
    const calibra::temperature_scaling fitted = validation.visit_native_scores([&](auto z) {
      return calibra::fit<calibra::temperature_scaling>(calibra::logits(z), validation_labels);
    });
    test.visit_native_scores([&](auto z) {
      const auto before = calibra::logits(z);
      const auto after = calibra::probabilities(fitted.transform(before));
      std::printf("T        %.4f\n", fitted.temperature());
      std::printf("accuracy %.4f -> %.4f\n", calibra::accuracy(before, test_labels),
                  calibra::accuracy(after, test_labels));
      std::printf("ECE      %.4f -> %.4f\n", calibra::ece(before, test_labels),
                  calibra::ece(after, test_labels));
      std::printf("NLL      %.4f -> %.4f\n", calibra::nll(before, test_labels),
                  calibra::nll(after, test_labels));
    });
    //]
  } catch (const calibra::error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}

// Output:
// T        2.4256
// accuracy 0.8300 -> 0.8300
// ECE      0.0953 -> 0.0389
// NLL      0.6593 -> 0.4928
