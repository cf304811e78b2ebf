// SPDX-License-Identifier: MIT
#include "leaks/hang_watch.hpp"

#include "crash/dumps.hpp"
#include "leaks/leak_groups.hpp"
#include "leaks/report_text.hpp"
#include "leaks/scoped_threads.hpp"
#include "support/event.hpp"
#include "support/later.hpp"
#include "support/service_thread.hpp"
#include "support/write_all.hpp"
#include "xgops/leak_check_abi.h"

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include <pthread.h>
#include <unistd.h>

#define XGOPS_EXPORT [[gnu::visibility("default")]]

namespace xgops::leaks {
namespace {

/// All there is, with what will become of it.
Leaks everything() {
  Look look;
  LookTables tables;
  look_at_tasks(0, tables, look);
  look_at_threads(0, look);
  for (SeenThread& thread : look.threads) {
    thread.is_suspect = !thread.facts.is_agent;
  }
  xgops_leak_request request{};
  request.size = sizeof request;
  Filters filters(request);
  Names names;
  return find_leaks(look, tables, Earlier(), names, filters);
}

std::string report() {
  const Leaks all = everything();
  const auto counted = [](std::uint64_t count, const char* word) {
    return std::to_string(count) + ' ' + word + (count == 1 ? "" : "s");
  };
  std::string text = counted(all.tasks, "task") + " and " + counted(all.threads, "thread") + ", " +
                     std::to_string(all.blocked) + " of them blocked for good:\n\n";
  for (const LeakGroup& group : all.groups) {
    text += text_of(group) + '\n';
  }
  return text;
}

/// Looks after one piece of work on a thread of its own.
class HangWatch {
 public:
  HangWatch(std::chrono::nanoseconds limit, std::string what)
      : limit_(limit), what_(std::move(what)) {}

  [[nodiscard]] bool start() {
    last_resort_stack_bytes_ = support::service_stack_bytes();
    const Result<pthread_t> thread =
        start_outside_of_scopes(&HangWatch::run, this, last_resort_stack_bytes_);
    if (thread) {
      thread_ = *thread;
    }
    return static_cast<bool>(thread);
  }
  void stop() noexcept {
    done_.set();
    ::pthread_join(thread_, nullptr);
  }

 private:
  static void* run(void* self) noexcept {
    auto& watch = *static_cast<HangWatch*>(self);
    support::become_service_thread();
    if (!watch.done_.wait_until(support::later(std::chrono::steady_clock::now(), watch.limit_))) {
      watch.give_up();
    }
    return nullptr;
  }

  // Takes no lock and no memory of the C library's: one of these may be what hangs.
  static void* end_anyway(void* /*unused*/) noexcept {
    const support::Event never;
    (void)never.wait_until(std::chrono::steady_clock::now() + hang_patience);
    support::become_service_thread();
    (void)support::write_all(STDERR_FILENO,
                             "hang: looking hangs as well: somebody holds a lock that it needs, "
                             "the loader's or malloc's "
                             "perhaps.\nWhat can be read without is for `xgops symbolize`:\n");
    if (!crash::write_to_stderr()) {
      (void)support::write_all(STDERR_FILENO, "hang: there is no memory to show it\n");
    }
    ::_exit(1);
  }

  [[noreturn]] void give_up() noexcept {
    // The looks may need a lock that what hangs holds: they have a deadline. To ask the loader for
    // the size of a stack may hang as well. This thread is in no scope, and so is that one.
    (void)support::start_service_thread(&HangWatch::end_anyway, nullptr, last_resort_stack_bytes_);
    try {
      const auto seconds = std::chrono::duration<double>(limit_).count();
      std::string text = "\nhang: " + what_ + " has not ended after ";
      text += std::to_string(seconds).substr(0, std::to_string(seconds).find('.') + 2) + " s\n";
      (void)support::write_all(STDERR_FILENO, text);
      (void)support::write_all(STDERR_FILENO, report());
    } catch (const std::exception&) {
      (void)support::write_all(STDERR_FILENO,
                               "\nhang: a test has not ended; there is no memory to show more\n");
    }
    ::_exit(1);  // Destructors would wait for what hangs.
  }

  const std::chrono::nanoseconds limit_;
  const std::string what_;
  std::size_t last_resort_stack_bytes_ = 0;
  pthread_t thread_{};
  support::Event done_;
};

}  // namespace
}  // namespace xgops::leaks

extern "C" {

XGOPS_EXPORT void* xgops_leak_watch_begin(std::int64_t limit_ns, const char* what) {
  using xgops::leaks::HangWatch;
  try {
    auto watch = std::make_unique<HangWatch>(std::chrono::nanoseconds(limit_ns), what);
    return watch->start() ? watch.release() : nullptr;
  } catch (const std::exception&) {
    return nullptr;
  }
}

XGOPS_EXPORT void xgops_leak_watch_end(void* watch) {
  if (watch != nullptr) {
    const std::unique_ptr<xgops::leaks::HangWatch> ended(
        static_cast<xgops::leaks::HangWatch*>(watch));
    ended->stop();
  }
}

}  // extern "C"
