// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "tuning.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <numeric>
#include <sstream>
#include <utility>

#include "calibra/adapters/torch.hpp"
#include "calibra/detail/counter_random.hpp"
#include "calibra/error.hpp"
#include "calibra/outlier/dynamic_outlier_regularization.hpp"
#include "calibra/torch/dor_loss.hpp"
#include "calibra/torch/feature_losses.hpp"
#include "calibra/torch/outliers.hpp"
#include "calibra/torch/zero_shot_range.hpp"
#include "checkpoint.hpp"
#include "clip/text_transformer.hpp"

namespace coop {

namespace {

using outlier_regularization = calibra::dynamic_outlier_regularization<at::Tensor>;

constexpr std::pair<tuning_method, std::string_view> method_names[] = {
    {tuning_method::zero_shot, "zero-shot"},
    {tuning_method::coop, "coop"},
    {tuning_method::kgcoop, "kgcoop"},
    {tuning_method::coop_dor, "coop+dor"},
    {tuning_method::kgcoop_dor, "kgcoop+dor"},
    {tuning_method::coop_dor2, "coop+dor2"},
    {tuning_method::coop_dispersion, "coop+dispersion"},
    {tuning_method::coop_orthogonality, "coop+orthogonality"},
    {tuning_method::coop_separation, "coop+separation"},
    {tuning_method::coop_moments, "coop+moments"},
    {tuning_method::coop_range, "coop+range"}};

/// Random numbers for one purpose: a stream that no other use of the same seed has.
calibra::detail::counter_random random_for(std::string_view purpose, std::uint64_t seed,
                                           std::uint64_t stream) {
  return {seed ^ calibra::detail::fnv1a(purpose), stream};
}

void shuffle(std::int64_t* begin, std::int64_t count, calibra::detail::counter_random random) {
  for (std::int64_t i = count - 1; i > 0; --i)
    std::swap(begin[i], begin[random.below(static_cast<std::uint64_t>(i) + 1)]);
}

/// A permutation of [0, n), int64, on the CPU.
at::Tensor permutation(std::int64_t n, std::uint64_t seed, std::uint64_t stream) {
  at::Tensor out = at::arange(n, at::kLong);
  shuffle(out.data_ptr<std::int64_t>(), n, random_for("order", seed, stream));
  return out;
}

void check_options(const tuning_options& o) {
  const auto fail = [](const std::string& what) { throw calibra::option_error("tune(): " + what); };
  const auto number = [&](const char* name, double value) {
    if (!(value >= 0) || !std::isfinite(value))
      fail(std::string(name) + ": expected a number in [0, inf), got " + std::to_string(value));
  };
  if (o.epochs < 1) fail("expected 1 epoch or more, got " + std::to_string(o.epochs));
  if (o.batch < 1) fail("expected a batch of 1 or more, got " + std::to_string(o.batch));
  if (o.warm_up_epochs < 0)
    fail("expected 0 warm-up epochs or more, got " + std::to_string(o.warm_up_epochs));
  if (o.checkpoint_every < 1)
    fail("expected a checkpoint every 1 epoch or more, got " + std::to_string(o.checkpoint_every));
  number("rate", o.rate);
  number("momentum", o.momentum);
  number("weight_decay", o.weight_decay);
  number("warm_up_rate", o.warm_up_rate);
  number("kgcoop_weight", o.kgcoop_weight);
  number("dor_weight", o.dor_weight);
  number("gamma", o.gamma);
  number("regulariser_weight", o.regulariser_weight);
  if (uses_dor(o.method) && o.prompt.class_specific)
    fail("outliers have no class-specific context; expected one context for all with DOR");
}

void check_train(const task& what, const at::TensorOptions& encoder, std::int64_t dimension) {
  const at::Tensor& x = what.train.features;
  const at::Tensor& y = what.train.labels;
  if (!x.defined() || !y.defined() || x.dim() != 2 || x.size(1) != dimension || x.size(0) < 1 ||
      y.dim() != 1 || y.size(0) != x.size(0) || y.scalar_type() != at::kLong) {
    std::ostringstream message;
    message << "tune(): expected training features [N, " << dimension
            << "] and int64 labels [N], N >= 1, got ";
    if (x.defined() && y.defined())
      message << x.sizes() << " and " << y.scalar_type() << ' ' << y.sizes();
    else
      message << "none";
    throw calibra::shape_error(message.str());
  }
  if (x.scalar_type() != encoder.dtype().toScalarType() || x.device() != encoder.device() ||
      y.device() != encoder.device())
    throw calibra::value_error(
        "tune(): expected the training features in the encoder's dtype and "
        "all on its device");
  const auto classes = static_cast<std::int64_t>(what.base.size());
  const std::int64_t low = y.min().item<std::int64_t>();
  const std::int64_t high = y.max().item<std::int64_t>();
  if (low < 0 || high >= classes)
    throw calibra::value_error("tune(): expected labels in [0, " + std::to_string(classes) +
                               "), got " + std::to_string(low < 0 ? low : high));
}

std::size_t outliers_of(const tuning_options& options, const task& what) {
  return options.outliers != 0 ? options.outliers : what.base.size();
}

std::uint64_t fingerprint(const at::Tensor& tensor) {
  const at::Tensor here = tensor.to(at::kCPU).contiguous();
  return calibra::detail::fnv1a({static_cast<const char*>(here.data_ptr()), here.nbytes()});
}

tuning_settings settings_of(const tuning_options& o, const task& what, double logit_scale) {
  const auto text = [](const auto& value) { return calibra::detail::concat(value); };
  tuning_settings out{{"method", std::string(name_of(o.method))},
                      {"context_tokens", text(o.prompt.context_tokens)},
                      {"deviation", text(o.prompt.deviation)},
                      {"initial", o.prompt.initial},
                      {"class_specific", o.prompt.class_specific ? "yes" : "no"},
                      {"position", text(static_cast<int>(o.prompt.position))},
                      {"prompt_seed", text(o.prompt.seed)},
                      {"epochs", text(o.epochs)},
                      {"batch", text(o.batch)},
                      {"rate", text(o.rate)},
                      {"momentum", text(o.momentum)},
                      {"weight_decay", text(o.weight_decay)},
                      {"warm_up_epochs", text(o.warm_up_epochs)},
                      {"warm_up_rate", text(o.warm_up_rate)},
                      {"seed", text(o.seed)},
                      {"phrase", what.phrase},
                      {"classes", text(calibra::fingerprint(what.base))},
                      {"features", text(fingerprint(what.train.features))},
                      {"labels", text(fingerprint(what.train.labels))},
                      {"logit_scale", text(logit_scale)}};
  if (uses_kgcoop(o.method)) out["kgcoop_weight"] = text(o.kgcoop_weight);
  if (uses_dor(o.method)) {
    out["dor_weight"] = text(o.dor_weight);
    out["outliers"] = text(outliers_of(o, what));
  }
  if (o.method == tuning_method::coop_dor2) out["gamma"] = text(o.gamma);
  if (uses_regulariser(o.method)) out["regulariser_weight"] = text(o.regulariser_weight);
  return out;
}

/// One tuning: what stays the same over its iterations, and where it stands.
class tuner {
 public:
  tuner(const language& words, const task& what, const tuning_options& options,
        const std::optional<calibra::outlier_bank<at::Tensor>>& bank)
      : options_(options),
        train_(what.train),
        scale_(words.logit_scale),
        classes_(static_cast<std::int64_t>(what.base.size())),
        learner_(words, what.phrase, options.prompt, classes_),
        descent_(learner_.context(), options.momentum, options.weight_decay),
        prompts_(learner_.prompts(what.base)),
        settings_(settings_of(options, what, scale_)) {
    if (uses_kgcoop(options.method) || uses_regulariser(options.method))
      zero_shot_ = zero_shot_features(words, what.phrase, what.base);
    if (uses_dor(options.method)) {
      if (!bank) throw calibra::option_error("tune(): DOR needs a bank of outliers, got none");
      const double gamma = options.method == tuning_method::coop_dor2 ? options.gamma : 0;
      dor_.emplace(*bank, calibra::dor_options{outliers_of(options, what), options.dor_weight,
                                               options.seed, gamma});
      prompts_ = prompts_.followed_by(learner_.prompts(bank->names));
      base_ids_ = at::arange(classes_, train_.labels.options());
    }
    const std::int64_t n = train_.features.size(0);
    batch_ = std::min(options.batch, n);
    iterations_ = n / batch_;
    clear_sums();
  }

