// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "calibra/error.hpp"
#include "calibra/metrics/metric.hpp"
#include "calibra/table/reliability_table.hpp"

namespace calibra {

/// Any metric, its type forgotten: what lists and conventions hold. Small formulas are kept inside;
/// of others copies share the object.
class any_metric {
 public:
  template<formula F>
  any_metric(const F& f)  // NOLINT(google-explicit-constructor): a list takes the metrics
      : table_(&table_of<F>) {
    if constexpr (fits<F>)
      std::memcpy(inside_, &f, sizeof(F));
    else
      outside_ = std::make_shared<const F>(f);
  }
  template<class F>
  any_metric(const metric<F>& m)  // NOLINT(google-explicit-constructor): as above
      : any_metric(m.form()) {}

  [[nodiscard]] const metric_info& info() const noexcept { return *table_->info; }
  [[nodiscard]] std::string_view name() const noexcept { return info().name; }
  [[nodiscard]] evidence_needs needs() const { return table_->needs(object()); }
  /// The value on evidence; NaN where the metric is undefined on it. Needs calibra/evaluate.hpp.
  [[nodiscard]] double of(const evidence_view& e) const { return table_->of(object(), e); }
  /// What noise alone makes of it, where the formula says so (`noise_floor(table)`); else NaN.
  [[nodiscard]] double noise_floor(const reliability_table& table) const {
    return table_->noise_floor(object(), table);
  }
  /// Throws option_error for options of the metric that make no sense.
  void check() const { table_->check(object()); }
  /// Whether its options are those of the type by default; true for formulas without operator==.
  [[nodiscard]] bool by_default() const { return table_->by_default(object()); }
  /// The formula itself, or null if it is of another type.
  template<class F>
  [[nodiscard]] const F* as() const noexcept {
    return table_ == &table_of<F> ? static_cast<const F*>(object()) : nullptr;
  }

  /// The same type with the same options. Formulas without operator== are equal by type.
  friend bool operator==(const any_metric& a, const any_metric& b) {
    return a.table_ == b.table_ && a.table_->equal(a.object(), b.object());
  }

 private:
  struct functions {
    const metric_info* info;
    evidence_needs (*needs)(const void*);
    double (*of)(const void*, const evidence_view&);
    double (*noise_floor)(const void*, const reliability_table&);
    void (*check)(const void*);
    bool (*equal)(const void*, const void*);
    bool (*by_default)(const void*);
  };
  template<class F>
  static evidence_needs needs_as(const void* f) {
    return detail::needs_of(*static_cast<const F*>(f));
  }
  template<class F>
  static double of_as(const void* f, const evidence_view& e);  // calibra/evaluate/evidence_view.hpp
  template<class F>
  static double noise_floor_as([[maybe_unused]] const void* f,
                               [[maybe_unused]] const reliability_table& table) {
    if constexpr (requires(const F& g) { g.noise_floor(table); })
      return static_cast<const F*>(f)->noise_floor(table);
    else
      return std::numeric_limits<double>::quiet_NaN();
  }
  template<class F>
  static void check_as([[maybe_unused]] const void* f) {
    if constexpr (requires(const F& g) { g.check(); }) static_cast<const F*>(f)->check();
  }
  template<class F>
  static bool equal_as([[maybe_unused]] const void* a, [[maybe_unused]] const void* b) {
    if constexpr (std::equality_comparable<F>)
      return *static_cast<const F*>(a) == *static_cast<const F*>(b);
    else
      return true;
  }
  template<class F>
  static bool by_default_as([[maybe_unused]] const void* f) {
    if constexpr (std::equality_comparable<F> && std::default_initializable<F>)
      return *static_cast<const F*>(f) == F{};
    else
      return true;
  }
  template<class F>
  static inline const functions table_of{&F::info,           &needs_as<F>, &of_as<F>,
                                         &noise_floor_as<F>, &check_as<F>, &equal_as<F>,
                                         &by_default_as<F>};

  static constexpr std::size_t room = 32;
  template<class F>
  static constexpr bool fits = std::is_trivially_copyable_v<F> && sizeof(F) <= room &&
                               alignof(F) <= alignof(double);

  const void* object() const noexcept {
    return outside_ != nullptr ? outside_.get() : static_cast<const void*>(inside_);
  }

  alignas(double) unsigned char inside_[room] = {};
  std::shared_ptr<const void> outside_;
  const functions* table_;
};

/// Metrics in the order in which they are given back: a value.
class metric_list {
 public:
  metric_list(std::initializer_list<any_metric> metrics) {
    for (const any_metric& m : metrics) push_back(m);
  }
  /// Throws option_error where a metric of that name is there, or its options make no sense.
  void push_back(const any_metric& m) {
    if (find(m.name()) != nullptr)
      throw option_error(detail::concat("metric_list: two metrics are called \"", m.name(), "\""));
    m.check();
    metrics_.push_back(m);
  }
  [[nodiscard]] const any_metric* find(std::string_view name) const {
    for (const any_metric& m : metrics_)
      if (m.name() == name) return &m;
    return nullptr;
  }
  /// Those of the names, in the list's order. Throws option_error for a name that is not there.
  [[nodiscard]] metric_list only(const std::vector<std::string>& names) const {
    for (const std::string& name : names)
      if (find(name) == nullptr)
        throw option_error(detail::concat("metrics: expected names out of ", this->names(),
                                          "; got \"", name, "\""));
    metric_list some({});
    for (const any_metric& m : metrics_)
      for (const std::string& name : names)
        if (m.name() == name && some.find(name) == nullptr) some.push_back(m);
    return some;
  }
  /// "ece, mce, ..."
  [[nodiscard]] std::string names() const {
    std::string out;
    for (const any_metric& m : metrics_) out += detail::concat(out.empty() ? "" : ", ", m.name());
    return out;
  }
  [[nodiscard]] std::size_t size() const noexcept { return metrics_.size(); }
  [[nodiscard]] auto begin() const noexcept { return metrics_.begin(); }
  [[nodiscard]] auto end() const noexcept { return metrics_.end(); }
  friend bool operator==(const metric_list&, const metric_list&) = default;

 private:
  std::vector<any_metric> metrics_;
};

}  // namespace calibra
