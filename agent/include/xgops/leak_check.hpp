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

#include "xgops/code_location.hpp"
#include "xgops/detail/task_record.hpp"
#include "xgops/leak_check_abi.h"
#include "xgops/tasks.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

extern "C" {
/// Defined by xgops::leak_check, which also has the functions around it.
extern const std::int32_t xgops_leak_check_linked;
}

namespace xgops {
namespace detail {

[[gnu::used]] inline const std::int32_t* const kLeakCheckTag = &xgops_leak_check_linked;

}  // namespace detail

/// What will become of a leak, for all that is known.
enum class LeakFate : std::int32_t {
  kRunning = XGOPS_LEAK_RUNNING,         ///< It runs, or is ready to.
  kSettling = XGOPS_LEAK_SETTLING,       ///< It has gone on while the check waited for it.
  kWaiting = XGOPS_LEAK_WAITING,         ///< It waits for something that may happen yet.
  kBlockedForGood = XGOPS_LEAK_BLOCKED,  ///< Nobody can end its wait any more.
};

struct LeakFrame {
  std::string function;  ///< Without parameters; "" when it is not known.
  std::string file;
  std::uint32_t line = 0;
};

/// Leaks that are alike.
struct LeakGroup {
  bool is_thread = false;
  LeakFate fate = LeakFate::kRunning;
  std::uint64_t count = 0;
  std::vector<std::uint64_t> ids;  ///< Of the first 16: task ids, or thread ids.
  std::string state;               ///< "running", "channel receive", "mutex lock", ...
  std::string object;              ///< What it waits for: "channel 0x7f.."; or "".
  std::string why;                 ///< "whose every sender is gone"; or "".
  std::string name;
  std::string labels;                ///< "key=value key=value"
  std::chrono::nanoseconds age{-1};  ///< The longest in its state; -1: not known.
  std::vector<LeakFrame> frames;     ///< Innermost first.
  std::vector<LeakFrame> created;    ///< Where it was created, innermost first.
  std::uint64_t creator = 0;         ///< Task, or else thread; 0: not known.
  std::string text;                  ///< All of it, for people.
};

/// What a check found. True in a condition when nothing has leaked.
struct LeakReport {
  std::uint64_t tasks = 0;    ///< Leaked.
  std::uint64_t threads = 0;  ///< Leaked.
  std::chrono::nanoseconds waited{0};
  std::vector<LeakGroup> groups;
  std::vector<std::string> notes;   ///< Filters that matched nothing.
  std::vector<std::string> errors;  ///< Options that make no sense: nothing was checked.

  explicit operator bool() const noexcept { return tasks + threads == 0 && errors.empty(); }

  /// "found 2 unexpected tasks: ...", or "no leaks".
  [[nodiscard]] std::string text() const {
    std::string result;
    for (const std::string& error : errors) {
      result += "leak check: " + error + '\n';
    }
    const auto counted = [](std::uint64_t count, const char* word) {
      return std::to_string(count) + " unexpected " + word + (count == 1 ? "" : "s");
    };
    if (tasks + threads > 0) {
      result += "found " + (tasks > 0 ? counted(tasks, "task") : std::string()) +
                (tasks > 0 && threads > 0 ? " and " : "") +
                (threads > 0 ? counted(threads, "thread") : std::string()) + ":\n";
    }
    for (const LeakGroup& group : groups) {
      result += group.text;
    }
    for (const std::string& note : notes) {
      result += "note: " + note + '\n';
    }
    return result.empty() ? "no leaks\n" : result;
  }

  /// Not for what hands on to a stream, such as GoogleTest's messages.
  template <class Stream>
  requires requires { typename Stream::traits_type; }
  friend Stream& operator<<(Stream& stream, const LeakReport& report) {
    stream << report.text();
    return stream;
  }
};

/// How long to wait, and what is no leak. Functions are named without parameters ("ns::serve"),
/// with
/// `*` and `?` as in the shell. A function's name is what the compiler wrote, for threads what the
/// debug information says.
class LeakOptions {
 public:
  using Predicate = std::function<bool(const LeakGroup&)>;

