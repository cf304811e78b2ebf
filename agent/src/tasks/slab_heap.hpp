// SPDX-License-Identifier: MIT
// Blocks of equal size in slabs, whose memory goes back to the system when a slab is empty.
#pragma once

#include "tasks/arena.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <sys/mman.h>

namespace xgops::tasks {

/// Free blocks, linked through themselves.
struct BlockChain {
  std::byte* first = nullptr;
  std::uint32_t count = 0;
};

/// All threads share it without a lock; `grow` alone is called by one at a time, see `take`. A slab
/// is 64 KiB that hold blocks of one class. Its memory stays readable for ever, as zeros once it
/// was given back; its addresses stay with the class.
///
/// `Layout` says what lies where:
/// - `std::size_t first(slab)`: the offset of the first block of slab number `slab`,
/// - `std::size_t bytes(size_class)`: the size of a block,
/// - `std::size_t end()`: the offset behind the last block, at most `kSlabBytes`,
/// - `void prepare(std::byte* slab, size_class)`: called before the blocks of a slab of zeros are
///   handed out for the first time and after its memory was given back,
/// - `next(const std::byte*)`, `set_next(std::byte*, std::byte*)`: the link within a free block.
///   Somebody may read the block meanwhile.
///
/// Each slab has one word: its free blocks and their number. The idea to keep free blocks by slab
/// is of J. Bonwick, "The Slab Allocator" (1994); the list of slabs is R. K. Treiber's stack (1986)
/// with a counter against a slab that left and came back.
template <class Layout, std::size_t kClasses>
class SlabHeap {
 public:
  static constexpr std::size_t kSlabBytes = std::size_t{64} << 10;

  /// `kept_slabs`: so many empty slabs keep their memory, for tasks that come and go.
  constexpr SlabHeap(std::size_t reserved_bytes, std::uint32_t kept_slabs) noexcept
      : arena_(reserved_bytes),
        table_((reserved_bytes / kSlabBytes * sizeof(Slab) + kTableStep - 1) & ~(kTableStep - 1)),
        kept_slabs_(kept_slabs) {}

  /// At most `most` free blocks of one slab that has any; none: there is no such slab.
  [[nodiscard]] BlockChain take(std::size_t size_class, std::uint32_t most) noexcept {
    while (Slab* const slab = pop(size_class)) {
      std::uint64_t state = slab->state.load(std::memory_order_acquire);
      for (;;) {
        // Who gives its memory back puts it back into the list afterwards.
        const bool is_busy = (state & kReturning) != 0;
        const std::uint64_t wanted = is_busy ? state & ~kListed : 0;
        if (slab->state.compare_exchange_weak(state, wanted, std::memory_order_acq_rel,
                                              std::memory_order_acquire)) {
          break;
        }
      }
      if ((state & kReturning) != 0) {
        continue;
      }
      const std::size_t number = number_of(*slab);
      if ((state & kReturned) != 0) {
        return first_of(format(number, size_class), size_class, most);
      }
      const std::uint32_t count = count_of(state);
      if (count == blocks_in(number, size_class)) {
        empty_slabs_.fetch_sub(1, std::memory_order_relaxed);
      }
      return first_of({block_at(number, state), count}, size_class, most);
    }
    return {};
  }

  /// As `take`, from a new slab; none: there is no memory. Callers take turns.
  [[nodiscard]] BlockChain grow(std::size_t size_class, std::uint32_t most) noexcept {
    const std::size_t number = slab_count();
    if ((number + 1) * sizeof(Slab) > table_bytes() && table_.grow(kTableStep) == nullptr) {
      return {};
    }
    if (arena_.grow(kSlabBytes) == nullptr) {
      return {};
    }
    return first_of(format(number, size_class), size_class, most);
  }

  /// Gives blocks back, whoever took them. `first` to the block without a next one.
  void give(std::byte* first, std::size_t size_class) noexcept {
    give(first, size_class, [](std::byte* /*block*/) {});
  }
  /// The same for a chain in which others may be, which `take_outside(std::byte*)` gets.
  template <class TakeOutside>
  void give(std::byte* first, std::size_t size_class, TakeOutside take_outside) noexcept {
    while (first != nullptr) {
      if (!contains(first)) [[unlikely]] {
        take_outside(std::exchange(first, Layout::next(first)));
        continue;
      }
      // Neighbours often come back together: one exchange for all of them.
      const std::size_t number = number_of(first);
      std::byte* last = first;
      std::uint32_t count = 1;
      std::byte* next = Layout::next(last);
      while (next != nullptr && number_of(next) == number) {
        last = next;
        ++count;
        next = Layout::next(last);
      }
      give_to(number, size_class, {first, count}, last);
      first = next;
    }
  }

