// SPDX-License-Identifier: MIT
// `xgops tasks`: a table of tasks, or everything about one.
#include "xgops/protocol/messages/tasks.hpp"

#include "commands/command.hpp"
#include "commands/symbol_options.hpp"
#include "commands/target_options.hpp"
#include "commands/task_filter.hpp"
#include "commands/task_source.hpp"

#include <limits>
#include <memory>
#include <utility>

namespace xgops::cli {
namespace {

using protocol::TaskState;

struct TasksOptions {
  TargetOptions target;
  TaskFilter filter;
  TaskSort sort = TaskSort::kAge;
  std::uint64_t id = 0;
  std::uint32_t limit = 1000;
};

Result<TasksReport> ask(Target& target, const Deadline& deadline, const TasksOptions& options,
                        std::chrono::milliseconds timeout) {
  protocol::Tasks::Request request;
  request.id = options.id;
  request.deadline_ms = static_cast<std::uint32_t>(timeout.count());
  auto table = task_table(target, deadline, request);
  if (!table) {
    return std::move(table).error();
  }
  if (options.id != 0) {
    protocol::Stacks::Request about_thread;
    about_thread.deadline_ms = request.deadline_ms;
    about_thread.interrupt = false;
    if (auto added = ask_running_stacks(target, deadline, about_thread, {}, *table); !added) {
      return std::move(added).error();
    }
  }
  TasksReport report;
  report.process = identity_of(target);
  report.table = *std::move(table);
  report.whole = options.id != 0;
  return report;
}

Result<Report> run(Context& context, const TasksOptions& options) {
  auto report = with_target(context, options.target, [&](Target& target, const Deadline& deadline) {
    return ask(target, deadline, options, context.timeout);
  });
  if (!report) {
    return std::move(report).error();
  }
  report->matched = keep_matching(report->table, options.filter);
  sort_tasks(report->table, options.sort, options.limit);
  const bool none = report->table.total == 0 && report->table.dropped == 0;
  const std::size_t hidden = report->matched - report->table.tasks.size();
  const bool partial = report->table.truncated || report->table.dropped > 0;
  Report result{*std::move(report), partial ? ExitStatus::kPartial : ExitStatus::kOk};
  if (none) {
    result.notices.push_back(
        {"there are no tasks, or the program does not tell of them",
         "a program with Asio coroutines tells when it is linked with xgops::asio"});
  }
  if (hidden > 0) {
    result.notices.push_back({std::to_string(hidden) + " more tasks are not shown",
                              "`--limit 0` shows all, `xgops stack --tasks` equal ones together"});
  }
  return result;
}

Action attach_tasks(OptionSet& options) {
  auto parsed = std::make_shared<TasksOptions>();
  attach_target_options(options, parsed->target);
  options.choice(
      "--sort", "ORDER", parsed->sort,
      {{"age", TaskSort::kAge}, {"resumed", TaskSort::kResumed}, {"site", TaskSort::kSite}},
      "age (default): longest in its state first; resumed: most often resumed first; "
      "site: by place of creation");
  options.choice<std::optional<TaskState>>("--state", "STATE", parsed->filter.state,
                                           {{"created", TaskState::kCreated},
                                            {"ready", TaskState::kReady},
                                            {"running", TaskState::kRunning},
                                            {"waiting", TaskState::kWaiting}},
                                           "Only tasks in this state: created, ready, running or "
                                           "waiting");
  options.text("--wait", "WORD", parsed->filter.wait,
               "Only tasks with this in what they wait for, such as timer or socket");
  options.text("--name", "PATTERN", parsed->filter.name,
               "Only tasks with a name that fits this shell pattern");
  options.text("--site", "TEXT", parsed->filter.site,
               "Only tasks with this in file:line or function of their creation or of a frame");
  options.duration("--older", parsed->filter.older, std::chrono::milliseconds(1),
                   "Only tasks that are in their state for at least TIME, such as 30s");
  options.id("--task", "ID", parsed->id, "Everything about this task");
  options.number("--limit", "N", parsed->limit, 0, std::numeric_limits<std::uint32_t>::max(),
                 "At most N tasks (default 1000); 0: all");
  return [parsed](Context& context) { return run(context, *parsed); };
}

}  // namespace

Command tasks_command() {
  return {
      .name = "tasks",
      .summary = "Print a table of tasks",
      .description =
          "Prints the tasks of a running process, that is coroutines and other asynchronous "
          "operations that the agent knows: id, state, what each waits for and for how long, how "
          "often it was resumed, the task that created it, where it was created, and the function "
          "of the program in which it is. No thread is interrupted.\n\n"
          "A task that is ready is queued on an executor; one that is running is on a thread, "
          "which "
          "may itself be blocked. All filters that are given have to fit.\n\n"
          "Exit status 4 means that a task changed too fast to be read, or that the deadline came "
          "first.",
      .examples =
          {{"xgops tasks -p 4711", "those that wait longest first"},
           {"xgops tasks 4711 --wait socket --older 30s",
            "tasks that have waited for a socket for half a minute"},
           {"xgops tasks 4711 --site session.cpp:57", "tasks created or waiting there"},
           {"xgops tasks 4711 --task 19", "everything about one task"},
           {"xgops tasks 4711 --json --limit 0 | jq '.tasks[] | .wait.reason' | sort | uniq -c",
            "how many wait for what"}},
      .attach = attach_tasks,
  };
}

}  // namespace xgops::cli
