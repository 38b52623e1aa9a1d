// A program outside the library whose metrics, convention, binning and array type are equal
// members.
#ifdef CONSUMER_TORCH
#include <calibra/adapters/torch.hpp>
#endif
#include <calibra/adapters/eigen.hpp>
#include <calibra/adapters/xtensor.hpp>
#include <calibra/calibra.hpp>
#include <calibra/compare/compare.hpp>
#include <calibra/groups/evaluate_by.hpp>
#include <calibra/interval/intervals.hpp>
#include <calibra/json.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>
#include <xtensor/xadapt.hpp>

#include "grid.hpp"
#include "largest_bin.hpp"
#include "median_confidence.hpp"
#include "ours.hpp"
#include "worst_class.hpp"

namespace {

const calibra::metric_list list{calibra::ece, largest_bin{}, median_confidence{}, worst_class{}};

void expect(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}
bool same(const calibra::evaluation& a, const calibra::evaluation& b) {
  for (const calibra::metric_value& m : a)
    if (std::abs(m.value - b[m.name]) > 1e-12) return false;
  return a.metrics.size() == list.size();
}

}  // namespace

int main() {
  const grid<double> z{6, 3, {4, 1, 0, 0, 2, 1, 1, 3, 2, 5, 0, 1, 0, 1, 1.5, 2, 2.5, 0}};
  const std::vector<int> y{0, 1, 2, 0, 2, 0};
  for (const calibra::options& o :
       {calibra::options{}, {.binning = halves{}}, {.like = ours}, {.bins = 4, .weights = y}}) {
    const calibra::evaluation of_grid = calibra::evaluate(calibra::logits(z), y, list, o);
    using rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Eigen::MatrixXd e = Eigen::Map<const rows>(z.numbers.data(), 6, 3);
    expect(same(calibra::evaluate(calibra::logits(e), y, list, o), of_grid), "Eigen");
    const auto x = xt::adapt(z.numbers, std::vector<std::size_t>{6, 3});
    expect(same(calibra::evaluate(calibra::logits(x), y, list, o), of_grid), "xtensor");
#ifdef CONSUMER_TORCH
    const at::Tensor t = at::from_blob(const_cast<double*>(z.numbers.data()), {6, 3}, at::kDouble);
    expect(same(calibra::evaluate(calibra::logits(t), y, list, o), of_grid), "a tensor");
#endif
    const calibra::sample pairs = calibra::collect(calibra::logits(z), y);
    std::vector<double> confidence;
    std::vector<bool> hit;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      confidence.push_back(pairs.confidence(i));
      hit.push_back(pairs.hit(i));
    }
    const calibra::evaluation of_pairs =
        calibra::evaluate(calibra::confidences(confidence, hit), list, o);
    for (const char* name : {"ece", "largest_bin", "median_confidence"})
      expect(std::abs(of_pairs[name] - of_grid[name]) <= 1e-12, name);
    const std::string json = calibra::to_json(of_grid);
    for (const calibra::any_metric& m : list)
      expect(json.find("\"" + std::string(m.name()) + "\": ") != std::string::npos, "the JSON");
  }
  expect(calibra::evaluate(calibra::logits(z), y, list, {.like = ours}).table.size() == 2, "ours");

  // Metrics from outside have intervals, comparisons and rows of groups.
  const grid<double> other{6, 3, {3, 2, 0, 1, 2, 0, 1, 2, 3, 2, 0, 1, 1, 0, 2, 2, 1, 0}};
  const auto intervals =
      calibra::intervals(calibra::logits(z), y, list, {}, {.replicates = 40, .level = 0.5});
  const auto differences = calibra::compare(calibra::logits(z), calibra::logits(other), y, list, {},
                                            {.replicates = 40, .level = 0.5});
  const auto groups =
      calibra::evaluate_by(calibra::logits(z), y, std::vector<int>{0, 0, 1, 1, 1, 0}, list);
  expect(groups.groups.size() == 2, "two groups");
  for (const calibra::any_metric& m : list) {
    const std::string name(m.name());
    expect(intervals[name].lower <= intervals[name].upper, "an interval");
    expect(differences[name].lower <= differences[name].upper, "a difference");
    expect(differences[name].p > 0 && differences[name].p <= 1, "its p");
    for (const calibra::group_row& g : groups) expect(!std::isnan(g.values[name]), "a group");
  }

  const std::vector<std::vector<double>> p{{.9, .2}, {.4, .7}, {.6, .1}};
  const std::vector<std::vector<int>> present{{1, 0}, {0, 1}, {1, 1}};
  const calibra::evaluation labels =
      calibra::evaluate(calibra::multilabel_probabilities(p), present, list);
  for (const char* name : {"micro_largest_bin", "macro_median_confidence", "worst_class"})
    expect(!std::isnan(labels[name]), name);
  std::puts("equal members");
}
