// SPDX-License-Identifier: MIT
#include "leaks/scoped_threads.hpp"

#include "support/service_thread.hpp"
#include "tasks/registry.hpp"
#include "xgops/detail/task_record.hpp"
#include "xgops/leak_check_abi.h"
#include "xgops/tasks_abi.h"

#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::leaks {
namespace {

/// What this thread creates is of the run. Apart from what tasks use, of which a program that
/// exports its symbols has the only one.
constinit thread_local bool t_is_of_run = false;

constinit ScopedThreads g_threads;  // Never destroyed: threads end during and after destructors.

pid_t own_tid() noexcept {
  return static_cast<pid_t>(::syscall(SYS_gettid));
}

// Runs after the destructors of thread_local objects, which still belong to the thread's work.
void end_thread(void* birth) noexcept {
  const std::unique_ptr<ThreadBirth> mine(static_cast<ThreadBirth*>(birth));
  g_threads.remove(*mine);
}

/// The thread-specific value through which a thread is told that it ends.
struct EndKey {
  pthread_once_t once = PTHREAD_ONCE_INIT;
  bool has_begun = false;
  bool exists = false;
  pthread_key_t key = 0;
};
constinit EndKey g_end_key;

void before_fork() noexcept {
  g_threads.lock();
}
void after_fork_in_parent() noexcept {
  g_threads.unlock();
}
void after_fork_in_child() noexcept {
  g_threads.unlock();
  g_threads.keep_only(static_cast<ThreadBirth*>(::pthread_getspecific(g_end_key.key)));
}

void make_end_key() noexcept {
  // A child forked in here begins anew, and must not register twice; it goes without.
  if (std::exchange(g_end_key.has_begun, true)) {
    return;
  }
  // Those of the registry come first, so that a fork locks them last: they are taken inside ours.
  // Without its scopes we take none, and a block of this library's is nothing for a program's
  // tasks.
  const bool has_scopes = tasks::has_own_thread_state();
  if (has_scopes) {
    ::xgops_task_try_attach_thread();
  }
  if ((!has_scopes || xgops_task_thread_state.block != nullptr) &&
      ::pthread_key_create(&g_end_key.key, end_thread) == 0) {
    ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    g_end_key.exists = true;
  }
}

/// False: there are no keys left.
bool has_end_key() noexcept {
  ::pthread_once(&g_end_key.once, make_end_key);
  return g_end_key.exists;
}

void* run_in_scope(void* argument) {
  auto* const birth = static_cast<ThreadBirth*>(argument);
  auto* const run = birth->run;
  void* const its_argument = birth->argument;
  if (birth->thread.scope != 0) {
    xgops_task_thread_state.leak_scope = birth->thread.scope;
  }
  t_is_of_run = birth->thread.is_of_run;
  g_threads.begin(*birth);
  if (::pthread_setspecific(g_end_key.key, birth) != 0) {
    end_thread(birth);
  }
  return run(its_argument);  // A tail call: no frame of ours on the thread's stack.
}

}  // namespace

ScopedThreads& scoped_threads() noexcept {
  (void)has_end_key();  // With it come the handlers for forks.
  return g_threads;
}

bool ScopedThreads::add(ThreadBirth& birth) noexcept {
  const std::scoped_lock lock(*this);
  tasks::LeakScope& scope = birth.thread.scope;
  if (scope != 0 && !tasks::leak_scopes().enter(scope)) {
    scope = 0;
  }
  if (scope == 0 && !birth.thread.is_of_run) {
    return false;
  }
  birth.next = first_;
  if (first_ != nullptr) {
    first_->previous = &birth;
  }
  first_ = &birth;
  return true;
}

void ScopedThreads::begin(ThreadBirth& birth) noexcept {
  const std::scoped_lock lock(*this);
  birth.thread.tid = own_tid();
}

void ScopedThreads::remove(ThreadBirth& birth) noexcept {
  const std::scoped_lock lock(*this);
  (birth.previous == nullptr ? first_ : birth.previous->next) = birth.next;
  if (birth.next != nullptr) {
    birth.next->previous = birth.previous;
  }
  if (birth.thread.scope != 0) {
    tasks::leak_scopes().leave(birth.thread.scope);
  }
}

