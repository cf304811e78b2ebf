// SPDX-License-Identifier: MIT
// Alternate signal stacks: without one, a thread that overflowed its stack cannot run any handler.
#pragma once

namespace xgops::crash {

/// Whether threads that are started from now on shall have one, where they can be given one.
void give_threads_stacks(bool wanted) noexcept;
[[nodiscard]] bool threads_get_stacks() noexcept;

/// Gives the calling thread an alternate stack, unless it has one, until it ends. Cost: 5 us; 64
/// KiB of addresses, two pages of memory once it is used.
void guard_this_thread() noexcept;

}  // namespace xgops::crash
