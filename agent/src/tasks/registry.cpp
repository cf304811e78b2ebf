// SPDX-License-Identifier: MIT
#include "tasks/registry.hpp"

#include "support/own_memory.hpp"
#include "tasks/details.hpp"
#include "tasks/frame_blocks.hpp"
#include "xgops/detail/frame_memory.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <string_view>

#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::tasks {
namespace {

using detail::FreeFrame;
using detail::kRelaxed;
using detail::kRelease;
using detail::ThreadBlock;
using Record = Registry::Record;

// How many a thread takes from and gives back to the others at a time.
constexpr std::uint32_t kRecordBatch = 64;
constexpr std::uint32_t kFrameBatch = 32;
constexpr std::uint64_t kIdBatch = 256;

constinit Registry g_registry;  // Never destroyed: tasks end during and after static destructors.

// The next record in a list of free ones.
Record* next_of(const Record& record) noexcept {
  return reinterpret_cast<Record*>(record.argument.load(kRelaxed));
}
void set_next(Record& record, Record* next) noexcept {
  record.argument.store(reinterpret_cast<std::uintptr_t>(next), kRelaxed);
}

/// A frame that another thread may have taken already, whose bytes it may write meanwhile.
FreeFrame* racy_load(FreeFrame* const& pointer) noexcept {
  return __atomic_load_n(&pointer, __ATOMIC_RELAXED);
}

}  // namespace

Registry& registry() noexcept {
  return g_registry;
}

Record* Registry::RecordLink::next(const Record& record) noexcept {
  return reinterpret_cast<Record*>(record.context.load(kRelaxed));
}
void Registry::RecordLink::set_next(Record& record, Record* next) noexcept {
  record.context.store(reinterpret_cast<std::uintptr_t>(next), kRelaxed);
}
FreeFrame* Registry::FrameLink::next(const FreeFrame& frame) noexcept {
  return racy_load(frame.next_batch);
}
void Registry::FrameLink::set_next(FreeFrame& frame, FreeFrame* next) noexcept {
  __atomic_store_n(&frame.next_batch, next, __ATOMIC_RELAXED);
}

/// Held while memory is added.
class Registry::GrowthLock {
 public:
  explicit GrowthLock(Registry& registry) noexcept : registry_(registry) {
    ::pthread_mutex_lock(&registry_.growth_);
  }
  ~GrowthLock() { ::pthread_mutex_unlock(&registry_.growth_); }
  GrowthLock(const GrowthLock&) = delete;
  GrowthLock& operator=(const GrowthLock&) = delete;

 private:
  Registry& registry_;
};

// The child must not inherit a lock whose holder it does not have.
void Registry::before_fork() noexcept {
  details().lock();
  ::pthread_mutex_lock(&g_registry.growth_);
}
void Registry::after_fork_in_parent() noexcept {
  ::pthread_mutex_unlock(&g_registry.growth_);
  details().unlock();
}
void Registry::after_fork_in_child() noexcept {
  after_fork_in_parent();
  ::xgops_task_thread& thread = xgops_task_thread_state;
  if (thread.block != nullptr) {
    thread.tid = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    thread.block->tid.store(thread.tid, kRelease);
    // The task that runs and those that were running when it was resumed; but not one whose
    // operation is being started, which waits.
    for (std::uintptr_t task = thread.current; task != 0 && (task & detail::kInitiating) == 0;) {
      Record& running = *detail::record_of(task);
      running.argument.store(thread.tid, kRelease);
      task = running.context.load(kRelaxed);
    }
  }
}

void Registry::prepare_process() {
  const GrowthLock lock(*this);
  if (has_key_.load(kRelaxed)) {
    return;
  }
  if (::pthread_key_create(&thread_end_, &Registry::detach_thread) != 0) {
    throw std::bad_alloc();
  }
  // A failure means that a child may find the lock held by a thread it does not have: the price is
  // one lock that nobody frees, in a system without memory for a few words.
  ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  // Who creates each task is worth a microsecond only to those who ask for it.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment, or at his own risk.
  const char* const stacks = ::secure_getenv("XGOPS_TASK_STACKS");
  if (stacks != nullptr && *stacks != '\0' && std::string_view(stacks) != "0") {
    xgops_task_options.fetch_or(detail::kRecordCreationStacks, kRelaxed);
  }
  has_key_.store(true, kRelease);
}

