// SPDX-License-Identifier: MIT
// Tasks of a program's own: a coroutine type, a job, a lock that says who holds it.
#include <xgops/agent.hpp>
#include <xgops/tasks.hpp>

#include <coroutine>
#include <cstdio>
#include <deque>
#include <exception>

namespace {

// The coroutine type: three lines make it a task.
struct Task {
  struct promise_type : xgops::TaskPromise {
    auto initial_suspend() noexcept { return starts(std::suspend_never{}); }
    auto final_suspend() noexcept { return ends(std::suspend_never{}); }

    Task get_return_object() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

// A lock for tasks of one thread. `co_await lock.acquire()`, then `lock.release()`.
class Lock {
 public:
  auto acquire() noexcept { return Awaiter{*this}; }
  void release() {
    if (waiting_.empty()) {
      locked_ = false;
      holder_.clear();
      return;
    }
    const Waiting next = waiting_.front();
    waiting_.pop_front();
    holder_.hand_to(next.wait);
    next.task.resume();  // At once here; most programs give it to their executor.
  }

 private:
  struct Waiting {
    std::coroutine_handle<> task;
    xgops::AnnouncedWait wait;
  };
  struct Awaiter {
    Lock& lock;

    bool await_ready() const noexcept { return !lock.locked_; }
    void await_suspend(std::coroutine_handle<> task) {
      static constexpr xgops::WaitKind kKind{xgops::WaitReason::kMutexLock};
      lock.waiting_.push_back({task, xgops::announce_wait(kKind, lock.holder_)});
    }
    void await_resume() noexcept {
      lock.locked_ = true;
      lock.holder_.set_current();
    }
  };

  bool locked_ = false;
  xgops::Holder holder_;
  std::deque<Waiting> waiting_;
};

Task print(Lock& lock, const char* page) {
  xgops::name_task(page);
  xgops::label_task("user", "ada");
  co_await lock.acquire();
  std::printf("printing %s\n", page);
  lock.release();
}

void run_job() {
  xgops::Job job("resize");        // Queued from here on,
  const auto running = job.run();  // running from here on.
  std::puts("resizing");
}

void list_tasks() {
  xgops::visit_tasks([](const xgops::TaskView& task) {
    std::printf("task %llu %s waits for: %s\n", static_cast<unsigned long long>(task.id), task.name,
                task.wait);
  });
  xgops::print_stacks(1);
}

}  // namespace

int main() {
  const auto agent = xgops::Agent::start();
  Lock lock;
  const xgops::TaskScope scope("main");
  lock.acquire().await_resume();
  print(lock, "page 1");
  print(lock, "page 2");
  list_tasks();
  lock.release();
  run_job();
  return 0;
}
