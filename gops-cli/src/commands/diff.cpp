// SPDX-License-Identifier: MIT
// `xgops diff`: what became of everybody from one snapshot to another, or until now.
#include "report/diff.hpp"

#include "client/diagnosis.hpp"
#include "commands/command.hpp"
#include "commands/snapshot_source.hpp"
#include "commands/symbol_options.hpp"
#include "commands/target_options.hpp"
#include "findings/snapshot_diff.hpp"
#include "proc/files.hpp"
#include "support/failure.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace xgops::cli {
namespace {

struct DiffOptions {
  std::string first;
  std::string second;
  TargetOptions target;
  SymbolOptions symbols;
  bool interrupt = true;
};

/// One of the two, before anything in it was named.
struct Side {
  std::string file;  ///< Empty: the process as it is now.
  Snapshot snapshot;

  [[nodiscard]] std::string name() const { return file.empty() ? "now" : file; }
};

Result<Side> read_side(const std::string& file) {
  // One byte more, so that a larger file does not look as if it had been cut.
  const auto bytes = proc::read_file(file, kMaxSnapshotBytes + 1);
  if (!bytes) {
    return bytes.error();
  }
  auto snapshot = parse_snapshot(*bytes);
  if (!snapshot) {
    Error error = std::move(snapshot).error();
    error.context = file + ": " + error.context;
    return error;
  }
  return Side{file, *std::move(snapshot)};
}

/// Ids of tasks mean something within one process only.
Result<void> check_same_process(const Side& a, const Side& b) {
  const protocol::Hello::Response& first = a.snapshot.hello;
  const protocol::Hello::Response& second = b.snapshot.hello;
  const std::string both = a.name() + " is of process " +
                           describe_process(a.snapshot.pid, a.snapshot.name) + ", " +
                           (b.file.empty() ? "not of " : b.name() + " of process ") +
                           describe_process(b.snapshot.pid, b.snapshot.name);
  if (a.snapshot.boot_id != b.snapshot.boot_id) {
    return failure(Failure::kUsage, both + ": the machine was started anew, or is another one",
                   "tasks can be compared within one process only");
  }
  if (first.pid != second.pid || first.start_time_ticks != second.start_time_ticks) {
    const bool reused = a.snapshot.pid == b.snapshot.pid;
    return failure(Failure::kUsage, both + (reused ? ": another process with the same PID" : ""),
                   "tasks can be compared within one process only");
  }
  if (first.instance_id != second.instance_id) {
    return failure(Failure::kUsage,
                   both + ": it has called exec, or started its agent anew in between",
                   "tasks can be compared within one program only");
  }
  return {};
}

DiffSide describe(const Side& side, const Look& look) {
  DiffSide described;
  described.file = side.file;
  described.time = std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          std::chrono::nanoseconds(side.snapshot.time_ns)));
  described.tasks = look.stacks.tasks ? look.stacks.tasks->total : 0;
  described.threads = static_cast<std::uint64_t>(
      std::count_if(look.threads().begin(), look.threads().end(),
                    [](const ReportThread& thread) { return !thread.facts.is_agent; }));
  described.incomplete = look.incomplete;
  return described;
}

/// The answers go into a look; who they are of stays.
Result<Look> use_up(Side& side, const SymbolOptions& symbols) {
  Snapshot answers = side.snapshot;
  side.snapshot.stacks.clear();
  side.snapshot.tasks.clear();
  side.snapshot.waits.clear();
  auto look = look_at(std::move(answers), symbols);
  if (!look && !side.file.empty()) {
    Error error = std::move(look).error();
    error.context = side.file + " is damaged: " + error.context;
    error.hint.clear();
    return error;
  }
  return look;
}

