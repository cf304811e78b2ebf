// SPDX-License-Identifier: MIT
// Points in time that may lie for ever ahead.
#pragma once

#include <chrono>

namespace xgops::support {

/// `duration` after `begin`; the last point there is when that is beyond it.
[[nodiscard]] constexpr std::chrono::steady_clock::time_point later(
    std::chrono::steady_clock::time_point begin, std::chrono::nanoseconds duration) noexcept {
  using TimePoint = std::chrono::steady_clock::time_point;
  return duration > TimePoint::max() - begin ? TimePoint::max() : begin + duration;
}

}  // namespace xgops::support
