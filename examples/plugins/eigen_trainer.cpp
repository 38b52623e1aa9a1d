// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// DOR in a trainer that has Eigen and no framework: the loss gives a value and a gradient, and the
// trainer carries the gradient on to its own parameters. The "text encoder" is a frozen toy; the
// context is what is learned, as in CoOp.
#include <calibra/adapters/eigen.hpp>
#include <calibra/outlier/dynamic_outlier_regularization.hpp>
#include <calibra/outlier/feature_divergence.hpp>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

using Eigen::MatrixXd;
using Eigen::RowVectorXd;

namespace {

MatrixXd numbers(Eigen::Index rows, Eigen::Index cols, std::mt19937& random, double scale) {
  MatrixXd m(rows, cols);  // the same on every platform, which a distribution of <random> is not
  for (double& x : m.reshaped())
    x = scale * (static_cast<double>(random()) / std::mt19937::max() - 0.5);
  return m;
}

/// tanh(word + context) times a frozen map.
struct encoder {
  MatrixXd weight;  // P x D
  MatrixXd operator()(const MatrixXd& words, const RowVectorXd& context) const {
    return (words.rowwise() + context).array().tanh().matrix() * weight;
  }
  /// The gradient by the context of a loss whose gradient by the features is given.
  RowVectorXd backward(const MatrixXd& words, const RowVectorXd& context,
                       const MatrixXd& by_features) const {
    const MatrixXd hidden = (words.rowwise() + context).array().tanh().matrix();
    return ((by_features * weight.transpose()).array() * (1 - hidden.array().square()))
        .colwise()
        .sum();
  }
};

/// Mean cross-entropy of images (N x D) against class features (C x D), and its gradient by these.
double cross_entropy(const MatrixXd& images, const std::vector<int>& labels, const MatrixXd& text,
                     MatrixXd& gradient) {
  MatrixXd p = images * text.transpose();
  p = (p.colwise() - p.rowwise().maxCoeff()).array().exp().matrix();
  p = p.rowwise().sum().cwiseInverse().asDiagonal() * p;
  const auto n = static_cast<double>(labels.size());
  double loss = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    double& hit = p(static_cast<Eigen::Index>(i), labels[i]);
    loss -= std::log(hit) / n;
    hit -= 1;
  }
  gradient = p.transpose() * images / n;
  return loss;
}

}  // namespace

int main() {
  std::mt19937 random(1);
  const encoder encode{numbers(8, 16, random, 2)};
  const MatrixXd classes = numbers(4, 8, random, 2);
  const MatrixXd nouns = numbers(200, 8, random, 2);
  const RowVectorXd hand_written = numbers(1, 8, random, 2);
  std::vector<int> labels;
  for (int i = 0; i < 64; ++i) labels.push_back(i % 4);
  MatrixXd images = numbers(64, 16, random, 2);
  for (int i = 0; i < 64; ++i) images.row(i) += encode(classes, hand_written).row(i % 4) / 2;

  for (const double lambda : {0.0, 8.0}) {
    //[ training
    calibra::outlier_bank<MatrixXd> bank{{}, encode(nouns, hand_written), {}};
    for (int i = 0; i < 200; ++i) bank.names.push_back("noun " + std::to_string(i));
    calibra::dynamic_outlier_regularization dor(bank, {.batch = 20, .lambda = lambda, .seed = 1});

    RowVectorXd context = RowVectorXd::Zero(8);
    for (int step = 0; step <= 60; ++step) {
      MatrixXd by_text;
      double loss = cross_entropy(images, labels, encode(classes, context), by_text);

      MatrixXd words(20, 8);
      for (Eigen::Index b = 0; const std::size_t id : dor.sample())
        words.row(b++) = nouns.row(static_cast<Eigen::Index>(id));
      MatrixXd by_outliers(20, 16);
      loss += dor(encode(words, context), by_outliers);

      context -= 0.05 * (encode.backward(classes, context, by_text) +
                         encode.backward(words, context, by_outliers));
      if (step % 20 == 0) std::printf("lambda %.0f step %2d loss %.3f\n", lambda, step, loss);
    }
    //]
    std::printf("  to the zero-shot prompt %.3f\n", (context - hand_written).norm());
    std::printf("  feature divergence of the nouns %.3f, zero-shot %.3f\n",
                calibra::feature_divergence(encode(nouns, context)),
                calibra::feature_divergence(bank.features));
  }
}

// Output:
// lambda 0 step  0 loss 2.703
// lambda 0 step 20 loss 1.523
// lambda 0 step 40 loss 0.991
// lambda 0 step 60 loss 0.879
//   to the zero-shot prompt 2.762
//   feature divergence of the nouns 0.324, zero-shot 0.281
// lambda 8 step  0 loss 7.211
// lambda 8 step 20 loss 1.350
// lambda 8 step 40 loss 1.332
// lambda 8 step 60 loss 1.180
//   to the zero-shot prompt 1.233
//   feature divergence of the nouns 0.250, zero-shot 0.281
