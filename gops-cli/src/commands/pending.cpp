// SPDX-License-Identifier: MIT
// `xgops pending`: the asynchronous operations that have not completed.
#include "xgops/protocol/messages/pending.hpp"

#include "client/handshake.hpp"
#include "commands/command.hpp"
#include "commands/target_options.hpp"
#include "commands/task_source.hpp"
#include "commands/tasks_builder.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

namespace xgops::cli {
namespace {

using protocol::TaskState;

/// Callbacks with the texts that they refer to. What the parts say is not trusted.
class CallbacksBuilder {
 public:
  explicit CallbacksBuilder(PendingReport& report) : report_(report) {}

  void add(protocol::Pending::Response part) {
    for (protocol::TaskText& text : part.texts) {
      ids_.add(text.id);
      report_.callbacks.texts.push_back(std::move(text.text));
    }
    for (const protocol::PendingOperation& operation : part.operations) {
      protocol::Task task;
      task.state = operation.reason == protocol::TaskWaitReason::kPost ? TaskState::kReady
                                                                       : TaskState::kWaiting;
      task.reason = operation.reason;
      task.argument_kind = operation.argument_kind;
      task.argument = operation.argument;
      task.state_age_ns = operation.age_ns;
      task.detail = operation.detail;
      report_.callbacks.tasks.push_back(task);
      report_.contexts.push_back(operation.context);
    }
    report_.unrecorded = part.unrecorded;
    report_.callbacks.truncated = part.truncated;
    report_.callbacks.cost = part.cost;
  }

  /// Errors: `Failure::kBadAnswer`.
  Result<void> finish() {
    bool valid = ids_.seal();
    for (protocol::Task& task : report_.callbacks.tasks) {
      valid = valid && (task.detail == 0 || ids_.translate(task.detail));
    }
    report_.callbacks.total = report_.callbacks.tasks.size();
    return valid ? Result<void>() : Result<void>(bad_answer("an operation refers to no text"));
  }

 private:
  PendingReport& report_;
  WireIds ids_;
};

/// Longest first, callbacks together with their contexts.
void sort_callbacks(PendingReport& report) {
  std::vector<std::size_t> order(report.contexts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto& tasks = report.callbacks.tasks;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return tasks[a].state_age_ns > tasks[b].state_age_ns;
  });
  std::vector<protocol::Task> sorted;
  std::vector<std::uint64_t> contexts;
  sorted.reserve(order.size());
  contexts.reserve(order.size());
  for (const std::size_t i : order) {
    sorted.push_back(tasks[i]);
    contexts.push_back(report.contexts[i]);
  }
  report.callbacks.tasks = std::move(sorted);
  report.contexts = std::move(contexts);
}

Result<PendingReport> ask(Target& target, const Deadline& deadline,
                          std::chrono::milliseconds timeout) {
  PendingReport report;
  report.process = identity_of(target);
  protocol::Pending::Request request;
  request.deadline_ms = static_cast<std::uint32_t>(timeout.count());
  CallbacksBuilder callbacks(report);
  auto asked = target.session.ask_parts<protocol::Pending>(
      request, deadline, [&](protocol::Pending::Response part) { callbacks.add(std::move(part)); });
  if (!asked) {
    return std::move(asked).error();
  }
  if (auto finished = callbacks.finish(); !finished) {
    return std::move(finished).error();
  }
  sort_callbacks(report);
  protocol::Tasks::Request about_tasks;
  about_tasks.deadline_ms = request.deadline_ms;
  auto table = task_table(target, deadline, about_tasks);
  if (!table) {
    return std::move(table).error();
  }
  report.tasks = *std::move(table);
  auto& tasks = report.tasks.tasks;
  std::erase_if(tasks, [](const protocol::Task& task) {
    return task.state == TaskState::kRunning || task.reason == protocol::TaskWaitReason::kNone;
  });
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const auto& a, const auto& b) { return a.state_age_ns > b.state_age_ns; });
  return report;
}

Action attach_pending(OptionSet& options) {
  auto target = std::make_shared<TargetOptions>();
  attach_target_options(options, *target);
  return [target](Context& context) -> Result<Report> {
    auto report = with_target(context, *target, [&](Target& connected, const Deadline& deadline) {
      return ask(connected, deadline, context.timeout);
    });
    if (!report) {
      return std::move(report).error();
    }
    const bool partial = report->callbacks.truncated || report->tasks.truncated ||
                         report->tasks.dropped > 0 || report->unrecorded > 0;
    const std::uint64_t unrecorded = report->unrecorded;
    Report result{*std::move(report), partial ? ExitStatus::kPartial : ExitStatus::kOk};
    if (unrecorded > 0) {
      result.notices.push_back(
          {std::to_string(unrecorded) +
           " operations with a callback were not recorded: there were too many "
           "at a time"});
    }
    return result;
  };
}

}  // namespace

Command pending_command() {
  return {
      .name = "pending",
      .summary = "Print what executors still wait for",
      .description =
          "Prints the asynchronous operations of a running process that have not completed: what "
          "each is, for how long it has been pending, and who waits for it, a task or a callback. "
          "It is what keeps `io_context::run` from returning; work guards are not seen.\n\n"
          "Needs a program that is linked with xgops::asio or xgops::boost_asio. Exit status 4 "
          "means "
          "that operations are missing.",
      .examples = {{"xgops pending -p 4711", "those that are pending longest first"},
                   {"xgops pending 4711 --json | jq '.pending[] | select(.task == null)'",
                    "operations with a callback"}},
      .attach = attach_pending,
  };
}

}  // namespace xgops::cli
