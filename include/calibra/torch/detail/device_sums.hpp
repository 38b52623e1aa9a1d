// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "calibra/recalibration/detail/mixed_temperature.hpp"
#include "calibra/recalibration/detail/remote_sums.hpp"
#include "calibra/recalibration/row_form.hpp"

namespace calibra::detail {

/// Numbers of the host where options say, in their type.
inline at::Tensor numbers_like(const std::vector<double>& numbers, const at::TensorOptions& o) {
  const auto size = static_cast<std::int64_t>(numbers.size());
  return at::from_blob(const_cast<double*>(numbers.data()), {size}, at::kDouble)
      .to(o.requires_grad(false), /*non_blocking=*/false, /*copy=*/true);
}

/// Rows of logits without -inf: a masked class lies masked_depth below its row's largest.
inline at::Tensor bounded_logits(const at::Tensor& z) {
  return at::maximum(z, z.amax(1, /*keepdim=*/true) - masked_depth);
}
inline at::Tensor clipped_log(const at::Tensor& p) {
  return p.clamp_min(least_probability).log();
}
/// log p' of p' = (1 - share) softmax(beta z) + share / K.
inline at::Tensor log_mixed(const at::Tensor& z, double beta, double share) {
  const at::Tensor p = at::softmax((z - z.amax(1, /*keepdim=*/true)) * beta, 1);
  return clipped_log(p * (1 - share) + share / static_cast<double>(z.size(1)));
}

/// Sums over samples on a device, a few million numbers at a time.
class device_sums final : public remote_sums {
 public:
  /// Rows of logits [N, K], finite; weights [N] float64, 0 for what does not count; labels [N] in
  /// [0, K). `at_once`: how many numbers are worked on at once.
  device_sums(at::Tensor rows, at::Tensor weight, const at::Tensor& label,
              std::int64_t at_once = std::int64_t{1} << 22)
      : rows_(std::move(rows)),
        weight_(std::move(weight)),
        label_(label.unsqueeze(1)),
        at_once_(std::max<std::int64_t>(1, at_once / rows_.size(1))) {}

  std::vector<double> tempered(double beta, bool single) const override {
    return total([&](const auto& add) {
      blocks(nullptr, single, [&](const block& b) {
        const at::Tensor x = b.x - b.x.amax(1, true);
        const at::Tensor v = x * beta, lse = v.logsumexp(1, true), p = (v - lse).exp(), px = p * x;
        const at::Tensor mean = px.sum(1, false, at::kDouble);
        const at::Tensor square = (px * x).sum(1, false, at::kDouble);
        add(at::stack({(b.weight * (lse - v.gather(1, b.label)).squeeze(1)).sum(),
                       (b.weight * (mean - x.gather(1, b.label).squeeze(1))).sum(),
                       (b.weight * (square - mean * mean).clamp_min(0)).sum()}));
      });
    });
  }

  sample_sums lines(const std::vector<double>& theta, const mixed_temperature* first,
                    bool single) const override {
    const at::Tensor line = numbers(theta, single);
    return value_first([&](const auto& add) {
      blocks(first, single, [&](const block& b) {
        const at::Tensor v = on_lines(b.x, line);
        const probabilities_of p(v, b);
        const at::Tensor wp = p.p * b.w, h = wp * (1 - p.p), hx = h * b.x;
        const at::Tensor r = wp.scatter_add(1, b.label, -b.w);
        add(at::cat({p.nll, over_rows(r * b.x), over_rows(r), over_rows(hx * b.x), over_rows(hx),
                     over_rows(h)}));
      });
    });
  }
  std::vector<double> line_products(const std::vector<double>& theta,
                                    const std::vector<double>& direction,
                                    const mixed_temperature* first, bool single) const override {
    const at::Tensor line = numbers(theta, single), along = numbers(direction, single);
    return total([&](const auto& add) {
      blocks(first, single, [&](const block& b) {
        const at::Tensor q = curved(b, on_lines(b.x, line), on_lines(b.x, along));
        add(at::cat({over_rows(q * b.x), over_rows(q)}));
      });
    });
  }

  sample_sums matrix(const std::vector<double>& theta, const mixed_temperature* first,
                     bool single) const override {
    const at::Tensor map = numbers(theta, single);
    return value_first([&](const auto& add) {
      blocks(first, single, [&](const block& b) {
        const probabilities_of p(on_matrix(b.x, map), b);
        const at::Tensor wp = p.p * b.w, h = wp * (1 - p.p);
        const at::Tensor r = wp.scatter_add(1, b.label, -b.w);
        const at::Tensor square = b.x * b.x;
        add(at::cat({p.nll, products(b.x, r), products(b.x, h), products(p.p, wp),
                     over_rows(h * square), over_rows(h.sum(1, true) * square)}));
      });
    });
  }
  std::vector<double> matrix_products(const std::vector<double>& theta,
                                      const std::vector<double>& direction,
                                      const mixed_temperature* first, bool single) const override {
    const at::Tensor map = numbers(theta, single), along = numbers(direction, single);
    return total([&](const auto& add) {
      blocks(first, single, [&](const block& b) {
        const at::Tensor q = curved(b, on_matrix(b.x, map), on_matrix(b.x, along));
        add(products(b.x, q));
      });
    });
  }

