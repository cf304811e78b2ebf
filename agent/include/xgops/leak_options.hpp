// SPDX-License-Identifier: MIT
// What a leak check looks for. Not to be included by itself: see leak_check.hpp.
#pragma once

#include "xgops/leak_check_abi.h"
#include "xgops/leak_report.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace xgops {

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

// What follows is the way through the binary interface.

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
