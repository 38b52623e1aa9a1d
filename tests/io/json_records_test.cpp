// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/json_records.hpp"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "calibra/error.hpp"
#include "calibra/io/labels.hpp"
#include "calibra/io/record_presets.hpp"
#include "io_files.hpp"

using namespace io_test;
using calibra::io::choice_length;
using calibra::io::load_records;
using calibra::io::record_dump;
using calibra::io::record_options;

namespace {

constexpr double none = -std::numeric_limits<double>::infinity();

doubles scores_of(const record_dump& d) {
  return elements(d.scores);
}
std::vector<std::int64_t> labels_of(const record_dump& d) {
  const auto labels = calibra::io::labels(d.labels);
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < labels.size(); ++i) out.push_back(labels[i]);
  return out;
}
const record_options& preset(std::string_view name) {
  for (const auto& p : calibra::io::record_presets())
    if (p.name == name) return p.options;
  throw std::runtime_error("no such preset");
}

using ints = std::vector<std::int64_t>;

using calibra::io::missing_answer;
using nlohmann::json;

/// A token of a chat with its alternatives.
json chat_token(const std::string& text, double log_p,
                const std::vector<std::pair<std::string, double>>& alternatives) {
  json top = json::array();
  for (const auto& [t, lp] : alternatives)
    top.push_back({{"token", t}, {"logprob", lp}, {"bytes", nullptr}});
  return {{"token", text}, {"logprob", log_p}, {"bytes", nullptr}, {"top_logprobs", top}};
}
/// What a server answers to a chat.
json chat(const json& tokens) {
  return {{"object", "chat.completion"},
          {"choices", {{{"index", 0}, {"logprobs", {{"content", tokens}, {"refusal", nullptr}}}}}}};
}
record_options answers(const std::string& labels, std::vector<std::string> texts,
                       std::string_view of = "openai") {
  record_options o = preset(of);
  if (!labels.empty()) o.labels = labels;
  o.answers = std::move(texts);
  return o;
}
std::string lines_of(const std::vector<json>& records) {
  std::string out;
  for (const json& r : records) out += r.dump() + "\n";
  return out;
}

}  // namespace

TEST_CASE("records: a line each, by pointers or by points", "[io][records]") {
  const scratch files;
  const std::string path = files.write(
      "a.jsonl",
      "{\"out\":{\"conf\":85,\"ok\":\"yes\"}}\n\n{\"out\":{\"conf\":\"12.5\",\"ok\":false}}\r\n"
      "  {\"out\":{\"conf\":\"100%\",\"ok\":\"Correct\"}}");
  for (const std::string separator : {"/", "."}) {
    const std::string start = separator == "/" ? "/" : "";
    const auto d = load_records(path, {.scores = start + "out" + separator + "conf",
                                       .labels = start + "out" + separator + "ok",
                                       .hits = true,
                                       .scale = 100});
    CHECK(shape_of(d.scores) == sizes{3});
    CHECK(scores_of(d) == doubles{0.85, 0.125, 1});
    CHECK(labels_of(d) == ints{1, 0, 1});
    CHECK(d.bad == 0);
  }
}

TEST_CASE("records: rows of several numbers, filled up where they differ", "[io][records]") {
  const scratch files;
  const std::string path =
      files.write("a.ndjson", "{\"z\":[1,2,\"3\"],\"y\":2}\n{\"z\":[4.5,-1],\"y\":\"0\"}\n");
  const auto d = load_records(path, {.scores = "z", .labels = "y"});
  CHECK(shape_of(d.scores) == sizes{2, 3});
  CHECK(scores_of(d) == doubles{1, 2, 3, 4.5, -1, none});
  CHECK(labels_of(d) == ints{2, 0});
  CHECK(scores_of(load_records(path, {.scores = "z", .labels = "y", .padding = 0}))[5] == 0);
}