Result<Report> compare(Side older, Side younger, const SymbolOptions& symbols) {
  if (auto same = check_same_process(older, younger); !same) {
    return std::move(same).error();
  }
  std::vector<Notice> notices;
  if (older.snapshot.since_boot_ns > younger.snapshot.since_boot_ns) {
    notices.push_back({older.name() + " is younger than " + younger.name() + ": compared from " +
                       younger.name() + " to " + older.name()});
    std::swap(older, younger);
  }
  auto before = use_up(older, symbols);
  if (!before) {
    return std::move(before).error();
  }
  auto after = use_up(younger, symbols);
  if (!after) {
    return std::move(after).error();
  }
  DiffReport report;
  report.process = after->stacks.process;
  report.older = describe(older, *before);
  report.younger = describe(younger, *after);
  report.between = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::nanoseconds(younger.snapshot.since_boot_ns - older.snapshot.since_boot_ns));
  report.rows = compare_looks(*before, *after);
  report.symbol_notes = std::move(after->stacks.table.symbol_notes);
  const bool incomplete = before->incomplete || after->incomplete;
  Report result{std::move(report), incomplete ? ExitStatus::kPartial : ExitStatus::kOk,
                std::move(notices)};
  add_symbol_notices(result, std::get<DiffReport>(result.body).symbol_notes);
  return result;
}

Result<Report> run(Context& context, const DiffOptions& options) {
  const bool now = !options.target.pid.empty() || !options.target.name.empty();
  if (options.first.empty() || options.second.empty() != now) {
    return failure(Failure::kUsage, "what is to be compared? two snapshots, or one with a process",
                   "`xgops diff A B`, or `xgops diff A -p PID` with now");
  }
  auto first = read_side(options.first);
  if (!first) {
    return std::move(first).error();
  }
  if (!now) {
    auto second = read_side(options.second);
    if (!second) {
      return std::move(second).error();
    }
    return compare(*std::move(first), *std::move(second), symbols_of_files(options.symbols));
  }
  SymbolOptions symbols;
  auto snapshot =
      with_target(context, options.target, [&](Target& target, const Deadline& deadline) {
        auto taken =
            take_snapshot(context.places, target, deadline, context.timeout, options.interrupt);
        symbols = symbols_of(target, options.symbols);
        return taken;
      });
  if (!snapshot) {
    return std::move(snapshot).error();
  }
  return compare(*std::move(first), Side{{}, *std::move(snapshot)}, symbols);
}

Action attach_diff(OptionSet& options) {
  auto parsed = std::make_shared<DiffOptions>();
  ArgumentModel first;
  first.name = "OLDER";
  first.summary = "A file that `xgops snapshot` wrote";
  first.completes = Completes::kFile;
  options.argument(first, parsed->first);
  ArgumentModel second = first;
  second.name = "YOUNGER";
  second.summary = "Another one, of the same process; or -p PID: now";
  options.argument(std::move(second), parsed->second);
  attach_target_names(options, parsed->target);
  options.flag("--no-interrupt", parsed->interrupt,
               "With -p PID: send no thread a signal; running threads have no stack then", false);
  options.flag("--no-inlines", parsed->symbols.inlines, "Leave out inlined functions", false);
  options.flag("--debuginfod", parsed->symbols.debuginfod,
               "Ask the servers in $DEBUGINFOD_URLS for missing debug files");
  return [parsed](Context& context) { return run(context, *parsed); };
}

}  // namespace

Command diff_command() {
  return {
      .name = "diff",
      .summary = "Compare two snapshots, or one with now: what is stuck, new or gone",
      .description =
          "Compares two files of `xgops snapshot`, or one with the process as it is now, and "
          "prints "
          "what became of all tasks and threads, in groups by place of creation, wait and "
          "place:\n\n"
          "  stuck: the same wait, not resumed since; of threads, not scheduled. Marked as idle "
          "are "
          "those that wait as servers do that have nothing to do: for I/O, a timer, a signal, "
          "their "
          "turn, tasks of their own; threads for anything but a lock.\n\n"
          "  new: it was not there. gone: it has ended. moved: it was resumed since, or runs.\n\n"
          "Ages are those at the younger snapshot; of what is gone, at the older. Snapshots of "
          "different processes are refused. Exit status 4 means that something could not be seen "
          "in "
          "one of the two.",
      .examples = {{"xgops diff before.xgops -p 4711", "what has not moved since"},
                   {"xgops diff before.xgops after.xgops", "what has not moved in between"},
                   {"xgops diff a.xgops b.xgops --json | jq '.groups[] | select(.change == "
                    "\"stuck\" and (.idle | not))'",
                    "for scripts"}},
      .attach = attach_diff,
  };
}

}  // namespace xgops::cli
