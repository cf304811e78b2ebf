// SPDX-License-Identifier: MIT
// What an answer cost the target. Ends every answer that reads threads.
#pragma once

#include <cstdint>

namespace xgops::protocol {

struct Cost {
  std::uint64_t elapsed_ns = 0;   ///< From the request's arrival to the last message.
  std::uint64_t cpu_ns = 0;       ///< CPU time of the agent's thread.
  std::uint32_t interrupted = 0;  ///< Threads that ran our signal handler.

  template <class Archive>
  void serialize(Archive& archive) {
    archive(elapsed_ns, cpu_ns, interrupted);
  }
};

}  // namespace xgops::protocol
