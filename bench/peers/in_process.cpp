// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
//
// What does calibra take where its peers are measured? Reads a dump, then times calls in this
// process, on one thread, and prints a line of JSON for each: processor seconds of every repeat,
// the values, and the peak of memory above what the process held before.
//
//   bench_peers LOGITS.npy LABELS.npy PROBABILITIES.npy REPEATS LIKE TASK...
//
// TASK is a list of metrics, "ece,mce", all of one evaluate(), or "temperature", a fit. Times are
// those of the logits; values are those of the probabilities, which the peers are given too (a
// temperature: of the logits).

#include <malloc.h>

#include <cstddef>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "calibra/calibra.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/io/npy.hpp"
#include "calibra/recalibration/temperature.hpp"

namespace {

using values = std::vector<std::pair<std::string, double>>;

constexpr double least = 0.02;  // seconds of a repeat, in which short calls are made several times

double seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// A line of /proc/self/status in MB.
double megabytes(std::string_view what) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word)
    if (word == what) {
      double kilobytes = 0;
      status >> kilobytes;
      return kilobytes / 1024;
    }
  return 0;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

/// The sum of all bytes, which brings the pages of the file into memory.
unsigned touched(const calibra::io::array& a) {
  unsigned sum = 0;
  for (const std::byte b : a.bytes()) sum += std::to_integer<unsigned>(b);
  return sum;
}

/// The seconds of each repeat, as JSON.
template<class Call>
std::string timed(int repeats, const Call& call) {
  std::string times;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const double start = seconds();
    int calls = 0;
    do {
      call();
      ++calls;
    } while (seconds() - start < least);
    char text[32];
    std::snprintf(text, sizeof text, "%.9f", (seconds() - start) / calls);
    times += (repeat == 0 ? "" : ", ") + std::string(text);
  }
  return "[" + times + "]";
}

template<class Own, class Like>
void measure(const std::string& task, int repeats, const values& checked, const Own& own,
             const Like& like) {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";  // VmHWM begins anew
  const double before = megabytes("VmRSS:");
  const std::string own_times = timed(repeats, own), like_times = timed(repeats, like);
  std::printf(R"({"task": "%s", "seconds": %s, "like_seconds": %s, "megabytes": %.1f, "values": {)",
              task.c_str(), own_times.c_str(), like_times.c_str(), megabytes("VmHWM:") - before);
  for (std::size_t i = 0; i < checked.size(); ++i)
    std::printf(R"(%s"%s": %.17g)", i == 0 ? "" : ", ", checked[i].first.c_str(),
                checked[i].second);
  std::puts("}}");
  std::fflush(stdout);
}

void run(int count, char** arguments) {
  const calibra::io::array scores = calibra::io::load_npy(arguments[1]);
  const calibra::io::label_column labels = calibra::io::labels(calibra::io::load_npy(arguments[2]));
  const int repeats = std::stoi(arguments[4]);
  const calibra::options options{.like = calibra::conventions::find(arguments[5])};
  std::fprintf(stderr, "%u\n", touched(scores));
  const auto with_floats = [](const calibra::io::array& a, const auto& f) {
    a.visit_scores([&](const auto& view) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(view(0, 0))>, float>)
        f(view);
      else
        throw calibra::io_error(a.name() + ": expected float32");
    });
  };
  with_floats(scores, [&](const auto& z) {
    for (int i = 6; i < count; ++i) {
      const std::string task = arguments[i];
      if (task == "temperature") {
        double temperature = 0;
        const auto fit = [&] {
          temperature =
              calibra::fit<calibra::temperature_scaling>(calibra::logits(z), labels).temperature();
        };
        fit();
        measure(task, repeats, {{task, temperature}}, fit, fit);
        continue;
      }
      const calibra::metric_list metrics = calibra::all_metrics().only(split(task));
      values checked;
      with_floats(calibra::io::load_npy(arguments[3]), [&](const auto& p) {
        for (const auto& m : calibra::evaluate(calibra::probabilities(p), labels, metrics, options))
          checked.emplace_back(m.name, m.value);
      });
      const auto under = [&](calibra::options o) {
        return [&, o = std::move(o)] {
          return calibra::evaluate(calibra::logits(z), labels, metrics, o);
        };
      };
      measure(task, repeats, checked, under({}), under(options));
    }
  });
}

}  // namespace

int main(int count, char** arguments) try {
  if (count < 7) {
    std::fputs("bench_peers LOGITS LABELS PROBABILITIES REPEATS LIKE TASK...\n", stderr);
    return 2;
  }
  run(count, arguments);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
