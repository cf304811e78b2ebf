// SPDX-License-Identifier: MIT
// A program that installs handlers of crashes after the agent started means them to be called; it
// does not mean to have no dump.
#pragma once

#include <signal.h>

namespace xgops::crash {

/// Does what `sigaction` does for the program, if `signal` is one of a crash and this process
/// writes dumps: the program's handler is called once the dump is written, and the program never
/// sees ours. What it ignores is ignored. False: leave it to the real `sigaction`. Any thread, any
/// signal handler; does not allocate. Cost: five system calls.
[[nodiscard]] bool set_program_action(int signal, const struct sigaction* action,
                                      struct sigaction* before) noexcept;

/// In the child of a fork, before it calls the above.
void program_actions_after_fork() noexcept;

}  // namespace xgops::crash
