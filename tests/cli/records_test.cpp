// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// JSON files of records on the command line.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "program.hpp"

using namespace cli_test;
using nlohmann::json;

namespace {

/// The small data as records: logits of lm-eval's texts are the logarithms of the scores.
std::string records(const std::string& before, const std::string& after) {
  std::string out;
  for (std::size_t i = 0; i < small_labels.size(); ++i) {
    json row = json::array();
    for (std::size_t c = 0; c < 3; ++c) row.push_back(small_scores[3 * i + c]);
    out += before + row.dump() + after + std::to_string(small_labels[i]) + "}\n";
  }
  return out;
}

void check_records(const workplace& files, const std::string& arguments,
                   const std::string& said = "") {
  INFO(arguments);
  const outcome r = files.run("eval " + arguments + " --bins 2 --format json");
  CHECK(r.err == said);
  REQUIRE(r.status == 0);
  const json found = json::parse(r.out);
  CHECK(found["metrics"]["ece"] == 0.15625);
  CHECK(found["samples"] == 4);
}

const std::string four_hits =
    "{\"judge_response\":{\"confidence\":75,\"correct\":\"yes\"}}\n"
    "{\"judge_response\":{\"confidence\":50,\"correct\":\"no\"}}\n"
    "{\"judge_response\":{\"confidence\":50,\"correct\":\"yes\"}}\n"
    "{\"judge_response\":{\"confidence\":87.5,\"correct\":\"no\"}}\n";

}  // namespace

TEST_CASE("records: probabilities with classes, confidences with hits", "[cli]") {
  const workplace files;
  files.write("a.jsonl", records("{\"p\":", ",\"y\":"));
  check_records(files, "a.jsonl --probabilities p --label y");
  check_records(files, "a.jsonl --probabilities /p --label /y");
  files.write("b.jsonl", four_hits);
  check_records(files,
                "b.jsonl --confidence judge_response.confidence --correct judge_response.correct "
                "--scale 100");
  check_records(files, "b.jsonl --preset hle");
  // A preset with one path of one's own.
  check_records(files, "b.jsonl --preset hle --correct /judge_response/correct");
  files.write("bad.jsonl", four_hits + "what?\n");
  check_records(files, "bad.jsonl --preset hle --bad-lines count",
                "bad.jsonl: 1 records left out; the first: bad.jsonl:5: not JSON\n");
  CHECK(error_of(files, "eval bad.jsonl --preset hle", 1) == "calibra: bad.jsonl:5: not JSON\n");
}

TEST_CASE("records: other commands", "[cli]") {
  const workplace files;
  files.write("a.jsonl", records("{\"p\":", ",\"y\":"));
  files.save("p.npy", 4, 3, small_scores);
  files.save("y.npy", small_labels);
  const std::string tests = " --tests spiegelhalter,kuiper --format json";
  CHECK(files.run("test a.jsonl --probabilities p --label y" + tests).out ==
        files.run("test p.npy y.npy --from probabilities" + tests).out);
  const std::string fit = " --method temperature -o ";
  CHECK(files.run("fit a.jsonl --probabilities p --label y" + fit + "a.json").status == 0);
  CHECK(files.run("fit p.npy y.npy --from probabilities" + fit + "b.json").status == 0);
  CHECK(json::parse(read_all(files.path("a.json")))["parameters"] ==
        json::parse(read_all(files.path("b.json")))["parameters"]);
  files.write("b.jsonl", four_hits);
  CHECK(error_of(files, "fit b.jsonl --preset hle -o c.json", 2) ==
        "calibra: fit: expected logits or probabilities, got confidences\n");
}