TEST_CASE("records: documents of a list, and of an object of records", "[io][records]") {
  const scratch files;
  const record_options o{.scores = "c", .labels = "h"};
  CHECK(scores_of(load_records(
            files.write("a.json", "[{\"c\":0.5,\"h\":1},\n{\"c\":0.25,\"h\":0}]"), o)) ==
        doubles{0.5, 0.25});
  // In the order of the keys.
  CHECK(scores_of(load_records(
            files.write("b.json", "{\"q9\":{\"c\":0.5,\"h\":1},\"q10\":{\"c\":0.25,\"h\":0}}"),
            o)) == doubles{0.25, 0.5});
}

TEST_CASE("records: paths", "[io][records]") {
  const scratch files;
  const std::string path = files.write(
      "a.jsonl",
      "{\"a/b\":{\"~\":1,\"x\":[{\"n\":{\"k\":\"p\"},\"v\":7},{\"n\":{\"k\":\"q.r\"},\"v\":8},"
      "{\"n\":{\"k\":true},\"v\":9}]},\"y\":0}\n");
  const auto value = [&](const std::string& place) {
    return scores_of(load_records(path, {.scores = place, .labels = "y"}));
  };
  CHECK(value("/a~1b/~0") == doubles{1});
  CHECK(value("/a~1b/x/1/v") == doubles{8});
  CHECK(value("a/b.x.*.v") == doubles{7, 8, 9});
  CHECK(value("a/b.x.[n.k=q.r].v") == doubles{8});
  CHECK(value("/a~1b/x/[n.k=true]/v") == doubles{9});
  CHECK(files.message([&] { value("a/b.x.3.v"); }) ==
        "a.jsonl:1: a/b.x.3.v: expected a number or a list of numbers, got nothing");
  CHECK(files.message([&] { value("a.[b"); }) == "path 'a.[b': expected ']', got the end");
  CHECK(files.message([&] { value(""); }) == "path: expected a place in a JSON document, got ''");
}

TEST_CASE("records: lm-evaluation-harness", "[io][records]") {
  const scratch files;
  const auto record = [](int gold, const std::string& filter, const std::vector<double>& lp) {
    std::string arguments, responses;
    for (std::size_t k = 0; k < lp.size(); ++k) {
      const std::string number = std::to_string(k);
      arguments += (k ? "," : "") + ("\"gen_args_" + number + "\":{\"arg_0\":\"Q\",\"arg_1\":\" " +
                                     std::string(k + 1, 'x') + "\xc3\xa9\"}");
      responses += (k ? "," : "") + ("[\"" + std::to_string(lp[k]) + "\",\"False\"]");
    }
    return "{\"doc_id\":0,\"target\":\"" + std::to_string(gold) + "\",\"arguments\":{" + arguments +
           "},\"resps\":[],\"filtered_resps\":[" + responses + "],\"filter\":\"" + filter + "\"}\n";
  };
  doubles many;  // more than ten, so that the order of the keys is not that of the alphabet
  for (int k = 0; k < 12; ++k) many.push_back(-k - 1);
  const std::string path =
      files.write("samples.jsonl", record(1, "none", {-2, -1}) + record(11, "none", many));
  const auto raw = load_records(path, preset("lm-eval"));
  CHECK(shape_of(raw.scores) == sizes{2, 12});
  CHECK(labels_of(raw) == ints{1, 11});
  CHECK(scores_of(raw)[1] == -1);
  CHECK(scores_of(raw)[2] == none);
  for (const auto by : {choice_length::characters, choice_length::bytes}) {
    record_options o = preset("lm-eval");
    o.by_length = by;
    const doubles z = scores_of(load_records(path, o));
    for (std::size_t k = 0; k < 12; ++k) {
      // k + 1 letters and an e with an accent, one character of two bytes.
      const double length = static_cast<double>(k + (by == choice_length::bytes ? 3 : 2));
      CHECK(z[12 + k] == many[k] / length);
    }
  }
  // Half of the requests are without the question.
  record_options o = preset("lm-eval");
  o.halves = true;
  CHECK(scores_of(load_records(files.write("m.jsonl", record(0, "none", {-1, -2, -4, -8})), o)) ==
        doubles{3, 6});
  CHECK(files.message([&] {
    load_records(files.write("m.jsonl", record(0, "none", {-1, -2, -4})), o);
  }) == "m.jsonl:1: /filtered_resps/*/0: expected an even number of numbers for halves, got 3");
  // Such records say so by their metric: the second half is not of more choices.
  std::string twice = record(1, "none", {-1, -2, -4, -8});
  twice.insert(twice.size() - 2, ",\"acc_mutual_info\":0.0");
  files.write("m.jsonl", twice + record(0, "none", {-3, -4}));
  const auto with_question = load_records(files.path("m.jsonl"), preset("lm-eval"));
  CHECK(scores_of(with_question) == doubles{-1, -2, -3, -4});
  files.write("m.jsonl", twice);
  CHECK(scores_of(load_records(files.path("m.jsonl"), o)) == doubles{3, 6});
  // Records of several filters repeat the documents.
  const std::string two =
      files.write("two.jsonl", record(0, "none", {-1, -2}) + record(0, "first", {-3, -4}));
  record_options one = preset("lm-eval");
  CHECK(files.message([&] { load_records(two, one); }) ==
        "two.jsonl:2: /filter: records of 'none' and of 'first'; say which are to be read");
  one.count_bad = true;
  CHECK(files.message([&] { load_records(two, one); }).find("say which") != std::string::npos);
  one.only = "first";
  CHECK(scores_of(load_records(two, one)) == doubles{-3, -4});
}

