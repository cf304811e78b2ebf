// SPDX-License-Identifier: MIT
// `xgops leaks`: groups of tasks that will never go on, or that only become more.
#include "client/diagnosis.hpp"
#include "commands/command.hpp"
#include "commands/look_source.hpp"
#include "commands/target_options.hpp"
#include "findings/leak_rules.hpp"
#include "findings/site_groups.hpp"
#include "support/failure.hpp"
#include "support/interrupt.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace xgops::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLeaksLookAgain{1000};

struct LeaksOptions {
  TargetOptions target;
  LeakOptions limits;
  std::uint32_t alarm = static_cast<std::uint32_t>(LeakOptions().alarm);
  milliseconds again{kLeaksLookAgain};
  milliseconds interval{0};
  std::uint32_t samples = 0;
  bool all = false;
  bool interrupt = true;
  bool inlines = true;
};

/// Looks at one process, however often: not at another one that has its PID by then.
class LeaksLooker {
 public:
  LeaksLooker(Context& context, const LeaksOptions& options)
      : context_(context), target_(options.target) {
    looking_.timeout = context.timeout;
    // What grows is not seen better for a signal.
    looking_.interrupt = options.interrupt && options.interval.count() == 0;
    looking_.symbols.inlines = options.inlines;
  }

  Result<Look> look() {
    return with_target(
        context_, target_, [&](Target& target, const Deadline& deadline) -> Result<Look> {
          auto look = take_look(target, deadline, looking_);
          const auto& instance = target.session.hello().instance_id;
          if (look && instance_ && instance != *instance_) {
            return failure(Failure::kNoProcess, "it is not the process of the look before",
                           "did it call exec, or restart its agent?");
          }
          instance_ = instance;
          target_ = TargetOptions();
          target_.pid = std::to_string(target.pid);
          return look;
        });
  }

 private:
  Context& context_;
  TargetOptions target_;
  LookOptions looking_;
  std::optional<std::array<std::uint8_t, 16>> instance_;
};

/// What every report says of its last look.
void describe_look(LeaksReport& report, const Look& look, const LeaksOptions& options) {
  report.process = look.stacks.process;
  report.time = std::chrono::system_clock::now();
  report.alarm = options.limits.alarm;
  report.all = options.all;
  report.threads = static_cast<std::uint64_t>(
      std::count_if(look.threads().begin(), look.threads().end(),
                    [](const ReportThread& thread) { return !thread.facts.is_agent; }));
  report.tasks = look.stacks.tasks ? look.stacks.tasks->total : 0;
  report.incomplete = report.incomplete || look.incomplete;
  report.cost = look.stacks.cost;
}

void add_notices(Report& result, const Look& look) {
  const bool none =
      !look.stacks.tasks || (look.stacks.tasks->total == 0 && look.stacks.tasks->dropped == 0);
  if (none) {
    result.notices.push_back(
        {"there are no tasks, or the program does not tell of them: only threads were looked at",
         "a program with Asio coroutines tells when it is linked with xgops::asio"});
  }
}

Result<Report> look_twice(LeaksLooker& looker, const LeaksOptions& options) {
  const auto before = looker.look();
  if (!before) {
    return before.error();
  }
  std::this_thread::sleep_until(before->ended + options.again);
  const auto now = looker.look();
  if (!now) {
    return now.error();
  }
  const Judged first(*before);
  const Judged second(*now);
  const RuleOptions no_limits;
  const Analysis analysis{first, &second, no_limits};
  LeaksReport report = judge_leaks(analysis, options.limits);
  report.between = std::chrono::duration_cast<milliseconds>(now->began - before->began);
  report.incomplete = before->incomplete;
  describe_look(report, *now, options);
  const ExitStatus status = report.findings() > 0 ? ExitStatus::kFindings
                            : report.incomplete   ? ExitStatus::kPartial
                                                  : ExitStatus::kOk;
  Report result{std::move(report), status};
  add_notices(result, *now);
  return result;
}

/// Samples until somebody has seen enough, or the process has ended.
class Watch {
 public:
  Watch(Context& context, const LeaksOptions& options) : context_(context), options_(options) {
    context.presentation.apart = false;
  }

  Result<Report> run(LeaksLooker& looker) {
    const InterruptGuard interrupt;
    const auto begin = steady_clock::now();
    auto moment = begin;
    for (;;) {
      const auto look = looker.look();
      if (!look) {
        // Whatever came between: what was seen until then is an answer, too.
        return totals_.samples > 0 ? end(&look.error()) : look.error();
      }
      totals_.span = std::chrono::duration_cast<milliseconds>(look->began - begin);
      if (auto emitted = emit(*look); !emitted) {
        return std::move(emitted).error();
      }
      moment = std::max(moment + options_.interval, steady_clock::now());
      if (totals_.samples == options_.samples || !interrupt.wait_until(moment)) {
        return end(nullptr);
      }
    }
  }

