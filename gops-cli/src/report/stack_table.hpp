// SPDX-License-Identifier: MIT
// Stacks with names, whoever they belong to.
#pragma once

#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/symbolize/symbolizer.hpp"

#include <cstdint>
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

}  // namespace xgops::cli
