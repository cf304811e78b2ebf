// SPDX-License-Identifier: MIT
#include "testing/test_runner.hpp"

#include "support/failure.hpp"
#include "support/output_file.hpp"
#include "testing/report_file.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <utility>

#include <poll.h>
#include <sys/wait.h>

namespace xgops::cli {
namespace {

using Clock = TestProcess::Clock;
using std::chrono::milliseconds;

constexpr std::size_t kKeptOutput = std::size_t{64} << 10;
constexpr std::size_t kKeptList = std::size_t{16} << 20;

/// What poll(2) may wait, rounded up.
int poll_timeout(std::optional<Clock::time_point> until) {
  if (!until) {
    return -1;
  }
  const auto left = std::chrono::ceil<milliseconds>(*until - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
}

/// Waits until one of them has something to say. False: somebody wants an end, which `interrupt`
/// says, if it is not null.
bool wait_for(const std::vector<const TestProcess*>& processes,
              std::optional<Clock::time_point> until, const InterruptGuard* interrupt) {
  std::vector<pollfd> events{{interrupt == nullptr ? -1 : interrupt->descriptor(), POLLIN, 0}};
  for (const TestProcess* const process : processes) {
    events.push_back({process->process_fd(), POLLIN, 0});
    for (const int output : {process->output_fd(), process->error_fd()}) {
      events.push_back({output, POLLIN, 0});  // Negative ones are passed over.
    }
  }
  while (::poll(events.data(), events.size(), poll_timeout(until)) < 0 && errno == EINTR) {
  }
  return (events.front().revents & POLLIN) == 0;
}

/// One that runs.
struct Running {
  std::size_t index;
  std::string report_file;
  TestProcess process;
  std::string hang;
  TestOutcome given_up = TestOutcome::kPassed;  ///< `kPassed`: it has not been.
};

class Runner {
 public:
  Runner(const std::vector<PlannedTest>& plan, const RunnerOptions& options,
         const InterruptGuard& interrupt)
      : plan_(plan), options_(options), interrupt_(interrupt) {}

  Result<RunnerAnswer> run() {
    std::size_t next = 0;
    while (!running_.empty() || (next < plan_.size() && !next_signal_)) {
      while (!next_signal_ && next < plan_.size() && running_.size() < options_.jobs) {
        if (auto started = start(next++); !started) {
          return std::move(started).error();
        }
      }
      std::vector<const TestProcess*> processes;
      for (const Running& running : running_) {
        processes.push_back(&running.process);
      }
      if (!wait_for(processes, first_deadline(), next_signal_ ? nullptr : &interrupt_)) {
        begin_end();
      }
      insist_on_end();
      look_after_all();
    }
    RunnerAnswer answer;
    for (auto& [index, result] : results_) {
      answer.results.push_back(std::move(result));
    }
    answer.not_run = plan_.size() - answer.results.size();
    return answer;
  }

 private:
  Result<void> start(std::size_t index) {
    TestCommand command = options_.command;
    command.arguments = plan_[index].arguments;
    command.report_file = options_.directory + "/" + std::to_string(index);
    if (auto made = write_file(command.report_file, ""); !made) {
      return made;
    }
    auto process = TestProcess::start(command, kKeptOutput);
    if (!process) {
      return std::move(process).error();
    }
    running_.push_back({index, std::move(command.report_file), *std::move(process), {}, {}});
    return {};
  }

  [[nodiscard]] std::optional<Clock::time_point> first_deadline() const {
    std::optional<Clock::time_point> first;
    if (next_signal_) {
      first = signal_at_;
    }
    for (const Running& running : running_) {
      for (const milliseconds limit : {options_.hang, options_.timeout}) {
        const Clock::time_point end = running.process.started() + limit;
        if (limit.count() > 0 && (!first || end < *first)) {
          first = end;
        }
      }
    }
    return first;
  }

  /// Those that have our terminal have had Ctrl-C themselves, and end as they see fit.
  void begin_end() {
    if (options_.command.apart) {
      running_.clear();  // Kills them.
    }
    const int signal = interrupt_.signal();
    const bool is_from_terminal = signal == SIGINT || signal == SIGQUIT;
    next_signal_ = SIGTERM;
    signal_at_ = Clock::now() + (is_from_terminal ? options_.grace : milliseconds(0));
  }

  void insist_on_end() {
    if (!next_signal_ || Clock::now() < signal_at_) {
      return;
    }
    for (const Running& running : running_) {
      running.process.send(*next_signal_);
    }
    next_signal_ = SIGKILL;
    signal_at_ = Clock::now() + options_.grace;
  }

  /// Ended as somebody wanted an end: that says nothing of the test.
  [[nodiscard]] bool is_cut_short(const Running& running) const {
    return interrupt_.signal() != 0 && running.given_up == TestOutcome::kPassed &&
           running.process.wait_status() != 0;
  }

  void look_after_all() {
    for (auto running = running_.begin(); running != running_.end();) {
      running->process.read_output();
      if (!running->process.has_ended()) {
        give_up_if_late(*running);
      }
      if (running->given_up == TestOutcome::kPassed && !running->process.has_ended()) {
        ++running;
        continue;
      }
      if (!is_cut_short(*running)) {
        results_.emplace(running->index, result_of(*running));
        if (options_.on_end) {
          options_.on_end(results_.size(), results_.at(running->index));
        }
      }
      running = running_.erase(running);
    }
  }

  void give_up_if_late(Running& running) const {
    const auto age = Clock::now() - running.process.started();
    const bool hangs = options_.hang.count() > 0 && age >= options_.hang;
    if (!hangs && (options_.timeout.count() == 0 || age < options_.timeout)) {
      return;
    }
    running.given_up = hangs ? TestOutcome::kHung : TestOutcome::kTimedOut;
    if (hangs && options_.look_at) {
      running.hang = options_.look_at(running.process.pid());
    }
    running.process.read_output();
    running.process.kill();
  }

  [[nodiscard]] TestResult result_of(Running& running) const {
    TestResult result;
    result.name = plan_[running.index].name;
    result.duration =
        std::chrono::duration_cast<milliseconds>(Clock::now() - running.process.started());
    result.output = running.process.output();
    result.hang = std::move(running.hang);
    const int status = running.process.wait_status();
    if (running.given_up != TestOutcome::kPassed) {
      result.outcome = running.given_up;
      result.no_report = "it was ended";
      return result;
    }
    if (WIFSIGNALED(status)) {
      result.outcome = TestOutcome::kCrashed;
      result.signal = WTERMSIG(status);
      result.no_report = "it crashed";
      return result;
    }
    result.exit_status = WEXITSTATUS(status);
    if (result.exit_status != 0) {
      result.outcome = TestOutcome::kFailed;
    } else if (!result.name.empty() && says_skipped(options_.framework, result.output)) {
      result.outcome = TestOutcome::kSkipped;
    }
    add_leaks(result, running.report_file);
    return result;
  }

  void add_leaks(TestResult& result, const std::string& path) const {
    const auto file = read_report_file(path);
    if (file.empty()) {
      result.no_report =
          "it left no report: it ended with _exit or quick_exit, put itself under seccomp, or runs "
          "without the agent";
      return;
    }
    auto report = parse_test_report(file);
    if (!report) {
      result.no_report = sentence_of(report.error());
      return;
    }
    result.unseen = report->unseen;
    result.unlisted_groups = report->unlisted_groups;
    result.task_problem = std::move(report->task_problem);
    result.leaks = name_leaks(*std::move(report), options_.cache_directory);
  }

  const std::vector<PlannedTest>& plan_;
  const RunnerOptions& options_;
  const InterruptGuard& interrupt_;
  std::list<Running> running_;
  std::map<std::size_t, TestResult> results_;  ///< By index into the plan.
  std::optional<int> next_signal_;             ///< Somebody wants an end: to be sent, when.
  Clock::time_point signal_at_;
};

}  // namespace

Result<RunnerAnswer> run_tests(const std::vector<PlannedTest>& plan, const RunnerOptions& options,
                               const InterruptGuard& interrupt) {
  return Runner(plan, options, interrupt).run();
}

Result<ListerOutput> output_of(const TestCommand& command, milliseconds timeout,
                               const InterruptGuard& interrupt) {
  TestCommand lister = command;
  lister.errors_apart = true;
  auto process = TestProcess::start(lister, kKeptList);
  if (!process) {
    return std::move(process).error();
  }
  const Clock::time_point end = process->started() + timeout;
  while (!process->has_ended()) {
    if (!wait_for({&*process}, end, &interrupt)) {
      return failure(Failure::kProgram,
                     "it was time to end before " + command.program + " had listed its tests");
    }
    if (Clock::now() >= end && !process->has_ended()) {
      return failure(Failure::kProgram, command.program + " does not list its tests: it still runs",
                     "is it of another framework? say which with --framework");
    }
    process->read_output();
  }
  return ListerOutput{process->output(), process->errors()};
}

}  // namespace xgops::cli
