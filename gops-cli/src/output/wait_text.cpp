// SPDX-License-Identifier: MIT
// What a thread waits for, in words.
#include "output/wait_text.hpp"

#include "output/escape.hpp"
#include "support/duration.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace xgops::cli {
namespace {

using protocol::OwnerState;
using protocol::Wait;
using protocol::WaitReason;

/// In the order of the enumeration.
constexpr std::array<std::string_view, static_cast<std::size_t>(WaitReason::kLast) + 1>
    kWaitReasons{"unknown",       "running",        "runnable",       "mutex_lock",
                 "rwlock_read",   "rwlock_write",   "condition_wait", "join",
                 "semaphore",     "barrier",        "call_once",      "static_initialization",
                 "future",        "malloc_lock",    "stdio_lock",     "futex",
                 "sleep",         "pause",          "epoll",          "poll",
                 "select",        "io_uring",       "socket_read",    "socket_write",
                 "accept",        "connect",        "pipe_read",      "pipe_write",
                 "file_read",     "file_write",     "file_sync",      "file_lock",
                 "terminal_read", "terminal_write", "event_read",     "message_queue",
                 "signal_wait",   "child_wait",     "page_fault",     "disk",
                 "system_call",   "stopped",        "traced",         "exited"};
static_assert(kWaitReasons.back() == "exited", "a reason is missing above");

bool is_busy(WaitReason reason) {
  return reason == WaitReason::kRunning || reason == WaitReason::kRunnable;
}

bool is_blocked(WaitReason reason) {
  return is_lock_wait(reason) || reason == WaitReason::kDisk || reason == WaitReason::kStopped ||
         reason == WaitReason::kTraced;
}

std::string words_of(std::string_view id) {
  std::string words(id);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

void add_part(std::string& text, std::string_view part) {
  if (!part.empty()) {
    text += text.empty() ? "" : ", ";
    text += part;
  }
}

}  // namespace

bool is_lock_wait(WaitReason reason) {
  switch (reason) {
    case WaitReason::kMutexLock:
    case WaitReason::kRwlockRead:
    case WaitReason::kRwlockWrite:
    case WaitReason::kCallOnce:
    case WaitReason::kStaticInitialization:
    case WaitReason::kMallocLock:
    case WaitReason::kStdioLock:
      return true;
    default:
      return false;
  }
}

std::string_view wait_reason_id(WaitReason reason) {
  const auto index = static_cast<std::size_t>(reason);
  return index < kWaitReasons.size() ? kWaitReasons.at(index) : kWaitReasons.front();
}

std::string wait_reason_words(WaitReason reason) {
  if (reason == WaitReason::kIoUring) {
    return "io_uring";
  }
  return words_of(wait_reason_id(reason));
}

std::string_view state_id(char state) {
  switch (state) {
    case 'R':
      return "running";
    case 'S':
      return "sleeping";
    case 'D':
      return "disk_sleep";
    case 'T':
      return "stopped";
    case 't':
      return "traced";
    case 'Z':
      return "zombie";
    case 'X':
      return "dead";
    case 'I':
      return "idle";
    default:
      return "unknown";
  }
}

std::string state_words(char state) {
  return words_of(state_id(state));
}

std::string_view owner_state_id(OwnerState state) {
  switch (state) {
    case OwnerState::kNone:
      return "none";
    case OwnerState::kLive:
      return "live";
    case OwnerState::kExited:
      return "exited";
  }
  return "none";
}

std::string describe_thread(pid_t tid, const ThreadNames& names) {
  std::string text = "thread " + std::to_string(tid);
  if (const auto found = names.find(tid); found != names.end() && !found->second.empty()) {
    text += " \"" + escape(found->second) + "\"";
  }
  return text;
}

std::string owner_summary(const Wait& wait, const ThreadNames& names) {
  std::string text;
  if (wait.owner_tid != 0) {
    text = wait.reason == WaitReason::kJoin ? "for " : "held by ";
    text += describe_thread(wait.owner_tid, names);
  } else if (wait.owner_state == OwnerState::kExited) {
    text = "held by a thread";
  }
  if (wait.owner_state == OwnerState::kExited) {
    text += ", which has exited";
  }
  if (wait.readers > 0) {
    add_part(text, "held by " + std::to_string(wait.readers) +
                       (wait.readers == 1 ? " reader" : " readers"));
  }
  return text;
}

std::string wait_summary(const Wait& wait, char state) {
  std::string text;
  if (wait.reason == WaitReason::kUnknown) {
    text = state_words(state);
  } else {
    text = wait_reason_words(wait.reason);
  }
  const std::string detail = escape(wait.detail);
  if (wait.fd >= 0) {
    add_part(text, "fd " + std::to_string(wait.fd));
    if (!detail.empty()) {
      text += " (" + detail + ")";
    }
  } else {
    add_part(text, detail);
  }
  if (wait.timeout_ns >= 0) {
    const std::string time = elapsed_text(static_cast<std::uint64_t>(wait.timeout_ns));
    add_part(text, wait.reason == WaitReason::kSleep ? "for " + time : "timeout " + time);
  } else if (wait.timed && wait.reason != WaitReason::kSleep) {
    add_part(text, "with a timeout");
  }
  if (wait.inferred) {
    add_part(text, "inferred");
  }
  return text;
}

std::string paint_wait(const Style& style, WaitReason reason, std::string_view text) {
  if (is_busy(reason)) {
    return style.busy(text);
  }
  return is_blocked(reason) ? style.blocked(text) : style.waiting(text);
}

}  // namespace xgops::cli
