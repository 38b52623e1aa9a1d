// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// `calibra fit` and `calibra apply` against the library's own calls.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <sstream>
#include <string>

#include "calibra/array/matrix.hpp"
#include "calibra/io/load.hpp"
#include "calibra/io/model.hpp"
#include "calibra/io/save.hpp"
#include "calibra/json.hpp"
#include "calibra/recalibration/choose.hpp"
#include "calibra/recalibration/dac.hpp"
#include "calibra/recalibration/methods.hpp"
#include "calibra/recalibration/proximity_methods.hpp"
#include "calibra/recalibration/temperature.hpp"
#include "program.hpp"

using namespace cli_test;

namespace {

const std::vector<double> overconfident = {4, 0, 0, 5,  0, 1, 0, 6, 0, 0, 0, 3,
                                           3, 2, 0, -1, 4, 0, 0, 0, 7, 2, 0, 5};
const std::vector<std::int64_t> targets = {0, 1, 1, 2, 0, 1, 2, 0};

class fitted_workplace : public workplace {
 public:
  fitted_workplace() {
    save("z.npy", 8, 3, overconfident);
    save("y.npy", targets);
  }
  calibra::matrix_view<const double> scores() const { return {overconfident.data(), 8, 3}; }
};

/// Compares two outputs word by word: numbers to a few roundings of double.
void check_same_numbers(std::string a, std::string b) {
  for (std::string* text : {&a, &b}) std::replace(text->begin(), text->end(), ',', ' ');
  std::istringstream left(a), right(b);
  std::string x, y;
  while (left >> x) {
    REQUIRE(right >> y);
    char *x_end = nullptr, *y_end = nullptr;
    const double u = std::strtod(x.c_str(), &x_end), v = std::strtod(y.c_str(), &y_end);
    INFO(x << " and " << y);
    if (*x_end == '\0' && *y_end == '\0')
      CHECK(std::abs(u - v) <= 8 * std::numeric_limits<double>::epsilon() * std::abs(v));
    else
      CHECK(x == y);
  }
  CHECK(!(right >> y));
}

}  // namespace

TEST_CASE("fit: writes the model that the library makes", "[cli]") {
  const fitted_workplace files;
  const auto expected =
      calibra::fit<calibra::temperature_scaling>(calibra::logits(files.scores()), targets);
  const outcome r = files.run("fit z.npy y.npy --output model.json");
  CHECK(r.status == 0);
  CHECK(r.err == "");
  CHECK(read_all(files.path("model.json")) == calibra::to_json(expected));
  CHECK(r.out.starts_with("temperature  "));
  CHECK(r.out.ends_with("\nconverged    yes\n"));

  files.save("w.npy", std::vector<double>{1, 2, 0, 1, 1, 1, 3, 1});
  CHECK(files.run("fit z.npy y.npy --output w.json --weights w.npy").status == 0);
  const auto weighted = calibra::fit<calibra::temperature_scaling>(
      calibra::logits(files.scores()), targets,
      {.weights = std::vector<double>{1, 2, 0, 1, 1, 1, 3, 1}});
  CHECK(read_all(files.path("w.json")) == calibra::to_json(weighted));
  CHECK(weighted.temperature() != expected.temperature());
}

TEST_CASE("fit --method: every recalibrator, of classes and of one number a sample", "[cli]") {
  const fitted_workplace files;
  files.save("x.npy", std::vector<double>{-2, -1, 0.5, 1, 2, -0.5, 3, -3});
  files.save("b.npy", std::vector<std::int64_t>{0, 1, 0, 1, 1, 0, 1, 0});
  const std::vector<double> x = {-2, -1, 0.5, 1, 2, -0.5, 3, -3};
  const std::vector<std::int64_t> b = {0, 1, 0, 1, 1, 0, 1, 0};
  for (const calibra::recalibrator_info& info : calibra::recalibrator_infos()) {
    const std::string method(info.name);
    INFO(method);
    const outcome r = files.run("fit z.npy y.npy --threads 1 --output m.json --method " + method);
    if (method == "dac") {  // it is made from features
      CHECK(r.status == 2);
      CHECK(r.err ==
            "calibra: --method dac is made from text features, not fitted to labels; "
            "expected --base-zero-shot\n");
      continue;
    }
    CHECK(r.status == 0);
    const auto expected = calibra::fit_by_name(method, calibra::logits(files.scores()), targets);
    CHECK(read_all(files.path("m.json")) == calibra::to_json(*expected));
    REQUIRE(files.run("apply m.json z.npy --as probabilities --output p.npy").status == 0);
    const auto p = expected->transform(calibra::logits(files.scores()));
    const std::vector<double> saved = io_test::elements(calibra::io::load(files.path("p.npy")));
    for (std::size_t i = 0; i < saved.size(); ++i) CHECK(std::abs(saved[i] - p.data()[i]) <= 1e-15);

    const outcome of_one = files.run("fit x.npy b.npy --output m.json --method " + method);
    std::unique_ptr<const calibra::recalibrator> binary;
    try {
      binary = calibra::fit_by_name(method, calibra::binary_logits(x), b);
    } catch (const calibra::option_error&) {  // it takes classes alone
    }
    CHECK((of_one.status == 0) == (binary != nullptr));
    if (binary)
      CHECK(read_all(files.path("m.json")) == calibra::to_json(*binary));
    else
      CHECK(of_one.err.find("takes samples x classes") != std::string::npos);
  }
}

