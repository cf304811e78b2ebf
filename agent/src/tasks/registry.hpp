// SPDX-License-Identifier: MIT
// Where the records of all tasks of this process are.
#pragma once

#include "tasks/arena.hpp"
#include "tasks/frame_blocks.hpp"
#include "tasks/free_list.hpp"
#include "tasks/slab_heap.hpp"
#include "xgops/detail/task_record.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <pthread.h>

namespace xgops::tasks {

/// How many tasks there are, and were.
struct TaskCounts {
  std::uint64_t live = 0;
  std::uint64_t created = 0;   ///< Since the process began.
  std::uint64_t unlisted = 0;  ///< Live or not, made when there was no memory for their records.
};

/// What a thread says that it waits for.
struct AnnouncedWait {
  std::uint64_t operation = 0;  ///< Address of a `TaskOperation`; 0: it says nothing.
  detail::TaskArgumentBits argument_kind = detail::kArgumentNone;
  std::uint64_t argument = 0;
};

/// Hands out task records and coroutine frames to the threads of the host, a batch at a time, and
/// shows all records to readers. One for each process, for ever: tasks may end while the process
/// does.
///
/// A thread takes and gives back batches without a lock. A lock is held only while memory is added,
/// every few thousand tasks; readers never take it. What the tasks that ended leave empty goes back
/// to the system, but for a few MiB.
class Registry {
 public:
  using Record = ::xgops_task_record;

  constexpr Registry() noexcept = default;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // For the thread that calls.
  void attach_thread();
  [[nodiscard]] Record* refill();
  void spill(Record* record) noexcept;
  [[nodiscard]] std::uint64_t refill_ids() noexcept;
  [[nodiscard]] void* refill_frames(std::size_t size_class) noexcept;
  void spill_frame(void* frame, std::size_t size_class) noexcept;

  /// A number for the executor at this address, never 0; 0: there are too many. Lock-free.
  [[nodiscard]] std::uint16_t executor_number(const void* context) noexcept;

  /// Threads that end from now on give nothing back, and do not call into this code.
  void delete_key() noexcept;

  // For readers.
  /// All records there ever were; most may be free.
  [[nodiscard]] std::span<const Record> records() const noexcept;
  [[nodiscard]] const Arena& frames() const noexcept { return free_frames_.memory(); }
  /// Where `records` are.
  [[nodiscard]] const Arena& record_memory() const noexcept { return free_records_.memory(); }
  /// Where what is kept of their memory is.
  [[nodiscard]] const Arena& record_table() const noexcept { return free_records_.table(); }
  [[nodiscard]] const Arena& frame_table() const noexcept { return free_frames_.table(); }
  /// Calls `visit(address)` for the frames that nobody uses. Only while nobody runs, or in a copy
  /// of the memory.
  template <class Visit>
  void visit_free_frames(Visit&& visit) const {
    free_frames_.visit_free(
        [&](const std::byte* frame) { visit(reinterpret_cast<std::uint64_t>(frame)); });
    for (const detail::ThreadBlock* block = blocks_.load(std::memory_order_acquire);
         block != nullptr; block = block->next) {
      for (const detail::FreeFrame* frame : block->heads) {
        // A thread may stand between taking one and counting.
        for (std::uint32_t n = 0; n < kMostKept && frame != nullptr; ++n) {
          if (!free_frames_.contains(reinterpret_cast<const std::byte*>(frame))) {
            break;
          }
          visit(reinterpret_cast<std::uint64_t>(frame));
          frame = frame->next;
        }
      }
    }
  }
  /// The size of the frame that the node at `node` lies in, rounded up to 16; 0: it is not known,
  /// for frames with an allocator of their own.
  [[nodiscard]] std::size_t frame_bytes(std::uint64_t node) const noexcept;
  /// What runs when the coroutine with this node is resumed; 0: not known.
  [[nodiscard]] std::uint64_t resume_function(std::uint64_t node) const noexcept;
  [[nodiscard]] TaskCounts counts() const noexcept;
  /// A thread that has used tasks. It may have ended since; what it kept can still be asked for.
  struct Thread {
    std::uint32_t tid = 0;
    const detail::ThreadBlock* block = nullptr;
  };
  /// By ascending id.
  [[nodiscard]] std::vector<Thread> threads() const;
  /// What the thread says that it waits for.
  [[nodiscard]] static AnnouncedWait announced_by(const Thread& thread) noexcept;
  /// The executors whose tasks it has run: bit n % 64 for number n.
  [[nodiscard]] static std::uint64_t executors_of(const Thread& thread) noexcept;
  /// Names the handler of Asio's that it is in, until another begins or one ends; 0: in none.
  [[nodiscard]] static std::uint32_t handler_of(const Thread& thread) noexcept;

