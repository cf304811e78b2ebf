// SPDX-License-Identifier: MIT
// Reports with something of everything, for renderers.
#include "cli/support/sample_reports.hpp"

#include <string>
#include <utility>

namespace xgops::test {
namespace {

using protocol::OwnerState;
using protocol::WaitReason;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kText = 0x555555554000;
constexpr std::uint64_t kLibc = 0x7ffff7c00000;

cli::ReportThread thread(pid_t tid, std::string name, char state, WaitReason reason,
                         std::int64_t age_ns, std::uint32_t stack) {
  cli::ReportThread made;
  made.facts.tid = tid;
  made.facts.name = std::move(name);
  made.facts.state = state;
  made.facts.cpu_ns = 12'300'000;
  made.facts.state_age_ns = age_ns;
  made.facts.wait.reason = reason;
  made.status = protocol::StackStatus::kExact;
  made.method = protocol::StackMethod::kRead;
  made.stack = stack;
  return made;
}

symbolize::Symbol symbol(std::string function, std::string file, std::uint32_t line,
                         std::string module, std::uint64_t offset, bool inlined = false) {
  symbolize::Symbol made;
  made.function = std::move(function);
  made.file = std::move(file);
  made.line = line;
  made.module = std::move(module);
  made.offset = offset;
  made.inlined = inlined;
  return made;
}

void add_symbols(cli::StackReport& report) {
  report.table.locations = {
      {symbol("__lll_lock_wait", "", 0, "libc.so.6", 0x8f1e2)},
      {symbol("std::mutex::lock()", "/usr/include/c++/12/bits/std_mutex.h", 100, "bank", 0x1204,
              true),
       symbol("lock_second(Bank&)", "bank.cpp", 41, "bank", 0x1204)},
      {symbol("lock_first(Bank&)", "bank.cpp", 57, "bank", 0x1310)},
      {symbol("", "", 0, "libc.so.6", 0x89044)},
      {symbol("pthread_cond_wait", "", 0, "libc.so.6", 0x8b9a0)},
      {symbol("Pool::work()", "pool.cpp", 12, "bank", 0x1500)},
      {symbol("epoll_wait", "", 0, "libc.so.6", 0x108c11)},
      {symbol("main", "main.cpp", 9, "bank", 0x1100)},
      {symbol("", "", 0, "", 0x7fffe0001000)},
      {symbol("evil\x1b[2J;name", "a\nb.cpp", 1, "ba\x1b]0;d", 1)},
  };
  const auto frame = [](std::uint64_t base, std::uint32_t location) {
    return cli::ReportFrame{base + location, location, false};
  };
  report.table.stacks = {
      {false, {frame(kLibc, 0), frame(kText, 1), frame(kLibc, 3)}},
      {false, {frame(kLibc, 0), frame(kText, 2), frame(kLibc, 3)}},
      {false, {frame(kLibc, 4), frame(kText, 5), frame(kLibc, 3)}},
      {false, {frame(kLibc, 6), frame(kText, 7)}},
      {true, {frame(kText, 9), {0x7fffe0001000, 8, true}}},
  };
}

protocol::Module module(std::uint32_t id, std::uint64_t begin, std::string path) {
  protocol::Module made;
  made.id = id;
  made.begin = begin;
  made.end = begin + 0x200000;
  made.bias = begin;
  made.path = std::move(path);
  made.build_id = {0xde, 0xad, 0xbe, 0xef, static_cast<std::uint8_t>(id)};
  return made;
}

}  // namespace

cli::ListReport sample_list() {
  cli::ListReport report;
  report.processes = {
      {812, 1, "redis-server", "/usr/bin/redis-server", 0, 5, 187'200 * 1'000'000'000ULL, "0.1.0",
       cli::ProcessStatus::kOk, ""},
      {4711, 812, "b\xc3\xa4nk", "/srv/b\xc3\xa4nk (deleted)", 100'000, 12, 3'912'000'000'000,
       "0.1.0", cli::ProcessStatus::kOk, ""},
      {4712, 0, "evil\x1b[2J\tname\nx", "/tmp/\xff\xe2\x80\xae", 7, 1, 5'000'000'000, "0.1.0",
       cli::ProcessStatus::kOk, ""},
      {4713, 1, "stopped", "/usr/bin/stopped", std::nullopt, 3, 61'000'000'000, "",
       cli::ProcessStatus::kNoAnswer, "the agent did not answer within 2 s"},
      {4714, 1, "future", "/usr/bin/future", std::nullopt, 1, 1'000'000'000, "9.0.0",
       cli::ProcessStatus::kTooNew, "agent 9.0.0 speaks protocol 2 to 3, this xgops speaks 1"},
  };
  return report;
}

cli::VitalsReport sample_vitals() {
  cli::VitalsReport report;
  report.process = {4711, 7, "bank", "0.1.0"};
  report.now.tasks = 0;
  report.now.os_threads = 12;
  report.now.cpu_count = 8;
  report.now.cpu_quota_millis = 1500;
  report.now.load_millis = {520, 1480, 40};
  report.now.rss_bytes = 12'897'485;
  report.now.virtual_bytes = 1'288'490'189;
  report.now.uptime_ns = 7'980'000'000'000;
  report.now.cpu_time_ns = 3'240'000'000;
  report.now.open_fds = 34;
  report.now.fd_limit = 1024;
  report.now.requests_served = 12;
  report.now.peers_refused = 1;
  return report;
}

cli::StackReport sample_stack() {
  cli::StackReport report;
  report.process = {4711, 7, "bank", "0.1.0"};
  report.table.modules = {module(1, kText, "/srv/bank"), module(2, kLibc, "/lib/libc.so.6")};
  report.table.modules.back().deleted = true;
  add_symbols(report);

  auto first = thread(11, "teller", 'S', WaitReason::kMutexLock, 185 * kSecond, 0);
  first.facts.wait.owner_tid = 12;
  first.facts.wait.owner_state = OwnerState::kLive;
  first.facts.wait.object = 0x5555555580a0;
  auto second = thread(12, "io", 'S', WaitReason::kMutexLock, 185 * kSecond, 1);
  second.facts.wait.owner_tid = 11;
  second.facts.wait.owner_state = OwnerState::kLive;
  auto main = thread(7, "bank", 'S', WaitReason::kEpoll, 2 * kSecond, 3);
  main.facts.wait.fd = 5;
  main.facts.wait.detail = "epoll of 3 descriptors";
  main.facts.wait.timeout_ns = 30 * kSecond;
  main.facts.wait.timed = true;
  main.facts.wait.system_call = 232;
  auto running = thread(31, "busy", 'R', WaitReason::kRunning, -1, 3);
  running.method = protocol::StackMethod::kSignal;
  auto agent = thread(8, "xgops", 'R', WaitReason::kRunning, -1, 3);
  agent.facts.is_agent = true;
  agent.method = protocol::StackMethod::kSelf;
  auto partial = thread(32, "evil\x1b[31m\n", 'S', WaitReason::kFutex, 400'000, 4);
  partial.status = protocol::StackStatus::kPartial;
  partial.reason = "no unwind table for 0x7fffe0001000";
  partial.facts.wait.inferred = true;
  auto missing = thread(33, "gone", 'D', WaitReason::kDisk, 12'000'000, 0);
  missing.status = protocol::StackStatus::kUnavailable;
  missing.method = protocol::StackMethod::kNone;
  missing.reason = "the thread blocks the signal";
  missing.stack.reset();
  missing.facts.wait.detail = "fsync";
  auto orphan = thread(34, "", 'S', WaitReason::kMutexLock, 3'700 * kSecond, 0);
  orphan.facts.wait.owner_tid = 99;
  orphan.facts.wait.owner_state = OwnerState::kExited;

  report.threads = {main, agent, first, second};
  for (pid_t tid = 21; tid < 24; ++tid) {
    report.threads.push_back(
        thread(tid, "pool", 'S', WaitReason::kConditionWait, (tid - 20) * kSecond, 2));
  }
  for (auto& other : {running, partial, missing, orphan}) {
    report.threads.push_back(other);
  }
  report.dropped = 1;
  report.cost = {3'100'000, 2'900'000, 1};
  report.table.symbol_notes = {"libc.so.6: no debug file"};
  return report;
}

cli::ThreadsReport sample_threads() {
  const cli::StackReport stack = sample_stack();
  cli::ThreadsReport report;
  report.process = stack.process;
  for (const cli::ReportThread& entry : stack.threads) {
    report.threads.push_back(entry.facts);
  }
  report.cost = {910'000, 800'000, 0};
  return report;
}

}  // namespace xgops::test