  tuning_result run(const std::function<void(const epoch_report&)>& report,
                    const std::function<bool()>& stop) {
    if (!options_.checkpoint.empty() && std::filesystem::exists(options_.checkpoint)) resume();
    while (epoch_ < options_.epochs) {
      const at::Tensor order =
          permutation(train_.features.size(0), options_.seed, static_cast<std::uint64_t>(epoch_))
              .to(train_.labels.device());
      while (iteration_ < iterations_) {
        if (stop && stop()) {
          save();
          return result(false);
        }
        iterate(order.narrow(0, iteration_ * batch_, batch_));
        ++iteration_;
      }
      const epoch_report done = summary();
      ++epoch_;
      iteration_ = 0;
      clear_sums();
      if (epoch_ % options_.checkpoint_every == 0 || epoch_ == options_.epochs) save();
      if (report) report(done);
    }
    return result(true);
  }

 private:
  enum sum : std::int64_t { cross_entropy_sum, kgcoop_sum, dor_sum, regulariser_sum, hits, sums };

  void iterate(const at::Tensor& index) {
    const at::Tensor labels = train_.labels.index_select(0, index);
    const at::Tensor features = train_.features.index_select(0, index);
    at::Tensor encoded;
    if (dor_) {
      dor_->sample();  // base classes and outliers go through the encoder as one batch
      encoded = learner_.encode(prompts_.rows(at::cat({base_ids_, dor_->index() + classes_})));
    } else {
      encoded = learner_.encode(prompts_);
    }
    const at::Tensor classes = normalise(encoded.narrow(0, 0, classes_));
    const at::Tensor logits = at::matmul(features, classes.t()) * scale_;
    const at::Tensor entropy = at::cross_entropy_loss(logits, labels);
    at::Tensor loss = entropy;
    at::Tensor kgcoop = zero_;
    at::Tensor dor = zero_;
    at::Tensor regulariser = zero_;
    if (uses_kgcoop(options_.method)) {
      kgcoop = options_.kgcoop_weight * calibra::kgcoop_loss(classes, zero_shot_);
      loss = loss + kgcoop;
    }
    if (dor_) {
      dor = (*dor_)(encoded.narrow(0, classes_, encoded.size(0) - classes_));
      loss = loss + dor;
    }
    if (uses_regulariser(options_.method)) {
      regulariser = options_.regulariser_weight * regulariser_of(classes, features, logits);
      loss = loss + regulariser;
    }
    loss.backward();
    descent_.step(rate_of(options_, epoch_));
    const at::NoGradGuard no_grad;
    const at::Tensor hit = logits.argmax(1).eq(labels).to(zero_.scalar_type()).mean();
    sums_.add_(at::stack({entropy, kgcoop, dor, regulariser, hit}).to(at::kDouble));
  }

