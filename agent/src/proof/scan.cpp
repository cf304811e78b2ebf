// SPDX-License-Identifier: MIT
#include "proof/scan.hpp"

#include "proof/asio_channels.hpp"
#include "proof/doubt.hpp"
#include "proof/heap_blocks.hpp"
#include "proof/raw_memory.hpp"
#include "proof/roots.hpp"
#include "proof/stack_cache.hpp"
#include "proof/waiting_tasks.hpp"
#include "support/unique_fd.hpp"
#include "tasks/frame_blocks.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace xgops::proof {
namespace {

constexpr std::size_t kStackPointer = 7;  // In DWARF order.
constexpr std::uint64_t kRedZoneBytes = 128;

template <class Object>
Range range_of(const Object& object) noexcept {
  const auto begin = reinterpret_cast<std::uint64_t>(&object);
  return {begin, begin + sizeof(Object)};
}

Range range_of(const tasks::Arena& arena) noexcept {
  return {reinterpret_cast<std::uint64_t>(arena.begin()),
          reinterpret_cast<std::uint64_t>(arena.end())};
}

class Scan {
 public:
  Scan(const ScanInput& input, FindingSink& sink) noexcept
      : input_(input),
        sink_(sink),
        registry_(*input.tasks->registry),
        pages_(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)),
        rollup_(::open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC)) {
    totals_.doubts = input.doubts;
  }

  void run() noexcept {
    if (!read_map() || !add_blocks() || !waiting_.collect()) {
      totals_.doubts |= kHeapUnknown;
      sink_.totals(totals_);
      return;
    }
    for (const WaitingTask& task : waiting_.tasks()) {
      if (task.asio_channel && !task.waits_for_task) {
        totals_.cut_channels += cut_channel_list(task.object, blocks_) ? 1U : 0U;
      }
    }
    if (!follow_roots()) {
      totals_.doubts |= kPagesUnknown;
    }
    waiting_.follow_live_tasks();
    waiting_.decide();
    if (scratch_.failed()) {
      totals_.doubts |= kOutOfMemory;
    }
    report();
  }

 private:
  [[nodiscard]] bool read_map() noexcept;
  [[nodiscard]] bool add_blocks() noexcept;
  void mark_free_frames() noexcept;
  [[nodiscard]] Range stack_of_thread(const signal_safe::ParkSlot& thread) const noexcept;
  void exclude_dead_memory(Roots& roots) noexcept;
  [[nodiscard]] bool follow_roots() noexcept;
  void follow_threads() noexcept;
  void follow_slabs_without_class() noexcept;
  [[nodiscard]] Holder describe(const Origin& origin) const noexcept;
  [[nodiscard]] std::uint64_t own_bytes() noexcept;
  void report() noexcept;

  const ScanInput& input_;
  FindingSink& sink_;
  const tasks::Registry& registry_;
  support::UniqueFd pages_;
  support::UniqueFd rollup_;
  Scratch scratch_;
  MemoryMap map_{scratch_};
  BlockMap blocks_{scratch_};
  WaitingTasks waiting_{registry_, blocks_, scratch_};
  ScanTotals totals_;
};

bool Scan::read_map() noexcept {
  const support::UniqueFd fd(::open("/proc/self/smaps", O_RDONLY | O_CLOEXEC));
  // From here on no core can be dumped of this copy of the program, should we fail.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return fd && map_.read(fd.get());
}

