// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/adapters/eigen.hpp"

#include "adapters_suite.hpp"

namespace {

using Eigen::Dynamic;
using suite::check_labels;
using suite::check_scores;

constexpr auto n = static_cast<Eigen::Index>(suite::rows);
constexpr auto k = static_cast<Eigen::Index>(suite::cols);

using row_major = Eigen::Matrix<float, Dynamic, Dynamic, Eigen::RowMajor>;
using col_major = Eigen::MatrixXf;
using fixed = Eigen::Matrix<float, n, k>;
using capped = Eigen::Matrix<float, Dynamic, Dynamic, Eigen::RowMajor, 16, 8>;
using array = Eigen::ArrayXXd;

// Eigen's indices are signed: the suite's places are converted here once.
template<class M>
M scores() {
  M z(n, k);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < k; ++j)
      z(i, j) = static_cast<typename M::Scalar>(
          suite::score(static_cast<std::size_t>(i), static_cast<std::size_t>(j)));
  return z;
}
template<class V>
V labels() {
  V y(n);
  for (Eigen::Index i = 0; i < n; ++i)
    y(i) = static_cast<typename V::Scalar>(suite::label(static_cast<std::size_t>(i)));
  return y;
}
template<class M>
auto reader(const M& z) {
  return [&z](std::size_t i, std::size_t j) {
    return z(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
  };
}

col_major half_of(const col_major& z) {
  return 0.5f * z;
}

}  // namespace

TEMPLATE_TEST_CASE("Eigen matrices are viewed where they are", "[adapters][eigen]", row_major,
                   col_major, fixed, capped, array) {
  const TestType z = scores<TestType>();
  check_scores(z, z.data());
  TestType mutable_z = z;
  check_scores(mutable_z, mutable_z.data());
  check_scores(TestType(z));

  const TestType wide = scores<TestType>().array().sqrt();  // NaN where it may not be looked at
  CHECK(calibra::logits(wide).view().data() == wide.data());
}

TEMPLATE_TEST_CASE("Eigen's 16-bit scalars are scores", "[adapters][eigen]", Eigen::half,
                   Eigen::bfloat16) {
  const auto z = scores<Eigen::Matrix<TestType, Dynamic, Dynamic>>();
  check_scores(z, z.data());
  STATIC_REQUIRE(calibra::real_scalar<TestType>);
  STATIC_REQUIRE(std::is_same_v<calibra::compute_type<TestType>, float>);
  CHECK(calibra::scalar_traits<TestType>::load(TestType(-2.5f)) == -2.5f);
}

TEMPLATE_TEST_CASE("Eigen blocks, maps, references and transposes are viewed where they are",
                   "[adapters][eigen]", row_major, col_major) {
  const TestType z = scores<TestType>();
  const TestType zt = z.transpose();
  TestType large = TestType::Constant(2 * n + 3, 3 * k + 2, -1);

  SECTION("transpose") {
    check_scores(zt.transpose(), zt.data());
    const auto lazy = zt.transpose();
    check_scores(lazy, zt.data());
  }
  SECTION("block") {
    large.block(2, 3, n, k) = z;
    check_scores(large.block(2, 3, n, k), &large(2, 3));
    check_scores(std::as_const(large).block(2, 3, n, k), &large(2, 3));
    check_scores(large.template block<n, k>(2, 3), &large(2, 3));
    large.topRightCorner(k, n) = zt;
    check_scores(large.topRightCorner(k, n).transpose(), &large(0, large.cols() - n));
  }
  SECTION("inner and outer strides") {
    using strides = Eigen::Stride<Dynamic, Dynamic>;
    const Eigen::Index inner = 2;
    const Eigen::Index outer = inner * large.innerSize() + 1;
    Eigen::Map<TestType, 0, strides> strided(large.data(), n, k, strides(outer, inner));
    Eigen::Matrix<float, Dynamic, 1> memory =
        Eigen::VectorXf::Constant(outer * std::max(n, k) + inner * std::max(n, k), -1);
    new (&strided) Eigen::Map<TestType, 0, strides>(memory.data(), n, k, strides(outer, inner));
    strided = z;
    check_scores(strided, memory.data());
    check_scores(Eigen::Map<const TestType, 0, strides>(memory.data(), n, k, strides(outer, inner)),
                 memory.data());
    // The last element first: both strides negative.
    Eigen::Map<TestType, 0, strides> backward(memory.data() + memory.size() - 1, n, k,
                                              strides(-outer, -inner));
    backward = z;
    check_scores(backward, &memory(memory.size() - 1));
  }
  SECTION("references") {
    const Eigen::Ref<const TestType> borrowed = z;
    check_scores(borrowed, z.data());
    large.block(2, 3, n, k) = z;
    Eigen::Ref<TestType> writable = large.block(2, 3, n, k);
    check_scores(writable, &large(2, 3));
    const Eigen::Ref<const TestType> owning = 1.0f * z;
    check_scores(owning, owning.data());
    // Such a reference owns its elements and leaves them behind when it is moved.
    check_scores(Eigen::Ref<const TestType>(1.0f * z));
  }
  SECTION("reshaped") {
    const Eigen::Matrix<float, Dynamic, 1> flat = z.reshaped();
    check_scores(flat.reshaped(n, k), flat.data());
  }
}

