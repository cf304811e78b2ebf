// SPDX-License-Identifier: MIT
// Leak checks for tests: which tasks and threads that were made here are still there?
//
//     xgops::LeakCheck check;      // From here on
//     ...
//     EXPECT_TRUE(check.verify()); // what was made has to have ended.
//
// Needs no agent. Link xgops::leak_check. Glue for test frameworks is in leak_check_gtest.hpp,
// leak_check_catch2.hpp and leak_check_doctest.hpp.
#pragma once

#include "xgops/detail/task_record.hpp"
#include "xgops/leak_check_abi.h"
#include "xgops/leak_options.hpp"
#include "xgops/leak_report.hpp"
#include "xgops/tasks.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

extern "C" {
/// Defined by xgops::leak_check, which also has the functions around it.
extern const std::int32_t xgops_leak_check_linked;
}

namespace xgops {
namespace detail {

[[gnu::used]] inline const std::int32_t* const kLeakCheckTag = &xgops_leak_check_linked;

}  // namespace detail

/// Whom a check without an explicit `verify()` tells; set by the glue for test frameworks.
using LeakReporter = void (*)(const LeakReport& report, const char* file, std::uint32_t line);
inline std::atomic<LeakReporter> leak_reporter{nullptr};

/// Checks what is made from here to `verify()` or the end of the scope: by this thread, and by the
/// tasks, handlers and threads that it makes, and by those that they make. So several checks may
/// run at the same time, each on a thread of its own, and each finds its own leaks. Checks may be
/// nested.
///
/// Thread safety: for the thread that made it; not inside a coroutine or job, where it reports an
/// error. Cost: 0.2 us, and as long as a check exists some 0.1 us for each task that is made.
class [[nodiscard]] LeakCheck {
 public:
  explicit LeakCheck(LeakOptions options = {}, const char* file = __builtin_FILE(),
                     std::uint32_t line = __builtin_LINE())
      : options_(std::move(options)), file_(file), line_(line) {
    xgops_task_thread& thread = xgops_task_thread_state;
    if (detail::record_of(thread.current) != nullptr) {
      problem_ = "a LeakCheck inside a task cannot tell what it makes: open it outside";
      return;
    }
    before_ = thread.leak_scope;
    scope_ = ::xgops_leak_scope_open(before_);
    if (scope_ == 0) {
      problem_ = "there is no memory for another LeakCheck";
      return;
    }
    thread.leak_scope = scope_;
    if (const std::int64_t limit = hang_limit_ns(); limit > 0) {
      watch_ = ::xgops_leak_watch_begin(
          limit, (std::string("the work after ") + file + ':' + std::to_string(line)).c_str());
    }
  }
  ~LeakCheck() {
    if (is_verified_) {
      return;
    }
    const LeakReport report = verify(options_);
    if (report && report.notes.empty()) {
      return;
    }
    if (const LeakReporter reporter = leak_reporter.load()) {
      try {
        reporter(report, file_, line_);
      } catch (...) {  // NOLINT(bugprone-empty-catch)
        // A framework that stops at the first failure: it has noted this one.
      }
    } else {
      std::fprintf(stderr, "%s:%u: %s", file_, line_, report.text().c_str());
    }
  }
  LeakCheck(const LeakCheck&) = delete;
  LeakCheck& operator=(const LeakCheck&) = delete;

  /// Ends the scope and waits for what was made in it. The destructor does nothing afterwards.
  [[nodiscard]] LeakReport verify(const LeakOptions& options) {
    if (std::exchange(is_verified_, true)) {
      problem_ = "verify() was called before: the scope has ended";
    }
    if (!problem_.empty()) {
      LeakReport report;
      report.errors.push_back(problem_);
      return report;
    }
    ::xgops_leak_watch_end(std::exchange(watch_, nullptr));
    leave();
    LeakReport report = options.verify(scope_);
    ::xgops_leak_scope_close(std::exchange(scope_, 0));
    return report;
  }
  [[nodiscard]] LeakReport verify() { return verify(options_); }

 private:
  [[nodiscard]] std::int64_t hang_limit_ns() const {
    if (options_.hang_limit_.count() != 0) {
      return options_.hang_limit_.count();
    }
    const char* const seconds = std::getenv("XGOPS_HANG");
    return seconds == nullptr ? 0 : static_cast<std::int64_t>(std::strtod(seconds, nullptr) * 1e9);
  }
  void leave() noexcept {
    if (xgops_task_thread_state.leak_scope == scope_) {
      xgops_task_thread_state.leak_scope = before_;
    }
  }

  LeakOptions options_;
  const char* file_;
  std::uint32_t line_;
  std::uint32_t scope_ = 0;
  std::uint32_t before_ = 0;
  void* watch_ = nullptr;
  bool is_verified_ = false;
  std::string problem_;
};

/// A fixture: what a test makes has to have ended when the fixture is destroyed. Members of a class
/// that derives from it are destroyed before.
class LeakCheckedTest {
 private:
  LeakCheck check_;
};

/// Checks the whole process: every task and thread but the main one, the calling one and what the
/// options leave out is a leak.
[[nodiscard]] inline LeakReport verify_none(const LeakOptions& options) {
  return options.verify(0);
}
[[nodiscard]] inline LeakReport verify_none() {
  return verify_none(LeakOptions());
}

/// Runs all tests and checks the process afterwards: `return verify_test_main([] { return
/// RUN_ALL_TESTS(); });`. Returns their exit code, or 1 when they passed and something has leaked,
/// which is told on stderr. It cannot say which test it was.
template <class Run>
int verify_test_main(Run&& run, const LeakOptions& options) {
  int status = std::forward<Run>(run)();
  if (options.cleanup_) {
    options.cleanup_(status);
  }
  if (status != 0 && !options.runs_on_failure_) {
    return status;
  }
  const LeakReport report = options.verify(0, true);
  if (!report || !report.notes.empty()) {
    std::fprintf(stderr, "%s", report.text().c_str());
  }
  return status == 0 && !report ? 1 : status;
}

template <class Run>
int verify_test_main(Run&& run) {
  return verify_test_main(std::forward<Run>(run), LeakOptions());
}

/// Waits until no task fits `predicate`. False: some still did at the deadline.
template <class Predicate>
bool wait_for_exit(Predicate&& predicate, std::chrono::nanoseconds deadline) {
  using TimePoint = std::chrono::steady_clock::time_point;
  const TimePoint begin = std::chrono::steady_clock::now();
  const TimePoint end = deadline > TimePoint::max() - begin ? TimePoint::max() : begin + deadline;
  std::chrono::nanoseconds pause = std::chrono::microseconds(20);
  for (;;) {
    bool is_there = false;
    visit_tasks([&](const TaskView& task) {
      is_there = is_there || predicate(task);
      return !is_there;
    });
    const auto now = std::chrono::steady_clock::now();
    if (!is_there || now >= end) {
      return !is_there;
    }
    pause = std::min<std::chrono::nanoseconds>(pause * 2, std::chrono::milliseconds(20));
    std::this_thread::sleep_until(std::min(end, now + pause));
  }
}

}  // namespace xgops

/// As the first line of a test: what it makes from here on has to have ended at its end.
#define XGOPS_LEAK_CHECK(...)                         \
  const ::xgops::LeakCheck xgops_leak_check_of_test { \
    __VA_ARGS__                                       \
  }
