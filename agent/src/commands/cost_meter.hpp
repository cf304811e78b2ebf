// SPDX-License-Identifier: MIT
// Measures what an answer costs.
#pragma once

#include "xgops/protocol/messages/cost.hpp"

#include <chrono>
#include <cstdint>

#include <time.h>

namespace xgops::commands {

/// Time since the request arrived, and CPU time of this thread since the construction.
class CostMeter {
 public:
  explicit CostMeter(std::chrono::steady_clock::time_point arrival) noexcept
      : arrival_(arrival), cpu_before_(cpu_time_ns()) {}

  [[nodiscard]] protocol::Cost cost() const noexcept {
    const std::chrono::nanoseconds elapsed = std::chrono::steady_clock::now() - arrival_;
    protocol::Cost cost;
    cost.elapsed_ns = static_cast<std::uint64_t>(elapsed.count());
    cost.cpu_ns = cpu_time_ns() - cpu_before_;
    return cost;
  }

 private:
  [[nodiscard]] static std::uint64_t cpu_time_ns() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(time.tv_nsec);
  }

  const std::chrono::steady_clock::time_point arrival_;
  const std::uint64_t cpu_before_;
};

}  // namespace xgops::commands