TEST_CASE("records: HELM and judged answers", "[io][records]") {
  const scratch files;
  const auto stat = [](const std::string& name, double mean) {
    return "{\"name\":{\"name\":\"" + name + "\"},\"count\":1,\"mean\":" + std::to_string(mean) +
           "}";
  };
  const auto helm = load_records(
      files.write("stats.json", "[{\"instance_id\":\"a\",\"stats\":[" + stat("exact_match", 1) +
                                    "," + stat("max_prob", 0.75) +
                                    "]},{\"instance_id\":\"b\",\"stats\":[" +
                                    stat("max_prob", 0.5) + "," + stat("exact_match", 0) + "]}]"),
      preset("helm"));
  CHECK(scores_of(helm) == doubles{0.75, 0.5});
  CHECK(labels_of(helm) == ints{1, 0});
  const auto hle = load_records(
      files.write("judged.json",
                  "{\"q1\":{\"judge_response\":{\"correct\":\"no\",\"confidence\":90}},"
                  "\"q2\":{\"judge_response\":{\"correct\":\"yes\",\"confidence\":40}}}"),
      preset("hle"));
  CHECK(scores_of(hle) == doubles{0.9, 0.4});
  CHECK(labels_of(hle) == ints{0, 1});
}

TEST_CASE("records: what is bad is said with its place, or counted", "[io][records]") {
  const scratch files;
  record_options o{.scores = "c", .labels = "h", .hits = true};
  const auto message = [&](const std::string& text) {
    return files.message([&] { load_records(files.write("a.jsonl", text), o); });
  };
  const std::string good = "{\"c\":0.5,\"h\":1}\n";
  CHECK(message(good + "{\"c\":0.5") == "a.jsonl:2: not JSON");
  CHECK(message(good + "{\"c\":null,\"h\":1}") == "a.jsonl:2: c: expected a number, got null");
  CHECK(message(good + "{\"c\":\"high\",\"h\":1}") ==
        "a.jsonl:2: c: expected a number, got 'high'");
  CHECK(message(good + "{\"c\":[],\"h\":1}") ==
        "a.jsonl:2: c: expected numbers, got an empty list");
  CHECK(message(good + "{\"c\":1}") == "a.jsonl:2: h: expected one label, got nothing");
  CHECK(message(good + "{\"c\":1,\"h\":0.5}") ==
        "a.jsonl:2: h: expected 0 or 1, true or false, yes or no, got 0.5");
  CHECK(message(good + "{\"c\":1,\"h\":\"[0, 2]\"}") ==
        "a.jsonl:2: h: expected 0 or 1, true or false, yes or no, got '[0, 2]'");
  CHECK(message("\n\n") == "a.jsonl: expected records, got none");
  CHECK(message(good + std::string(100000, '[')) == "a.jsonl:2: not JSON");
  CHECK(message(good + std::string(100000, '[') + std::string(100000, ']')) ==
        "a.jsonl:2: c: expected a number or a list of numbers, got nothing");
  o.scale = 0;
  CHECK(message(good) == "record_options: scale: expected a number above 0, got 0");
  o.scale = 1;
  o.count_bad = true;
  const auto d =
      load_records(files.write("b.jsonl", "no\n" + good + "{\"c\":null,\"h\":1}\n" + good), o);
  CHECK(scores_of(d) == doubles{0.5, 0.5});
  CHECK(d.bad == 2);
  CHECK(d.first_bad == files.path("b.jsonl") + ":1: not JSON");
  CHECK(message("no\nnever") ==
        "a.jsonl: none of 2 records can be read; the first: a.jsonl:1: not JSON");
  CHECK(files.message([&] { load_records(files.write("c.json", "3"), o); }) ==
        "c.json: expected a list or an object of records, got 3");
  CHECK(files.message([&] { load_records(files.write("c.json", "{"), o); }) ==
        "c.json: expected a list or an object of records, got text that is not JSON");
}

