// SPDX-License-Identifier: MIT
// What the child does: looks through its copy of the program's memory.
#pragma once

#include "proof/glibc_heap.hpp"
#include "proof/scratch.hpp"
#include "proof/verdict.hpp"
#include "signal_safe/park_slot.hpp"
#include "tasks/source.hpp"

#include <cstdint>
#include <span>

#include <sys/types.h>

namespace xgops::proof {

/// What the parent knows. The child reads its copy of it.
struct ScanInput {
  const GlibcHeap* heap = nullptr;
  const HeapProbe* probe = nullptr;
  const tasks::TaskSource* tasks = nullptr;
  std::span<const signal_safe::ParkSlot* const> threads;
  /// Of the thread that asks, whose memory counts for nothing.
  std::uint64_t own_thread_pointer = 0;
  std::int32_t own_tid = 0;
  std::span<const std::uint64_t> kernel_words;
  std::span<const char> kernel_bytes;  ///< With pointers anywhere.
  std::span<const Range> hidden;       ///< Memory of ours.
  std::uint32_t doubts = 0;            ///< That there are already.
};

/// Takes what was found; false: nobody wants it any more.
class FindingSink {
 public:
  FindingSink() = default;
  virtual ~FindingSink() = default;
  FindingSink(const FindingSink&) = delete;
  FindingSink& operator=(const FindingSink&) = delete;

  virtual bool totals(const ScanTotals& totals) noexcept = 0;
  virtual bool findings(std::span<const TaskFinding> findings) noexcept = 0;
};

/// Allocates nothing but from the system, takes no lock. Changes memory: only for a child.
void scan(const ScanInput& input, FindingSink& sink) noexcept;

}  // namespace xgops::proof
