// SPDX-License-Identifier: MIT
// What a thread of a dump waits for: from its system call, and from the names on its stack.
#pragma once

#include "report/stack.hpp"
#include "xgops/protocol/messages/threads.hpp"

#include <array>
#include <cstdint>

namespace xgops::cli {

/// From the number and arguments of the system call that the thread is in. `state` as proc(5) has
/// it; `number` < 0: it is in none.
[[nodiscard]] protocol::Wait wait_of_call(char state, std::int64_t number,
                                          const std::array<std::uint64_t, 6>& arguments);

/// Says of threads that wait on a futex which of the C library's calls they are in.
void refine_futex_waits(StackReport& report);

}  // namespace xgops::cli
