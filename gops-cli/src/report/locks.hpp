// SPDX-License-Identifier: MIT
// What `xgops locks` found.
#pragma once

#include "report/process.hpp"
#include "xgops/protocol/messages/cost.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace xgops::cli {

/// A thread or task that holds something or waits for it.
struct Party {
  bool is_thread = true;
  std::uint64_t id = 0;
  std::string name;   ///< Untrusted text; may be empty.
  bool gone = false;  ///< It has ended.
};

/// Something that somebody waits for.
struct LockRow {
  std::string kind;  ///< "mutex", "rwlock", "channel".
  std::uint64_t address = 0;
  std::string detail;  ///< Such as "recursive"; untrusted text.
  std::vector<Party> holders;
  std::uint64_t unnamed_holders = 0;  ///< Beside those: readers that are only counted.
  std::vector<Party> waiters;         ///< Longest first.
  std::int64_t longest_ns = -1;       ///< -1: not known.
};

struct LocksReport {
  ProcessIdentity process;
  std::vector<LockRow> locks;  ///< Longest wait first.
  bool incomplete = false;
  std::uint64_t threads = 0;  ///< Looked at.
  std::uint64_t tasks = 0;
  protocol::Cost cost;
};

}  // namespace xgops::cli