TEST_CASE("fit --method dac: of features in place of scores and labels", "[cli]") {
  const fitted_workplace files;
  calibra::matrix<float> base(2, 2), tuned(2, 2), test(3, 2), moved(3, 2);
  for (std::size_t i = 0; i < 2; ++i) {
    base(i, 0) = tuned(i, 1) = 1;
    base(i, 1) = tuned(i, 0) = static_cast<float>(i);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    test(i, 0) = moved(i, 1) = -1;
    test(i, 1) = static_cast<float>(i);
    moved(i, 0) = 3 - static_cast<float>(i);
  }
  calibra::io::save(files.path("base.npy"), base.view());
  calibra::io::save(files.path("tuned.npy"), tuned.view());
  calibra::io::save(files.path("test.npy"), test.view());
  calibra::io::save(files.path("moved.npy"), moved.view());
  const std::string features =
      " --base-zero-shot base.npy --base-tuned tuned.npy --test-zero-shot test.npy";
  const outcome r =
      files.run("fit --method dac --output m.json" + features + " --test-tuned moved.npy");
  CHECK(r.status == 0);
  CHECK(r.out.starts_with("method          dac\nclasses         3\nleast factor    "));
  const calibra::dac expected = calibra::dac::from_features(base, tuned, test, moved);
  CHECK(read_all(files.path("m.json")) == calibra::to_json(expected));
  CHECK(files.run("apply m.json z.npy --output p.npy").status == 0);

  const outcome none = files.run("fit --method dac --output n.json" + features);
  CHECK(none.status == 2);
  CHECK(none.err.find("expected --test-tuned\n") != std::string::npos);
  const outcome both = files.run("fit z.npy y.npy --method dac --output n.json" + features +
                                 " --test-tuned moved.npy");
  CHECK(both.status == 2);
  CHECK(both.err == "calibra: --method dac takes no SCORES and LABELS, got \"z.npy\"\n");
  const outcome other = files.run("fit z.npy y.npy --output n.json --base-tuned tuned.npy");
  CHECK(other.status == 2);
  CHECK(other.err == "calibra: --base-tuned: only for --method dac\n");
  const outcome shape =
      files.run("fit --method dac --output n.json" + features + " --test-tuned tuned.npy");
  CHECK(shape.status == 1);
  CHECK(shape.err.find("test_zero_shot has 3 rows, test_tuned has 2") != std::string::npos);
  CHECK(files.run("fit --output n.json").err == "calibra: SCORES is required\n");
}

TEST_CASE("fit --option: an option of the method", "[cli]") {
  const fitted_workplace files;
  const outcome r = files.run(
      "fit z.npy y.npy --output m.json --method scaling_binning --option bins=3 --option "
      "smooth_targets=false");
  CHECK(r.err == "");
  CHECK(r.status == 0);
  const calibra::named_options method = {{"bins", "3"}, {"smooth_targets", "false"}};
  CHECK(read_all(files.path("m.json")) ==
        calibra::to_json(*calibra::fit_by_name("scaling_binning", calibra::logits(files.scores()),
                                               targets, {}, method)));
  const outcome first = files.run(
      "fit --option bins=3 --method scaling_binning --option smooth_targets=false z.npy y.npy "
      "--output first.json");
  CHECK(first.err == "");
  CHECK(read_all(files.path("first.json")) == read_all(files.path("m.json")));
  for (const auto& [arguments, expected] : std::vector<std::pair<std::string, std::string>>{
           {"--method ets --option bins=3", "fit<ets>(): takes no options, got \"bins\""},
           {"--method bbq --option bins=3", "expected an option out of prior; got \"bins\""},
           {"--method scaling_binning --option bins=1000000000000", "at most 1000000 bins"},
           {"--method order_preserving --option segments=1000000000000",
            "at most 1000000 segments"},
           {"--method cross_venn_abers --option folds=1000000000000", "at most 1000000 folds"},
           {"--method bbq --option prior=x", "option prior: expected a finite number, got \"x\""},
           {"--method bbq --option prior", "--option: expected NAME=VALUE, got \"prior\""},
           {"--method bbq --option =3", "--option: expected NAME=VALUE, got \"=3\""},
           {"--method auto --option bins=3", "--option: not for --method auto"}}) {
    const outcome wrong = files.run("fit z.npy y.npy --output n.json " + arguments);
    CHECK(wrong.status == 2);
    INFO(wrong.err << " instead of " << expected);
    CHECK(wrong.err.find(expected) != std::string::npos);
  }
  CHECK(!std::filesystem::exists(files.path("n.json")));
}

