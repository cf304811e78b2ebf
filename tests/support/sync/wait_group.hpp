// SPDX-License-Identifier: MIT
// Waiting for several things to be done, or for one.
#pragma once

#include "support/sync/waiter.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace xgops::test::sync {

/// sync.WaitGroup of Go: a counter, and tasks that wait until it is 0.
class WaitGroup {
 public:
  class Awaiter {
   public:
    Awaiter(WaitGroup& group, const WaitKind& kind) noexcept : group_(group), kind_(kind) {}
    ~Awaiter();
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;

    bool await_ready() const { return group_.count() == 0; }
    bool await_suspend(std::coroutine_handle<> coroutine);
    void await_resume() noexcept {}

   private:
    WaitGroup& group_;
    const WaitKind& kind_;
    Waiter waiter_;
    bool queued_ = false;
  };

  explicit WaitGroup(std::int64_t count = 0) noexcept : count_(count) {}

  /// Throws std::logic_error when the counter becomes negative.
  void add(std::int64_t count);
  void done();
  Awaiter wait() noexcept;

  /// The task with this id is going to call `done`. Without members, anybody may.
  void add_member(std::uint64_t task) { members_.add_task(task); }
  /// Only members will.
  void seal_members() noexcept { members_.seal(); }

  [[nodiscard]] std::int64_t count() const;

 private:
  void change(std::int64_t count);

  mutable std::mutex mutex_;
  WaitQueue queue_;
  std::int64_t count_;
  HolderSet members_{HolderSet::Ends::kAllLetGo};
};

/// Keeps tasks back until it is opened: tests force an order of events with it.
class Gate {
 public:
  WaitGroup::Awaiter wait() noexcept;
  void open() { closed_.done(); }  ///< Once.

 private:
  WaitGroup closed_{1};
};

}  // namespace xgops::test::sync