TEST_CASE("records: lm-evaluation-harness by its preset", "[cli]") {
  const workplace files;
  std::string lines;
  for (const char* filter : {"none", "strict"})
    for (std::size_t i = 0; i < small_labels.size(); ++i) {
      json r;
      r["target"] = std::to_string(small_labels[i]);
      r["filter"] = filter;
      for (std::size_t k = 0; k < 3; ++k) {
        const std::string name = "gen_args_" + std::to_string(k);
        r["arguments"][name]["arg_1"] = " four";
        const double logit = std::log(small_scores[3 * i + k]);
        r["filtered_resps"].push_back({json(logit).dump(), "False"});
      }
      lines += r.dump() + "\n";
    }
  files.write("samples.jsonl", lines);
  CHECK(error_of(files, "eval samples.jsonl --preset lm-eval", 1) ==
        "calibra: samples.jsonl:5: /filter: records of 'none' and of 'strict'; say which are to be "
        "read by --filter\n");
  check_records(files, "samples.jsonl --preset lm-eval --filter strict --edges left");
  const auto nll = [&](const std::string& arguments) {
    return json::parse(files
                           .run("eval samples.jsonl --preset lm-eval --filter none --format json "
                                "--metrics accuracy,nll " +
                                arguments)
                           .out)["metrics"]["nll"]
        .get<double>();
  };
  files.save("z.npy", 4, 3, [] {
    std::vector<double> z;
    for (const double p : small_scores) z.push_back(std::log(p) / 4);
    return z;
  }());
  files.save("y.npy", small_labels);
  const double quarter =
      json::parse(files.run("eval z.npy y.npy --format json --metrics nll").out)["metrics"]["nll"];
  CHECK(std::abs(nll("--normalise chars") - quarter) < 1e-12);
  CHECK(std::abs(nll("--normalise bytes") - quarter) < 1e-12);
  CHECK(nll("") != quarter);
}

namespace {

/// Answers of one token, and the right one beside each: what the small data are, as chats.
std::string chats(const std::string& before = "{", const std::string& after = "") {
  std::string out;
  for (std::size_t i = 0; i < small_labels.size(); ++i) {
    json top = json::array();
    for (std::size_t k = 0; k < 3; ++k)
      if (small_scores[3 * i + k] > 0)
        top.push_back({{"token", std::string(k % 2, ' ') + "ABC"[k]},
                       {"logprob", std::log(small_scores[3 * i + k])}});
    json choice;
    choice["logprobs"]["content"] = {
        {{"token", "A"}, {"logprob", top[0]["logprob"]}, {"top_logprobs", top}}};
    out += before + "\"choices\":[" + choice.dump() + "]" + after + ",\"key\":\"" +
           "ABC"[small_labels[i]] + "\"}\n";
  }
  return out;
}

}  // namespace

TEST_CASE("records: answers of one token with log-probabilities", "[cli]") {
  const workplace files;
  files.write("a.jsonl", chats());
  files.write("b.jsonl", chats("{\"response\":{\"body\":{", "}}"));
  files.write("c.jsonl", chats("{\"mine\":{", "}"));
  const auto said = [](const std::string& file) {
    return file +
           ": 0 of 4 records lack an answer among the alternatives of their token; 0 of the "
           "mass is of no alternative, on average\n";
  };
  const std::string answers = " --answers A,B,C --label key --edges left";
  check_records(files, "a.jsonl --preset openai" + answers, said("a.jsonl"));
  check_records(files, "b.jsonl --preset openai" + answers, said("b.jsonl"));
  check_records(files, "c.jsonl --logits mine.choices.0.logprobs.content --token 0" + answers,
                said("c.jsonl"));
  CHECK(error_of(files, "eval a.jsonl --preset openai --token 1" + answers, 1) ==
        "calibra: a.jsonl:1: /choices/0/logprobs/content: expected a token 1, got 1 tokens\n");
  // An answer that no alternative is.
  const std::string nll = " --preset openai --label key --metrics nll,accuracy --format json";
  const outcome out = files.run("eval a.jsonl --answers A,B,C,D" + nll);
  CHECK(out.err ==
        "a.jsonl: 4 of 4 records lack an answer among the alternatives of their token, which "
        "counts as impossible; 0 of the mass is of no alternative, on average\n");
  CHECK(json::parse(out.out)["classes"] == 4);
  files.write("d.jsonl",
              "{\"logprobs\":[{\"token\":\"A\",\"top_logprobs\":[{\"token\":\"A\",\"logprob\":"
              "-0.6931471805599453}]}],\"key\":1}\n");
  const outcome rest = files.run("eval d.jsonl --answers A,B --missing-answers rest" + nll);
  CHECK(rest.err ==
        "d.jsonl: 1 of 1 records lack an answer among the alternatives of their token, which gets "
        "its part of the rest; 0.5 of the mass is of no alternative, on average\n");
  CHECK(std::abs(json::parse(rest.out)["metrics"]["nll"].get<double>() - std::log(2)) < 1e-12);
}

