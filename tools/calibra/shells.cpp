// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT

#include "shells.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/error.hpp"

namespace calibra::cli {

namespace {

using calibra::detail::concat;

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// "--from", and "-o" where there is a short name.
std::vector<std::string> flags_of(const CLI::Option& o) {
  std::vector<std::string> flags;
  for (const std::string& s : o.get_snames()) flags.push_back("-" + s);
  for (const std::string& l : o.get_lnames()) flags.push_back("--" + l);
  return flags;
}

std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* o) { return !o->get_positional(); });
}
std::vector<const CLI::Option*> positionals_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* o) { return o->get_positional(); });
}

bool takes_value(const CLI::Option& o) {
  return o.get_type_size() != 0;
}

/// The words that a flag takes, where it takes one of a few: "logits|probabilities".
std::vector<std::string> words_of(const CLI::Option& o) {
  if (!takes_value(o)) return {};
  std::vector<std::string> words{""};
  for (const char c : o.get_type_name()) {
    if (c == '|')
      words.emplace_back();
    else
      words.back() += c;
  }
  std::erase_if(words, [](const std::string& word) {
    return !std::all_of(word.begin(), word.end(), [](char c) {
      return std::islower(static_cast<unsigned char>(c)) != 0 || c == '_';
    });
  });
  return words;
}
bool takes_file(const CLI::Option& o) {
  return takes_value(o) && (o.get_type_name().find("FILE") != std::string::npos ||
                            o.get_type_name().find("MODEL") != std::string::npos);
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) out += concat(out.empty() ? "" : between, word);
  return out;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + '\'';
}

std::string bash_script(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(app)) names.push_back(command->get_name());
  std::string out = concat(
      "# bash completion of calibra: source it, or put it in a folder of bash-completion.\n"
      "_calibra() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} flags=''\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    COMPREPLY=($(compgen -W '",
      joined(names, " "),
      " --help --version' -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case ${COMP_WORDS[1]} in\n");
  for (const CLI::App* command : commands_of(app)) {
    std::vector<std::string> flags;
    std::string cases;
    for (const CLI::Option* o : options_of(*command)) {
      const std::vector<std::string> own = flags_of(*o), words = words_of(*o);
      flags.insert(flags.end(), own.begin(), own.end());
      if (!words.empty() && !takes_file(*o))
        cases += concat("        ", joined(own, "|"), ") COMPREPLY=($(compgen -W '",
                        joined(words, " "), "' -- \"$word\")); return ;;\n");
    }
    out += concat("    ", command->get_name(), ")\n      flags='", joined(flags, " "), "'\n");
    if (!cases.empty()) out += concat("      case $before in\n", cases, "      esac\n");
    out += "      ;;\n";
  }
  return out +
         "  esac\n"
         "  if [[ $word == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$flags\" -- \"$word\"))\n"
         "  else\n"
         "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _calibra calibra\n";
}

/// "description" without what zsh gives a meaning.
std::string zsh_text(std::string text) {
  for (char& c : text)
    if (c == '[' || c == ']' || c == ':' || c == '\'' || c == '\\') c = ' ';
  return text;
}

std::string zsh_script(const CLI::App& app) {
  std::string out =
      "#compdef calibra\n"
      "# zsh completion of calibra: put it as _calibra in a folder of $fpath.\n"
      "local -a commands\n"
      "commands=(\n";
  for (const CLI::App* command : commands_of(app))
    out += concat("  '", command->get_name(), ':', zsh_text(command->get_description()), "'\n");
  out +=
      ")\n"
      "if ((CURRENT == 2)); then\n"
      "  _describe command commands\n"
      "  return\n"
      "fi\n"
      "local command=$words[2]\n"
      "shift words\n"
      "((CURRENT--))\n"
      "case $command in\n";
  for (const CLI::App* command : commands_of(app)) {
    out += concat("  ", command->get_name(), ")\n    _arguments \\\n");
    for (const CLI::Option* o : options_of(*command))
      for (const std::string& flag : flags_of(*o)) {
        out += concat("      '", flag, '[', zsh_text(o->get_description()), ']');
        const std::vector<std::string> words = words_of(*o);
        if (takes_value(*o))
          out += takes_file(*o)  ? ":file:_files"
                 : words.empty() ? ":value: "
                                 : concat(":word:(", joined(words, " "), ')');
        out += "' \\\n";
      }
    out += "      '*:file:_files'\n    ;;\n";
  }
  return out + "esac\n";
}