TEST_CASE("fit, apply, eval of methods that take a number a sample", "[cli]") {
  const fitted_workplace files;
  const std::vector<double> near = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8};
  files.save("d.npy", near);
  for (const std::string method : {"procal_density_ratio", "procal_bin_mean_shift"}) {
    INFO(method);
    const outcome r =
        files.run("fit z.npy y.npy --output m.json --proximity d.npy --method " + method +
                  (method == "procal_bin_mean_shift" ? " --option bins=2" : ""));
    CHECK(r.err == "");
    CHECK(r.status == 0);
    CHECK(r.out.starts_with("method  "));
    CHECK(r.out.find("nan") == std::string::npos);
    const auto expected = calibra::fit_proximity_by_name(
        method, calibra::logits(files.scores()), targets, near, {},
        method == "procal_bin_mean_shift" ? calibra::named_options{{"bins", "2"}}
                                          : calibra::named_options{});
    CHECK(read_all(files.path("m.json")) == calibra::to_json(*expected));
    REQUIRE(files.run("apply m.json z.npy --proximity d.npy --as probabilities -o p.npy").status ==
            0);
    const auto p = expected->transform(calibra::logits(files.scores()), near);
    const std::vector<double> saved = io_test::elements(calibra::io::load(files.path("p.npy")));
    CHECK(saved == std::vector<double>(p.data(), p.data() + saved.size()));
    REQUIRE(files.run("apply m.json z.npy --proximity d.npy -o v.npy").status == 0);
    const auto v = expected->transform_logits(calibra::logits(files.scores()), near);
    CHECK(io_test::elements(calibra::io::load(files.path("v.npy"))) ==
          std::vector<double>(v.data(), v.data() + saved.size()));
    const std::string metrics = " --metrics ece,brier,piece --proximity d.npy --format csv";
    check_same_numbers(files.run("eval z.npy y.npy --apply m.json" + metrics).out,
                       files.run("eval p.npy y.npy --from probabilities" + metrics).out);
    for (const std::string command :
         {"eval z.npy y.npy --apply m.json", "apply m.json z.npy -o q.npy"}) {
      const outcome without = files.run(command);
      CHECK(without.status == 2);
      CHECK(without.err == "calibra: --proximity: expected a file, the model in m.json, " + method +
                               ", takes a number a sample\n");
    }
  }
  const outcome none = files.run("fit z.npy y.npy -o n.json --method procal_density_ratio");
  CHECK(none.status == 2);
  CHECK(none.err ==
        "calibra: --method procal_density_ratio: expected --proximity, a number a sample\n");
  const outcome other = files.run("fit z.npy y.npy -o n.json --proximity d.npy");
  CHECK(other.status == 2);
  CHECK(other.err == "calibra: --proximity: not for --method temperature\n");
  REQUIRE(files.run("fit z.npy y.npy -o t.json").status == 0);
  const outcome alone = files.run("apply t.json z.npy --proximity d.npy -o q.npy");
  CHECK(alone.status == 2);
  CHECK(alone.err == "calibra: --proximity: the model in t.json, temperature, takes none\n");
  files.save("short.npy", std::vector<double>{0.1, 0.2});
  const outcome few = files.run("apply m.json z.npy --proximity short.npy -o q.npy");
  CHECK(few.status == 1);
  CHECK(few.err.find("short.npy: expected 8 proximities for the 8 rows of z.npy, got 2") !=
        std::string::npos);
}

