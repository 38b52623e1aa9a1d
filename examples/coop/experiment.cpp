// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "experiment.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "calibra/adapters/torch.hpp"
#include "calibra/io/npy.hpp"
#include "calibra/recalibration/dac.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "calibra/torch/outliers.hpp"

namespace coop {

namespace {

void save_matrix(const std::string& path, const at::Tensor& t) {
  const at::Tensor dense = t.to(at::kCPU, at::kFloat).contiguous();
  calibra::io::save_npy(path, calibra::matrix_view<const float>(
                                  dense.data_ptr<float>(), static_cast<std::size_t>(dense.size(0)),
                                  static_cast<std::size_t>(dense.size(1))));
}

void save_labels(const std::string& path, const at::Tensor& t) {
  const at::Tensor dense = t.to(at::kCPU).contiguous();
  calibra::io::save_npy(
      path, calibra::vector_view<const std::int64_t>(dense.data_ptr<std::int64_t>(),
                                                     static_cast<std::size_t>(dense.size(0))));
}

constexpr std::string_view labels_kind = "labels.npy";
constexpr std::string_view logits_kind = "logits.npy";
constexpr std::string_view checkpoint_kind = "checkpoint.safetensors";

std::string file_name(std::string_view what, std::uint64_t seed, std::string_view kind) {
  return calibra::detail::concat(what, '-', seed, '.', kind);
}

std::string run_name(tuning_method method, split where) {
  return calibra::detail::concat(name_of(method), '-', name_of(where));
}

/// A context for each base class says nothing of new ones.
bool is_judged(const tuning_options& tuning, tuning_method method, split where) {
  return where == split::base || !tuning.prompt.class_specific ||
         method == tuning_method::zero_shot;
}

/// The outliers of each set of base classes, made once: with a CLIP of the user's all seeds share
/// them, and WordNet is long.
class outlier_banks {
 public:
  outlier_banks(const laboratory& lab, const experiment_options& options,
                std::function<void(const encoding_progress&)> progress)
      : lab_(lab), options_(options), progress_(std::move(progress)) {}

  const calibra::outlier_bank<at::Tensor>& of(const task& what, std::uint64_t seed) {
    std::vector<std::string> key = what.base;
    key.emplace_back();
    key.insert(key.end(), what.fresh.begin(), what.fresh.end());
    if (options_.rule == calibra::outlier_rule::random) key.push_back(std::to_string(seed));
    const std::lock_guard lock(guard_);
    const auto known = banks_.find(key);
    if (known != banks_.end()) return known->second;
    return banks_
        .emplace(std::move(key),
                 outliers_for(lab_, what, options_.outliers, options_.rule, seed, progress_))
        .first->second;
  }

 private:
  const laboratory& lab_;
  const experiment_options& options_;
  std::function<void(const encoding_progress&)> progress_;
  std::mutex guard_;
  std::map<std::vector<std::string>, calibra::outlier_bank<at::Tensor>> banks_;
};

/// The runs of one seed.
class seed_runs {
 public:
  seed_runs(const laboratory& lab, const experiment_options& options, outlier_banks& banks,
            std::uint64_t seed)
      : lab_(lab), options_(options), seed_(seed), task_(lab.make_task(seed)) {
    for (const split where : {split::base, split::fresh}) {
      const feature_set& pictures = pictures_of(where);
      proximity_.push_back(proximities(pictures.features));
      if (!options.output.empty()) save_labels(file(name_of(where), labels_kind), pictures.labels);
    }
    if (std::any_of(options.methods.begin(), options.methods.end(), uses_dor))
      bank_ = banks.of(task_, seed_);
  }