  std::vector<double> brier(const std::vector<double>& temperatures) const override {
    return total([&](const auto& add) {
      blocks(nullptr, false, [&](const block& b) {
        const at::Tensor x = b.x - b.x.amax(1, true);
        std::vector<at::Tensor> sums;
        for (const double t : temperatures) {
          const at::Tensor u = x / t, q = at::softmax(u, 1), qq = q * q;
          const at::Tensor at_label = q.gather(1, b.label).squeeze(1);
          const at::Tensor mean = (q * u).sum(1), square = qq.sum(1), moved = (qq * u).sum(1);
          const at::Tensor along = at_label * (u.gather(1, b.label).squeeze(1) - mean);
          sums.push_back((b.weight * (square - 2 * at_label + 1)).sum());
          sums.push_back((b.weight * 2 * (along - (moved - square * mean))).sum());
        }
        add(at::stack(sums));
      });
    });
  }
  std::vector<double> mixture(double temperature) const override {
    return total([&](const auto& add) {
      blocks(nullptr, false, [&](const block& b) {
        const at::Tensor q = at::softmax(b.x / temperature, 1), p = at::softmax(b.x, 1);
        const auto at_label = [&](const at::Tensor& t) { return t.gather(1, b.label).squeeze(1); };
        add(at::mv(
            at::stack({(q * q).sum(1), (q * p).sum(1), (p * p).sum(1), at_label(q), at_label(p)}),
            b.weight));
      });
    });
  }

 private:
  struct block {
    at::Tensor x;       ///< [n, K] as the fit takes them
    at::Tensor label;   ///< [n, 1]
    at::Tensor weight;  ///< [n] float64
    at::Tensor w;       ///< [n, 1] in the type of x
  };
  /// softmax(v), and the NLL of all rows.
  struct probabilities_of {
    at::Tensor p, nll;
    probabilities_of(const at::Tensor& v, const block& b) {
      const at::Tensor lse = v.logsumexp(1, true);
      p = (v - lse).exp();
      nll = (b.weight * (lse - v.gather(1, b.label)).squeeze(1)).sum().reshape({1});
    }
  };

  /// Numbers of the host in the type that blocks are worked on in.
  at::Tensor numbers(const std::vector<double>& of_host, bool single) const {
    const at::NoGradGuard no_grad;
    return numbers_like(of_host, rows_.options().dtype(single ? at::kFloat : at::kDouble));
  }
  template<class Visit>
  void blocks(const mixed_temperature* first, bool single, const Visit& visit) const {
    for (std::int64_t i = 0; i < rows_.size(0); i += at_once_) {
      const std::int64_t n = std::min(at_once_, rows_.size(0) - i);
      at::Tensor x = rows_.narrow(0, i, n).to(single ? at::kFloat : at::kDouble);
      if (first != nullptr) x = log_mixed(x, first->beta(), first->share());
      const at::Tensor weight = weight_.narrow(0, i, n);
      visit(block{x, label_.narrow(0, i, n), weight, weight.unsqueeze(1).to(x.scalar_type())});
    }
  }
  /// The sum of what f adds, on the host.
  template<class F>
  std::vector<double> total(const F& f) const {
    const at::NoGradGuard no_grad;
    at::Tensor sum;
    f([&](const at::Tensor& more) { sum = sum.defined() ? sum + more : more; });
    const at::Tensor host = sum.to(at::kCPU).contiguous();
    return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
  }
  template<class F>
  sample_sums value_first(const F& f) const {
    sample_sums all;
    all.sums = total(f);
    all.value = all.sums.front();
    all.sums.erase(all.sums.begin());
    return all;
  }

  static at::Tensor over_rows(const at::Tensor& t) { return t.sum(0, false, at::kDouble); }
  /// a_k x_k + b_k
  static at::Tensor on_lines(const at::Tensor& x, const at::Tensor& line) {
    const std::int64_t k = x.size(1);
    return x * line.narrow(0, 0, k) + line.narrow(0, k, k);
  }
  /// W x + b, W_jl at l K + j
  static at::Tensor on_matrix(const at::Tensor& x, const at::Tensor& theta) {
    const std::int64_t k = x.size(1);
    return at::addmm(theta.narrow(0, k * k, k), x, theta.narrow(0, 0, k * k).view({k, k}));
  }
  /// Sums over samples of the products of (x, 1) and r.
  static at::Tensor products(const at::Tensor& x, const at::Tensor& r) {
    return at::cat({at::mm(x.t(), r).reshape({-1}).to(at::kDouble), over_rows(r)});
  }
  /// w (diag(p) - p p') d of every row, p = softmax(v).
  static at::Tensor curved(const block& b, const at::Tensor& v, const at::Tensor& d) {
    const at::Tensor p = at::softmax(v, 1);
    return b.w * p * (d - (p * d).sum(1, true));
  }

  at::Tensor rows_, weight_, label_;
  std::int64_t at_once_;  ///< rows
};

}  // namespace calibra::detail