TEST_CASE("records: classes are numbers below those of the scores", "[io][records]") {
  const scratch files;
  const auto message = [&](const std::string& label) {
    const std::string text = "{\"z\":[1,2],\"y\":" + label + "}\n";
    return files.message(
        [&] { load_records(files.write("a.jsonl", text), {.scores = "z", .labels = "y"}); });
  };
  CHECK(message("1") == "");
  CHECK(message("\"1\"") == "");
  CHECK(message("-100") == "");  // to be ignored
  CHECK(message("2") == "a.jsonl:1: y: expected a class below 2, got 2");
  // A choice that is called yes is no truth value.
  for (const std::string text : {"\"yes\"", "\"true\""})
    CHECK(message(text).find("a.jsonl:1: y: expected a class index, got '") == 0);
  CHECK(message("true") == "a.jsonl:1: y: expected a class index, got true");
}

TEST_CASE("records: no element of a list is passed over", "[io][records]") {
  const scratch files;
  const std::string path = files.write(
      "a.jsonl", "{\"ch\":[{\"s\":-3},{},{\"s\":1}],\"y\":2,\"o\":{\"g_10\":10,\"g_9\":9}}\n");
  CHECK(files.message([&] { load_records(path, {.scores = "ch.*.s", .labels = "y"}); }) ==
        "a.jsonl:1: ch.*.s: expected a number of every element, got nothing of one");
  // Members of an object by their names, numbers as numbers.
  CHECK(scores_of(load_records(path, {.scores = "o.*", .labels = "/ch/2/s"})) == doubles{9, 10});
}

TEST_CASE("records: many keys, and deep nesting, take no time to speak of", "[io][records]") {
  const scratch files;
  std::string many = "{";
  for (int k = 0; k < 200000; ++k)
    many += (k ? "," : "") + ("\"q" + std::to_string(k) + "\":{\"c\":0.5,\"h\":1}");
  const record_options o{.scores = "c", .labels = "h"};
  CHECK(scores_of(load_records(files.write("a.json", many + "}"), o)).size() == 200000);
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  CHECK(files
            .message([&] {
              load_records(files.write("b.jsonl", "{\"c\":[{\"n\":" + deep + "}],\"h\":1}"),
                           {.scores = "c.[n=x].v", .labels = "h"});
            })
            .find("got nothing") != std::string::npos);
}