ThreadBlock* Registry::take_block() {
  for (ThreadBlock* block = blocks_.load(std::memory_order_acquire); block != nullptr;
       block = block->next) {
    bool in_use = false;
    if (block->in_use.compare_exchange_strong(in_use, true, std::memory_order_acquire)) {
      return block;
    }
  }
  auto* const block = new ThreadBlock{};
  block->in_use.store(true, kRelaxed);
  block->next = blocks_.load(kRelaxed);
  while (!blocks_.compare_exchange_weak(block->next, block, kRelease, kRelaxed)) {
  }
  return block;
}

void Registry::attach_thread() {
  ::xgops_task_thread& thread = xgops_task_thread_state;
  if (thread.block != nullptr) {
    return;
  }
  if (!has_key_.load(std::memory_order_acquire)) {
    prepare_process();
  }
  ThreadBlock* const block = take_block();
  // Without the key, after the end of main, its memory is not given back.
  if (!key_is_gone_.load(kRelaxed) && ::pthread_setspecific(thread_end_, block) != 0) {
    block->in_use.store(false, kRelease);
    throw std::bad_alloc();
  }
  thread.tid = static_cast<std::uint32_t>(::syscall(SYS_gettid));
  thread.block = block;
  block->tid.store(thread.tid, kRelease);
}

void Registry::delete_key() noexcept {
  if (has_key_.load(std::memory_order_acquire) && !key_is_gone_.exchange(true)) {
    ::pthread_key_delete(thread_end_);
  }
}

// Runs after the destructors of thread_local objects. A later one that uses tasks attaches the
// thread again, and the system calls this again.
void Registry::detach_thread(void* block) noexcept {
  g_registry.give_back(*static_cast<ThreadBlock*>(block));
}

void Registry::give_back(ThreadBlock& block) noexcept {
  ::xgops_task_thread& thread = xgops_task_thread_state;
  if (thread.free_tasks != nullptr) {
    free_records_.push(thread.free_tasks);
  }
  for (std::size_t size_class = 0; size_class <= kClasses; ++size_class) {
    if (block.heads[size_class] != nullptr) {
      free_frames_[size_class].push(block.heads[size_class]);
      block.heads[size_class] = nullptr;
      block.counts[size_class] = 0;
    }
  }
  thread.free_tasks = nullptr;
  thread.free_count = 0;
  thread.block = nullptr;
  thread.next_id = thread.end_id = 0;
  block.executors.store(0, kRelaxed);
  block.handler.store(0, kRelaxed);
  block.tid.store(0, kRelease);
  block.in_use.store(false, kRelease);
}

Record* Registry::grow_records() noexcept {
  const GrowthLock lock(*this);
  std::byte* const slab = record_arena_.grow(kSlabBytes);
  if (slab == nullptr) {
    return nullptr;
  }
  // Zeroed memory is a free record. All batches but the first are for the next who ask.
  auto* const records = reinterpret_cast<Record*>(slab);
  constexpr std::size_t kRecords = kSlabBytes / sizeof(Record);
  for (std::size_t first = 0; first < kRecords; first += kRecordBatch) {
    for (std::size_t i = first; i + 1 < first + kRecordBatch; ++i) {
      set_next(records[i], &records[i + 1]);
    }
    if (first > 0) {
      free_records_.push(&records[first]);
    }
  }
  return records;
}