TEST_CASE("records: what is said of answers has to fit", "[cli]") {
  const workplace files;
  files.write("a.jsonl", chats());
  files.write("b.jsonl", four_hits);
  CHECK(error_of(files, "eval a.jsonl --preset openai --label key", 2) ==
        "calibra: --preset openai: expected --answers, the texts of the answers, as A,B,C,D\n");
  CHECK(error_of(files, "eval a.jsonl --preset openai --answers A,B,C", 2) ==
        "calibra: --preset openai: expected --label, the place of the right answer\n");
  CHECK(error_of(files, "eval b.jsonl --preset hle --answers A,B", 2) ==
        "calibra: --answers: not for --preset hle\n");
  CHECK(error_of(files, "eval b.jsonl --preset hle --token 1", 2) ==
        "calibra: --token and --missing-answers: only with --answers\n");
  CHECK(error_of(files, "eval a.jsonl --probabilities choices --label key --answers A,B", 2) ==
        "calibra: --answers: goes with --logits, or with --preset openai or inspect\n");
  for (const char* flag : {"--scale 2", "--mutual-information"})
    CHECK(error_of(
              files, "eval a.jsonl --preset openai --label key --answers A,B " + std::string(flag),
              2) == "calibra: --scale, --normalise and --mutual-information: not with --answers\n");
  CHECK(error_of(files, "eval a.jsonl --preset openai --label key --answers A,B,A", 2) ==
        "calibra: class names: 'A' is the name of class 0 and of class 2\n");
  CHECK(error_of(files, "eval a.jsonl --preset openai --label key --answers A,B", 1)
            .find("key: expected one of the answers, got 'C'; the nearest names are 'A', 'B'") !=
        std::string::npos);
  CHECK(
      error_of(files, "eval log.eval --preset inspect --answers A,B", 2) ==
      "calibra: log.eval: logs of Inspect are read as JSON: inspect log dump log.eval >log.json\n");
}

TEST_CASE("records: a preset of other records says which they look like", "[cli]") {
  const workplace files;
  const std::string openai = chats();
  const std::string inspect = chats("{\"target\":\"A\",\"output\":{", "}");
  const std::vector<std::pair<std::string, std::string>> all{
      {"lm-eval", "{\"target\":\"0\",\"filtered_resps\":[[\"-1\",\"False\"],[\"-2\",\"True\"]]}"},
      {"helm", "{\"stats\":[{\"name\":{\"name\":\"max_prob\"},\"mean\":1}]}"},
      {"hle", four_hits},
      {"openai --answers A,B,C --label key", openai},
      {"inspect --answers A,B,C", inspect}};
  for (const auto& [of, text] : all) {
    files.write("a.jsonl", text);
    const std::string name = of.substr(0, of.find(' '));
    for (const auto& [said, ignored] : all) {
      if (said == of) continue;
      INFO(said << " for " << of);
      const std::string hint = "; the first record looks like --preset " + name + "\n";
      CHECK(error_of(files, "eval a.jsonl --preset " + said, 1).ends_with(hint));
      CHECK(error_of(files, "eval a.jsonl --bad-lines count --preset " + said, 1).ends_with(hint));
    }
    CHECK(error_of(files, "eval a.jsonl", 2)
              .ends_with("; the first record looks like --preset " + name + "\n"));
  }
  // Samples of a whole log.
  files.write("log.json",
              "{\"version\":2,\"samples\":[" + inspect.substr(0, inspect.find('\n')) + "]}");
  CHECK(error_of(files, "eval log.json --preset hle", 1)
            .ends_with("; the first record looks like --preset inspect\n"));
  // The right preset, a record that is bad.
  files.write("a.jsonl", "{\"judge_response\":{\"confidence\":75,\"correct\":\"maybe\"}}\n");
  CHECK(
      error_of(files, "eval a.jsonl --preset hle", 1) ==
      "calibra: a.jsonl:1: judge_response.correct: expected 0 or 1, true or false, yes or no, got "
      "'maybe'\n");
}

