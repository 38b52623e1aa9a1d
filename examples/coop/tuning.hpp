// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/outlier/bank.hpp"
#include "prompt_learner.hpp"
#include "task.hpp"

namespace coop {

/// How prompts are had. KgCoOp adds the distance of the classes' features to their zero-shot ones,
/// DOR that of outliers drawn anew each iteration, dor2 that and the distance of the outliers'
/// covariances. The others add a loss of calibra/loss/: of the base classes' features or, range, of
/// the logits of the training pictures.
enum class tuning_method {
  zero_shot,
  coop,
  kgcoop,
  coop_dor,
  kgcoop_dor,
  coop_dor2,
  coop_dispersion,
  coop_orthogonality,
  coop_separation,
  coop_moments,
  coop_range
};

/// All of them, in the order of reports.
inline constexpr tuning_method tuning_methods[] = {
    tuning_method::zero_shot,       tuning_method::coop,
    tuning_method::coop_dor,        tuning_method::coop_dor2,
    tuning_method::kgcoop,          tuning_method::kgcoop_dor,
    tuning_method::coop_dispersion, tuning_method::coop_orthogonality,
    tuning_method::coop_separation, tuning_method::coop_moments,
    tuning_method::coop_range};

/// Those that are compared where nothing else is asked for.
inline constexpr tuning_method usual_methods[] = {tuning_method::zero_shot, tuning_method::coop,
                                                  tuning_method::coop_dor, tuning_method::kgcoop,
                                                  tuning_method::kgcoop_dor};

/// "zero-shot", "coop", "kgcoop", "coop+dor", "kgcoop+dor", "coop+dor2", "coop+dispersion",
/// "coop+orthogonality", "coop+separation", "coop+moments", "coop+range".
std::string_view name_of(tuning_method method);
/// The method of that name. Throws calibra::option_error that lists the names.
tuning_method tuning_method_of(std::string_view name);
bool uses_kgcoop(tuning_method method);
bool uses_dor(tuning_method method);
/// Whether it has a loss of its own beside cross-entropy that is neither KgCoOp's nor DOR's.
bool uses_regulariser(tuning_method method);

/// Defaults are the published ones: CoOp's training of 16 shots (Zhou et al. 2022 and its trainer),
/// KgCoOp's and DOR's weights. There is none for gamma; those of the other regularisers are for
/// other objectives than cross-entropy.
struct tuning_options {
  tuning_method method = tuning_method::coop;
  prompt_options prompt;
  std::int64_t epochs = 200;
  std::int64_t batch = 32;
  double rate = 0.002;  ///< of stochastic gradient descent, see rate_of
  double momentum = 0.9;
  double weight_decay = 5e-4;
  std::int64_t warm_up_epochs = 1;
  double warm_up_rate = 1e-5;  ///< `rate` for no warm-up
  double kgcoop_weight = 8;
  double dor_weight = 8;  ///< lambda
  double gamma = 1;       ///< of the outliers' covariances, inside lambda; for dor2
  double regulariser_weight = 1;
  std::size_t outliers = 0;  ///< a batch of DOR; 0: as many as there are base classes
  std::uint64_t seed = 0;    ///< of the order of pictures and of outliers

  std::string checkpoint;              ///< a file to resume from and to write to; empty for none
  std::int64_t checkpoint_every = 10;  ///< epochs
};

/// The step size of an epoch, counted from 0: the warm-up's; then half a cosine that begins at
/// `rate` and would be 0 at `epochs` epochs behind the warm-up, as the published trainer counts.
double rate_of(const tuning_options& options, std::int64_t epoch);

/// What an epoch was like: means over its iterations, each before its step.
struct epoch_report {
  std::int64_t epoch = 0;  ///< from 0
  double rate = 0;
  double loss = 0;  ///< all terms
  double cross_entropy = 0;
  double kgcoop = 0;       ///< the term times its weight
  double dor = 0;          ///< the term times its weight, with second moments for dor2
  double regulariser = 0;  ///< the term times its weight
  double accuracy = 0;     ///< on the training batches
};

struct tuning_result {
  at::Tensor context;       ///< as prompt_learner's; undefined for zero-shot
  std::int64_t epochs = 0;  ///< done, of options.epochs
  bool finished = false;    ///< false where `stop` said so
};

/// Tunes a prompt on the base classes of `what`. The encoders stay frozen; with cached picture
/// features only the text encoder runs.
///
/// `bank`: the outliers that DOR draws from, with their zero-shot features by the same phrase, on
/// the encoder's device; not looked at by the other methods. `report` is called behind each epoch.
/// `stop` is asked before each iteration; true (say, a signal handler set a flag) ends the tuning
/// early, with a checkpoint written.
///
/// An epoch is a new permutation of the pictures in batches; a last one that is not full is left
/// out, unless it is the only one. All random numbers are functions of the seeds, so the same
/// options give the same context. A run that goes on from a checkpoint gives, bit for bit, the
/// context of one that never stopped (same machine and threads).
/// Throws calibra::option_error, calibra::shape_error, calibra::value_error (labels beyond the
/// classes, prompts too long, a checkpoint of other options or data), calibra::io_error.
tuning_result tune(const language& words, const task& what, const tuning_options& options,
                   const std::optional<calibra::outlier_bank<at::Tensor>>& bank = std::nullopt,
                   const std::function<void(const epoch_report&)>& report = {},
                   const std::function<bool()>& stop = {});

/// Features [N, D], rows of length 1, of the names by the tuned prompt; by the phrase of `what` for
/// zero-shot. No gradient.
at::Tensor class_features(const language& words, const task& what, const tuning_options& options,
                          const tuning_result& result, const std::vector<std::string>& names);

/// At most `shots` samples of each class, chosen by the seed, in order of the labels.
feature_set few_shot(const feature_set& all, std::int64_t shots, std::uint64_t seed);

/// Stochastic gradient descent with momentum and weight decay on one tensor.
/// v <- momentum v + gradient + weight_decay x; x <- x - rate v; v is 0 at first.
class descent {
 public:
  descent(at::Tensor x, double momentum, double weight_decay);
  /// One step; takes the tensor's gradient and clears it.
  void step(double rate);
  at::Tensor& velocity() { return velocity_; }

 private:
  at::Tensor x_, velocity_;
  double momentum_, weight_decay_;
};

}  // namespace coop
