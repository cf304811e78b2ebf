// SPDX-License-Identifier: MIT
// Sockets that an agent could not name: it may not always look at a descriptor of its process.
#pragma once

#include "proc/process.hpp"
#include "xgops/protocol/messages/threads.hpp"

#include <vector>

#include <sys/types.h>

namespace xgops::cli {

/// Where a thread of `pid` waits for "socket:[4711]", puts in what the kernel lists under that
/// inode. Reads nothing when there is no such wait.
void name_sockets(const proc::Table& processes, pid_t pid,
                  const std::vector<protocol::ThreadFacts*>& threads);

}  // namespace xgops::cli
