// SPDX-License-Identifier: MIT
#include "tasks/registry.hpp"

#include "support/own_memory.hpp"
#include "tasks/details.hpp"
#include "tasks/leak_scopes.hpp"
#include "xgops/detail/frame_memory.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <string_view>
#include <utility>

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

// Numbers that the sequences of records begin with, far apart: a reader, or a writer that is late,
// must not take a record whose memory was given back meanwhile for the one it knew.
void Registry::RecordLayout::prepare(std::byte* slab, std::size_t /*size_class*/) noexcept {
  static constinit std::atomic<std::uint32_t> next_sequence{0};
  const std::uint32_t sequence = next_sequence.fetch_add(0x9e37'79ba, kRelaxed);
  auto* const records = reinterpret_cast<Record*>(slab);
  for (std::size_t i = 0; i < FrameSlab::kBytes / sizeof(Record); ++i) {
    records[i].sequence.store(sequence, kRelaxed);
  }
}
std::byte* Registry::RecordLayout::next(const std::byte* block) noexcept {
  return reinterpret_cast<std::byte*>(next_of(*reinterpret_cast<const Record*>(block)));
}
void Registry::RecordLayout::set_next(std::byte* block, std::byte* next) noexcept {
  xgops::tasks::set_next(*reinterpret_cast<Record*>(block), reinterpret_cast<Record*>(next));
}

void Registry::FrameLayout::prepare(std::byte* slab, std::size_t size_class) noexcept {
  __atomic_store_n(reinterpret_cast<std::uint64_t*>(slab + end()), size_class, __ATOMIC_RELAXED);
}
std::byte* Registry::FrameLayout::next(const std::byte* block) noexcept {
  return reinterpret_cast<std::byte*>(
      __atomic_load_n(&reinterpret_cast<const FreeFrame*>(block)->next, __ATOMIC_RELAXED));
}
void Registry::FrameLayout::set_next(std::byte* block, std::byte* next) noexcept {
  __atomic_store_n(&reinterpret_cast<FreeFrame*>(block)->next, reinterpret_cast<FreeFrame*>(next),
                   __ATOMIC_RELAXED);
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
  leak_scopes().lock();
  ::pthread_mutex_lock(&g_registry.growth_);
}
void Registry::after_fork_in_parent() noexcept {
  ::pthread_mutex_unlock(&g_registry.growth_);
  leak_scopes().unlock();
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
  give_records(thread.free_tasks);
  for (std::size_t size_class = 0; size_class <= kClasses; ++size_class) {
    give_frames(block.heads[size_class], size_class);
    block.heads[size_class] = nullptr;
    block.counts[size_class] = 0;
  }
  thread.free_tasks = nullptr;
  thread.free_count = 0;
  thread.block = nullptr;
  thread.next_id = thread.end_id = 0;
  if (const LeakScope scope = std::exchange(thread.handler_leak_scope, 0); scope != 0) {
    leak_scopes().release(scope);  // Of an operation that was destroyed.
  }
  block.executors.store(0, kRelaxed);
  block.handler.store(0, kRelaxed);
  block.tid.store(0, kRelease);
  block.in_use.store(false, kRelease);
}

template <class Heap>
BlockChain Registry::take(Heap& heap, std::size_t size_class, std::uint32_t most) noexcept {
  BlockChain chain = heap.take(size_class, most);
  if (chain.first == nullptr) {
    const GrowthLock lock(*this);
    chain = heap.grow(size_class, most);
  }
  return chain;
}

Record* Registry::refill() {
  const BlockChain chain = take(free_records_, 0, kRecordBatch);
  if (chain.first == nullptr) {
    unlisted_.fetch_add(1, kRelaxed);
    Record* const outside = outside_records_.pop();
    return outside != nullptr ? outside : new Record{};
  }
  auto* const first = reinterpret_cast<Record*>(chain.first);
  ::xgops_task_thread& thread = xgops_task_thread_state;
  thread.free_tasks = next_of(*first);
  thread.free_count = chain.count - 1;
  return first;
}

void Registry::spill(Record* record) noexcept {
  ::xgops_task_thread& thread = xgops_task_thread_state;
  Record* last = record;
  for (std::uint32_t i = 1; i < kRecordBatch && thread.free_tasks != nullptr; ++i) {
    set_next(*last, thread.free_tasks);
    last = thread.free_tasks;
    thread.free_tasks = next_of(*last);
    --thread.free_count;
  }
  set_next(*last, nullptr);
  give_records(record);
}

void Registry::give_records(Record* first) noexcept {
  free_records_.give(reinterpret_cast<std::byte*>(first), 0, [this](std::byte* outside) {
    outside_records_.push(reinterpret_cast<Record*>(outside));
  });
}

std::uint64_t Registry::refill_ids() noexcept {
  const std::uint64_t first = next_id_.fetch_add(kIdBatch, kRelaxed);
  xgops_task_thread_state.end_id = first + kIdBatch;
  return first;
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
  return frame_block(frames(), node, support::copy_own_memory).bytes;
}

std::uint64_t Registry::resume_function(std::uint64_t node) const noexcept {
  return tasks::resume_function(frames(), node, support::copy_own_memory);
}

void* Registry::refill_frames(std::size_t size_class) noexcept {
  if (size_class == 0 || size_class > kClasses) {
    return nullptr;
  }
  ThreadBlock* const block = xgops_task_thread_state.block;
  const BlockChain chain = take(free_frames_, size_class, block != nullptr ? kFrameBatch : 1);
  if (chain.first == nullptr || block == nullptr) {
    return chain.first;
  }
  auto* const first = reinterpret_cast<FreeFrame*>(chain.first);
  block->heads[size_class] = first->next;
  block->counts[size_class] = static_cast<std::uint16_t>(chain.count - 1);
  return first;
}

void Registry::spill_frame(void* memory, std::size_t size_class) noexcept {
  auto* const first = static_cast<FreeFrame*>(memory);
  ThreadBlock* const block = xgops_task_thread_state.block;
  FreeFrame* last = first;
  for (std::uint32_t i = 1;
       block != nullptr && i < kFrameBatch && block->heads[size_class] != nullptr; ++i) {
    last->next = block->heads[size_class];
    last = last->next;
    block->heads[size_class] = last->next;
    --block->counts[size_class];
  }
  last->next = nullptr;
  give_frames(first, size_class);
}

void Registry::give_frames(FreeFrame* first, std::size_t size_class) noexcept {
  // Others are mixed in only after the memory had run out, see `allocate_frame`.
  free_frames_.give(reinterpret_cast<std::byte*>(first), size_class,
                    [](std::byte* outside) { ::operator delete(outside); });
}

std::span<const Record> Registry::records() const noexcept {
  const std::byte* const begin = record_memory().begin();
  const auto bytes = static_cast<std::size_t>(record_memory().end() - begin);
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
