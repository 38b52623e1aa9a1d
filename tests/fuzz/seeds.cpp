// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// seeds CORPUS: writes the valid files of each target, CORPUS/TARGET/valid-*, which fuzzing begins
// with. Run again where a format gains something.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include "../evaluate/drawn.hpp"
#include "../io/llama_files.hpp"
#include "../io/pt_files.hpp"
#include "calibra/calibra.hpp"
#include "calibra/conventions/all.hpp"
#include "calibra/json.hpp"
#include "calibra/recalibration.hpp"
#include "calibra/recalibration/proximity_methods.hpp"

using namespace io_test;

namespace {

class corpus {
 public:
  explicit corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void add(const std::string& target, const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(folder_ / target);
    std::ofstream out(folder_ / target / ("valid-" + name), std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path folder_;
};

/// Bytes of so many elements of a type, 0, 1, 0, 1, ... .
template<class T>
std::string zeros_and_ones(std::size_t count, std::endian order = std::endian::little) {
  std::vector<T> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = static_cast<T>(i % 2);
  return bytes_of(all, order);
}

std::string labels_npy() {
  return npy_image(npy_dict("<i8", "(2,)"), zeros_and_ones<std::int64_t>(2));
}
std::string table_text() {
  return "logit_0,logit_1,label\n1.5,-2,0\n-0.25,3e-1,1\n";
}
std::string tensors() {
  const std::string json =
      R"({"__metadata__":{"a":"b"},"logits":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
      R"("labels":{"dtype":"I64","shape":[2],"data_offsets":[24,40]}})";
  return safetensors_image(json, small_data() + zeros_and_ones<std::int64_t>(2));
}
std::string two_tensor_pickle() {
  return pickle_of(
      pickled_dict({{"logits", pickled(pt_tensor{"FloatStorage", "0", {2, 3}, {3, 1}})},
                    {"labels", pickled(pt_tensor{"LongStorage", "1", {2}, {1}})},
                    {"epochs", pickled_list({pickled(1), pickled(2)})},
                    {"note", pickled(std::string("text"))}}));
}
std::string two_tensor_pt(bool deflate) {
  return pt_image(two_tensor_pickle(),
                  {{"0", small_data()}, {"1", zeros_and_ones<std::int64_t>(2)}}, "little", deflate);
}

void add_npy(const corpus& to) {
  to.add("npy", "f4", small_npy());
  to.add("npy", "i8", labels_npy());
  to.add("npy", "f2-fortran", npy_image(npy_dict("<f2", "(3, 2)", true), std::string(12, '<')));
  to.add("npy", "f8-swapped-v2",
         npy_image(npy_dict(">f8", "(2, 1)"), zeros_and_ones<double>(2, std::endian::big), 2));
  to.add("npy", "bf16-v3", npy_image(npy_dict("<V2", "(4,)"), std::string(8, '\0'), 3));
  to.add("npy", "b1", npy_image(npy_dict("|b1", "(2, 2)"), std::string("\1\0\0\1", 4)));
  to.add("npy", "u4",
         npy_image(npy_dict(">u4", "(2,)"), zeros_and_ones<std::uint32_t>(2, std::endian::big)));
  to.add("npy", "names-bytes", npy_image(npy_dict("|S4", "(2,)"), std::string("cat\0bird", 8)));
  to.add("npy", "names",
         npy_image(npy_dict(">U3", "(2, 1)"),
                   bytes_of(std::vector<char32_t>{'d', 'o', 'g', '2', 0, 0}, std::endian::big)));
  to.add("npy", "empty", npy_image(npy_dict("<f4", "(0, 5)"), ""));
  to.add("npy", "f4-cube", npy_image(npy_dict("<f4", "(1, 2, 3)"), small_data()));
  to.add("npy", "i2-fortran-cube",
         npy_image(npy_dict("<i2", "(1, 2, 3)", true), zeros_and_ones<std::int16_t>(6)));
}
void add_npz(const corpus& to) {
  to.add("npz", "stored", zip_image({{"x.npy", small_npy()}}));
  to.add("npz", "two", zip_image({{"logits.npy", small_npy(), true}, {"y.npy", labels_npy()}}));
}
void add_safetensors(const corpus& to) {
  to.add("safetensors", "two", tensors());
  to.add("safetensors", "bf16",
         safetensors_image(R"({"x":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]}})",
                           "\1\2\3\4"));
  to.add("safetensors", "unaligned",
         safetensors_image(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                           R"("b":{"dtype":"F64","shape":[1],"data_offsets":[1,9]}})",
                           std::string(9, '\0')));
}
void add_pt(const corpus& to) {
  to.add("pt", "one", small_pt());
  to.add("pt", "two", two_tensor_pt(false));
  to.add("pt", "two-deflated", two_tensor_pt(true));
  to.add("pickle", "two", two_tensor_pickle());
  to.add("pickle", "strided",
         pickle_of(pickled(pt_tensor{"DoubleStorage", "0", {1, 2}, {1, 1}, 1})));
  const std::string one = pickled(pt_tensor{"FloatStorage", "0", {2, 3}, {3, 1}});
  to.add("pickle", "parameter",
         pickle_of(pickled_call(
             "torch._utils", "_rebuild_parameter",
             pickled_tuple({one, "\x88", pickled_call("collections", "OrderedDict", ")")}))));
  // Protocol 4: a frame, short texts, values that are remembered and called back, tuples of one to
  // three, names off the stack, a long and a real number, bytes.
  const std::string lists =
      "]\x94(K\1M\2\1\x8a\3\1\2\xff" + std::string("G?\xf8\0\0\0\0\0\0", 9) + "eh\1\x86";
  to.add("pickle", "protocol-4",
         "\x80\4\x95" + std::string(8, '\0') + "\x8c\5torch\x8c\4Size\x93q\5h\5K\3K\4\x86\x85Rj" +
             bytes_of(std::uint32_t{5}) + "C\1x\x87" + "0" + lists + ".");
}
void add_csv(const corpus& to) {
  to.add("csv", "header", "\n" + table_text());
  to.add("csv", "columns", ";logit_0..logit_1\n" + table_text());
  to.add("csv", "without", "p;-label\n" + table_text());
  to.add("csv", "quoted", "\n\xef\xbb\xbf\"a\",b\r\n1.5,\"2\"\r\nnan, -3e4\r\n\n");
  to.add("csv", "tabs", "ta\n1\t2\n3\t+4\n");
  to.add("csv", "labels", "\n0\n1\n2\n");
  to.add("csv", "names", "n\ncat\n\"bird\"\n1\n");
  to.add("csv", "names-of-column", "tn;y\np\ty\n0.5\tdog\n0.25\tcat\n");
}
void add_llama(const corpus& to) {
  to.add("llama", "odd", llama_image(random_tokens(6, 3, 2, 1)));
  to.add("llama", "even", llama_image(random_tokens(5, 4, 1, 2)));
  to.add("llama", "one-word", llama_image(random_tokens(4, 1, 1, 3)));
  to.add("llama", "no-chunk", llama_image(random_tokens(4, 2, 0, 4)));
}
void add_records(const corpus& to) {
  const std::string rows =
      "{\"a\":{\"s\":[1,-2.5]},\"y\":1,\"n\":\"x\",\"c\":[\"no\",\"maybe\"]}\n"
      "{\"a\":{\"s\":[\"3\",\"85%\",0]},\"y\":\"0\",\"n\":\"x\",\"c\":[\" a\",\"b\",\"c\"]}\n";
  to.add("records", "rows", "\na.s\ny\n\n\n" + rows);
  to.add("records", "lengths", "lo\n/a/s/*\n/y\n/c/*\n/n\n" + rows);
  to.add("records", "bytes", "bc\na.s.*\ny\nc.*\nn\n" + rows + "{\"n\":\"x\"}\n");
  to.add("records", "hits",
         "hs\np\nright\n\n\n{\"p\":90,\"right\":\"yes\"}\n\n{\"p\":\"10 %\",\"right\":false}");
  to.add("records", "halves", "v\np\ny\n\n\n{\"p\":[1,2,3,4],\"y\":1}");
  to.add("records", "chosen",
         "hd\nstats.[name.name=p].mean\nstats.[name.name=em].mean\n\n\n"
         R"({"q1":{"stats":[{"name":{"name":"p"},"mean":0.5},{"name":{"name":"em"},"mean":1}]}})");
  to.add("records", "list", "d\n/p\n/y\n\n\n[{\"p\":0.5,\"y\":1},{\"p\":0.25,\"y\":0}]");
  const std::string tokens =
      R"([{"token":"A","logprob":-0.5,"top_logprobs":[{"token":"A","logprob":-0.5},)"
      R"({"token":" B","logprob":-1.5}]},{"token":"C","logprob":-3,"top_probs":[)"
      R"({"token":"B","prob":0.25},{"tok_str":" A","prob":"0.5"}]}])";
  to.add("records", "answers", "a\n/t\n/y\n\n\n{\"y\":\"B\",\"t\":" + tokens + "}\n");
  to.add("records", "answers-rest", "atrc\n/t\n/y\n\n\n{\"y\":0,\"t\":" + tokens + "}\n");
  to.add("records", "names", "n\nz\ny\n\n\n{\"z\":[1,2,3],\"y\":\"bird\"}\n");
  to.add("records", "within", "dw\nz\ny\n\n\n{\"w\":[{\"z\":[1,2,3],\"y\":[\"1\"]}]}");
  to.add("presets", "openai",
         R"({"choices":[{"logprobs":{"content":)" + tokens +
             R"(}}],"answer":"A"})"
             "\n");
  to.add("presets", "openai-completion",
         R"({"response":{"body":{"choices":[{"logprobs":{"tokens":["A"],)"
         R"("top_logprobs":[{"A":-0.25," B":-2,"The":-9999}]}}]}},"answer":1})"
         "\n");
  to.add("presets", "llama",
         R"({"completion_probabilities":)" + tokens +
             R"(,"answer":"B"})"
             "\n");
  to.add("presets", "inspect",
         R"({"version":2,"samples":[{"target":["B"],"output":{"choices":[{"logprobs":{"content":)" +
             tokens + R"(}}]}}]})");
  to.add(
      "presets", "lm-eval",
      R"({"target":1,"filter":"none","arguments":{"gen_args_0":{"arg_0":"q","arg_1":" a"},)"
      R"("gen_args_1":{"arg_0":"q","arg_1":" bc"}},"filtered_resps":[["-1.5","False"],["-2","True"]]})"
      "\n");
  to.add("presets", "helm",
         R"([{"instance_id":"id1","stats":[{"name":{"name":"exact_match"},"mean":1},)"
         R"({"name":{"name":"max_prob"},"mean":0.75}]}])");
  to.add("presets", "hle",
         R"({"66e8":{"judge_response":{"correct":"yes","confidence":90}},)"
         R"("66e9":{"judge_response":{"correct":"no","confidence":35}}})");
}
void add_contents(const corpus& to) {
  const auto add = [&](char kind, const std::string& name, const std::string& bytes) {
    to.add("contents", name, kind + bytes);
  };
  add('\1', "npz",
      zip_image({{"test_logits.npy", small_npy()}, {"test_labels.npy", labels_npy()}}));
  add('\1', "npz-nameless", zip_image({{"a.npy", small_npy()}, {"b.npy", labels_npy()}}));
  add('\2', "safetensors", tensors());
  add('\3', "pt", two_tensor_pt(false));
  add('\4', "csv", "conf,correct\n0.5,1\n0.25,0\n");
  add('\5', "tsv", "confidence\tlabel\tid\n0.5\t1\tx\n");
}

void add_evidence(const corpus& to) {
  using namespace calibra;
  const drawn<double> d(6, 3, 5);
  const auto bytes = [&](const metric_list& list, options o = {}) {
    if (!o.like) o.bins = 3;
    return to_bytes(evidence_of(logits(d.z), d.labels, list, o));
  };
  to.add("evidence", "means", bytes({accuracy, nll, brier}));
  to.add("evidence", "table", bytes({ece}));
  to.add("evidence", "pairs", bytes({ece, ace, ks_error}));
  to.add("evidence", "weights", bytes({ece, smooth_ece}, {.weights = d.weights}));
  to.add("evidence", "proximities", bytes({piece}, {.proximity = d.proximity}));
  to.add("evidence", "classes", bytes({classwise_ece}));
  to.add("evidence", "class-pairs", bytes({classwise_ace, tace}));
  to.add("evidence", "edges", bytes({ece, classwise_ece}, {.edges = {0, 0.25, 0.75, 1}}));
  to.add("evidence", "like", bytes({ece}, {.like = conventions::find("netcal")}));
  const std::vector<double> p{0.25, 0.75, 0.5}, y{0, 1, 1};
  to.add("evidence", "binary",
         to_bytes(evidence_of(binary_probabilities(p), std::vector<int>{0, 1, 1}, {ece, auroc},
                              {.bins = 2})));
}

void add_models(const corpus& to) {
  using namespace calibra;
  const drawn<double> d(12, 2, 3);
  std::vector<double> z;
  for (const auto& row : d.z) z.push_back(row[1] - row[0]);
  const auto add = [&](const std::string& name, const auto& fit) {
    try {
      to.add("model", name, to_json(*fit()));
    } catch (const calibra::error& e) {
      std::printf("%s: %s\n", name.c_str(), e.what());
    }
  };
  for (const recalibrator_info& info : recalibrator_infos()) {
    const std::string name(info.name);
    add(name, [&] { return fit_by_name(name, logits(d.z), d.labels); });
    add(name + "-binary", [&] { return fit_by_name(name, binary_logits(z), d.labels); });
  }
  to.add("model", "dac", to_json(dac({0.5, 1})));
  for (const std::string name : {"procal_density_ratio", "procal_bin_mean_shift"})
    add(name, [&] { return fit_proximity_by_name(name, logits(d.z), d.labels, d.proximity); });
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s CORPUS\n", arguments[0]);
    return 2;
  }
  const corpus to(arguments[1]);
  for (const auto add : {add_npy, add_npz, add_safetensors, add_pt, add_csv, add_llama, add_records,
                         add_contents, add_evidence, add_models})
    add(to);
}
