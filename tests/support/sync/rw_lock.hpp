// SPDX-License-Identifier: MIT
// A lock for many readers or one writer.
#pragma once

#include "support/sync/waiter.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace xgops::test::sync {

/// sync.RWMutex of Go: a writer that waits keeps new readers out, and readers that waited for a
/// writer go before the next one. Neither kind may be taken twice by one task.
class RwLock {
 public:
  enum class Mode : std::uint8_t { kRead, kWrite };

  class Awaiter {
   public:
    Awaiter(RwLock& lock, Mode mode) noexcept : lock_(lock), mode_(mode) {}
    ~Awaiter();
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;

    bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> coroutine);
    void await_resume() noexcept {}

   private:
    RwLock& lock_;
    const Mode mode_;
    Waiter waiter_;
    bool queued_ = false;
  };

  Awaiter read_lock() noexcept { return {*this, Mode::kRead}; }
  /// For writing; named so that a `Condition` takes it for a lock.
  Awaiter lock() noexcept { return {*this, Mode::kWrite}; }
  /// Both throw std::logic_error when it is not held so.
  void read_unlock();
  void unlock();

  [[nodiscard]] std::size_t waiting_readers() const;
  [[nodiscard]] std::size_t waiting_writers() const;

 private:
  [[nodiscard]] bool take(Mode mode, std::uint64_t task);
  void admit_reader(std::uint64_t task);
  void admit_writer(std::uint64_t task);
  void admit_waiting_readers();
  void admit_waiting_writer();
  void show_who_keeps_readers_out() noexcept;

  mutable std::mutex mutex_;
  WaitQueue readers_;
  WaitQueue writers_;
  bool written_ = false;
  std::uint64_t writer_ = 0;
  std::vector<std::uint64_t> reading_;             ///< Tasks that hold it for reading.
  HolderSet holders_{HolderSet::Ends::kAllLetGo};  ///< Readers or the writer: who waits to write.
  Holder barrier_;  ///< The writer, or who waits to be the next one: who waits to read.
};

}  // namespace xgops::test::sync
