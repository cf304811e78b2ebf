// SPDX-License-Identifier: MIT
// Exceptions that ended tasks of which nobody was told.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xgops::tasks {

/// Those of one type, of tasks created at one place. Texts end with a zero and are cut to fit.
struct LostException {
  std::uint64_t created_at = 0;  ///< As `CodeLocation::word`.
  std::uint64_t place = 0;       ///< Where the last one's task was suspended last; 0: it never was.
  std::uint64_t function = 0;
  std::uint64_t count = 0;
  std::uint64_t last_task = 0;
  std::uint32_t last = 0;        ///< As `coarse_ticks`.
  std::array<char, 160> type{};  ///< Mangled.
  std::array<char, 160> what{};  ///< Of the last one.
  std::array<char, 48> name{};   ///< Of the last one's task.
};

/// Kinds of them, in a fixed place. Thread safety: all of it. Who adds waits for nobody for long:
/// what cannot be noted is counted.
class LostExceptions {
 public:
  static constexpr std::size_t kMost = 32;

  constexpr LostExceptions() noexcept = default;

  /// `seen.count` is ignored.
  void add(const LostException& seen) noexcept;
  [[nodiscard]] std::vector<LostException> list() const;
  /// Exceptions that are in no list: there were too many kinds, or too many at once.
  [[nodiscard]] std::uint64_t unlisted() const noexcept {
    return unlisted_.load(std::memory_order_relaxed);
  }

 private:
  class Turn;

  mutable std::atomic_flag busy_;
  std::size_t kinds_ = 0;
  std::array<LostException, kMost> all_{};
  std::atomic<std::uint64_t> unlisted_{0};
};

/// The one of this process.
[[nodiscard]] LostExceptions& lost_exceptions() noexcept;

}  // namespace xgops::tasks
