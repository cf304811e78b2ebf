// SPDX-License-Identifier: MIT
// `xgops stack`: the stack of every thread and of every task.
#include "client/handshake.hpp"
#include "commands/command.hpp"
#include "commands/running_stacks.hpp"
#include "commands/symbol_options.hpp"
#include "commands/target_options.hpp"
#include "commands/task_filter.hpp"
#include "commands/task_source.hpp"
#include "commands/thread_source.hpp"
#include "xgops/protocol/messages/stacks.hpp"
#include "xgops/protocol/messages/tasks.hpp"

#include <memory>
#include <string>
#include <utility>

namespace xgops::cli {
namespace {

struct StackOptions {
  TargetOptions target;
  Format format = Format::kText;
  std::uint32_t tid = 0;
  std::uint64_t task = 0;
  bool only_threads = false;
  bool only_tasks = false;
  std::uint32_t max_frames = 0;
  bool interrupt = true;
  bool group = true;
  SymbolOptions symbols;
};

/// Exit status 4, as the description of the command says it.
bool is_partial(const StackReport& report, bool limited_by_user) {
  if (report.truncated || report.dropped > 0) {
    return true;
  }
  if (report.tasks && (report.tasks->truncated || report.tasks->dropped > 0)) {
    return true;
  }
  for (const ReportThread& thread : report.threads) {
    // There is nothing to read of a main thread that has ended.
    if (thread.facts.wait.reason == protocol::WaitReason::kExited) {
      continue;
    }
    const bool cut = thread.stack && report.table.stacks[*thread.stack].truncated;
    if (thread.status == protocol::StackStatus::kUnavailable || (cut && !limited_by_user) ||
        (thread.status == protocol::StackStatus::kPartial && !cut)) {
      return true;
    }
  }
  return false;
}

/// What is asked for: the options say what to leave out.
struct Wishes {
  bool threads = true;
  bool tasks = true;
  bool insists_on_tasks = false;  ///< Nothing else was asked for.
};

Wishes wishes_of(const StackOptions& options) {
  const bool task_only = options.only_tasks || options.task != 0;
  const bool thread_only = options.only_threads || options.tid != 0;
  return {thread_only || !task_only, task_only || !thread_only, task_only && !thread_only};
}

protocol::Stacks::Request stacks_request(const StackOptions& options, std::uint32_t deadline_ms) {
  protocol::Stacks::Request request;
  request.tid = static_cast<std::int32_t>(options.tid);
  request.max_frames = options.max_frames;
  request.deadline_ms = deadline_ms;
  request.interrupt = options.interrupt;
  return request;
}

Result<TaskTable> ask_tasks(Target& target, const Deadline& deadline, const StackOptions& options,
                            std::uint32_t deadline_ms) {
  protocol::Tasks::Request request;
  request.group = options.group && options.task == 0;
  request.id = options.task;
  request.max_frames = options.max_frames;
  request.deadline_ms = deadline_ms;
  auto table = task_table(target, deadline, request, options.symbols);
  if (table) {
    longest_first(*table);
  }
  return table;
}

/// Adds to tasks that run what their threads execute for them.
Result<void> join_running(Target& target, const Deadline& deadline, const StackOptions& options,
                          std::uint32_t deadline_ms, StackReport& report) {
  if (report.with_threads) {
    add_running_stacks(*report.tasks, report);
    return {};
  }
  return ask_running_stacks(target, deadline, stacks_request(options, deadline_ms), options.symbols,
                            *report.tasks);
}

/// Threads first: they move faster than tasks, and an agent of before tasks answers at least them.
Result<StackReport> ask(Target& target, const Deadline& deadline, const StackOptions& options,
                        std::uint32_t deadline_ms) {
  const Wishes wishes = wishes_of(options);
  StackReport report;
  if (!wishes.threads) {
    if (auto greeted = target.session.greet(deadline); !greeted) {
      return std::move(greeted).error();
    }
    report.process = identity_of(target);
    report.with_threads = !has_capability(target.session.hello(), protocol::MessageType::kTasks);
  }
  if (report.with_threads) {
    auto threads =
        thread_stacks(target, deadline, stacks_request(options, deadline_ms), options.symbols);
    if (!threads) {
      return std::move(threads).error();
    }
    report = *std::move(threads);
  }
  if (wishes.tasks && has_capability(target.session.hello(), protocol::MessageType::kTasks)) {
    auto tasks = ask_tasks(target, deadline, options, deadline_ms);
    if (!tasks) {
      return std::move(tasks).error();
    }
    report.tasks = *std::move(tasks);
    if (auto added = join_running(target, deadline, options, deadline_ms, report); !added) {
      return std::move(added).error();
    }
  }
  return report;
}

Result<Report> run(Context& context, const StackOptions& options) {
  if (context.presentation.format == Format::kText) {
    context.presentation.format = options.format;
  }
  context.presentation.group = options.group;
  const auto deadline_ms = static_cast<std::uint32_t>(context.timeout.count());
  auto report = with_target(context, options.target, [&](Target& target, const Deadline& deadline) {
    return ask(target, deadline, options, deadline_ms);
  });
  if (!report) {
    return std::move(report).error();
  }
  Report result{*std::move(report)};
  const StackReport& stacks = std::get<StackReport>(result.body);
  const bool lacks_tasks = wishes_of(options).insists_on_tasks && !stacks.tasks;
  if (is_partial(stacks, options.max_frames != 0) || lacks_tasks) {
    result.status = ExitStatus::kPartial;
  }
  if (lacks_tasks) {
    result.notices.push_back({"agent " + stacks.process.agent + " has no tasks; these are threads",
                              "restart the program with a newer agent"});
  }
  add_symbol_notices(result, stacks.table.symbol_notes);
  return result;
}

Action attach_stack(OptionSet& options) {
  auto parsed = std::make_shared<StackOptions>();
  attach_target_options(options, parsed->target);
  options.choice("-f,--format", "FORMAT", parsed->format,
                 {{"text", Format::kText}, {"json", Format::kJson}, {"folded", Format::kFolded}},
                 "text (default), json, or folded for flame graphs");
  options.flag("--threads", parsed->only_threads, "Only threads");
  options.flag("--tasks", parsed->only_tasks, "Only tasks");
  options.number("--thread", "TID", parsed->tid, 1, 0x7fffffff, "Only this thread");
  options.id("--task", "ID", parsed->task, "Only this task");
  options.number("--max-frames", "N", parsed->max_frames, 1, protocol::kMaxFrames,
                 "At most N frames of each thread and task (default 256)");
  options.flag("--no-group", parsed->group,
               "Print every thread and task by itself, also with equal stacks", false);
  options.flag("--no-inlines", parsed->symbols.inlines, "Leave out inlined functions", false);
  options.flag("--no-symbols", parsed->symbols.symbolize, "Print modules and offsets only", false);
  options.flag("--no-interrupt", parsed->interrupt,
               "Send no thread a signal: running threads have no stack then", false);
  options.flag("--debuginfod", parsed->symbols.debuginfod,
               "Ask the servers in $DEBUGINFOD_URLS for missing debug files");
  return [parsed](Context& context) { return run(context, *parsed); };
}

}  // namespace

Command stack_command() {
  return {
      .name = "stack",
      .summary = "Print the stack of every thread and task",
      .description =
          "Prints the stack of every OS thread of a running process, what each thread waits for, "
          "who holds that, and for how long it has waited. Sleeping threads are read without being "
          "interrupted; only running threads get a signal.\n\n"
          "Threads with equal stacks, wait reasons and owners appear once, with all of their ids. "
          "Groups come in ascending order of their lowest thread id; the agent's own thread comes "
          "last. Thread ids are those that the process itself sees. The last line of the text says "
          "what the answer cost the process.\n\n"
          "Behind the threads come the tasks, that is coroutines and other asynchronous operations "
          "that the agent knows: what each waits for and its async call chain from the function "
          "that waits to the root, each with the line of its co_await, and where it was created. "
          "Tasks with equal chains and waits appear once, those that wait longest first. A thread "
          "that runs a task says so.\n\n"
          "Exit status 4 means that the report is printed but incomplete: a stack is partial or "
          "unavailable, a thread ended while it was read, a stack has more than the default limit "
          "of 256 frames, a task changed too fast to be read, or the deadline came first. A "
          "running thread that was read by signal is "
          "complete; so is a main thread that has ended and has no stack any more, and a stack cut "
          "by --max-frames.",
      .examples =
          {{"xgops stack -p 4711", "all threads, equal stacks together"},
           {"xgops stack -n redis-server --no-group -o stacks.txt", "into a file"},
           {"xgops stack 4711 --format folded | flamegraph.pl > flame.svg",
            "a flame graph of where threads are"},
           {"xgops stack 4711 --json | jq '.threads[] | select(.wait.reason == \"mutex_lock\")'",
            "threads that wait for a mutex"},
           {"xgops stack 4711 --tasks", "what the coroutines do"}},
      .attach = attach_stack,
  };
}

}  // namespace xgops::cli