Record* Registry::refill() {
  Record* batch = free_records_.pop();
  if (batch == nullptr) {
    batch = grow_records();
  }
  if (batch == nullptr) {
    unlisted_.fetch_add(1, kRelaxed);
    return new Record{};
  }
  ::xgops_task_thread& thread = xgops_task_thread_state;
  std::uint32_t rest = 0;
  for (Record* record = next_of(*batch); record != nullptr; record = next_of(*record)) {
    ++rest;
  }
  thread.free_tasks = next_of(*batch);
  thread.free_count = rest;
  return batch;
}

void Registry::spill(Record* record) noexcept {
  ::xgops_task_thread& thread = xgops_task_thread_state;
  set_next(*record, nullptr);
  for (std::uint32_t i = 1; i < kRecordBatch && thread.free_tasks != nullptr; ++i) {
    Record* const other = thread.free_tasks;
    thread.free_tasks = next_of(*other);
    --thread.free_count;
    set_next(*other, record);
    record = other;
  }
  free_records_.push(record);
}

std::uint64_t Registry::refill_ids() noexcept {
  const std::uint64_t first = next_id_.fetch_add(kIdBatch, kRelaxed);
  xgops_task_thread_state.end_id = first + kIdBatch;
  return first;
}

FreeFrame* Registry::grow_frames(std::size_t size_class) noexcept {
  const GrowthLock lock(*this);
  std::byte* const slab = frame_arena_.grow(FrameSlab::kBytes);
  if (slab == nullptr) {
    return nullptr;
  }
  const std::size_t bytes = size_class * ThreadBlock::kUnit;
  const std::size_t offset =
      FrameSlab::offset(static_cast<std::size_t>(slab - frame_arena_.begin()) / FrameSlab::kBytes);
  const std::size_t count = (FrameSlab::kBytes - FrameSlab::kEnd - offset) / bytes;
  __atomic_store_n(reinterpret_cast<std::uint64_t*>(slab + FrameSlab::kBytes - FrameSlab::kEnd),
                   size_class, __ATOMIC_RELAXED);
  const auto frame = [&](std::size_t i) {
    return reinterpret_cast<FreeFrame*>(slab + offset + i * bytes);
  };
  for (std::size_t first = 0; first < count; first += kFrameBatch) {
    const std::size_t end = std::min<std::size_t>(first + kFrameBatch, count);
    for (std::size_t i = first; i + 1 < end; ++i) {
      frame(i)->next = frame(i + 1);
    }
    if (first > 0) {
      free_frames_[size_class].push(frame(first));
    }
  }
  return frame(0);
}

std::uint16_t Registry::executor_number(const void* context) noexcept {
  static_assert(kExecutors < detail::kMostExecutors);
  constexpr std::size_t kMostSteps = 64;
  const auto hash = reinterpret_cast<std::uintptr_t>(context) * 0x9e3779b97f4a7c15ULL >> 32U;
  for (std::size_t step = 0; step < kMostSteps; ++step) {
    const std::size_t place = (hash + step) % kExecutors;
    const void* found = executors_[place].load(std::memory_order_acquire);
    if (found == nullptr &&
        executors_[place].compare_exchange_strong(found, context, std::memory_order_acq_rel)) {
      found = context;
    }
    if (found == context) {
      return static_cast<std::uint16_t>(place + 1);
    }
  }
  return 0;
}

std::size_t Registry::frame_bytes(std::uint64_t node) const noexcept {
  return frame_block(frame_arena_, node, support::copy_own_memory).bytes;
}

std::uint64_t Registry::resume_function(std::uint64_t node) const noexcept {
  return tasks::resume_function(frame_arena_, node, support::copy_own_memory);
}

void* Registry::refill_frames(std::size_t size_class) noexcept {
  if (size_class == 0 || size_class > kClasses) {
    return nullptr;
  }
  FreeFrame* batch = free_frames_[size_class].pop();
  if (batch == nullptr) {
    batch = grow_frames(size_class);
  }
  if (batch == nullptr) {
    return nullptr;
  }
  ThreadBlock* const block = xgops_task_thread_state.block;
  if (block == nullptr) {
    if (batch->next != nullptr) {
      free_frames_[size_class].push(batch->next);
    }
    return batch;
  }
  std::uint16_t rest = 0;
  for (const FreeFrame* frame = batch->next; frame != nullptr; frame = frame->next) {
    ++rest;
  }
  block->heads[size_class] = batch->next;
  block->counts[size_class] = rest;
  return batch;
}

