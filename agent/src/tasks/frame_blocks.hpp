// SPDX-License-Identifier: MIT
// Which memory a coroutine frame has, from the address of a node in it. As raw_records.hpp, usable
// by a handler of a crash.
#pragma once

#include "tasks/arena.hpp"
#include "xgops/detail/frame_memory.hpp"
#include "xgops/detail/task_record.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace xgops::tasks {

/// Frames of one size class share a slab of the arena. Its last bytes hold the class.
struct FrameSlab {
  static constexpr std::size_t kBytes = std::size_t{64} << 10;
  static constexpr std::size_t kEnd = 16;

  /// Where the first frame of slab `number` is. Slabs begin at multiples of 64 KiB. Were their
  /// first frames there, too, a frame and the one that it calls would compete for the same cache
  /// lines and look like one address to the store buffer (measured: 18 ns a call).
  [[nodiscard]] static constexpr std::size_t offset(std::size_t number) noexcept {
    constexpr std::size_t kColours = 64;
    return number * 37 % kColours * 80;
  }
};

struct FrameBlock {
  std::uint64_t begin = 0;
  std::size_t bytes = 0;  ///< Rounded up to 16; 0: not known.
};

/// Nothing is known of frames with an allocator of their own. `copy_memory` as of `copy_node`.
template <class CopyMemory>
[[nodiscard]] FrameBlock frame_block(const Arena& frames, std::uint64_t node,
                                     CopyMemory&& copy_memory) noexcept {
  using detail::ThreadBlock;
  if (frames.contains(node, 1)) {
    const auto begin = reinterpret_cast<std::uint64_t>(frames.begin());
    const std::uint64_t number = (node - begin) / FrameSlab::kBytes;
    const std::uint64_t slab = begin + number * FrameSlab::kBytes;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the end of a slab that stays readable for ever.
    const auto* const end =
        reinterpret_cast<const std::uint64_t*>(slab + FrameSlab::kBytes - FrameSlab::kEnd);
    const std::size_t bytes = __atomic_load_n(end, __ATOMIC_RELAXED) * ThreadBlock::kUnit;
    const std::uint64_t first = slab + FrameSlab::offset(number);
    return bytes == 0 || node < first ? FrameBlock{}
                                      : FrameBlock{first + (node - first) / bytes * bytes, bytes};
  }
  // Somewhere on the heap. A frame begins with two pointers, then comes its promise with the node.
  constexpr std::size_t kWords = 128;
  constexpr std::uint64_t kPageBytes = 4096;
  std::array<std::uint64_t, kWords> words{};
  const std::uint64_t end = node & ~std::uint64_t{15};
  std::uint64_t begin = end - std::min<std::uint64_t>(end, sizeof words);
  if (copy_memory(begin, words.data(), end - begin) != end - begin) {
    begin = std::max(begin, end & ~(kPageBytes - 1));  // The page before may not be there.
    if (copy_memory(begin, words.data(), end - begin) != end - begin) {
      return {};
    }
  }
  for (std::size_t i = (end - begin) / 8; i >= 4; i -= 2) {
    const std::uint64_t frame = begin + (i - 2) * 8;
    const std::uint64_t bytes = words[i - 3];
    if (words[i - 4] == (detail::LargeFrame::kMark ^ frame) && bytes > ThreadBlock::kMaxBytes &&
        node - frame < bytes) {
      return {frame, bytes};
    }
  }
  return {};
}

/// The function that runs when the coroutine of this frame is resumed; 0: not known. GCC, Clang and
/// MSVC all begin a frame with a pointer to it, so that one can resume the other's.
template <class CopyMemory>
[[nodiscard]] std::uint64_t resume_function(const Arena& frames, std::uint64_t node,
                                            CopyMemory&& copy_memory) noexcept {
  const FrameBlock block = frame_block(frames, node, copy_memory);
  std::uint64_t function = 0;
  const bool known =
      block.bytes != 0 && copy_memory(block.begin, &function, sizeof function) == sizeof function;
  return known ? function : 0;
}

}  // namespace xgops::tasks
