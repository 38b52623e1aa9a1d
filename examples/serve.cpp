// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// A server that calibrates one row at a time: each line of standard input is a row of logits, the
// answer is the predicted class and its calibrated confidence. docs/tutorial.md builds and runs it.
#include <algorithm>
#include <calibra/io/model.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

std::vector<float> numbers_of(const std::string& line) {
  std::vector<float> numbers;
  const char* at = line.c_str();
  char* end = nullptr;
  for (float x = std::strtof(at, &end); end != at; x = std::strtof(at, &end)) {
    numbers.push_back(x);
    at = end;
  }
  return numbers;
}

void answer(const std::vector<float>& p) {
  const auto top = std::max_element(p.begin(), p.end());
  std::printf("class %d, confidence %.4f\n", static_cast<int>(top - p.begin()),
              static_cast<double>(*top));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    //[ load
    const std::string path = argc > 1 ? argv[1] : "temperature.json";
    const calibra::temperature_scaling scaling = calibra::io::load_temperature(path);
    //]
    //[ loop
    std::vector<float> p;
    for (std::string line; std::getline(std::cin, line);) {
      const std::vector<float> z = numbers_of(line);  // the logits of one sample
      p.resize(z.size());
      try {
        scaling.transform(calibra::logits(z, z.size()), p);  // one row of z.size() classes
        answer(p);
      } catch (const calibra::error& e) {  // a bad row: say so and go on
        std::printf("%s\n", e.what());
      }
    }
    //]
  } catch (const calibra::error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
