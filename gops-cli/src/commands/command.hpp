// SPDX-License-Identifier: MIT
// What a command is: a declaration, options, and a function from the world to a report.
#pragma once

#include "client/places.hpp"
#include "commands/option_set.hpp"
#include "output/presentation.hpp"
#include "report/command_model.hpp"
#include "report/report.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace xgops::cli {

/// What a command may use. Commands neither print nor exit: they return a report.
struct Context {
  Places places;
  std::chrono::milliseconds timeout{0};
  bool timeout_given = false;
  Presentation& presentation;  ///< A command's own options may change it.
  /// The file of `-o`, to which the report goes. A command that writes something else there takes
  /// the name away.
  std::string& output;
  std::vector<std::string> rest =
      {};  ///< What follows the options of a command that takes the rest.
  /// Renders a report now: for commands that go on (`--watch`).
  std::function<Result<void>(const Report&)> emit = {};
  /// Prints a notice now: for commands that do not come back (`run`).
  std::function<Result<void>(const Notice&)> warn = {};
  /// Runs another invocation, and returns all that it prints.
  std::function<std::string(const std::vector<std::string>& arguments)> ask = {};
  /// Shows a line until the next one, and removes it for "". Empty where nobody would see it.
  std::function<void(const std::string& line)> progress = {};
  /// The command line as data.
  std::function<ProgramModel()> program = {};
};

using Action = std::function<Result<Report>(Context&)>;

struct Command {
  std::string_view name;
  std::string_view summary;
  std::string_view description;
  std::vector<Example> examples;
  bool hidden = false;
  /// Declares the options and returns what runs once they are parsed.
  Action (*attach)(OptionSet& options) = nullptr;
};

Command list_command();
Command vitals_command();
Command stack_command();
Command threads_command();
Command tasks_command();
Command tree_command();
Command pending_command();
Command locks_command();
Command diagnose_command();
Command leaks_command();
Command snapshot_command();
Command diff_command();
Command symbolize_command();
Command run_command();
Command test_command();
Command completion_command();
Command help_command();
Command man_command();

/// All commands in the order of the help. The first runs when none is named.
[[nodiscard]] const std::vector<Command>& all_commands();

/// One command as data.
[[nodiscard]] CommandModel describe(const Command& command);

}  // namespace xgops::cli
