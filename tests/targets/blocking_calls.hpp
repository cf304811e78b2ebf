// SPDX-License-Identifier: MIT
// Every call known to block, ready to be made: signals cut about half of them short, a debugger a
// quarter (signal(7)).
#pragma once

#include "io_support.hpp"

#include <functional>
#include <string>
#include <vector>

namespace target {

struct BlockingCall {
  std::string name;
  long system_call;
  /// Prepares, announces itself as about to block, and blocks. Returns what the call returned.
  std::function<long(Actor&)> block;
};

/// Those that this kernel permits.
std::vector<BlockingCall> blocking_calls();

// The groups, one source file each.
void append_io_calls(std::vector<BlockingCall>& calls);
void append_sleeping_calls(std::vector<BlockingCall>& calls);
void append_locking_calls(std::vector<BlockingCall>& calls);
void append_kernel_object_calls(std::vector<BlockingCall>& calls);

}  // namespace target
