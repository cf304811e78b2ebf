// SPDX-License-Identifier: MIT
#include "test_run.hpp"

#include "commands/leak_mapping.hpp"
#include "leaks/scoped_threads.hpp"
#include "leaks/settling.hpp"
#include "lifecycle.hpp"
#include "support/unique_fd.hpp"
#include "support/write_all.hpp"
#include "tasks/source.hpp"
#include "xgops/leak_check_abi.h"
#include "xgops/protocol/codec.hpp"

#include <atomic>
#include <charconv>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xgops::agent {
namespace {

struct TestRun {
  pid_t pid = 0;
  int seccomp = 0;  ///< What the system said of filters for system calls.
  std::string file;
  std::atomic<pid_t> ender{0};  ///< The thread that reports; 0: none yet.
  std::atomic<bool> has_ended{false};
};

// Not destroyed with other globals: the program may end after their destructors have begun.
constinit std::atomic<TestRun*> g_run{nullptr};

/// The thread is not cancelled while it lives: the program would not end, or without a report.
class NotCancelled {
 public:
  NotCancelled() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~NotCancelled() { ::pthread_setcancelstate(before_, nullptr); }
  NotCancelled(const NotCancelled&) = delete;
  NotCancelled& operator=(const NotCancelled&) = delete;

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

int seccomp_mode() noexcept {
  return ::prctl(PR_GET_SECCOMP);
}

void write_report(const std::string& path, const protocol::TestReport& report) {
  protocol::Header header;
  header.type = protocol::TestReport::kType;
  const protocol::Bytes bytes = protocol::encode_message(header, report);
  // Whatever has become of the file: nothing to wait for, and nothing of others.
  const support::UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  if (file.get() >= 0 && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
      ::ftruncate(file.get(), 0) == 0 && bytes.size() <= protocol::kMaxTestReportBytes) {
    // Whoever reads it sees by its length when it is not whole.
    (void)support::write_all(file.get(),
                             {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
}

void report_leaks(const TestRun& run) {
  constexpr std::int64_t kPatienceNs = 1'000'000'000;
  leaks::Subject subject;
  std::string problem;
  subject.source = tasks::find_source(problem);
  subject.threads = tasks::kRunScope;
  xgops_leak_request request{};
  request.size = sizeof request;
  request.deadline_ns = kPatienceNs;
  protocol::TestReport report =
      commands::to_wire(leaks::settle(subject, request, leaks::Names::Addresses::kBare));
  report.pid = run.pid;
  report.task_problem = std::move(problem);
  write_report(run.file, report);
}

void end_run(const TestRun& run) noexcept {
  // Of two that use the signal for running threads at the same time, only one gets stacks. After
  // that the agent is needed again: destructors may hang.
  const bool had_agent = is_running();
  if (had_agent) {
    stop();
  }
  try {
    report_leaks(run);
  } catch (const std::exception&) {
    // Without a report nobody takes the run for one without leaks.
  }
  leaks::set_in_run(false);
  if (had_agent) {
    static_cast<void>(start(nullptr, Mode::kPreloaded));
  }
}

}  // namespace

void begin_test_run(std::string_view setting) {
  const std::size_t colon = setting.find(':');
  pid_t pid = 0;
  if (colon == std::string_view::npos) {
    return;
  }
  const auto parsed = std::from_chars(setting.data(), setting.data() + colon, pid);
  if (parsed.ec != std::errc{} || parsed.ptr != setting.data() + colon || pid != ::getpid()) {
    return;
  }
  auto run = std::make_unique<TestRun>();
  run->pid = pid;
  run->seccomp = seccomp_mode();
  run->file = setting.substr(colon + 1);
  leaks::set_in_run(true);
  delete g_run.exchange(run.release(), std::memory_order_acq_rel);  // One that has ended.
}

bool is_test_run() noexcept {
  const TestRun* const run = g_run.load(std::memory_order_acquire);
  return run != nullptr && !run->has_ended.load(std::memory_order_relaxed);
}

void end_test_run() noexcept {
  TestRun* const run = g_run.load(std::memory_order_acquire);
  if (run == nullptr || run->pid != ::getpid()) {
    return;  // A forked child ends: it is not what was started, and may share our memory.
  }
  const NotCancelled not_cancelled;
  const auto caller = static_cast<pid_t>(::syscall(SYS_gettid));
  pid_t ender = 0;
  if (!run->ender.compare_exchange_strong(ender, caller, std::memory_order_acq_rel)) {
    if (ender != caller) {
      run->has_ended.wait(false, std::memory_order_acquire);  // The process would end meanwhile.
    }
    return;
  }
  // A program that has confined itself may be killed for what a report needs.
  if (seccomp_mode() == run->seccomp) {
    end_run(*run);
  }
  run->has_ended.store(true, std::memory_order_release);
  run->has_ended.notify_all();
}

}  // namespace xgops::agent