  /// Calls `visit(block)` for all free blocks that no thread keeps. For a copy of the memory in
  /// which nobody runs, or while nobody does. Those of slabs without memory are left out.
  template <class Visit>
  void visit_free(Visit&& visit) const {
    const std::size_t known = table_bytes() / sizeof(Slab);
    for (std::size_t number = 0; number < slab_count() && number < known; ++number) {
      const std::uint64_t state = slabs()[number].state.load(std::memory_order_relaxed);
      const std::byte* block =
          (state & (kReturning | kReturned)) != 0 ? nullptr : block_at(number, state);
      for (std::uint32_t n = count_of(state); n > 0 && block != nullptr && contains(block); --n) {
        visit(block);
        block = Layout::next(block);
      }
    }
  }
  /// Where its own words are.
  [[nodiscard]] const Arena& table() const noexcept { return table_; }

  [[nodiscard]] bool contains(const std::byte* block) const noexcept {
    return arena_.contains(reinterpret_cast<std::uint64_t>(block), 1);
  }
  [[nodiscard]] const Arena& memory() const noexcept { return arena_; }
  /// Slabs whose blocks are all free and whose memory is kept.
  [[nodiscard]] std::uint32_t empty_slabs() const noexcept {
    return empty_slabs_.load(std::memory_order_relaxed);
  }

 private:
  struct Slab {
    std::atomic<std::uint64_t> state;  ///< 0 in new memory: all blocks are handed out.
    std::atomic<std::uint32_t> next;   ///< In the list of its class: number + 1.
  };

  // In `state`: the offset of the first free block in units of 16 bytes, how many there are, and
  static constexpr unsigned kCountShift = 16;
  static constexpr std::uint64_t kFieldMask = 0xffff;
  static constexpr std::uint64_t kListed = std::uint64_t{1} << 32;  ///< It is in its class's list.
  static constexpr std::uint64_t kReturning = std::uint64_t{1} << 33;
  static constexpr std::uint64_t kReturned = std::uint64_t{1} << 34;  ///< It has no memory.
  static constexpr std::size_t kUnit = 16;
  static constexpr std::size_t kTableStep = std::size_t{64} << 10;

  static std::uint32_t count_of(std::uint64_t state) noexcept {
    return static_cast<std::uint32_t>(state >> kCountShift & kFieldMask);
  }

  static std::size_t blocks_in(std::size_t number, std::size_t size_class) noexcept {
    return (Layout::end() - Layout::first(number)) / Layout::bytes(size_class);
  }

  [[nodiscard]] std::size_t slab_count() const noexcept {
    return static_cast<std::size_t>(arena_.end() - arena_.begin()) / kSlabBytes;
  }
  [[nodiscard]] std::size_t table_bytes() const noexcept {
    return static_cast<std::size_t>(table_.end() - table_.begin());
  }
  [[nodiscard]] Slab* slabs() const noexcept { return reinterpret_cast<Slab*>(table_.begin()); }
  [[nodiscard]] std::size_t number_of(const Slab& slab) const noexcept {
    return static_cast<std::size_t>(&slab - slabs());
  }
  /// Beyond all slabs for others.
  [[nodiscard]] std::size_t number_of(const std::byte* block) const noexcept {
    return static_cast<std::size_t>(block - arena_.begin()) / kSlabBytes;
  }
  [[nodiscard]] std::byte* memory_of(std::size_t number) const noexcept {
    return arena_.begin() + number * kSlabBytes;
  }
  [[nodiscard]] std::byte* block_at(std::size_t number, std::uint64_t state) const noexcept {
    return count_of(state) == 0 ? nullptr : memory_of(number) + (state & kFieldMask) * kUnit;
  }

  [[nodiscard]] BlockChain format(std::size_t number, std::size_t size_class) noexcept {
    std::byte* const slab = memory_of(number);
    Layout::prepare(slab, size_class);
    const std::size_t bytes = Layout::bytes(size_class);
    const std::size_t count = blocks_in(number, size_class);
    std::byte* const first = slab + Layout::first(number);
    for (std::size_t i = 0; i < count; ++i) {
      Layout::set_next(first + i * bytes, i + 1 < count ? first + (i + 1) * bytes : nullptr);
    }
    return {first, static_cast<std::uint32_t>(count)};
  }

