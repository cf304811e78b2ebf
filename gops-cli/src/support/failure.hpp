// SPDX-License-Identifier: MIT
// What can go wrong in the command line tool, and the exit status that says so.
#pragma once

#include "xgops/result.hpp"

#include <string>
#include <string_view>
#include <system_error>

namespace xgops::cli {

/// Documented in README.md and in every `--help`; never change a value.
enum class ExitStatus : int {
  kOk = 0,
  kFindings = 1,    ///< The command found what it looks for (a deadlock, a leak).
  kTarget = 2,      ///< The target, or writing the output, failed.
  kPermission = 3,  ///< This user may not inspect the target.
  kPartial = 4,     ///< The report is printed but incomplete.
  kUsage = 64,
};

/// Failures of our own. Their `Error::context` is a whole sentence: what and which.
enum class Failure : int {
  kUsage = 1,
  kNoProcess,
  kOtherUser,
  kPermission,
  kNoAgent,
  kNoAnswer,      ///< The agent exists but said nothing in time.
  kIncompatible,  ///< No protocol version or no message in common.
  kBadAnswer,     ///< The answer breaks the protocol.
  kOutput,
  kProgram,  ///< `xgops run`: the program cannot be started under the agent.
  kRefused,  ///< It would cost the target more than the user allows.
};

[[nodiscard]] const std::error_category& failure_category() noexcept;
[[nodiscard]] std::error_code make_error_code(Failure failure) noexcept;

/// An `Error` whose context is the whole message.
[[nodiscard]] Error failure(Failure code, std::string what, std::string hint = {});

[[nodiscard]] ExitStatus exit_status_of(const Error& error);
/// A stable word for programs, such as "no_agent".
[[nodiscard]] std::string_view kind_of(const Error& error);
/// One sentence for people, without the hint. Not escaped.
[[nodiscard]] std::string sentence_of(const Error& error);

}  // namespace xgops::cli

template <>
struct std::is_error_code_enum<xgops::cli::Failure> : std::true_type {};
