// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

// Classes by their names: labels that are texts, and reports that show names.
#include <nlohmann/json.hpp>

#include "program.hpp"

using namespace cli_test;
using nlohmann::json;

namespace {

const std::vector<std::string> animals{"cat", "dog", "big bird"};

/// The small data, with names of its classes and labels that are names.
class named_workplace : public small_workplace {
 public:
  named_workplace() {
    std::string names, column, table = "cat,dog,big bird,label\n", records;
    for (const std::string& name : animals) names += name + "\n";
    for (std::size_t i = 0; i < small_labels.size(); ++i) {
      const std::string& label = animals[static_cast<std::size_t>(small_labels[i])];
      column += label + "\n";
      json row = json::array();
      for (std::size_t k = 0; k < 3; ++k) {
        row.push_back(small_scores[3 * i + k]);
        table += json(small_scores[3 * i + k]).dump() + ",";
      }
      table += label + "\n";
      records += json{{"p", row}, {"y", label}}.dump() + "\n";
    }
    write("names.txt", names);
    write("names.json", json(animals).dump());
    write("y.csv", column);
    write("headed.csv", "label\n" + column);
    write("table.csv", table);
    write("p.csv", [&] {
      std::string text = "cat,dog,big bird\n";
      for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t k = 0; k < 3; ++k)
          text += json(small_scores[3 * i + k]).dump() + (k == 2 ? "\n" : ",");
      return text;
    }());
    write("a.jsonl", records);
    std::string texts;
    for (const std::int64_t k : small_labels)
      for (std::size_t u = 0; u < 8; ++u)
        texts += io_test::bytes_of(
            static_cast<std::uint32_t>(u < animals[static_cast<std::size_t>(k)].size()
                                           ? animals[static_cast<std::size_t>(k)][u]
                                           : 0));
    write("y_text.npy", io_test::npy_image(io_test::npy_dict("<U8", "(4,)"), texts));
  }
};

json measured(const workplace& files, const std::string& arguments, const std::string& said = "") {
  INFO(arguments);
  const outcome r = files.run("eval " + arguments + " --format json");
  CHECK(r.err == said);
  REQUIRE(r.status == 0);
  return json::parse(r.out);
}

const std::string from_header = ": the header names the classes: 'cat', 'dog', 'big bird'\n";

}  // namespace

TEST_CASE("class names: labels that are names give what their indices give", "[cli][names]") {
  const named_workplace files;
  const std::string as = " --from probabilities";
  const json expected = measured(files, "p.npy y.npy --from probabilities")["metrics"];
  for (const std::string names : {"names.txt", "names.json"})
    for (const std::string data :
         {"p.npy y.csv", "p.npy headed.csv", "p.npy y_text.npy", "p.npy y.npy",
          "table.csv --label-column label", "p.csv headed.csv"}) {
      const json found = measured(files, data + as + " --class-names " + names);
      CHECK(found["metrics"] == expected);
      CHECK(found["class_names"] == json(animals));
    }
  CHECK(measured(files, "a.jsonl --probabilities p --label y --class-names names.txt")["metrics"] ==
        expected);
  // The header of the scores.
  CHECK(measured(files, "table.csv --label-column label" + as,
                 "table.csv" + from_header)["metrics"] == expected);
  CHECK(measured(files, "p.csv headed.csv" + as, "p.csv" + from_header)["class_names"] ==
        json(animals));
  // Labels that are numbers need no names, and take none from the header.
  CHECK_FALSE(measured(files, "p.csv y.npy" + as).contains("class_names"));
}

TEST_CASE("class names: whole numbers of any type and shape are labels", "[cli][names]") {
  const named_workplace files;
  const json expected = measured(files, "p.npy y.npy --from probabilities")["metrics"];
  std::vector<double> real(small_labels.begin(), small_labels.end());
  files.save("real.npy", real);
  files.save("column.npy", 4, 1, small_labels);
  files.save("real_column.npy", 4, 1, real);
  files.write("real.csv", "y\n1.0\n1\n2.0\n0e0\n");
  files.write("column.csv", "1\n1\n2\n0\n");
  for (const std::string labels :
       {"real.npy", "column.npy", "real_column.npy", "real.csv", "column.csv"})
    for (const std::string names : {"", " --class-names names.txt"})
      CHECK(measured(files, "p.npy " + labels + " --from probabilities" + names)["metrics"] ==
            expected);
  files.write("r.jsonl", "{\"p\":[0.25,0.75],\"y\":1.0}\n{\"p\":[0.5,0.5],\"y\":\"0\"}\n");
  CHECK(measured(files,
                 "r.jsonl --probabilities p --label y --metrics accuracy")["metrics"]["accuracy"] ==
        1);
}