TEST_CASE("records: cut short at every byte", "[io][records]") {
  const scratch files;
  const std::string text = "{\"c\":[0.5,1e2],\"h\":\"yes\"}\n{\"c\":[\"1\",-3],\"h\":false}\n";
  const record_options o{.scores = "c", .labels = "h", .hits = true};
  std::size_t loaded = 0;
  for (std::size_t length = 0; length < text.size(); ++length) {
    const std::string message =
        files.message([&] { load_records(files.write("a.jsonl", text.substr(0, length)), o); });
    loaded += message.empty() ? 1 : 0;
    CHECK(message.find('\n') == std::string::npos);
  }
  CHECK(loaded == 3);  // behind the first record, with its line's end, and without the last one's
}

TEST_CASE("records: one wide row among many short ones", "[io][records]") {
  const scratch files;
  std::string text = "{\"p\":[1";
  for (int k = 1; k < 20000; ++k) text += ",1";
  text += "],\"y\":0}\n";
  for (int i = 0; i < 20000; ++i) text += "{\"p\":[1,2],\"y\":0}\n";
  CHECK(files.message([&] {
    load_records(files.write("a.jsonl", text), {.scores = "p", .labels = "y"});
  }) == "a.jsonl: expected at most 134217728 numbers to fill up rows of fewer, got 20001 rows of "
        "60000 numbers in all, the longest of 20000");
}

TEST_CASE("records: answers of one token, from chats", "[io][records]") {
  const scratch files;
  const double a = std::log(0.5), b = std::log(0.25), c = std::log(0.125), d = std::log(0.0625);
  const json tokens = json::array(
      {chat_token("A", a, {{"A", a}, {" B", b}, {"The", c}, {" A", d}, {"B", std::log(0.03125)}}),
       chat_token("C", c, {{"C", c}, {"D", d}})});
  json first = chat(tokens), second = chat(tokens);
  first["answer"] = "B";
  second["answer"] = 0;
  const std::string path = files.write("a.jsonl", lines_of({first, second}));
  const record_dump found = load_records(path, answers("/answer", {"A", "B", "C", "D"}));
  CHECK(shape_of(found.scores) == sizes{2, 4});
  CHECK(labels_of(found) == ints{1, 0});
  const doubles z = scores_of(found);
  // With and without a blank are different tokens: their masses add up.
  CHECK(z[0] == Approx(std::log(0.5625)));
  CHECK(z[1] == Approx(std::log(0.28125)));
  CHECK(z[2] == none);
  CHECK(z[3] == none);
  CHECK(found.incomplete == 2);
  CHECK(found.mean_rest == Approx(1 - 0.96875));
  // Another token; answers that are told with a blank; none is missing.
  record_options o = answers("choices.0.index", {" C", "D"});
  o.token = 1;
  CHECK(scores_of(load_records(path, o)) == doubles{c, d, c, d});
  CHECK(load_records(path, o).incomplete == 0);
  CHECK(load_records(path, o).mean_rest == Approx(0.8125));
  // The rest of the mass, in equal parts for those that are missing.
  o = answers("answer", {"A", "B", "C", "D"});
  o.missing = missing_answer::rest;
  const doubles filled = scores_of(load_records(path, o));
  CHECK(filled[0] == z[0]);
  CHECK(filled[2] == Approx(std::log(0.03125 / 2)));
  CHECK(filled[3] == filled[2]);
}