  /// False where the tuning was stopped.
  bool run(tuning_method method, std::vector<coop::run>& runs,
           const std::function<void(const epoch_report&)>& report,
           const std::function<bool()>& stop) {
    tuning_options tuning = options_.tuning;
    tuning.method = method;
    tuning.seed = seed_;
    tuning.prompt.seed = seed_;
    if (!options_.output.empty() && method != tuning_method::zero_shot) {
      tuning.checkpoint = file(name_of(method), checkpoint_kind);
      if (!options_.resume) std::filesystem::remove(tuning.checkpoint);
    }
    if (method == tuning_method::kgcoop_dor) tuning.dor_weight = options_.kgcoop_dor_weight;
    const tuning_result result = tune(lab_.words, task_, tuning, bank_, report, stop);
    if (!result.finished) return false;
    for (const split where : {split::base, split::fresh}) {
      if (!is_judged(tuning, method, where)) continue;
      const feature_set& pictures = pictures_of(where);
      const at::Tensor classes = class_features(lab_.words, task_, tuning, result,
                                                where == split::base ? task_.base : task_.fresh);
      const at::Tensor logits = at::matmul(pictures.features, classes.t()) * lab_.words.logit_scale;
      if (!options_.output.empty()) save_matrix(file(run_name(method, where), logits_kind), logits);
      const auto add = [&](const at::Tensor& judged_logits, repair after) {
        runs.push_back(
            {method, where, seed_,
             judge(judged_logits, pictures, proximity_[static_cast<std::size_t>(where)], classes),
             after});
      };
      add(logits, repair::none);
      if (!options_.repairs || method != tuning_method::coop) continue;
      const at::Tensor base = class_features(lab_.words, task_, tuning, result, task_.base);
      add(tempered(logits, base), repair::temperature);
      add(by_distance(logits, base, classes, where), repair::dac);
    }
    return true;
  }

 private:
  /// Logits by the temperature of the training pictures.
  at::Tensor tempered(const at::Tensor& logits, const at::Tensor& base) const {
    const at::Tensor train = at::matmul(task_.train.features, base.t()) * lab_.words.logit_scale;
    return calibra::fit<calibra::temperature_scaling>(calibra::logits(train), task_.train.labels)
        .transform_logits(calibra::logits(logits));
  }
  /// Logits by DAC, of the tuned features of the base classes and of those of the split.
  at::Tensor by_distance(const at::Tensor& logits, const at::Tensor& base,
                         const at::Tensor& classes, split where) const {
    const auto zero_shot = [&](const std::vector<std::string>& names) {
      return calibra::to_matrix(zero_shot_features(lab_.words, task_.phrase, names));
    };
    const auto repaired =
        calibra::dac::from_features(zero_shot(task_.base), calibra::to_matrix(base),
                                    zero_shot(where == split::base ? task_.base : task_.fresh),
                                    calibra::to_matrix(classes))
            .transform_logits(calibra::logits(calibra::to_matrix(logits)));
    at::Tensor out = at::empty(logits.sizes(), at::kFloat);
    std::copy_n(repaired.data(), repaired.rows() * repaired.cols(), out.data_ptr<float>());
    return out;
  }

  const feature_set& pictures_of(split where) const {
    return where == split::base ? task_.base_test : task_.new_test;
  }
  std::string file(std::string_view what, std::string_view kind) const {
    return (std::filesystem::path(options_.output) / file_name(what, seed_, kind)).string();
  }

