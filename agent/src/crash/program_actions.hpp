// SPDX-License-Identifier: MIT
// A program that installs handlers of crashes after the agent started means them to be called; it
// does not mean to have no dump.
#pragma once

#include <signal.h>

namespace xgops::crash {

/// Does what `sigaction` does for the program, if `signal` is one of a crash and dumps are on: the
/// program's handler is called once the dump is written, and the program never sees ours. False:
/// leave it to the real `sigaction`. Any thread, any signal handler; does not allocate. Cost: four
/// system calls.
[[nodiscard]] bool set_program_action(int signal, const struct sigaction* action,
                                      struct sigaction* before) noexcept;

/// From now on calls of this process are taken; `restorer` is what the C library gives the kernel.
void take_program_actions(unsigned long restorer) noexcept;
void leave_program_actions() noexcept;
/// In the child. Without it nothing is taken there, as in that of a vfork, which shares the memory
/// of its parent but not what signals do.
void program_actions_after_fork() noexcept;

}  // namespace xgops::crash