  /// Of the base classes' features, and of the logits that they give to pictures.
  at::Tensor regulariser_of(const at::Tensor& classes, const at::Tensor& pictures,
                            const at::Tensor& logits) const {
    switch (options_.method) {
      case tuning_method::coop_dispersion:
        return calibra::dispersion_loss(classes);
      case tuning_method::coop_orthogonality:
        return calibra::orthogonality_loss(classes);
      case tuning_method::coop_separation:
        return calibra::angular_separation_loss(classes);
      case tuning_method::coop_moments:
        return calibra::moment_matching_loss(classes, zero_shot_);
      default:
        return calibra::zero_shot_range_penalty_loss(
            calibra::logits(logits),
            calibra::logits(at::matmul(pictures, zero_shot_.t()) * scale_));
    }
  }

  void clear_sums() {
    zero_ = at::zeros({}, train_.features.options());
    sums_ = at::zeros({sums}, train_.features.options().dtype(at::kDouble));
  }

  epoch_report summary() const {
    const at::Tensor means = (sums_ / static_cast<double>(iterations_)).to(at::kCPU);
    const double* mean = means.data_ptr<double>();
    epoch_report out;
    out.epoch = epoch_;
    out.rate = rate_of(options_, epoch_);
    out.cross_entropy = mean[cross_entropy_sum];
    out.kgcoop = mean[kgcoop_sum];
    out.dor = mean[dor_sum];
    out.regulariser = mean[regulariser_sum];
    out.loss = out.cross_entropy + out.kgcoop + out.dor + out.regulariser;
    out.accuracy = mean[hits];
    return out;
  }

  void save() {
    if (options_.checkpoint.empty()) return;
    tuning_state state{learner_.context(), descent_.velocity(), sums_, epoch_, iteration_, {}};
    if (dor_) state.outliers = dor_->state();
    write_checkpoint(options_.checkpoint, state, settings_);
  }

  void resume() {
    const std::string& path = options_.checkpoint;
    const tuning_state state = read_checkpoint(path, settings_);
    const bool fits = state.velocity.sizes() == learner_.context().sizes() &&
                      state.context.sizes() == learner_.context().sizes() &&
                      state.sums.sizes() == sums_.sizes() && state.epoch <= options_.epochs &&
                      state.iteration < iterations_ &&
                      state.outliers.has_value() == dor_.has_value();
    if (!fits) throw calibra::value_error(path + ": the checkpoint does not fit this tuning");
    if (dor_) dor_->restore(*state.outliers);
    learner_.set_context(state.context);
    const at::NoGradGuard no_grad;
    descent_.velocity().copy_(state.velocity);
    sums_.copy_(state.sums);
    epoch_ = state.epoch;
    iteration_ = state.iteration;
  }

  tuning_result result(bool finished) const {
    return {learner_.context().detach().clone(), epoch_, finished};
  }

