// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#include "calibra/io/pt.hpp"

#include "calibra/io/labels.hpp"
#include "pt_files.hpp"

using namespace io_test;
using calibra::io::load_pt;
using calibra::io::pt_contents;

namespace {

const pt_tensor small{"FloatStorage", "0", {2, 3}, {3, 1}};

/// The message of loading `tensor` out of a file of this pickle and the small storage "0".
std::string message_of(const scratch& files, const std::string& pickle,
                       const std::string& tensor = "") {
  const std::string path = files.write("a.pt", pt_image(pickle, {{"0", small_data()}}));
  return files.message([&] { load_pt(path, tensor); });
}

}  // namespace

TEST_CASE("pt: a tensor alone, stored or compressed", "[io][pt]") {
  const scratch files;
  for (const bool deflate : {false, true}) {
    const auto a = load_pt(files.write(
        "a.pt", pt_image(pickle_of(pickled(small)), {{"0", small_data()}}, "", deflate)));
    CHECK(elements(a) == doubles{0, 1, 2, 3, 4, 5});
    CHECK(shape_of(a) == sizes{2, 3});
    CHECK(a.dtype() == calibra::io::dtype::f4);
    CHECK(a.name() == files.path("a.pt"));
  }
}

TEST_CASE("pt: what is stored is used where it lies in the file", "[io][pt]") {
  const scratch files;
  // Storages of many lengths, so that they begin everywhere; each is found by its contents.
  std::vector<std::pair<std::string, std::string>> storages;
  std::vector<std::pair<std::string, std::string>> tensors;
  for (std::int32_t i = 0; i < 40; ++i) {
    std::vector<std::int8_t> bytes(static_cast<std::size_t>(i) * 3 + 1,
                                   static_cast<std::int8_t>(i));
    const auto size = static_cast<std::int32_t>(bytes.size());
    storages.emplace_back(std::to_string(i), bytes_of(bytes));
    tensors.emplace_back("t" + std::to_string(i),
                         pickled(pt_tensor{"CharStorage", std::to_string(i), {size}, {1}}));
  }
  const std::string path =
      files.write("a.pt", pt_image(pickle_of(pickled_dict(tensors)), storages));
  for (std::size_t i = 0; i < 40; ++i) {
    const auto a = load_pt(path, "t" + std::to_string(i));
    CHECK(elements(a) == doubles(i * 3 + 1, static_cast<double>(i)));
  }
}

TEST_CASE("pt: views of one storage, by offset and strides", "[io][pt]") {
  const scratch files;
  const std::string path = files.write(
      "a.pt", pt_image(pickle_of(pickled_dict({
                           {"turned", pickled(pt_tensor{"FloatStorage", "0", {3, 2}, {1, 3}})},
                           {"column", pickled(pt_tensor{"FloatStorage", "0", {2}, {3}, 1})},
                           {"corner", pickled(pt_tensor{"FloatStorage", "0", {1, 2}, {3, 1}, 4})},
                           {"none", pickled(pt_tensor{"FloatStorage", "0", {0, 3}, {3, 1}, 6})},
                       })),
                       {{"0", small_data()}}));
  CHECK(elements(load_pt(path, "turned")) == doubles{0, 3, 1, 4, 2, 5});
  CHECK(elements(load_pt(path, "column")) == doubles{1, 4});
  CHECK(elements(load_pt(path, "corner")) == doubles{4, 5});
  CHECK(shape_of(load_pt(path, "none")) == sizes{0, 3});
  // As scores, and copied where they have to be.
  CHECK(load_pt(path, "turned").visit_native_scores([](auto z) {
    using calibra::io::detail::as_double;
    return as_double(z(2, 0)) * 10 + as_double(z(1, 1));
  }) == 24);
}

