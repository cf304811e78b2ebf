// SPDX-License-Identifier: MIT
// Runs entries under a leak check and compares what it says.
#pragma once

#include "kernel_table.hpp"
#include "leaks.hpp"
#include "xgops/leak_check.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kernels {

/// XGOPS_KERNEL_RUNS, or 1.
[[nodiscard]] int runs();

/// What a report may call the reason: "running" is also a task that is queued.
[[nodiscard]] const std::vector<std::string_view>& words_for(std::string_view reason);

/// Fills `row` with what was expected and what came. Expects that a person finds each leak: by
/// where it waits and where it was created.
void compare(const xgops::LeakReport& report, const std::vector<Leak>& expected, Row& row);

/// How many leaks a look at the whole process says are blocked for good.
[[nodiscard]] std::uint64_t verdicts_now();

/// How long a check may wait for `leaks`: it need not for those that are blocked for good.
[[nodiscard]] xgops::LeakOptions patience_for(const std::vector<Leak>& leaks);

}  // namespace kernels