  /// Leaks may take so long to end; one second if nothing is said. A check that finds nothing, or
  /// only what is blocked for good, does not take it.
  LeakOptions& within(std::chrono::nanoseconds deadline) {
    deadline_ = deadline;
    return *this;
  }
  /// No longer than until somebody asks to stop.
  LeakOptions& until(std::stop_token token) {
    stop_ = std::move(token);
    return *this;
  }
  /// The work itself, from the check's beginning to `verify()`, may take so long: if it hangs, all
  /// tasks and threads are shown on stderr with what blocks them, and the process exits with status
  /// 1. Without it the environment's XGOPS_HANG holds (seconds). For LeakCheck.
  LeakOptions& hang_after(std::chrono::nanoseconds limit) {
    hang_limit_ = limit;
    return *this;
  }
  /// Not what exists now. For checks of the whole process.
  LeakOptions& ignore_current() {
    ignores_current_ = true;
    ::xgops_leak_current(
        [](void* context, std::int32_t is_thread, std::uint64_t id) {
          auto& options = *static_cast<LeakOptions*>(context);
          (is_thread != 0 ? options.known_threads_ : options.known_tasks_).push_back(id);
        },
        this);
    std::sort(known_tasks_.begin(), known_tasks_.end());
    std::sort(known_threads_.begin(), known_threads_.end());
    return *this;
  }
  LeakOptions& ignore_top_function(std::string function) {
    return add(XGOPS_LEAK_TOP_FUNCTION, std::move(function));
  }
  LeakOptions& ignore_any_function(std::string function) {
    return add(XGOPS_LEAK_ANY_FUNCTION, std::move(function));
  }
  /// By a function on the stack that created it. Of tasks only the place is known, unless the
  /// environment has XGOPS_TASK_STACKS=1.
  LeakOptions& ignore_created_by(std::string function) {
    return add(XGOPS_LEAK_CREATED_BY, std::move(function));
  }
  LeakOptions& ignore_thread_name(std::string name) {
    return add(XGOPS_LEAK_THREAD_NAME, std::move(name));
  }
  LeakOptions& ignore_task_name(std::string name) {
    return add(XGOPS_LEAK_TASK_NAME, std::move(name));
  }
  LeakOptions& ignore_label(const std::string& key, const std::string& value) {
    has_bad_label_ = has_bad_label_ || key.empty();
    return add(XGOPS_LEAK_LABEL, key + '=' + value);
  }
  /// Asked about each by itself (`count` is 1). Must not throw.
  LeakOptions& ignore_if(Predicate predicate) {
    ignored_ = std::move(predicate);
    return *this;
  }
  LeakOptions& without_threads() {
    flags_ |= XGOPS_LEAK_NO_THREADS;
    return *this;
  }
  /// Threads of well-known libraries count, too; see the README for the list.
  LeakOptions& without_built_in_ignores() {
    flags_ |= XGOPS_LEAK_NO_BUILT_IN;
    return *this;
  }
  /// For `verify_test_main`: runs after the tests and before the check, with their exit code.
  LeakOptions& cleanup(std::function<void(int)> function) {
    cleanup_ = std::move(function);
    return *this;
  }
  /// For `verify_test_main`: checks although tests have failed.
  LeakOptions& run_on_failure() {
    runs_on_failure_ = true;
    return *this;
  }

 private:
  friend class LeakCheck;
  friend LeakReport verify_none(const LeakOptions& options);
  template <class Run>
  friend int verify_test_main(Run&& run, const LeakOptions& options);

  LeakOptions& add(std::int32_t kind, std::string text) {
    filters_.emplace_back(kind, std::move(text));
    return *this;
  }
  [[nodiscard]] std::vector<std::string> problems(bool has_scope, bool is_main) const;
  [[nodiscard]] LeakReport verify(std::uint32_t scope, bool is_main = false) const;

