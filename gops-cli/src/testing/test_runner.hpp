// SPDX-License-Identifier: MIT
// Runs test programs, some at a time, until each has ended or has had its time.
#pragma once

#include "report/test.hpp"
#include "support/interrupt.hpp"
#include "testing/frameworks.hpp"
#include "testing/test_process.hpp"
#include "xgops/result.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace xgops::cli {

struct PlannedTest {
  std::string name;
  std::vector<std::string> arguments;  ///< With the name of the program first.
};

struct RunnerOptions {
  TestCommand command;    ///< Of all; arguments and report file are those of each.
  std::string directory;  ///< Where reports go, ours alone.
  Framework framework = Framework::kUnknown;
  std::size_t jobs = 1;
  std::chrono::milliseconds hang{0};     ///< 0: none.
  std::chrono::milliseconds timeout{0};  ///< 0: none.
  /// So long a program that has our terminal may take to end after a signal, before the next.
  std::chrono::milliseconds grace{5'000};
  std::string cache_directory;  ///< For names.
  /// What all threads and tasks of this process do.
  std::function<std::string(pid_t)> look_at;
  /// A test has ended: how many have, and which.
  std::function<void(std::size_t, const TestResult&)> on_end;
};

struct RunnerAnswer {
  std::vector<TestResult> results;  ///< As many as have run, in the order of the plan.
  std::size_t not_run = 0;          ///< As it was time to end.
};

/// Errors: as of `TestProcess::start`.
[[nodiscard]] Result<RunnerAnswer> run_tests(const std::vector<PlannedTest>& plan,
                                             const RunnerOptions& options,
                                             const InterruptGuard& interrupt);

/// What a program writes to its standard output when it is called so, at most for `timeout`, and to
/// standard error.
/// Errors: as of `TestProcess::start`; `Failure::kProgram`: it takes too long, or somebody wants an
/// end.
struct ListerOutput {
  std::string out;
  std::string err;
};
[[nodiscard]] Result<ListerOutput> output_of(const TestCommand& command,
                                             std::chrono::milliseconds timeout,
                                             const InterruptGuard& interrupt);

}  // namespace xgops::cli
