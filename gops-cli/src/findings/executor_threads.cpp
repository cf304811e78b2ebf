// SPDX-License-Identifier: MIT
#include "findings/executor_threads.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace xgops::cli {
namespace {

using std::string_view_literals::operator""sv;

/// Asio's loops: io_context and thread_pool both run a scheduler.
bool is_loop(std::string_view function) {
  constexpr std::array kNames{
      "asio::detail::scheduler::run("sv,      "asio::detail::scheduler::do_run_one("sv,
      "asio::detail::scheduler::run_one("sv,  "asio::detail::scheduler::poll("sv,
      "asio::detail::scheduler::wait_one("sv, "asio::detail::scheduler::do_wait_one("sv};
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) {
    return function.find(name) != std::string_view::npos;
  });
}

/// What the loop is made of. Not all of Asio: a handler may be inlined into what calls it.
bool is_part_of_loop(std::string_view function) {
  constexpr std::array kParts{"asio::detail::scheduler::"sv, "asio::detail::epoll_reactor::"sv,
                              "asio::detail::posix_event::"sv,
                              "asio::detail::conditionally_enabled_event::"sv};
  const std::string_view outer = function.substr(0, function.find('<'));
  return std::any_of(kParts.begin(), kParts.end(), [&](std::string_view part) {
    return outer.find(part) != std::string_view::npos;
  });
}

/// What Asio's loop waits with.
bool is_waiting_call(std::string_view function) {
  constexpr std::array kParts{"epoll_wait"sv,
                              "epoll_pwait"sv,
                              "pthread_cond_"sv,
                              "futex"sv,
                              "syscall"sv,
                              "__GI_"sv,
                              "std::condition_variable::"sv,
                              "__gthread_"sv,
                              "cancellation"sv};
  return std::any_of(kParts.begin(), kParts.end(), [&](std::string_view part) {
    return function.find(part) != std::string_view::npos;
  });
}

/// Without its debug file, functions of the C library that it does not export have no name.
bool waits_in_c_library(const symbolize::Symbol& symbol) {
  if (!symbol.function.empty()) {
    return is_waiting_call(symbol.function);
  }
  constexpr std::array kLibraries{"libc.so"sv, "libc-2"sv, "libpthread"sv};
  return std::any_of(kLibraries.begin(), kLibraries.end(),
                     [&](std::string_view name) { return symbol.module.starts_with(name); });
}

/// What runs the loop of an executor that runs nothing of the program's: Asio's resolver has a
/// thread that is there to block.
bool is_private_loop(std::string_view function) {
  return function.find("asio::detail::resolver_service_base::work_scheduler_runner"sv) !=
         std::string_view::npos;
}

}  // namespace

ExecutorThread executor_thread(const StackReport& report, const ReportThread& thread) {
  if (!thread.stack) {
    return ExecutorThread::kNone;
  }
  bool only_waits = true;  // So far: nothing but the kernel's door and Asio itself.
  ExecutorThread found = ExecutorThread::kNone;
  for (const ReportFrame& frame : report.table.stacks[*thread.stack].frames) {
    for (const symbolize::Symbol& symbol : report.table.locations[frame.location]) {
      if (is_private_loop(symbol.function)) {
        return ExecutorThread::kNone;
      }
      if (found == ExecutorThread::kNone && is_loop(symbol.function)) {
        found = only_waits ? ExecutorThread::kIdle : ExecutorThread::kBusy;
      }
      only_waits = only_waits && (is_part_of_loop(symbol.function) || waits_in_c_library(symbol));
    }
  }
  return found;
}

}  // namespace xgops::cli