  const laboratory& lab_;
  const experiment_options& options_;
  std::uint64_t seed_;
  task task_;
  std::vector<at::Tensor> proximity_;
  std::optional<calibra::outlier_bank<at::Tensor>> bank_;
};

}  // namespace

std::string_view name_of(split which) {
  return which == split::base ? "base" : "new";
}

std::string name_of(tuning_method method, repair after) {
  std::string name(name_of(method));
  if (after == repair::temperature) name += "+temperature";
  if (after == repair::dac) name += "+dac";
  return name;
}

calibra::outlier_bank<at::Tensor> outliers_for(
    const laboratory& lab, const task& what, std::size_t count, calibra::outlier_rule rule,
    std::uint64_t seed, const std::function<void(const encoding_progress&)>& progress) {
  const at::Tensor base = zero_shot_features(lab.words, what.phrase, what.base);
  calibra::excluded_names classes;
  classes.add(what.base);
  classes.add(what.fresh);
  calibra::outlier_selector selector(calibra::to_matrix(base), std::move(classes),
                                     {.count = count, .rule = rule, .seed = seed});
  constexpr std::size_t chunk = 2048;
  std::size_t encoded = 0;
  for (std::size_t first = 0; first < what.nouns.size(); first += chunk) {
    const auto begin = what.nouns.begin() + static_cast<std::ptrdiff_t>(first);
    const std::vector<std::string> names(
        begin, begin + static_cast<std::ptrdiff_t>(std::min(chunk, what.nouns.size() - first)));
    std::size_t of_chunk = 0;
    const at::Tensor features =
        lab.encode_nouns
            ? lab.encode_nouns(names,
                               [&](std::size_t done) {
                                 of_chunk = done;
                                 if (progress)
                                   progress({first + done, what.nouns.size(), encoded + done});
                               })
            : zero_shot_features(lab.words, what.phrase, names);
    encoded += of_chunk;
    selector.add(names, calibra::to_matrix(features));
    if (progress) progress({first + names.size(), what.nouns.size(), encoded});
  }
  return calibra::to_tensor(selector.select(), base.device());
}

std::vector<std::string> output_files(const experiment_options& options) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < options.seeds; ++i) {
    const std::uint64_t seed = options.first_seed + static_cast<std::uint64_t>(i);
    for (const split where : {split::base, split::fresh})
      names.push_back(file_name(name_of(where), seed, labels_kind));
    for (const tuning_method method : options.methods) {
      if (method != tuning_method::zero_shot)
        names.push_back(file_name(name_of(method), seed, checkpoint_kind));
      for (const split where : {split::base, split::fresh})
        if (is_judged(options.tuning, method, where))
          names.push_back(file_name(run_name(method, where), seed, logits_kind));
    }
  }
  return names;
}

std::vector<run> run_experiment(const laboratory& lab, const experiment_options& options,
                                const std::function<void(const experiment_progress&)>& report,
                                const std::function<bool()>& stop) {
  if (options.seeds < 1)
    throw calibra::option_error(
        calibra::detail::concat("run_experiment(): expected 1 seed or more, got ", options.seeds));
  if (options.tuning.prompt.class_specific &&
      std::any_of(options.methods.begin(), options.methods.end(), uses_dor))
    throw calibra::option_error(
        "run_experiment(): outliers have no context of their own; with a class-specific context "
        "leave the methods with DOR out");
  const auto seeds = static_cast<std::size_t>(options.seeds);
  std::vector<std::vector<run>> of_seed(seeds);
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex guard;
  std::exception_ptr error;
  experiment_progress progress;
  progress.all = options.seeds * static_cast<std::int64_t>(options.methods.size());
  outlier_banks banks(lab, options, [&](const encoding_progress& nouns) {
    const std::lock_guard lock(guard);
    experiment_progress encoding = progress;
    encoding.nouns = nouns;
    if (report) report(encoding);
  });
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < seeds; i = next++) {
        if (failed || (stop && stop())) return;
        const std::uint64_t seed = options.first_seed + i;
        seed_runs runs(lab, options, banks, seed);
        for (const tuning_method method : options.methods) {
          const auto epoch = [&](const epoch_report& e) {
            const std::lock_guard lock(guard);
            progress.method = method;
            progress.seed = seed;
            progress.epoch = e;
            if (report) report(progress);
          };
          if (failed || !runs.run(method, of_seed[i], epoch, stop)) return;
          const std::lock_guard lock(guard);
          ++progress.done;
        }
      }
    } catch (...) {
      const std::lock_guard lock(guard);
      if (!failed.exchange(true)) error = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < std::min<int>(options.threads, static_cast<int>(seeds)); ++t)
    others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  if (error) std::rethrow_exception(error);
  std::vector<run> all;
  for (std::vector<run>& runs : of_seed)
    all.insert(all.end(), std::make_move_iterator(runs.begin()),
               std::make_move_iterator(runs.end()));
  return all;
}

}  // namespace coop
