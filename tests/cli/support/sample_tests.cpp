// SPDX-License-Identifier: MIT
#include "cli/support/sample_tests.hpp"

#include <csignal>

namespace xgops::test {
namespace {

symbolize::Symbol sample_symbol(const char* function, const char* file, std::uint32_t line) {
  symbolize::Symbol result;
  result.function = function;
  result.file = file;
  result.line = line;
  return result;
}

cli::TestLeak leaked_task() {
  cli::TestLeak leak;
  leak.fate = protocol::LeakFate::kWaiting;
  leak.count = 2;
  leak.ids = {7, 9};
  leak.state = "timer";
  leak.labels = "peer=a";
  leak.age_ns = 1'000'000'000;
  leak.frames = {sample_symbol("bodies::wait_for_long", "bodies.hpp", 41)};
  leak.created = {sample_symbol("bodies::forget_a_task", "bodies.hpp", 45)};
  leak.fingerprint = "89f8438a5191f0fe";
  return leak;
}

cli::TestLeak leaked_thread() {
  cli::TestLeak leak;
  leak.is_thread = true;
  leak.fate = protocol::LeakFate::kBlocked;
  leak.count = 1;
  leak.ids = {4712};
  leak.state = "mutex lock";
  leak.object = "mutex 0x10";
  leak.why = "held by thread 4711, which has ended";
  leak.name = "wor\x1bker";
  symbolize::Symbol lock = sample_symbol("pthread_mutex_lock", "", 0);
  lock.module = "libc.so.6";
  lock.offset = 0x1234;
  symbolize::Symbol begin = sample_symbol("start_thread", "", 0);
  begin.module = "libc.so.6";
  leak.frames = {lock, sample_symbol("bodies::hang()", "bodies.hpp", 62), begin};
  leak.created = {sample_symbol("bodies::hang()", "bodies.hpp", 61)};
  leak.fingerprint = "23c656d12baa54f6";
  return leak;
}

cli::TestResult result(const char* name, cli::TestOutcome outcome) {
  cli::TestResult test;
  test.name = name;
  test.outcome = outcome;
  test.duration = std::chrono::milliseconds(1234);
  return test;
}

}  // namespace

cli::TestsReport sample_tests() {
  using cli::TestOutcome;
  cli::TestsReport report;
  report.program = "./tests";
  report.framework = "GoogleTest";
  report.each_alone = true;
  report.tests.push_back(result("SuiteTest.JoinsItsThread", TestOutcome::kPassed));
  cli::TestResult leaking = result("SuiteTest.Forgets", TestOutcome::kPassed);
  leaking.leaks = {leaked_task(), leaked_thread()};
  report.tests.push_back(leaking);
  report.tests.push_back(result("SuiteTest.IsSkipped", TestOutcome::kSkipped));
  cli::TestResult failing = result("a <b> & \"c\" ]]>\xff\x01", TestOutcome::kFailed);
  failing.exit_status = 1;
  failing.output = "expected <1>\nfound \x1b[31m2\xef\xbf\xbe\n";
  report.tests.push_back(failing);
  cli::TestResult crashing = result("SuiteTest.Crashes", TestOutcome::kCrashed);
  crashing.signal = SIGSEGV;
  crashing.no_report = "it crashed";
  report.tests.push_back(crashing);
  cli::TestResult hanging = result("SuiteTest.Hangs", TestOutcome::kHung);
  hanging.hang = "1. deadlock: 2 threads wait for each other in a circle\n";
  hanging.no_report = "it was ended";
  report.tests.push_back(hanging);
  cli::TestResult leaving = result("SuiteTest.Leaves", TestOutcome::kPassed);
  leaving.no_report = "it left no report";
  report.tests.push_back(leaving);
  report.not_run = 2;
  return report;
}

}  // namespace xgops::test
