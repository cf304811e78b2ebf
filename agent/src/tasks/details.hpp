// SPDX-License-Identifier: MIT
// What only some tasks have: a name, labels, the stack that created them.
#pragma once

#include "tasks/arena.hpp"
#include "xgops/detail/task_record.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <pthread.h>

namespace xgops::tasks {

inline constexpr std::size_t kMaxNameBytes = 47;
inline constexpr std::size_t kMaxCreationFrames = 32;

/// What one task has. Copied: the task may end meanwhile.
struct Details {
  std::array<char, kMaxNameBytes + 1> name{};
  std::uint32_t labels = 0;          ///< For `DetailTable::labels`; 0: none.
  std::uint32_t creation_stack = 0;  ///< For `DetailTable::creation_stack`; 0: none.
  std::uint32_t leak_scope = 0;      ///< As `LeakScope`.
};

/// Names, labels and creation stacks by task. Sets of labels and stacks are kept once each and for
/// ever, up to a limit.
///
/// Thread safety: writers take turns; readers wait for nobody.
class DetailTable {
 public:
  using Record = ::xgops_task_record;
  struct CreationStack {
    std::uint32_t frames = 0;
    std::array<std::uint64_t, kMaxCreationFrames> return_addresses{};
  };

  constexpr DetailTable() noexcept = default;
  DetailTable(const DetailTable&) = delete;
  DetailTable& operator=(const DetailTable&) = delete;

  void set_name(Record& record, std::string_view name);
  void set_label(Record& record, std::string_view key, std::string_view value);
  void inherit(Record& record, const Record& parent);
  /// Counts the task in the scope.
  void set_leak_scope(Record& record, std::uint32_t scope);
  void set_creation_stack(Record& record, const CreationStack& stack);
  void forget(Record& record) noexcept;

  /// False: it changed while it was read.
  [[nodiscard]] bool read(std::uint32_t index, Details& out) const noexcept;
  /// Of the task `id`, which had `record` when it was seen: it may have ended since, and what it
  /// had may be another's. False: it has none, or not any more, or they changed.
  [[nodiscard]] bool read_of(const Record* record, std::uint64_t id, Details& out) const noexcept {
    constexpr auto kAcquire = std::memory_order_acquire;
    const std::uint32_t index = record == nullptr ? 0 : record->details.load(kAcquire);
    return index != 0 && read(index, out) && record->details.load(kAcquire) == index &&
           record->identity.load(kAcquire) >> detail::kIdShift == id;
  }
  /// Of the calling thread's own task, or one that cannot end meanwhile.
  [[nodiscard]] std::uint32_t leak_scope(std::uint32_t index) const noexcept;
  /// "key=value key=value".
  [[nodiscard]] std::string_view labels(std::uint32_t set) const noexcept;
  [[nodiscard]] const CreationStack* creation_stack(std::uint32_t id) const noexcept;

  void lock() noexcept { ::pthread_mutex_lock(&mutex_); }
  void unlock() noexcept { ::pthread_mutex_unlock(&mutex_); }

 private:
  struct Entry {
    std::atomic<std::uint32_t> sequence;
    std::atomic<std::uint32_t> labels;
    std::atomic<std::uint32_t> creation_stack;
    std::atomic<std::uint32_t> leak_scope;  ///< While nobody has it: the next free one.
    std::array<std::atomic<std::uint64_t>, (kMaxNameBytes + 1) / 8> name;
  };
  static_assert(sizeof(Entry) == 64);
  class Change;

  /// Things that are added and never changed; 0 is no id. Readers need no lock.
  template <class T>
  class Interned {
   public:
    static constexpr std::uint32_t kMost = 65'535;
    [[nodiscard]] const T* at(std::uint32_t id) const noexcept;
    /// 0: the table is full, or there is no memory.
    [[nodiscard]] std::uint32_t add(T&& value, std::uint64_t hash);
    template <class Same>
    [[nodiscard]] std::uint32_t find(std::uint64_t hash, Same same) const noexcept;

   private:
    struct Slot {
      std::uint64_t hash = 0;
      std::uint32_t next = 0;
      T value;
    };
    static constexpr std::uint32_t kBuckets = 4096;
    struct Table {
      std::array<std::uint32_t, kBuckets> buckets{};
      std::array<std::atomic<const Slot*>, kMost + 1> slots{};
      std::uint32_t count = 0;
    };
    std::atomic<Table*> table_{nullptr};
  };

  [[nodiscard]] Entry* entry(std::uint32_t index) const noexcept;
  [[nodiscard]] Entry* entry_of(Record& record) noexcept;
  [[nodiscard]] std::uint32_t intern_labels(const std::string& text);

  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  Arena arena_{std::size_t{1} << 30};
  std::uint32_t used_ = 0;
  std::uint32_t first_free_ = 0;
  Interned<std::string> labels_;
  Interned<CreationStack> stacks_;
};

/// The one of this process.
[[nodiscard]] DetailTable& details() noexcept;

/// The stack of the calling thread without its innermost `skip` frames. Cost: 0.2 to 1 us a frame.
[[nodiscard]] DetailTable::CreationStack current_stack(std::size_t skip) noexcept;

}  // namespace xgops::tasks
