// SPDX-License-Identifier: MIT
// CLI11 wiring: from arguments to a command and its options.
#pragma once

#include "commands/command.hpp"
#include "report/command_model.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace xgops::cli {

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

/// One invocation, parsed.
struct Invocation {
  const Command* command = nullptr;
  Action action;                  ///< Keeps the options alive that it uses.
  std::vector<std::string> rest;  ///< For a command that takes the rest.
};

/// Parses the arguments after the program's name. `common` is filled in as far as that goes.
/// Errors: `Failure::kUsage`.
[[nodiscard]] Result<Invocation> parse_arguments(const std::vector<std::string>& arguments,
                                                 CommonOptions& common);

/// The whole command line as data.
[[nodiscard]] ProgramModel describe_program();

}  // namespace xgops::cli
