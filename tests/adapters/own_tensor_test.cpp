// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "adapters_suite.hpp"

namespace mylib {

/// An array that calibra has never heard of.
class tensor {
 public:
  tensor(std::size_t height, std::size_t width)
      : elements_(height * width), height_(height), width_(width) {}
  const float* data() const { return elements_.data(); }
  std::size_t height() const { return height_; }
  std::size_t width() const { return width_; }
  float& operator()(std::size_t i, std::size_t j) { return elements_[i * width_ + j]; }

 private:
  std::vector<float> elements_;
  std::size_t height_;
  std::size_t width_;
};

/// Another one: columns stored one after the other, any number of dimensions.
struct cube {
  std::vector<double> elements;
  std::vector<std::size_t> shape;
  std::vector<std::ptrdiff_t> strides;
};

/// A lazy one, whose elements do not lie in memory.
struct promise {
  std::size_t height;
  std::size_t width;
  float at(std::size_t i, std::size_t j) const { return suite::score(i, j); }
};

}  // namespace mylib

//[ own_tensor
template<>
struct calibra::array_access<mylib::tensor> {
  static auto view(const mylib::tensor& t) {
    return matrix_view<const float>(t.data(), t.height(), t.width());
  }
};
//]

//[ own_cube
template<>
struct calibra::array_access<mylib::cube> {
  static auto view(const mylib::cube& t) {
    return unranked_view<const double>(t.elements.data(), t.shape, t.strides);
  }
};
//]

//[ own_promise
template<>
struct calibra::array_access<mylib::promise> {
  struct holder {
    std::shared_ptr<const std::vector<float>> elements;
    std::size_t rows;
    std::size_t cols;
    auto view() const { return matrix_view<const float>(elements->data(), rows, cols); }
  };
  static auto view(const mylib::promise& p) {
    std::vector<float> elements;
    for (std::size_t i = 0; i < p.height; ++i)
      for (std::size_t j = 0; j < p.width; ++j) elements.push_back(p.at(i, j));
    return holder{std::make_shared<const std::vector<float>>(std::move(elements)), p.height,
                  p.width};
  }
};
//]

TEST_CASE("an array of one's own enters by ten lines", "[adapters]") {
  mylib::tensor z(suite::rows, suite::cols);
  suite::fill_scores(z);
  suite::check_scores(z, z.data());
  suite::check_scores(std::as_const(z), z.data());
  suite::check_scores(mylib::tensor(z));
}

TEST_CASE("an array of one's own with any number of dimensions", "[adapters]") {
  mylib::cube z{std::vector<double>(suite::rows * suite::cols),
                {suite::rows, suite::cols},
                {1, static_cast<std::ptrdiff_t>(suite::rows)}};
  for (std::size_t i = 0; i < suite::rows; ++i)
    for (std::size_t j = 0; j < suite::cols; ++j)
      z.elements[j * suite::rows + i] = suite::score(i, j);
  suite::check_scores(z, z.elements.data());
  suite::check_scores(mylib::cube(z));
  z.shape = {suite::rows * suite::cols};
  z.strides = {1};
  CHECK(calibra::binary_logits(z).view().size() == suite::rows * suite::cols);
  CHECK_THROWS_AS(calibra::logits(z), calibra::shape_error);
}

TEST_CASE("a lazy array of one's own gives a holder", "[adapters]") {
  suite::check_scores(mylib::promise{suite::rows, suite::cols});
}
