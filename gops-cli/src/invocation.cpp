// SPDX-License-Identifier: MIT
// CLI11 wiring and the options of every command.
#include "invocation.hpp"

#include "support/failure.hpp"
#include "support/parse.hpp"
#include "xgops/version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <utility>

namespace xgops::cli {
namespace {

void attach_common(OptionSet& options, CommonOptions& common) {
  options.flag("-j,--json", common.json, "Print one JSON object; xgops/schema describes it");
  options.text("-o,--output", "FILE", common.output,
               "Write the report to FILE, all at once or not at all; - is standard output",
               Completes::kFile);
  options.choice("--color", "WHEN", common.color,
                 {{"auto", Color::kAuto}, {"always", Color::kAlways}, {"never", Color::kNever}},
                 "auto (default: on terminals, unless NO_COLOR is set), always or never");
  options.duration("--timeout", common.timeout, std::chrono::milliseconds(1),
                   "Give up on an answer after TIME (default 5s; 2s for a list)");
  options.flag("-h,--help", common.help, "Print this help");
  options.flag("-V,--version", common.version, "Print the version");
}

Error usage_error(const CLI::ParseError& error, const Command* command,
                  const std::vector<std::string>& arguments) {
  const std::string help =
      command == nullptr || command->name == all_commands().front().name
          ? "`xgops --help` shows what can be said"
          : "`xgops help " + std::string(command->name) + "` describes the command";
  // `xgops 4711`, as other tools have it.
  const auto pid = std::find_if(arguments.begin(), arguments.end(), [](const std::string& word) {
    return parse_integer<pid_t>(word).has_value();
  });
  const bool no_other_word =
      std::all_of(arguments.begin(), pid, [](const std::string& word) { return word[0] == '-'; });
  if (command == nullptr && pid != arguments.end() && no_other_word) {
    return failure(Failure::kUsage, "what about process " + *pid + "? no command was given",
                   "`xgops stack " + *pid + "` and `xgops vitals " + *pid + "` show what it does");
  }
  std::string what = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && command == nullptr &&
      !arguments.empty() && !arguments.front().starts_with('-')) {
    what = "there is no command '" + arguments.front() + "'";
  }
  return failure(Failure::kUsage, what, help);
}

}  // namespace

ProgramModel describe_program() {
  ProgramModel program;
  program.version = kVersion;
  CLI::App scratch;
  scratch.set_help_flag();
  CommandModel common_model;
  CommonOptions common;
  OptionSet options(scratch, common_model);
  attach_common(options, common);
  program.options = std::move(common_model.options);
  for (const Command& command : all_commands()) {
    program.commands.push_back(describe(command));
  }
  return program;
}

// The only place that sees exceptions of CLI11.
Result<Invocation> parse_arguments(const std::vector<std::string>& arguments,
                                   CommonOptions& common) {
  // What follows the first `--` is never an option of ours.
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  const std::vector<std::string> words(arguments.begin(), mark);
  const bool marked = mark != arguments.end();

  CLI::App app;
  app.set_help_flag();
  CommandModel unused;
  OptionSet top(app, unused);
  attach_common(top, common);
  const Command& standard = all_commands().front();
  const Action standard_action = standard.attach(top);

  struct Attached {
    const Command* command;
    CLI::App* app;
    Action action;
  };
  std::vector<Attached> attached;
  for (const Command& command : all_commands()) {
    // Only what may be meant is built: starting up is part of every answer.
    if (std::find(words.begin(), words.end(), command.name) == words.end()) {
      continue;
    }
    CLI::App* const sub = app.add_subcommand(std::string(command.name));
    sub->set_help_flag();
    CommandModel model;
    OptionSet options(*sub, model);
    attach_common(options, common);
    attached.push_back({&command, sub, command.attach(options)});
  }
  app.require_subcommand(0, 1);

  const auto chosen = [&]() -> const Attached* {
    for (const Attached& entry : attached) {
      if (entry.app->parsed()) {
        return &entry;
      }
    }
    return nullptr;
  };
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    // CLI11 sets nothing when it fails, and the failure is to be JSON, too, when that was asked
    // for.
    common.json = std::any_of(words.begin(), words.end(), [](const std::string& word) {
      return word == "--json" || word == "-j";
    });
    const Attached* const entry = chosen();
    return usage_error(error, entry == nullptr ? nullptr : entry->command, arguments);
  }
  Invocation invocation;
  const Attached* const entry = chosen();
  invocation.command = entry == nullptr ? &standard : entry->command;
  invocation.action = entry == nullptr ? standard_action : entry->action;
  if (entry != nullptr) {
    invocation.rest = entry->app->remaining();
  }
  if (marked) {
    const CommandModel model = describe(*invocation.command);
    if (model.arguments.empty() || !model.arguments.back().many) {
      return failure(Failure::kUsage, "nothing may follow --",
                     "only `xgops run -- PROGRAM` takes it");
    }
    // Before a word of the program the mark is ours, after one it is the program's.
    invocation.rest.insert(invocation.rest.end(), invocation.rest.empty() ? mark + 1 : mark,
                           arguments.end());
  }
  return invocation;
}

}  // namespace xgops::cli
