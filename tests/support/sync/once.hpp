// SPDX-License-Identifier: MIT
// Something that is done by the first who comes.
#pragma once

#include "support/sync/waiter.hpp"

#include <coroutine>
#include <cstdint>
#include <functional>
#include <mutex>

namespace xgops::test::sync {

/// sync.Once of Go: the first caller runs its function, the others wait until that has returned, or
/// thrown. A call from within the function waits for itself.
class Once {
 public:
  Task<> call(std::function<Task<>()> function);

 private:
  enum class State : std::uint8_t { kNew, kRunning, kDone };

  /// Waits while another caller runs its function. Whether this one is to run its own.
  class First {
   public:
    explicit First(Once& once) noexcept : once_(once) {}
    ~First();
    First(const First&) = delete;
    First& operator=(const First&) = delete;

    bool await_ready();
    bool await_suspend(std::coroutine_handle<> coroutine);
    bool await_resume() const noexcept { return is_first_; }

   private:
    Once& once_;
    Waiter waiter_;
    bool is_first_ = false;
    bool queued_ = false;
  };

  /// The function's end, however it comes.
  class Completion {
   public:
    explicit Completion(Once& once) noexcept : once_(once) {}
    ~Completion();
    Completion(const Completion&) = delete;
    Completion& operator=(const Completion&) = delete;

   private:
    Once& once_;
  };

  std::mutex mutex_;
  State state_ = State::kNew;
  WaitQueue queue_;
  Holder runner_;  ///< "Held" by who runs the function: that is whom the others wait for.
};

}  // namespace xgops::test::sync
