// SPDX-License-Identifier: MIT
// A moment after which one stops waiting.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>

namespace xgops::cli {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline after(std::chrono::milliseconds time) { return Deadline(time); }

  /// How long after its making it passes.
  [[nodiscard]] std::chrono::milliseconds length() const noexcept { return length_; }

  /// Later by `time`, which was ours and not that of the one who is waited for.
  void extend(Clock::duration time) { at_ += time; }

  [[nodiscard]] bool passed() const { return Clock::now() >= at_; }

  /// What poll(2) may wait, rounded up so that a wait never ends just before the deadline.
  [[nodiscard]] int poll_timeout_ms() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - Clock::now()).count();
    return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
  }

 private:
  explicit Deadline(std::chrono::milliseconds length)
      : length_(length), at_(Clock::now() + length) {}

  std::chrono::milliseconds length_;
  Clock::time_point at_;
};

}  // namespace xgops::cli
