// SPDX-License-Identifier: MIT
// From the parts of a streamed answer to a report with names.
#pragma once

#include "commands/stack_table_builder.hpp"
#include "report/stack.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/result.hpp"

#include <vector>

namespace xgops::cli {

/// Collects the parts. What they say is not trusted: a reference to a stack that never came is an
/// error.
class StackBuilder {
 public:
  explicit StackBuilder(const SymbolOptions& options) : table_(options) {}

  void add(protocol::Stacks::Response part);

  /// The report. The builder is of no use afterwards.
  /// Errors: `Failure::kBadAnswer` when the parts contradict each other.
  [[nodiscard]] Result<StackReport> finish(ProcessIdentity process);

 private:
  StackTableBuilder table_;
  StackReport report_;
  std::vector<protocol::ThreadStack> threads_;
};

}  // namespace xgops::cli
