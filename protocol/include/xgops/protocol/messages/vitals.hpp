// SPDX-License-Identifier: MIT
// The numbers one looks at first.
#pragma once

#include "xgops/protocol/header.hpp"

#include <array>
#include <cstdint>

namespace xgops::protocol {

struct Vitals {
  static constexpr MessageType kType = MessageType::kVitals;

  struct Request {
    template <class Archive>
    void serialize(Archive&) {}
  };

  struct Response {
    std::uint64_t tasks = 0;
    std::uint32_t os_threads = 0;        ///< Including the agent's own.
    std::uint32_t cpu_count = 0;         ///< CPUs the process may run on (its affinity mask).
    std::uint32_t cpu_quota_millis = 0;  ///< cgroup quota in thousandths of a CPU; 0: none.
    std::array<std::uint32_t, 3> load_millis{};  ///< 1, 5, 15 minutes, in thousandths.
    std::uint64_t rss_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t uptime_ns = 0;
    std::uint64_t cpu_time_ns = 0;  ///< User and system time of all threads, living and gone.
    std::uint32_t open_fds = 0;
    std::uint64_t fd_limit = 0;         ///< Soft RLIMIT_NOFILE.
    std::uint64_t requests_served = 0;  ///< By this agent since its start.
    std::uint64_t peers_refused = 0;    ///< Connections of other users.

    template <class Archive>
    void serialize(Archive& archive) {
      archive(tasks, os_threads, cpu_count, cpu_quota_millis, load_millis, rss_bytes, virtual_bytes,
              uptime_ns, cpu_time_ns, open_fds, fd_limit, requests_served, peers_refused);
    }
  };
};

}  // namespace xgops::protocol
