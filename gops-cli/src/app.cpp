// SPDX-License-Identifier: MIT
// Runs one invocation: report, output, messages, exit status.
#include "app.hpp"

#include "commands/command.hpp"
#include "invocation.hpp"
#include "output/escape.hpp"
#include "output/json.hpp"
#include "output/manual.hpp"
#include "output/presentation.hpp"
#include "output/render.hpp"
#include "support/output_file.hpp"
#include "xgops/protocol/header.hpp"
#include "xgops/version.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace xgops::cli {
namespace {

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
      : places_(places), terminal_(terminal), common_(common), output_(common.output) {}

  Result<ExitStatus> run(Invocation invocation) {
    const bool to_stdout = output_.empty() || output_ == "-";
    presentation_.color =
        wants_color(common_.color, to_stdout && terminal_.out_is_terminal, places_);
    presentation_.format = common_.json ? Format::kJson : Format::kText;
    Context context{places_, protocol::kDefaultDeadline, false, presentation_, output_};
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
    context.ask = [&](const std::vector<std::string>& arguments) { return printed_by(arguments); };
    if (terminal_.err_is_terminal) {
      context.progress = [&](const std::string& line) {
        (void)terminal_.write_err("\r" + escape(line) + "\x1b[K").has_value();
      };
    }
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

  [[nodiscard]] std::string printed_by(const std::vector<std::string>& arguments) const {
    std::string text;
    Terminal collector;
    collector.write_out = [&](std::string_view data) -> Result<void> {
      text += data;
      return {};
    };
    collector.write_err = collector.write_out;
    (void)run_app(arguments, places_, collector);
    return text;
  }

  Result<void> put(const Report& report) {
    std::string bytes = render(report, presentation_);
    if (output_.empty() || output_ == "-") {
      if (streaming_ && presentation_.apart && presentation_.format == Format::kText && !first_) {
        bytes.insert(0, "\n");
      }
      first_ = false;
      return terminal_.write_out(bytes);
    }
    // Several reports (`--watch`): the file holds all of them so far.
    const bool apart = presentation_.apart && presentation_.format == Format::kText;
    written_ += (written_.empty() || !apart ? "" : "\n") + bytes;
    return write_file(output_, written_);
  }

  const Places& places_;
  const Terminal& terminal_;
  const CommonOptions& common_;
  std::string output_;  ///< Empty: standard output.
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
  auto invocation = parse_arguments(arguments, common);
  if (!invocation) {
    return report_error(invocation.error(), common.json, terminal);
  }
  Runner runner(places, terminal, common);
  auto status = runner.run(*std::move(invocation));
  return status ? *status : report_error(status.error(), common.json, terminal);
}

}  // namespace xgops::cli
