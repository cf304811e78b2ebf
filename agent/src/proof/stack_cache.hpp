// SPDX-License-Identifier: MIT
// Stacks that glibc keeps of threads that have ended, for the next ones.
#pragma once

#include "proof/glibc_heap.hpp"
#include "proof/memory_map.hpp"
#include "proof/scratch.hpp"

#include <cstdint>

namespace xgops::proof {

/// Adds them to `stacks`: what ended threads have left there leads to nothing. In the child, where
/// `thread_pointer` is that of the thread `tid` which made it. Only where glibc's lists are as 2.36
/// has them, sums included: else none are added, and all of them count as the program's memory.
/// False: none were.
bool find_unused_stacks(const GlibcHeap& heap, const MemoryMap& map, std::uint64_t thread_pointer,
                        std::int32_t tid, ScratchArray<Range>& stacks) noexcept;

}  // namespace xgops::proof