TEST_CASE("fit --method auto: prints the candidates and fits the one that the library chooses",
          "[cli]") {
  const fitted_workplace files;
  const outcome r = files.run("fit z.npy y.npy --output m.json --method auto --folds 2");
  CHECK(r.status == 0);
  const auto choice =
      calibra::choose_method(calibra::logits(files.scores()), targets, {}, {.folds = 2});
  CHECK(r.out.find("\nchosen: " + choice.chosen + ", ") != std::string::npos);
  for (const calibra::method_score& s : choice.scores)
    CHECK(r.out.find("\n" + s.name + " ") != std::string::npos);
  CHECK(read_all(files.path("m.json")) ==
        calibra::to_json(
            *calibra::fit_by_name(choice.chosen, calibra::logits(files.scores()), targets)));
  CHECK(files.run("fit z.npy y.npy --output m.json --method auto --folds 1").status == 2);
}

TEST_CASE("eval --apply: what apply would write is measured, and no file is made", "[cli]") {
  const fitted_workplace files;
  for (const std::string method : {"temperature", "svs", "isotonic"}) {
    INFO(method);
    REQUIRE(files.run("fit z.npy y.npy --output m.json --method " + method).status == 0);
    REQUIRE(files.run("apply m.json z.npy --as probabilities --output p.npy").status == 0);
    const std::string metrics = " --metrics ece,brier,accuracy,classwise_ace --format csv";
    const outcome at_once = files.run("eval z.npy y.npy --apply m.json" + metrics);
    CHECK(at_once.status == 0);
    check_same_numbers(at_once.out,
                       files.run("eval p.npy y.npy --from probabilities" + metrics).out);
  }
  for (const std::string more : {"--from confidences", "--sigmoid"}) {
    const outcome r = files.run("eval z.npy z.npy --apply m.json " + more);
    CHECK(r.status == 2);
    CHECK(r.err.find("--apply: ") != std::string::npos);
  }
}

TEST_CASE("methods: the library's recalibrators and what they say of themselves", "[cli]") {
  const workplace files;
  const outcome all = files.run("methods");
  CHECK(all.status == 0);
  for (const calibra::recalibrator_info& info : calibra::recalibrator_infos())
    CHECK(all.out.find(std::string(info.name) + " ") != std::string::npos);
  const outcome one = files.run("methods beta");
  CHECK(one.status == 0);
  CHECK(one.out.starts_with("method     beta\nmap        sigmoid(a ln p - b ln(1 - p) + c)"));
  const outcome none = files.run("methods bta");
  CHECK(none.status == 2);
  CHECK(none.err.find("did you mean \"beta\"?") != std::string::npos);
  const outcome fit = files.run("fit z.npy y.npy --output m.json --method isotnic");
  CHECK(fit.status == 2);
  CHECK(fit.err.find("did you mean \"isotonic\"?") != std::string::npos);
}

TEST_CASE("fit: a fit that does not converge says so", "[cli]") {
  workplace files;
  files.save("z.npy", 2, 2, std::vector<double>{1, 0, 0, 1});
  files.save("y.npy", std::vector<std::int64_t>{0, 1});
  const outcome r = files.run("fit z.npy y.npy --output model.json --from logits");
  CHECK(r.status == 0);
  CHECK(r.out.find("\nconverged    no: ") != std::string::npos);
}

TEST_CASE("apply: writes what transform() gives", "[cli]") {
  const fitted_workplace files;
  REQUIRE(files.run("fit z.npy y.npy --output model.json").status == 0);
  const auto model = calibra::io::load_temperature(files.path("model.json"));
  const auto saved = [&](const std::string& arguments) {
    const outcome r = files.run("apply " + arguments + " --output out.npy");
    INFO(arguments);
    CHECK(r.status == 0);
    CHECK(r.out == "");
    CHECK(r.err == "");
    return calibra::io::load(files.path("out.npy"));
  };
  const auto flat = [](const calibra::matrix<double>& m) {
    return std::vector<double>(m.data(), m.data() + m.rows() * m.cols());
  };
  const auto logits = calibra::logits(files.scores());
  CHECK(io_test::elements(saved("model.json z.npy")) == flat(model.transform_logits(logits)));
  CHECK(io_test::elements(saved("model.json z.npy --as logits")) ==
        flat(model.transform_logits(logits)));
  const auto p = saved("model.json z.npy --as probabilities --threads 2");
  CHECK(io_test::elements(p) == flat(model.transform(logits)));
  CHECK(io_test::shape_of(p) == io_test::sizes{8, 3});

  files.save("b.npy", std::vector<float>{0.25F, 0.5F, 0.75F, 0.875F});
  files.save("by.npy", std::vector<std::int64_t>{0, 1, 1, 0});
  REQUIRE(files.run("fit b.npy by.npy --from probabilities --output model.json").status == 0);
  files.save("p.npy", std::vector<float>{0.25F, 0.5F, 1});
  files.save("y2.npy", std::vector<std::int64_t>{0, 1, 1});
  REQUIRE(files.run("fit p.npy y2.npy --from probabilities --output binary.json").status == 0);
  const auto binary = saved("binary.json p.npy --from probabilities --as probabilities");
  CHECK(binary.dtype() == calibra::io::dtype::f4);
  CHECK(io_test::shape_of(binary) == io_test::sizes{3});
  CHECK(io_test::elements(binary)[1] == 0.5);
}