TEST_CASE("class names: every report shows them", "[cli][names]") {
  const named_workplace files;
  const std::string data = "p.npy y.csv --from probabilities --class-names names.txt";
  const std::string all = "eval " + data + " --metrics ece --bins 2 --classwise --by label";
  const auto has = [](const std::string& text, const std::string& part) {
    INFO(part << "\nin\n" << text);
    CHECK(text.find(part) != std::string::npos);
  };
  const std::string table = files.run(all).out;
  has(table, "\nclass     ece\ncat       ");
  has(table, "\nbig bird  ");
  has(table, "\n       cat          1");
  has(table, "\n  big bird          1");
  has(table, "\nworst group ");
  CHECK(table.find("worst group 0") == std::string::npos);
  const json document = measured(files, all.substr(5));
  CHECK(document["classwise"]["ece"].size() == 3);
  CHECK(document["groups"][2]["group"] == 2);
  CHECK(document["groups"][2]["name"] == "big bird");
  const std::string csv = files.run(all + " --format csv").out;
  has(csv, "\nclass,name,ece\n0,cat,");
  has(csv, "\n2,big bird,");
  has(csv, "\ngroup,name,samples,kuiper");
  has(csv, "\n1,dog,2,");
  const std::string markdown = files.run(all + " --format markdown").out;
  has(markdown, "\n| big bird | ");
  has(markdown, "\n| dog | 2 | ");
  has(files.run("eval " + data + " --by predicted").out, "\n       dog          1");
  for (const std::string kind : {"classwise", "groups --by predicted", "groups --by label"}) {
    CHECK(files.run("diagram " + data + " -o a.svg --kind " + kind).status == 0);
    has(read_all(files.path("a.svg")), "big bird");
  }
  CHECK(files.run("report " + data + " --by label -o a.html").status == 0);
  const std::string page = read_all(files.path("a.html"));
  has(page, "<td>big bird</td>");
  has(page, "Of the groups, ");
  has(page, ">dog<");  // a title of the pictures of classes
  // Groups of a file are no classes.
  files.write("g.csv", "0\n1\n1\n2\n");
  const json groups = measured(files, data + " --by g.csv")["groups"];
  CHECK_FALSE(groups[0].contains("name"));
  // Names that have to be quoted.
  files.write("odd.txt", "a,b\nsay \"x\"\nc|d\n");
  const std::string odd = "eval p.npy y.npy --from probabilities --class-names odd.txt --classwise";
  has(files.run(odd + " --format csv").out, "\n0,\"a,b\",");
  has(files.run(odd + " --format csv").out, "\n1,\"say \"\"x\"\"\",");
  has(files.run(odd + " --format markdown").out, "\n| c\\|d | ");
}

TEST_CASE("class names: several labels, shards, answers, and other commands", "[cli][names]") {
  const named_workplace files;
  files.write("t.csv", "1,0,1\n0,1,1\n1,0,0\n0,0,1\n");
  const json labels = measured(
      files, "p.npy t.csv --sigmoid --from probabilities --class-names names.txt --classwise");
  CHECK(labels["class_names"] == json(animals));
  files.write("part-1.csv", "cat,dog\n2,1\n0,1\n");
  files.write("part-2.csv", "cat,dog\n1,3\n");
  files.write("y-1.csv", "y\ncat\ndog\n");
  files.write("y-2.csv", "y\ndog\n");
  const std::string pattern = "part-*.csv y-*.csv --metrics accuracy";
  const json shards =
      measured(files, pattern,
               "part-*.csv: 2 files\npart-1.csv: the header names the classes: 'cat', 'dog'\n");
  CHECK(shards["metrics"]["accuracy"] == 1);
  CHECK(shards["class_names"] == json{"cat", "dog"});
  files.write("two.txt", "cat\ndog\n");
  CHECK(measured(files, pattern + " --class-names two.txt", "part-*.csv: 2 files\n") == shards);
  files.write("chat.jsonl",
              "{\"logprobs\":[{\"token\":\"A\",\"top_logprobs\":[{\"token\":\"A\",\"logprob\":-1},"
              "{\"token\":\"B\",\"logprob\":-2}]}],\"key\":\"A\"}\n");
  const outcome answers =
      files.run("eval chat.jsonl --preset openai --answers A,B --label key --format json");
  CHECK(json::parse(answers.out)["class_names"] == json{"A", "B"});
  const std::string as = " --from probabilities --class-names names.txt";
  for (const std::string command :
       {"test p.npy y.csv --tests kuiper", "compare p.npy p.npy y.csv --replicates 100",
        "fit p.npy y.csv -o m.json"}) {
    const std::string plain =
        std::string(command).replace(command.find("y.csv"), 5, "y.npy") + " --from probabilities";
    INFO(command);
    const outcome named = files.run(command + as), numbers = files.run(plain);
    CHECK(named.err == numbers.err);
    CHECK(named.status == 0);
    CHECK(named.out == numbers.out);
  }
}

