// SPDX-License-Identifier: MIT
// The kernels as coroutines.
#pragma once

#include "kernel.hpp"
#include "support/sync/channel.hpp"
#include "support/sync/condition.hpp"
#include "support/sync/executor.hpp"
#include "support/sync/mutex.hpp"
#include "support/sync/rw_lock.hpp"
#include "support/sync/task.hpp"
#include "support/sync/wait_group.hpp"

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kernels {

using namespace xgops::test::sync;  // NOLINT(google-build-using-namespace): it is all about these.

/// Lets the others run first.
struct Yield {
  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    static constexpr xgops::WaitKind kQueued{xgops::WaitReason::kPost};
    xgops::announce_wait(kQueued);
    Executor::current()->post(self);
  }
  void await_resume() noexcept {}
};
inline Yield yield() noexcept {
  return {};
}

/// One run of a kernel: where its tasks run, and their primitives, which outlive them.
class Scene {
 private:
  /// A primitive, as the complement of its address: who looks through memory for those that could
  /// still wake a task must not take the scene for one.
  class Hidden {
   public:
    template <class Primitive>
    explicit Hidden(Primitive* primitive)
        : address_(~reinterpret_cast<std::uintptr_t>(primitive)),
          destroy_([](void* made) { delete static_cast<Primitive*>(made); }) {}
    ~Hidden() {
      destroy_(reinterpret_cast<void*>(~address_));
    }  // NOLINT(performance-no-int-to-ptr)
    Hidden(const Hidden&) = delete;
    Hidden& operator=(const Hidden&) = delete;

   private:
    std::uintptr_t address_;
    void (*destroy_)(void*);
  };
  std::list<Hidden> primitives_;

 public:
  using Ids = std::initializer_list<std::uint64_t>;

  /// Without `declares_ends` no primitive says who can end a wait for it: only locks have owners.
  explicit Scene(bool is_fixed, bool declares_ends = true, unsigned workers = 0)
      : executor(workers), fixed(is_fixed), declares_ends_(declares_ends) {}

  /// For who sets the scene, not for its tasks.
  template <class Primitive, class... Arguments>
  Primitive& make(Arguments&&... arguments) {
    auto* const made = std::make_unique<Primitive>(std::forward<Arguments>(arguments)...).release();
    primitives_.emplace_back(made);
    return *made;
  }

  /// Nobody else will ever send into it or close it, or receive from it.
  void ends(ChannelCore& channel, Ids senders, Ids receivers = {}) const {
    if (!declares_ends_) {
      return;
    }
    for (const std::uint64_t task : senders) {
      channel.add_sender(task);
    }
    for (const std::uint64_t task : receivers) {
      channel.add_receiver(task);
    }
    channel.seal();
  }
  /// Nobody else will be done.
  void members(WaitGroup& group, Ids tasks) const {
    if (!declares_ends_) {
      return;
    }
    for (const std::uint64_t task : tasks) {
      group.add_member(task);
    }
    group.seal_members();
  }

  /// Nobody else will notify.
  void notifiers(Condition<Mutex>& condition, Ids tasks) const {
    if (!declares_ends_) {
      return;
    }
    for (const std::uint64_t task : tasks) {
      condition.add_notifier(task);
    }
    condition.seal_notifiers();
  }

  Executor executor;
  const bool fixed;
  std::atomic<bool> stopped{false};    ///< Who runs on a worker's thread for ever ends now.
  std::function<void()> look = [] {};  ///< For scenes to be looked at before their end.

 private:
  const bool declares_ends_;
};

using TaskKernel = void (*)(Scene& scene);

extern const std::map<std::string, TaskKernel> kLockKernels;       // task_locks.cpp
extern const std::map<std::string, TaskKernel> kMixedKernels;      // task_channels.cpp
extern const std::map<std::string, TaskKernel> kChannelKernels;    // task_communication.cpp
extern const std::map<std::string, TaskKernel> kContextKernels;    // task_contexts.cpp
extern const std::map<std::string, TaskKernel> kConditionKernels;  // task_conditions.cpp

}  // namespace kernels