  const tuning_options& options_;
  feature_set train_;
  double scale_;
  std::int64_t classes_;
  prompt_learner learner_;
  descent descent_;
  prompt_rows prompts_;  // of the base classes, then of the bank
  tuning_settings settings_;
  at::Tensor zero_shot_, base_ids_, zero_, sums_;
  std::optional<outlier_regularization> dor_;
  std::int64_t batch_ = 0;
  std::int64_t iterations_ = 0;  // an epoch
  std::int64_t epoch_ = 0;
  std::int64_t iteration_ = 0;
};

}  // namespace

std::string_view name_of(tuning_method method) {
  for (const auto& [known, name] : method_names)
    if (known == method) return name;
  return "?";
}

tuning_method tuning_method_of(std::string_view name) {
  std::string all;
  for (const auto& [method, known] : method_names) {
    if (name == known) return method;
    all += calibra::detail::concat(all.empty() ? "" : ", ", known);
  }
  throw calibra::option_error(
      calibra::detail::concat("expected a method out of ", all, ", got '", name, "'"));
}

bool uses_kgcoop(tuning_method method) {
  return method == tuning_method::kgcoop || method == tuning_method::kgcoop_dor;
}

bool uses_dor(tuning_method method) {
  return method == tuning_method::coop_dor || method == tuning_method::kgcoop_dor ||
         method == tuning_method::coop_dor2;
}

bool uses_regulariser(tuning_method method) {
  return method == tuning_method::coop_dispersion || method == tuning_method::coop_orthogonality ||
         method == tuning_method::coop_separation || method == tuning_method::coop_moments ||
         method == tuning_method::coop_range;
}

double rate_of(const tuning_options& o, std::int64_t epoch) {
  if (epoch < o.warm_up_epochs) return o.warm_up_rate;
  const auto behind = static_cast<double>(epoch - o.warm_up_epochs);
  return o.rate * (1 + std::cos(std::numbers::pi * behind / static_cast<double>(o.epochs))) / 2;
}

tuning_result tune(const language& words, const task& what, const tuning_options& options,
                   const std::optional<calibra::outlier_bank<at::Tensor>>& bank,
                   const std::function<void(const epoch_report&)>& report,
                   const std::function<bool()>& stop) {
  check_options(options);
  if (options.method == tuning_method::zero_shot) return {{}, options.epochs, true};
  const text_transformer& encoder = *words.encoder;
  check_train(what, encoder.parameters().at("positional_embedding").options(),
              encoder.config().embed_dim);
  return tuner(words, what, options, bank).run(report, stop);
}

at::Tensor class_features(const language& words, const task& what, const tuning_options& options,
                          const tuning_result& result, const std::vector<std::string>& names) {
  if (!result.context.defined()) return zero_shot_features(words, what.phrase, names);
  prompt_learner learner(words, what.phrase, options.prompt,
                         static_cast<std::int64_t>(what.base.size()));
  learner.set_context(result.context);
  const at::NoGradGuard no_grad;
  return normalise(learner.encode(learner.prompts(names)));
}

feature_set few_shot(const feature_set& all, std::int64_t shots, std::uint64_t seed) {
  const at::Tensor labels = all.labels.to(at::kCPU).contiguous();
  const std::int64_t n = labels.size(0);
  const at::Tensor order = permutation(n, seed, 0);
  const auto* label = labels.data_ptr<std::int64_t>();
  const auto* at = order.data_ptr<std::int64_t>();
  std::vector<std::int64_t> by_label(at, at + n);
  std::stable_sort(by_label.begin(), by_label.end(),
                   [&](std::int64_t a, std::int64_t b) { return label[a] < label[b]; });
  std::vector<std::int64_t> chosen;
  for (std::int64_t taken = 0; const std::int64_t i : by_label) {
    const bool same = !chosen.empty() && label[chosen.back()] == label[i];
    taken = same ? taken + 1 : 1;
    if (taken <= shots) chosen.push_back(i);
  }
  at::Tensor index = at::empty({static_cast<std::int64_t>(chosen.size())}, at::kLong);
  std::copy(chosen.begin(), chosen.end(), index.data_ptr<std::int64_t>());
  index = index.to(all.features.device());
  return {all.features.index_select(0, index), all.labels.index_select(0, index)};
}

descent::descent(at::Tensor x, double momentum, double weight_decay)
    : x_(std::move(x)),
      velocity_(at::zeros_like(x_.detach())),
      momentum_(momentum),
      weight_decay_(weight_decay) {}

void descent::step(double rate) {
  const at::NoGradGuard no_grad;
  at::Tensor& gradient = x_.mutable_grad();
  velocity_.mul_(momentum_).add_(gradient).add_(x_, weight_decay_);
  x_.sub_(velocity_, rate);
  gradient.zero_();
}

}  // namespace coop