TEST_CASE("records: the token that was drawn counts where it is not listed", "[io][records]") {
  const scratch files;
  const auto scores = [&](const json& token) {
    json r = chat(json::array({token}));
    r["y"] = "A";
    const auto d = load_records(files.write("a.jsonl", lines_of({r})), answers("y", {"A", "B"}));
    return scores_of(d);
  };
  const double half = std::log(0.5);
  CHECK(scores(chat_token("B", -5, {{"A", half}, {"C", -1}})) == doubles{half, -5});
  CHECK(scores(chat_token(" B", -5, {{"A", half}, {"B", -5}})) == doubles{half, -5});
  // -9999 stands for what a server does not say, or for 0.
  CHECK(scores(chat_token("B", -9999, {{"A", half}, {"C", -1}})) == doubles{half, none});
  CHECK(scores(chat_token("A", half, {{"A", half}, {"B", -9999.0}})) == doubles{half, none});
  CHECK(scores(chat_token("A", half, {{"A", half}, {"B", -1000}})) == doubles{half, -1000});
}

TEST_CASE("records: answers of completions, llama.cpp, Ollama, batches and Inspect",
          "[io][records]") {
  const scratch files;
  const double a = std::log(0.75), b = std::log(0.125);
  const json list = {{{"token", "A"}, {"logprob", a}}, {{"token", " B"}, {"logprob", b}}};
  const json token = {{"token", "A"}, {"logprob", a}, {"top_logprobs", list}};
  const auto check = [&](json record, std::string_view of = "openai") {
    INFO(record.dump());
    record["target"] = "A";
    const std::string text = lines_of({record, record});
    const auto d = load_records(files.write("a.jsonl", text), answers("/target", {"A", "B"}, of));
    const doubles z = scores_of(d);
    CHECK(z[0] == Approx(a));
    CHECK(z[1] == Approx(b));
    CHECK(labels_of(d) == ints{0, 0});
    CHECK(d.mean_rest == Approx(0.125));
  };
  json completion;
  completion["choices"][0]["logprobs"] = {{"tokens", {" A"}},
                                          {"token_logprobs", {a}},
                                          {"top_logprobs", {{{" A", a}, {"B", b}}}},
                                          {"text_offset", {0}}};
  check(completion);
  json llama;
  llama["completion_probabilities"] = json::array({token});
  check(llama);
  // With post_sampling_probs, and as it was called before.
  llama["completion_probabilities"] = {
      {{"id", 1},
       {"token", " A"},
       {"prob", 0.75},
       {"top_probs", {{{"token", " A"}, {"prob", 0.75}}, {{"token", "B"}, {"prob", 0.125}}}}}};
  check(llama);
  llama["completion_probabilities"] = {
      {{"content", "A"},
       {"probs", {{{"tok_str", "A"}, {"prob", 0.75}}, {{"tok_str", "B"}, {"prob", 0.125}}}}}};
  check(llama);
  check({{"response", "A"}, {"logprobs", {token}}});
  check({{"response", chat(json::array({token}))}});
  check({{"custom_id", "q1"}, {"response", {{"body", chat(json::array({token}))}}}});
  json sample{{"id", 1}, {"choices", {"one", "two"}}, {"output", chat(json::array({token}))}};
  check(sample, "inspect");
  // A whole log is a document with its samples in it; a target may be a list of one.
  sample["target"] = {"B"};
  const json log{{"version", 2}, {"samples", {sample, sample, sample}}};
  const auto d =
      load_records(files.write("log.json", log.dump()), answers("", {"A", "B"}, "inspect"));
  CHECK(labels_of(d) == ints{1, 1, 1});
}

