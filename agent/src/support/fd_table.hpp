// SPDX-License-Identifier: MIT
// A descriptor table of the agent's own, so that the host cannot close, steal, leak or inherit what
// the agent has open.
#pragma once

#include <cstdint>

namespace xgops::support {

enum class FdTable : std::uint8_t {
  kShared = 0,  ///< The host's: numbers may be closed and reused under us at any time.
  kPrivate,     ///< The calling thread's own, with /dev/null on 0, 1 and 2 and nothing else.
};

/// Gives the calling thread an empty descriptor table of its own where the system allows it.
///
/// Threads that were started before keep the old table; a forked child gets the table of the thread
/// that forks. Needs close_range(2) with CLOSE_RANGE_UNSHARE (Linux 5.9) or unshare(2).
FdTable leave_host_fd_table() noexcept;

}  // namespace xgops::support
