// SPDX-License-Identifier: MIT
// A flag that is set once and can be waited for with a deadline.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace xgops::support {

/// Waits on a futex: no descriptor, no timer, and nothing of the C++ library that other copies of
/// it in the process could share.
///
/// Thread safety: all members may run at the same time, except the constructor and destructor.
class Event {
 public:
  Event() = default;
  ~Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void set() noexcept;
  [[nodiscard]] bool is_set() const noexcept { return state_.load() != 0; }
  void wait() const noexcept;
  /// False: the deadline came first.
  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point deadline) const noexcept;

 private:
  std::atomic<std::uint32_t> state_{0};
};

}  // namespace xgops::support