TEST_CASE("records: answers of many random tokens", "[io][records]") {
  const scratch files;
  std::mt19937 random(5);
  const std::vector<std::string> texts{"A", " A", "B", " B", "C", " C", "a", "The", "  A", "A)"};
  std::vector<json> records;
  doubles expected;
  double rest = 0;
  std::size_t incomplete = 0;
  constexpr std::size_t rows = 200;
  while (records.size() < rows) {
    std::vector<std::pair<std::string, double>> top;
    std::map<char, double> mass;
    double left = 1;
    for (const std::string& t : texts) {
      if (random() % 2 == 0) continue;
      const double p = left * std::uniform_real_distribution<>(0.1, 0.9)(random);
      left -= p;
      top.emplace_back(t, std::log(p));
      if (t == "A" || t == " A") mass['A'] += p;
      if (t == "B" || t == " B") mass['B'] += p;
      if (t == "C" || t == " C") mass['C'] += p;
    }
    if (mass.empty()) continue;
    json r = chat(json::array({chat_token(top[0].first, top[0].second, top)}));
    r["y"] = "C";
    records.push_back(r);
    for (const char k : {'A', 'B', 'C'})
      expected.push_back(mass.contains(k) ? std::log(mass[k]) : none);
    incomplete += mass.size() < 3 ? 1 : 0;
    rest += left / rows;
  }
  const auto d =
      load_records(files.write("a.jsonl", lines_of(records)), answers("y", {"A", "B", "C"}));
  const doubles z = scores_of(d);
  REQUIRE(z.size() == expected.size());
  for (std::size_t i = 0; i < z.size(); ++i)
    CHECK((z[i] == expected[i] || z[i] == Approx(expected[i]).margin(1e-9)));
  CHECK(d.incomplete == incomplete);
  CHECK(d.mean_rest == Approx(rest));
}

TEST_CASE("records: answers that are not there are said with their place", "[io][records]") {
  const scratch files;
  record_options o = answers("y", {"A", "B"});
  const auto message = [&](const json& record) {
    return files.message([&] { load_records(files.write("a.jsonl", record.dump()), o); });
  };
  const auto with_tokens = [](const json& tokens) {
    json r = chat(tokens);
    r["y"] = "A";
    return r;
  };
  const std::string at = "a.jsonl:1: /choices/0/logprobs/content: ";
  const json good = chat_token("A", -0.5, {{"A", -0.5}});
  CHECK(message(with_tokens(json::array({good}))).empty());
  const std::string ask = "; servers give log-probabilities where they are asked for them";
  CHECK(message({{"y", "A"}}) == at + "expected a list of tokens, got nothing" + ask);
  CHECK(message(with_tokens(nullptr)) == at + "expected a list of tokens, got null" + ask);
  CHECK(message(with_tokens("A")) == at + "expected a list of tokens, got 'A'");
  CHECK(message(with_tokens(json::array())) == at + "expected a token 0, got 0 tokens");
  CHECK(message(with_tokens(json::array({{{"token", "A"}, {"logprob", -1}}}))) ==
        at + "expected the alternatives of token 0 with their log-probabilities (top_logprobs), "
             "got none");
  CHECK(message(with_tokens(json::array({7}))) ==
        at + "expected the alternatives of token 0 with their log-probabilities (top_logprobs), "
             "got 7");
  CHECK(message(with_tokens(json::array({chat_token("The", -1, {{"The", -1}, {" an", -2}})}))) ==
        at + "expected one of the answers among the alternatives of token 0, got 'The', 'an'");
  CHECK(message(with_tokens(json::array({chat_token("A", -1, {{"A", 0.5}})}))) ==
        at + "expected a log-probability, got 0.5");
  CHECK(message(with_tokens(json::array({{{"token", "A"}, {"top_probs", {{{"token", "A"}}}}}}))) ==
        at + "expected a probability of 'A', got none");
  CHECK(message(with_tokens(
            json::array({{{"token", "A"}, {"top_probs", {{{"token", "A"}, {"prob", 1.5}}}}}}))) ==
        at + "expected a probability of 'A', got 1.5");
  CHECK(message(with_tokens(json::array({{{"token", "A"}, {"top_logprobs", {3}}}}))) ==
        at + "expected tokens with log-probabilities, got 3");
  json r = with_tokens(json::array({good}));
  r["y"] = "E";
  CHECK(message(r) ==
        "a.jsonl:1: y: expected one of the answers, got 'E'; the nearest names are 'A', 'B'");
  r["y"] = 2;
  CHECK(message(r) == "a.jsonl:1: y: expected a class below 2, got 2");
  r["y"] = " B ";
  CHECK(message(r).empty());
  // Where answers are numbers, an index could be meant as an answer.
  json numbered = chat(json::array({chat_token("2", -1, {{"2", -1}, {"1", -2}})}));
  numbered["y"] = 2;
  o.answers = {"1", "2"};
  CHECK(labels_of(load_records(files.write("n.jsonl", numbered.dump()), o)) == ints{1});
  numbered["y"] = 0;
  CHECK(message(numbered) ==
        "a.jsonl:1: y: expected one of the answers, got 0; the nearest names are '1', '2'");
  o.answers = {"A"};
  CHECK(message(r) == "answers: expected at least 2, got 1");
  o.answers = {"A", " A"};
  CHECK(message(r) == "class names: 'A' is the name of class 0 and of class 1");
  o.answers = {"A", ""};
  CHECK(message(r) == "class names: the name of class 1 is empty");
  o.answers = {"A", "B"};
  o.halves = true;
  CHECK(message(r) == "record_options: answers: not with hits, halves, scale or by_length");
  // Bad records are counted, and do not count among those that lack an answer.
  o.halves = false;
  o.count_bad = true;
  const json bad = with_tokens(json::array({chat_token("The", -1, {{"The", -1}})}));
  const auto d = load_records(files.write("b.jsonl", lines_of({bad, r, bad})), o);
  CHECK(d.bad == 2);
  CHECK(d.incomplete == 1);
  CHECK(d.mean_rest == Approx(1 - std::exp(-0.5)));
}

