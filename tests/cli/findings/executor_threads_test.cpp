// SPDX-License-Identifier: MIT
#include "findings/executor_threads.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace xgops::cli {
namespace {

struct Function {
  std::string name;
  std::string module = "server";
};

/// What a thread with these functions on its stack (innermost first) is.
ExecutorThread judge(const std::vector<Function>& functions) {
  StackReport report;
  ReportStack stack;
  for (const Function& function : functions) {
    symbolize::Symbol symbol;
    symbol.function = function.name;
    symbol.module = function.module;
    stack.frames.push_back({0, static_cast<std::uint32_t>(report.table.locations.size()), false});
    report.table.locations.push_back({symbol});
  }
  report.table.stacks.push_back(std::move(stack));
  ReportThread thread;
  thread.stack = 0;
  return executor_thread(report, thread);
}

const Function kRun{"asio::detail::scheduler::run(std::error_code&)"};
const Function kWait{"asio::detail::posix_event::wait<X>(X&)"};

TEST(ExecutorThreadTest, IsIdleWhereTheLoopItselfWaits) {
  EXPECT_EQ(judge({{"pthread_cond_wait", "libc.so.6"}, kWait, kRun, {"main"}}),
            ExecutorThread::kIdle);
}

TEST(ExecutorThreadTest, IsIdleThoughTheCLibraryHasNoNames) {
  EXPECT_EQ(judge({{"", "libc.so.6"}, {"pthread_cond_wait", "libc.so.6"}, kWait, kRun}),
            ExecutorThread::kIdle);
}

TEST(ExecutorThreadTest, IsBusyInAHandlerWithOrWithoutAName) {
  EXPECT_EQ(judge({{"", "libc.so.6"}, {"handler()"}, kRun}), ExecutorThread::kBusy);
  EXPECT_EQ(judge({{"", "libc.so.6"}, {""}, kRun}), ExecutorThread::kBusy);
  EXPECT_EQ(judge({{"nanosleep", "libc.so.6"}, kRun}), ExecutorThread::kBusy);
}

TEST(ExecutorThreadTest, IsNoneOutsideOfAnyLoop) {
  EXPECT_EQ(judge({{"pthread_cond_wait", "libc.so.6"}, {"main"}}), ExecutorThread::kNone);
}

TEST(ExecutorThreadTest, DoesNotCountTheThreadThatResolvesNames) {
  EXPECT_EQ(judge({{"poll", "libc.so.6"},
                   {"getaddrinfo", "libc.so.6"},
                   {"asio::detail::resolve_query_op<X>::do_complete(void*)"},
                   kRun,
                   {"asio::detail::resolver_service_base::work_scheduler_runner::operator()()"}}),
            ExecutorThread::kNone);
}

}  // namespace
}  // namespace xgops::cli
