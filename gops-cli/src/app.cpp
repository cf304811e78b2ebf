// SPDX-License-Identifier: MIT
// CLI11 wiring and the options of every command.
#include "app.hpp"

#include "commands/command.hpp"
#include "output/json.hpp"
#include "output/manual.hpp"
#include "output/presentation.hpp"
#include "output/render.hpp"
#include "support/output_file.hpp"
#include "support/parse.hpp"
#include "xgops/protocol/header.hpp"
#include "xgops/version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace xgops::cli {
namespace {

enum class Color : std::uint8_t { kAuto, kAlways, kNever };

/// What every command understands.
struct CommonOptions {
  bool json = false;
  Color color = Color::kAuto;
  std::string output;
  std::chrono::milliseconds timeout{0};
  bool help = false;
  bool version = false;
};

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

/// One invocation, parsed.
struct Invocation {
  CommonOptions common;
  const Command* command = nullptr;
  Action action;
  std::vector<std::string> rest;
};

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
  if (command == nullptr && pid != arguments.end()) {
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

/// Parses `arguments`. The only place that sees exceptions of CLI11.
Result<Invocation> parse(const std::vector<std::string>& arguments, CommonOptions& common) {
  // What follows the first `--` is never an option of ours.
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> words(arguments.begin(), mark);
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

bool wants_color(Color color, bool is_terminal, const Places& places) {
  if (color != Color::kAuto) {
    return color == Color::kAlways;
  }
  const auto no_color = places.environment("NO_COLOR");
  const auto term = places.environment("TERM");
  return is_terminal && (!no_color || no_color->empty()) && term != "dumb";
}

class Runner {
 public:
  Runner(const Places& places, const Terminal& terminal, const CommonOptions& common)
      : places_(places), terminal_(terminal), common_(common) {}

  Result<ExitStatus> run(Invocation invocation) {
    const bool to_stdout = common_.output.empty() || common_.output == "-";
    presentation_.color =
        wants_color(common_.color, to_stdout && terminal_.out_is_terminal, places_);
    presentation_.format = common_.json ? Format::kJson : Format::kText;
    Context context{places_, protocol::kDefaultDeadline, false, presentation_};
    if (common_.timeout.count() > 0) {
      context.timeout = std::min(common_.timeout, protocol::kMaxDeadline);
      context.timeout_given = true;
    }
    context.rest = std::move(invocation.rest);
    context.program = describe_program;
    context.emit = [&](const Report& report) {
      streaming_ = true;
      return put(report);
    };
    context.warn = [&](const Notice& notice) {
      return terminal_.write_err(render_message(notice.text, notice.hint));
    };
    Result<Report> report = common_.help || common_.version ? document(*invocation.command)
                                                            : invocation.action(context);
    if (!report) {
      return std::move(report).error();
    }
    if (auto written = put(*report); !written) {
      return std::move(written).error();
    }
    for (const Notice& notice : report->notices) {
      if (auto told = context.warn(notice); !told) {
        return std::move(told).error();
      }
    }
    return report->status;
  }

 private:
  /// What --help and --version print.
  Result<Report> document(const Command& command) const {
    if (common_.version) {
      return Report{DocumentReport{"version", "xgops " + std::string(kVersion) + "\n"}};
    }
    const ProgramModel program = describe_program();
    const bool whole = command.name == all_commands().front().name;
    return Report{DocumentReport{
        "help", whole ? program_help(program) : command_help(program, describe(command))}};
  }

  Result<void> put(const Report& report) {
    std::string bytes = render(report, presentation_);
    if (common_.output.empty() || common_.output == "-") {
      if (streaming_ && presentation_.format == Format::kText && !first_) {
        bytes.insert(0, "\n");
      }
      first_ = false;
      return terminal_.write_out(bytes);
    }
    // Several reports (`--watch`): the file holds all of them so far.
    written_ += (written_.empty() || presentation_.format != Format::kText ? "" : "\n") + bytes;
    return write_file(common_.output, written_);
  }

  const Places& places_;
  const Terminal& terminal_;
  const CommonOptions& common_;
  Presentation presentation_;
  bool streaming_ = false;
  bool first_ = true;
  std::string written_;
};

ExitStatus report_error(const Error& error, bool json, const Terminal& terminal) {
  if (error.code == std::errc::broken_pipe) {
    return exit_status_of(error);  // The reader has left; there is nobody to tell.
  }
  if (json) {
    // Whether or not that works, stderr has the message.
    (void)terminal.write_out(error_json(error)).has_value();
  }
  (void)terminal.write_err(render_message(sentence_of(error), error.hint)).has_value();
  return exit_status_of(error);
}

}  // namespace

ExitStatus run_app(const std::vector<std::string>& arguments, const Places& places,
                   const Terminal& terminal) {
  CommonOptions common;
  auto invocation = parse(arguments, common);
  if (!invocation) {
    return report_error(invocation.error(), common.json, terminal);
  }
  Runner runner(places, terminal, common);
  auto status = runner.run(*std::move(invocation));
  return status ? *status : report_error(status.error(), common.json, terminal);
}

}  // namespace xgops::cli
