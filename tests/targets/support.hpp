// SPDX-License-Identifier: MIT
// What the programs to inspect share: named threads, proof that they are blocked, the ready line.
// The programs know nothing of xgops; the agent is preloaded.
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace target {

inline constexpr long kAnyCall = -1;     ///< Blocked, in whatever call.
inline constexpr long kNotBlocked = -2;  ///< Runs, or sleeps and runs in turn.

/// Keeps the caller's frame: a call before it cannot become a jump.
inline void keep_frame() {
  asm volatile("" ::: "memory");
}

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "target: %s: %s\n", what.c_str(), std::strerror(errno));
  ::_exit(3);
}

/// `value` unless the system call failed.
template <class T>
T check(T value, const char* what) {
  if (value == static_cast<T>(-1)) {
    fail(what);
  }
  return value;
}

inline pid_t thread_id() {
  return static_cast<pid_t>(::syscall(SYS_gettid));
}

inline void nap() {
  const timespec millisecond{0, 1'000'000};
  ::nanosleep(&millisecond, nullptr);
}

/// What `at_end` collected.
inline std::vector<std::function<void()>>& endings() {
  static std::vector<std::function<void()>> all;
  return all;
}
inline std::mutex& endings_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// Has `cleanup` called when the program is told to end. The kernel keeps some things for ever.
inline void at_end(std::function<void()> cleanup) {
  const std::lock_guard lock(endings_mutex());
  endings().push_back(std::move(cleanup));
}

/// What `xgops` should say about a thread. `reason` may name several words divided by `|`, where
/// the wait cannot be told apart without debug information.
struct Expectation {
  std::string reason;
  long system_call = SYS_futex;
  std::string owner = {};  ///< Name of the thread that holds what is waited for.
  bool timed = false;
  pid_t owner_tid = 0;        ///< In place of `owner`.
  bool owner_exited = false;  ///< The owner's thread has ended.
};

/// One thread of a scene, as its body sees it.
class Actor {
 public:
  Actor(std::string name, Expectation expectation)
      : name_(std::move(name)), expectation_(std::move(expectation)) {}

  /// The descriptor that it will wait for, and a part of how it should be described.
  void waits_on(int fd, std::string detail = {}) {
    fd_ = fd;
    detail_ = std::move(detail);
  }
  /// To be called right before the call that blocks.
  void about_to_block() { about_to_block_.store(true, std::memory_order_release); }

  [[nodiscard]] pid_t tid() const { return tid_.load(std::memory_order_acquire); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  friend class Scene;

  std::string name_;
  Expectation expectation_;
  int fd_ = -1;
  std::string detail_;
  std::atomic<pid_t> tid_{0};
  std::atomic<bool> about_to_block_{false};
  std::uint64_t switches_ = 0;  ///< Of the last look.
};

/// Threads that block one after the other and stay blocked.
class Scene {
 public:
  /// Starts a thread and returns once it is about to block. Its body must not return.
  Actor& add(const std::string& name, Expectation expectation,
             const std::function<void(Actor&)>& body) {
    Actor& actor = actors_.emplace_back(name, std::move(expectation));
    std::thread([&actor, body] {
      adopt(actor);
      body(actor);
      fail("thread " + actor.name_ + " came back from its wait");
    }).detach();
    await_about_to_block(actor);
    return actor;
  }

  /// The same for a thread that somebody else starts: it calls `adopt` first.
  Actor& expect(const std::string& name, Expectation expectation) {
    return actors_.emplace_back(name, std::move(expectation));
  }
  static void adopt(Actor& actor) {
    ::prctl(PR_SET_NAME, actor.name_.c_str());
    actor.tid_.store(thread_id(), std::memory_order_release);
  }

  /// Prints a JSON line per thread, then `ready`, once every thread is seen blocked in its call and
  /// none has run between two looks.
  void announce() {
    await_blocked();
    for (const Actor& actor : actors_) {
      print_fact(actor);
    }
    std::printf("ready\n");
    std::fflush(stdout);
  }