TEST_CASE("Eigen expressions are evaluated once and kept", "[adapters][eigen]") {
  const col_major z = scores<col_major>();
  const col_major a = z.array() + 3;
  const col_major b = col_major::Constant(n, k, -3);

  check_scores(a + b);
  auto s = calibra::logits(a + b);
  suite::check_elements(s.view(), suite::score);
  const auto lazy = a + b;
  check_scores(lazy);
  check_scores(2 * half_of(z));  // a part of the expression is a temporary
  check_scores((a + b).transpose().transpose());
  check_scores(z * col_major::Identity(k, k));
  check_scores(z.rowwise().reverse().rowwise().reverse());
  check_scores(scores<array>().cast<float>());
  check_scores(scores<row_major>().array() + 0.0f);

  const Eigen::VectorXi y = labels<Eigen::VectorXi>();
  check_labels((y.array() + 1).matrix() - Eigen::VectorXi::Ones(n));
  int largest = 0;
  const auto hits = calibra::detail::hold(y.array() == y.array().maxCoeff(&largest));
  CHECK(hits.view()[static_cast<std::size_t>(largest)] == true);
}

TEMPLATE_TEST_CASE("Eigen vectors are vectors, rows or columns", "[adapters][eigen]",
                   Eigen::VectorXi, Eigen::RowVectorXi, Eigen::ArrayXi,
                   (Eigen::Matrix<long, Dynamic, 1>), (Eigen::Matrix<unsigned char, n, 1>),
                   (Eigen::Array<short, 1, n>)) {
  TestType y = labels<TestType>();
  check_labels(y, y.data());
  check_labels(std::as_const(y), y.data());
  check_labels(y.transpose(), y.data());
  check_labels(TestType(y));
}

TEMPLATE_TEST_CASE("Rows and columns of Eigen matrices are strided vectors", "[adapters][eigen]",
                   Eigen::MatrixXi, (Eigen::Matrix<int, Dynamic, Dynamic, Eigen::RowMajor>)) {
  TestType m = TestType::Constant(n, n, -1);
  m.row(2) = labels<Eigen::RowVectorXi>();
  check_labels(m.row(2), &m(2, 0));
  m.col(3) = labels<Eigen::VectorXi>();
  check_labels(m.col(3), &m(0, 3));
  check_labels(m.transpose().row(3), &m(0, 3));
  Eigen::VectorXi twice = Eigen::VectorXi::Constant(2 * n, -1);
  Eigen::Map<Eigen::VectorXi, 0, Eigen::InnerStride<2>> strided(twice.data(), n);
  strided = labels<Eigen::VectorXi>();
  check_labels(strided, twice.data());
  m.diagonal() = labels<Eigen::VectorXi>();
  check_labels(m.diagonal(), m.data());
}

TEST_CASE("Eigen arrays can be written where Eigen allows it", "[adapters][eigen]") {
  col_major z(n, k);
  suite::check_written(z, reader(z));
  row_major large = row_major::Zero(n + 2, k + 3);
  auto block = large.block(1, 2, n, k);
  suite::check_written(block, reader(block));
  col_major transposed = col_major::Zero(k, n);
  auto back = transposed.transpose();
  suite::check_written(back, reader(back));
  Eigen::Map<row_major> map(large.data(), n, k);
  suite::check_written(map, reader(map));

  using read_only = Eigen::Map<const row_major>;
  STATIC_REQUIRE(
      std::is_same_v<decltype(calibra::array_access<read_only>::view(std::declval<read_only&>())),
                     calibra::matrix_view<const float>>);
  STATIC_REQUIRE(std::is_same_v<decltype(calibra::array_access<col_major>::view(
                                    std::declval<const col_major&>())),
                                calibra::matrix_view<const float>>);
}

TEST_CASE("Eigen objects without a row or a column", "[adapters][eigen]") {
  const col_major none(0, k);
  CHECK(calibra::logits(none).view().rows() == 0);
  CHECK(calibra::logits(none).view().cols() == suite::cols);
  const col_major no_class(n, 0);
  CHECK(calibra::logits(no_class + no_class).view().rows() == suite::rows);
  CHECK(calibra::logits(no_class + no_class).view().cols() == 0);
}

TEST_CASE("what Eigen types are, known to the compiler", "[adapters][eigen]") {
  STATIC_REQUIRE(calibra::score_matrix<Eigen::MatrixXf>);
  STATIC_REQUIRE(calibra::score_matrix<const Eigen::ArrayXXd&>);
  STATIC_REQUIRE(calibra::score_vector<Eigen::VectorXd>);
  STATIC_REQUIRE(calibra::label_vector<Eigen::RowVectorXi>);
  STATIC_REQUIRE(calibra::label_vector<Eigen::VectorXf>);
  STATIC_REQUIRE(!calibra::score_matrix<Eigen::MatrixXcf>);
  STATIC_REQUIRE(!calibra::score_matrix<Eigen::MatrixXi>);
  STATIC_REQUIRE(!calibra::score_matrix<Eigen::VectorXf>);
  STATIC_REQUIRE(!calibra::score_vector<Eigen::MatrixXf>);
}
