// SPDX-License-Identifier: MIT
// What a task does and what it waits for, in words.
#pragma once

#include "output/style.hpp"
#include "report/tasks.hpp"
#include "xgops/protocol/messages/tasks.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace xgops::cli {

/// "socket_receive": the stable word for programs.
[[nodiscard]] std::string_view task_reason_id(protocol::TaskWaitReason reason);
/// "socket receive": the same for people.
[[nodiscard]] std::string task_reason_words(protocol::TaskWaitReason reason);
/// "waiting"
[[nodiscard]] std::string_view task_state_id(protocol::TaskState state);
/// "exact", "moving", "partial"
[[nodiscard]] std::string_view task_status_id(protocol::TaskStatus status);

/// How much is said of a wait.
enum class WaitDetail : std::uint8_t {
  kAll,
  kCommon,  ///< Without what differs from task to task: descriptors, addresses, times.
};

/// Whether it waits for a timer that somebody uses as a condition.
[[nodiscard]] bool never_expires(const protocol::Task& task);

/// All but the owner and the age: `socket receive fd 12 127.0.0.1:80 -> 127.0.0.1:51004`, `timer,
/// expires in 1.3 s`; "created", "queued" or "running on thread 4711" when it does not wait.
[[nodiscard]] std::string task_wait_summary(const TaskTable& table, const protocol::Task& task,
                                            WaitDetail detail = WaitDetail::kAll);

/// `held by task 7`, `held by task 7 that has ended`; empty: nobody is known.
[[nodiscard]] std::string task_owner_summary(const protocol::Task& task);

/// `server.cpp:57`, escaped; empty: not known.
[[nodiscard]] std::string place_line(const SourcePlace& place);

/// The innermost frame that is not inside a library's header; 0: there is none.
[[nodiscard]] std::uint32_t user_place(const TaskTable& table, std::uint32_t chain);

/// `text` in the colour of what the task does: running, blocked on another task, or waiting.
[[nodiscard]] std::string paint_task(const Style& style, const protocol::Task& task,
                                     std::string_view text);

}  // namespace xgops::cli