void Registry::spill_frame(void* memory, std::size_t size_class) noexcept {
  auto* first = static_cast<FreeFrame*>(memory);
  first->next = nullptr;
  ThreadBlock* const block = xgops_task_thread_state.block;
  for (std::uint32_t i = 1;
       block != nullptr && i < kFrameBatch && block->heads[size_class] != nullptr; ++i) {
    FreeFrame* const other = block->heads[size_class];
    block->heads[size_class] = other->next;
    --block->counts[size_class];
    other->next = first;
    first = other;
  }
  free_frames_[size_class].push(first);
}

std::span<const Record> Registry::records() const noexcept {
  const std::byte* const begin = record_arena_.begin();
  const auto bytes = static_cast<std::size_t>(record_arena_.end() - begin);
  return {reinterpret_cast<const Record*>(begin), begin == nullptr ? 0 : bytes / sizeof(Record)};
}

TaskCounts Registry::counts() const noexcept {
  TaskCounts counts;
  counts.unlisted = unlisted_.load(kRelaxed);
  std::uint64_t ended = 0;
  // Ends are counted first, so that a task which ends meanwhile still counts.
  for (const ThreadBlock* block = blocks_.load(std::memory_order_acquire); block != nullptr;
       block = block->next) {
    ended += block->ended.load(kRelaxed);
  }
  for (const ThreadBlock* block = blocks_.load(std::memory_order_acquire); block != nullptr;
       block = block->next) {
    counts.created += block->created.load(kRelaxed);
  }
  counts.live = counts.created > ended ? counts.created - ended : 0;
  return counts;
}

std::vector<Registry::Thread> Registry::threads() const {
  std::vector<Thread> threads;
  for (const ThreadBlock* block = blocks_.load(std::memory_order_acquire); block != nullptr;
       block = block->next) {
    if (const std::uint32_t tid = block->tid.load(std::memory_order_acquire); tid != 0) {
      threads.push_back({tid, block});
    }
  }
  std::sort(threads.begin(), threads.end(),
            [](const Thread& a, const Thread& b) { return a.tid < b.tid; });
  return threads;
}

AnnouncedWait Registry::announced_by(const Thread& thread) noexcept {
  const ThreadBlock& block = *thread.block;
  const auto* const operation = block.wait_operation.load(std::memory_order_acquire);
  AnnouncedWait wait;
  wait.argument_kind = static_cast<detail::TaskArgumentBits>(
      block.wait_argument_kind.load(std::memory_order_acquire));
  wait.argument = block.wait_argument.load(std::memory_order_acquire);
  // Else it changed meanwhile, and will again; or the block is another thread's.
  if (block.wait_operation.load(kRelaxed) == operation && block.tid.load(kRelaxed) == thread.tid) {
    wait.operation = reinterpret_cast<std::uint64_t>(operation);
  }
  return wait;
}

std::uint32_t Registry::handler_of(const Thread& thread) noexcept {
  const std::uint32_t handler = thread.block->handler.load(std::memory_order_acquire);
  const bool is_in_one = handler % detail::ThreadBlock::kHandlerBegun != 0;
  return is_in_one && thread.block->tid.load(kRelaxed) == thread.tid ? handler : 0;
}

std::uint64_t Registry::executors_of(const Thread& thread) noexcept {
  const std::uint64_t executors = thread.block->executors.load(std::memory_order_acquire);
  return thread.block->tid.load(kRelaxed) == thread.tid ? executors : 0;
}

namespace {

// A library that has the archive may be unloaded before threads end that used it.
[[gnu::destructor]] void leave_threads_alone() noexcept {
  registry().delete_key();
}

}  // namespace

}  // namespace xgops::tasks