std::string fish_script(const CLI::App& app) {
  std::string out =
      "# fish completion of calibra: put it as calibra.fish in ~/.config/fish/completions.\n";
  for (const CLI::App* command : commands_of(app))
    out += concat("complete -c calibra -n __fish_use_subcommand -f -a ", command->get_name(),
                  " -d ", shell_quoted(command->get_description()), '\n');
  for (const CLI::App* command : commands_of(app))
    for (const CLI::Option* o : options_of(*command)) {
      out +=
          concat("complete -c calibra -n '__fish_seen_subcommand_from ", command->get_name(), '\'');
      for (const std::string& s : o->get_snames()) out += concat(" -s ", s);
      for (const std::string& l : o->get_lnames()) out += concat(" -l ", l);
      const std::vector<std::string> words = words_of(*o);
      if (takes_value(*o)) out += " -r";
      if (takes_value(*o) && !takes_file(*o)) out += " -f";
      if (!words.empty()) out += concat(" -a ", shell_quoted(joined(words, " ")));
      out += concat(" -d ", shell_quoted(o->get_description()), '\n');
    }
  return out;
}

/// Text for roff: no line begins with a control character, and hyphens are those of the keyboard.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string manual_of(const CLI::App& command) {
  std::string line = concat("\\fBcalibra ", roff(command.get_name()), "\\fR");
  for (const CLI::Option* p : positionals_of(command))
    line += concat(" \\fI", roff(p->get_name(true)), "\\fR");
  std::string out = concat(".SS ", line, '\n', roff(command.get_description()), ".\n");
  for (const CLI::Option* p : positionals_of(command))
    out +=
        concat(".TP\n\\fI", roff(p->get_name(true)), "\\fR\n", roff(p->get_description()), ".\n");
  for (const CLI::Option* o : options_of(command)) {
    std::string names;
    for (const std::string& flag : flags_of(*o))
      names += concat(names.empty() ? "" : ", ", "\\fB", roff(flag), "\\fR");
    if (takes_value(*o)) names += concat(" \\fI", roff(o->get_type_name()), "\\fR");
    out += concat(".TP\n", names, '\n', roff(o->get_description()));
    if (!o->get_default_str().empty()) out += concat("; default: ", roff(o->get_default_str()));
    out += ".\n";
  }
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& app, std::string_view shell) {
  if (shell == "bash") return bash_script(app);
  if (shell == "zsh") return zsh_script(app);
  if (shell == "fish") return fish_script(app);
  throw option_error(concat("completion: expected bash, zsh or fish; got \"", shell, '"'));
}

std::string manual_page(const CLI::App& app, std::string_view version) {
  std::string out = concat(".TH CALIBRA 1 \"\" \"calibra ", version,
                           "\" \"User Commands\"\n.SH NAME\ncalibra \\- measures and repairs the "
                           "confidence calibration of classifiers\n.SH SYNOPSIS\n");
  for (const CLI::App* command : commands_of(app)) {
    out += concat(".B calibra ", roff(command->get_name()), "\n");
    for (const CLI::Option* p : positionals_of(*command))
      out += concat("\\fI", roff(p->get_name(true)), "\\fR\n");
    out += "[\\fIOPTIONS\\fR]\n.br\n";
  }
  out += concat(".SH DESCRIPTION\n", roff(app.get_description()), "\n.SH COMMANDS\n");
  for (const CLI::App* command : commands_of(app)) out += manual_of(*command);
  return out +
         ".SH EXIT STATUS\n0; 1 for what is wrong in the files; 2 for what is wrong on the command "
         "line.\n";
}

}  // namespace calibra::cli
