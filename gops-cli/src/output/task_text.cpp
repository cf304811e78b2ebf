// SPDX-License-Identifier: MIT
// What a task does and what it waits for, in words.
#include "output/task_text.hpp"

#include "output/escape.hpp"
#include "support/duration.hpp"
#include "xgops/symbolize/function_name.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace xgops::cli {
namespace {

using protocol::Task;
using protocol::TaskArgument;
using protocol::TaskOwner;
using protocol::TaskState;
using protocol::TaskWaitReason;

/// In the order of the enumeration.
constexpr std::array<std::string_view, static_cast<std::size_t>(TaskWaitReason::kLast) + 1>
    kReasons{"none",
             "unknown",
             "operation",
             "timer",
             "socket_receive",
             "socket_send",
             "socket_readable",
             "socket_writable",
             "accept",
             "connect",
             "resolve",
             "signal",
             "descriptor_read",
             "descriptor_write",
             "file_read",
             "file_write",
             "channel_send",
             "channel_receive",
             "post",
             "join",
             "all_of",
             "first_of",
             "generator",
             "mutex_lock",
             "rwlock_read",
             "rwlock_write",
             "condition_wait",
             "semaphore",
             "wait_group",
             "barrier",
             "call_once",
             "future",
             "select",
             "custom"};
static_assert(kReasons.back() == "custom", "a reason is missing above");

/// Longer names of types are cut.
constexpr std::size_t kTypeBytes = 60;
/// Whoever waits for a timer that is further away uses it as a condition: it never expires.
constexpr std::int64_t kForEverNs = std::int64_t{100} * 365 * 86400 * 1'000'000'000;
constexpr std::int64_t kMinuteNs = 60'000'000'000;

std::string span_text(std::int64_t nanoseconds) {
  return nanoseconds < kMinuteNs ? elapsed_text(static_cast<std::uint64_t>(nanoseconds))
                                 : age_text(nanoseconds);
}

std::string expiry_text(std::uint64_t argument) {
  const auto left = static_cast<std::int64_t>(argument);
  if (left >= kForEverNs) {
    return ", never expires";
  }
  // The lowest number has no positive counterpart.
  return left >= 0 ? ", expires in " + span_text(left)
                   : ", expired " + span_text(-std::max(left, -kForEverNs)) + " ago";
}

bool is_blocked(TaskWaitReason reason) {
  return reason == TaskWaitReason::kMutexLock || reason == TaskWaitReason::kRwlockRead ||
         reason == TaskWaitReason::kRwlockWrite || reason == TaskWaitReason::kCallOnce;
}

std::string operations_text(std::string_view which, const Task& task, WaitDetail detail) {
  const bool counted =
      detail == WaitDetail::kAll && task.argument_kind == TaskArgument::kCount && task.argument > 0;
  return std::string(which) + (counted ? std::to_string(task.argument) : "several") +
         (counted && task.argument == 1 ? " operation" : " operations");
}

/// The word for the wait; `named` is set when the task's detail is part of it.
std::string wait_words(const TaskTable& table, const Task& task, WaitDetail detail, bool& named) {
  const std::string& text = table.text(task.detail);
  named = true;
  switch (task.reason) {
    case TaskWaitReason::kUnknown:
      return text.empty() ? "asynchronous operation"
                          : "asynchronous operation (" +
                                escape(symbolize::short_type(text, kTypeBytes)) + ")";
    case TaskWaitReason::kOperation:
    case TaskWaitReason::kCustom:
      if (!text.empty()) {
        return escape(text);
      }
      break;
    case TaskWaitReason::kAllOf:
      return operations_text("all of ", task, detail);
    case TaskWaitReason::kFirstOf:
      return operations_text("first of ", task, detail);
    default:
      break;
  }
  named = false;
  return task_reason_words(task.reason);
}

std::string argument_text(const Task& task) {
  switch (task.argument_kind) {
    case TaskArgument::kDescriptor:
      return " fd " + std::to_string(static_cast<std::int64_t>(task.argument));
    case TaskArgument::kExpiry:
      return expiry_text(task.argument);
    case TaskArgument::kObject:
      return task.argument == 0 ? std::string() : " " + hex_text(task.argument);
    case TaskArgument::kTask:
      return task.argument == 0 ? std::string() : " of task " + std::to_string(task.argument);
    case TaskArgument::kCount:
    case TaskArgument::kNone:
      break;
  }
  return {};
}

/// Headers of libraries: what a user did not write.
bool is_library_file(std::string_view file) {
  constexpr std::array<std::string_view, 3> kFolders{"/usr/include/", "/usr/lib/",
                                                     "/usr/local/include/"};
  constexpr std::array<std::string_view, 4> kParts{"/asio/detail/", "/asio/impl/",
                                                   "/asio/experimental/", "/boost/asio/"};
  const auto begins = [&](std::string_view folder) {
    return file.substr(0, folder.size()) == folder;
  };
  const auto has = [&](std::string_view part) { return file.find(part) != std::string_view::npos; };
  return std::any_of(kFolders.begin(), kFolders.end(), begins) ||
         std::any_of(kParts.begin(), kParts.end(), has);
}

}  // namespace

