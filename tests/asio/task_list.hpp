// SPDX-License-Identifier: MIT
// The tasks of a program that has targets/task_printer.cpp in it, and what is expected of them.
#pragma once

#include "support/json.hpp"
#include "support/target_process.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace xgops::test {

/// One frame of a chain that is a function of the program's.
struct ExpectedFrame {
  std::string function;
  unsigned line = 0;

  auto operator<=>(const ExpectedFrame&) const = default;
};

/// A task as a table of expectations has it.
struct ExpectedTask {
  std::string wait;  ///< "" while it runs.
  /// Innermost first, without Asio's own.
  std::vector<ExpectedFrame> frames;
  unsigned created_line = 0;

  auto operator<=>(const ExpectedTask&) const = default;
};

/// Starts a program that has the agent in it.
[[nodiscard]] TargetProcess spawn_linked(const std::filesystem::path& program,
                                         std::vector<std::string> arguments);

/// All tasks as JSON objects; nothing when the program does not answer.
[[nodiscard]] std::optional<std::vector<Json>> list_tasks(TargetProcess& program);

/// `task` as an expectation would say it.
[[nodiscard]] ExpectedTask summary_of(const Json& task);

/// "kinds::(anonymous)::all_of_two" from what a compiler calls a coroutine's function.
[[nodiscard]] std::string plain_name(const std::string& function);

/// A line for each of `tasks`, sorted.
[[nodiscard]] std::string text_of(std::vector<ExpectedTask> tasks);

/// Asks until the tasks are those of `expected`, or until a deadline. Returns what they are last.
[[nodiscard]] std::string tasks_when_like(TargetProcess& program, const std::string& expected);

}  // namespace xgops::test
