// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "blas.hpp"
#include "calibra/error.hpp"
#include "calibra/io/write_file.hpp"
#include "calibra/outlier/wordnet.hpp"
#include "clip/tokenizer.hpp"
#include "clip/weights.hpp"
#include "experiment.hpp"
#include "pictures.hpp"
#include "report.hpp"
#include "status_line.hpp"
#include "world/pretraining.hpp"
#include "world/small_clip.hpp"
#include "world/trainer_file.hpp"
#include "world/world_task.hpp"

// The program coop: tunes prompts of a CLIP by CoOp, KgCoOp and each with DOR, and measures how
// well calibrated they are on the classes tuned on and on new ones.
namespace {

using namespace coop;
using calibra::detail::concat;

// Names of files in the --output folder, beside those of output_files().
constexpr const char* results_json = "results.json";
constexpr const char* results_text = "results.txt";
constexpr const char* pretrained_weights = "small_clip.safetensors";
constexpr const char* diagram_ending = ".svg";

std::atomic<bool> stopping{false};

/// Thrown where a run is stopped before it has checkpoints.
struct interrupted {
  std::string cache;  ///< the folder where what was encoded is kept; empty for none
};

void stop(int) {
  stopping = true;
}

struct request {
  experiment_options experiment;
  std::vector<std::string> methods;
  std::string format = "table";
  int threads = 0;
  bool quiet = false;
  std::string position = "end";
  std::string rule = "nearest";
  // the drawn world
  std::string weights;
  std::string shift = "grey";
  bool quick = false;
  bool pretrain = false;
  std::uint64_t world_seed = 0;
  std::int64_t shots = 16;
  std::string trainer_files;  ///< a folder; empty for none
  // a CLIP of the user's
  std::string clip, vocabulary, images, features, classes, nouns, wordnet;
  std::string phrase = "a photo of a {}.";
  std::string cache;
  bool no_cache = false;
  std::vector<std::int64_t> heads;
  std::string activation;
};

/// Threads inside an operation. OpenBLAS, where it is the BLAS, has its own and would let the
/// threads of several callers wait for one another.
void set_operation_threads(int threads) {
  at::set_num_threads(threads);
  if (void* const found = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
    reinterpret_cast<void (*)(int)>(found)(threads);
}

template<class... Args>
std::string text(const char* format, Args... args) {
  char line[160];
  std::snprintf(line, sizeof line, format, args...);
  return line;
}

double part_of(const encoding_progress& p) {
  return static_cast<double>(p.done) / static_cast<double>(p.all);
}

std::string encoding_text(const char* what, const encoding_progress& p, time_left& left) {
  return text("encoding %s: %zu of %zu%s", what, p.done, p.all, left.text(p).c_str());
}

/// Where features are kept; empty for nowhere.
std::string cache_folder(const request& wanted) {
  return wanted.no_cache || !std::filesystem::is_directory(wanted.cache) ? "" : wanted.cache;
}

/// The weights that come along, where they lie among the sources.
std::string shipped_weights() {
  return COOP_DATA_DIR "/small_clip.safetensors";
}

/// The small CLIP of the drawn world, from a file or trained here.
small_clip world_model(const request& wanted, status_line& status) {
  if (!wanted.weights.empty()) return load_small_clip(wanted.weights);
  if (!wanted.quick && !wanted.pretrain) return load_small_clip(shipped_weights());
  pretraining_options options = wanted.quick ? small_pretraining() : pretraining_options{};
  options.seed = wanted.world_seed;
  return pretrain(options, [&](const pretraining_progress& p) {
    status.show(static_cast<double>(p.step) / static_cast<double>(options.steps),
                text("pretraining: loss %.3f, accuracy %.1f %%", p.loss, 100 * p.accuracy));
    if (stopping) throw interrupted{{}};
  });
}

laboratory drawn_world(const request& wanted, status_line& status) {
  set_operation_threads(1);  // pretraining gives the same bits whatever --threads says
  auto model = std::make_shared<const small_clip>(world_model(wanted, status));
  if (wanted.pretrain && !wanted.experiment.output.empty())
    save_small_clip(*model, concat(wanted.experiment.output, '/', pretrained_weights),
                    storage::half);
  world_task_options options;
  options.shift = wanted.shift;
  options.shots = static_cast<std::size_t>(wanted.shots);
  return {language_of(*model),
          [model, options](std::uint64_t seed) { return make_world_task(*model, seed, options); }};
}

/// What another trainer needs to repeat the runs of each seed, and no run.
int write_trainer_files(const request& wanted) {
  set_operation_threads(1);
  status_line status(wanted.quiet);
  const small_clip model = world_model(wanted, status);
  std::filesystem::create_directories(wanted.trainer_files);
  world_task_options options;
  options.shift = wanted.shift;
  options.shots = static_cast<std::size_t>(wanted.shots);
  for (std::int64_t i = 0; i < wanted.experiment.seeds; ++i) {
    prompt_options prompt = wanted.experiment.tuning.prompt;
    prompt.seed = wanted.experiment.first_seed + static_cast<std::uint64_t>(i);
    save_trainer_file(concat(wanted.trainer_files, "/task-", prompt.seed, ".safetensors"), model,
                      make_world_task(model, prompt.seed, options), prompt);
  }
  return 0;
}

bool needs_outliers(const request& wanted) {
  const auto& methods = wanted.experiment.methods;
  return std::any_of(methods.begin(), methods.end(), uses_dor);
}

/// Candidates that fit into the encoder's prompts, hand-written and learnt.
std::vector<std::string> outlier_nouns(const request& wanted, const tokenizer& words,
                                       const text_config& config) {
  if (!needs_outliers(wanted)) return {};
  std::vector<std::string> nouns = wanted.nouns.empty()
                                       ? calibra::read_wordnet_nouns(wanted.wordnet)
                                       : calibra::read_nouns(wanted.nouns);
  const prompt_options& prompt = wanted.experiment.tuning.prompt;
  const auto length = [&](const std::string& text) {
    return static_cast<std::int64_t>(words.encode(text).size());
  };
  const std::int64_t around =
      std::max(length(fill_in(wanted.phrase, "")),
               length(wanted.phrase.substr(wanted.phrase.find("{}") + 2)) +
                   (prompt.initial.empty() ? prompt.context_tokens : length(prompt.initial)));
  const std::size_t all = nouns.size();
  std::erase_if(nouns, [&](const std::string& noun) {
    return length(noun) + around + 2 > config.context_length;
  });
  if (nouns.size() != all && !wanted.quiet)
    std::fprintf(stderr, "coop: %zu of %zu nouns are left out, as their prompts are too long\n",
                 all - nouns.size(), all);
  return nouns;
}

/// What the user says of the CLIP beyond its file.
clip_settings own_settings(const request& wanted) {
  clip_settings own;
  if (!wanted.heads.empty()) {
    own.text.heads = wanted.heads[0];
    own.vision.heads = wanted.heads[1];
  }
  own.text.nonlinearity = own.vision.nonlinearity = activation_of(wanted.activation);
  return own;
}

/// Features on disk, where they are wanted. A folder that was not asked for need not be there.
feature_cache cache_of(const request& wanted) {
  if (wanted.no_cache || wanted.cache.empty()) return {};
  if (wanted.cache != default_cache_folder()) return feature_cache(wanted.cache);
  try {
    return feature_cache(wanted.cache);
  } catch (const calibra::io_error& problem) {
    if (!wanted.quiet) std::fprintf(stderr, "coop: no cache: %s\n", problem.what());
    return {};
  }
}

/// Of what the features of an encoder depend on: the file, and what it does not say.
template<class Config>
std::string model_checksum(const std::string& file, const Config& config) {
  return checksum()
      .add(file)
      .add(concat(config.heads, ' ', name_of(config.nonlinearity), ' ', config.epsilon))
      .text();
}

laboratory users_clip(const request& wanted, status_line& status) {
  set_operation_threads(1);  // the threads are batches
  const clip_model model = load_clip(wanted.clip, own_settings(wanted));
  const text_config& config = model.text->config();
  auto words = std::make_shared<const tokenizer>(wanted.vocabulary);
  if (words->vocabulary() != config.vocabulary)
    throw calibra::value_error(concat(wanted.vocabulary, ": a vocabulary of ", words->vocabulary(),
                                      " tokens, ", wanted.clip, " has one of ", config.vocabulary));
  auto nouns =
      std::make_shared<const std::vector<std::string>>(outlier_nouns(wanted, *words, config));
  encoding_options encoding;
  encoding.threads = wanted.threads;
  encoding.cache = cache_of(wanted);
  if (model.stored != at::kFloat && model.stored != at::kDouble) encoding.stored = at::kHalf;
  const std::string file =
      encoding.cache.is_on() ? checksum().add_file(wanted.clip).text() : std::string();
  encoding_options of_pictures = encoding;
  of_pictures.model = model_checksum(file, model.vision->config());
  if (encoding.cache.is_on())
    encoding.model =
        checksum().add(model_checksum(file, config)).add_file(wanted.vocabulary).text();
  time_left left;
  auto pictures = std::make_shared<const labelled_pictures>(
      wanted.images.empty()
          ? load_features(wanted.features, wanted.classes, config.embed_dim)
          : encode_pictures(*model.vision, wanted.images, of_pictures,
                            [&](const encoding_progress& p) {
                              status.show(part_of(p), encoding_text("pictures", p, left));
                              if (stopping) throw interrupted{cache_folder(wanted)};
                            }));
  const auto make = [pictures, nouns, phrase = wanted.phrase,
                     shots = wanted.shots](std::uint64_t seed) {
    task result = split_task(*pictures, shots, seed);
    result.nouns = *nouns;
    result.phrase = phrase;
    return result;
  };
  const language speech{model.text, words, model.logit_scale};
  return {speech, make, make_name_encoder(speech, wanted.phrase, encoding)};
}

std::vector<std::pair<std::string, std::string>> settings_of(const request& wanted) {
  const tuning_options& t = wanted.experiment.tuning;
  std::string methods;
  for (const tuning_method m : wanted.experiment.methods)
    methods += concat(methods.empty() ? "" : ",", name_of(m));
  std::vector<std::pair<std::string, std::string>> settings = {
      {"methods", methods},
      {"seeds", concat(wanted.experiment.seeds)},
      {"first_seed", concat(wanted.experiment.first_seed)},
      {"epochs", concat(t.epochs)},
      {"batch", concat(t.batch)},
      {"rate", concat(t.rate)},
      {"warm_up_rate", concat(t.warm_up_rate)},
      {"momentum", concat(t.momentum)},
      {"weight_decay", concat(t.weight_decay)},
      {"context_tokens", concat(t.prompt.context_tokens)},
      {"initial", t.prompt.initial},
      {"class_specific", t.prompt.class_specific ? "true" : "false"},
      {"position", wanted.position},
      {"shots", concat(wanted.shots)},
      {"dor_weight", concat(t.dor_weight)},
      {"kgcoop_dor_weight", concat(wanted.experiment.kgcoop_dor_weight)},
      {"kgcoop_weight", concat(t.kgcoop_weight)},
      {"gamma", concat(t.gamma)},
      {"regulariser_weight", concat(t.regulariser_weight)},
      {"outliers", concat(wanted.experiment.outliers)},
      {"outlier_rule", wanted.rule},
      {"outlier_batch", t.outliers == 0 ? "base classes" : concat(t.outliers)}};
  if (wanted.clip.empty()) {
    settings.emplace_back("world", wanted.quick ? "small" : "medium");
    settings.emplace_back("shift", wanted.shift);
    settings.emplace_back("weights", !wanted.weights.empty()           ? wanted.weights
                                     : wanted.quick || wanted.pretrain ? "trained for this run"
                                                                       : "shipped");
    if (wanted.quick || wanted.pretrain)
      settings.emplace_back("world_seed", concat(wanted.world_seed));
  } else {
    settings.emplace_back("clip", wanted.clip);
    settings.emplace_back("pictures", wanted.images.empty() ? wanted.features : wanted.images);
    settings.emplace_back("nouns", wanted.nouns.empty() ? wanted.wordnet : wanted.nouns);
    settings.emplace_back("phrase", wanted.phrase);
  }
  return settings;
}

void write_diagrams(const std::string& folder, const std::vector<run>& runs) {
  for (const auto& [name, all] : pooled(runs))
    calibra::io::write_file(concat(folder, '/', name, diagram_ending), diagram_svg(all, name));
}

name_position position_of(const std::string& name) {
  return name == "end"      ? name_position::end
         : name == "middle" ? name_position::middle
                            : name_position::front;
}
calibra::outlier_rule rule_of(const std::string& name) {
  return name == "nearest"    ? calibra::outlier_rule::nearest
         : name == "farthest" ? calibra::outlier_rule::farthest
                              : calibra::outlier_rule::random;
}

/// Throws where the folder holds what this run would write over.
void require_no_run(const request& wanted) {
  const std::string& folder = wanted.experiment.output;
  std::vector<std::string> names = output_files(wanted.experiment);
  names.insert(names.end(), {results_json, results_text});
  if (wanted.pretrain) names.emplace_back(pretrained_weights);
  for (const tuning_method method : wanted.experiment.methods)
    for (const split where : {split::base, split::fresh})
      names.push_back(concat(name_of(method), '-', name_of(where), diagram_ending));
  std::erase_if(names, [&](const std::string& name) {
    return !std::filesystem::exists(std::filesystem::path(folder) / name);
  });
  if (!names.empty())
    throw calibra::option_error(
        concat(folder, ": holds ", names.front(),
               names.size() == 1 ? "" : concat(" and ", names.size() - 1, " more"),
               " of what would be written; --resume goes on from the checkpoints of a run, "
               "otherwise give another folder"));
}

int run_program(request& wanted) {
  wanted.experiment.tuning.prompt.position = position_of(wanted.position);
  wanted.experiment.rule = rule_of(wanted.rule);
  if (!wanted.trainer_files.empty()) return write_trainer_files(wanted);
  if (wanted.threads == 0)
    wanted.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (!wanted.methods.empty()) {
    wanted.experiment.methods.clear();
    for (const std::string& name : wanted.methods) {
      const tuning_method method = tuning_method_of(name);
      auto& methods = wanted.experiment.methods;
      if (std::find(methods.begin(), methods.end(), method) == methods.end())
        methods.push_back(method);
    }
  }
  const std::string& output = wanted.experiment.output;
  if (output.empty() && wanted.experiment.resume)
    throw calibra::option_error("--resume needs the --output folder of the run to go on with");
  if (!output.empty()) {
    std::error_code problem;
    std::filesystem::create_directories(output, problem);
    if (problem) throw calibra::io_error(concat(output, ": cannot make it: ", problem.message()));
    if (!wanted.experiment.resume) require_no_run(wanted);
  }
  if (const std::string blas = blas_library(); is_reference_blas(blas) && !wanted.quiet)
    std::fprintf(stderr,
                 "coop: LibTorch multiplies matrices by the reference BLAS, %s, which is slow; on "
                 "Debian install libopenblas0-pthread\n",
                 blas.c_str());
  struct sigaction action {};
  action.sa_handler = stop;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // a second Ctrl-C ends the program at once
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);

  std::vector<run> runs;
  {
    status_line status(wanted.quiet);
    const laboratory lab =
        wanted.clip.empty() ? drawn_world(wanted, status) : users_clip(wanted, status);
    set_operation_threads(1);  // from here on the threads are seeds
    wanted.experiment.threads = wanted.threads;
    time_left left;
    const auto epochs = static_cast<double>(wanted.experiment.tuning.epochs);
    runs = run_experiment(
        lab, wanted.experiment,
        [&](const experiment_progress& p) {
          const double before = static_cast<double>(p.done) / static_cast<double>(p.all);
          if (p.nouns.all != 0) {
            status.show(part_of(p.nouns), encoding_text("nouns", p.nouns, left));
            if (stopping) throw interrupted{cache_folder(wanted)};
          } else {
            status.show(before + static_cast<double>(p.epoch.epoch + 1) / epochs /
                                     static_cast<double>(p.all),
                        text("%s, seed %llu: loss %.3f, accuracy %.1f %%",
                             std::string(name_of(p.method)).c_str(),
                             static_cast<unsigned long long>(p.seed), p.epoch.loss,
                             100 * p.epoch.accuracy));
          }
        },
        [] { return stopping.load(); });
  }
  const bool one_split = wanted.experiment.tuning.prompt.class_specific;
  const auto seeds = static_cast<std::size_t>(wanted.experiment.seeds);
  const auto tuned = static_cast<std::size_t>(std::count_if(
      runs.begin(), runs.end(), [](const run& r) { return r.after == repair::none; }));
  if (stopping && (one_split || tuned != 2 * seeds * wanted.experiment.methods.size())) {
    std::fprintf(stderr, "coop: stopped%s\n",
                 output.empty() ? "" : "; the same command with --resume goes on from here");
    return 130;
  }
  const std::string json = json_text(runs, settings_of(wanted));
  const std::string report = table_text(runs);
  if (!output.empty()) {
    calibra::io::write_file(concat(output, '/', results_json), json);
    calibra::io::write_file(concat(output, '/', results_text), report);
    write_diagrams(output, runs);
  }
  std::fputs((wanted.format == "json" ? json : report).c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

void add_options(CLI::App& app, request& wanted) {
  experiment_options& e = wanted.experiment;
  tuning_options& t = e.tuning;
  app.add_option(
         "--seeds", e.seeds,
         "Seeds to run: each has its own training pictures and, in the drawn world, classes")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--first-seed", e.first_seed, "The first of them")->capture_default_str();
  app.add_option("--methods", wanted.methods,
                 "Out of zero-shot, coop, coop+dor, kgcoop, kgcoop+dor (the default), coop+dor2, "
                 "coop+dispersion, coop+orthogonality, coop+separation, coop+moments, coop+range")
      ->delimiter(',');
  app.add_flag("--repairs", e.repairs,
               "Also judge CoOp after temperature scaling, fitted to the training pictures, and "
               "after distance-aware calibration");
  app.add_option("--output", e.output,
                 "Folder for results.json, results.txt, logits, labels, diagrams, checkpoints");
  app.add_option("--format", wanted.format, "What to print")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  app.add_flag("--resume", e.resume, "Go on from the checkpoints in the --output folder");
  app.add_option("--threads", wanted.threads, "Processor threads; 0: all")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_flag("--quiet", wanted.quiet,
               "No progress on standard error (shown where that is a terminal)");

  const std::string tuning = "Tuning";
  app.add_option("--shots", wanted.shots, "Training pictures a base class")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->group(tuning);
  app.add_option("--epochs", t.epochs, "Passes over the training pictures")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->group(tuning);
  app.add_option("--batch", t.batch, "Pictures a step")->capture_default_str()->group(tuning);
  app.add_option("--rate", t.rate, "Step size of gradient descent")
      ->capture_default_str()
      ->group(tuning);
  app.add_option("--warm-up-rate", t.warm_up_rate, "Step size of the first epoch")
      ->capture_default_str()
      ->group(tuning);
  app.add_option("--context", t.prompt.context_tokens, "Learnt tokens of a random context")
      ->capture_default_str()
      ->group(tuning);
  app.add_option("--initial", t.prompt.initial, "Words the context begins as, for a random one")
      ->group(tuning);
  app.add_flag("--class-specific", t.prompt.class_specific,
               "A context a class: base classes only, not with DOR")
      ->group(tuning);
  app.add_option("--position", wanted.position, "Where the class name stands")
      ->check(CLI::IsMember({"end", "middle", "front"}))
      ->capture_default_str()
      ->group(tuning);
  app.add_option("--lambda", t.dor_weight, "Weight of the DOR loss")
      ->capture_default_str()
      ->group(tuning);
  app.add_option("--kgcoop-lambda", e.kgcoop_dor_weight, "The same beside KgCoOp")
      ->capture_default_str()
      ->group(tuning);
  app.add_option("--gamma", t.gamma,
                 "Weight of the outliers' covariances in the DOR loss: coop+dor2")
      ->capture_default_str()
      ->group(tuning);
  app.add_option("--regulariser-weight", t.regulariser_weight,
                 "Weight of the loss of the methods from coop+dispersion to coop+range")
      ->capture_default_str()
      ->group(tuning);
  app.add_option("--kgcoop-weight", t.kgcoop_weight, "Weight of the KgCoOp loss")
      ->capture_default_str()
      ->group(tuning);
  app.add_option("--outliers", e.outliers,
                 "Outliers in the bank; default: 100, or 5000 with --clip")
      ->group(tuning);
  app.add_option("--outlier-batch", t.outliers,
                 "Outliers drawn each step; default: as many as base classes")
      ->group(tuning);
  app.add_option("--outlier-rule", wanted.rule, "Which nouns become outliers")
      ->check(CLI::IsMember({"nearest", "farthest", "random"}))
      ->capture_default_str()
      ->group(tuning);

  const std::string world = "Drawn world (the default)";
  auto* weights =
      app.add_option("--weights", wanted.weights, "A small CLIP; default: the one that comes along")
          ->group(world);
  auto* from_nothing =
      app.add_flag("--pretrain", wanted.pretrain, "Train the small CLIP from nothing first");
  from_nothing->excludes(weights)->group(world);
  auto* quick =
      app.add_flag("--quick", wanted.quick, "A smaller world, whose CLIP is trained first");
  quick->excludes(weights)->group(world);
  app.add_option("--world-seed", wanted.world_seed, "Seed of the pretraining")
      ->capture_default_str()
      ->group(world);
  auto* shift = app.add_option("--shift", wanted.shift,
                               "How downstream pictures differ from those of pretraining");
  shift->check(CLI::IsMember({"plain", "grey", "sketch", "night", "fence", "noise"}))
      ->capture_default_str()
      ->group(world);
  auto* trainer_files = app.add_option(
      "--trainer-files", wanted.trainer_files,
      "Tune nothing; write into this folder what another trainer needs, a file a seed");
  trainer_files->group(world);

  const std::string own = "Your CLIP and pictures";
  auto* clip = app.add_option("--clip", wanted.clip, "Weights: .safetensors or TorchScript .pt");
  for (CLI::Option* drawn : {weights, from_nothing, quick, shift, trainer_files})
    clip->excludes(drawn);
  clip->group(own);
  app.add_option("--heads", wanted.heads,
                 "Attention heads, TEXT,VISION; default: what the weights or a config.json or "
                 "open_clip_config.json beside them say")
      ->delimiter(',')
      ->expected(2)
      ->check(CLI::Range(1, 100000))
      ->needs(clip)
      ->group(own);
  app.add_option("--activation", wanted.activation, "The same of the activation")
      ->check(CLI::IsMember({"quick_gelu", "gelu"}))
      ->needs(clip)
      ->group(own);
  auto* cache = app.add_option("--cache", wanted.cache,
                               "Folder that keeps features of nouns and pictures from run to run");
  cache->needs(clip)->capture_default_str()->group(own);
  app.add_flag("--no-cache", wanted.no_cache, "Keep none")
      ->needs(clip)
      ->excludes(cache)
      ->group(own);
  auto* vocabulary = app.add_option("--vocab", wanted.vocabulary,
                                    "Merges of the tokenizer, bpe_simple_vocab_16e6.txt[.gz]");
  vocabulary->needs(clip)->group(own);
  clip->needs(vocabulary);
  auto* images =
      app.add_option("--images", wanted.images, "Folder with a folder of pictures a class");
  images->needs(clip)->group(own);
  auto* features = app.add_option("--features", wanted.features,
                                  "Instead: .npz with features [N, D] and labels [N]");
  features->needs(clip)->excludes(images)->group(own);
  auto* classes = app.add_option("--classes", wanted.classes,
                                 "With --features: names of the classes, one a line");
  classes->needs(features)->group(own);
  features->needs(classes);
  app.add_option("--phrase", wanted.phrase, "The hand-written prompt")
      ->capture_default_str()
      ->group(own);
  auto* nouns = app.add_option("--nouns", wanted.nouns, "Candidates for outliers, one a line");
  nouns->needs(clip)->group(own);
  app.add_option("--wordnet", wanted.wordnet, "Or WordNet's index.noun")
      ->default_str("/usr/share/wordnet/index.noun")
      ->needs(clip)
      ->group(own);
}

int failed(int status, const char* message) {
  std::fprintf(stderr, "coop: %s\n", message);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  request wanted;
  wanted.cache = default_cache_folder();
  wanted.wordnet = "/usr/share/wordnet/index.noun";
  CLI::App app(
      "Tunes prompts of a CLIP by CoOp, KgCoOp and each with DOR, and measures their calibration "
      "on "
      "base and new classes.",
      "coop");
  add_options(app, wanted);
  try {
    app.parse(argc, argv);
    if (!wanted.clip.empty()) {
      if (wanted.images.empty() && wanted.features.empty())
        throw calibra::option_error("--clip needs --images or --features");
      if (app.count("--outliers") == 0) wanted.experiment.outliers = 5000;
    }
    return run_program(wanted);
  } catch (const CLI::Success&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const interrupted& at) {
    return failed(
        130,
        at.cache.empty()
            ? "stopped"
            : concat("stopped; what was encoded is in ", at.cache, ", and the same command ",
                     wanted.experiment.output.empty() ? "" : "with --resume ", "goes on from there")
                  .c_str());
  } catch (const CLI::ParseError& e) {
    return failed(2, e.what());
  } catch (const calibra::option_error& e) {
    return failed(2, e.what());
  } catch (const c10::Error& e) {
    return failed(1, e.what_without_backtrace());
  } catch (const std::exception& e) {
    return failed(1, e.what());
  }
}
