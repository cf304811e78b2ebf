// SPDX-License-Identifier: MIT
// The command line as data: what help, the man page and the completions are made from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace xgops::cli {

/// What a shell may offer as a value.
enum class Completes : std::uint8_t { kNothing, kPid, kProcessName, kFile, kDirectory, kProgram };

struct OptionModel {
  std::string short_name;  ///< "-p", or empty.
  std::string long_name;   ///< "--pid"
  std::string value;       ///< "PID"; empty for a flag.
  std::string summary;
  std::vector<std::string> choices = {};
  Completes completes = Completes::kNothing;
};

struct ArgumentModel {
  std::string name;  ///< "PID"
  std::string summary;
  std::vector<std::string> choices = {};
  Completes completes = Completes::kNothing;
  bool many = false;  ///< This and all that follows.
};

struct Example {
  std::string command;
  std::string meaning;
};

struct CommandModel {
  std::string name;
  std::string summary;      ///< One line, no full stop.
  std::string description;  ///< Paragraphs, separated by blank lines.
  std::vector<OptionModel> options;
  std::vector<ArgumentModel> arguments;
  std::vector<Example> examples;
  bool hidden = false;
};

/// The whole tool.
struct ProgramModel {
  std::string version;
  std::vector<OptionModel> options;  ///< Of every command.
  std::vector<CommandModel> commands;
};

}  // namespace xgops::cli
