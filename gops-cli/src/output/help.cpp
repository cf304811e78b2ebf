// SPDX-License-Identifier: MIT
// Help for people at a terminal: at most 100 columns.
#include "output/manual.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace xgops::cli {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kMaxLeft = 28;

/// `text` in lines of at most kWidth columns, each indented; blank lines are kept.
std::string wrap(std::string_view text, std::size_t indent) {
  std::string out;
  while (!text.empty()) {
    const std::size_t paragraph_end = std::min(text.find('\n'), text.size());
    std::string_view paragraph = text.substr(0, paragraph_end);
    text.remove_prefix(std::min(paragraph_end + 1, text.size()));
    if (paragraph.empty()) {
      out += '\n';
    }
    while (!paragraph.empty()) {
      std::size_t length = paragraph.size();
      if (length > kWidth - indent) {
        const std::size_t blank = paragraph.rfind(' ', kWidth - indent);
        length = blank == std::string_view::npos ? kWidth - indent : blank;
      }
      out.append(indent, ' ').append(paragraph.substr(0, length)).append("\n");
      paragraph.remove_prefix(length);
      paragraph.remove_prefix(std::min(paragraph.find_first_not_of(' '), paragraph.size()));
    }
  }
  return out;
}

using Rows = std::vector<std::pair<std::string, std::string>>;

/// Two columns; a left side too long for its column stands on a line of its own.
std::string two_columns(const Rows& rows) {
  std::size_t width = 0;
  for (const auto& row : rows) {
    width = std::max(width, row.first.size() <= kMaxLeft ? row.first.size() : 0);
  }
  std::string out;
  for (const auto& [left, right] : rows) {
    const std::string text = wrap(right, width + 4);
    if (left.size() <= width) {
      out.append("  ").append(left).append(width - left.size() + 2, ' ');
      out.append(text, width + 4);
    } else {
      out.append("  ").append(left).append("\n").append(text);
    }
  }
  return out;
}

std::string option_left(const OptionModel& option) {
  std::string text = option.short_name.empty() ? "    " : option.short_name + ", ";
  text += option.long_name;
  return option.value.empty() ? text : text + " " + option.value;
}

std::string options_section(std::string_view heading, const std::vector<OptionModel>& options) {
  Rows rows;
  for (const OptionModel& option : options) {
    rows.emplace_back(option_left(option), option.summary);
  }
  return rows.empty() ? std::string() : "\n" + std::string(heading) + ":\n" + two_columns(rows);
}

std::string examples_section(const std::vector<Example>& examples) {
  if (examples.empty()) {
    return {};
  }
  std::string out = "\nExamples:\n";
  for (const Example& example : examples) {
    out += "  " + example.command + "\n      " + example.meaning + "\n";
  }
  return out;
}

std::string exit_status_section() {
  Rows rows;
  for (const ExitStatusText& status : kExitStatuses) {
    rows.emplace_back(std::to_string(status.value), status.meaning);
  }
  return "\nExit status:\n" + two_columns(rows);
}

std::string usage_line(const CommandModel& command) {
  std::string line = "Usage: xgops " + command.name + " [OPTION]...";
  for (const ArgumentModel& argument : command.arguments) {
    line +=
        argument.many ? " [--] " + argument.name + " [ARGUMENT]..." : " [" + argument.name + "]";
  }
  return line + "\n";
}

}  // namespace

std::string program_help(const ProgramModel& program) {
  std::string out = "xgops " + program.version +
                    ": see what a running C++ process does, without stopping it\n\n"
                    "Usage: xgops [OPTION]... [COMMAND] ...\n\nCommands:\n";
  Rows rows;
  for (const CommandModel& command : program.commands) {
    if (!command.hidden) {
      rows.emplace_back(command.name, command.summary);
    }
  }
  out += two_columns(rows);
  out += options_section("Options", program.commands.front().options);
  out += options_section("Options of every command", program.options);
  out +=
      examples_section({{"xgops", "every process that can be inspected"},
                        {"xgops stack -p 4711", "what all of its threads do"},
                        {"xgops run -- ./server", "start a program so that it can be inspected"}});
  out += exit_status_section();
  out += "\n`xgops help COMMAND` describes one command.\n";
  return out;
}

std::string command_help(const ProgramModel& program, const CommandModel& command) {
  std::string out = usage_line(command) + "\n" + command.summary + ".\n\n";
  out += wrap(command.description, 0);
  Rows arguments;
  for (const ArgumentModel& argument : command.arguments) {
    arguments.emplace_back(argument.name, argument.summary);
  }
  if (!arguments.empty()) {
    out += "\nArguments:\n" + two_columns(arguments);
  }
  out += options_section("Options", command.options);
  out += options_section("Options of every command", program.options);
  out += examples_section(command.examples);
  out += exit_status_section();
  return out;
}

}  // namespace xgops::cli
