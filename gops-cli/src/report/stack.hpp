// SPDX-License-Identifier: MIT
// What `xgops stack` found.
#pragma once

#include "report/process.hpp"
#include "xgops/protocol/messages/cost.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xgops::cli {

/// One instruction pointer of a stack.
struct ReportFrame {
  std::uint64_t instruction_pointer = 0;
  std::uint32_t location = 0;  ///< Into StackTable::locations.
  bool inferred = false;
};

struct ReportStack {
  bool truncated = false;           ///< There are more frames than were asked for.
  std::vector<ReportFrame> frames;  ///< Innermost first.
};

/// Distinct stacks with names.
struct StackTable {
  std::vector<protocol::Module> modules;  ///< In ascending order of address.
  /// Each distinct instruction pointer once: its functions, innermost inlined one first.
  std::vector<std::vector<symbolize::Symbol>> locations;
  std::vector<ReportStack> stacks;
  std::vector<std::string> symbol_notes;  ///< Why names may be missing.
};

struct ReportThread {
  protocol::ThreadFacts facts;
  protocol::StackStatus status = protocol::StackStatus::kUnavailable;
  protocol::StackMethod method = protocol::StackMethod::kNone;
  std::string reason;                  ///< Empty when `status` is exact.
  std::optional<std::uint32_t> stack;  ///< Into StackTable::stacks.
};

struct StackReport {
  ProcessIdentity process;
  StackTable table;
  std::vector<ReportThread> threads;  ///< In ascending order of TID.
  std::uint32_t dropped = 0;          ///< Threads that ended while they were read.
  bool truncated = false;             ///< The deadline came first.
  protocol::Cost cost;
};

}  // namespace xgops::cli
