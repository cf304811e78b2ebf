// SPDX-License-Identifier: MIT
// What threads wait for, in words.
#pragma once

#include "threads/capture.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace xgops::leaks {

[[nodiscard]] inline std::string thread_words(threads::WaitReason reason) {
  constexpr std::array<std::string_view, 44> kWords{
      "waiting",       "running",        "runnable",       "mutex lock",
      "rwlock read",   "rwlock write",   "condition wait", "join",
      "semaphore",     "barrier",        "call once",      "static initialization",
      "future",        "malloc lock",    "stdio lock",     "futex",
      "sleep",         "pause",          "epoll",          "poll",
      "select",        "io_uring",       "socket read",    "socket write",
      "accept",        "connect",        "pipe read",      "pipe write",
      "file read",     "file write",     "file sync",      "file lock",
      "terminal read", "terminal write", "event read",     "message queue",
      "signal wait",   "child wait",     "page fault",     "disk",
      "system call",   "stopped",        "traced",         "ended",
  };
  static_assert(kWords.size() == static_cast<std::size_t>(threads::WaitReason::kExited) + 1);
  return std::string(kWords[static_cast<std::size_t>(reason)]);
}

}  // namespace xgops::leaks
