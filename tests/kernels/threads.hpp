// SPDX-License-Identifier: MIT
// The kernels with OS threads on std primitives. What std does not have, a channel and a wait
// group, is made of a mutex and a condition, and says who can end a wait for it.
#pragma once

#include "kernel.hpp"
#include "xgops/tasks.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace kernels {

/// Keeps threads back until it is opened.
class Gate {
 public:
  void wait() { open_.wait(false); }
  void open() {
    open_.store(true);
    open_.notify_all();
  }

 private:
  std::atomic<bool> open_{false};
};

/// std::shared_mutex prefers readers; the kernels need one that keeps readers out while a writer
/// waits.
class WriterFirstLock {
 public:
  WriterFirstLock() {
    pthread_rwlockattr_t attributes;
    ::pthread_rwlockattr_init(&attributes);
    ::pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    ::pthread_rwlock_init(&lock_, &attributes);
  }
  void lock() { ::pthread_rwlock_wrlock(&lock_); }
  void lock_shared() { ::pthread_rwlock_rdlock(&lock_); }
  void unlock() { ::pthread_rwlock_unlock(&lock_); }
  /// Whether a writer waits, as far as a reader can tell.
  bool keeps_readers_out() {
    if (::pthread_rwlock_tryrdlock(&lock_) != 0) {
      return true;
    }
    unlock();
    return false;
  }

 private:
  pthread_rwlock_t lock_;
};

/// A channel for signals without a buffer.
class Signals {
 public:
  // The calling thread is the only one that sends (or closes), or receives.
  void i_send() { senders_.add_current(); }
  void i_receive() { receivers_.add_current(); }
  void seal() {
    senders_.seal();
    receivers_.seal();
  }

  void send() {
    static constexpr xgops::WaitKind kSend{xgops::WaitReason::kChannelSend};
    std::unique_lock lock(mutex_);
    ++offers_;
    changed_.notify_all();
    const xgops::WaitScope waiting(kSend, receivers_);
    changed_.wait(lock, [this] { return taken_ > 0; });
    --taken_;
  }
  void receive() {
    static constexpr xgops::WaitKind kReceive{xgops::WaitReason::kChannelReceive};
    std::unique_lock lock(mutex_);
    const xgops::WaitScope waiting(kReceive, senders_);
    changed_.wait(lock, [this] { return offers_ > 0 || closed_; });
    if (offers_ > 0) {
      --offers_;
      ++taken_;
      changed_.notify_all();
    }
  }
  bool try_receive() {
    const std::scoped_lock lock(mutex_);
    if (offers_ == 0) {
      return false;
    }
    --offers_;
    ++taken_;
    changed_.notify_all();
    return true;
  }
  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int offers_ = 0;
  int taken_ = 0;
  bool closed_ = false;
  xgops::HolderSet senders_{xgops::HolderSet::Ends::kOneActs};
  xgops::HolderSet receivers_{xgops::HolderSet::Ends::kOneActs};
};

class WaitGroup {
 public:
  explicit WaitGroup(int count) : count_(count) {}
  void i_am_a_member() { members_.add_current(); }
  void seal() { members_.seal(); }
  void done() {
    const std::scoped_lock lock(mutex_);
    members_.remove_current();
    --count_;
    changed_.notify_all();
  }
  void wait() {
    static constexpr xgops::WaitKind kWait{xgops::WaitReason::kWaitGroup};
    std::unique_lock lock(mutex_);
    const xgops::WaitScope waiting(kWait, members_);
    changed_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_;
  xgops::HolderSet members_{xgops::HolderSet::Ends::kAllLetGo};
};

/// Threads of a kernel, joined by main. Its primitives are static: they must outlive its threads.
class Scene {
 public:
  explicit Scene(bool is_fixed) : fixed(is_fixed) {}
  void start(const char* name, std::function<void()> run) {
    threads_.emplace_back([name, run = std::move(run)] {
      ::pthread_setname_np(::pthread_self(), name);
      run();
    });
  }
  void join() {
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  const bool fixed;

 private:
  std::vector<std::thread> threads_;
};

using ThreadKernel = void (*)(Scene& scene);

extern const std::map<std::string, ThreadKernel> kThreadLockKernels;   // thread_locks.cpp
extern const std::map<std::string, ThreadKernel> kThreadMixedKernels;  // thread_channels.cpp

}  // namespace kernels