std::string_view task_reason_id(TaskWaitReason reason) {
  const auto index = static_cast<std::size_t>(reason);
  return index < kReasons.size() ? kReasons.at(index) : kReasons.at(1);
}

std::string task_reason_words(TaskWaitReason reason) {
  if (reason == TaskWaitReason::kUnknown || reason == TaskWaitReason::kOperation) {
    return "asynchronous operation";
  }
  std::string words(task_reason_id(reason));
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

bool never_expires(const Task& task) {
  return task.reason == TaskWaitReason::kTimer && task.argument_kind == TaskArgument::kExpiry &&
         static_cast<std::int64_t>(task.argument) >= kForEverNs;
}

std::string_view task_state_id(TaskState state) {
  switch (state) {
    case TaskState::kCreated:
      return "created";
    case TaskState::kReady:
      return "ready";
    case TaskState::kRunning:
      return "running";
    case TaskState::kWaiting:
      return "waiting";
  }
  return "waiting";
}

std::string_view task_status_id(protocol::TaskStatus status) {
  switch (status) {
    case protocol::TaskStatus::kExact:
      return "exact";
    case protocol::TaskStatus::kMoving:
      return "moving";
    case protocol::TaskStatus::kPartial:
      return "partial";
  }
  return "partial";
}

std::string task_wait_summary(const TaskTable& table, const Task& task, WaitDetail detail) {
  switch (task.state) {
    case TaskState::kCreated:
      return "created";
    case TaskState::kReady:
      return "queued";
    case TaskState::kRunning:
      return task.tid == 0 || detail == WaitDetail::kCommon
                 ? "running"
                 : "running on thread " + std::to_string(task.tid);
    case TaskState::kWaiting:
      break;
  }
  if (task.reason == TaskWaitReason::kPost) {
    return "queued";
  }
  if (task.reason == TaskWaitReason::kNone) {
    return "waiting";
  }
  bool named = false;
  std::string text = wait_words(table, task, detail, named);
  if (detail == WaitDetail::kAll) {
    text += argument_text(task);
    if (const std::string& more = table.text(task.detail); !named && !more.empty()) {
      text += " " + escape(more);
    }
  }
  return text;
}

std::string task_owner_summary(const Task& task) {
  const std::string id = std::to_string(task.owner);
  switch (task.owner_kind) {
    case TaskOwner::kNone:
      return {};
    case TaskOwner::kTask:
      return "held by task " + id;
    case TaskOwner::kThread:
      return "held by thread " + id;
    case TaskOwner::kGone:
      return "held by task " + id + " that has ended";
    case TaskOwner::kGoneThread:
      return "held by thread " + id + " that has ended";
  }
  return {};
}

std::string place_line(const SourcePlace& place) {
  if (place.file.empty()) {
    return {};
  }
  const std::string file = escape(place.file);
  return place.line == 0 ? file : file + ":" + std::to_string(place.line);
}

std::uint32_t user_place(const TaskTable& table, std::uint32_t chain) {
  std::uint32_t innermost = 0;
  for (const std::uint32_t id : table.chain(chain)) {
    if (id != 0 && !is_library_file(table.place(id).file)) {
      return id;
    }
    innermost = innermost == 0 ? id : innermost;
  }
  return innermost;
}

std::string paint_task(const Style& style, const Task& task, std::string_view text) {
  if (task.state != TaskState::kWaiting) {
    return style.busy(text);
  }
  return is_blocked(task.reason) ? style.blocked(text) : style.waiting(text);
}

}  // namespace xgops::cli
