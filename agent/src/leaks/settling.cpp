// SPDX-License-Identifier: MIT
#include "leaks/settling.hpp"

#include "leaks/scoped_threads.hpp"
#include "support/later.hpp"
#include "tasks/registry.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <thread>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::leaks {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

class Settling {
 public:
  Settling(const Subject& subject, const xgops_leak_request& request, Names::Addresses addresses)
      : subject_(subject),
        request_(request),
        filters_(request),
        names_(addresses),
        begin_(Clock::now()),
        deadline_(support::later(begin_, nanoseconds(request.deadline_ns))) {
    tables_.source = subject.source;
  }

  Outcome run() {
    Outcome outcome;
    outcome.leaks = wait();
    outcome.notes = filters_.unused();
    outcome.modules = std::move(modules_);
    outcome.waited = Clock::now() - begin_;
    return outcome;
  }

 private:
  /// What is left in the end.
  Leaks wait() {
    // The first steps are short: most tasks that are about to end do so within microseconds.
    constexpr microseconds kFirstPause{20};
    constexpr milliseconds kLongestPause{50};
    constexpr int kLookCost = 4;  // Looking takes a fifth of the time at most.
    nanoseconds pause = kFirstPause;
    for (;;) {
      if (is_surely_clean()) {
        return {};
      }
      const Clock::time_point before = Clock::now();
      Leaks leaks = look();
      if (leaks.empty() && !may_have_missed_) {
        return leaks;
      }
      const Clock::time_point now = Clock::now();
      if (now >= deadline_ || is_stopped() || is_settled(leaks, now)) {
        return see_all(std::move(leaks));
      }
      pause = std::min<nanoseconds>(pause * 2, kLongestPause);
      const nanoseconds rest = std::max<nanoseconds>(pause, kLookCost * (now - before));
      std::this_thread::sleep_until(std::min(deadline_, now + rest));
    }
  }

  /// Without a look: nothing was made in the scope, or all of it has ended.
  [[nodiscard]] bool is_surely_clean() const {
    if (subject_.threads == 0 || live() > 0) {
      return false;
    }
    // What is in the scope of a task is counted there, too.
    return subject_.tasks == subject_.threads || subject_.source.registry->counts().live == 0;
  }

  Leaks look() {
    Look look;
    look_at_tasks(subject_.tasks, tables_, look);
    if (with_threads()) {
      look_at_threads(subject_.threads, look);
    }
    Leaks leaks = find_leaks(look, tables_, earlier_, names_, filters_);
    earlier_ = Earlier::of(look);
    may_have_missed_ = has_missed(look);
    modules_ = std::move(look.modules);
    return leaks;
  }

  /// One that is being made is counted, and not seen yet.
  [[nodiscard]] bool has_missed(const Look& look) const {
    const auto is_suspect = [](const auto& seen) { return seen.is_suspect; };
    const auto tasks = std::count_if(look.tasks.begin(), look.tasks.end(), is_suspect);
    const auto threads = std::count_if(look.threads.begin(), look.threads.end(), is_suspect);
    const bool is_counted = subject_.threads != 0 && with_threads();
    const bool counts_tasks = subject_.tasks != 0;
    const bool missed_tasks = (!is_counted || !counts_tasks) && look.missed > 0;
    return missed_tasks || (is_counted && live() > static_cast<std::uint64_t>(
                                                       counts_tasks ? tasks + threads : threads));
  }

  /// What is counted in the scope of threads. The calling one, which may be one of them, is at
  /// work.
  [[nodiscard]] std::uint64_t live() const {
    const auto caller = static_cast<pid_t>(::syscall(SYS_gettid));
    const ScopedThreads& threads = scoped_threads();
    if (subject_.threads == tasks::kRunScope) {
      return threads.count_of_run(caller);
    }
    const std::uint64_t all = tasks::leak_scopes().live(subject_.threads);
    return all > 0 && threads.is_within(caller, subject_.threads) ? all - 1 : all;
  }

  [[nodiscard]] bool with_threads() const { return (request_.flags & XGOPS_LEAK_NO_THREADS) == 0; }

  /// A task that changes all the time may be missed: looks again before that is the last word.
  Leaks see_all(Leaks leaks) {
    constexpr int kLooks = 100;
    constexpr microseconds kPause{50};
    for (int i = 0; i < kLooks && may_have_missed_; ++i) {
      std::this_thread::sleep_for(kPause);
      Leaks again = look();
      if (!may_have_missed_ || again.tasks + again.threads > leaks.tasks + leaks.threads) {
        leaks = std::move(again);
      }
    }
    leaks.unseen = may_have_missed_;
    return leaks;
  }

  [[nodiscard]] bool is_stopped() const {
    return request_.stopped != nullptr && request_.stopped(request_.context) != 0;
  }

  /// Whether all that is left is blocked for good, and was when it was looked at a while ago,
  /// without having moved since.
  [[nodiscard]] bool is_settled(const Leaks& leaks, Clock::time_point now) {
    constexpr milliseconds kBetweenLooks{50};
    const bool all_blocked = leaks.blocked == leaks.tasks + leaks.threads && !may_have_missed_;
    if (!all_blocked || leaks.blocked_tasks != blocked_tasks_ ||
        leaks.blocked_threads != blocked_threads_) {
      blocked_tasks_ = all_blocked ? leaks.blocked_tasks : decltype(blocked_tasks_){};
      blocked_threads_ = all_blocked ? leaks.blocked_threads : decltype(blocked_threads_){};
      blocked_since_ = now;
      return false;
    }
    return now - blocked_since_ >= kBetweenLooks;
  }

  const Subject& subject_;
  const xgops_leak_request& request_;
  Filters filters_;
  Names names_;
  const Clock::time_point begin_;
  const Clock::time_point deadline_;
  LookTables tables_;
  Earlier earlier_;
  std::vector<threads::Module> modules_;
  bool may_have_missed_ = false;
  std::map<std::uint64_t, std::uint64_t> blocked_tasks_;
  std::map<std::uint64_t, std::uint64_t> blocked_threads_;
  Clock::time_point blocked_since_;
};

}  // namespace

Outcome settle(const Subject& subject, const xgops_leak_request& request,
               Names::Addresses addresses) {
  return Settling(subject, request, addresses).run();
}

}  // namespace xgops::leaks
