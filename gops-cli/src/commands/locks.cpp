// SPDX-License-Identifier: MIT
// `xgops locks`: what is waited for, who holds it and who waits.
#include "commands/command.hpp"
#include "commands/look_source.hpp"
#include "commands/target_options.hpp"
#include "findings/analysis.hpp"
#include "findings/wait_graph.hpp"
#include "xgops/waits/graph.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace xgops::cli {
namespace {

struct LocksOptions {
  TargetOptions target;
  bool all = false;
};

Party party_of(const Look& look, const Who& who) {
  if (who.is_thread) {
    const protocol::ThreadFacts& facts = look.threads()[who.index].facts;
    return {true, static_cast<std::uint64_t>(facts.tid), facts.name};
  }
  const protocol::Task& task = look.tasks()[who.index];
  return {false, task.id, look.stacks.tasks->text(task.name)};
}

LockRow row_of(const WaitGraph& graph, const waits::Verdict& verdict, waits::Node node) {
  const Resource& what = *graph.resource(node);
  const Look& look = graph.look();
  LockRow row;
  row.kind = resource_word(what.kind);
  // Of a thread or task that is waited for there is only an id.
  const bool has_address =
      what.kind != ResourceKind::kJoin && what.kind != ResourceKind::kEventLoop;
  row.address = has_address ? what.address : 0;
  row.detail = what.detail;
  row.unnamed_holders = what.unnamed_holders;
  for (const waits::Node holder : verdict.waits_for(node)) {
    if (const auto who = graph.actor(holder)) {
      row.holders.push_back(party_of(look, *who));
    }
  }
  for (const Resource::Gone& gone : what.gone) {
    row.holders.push_back({gone.is_thread, gone.id, {}, true});
  }
  std::vector<Who> waiters;
  for (const waits::Node waiter : verdict.waiters_of(node)) {
    if (const auto who = graph.actor(waiter)) {
      waiters.push_back(*who);
    }
  }
  std::stable_sort(waiters.begin(), waiters.end(),
                   [&](const Who& a, const Who& b) { return age_of(look, a) > age_of(look, b); });
  for (const Who& who : waiters) {
    row.waiters.push_back(party_of(look, who));
  }
  row.longest_ns = waiters.empty() ? -1 : age_of(look, waiters.front());
  return row;
}

Result<LocksReport> ask(Target& target, const Deadline& deadline, const LocksOptions& options,
                        std::chrono::milliseconds timeout) {
  LookOptions looking;
  looking.timeout = timeout;
  looking.interrupt = false;  // Threads that run wait for nothing.
  looking.symbols.symbolize = false;
  auto look = take_look(target, deadline, looking);
  if (!look) {
    return std::move(look).error();
  }
  const WaitGraph graph(*look);
  const waits::Verdict verdict(graph.graph());
  LocksReport report;
  report.process = look->stacks.process;
  report.incomplete = look->incomplete;
  report.threads = look->threads().size();
  report.tasks = look->tasks().size();
  report.cost = look->stacks.cost;
  for (waits::Node node = 0; node < graph.graph().size(); ++node) {
    const Resource* const what = graph.resource(node);
    if (what != nullptr && (is_lock(what->kind) || options.all)) {
      report.locks.push_back(row_of(graph, verdict, node));
    }
  }
  std::stable_sort(report.locks.begin(), report.locks.end(),
                   [](const LockRow& a, const LockRow& b) { return a.longest_ns > b.longest_ns; });
  return report;
}

Action attach_locks(OptionSet& options) {
  auto parsed = std::make_shared<LocksOptions>();
  attach_target_options(options, parsed->target);
  options.flag("-a,--all", parsed->all,
               "Also conditions, channels, joins and everything else that is waited for");
  return [parsed](Context& context) -> Result<Report> {
    auto report =
        with_target(context, parsed->target, [&](Target& target, const Deadline& deadline) {
          return ask(target, deadline, *parsed, context.timeout);
        });
    if (!report) {
      return std::move(report).error();
    }
    const bool incomplete = report->incomplete;
    return Report{*std::move(report), incomplete ? ExitStatus::kPartial : ExitStatus::kOk};
  };
}

}  // namespace

Command locks_command() {
  return {
      .name = "locks",
      .summary = "Print the locks that are waited for, who holds them and who waits",
      .description =
          "Prints every lock of a running process that somebody waits for: its address, who holds "
          "it, how many wait and for how long, and who they are. A lock for which nobody waits is "
          "not known to anybody but the program. No thread is interrupted.\n\n"
          "For the std and pthread mutexes of any program the owner is known; of an rwlock the "
          "writer is known and readers are counted. For locks of a program's own it is known if "
          "they announce it, see xgops/tasks.hpp.\n\n"
          "Waits with a timeout are not listed. Exit status 4 means that something could not be "
          "seen.",
      .examples = {{"xgops locks -p 4711", "the longest wait first"},
                   {"xgops locks 4711 --all", "everything that is waited for"},
                   {"xgops locks 4711 --json | jq '.locks[] | select(.waiters | length > 4)'",
                    "locks that many queue for"}},
      .attach = attach_locks,
  };
}

}  // namespace xgops::cli
