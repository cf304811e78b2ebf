// SPDX-License-Identifier: MIT
// Reads the dumps that the agent writes into text: a file of their own, or among other output. The
// format is described in agent/README.md.
#pragma once

#include "report/dump.hpp"
#include "report/process.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/protocol/messages/tasks.hpp"
#include "xgops/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace xgops::cli {

/// A dump as the messages of an agent would have told it.
struct ParsedDump {
  DumpFacts facts;
  ProcessIdentity process;
  protocol::Stacks::Response stacks;
  protocol::Tasks::Response tasks;
};

/// The ids of the dumps that begin in `text`, in order. The same id may come twice: numbers of
/// processes are used again.
[[nodiscard]] std::vector<std::string> find_dumps(std::string_view text);

/// The last dump with this id; the last of all when `id` is empty.
///
/// Nothing in `text` is trusted. Lines that make no sense are counted and left out; what came in
/// between is passed over. Memory: less than 20 times the size of `text`.
/// Errors: `Failure::kBadAnswer` when there is no such dump, or a newer agent wrote it.
[[nodiscard]] Result<ParsedDump> parse_dump(std::string_view text, std::string_view id);

}  // namespace xgops::cli