TEST_CASE("records: command lines that do not fit", "[cli]") {
  const small_workplace files;
  files.write("a.jsonl", records("{\"p\":", ",\"y\":"));
  const std::string where =
      "calibra: a.jsonl: expected where scores and labels are: --confidence and --correct, "
      "--logits "
      "or --probabilities and --label, or --preset (lm-eval, helm, hle, openai, inspect)\n";
  CHECK(error_of(files, "eval a.jsonl", 2) == where);
  CHECK(error_of(files, "eval a.jsonl --logits p", 2) == where);
  CHECK(error_of(files, "eval a.jsonl y.npy --logits p", 2) ==
        "calibra: a.jsonl: holds the labels too, so that LABELS is not to be given\n");
  CHECK(error_of(files, "eval a.jsonl --logits p --label y --from logits", 2) ==
        "calibra: --from: of records --logits, --probabilities, --confidence or --preset say it\n");
  CHECK(error_of(files, "eval a.jsonl --logits p --confidence p --label y", 2) ==
        "calibra: expected one of --logits, --probabilities and --confidence, got several\n");
  CHECK(error_of(files, "eval a.jsonl --logits p --correct y", 2) ==
        "calibra: --correct: goes with --confidence; classes are --label\n");
  CHECK(error_of(files, "eval a.jsonl --confidence p --label y", 2) ==
        "calibra: --label: goes with --logits or --probabilities; hits are --correct\n");
  CHECK(error_of(files, "eval a.jsonl --preset lmeval", 2) ==
        "calibra: --preset: expected one of lm-eval, helm, hle, openai, inspect; got 'lmeval'\n");
  CHECK(error_of(files, "eval a.jsonl --logits p --label y --scale 0", 2) ==
        "calibra: --scale: expected a number above 0; got \"0\"\n");
  CHECK(error_of(files, "eval a.jsonl --logits p --label y --normalise chars", 2) ==
        "calibra: --normalise: expected --preset lm-eval, which says where the choices are\n");
  CHECK(error_of(files, "eval a.jsonl --preset hle --confidence p", 2) ==
        "calibra: --preset says where the scores are; expected no --logits, --probabilities or "
        "--confidence\n");
  for (const char* flag : {"--label-column y", "--score-columns p", "--header yes", "--scores p",
                           "--labels y", "--confidence-column p"})
    CHECK(
        error_of(files, "eval a.jsonl --preset hle " + std::string(flag), 2) ==
        "calibra: columns of tables and names of arrays are not for records, where paths say what "
        "is read\n");
  CHECK(error_of(files, "compare a.jsonl a.jsonl y.npy", 2) ==
        "calibra: compare: takes files of arrays, not of records or token logits\n");
  CHECK(error_of(files, "eval a.jsonl --preset lm-eval --filter nope", 1) ==
        "calibra: a.jsonl: expected records with 'nope' at /filter, got none\n");
  CHECK(error_of(files, "eval p.npy y.npy --logits p", 2) ==
        "calibra: --logits: for records of .jsonl, .ndjson and .json files, got 'p.npy'\n");
  CHECK(error_of(files, "eval p.npy y.npy --scale 100", 2) ==
        "calibra: --scale: for records of .jsonl, .ndjson and .json files, got 'p.npy'\n");
  CHECK(
      error_of(files, "eval p.npy --label y", 2) ==
      "calibra: --label: for records of .jsonl, .ndjson and .json files, got 'p.npy'; --labels and "
      "--label-column name labels of others\n");
  CHECK(error_of(files, "eval a.jsonl --logits q --label y", 1) ==
        "calibra: a.jsonl:1: q: expected a number or a list of numbers, got nothing\n");
  CHECK(error_of(files, "eval none.jsonl --preset hle", 1) ==
        "calibra: none.jsonl: cannot open: No such file or directory\n");
}

TEST_CASE("records: look at the first", "[cli]") {
  const workplace files;
  files.write("a.jsonl",
              "\n{\"a\":{\"b\":[0.5,true]},\"t\":\"" + std::string(80, 'x') + "\"}\nno\n");
  CHECK(files.run("look a.jsonl").out ==
        "a.jsonl: records; the first:\n  /a/b/0  0.5\n  /a/b/1  true\n  /t  \"" +
            std::string(59, 'x') + "...\n");
  files.write("b.json", "{\"q\":{\"c\":1}}");
  CHECK(files.run("look b.json").out == "b.json: records; the first:\n  /c  1\n");
  files.write("deep.jsonl", std::string(200000, '[') + std::string(200000, ']'));
  CHECK(files.run("look deep.jsonl").status == 0);
  files.write("deep.json", "[" + std::string(200000, '[') + std::string(200000, ']') + "]");
  CHECK(files.run("look deep.json").status == 0);
  files.write("c.json", "[]");
  CHECK(error_of(files, "look c.json", 1) ==
        "calibra: c.json: expected a list or an object of records, got none\n");
  files.write("d.jsonl", "{\n");
  CHECK(error_of(files, "look d.jsonl", 1) == "calibra: d.jsonl: the first record is not JSON\n");
}

TEST_CASE("records: a wrong preset of a document of many levels is a sentence", "[cli]") {
  const workplace files;
  constexpr std::size_t levels = 300000;
  files.write("deep.json",
              "{\"samples\":" + std::string(levels, '[') + std::string(levels, ']') + "}");
  const std::string err = error_of(files, "eval deep.json --preset hle", 1);
  CHECK(err.starts_with("calibra: deep.json"));
}
