// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/detail/counter_random.hpp"
#include "calibra/detail/float_bits.hpp"
#include "calibra/error.hpp"
#include "calibra/outlier/bank.hpp"
#include "calibra/outlier/features.hpp"
#include "calibra/outlier/sampling_state.hpp"

namespace calibra {

/// Options of dynamic_outlier_regularization.
struct dor_options {
  std::size_t batch = 32;  ///< Outliers an iteration, B; at least 1, at most the bank's.
  double lambda = 8;       ///< Weight of the loss; the paper: 8 for CoOp, 2 for other methods.
  std::uint64_t seed = 0;  ///< Of the batches.
  /// Weight of the outliers' second moments inside the loss; 0 for the published loss. Not of the
  /// paper.
  double gamma = 0;
};

/// Dynamic Outlier Regularization for a training loop: owns a bank of outliers with their frozen
/// zero-shot features, draws a fresh batch of them each iteration, and gives
/// lambda (1 - mean_b cos(tuned_b, zero_shot_b) + gamma |Cov_t - Cov_0|_F^2) for the features that
/// the tuned prompt has for them. Cov_t and Cov_0 are the covariances of the batch's tuned and
/// zero-shot features, brought to norm 1, with divisor B: those of moment_matching_loss. They cost
/// O(B^2 D), and nothing where gamma is 0. A step of training is
///
///     const auto ids = dor.sample();             // which outliers
///     loss = cross_entropy + dor(encode(ids));   // their tuned features, B x D, in that order
///
/// `Features`: an array of host memory (matrix<float>, Eigen::MatrixXf, ...; value and gradient as
/// dor_loss in calibra/loss/dor_loss.hpp) or at::Tensor (with calibra/torch/outliers.hpp; a
/// tensor that autograd differentiates). Not safe for two threads at once where one of them
/// samples.
template<class Features>
class dynamic_outlier_regularization {
 public:
  using index_type = typename outlier_features<Features>::index_type;

  /// Takes the bank over. Throws value_error for a bank without outliers; shape_error where names
  /// and features differ in number; option_error for a batch of 0 or beyond the bank, and for a
  /// lambda or a gamma that is negative or not finite.
  explicit dynamic_outlier_regularization(outlier_bank<Features> bank, dor_options options = {})
      : bank_(std::move(bank)), options_(options), fingerprint_(fingerprint(bank_.names)) {
    const std::size_t count = bank_.names.size();
    const std::size_t rows = outlier_features<Features>::rows(bank_.features);
    if (rows != count)
      throw shape_error(detail::concat(where, ": the bank has ", count, " names and ", rows,
                                       " rows of features; expected as many of both"));
    if (count == 0) throw value_error(detail::concat(where, ": the bank has no outlier"));
    if (options.batch == 0 || options.batch > count)
      throw option_error(detail::concat(where, ": expected a batch in [1, ", count,
                                        "], the size of the bank, got ", options.batch));
    check_weight("lambda", options.lambda);
    check_weight("gamma", options.gamma);
  }

  /// Draws the next batch: B different outlier numbers, every set of B as likely as any other. The
  /// t-th call since the start of training draws a function of (seed, t, B, bank size) alone, on
  /// every platform. Valid until the next call. Cost: O(B + K/64), and the copy of B rows.
  std::span<const std::size_t> sample() {
    auto ids = detail::sample_without_replacement(
        bank_.names.size(), options_.batch, detail::counter_random(options_.seed, iteration_));
    index_ = outlier_features<Features>::index(bank_.features, ids);
    zero_shot_ = outlier_features<Features>::take(bank_.features, index_);
    ids_ = std::move(ids);
    ++iteration_;
    return ids_;
  }

  /// The current batch; empty before the first sample().
  [[nodiscard]] std::span<const std::size_t> current() const noexcept { return ids_; }
  /// The current batch in the form that selects rows of the bank's kind of array: an int64 tensor
  /// on the features' device where they are a tensor, made once a batch.
  [[nodiscard]] const index_type& index() const noexcept { return index_; }
  /// The frozen zero-shot features of the current batch, in its order: B x D.
  [[nodiscard]] const auto& zero_shot() const noexcept { return zero_shot_; }
  /// The names of the current batch, in its order.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> chosen;
    for (const std::size_t id : ids_) chosen.push_back(bank_.names[id]);
    return chosen;
  }

  /// lambda times the DOR loss, with the second moments where gamma is not 0, of the tuned features
  /// of the current batch (B x D, in its order): a double for host memory, a tensor without
  /// dimensions for at::Tensor.
  /// Throws: shape_error before the first sample() and for tuned features of another shape;
  /// otherwise as dor_loss.
  template<class Tuned>
  [[nodiscard]] auto operator()(const Tuned& tuned) const {
    check_sampled();
    return outlier_features<Features>::loss(tuned, zero_shot_, options_.lambda, options_.gamma);
  }

  /// The same, and its gradient by `tuned` written to `gradient`.
  /// For features in host memory.
  template<class Tuned, class Gradient>
  double operator()(const Tuned& tuned, Gradient&& gradient) const {
    check_sampled();
    return outlier_features<Features>::loss(tuned, zero_shot_, options_.lambda, options_.gamma,
                                            gradient);
  }

  [[nodiscard]] const outlier_bank<Features>& bank() const noexcept { return bank_; }
  [[nodiscard]] const dor_options& options() const noexcept { return options_; }

  /// What a checkpoint has to keep so that restore() goes on with the same batches.
  [[nodiscard]] sampling_state state() const {
    return {options_.seed, iteration_, options_.batch, bank_.names.size(), fingerprint_};
  }

  /// Goes on where `state` was taken: the next sample() draws what it would have drawn there. The
  /// seed becomes the state's; the current batch becomes empty until then. Throws value_error, with
  /// nothing changed, where the state is of another bank (number or names) or another batch size.
  void restore(const sampling_state& state) {
    const sampling_state here = this->state();
    if (state.outliers != here.outliers || state.fingerprint != here.fingerprint)
      throw value_error(detail::concat(
          "dynamic_outlier_regularization::restore(): the state is of a bank of ", state.outliers,
          " outliers with fingerprint ", state.fingerprint, ", this bank has ", here.outliers,
          " with fingerprint ", here.fingerprint));
    if (state.batch != here.batch)
      throw value_error(
          detail::concat("dynamic_outlier_regularization::restore(): the state has batches of ",
                         state.batch, ", this object of ", here.batch));
    options_.seed = state.seed;
    iteration_ = state.iteration;
    ids_.clear();
    index_ = index_type{};
    zero_shot_ = typename outlier_features<Features>::rows_type{};
  }

 private:
  static constexpr std::string_view where = "dynamic_outlier_regularization()";

  static void check_weight(std::string_view name, double weight) {
    if (!(weight >= 0) || !detail::is_finite(weight))
      throw option_error(detail::concat(where, ": expected ", name, " in [0, inf), got ", weight));
  }
  void check_sampled() const {
    if (ids_.empty())
      throw shape_error(
          detail::concat(where, ": there is no batch yet; expected sample() to be called first"));
  }

  outlier_bank<Features> bank_;
  dor_options options_;
  std::uint64_t fingerprint_;
  std::uint64_t iteration_ = 0;
  std::vector<std::size_t> ids_;
  index_type index_;
  typename outlier_features<Features>::rows_type zero_shot_;
};

}  // namespace calibra