TEST_CASE("records: classes by their names", "[io][records]") {
  const scratch files;
  const std::string text =
      "{\"z\":[1,2,0],\"y\":\"dog\"}\n{\"z\":[4,-1,0],\"y\":\"cat\"}\n{\"z\":[4,-1,0],\"y\":2}\n";
  record_options o{.scores = "z", .labels = "y"};
  o.names = calibra::io::class_names({"cat", "dog", "bird"});
  CHECK(labels_of(load_records(files.write("a.jsonl", text), o)) == ints{1, 0, 2});
  CHECK(files.message([&] {
    load_records(files.write("a.jsonl", text + "{\"z\":[1,2,3],\"y\":\"brid\"}"), o);
  }) == "a.jsonl:4: y: expected the name of a class, got 'brid'; the nearest names are 'bird', "
        "'cat', 'dog'");
}

TEST_CASE("records: each preset knows its own records", "[io][records]") {
  using calibra::io::has_scores;
  const std::map<std::string, json> first{
      {"lm-eval", json::parse(R"({"target":"0","filtered_resps":[["-1","False"]]})")},
      {"helm", json::parse(R"({"stats":[{"name":{"name":"max_prob"},"mean":1}]})")},
      {"hle", json::parse(R"({"judge_response":{"confidence":3,"correct":"no"}})")},
      {"openai", chat(json::array({chat_token("A", -1, {{"A", -1}})}))},
      {"inspect", {{"output", chat(json::array({chat_token("A", -1, {{"A", -1}})}))}}}};
  REQUIRE(first.size() == calibra::io::record_presets().size());
  for (const auto& p : calibra::io::record_presets())
    for (const auto& [name, record] : first) CHECK(has_scores(p, record) == (p.name == name));
}

TEST_CASE("records: the token that was drawn beside its twin without a blank", "[io][records]") {
  const scratch files;
  json r = chat(json::array({chat_token(" A", -0.7, {{"A", -3}, {"B", -1.2}})}));
  r["y"] = "A";
  const auto d = load_records(files.write("a.jsonl", lines_of({r})), answers("y", {"A", "B"}));
  const doubles z = scores_of(d);
  REQUIRE(z.size() == 2);
  CHECK(z[0] == Approx(std::log(std::exp(-0.7) + std::exp(-3.0))));
  CHECK(z[1] == -1.2);
}
