// SPDX-License-Identifier: MIT
// Memory for the frames of tracked coroutines.
//
// Not for users: include xgops/tasks.hpp, xgops/asio.hpp or xgops/boost_asio.hpp.
#pragma once

#include "xgops/detail/task_record.hpp"
#include "xgops/tasks_abi.h"

#include <cstddef>
#include <cstdint>
#include <new>

namespace xgops::detail {

// Frames lie in memory that stays readable, so that chains are followed with plain loads. Not under
// sanitizers, which watch the life of every block.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define XGOPS_FRAMES_ON_HEAP 1
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
      __has_feature(memory_sanitizer)
#    define XGOPS_FRAMES_ON_HEAP 1
#  endif
#endif

/// Stands in front of frames that are larger than any class, for who asks how large frames are.
struct LargeFrame {
  std::uint64_t mark;  ///< `kMark` xor the frame's address.
  std::uint64_t bytes;

  static constexpr std::uint64_t kMark = 0x6c61'7267'6566'726d;
};
static_assert(sizeof(LargeFrame) == 16, "frames behind it stay aligned");

inline void* allocate_large_frame(std::size_t bytes) {
  auto* const header = static_cast<LargeFrame*>(::operator new(bytes + sizeof(LargeFrame)));
  void* const frame = header + 1;
  header->mark = LargeFrame::kMark ^ reinterpret_cast<std::uint64_t>(frame);
  header->bytes = bytes;
  return frame;
}
inline void free_large_frame(void* frame) noexcept {
  auto* const header = static_cast<LargeFrame*>(frame) - 1;
  header->mark = 0;
  ::operator delete(header);
}

/// Memory for a coroutine frame. Throws std::bad_alloc. Cost: 2 ns when this thread freed one of
/// that size before.
inline void* allocate_frame(std::size_t bytes) {
  if (bytes > ThreadBlock::kMaxBytes) [[unlikely]] {
    return allocate_large_frame(bytes);
  }
#if !defined(XGOPS_FRAMES_ON_HEAP)
  const std::size_t size_class = (bytes + ThreadBlock::kUnit - 1) / ThreadBlock::kUnit;
  if (ThreadBlock* const block = xgops_task_thread_state.block) [[likely]] {
    if (FreeFrame* const frame = block->heads[size_class]) [[likely]] {
      block->heads[size_class] = frame->next;
      --block->counts[size_class];
      return frame;
    }
  }
  if (void* const frame = ::xgops_frame_refill(size_class)) {
    return frame;
  }
  // Of the size of its class: it ends up in a list of such.
  return ::operator new(size_class* ThreadBlock::kUnit);
#else
  return ::operator new(bytes);
#endif
}

inline void free_frame(void* memory, std::size_t bytes) noexcept {
  if (bytes > ThreadBlock::kMaxBytes) [[unlikely]] {
    free_large_frame(memory);
    return;
  }
#if !defined(XGOPS_FRAMES_ON_HEAP)
  const std::size_t size_class = (bytes + ThreadBlock::kUnit - 1) / ThreadBlock::kUnit;
  ThreadBlock* const block = xgops_task_thread_state.block;
  if (block != nullptr && block->counts[size_class] < ThreadBlock::kMaxCached) [[likely]] {
    auto* const frame = static_cast<FreeFrame*>(memory);
    frame->next = block->heads[size_class];
    block->heads[size_class] = frame;
    ++block->counts[size_class];
    return;
  }
  ::xgops_frame_spill(memory, size_class);
#else
  ::operator delete(memory);
#endif
}

}  // namespace xgops::detail