 private:
  Result<void> emit(const Look& look) {
    std::vector<SiteGroup> groups = group_by_site(look);
    LeaksReport report;
    report.rows = compare_groups(before_, groups, options_.limits.alarm);
    describe_look(report, look, options_);
    report.sample.emplace();
    report.sample->number = ++totals_.samples;
    report.sample->interval = options_.interval;
    if (before_) {
      report.sample->tasks_before = totals_.tasks_last;
      report.between = std::chrono::duration_cast<milliseconds>(look.began - began_);
    }
    if (totals_.samples == 1) {
      totals_.tasks_first = report.tasks;
    }
    totals_.tasks_last = report.tasks;
    totals_.alarms += report.findings();
    totals_.incomplete += report.incomplete ? 1U : 0U;
    before_ = remember_groups(look, std::move(groups));
    began_ = look.began;
    process_ = look.stacks.process;
    return context_.emit(Report{std::move(report)});
  }

  /// `ended` says why there is no further sample, when it was not the user who wanted no more.
  Result<Report> end(const Error* ended) {
    totals_.time = std::chrono::system_clock::now();
    const ExitStatus status = totals_.alarms > 0       ? ExitStatus::kFindings
                              : ended != nullptr       ? exit_status_of(*ended)
                              : totals_.incomplete > 0 ? ExitStatus::kPartial
                                                       : ExitStatus::kOk;
    Report report{totals_, status};
    if (ended != nullptr) {
      const auto stat = context_.places.processes.stat(process_.pid);
      report.notices.push_back(
          !stat || stat->state == 'Z'
              ? Notice{"process " + describe_process(process_.pid, process_.name) + " has ended"}
              : Notice{sentence_of(*ended), ended->hint});
    }
    return report;
  }

  Context& context_;
  const LeaksOptions& options_;
  std::optional<EarlierGroups> before_;
  steady_clock::time_point began_;
  ProcessIdentity process_;
  LeakTotals totals_;
};

Result<Report> run(Context& context, LeaksOptions options) {
  options.limits.alarm = options.alarm;
  if (options.samples != 0 && options.interval.count() == 0) {
    return failure(Failure::kUsage, "--samples goes with --watch",
                   "`--watch 10s --samples 6` watches for a minute");
  }
  LeaksLooker looker(context, options);
  return options.interval.count() == 0 ? look_twice(looker, options)
                                       : Watch(context, options).run(looker);
}

Action attach_leaks(OptionSet& options) {
  auto parsed = std::make_shared<LeaksOptions>();
  attach_target_options(options, parsed->target);
  options.duration("--watch", parsed->interval, milliseconds(10),
                   "Go on, with one sample every TIME, such as 10s");
  options.number("--samples", "N", parsed->samples, 1, 1'000'000'000,
                 "With --watch: end after N samples");
  options.number("--alarm", "N", parsed->alarm, 0, std::numeric_limits<std::uint32_t>::max(),
                 "A group that grows by more than N between two looks is a finding (default 100)");
  options.duration("--older", parsed->limits.older, milliseconds(1),
                   "A group is old when one of it waits for at least TIME (default 5min)");
  options.duration("--look-again", parsed->again, milliseconds(50),
                   "Time before the second look (default 1s)");
  options.flag("-a,--all", parsed->all, "Print all groups, also those of which nothing is said");
  options.flag("--no-interrupt", parsed->interrupt,
               "Send no thread a signal: running threads have no stack then", false);
  options.flag("--no-inlines", parsed->inlines, "Leave out inlined functions", false);
  return [parsed](Context& context) { return run(context, *parsed); };
}

}  // namespace

Command leaks_command() {
  return {
      .name = "leaks",
      .summary = "Find tasks that will never go on, or only become more",
      .description =
          "Looks twice at all tasks and threads of a running process, one second apart, and puts "
          "together those that were created at the same place and wait for the same at the same "
          "place. Prints the groups of which there is something to say:\n\n"
          "  blocked: none of them will ever go on, by the rules of `xgops diagnose`: a cycle, a "
          "holder that has ended, a wait that nobody can end, or nobody left who can run. A "
          "finding.\n\n"
          "  growing: there are more than a second ago; a finding if by more than --alarm.\n\n"
          "  old: some of them have waited for --older or longer. Not a finding: it may be meant "
          "so.\n\n"
          "Who waits for I/O, a timer, a signal, its turn or tasks of its own, and threads that "
          "wait for anything but a lock, are what idle servers have: nothing is said of them "
          "unless their group grows by more than --alarm.\n\n"
          "With --watch it goes on: a line a sample, and one for each group that grew by more than "
          "--alarm since the sample before, until --samples, Ctrl-C or the end of the process. "
          "With "
          "--json each sample is one line, with all groups.\n\n"
          "Absence of a report proves nothing: a task that somebody has forgotten and could still "
          "resume looks like one that waits.\n\n"
          "Exit status 1 means that there are findings, with --watch that there was an alarm; 2 "
          "without an alarm that the process has ended or does not answer; 4 that there are none "
          "but something could not be seen.",
      .examples = {{"xgops leaks -p 4711", "what can be said after a second"},
                   {"xgops leaks 4711 --all", "every group, with counts and ages"},
                   {"xgops leaks -n server --watch 10s --alarm 100",
                    "a line when a group grows by more than 100 within 10 s"},
                   {"xgops leaks 4711 --watch 1min --samples 60 || mail -s leak admin",
                    "for a script: status 1 after an alarm"}},
      .attach = attach_leaks,
  };
}

}  // namespace xgops::cli
