// SPDX-License-Identifier: MIT
// Memory for the frames of tracked coroutines.
//
// Not for users: include xgops/tasks.hpp, xgops/asio.hpp or xgops/boost_asio.hpp.
#pragma once

#include "xgops/detail/task_record.hpp"
#include "xgops/tasks_abi.h"

#include <cstddef>
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

/// Memory for a coroutine frame. Throws std::bad_alloc. Cost: 2 ns when this thread freed one of
/// that size before.
inline void* allocate_frame(std::size_t bytes) {
#if !defined(XGOPS_FRAMES_ON_HEAP)
  const std::size_t size_class = (bytes + ThreadBlock::kUnit - 1) / ThreadBlock::kUnit;
  if (size_class <= ThreadBlock::kClasses) [[likely]] {
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
  }
#endif
  return ::operator new(bytes);
}

inline void free_frame(void* memory, [[maybe_unused]] std::size_t bytes) noexcept {
#if !defined(XGOPS_FRAMES_ON_HEAP)
  const std::size_t size_class = (bytes + ThreadBlock::kUnit - 1) / ThreadBlock::kUnit;
  if (size_class <= ThreadBlock::kClasses) [[likely]] {
    ThreadBlock* const block = xgops_task_thread_state.block;
    if (block != nullptr && block->counts[size_class] < ThreadBlock::kMaxCached) [[likely]] {
      auto* const frame = static_cast<FreeFrame*>(memory);
      frame->next = block->heads[size_class];
      block->heads[size_class] = frame;
      ++block->counts[size_class];
      return;
    }
    ::xgops_frame_spill(memory, size_class);
    return;
  }
#endif
  ::operator delete(memory);
}

}  // namespace xgops::detail
