// SPDX-License-Identifier: MIT
// What leaks in the tests of leak checks.
#pragma once

#include "support/sync/channel.hpp"
#include "support/sync/mutex.hpp"
#include "support/sync/task.hpp"
#include "xgops/leak_check.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace xgops::test {

inline sync::Task<> consume(sync::Channel<int>& channel) {
  co_await channel.receive();
}
inline sync::Task<> lock_twice(sync::Mutex& mutex) {
  co_await mutex.lock();
  co_await mutex.lock();
}

inline LeakOptions soon() {
  return LeakOptions().within(std::chrono::milliseconds(20));
}
inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A thread that waits until it is told to end.
class WaitingThread {
 public:
  WaitingThread() : thread_([this] { wait_here(); }) {}
  ~WaitingThread() {
    {
      const std::scoped_lock lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  WaitingThread(const WaitingThread&) = delete;
  WaitingThread& operator=(const WaitingThread&) = delete;

 private:
  [[gnu::noinline]] void wait_here() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ends_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace xgops::test