  /// Answers each line of stdin with `reply(line)`; ends the program at the end of stdin.
  [[noreturn]] static void serve(const std::function<std::string(const std::string&)>& reply = {}) {
    for (std::string line; std::getline(std::cin, line);) {
      std::printf("%s\n", reply ? reply(line).c_str() : "?");
      std::fflush(stdout);
    }
    const std::lock_guard lock(endings_mutex());
    for (const auto& cleanup : endings()) {
      cleanup();
    }
    ::_exit(0);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kPatience{25};

  static void await_about_to_block(const Actor& actor) {
    const auto deadline = Clock::now() + kPatience;
    while (!actor.about_to_block_.load(std::memory_order_acquire)) {
      if (Clock::now() > deadline) {
        fail("thread " + actor.name_ + " does not get ready");
      }
      nap();
    }
  }

  static std::string read_task_file(pid_t tid, const char* file) {
    const std::string path = "/proc/self/task/" + std::to_string(tid) + "/" + file;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    char text[256];
    const ssize_t count = fd >= 0 ? ::read(fd, text, sizeof text) : 0;
    if (fd >= 0) {
      ::close(fd);
    }
    return {text, count > 0 ? static_cast<std::size_t>(count) : 0};
  }

  /// How often the scheduler has picked the thread.
  static std::uint64_t switches(pid_t tid) {
    const std::string text = read_task_file(tid, "schedstat");
    const auto last_space = text.rfind(' ');
    return last_space == std::string::npos ? 0 : std::strtoull(&text[last_space], nullptr, 10);
  }

  /// Whether it is blocked in its call and has not run since the last look.
  static bool is_settled(Actor& actor) {
    if (!actor.about_to_block_.load(std::memory_order_acquire)) {
      return false;
    }
    if (actor.expectation_.system_call == kNotBlocked) {
      return true;
    }
    const std::uint64_t before = std::exchange(actor.switches_, switches(actor.tid()));
    const std::string call = read_task_file(actor.tid(), "syscall");
    if (call.empty() || call.starts_with("running")) {
      return false;
    }
    const long number = std::strtol(call.c_str(), nullptr, 10);
    return before == actor.switches_ &&
           (actor.expectation_.system_call == kAnyCall || actor.expectation_.system_call == number);
  }

  void await_blocked() {
    const auto deadline = Clock::now() + kPatience;
    for (int quiet_looks = 0; quiet_looks < 2;) {
      const Actor* restless = nullptr;
      for (Actor& actor : actors_) {
        if (!is_settled(actor)) {
          restless = &actor;
        }
      }
      quiet_looks = restless == nullptr ? quiet_looks + 1 : 0;
      if (restless != nullptr && Clock::now() > deadline) {
        fail("thread " + restless->name_ + " is not in call " +
             std::to_string(restless->expectation_.system_call) + " but " +
             read_task_file(restless->tid(), "syscall"));
      }
      nap();
    }
  }

  void print_fact(const Actor& actor) const {
    const Expectation& expectation = actor.expectation_;
    pid_t owner = expectation.owner_tid;
    for (const Actor& other : actors_) {
      if (!expectation.owner.empty() && other.name_ == expectation.owner) {
        owner = other.tid();
      }
    }
    std::printf(
        "{\"tid\":%d,\"name\":\"%s\",\"reason\":\"%s\",\"owner\":%d,\"owner_exited\":%s,"
        "\"timed\":%s,\"fd\":%d,\"detail\":\"%s\"}\n",
        actor.tid(), actor.name_.c_str(), expectation.reason.c_str(), owner,
        expectation.owner_exited ? "true" : "false", expectation.timed ? "true" : "false",
        actor.fd_, actor.detail_.c_str());
  }

  std::deque<Actor> actors_;
};

}  // namespace target
