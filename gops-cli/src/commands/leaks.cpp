// SPDX-License-Identifier: MIT
// `xgops leaks`: groups of tasks that will never go on, or that only become more.
#include "client/diagnosis.hpp"
#include "commands/command.hpp"
#include "commands/leaks_looker.hpp"
#include "commands/proof_source.hpp"
#include "commands/target_options.hpp"
#include "findings/leak_rules.hpp"
#include "findings/proof_rules.hpp"
#include "findings/site_groups.hpp"
#include "support/failure.hpp"
#include "support/interrupt.hpp"

#include <algorithm>
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
  ProofOptions proof;
  std::uint32_t alarm = static_cast<std::uint32_t>(LeakOptions().alarm);
  milliseconds again{kLeaksLookAgain};
  milliseconds interval{0};
  std::uint32_t samples = 0;
  bool all = false;
  bool prove = false;
  bool interrupt = true;
  bool inlines = true;
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

/// 4 where something is missing that could have been a finding.
ExitStatus status_of(const LeaksReport& report) {
  const bool unproven =
      report.proof &&
      (!report.proof->problem.empty() ||
       std::any_of(report.proof->rows.begin(), report.proof->rows.end(), [](const ProofRow& row) {
         return row.first.reason == protocol::ProofReason::kDoubt;
       }));
  return report.findings() > 0           ? ExitStatus::kFindings
         : report.incomplete || unproven ? ExitStatus::kPartial
                                         : ExitStatus::kOk;
}

Result<Report> look_twice(LeaksLooker& looker, const LeaksOptions& options) {
  if (options.prove) {
    if (auto announced = looker.announce_proof(options.proof); !announced) {
      return std::move(announced).error();
    }
  }
  const auto before = looker.look();
  if (!before) {
    return before.error();
  }
  std::optional<ProofAnswer> proof;
  if (options.prove) {
    auto answer = looker.prove(options.proof);
    if (!answer) {
      return std::move(answer).error();
    }
    proof = *std::move(answer);
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
  if (proof) {
    keep_what_still_holds(*now, *proof);
  }
  LeaksReport report = judge_leaks(analysis, options.limits, proof ? &*proof : nullptr);
  report.between = std::chrono::duration_cast<milliseconds>(now->began - before->began);
  report.incomplete = before->incomplete;
  describe_look(report, *now, options);
  const ExitStatus status = status_of(report);
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

/// Errors: options that do not go together.
Result<void> check_options(const LeaksOptions& options) {
  const bool watches = options.interval.count() != 0;
  if (options.samples != 0 && !watches) {
    return failure(Failure::kUsage, "--samples goes with --watch",
                   "`--watch 10s --samples 6` watches for a minute");
  }
  if (options.prove && watches) {
    return failure(Failure::kUsage, "--prove does not go with --watch",
                   "each proof stops all threads twice: ask when there is something to ask");
  }
  if (options.prove && !options.interrupt) {
    return failure(Failure::kUsage, "--prove does not go with --no-interrupt",
                   "threads are stopped by a signal");
  }
  const ProofOptions none;
  if (!options.prove &&
      (options.proof.ignore_cgroup || options.proof.memory_limit != none.memory_limit)) {
    return failure(Failure::kUsage, "--memory-limit and --ignore-cgroup go with --prove");
  }
  return {};
}

Result<Report> run(Context& context, LeaksOptions options) {
  options.limits.alarm = options.alarm;
  if (auto checked = check_options(options); !checked) {
    return std::move(checked).error();
  }
  if (context.timeout_given) {
    options.proof.timeout = context.timeout;
  }
  LookOptions looking;
  looking.timeout = context.timeout;
  // What grows is not seen better for a signal.
  looking.interrupt = options.interrupt && options.interval.count() == 0;
  looking.symbols.inlines = options.inlines;
  LeaksLooker looker(context, options.target, looking);
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
  options.flag(
      "--prove", parsed->prove,
      "Search a copy of all memory for what leads to waiting tasks: stops all threads, twice");
  options.size("--memory-limit", parsed->proof.memory_limit,
               "With --prove: look through no more than SIZE (default 1GiB)");
  options.flag("--ignore-cgroup", parsed->proof.ignore_cgroup,
               "With --prove: also when control groups leave too little memory for a whole copy");
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
          "With --prove it also tells which tasks nobody can ever wake. All threads stand still, "
          "twice, for as long as it takes to copy the process's page tables: some 30 ms for a GiB. "
          "A child process then searches the copy for whatever may lead to tasks that wait for "
          "channels, locks or other tasks. First it prints what that will cost, and in the end "
          "what it did.\n\n"
          "  proven: nothing in the process leads to what the task waits for. A finding. Not "
          "seen are pointers that are encoded, at an address that is no multiple of 8, in a file "
          "or another process, or on a fiber's stack within another stack.\n\n"
          "  suspect: nothing leads to what it waits for, but something has its frame, or not all "
          "could be read: it says what. Not a finding.\n\n"
          "A proof takes at most 60s, or --timeout. It is refused above --memory-limit, and where "
          "the control groups of the process may not have room for the copy.\n\n"
          "Absence of a report proves nothing: a task that somebody has forgotten and could still "
          "resume looks like one that waits.\n\n"
          "Exit status 1 means that there are findings, with --watch that there was an alarm; 2 "
          "without an alarm that the process has ended or does not answer, or that a proof was "
          "refused; 4 that there are none but something could not be seen or proven.",
      .examples = {{"xgops leaks -p 4711", "what can be said after a second"},
                   {"xgops leaks 4711 --all", "every group, with counts and ages"},
                   {"xgops leaks 4711 --prove", "which of them nobody can ever wake"},
                   {"xgops leaks -n server --watch 10s --alarm 100",
                    "a line when a group grows by more than 100 within 10 s"},
                   {"xgops leaks 4711 --watch 1min --samples 60 || mail -s leak admin",
                    "for a script: status 1 after an alarm"}},
      .attach = attach_leaks,
  };
}

}  // namespace xgops::cli
