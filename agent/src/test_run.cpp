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
#include <unistd.h>

namespace xgops::agent {
namespace {

struct TestRun {
  pid_t pid = 0;
  std::string file;
};

// Not destroyed with other globals: the program may end after their destructors have begun.
constinit std::atomic<TestRun*> g_run{nullptr};

void write_report(const std::string& path, const protocol::TestReport& report) {
  protocol::Header header;
  header.type = protocol::TestReport::kType;
  const protocol::Bytes bytes = protocol::encode_message(header, report);
  const support::UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY));
  if (file.get() >= 0 && bytes.size() <= protocol::kMaxTestReportBytes) {
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
  leaks::set_in_run(true);
  g_run.store(new TestRun{pid, std::string(setting.substr(colon + 1))}, std::memory_order_release);
}

bool is_test_run() noexcept {
  return g_run.load(std::memory_order_relaxed) != nullptr;
}

void end_test_run() noexcept {
  const std::unique_ptr<const TestRun> run(g_run.exchange(nullptr, std::memory_order_acq_rel));
  if (run == nullptr || run->pid != ::getpid()) {
    return;  // A forked child ends: it is not what was started.
  }
  // Of two that use the signal for running threads at the same time, only one gets stacks. After
  // that the agent is needed again: destructors may hang.
  const bool had_agent = is_running();
  if (had_agent) {
    stop();
  }
  try {
    report_leaks(*run);
  } catch (const std::exception&) {
    // Without a report nobody takes the run for one without leaks.
  }
  leaks::set_in_run(false);
  if (had_agent) {
    static_cast<void>(start(nullptr, Mode::kPreloaded));
  }
}

}  // namespace xgops::agent
