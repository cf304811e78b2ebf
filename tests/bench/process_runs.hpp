// SPDX-License-Identifier: MIT
// Starting whole programs as cheaply as a shell does, and the targets that benchmarks share.
#pragma once

#include "support/target_process.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace xgops::bench {

/// Runs a program with stdout and stderr to /dev/null, and waits for it. Its exit status, or -1.
int run_quietly(const std::vector<std::string>& arguments);

/// 1000 threads, about 25 frames each, and no spinner. Started at the first call, ended by
/// `end_targets`.
test::TargetProcess& thousand_threads();
/// A program with two threads.
test::TargetProcess& small_program();
/// The directory of 100 programs with an agent each.
const std::filesystem::path& hundred_agents();

void end_targets();

/// CPU time of the agent's thread since it started.
[[nodiscard]] double agent_cpu_us(const test::TargetProcess& target);

}  // namespace xgops::bench