TEST_CASE("pt: every type, in either byte order", "[io][pt]") {
  const scratch files;
  const auto check = [&](const std::string& type, calibra::io::dtype expected, auto example) {
    for (const bool big : {false, true}) {
      const std::vector<decltype(example)> values(3, example);
      const std::string bytes = bytes_of(values, big ? std::endian::big : std::endian::little);
      const auto a =
          load_pt(files.write("a.pt", pt_image(pickle_of(pickled(pt_tensor{type, "0", {3}, {1}})),
                                               {{"0", bytes}}, big ? "big" : "little")));
      CHECK(a.dtype() == expected);
      CHECK(elements(a) == doubles(3, calibra::io::detail::as_double(example)));
    }
  };
  using calibra::io::dtype;
  check("FloatStorage", dtype::f4, 2.5F);
  check("DoubleStorage", dtype::f8, -2.25);
  check("HalfStorage", dtype::f2, calibra::half(1.5F));
  check("BFloat16Storage", dtype::bf16, calibra::bfloat16(1.5F));
  check("CharStorage", dtype::i1, std::int8_t{-3});
  check("ShortStorage", dtype::i2, std::int16_t{-300});
  check("IntStorage", dtype::i4, std::int32_t{-70000});
  check("LongStorage", dtype::i8, std::int64_t{1} << 40);
  check("ByteStorage", dtype::u1, std::uint8_t{200});
  check("BoolStorage", dtype::b1, std::uint8_t{1});
  // Unsigned types name the type beside a storage of bytes.
  const std::string storage = pickled_tuple({pickled("storage"), "ctorch.storage\nUntypedStorage\n",
                                             pickled("0"), pickled("cpu"), pickled(4)}) +
                              "Q";
  const std::string tensor =
      pickled_call("torch._utils", "_rebuild_tensor_v3",
                   pickled_tuple({storage, pickled(1), pickled_extents({2}), pickled_extents({1}),
                                  "\x89", "N", "ctorch\nuint16\n"}));
  const auto a = load_pt(files.write(
      "u.pt",
      pt_image(pickle_of(tensor), {{"0", bytes_of(std::vector<std::uint16_t>{1, 60000, 7})}})));
  CHECK(a.dtype() == dtype::u2);
  CHECK(elements(a) == doubles{60000, 7});
}

TEST_CASE("pt: dictionaries, lists and tuples at any depth", "[io][pt]") {
  const scratch files;
  const std::string tensor = pickled(small);
  const std::string parameter =
      pickled_call("torch._utils", "_rebuild_parameter", pickled_tuple({tensor, "\x88", "N"}));
  const std::string path = files.write(
      "a.pt",
      pt_image(
          pickle_of(pickled_dict(
              {{"test", pickled_dict({{"logits", tensor}, {"epoch", pickled(3)}})},
               {"pairs", pickled_list({pickled_tuple({tensor, "N"}), parameter})},
               {"hits", pickled_list({"\x88", "\x89", "\x88"})},
               {"rates", pickled_tuple({"G" + bytes_of(0.5, std::endian::big), pickled(2)})},
               {"device", pickled_call("torch", "device", pickled_tuple({pickled("cpu")}))},
               {"type", "ctorch\nfloat32\n"},
               {"size", pickled_call("torch", "Size", pickled_tuple({pickled_extents({2, 3})}))}})),
          {{"0", small_data()}}));
  std::vector<std::string> names;
  for (const auto& e : pt_contents(path)) names.push_back(e.name);
  CHECK(names == std::vector<std::string>{"test.logits", "pairs.0.0", "pairs.1", "hits", "rates"});
  CHECK(elements(load_pt(path, "test.logits")) == doubles{0, 1, 2, 3, 4, 5});
  CHECK(elements(load_pt(path, "pairs.1")) == doubles{0, 1, 2, 3, 4, 5});
  CHECK(elements(load_pt(path, "hits")) == doubles{1, 0, 1});
  CHECK(elements(load_pt(path, "rates")) == doubles{0.5, 2});
  CHECK(calibra::io::labels(load_pt(path, "hits"))[2] == 1);
  CHECK(files.message([&] { load_pt(path); }) ==
        "a.pt: expected a tensor name after ':', got none; it holds 'test.logits', 'pairs.0.0', "
        "'pairs.1', 'hits', 'rates'");
}

