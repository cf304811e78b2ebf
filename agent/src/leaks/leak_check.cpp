// SPDX-License-Identifier: MIT
// Waits until what a leak check asks for has ended, or never will.
#include "leaks/leak_groups.hpp"
#include "support/later.hpp"
#include "tasks/registry.hpp"
#include "xgops/leak_check_abi.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <string>
#include <thread>

#define XGOPS_EXPORT [[gnu::visibility("default")]]

namespace xgops::leaks {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

bool makes_sense(const xgops_leak_request& request) {
  if (request.deadline_ns < 0) {
    return false;
  }
  for (std::size_t i = 0; i < request.filter_count; ++i) {
    const xgops_leak_filter& filter = request.filters[i];
    if (filter.text == nullptr || *filter.text == '\0' || filter.kind < XGOPS_LEAK_TOP_FUNCTION ||
        filter.kind > XGOPS_LEAK_LABEL) {
      return false;
    }
  }
  return true;
}

class Check {
 public:
  explicit Check(const xgops_leak_request& request)
      : request_(request),
        filters_(request),
        begin_(Clock::now()),
        deadline_(support::later(begin_, nanoseconds(request.deadline_ns))) {}

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

  [[nodiscard]] nanoseconds waited() const { return Clock::now() - begin_; }
  [[nodiscard]] const Filters& filters() const noexcept { return filters_; }

 private:
  /// Without a look: nothing was made in the scope, or all of it has ended.
  [[nodiscard]] bool is_surely_clean() const {
    return request_.scope != 0 && xgops_leak_scope_live(request_.scope) == 0;
  }

  Leaks look() {
    Look look;
    look_at_tasks(request_.scope, tables_, look);
    if ((request_.flags & XGOPS_LEAK_NO_THREADS) == 0) {
      look_at_threads(request_.scope, look);
    }
    Leaks leaks = find_leaks(look, tables_, earlier_, names_, filters_);
    earlier_ = Earlier::of(look);
    // One that is being made is counted, and not seen yet.
    std::uint64_t seen = 0;
    for (const SeenTask& task : look.tasks) {
      seen += task.is_suspect ? 1 : 0;
    }
    for (const SeenThread& thread : look.threads) {
      seen += thread.is_suspect ? 1 : 0;
    }
    const bool is_counted = request_.scope != 0 && (request_.flags & XGOPS_LEAK_NO_THREADS) == 0;
    may_have_missed_ = is_counted ? xgops_leak_scope_live(request_.scope) > seen : look.missed > 0;
    return leaks;
  }

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

  const xgops_leak_request& request_;
  Filters filters_;
  const Clock::time_point begin_;
  const Clock::time_point deadline_;
  LookTables tables_;
  Names names_;
  Earlier earlier_;
  bool may_have_missed_ = false;
  std::map<std::uint64_t, std::uint64_t> blocked_tasks_;
  std::map<std::uint64_t, std::uint64_t> blocked_threads_;
  Clock::time_point blocked_since_;
};

}  // namespace
}  // namespace xgops::leaks

extern "C" {

XGOPS_EXPORT std::int32_t xgops_leak_verify(const xgops_leak_request* request,
                                            xgops_leak_result* result) {
  using namespace xgops::leaks;  // NOLINT(google-build-using-namespace): of one function.
  *result = {};
  result->size = sizeof *result;
  if (!makes_sense(*request)) {
    return EINVAL;
  }
  if (request->scope != 0 && xgops_leak_scope_live(request->scope) == 0 &&
      request->filter_count == 0) {
    return 0;
  }
  try {
    Check check(*request);
    const Leaks leaks = check.wait();
    result->tasks = leaks.tasks;
    result->threads = leaks.threads;
    result->unseen = leaks.unseen ? 1 : 0;
    result->waited_ns = check.waited().count();
    for (const LeakGroup& group : leaks.groups) {
      group.show([&](const xgops_leak_group& view) {
        if (request->on_group != nullptr) {
          request->on_group(request->context, &view);
        }
      });
    }
    for (const std::string& note : check.filters().unused()) {
      if (request->on_note != nullptr) {
        request->on_note(request->context, note.c_str());
      }
    }
    return 0;
  } catch (const std::exception&) {
    return ENOMEM;
  }
}

XGOPS_EXPORT void xgops_leak_current(void (*add)(void* context, std::int32_t is_thread,
                                                 std::uint64_t id),
                                     void* context) {
  try {
    xgops::leaks::Look look;
    xgops::leaks::LookTables tables;
    look_at_tasks(0, tables, look);
    for (const xgops::leaks::SeenTask& task : look.tasks) {
      add(context, 0, task.id);
    }
    for (const std::uint64_t key : xgops::leaks::thread_keys()) {
      add(context, 1, key);
    }
  } catch (const std::exception&) {
    // What could not be listed is not known: a check reports too much rather than too little.
  }
}

}  // extern "C"
