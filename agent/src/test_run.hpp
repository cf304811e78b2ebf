// SPDX-License-Identifier: MIT
// What `xgops test` wants of the program that it starts: a report, at its end, of what it left.
#pragma once

#include <string_view>

namespace xgops::agent {

/// `setting` is the value of XGOPS_TEST_REPORT, "PID:FILE". In the process with this PID, and in no
/// other, all threads that are created from now on belong to the run. Throws std::bad_alloc.
void begin_test_run(std::string_view setting);

[[nodiscard]] bool is_test_run() noexcept;

/// The program is about to end. The first time, in the process that began: waits up to a second for
/// tasks and threads of the run to end, and writes into FILE, which exists, which of them did not.
/// Other threads that call it wait for that. Nothing is written when a filter for system calls was
/// installed since the beginning; one of many is not told apart. Any thread.
void end_test_run() noexcept;

}  // namespace xgops::agent