  std::chrono::nanoseconds deadline_ = std::chrono::seconds(1);
  std::chrono::nanoseconds hang_limit_{0};  ///< 0: not said.
  std::stop_token stop_;
  std::vector<std::pair<std::int32_t, std::string>> filters_;
  std::vector<std::uint64_t> known_tasks_;
  std::vector<std::uint64_t> known_threads_;
  Predicate ignored_;
  std::function<void(int)> cleanup_;
  std::uint32_t flags_ = 0;
  bool ignores_current_ = false;
  bool runs_on_failure_ = false;
  bool has_bad_label_ = false;
};

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

// What follows is the way through the binary interface.

namespace detail {

inline std::vector<LeakFrame> leak_frames(const xgops_leak_frame* frames, std::uint32_t count) {
  std::vector<LeakFrame> result;
  for (std::uint32_t i = 0; i < count; ++i) {
    result.push_back({frames[i].function, frames[i].file, frames[i].line});
  }
  return result;
}

inline LeakGroup leak_group(const xgops_leak_group& seen) {
  LeakGroup group;
  group.is_thread = seen.is_thread != 0;
  group.fate = static_cast<LeakFate>(seen.fate);
  group.count = seen.count;
  group.ids.assign(seen.ids, seen.ids + seen.id_count);
  group.state = seen.state;
  group.object = seen.object;
  group.why = seen.why;
  group.name = seen.name;
  group.labels = seen.labels;
  group.age = std::chrono::nanoseconds(seen.age_ns);
  group.frames = leak_frames(seen.frames, seen.frame_count);
  group.created = leak_frames(seen.created, seen.created_count);
  group.creator = seen.creator;
  group.text = seen.text;
  return group;
}

}  // namespace detail

inline std::vector<std::string> LeakOptions::problems(bool has_scope, bool is_main) const {
  std::vector<std::string> problems;
  const auto check = [&](bool is_wrong, const char* problem) {
    if (is_wrong) {
      problems.emplace_back(problem);
    }
  };
  check(deadline_.count() < 0, "within() needs a duration that is not negative");
  check(hang_limit_.count() < 0, "hang_after() needs a duration that is not negative");
  check(!has_scope && hang_limit_.count() != 0, "hang_after() is for LeakCheck");
  check(has_bad_label_, "ignore_label() needs a key");
  check(std::any_of(filters_.begin(), filters_.end(),
                    [](const auto& filter) { return filter.second.empty(); }),
        "a filter with an empty pattern would match nothing");
  check(has_scope && ignores_current_,
        "ignore_current() in a LeakCheck: only what is made in its scope counts, anyway");
  check((flags_ & XGOPS_LEAK_NO_THREADS) != 0 &&
            std::any_of(filters_.begin(), filters_.end(),
                        [](const auto& filter) { return filter.first == XGOPS_LEAK_THREAD_NAME; }),
        "ignore_thread_name() together with without_threads()");
  check((flags_ & XGOPS_LEAK_NO_THREADS) != 0 && (flags_ & XGOPS_LEAK_NO_BUILT_IN) != 0,
        "without_built_in_ignores() together with without_threads()");
  check(!is_main && cleanup_ != nullptr, "cleanup() is for verify_test_main()");
  check(!is_main && runs_on_failure_, "run_on_failure() is for verify_test_main()");
  return problems;
}

inline LeakReport LeakOptions::verify(std::uint32_t scope, bool is_main) const {
  struct Context {
    const LeakOptions& options;
    LeakReport report;
  } context{*this, {}};
  context.report.errors = problems(scope != 0, is_main);
  if (!context.report.errors.empty()) {
    return std::move(context.report);
  }
  std::vector<xgops_leak_filter> filters;
  for (const auto& [kind, text] : filters_) {
    filters.push_back({kind, text.c_str()});
  }
  xgops_leak_request request{};
  request.size = sizeof request;
  request.scope = scope;
  request.flags = flags_;
  request.deadline_ns = deadline_.count();
  request.filters = filters.data();
  request.filter_count = filters.size();
  request.known_tasks = known_tasks_.data();
  request.known_task_count = known_tasks_.size();
  request.known_threads = known_threads_.data();
  request.known_thread_count = known_threads_.size();
  request.context = &context;
  if (ignored_) {
    request.ignored = [](void* raw, const xgops_leak_group* one) -> std::int32_t {
      return static_cast<Context*>(raw)->options.ignored_(detail::leak_group(*one)) ? 1 : 0;
    };
  }
  if (stop_.stop_possible()) {
    request.stopped = [](void* raw) -> std::int32_t {
      return static_cast<Context*>(raw)->options.stop_.stop_requested() ? 1 : 0;
    };
  }
  request.on_group = [](void* raw, const xgops_leak_group* group) {
    static_cast<Context*>(raw)->report.groups.push_back(detail::leak_group(*group));
  };
  request.on_note = [](void* raw, const char* text) {
    static_cast<Context*>(raw)->report.notes.emplace_back(text);
  };
  xgops_leak_result result{};
  const std::int32_t failure = ::xgops_leak_verify(&request, &result);
  if (failure != 0) {
    context.report.errors.push_back("nothing was checked: error " + std::to_string(failure));
  }
  if (result.unseen != 0 && result.tasks + result.threads == 0) {
    context.report.errors.emplace_back(
        "something that was made in the scope is still there, and changes too quickly to be seen");
  }
  context.report.tasks = result.tasks;
  context.report.threads = result.threads;
  context.report.waited = std::chrono::nanoseconds(result.waited_ns);
  return std::move(context.report);
}

}  // namespace xgops
