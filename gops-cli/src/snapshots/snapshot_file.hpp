// SPDX-License-Identifier: MIT
// A snapshot of all threads, tasks and waits of a process, and the file that keeps it.
#pragma once

#include "xgops/protocol/messages/hello.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/protocol/messages/tasks.hpp"
#include "xgops/protocol/messages/waits.hpp"
#include "xgops/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace xgops::cli {

/// Three answers at most, see `kMaxAnswerBytes`.
inline constexpr std::size_t kMaxSnapshotBytes = std::size_t{400} * 1024 * 1024;

/// The answers of an agent as they came, and what tells this process from every other one.
struct Snapshot {
  std::string boot_id;              ///< Of the kernel; empty: not known.
  std::uint64_t time_ns = 0;        ///< Since 1970, UTC.
  std::uint64_t since_boot_ns = 0;  ///< The same moment; a clock that nobody sets.
  pid_t pid = 0;                    ///< As whoever took it saw it.
  std::string name;                 ///< Untrusted text; may be empty.
  protocol::Hello::Response hello;  ///< With the PID, the start time and the instance.
  std::vector<protocol::Stacks::Response> stacks;
  std::vector<protocol::Tasks::Response> tasks;  ///< None: an agent of before tasks.
  std::vector<protocol::Waits::Response> waits;
};

/// The file: a line `xgops-snapshot 1`, lines `key value`, an empty line; then messages as on the
/// socket, each with its header: `Hello`, `Stacks`, `Tasks` and `Waits`. See PROTOCOL.md for these.
[[nodiscard]] std::string encode_snapshot(const Snapshot& snapshot);

/// Reads such a file. Nothing in it is trusted: every length is checked before memory is taken, of
/// which less than 20 times the size of `file` is needed. Keys and messages of later versions are
/// passed over.
/// Errors: `Failure::kBadAnswer`: it is none, is cut short, or makes no sense.
[[nodiscard]] Result<Snapshot> parse_snapshot(std::string_view file);

}  // namespace xgops::cli