 private:
  struct RecordLayout {
    static constexpr std::size_t first(std::size_t /*slab*/) noexcept { return 0; }
    static constexpr std::size_t bytes(std::size_t /*size_class*/) noexcept {
      return sizeof(Record);
    }
    static constexpr std::size_t end() noexcept { return FrameSlab::kBytes; }
    static void prepare(std::byte* slab, std::size_t size_class) noexcept;
    static std::byte* next(const std::byte* block) noexcept;
    static void set_next(std::byte* block, std::byte* next) noexcept;
  };
  struct FrameLayout {
    static constexpr std::size_t first(std::size_t slab) noexcept {
      return FrameSlab::offset(slab);
    }
    static constexpr std::size_t bytes(std::size_t size_class) noexcept {
      return size_class * detail::ThreadBlock::kUnit;
    }
    static constexpr std::size_t end() noexcept { return FrameSlab::kBytes - FrameSlab::kEnd; }
    static void prepare(std::byte* slab, std::size_t size_class) noexcept;
    static std::byte* next(const std::byte* block) noexcept;
    static void set_next(std::byte* block, std::byte* next) noexcept;
  };
  struct RecordLink {
    static Record* next(const Record& record) noexcept;
    static void set_next(Record& record, Record* next) noexcept;
  };
  class GrowthLock;

  static constexpr std::size_t kClasses = detail::ThreadBlock::kClasses;
  static constexpr std::uint32_t kMostKept = 4096;  ///< More than a thread has of a class.
  // Empty slabs that keep their memory: 1 MiB and 4 MiB.
  static constexpr std::uint32_t kKeptRecordSlabs = 16;
  static constexpr std::uint32_t kKeptFrameSlabs = 64;

  static void before_fork() noexcept;
  static void after_fork_in_parent() noexcept;
  static void after_fork_in_child() noexcept;
  void prepare_process();
  [[nodiscard]] detail::ThreadBlock* take_block();
  static void detach_thread(void* block) noexcept;
  void give_back(detail::ThreadBlock& block) noexcept;
  void give_records(Record* first) noexcept;
  void give_frames(detail::FreeFrame* first, std::size_t size_class) noexcept;
  template <class Heap>
  [[nodiscard]] BlockChain take(Heap& heap, std::size_t size_class, std::uint32_t most) noexcept;

  SlabHeap<RecordLayout, 0> free_records_{std::size_t{2} << 30, kKeptRecordSlabs};
  SlabHeap<FrameLayout, kClasses> free_frames_{std::size_t{16} << 30, kKeptFrameSlabs};
  BatchStack<Record, RecordLink> outside_records_;  ///< Made when there was no memory.
  static constexpr std::size_t kExecutors = 1024;
  std::atomic<const void*> executors_[kExecutors]{};  ///< Open addressing: the number is a place.
  std::atomic<std::uint64_t> next_id_{1};
  std::atomic<std::uint64_t> unlisted_{0};
  std::atomic<detail::ThreadBlock*> blocks_{nullptr};
  pthread_mutex_t growth_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_key_t thread_end_ = 0;
  std::atomic<bool> has_key_{false};
  std::atomic<bool> key_is_gone_{false};
};

/// The one of this process.
[[nodiscard]] Registry& registry() noexcept;

/// Whether the symbols that tasks use, of threads and options, are this library's. When a program
/// that is linked with the hooks exports its own, a preloaded library has those in their place:
/// they belong to the program's registry, and no thread may be attached to this one.
[[nodiscard]] bool has_own_thread_state() noexcept;

}  // namespace xgops::tasks
