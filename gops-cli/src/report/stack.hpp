// SPDX-License-Identifier: MIT
// What `xgops stack` found.
#pragma once

#include "report/dump.hpp"
#include "report/process.hpp"
#include "report/stack_table.hpp"
#include "report/tasks.hpp"
#include "xgops/protocol/messages/cost.hpp"
#include "xgops/protocol/messages/stacks.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xgops::cli {

struct ReportThread {
  protocol::ThreadFacts facts;
  protocol::StackStatus status = protocol::StackStatus::kUnavailable;
  protocol::StackMethod method = protocol::StackMethod::kNone;
  std::string reason;                  ///< Empty when `status` is exact.
  std::optional<std::uint32_t> stack;  ///< Into StackTable::stacks.
};

struct StackReport {
  ProcessIdentity process;
  bool with_threads = true;  ///< Threads were asked for.
  StackTable table;
  std::vector<ReportThread> threads;  ///< In ascending order of TID.
  std::uint32_t dropped = 0;          ///< Threads that ended while they were read.
  bool truncated = false;             ///< The deadline came first.
  protocol::Cost cost;
  std::optional<DumpFacts> dump;   ///< Of a report from a dump; else nothing.
  std::optional<TaskTable> tasks;  ///< Nothing: not asked for, or the agent knows of none.
};

}  // namespace xgops::cli
