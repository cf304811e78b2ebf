// SPDX-License-Identifier: MIT
// Ctrl-C for commands that go on until somebody has seen enough.
#pragma once

#include "support/unique_fd.hpp"

#include <array>
#include <chrono>
#include <csignal>

namespace xgops::cli {

/// From construction to destruction the first SIGINT, SIGTERM, SIGHUP or SIGQUIT only says that it
/// is time to end; a second one kills as always. What was ignored before stays ignored. One object
/// at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// Waits until `moment`. False: it is time to end.
  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point moment) const;
  /// Can be read once it is time to end, for who waits for other things, too.
  [[nodiscard]] int descriptor() const noexcept { return event_.get(); }
  /// The signal that said so last; 0: none has.
  [[nodiscard]] int signal() const noexcept;

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

  UniqueFd event_;
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace xgops::cli