TEST_CASE("pt: the pickles of newer protocols", "[io][pt]") {
  const scratch files;
  // A frame, short texts, names from the stack, values remembered in turn.
  const auto text = [](const std::string& s) {
    return std::string("\x8c") + static_cast<char>(s.size()) + s + "\x94";
  };
  const std::string storage = "(" + text("storage") + text("torch") + text("FloatStorage") +
                              "\x93\x94" + text("0") + text("cpu") + "K\x06" + "t\x94Q";
  const std::string tensor = text("torch._utils") + text("_rebuild_tensor_v2") + "\x93\x94(" +
                             storage + std::string("K\0K\x02K\x03\x86\x94K\x03K\x01\x86\x94", 14) +
                             "\x89" + text("collections") + text("OrderedDict") +
                             "\x93\x94)R\x94t\x94R\x94.";
  const std::string pickle = "\x80\x04\x95" + bytes_of(std::uint64_t{tensor.size()}) + tensor;
  const auto a = load_pt(files.write("a.pt", pt_image(pickle, {{"0", small_data()}})));
  CHECK(elements(a) == doubles{0, 1, 2, 3, 4, 5});
}

TEST_CASE("pt: nothing is run, and what is not known is named", "[io][pt]") {
  const scratch files;
  CHECK(message_of(files,
                   pickle_of(pickled_call("os", "system", pickled_tuple({pickled("true")})))) ==
        "a.pt: data.pkl: byte 2: holds 'os.system', which is not read: expected tensors in "
        "dictionaries, lists and tuples");
  CHECK(message_of(files, pickle_of("cnumpy.core.multiarray\n_reconstruct\n"))
            .find("holds 'numpy.core.multiarray._reconstruct', which is not read") !=
        std::string::npos);
  CHECK(message_of(files, pickle_of("ctorch\nload\n")).find("holds 'torch.load'") !=
        std::string::npos);
  CHECK(message_of(files, pickle_of("ctorch._utils\n_rebuild_sparse_tensor\n"))
            .find("holds 'torch._utils._rebuild_sparse_tensor'") != std::string::npos);
  CHECK(message_of(files, pickle_of("ios\nsystem\n")) ==
        "a.pt: data.pkl: byte 2: pickle opcode 105 is not read: expected tensors in dictionaries, "
        "lists and tuples");
  // Calls of what is known by name alone come to nothing.
  CHECK(message_of(files,
                   pickle_of(pickled_call("torch", "device", pickled_tuple({pickled("x")})))) ==
        "a.pt: expected at least one tensor, got none");
}

TEST_CASE("pt: pickles that do not add up", "[io][pt]") {
  const scratch files;
  const auto message = [&](const std::string& value) {
    return message_of(files, pickle_of(value));
  };
  CHECK(message("") == "a.pt: data.pkl: byte 2: expected a value, got none");
  CHECK(message("t") == "a.pt: data.pkl: byte 2: expected a mark, got none");
  CHECK(message("h\x05") == "a.pt: data.pkl: byte 2: refers to value 5, which there is not");
  CHECK(message("K\x01K\x02"
                "a") ==
        "a.pt: data.pkl: byte 6: expected a container to add to, got something else");
  CHECK(message("}(K\x01u") == "a.pt: data.pkl: byte 6: expected a value to each key");
  CHECK(message("K\x01)R") ==
        "a.pt: data.pkl: byte 5: expected a call of a named function, got something else");
  CHECK(message("X\xff\xff\xff\xff") ==
        "a.pt: data.pkl: byte 2: truncated: expected 4294967295 bytes, got 1");
  CHECK(message_of(files, "\x80\x01N.") ==
        "a.pt: data.pkl: byte 0: expected pickle protocol 2 to 5, got 1");
  // A list in itself.
  CHECK(message("]q\x01h\x01"
                "a")
            .find("expected at most 100 levels, got more") != std::string::npos);
  // Lists of lists, each twice in the next: 2^60 values.
  std::string doubling =
      "]q\x01K\x01"
      "a";
  for (int i = 0; i < 60; ++i)
    doubling +=
        "0](h\x01h\x01"
        "eq\x01";
  CHECK(message(doubling).find("got more") != std::string::npos);
}

