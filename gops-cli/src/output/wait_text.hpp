// SPDX-License-Identifier: MIT
// What a thread waits for, in words.
#pragma once

#include "output/style.hpp"
#include "xgops/protocol/messages/threads.hpp"

#include <map>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace xgops::cli {

/// Whether a thread waits for something that another one holds until it lets go.
[[nodiscard]] bool is_lock_wait(protocol::WaitReason reason);

/// Names of threads by TID, for owners. Untrusted text.
using ThreadNames = std::map<pid_t, std::string>;

/// "mutex_lock": the stable word for programs.
[[nodiscard]] std::string_view wait_reason_id(protocol::WaitReason reason);
/// "mutex lock": the same for people.
[[nodiscard]] std::string wait_reason_words(protocol::WaitReason reason);
/// "sleeping", "disk_sleep": proc(5)'s state letter as a stable word for programs.
[[nodiscard]] std::string_view state_id(char state);
/// The same for people.
[[nodiscard]] std::string state_words(char state);
/// "none", "live", "exited"
[[nodiscard]] std::string_view owner_state_id(protocol::OwnerState state);

/// `thread 4712 "io"`
[[nodiscard]] std::string describe_thread(pid_t tid, const ThreadNames& names);

/// Who holds what the thread waits for: `held by thread 4712 "io"`; empty when nobody is known.
[[nodiscard]] std::string owner_summary(const protocol::Wait& wait, const ThreadNames& names);

/// All but the owner and the age: `socket read, fd 7 (tcp 10.0.0.5:5432), timeout 30 s`.
/// `state` stands in where the reason is not known.
[[nodiscard]] std::string wait_summary(const protocol::Wait& wait, char state);

/// `text` in the colour of the reason: busy, blocked on another thread, or waiting.
[[nodiscard]] std::string paint_wait(const Style& style, protocol::WaitReason reason,
                                     std::string_view text);

}  // namespace xgops::cli
