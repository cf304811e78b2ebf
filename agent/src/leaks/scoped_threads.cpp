// SPDX-License-Identifier: MIT
#include "leaks/scoped_threads.hpp"

#include "support/service_thread.hpp"
#include "xgops/detail/task_record.hpp"
#include "xgops/leak_check_abi.h"

#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::leaks {
namespace {

constinit ScopedThreads g_threads;  // Never destroyed: threads end during and after destructors.

pid_t own_tid() noexcept {
  return static_cast<pid_t>(::syscall(SYS_gettid));
}

/// What a thread is told by who creates it.
struct Birth {
  void* (*run)(void*);
  void* argument;
  ScopedThread thread;
};

// Runs after the destructors of thread_local objects, which still belong to the thread's work.
void end_thread(void* birth) noexcept {
  const std::unique_ptr<Birth> mine(static_cast<Birth*>(birth));
  g_threads.remove(mine->thread.tid);
  tasks::leak_scopes().leave(mine->thread.scope);
}

const pthread_key_t* end_key() noexcept;

void before_fork() noexcept {
  g_threads.lock();
}
void after_fork_in_parent() noexcept {
  g_threads.unlock();
}
// The child has this thread only.
void after_fork_in_child() noexcept {
  g_threads.unlock();
  auto* const mine = static_cast<Birth*>(::pthread_getspecific(*end_key()));
  for (const ScopedThread& thread : g_threads.all()) {
    if (mine == nullptr || thread.tid != mine->thread.tid) {
      g_threads.remove(thread.tid);
      tasks::leak_scopes().leave(thread.scope);
    }
  }
  if (mine != nullptr) {
    g_threads.remove(mine->thread.tid);
    mine->thread.tid = own_tid();
    g_threads.add(mine->thread);
  }
}

/// Null: there are no keys left.
const pthread_key_t* end_key() noexcept {
  struct Key {
    pthread_key_t key = 0;
    bool exists = false;
    Key() noexcept : exists(::pthread_key_create(&key, end_thread) == 0) {
      if (exists) {
        ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
      }
    }
  };
  static const Key key;
  return key.exists ? &key.key : nullptr;
}

void* run_in_scope(void* argument) {
  auto* const birth = static_cast<Birth*>(argument);
  auto* const run = birth->run;
  void* const its_argument = birth->argument;
  birth->thread.tid = own_tid();
  bool is_known = false;
  try {
    g_threads.add(birth->thread);
    is_known = ::pthread_setspecific(*end_key(), birth) == 0;
  } catch (const std::exception&) {
  }
  xgops_task_thread_state.leak_scope = birth->thread.scope;
  if (!is_known) {
    end_thread(birth);
  }
  return run(its_argument);  // A tail call: no frame of ours on the thread's stack.
}

}  // namespace

ScopedThreads& scoped_threads() noexcept {
  return g_threads;
}

void ScopedThreads::add(const ScopedThread& thread) {
  auto* const node = new Node{thread, nullptr};
  const std::scoped_lock lock(*this);
  node->next = first_;
  first_ = node;
}

void ScopedThreads::remove(pid_t tid) noexcept {
  const std::scoped_lock lock(*this);
  for (Node** link = &first_; *link != nullptr; link = &(*link)->next) {
    if ((*link)->thread.tid == tid) {
      const std::unique_ptr<Node> removed(std::exchange(*link, (*link)->next));
      return;
    }
  }
}

std::vector<ScopedThread> ScopedThreads::all() const {
  const std::scoped_lock lock(*this);
  std::vector<ScopedThread> threads;
  for (const Node* node = first_; node != nullptr; node = node->next) {
    threads.push_back(node->thread);
  }
  return threads;
}

Result<pthread_t> start_outside_of_scopes(void* (*run)(void*), void* argument) {
  ::xgops_task_thread& thread = xgops_task_thread_state;
  const std::uintptr_t task_before = std::exchange(thread.current, 0);
  const tasks::LeakScope scope_before = std::exchange(thread.leak_scope, 0);
  Result<pthread_t> started =
      support::start_service_thread(run, argument, support::service_stack_bytes());
  thread.current = task_before;
  thread.leak_scope = scope_before;
  return started;
}

}  // namespace xgops::leaks

extern "C" [[gnu::visibility("default")]] int xgops_leak_create_thread(
    int (*create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*), pthread_t* thread,
    const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  using namespace xgops;  // NOLINT(google-build-using-namespace): of one function.
  const bool has_checks = (xgops_task_options.load(detail::kRelaxed) & detail::kLeakChecks) != 0;
  const tasks::LeakScope scope = has_checks ? tasks::current_leak_scope() : 0;
  std::unique_ptr<leaks::Birth> birth;
  if (scope != 0 && leaks::end_key() != nullptr && tasks::leak_scopes().enter(scope)) {
    birth.reset(new (std::nothrow) leaks::Birth{run, argument, {}});
    if (birth == nullptr) {
      tasks::leak_scopes().leave(scope);
    }
  }
  if (birth == nullptr) {
    return create(thread, attributes, run, argument);
  }
  const auto* const task = detail::record_of(xgops_task_thread_state.current);
  birth->thread = {0, leaks::own_tid(), task == nullptr ? 0 : detail::id_of(*task), scope,
                   tasks::current_stack(1)};
  const int failure = create(thread, attributes, &leaks::run_in_scope, birth.get());
  if (failure != 0) {
    tasks::leak_scopes().leave(scope);
    return failure;
  }
  (void)birth.release();  // The thread's own.
  return 0;
}