void ScopedThreads::keep_only(ThreadBirth* own) noexcept {
  for (ThreadBirth* birth = first_; birth != nullptr;) {
    ThreadBirth* const next = birth->next;
    if (birth != own) {
      end_thread(birth);
    }
    birth = next;
  }
  if (own != nullptr) {
    begin(*own);
  }
}

std::vector<ScopedThread> ScopedThreads::all() const {
  const std::scoped_lock lock(*this);
  std::vector<ScopedThread> threads;
  for (const ThreadBirth* birth = first_; birth != nullptr; birth = birth->next) {
    if (birth->thread.tid != 0) {
      threads.push_back(birth->thread);
    }
  }
  return threads;
}

std::uint64_t ScopedThreads::count_of_run(pid_t except) const {
  const std::scoped_lock lock(*this);
  std::uint64_t count = 0;
  for (const ThreadBirth* birth = first_; birth != nullptr; birth = birth->next) {
    count += birth->thread.is_of_run && birth->thread.tid != except ? 1U : 0U;
  }
  return count;
}

bool ScopedThreads::is_within(pid_t tid, tasks::LeakScope scope) const {
  const std::scoped_lock lock(*this);
  const ThreadBirth* birth = first_;
  while (birth != nullptr && birth->thread.tid != tid) {
    birth = birth->next;
  }
  return birth != nullptr &&
         (scope == tasks::kRunScope ? birth->thread.is_of_run
                                    : tasks::leak_scopes().is_within(birth->thread.scope, scope));
}

void set_in_run(bool in_run) noexcept {
  t_is_of_run = in_run;
}

OutsideOfScopes::OutsideOfScopes() noexcept
    : task_(std::exchange(xgops_task_thread_state.current, 0)),
      scope_(std::exchange(xgops_task_thread_state.leak_scope, 0)),
      is_of_run_(std::exchange(t_is_of_run, false)) {}

OutsideOfScopes::~OutsideOfScopes() {
  xgops_task_thread_state.current = task_;
  xgops_task_thread_state.leak_scope = scope_;
  t_is_of_run = is_of_run_;
}

Result<pthread_t> start_outside_of_scopes(void* (*run)(void*), void* argument,
                                          std::size_t stack_bytes) {
  const OutsideOfScopes outside;
  return support::start_service_thread(run, argument, stack_bytes);
}

}  // namespace xgops::leaks

extern "C" [[gnu::visibility("default")]] int xgops_leak_create_thread(
    int (*create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*), pthread_t* thread,
    const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  using namespace xgops;  // NOLINT(google-build-using-namespace): of one function.
  const bool has_tasks = tasks::has_own_thread_state();
  const bool has_checks =
      has_tasks && (xgops_task_options.load(detail::kRelaxed) & detail::kLeakChecks) != 0;
  const tasks::LeakScope scope = has_checks ? tasks::current_leak_scope() : 0;
  std::unique_ptr<leaks::ThreadBirth> birth;
  if ((scope != 0 || leaks::t_is_of_run) && leaks::has_end_key()) {
    birth.reset(new (std::nothrow) leaks::ThreadBirth{run, argument, {}});
  }
  if (birth != nullptr) {
    const auto* const task =
        has_tasks ? detail::record_of(xgops_task_thread_state.current) : nullptr;
    birth->thread = {0,     leaks::own_tid(),   task == nullptr ? 0 : detail::id_of(*task),
                     scope, leaks::t_is_of_run, tasks::current_stack(1)};
  }
  if (birth == nullptr || !leaks::g_threads.add(*birth)) {
    return create(thread, attributes, run, argument);
  }
  const int failure = create(thread, attributes, &leaks::run_in_scope, birth.get());
  if (failure != 0) {
    leaks::g_threads.remove(*birth);
    return failure;
  }
  (void)birth.release();  // The thread's own.
  return 0;
}