TEST_CASE("class names: what does not fit is said", "[cli][names]") {
  const named_workplace files;
  const std::string as = " --from probabilities --class-names names.txt";
  files.write("bad.csv", "cat\ndog\nbig brid\ndog\n");
  CHECK(error_of(files, "eval p.npy bad.csv" + as, 1) ==
        "calibra: bad.csv:3:1: expected the name of a class, got 'big brid'; the nearest names are "
        "'big bird', 'dog', 'cat'\n");
  CHECK(
      error_of(files, "eval p.npy y.csv --from probabilities", 1) ==
      "calibra: y.csv:2:1: expected a number, got 'dog'; labels are class indices from 0, or names "
      "by --class-names\n");
  CHECK(error_of(files, "eval p.npy y_text.npy --from probabilities", 1)
            .ends_with("; labels are class indices from 0, or names by --class-names\n"));
  CHECK(error_of(files, "eval a.jsonl --probabilities p --label y", 1) ==
        "calibra: a.jsonl:1: y: expected a class index, got 'dog'; --class-names says what names "
        "stand for\n");
  files.write("two.txt", "cat\ndog\n");
  CHECK(error_of(files, "eval p.npy y.npy --from probabilities --class-names two.txt", 1) ==
        "calibra: two.txt: expected 3 names for the classes of p.npy, got 2\n");
  files.write("twice.txt", "cat\ndog\ncat\n");
  CHECK(error_of(files, "eval p.npy y.npy --from probabilities --class-names twice.txt", 1) ==
        "calibra: twice.txt: class names: 'cat' is the name of class 0 and of class 2\n");
  CHECK(error_of(files, "eval p.npy y.npy --class-names none.txt", 1) ==
        "calibra: none.txt: cannot open: No such file or directory\n");
  files.write("c.csv", "0.5\n0.75\n");
  files.write("h.csv", "0\n1\n");
  CHECK(error_of(files, "eval c.csv h.csv --from confidences --class-names two.txt", 2) ==
        "calibra: --class-names: confidences have no classes\n");
  // A label that the header does not name.
  files.write("odd.csv", "p_cat,p_dog,label\n0.5,0.5,cat\n");
  CHECK(error_of(files, "eval odd.csv --label-column label --from probabilities", 1)
            .find("odd.csv:2:9: expected the name of a class, got 'cat'; the nearest names are "
                  "'p_cat', 'p_dog'") != std::string::npos);
}

TEST_CASE("class names: headers of several files, and of two models, say the same", "[cli]") {
  const workplace files;
  files.write("p1.csv", "cat,dog,label\n2,0,cat\n0,2,dog\n");
  files.write("p2.csv", "cat,dog,label\n0,2,dog\n2,0,cat\n");
  CHECK(measured(
            files, "p?.csv --label-column label --from logits",
            "p?.csv: 2 files\np1.csv: the header names the classes: 'cat', 'dog'\n")["metrics"]
                                                                                    ["accuracy"] ==
        1);
  files.write("p2.csv", "dog,cat,label\n0,2,cat\n2,0,dog\n");
  CHECK(error_of(files, "eval p?.csv --label-column label --from logits", 2)
            .ends_with("calibra: p2.csv: expected the classes 'cat', 'dog' in its header, got "
                       "'dog', 'cat'\n"));
  files.write("a.csv", "cat,dog\n2,0\n0,2\n");
  files.write("b.csv", "dog,cat\n0,2\n2,0\n");
  files.write("y.csv", "label\ncat\ndog\n");
  CHECK(error_of(files, "compare a.csv b.csv y.csv --from logits", 2)
            .ends_with("calibra: b.csv: expected the classes 'cat', 'dog' in its header, got "
                       "'dog', 'cat'\n"));
}