  /// Puts all but the first `most` of a slab's free blocks back.
  [[nodiscard]] BlockChain first_of(BlockChain chain, std::size_t size_class,
                                    std::uint32_t most) noexcept {
    if (chain.count <= most) {
      return chain;
    }
    std::byte* last = chain.first;
    for (std::uint32_t i = 1; i < most; ++i) {
      last = Layout::next(last);
    }
    std::byte* const rest = Layout::next(last);
    Layout::set_next(last, nullptr);
    const std::size_t number = number_of(rest);
    Slab& slab = slabs()[number];
    std::uint64_t state = 0;
    if (slab.state.compare_exchange_strong(state, state_of(number, {rest, chain.count - most}),
                                           std::memory_order_acq_rel)) {
      push(slab, size_class);
    } else {
      give(rest, size_class);
    }
    return {chain.first, most};
  }

  [[nodiscard]] std::uint64_t state_of(std::size_t number, BlockChain chain) const noexcept {
    const auto offset = static_cast<std::size_t>(chain.first - memory_of(number)) / kUnit;
    return offset | std::uint64_t{chain.count} << kCountShift | kListed;
  }

  void give_to(std::size_t number, std::size_t size_class, BlockChain chain,
               std::byte* last) noexcept {
    Slab& slab = slabs()[number];
    std::uint64_t state = slab.state.load(std::memory_order_relaxed);
    std::uint64_t wanted = 0;
    do {
      Layout::set_next(last, block_at(number, state));
      wanted = state_of(number, {chain.first, count_of(state) + chain.count});
    } while (!slab.state.compare_exchange_weak(state, wanted, std::memory_order_acq_rel,
                                               std::memory_order_relaxed));
    if ((state & kListed) == 0) {
      push(slab, size_class);
    }
    if (count_of(wanted) == blocks_in(number, size_class)) {
      if (empty_slabs_.fetch_add(1, std::memory_order_relaxed) >= kept_slabs_) {
        return_memory(slab, size_class, wanted);
      }
    }
  }

  // Of an empty slab, unless somebody has taken its blocks meanwhile.
  void return_memory(Slab& slab, std::size_t size_class, std::uint64_t state) noexcept {
    if (!slab.state.compare_exchange_strong(state, kListed | kReturning,
                                            std::memory_order_acq_rel)) {
      return;
    }
    empty_slabs_.fetch_sub(1, std::memory_order_relaxed);
    // Refused (locked memory, or seccomp): then it is as it was, which `format` does not mind.
    ::madvise(memory_of(number_of(slab)), kSlabBytes, MADV_DONTNEED);
    state = slab.state.load(std::memory_order_relaxed);
    while (!slab.state.compare_exchange_weak(state, kListed | kReturned, std::memory_order_acq_rel,
                                             std::memory_order_relaxed)) {
    }
    if ((state & kListed) == 0) {
      push(slab, size_class);
    }
  }

  void push(Slab& slab, std::size_t size_class) noexcept {
    std::atomic<std::uint64_t>& list = lists_[size_class];
    std::uint64_t head = list.load(std::memory_order_relaxed);
    do {
      slab.next.store(static_cast<std::uint32_t>(head), std::memory_order_relaxed);
    } while (!list.compare_exchange_weak(head, after(head, number_of(slab) + 1),
                                         std::memory_order_release, std::memory_order_relaxed));
  }
  [[nodiscard]] Slab* pop(std::size_t size_class) noexcept {
    std::atomic<std::uint64_t>& list = lists_[size_class];
    std::uint64_t head = list.load(std::memory_order_acquire);
    for (;;) {
      const auto number = static_cast<std::uint32_t>(head);
      if (number == 0) {
        return nullptr;
      }
      Slab& slab = slabs()[number - 1];
      const std::uint64_t wanted = after(head, slab.next.load(std::memory_order_relaxed));
      if (list.compare_exchange_weak(head, wanted, std::memory_order_acquire,
                                     std::memory_order_acquire)) {
        return &slab;
      }
    }
  }
  // The head of a list is a number and, above it, how often the list has changed.
  static std::uint64_t after(std::uint64_t head, std::size_t number) noexcept {
    return ((head >> 32U) + 1) << 32U | number;
  }

  Arena arena_;
  Arena table_;  ///< One `Slab` for each slab of `arena_`.
  const std::uint32_t kept_slabs_;
  std::atomic<std::uint32_t> empty_slabs_{0};
  std::atomic<std::uint64_t> lists_[kClasses + 1]{};  ///< Slabs that may have free blocks.
};

}  // namespace xgops::tasks