TEST_CASE("apply: refuses scores of another kind than the model was fitted on", "[cli]") {
  const fitted_workplace files;
  REQUIRE(files.run("fit z.npy y.npy --output model.json").status == 0);
  files.save("p.npy", std::vector<float>{0.25F, 0.5F, 1});
  const outcome r = files.run("apply model.json p.npy --from probabilities --output out.npy");
  CHECK(r.status != 0);
  CHECK(r.err.find("fitted on logits, got binary_probabilities") != std::string::npos);
}

TEST_CASE("apply: what it writes can be measured", "[cli]") {
  const fitted_workplace files;
  REQUIRE(files.run("fit z.npy y.npy --output model.json").status == 0);
  REQUIRE(files.run("apply model.json z.npy --output out.npy").status == 0);
  REQUIRE(files.run("apply model.json z.npy --output p.npy --as probabilities").status == 0);
  const std::string more = " --metrics accuracy --format csv";
  const std::string before = files.run("eval z.npy y.npy" + more).out;
  const auto accuracy = [](const std::string& csv) { return csv.substr(0, csv.find("\n\n")); };
  CHECK(accuracy(files.run("eval out.npy y.npy" + more).out) == accuracy(before));
  CHECK(accuracy(files.run("eval p.npy y.npy --from probabilities" + more).out) ==
        accuracy(before));
}

TEST_CASE("apply: the ending says what is written", "[cli]") {
  const fitted_workplace files;
  REQUIRE(files.run("fit z.npy y.npy -o model.json").status == 0);
  REQUIRE(files.run("apply model.json z.npy -o out.npy").status == 0);
  const auto expected = io_test::elements(calibra::io::load(files.path("out.npy")));
  for (const std::string name : {"out.csv", "out.tsv", "out.safetensors"}) {
    INFO(name);
    CHECK(files.run("apply model.json z.npy -o " + name).status == 0);
    CHECK(io_test::elements(calibra::io::load(files.path(name))) == expected);
  }
  CHECK(files.run("apply model.json z.npy -o p.safetensors --as probabilities").status == 0);
  CHECK(calibra::io::load(files.path("p.safetensors:probabilities")).shape()[1] == 3);
  CHECK(calibra::io::load(files.path("out.safetensors:logits")).shape()[1] == 3);
  const std::size_t entries = files.entries();
  for (const std::string name : {"out.txt", "out", "out.npz", "out.CSV"}) {
    const outcome r = files.run("apply model.json z.npy -o " + name);
    CHECK(r.status == 2);
    CHECK(r.err.starts_with("calibra: " + name + ": unknown extension '"));
    CHECK(r.err.ends_with("; expected .npy, .csv, .tsv or .safetensors\n"));
  }
  CHECK(files.entries() == entries);
}

TEST_CASE("fit: a link to a file that does not exist stays a link", "[cli]") {
  const fitted_workplace files;
  std::filesystem::create_symlink("real.json", files.path("link.json"));
  REQUIRE(files.run("fit z.npy y.npy -o link.json").status == 0);
  CHECK(std::filesystem::is_symlink(files.path("link.json")));
  CHECK(read_all(files.path("real.json")).starts_with("{"));
}

TEST_CASE("fit: a signal leaves no file behind", "[cli]") {
  // The program has written its temporary file when it waits for a reader of standard output.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const fitted_workplace files;
    const std::size_t entries = files.entries();
    const blocked_run run(files, "fit z.npy y.npy -o model.json");
    while (files.entries() == entries) REQUIRE(run.running());
    CHECK(run.end_by(signal) == 128 + signal);
    CHECK(files.entries() == entries);
  }
}

TEST_CASE("apply: a file that grows too large is an error and leaves nothing", "[cli]") {
  const fitted_workplace files;
  REQUIRE(files.run("fit z.npy y.npy -o model.json").status == 0);
  files.save("big.npy", 1000, 3, std::vector<double>(3000, 2));
  const std::size_t entries = files.entries();
  const outcome r = files.run("apply model.json big.npy -o out.npy", {.file_limit = 4096});
  CHECK(r.status == 1);
  CHECK(r.err == "calibra: out.npy: cannot write: File too large\n");
  CHECK(files.entries() == entries);
}
