// SPDX-License-Identifier: MIT
// Whether something outside of the process can wake who waits for an epoll descriptor.
#pragma once

#include "threads/capture.hpp"
#include "threads/task_files.hpp"

#include <string_view>
#include <vector>

#include <sys/types.h>

namespace xgops::threads {

/// The descriptors in the fdinfo file of an epoll descriptor, see proc(5).
[[nodiscard]] std::vector<int> parse_event_poll(std::string_view text);

/// Whether the timer in the fdinfo file of a timerfd is set; true where it is not said.
[[nodiscard]] bool timer_is_set(std::string_view text);

/// Looks into `fd` of thread `tid`. What is only written by the process itself, or never becomes
/// ready, is not external: one eventfd, and timers that are not set.
[[nodiscard]] EventPollFacts look_into_event_poll(const TaskFiles& files, pid_t tid, int fd);

}  // namespace xgops::threads
