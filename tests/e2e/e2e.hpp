// SPDX-License-Identifier: MIT
// What the end-to-end tests share: looking for threads by name, comparing waits, skipping.
#pragma once

#include "support/command.hpp"
#include "support/json.hpp"
#include "support/paths.hpp"
#include "support/target_process.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace xgops::test {

/// Skips the test when a program of another package is missing.
#define XGOPS_REQUIRE_PROGRAM(name)                                \
  if (!find_program(name)) {                                       \
    GTEST_SKIP() << "needs the program " << (name) << " in $PATH"; \
  }

/// Skips the test when it cannot change its user.
#define XGOPS_REQUIRE_ROOT()                               \
  if (::geteuid() != 0) {                                  \
    GTEST_SKIP() << "needs root, to become somebody else"; \
  }

/// Asks `xgops stack --json` about the whole target. The document is discarded on failure, which
/// the result explains.
struct StackAnswer {
  CommandResult command;
  Json document;

  /// The thread that the target announced under `name`; null when the answer lacks it.
  [[nodiscard]] Json thread(const TargetProcess& target, std::string_view name) const;
};
[[nodiscard]] StackAnswer ask_for_stacks(const TargetProcess& target,
                                         std::vector<std::string> options = {});

/// "" when `thread` waits as the target said in `fact`; else what differs.
[[nodiscard]] std::string wait_difference(const Json& fact, const Json& thread);

/// The functions of a thread whose names contain `part`, innermost first, without what follows the
/// name itself.
[[nodiscard]] std::vector<std::string> functions_containing(const Json& thread,
                                                            const std::string& part);

/// Position of the first frame whose function contains `part`; -1 when there is none.
[[nodiscard]] int position_of(const Json& thread, const std::string& part);

[[nodiscard]] inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The TIDs in /proc/PID/task.
[[nodiscard]] std::vector<pid_t> thread_ids(pid_t pid);

}  // namespace xgops::test
