// SPDX-License-Identifier: MIT
// What is found of a waiting task.
#pragma once

#include <cstdint>

namespace xgops::proof {

enum class Reached : std::uint8_t {
  kByNobody = 0,    ///< No word leads to it.
  kFrameOnly,       ///< Something has its frame, but nobody has what it waits for.
  kFromOthersOnly,  ///< Only tasks lead to it of which the same is true.
  kByProgram,       ///< What it waits for can be reached: somebody may yet end the wait.
};

/// What leads to a task.
enum class HolderKind : std::uint8_t {
  kNothing = 0,
  kGlobal,    ///< A variable of a module.
  kStack,     ///< Of a thread, or one of its thread-local variables.
  kRegister,  ///< Of a thread.
  kHeap,      ///< A block on the heap that can be reached.
  kTask,      ///< The frame of another task.
  kMapping,   ///< Other memory of the program's.
  kKernel,    ///< epoll, a timer, a pipe or a socket.
  kLiveTask,  ///< The task waited for goes on by itself.
  kUnknown,   ///< Its frame, or what it waits for, lies in memory of which nothing is known.
};

struct Holder {
  HolderKind kind = HolderKind::kNothing;
  std::int32_t tid = 0;       ///< Of a stack or register.
  std::uint64_t address = 0;  ///< Of the word that leads on; of a task: its id.
};

/// One waiting task as one look saw it.
struct TaskFinding {
  std::uint64_t id = 0;
  std::uint32_t sequence = 0;  ///< Of its record: another one means that it went on.
  std::uint32_t resumed = 0;
  Reached reached = Reached::kByNobody;
  Holder holder;
};

/// One look as a whole.
struct ScanTotals {
  std::uint32_t doubts = 0;      ///< `Doubt` bits.
  std::uint32_t heap_fault = 0;  ///< A `HeapFault`.
  std::uint64_t tasks = 0;       ///< Live, waiting or not.
  std::uint64_t findings = 0;    ///< How many `TaskFinding` there are.
  std::uint64_t heap_blocks = 0;
  std::uint64_t heap_bytes = 0;
  std::uint64_t scanned_bytes = 0;
  std::uint64_t child_bytes = 0;   ///< Memory that the program does not have: tables, old pages.
  std::uint64_t cut_channels = 0;  ///< Whose service's list was left out.
};

}  // namespace xgops::proof
