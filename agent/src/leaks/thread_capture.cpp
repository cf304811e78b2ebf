// SPDX-License-Identifier: MIT
#include "leaks/thread_capture.hpp"

#include "support/service_thread.hpp"
#include "support/unique_fd.hpp"
#include "xgops/agent_abi.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::leaks {
namespace {

constexpr std::chrono::seconds kDeadline{2};

/// Collects a capture.
class Collector final : public threads::CaptureSink {
 public:
  explicit Collector(std::vector<threads::Module>& modules) : modules_(modules) {}

  void on_module(threads::Module module) override { modules_.push_back(std::move(module)); }
  void on_stack(threads::Stack stack) override {
    stacks_.insert_or_assign(stack.id, std::move(stack.frames));
  }
  void on_thread(threads::ThreadStack thread) override {
    SeenThread seen;
    seen.facts = std::move(thread.facts);
    if (const auto stack = stacks_.find(thread.stack_id); stack != stacks_.end()) {
      seen.frames = stack->second;
    }
    if (thread.status != threads::StackStatus::kExact) {
      seen.problem = std::move(thread.reason);
    }
    threads_.push_back(std::move(seen));
  }
  [[nodiscard]] std::vector<SeenThread> take() { return std::move(threads_); }

 private:
  std::vector<threads::Module>& modules_;
  std::unordered_map<std::uint32_t, std::vector<threads::Frame>> stacks_;
  std::vector<SeenThread> threads_;
};

/// What the reading thread is given and gives back.
struct Job {
  std::size_t max_frames = 0;
  int signal = 0;
  std::shared_ptr<const threads::Runtime> runtime;
  std::vector<SeenThread> threads;
  std::vector<threads::Module> modules;
};

void read_threads(Job& job) {
  const auto own_tid = static_cast<pid_t>(::syscall(SYS_gettid));
  const support::UniqueFd directory = task_directory();
  if (directory.get() < 0) {
    return;
  }
  threads::InspectorOptions options;
  options.task_directory_fd = directory.get();
  options.signal = job.signal;
  threads::Inspector inspector(options, job.runtime);
  threads::CaptureRequest request;
  request.max_frames = job.max_frames;
  request.interrupt = job.signal != 0;
  request.deadline = std::chrono::steady_clock::now() + kDeadline;
  Collector collector(job.modules);
  if (inspector.capture(request, collector)) {
    job.threads = collector.take();
    std::erase_if(job.threads,
                  [&](const SeenThread& thread) { return thread.facts.tid == own_tid; });
  }
}

void* run(void* job) noexcept {
  support::become_service_thread();
  try {
    read_threads(*static_cast<Job*>(job));
  } catch (const std::exception&) {
    static_cast<Job*>(job)->threads.clear();
  }
  return nullptr;
}

/// What asks the loader, whose lock others may hold while they fork, as who loads a library whose
/// constructor does: found before a capture's turn, for which such a fork waits.
struct Loaded {
  std::shared_ptr<const threads::Runtime> runtime;
  std::size_t stack_bytes = 0;
};

const Loaded& loaded() {
  static constinit pthread_once_t once = PTHREAD_ONCE_INIT;  // A child forked in here begins anew.
  static constinit const Loaded* found = nullptr;  // Never destroyed: checks run until the end.
  ::pthread_once(&once, [] {
    try {
      found = new Loaded{threads::probe_runtime(), support::service_stack_bytes()};
    } catch (const std::exception&) {
      found = nullptr;
    }
  });
  if (found == nullptr) {
    throw std::bad_alloc();
  }
  return *found;
}

/// One capture at a time: they share the slots for signals. And none while the process forks, whose
/// child would find a capture that nobody ends: a fork waits for it, for `kDeadline` at most. What
/// makes a capture needs nothing that others lock for a fork, and a thread that waits in one
/// answers the signal.
class CaptureTurn {
 public:
  CaptureTurn() noexcept {
    static constinit pthread_once_t once = PTHREAD_ONCE_INIT;
    ::pthread_once(&once, [] {
      // A child forked in here begins anew; to register twice would be to wait for itself.
      static constinit bool is_registered = false;
      if (!std::exchange(is_registered, true)) {
        ::pthread_atfork(&lock, &unlock, &unlock_in_child);
      }
    });
    lock();
  }
  ~CaptureTurn() { unlock(); }
  CaptureTurn(const CaptureTurn&) = delete;
  CaptureTurn& operator=(const CaptureTurn&) = delete;

 private:
  static void lock() noexcept { ::pthread_mutex_lock(&mutex_); }
  static void unlock() noexcept { ::pthread_mutex_unlock(&mutex_); }
  static void unlock_in_child() noexcept {
    threads::capture_after_fork();
    unlock();
  }

  static constinit pthread_mutex_t mutex_;
};

constinit pthread_mutex_t CaptureTurn::mutex_ = PTHREAD_MUTEX_INITIALIZER;

}  // namespace

std::vector<SeenThread> capture_threads(std::size_t max_frames,
                                        std::vector<threads::Module>& modules) {
  const Loaded& known = loaded();
  const CaptureTurn turn;
  // An agent of this process uses the same slots for its captures. Our handler stays: ignored, the
  // signal would look taken in programs that this one starts.
  std::string why;
  Job job;
  job.max_frames = max_frames;
  job.runtime = known.runtime;
  const bool may_signal = xgops_agent_running() == 0;
  job.signal = may_signal ? threads::install_capture_signal(0, why) : 0;
  const Result<pthread_t> thread = start_outside_of_scopes(&run, &job, known.stack_bytes);
  if (thread) {
    ::pthread_join(*thread, nullptr);
  }
  modules = std::move(job.modules);
  return std::move(job.threads);
}

}  // namespace xgops::leaks