bool Scan::add_blocks() noexcept {
  const Range frames = range_of(registry_.frames());
  if (frames.bytes() != 0 && !blocks_.add_region(frames, RegionKind::kSlabs)) {
    return false;
  }
  ScratchArray<std::uint64_t> thread_pointers(scratch_);
  thread_pointers.push(input_.own_thread_pointer);
  for (const auto* const thread : input_.threads) {
    if (thread->thread_pointer != 0) {
      thread_pointers.push(thread->thread_pointer);
    }
  }
  HeapTotals heap;
  HeapFault fault =
      add_heap_blocks(*input_.heap, map_, thread_pointers.view(), blocks_, scratch_, heap);
  if (fault == HeapFault::kNone && !agrees(*input_.probe, blocks_)) {
    fault = HeapFault::kProbe;
  }
  totals_.heap_fault = static_cast<std::uint32_t>(fault);
  totals_.heap_blocks = heap.blocks;
  totals_.heap_bytes = heap.bytes;
  if (fault != HeapFault::kNone) {
    return false;
  }
  mark_free_frames();
  // They hold what earlier blocks have left there.
  for (const HeapProbe::Known& known : input_.probe->in_use()) {
    if (const Block block = blocks_.find(known.address)) {
      blocks_.mark(block);
    }
  }
  return true;
}

void Scan::mark_free_frames() noexcept {
  registry_.visit_free_frames([this](std::uint64_t frame) {
    if (const Block block = blocks_.find(frame); block.begin == frame) {
      blocks_.mark(block);
    }
  });
}

Range Scan::stack_of_thread(const signal_safe::ParkSlot& thread) const noexcept {
  const Range stack =
      thread.thread_pointer == 0 ? Range{} : stack_of(*input_.heap, thread.thread_pointer);
  if (stack.bytes() != 0) {
    return stack;
  }
  const Mapping* const mapping = map_.find(thread.registers[kStackPointer]);
  return mapping != nullptr && mapping->kind == MappingKind::kStack ? mapping->range : Range{};
}

void Scan::exclude_dead_memory(Roots& roots) noexcept {
  roots.exclude(stack_of(*input_.heap, input_.own_thread_pointer));
  for (const auto* const thread : input_.threads) {
    const std::uint64_t stack_pointer = thread->registers[kStackPointer];
    const Range stack = stack_of_thread(*thread);
    if (stack.contains(stack_pointer)) {
      // A thread that handles a signal may do so within its own stack: what it has left to do is
      // beyond, down to where nobody knows.
      const std::uint64_t signal_stack = thread->signal_stack;
      const bool is_within = signal_stack >= stack.begin && signal_stack <= stack_pointer;
      const std::uint64_t begin = is_within ? signal_stack : stack.begin;
      roots.exclude({begin, std::max(begin, stack_pointer - kRedZoneBytes)});
    }
  }
  ScratchArray<Range> unused(scratch_);
  find_unused_stacks(*input_.heap, map_, input_.own_thread_pointer, input_.own_tid, unused);
  for (const Range& stack : unused) {
    roots.exclude(stack);
  }
  roots.exclude({input_.heap->main_arena, input_.heap->main_arena + sizeof(GlibcArena)});
  roots.exclude(range_of(registry_));
  roots.exclude(range_of(*input_.tasks->pending));
  roots.exclude(range_of(*input_.tasks->details));
  roots.exclude(range_of(*input_.tasks->lost_exceptions));
  roots.exclude(range_of(registry_.record_memory()));
  roots.exclude(range_of(registry_.record_table()));
  roots.exclude(range_of(registry_.frame_table()));
  for (const Range& range : input_.hidden) {
    roots.exclude(range);
  }
}

void Scan::follow_threads() noexcept {
  Marker& marker = waiting_.marker();
  for (const auto* const thread : input_.threads) {
    for (const std::uint64_t word : thread->registers) {
      marker.add_word(word, {.kind = Origin::Kind::kRegister, .tid = thread->tid});
    }
    marker.add_range({thread->vector_begin, thread->vector_end});
  }
  for (const std::uint64_t word : input_.kernel_words) {
    marker.add_word(word, {.kind = Origin::Kind::kKernel});
  }
  for (std::size_t at = 0; at + 8 <= input_.kernel_bytes.size(); ++at) {
    std::uint64_t word = 0;
    std::memcpy(&word, &input_.kernel_bytes[at], sizeof word);
    marker.add_word(word, {.kind = Origin::Kind::kKernel});
  }
}

