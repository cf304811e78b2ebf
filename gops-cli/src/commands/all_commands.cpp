// SPDX-License-Identifier: MIT
// The explicit list of commands.
#include "commands/command.hpp"

#include <CLI/CLI.hpp>

namespace xgops::cli {

const std::vector<Command>& all_commands() {
  static const std::vector<Command> commands{
      list_command(),      vitals_command(), stack_command(),    threads_command(),
      tasks_command(),     tree_command(),   pending_command(),  locks_command(),
      diagnose_command(),  leaks_command(),  snapshot_command(), diff_command(),
      symbolize_command(), run_command(),    test_command(),     completion_command(),
      help_command(),      man_command()};
  return commands;
}

CommandModel describe(const Command& command) {
  CommandModel model;
  model.name = command.name;
  model.summary = command.summary;
  model.description = command.description;
  model.examples = command.examples;
  model.hidden = command.hidden;
  CLI::App scratch;
  scratch.set_help_flag();
  OptionSet options(scratch, model);
  command.attach(options);
  return model;
}

}  // namespace xgops::cli
