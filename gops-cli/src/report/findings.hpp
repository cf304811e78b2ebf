// SPDX-License-Identifier: MIT
// What `xgops diagnose` found.
#pragma once

#include "report/process.hpp"
#include "report/stack.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xgops::cli {

enum class Severity : std::uint8_t {
  kError,    ///< It will not go on by itself.
  kWarning,  ///< It may be meant so.
};

/// Why somebody will never go on, the strongest evidence first.
enum class Evidence : std::uint8_t {
  kNone,
  kCycle,         ///< Each waits for the next, or one for itself.
  kHolderGone,    ///< Who could have ended the wait has ended.
  kNobody,        ///< Nobody could ever end it: a channel without another end.
  kUnreachable,   ///< Nothing in the process leads to what it waits for: proven.
  kNobodyCanRun,  ///< Nobody in the process is left to end it.
  kBehind,        ///< It waits for one of those.
};

/// A thread or a task, as a place in the report's lists.
struct Who {
  bool is_thread = true;
  std::size_t index = 0;  ///< Into `StackReport::threads`, or its `TaskTable::tasks`.

  friend bool operator==(const Who&, const Who&) = default;
};

struct Finding {
  std::string rule;  ///< "deadlock"
  Severity severity = Severity::kError;
  Evidence evidence = Evidence::kNone;  ///< Of the rules about who waits for whom.
  std::string sentence;                 ///< What is wrong. Contains untrusted text.
  /// The evidence, in the order in which each waits for the next.
  std::vector<Who> members;
  std::uint64_t unlisted = 0;  ///< Members beside these.
  std::vector<Who> behind;     ///< Who waits for the members, the first few.
  std::uint64_t behind_count = 0;
  std::vector<std::string> notes;
};

struct RuleInfo {
  std::string id;
  std::string summary;  ///< One sentence, no full stop.
};

struct FindingsReport {
  ProcessIdentity process;
  std::vector<Finding> findings;  ///< The most certain first.
  std::vector<RuleInfo> rules;    ///< That were applied.
  StackReport look;               ///< With the stacks of all members.
  bool looked_twice = false;
  std::chrono::milliseconds between{0};  ///< From the first look to the last.
  bool incomplete = false;               ///< A look lacked something.
};

}  // namespace xgops::cli