/// Slabs that are just being made, or have no memory.
void Scan::follow_slabs_without_class() noexcept {
  using tasks::FrameSlab;
  const Range frames = range_of(registry_.frames());
  for (std::uint64_t slab = frames.begin; slab < frames.end; slab += FrameSlab::kBytes) {
    const auto size_class = word_at(slab + FrameSlab::kBytes - FrameSlab::kEnd);
    if (size_class == 0 || size_class > detail::ThreadBlock::kClasses) {
      waiting_.marker().add_range({slab, slab + FrameSlab::kBytes});
    }
  }
}

bool Scan::follow_roots() noexcept {
  Roots roots(scratch_);
  exclude_dead_memory(roots);
  bool complete = roots.collect(map_, blocks_, totals_.doubts);
  Marker& marker = waiting_.marker();
  PageMap pages(pages_.get());
  for (const RootArea& area : roots.areas()) {
    complete = pages.visit_used(area, [&](const Range& range) {
      marker.add_range(range);
      marker.run();
    }) && complete;
  }
  follow_threads();
  follow_slabs_without_class();
  marker.run();
  return complete;
}

Holder Scan::describe(const Origin& origin) const noexcept {
  Holder holder{.kind = HolderKind::kUnknown, .tid = origin.tid, .address = origin.address};
  switch (origin.kind) {
    case Origin::Kind::kRegister:
      holder.kind = HolderKind::kRegister;
      return holder;
    case Origin::Kind::kKernel:
      holder.kind = HolderKind::kKernel;
      return holder;
    case Origin::Kind::kLiveTask:
      holder.kind = HolderKind::kLiveTask;
      return holder;
    case Origin::Kind::kMemory:
      break;
  }
  if (const std::uint64_t task = waiting_.owner_of(origin.address); task != 0) {
    return {.kind = HolderKind::kTask, .tid = 0, .address = task};
  }
  if (blocks_.find(origin.address)) {
    holder.kind = HolderKind::kHeap;
    return holder;
  }
  for (const auto* const thread : input_.threads) {
    const bool in_registers =
        Range{thread->vector_begin, thread->vector_end}.contains(origin.address);
    if (in_registers || stack_of_thread(*thread).contains(origin.address)) {
      holder.kind = in_registers ? HolderKind::kRegister : HolderKind::kStack;
      holder.tid = thread->tid;
      return holder;
    }
  }
  const Mapping* const mapping = map_.find(origin.address);
  if (mapping != nullptr) {
    const bool is_module = mapping->kind == MappingKind::kFile && !mapping->shared;
    // What follows a module's data without a name is its .bss.
    const Mapping* const before = map_.find(mapping->range.begin - 1);
    const bool is_bss = mapping->kind == MappingKind::kAnonymous && before != nullptr &&
                        before->kind == MappingKind::kFile && before->writable && !before->shared;
    holder.kind = is_module || is_bss ? HolderKind::kGlobal : HolderKind::kMapping;
  }
  return holder;
}

/// Tables, and what the program has changed since it was copied.
std::uint64_t Scan::own_bytes() noexcept {
  MemoryMap all(scratch_);
  return rollup_ && all.read(rollup_.get()) ? all.mappings()[0].private_bytes : 0;
}

void Scan::report() noexcept {
  totals_.tasks = waiting_.live_tasks();
  totals_.findings = waiting_.tasks().size();
  totals_.scanned_bytes = waiting_.marker().scanned_bytes();
  totals_.child_bytes = own_bytes();
  if (!sink_.totals(totals_)) {
    return;
  }
  std::array<TaskFinding, 256> part{};
  std::size_t count = 0;
  for (const WaitingTask& task : waiting_.tasks()) {
    part[count++] = {
        .id = task.id,
        .sequence = task.sequence,
        .resumed = task.resumed,
        .reached = task.reached,
        .holder = task.reached == Reached::kByNobody ? Holder{} : describe(task.origin)};
    if (count == part.size()) {
      if (!sink_.findings(part)) {
        return;
      }
      count = 0;
    }
  }
  sink_.findings({part.data(), count});
}

}  // namespace

void scan(const ScanInput& input, FindingSink& sink) noexcept {
  Scan(input, sink).run();
}

}  // namespace xgops::proof
