// SPDX-License-Identifier: MIT
// `xgops help`, `xgops man` and `xgops completion`: texts made from the commands' definitions.
#include "commands/command.hpp"
#include "output/manual.hpp"
#include "support/failure.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace xgops::cli {
namespace {

Result<Report> help(Context& context, const std::string& name) {
  const ProgramModel program = context.program();
  if (name.empty()) {
    return Report{DocumentReport{"help", program_help(program)}};
  }
  for (const CommandModel& command : program.commands) {
    if (command.name == name) {
      return Report{DocumentReport{"help", command_help(program, command)}};
    }
  }
  return failure(Failure::kUsage, "there is no command '" + name + "'",
                 "`xgops help` lists all commands");
}

Result<Report> completion(Context& context, const std::string& shell) {
  constexpr std::pair<const char*, Shell> kShells[] = {
      {"bash", Shell::kBash}, {"zsh", Shell::kZsh}, {"fish", Shell::kFish}};
  for (const auto& [name, value] : kShells) {
    if (shell == name) {
      return Report{DocumentReport{"completion", completion_script(context.program(), value)}};
    }
  }
  return failure(Failure::kUsage,
                 shell.empty() ? "which shell? none was given"
                               : "there are no completions for '" + shell + "'",
                 "use `xgops completion bash`, zsh or fish");
}

}  // namespace

Command help_command() {
  return {
      .name = "help",
      .summary = "Describe xgops or one of its commands",
      .description = "Prints what `xgops --help` or `xgops COMMAND --help` prints.",
      .examples = {{"xgops help stack", "all about `xgops stack`"}},
      .attach = [](OptionSet& options) -> Action {
        auto name = std::make_shared<std::string>();
        ArgumentModel argument;
        argument.name = "COMMAND";
        argument.summary = "The command to describe";
        argument.choices = {"list",      "vitals", "stack",    "threads",    "tasks",    "tree",
                            "pending",   "locks",  "diagnose", "leaks",      "snapshot", "diff",
                            "symbolize", "run",    "test",     "completion", "help"};
        options.argument(std::move(argument), *name);
        return [name](Context& context) { return help(context, *name); };
      },
  };
}

Command completion_command() {
  return {
      .name = "completion",
      .summary = "Print a completion script for a shell",
      .description =
          "Prints a script that completes commands, options and the PIDs and names of live "
          "processes with an agent.",
      .examples = {{"source <(xgops completion bash)", "in ~/.bashrc"},
                   {"xgops completion zsh > \"${fpath[1]}/_xgops\"", "once, for zsh"},
                   {"xgops completion fish > ~/.config/fish/completions/xgops.fish",
                    "once, for fish"}},
      .attach = [](OptionSet& options) -> Action {
        auto shell = std::make_shared<std::string>();
        ArgumentModel argument;
        argument.name = "SHELL";
        argument.summary = "bash, zsh or fish";
        argument.choices = {"bash", "zsh", "fish"};
        options.argument(std::move(argument), *shell);
        return [shell](Context& context) { return completion(context, *shell); };
      },
  };
}

Command man_command() {
  return {
      .name = "man",
      .summary = "Print the manual page as roff",
      .description = "Prints xgops(1) for man(1): `xgops man | man -l -`.",
      .examples = {},
      .hidden = true,
      .attach = [](OptionSet& /*options*/) -> Action {
        return [](Context& context) -> Result<Report> {
          return Report{DocumentReport{"man", man_page(context.program())}};
        };
      },
  };
}

}  // namespace xgops::cli