TEST_CASE("pt: small files that would take much memory", "[io][pt]") {
  const scratch files;
  const auto message = [&](const std::string& value) {
    return files.message([&] {
      load_pt(files.write("a.pt", pt_image(pickle_of(value), {{"0", small_data()}}, "", true)));
    });
  };
  // One list of many numbers, referred to many times.
  std::string numbers = "](";
  for (int i = 0; i < 100000; ++i) numbers += "K\x01";
  std::string references = numbers +
                           "eq\x01"
                           "0](";
  for (int i = 0; i < 1000; ++i) references += "h\x01";
  CHECK(message(references + "e").find("expected at most 16777216 values, got more") !=
        std::string::npos);
  // Calls that share their arguments.
  std::string calls = numbers +
                      "tq\x01"
                      "0](";
  calls.replace(0, 2, "(");
  for (int i = 0; i < 1000; ++i) calls += "ctorch\ndevice\nh\x01R";
  CHECK(message(calls + "e").find("expected at most 33554432 values held, got more") !=
        std::string::npos);
  CHECK(
      message(std::string(9000000, 'N') + ".").find("expected at most 8388608 values, got more") !=
      std::string::npos);
  CHECK(message("}" + pickled(std::string(2000, 'k')) + pickled(small) + "s") ==
        "a.pt: expected keys of at most 1000 bytes, got one of 2000");
}

TEST_CASE("pt: texts beside the tensors, as many as there are", "[io][pt]") {
  const scratch files;
  std::string texts = "](";
  for (int i = 0; i < 1300000; ++i) texts += pickled("p");
  const std::string path = files.write(
      "a.pt",
      pt_image(pickle_of(pickled_dict({{"logits", pickled(small)}, {"paths", texts + "e"}})),
               {{"0", small_data()}}, "", true));
  CHECK(elements(load_pt(path, "logits")) == doubles{0, 1, 2, 3, 4, 5});
}

TEST_CASE("pt: a tensor whose signs would be turned is refused", "[io][pt]") {
  const scratch files;
  std::string tensor = pickled(small);
  tensor.replace(tensor.size() - 2, 2, pickled_dict({{"neg", "\x88"}}) + "tR");
  CHECK(message_of(files, pickle_of(tensor)) ==
        "a.pt: a tensor with flags (conjugate or negated bits), which are not read");
}

