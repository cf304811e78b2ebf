// SPDX-License-Identifier: MIT
// Follows everything that looks like a pointer.
#pragma once

#include "proof/block_map.hpp"
#include "proof/scratch.hpp"

#include <cstdint>

namespace xgops::proof {

/// Where a pointer was found.
struct Origin {
  enum class Kind : std::uint8_t {
    kMemory = 0,
    kRegister,  ///< Of thread `tid`.
    kKernel,    ///< What epoll, a timer, a pipe or a socket holds.
    kLiveTask,  ///< It is part of a task that goes on by itself.
  };
  Kind kind = Kind::kMemory;
  std::int32_t tid = 0;
  std::uint64_t address = 0;  ///< Of the word, in memory.
};

/// Marks blocks from words on: conservatively, any word that may be an address of a block, with
/// anything in its upper 17 bits and wherever it points into, marks that block.
class Marker {
 public:
  /// Called once for each special block that is reached. Whether what it holds counts, too: else
  /// the block is marked and not read.
  using OnSpecial = bool (*)(void* context, const Block& block, const Origin& origin);

  Marker(BlockMap& blocks, Scratch& scratch, OnSpecial on_special, void* context) noexcept
      : blocks_(blocks), stack_(scratch), on_special_(on_special), context_(context) {}

  void add_word(std::uint64_t word, const Origin& origin) noexcept {
    word &= kAddressBits;
    if (blocks_.hull().contains(word)) {
      reach(word, origin);
    }
  }
  /// All aligned words of memory that can be read, as soon as it runs.
  void add_range(const Range& range) noexcept;
  /// What a block holds counts from now on, marked before or not.
  void add_block(const Block& block) noexcept;
  /// Until everything that leads on has been followed.
  void run() noexcept;

  [[nodiscard]] std::uint64_t scanned_bytes() const noexcept { return scanned_bytes_; }

 private:
  // Tags in the upper bits are dropped; those in the lower bits are interior addresses.
  static constexpr std::uint64_t kAddressBits = (std::uint64_t{1} << 47) - 1;

  void reach(std::uint64_t address, const Origin& origin) noexcept;
  void read_words(const Range& range) noexcept;

  BlockMap& blocks_;
  ScratchArray<Range> stack_;
  OnSpecial on_special_;
  void* context_;
  std::uint64_t scanned_bytes_ = 0;
};

}  // namespace xgops::proof
