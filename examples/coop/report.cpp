// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>

#include "calibra/diagram/reliability_diagram.hpp"
#include "calibra/diagram/svg.hpp"

namespace coop {

namespace {

/// The 97.5 % point of Student's t with 1 to 30 degrees of freedom; beyond, that of the normal
/// distribution with the first term of its expansion.
double t_975(std::size_t degrees) {
  static constexpr std::array<double, 30> points = {
      12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
      2.2010,  2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
      2.0796,  2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423};
  if (degrees <= points.size()) return points[degrees - 1];
  constexpr double z = 1.959964;
  return z + (z * z * z + z) / (4 * static_cast<double>(degrees));
}

template<class... Args>
std::string formatted(const char* pattern, Args... args) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), pattern, args...);
  return text.data();
}

/// What a row of the table is of.
struct judged_method {
  constexpr judged_method(tuning_method m, repair r = repair::none) : method(m), after(r) {}
  tuning_method method;
  repair after;

  friend bool operator==(const judged_method&, const judged_method&) = default;
};

std::string name_of(const judged_method& m) {
  return coop::name_of(m.method, m.after);
}

std::optional<double> value(std::span<const run> runs, const judged_method& method, split where,
                            std::uint64_t seed, measure which) {
  for (const run& r : runs)
    if (judged_method(r.method, r.after) == method && r.where == where && r.seed == seed)
      return get(r.result.values, which);
  return std::nullopt;
}

std::vector<judged_method> methods_of(std::span<const run> runs) {
  std::vector<judged_method> methods;
  for (const run& r : runs) {
    const judged_method method(r.method, r.after);
    if (std::find(methods.begin(), methods.end(), method) == methods.end())
      methods.push_back(method);
  }
  return methods;
}

std::set<std::uint64_t> seeds_of(std::span<const run> runs) {
  std::set<std::uint64_t> seeds;
  for (const run& r : runs) seeds.insert(r.seed);
  return seeds;
}

double shown(measure which, double x) {
  return which == measure::feature_divergence ? x : 100 * x;
}

std::string cell(const estimate& e, int decimals) {
  if (std::isnan(e.mean)) return "-";
  if (std::isnan(e.half_width)) return formatted("%.*f", decimals, e.mean);
  return formatted("%.*f +-%.*f", decimals, e.mean, decimals, e.half_width);
}

