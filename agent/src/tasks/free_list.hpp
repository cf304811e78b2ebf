// SPDX-License-Identifier: MIT
// Batches of free blocks that all threads share, without a lock.
#pragma once

#include <atomic>
#include <cstdint>

namespace xgops::tasks {

/// A stack of batches. `Link` reads and writes the pointer to the next batch inside a free block:
/// `static T* next(const T&)` and `static void set_next(T&, T*)`. Blocks must stay readable for
/// ever: `pop` may read one that another thread has taken and uses already.
///
/// Based on R. K. Treiber's stack (1986); a counter beside the pointer tells a batch that was taken
/// and came back from one that never left.
template <class T, class Link>
class BatchStack {
 public:
  void push(T* batch) noexcept {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    std::uint64_t wanted = 0;
    do {
      Link::set_next(*batch, block_of(head));
      wanted = pack(batch, head);
    } while (!head_.compare_exchange_weak(head, wanted, std::memory_order_release,
                                          std::memory_order_relaxed));
  }

  /// Null: there is none.
  [[nodiscard]] T* pop() noexcept {
    std::uint64_t head = head_.load(std::memory_order_acquire);
    std::uint64_t wanted = 0;
    do {
      if (block_of(head) == nullptr) {
        return nullptr;
      }
      wanted = pack(Link::next(*block_of(head)), head);
    } while (!head_.compare_exchange_weak(head, wanted, std::memory_order_acquire,
                                          std::memory_order_acquire));
    return block_of(head);
  }

 private:
  // User-space addresses have 47 bits, and all blocks are aligned to 16 bytes.
  static constexpr unsigned kPointerBits = 47 - 4;
  static constexpr std::uint64_t kPointerMask = (std::uint64_t{1} << kPointerBits) - 1;

  static T* block_of(std::uint64_t head) noexcept {
    return reinterpret_cast<T*>((head & kPointerMask) << 4);
  }
  static std::uint64_t pack(T* block, std::uint64_t before) noexcept {
    const std::uint64_t counter = (before >> kPointerBits) + 1;
    return ((reinterpret_cast<std::uint64_t>(block) >> 4) & kPointerMask) |
           (counter << kPointerBits);
  }

  std::atomic<std::uint64_t> head_{0};
};

}  // namespace xgops::tasks