TEST_CASE("pt: tensors that do not fit their storage", "[io][pt]") {
  const scratch files;
  const auto message = [&](const pt_tensor& t) { return message_of(files, pickle_of(pickled(t))); };
  CHECK(message({"FloatStorage", "0", {2, 3}, {3, 1}}) == "");
  CHECK(message({"FloatStorage", "0", {3, 3}, {3, 1}}) ==
        "a.pt: truncated data: expected 36 bytes for shape (3, 3) of float32, got 24");
  CHECK(message({"FloatStorage", "0", {2, 3}, {3, 1}, 1}).find("expected 24 bytes") !=
        std::string::npos);
  CHECK(message({"FloatStorage", "0", {1}, {1}, 7}) ==
        "a.pt: expected it to begin in the 24 bytes of its storage, got element 7");
  CHECK(message({"FloatStorage", "1", {2, 3}, {3, 1}}) ==
        "a.pt: its storage '1' is not in the file");
  CHECK(message({"FloatStorage", "0", {2, 3}, {0, 1}}).find("takes elements twice") !=
        std::string::npos);
  CHECK(message({"FloatStorage", "0", {2, 3}, {1}}) ==
        "a.pt: expected a stride for each of 2 extents, got 1");
  CHECK(message({"FloatStorage", "0", {2, -3}, {3, 1}}) ==
        "a.pt: expected whole numbers from 0 for a tensor's offset, size and strides");
  CHECK(message({"ComplexFloatStorage", "0", {3}, {1}})
            .find("a.pt: dtype 'ComplexFloatStorage' is not supported") == 0);
  CHECK(message({"FloatStorage", "0", {1, 1, 1, 1, 1, 1, 1, 2, 3}, {6, 6, 6, 6, 6, 6, 6, 3, 1}}) ==
        "a.pt: expected 1 to 8 dimensions, got shape (1, 1, 1, 1, 1, 1, 1, 2, 3)");
  CHECK(message({"FloatStorage", "0", {2147483647, 2147483647}, {2147483647, 1}})
            .find("larger than the address space") != std::string::npos);
}

TEST_CASE("pt: files that are something else", "[io][pt]") {
  const scratch files;
  const auto message = [&](const std::string& image) {
    return files.message([&] { load_pt(files.write("a.pt", image)); });
  };
  CHECK(message("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.") ==
        "a.pt: saved in the format before PyTorch 1.6, which is not read; "
        "torch.save(torch.load(file), file) makes it a newer one");
  CHECK(message("\x80\x03N.") == "a.pt: a pickle, expected what torch.save() writes (a zip file)");
  CHECK(message(zip_image({{"a/data.pkl", pickle_of("N")}, {"a/constants.pkl", "x"}})) ==
        "a.pt: a TorchScript module, expected saved tensors");
  CHECK(message(zip_image({{"x.npy", small_npy()}})) ==
        "a.pt: not a file of torch.save(): expected a member data.pkl in it, got none");
  CHECK(message(pt_image(pickle_of("N"), {}, "middle")) ==
        "a.pt: byteorder: expected little or big, got 'middle'");
  CHECK(message("PK").find("a.pt: not a readable .pt (zip) file: ") == 0);
}

TEST_CASE("pt: small files that would take much time, or many marks", "[io][pt]") {
  const scratch files;
  const auto message = [&](const std::string& value) {
    return files.message([&] {
      load_pt(files.write("a.pt", pt_image(pickle_of(value), {{"0", small_data()}}, "", true)));
    });
  };
  // Dictionaries that hold the one before twice, each under a long name: 2^23 places.
  std::string places = "Nq" + std::string(1, '\0');
  for (char i = 0; i < 23; ++i) {
    const std::string before = std::string("h") + i;
    places += "0}(" + pickled(std::string(1000, 'k')) + before + pickled(std::string(1000, 'l')) +
              before + "uq" + static_cast<char>(i + 1);
  }
  CHECK(message(places) == "a.pt: expected places of at most 1073741824 bytes in all, got more");
  CHECK(message(std::string(9000000, '(')).find("expected at most 8388608 marks, got more") !=
        std::string::npos);
  std::string recalled = "Nq\x01";
  for (int i = 0; i < 34000000; ++i) recalled += "h\x01";
  CHECK(message(recalled).find("expected at most 33554432 values on the stack, got more") !=
        std::string::npos);
}

TEST_CASE("pt: a name with a line's end is shown on one line", "[io][pt]") {
  const scratch files;
  const std::string image = pt_image(
      pickle_of(pickled_dict({{"a\nb", pickled(pt_tensor{"FloatStorage", "0", {2}, {1}})}})),
      {{"0", small_data()}});
  CHECK(files.message([&] { load_pt(files.write("a.pt", image)).visit_scores([](auto) {}); }) ==
        "a.pt:a?b: expected 2 dimensions (samples x classes), got shape (2,)");
}