/// Rows of cells as aligned columns, the first to the left.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> width;
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) {
      width.resize(std::max(width.size(), c + 1));
      width[c] = std::max(width[c], row[c].size());
    }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string space(width[c] - row[c].size(), ' ');
      line += c == 0 ? row[c] + space : "  " + (c == 1 ? row[c] + space : space + row[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

double harmonic(double a, double b) {
  return a + b == 0 ? 0 : 2 * a * b / (a + b);
}

std::vector<std::vector<std::string>> measure_rows(std::span<const run> runs) {
  std::vector<std::vector<std::string>> rows = {
      {"method", "split", "accuracy", "confidence", "ECE", "ACE", "MCE", "PIECE", "FD"}};
  const auto seeds = seeds_of(runs);
  for (const judged_method& method : methods_of(runs)) {
    for (const split where : {split::base, split::fresh}) {
      std::vector<std::string> row = {name_of(method), std::string(name_of(where))};
      for (std::size_t m = 0; m < measure_count; ++m) {
        const auto which = static_cast<measure>(m);
        std::vector<double> values;
        for (const std::uint64_t seed : seeds)
          if (const auto x = value(runs, method, where, seed, which))
            values.push_back(shown(which, *x));
        row.push_back(cell(estimated(values), which == measure::feature_divergence ? 3 : 2));
      }
      rows.push_back(std::move(row));
    }
    std::vector<std::string> row = {name_of(method), "harmonic"};
    for (std::size_t m = 0; m < measure_count; ++m) {
      const auto which = static_cast<measure>(m);
      std::vector<double> values;
      for (const std::uint64_t seed : seeds) {
        const auto base = value(runs, method, split::base, seed, which);
        const auto fresh = value(runs, method, split::fresh, seed, which);
        if (base && fresh) values.push_back(shown(which, harmonic(*base, *fresh)));
      }
      row.push_back(cell(estimated(values), which == measure::feature_divergence ? 3 : 2));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// What the method claims, as differences between two methods.
struct claim {
  judged_method of, against;
  split where;
  measure which;
};

std::vector<std::vector<std::string>> claim_rows(std::span<const run> runs) {
  using enum tuning_method;
  static constexpr std::array<claim, 19> claims = {{
      {coop, zero_shot, split::base, measure::accuracy},
      {coop, zero_shot, split::fresh, measure::feature_divergence},
      {coop, zero_shot, split::fresh, measure::ece},
      {coop_dor, coop, split::fresh, measure::feature_divergence},
      {coop_dor, coop, split::fresh, measure::ece},
      {coop_dor, coop, split::fresh, measure::accuracy},
      {coop_dor, coop, split::base, measure::accuracy},
      {coop_dor, coop, split::base, measure::ece},
      {coop_dor2, coop_dor, split::fresh, measure::feature_divergence},
      {coop_dor2, coop_dor, split::fresh, measure::ece},
      {coop_dor2, coop_dor, split::fresh, measure::accuracy},
      {coop_dor2, coop_dor, split::base, measure::ece},
      {coop_dor2, coop_dor, split::base, measure::accuracy},
      {coop_dor, kgcoop, split::fresh, measure::ece},
      {coop_dor, kgcoop, split::base, measure::ece},
      {coop_dor, kgcoop, split::base, measure::accuracy},
      {kgcoop_dor, kgcoop, split::fresh, measure::ece},
      {{coop, repair::temperature}, coop, split::fresh, measure::ece},
      {{coop, repair::dac}, coop, split::fresh, measure::ece},
  }};
  std::vector<std::vector<std::string>> rows = {
      {"difference", "measure", "mean", "seeds below / above 0"}};
  for (const claim& c : claims) {
    std::vector<double> values;
    for (const std::uint64_t seed : seeds_of(runs)) {
      const auto a = value(runs, c.of, c.where, seed, c.which);
      const auto b = value(runs, c.against, c.where, seed, c.which);
      if (a && b) values.push_back(shown(c.which, *a - *b));
    }
    if (values.empty()) continue;
    const auto below = std::count_if(values.begin(), values.end(), [](double x) { return x < 0; });
    const auto above = std::count_if(values.begin(), values.end(), [](double x) { return x > 0; });
    rows.push_back({name_of(c.of) + " - " + name_of(c.against),
                    std::string(name_of(c.where)) + ' ' +
                        std::string(measure_names[static_cast<std::size_t>(c.which)]),
                    cell(estimated(values), c.which == measure::feature_divergence ? 3 : 2),
                    formatted("%td / %td of %zu", below, above, values.size())});
  }
  return rows;
}

}  // namespace

estimate estimated(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return {nan, nan};
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() == 1) return {mean, nan};
  double squares = 0;
  for (const double x : values) squares += (x - mean) * (x - mean);
  return {mean, t_975(values.size() - 1) * std::sqrt(squares / (n - 1) / n)};
}

std::string table_text(std::span<const run> runs) {
  std::string text = aligned(measure_rows(runs));
  const auto claims = claim_rows(runs);
  if (claims.size() > 1) text += "\nPaired by seed\n" + aligned(claims);
  const std::size_t seeds = seeds_of(runs).size();
  text += seeds == 1 ? "\nOne seed"
                     : "\nMeans over " + std::to_string(seeds) + " seeds with 95 % intervals";
  text += "; percent, but for FD (feature divergence).\n";
  if (seeds > 1)
    text +=
        "Each measure is taken seed by seed and averaged. The diagrams pool the pictures of all\n"
        "seeds: the ECE in them is another number, usually smaller.\n";
  return text;
}

std::string json_text(std::span<const run> runs,
                      std::span<const std::pair<std::string, std::string>> settings) {
  nlohmann::ordered_json root;
  root["runs"] = nlohmann::ordered_json::array();
  for (const run& r : runs) {
    nlohmann::ordered_json one;
    one["method"] = name_of(r.method, r.after);
    one["split"] = name_of(r.where);
    one["seed"] = r.seed;
    for (std::size_t m = 0; m < measure_count; ++m)
      one[std::string(measure_names[m])] = r.result.values[m];
    root["runs"].push_back(std::move(one));
  }
  root["settings"] = nlohmann::ordered_json::object();
  for (const auto& [name, text] : settings) {
    if (nlohmann::ordered_json::accept(text))
      root["settings"][name] = nlohmann::ordered_json::parse(text);  // a number
    else
      root["settings"][name] = text;
  }
  return root.dump(2) + '\n';
}

std::map<std::string, pool> pooled(std::span<const run> runs) {
  std::map<std::string, pool> pools;
  for (const run& r : runs) {
    const std::string name = name_of(r.method, r.after) + '-' + std::string(name_of(r.where));
    const auto [place, added] = pools.emplace(name, pool{r.result.table, 1});
    if (added) continue;
    place->second.table += r.result.table;
    ++place->second.seeds;
  }
  return pools;
}

std::string diagram_svg(const pool& all, std::string_view title) {
  std::string name(title);
  if (all.seeds > 1) name += formatted(", %zu seeds pooled", all.seeds);
  return calibra::to_svg(calibra::reliability_diagrams({{name, all.table}}));
}

}  // namespace coop
