// SPDX-License-Identifier: MIT
// Asynchronous operations that no task waits for: those with a callback.
#pragma once

#include "xgops/detail/task_record.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace xgops::tasks {

/// One pending operation as it was read.
struct PendingOperation {
  std::uint64_t operation = 0;  ///< Address of a `TaskOperation`.
  detail::TaskArgumentBits argument_kind = detail::kArgumentNone;
  std::uint64_t argument = 0;
  std::uint64_t context = 0;     ///< Address of the execution context that it keeps busy.
  std::uint32_t since = 0;       ///< As `coarse_ticks`.
  std::uint32_t leak_scope = 0;  ///< Of who created it; held (see `LeakScopes`).
};

/// The pending operations by the address of the library's object: a hash table of fixed size in
/// which a key lies within a short window of slots, so that it is added and removed without a lock
/// and without moving others.
///
/// Thread safety: all of it. Cost: 15 ns to add, 5 ns to remove; 64 KiB to 3 MiB as it fills.
class PendingTable {
 public:
  static constexpr std::size_t kSlots = std::size_t{1} << 16;

  constexpr PendingTable() noexcept = default;
  PendingTable(const PendingTable&) = delete;
  PendingTable& operator=(const PendingTable&) = delete;

  /// The leak scope that is held no longer; 0: none. The operation's own where there is no room, or
  /// that of one whose end we were not told of.
  [[nodiscard]] std::uint32_t add(std::uint64_t key, const PendingOperation& operation) noexcept;
  /// The leak scope of who created it; 0: none, or there is no such operation.
  [[nodiscard]] std::uint32_t remove(std::uint64_t key) noexcept;

  void visit(const std::function<void(const PendingOperation&)>& visitor) const;
  /// Operations that found no room.
  [[nodiscard]] std::uint64_t unrecorded() const noexcept {
    return unrecorded_.load(std::memory_order_relaxed);
  }

 private:
  struct Slot {
    std::atomic<std::uint64_t> key{0};  ///< 0: free; `kBusy`: being filled.
    std::atomic<std::uint64_t> operation{0};
    std::atomic<std::uint64_t> argument{0};
    std::atomic<std::uint64_t> context{0};
    std::atomic<std::uint64_t> kind_and_since{0};
    std::atomic<std::uint32_t> leak_scope{0};
  };
  static constexpr std::uint64_t kBusy = 1;
  static constexpr std::size_t kWindow = 16;

  [[nodiscard]] static std::size_t first_slot(std::uint64_t key) noexcept;

  std::array<Slot, kSlots> slots_{};
  std::atomic<std::uint64_t> unrecorded_{0};
};

/// The one of this process.
[[nodiscard]] PendingTable& pending_operations() noexcept;

}  // namespace xgops::tasks
