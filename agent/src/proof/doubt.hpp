// SPDX-License-Identifier: MIT
// Why nothing can be proven although nothing was found.
#pragma once

#include <cstdint>

namespace xgops::proof {

/// Places where a pointer may be that were not looked into, or not believed. Bits.
enum Doubt : std::uint32_t {
  kNoDoubt = 0,
  kThreadNotStopped = 1U << 0U,  ///< It blocks the signal, or did not answer.
  kHeapUnknown = 1U << 1U,       ///< Then what is on the heap is memory of which nothing is known.
  kMemoryLeftOut = 1U << 2U,     ///< MADV_DONTFORK, MADV_WIPEONFORK.
  kMemoryLocked = 1U << 3U,      ///< PROT_NONE, with something in it.
  kGeneratedCode = 1U << 4U,     ///< May hold pointers at odd addresses.
  kDeviceMemory = 1U << 5U,
  kAsynchronousIoUsed =
      1U << 6U,  ///< io_uring or libaio: the kernel holds pointers that it shows nobody.
  kDescriptorsUnknown = 1U << 7U,  ///< What epoll, pipes and sockets hold could not be read.
  kTimersUnknown = 1U << 8U,
  kSignalsPending = 1U << 9U,        ///< They may carry pointers.
  kPagesUnknown = 1U << 10U,         ///< /proc/self/pagemap cannot be read.
  kOutOfMemory = 1U << 11U,          ///< For our tables.
  kSharedMemoryUnknown = 1U << 12U,  ///< Swapped out, or of hugetlbfs: a look would change it.
};

}  // namespace xgops::proof
