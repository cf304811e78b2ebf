// SPDX-License-Identifier: MIT
// One look at everything in a process that runs or waits: what the rules judge.
#pragma once

#include "report/stack.hpp"
#include "xgops/protocol/messages/waits.hpp"

#include <chrono>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace xgops::cli {

struct Look {
  StackReport stacks;  ///< Threads, and tasks one by one.
  std::vector<protocol::WaitObject> objects;
  std::vector<protocol::AnnouncedWait> announced;
  std::vector<protocol::EventPoll> event_polls;
  std::vector<protocol::ThreadExecutors> thread_executors;
  std::vector<protocol::LostException> lost_exceptions;  ///< Checked by nobody: untrusted texts.
  std::uint64_t lost_unlisted = 0;
  std::uint64_t caught_signals = 0;
  bool incomplete = false;  ///< Something is missing: the deadline came first.
  std::chrono::steady_clock::time_point began;
  std::chrono::steady_clock::time_point ended;  ///< All that is in it had been read.

  [[nodiscard]] const std::vector<ReportThread>& threads() const { return stacks.threads; }
  [[nodiscard]] const std::vector<protocol::Task>& tasks() const {
    static const std::vector<protocol::Task> none;
    return stacks.tasks ? stacks.tasks->tasks : none;
  }
};

}  // namespace xgops::cli
